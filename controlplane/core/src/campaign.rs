//! Campaigns: the days on which equipment goes out to families or comes back, and how each expected loan fared.

mod line;
mod note;

pub use line::{Line, Outcome, campaign_lines, campaign_page};
pub use note::{Ended, Note, Noted, campaign_note};

use crate::audit::{Act, Person};
use crate::error::{Error, Result};
use crate::loan::LocalDays;
use crate::scope::{Filed, Reach};
use crate::store::{Expect, ID_BYTES_MAX, SharedStore, Store};
use crate::table::{Intent, Row, Table, Writes};
use jiff::civil::Date;
use model::id::TerritoryId;
use model::time::Timestamp;
use model::uai::Uai;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Campaigns by id.
pub static CAMPAIGNS: Table<Campaign, Intent> = Table::new("campaign");
/// What was noted of a loan that did not change hands: `<campaign>/<loan id>`.
pub static CAMPAIGN_OUTCOMES: Table<Noted, Intent> = Table::new("campaign_outcome");

/// The most establishments of a campaign.
pub const SCHOOLS_MAX: usize = 200;
/// The longest name, in characters.
pub const NAME_CHARS_MAX: usize = 80;
/// The most days of a campaign.
const DAYS_MAX: i64 = 366;
/// The most campaigns looked at for one page.
const LOOKED_AT_MAX: usize = 20_000;
/// Loans that nobody came for are noted so many at a time when a campaign is closed.
const CLOSING_BATCH: usize = 500;

/// A campaign.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Campaign {
    /// Its name as it is typed: small letters, digits and hyphens.
    pub id: String,
    /// Its name as it is read.
    pub name: String,
    /// Which way equipment goes.
    pub kind: CampaignKind,
    /// The establishments; none for all.
    pub schools: BTreeSet<Uai>,
    /// Its first day.
    pub first_on: Date,
    /// Its last day.
    pub last_on: Date,
    /// Of a return: only loans due by this day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_by: Option<Date>,
    /// When it was made.
    pub created: Timestamp,
    /// By whom.
    pub by: String,
    /// When it was closed: who had not come by then did not come.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed: Option<Timestamp>,
}

/// Which way equipment goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CampaignKind {
    /// To families.
    Handout,
    /// Back from them.
    Return,
}

/// A campaign that is asked for.
#[derive(Clone, Debug)]
pub struct Wish {
    /// Its name; its id is made of it.
    pub name: String,
    /// Which way equipment goes.
    pub kind: CampaignKind,
    /// The establishments; none for all.
    pub schools: BTreeSet<Uai>,
    /// Its first day.
    pub first_on: Date,
    /// Its last day.
    pub last_on: Date,
    /// Of a return: only loans due by this day.
    pub due_by: Option<Date>,
}

/// Makes a campaign.
///
/// # Errors
/// `Invalid` for a wish out of its limits, `Denied` for establishments outside the reach, `Exists` for a name that is taken.
pub async fn campaign_create(
    store: &SharedStore,
    territory: &TerritoryId,
    reach: &Reach,
    wish: Wish,
    by: &Person,
    now: Timestamp,
) -> Result<Campaign> {
    let name = wish.name.trim().to_owned();
    let id = slug(&name);
    if id.is_empty() || name.chars().count() > NAME_CHARS_MAX || name.chars().any(char::is_control) {
        return Err(Error::Invalid(format!(
            "a campaign's name is 1 to {NAME_CHARS_MAX} characters, letters among them"
        )));
    }
    let days = wish.first_on.until(wish.last_on).map_or(-1, |span| i64::from(span.get_days()));
    if !(0..DAYS_MAX).contains(&days) {
        return Err(Error::Invalid(format!(
            "a campaign ends on or after its first day, and lasts at most {DAYS_MAX} days"
        )));
    }
    if wish.schools.len() > SCHOOLS_MAX {
        return Err(Error::Invalid(format!("a campaign names at most {SCHOOLS_MAX} establishments; none means all")));
    }
    if wish.due_by.is_some() && wish.kind == CampaignKind::Handout {
        return Err(Error::Invalid("only loans that are to come back are chosen by their due day".to_owned()));
    }
    let Wish { kind, schools, first_on, last_on, due_by, .. } = wish;
    let created = now;
    let campaign =
        Campaign { id, name, kind, schools, first_on, last_on, due_by, created, by: by.name.clone(), closed: None };
    if !campaign.is_whole_within(reach) {
        let text = "a campaign is made only within your scope: name establishments of it";
        return Err(Error::Denied(text.to_owned()));
    }
    let act = Act::of(now, by, "campaign_create", campaign.id.clone(), "");
    let made = Writes::by(territory, &act)?.put(&CAMPAIGNS, campaign.id.as_str(), &campaign, Expect::Absent)?;
    match made.commit(store).await {
        Err(Error::Conflict(_)) => Err(Error::Exists(format!("campaign {} is there already", campaign.id))),
        Err(error) => Err(error),
        Ok(_) => Ok(campaign),
    }
}

