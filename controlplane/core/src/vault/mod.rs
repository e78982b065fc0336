//! The identity vault: a store of its own, sealed, in which a borrower's reference leads to a person.
//!
//! Each act stands in the fleet's audit chain before anything is answered or written; its subject is a reference or a school, and never
//! a name. What lies outside the caller's schools is answered as if it were not there.

mod erase;
mod find;
mod guardians;
mod intake;
mod leavers;
mod loans;
mod name;
mod person;
mod reading;
mod retention;

pub use erase::{Erased, Force, person_erase};
pub use find::{FOUND_MAX, Found, persons_find};
pub use guardians::{GuardianLine, guardians_import};
pub use intake::{Fault, INTAKE_MAX, Incoming, Line, Outcome, persons_import};
pub use leavers::leavers_list;
pub use loans::LoanRegister;
pub use name::{folded, why_hidden};
pub use person::{GUARDIANS_MAX, Guardian, Person, Source};
pub use reading::{Purpose, READING_MAX, Read, persons_read};
pub use retention::{ActOf, Loans, NoLoans, Retention, Standing, retention_act, retention_due, retention_run};

use crate::audit::{Act, Person as Reader, acts_note};
use crate::error::{Error, Result};
use crate::scope::Reach;
use crate::store::SharedStore;
use crate::table::{Row, Table, Vaulted};
use model::borrower::{BorrowerRef, ReferenceKey};
use model::id::TerritoryId;
use model::time::Timestamp;
use model::uai::Uai;
use serde::{Deserialize, Serialize};

/// Identities by reference.
pub static PERSONS: Table<Person, Vaulted> = Table::new("person");
/// References that lead to another one: somebody known by two identifiers.
pub static ALIASES: Table<BorrowerRef, Vaulted> = Table::new("person_alias");
/// The references of a school, as `school/reference`.
pub static ENROLLED: Table<(), Vaulted> = Table::new("person_school");
/// What the vault keeps about itself, under [`SECRET_ID`].
pub static SECRETS: Table<Secret, Vaulted> = Table::new("vault_secret");
/// Where the one secret lies.
pub const SECRET_ID: &str = "secret";
/// Every table of the vault, for those who move all of it.
pub const TABLES: [&str; 4] = [PERSONS.name, ALIASES.name, ENROLLED.name, SECRETS.name];

/// The reference that a record lies under.
///
/// # Errors
/// `Unavailable` when it is none.
pub fn reference_of(row: &Row<Person>) -> Result<BorrowerRef> {
    row.id.parse().map_err(|e| Error::unavailable("an entry of the vault has no reference", e))
}

/// What is sealed first of all: who can open it has the right key, and only who opens it can make references.
///
/// The references' key is not derived from the vault's: when that one is changed, loans must go on leading to the same people.
#[derive(Clone, Serialize, Deserialize)]
pub struct Secret {
    /// The key of the references, 32 bytes in base64.
    pub references: String,
    /// When the vault was made.
    pub made: Timestamp,
    /// How often its key was changed.
    #[serde(default)]
    pub rekeyed: u32,
}

/// What every rule of the vault works on.
#[derive(Clone)]
pub struct Vault {
    /// Where acts are noted.
    pub fleet: SharedStore,
    /// Where identities lie.
    pub sealed: SharedStore,
    /// Whose.
    pub territory: TerritoryId,
    /// What makes references.
    pub key: ReferenceKey,
}

/// Shows an identity to somebody, after the act stands in the audit.
///
/// # Errors
/// `NotFound`, also outside the reach; `Invalid` without a reason.
pub async fn person_show(
    vault: &Vault,
    reach: &Reach,
    reference: BorrowerRef,
    by: &Reader,
    why: &str,
    now: Timestamp,
) -> Result<Row<Person>> {
    let row = person_reach(vault, reach, reference).await?;
    let why = why_hidden(why, &row.value.words())?;
    let act = Act::of(now, by, "vault_show", row.id.clone(), &why);
    acts_note(vault.fleet.as_ref(), &vault.territory, &[act]).await?;
    Ok(row)
}

/// How many identities there are within a reach.
///
/// # Errors
/// `Unavailable` when the vault fails.
pub async fn persons_count(vault: &Vault, reach: &Reach) -> Result<u64> {
    let mut count = 0;
    let mut after = String::new();
    loop {
        let page = persons_page(vault, &after).await?;
        let Some(last) = page.last() else { return Ok(count) };
        after.clone_from(&last.id);
        let within = page.iter().filter(|row| reach.covers(&row.value.filed())).count();
        count += u64::try_from(within).unwrap_or(0);
    }
}

/// The record of a reference, within a reach.
pub(crate) async fn person_reach(vault: &Vault, reach: &Reach, reference: BorrowerRef) -> Result<Row<Person>> {
    let row = person_get(vault, reference).await?.filter(|row| reach.covers(&row.value.filed()));
    row.ok_or_else(|| Error::NotFound(format!("borrower {reference}")))
}

/// The record of a reference, or of the one that it leads to. It is for rules: what is shown to people goes through [`person_show`].
pub(crate) async fn person_get(vault: &Vault, reference: BorrowerRef) -> Result<Option<Row<Person>>> {
    let (store, territory) = (vault.sealed.as_ref(), &vault.territory);
    if let Some(row) = PERSONS.get(store, territory, reference.to_string()).await? {
        return Ok(Some(row));
    }
    match ALIASES.get(store, territory, reference.to_string()).await? {
        Some(alias) => PERSONS.get(store, territory, alias.value.to_string()).await,
        None => Ok(None),
    }
}

/// A page of all identities, for rules.
pub(crate) async fn persons_page(vault: &Vault, after: &str) -> Result<Vec<Row<Person>>> {
    let scope = PERSONS.scope(&vault.territory, "");
    PERSONS.page(vault.sealed.as_ref(), &scope, after, 500).await
}

/// The identities of a school, for rules.
pub(crate) async fn persons_school(vault: &Vault, school: Uai) -> Result<Vec<Row<Person>>> {
    let (store, territory) = (vault.sealed.as_ref(), &vault.territory);
    let scope = ENROLLED.scope(territory, format!("{school}/"));
    let (mut found, mut after) = (Vec::new(), String::new());
    loop {
        let page = ENROLLED.page(store, &scope, &after, 500).await?;
        let Some(last) = page.last() else { return Ok(found) };
        after.clone_from(&last.id);
        for row in page {
            let reference = row.id.rsplit('/').next().unwrap_or_default();
            if let Some(person) = PERSONS.get(store, territory, reference).await? {
                found.push(person);
            }
        }
    }
}

pub(crate) fn enrolled_id(school: Uai, reference: &str) -> String {
    format!("{school}/{reference}")
}

#[cfg(test)]
mod tests;
