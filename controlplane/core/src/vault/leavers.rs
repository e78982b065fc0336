//! Who is known at a school and not in a file: a list for a person to look at, from which nothing follows by itself.

use super::intake::school_check;
use super::name::why_hidden;
use super::person::Person;
use super::{Vault, persons_school};
use crate::audit::{Act, Person as Reader, acts_note};
use crate::error::{Error, Result};
use crate::scope::Reach;
use crate::store::BATCH_WRITES_MAX;
use crate::table::Row;
use model::borrower::BorrowerRef;
use model::loan::BorrowerKind;
use model::time::Timestamp;
use model::uai::Uai;
use std::collections::BTreeSet;

/// The pupils of a school but for these, with the act in the audit for each.
///
/// # Errors
/// `Denied` for a school outside the reach; `Invalid` without a reason, or when so many are missing that the file cannot be the school's.
pub async fn leavers_list(
    vault: &Vault,
    reach: &Reach,
    school: Uai,
    present: &BTreeSet<BorrowerRef>,
    by: &Reader,
    why: &str,
    now: Timestamp,
) -> Result<Vec<Row<Person>>> {
    school_check(reach, school)?;
    let there = |row: &Row<Person>| {
        let own = row.id.parse().is_ok_and(|reference| present.contains(&reference));
        own || row.value.aliases.iter().any(|alias| present.contains(alias))
    };
    let mut missing = persons_school(vault, school).await?;
    missing.retain(|row| row.value.kind == BorrowerKind::Pupil && !there(row));
    missing.sort_by_cached_key(|row| (super::folded(&row.value.surname), row.id.clone()));
    if missing.len() >= BATCH_WRITES_MAX {
        return Err(Error::Invalid("nearly everybody is missing from this file: it is not this school's".to_owned()));
    }
    let names: Vec<String> = missing.iter().flat_map(|row| row.value.words()).collect();
    let why = why_hidden(why, &names)?;
    let mut acts = vec![Act::of(now, by, "vault_leavers", school.to_string(), &why)];
    acts.extend(missing.iter().map(|row| Act::of(now, by, "vault_leavers", row.id.clone(), &why)));
    acts_note(vault.fleet.as_ref(), &vault.territory, &acts).await?;
    Ok(missing)
}
