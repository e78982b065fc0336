//! The territory's rules of lending, as intent.

use crate::audit::{Act, Person};
use crate::error::{Error, Result};
use crate::rules::EVERYWHERE;
use crate::store::{Expect, SharedStore, Store};
use crate::table::{Intent, Table, Writes};
use model::id::TerritoryId;
use model::loan::LoanPolicy;
use model::time::Timestamp;

/// The territory's policy, under the id [`EVERYWHERE`].
pub static LOAN_POLICIES: Table<LoanPolicy, Intent> = Table::new("loan_policy");

/// The policy in force; the usual one where none was set.
///
/// # Errors
/// `Unavailable` when the store fails.
pub async fn policy_get(store: &dyn Store, territory: &TerritoryId) -> Result<LoanPolicy> {
    let row = LOAN_POLICIES.get(store, territory, EVERYWHERE).await?;
    Ok(row.map(|row| row.value).unwrap_or_default())
}

/// Sets the policy. It holds for what is handed over or extended from now on: no loan is rewritten.
///
/// # Errors
/// `Invalid` for one that cannot be, `Unavailable` when the store fails.
pub async fn policy_set(
    store: &SharedStore,
    territory: &TerritoryId,
    policy: &LoanPolicy,
    by: &Person,
    why: &str,
    now: Timestamp,
) -> Result<()> {
    policy.check().map_err(|error| Error::Invalid(error.to_string()))?;
    let act = Act::of(now, by, "loan_policy_set", "loans", why);
    Writes::by(territory, &act)?.put(&LOAN_POLICIES, EVERYWHERE, policy, Expect::Any)?.commit(store).await?;
    Ok(())
}
