//! How long an identity is kept: some days after the last loan's end, or after the last file that had it.

use super::erase::row_erase;
use super::{Person, Vault, persons_page, reference_of};
use crate::audit::{Act, Author};
use crate::error::Result;
use crate::table::Row;
use async_trait::async_trait;
use jiff::civil::Date;
use model::borrower::BorrowerRef;
use model::id::TerritoryId;
use model::time::Timestamp;
use serde_json::Value;

/// What loans say of a borrower.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// The loans that are not over.
    pub open: Vec<String>,
    /// The loans that are.
    pub over: Vec<String>,
    /// When the last one that is over ended.
    pub last_end: Option<Timestamp>,
}

impl Standing {
    /// Whether something is still lent.
    #[must_use]
    pub fn is_open(&self) -> bool {
        !self.open.is_empty()
    }
}

/// The act that is done to the loan of this number.
pub type ActOf<'a> = &'a (dyn Fn(&str) -> Act + Send + Sync);

/// Who knows the loans.
#[async_trait]
pub trait Loans: Send + Sync {
    /// The loans of somebody, under this reference or one of the others.
    ///
    /// # Errors
    /// `Unavailable` when they cannot be read: then nothing is erased.
    async fn standing(&self, territory: &TerritoryId, own: BorrowerRef, others: &[BorrowerRef]) -> Result<Standing>;

    /// The borrower of a loan, by its id or the number of its agreement.
    ///
    /// # Errors
    /// `Unavailable` when it cannot be read.
    async fn borrower(&self, territory: &TerritoryId, loan: &str) -> Result<Option<BorrowerRef>>;

    /// All that is kept of somebody's loans, for who asks what is held about them.
    ///
    /// # Errors
    /// `Unavailable` when they cannot be read.
    async fn held(&self, territory: &TerritoryId, own: BorrowerRef, others: &[BorrowerRef]) -> Result<Vec<Value>>;

    /// Takes somebody's reference out of the loans that are over, an act each, told by the loan's number: a reference is made anew by the
    /// next file that names the same pupil, and would lead back to them.
    ///
    /// # Errors
    /// `Unavailable` or `Conflict` when one could not be changed; those before it are.
    async fn forget(
        &self,
        territory: &TerritoryId,
        own: BorrowerRef,
        others: &[BorrowerRef],
        act: ActOf<'_>,
    ) -> Result<()>;
}

/// Where nothing is ever lent.
#[derive(Clone, Copy, Debug)]
pub struct NoLoans;

#[async_trait]
impl Loans for NoLoans {
    async fn standing(&self, _: &TerritoryId, _: BorrowerRef, _: &[BorrowerRef]) -> Result<Standing> {
        Ok(Standing::default())
    }

    async fn borrower(&self, _: &TerritoryId, _: &str) -> Result<Option<BorrowerRef>> {
        Ok(None)
    }

    async fn held(&self, _: &TerritoryId, _: BorrowerRef, _: &[BorrowerRef]) -> Result<Vec<Value>> {
        Ok(Vec::new())
    }

    async fn forget(&self, _: &TerritoryId, _: BorrowerRef, _: &[BorrowerRef], _: ActOf<'_>) -> Result<()> {
        Ok(())
    }
}

/// How long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Days after the last loan's end.
    pub after_loan: u32,
    /// Days after the last file, for who has had no loan.
    pub without_loan: u32,
}

impl Retention {
    /// The last day on which an identity is kept; none while something is lent.
    #[must_use]
    pub fn until(
        &self,
        imported: Timestamp,
        standing: &Standing,
        day_of: &(dyn Fn(Timestamp) -> Date + Send + Sync),
    ) -> Option<Date> {
        if standing.is_open() {
            return None;
        }
        let (from, days) = match standing.last_end {
            Some(end) => (end, self.after_loan),
            None => (imported, self.without_loan),
        };
        Some(day_of(from).saturating_add(jiff::Span::new().days(i64::from(days))))
    }
}

/// The identities whose time is over today; `day_of` gives the local day of a moment.
///
/// # Errors
/// `Unavailable` when the vault or the loans cannot be read.
pub async fn retention_due(
    vault: &Vault,
    loans: &dyn Loans,
    retention: Retention,
    today: Date,
    day_of: &(dyn Fn(Timestamp) -> Date + Send + Sync),
) -> Result<Vec<Row<Person>>> {
    let (mut due, mut after) = (Vec::new(), String::new());
    loop {
        let page = persons_page(vault, &after).await?;
        let Some(last) = page.last() else { return Ok(due) };
        after.clone_from(&last.id);
        for row in page {
            let standing = loans.standing(&vault.territory, reference_of(&row)?, &row.value.aliases).await?;
            if retention.until(row.value.imported, &standing, day_of).is_some_and(|until| until < today) {
                due.push(row);
            }
        }
    }
}

/// Erases the identities whose time is over, one act each; answers how many.
///
/// # Errors
/// As [`retention_due`]; what was erased until then is erased.
#[allow(clippy::too_many_arguments, reason = "each is a plain value of one call")]
pub async fn retention_run(
    vault: &Vault,
    loans: &dyn Loans,
    retention: Retention,
    today: Date,
    day_of: &(dyn Fn(Timestamp) -> Date + Send + Sync),
    act: &(dyn Fn(&str) -> Act + Send + Sync),
) -> Result<u64> {
    let mut erased = 0;
    for row in retention_due(vault, loans, retention, today, day_of).await? {
        let forgotten = |number: &str| Act { verb: "loan_erase".to_owned(), ..act(number) };
        // First: cut between the two, the identity is still there to be erased the next day.
        loans.forget(&vault.territory, reference_of(&row)?, &row.value.aliases, &forgotten).await?;
        row_erase(vault, &row, &[act(&row.id)]).await?;
        erased += 1;
    }
    Ok(erased)
}

/// The act of the rule that erases by itself.
#[must_use]
pub fn retention_act(reference: &str, now: Timestamp) -> Act {
    Act::new(now, Author::Rule("vault_retention".to_owned()), "vault_erase", reference)
}
