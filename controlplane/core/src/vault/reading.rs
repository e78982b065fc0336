//! Identities that are read together: for the desks of a campaign, or for the agreements of loans.

use super::name::why_hidden;
use super::{Person, Vault, person_get};
use crate::audit::{Act, Person as Reader, acts_note};
use crate::error::{Error, Result};
use crate::scope::Reach;
use crate::table::Row;
use model::borrower::BorrowerRef;
use model::time::Timestamp;
use std::collections::BTreeMap;

/// The most people of one reading.
pub const READING_MAX: usize = 1_000;

/// What a reading is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose<'a> {
    /// The desks of this campaign.
    Desk(&'a str),
    /// The agreements of loans.
    Agreement,
}

/// The people behind these references, within a reach; who is not known is left out.
///
/// Each one who is read stands in the audit before anything is answered, by their own reference: who asks what is held about them is told
/// of this reading too.
///
/// # Errors
/// `Invalid` without a reason or for too many at a time, `Unavailable` when a store fails.
pub async fn persons_read(
    vault: &Vault,
    reach: &Reach,
    purpose: Purpose<'_>,
    references: &[BorrowerRef],
    by: &Reader,
    why: &str,
    now: Timestamp,
) -> Result<BTreeMap<BorrowerRef, Row<Person>>> {
    if references.len() > READING_MAX {
        return Err(Error::Invalid(format!("the names of at most {READING_MAX} people are read at a time")));
    }
    let mut found = BTreeMap::new();
    for reference in references {
        let row = person_get(vault, *reference).await?.filter(|row| reach.covers(&row.value.filed()));
        found.extend(row.map(|row| (*reference, row)));
    }
    let names: Vec<String> = found.values().flat_map(|row| row.value.words()).collect();
    let why = why_hidden(why, &names)?;
    let verb = match purpose {
        Purpose::Desk(_) => "vault_desk",
        Purpose::Agreement => "vault_agreement",
    };
    let mut acts: Vec<Act> = found.values().map(|row| Act::of(now, by, verb, row.id.clone(), &why)).collect();
    if let Purpose::Desk(campaign) = purpose {
        acts.push(Act::of(now, by, verb, campaign, &why));
    }
    if !acts.is_empty() {
        acts_note(vault.fleet.as_ref(), &vault.territory, &acts).await?;
    }
    Ok(found)
}
