//! The folder in which lists are made: what was imported, what was approved last, what was packed last.

use super::stored::Stored;
use crate::error::{Error, Result, read_failed, write_failed};
use crate::folder::Lock;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

/// The folder, held by one program at a time.
#[derive(Debug)]
pub(super) struct Work {
    root: PathBuf,
    _lock: Lock,
}

impl Work {
    /// Opens it; `make` makes it where there is none.
    pub(super) fn open(root: &Path, make: bool) -> Result<Self> {
        if make {
            fs::create_dir_all(root).map_err(write_failed(root))?;
        } else if !root.is_dir() {
            return Err(Error::ListNone(root.to_owned()));
        }
        let lock = Lock::take(root)?;
        let work = Self { root: root.to_owned(), _lock: lock };
        for name in ["candidate", "approved", "packed"] {
            work.repair(name)?;
        }
        Ok(work)
    }

    pub(super) fn candidate(&self) -> Stored {
        Stored::new(self.root.join("candidate"))
    }

    pub(super) fn approved(&self) -> Stored {
        Stored::new(self.root.join("approved"))
    }

    pub(super) fn packed(&self) -> Stored {
        Stored::new(self.root.join("packed"))
    }

    /// What a list is compared with, and whether it was packed for devices: else it is the one that somebody approved last.
    pub(super) fn before(&self) -> (Option<Stored>, bool) {
        match Some(self.packed()).filter(Stored::is_there) {
            Some(packed) => (Some(packed), true),
            None => (Some(self.approved()).filter(Stored::is_there), false),
        }
    }

    /// An empty folder for what is to take the place of one of them.
    pub(super) fn draft(&self, name: &str) -> Result<Stored> {
        let draft = self.root.join(format!("{name}.draft"));
        removed(&draft)?;
        fs::create_dir_all(&draft).map_err(write_failed(&draft))?;
        Ok(Stored::new(draft))
    }

    /// Puts a folder in the place of one of them; a run that is cut leaves the one or the other.
    pub(super) fn place(&self, from: &Stored, name: &str) -> Result<()> {
        let (to, old) = (self.root.join(name), self.old(name));
        removed(&old)?;
        if to.exists() {
            fs::rename(&to, &old).map_err(write_failed(&to))?;
        }
        fs::rename(from.folder(), &to).map_err(write_failed(&to))?;
        File::open(&self.root).and_then(|root| root.sync_all()).map_err(write_failed(&self.root))?;
        removed(&old)
    }

    fn old(&self, name: &str) -> PathBuf {
        self.root.join(format!("{name}.old"))
    }

    fn repair(&self, name: &str) -> Result<()> {
        let (to, old) = (self.root.join(name), self.old(name));
        if old.exists() && !to.exists() {
            return fs::rename(&old, &to).map_err(write_failed(&to));
        }
        removed(&old)
    }
}

fn removed(folder: &Path) -> Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(read_failed(folder)(error)),
        _ => Ok(()),
    }
}
