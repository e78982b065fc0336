//! CSV that a spreadsheet does not run.

use serde::Serialize;
use std::io::{self, Write};

/// The rows as CSV lines, with their header or without; a text that a spreadsheet would take for a formula has `'` before it.
///
/// Devices and people choose serial numbers, models and notes; `=`, `+`, `-`, `@`, tab and carriage return begin a formula
/// (OWASP, CSV Injection). Rows hold no signed numbers.
pub(crate) fn rows_write<R: Serialize>(rows: &[R], header: bool, out: &mut dyn Write) -> io::Result<()> {
    let mut plain = csv::WriterBuilder::new().has_headers(header).from_writer(Vec::new());
    rows.iter().try_for_each(|row| plain.serialize(row)).map_err(io_error)?;
    let plain = plain.into_inner().map_err(|e| io::Error::other(e.to_string()))?;
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(plain.as_slice());
    let mut writer = csv::Writer::from_writer(out);
    for record in reader.records() {
        writer.write_record(record.map_err(io_error)?.iter().map(cell_guard)).map_err(io_error)?;
    }
    writer.flush()
}

/// A text as a cell: never a formula.
pub(crate) fn cell_guard(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text.to_owned() }
}

/// A pipe that broke must be known as one.
pub(crate) fn io_error(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}
