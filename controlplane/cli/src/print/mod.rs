//! Everything that is printed: tables and sheets for people, JSON and CSV for programs, errors as words and exit codes.

mod answer;
mod cause;
mod failure;
mod look;
mod sheet;
mod spreadsheet;

pub(crate) use answer::sentence_text;
pub use failure::Exit;
pub(crate) use failure::{error_sentence, failure_exit, failure_text};
pub(crate) use look::{Look, Tone, clean, reason_text, rfc3339};
pub(crate) use sheet::Sheet;

use crate::arguments::{Common, Output};
use crate::{Error, Surroundings};
use comfy_table::{Attribute, Cell, ContentArrangement, Table, presets};
use serde::Serialize;
use serde_json::Value;
pub(crate) use spreadsheet::rows_write;
use spreadsheet::{cell_guard, io_error};
use std::io::{self, Write};
use words::Catalogue;

/// A line of a list: its fields are those of JSON and CSV, its cells are what people see.
pub(crate) trait Row: Serialize + Default {
    /// The keys of the columns' headings.
    const COLUMNS: &'static [&'static str];

    /// One cell a column.
    fn cells(&self, look: &Look<'_>) -> Vec<(String, Tone)>;
}

/// Where data goes, and in which form.
pub(crate) struct Printer<'a> {
    look: Look<'a>,
    output: Output,
    width: Option<u16>,
    out: &'a mut (dyn Write + Send),
}

impl<'a> Printer<'a> {
    pub(crate) fn new(
        words: &'a Catalogue,
        common: &Common,
        surroundings: &Surroundings,
        out: &'a mut (dyn Write + Send),
    ) -> Self {
        // no-color.org: set and not empty means no colour, unless the command line says otherwise.
        let wished = surroundings.out_terminal && surroundings.variable("NO_COLOR").is_none();
        let look = Look { words, zone: surroundings.zone.clone(), colour: common.color.on(wished) };
        Self { look, output: common.output, width: surroundings.width, out }
    }

    pub(crate) const fn look(&self) -> &Look<'a> {
        &self.look
    }

    /// Whether people read it, rather than programs.
    pub(crate) fn for_people(&self) -> bool {
        self.output == Output::Table
    }

    /// Whether a spreadsheet reads it: a thing with columns of its own is then a list.
    pub(crate) fn for_spreadsheets(&self) -> bool {
        self.output == Output::Csv
    }

    /// Bytes as they are.
    pub(crate) fn raw(&mut self, bytes: &[u8]) -> Result<(), Error> {
        Ok(self.out.write_all(bytes)?)
    }

    /// Bytes as they are, on their way at once.
    pub(crate) fn now(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.out.write_all(bytes)?;
        Ok(self.out.flush()?)
    }

    /// One thing: a sheet, a JSON object, or CSV lines of field and value.
    pub(crate) fn one<T: Serialize>(&mut self, value: &T, sheet: impl FnOnce() -> Sheet) -> Result<(), Error> {
        match self.output {
            Output::Table => self.out.write_all(sheet().text(self.look.colour).as_bytes())?,
            Output::Json => self.json(value)?,
            Output::Csv => {
                let mut writer = csv::Writer::from_writer(&mut *self.out);
                let mut fields = vec![("field".to_owned(), "value".to_owned())];
                fields_flatten("", &serde_json::to_value(value).map_err(io::Error::from)?, &mut fields);
                fields.iter().try_for_each(|(field, value)| writer.write_record([field, value])).map_err(io_error)?;
                writer.flush()?;
            }
        }
        Ok(())
    }

    /// A list: a table, a JSON array, or CSV with a header.
    pub(crate) fn list<R: Row>(&mut self, rows: &[R]) -> Result<(), Error> {
        match self.output {
            Output::Table => self.table(rows)?,
            Output::Json => self.json(&rows)?,
            Output::Csv => {
                rows_write(rows, true, self.out)?;
                if rows.is_empty() {
                    self.header::<R>()?;
                }
            }
        }
        Ok(())
    }

    /// The CSV header alone: a spreadsheet of nothing still has its columns.
    fn header<R: Row>(&mut self) -> Result<(), Error> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.serialize(R::default()).map_err(io_error)?;
        let lines = writer.into_inner().map_err(|e| io::Error::other(e.to_string()))?;
        Ok(self.out.write_all(lines.split_inclusive(|byte| *byte == b'\n').next().unwrap_or_default())?)
    }

    /// A line of a list that never ends, on its way at once.
    pub(crate) fn line<R: Row>(&mut self, row: &R, first: bool) -> Result<(), Error> {
        match self.output {
            Output::Table => {
                let cells = row.cells(&self.look).into_iter().filter(|(text, _)| !text.is_empty());
                let line: Vec<String> = cells.map(|(text, tone)| tone.paint(&clean(&text), self.look.colour)).collect();
                writeln!(self.out, "{}", line.join("  "))?;
            }
            Output::Json => writeln!(self.out, "{}", serde_json::to_string(row).map_err(io::Error::from)?)?,
            Output::Csv => {
                rows_write(std::slice::from_ref(row), first, self.out)?;
            }
        }
        Ok(self.out.flush()?)
    }

    fn json<T: Serialize>(&mut self, value: &T) -> io::Result<()> {
        serde_json::to_writer_pretty(&mut *self.out, value)?;
        writeln!(self.out)
    }

    fn table<R: Row>(&mut self, rows: &[R]) -> io::Result<()> {
        let mut table = Table::new();
        table.load_style(presets::NOTHING).force_no_tty();
        if self.look.colour {
            table.enforce_styling();
        }
        if let Some(width) = self.width {
            table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width);
        }
        let heading = |key: &&str| Cell::new(self.look.text(key).to_uppercase()).add_attribute(Attribute::Bold);
        table.set_header(R::COLUMNS.iter().map(heading));
        for row in rows {
            table.add_row(row.cells(&self.look).into_iter().map(|(text, tone)| {
                let cell = Cell::new(clean(&text));
                match tone.table_colour() {
                    Some(colour) => cell.fg(colour),
                    None => cell,
                }
            }));
        }
        for column in table.column_iter_mut() {
            column.set_padding((0, 2));
        }
        table.lines().try_for_each(|line| writeln!(self.out, "{}", line.trim_end()))
    }
}

/// The leaves of a JSON value with the paths that lead to them, such as `hardware.disks[0].model`.
fn fields_flatten(path: &str, value: &Value, fields: &mut Vec<(String, String)>) {
    match value {
        Value::Object(members) => members.iter().for_each(|(name, member)| {
            let dot = if path.is_empty() { "" } else { "." };
            fields_flatten(&format!("{path}{dot}{name}"), member, fields);
        }),
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(at, item)| fields_flatten(&format!("{path}[{at}]"), item, fields));
        }
        Value::Null => fields.push((path.to_owned(), String::new())),
        Value::String(text) => fields.push((path.to_owned(), cell_guard(text))),
        other => fields.push((path.to_owned(), other.to_string())),
    }
}
