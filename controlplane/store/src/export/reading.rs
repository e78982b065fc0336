//! Reading an export: nothing in it is believed before its last line agrees.

use super::line::{Entry, FORMAT, Header, Line, Sum, Trailer, VERSION, sums_add};
use crate::error::{Error, Result};
use controlplane_core::limits::TABLE_BYTES_MAX;
use controlplane_core::store::{ID_BYTES_MAX, Revision, VALUE_BYTES_MAX};
use model::id::TerritoryId;
use std::collections::BTreeMap;
use std::io::{BufRead, Read};

/// No line of ours is longer: a value in base64, or as JSON, and its key.
const LINE_BYTES_MAX: usize = VALUE_BYTES_MAX / 3 * 4 + 16 * 1024;
/// More tables than any export has.
const TABLES_MAX: usize = 100_000;

/// Shows every entry, then compares counts and digests; what was shown counts only if this answers `Ok` with the header and the newest
/// revision that may be among the entries.
pub(crate) fn export_read(
    input: &mut dyn BufRead,
    mut visit: impl FnMut(&Header, Entry) -> Result<()>,
) -> Result<(Header, Revision)> {
    let mut lines = Lines { input, line: 0, bytes: Vec::new() };
    let header = header_read(&mut lines)?;
    let mut sums: BTreeMap<String, Sum> = BTreeMap::new();
    while lines.next()? {
        if lines.bytes.starts_with(b"{\"end\":") {
            let trailer: Trailer =
                serde_json::from_slice(&lines.bytes).map_err(|error| lines.error(&error.to_string()))?;
            trailer_check(&lines, &header, &trailer, &sums)?;
            if lines.next()? {
                return Err(lines.error("something follows the last line"));
            }
            return Ok((header, trailer.end.until));
        }
        let line: Line<'_> = serde_json::from_slice(&lines.bytes).map_err(|error| lines.error(&error.to_string()))?;
        let entry = line.entry().map_err(|why| lines.error(&why))?;
        entry_check(&entry).map_err(|why| lines.error(&why))?;
        sums_add(&mut sums, (&entry.territory, &entry.table, &entry.id), &lines.bytes);
        if sums.len() > TABLES_MAX {
            return Err(lines.error("more tables than an export can have"));
        }
        visit(&header, entry)?;
    }
    Err(lines.error("the export ends without its last line, so that a part is missing"))
}

struct Lines<'a> {
    input: &'a mut dyn BufRead,
    line: u64,
    bytes: Vec<u8>,
}

impl Lines<'_> {
    /// Reads the next line into `bytes`, without its line feed; false at the end.
    fn next(&mut self) -> Result<bool> {
        self.bytes.clear();
        self.line += 1;
        let most = u64::try_from(LINE_BYTES_MAX).unwrap_or(u64::MAX);
        let read = (&mut *self.input).take(most).read_until(b'\n', &mut self.bytes);
        let read = read.map_err(|error| self.error(&format!("it cannot be read: {error}")))?;
        if read == 0 {
            return Ok(false);
        }
        if self.bytes.pop() != Some(b'\n') {
            return Err(self.error("it is too long, or the export was cut here"));
        }
        Ok(true)
    }

    fn error(&self, why: &str) -> Error {
        Error::Export { line: self.line, why: why.to_owned() }
    }
}

fn header_read(lines: &mut Lines<'_>) -> Result<Header> {
    if !lines.next()? {
        return Err(lines.error("the file is empty"));
    }
    #[derive(serde::Deserialize)]
    struct Version {
        format: String,
        version: u32,
    }
    let version: Version =
        serde_json::from_slice(&lines.bytes).map_err(|_| lines.error("this is no export of cartable-server"))?;
    if version.format != FORMAT {
        return Err(lines.error("this is no export of cartable-server"));
    }
    if version.version != VERSION {
        let why = format!("it has version {}, this program knows {VERSION}: use the newer one", version.version);
        return Err(lines.error(&why));
    }
    serde_json::from_slice(&lines.bytes).map_err(|error| lines.error(&error.to_string()))
}

fn entry_check(entry: &Entry) -> std::result::Result<(), String> {
    let territory = entry.territory.parse::<TerritoryId>().is_ok();
    let table = (1..=TABLE_BYTES_MAX).contains(&entry.table.len())
        && entry.table.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    let id = (1..=ID_BYTES_MAX).contains(&entry.id.len()) && !entry.id.contains('\0');
    if territory && table && id && entry.value.len() <= VALUE_BYTES_MAX && entry.revision > 0 {
        return Ok(());
    }
    Err("a key, value or revision is out of its limits".to_owned())
}

fn trailer_check(lines: &Lines<'_>, header: &Header, trailer: &Trailer, seen: &BTreeMap<String, Sum>) -> Result<()> {
    for (table, sum) in &trailer.end.tables {
        let found = seen.get(table).map_or(0, |sum| sum.count);
        if found != sum.count {
            return Err(lines.error(&format!("{table} has {found} entries where {} were written", sum.count)));
        }
    }
    if let Some((table, _)) = seen.iter().find(|(table, sum)| trailer.end.tables.get(*table) != Some(sum)) {
        return Err(lines.error(&format!("{table} is not as it was written: its digest differs")));
    }
    if trailer.end.until < header.revision {
        return Err(lines.error("its last revision is before its first line's"));
    }
    Ok(())
}
