//! Lists of loans, each from the index that narrows it most.

use super::{LOAN_ASSETS, LOAN_BORROWERS, LOAN_DUES, LOAN_SCHOOL_DUES, LOAN_SCHOOLS, LOANS, Loan};
use crate::error::Result;
use crate::scope::Reach;
use crate::store::{PAGE_MAX, Store};
use crate::table::{Intent, Table};
use jiff::civil::Date;
use model::borrower::BorrowerRef;
use model::id::TerritoryId;
use model::loan::{LoanId, LoanState};
use model::measure::{FundingLine, Measure};
use model::owner::OwnerId;
use model::uai::Uai;

/// The most loans looked at for one page, even if few of them fit.
const LOOKED_AT_MAX: usize = 20_000;
/// Loans read at a time where no index narrows them.
const LOANS_AT_A_TIME: usize = 500;

/// Which loans.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Those whose due day is over, before this day: today.
    pub overdue_on: Option<Date>,
    /// Those due before this day.
    pub due_before: Option<Date>,
    /// Those of this school.
    pub school: Option<Uai>,
    /// Those that stand here.
    pub state: Option<LoanState>,
    /// Those for this measure.
    pub measure: Option<Measure>,
    /// Those about this owner's equipment.
    pub owner: Option<OwnerId>,
    /// Those from this money.
    pub funding: Option<FundingLine>,
    /// Those of this borrower.
    pub borrower: Option<BorrowerRef>,
    /// Those that have, or had, this asset.
    pub asset: Option<String>,
}

/// A page of loans within a reach, and where the next one begins; empty when this was the last.
///
/// Loans that are due come in the order of their due days, all others in that of their ids, which is the order in which they began.
///
/// # Errors
/// `Unavailable` when the store fails.
pub async fn loan_page(
    store: &dyn Store,
    territory: &TerritoryId,
    reach: &Reach,
    filter: &Filter,
    after: &str,
    limit: usize,
) -> Result<(Vec<Loan>, String)> {
    let (table, prefix, until) = filter.index(reach);
    let mut found = Vec::new();
    let mut after = after.to_owned();
    let mut looked_at = 0;
    while looked_at < LOOKED_AT_MAX {
        let rest = limit.saturating_sub(found.len()).clamp(1, PAGE_MAX);
        // Each loan in an index is one more read, so little is read ahead.
        let (page, whole) = match table {
            Some(table) => {
                let page = table.page(store, &table.scope(territory, prefix.as_str()), &after, rest).await?;
                let whole = page.len() == rest;
                let mut loans = Vec::new();
                for row in page {
                    if until.as_ref().is_some_and(|until| row.id.as_str() >= until.as_str()) {
                        return Ok((fitting(found, loans, reach, filter), String::new()));
                    }
                    let loan = LOANS.get(store, territory, row.value.to_string()).await?;
                    loans.push((row.id, loan.map(|loan| loan.value)));
                }
                (loans, whole)
            }
            None => {
                let page = LOANS.page(store, &LOANS.scope(territory, ""), &after, LOANS_AT_A_TIME).await?;
                let whole = page.len() == LOANS_AT_A_TIME;
                (page.into_iter().map(|row| (row.id, Some(row.value))).collect(), whole)
            }
        };
        looked_at += page.len();
        for (id, loan) in page {
            after = id;
            found.extend(loan.filter(|loan| reach.covers(&loan.filed()) && filter.fits(loan)));
            if found.len() >= limit {
                return Ok((found, after));
            }
        }
        if !whole {
            return Ok((found, String::new()));
        }
    }
    Ok((found, after))
}

fn fitting(mut found: Vec<Loan>, more: Vec<(String, Option<Loan>)>, reach: &Reach, filter: &Filter) -> Vec<Loan> {
    let more = more.into_iter().filter_map(|(_, loan)| loan);
    found.extend(more.filter(|loan| reach.covers(&loan.filed()) && filter.fits(loan)));
    found
}

impl Filter {
    /// Whether a loan is among those asked for.
    #[must_use]
    pub fn fits(&self, loan: &Loan) -> bool {
        let due = |before: Date| loan.state == LoanState::Active && loan.due_on.is_some_and(|due_on| due_on < before);
        let had =
            |asset: &str| loan.lines.iter().any(|line| line.asset == asset) || loan.prepared.as_deref() == Some(asset);
        self.overdue_on.is_none_or(due)
            && self.due_before.is_none_or(due)
            && self.school.is_none_or(|school| loan.school == school)
            && self.state.is_none_or(|state| loan.state == state)
            && self.measure.is_none_or(|measure| loan.measure == Some(measure))
            && self.owner.as_ref().is_none_or(|owner| loan.owner.as_ref() == Some(owner))
            && self.funding.as_ref().is_none_or(|funding| loan.funding.as_ref() == Some(funding))
            && self.borrower.is_none_or(|borrower| loan.borrower == Some(borrower))
            && self.asset.as_deref().is_none_or(had)
    }

    /// The index to read, the beginning of its keys, and the key before which to stop.
    fn index(&self, reach: &Reach) -> (Option<&'static Table<LoanId, Intent>>, String, Option<String>) {
        let due = self.overdue_on.into_iter().chain(self.due_before).min();
        // Whoever sees one school's need not look through everybody's.
        let school = self.school.or_else(|| reach.school());
        if let Some(borrower) = &self.borrower {
            (Some(&LOAN_BORROWERS), format!("{borrower}/"), None)
        } else if let Some(asset) = &self.asset {
            (Some(&LOAN_ASSETS), format!("{asset}/"), None)
        } else if let (Some(due), Some(school)) = (due, school) {
            (Some(&LOAN_SCHOOL_DUES), format!("{school}/"), Some(format!("{school}/{due}")))
        } else if let Some(due) = due {
            (Some(&LOAN_DUES), String::new(), Some(due.to_string()))
        } else if let Some(school) = school {
            (Some(&LOAN_SCHOOLS), format!("{school}/"), None)
        } else {
            (None, String::new(), None)
        }
    }
}
