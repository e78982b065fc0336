//! Keeps on the disk since when what the floor lets be open for a while is open: a start is no new beginning.

use crate::error::Error;
use crate::folder::Folder;
use model::digest::Digest;
use model::filtering::{Begun, Spell};
use model::time::Timestamp;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The file, in the filter's own folder.
const FILE: &str = "begun.json";
/// The largest such file, in bytes: more than all that is remembered takes.
const BYTES_MAX: u64 = 1 << 20;

/// What is remembered.
#[derive(Debug)]
pub(super) struct Memory {
    folder: Folder,
    begun: Mutex<Begun>,
}

impl Memory {
    /// What was kept before.
    pub(super) fn open(folder: &Folder) -> Self {
        let read = folder.read_within(FILE, BYTES_MAX).map(|bytes| bytes.map(|bytes| serde_json::from_slice(&bytes)));
        let begun = match read {
            Ok(None) => Begun::default(),
            Ok(Some(Ok(begun))) => begun,
            Ok(Some(Err(_))) | Err(_) => {
                tracing::error!("since when names are open below the floor cannot be read; it is counted anew");
                Begun::default()
            }
        };
        Self { folder: folder.clone(), begun: Mutex::new(begun) }
    }

    /// All of it.
    pub(super) fn lock(&self) -> MutexGuard<'_, Begun> {
        self.begun.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is open now, durably before it is.
    pub(super) fn note(&self, open: &BTreeMap<Digest, Spell>, now: Timestamp) {
        let mut begun = self.lock();
        if begun.note(open, now)
            && let Err(error) = self.folder.write(FILE, &serde_json::to_vec(&*begun).unwrap_or_default())
        {
            tracing::warn!(%error, "since when names are open below the floor cannot be kept for the next start");
        }
    }

    /// Lets go of it, with a device that belongs to nobody any more.
    ///
    /// # Errors
    /// [`Error::File`].
    pub(super) fn forget(folder: &Folder) -> Result<(), Error> {
        folder.remove(FILE)
    }
}
