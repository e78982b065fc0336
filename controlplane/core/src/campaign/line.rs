//! How each loan of a campaign fared: by the loan's own state where that tells it, else by what was noted.

use super::{CAMPAIGN_OUTCOMES, Campaign, CampaignKind, Ended, Noted};
use crate::error::{Error, Result};
use crate::loan::{LOAN_SCHOOLS, LOANS, LineEnd, Loan, LocalDays};
use crate::scope::Reach;
use crate::store::{PAGE_MAX, Store};
use model::id::TerritoryId;
use model::loan::LoanState;
use model::time::Timestamp;
use model::uai::Uai;
use std::collections::BTreeMap;

/// The most loans of one campaign.
const LINES_MAX: usize = 50_000;

/// A loan of a campaign.
#[derive(Clone, Debug)]
pub struct Line {
    /// The loan.
    pub loan: Loan,
    /// How it fared.
    pub outcome: Outcome,
    /// When: of what happened, not of what is expected.
    pub at: Option<Timestamp>,
    /// What was noted of it.
    pub noted: Option<Noted>,
}

/// How a loan of a campaign fared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// Nothing has happened yet.
    Expected,
    /// It was handed over on one of the campaign's days.
    Handed,
    /// It came back on one of them.
    Returned,
    /// Nobody came.
    NoShow,
    /// They did not want it.
    Refused,
    /// Something else was in the way.
    Problem,
}

/// The loans of a campaign within a reach, by school and number.
///
/// # Errors
/// `Invalid` when there are too many, `Unavailable` when the store fails.
pub async fn campaign_lines(
    store: &dyn Store,
    territory: &TerritoryId,
    reach: &Reach,
    days: &dyn LocalDays,
    campaign: &Campaign,
) -> Result<Vec<Line>> {
    let mut noted = outcomes(store, territory, campaign).await?;
    let mut lines = Vec::new();
    let mut take = |loan: Loan| {
        let noted = noted.remove(&loan.id.to_string());
        if reach.covers(&loan.filed()) {
            lines.extend(line(campaign, days, loan, noted));
        }
        many_check(lines.len())
    };
    if campaign.schools.is_empty() {
        let mut after = String::new();
        loop {
            let page = LOANS.page(store, &LOANS.scope(territory, ""), &after, PAGE_MAX).await?;
            let Some(last) = page.last() else { break };
            after.clone_from(&last.id);
            page.into_iter().try_for_each(|row| take(row.value))?;
        }
    }
    for school in &campaign.schools {
        school_loans(store, territory, *school).await?.into_iter().try_for_each(&mut take)?;
    }
    lines.sort_by_key(Line::place);
    Ok(lines)
}

/// A page of a campaign's loans that fit, by school and number, and the place after which the next one begins; empty when this was the last.
///
/// It reads school by school, from the one of `after` on and no further than the page, so that a page costs the schools that it is of and
/// not the whole campaign; where few fit, those that are passed over as well.
///
/// # Errors
/// `Invalid` when a school has too many, `Unavailable` when the store fails.
#[allow(clippy::too_many_arguments, reason = "each is a plain value of one call")]
pub async fn campaign_page(
    store: &dyn Store,
    territory: &TerritoryId,
    reach: &Reach,
    days: &dyn LocalDays,
    campaign: &Campaign,
    after: &str,
    limit: usize,
    fits: &(dyn Fn(&Line) -> bool + Sync),
) -> Result<(Vec<Line>, String)> {
    let mut page: Vec<Line> = Vec::new();
    let from = after.split('/').next().unwrap_or_default().to_owned();
    let mut next = school_next(store, territory, campaign, &from, true).await?;
    while let Some(school) = next {
        let mut loans = school_loans(store, territory, school).await?;
        loans.retain(|loan| place(loan).as_str() > after && reach.covers(&loan.filed()));
        loans.sort_by_key(place);
        for loan in loans {
            let noted = CAMPAIGN_OUTCOMES.get(store, territory, campaign.key(loan.id)).await?;
            page.extend(line(campaign, days, loan, noted.map(|row| row.value)).filter(|line| fits(line)));
        }
        if page.len() > limit {
            page.truncate(limit);
            let next = page.last().map(Line::place).unwrap_or_default();
            return Ok((page, next));
        }
        next = school_next(store, territory, campaign, &school.to_string(), false).await?;
    }
    Ok((page, String::new()))
}

