//! The thread that keeps the journal short: it makes sled durable, exports the intent, and drops what the older export covers.

use super::Shared;
use crate::error::{Error, Result};
use crate::export::{Kind, snapshot_newest, snapshot_write, snapshots_forget};
use crate::journal::{segments, segments_forget};
use controlplane_core::store::Revision;
use std::fs;
use std::path::Path;
use std::sync::{Arc, mpsc};
use std::thread::{self, JoinHandle};

/// How much journal is kept beside an export.
#[derive(Clone, Copy)]
pub(super) struct Kept {
    /// So many closed files at least.
    pub(super) segments: usize,
    /// And as much as the export is large.
    pub(super) grows: bool,
}

pub(super) struct Keeper {
    begun: mpsc::Sender<Revision>,
    thread: JoinHandle<()>,
}

impl Keeper {
    pub(super) fn start(shared: &Arc<Shared>, kept: Kept, floor_bytes: u64) -> Result<Self> {
        let (begun, news) = mpsc::channel();
        let shared = Arc::clone(shared);
        let thread = thread::Builder::new().name("store-keeper".to_owned()).spawn(move || {
            while news.recv().is_ok() {
                while news.try_recv().is_ok() {}
                if let Err(error) = keep(&shared, kept, floor_bytes) {
                    // Nothing is lost: the journal grows until it succeeds.
                    tracing::warn!(error = %error, "the journal could not be shortened; tried again at its next file");
                }
            }
        });
        Ok(Self { begun, thread: thread.map_err(|_| Error::Ended)? })
    }

    /// A journal file was begun, so that the one before it is complete.
    pub(super) fn begun(&self, first: Revision) {
        let _ = self.begun.send(first);
    }

    pub(super) fn finish(self) {
        drop(self.begun);
        let _ = self.thread.join();
    }
}

fn keep(shared: &Shared, kept: Kept, floor_bytes: u64) -> Result<()> {
    shared.tree.sync()?;
    let newest = snapshot_newest(&shared.folder)?;
    let since = newest.as_ref().map_or(0, |snapshot| snapshot.revision);
    let closed: Vec<_> =
        segments(&shared.folder.journal())?.into_iter().filter(|segment| segment.first > since).collect();
    if closed.len() <= kept.segments {
        return Ok(());
    }
    // A store of a million devices is exported as seldom as its journal takes to grow as large as the export: each byte is then written
    // three times, whatever its size.
    if let Some(newest) = newest.filter(|_| kept.grows) {
        let sizes = closed.iter().map(|segment| size_of(&segment.path)).collect::<Result<Vec<_>>>()?;
        if sizes.into_iter().fold(0, u64::saturating_add) < size_of(&newest.path)? {
            return Ok(());
        }
    }
    // Written while commits go on: it may hold some of what came later, and the journal from its revision on sets all of that right.
    room_check(shared, floor_bytes)?;
    let applied = shared.tree.applied()?;
    snapshot_write(&shared.folder, &shared.tree, applied, Kind::Intent)?;
    // The entries must have reached the disk up to where the journal is cut.
    shared.tree.sync()?;
    // Journal is kept from the older of two exports on, so that one bad export is not the end.
    if let Some(oldest) = snapshots_forget(&shared.folder)? {
        segments_forget(&shared.folder.journal(), oldest)?;
    }
    Ok(())
}

/// An export must not fill the disk under sled: it needs about what the last one did, or at most the entries' size.
fn room_check(shared: &Shared, floor_bytes: u64) -> Result<()> {
    let like = match snapshot_newest(&shared.folder)? {
        Some(newest) => newest.path,
        None => shared.folder.entries().join("db"),
    };
    let size = size_of(&like)?;
    shared.folder.room_check(floor_bytes.saturating_add(size))
}

fn size_of(path: &Path) -> Result<u64> {
    fs::metadata(path).map(|meta| meta.len()).map_err(Error::io("asking the size of", path))
}
