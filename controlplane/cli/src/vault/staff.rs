//! A list of those who work at schools, which each territory makes for itself, as CSV.

use super::file::{Fault, Refused, SchoolFile};
use super::table::{Form, Table, field};
use crate::Error;
use crate::device::school_read;
use std::collections::BTreeMap;
use std::path::Path;
use wire::v1::VaultIncoming;

/// How columns may be headed; the first of each is what is said to be missing.
const REFERENCE: &[&str] = &["reference", "identifiant", "numen", "id"];
const SURNAME: &[&str] = &["nom", "nom de famille", "surname", "last name", "last_name"];
const FIRST_NAME: &[&str] = &["prénom", "first name", "first_name"];
const USAGE: &[&str] = &["nom d'usage", "usage name", "usage_name"];
const KIND: &[&str] = &["type", "catégorie", "kind"];
const SCHOOL: &[&str] = &["uai", "établissement", "school"];
const FUNCTION: &[&str] = &["fonction", "discipline", "function"];

/// Reads such a list: the people of each school, and the lines that are left out.
///
/// `school` is that of all lines where the list names none.
pub(super) fn staff_read(
    path: &Path,
    school: Option<&str>,
) -> Result<(BTreeMap<String, SchoolFile>, Vec<Refused>), Error> {
    let table = Table::read(path, Form::List)?;
    let needed = |names: &[&str]| table.place_any(names).ok_or_else(|| Form::List.lacking(names[0]));
    let (reference, surname, first_name) = (needed(REFERENCE)?, needed(SURNAME)?, needed(FIRST_NAME)?);
    let (kind, usage, function) = (needed(KIND)?, table.place_any(USAGE), table.place_any(FUNCTION));
    let place = match (table.place_any(SCHOOL), school) {
        (None, None) => return Err(Form::List.lacking(SCHOOL[0])),
        (place, _) => place,
    };
    let (mut files, mut refused) = (BTreeMap::<String, SchoolFile>::new(), Vec::new());
    let mut listed = BTreeMap::<String, String>::new();
    for (line, record) in &table.records {
        let person = if record.len() < table.header.len() {
            Err(Fault::Columns)
        } else {
            let at = school_of(&field(record, place), school);
            at.and_then(|school| Ok((school, kind_read(&field(record, Some(kind)))?)))
        };
        // They are filed at one school: the last line would move them, at each import anew.
        let person = person.and_then(|(school, kind)| {
            let first = listed.entry(field(record, Some(reference)).to_uppercase()).or_insert_with(|| school.clone());
            if *first == school { Ok((school, kind)) } else { Err(Fault::Schools) }
        });
        match person {
            Ok((school, kind)) => files.entry(school).or_default().persons.push(VaultIncoming {
                line: *line,
                kind: kind.to_owned(),
                local_id: field(record, Some(reference)),
                surname: field(record, Some(surname)),
                usage_name: field(record, usage),
                first_name: field(record, Some(first_name)),
                class: field(record, function),
                ..VaultIncoming::default()
            }),
            Err(fault) => refused.push(Refused { line: *line, fault }),
        }
    }
    Ok((files, refused))
}

/// The school of a line; one that is not the school of the whole list is a mistake.
fn school_of(written: &str, whole: Option<&str>) -> Result<String, Fault> {
    let own = if written.is_empty() { None } else { Some(school_read(written).map_err(|_| Fault::School)?) };
    match (own, whole) {
        (Some(own), Some(whole)) if own != whole => Err(Fault::School),
        (Some(own), _) => Ok(own),
        (None, Some(whole)) => Ok(whole.to_owned()),
        (None, None) => Err(Fault::School),
    }
}

fn kind_read(text: &str) -> Result<&'static str, Fault> {
    match text.to_lowercase().as_str() {
        "teacher" | "enseignant" | "enseignante" | "professeur" | "professeure" => Ok("teacher"),
        "staff" | "agent" | "agente" | "personnel" => Ok("staff"),
        _ => Err(Fault::Kind),
    }
}
