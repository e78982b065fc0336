//! Taking in a school's file: what it says is compared with what is known, and nothing follows from what it does not say.

use super::guardians::guardians_join;
use super::person::{GUARDIANS_MAX, Guardian, Person, Source};
use super::{ALIASES, ENROLLED, PERSONS, Vault, enrolled_id, person_get, reference_of};
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
pub const INTAKE_MAX: usize = 200;
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
    /// Typed in by hand: the identifier is somebody's of another name.
    OtherName,
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
            Self::OtherName => "other_name",
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
    let mut claimed = BTreeSet::new();
    for one in incoming {
        let made = wish_make(vault, loans, reach, school, source, one, now).await?;
        let line = |outcome, reference| Line { line: one.line, outcome, reference };
        lines.push(match made {
            Err(fault) => line(Outcome::Refused(fault), None),
            Ok(wish) => match wishes.get(&wish.reference) {
                Some(other) if other.person == wish.person => line(Outcome::Same, Some(wish.reference)),
                Some(_) => line(Outcome::Refused(Fault::Twice), None),
                // Two lines of one call would each write the record, or make one lead to the other.
                None if wish.names().any(|name| claimed.contains(name)) => line(Outcome::Refused(Fault::Twice), None),
                None => {
                    let (reference, outcome) = (wish.reference, wish.outcome());
                    claimed.extend(wish.names().copied());
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
    for (reference, wish) in &wishes {
        let id = reference.to_string();
        let expect = wish.before.as_ref().map_or(Expect::Absent, |row| Expect::At(row.revision));
        writes = writes.put(&PERSONS, id.clone(), &wish.person, expect)?;
        writes = writes.put(&ENROLLED, enrolled_id(school, &id), &(), Expect::Any)?;
        if let Some(row) = wish.before.as_ref().filter(|row| row.value.school != school) {
            writes = writes.remove(&ENROLLED, enrolled_id(row.value.school, &id), Expect::Any);
        }
        for row in &wish.second {
            writes = writes.remove(&PERSONS, row.id.clone(), Expect::At(row.revision));
            writes = writes.remove(&ENROLLED, enrolled_id(row.value.school, &row.id), Expect::Any);
        }
        for alias in &wish.aliases {
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
    /// Records of the same person under the line's other identifiers, which end in this one.
    second: Vec<Row<Person>>,
    person: Person,
    /// References that are to lead here from now on.
    aliases: BTreeSet<BorrowerRef>,
}

impl Wish {
    /// Whether it is to be written: a day later also that a file had them again, because time is counted from there.
    fn is_news(&self, now: Timestamp) -> bool {
        let again = |row: &Row<Person>| now.since(row.value.imported) >= AGAIN_AFTER;
        self.outcome() != Outcome::Same || self.before.as_ref().is_some_and(again)
    }

    /// Every reference that this person is known by.
    fn names(&self) -> impl Iterator<Item = &BorrowerRef> {
        std::iter::once(&self.reference).chain(&self.person.aliases)
    }

    fn outcome(&self) -> Outcome {
        match &self.before {
            Some(_) if !self.second.is_empty() => Outcome::Updated,
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
    let mut rows: Vec<Row<Person>> = Vec::new();
    for reference in &references {
        let row = person_get(vault, *reference).await?.filter(|row| rows.iter().all(|other| other.id != row.id));
        rows.extend(row);
    }
    let mut rows = rows.into_iter();
    let (before, second) = (rows.next(), rows.collect::<Vec<_>>());
    let reference = before.as_ref().map_or(Ok(references[0]), reference_of)?;
    let named = |row: &Row<Person>| row.value.is_named(&one.surname, &one.first_name);
    if source == Source::Hand && before.as_ref().is_some_and(|row| !named(row)) {
        return Ok(Err(Fault::OtherName));
    }
    // A school's software may give an identifier a second time: only the same name makes two records one.
    if second.iter().any(|row| !named(row)) {
        return Ok(Err(Fault::Twice));
    }
    let mut others: BTreeSet<BorrowerRef> = references.into_iter().collect();
    let mut known: Option<Person> = None;
    for row in before.iter().chain(&second) {
        let Some(person) = known_here(vault, loans, reach, school, row).await? else {
            return Ok(Err(Fault::Elsewhere));
        };
        known = Some(match known {
            None => person,
            Some(first) => {
                others.insert(reference_of(row)?);
                others.extend(&person.aliases);
                joined(first, person)
            }
        });
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
    others.remove(&reference);
    let new = |other: &BorrowerRef| !second.is_empty() || !person.aliases.contains(other);
    let aliases: BTreeSet<BorrowerRef> = others.into_iter().filter(new).collect();
    let unknown: Vec<_> = aliases.iter().copied().filter(|other| !person.aliases.contains(other)).collect();
    person.aliases.extend(unknown);
    if person.check().is_err() {
        return Ok(Err(Fault::Text));
    }
    if full {
        return Ok(Err(Fault::Full));
    }
    Ok(Ok(Wish { reference, before, second, person, aliases }))
}

/// What is known of somebody and may be kept by this importer; nothing while another school lends them something.
async fn known_here(
    vault: &Vault,
    loans: &dyn Loans,
    reach: &Reach,
    school: Uai,
    row: &Row<Person>,
) -> Result<Option<Person>> {
    let person = row.value.clone();
    if person.school == school || reach.covers(&person.filed()) {
        return Ok(Some(person));
    }
    // Who names somebody's INE must not get at what another school knows of them.
    if loans.standing(&vault.territory, reference_of(row)?, &person.aliases).await?.is_open() {
        return Ok(None);
    }
    Ok(Some(Person { guardians: Vec::new(), usage_name: String::new(), birth: None, ..person }))
}

/// One record of two of the same person: what the first lacks comes from the second, as far as there is room.
fn joined(first: Person, second: Person) -> Person {
    let mut guardians = first.guardians;
    for one in second.guardians {
        if guardians.len() < GUARDIANS_MAX && !guardians.iter().any(|other| other.is(&one)) {
            guardians.push(one);
        }
    }
    Person {
        guardians,
        added: first.added.min(second.added),
        birth: first.birth.or(second.birth),
        usage_name: if first.usage_name.is_empty() { second.usage_name } else { first.usage_name },
        class: if second.class.is_empty() { first.class } else { second.class },
        ..first
    }
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
