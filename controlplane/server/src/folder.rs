//! The data folder: what lies where, and files written so that a crash leaves the old or the new, never half.

use crate::error::{Error, Result};
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// The largest file of ours that is read whole, in bytes.
const FILE_BYTES_MAX: u64 = 1024 * 1024;

/// Paths within a data folder.
#[derive(Clone, Debug)]
pub struct Folder {
    root: PathBuf,
}

impl Folder {
    /// The folder at a path.
    #[must_use]
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// The folder itself.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The configuration.
    #[must_use]
    pub fn config(&self) -> PathBuf {
        self.root.join("server.toml")
    }

    /// Certificates and keys of the control plane.
    #[must_use]
    pub fn ca(&self, file: &str) -> PathBuf {
        self.root.join("ca").join(file)
    }

    /// What the first operator needs.
    #[must_use]
    pub fn operator(&self, file: &str) -> PathBuf {
        self.root.join("operator").join(file)
    }

    /// Where ends are noted, unless the configuration names another file.
    #[must_use]
    pub fn ends(&self) -> PathBuf {
        self.root.join("ends.jsonl")
    }

    /// The copy of the repository of resources, unless the configuration names another folder.
    #[must_use]
    pub fn repository(&self) -> PathBuf {
        self.root.join("repository")
    }

    /// What is known of the newest backup.
    #[must_use]
    pub fn backup_note(&self) -> PathBuf {
        self.root.join("last-backup.json")
    }

    /// Stands here while a restore fills the folder, so that nothing runs on half of it.
    #[must_use]
    pub fn unfinished(&self) -> PathBuf {
        self.root.join("restoring")
    }

    /// The store.
    #[must_use]
    pub fn store(&self) -> PathBuf {
        self.root.join("store")
    }

    /// The identities, sealed; in a folder only where there is a vault.
    #[must_use]
    pub fn vault(&self) -> PathBuf {
        self.root.join("vault")
    }
}

/// Makes a folder that only its owner enters.
///
/// # Errors
/// [`Error::File`] when the system says no.
pub fn folder_make(path: &Path) -> Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(|source| Error::File {
        what: "written",
        path: path.to_owned(),
        source,
    })
}

/// Writes a new file and makes it durable; a secret one only its owner reads.
///
/// # Errors
/// [`Error::File`] when it is there already or the system says no.
pub fn file_write(path: &Path, bytes: &[u8], secret: bool) -> Result<()> {
    let failed = |source| Error::File { what: "written", path: path.to_owned(), source };
    let mode = if secret { 0o600 } else { 0o644 };
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(path).map_err(failed)?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(failed)
}

/// Writes a file in the place of another one, whole or not at all.
///
/// # Errors
/// [`Error::File`] when the system says no.
pub fn file_replace(path: &Path, bytes: &[u8], secret: bool) -> Result<()> {
    let failed = |source| Error::File { what: "written", path: path.to_owned(), source };
    let mut draft = path.as_os_str().to_owned();
    draft.push(".draft");
    let draft = PathBuf::from(draft);
    // A draft is left by a run that was cut.
    match fs::remove_file(&draft) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(failed(e)),
        _ => {}
    }
    file_write(&draft, bytes, secret)?;
    fs::rename(&draft, path).map_err(failed)
}

/// Makes what was written in a folder durable.
///
/// # Errors
/// [`Error::File`] when the system says no.
pub fn folder_sync(path: &Path) -> Result<()> {
    let failed = |source| Error::File { what: "written", path: path.to_owned(), source };
    File::open(path).and_then(|f| f.sync_all()).map_err(failed)
}

/// Reads a file of ours.
///
/// # Errors
/// [`Error::File`] when the system says no, [`Error::Damaged`] when it is larger than any of ours.
pub fn file_read(path: &Path) -> Result<Vec<u8>> {
    let failed = |source| Error::File { what: "read", path: path.to_owned(), source };
    if fs::metadata(path).map_err(failed)?.len() > FILE_BYTES_MAX {
        return Err(Error::Damaged { path: path.to_owned(), why: "too large".to_owned() });
    }
    fs::read(path).map_err(failed)
}

/// Reads a text of ours.
///
/// # Errors
/// As [`file_read`], and [`Error::Damaged`] when it is not UTF-8.
pub fn text_read(path: &Path) -> Result<String> {
    String::from_utf8(file_read(path)?)
        .map_err(|_| Error::Damaged { path: path.to_owned(), why: "not text".to_owned() })
}
