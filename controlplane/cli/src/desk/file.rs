//! A desk's file and the journal beside it, on disk.

use super::act::Entry;
use super::fault::DeskFault;
use super::seal::{
    ENTRY_ADDS, ENTRY_BYTES_MAX, Keys, Place, SET_BYTES_MAX, entry_seal, journal_open, set_open, set_seal,
};
use super::set::{DaySet, VERSION};
use crate::Error;
use crate::operator::write;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// The most entries that one journal holds; a day has some hundreds.
const ENTRIES_MAX: u64 = 200_000;
/// The largest journal, in bytes.
const JOURNAL_BYTES_MAX: u64 = 512 * 1024 * 1024;

/// A journal that is open for writing, by this program alone.
pub(crate) struct Journal {
    file: File,
    path: PathBuf,
    keys: Keys,
    place: Place,
    end: u64,
}

/// What was found when a desk's file was opened.
pub(crate) struct Opened {
    /// The set.
    pub(crate) set: DaySet,
    /// The journal, ready for more.
    pub(crate) journal: Journal,
    /// Its entries.
    pub(crate) entries: Vec<Entry>,
    /// How many bytes at its end were the beginning of an entry that was never acknowledged.
    pub(crate) torn: usize,
}

/// Writes a set as a sealed file, readable by its owner alone.
///
/// # Errors
/// When it is too large, the passphrase too short, or the file cannot be written.
pub(crate) fn set_write(path: &Path, passphrase: &str, set: &DaySet) -> Result<(), Error> {
    let plain = zeroize::Zeroizing::new(serde_json::to_vec(set).map_err(|_| Error::Desk(DeskFault::TooLarge))?);
    let file = set_seal(passphrase, rand::random(), rand::random(), &plain).map_err(Error::Desk)?;
    write(path, &file)
}

/// Opens a desk's file with its passphrase, and the journal beside it.
///
/// # Errors
/// As [`DeskFault`] says, or when a file cannot be read.
pub(crate) fn desk_open(path: &Path, passphrase: &str) -> Result<Opened, Error> {
    let failed = |source| Error::File { path: path.to_owned(), source };
    let mut bytes = Vec::new();
    let limit = SET_BYTES_MAX as u64 + 4096;
    let read = File::open(path).map_err(failed)?.take(limit + 1).read_to_end(&mut bytes).map_err(failed)?;
    if read as u64 > limit {
        return Err(Error::Desk(DeskFault::TooLarge));
    }
    let (plain, keys) = set_open(passphrase, &bytes).map_err(Error::Desk)?;
    let version = serde_json::from_slice::<Versioned>(&plain).map_err(|_| Error::Desk(DeskFault::Newer))?.version;
    if version != VERSION {
        return Err(Error::Desk(DeskFault::Newer));
    }
    let set: DaySet = serde_json::from_slice(&plain).map_err(|_| Error::Desk(DeskFault::Newer))?;
    let (journal, entries, torn) = Journal::open(journal_path(path), keys)?;
    Ok(Opened { set, journal, entries, torn })
}

/// The journal beside a desk's file.
pub(crate) fn journal_path(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".journal");
    path.with_file_name(name)
}

#[derive(serde::Deserialize)]
struct Versioned {
    version: u32,
}

impl Journal {
    fn open(path: PathBuf, keys: Keys) -> Result<(Self, Vec<Entry>, usize), Error> {
        let failed = |source| Error::File { path: path.clone(), source };
        let mut file = options().open(&path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(Error::Desk(DeskFault::Busy)),
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
        if file.metadata().map_err(failed)?.len() > JOURNAL_BYTES_MAX {
            return Err(Error::Desk(DeskFault::TooLarge));
        }
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(failed)?;
        let (plain, place, whole) = journal_open(&keys, &bytes).map_err(Error::Desk)?;
        let entries: Result<Vec<Entry>, _> = plain.iter().map(|entry| serde_json::from_slice(entry)).collect();
        let entries = entries.map_err(|_| Error::Desk(DeskFault::Newer))?;
        let torn = bytes.len() - whole;
        if torn > 0 {
            // It is put aside, not thrown away: a person may want to know what it was.
            let aside = path.with_extension("journal.torn");
            write(&aside, &bytes[whole..])?;
            file.set_len(whole as u64).and_then(|()| file.sync_all()).map_err(failed)?;
        }
        // The journal itself must be found again after a power cut, not only what is in it.
        if let Some(folder) = path.parent().filter(|_| cfg!(unix)) {
            let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
            File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)?;
        }
        Ok((Self { file, path, keys, place, end: whole as u64 }, entries, torn))
    }

