//! Taking in a school's file: what it says is compared with what is known, and nothing follows from what it does not say.

use super::guardians::guardians_join;
use super::person::{Guardian, Person, Source};
use super::{ALIASES, ENROLLED, PERSONS, Vault, enrolled_id, person_get};
use crate::audit::{Act, Person as Reader, acts_note};
use crate::error::{Error, Result};
use crate::scope::{Filed, Reach};
use crate::store::Expect;
use crate::table::{Row, Writes};
use crate::vault::retention::Loans;
use jiff::civil::Date;
use model::borrower::{BorrowerRef, Ine, Known, LOCAL_ID_MAX};
use model::loan::BorrowerKind;
use model::time::Timestamp;
use model::uai::Uai;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

/// The most people in one call; a school's file is sent in several.
pub const INTAKE_MAX: usize = 250;
/// That a file had somebody again is written down once a day.
const AGAIN_AFTER: Duration = Duration::from_secs(86_400);

/// Somebody as a file has them.
#[derive(Clone, Default)]
pub struct Incoming {
    /// The line of the file, for the report.
    pub line: u32,
    /// What they are to the school.
    pub kind: BorrowerKind,
    /// The INE, as written.
    pub ine: String,
    /// The identifier within the school, if the file has one; of who works there, the one that the territory knows them by.
    pub local: String,
    /// The surname at birth.
    pub surname: String,
    /// The surname in use.
    pub usage_name: String,
    /// The first name.
    pub first_name: String,
    /// The date of birth.
    pub birth: Option<Date>,
    /// The class.
    pub class: String,
    /// Guardians, when the file has them.
    pub guardians: Vec<Guardian>,
}

/// What became of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The line of the file.
    pub line: u32,
    /// What became of it.
    pub outcome: Outcome,
    /// Whose it is, unless it was refused.
    pub reference: Option<BorrowerRef>,
}

/// What becomes of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Not known before.
    Added,
    /// Something is new.
    Updated,
    /// All of it was known.
    Same,
    /// Left out.
    Refused(Fault),
}

/// Why a line is left out; it does not say what the line holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// What stands for an INE is none.
    Ine,
    /// Neither an INE nor another identifier.
    Identifier,
    /// A text is missing, too long, or holds control characters.
    Text,
    /// Two lines have one identifier and say different things.
    Twice,
    /// The person is filed under a school of which the caller has no word, and has a loan there.
    Elsewhere,
    /// No pupil of the school has this name.
    PupilUnknown,
    /// Several pupils of the school have this name.
    PupilAmbiguous,
    /// The pupil has two other guardians already.
    Full,
}

impl Fault {
    /// The name in messages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ine => "ine",
            Self::Identifier => "identifier",
            Self::Text => "text",
            Self::Twice => "twice",
            Self::Elsewhere => "elsewhere",
            Self::PupilUnknown => "pupil_unknown",
            Self::PupilAmbiguous => "pupil_ambiguous",
            Self::Full => "full",
        }
    }
}

impl fmt::Debug for Incoming {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Incoming(line {})", self.line)
    }
}

/// Takes in people of a school.
///
/// The same file twice changes nothing; who is missing from it stays as they are, since an export of one class looks like one of
/// the whole school.
///
/// # Errors
/// `Denied` for a school outside the reach, `Invalid` for too many lines, `Conflict` when somebody else imports the same people.
#[allow(clippy::too_many_arguments, reason = "each is a plain value of one call")]
pub async fn persons_import(
    vault: &Vault,
    loans: &dyn Loans,
    reach: &Reach,
    school: Uai,
    source: Source,
    incoming: &[Incoming],
    by: &Reader,
    now: Timestamp,
) -> Result<Vec<Line>> {
    school_check(reach, school)?;
    if incoming.len() > INTAKE_MAX {
        return Err(Error::Invalid(format!("at most {INTAKE_MAX} people at a time")));
    }
    let mut lines = Vec::with_capacity(incoming.len());
    let mut wishes: BTreeMap<BorrowerRef, Wish> = BTreeMap::new();
    for one in incoming {
        let made = wish_make(vault, loans, reach, school, source, one, now).await?;
        let line = |outcome, reference| Line { line: one.line, outcome, reference };
        lines.push(match made {
            Err(fault) => line(Outcome::Refused(fault), None),
            Ok(wish) => match wishes.get(&wish.reference) {
                Some(other) if other.person == wish.person => line(Outcome::Same, Some(wish.reference)),
                Some(_) => line(Outcome::Refused(Fault::Twice), None),
                None => {
                    let (reference, outcome) = (wish.reference, wish.outcome());
                    wishes.insert(reference, wish);
                    line(outcome, Some(reference))
                }
            },
        });
    }
    wishes.retain(|_, wish| wish.is_news(now));
    if wishes.is_empty() {
        return Ok(lines);
    }
    let what = format!("{}: {}", source.name(), wishes.len());
    let act = Act::of(now, by, "vault_import", school.to_string(), &what);
    let noted = acts_note(vault.fleet.as_ref(), &vault.territory, &[act]).await?;
    let mut writes = Writes::vaulted(&vault.territory, &noted);
    let mut aliased = BTreeSet::new();
    for (reference, wish) in &wishes {
        let id = reference.to_string();
        let expect = wish.before.as_ref().map_or(Expect::Absent, |row| Expect::At(row.revision));
        writes = writes.put(&PERSONS, id.clone(), &wish.person, expect)?;
        writes = writes.put(&ENROLLED, enrolled_id(school, &id), &(), Expect::Any)?;
        if let Some(row) = wish.before.as_ref().filter(|row| row.value.school != school) {
            writes = writes.remove(&ENROLLED, enrolled_id(row.value.school, &id), Expect::Any);
        }
        for alias in wish.aliases.iter().filter(|alias| aliased.insert(**alias)) {
            writes = writes.put(&ALIASES, alias.to_string(), reference, Expect::Any)?;
        }
    }
    writes.commit(&vault.sealed).await?;
    Ok(lines)
}