/// The first school of a campaign at or after a UAI, or after it; where it names none, the first that has a loan.
async fn school_next(
    store: &dyn Store,
    territory: &TerritoryId,
    campaign: &Campaign,
    from: &str,
    with: bool,
) -> Result<Option<Uai>> {
    if !campaign.schools.is_empty() {
        let reached = |uai: &str| if with { uai >= from } else { uai > from };
        return Ok(campaign.schools.iter().find(|school| reached(&school.to_string())).copied());
    }
    // Its loans stand under `<UAI>/`, and `0` follows the slash.
    let after = if with { from.to_owned() } else { format!("{from}0") };
    let page = LOAN_SCHOOLS.page(store, &LOAN_SCHOOLS.scope(territory, ""), &after, 1).await?;
    Ok(page.first().and_then(|row| row.id.split('/').next()?.parse().ok()))
}

/// The loans of one school.
async fn school_loans(store: &dyn Store, territory: &TerritoryId, school: Uai) -> Result<Vec<Loan>> {
    let scope = LOAN_SCHOOLS.scope(territory, format!("{school}/"));
    let (mut loans, mut after) = (Vec::new(), String::new());
    loop {
        let page = LOAN_SCHOOLS.page(store, &scope, &after, PAGE_MAX).await?;
        let Some(last) = page.last() else { return Ok(loans) };
        after.clone_from(&last.id);
        for row in page {
            loans.extend(LOANS.get(store, territory, row.value.to_string()).await?.map(|row| row.value));
        }
        many_check(loans.len())?;
    }
}

/// How a loan stands in a campaign; nothing when it has no part in it.
pub(super) fn line(campaign: &Campaign, days: &dyn LocalDays, loan: Loan, noted: Option<Noted>) -> Option<Line> {
    let within = |at: &Timestamp| campaign.is_on(days.day_of(*at));
    let (changed, done) = match campaign.kind {
        CampaignKind::Handout => (loan.lines.first().map(|line| line.from).filter(within), Outcome::Handed),
        CampaignKind::Return => {
            let back = loan.lines.last().filter(|line| line.end == Some(LineEnd::Returned));
            (back.and_then(|line| line.until).filter(within), Outcome::Returned)
        }
    };
    let expected = match campaign.kind {
        CampaignKind::Handout => {
            matches!(loan.state, LoanState::Approved | LoanState::AgreementPending | LoanState::Ready)
        }
        CampaignKind::Return => {
            let due = |by| loan.due_on.is_some_and(|due_on| due_on <= by);
            loan.state == LoanState::Active && campaign.due_by.is_none_or(due)
        }
    };
    let (outcome, at) = match (changed, &noted) {
        // Who was noted as a no-show may have come after all.
        (Some(at), _) => (done, Some(at)),
        (None, Some(noted)) => (noted.ended.outcome(), Some(noted.at)),
        (None, None) if expected && campaign.closed.is_none() => (Outcome::Expected, None),
        (None, None) => return None,
    };
    Some(Line { loan, outcome, at, noted })
}

async fn outcomes(store: &dyn Store, territory: &TerritoryId, campaign: &Campaign) -> Result<BTreeMap<String, Noted>> {
    let prefix = format!("{}/", campaign.id);
    let scope = CAMPAIGN_OUTCOMES.scope(territory, prefix.clone());
    let (mut found, mut after) = (BTreeMap::new(), String::new());
    loop {
        let page = CAMPAIGN_OUTCOMES.page(store, &scope, &after, PAGE_MAX).await?;
        let Some(last) = page.last() else { return Ok(found) };
        after.clone_from(&last.id);
        found.extend(page.into_iter().map(|row| (row.id[prefix.len()..].to_owned(), row.value)));
        many_check(found.len())?;
    }
}

fn many_check(count: usize) -> Result<()> {
    if count <= LINES_MAX { Ok(()) } else { Err(Error::Invalid(format!("a campaign has at most {LINES_MAX} loans"))) }
}

impl Line {
    /// Where it stands in the order of a campaign's lines.
    #[must_use]
    pub fn place(&self) -> String {
        place(&self.loan)
    }
}

fn place(loan: &Loan) -> String {
    format!("{}/{}", loan.school, loan.number)
}

impl Ended {
    /// As an outcome.
    #[must_use]
    pub const fn outcome(self) -> Outcome {
        match self {
            Self::NoShow => Outcome::NoShow,
            Self::Refused => Outcome::Refused,
            Self::Problem => Outcome::Problem,
        }
    }
}

impl Outcome {
    /// Every outcome.
    pub const ALL: [Self; 6] =
        [Self::Expected, Self::Handed, Self::Returned, Self::NoShow, Self::Refused, Self::Problem];

    /// The name in tables and messages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Expected => "expected",
            Self::Handed => "handed",
            Self::Returned => "returned",
            Self::NoShow => "no_show",
            Self::Refused => "refused",
            Self::Problem => "problem",
        }
    }
}
