//! Identities that are read together: for the desks of a campaign, or for the agreements of loans.

use super::name::why_hidden;
use super::{Person, Vault, person_get};
use crate::audit::{Act, Person as Reader, acts_note};
use crate::error::{Error, Result};
use crate::scope::Reach;
use crate::table::Row;
use model::borrower::BorrowerRef;
use model::time::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

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

/// What a reading comes to.
#[derive(Debug, Default)]
pub struct Read {
    /// Who was read.
    pub persons: BTreeMap<BorrowerRef, Row<Person>>,
    /// Who is known and lies outside the reach: left out like those who are not known.
    pub outside: Vec<BorrowerRef>,
    /// The reason as it stands in the audit, for the next page of the same work.
    pub why: String,
}

/// The people behind these references, within a reach; who is not known is left out.
///
/// Each one who is read stands in the audit before anything is answered, by their own reference: who asks what is held about them is told
/// of this reading too. Who stands `beside` them, on other pages of the same work, is not read; the reason names nobody of these either, and is answered as it was written.
///
/// # Errors
/// `Invalid` without a reason or for too many at a time, `Unavailable` when a store fails.
#[allow(clippy::too_many_arguments, reason = "each is a plain value of one call")]
pub async fn persons_read(
    vault: &Vault,
    reach: &Reach,
    purpose: Purpose<'_>,
    references: &[BorrowerRef],
    beside: &[BorrowerRef],
    by: &Reader,
    why: &str,
    now: Timestamp,
) -> Result<Read> {
    if references.len() > READING_MAX {
        return Err(Error::Invalid(format!("the names of at most {READING_MAX} people are read at a time")));
    }
    let (mut read, mut names) = (Read::default(), BTreeSet::new());
    for reference in references {
        match person_get(vault, *reference).await? {
            Some(row) if reach.covers(&row.value.filed()) => {
                names.extend(row.value.words());
                read.persons.insert(*reference, row);
            }
            Some(_) => read.outside.push(*reference),
            None => {}
        }
    }
    for reference in beside.iter().filter(|reference| !read.persons.contains_key(reference)) {
        // Outside the reach, nobody can be found out by what is hidden of a reason.
        let row = person_get(vault, *reference).await?.filter(|row| reach.covers(&row.value.filed()));
        names.extend(row.into_iter().flat_map(|row| row.value.words()));
    }
    let names: Vec<String> = names.into_iter().collect();
    let why = why_hidden(why, &names)?;
    let verb = match purpose {
        Purpose::Desk(_) => "vault_desk",
        Purpose::Agreement => "vault_agreement",
    };
    let mut acts: Vec<Act> = read.persons.values().map(|row| Act::of(now, by, verb, row.id.clone(), &why)).collect();
    if let Purpose::Desk(campaign) = purpose {
        acts.push(Act::of(now, by, verb, campaign, &why));
    }
    if !acts.is_empty() {
        acts_note(vault.fleet.as_ref(), &vault.territory, &acts).await?;
    }
    read.why = why;
    Ok(read)
}