/// Whether somebody's word reaches a school's people.
pub(super) fn school_check(reach: &Reach, school: Uai) -> Result<()> {
    if reach.covers(&Filed { owner: None, school: Some(school) }) {
        return Ok(());
    }
    Err(Error::Denied("this school lies outside your scope; `cartable operator self` shows it".to_owned()))
}

/// What a line comes to.
struct Wish {
    reference: BorrowerRef,
    before: Option<Row<Person>>,
    person: Person,
    /// References that are to lead here from now on.
    aliases: Vec<BorrowerRef>,
}

impl Wish {
    /// Whether it is to be written: a day later also that a file had them again, because time is counted from there.
    fn is_news(&self, now: Timestamp) -> bool {
        let again = |row: &Row<Person>| now.since(row.value.imported) >= AGAIN_AFTER;
        self.outcome() != Outcome::Same || self.before.as_ref().is_some_and(again)
    }

    fn outcome(&self) -> Outcome {
        match &self.before {
            None => Outcome::Added,
            Some(row) if (Person { imported: row.value.imported, ..self.person.clone() }) == row.value => Outcome::Same,
            Some(_) => Outcome::Updated,
        }
    }
}

async fn wish_make(
    vault: &Vault,
    loans: &dyn Loans,
    reach: &Reach,
    school: Uai,
    source: Source,
    one: &Incoming,
    now: Timestamp,
) -> Result<std::result::Result<Wish, Fault>> {
    let references = match references_of(vault, school, one) {
        Ok(references) => references,
        Err(fault) => return Ok(Err(fault)),
    };
    let mut before = None;
    for reference in &references {
        if before.is_none() {
            before = person_get(vault, *reference).await?;
        }
    }
    let reference = match &before {
        Some(row) => row.id.parse().map_err(|e| Error::unavailable("an entry of the vault has no reference", e))?,
        None => references[0],
    };
    let mut known = before.as_ref().map(|row| row.value.clone());
    if let Some(person) = known.as_ref().filter(|person| person.school != school && !reach.covers(&person.filed())) {
        // Who names somebody's INE must not get at what another school knows of them.
        if loans.standing(&vault.territory, reference, &person.aliases).await?.is_open() {
            return Ok(Err(Fault::Elsewhere));
        }
        known = Some(Person { guardians: Vec::new(), usage_name: String::new(), birth: None, ..person.clone() });
    }
    let mut person = Person {
        kind: one.kind,
        surname: one.surname.trim().to_owned(),
        usage_name: one.usage_name.trim().to_owned(),
        first_name: one.first_name.trim().to_owned(),
        birth: one.birth,
        class: one.class.trim().to_owned(),
        school,
        guardians: Vec::new(),
        source,
        added: now,
        imported: now,
        aliases: Vec::new(),
    };
    if let Some(known) = known {
        person = Person {
            added: known.added,
            aliases: known.aliases,
            birth: person.birth.or(known.birth),
            usage_name: if person.usage_name.is_empty() { known.usage_name } else { person.usage_name },
            class: if person.class.is_empty() && known.school == school { known.class } else { person.class },
            guardians: known.guardians,
            ..person
        };
    }
    let full = !guardians_join(&mut person.guardians, &one.guardians);
    let aliases: Vec<_> =
        references.into_iter().filter(|other| *other != reference && !person.aliases.contains(other)).collect();
    person.aliases.extend(&aliases);
    if person.check().is_err() {
        return Ok(Err(Fault::Text));
    }
    if full {
        return Ok(Err(Fault::Full));
    }
    Ok(Ok(Wish { reference, before, person, aliases }))
}

/// By what references somebody may be known; the best one first.
fn references_of(vault: &Vault, school: Uai, one: &Incoming) -> std::result::Result<Vec<BorrowerRef>, Fault> {
    let mut references = Vec::new();
    if one.kind != BorrowerKind::Pupil {
        let id = one.local.trim().to_uppercase();
        if id.is_empty() || id.len() > LOCAL_ID_MAX || id.chars().any(char::is_control) {
            return Err(Fault::Identifier);
        }
        return Ok(vec![vault.key.reference(&vault.territory, &Known::Staff(&id))]);
    }
    if !one.ine.trim().is_empty() {
        let ine: Ine = one.ine.parse().map_err(|_| Fault::Ine)?;
        references.push(vault.key.reference(&vault.territory, &Known::Ine(&ine)));
    }
    let local = one.local.trim();
    if local.len() > LOCAL_ID_MAX || local.chars().any(char::is_control) {
        return Err(Fault::Identifier);
    }
    if !local.is_empty() {
        references.push(vault.key.reference(&vault.territory, &Known::Local(school, local)));
    }
    if references.is_empty() { Err(Fault::Identifier) } else { Ok(references) }
}
