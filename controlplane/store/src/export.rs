//! Exports: versioned JSON lines that a person, and any program, can read and check.
//!
//! A header, an entry a line, and a last line with the count and the digest of each table. A table's digest begins as 32 zero bytes and is,
//! for each of its lines in turn, the SHA-256 of the digest so far and the line without its line feed.

mod line;
mod reading;
mod snapshot;

pub(crate) use line::{Entry, Header, Kind};
pub(crate) use reading::export_read;
pub(crate) use snapshot::{Snapshot, snapshot_newest, snapshot_write, snapshots, snapshots_forget};

use crate::embedded::Embedded;
use crate::encoding::{Applied, Stored, key_parts};
use crate::error::{Error, Result};
use crate::tree::Tree;
use controlplane_core::store::Revision;
use line::{Line, Trailer, sums_add};
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::PathBuf;

/// How many entries are written between two calls of the progress function.
const PROGRESS_ENTRIES: u64 = 1_000;

/// What an export holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exported {
    /// The revision at which it was made.
    pub revision: Revision,
    /// The epoch at which it was made.
    pub epoch: u32,
    /// How many entries it holds.
    pub entries: u64,
}

/// Writes everything, as it stands at one revision; commits wait meanwhile. It blocks: not to be called on a runtime's own threads.
/// `progress` is told the entries written now and then.
///
/// # Errors
/// [`Error::Io`] when the output takes no more, [`Error::Damaged`] when an entry cannot be read.
pub fn export(store: &Embedded, out: &mut dyn Write, progress: &mut dyn FnMut(u64)) -> Result<Exported> {
    store.quietly(|tree, applied| export_write(tree, applied, Kind::All, out, progress))
}

/// Writes the entries of a kind.
pub(crate) fn export_write(
    tree: &Tree,
    applied: Applied,
    kind: Kind,
    out: &mut dyn Write,
    progress: &mut dyn FnMut(u64),
) -> Result<Exported> {
    let failed = |source: io::Error| Error::Io { what: "writing", path: PathBuf::from("the export"), source };
    let json = |error: serde_json::Error| failed(error.into());
    let Applied { revision, epoch, .. } = applied;
    let header = serde_json::to_vec(&Header::new(kind, epoch, revision)).map_err(json)?;
    out.write_all(&header).and_then(|()| out.write_all(b"\n")).map_err(failed)?;
    let mut sums = BTreeMap::new();
    let mut entries = 0_u64;
    tree.each(|key, stored| {
        let Stored { revision, intent, .. } = stored;
        if kind == Kind::Intent && !intent {
            return Ok(());
        }
        let parts = key_parts(key).ok_or_else(|| failed(io::ErrorKind::InvalidData.into()))?;
        let value = tree.plain(&stored)?;
        let mut bytes = serde_json::to_vec(&Line::new(parts, revision, intent, &value)).map_err(json)?;
        sums_add(&mut sums, parts, &bytes);
        bytes.push(b'\n');
        out.write_all(&bytes).map_err(failed)?;
        entries += 1;
        if entries.is_multiple_of(PROGRESS_ENTRIES) {
            progress(entries);
        }
        Ok(())
    })?;
    let trailer = serde_json::to_vec(&Trailer::new(tree.applied()?.revision.max(revision), sums)).map_err(json)?;
    out.write_all(&trailer).and_then(|()| out.write_all(b"\n")).and_then(|()| out.flush()).map_err(failed)?;
    progress(entries);
    Ok(Exported { revision, epoch, entries })
}
