//! The repository as it comes in: file by file, each whole and durable before it is seen, the timestamp last.

use crate::config::ResourcesConfig;
use bundle::item_is_plain;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use wire::v1::{RepositoryFile, RepositoryPiece};

/// The largest file of a repository, in bytes: a patch.
const FILE_BYTES_MAX: u64 = 256 << 20;
/// The most files that are asked for at a time.
pub(crate) const FILES_MAX: usize = 1_000;
/// What is arriving lies here, where no device may ask for it.
const ARRIVING: &str = ".arriving";
const TIMESTAMP: &str = "metadata/timestamp.json";

/// Who brings files, one at a time; and what all of them take, once it was counted.
#[derive(Debug, Default)]
pub(crate) struct Intake(Mutex<Option<u64>>);

/// Why a file is not taken.
#[derive(Debug, thiserror::Error)]
pub(crate) enum IntakeError {
    /// No repository holds it.
    #[error("a repository holds metadata/…, targets/… and chunks/…, not {0:?}")]
    Path(String),
    /// It is too large.
    #[error("a file of the repository is at most {FILE_BYTES_MAX} bytes")]
    Large,
    /// Too many at a time.
    #[error("at most {FILES_MAX} files at a time")]
    Many,
    /// It does not go on where the last piece ended.
    #[error("pieces of {path} come in order; it goes on at {there}")]
    Order {
        /// Which file.
        path: String,
        /// How much of it is there.
        there: u64,
    },
    /// It is another one.
    #[error("{0} is there already, with another length")]
    Other(String),
    /// All together are too large.
    #[error("the repository is at most {0} MiB (resources.repository_mib in server.toml)")]
    Full(u64),
    /// The disk is.
    #[error("less than {0} MiB of the disk would stay free (resources.free_floor_mib in server.toml)")]
    Floor(u64),
    /// The system says no.
    #[error("the repository cannot be written")]
    Write(#[source] io::Error),
}

impl From<io::Error> for IntakeError {
    fn from(error: io::Error) -> Self {
        Self::Write(error)
    }
}

impl Intake {
    /// How many bytes of each file are there: all of it, or what arrived of it before. The timestamp is always to be brought.
    ///
    /// # Errors
    /// [`IntakeError`] for what no repository holds.
    pub(crate) fn there(root: &Path, files: &[RepositoryFile]) -> Result<Vec<u64>, IntakeError> {
        if files.len() > FILES_MAX {
            return Err(IntakeError::Many);
        }
        let there = |file: &RepositoryFile| {
            place_check(&file.path, file.size)?;
            let whole = length(&root.join(&file.path))?.filter(|_| file.path != TIMESTAMP);
            Ok(match whole {
                Some(whole) if whole == file.size => whole,
                // Metadata and chunks are named so that none is ever another one. What is spoilt has the same length, and goes when the
                // catalogue finds it.
                _ => length(&arriving(root, file))?.unwrap_or_default().min(file.size),
            })
        };
        files.iter().map(there).collect()
    }

    /// Takes a piece; with the last one the file is seen.
    ///
    /// # Errors
    /// [`IntakeError`], with what would make it right.
    pub(crate) fn take(
        &self,
        root: &Path,
        config: &ResourcesConfig,
        piece: &RepositoryPiece,
    ) -> Result<(), IntakeError> {
        place_check(&piece.path, piece.size)?;
        // Two who bring the same would write into one file.
        let mut used = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let file = RepositoryFile { path: piece.path.clone(), size: piece.size };
        let (place, draft) = (root.join(&file.path), arriving(root, &file));
        let replaced = length(&place)?;
        if replaced.is_some() && file.path != TIMESTAMP {
            return if replaced == Some(file.size) { Ok(()) } else { Err(IntakeError::Other(file.path)) };
        }
        let there = length(&draft)?.unwrap_or_default();
        let end = piece.offset.checked_add(piece.body.len() as u64).filter(|end| *end <= file.size);
        let Some(end) = end.filter(|_| piece.offset == there) else {
            return Err(IntakeError::Order { path: file.path, there });
        };
        let before = match *used {
            Some(used) => used,
            None => used_of(root)?,
        };
        room_check(root, config, before, piece.body.len() as u64)?;
        folder_of(&draft)?;
        let mut written = OpenOptions::new().create(true).append(true).open(&draft)?;
        written.write_all(&piece.body)?;
        *used = Some(before.saturating_add(piece.body.len() as u64));
        if end == file.size {
            written.sync_all()?;
            let folder = folder_of(&place)?;
            fs::rename(&draft, &place)?;
            File::open(folder)?.sync_all()?;
        }
        Ok(())
    }
}

/// What may be brought: a plain path below one of three folders.
fn place_check(path: &str, size: u64) -> Result<(), IntakeError> {
    let below = ["metadata/", "targets/", "chunks/"].iter().any(|folder| path.starts_with(folder));
    if !below || !item_is_plain(path) {
        return Err(IntakeError::Path(path.chars().take(120).collect()));
    }
    if size > FILE_BYTES_MAX { Err(IntakeError::Large) } else { Ok(()) }
}

fn room_check(root: &Path, config: &ResourcesConfig, used: u64, more: u64) -> Result<(), IntakeError> {
    if used.saturating_add(more) > config.repository_mib.saturating_mul(1 << 20) {
        return Err(IntakeError::Full(config.repository_mib));
    }
    fs::create_dir_all(root)?;
    let disk = rustix::fs::statvfs(root).map_err(io::Error::from)?;
    let free = disk.f_bavail.saturating_mul(disk.f_frsize);
    let floor = config.free_floor_mib.saturating_mul(1 << 20);
    if free.saturating_sub(more) < floor { Err(IntakeError::Floor(config.free_floor_mib)) } else { Ok(()) }
}

/// Where a file of this length arrives; one of another length is another one.
fn arriving(root: &Path, file: &RepositoryFile) -> PathBuf {
    root.join(ARRIVING).join(format!("{}.{}", file.path.replace('/', "+"), file.size))
}

fn folder_of(path: &Path) -> io::Result<&Path> {
    let folder = path.parent().ok_or(io::ErrorKind::NotFound)?;
    fs::create_dir_all(folder)?;
    Ok(folder)
}

fn length(path: &Path) -> io::Result<Option<u64>> {
    match fs::metadata(path) {
        Ok(about) => Ok(about.is_file().then_some(about.len())),
        Err(error) if [io::ErrorKind::NotFound, io::ErrorKind::NotADirectory].contains(&error.kind()) => Ok(None),
        Err(error) => Err(error),
    }
}

/// What everything below a folder takes, in bytes.
fn used_of(folder: &Path) -> io::Result<u64> {
    let mut used = 0;
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        used += if entry.file_type()?.is_dir() { used_of(&entry.path())? } else { entry.metadata()?.len() };
    }
    Ok(used)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(path: &str, size: u64, offset: u64, body: &[u8]) -> RepositoryPiece {
        RepositoryPiece { path: path.to_owned(), size, offset, body: body.to_vec().into() }
    }

