//! A school calendar in a file: CSV with the columns zone, name, first and last, or TOML with `[[break]]` tables of the same.

use crate::Error;
use crate::config::file_read;
use crate::print::clean;
use model::calendar::{Break, Zone};
use serde::Deserialize;
use std::path::Path;
use wire::v1::SchoolBreak;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(rename = "break")]
    breaks: Vec<Line>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    zone: String,
    name: String,
    first: String,
    last: String,
}

/// The breaks of a file, each of which can be meant; its ending says its form.
pub(super) fn breaks_read(path: &Path) -> Result<Vec<SchoolBreak>, Error> {
    let text = file_read(path)?;
    let toml = path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("toml"));
    if toml { toml_read(&text) } else { csv_read(&text) }
}

fn toml_read(text: &str) -> Result<Vec<SchoolBreak>, Error> {
    let file: File = toml::from_str(text).map_err(|error| wrong(0, &error.to_string()))?;
    file.breaks.into_iter().zip(1..).map(|(line, at)| line.read(at)).collect()
}

fn csv_read(text: &str) -> Result<Vec<SchoolBreak>, Error> {
    let text = text.trim_start_matches('\u{feff}');
    let first = text.lines().next().unwrap_or_default();
    let separator = if first.contains(';') { b';' } else { b',' };
    let mut reader = csv::ReaderBuilder::new().delimiter(separator).trim(csv::Trim::All).from_reader(text.as_bytes());
    let lines = reader.deserialize::<Line>().zip(2..);
    lines.map(|(line, at)| line.map_err(|error| wrong(at, &error.to_string()))?.read(at)).collect()
}

impl Line {
    fn read(self, at: usize) -> Result<SchoolBreak, Error> {
        let zone: Zone =
            self.zone.parse().map_err(|error: model::calendar::CalendarError| wrong(at, &error.to_string()))?;
        let day = |text: &str| text.parse().map_err(|_| wrong(at, text));
        let read = Break { first: day(&self.first)?, last: day(&self.last)?, name: self.name };
        read.check().map_err(|error| wrong(at, &error.to_string()))?;
        let (first, last) = (read.first.to_string(), read.last.to_string());
        Ok(SchoolBreak { zone: zone.to_string(), name: read.name, first, last })
    }
}

fn wrong(at: usize, why: &str) -> Error {
    Error::usage("error-calendar-file", &[("line", &at.to_string()), ("why", &clean(why.trim()))])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_say_the_same_and_mistakes_are_named_by_their_line() {
        let csv = csv_read("zone;name;first;last\nZone A;Noël;2026-12-19;2027-01-03\n").unwrap();
        let toml =
            toml_read("[[break]]\nzone = \"a\"\nname = \"Noël\"\nfirst = \"2026-12-19\"\nlast = \"2027-01-03\"\n");
        assert_eq!(csv, toml.unwrap());
        for bad in [
            "zone;name;first;last\nD;Noël;2026-12-19;2027-01-03\n",
            "zone;name;first;last\nA;Noël;19/12/2026;2027-01-03\n",
            "zone;name;first;last\nA;Noël;2026-12-19;2026-01-03\n",
            "zone;name;first\nA;Noël;2026-12-19\n",
        ] {
            let Err(Error::Usage { key: "error-calendar-file", values }) = csv_read(bad) else { panic!("{bad}") };
            assert_eq!(values[0], ("line", "2".into()));
        }
    }
}
