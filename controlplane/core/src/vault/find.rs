//! Finding somebody by name, when a family stands at the desk without a number.

use super::intake::school_check;
use super::name::{folded, why_hidden};
use super::person::Person;
use super::{Vault, persons_page, persons_school};
use crate::audit::{Act, Person as Reader, acts_note};
use crate::error::{Error, Result};
use crate::scope::Reach;
use crate::table::Row;
use model::time::Timestamp;
use model::uai::Uai;

/// The most people one search shows: it is for finding one, not for reading a school.
pub const FOUND_MAX: usize = 20;
const LETTERS_MIN: usize = 2;
/// The most people one search looks at: names lie in no index, which would tell them to who reads the disk.
pub(super) const LOOKED_AT_MAX: usize = 20_000;

/// What a search found.
#[derive(Debug)]
pub struct Found {
    /// Those who fit, by name, [`FOUND_MAX`] at most.
    pub persons: Vec<Row<Person>>,
    /// Whether there are more.
    pub more: bool,
}

/// The people within a reach whose names begin with each of these words. Each one who is shown stands in the audit before.
///
/// # Errors
/// `Invalid` without a reason, with fewer than two letters, or without a school where there are too many people; `Denied` for a school outside the reach.
#[allow(clippy::too_many_arguments, reason = "each is a plain value of one call")]
pub async fn persons_find(
    vault: &Vault,
    reach: &Reach,
    name: &str,
    school: Option<Uai>,
    limit: usize,
    by: &Reader,
    why: &str,
    now: Timestamp,
) -> Result<Found> {
    let asked = folded(name);
    let words: Vec<&str> = asked.split(' ').collect();
    if name.len() > 256 || words.iter().all(|word| word.chars().count() < LETTERS_MIN) {
        return Err(Error::Invalid("give at least two letters of a name".to_owned()));
    }
    let limit = limit.clamp(1, FOUND_MAX);
    let mut hidden: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
    let mut persons = Vec::new();
    if let Some(school) = school {
        school_check(reach, school)?;
    }
    let mut look = |looked_at: usize, page: Vec<Row<Person>>| {
        let looked_at = looked_at + page.len();
        persons.extend(page.into_iter().filter(|row| fits(&row.value, reach, &words)));
        if looked_at > LOOKED_AT_MAX && school.is_none() {
            return Err(Error::Invalid("there are too many people to look through: name the school".to_owned()));
        }
        Ok(looked_at)
    };
    let mut looked_at = 0;
    if let Some(schools) = school.map(|school| [school].into()).or_else(|| reach.schools()) {
        for school in schools {
            looked_at = look(looked_at, persons_school(vault, school).await?)?;
        }
    } else {
        let mut after = String::new();
        loop {
            let page = persons_page(vault, &after).await?;
            let Some(last) = page.last() else { break };
            after.clone_from(&last.id);
            looked_at = look(looked_at, page)?;
        }
    }
    persons.sort_by_cached_key(|row| (folded(&row.value.surname), folded(&row.value.first_name), row.id.clone()));
    let more = persons.len() > limit;
    persons.truncate(limit);
    hidden.extend(persons.iter().flat_map(|row| row.value.words()));
    let why = why_hidden(why, &hidden)?;
    let mut acts: Vec<Act> = persons.iter().map(|row| Act::of(now, by, "vault_find", row.id.clone(), &why)).collect();
    if acts.is_empty() {
        let subject = school.map_or_else(String::new, |school| school.to_string());
        acts.push(Act::of(now, by, "vault_find", subject, &why));
    }
    acts_note(vault.fleet.as_ref(), &vault.territory, &acts).await?;
    Ok(Found { persons, more })
}

fn fits(person: &Person, reach: &Reach, words: &[&str]) -> bool {
    if !reach.covers(&person.filed()) {
        return false;
    }
    let own = folded(&format!("{} {} {}", person.surname, person.usage_name, person.first_name));
    words.iter().all(|word| own.split(' ').any(|name| name.starts_with(word)))
}