    fn files(files: &[(&str, u64)]) -> Vec<RepositoryFile> {
        files.iter().map(|(path, size)| RepositoryFile { path: (*path).to_owned(), size: *size }).collect()
    }

    #[test]
    fn a_file_is_seen_whole_and_goes_on_where_it_was_cut() {
        let folder = tempfile::tempdir().unwrap();
        let (root, intake) = (folder.path().join("repository"), Intake::default());
        let config = ResourcesConfig { repository_mib: 1, free_floor_mib: 0 };
        let take = |one: RepositoryPiece| intake.take(&root, &config, &one);
        let there = |list: &[(&str, u64)]| Intake::there(&root, &files(list)).unwrap();
        take(piece("chunks/ab/abcd", 5, 0, b"ab")).unwrap();
        assert!(!root.join("chunks/ab/abcd").exists());
        assert_eq!(there(&[("chunks/ab/abcd", 5), ("chunks/ab/abcd", 6)]), [2, 0]);
        assert!(matches!(take(piece("chunks/ab/abcd", 5, 0, b"ab")), Err(IntakeError::Order { there: 2, .. })));
        assert!(matches!(take(piece("chunks/ab/abcd", 5, 2, b"cdef")), Err(IntakeError::Order { .. })));
        take(piece("chunks/ab/abcd", 5, 2, b"cde")).unwrap();
        assert_eq!(fs::read(root.join("chunks/ab/abcd")).unwrap(), b"abcde");
        assert_eq!(there(&[("chunks/ab/abcd", 5)]), [5]);
        // Again is nothing, and what is there is never another one; but the timestamp is.
        take(piece("chunks/ab/abcd", 5, 0, b"ab")).unwrap();
        assert!(matches!(take(piece("chunks/ab/abcd", 4, 0, b"ab")), Err(IntakeError::Other(_))));
        for text in [b"one", b"two"] {
            assert_eq!(there(&[(TIMESTAMP, 3)]), [0]);
            take(piece(TIMESTAMP, 3, 0, text)).unwrap();
            assert_eq!(fs::read(root.join(TIMESTAMP)).unwrap(), text);
        }
        let large = vec![0; 1 << 20];
        assert!(matches!(take(piece("targets/a", 1 << 20, 0, &large)), Err(IntakeError::Full(1))));
        let floor = ResourcesConfig { free_floor_mib: u64::MAX >> 24, ..config.clone() };
        assert!(matches!(intake.take(&root, &floor, &piece("targets/b", 1, 0, b"b")), Err(IntakeError::Floor(_))));
    }

    #[test]
    fn what_no_repository_holds_is_refused() {
        for bad in [
            "timestamp.json",
            "keys/a.key",
            "metadata/../keys/a",
            "/metadata/a",
            "metadata/.a",
            ".arriving/a",
            "chunks/",
        ] {
            assert!(matches!(place_check(bad, 1), Err(IntakeError::Path(_))), "{bad}");
        }
        assert!(matches!(place_check("targets/a", u64::MAX), Err(IntakeError::Large)));
    }
}
