//! ONDE's exports: what primary schools have, as CSV.

use super::file::{Fault, Refused, SchoolFile, birth_read};
use super::table::{Form, Table, field};
use crate::Error;
use std::path::Path;
use wire::v1::{VaultGuardian, VaultGuardianLine, VaultIncoming, VaultPupilName};

/// A guardian's line names at most so many pupils.
const PUPILS_MAX: usize = 10;

/// Reads the pupils' export.
pub(super) fn pupils_read(path: &Path) -> Result<SchoolFile, Error> {
    let table = Table::read(path, Form::Onde)?;
    let place = table.places(&["Nom élève", "Prénom élève", "INE"])?;
    let (birth, class) = (table.place("Date naissance"), table.place("Libellé classe"));
    let usage = table.place("Nom d'usage élève");
    let mut file = SchoolFile { footer: table.footer, ..SchoolFile::default() };
    for (line, record) in &table.records {
        if record.len() < table.header.len() {
            file.refused.push(Refused { line: *line, fault: Fault::Columns });
            continue;
        }
        let Ok(birth) = birth_read(&field(record, birth)) else {
            file.refused.push(Refused { line: *line, fault: Fault::Birth });
            continue;
        };
        file.persons.push(VaultIncoming {
            line: *line,
            surname: field(record, Some(place[0])),
            first_name: field(record, Some(place[1])),
            ine: field(record, Some(place[2])),
            usage_name: field(record, usage),
            class: field(record, class),
            birth,
            ..VaultIncoming::default()
        });
    }
    Ok(file)
}

/// Reads the guardians' export; their addresses only where they are wanted.
///
/// `whole` is somebody's word that all guardians of its pupils are in it: an extract looks no different.
pub(super) fn guardians_read(path: &Path, with_addresses: bool, whole: bool) -> Result<SchoolFile, Error> {
    let table = Table::read(path, Form::Onde)?;
    let place = table.places(&["Nom responsable", "Prénom responsable", "Nom de famille élève 1", "Prénom élève 1"])?;
    let one = |name: &str| table.place(name);
    let (title, usage) = (one("Civilité Responsable"), one("Nom usage responsable"));
    let address = ["Adresse responsable", "CP responsable", "Commune responsable", "Pays"].map(one);
    let phones = ["Téléphone portable", "Téléphone domicile", "Téléphone travail"].map(one);
    let email = one("Courriel");
    let pupils: Vec<_> = (1..=PUPILS_MAX)
        .filter_map(|n| Some((one(&format!("Nom de famille élève {n}"))?, one(&format!("Prénom élève {n}"))?)))
        .collect();
    let mut file = SchoolFile { footer: table.footer, whole, ..SchoolFile::default() };
    for (line, record) in &table.records {
        if record.len() < table.header.len() {
            file.refused.push(Refused { line: *line, fault: Fault::Columns });
            continue;
        }
        let [street, postcode, town, country] = address.map(|place| field(record, place));
        let lines = [street, format!("{postcode} {town}").trim().to_owned(), country];
        let lines: Vec<String> = lines.into_iter().filter(|line| !line.is_empty()).collect();
        file.addresses |= !lines.is_empty();
        let in_use = field(record, usage);
        let guardian = VaultGuardian {
            title: field(record, title),
            surname: if in_use.is_empty() { field(record, Some(place[0])) } else { in_use },
            first_name: field(record, Some(place[1])),
            address: if with_addresses { lines } else { Vec::new() },
            phones: phones.iter().map(|place| field(record, *place)).filter(|phone| !phone.is_empty()).collect(),
            email: field(record, email),
        };
        let named = pupils.iter().map(|(surname, first_name)| VaultPupilName {
            surname: field(record, Some(*surname)),
            first_name: field(record, Some(*first_name)),
            ..VaultPupilName::default()
        });
        let pupils = named.filter(|pupil| !pupil.surname.is_empty()).collect();
        file.guardians.push(VaultGuardianLine {
            line: *line,
            guardian: Some(guardian),
            pupils,
            ..VaultGuardianLine::default()
        });
    }
    file.guardians_close();
    Ok(file)
}
