//! The names that a desk takes along to a campaign: read together, as one act.

use super::{Person, Vault, person_get};
use crate::audit::{Act, Person as Reader, acts_note};
use crate::error::{Error, Result};
use crate::scope::Reach;
use model::borrower::BorrowerRef;
use model::time::Timestamp;
use std::collections::BTreeMap;

/// The most people of one reading.
pub const DAY_MAX: usize = 1_000;

/// The people behind these references, within a reach, for the desks of a campaign; who is not known is left out.
///
/// The act stands in the audit before anything is read: its subject is the campaign, since every loan of it is meant.
///
/// # Errors
/// `Invalid` for too many at a time, `Unavailable` when a store fails.
pub async fn persons_day(
    vault: &Vault,
    reach: &Reach,
    campaign: &str,
    references: &[BorrowerRef],
    by: &Reader,
    now: Timestamp,
) -> Result<BTreeMap<String, Person>> {
    if references.len() > DAY_MAX {
        return Err(Error::Invalid(format!("the names of at most {DAY_MAX} people are read at a time")));
    }
    let mut found = BTreeMap::new();
    if references.is_empty() {
        return Ok(found);
    }
    let why = format!("{} borrowers of a campaign, for its desks", references.len());
    acts_note(vault.fleet.as_ref(), &vault.territory, &[Act::of(now, by, "vault_desk", campaign, &why)]).await?;
    for reference in references {
        let row = person_get(vault, *reference).await?.filter(|row| reach.covers(&row.value.filed()));
        found.extend(row.map(|row| (reference.to_string(), row.value)));
    }
    Ok(found)
}
