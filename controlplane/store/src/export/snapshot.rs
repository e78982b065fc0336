//! The store's own exports, from which it is rebuilt: compressed, for they lie beside the entries all the time.

use super::{Kind, export_write};
use crate::encoding::Applied;
use crate::error::{Error, Result};
use crate::folder::{Folder, put_in_place, sync_folder};
use crate::tree::Tree;
use controlplane_core::store::Revision;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, BufWriter, ErrorKind, Read, Write};
use std::path::PathBuf;
use zstd::stream::read::Decoder;
use zstd::stream::write::Encoder;

/// How the names end; those of earlier servers were not compressed.
const ENDING: &str = ".jsonl.zst";
const ENDING_PLAIN: &str = ".jsonl";
/// Zstandard's default.
const LEVEL: i32 = 3;

/// So many of the newest are kept.
const KEPT: usize = 2;

/// One of the store's own exports.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Snapshot {
    pub(crate) revision: Revision,
    pub(crate) path: PathBuf,
}

/// Writes an export as of a revision; it is there whole or not at all.
pub(crate) fn snapshot_write(folder: &Folder, tree: &Tree, applied: Applied, kind: Kind) -> Result<()> {
    let exports = folder.exports();
    fs::create_dir_all(&exports).map_err(Error::io("making", &exports))?;
    sync_folder(folder.path())?;
    let path = exports.join(format!("{:020}{ENDING}", applied.revision));
    let temporary = exports.join("writing");
    let written = File::create(&temporary).map_err(Error::io("making", &temporary)).and_then(|file| {
        let failed = |source| Error::io("writing", &temporary)(source);
        let mut packed = Encoder::new(file, LEVEL).map_err(failed)?;
        {
            // An entry is a write: a frame would be cut into as many blocks.
            let mut out = BufWriter::with_capacity(256 * 1024, &mut packed);
            export_write(tree, applied, kind, &mut out, &mut |_| {})?;
            out.flush().map_err(failed)?;
        }
        packed.finish().map_err(failed)?.sync_all().map_err(Error::io("syncing", &temporary))
    });
    if let Err(error) = written {
        let _ = fs::remove_file(&temporary);
        return Err(error);
    }
    put_in_place(&temporary, &path)
}

/// The store's own exports, oldest first.
pub(crate) fn snapshots(folder: &Folder) -> Result<Vec<Snapshot>> {
    let exports = folder.exports();
    let listing = match fs::read_dir(&exports) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        listing => listing.map_err(Error::io("listing", &exports))?,
    };
    let mut found = Vec::new();
    for entry in listing {
        let path = entry.map_err(Error::io("listing", &exports))?.path();
        let name = path.file_name().and_then(|name| name.to_str());
        let number = name.and_then(|name| name.strip_suffix(ENDING).or_else(|| name.strip_suffix(ENDING_PLAIN)));
        if let Some(revision) = number.filter(|number| number.len() == 20).and_then(|number| number.parse().ok()) {
            found.push(Snapshot { revision, path });
        }
    }
    found.sort();
    Ok(found)
}

pub(crate) fn snapshot_newest(folder: &Folder) -> Result<Option<Snapshot>> {
    Ok(snapshots(folder)?.pop())
}

/// Keeps the newest and the one before; answers with the older one's revision once there are two.
pub(crate) fn snapshots_forget(folder: &Folder) -> Result<Option<Revision>> {
    let mut all = snapshots(folder)?;
    let kept = all.split_off(all.len().saturating_sub(KEPT));
    for old in &all {
        fs::remove_file(&old.path).map_err(Error::io("removing", &old.path))?;
    }
    Ok(if kept.len() == KEPT { kept.first().map(|snapshot| snapshot.revision) } else { None })
}

impl Snapshot {
    /// Its lines, from the file at its path.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub(crate) fn lines<'a>(&self, file: impl Read + 'a) -> Result<Box<dyn BufRead + 'a>> {
        let plain = BufReader::with_capacity(256 * 1024, file);
        if !self.path.to_string_lossy().ends_with(ENDING) {
            return Ok(Box::new(plain));
        }
        let unpacked = Decoder::with_buffer(plain).map_err(Error::io("reading", &self.path))?;
        Ok(Box::new(BufReader::with_capacity(256 * 1024, unpacked)))
    }
}
