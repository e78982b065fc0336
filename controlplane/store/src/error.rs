//! What can go wrong below the store, each with what helps.

use crate::sealed::KeyError;
use std::io;
use std::path::{Path, PathBuf};

/// Why the store could not be opened, written, exported or rebuilt.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The operating system said no.
    #[error("{what} {path} failed", path = path.display())]
    Io {
        /// What was tried.
        what: &'static str,
        /// On which file or folder.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// Somebody else has it open.
    #[error("another cartable-server uses {path}: stop it, or choose another data folder", path = .0.display())]
    InUse(PathBuf),
    /// Nothing can be written there.
    #[error("{path} cannot be written: give the server's user write permission, or mount it read-write", path = path.display())]
    ReadOnly {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The entries are damaged or missing, so that the store must be rebuilt.
    #[error("the store in {path} is damaged ({why}): it must be rebuilt from its export and journal", path = path.display())]
    Damaged {
        /// The folder of the entries.
        path: PathBuf,
        /// What was found.
        why: String,
    },
    /// The journal is damaged in its middle, and what is missing is nowhere else.
    #[error(
        "the journal {path} is damaged at byte {at}: the commits {first} to {last} cannot be read and are nowhere else; \
         restore an export, or rebuild to go on without them",
        path = path.display()
    )]
    Journal {
        /// The segment.
        path: PathBuf,
        /// Where in it, in bytes from its beginning.
        at: u64,
        /// The first revision lost.
        first: u64,
        /// The last revision lost.
        last: u64,
    },
    /// Too little room on the disk.
    #[error(
        "the data folder's disk is nearly full ({free} bytes free, {floor} are needed): make room in {path}; reading goes on",
        path = path.display()
    )]
    Full {
        /// The data folder.
        path: PathBuf,
        /// Free bytes.
        free: u64,
        /// The least at which commits are taken.
        floor: u64,
    },
    /// Made by a newer program.
    #[error("{path} has version {found}, this program knows up to {known}: use a newer cartable-server", path = path.display())]
    Newer {
        /// The file or folder.
        path: PathBuf,
        /// Its version.
        found: u32,
        /// The newest that this program reads.
        known: u32,
    },
    /// An import into a folder that holds something.
    #[error("{path} is not empty: an import needs a new folder", path = .0.display())]
    NotEmpty(PathBuf),
    /// An export that cannot be believed.
    #[error("line {line} of the export: {why}; nothing was imported")]
    Export {
        /// The line, from 1.
        line: u64,
        /// What is wrong with it.
        why: String,
    },
    /// Export and journal do not reach one another, so that no copy can be made of them.
    #[error("{path} cannot be copied ({why}): restart the server, which puts the store in order, and try again", path = path.display())]
    NoCopy {
        /// The folder.
        path: PathBuf,
        /// What is missing.
        why: String,
    },
    /// The vault's key cannot be used.
    #[error("the vault's key {path} cannot be used: {why}", path = path.display())]
    Key {
        /// The key's file.
        path: PathBuf,
        /// Why not.
        why: KeyError,
    },
    /// A thread could not be started or has ended.
    #[error("the store's writer has ended: restart the server")]
    Ended,
}

/// The result of everything here but the `Store` trait.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// The message with what lies below it, for those who are told only words.
    pub(crate) fn told(&self) -> String {
        let below = std::iter::successors(std::error::Error::source(self), |error| error.source());
        below.fold(self.to_string(), |told, error| format!("{told}: {error}"))
    }

    pub(crate) fn io(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| match source.kind() {
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                Self::ReadOnly { path: path.to_owned(), source }
            }
            _ => Self::Io { what, path: path.to_owned(), source },
        }
    }

    pub(crate) fn sled(path: &Path) -> impl FnOnce(sled::Error) -> Self {
        move |error| match error {
            sled::Error::Io(source)
                if matches!(source.kind(), io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidData) =>
            {
                Self::Damaged { path: path.to_owned(), why: source.to_string() }
            }
            sled::Error::Io(source) => Self::io("reading or writing", path)(source),
            other => Self::Damaged { path: path.to_owned(), why: other.to_string() },
        }
    }
}

impl From<Error> for controlplane_core::Error {
    fn from(error: Error) -> Self {
        match error {
            Error::NotEmpty(_) | Error::Export { .. } => Self::Invalid(error.to_string()),
            other => Self::unavailable(other.told(), other),
        }
    }
}
