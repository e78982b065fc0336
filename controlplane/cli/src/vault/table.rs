//! A table of people as a program exports it: columns by name, lines as an editor counts them, and limits.

use super::file::text_cut;
use super::text::{file_bytes, text_of};
use crate::Error;
use crate::school::separator;
use csv::{ReaderBuilder, StringRecord};
use std::path::Path;

/// More lines than any school has pupils or guardians.
pub(super) const LINES_MAX: usize = 20_000;

/// Whose table it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// ONDE's: columns between semicolons, and at the end a line of its own.
    Onde,
    /// Somebody's own list: columns between semicolons or commas.
    List,
}

/// A table as read, its columns by name.
pub(super) struct Table {
    form: Form,
    pub(super) header: Vec<String>,
    pub(super) records: Vec<(u32, StringRecord)>,
    pub(super) footer: Option<u32>,
}

impl Table {
    pub(super) fn read(path: &Path, form: Form) -> Result<Self, Error> {
        let bytes = file_bytes(path)?;
        let text = text_of(&bytes);
        let delimiter = if form == Form::List { separator(text.as_bytes()) } else { b';' };
        let mut reader =
            ReaderBuilder::new().delimiter(delimiter).flexible(true).has_headers(false).from_reader(text.as_bytes());
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
        let footer = match form {
            Form::Onde => records.pop_if(|(_, record)| is_footer(record)).map(|(line, _)| line),
            Form::List => None,
        };
        if header.len() < 2 {
            return Err(form.lacking(if form == Form::Onde { "INE" } else { "reference" }));
        }
        for (place, name) in header.iter_mut().enumerate().filter(|(_, name)| name.is_empty()) {
            *name = format!("#{place}");
        }
        Ok(Self { form, header, records, footer })
    }

    pub(super) fn place(&self, name: &str) -> Option<usize> {
        self.header.iter().position(|column| *column == plain(name))
    }

    /// Where the first of these columns is that is there.
    pub(super) fn place_any(&self, names: &[&str]) -> Option<usize> {
        names.iter().find_map(|name| self.place(name))
    }

    /// Where columns are that must be there.
    pub(super) fn places(&self, names: &[&str]) -> Result<Vec<usize>, Error> {
        names.iter().map(|name| self.place(name).ok_or_else(|| self.form.lacking(name))).collect()
    }
}

impl Form {
    /// What is said of a table without a column.
    pub(super) fn lacking(self, column: &str) -> Error {
        let key = match self {
            Self::Onde => "error-vault-onde",
            Self::List => "error-vault-list",
        };
        Error::usage(key, &[("column", column)])
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

/// What stands in a column, without the blanks around it.
pub(super) fn field(record: &StringRecord, place: Option<usize>) -> String {
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
