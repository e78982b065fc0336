//! Reading the register's file: row by row, in constant memory but for the schools that are kept.

use super::bytes::{Guard, is_utf16, separator, text};
use super::report::{Finding, Report};
use crate::Error;
use csv::ByteRecord;
use model::annuaire::{Columns, Done, Missing, Refused};
use model::departement::Departement;
use model::establishment::Establishment;
use model::uai::WrittenUai;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fs::File;
use std::io::{self, Read, Seek};
use std::path::Path;

/// The most rows that are read.
const ROWS_MAX: u64 = 10_000_000;
/// The most schools that are kept: France has some 70,000.
pub(super) const SCHOOLS_MAX: usize = 200_000;
/// How much of a file is looked at to know what it is.
const HEAD_BYTES: u64 = 16 * 1024;
/// Rows between two signs of life.
const TICK_ROWS: u64 = 2_000;

/// Which rows are wanted.
pub(super) struct Wish {
    /// Those whose check letter is wrong are refused.
    pub(super) reject: bool,
    /// Only those of these départements; of all when empty.
    pub(super) departements: Vec<Departement>,
    /// The most schools that are kept.
    pub(super) most: usize,
}

/// What was read.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// The schools, by their UAI.
    pub(super) schools: BTreeMap<WrittenUai, Establishment>,
    /// Rows, the first one not counted.
    pub(super) rows: u64,
    /// Rows of other départements.
    pub(super) elsewhere: u64,
    /// Rows that were refused.
    pub(super) refused: u64,
    /// Rows in which something was repaired.
    pub(super) repaired: u64,
    /// Rows that were joined to an earlier one.
    pub(super) joined: u64,
    /// Schools that are left out of indicators.
    pub(super) flagged: u64,
    /// Columns that are read and were not there.
    pub(super) absent: Vec<&'static str>,
}

/// Reads a file, telling each finding to the report and the bytes read so far to `tick`.
pub(super) fn register_read(
    path: &Path,
    wish: &Wish,
    report: &mut Report,
    tick: &mut dyn FnMut(u64),
) -> Result<Found, Error> {
    let failed = |source: io::Error| Error::File { path: path.to_owned(), source };
    let mut file = File::open(path).map_err(failed)?;
    let mut head = Vec::new();
    file.by_ref().take(HEAD_BYTES).read_to_end(&mut head).map_err(failed)?;
    if is_utf16(&head) {
        return Err(Error::usage("error-annuaire-utf16", &[]));
    }
    file.rewind().map_err(failed)?;
    let (guard, since, whole) = Guard::new(file);
    let mut reader =
        csv::ReaderBuilder::new().delimiter(separator(&head)).has_headers(false).flexible(true).from_reader(guard);
    let mut record = ByteRecord::new();
    let mut line = 1;
    let mut next = |record: &mut ByteRecord| {
        let read = reader.read_byte_record(record).map_err(|error| match error.into_kind() {
            csv::ErrorKind::Io(error) if error.kind() == io::ErrorKind::FileTooLarge => {
                Error::usage("error-annuaire-row", &[("line", &line.to_string())])
            }
            csv::ErrorKind::Io(error) => failed(error),
            other => failed(io::Error::other(format!("{other:?}"))),
        })?;
        line = record.position().map_or(line, csv::Position::line);
        since.set(0);
        Ok::<_, Error>(read.then_some(line))
    };
    next(&mut record)?;
    let header: Vec<Cow<'_, str>> = record.iter().map(text).collect();
    let columns = Columns::find(header.iter().map(AsRef::as_ref))
        .map_err(|Missing(names)| Error::usage("error-annuaire-columns", &[("columns", &names.join(", "))]))?;
    let mut found = Found { absent: columns.absent(), ..Found::default() };
    while let Some(line) = next(&mut record)? {
        found.rows += 1;
        if found.rows > ROWS_MAX {
            return Err(Error::usage("error-annuaire-rows", &[("most", &ROWS_MAX.to_string())]));
        }
        if found.rows.is_multiple_of(TICK_ROWS) {
            tick(whole.get());
        }
        found.row(&columns, &record, line, wish, report)?;
        if found.schools.len() > wish.most {
            return Err(Error::usage("error-annuaire-schools", &[("most", &wish.most.to_string())]));
        }
    }
    found.flagged = found.schools.values().filter(|school| school.flag().is_some()).fold(0, |n, _| n + 1);
    Ok(found)
}

impl Found {
    fn row(
        &mut self,
        columns: &Columns,
        record: &ByteRecord,
        line: u64,
        wish: &Wish,
        report: &mut Report,
    ) -> Result<(), Error> {
        let fields: Vec<Cow<'_, str>> = record.iter().map(text).collect();
        let fields: Vec<&str> = fields.iter().map(AsRef::as_ref).collect();
        let read = match columns.read(&fields) {
            Ok(read) => read,
            Err(refused) => {
                self.refused += 1;
                return report.add(Finding::refused(line, &refused));
            }
        };
        let mut school = read.establishment;
        if !wish.departements.is_empty() && !school.departement.is_some_and(|d| wish.departements.contains(&d)) {
            self.elsewhere += 1;
            return Ok(());
        }
        if wish.reject && school.uai.uai().is_none() {
            self.refused += 1;
            return report.add(Finding::refused(line, &Refused::Letter(school.uai)));
        }
        self.repaired += u64::from(read.notes.iter().any(|note| !note.what.flags()));
        for note in &read.notes {
            report.add(Finding::of(line, school.uai, note))?;
        }
        match self.schools.entry(school.uai) {
            Entry::Vacant(place) => {
                place.insert(school);
            }
            Entry::Occupied(mut known) => {
                self.joined += 1;
                let known = known.get_mut();
                let says_why = |one: &Establishment| one.several_sites || one.dispersed;
                let what = if says_why(known) || says_why(&school) { Done::Joined } else { Done::Twice };
                report.add(Finding::joined(line, school.uai, what, &school.name, &known.name))?;
                school.name.clone_from(&known.name);
                known.join(school);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::print::Look;
    use crate::{EN, FR, Surroundings};
    use std::io::Write;
    use words::{Catalogue, Language};

    const HEADER: &str = "Identifiant_de_l_etablissement;Nom_etablissement;Type_etablissement;Statut_public_prive;Code_commune;Nom_commune;Code_departement";

    fn read(most: usize, rows: &str) -> Result<Found, Error> {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        writeln!(file, "{HEADER}\n{rows}").unwrap();
        let words = Catalogue::new(Language::En, FR, EN);
        let look = Look { words: &words, zone: Surroundings::of_test().zone, colour: false };
        let mut report = Report::begin(None, file.path(), &look)?;
        let wish = Wish { reject: false, departements: Vec::new(), most };
        register_read(file.path(), &wish, &mut report, &mut |_| ())
    }

    #[test]
    fn more_schools_than_any_country_has_stop_it() {
        let rows: String = (0..30).map(|n| format!("{n}A;École;Ecole;Public;25056;Exemple;25\n")).collect();
        assert_eq!(read(30, &rows).unwrap().schools.len(), 30);
        let stopped = read(29, &rows);
        assert!(matches!(stopped, Err(Error::Usage { key: "error-annuaire-schools", .. })), "{stopped:?}");
        let twice = read(30, &rows.replace("\n", "\n1A;École;Ecole;Public;25057;Autre;25\n")).unwrap();
        assert_eq!((twice.schools.len(), twice.joined, twice.rows), (30, 30, 60));
    }
}
