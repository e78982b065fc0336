//! ONDE's exports: what primary schools have, as CSV.

use super::file::{Fault, Refused, SchoolFile, birth_read, text_cut};
use super::text::{file_bytes, text_of};
use crate::Error;
use csv::{ReaderBuilder, StringRecord};
use std::path::Path;
use wire::v1::{VaultGuardian, VaultGuardianLine, VaultIncoming, VaultPupilName};

/// More lines than any school has pupils or guardians.
pub(super) const LINES_MAX: usize = 20_000;
/// A guardian's line names at most so many pupils.
const PUPILS_MAX: usize = 10;

/// Reads the pupils' export.
pub(super) fn pupils_read(path: &Path) -> Result<SchoolFile, Error> {
    let table = Table::read(path)?;
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
pub(super) fn guardians_read(path: &Path, with_addresses: bool) -> Result<SchoolFile, Error> {
    let table = Table::read(path)?;
    let place = table.places(&["Nom responsable", "Prénom responsable", "Nom de famille élève 1", "Prénom élève 1"])?;
    let one = |name: &str| table.place(name);
    let (title, usage) = (one("Civilité Responsable"), one("Nom usage responsable"));
    let address = ["Adresse responsable", "CP responsable", "Commune responsable", "Pays"].map(one);
    let phones = ["Téléphone portable", "Téléphone domicile", "Téléphone travail"].map(one);
    let email = one("Courriel");
    let pupils: Vec<_> = (1..=PUPILS_MAX)
        .filter_map(|n| Some((one(&format!("Nom de famille élève {n}"))?, one(&format!("Prénom élève {n}"))?)))
        .collect();
    let mut file = SchoolFile { footer: table.footer, ..SchoolFile::default() };
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
        });
        let pupils = named.filter(|pupil| !pupil.surname.is_empty()).collect();
        file.guardians.push(VaultGuardianLine { line: *line, guardian: Some(guardian), pupils });
    }
    Ok(file)
}

/// A table as read, its columns by name.
struct Table {
    header: Vec<String>,
    records: Vec<(u32, StringRecord)>,
    footer: Option<u32>,
}

impl Table {
    fn read(path: &Path) -> Result<Self, Error> {
        let bytes = file_bytes(path)?;
        let text = text_of(&bytes);
        let mut reader =
            ReaderBuilder::new().delimiter(b';').flexible(true).has_headers(false).from_reader(text.as_bytes());
        let (mut header, mut records) = (Vec::new(), Vec::new());
        let mut lines = Lines { text: text.as_bytes(), at: 0, line: 1 };
        for record in reader.records() {
            let record = record.map_err(|_| unread(path, lines.line))?;
            let line = lines.of(record.position().map_or(0, csv::Position::byte));
            // A quotation mark that nobody closes would take the rest of the file with it.
            if record.iter().any(|field| field.contains(['\n', '\r'])) {
                return Err(unread(path, line));
            }
            if header.is_empty() {
                header = record.iter().map(plain).collect();
            } else if records.len() == LINES_MAX {
                let most = LINES_MAX.to_string();
                return Err(Error::usage("error-vault-lines", &[("path", &shown(path)), ("most", &most)]));
            } else if record.iter().any(|field| !field.trim().is_empty()) {
                records.push((line, record));
            }
        }
        // ONDE ends with a line of its own, such as the date of the export; more than one field is a pupil's line that was cut.
        let is_footer = |record: &StringRecord| {
            record.len() < header.len() && record.iter().filter(|field| !field.trim().is_empty()).count() <= 1
        };
        let footer = records.pop_if(|(_, record)| is_footer(record)).map(|(line, _)| line);
        if header.len() < 2 {
            return Err(Error::usage("error-vault-onde", &[("path", &shown(path)), ("column", "INE")]));
        }
        for (place, name) in header.iter_mut().enumerate().filter(|(_, name)| name.is_empty()) {
            *name = format!("#{place}");
        }
        Ok(Self { header, records, footer })
    }

    fn place(&self, name: &str) -> Option<usize> {
        self.header.iter().position(|column| *column == plain(name))
    }

    /// Where columns are that must be there.
    fn places(&self, names: &[&str]) -> Result<Vec<usize>, Error> {
        names
            .iter()
            .map(|name| {
                let missing = || Error::usage("error-vault-onde", &[("path", ""), ("column", name)]);
                self.place(name).ok_or_else(missing)
            })
            .collect()
    }
}

/// Counts lines as an editor does; the reader itself is one behind where lines end as on Windows.
struct Lines<'a> {
    text: &'a [u8],
    at: usize,
    line: u32,
}

impl Lines<'_> {
    fn of(&mut self, byte: u64) -> u32 {
        let byte = usize::try_from(byte).unwrap_or(usize::MAX);
        while let Some(letter) =
            self.text.get(self.at).filter(|letter| self.at < byte || matches!(letter, b'\n' | b'\r'))
        {
            self.line += u32::from(*letter == b'\n');
            self.at += 1;
        }
        self.line
    }
}

fn unread(path: &Path, line: u32) -> Error {
    Error::usage("error-vault-quote", &[("path", &shown(path)), ("line", &line.to_string())])
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

fn field(record: &StringRecord, place: Option<usize>) -> String {
    text_cut(place.and_then(|place| record.get(place)).unwrap_or_default())
}

/// A column's name without case, accents and doubled blanks, which differ from one export to the next.
fn plain(name: &str) -> String {
    let name = name.to_lowercase();
    let letters = name.chars().map(|c| match c {
        'é' | 'è' | 'ê' | 'ë' => 'e',
        'à' | 'â' => 'a',
        'ç' => 'c',
        '’' => '\'',
        other => other,
    });
    letters.collect::<String>().split_whitespace().collect::<Vec<_>>().join(" ")
}