    /// Makes an entry durable; only then may it be said to be done.
    ///
    /// # Errors
    /// When the disk does not take it; the journal is then as before.
    pub(crate) fn append(&mut self, entry: &Entry) -> Result<(), Error> {
        let plain = serde_json::to_vec(entry).map_err(|_| Error::Desk(DeskFault::TooLarge))?;
        let most = (ENTRY_ADDS + ENTRY_BYTES_MAX) as u64;
        if self.place.number >= ENTRIES_MAX || self.end.saturating_add(most) > JOURNAL_BYTES_MAX {
            return Err(Error::Desk(DeskFault::TooLarge));
        }
        let (record, after) = entry_seal(&self.keys, self.place, rand::random(), &plain).map_err(Error::Desk)?;
        let written = self.file.seek(SeekFrom::Start(self.end)).and_then(|_| self.file.write_all(&record));
        match written.and_then(|()| self.file.sync_data()) {
            Ok(()) => {
                self.end += record.len() as u64;
                self.place = after;
                Ok(())
            }
            Err(source) => {
                // What may have been written of it is cut off, as at the next start.
                let _ = self.file.set_len(self.end);
                Err(Error::FileWrite { path: self.path.clone(), source })
            }
        }
    }
}

/// Readable and writable by its owner alone.
fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desk::fixture::day;
    use model::loan::ActId;
    use model::time::Timestamp;

    const WORDS: &str = "correct horse battery";

    fn entry(n: u8) -> Entry {
        Entry::Desk { id: ActId::new(Timestamp::from_unix_seconds(1), [n; 10]), at: Timestamp::from_unix_seconds(1) }
    }

    #[test]
    fn what_was_acknowledged_is_there_after_a_kill_at_every_byte() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("jour.desk");
        set_write(&path, WORDS, &day(2)).unwrap();
        let opened = desk_open(&path, WORDS).unwrap();
        assert_eq!((opened.set, opened.entries.len(), opened.torn), (day(2), 0, 0));
        let mut journal = opened.journal;
        let mut ends = vec![0];
        for n in 0..3 {
            journal.append(&entry(n)).unwrap();
            ends.push(std::fs::metadata(journal_path(&path)).unwrap().len());
        }
        assert!(matches!(desk_open(&path, WORDS), Err(Error::Desk(DeskFault::Busy))), "one program at a time");
        let keys = journal.keys;
        drop(journal.file);
        let whole = std::fs::read(journal_path(&path)).unwrap();
        // The key is stretched once; opening the journal alone is what is tried at each byte.
        let mut keys = Some(keys);
        for cut in 0..=whole.len() {
            std::fs::write(journal_path(&path), &whole[..cut]).unwrap();
            let (mut journal, entries, torn) = Journal::open(journal_path(&path), keys.take().unwrap()).unwrap();
            let known = ends.iter().filter(|end| **end <= cut as u64).count() - 1;
            assert_eq!(entries, (0..u8::try_from(known).unwrap()).map(entry).collect::<Vec<_>>(), "cut at {cut}");
            assert_eq!(torn as u64, cut as u64 - ends[known], "cut at {cut}");
            // It goes on after that.
            journal.append(&entry(77)).unwrap();
            keys = Some(journal.keys);
        }
        let last = desk_open(&path, WORDS).unwrap();
        assert_eq!(last.entries.len(), 4);
    }

    #[test]
    fn a_stolen_file_says_nothing_and_a_foreign_one_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("jour.desk");
        set_write(&path, WORDS, &day(2)).unwrap();
        let bytes = std::fs::read(&path).unwrap();
        for name in [&b"EXEMPLE"[..], b"Camille", b"Dominique", b"0951099D", b"TNE25"] {
            assert!(!bytes.windows(name.len()).any(|part| part == name));
        }
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
        assert!(matches!(desk_open(&path, "another passphrase"), Err(Error::Desk(DeskFault::Passphrase))));
        std::fs::write(&path, b"not a desk").unwrap();
        assert!(matches!(desk_open(&path, WORDS), Err(Error::Desk(DeskFault::NotADesk))));
        assert!(matches!(desk_open(Path::new("/nowhere/x"), WORDS), Err(Error::File { .. })));
        let mut newer = day(1);
        newer.version = VERSION + 1;
        set_write(&path, WORDS, &newer).unwrap();
        assert!(matches!(desk_open(&path, WORDS), Err(Error::Desk(DeskFault::Newer))));
    }
}
