//! The data folder: who holds it, its epoch, and files that are there whole or not at all.

use crate::error::{Error, Result};
use controlplane_core::store::Revision;
use std::fs::{self, File, TryLockError};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How often a lock is tried before the folder is said to be in use.
const TRIES: u32 = 15;
const PAUSE: Duration = Duration::from_millis(20);

/// The paths within one data folder.
#[derive(Clone, Debug)]
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new(path: &Path) -> Self {
        Self(path.to_owned())
    }

    /// Makes the folder if need be.
    pub(crate) fn make(&self) -> Result<()> {
        fs::create_dir_all(&self.0).map_err(Error::io("making", &self.0))
    }

    /// Takes the folder for this process, until the file is dropped.
    pub(crate) fn lock(&self) -> Result<File> {
        let path = self.0.join("lock");
        let file = File::options().create(true).truncate(false).write(true).open(&path);
        let file = file.map_err(Error::io("opening", &path))?;
        for _ in 0..TRIES {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                // A process being started holds every lock of its parent between its fork and its exec.
                Err(TryLockError::WouldBlock) => std::thread::sleep(PAUSE),
                Err(TryLockError::Error(source)) => return Err(Error::io("locking", &path)(source)),
            }
        }
        Err(Error::InUse(self.0.clone()))
    }

    /// Whether the disk has so many free bytes.
    pub(crate) fn room_check(&self, floor: u64) -> Result<()> {
        let free = rustix::fs::statvfs(&self.0)
            .map_err(|errno| Error::io("asking the free space of", &self.0)(errno.into()))?;
        let free = free.f_bavail.saturating_mul(free.f_frsize);
        if free >= floor { Ok(()) } else { Err(Error::Full { path: self.0.clone(), free, floor }) }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// Where sled keeps the entries.
    pub(crate) fn entries(&self) -> PathBuf {
        self.0.join("entries")
    }

    pub(crate) fn journal(&self) -> PathBuf {
        self.0.join("journal")
    }

    /// Where the store's own exports lie, from which it can be rebuilt.
    pub(crate) fn exports(&self) -> PathBuf {
        self.0.join("exports")
    }

    /// The epoch; none in a new folder.
    pub(crate) fn epoch(&self) -> Result<Option<u32>> {
        let path = self.0.join("epoch");
        let Some(text) = read_if_there(&path)? else { return Ok(None) };
        let why = || Error::Damaged { path: path.clone(), why: "the epoch is no number".to_owned() };
        text.trim().parse().map(Some).map_err(|_| why())
    }

    pub(crate) fn epoch_set(&self, epoch: u32) -> Result<()> {
        write_whole(&self.0.join("epoch"), format!("{epoch}\n").as_bytes())
    }

    /// The revision at which the store was closed in order; none while it is open or after it was killed.
    pub(crate) fn clean(&self) -> Result<Option<Revision>> {
        Ok(read_if_there(&self.0.join("clean"))?.and_then(|text| text.trim().parse().ok()))
    }

    pub(crate) fn clean_set(&self, revision: Revision) -> Result<()> {
        write_whole(&self.0.join("clean"), format!("{revision}\n").as_bytes())
    }

    /// Whether the machine has not been restarted since the store was last opened: then all that was written is there, whatever became of
    /// the process.
    pub(crate) fn boot_same(&self) -> Result<bool> {
        let noted = read_if_there(&self.0.join("boot"))?;
        Ok(noted.is_some_and(|noted| !noted.trim().is_empty() && boot_id().is_some_and(|now| now == noted.trim())))
    }

    pub(crate) fn boot_set(&self) -> Result<()> {
        if self.boot_same()? {
            return Ok(());
        }
        write_whole(&self.0.join("boot"), format!("{}\n", boot_id().unwrap_or_default()).as_bytes())
    }

    /// Whether the store was opened without being read whole before, and has not been since.
    pub(crate) fn doubt(&self) -> bool {
        self.0.join("doubt").exists()
    }

    pub(crate) fn doubt_set(&self) -> Result<()> {
        write_whole(&self.0.join("doubt"), b"")
    }

    pub(crate) fn doubt_clear(&self) -> Result<()> {
        self.forget("doubt")
    }

    pub(crate) fn clean_clear(&self) -> Result<()> {
        self.forget("clean")
    }

    fn forget(&self, name: &str) -> Result<()> {
        let path = self.0.join(name);
        match fs::remove_file(&path) {
            Ok(()) => sync_folder(&self.0),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            Err(error) => Err(Error::io("removing", &path)(error)),
        }
    }
}

/// The name of this start of the machine (Linux, `proc_sys_kernel(5)`).
fn boot_id() -> Option<String> {
    let text = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    Some(text.trim().to_owned())
}

/// Writes a file so that after a power cut it is there whole or not at all.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> Result<()> {
    let temporary = path.with_extension("new");
    let mut file = File::create(&temporary).map_err(Error::io("making", &temporary))?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(Error::io("writing", &temporary))?;
    put_in_place(&temporary, path)
}

/// Renames and makes the rename last.
pub(crate) fn put_in_place(from: &Path, to: &Path) -> Result<()> {
    fs::rename(from, to).map_err(Error::io("renaming", from))?;
    to.parent().map_or(Ok(()), sync_folder)
}

/// Makes what was created, renamed or removed in a folder last (fsync(2): a file's fsync does not reach its entry in the folder).
pub(crate) fn sync_folder(path: &Path) -> Result<()> {
    File::open(path).and_then(|folder| folder.sync_all()).map_err(Error::io("syncing", path))
}

fn read_if_there(path: &Path) -> Result<Option<String>> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::io("reading", path)(error)),
    }
}
