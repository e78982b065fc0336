//! Erasing an identity: the loan stays, its borrower has no name any more.

use super::name::why_hidden;
use super::retention::Loans;
use super::{ALIASES, ENROLLED, PERSONS, Person, Vault, enrolled_id, person_reach, reference_of};
use crate::audit::{Act, Person as Reader, acts_note};
use crate::error::{Error, Result};
use crate::scope::Reach;
use crate::store::Expect;
use crate::table::{Row, Writes};
use model::borrower::BorrowerRef;
use model::time::Timestamp;

/// What was erased.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Erased {
    /// Whose identity.
    pub reference: String,
    /// The loans that now have no name.
    pub loans: Vec<String>,
}

/// Why an identity goes although something is still lent.
#[derive(Clone, Copy, Debug)]
pub struct Force<'a>(pub &'a str);

/// Erases an identity within a reach.
///
/// # Errors
/// `NotFound`, also outside the reach; `Invalid` without a reason; `Denied` while something is lent, unless a second reason is given.
#[allow(clippy::too_many_arguments, reason = "each is a plain value of one call")]
pub async fn person_erase(
    vault: &Vault,
    loans: &dyn Loans,
    reach: &Reach,
    reference: BorrowerRef,
    force: Option<Force<'_>>,
    by: &Reader,
    why: &str,
    now: Timestamp,
) -> Result<Erased> {
    let row = person_reach(vault, reach, reference).await?;
    let names = row.value.words();
    let why = why_hidden(why, &names)?;
    let own = reference_of(&row)?;
    let standing = loans.standing(&vault.territory, own, &row.value.aliases).await?;
    let mut acts = vec![Act::of(now, by, "vault_erase", row.id.clone(), &why)];
    if standing.is_open() {
        let Some(Force(second)) = force else {
            return Err(Error::Denied(
                "something is still lent to this borrower: erase after its return, or give a second reason with --force"
                    .to_owned(),
            ));
        };
        acts.push(Act::of(now, by, "vault_erase_forced", row.id.clone(), &why_hidden(second, &names)?));
    }
    // First: cut between the two, the identity is still there to be erased.
    let forgotten = |number: &str| Act::of(now, by, "loan_erase", number, &why);
    loans.forget(&vault.territory, own, &row.value.aliases, &forgotten).await?;
    row_erase(vault, &row, &acts).await?;
    Ok(Erased { reference: row.id, loans: standing.open.into_iter().chain(standing.over).collect() })
}

/// Removes a record and all that leads to it, after these acts stand in the audit.
pub(super) async fn row_erase(vault: &Vault, row: &Row<Person>, acts: &[Act]) -> Result<()> {
    let noted = acts_note(vault.fleet.as_ref(), &vault.territory, acts).await?;
    let mut writes = Writes::vaulted(&vault.territory, &noted)
        .remove(&PERSONS, row.id.clone(), Expect::At(row.revision))
        .remove(&ENROLLED, enrolled_id(row.value.school, &row.id), Expect::Any);
    for alias in &row.value.aliases {
        writes = writes.remove(&ALIASES, alias.to_string(), Expect::Any);
    }
    writes.commit(&vault.sealed).await.map(|_| ())
}
