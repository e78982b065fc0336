//! The state folder: files that are whole or absent, for their owner only, and one agent at a time.

use crate::error::Error;
use crate::platform::{Here, Platform};
use std::fs::{self, File, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

/// The largest file ever read from the folder, in bytes: a section in the spool.
const FILE_BYTES_MAX: u64 = 2 * 1024 * 1024;
/// Held by the one agent on the folder.
const LOCK: &str = "lock";
/// Held while an agent runs, and tried by `status`, which must not stand in the way of `lock`.
const RUNNING: &str = "running";
/// The names of the folder's own files.
pub(crate) const OWN: [&str; 2] = [LOCK, RUNNING];
/// What a file is called while it is written.
const TEMPORARY: &str = ".tmp";

/// A folder of files, read and written by name.
#[derive(Clone, Debug)]
pub(crate) struct Folder(PathBuf);

/// The right to change the folder; given up when dropped or when the process ends, however it ends.
#[derive(Debug)]
pub(crate) struct Lock {
    lock: File,
    running: File,
}

impl Drop for Lock {
    /// Closing them would do, but for programs that are being started at this moment: until they are, they have them open, too.
    fn drop(&mut self) {
        let _ = self.running.unlock();
        let _ = self.lock.unlock();
    }
}

/// Number and times of a file.
#[cfg(unix)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp([i64; 5]);

impl Folder {
    pub(crate) fn new(path: &Path) -> Self {
        Self(path.to_owned())
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub(crate) fn root(&self) -> &Path {
        &self.0
    }

    pub(crate) fn inner(&self, name: &str) -> Self {
        Self(self.0.join(name))
    }

    /// Makes the folder, for its owner only; one that is there stays as it is.
    pub(crate) fn make(&self) -> Result<(), Error> {
        Here::folder_make(&self.0).map_err(Error::file(&self.0))
    }

    /// Refuses a folder that holds what `own` does not know: it may be somebody's.
    pub(crate) fn own_check(&self, own: impl Fn(&str) -> bool) -> Result<(), Error> {
        for entry in fs::read_dir(&self.0).map_err(Error::file(&self.0))? {
            let name = entry.map_err(Error::file(&self.0))?.file_name();
            if !name.to_str().is_some_and(|name| own(name.strip_suffix(TEMPORARY).unwrap_or(name))) {
                return Err(Error::Foreign { path: self.0.clone(), name: name.to_string_lossy().into_owned() });
            }
        }
        Ok(())
    }

    /// Refuses a folder that others may enter. Who opened it had a reason, so it is not closed here.
    pub(crate) fn closed_check(&self) -> Result<(), Error> {
        let closed = Here::folder_closed(&self.0).map_err(Error::file(&self.0))?;
        if closed { Ok(()) } else { Err(Error::Open(self.0.clone())) }
    }

    /// Takes the folder for this agent alone.
    pub(crate) fn lock(&self) -> Result<Lock, Error> {
        let lock = self.lock_file(LOCK)?;
        lock.try_lock().map_err(|e| match e {
            TryLockError::WouldBlock => Error::Locked(self.0.clone()),
            TryLockError::Error(source) => Error::File { path: self.path(LOCK), source },
        })?;
        let running = self.lock_file(RUNNING)?;
        // Waits for a `status` that is looking at this instant, never for an agent.
        running.lock().map_err(Error::file(&self.path(RUNNING)))?;
        Ok(Lock { lock, running })
    }

    /// Whether an agent runs on the folder.
    pub(crate) fn running(&self) -> bool {
        File::open(self.path(RUNNING)).is_ok_and(|file| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)))
    }

    /// The whole file; nothing when there is none.
    pub(crate) fn read(&self, name: &str) -> Result<Option<Vec<u8>>, Error> {
        self.read_within(name, FILE_BYTES_MAX)
    }

    /// The same of a file that may have so many bytes.
    pub(crate) fn read_within(&self, name: &str, max: u64) -> Result<Option<Vec<u8>>, Error> {
        let path = self.path(name);
        let file = match File::open(&path) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            other => other.map_err(Error::file(&path))?,
        };
        let mut bytes = Vec::new();
        file.take(max + 1).read_to_end(&mut bytes).map_err(Error::file(&path))?;
        if bytes.len() as u64 > max {
            let source = io::Error::new(io::ErrorKind::FileTooLarge, format!("larger than {max} bytes"));
            return Err(Error::File { path, source });
        }
        Ok(Some(bytes))
    }

    /// By which a file that was replaced is known to be another; nothing when there is none, or nobody can tell.
    #[cfg(unix)]
    pub(crate) fn stamp(&self, name: &str) -> Option<Stamp> {
        use std::os::unix::fs::MetadataExt;
        let about = fs::metadata(self.path(name)).ok()?;
        Some(Stamp([about.ino().cast_signed(), about.mtime(), about.mtime_nsec(), about.ctime(), about.ctime_nsec()]))
    }

    /// Writes a file so that at every instant, a power cut included, the old or the new one is there, whole.
    pub(crate) fn write(&self, name: &str, bytes: &[u8]) -> Result<(), Error> {
        self.replace(name, bytes, true)
    }

    /// The same, but a power cut may bring the old one back: for what is only looked at.
    pub(crate) fn write_lightly(&self, name: &str, bytes: &[u8]) -> Result<(), Error> {
        self.replace(name, bytes, false)
    }

    /// Gives a file the name of another, which it replaces, durably.
    pub(crate) fn rename(&self, name: &str, to: &str) -> Result<(), Error> {
        let path = self.path(to);
        let moved = fs::rename(self.path(name), &path).and_then(|()| Here::folder_sync(&self.0));
        moved.map_err(Error::file(&path))
    }

    /// Deletes a file if it is there.
    pub(crate) fn remove(&self, name: &str) -> Result<(), Error> {
        let path = self.path(name);
        match fs::remove_file(&path) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
            other => other.map_err(Error::file(&path)),
        }
    }

    /// Deletes an empty folder within it, if it is there.
    pub(crate) fn remove_inner(&self, name: &str) -> Result<(), Error> {
        let path = self.path(name);
        match fs::remove_dir(&path) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
            other => other.map_err(Error::file(&path)),
        }
    }

    /// The names of the files in it that `own` knows, in order; what cut writes left of them is deleted on the way.
    pub(crate) fn names(&self, own: impl Fn(&str) -> bool) -> Result<Vec<String>, Error> {
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.0).map_err(Error::file(&self.0))? {
            let Ok(name) = entry.map_err(Error::file(&self.0))?.file_name().into_string() else { continue };
            match name.strip_suffix(TEMPORARY) {
                Some(whole) if own(whole) => self.remove(&name)?,
                None if own(&name) => names.push(name),
                _ => {}
            }
        }
        names.sort();
        Ok(names)
    }

    fn replace(&self, name: &str, bytes: &[u8], durable: bool) -> Result<(), Error> {
        let (path, temporary) = (self.path(name), self.path(&format!("{name}{TEMPORARY}")));
        let written = self.written(&temporary, bytes, durable).and_then(|()| fs::rename(&temporary, &path));
        if let Err(source) = written {
            // A full disk must not stay full of what was not finished.
            let _ = fs::remove_file(&temporary);
            return Err(Error::File { path, source });
        }
        if durable {
            Here::folder_sync(&self.0).map_err(Error::file(&self.0))?;
        }
        Ok(())
    }

    fn written(&self, path: &Path, bytes: &[u8], durable: bool) -> io::Result<()> {
        let mut file = Here::file_options().write(true).create(true).truncate(true).open(path)?;
        file.write_all(bytes)?;
        if durable { file.sync_all() } else { Ok(()) }
    }

    fn lock_file(&self, name: &str) -> Result<File, Error> {
        let path = self.path(name);
        Here::file_options().write(true).create(true).truncate(false).open(&path).map_err(Error::file(&path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn one_agent_at_a_time_and_only_its_owner_reads() {
        let temporary = tempfile::tempdir().unwrap();
        let folder = Folder::new(&temporary.path().join("state"));
        folder.make().unwrap();
        assert!(!folder.running());
        let lock = folder.lock().unwrap();
        assert!(folder.running());
        assert!(matches!(folder.lock(), Err(Error::Locked(_))));
        drop(lock);
        assert!(!folder.running());
        folder.lock().unwrap();
        folder.write("a", b"1").unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(folder.root()), mode(&folder.path("a"))), (0o700, 0o600));
    }

    #[test]
    fn a_cut_write_leaves_the_old_file_and_its_leftover_goes() {
        let temporary = tempfile::tempdir().unwrap();
        let folder = Folder::new(temporary.path());
        folder.write("a", b"old").unwrap();
        fs::write(folder.path("a.tmp"), b"ne").unwrap();
        assert_eq!(folder.read("a").unwrap().as_deref(), Some(&b"old"[..]));
        fs::write(folder.path("thesis.tmp"), b"mine").unwrap();
        assert_eq!(folder.names(|name| name == "a").unwrap(), ["a"]);
        assert!(!folder.path("a.tmp").exists() && folder.path("thesis.tmp").exists());
        folder.write_lightly("a", b"new").unwrap();
        assert_eq!(folder.read("a").unwrap().as_deref(), Some(&b"new"[..]));
        assert_eq!(folder.read("b").unwrap(), None);
        fs::write(folder.path("huge"), vec![0; usize::try_from(FILE_BYTES_MAX).unwrap() + 1]).unwrap();
        assert!(folder.read("huge").unwrap_err().to_string().contains("larger than"));
    }
}