/// The campaign of this id, within a reach.
///
/// # Errors
/// `NotFound` when there is none, or none of its establishments lies within.
pub async fn campaign_get(
    store: &dyn Store,
    territory: &TerritoryId,
    reach: &Reach,
    id: &str,
) -> Result<Row<Campaign>> {
    let none = || Error::NotFound(format!("campaign {:?}", id.chars().take(64).collect::<String>()));
    let id = id.trim();
    if id.is_empty() || id.len() > ID_BYTES_MAX || id.contains('\0') {
        return Err(none());
    }
    CAMPAIGNS.get(store, territory, id).await?.filter(|row| row.value.is_partly_within(reach)).ok_or_else(none)
}

/// Campaigns within a reach in the order of their ids, and where the next page begins; those that are closed only when asked for.
///
/// # Errors
/// `Unavailable` when the store fails.
pub async fn campaign_list(
    store: &dyn Store,
    territory: &TerritoryId,
    reach: &Reach,
    all: bool,
    after: &str,
    limit: usize,
) -> Result<(Vec<Campaign>, String)> {
    let scope = CAMPAIGNS.scope(territory, "");
    let (mut found, mut after, mut looked_at) = (Vec::new(), after.to_owned(), 0);
    while looked_at < LOOKED_AT_MAX {
        let page = CAMPAIGNS.page(store, &scope, &after, 500).await?;
        if page.is_empty() {
            return Ok((found, String::new()));
        }
        looked_at += page.len();
        for row in page {
            after = row.id;
            let fits = |one: &Campaign| one.is_partly_within(reach) && (all || one.closed.is_none());
            found.extend(Some(row.value).filter(fits));
            if found.len() >= limit {
                return Ok((found, after));
            }
        }
    }
    Ok((found, after))
}

/// Closes a campaign: every loan that was expected and did not change hands is noted as a no-show.
///
/// # Errors
/// `NotFound`; `Denied` when part of it lies outside the reach; `Conflict` when it changes at the same time.
pub async fn campaign_close(
    store: &SharedStore,
    territory: &TerritoryId,
    reach: &Reach,
    days: &dyn LocalDays,
    id: &str,
    by: &Person,
    now: Timestamp,
) -> Result<Campaign> {
    let row = campaign_get(store.as_ref(), territory, reach, id).await?;
    if row.value.closed.is_some() {
        return Ok(row.value);
    }
    if !row.value.is_whole_within(reach) {
        return Err(Error::Denied("a campaign is closed only by who may see all of it".to_owned()));
    }
    let lines = campaign_lines(store.as_ref(), territory, reach, days, &row.value).await?;
    let missing: Vec<&Line> = lines.iter().filter(|line| line.outcome == Outcome::Expected).collect();
    for batch in missing.chunks(CLOSING_BATCH) {
        let act = Act::of(now, by, "campaign_no_show", row.value.id.clone(), &format!("{} loans", batch.len()));
        let mut writes = Writes::by(territory, &act)?;
        for line in batch {
            let noted = Noted { ended: Ended::NoShow, why: String::new(), at: now, by: by.name.clone(), act: None };
            writes = writes.put(&CAMPAIGN_OUTCOMES, row.value.key(line.loan.id), &noted, Expect::Absent)?;
        }
        writes.commit(store).await?;
    }
    let campaign = Campaign { closed: Some(now), ..row.value };
    let act = Act::of(now, by, "campaign_close", campaign.id.clone(), "");
    let writes = Writes::by(territory, &act)?;
    writes.put(&CAMPAIGNS, campaign.id.as_str(), &campaign, Expect::At(row.revision))?.commit(store).await?;
    Ok(campaign)
}

impl Campaign {
    /// Whether a day is one of its days.
    #[must_use]
    pub fn is_on(&self, day: Date) -> bool {
        (self.first_on..=self.last_on).contains(&day)
    }

    fn is_partly_within(&self, reach: &Reach) -> bool {
        reach.is_territory()
            || self.schools.is_empty()
            || self.schools.iter().any(|school| reach.covers(&filed(*school)))
    }

    fn is_whole_within(&self, reach: &Reach) -> bool {
        let each = || self.schools.iter().all(|school| reach.covers(&filed(*school)));
        reach.is_territory() || (!self.schools.is_empty() && each())
    }

    fn key(&self, loan: model::loan::LoanId) -> String {
        format!("{}/{loan}", self.id)
    }
}

impl CampaignKind {
    /// The name in tables and messages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Handout => "handout",
            Self::Return => "return",
        }
    }
}

fn filed(school: Uai) -> Filed {
    Filed { owner: None, school: Some(school) }
}

/// A name as it is typed.
fn slug(name: &str) -> String {
    let letter = |c: char| match c {
        'à' | 'â' | 'ä' => 'a',
        'ç' => 'c',
        'é' | 'è' | 'ê' | 'ë' => 'e',
        'î' | 'ï' => 'i',
        'ô' | 'ö' => 'o',
        'ù' | 'û' | 'ü' => 'u',
        c if c.is_ascii_alphanumeric() => c,
        _ => '-',
    };
    let text: String = name.to_lowercase().chars().map(letter).collect();
    let parts: Vec<&str> = text.split('-').filter(|part| !part.is_empty()).collect();
    parts.join("-").chars().take(64).collect()
}

#[cfg(test)]
mod tests;
