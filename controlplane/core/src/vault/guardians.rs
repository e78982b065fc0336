//! Guardians, from a file that names their pupils, or has the identifiers that the school's software gave them.

use super::intake::{Fault, INTAKE_MAX, Line, Outcome, school_check};
use super::name::folded;
use super::person::{GUARDIANS_MAX, Guardian, Person};
use super::{PERSONS, Vault, persons_school};
use crate::audit::{Act, Person as Reader, acts_note};
use crate::error::{Error, Result};
use crate::scope::Reach;
use crate::store::Expect;
use crate::table::{Row, Writes};
use model::borrower::Known;
use model::loan::BorrowerKind;
use model::time::Timestamp;
use model::uai::Uai;
use std::collections::BTreeSet;
use std::fmt;

/// A guardian as a file has them, with the names of their pupils.
#[derive(Clone, Default)]
pub struct GuardianLine {
    /// The line of the file, for the report.
    pub line: u32,
    /// The guardian.
    pub guardian: Guardian,
    /// Surname and first name of each pupil.
    pub pupils: Vec<(String, String)>,
    /// The identifier of each pupil within the school, from a file that has them.
    pub locals: Vec<String>,
    /// All who sign for these pupils by a whole file, in their order, of each surname and first name: who is none of them signs no more.
    /// Empty where the file does not say.
    pub whole: Vec<(String, String)>,
}

impl fmt::Debug for GuardianLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "GuardianLine(line {})", self.line)
    }
}

/// Takes in guardians of a school's pupils, who must have been imported before. A name that two pupils have leads to neither.
///
/// # Errors
/// As [`super::persons_import`].
pub async fn guardians_import(
    vault: &Vault,
    reach: &Reach,
    school: Uai,
    incoming: &[GuardianLine],
    by: &Reader,
    now: Timestamp,
) -> Result<Vec<Line>> {
    school_check(reach, school)?;
    if incoming.len() > INTAKE_MAX {
        return Err(Error::Invalid(format!("at most {INTAKE_MAX} people at a time")));
    }
    let mut pupils = persons_school(vault, school).await?;
    // Somebody who works there may have a pupil's name.
    pupils.retain(|row| row.value.kind == BorrowerKind::Pupil);
    let mut changed = BTreeSet::new();
    let mut lines = Vec::new();
    for one in incoming {
        lines.push(Line {
            line: one.line,
            outcome: line_take(vault, school, &mut pupils, one, &mut changed),
            reference: None,
        });
    }
    if changed.is_empty() {
        return Ok(lines);
    }
    let act = Act::of(now, by, "vault_import", school.to_string(), &format!("guardians: {}", changed.len()));
    let noted = acts_note(vault.fleet.as_ref(), &vault.territory, &[act]).await?;
    let mut writes = Writes::vaulted(&vault.territory, &noted);
    for at in changed {
        let row = &pupils[at];
        writes = writes.put(&PERSONS, row.id.clone(), &row.value, Expect::At(row.revision))?;
    }
    writes.commit(&vault.sealed).await?;
    Ok(lines)
}

/// Puts guardians beside those that are known: one of the same name is replaced. Whether all found a place.
pub(super) fn guardians_join(known: &mut Vec<Guardian>, incoming: &[Guardian]) -> bool {
    for one in incoming {
        match known.iter().position(|other| other.is(one)) {
            // A file without addresses takes none away.
            Some(at) => {
                let other = &known[at];
                let text = |new: &String, old: &String| if new.is_empty() { old.clone() } else { new.clone() };
                let list =
                    |new: &Vec<String>, old: &Vec<String>| if new.is_empty() { old.clone() } else { new.clone() };
                known[at] = Guardian {
                    title: text(&one.title, &other.title),
                    address: list(&one.address, &other.address),
                    phones: list(&one.phones, &other.phones),
                    email: text(&one.email, &other.email),
                    ..one.clone()
                };
            }
            None if known.len() < GUARDIANS_MAX => known.push(one.clone()),
            None => return false,
        }
    }
    true
}

fn line_take(
    vault: &Vault,
    school: Uai,
    pupils: &mut [Row<Person>],
    one: &GuardianLine,
    changed: &mut BTreeSet<usize>,
) -> Outcome {
    if one.guardian.check().is_err() {
        return Outcome::Refused(Fault::Text);
    }
    let mut places = BTreeSet::new();
    let mut fault = None;
    for id in &one.locals {
        let reference = vault.key.reference(&vault.territory, &Known::Local(school, id.trim()));
        let own = reference.to_string();
        places.extend(pupils.iter().position(|row| row.id == own || row.value.aliases.contains(&reference)));
    }
    for (surname, first_name) in &one.pupils {
        let mut named = pupils.iter().enumerate().filter(|(_, row)| row.value.is_named(surname, first_name));
        match (named.next(), named.next()) {
            // A brother or sister may be at another school.
            (None, _) => {}
            (Some(_), Some(_)) => fault = Some(Fault::PupilAmbiguous),
            (Some((at, _)), None) => drop(places.insert(at)),
        }
    }
    if places.is_empty() {
        return Outcome::Refused(fault.unwrap_or(Fault::PupilUnknown));
    }
    let mut outcome = Outcome::Same;
    // What one pupil cannot take, the brothers and sisters of the line can.
    for at in places {
        let mut guardians = pupils[at].value.guardians.clone();
        guardians_keep(&mut guardians, &one.whole);
        if !guardians_join(&mut guardians, std::slice::from_ref(&one.guardian)) {
            fault = Some(Fault::Full);
        }
        guardians.sort_by_key(|guardian| place_of(guardian, &one.whole));
        if guardians != pupils[at].value.guardians {
            pupils[at].value.guardians = guardians;
            changed.insert(at);
            outcome = Outcome::Updated;
        }
    }
    fault.map_or(outcome, Outcome::Refused)
}

/// Leaves those who sign by a whole file.
fn guardians_keep(known: &mut Vec<Guardian>, whole: &[(String, String)]) {
    known.retain(|guardian| whole.is_empty() || place_of(guardian, whole).is_some());
}

/// Where somebody stands among those who sign.
fn place_of(guardian: &Guardian, whole: &[(String, String)]) -> Option<usize> {
    let names = (folded(&guardian.surname), folded(&guardian.first_name));
    whole.iter().position(|(surname, first_name)| (folded(surname), folded(first_name)) == names)
}
