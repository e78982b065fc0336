//! The note in the data folder that tells the running server of its newest backup, so that a missing one is noticed.

use crate::error::{Error, Result};
use crate::folder::{Folder, file_read, file_replace, folder_sync};
use serde::{Deserialize, Serialize};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// What is known of the newest backup.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Note {
    /// When.
    pub(crate) made_unix_ms: i64,
    /// How far.
    pub(crate) revision: u64,
    /// How large, compressed.
    pub(crate) bytes: u64,
}

/// Notes a backup; durable, since an alarm hangs on it.
///
/// # Errors
/// [`Error`] when the folder cannot be written.
pub(crate) fn note_write(folder: &Folder, note: &Note) -> Result<()> {
    let path = folder.backup_note();
    let failed = |source: serde_json::Error| Error::File { what: "written", path: path.clone(), source: source.into() };
    let text = serde_json::to_string(note).map_err(failed)?;
    file_replace(&path, format!("{text}\n").as_bytes(), false)?;
    owner_like(folder.root(), &path)?;
    folder_sync(folder.root())
}

/// The newest backup that was noted; none when there is no note, or one that cannot be read.
pub(crate) fn note_read(folder: &Folder) -> Option<Note> {
    serde_json::from_slice(&file_read(&folder.backup_note()).ok()?).ok()
}

/// Gives a file or folder the owner of another one: root does things in a folder that is not root's.
///
/// # Errors
/// [`Error::File`] when the system says no.
pub(crate) fn owner_like(of: &Path, path: &Path) -> Result<()> {
    let failed = |source| Error::File { what: "written", path: path.to_owned(), source };
    let (wanted, has) = (of.metadata().map_err(failed)?, path.metadata().map_err(failed)?);
    if (wanted.uid(), wanted.gid()) == (has.uid(), has.gid()) || !rustix::process::geteuid().is_root() {
        return Ok(());
    }
    std::os::unix::fs::lchown(path, Some(wanted.uid()), Some(wanted.gid())).map_err(failed)
}
