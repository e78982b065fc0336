//! The thread that reads everything once after a kill, while the store is in use: a start does not wait for it.
//!
//! It reads a page at a time while nothing is written, and the writer tells it what changed behind it, so that in the end its sum is that of
//! one moment. A store that fails is written no more; the next start sees the mark of doubt, probes it in a child process and rebuilds it.

use super::Shared;
use crate::encoding::{Applied, Tally};
use crate::error::{Error, Result};
use controlplane_core::store::Revision;
use std::ops::Bound;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// So many entries are read while commits wait.
const PAGE: usize = 256;
/// A rest between two pages: commits come first.
const REST: Duration = Duration::from_millis(1);

/// How far the reading is.
#[derive(Default)]
pub(super) struct Verifying {
    reading: Mutex<Option<Reading>>,
    doubted: AtomicBool,
    stopped: AtomicBool,
}

struct Reading {
    /// The last key that was read.
    upto: Vec<u8>,
    seen: Tally,
}

impl Verifying {
    /// Whether the store turned out to be damaged.
    pub(super) fn doubted(&self) -> bool {
        self.doubted.load(Ordering::Relaxed)
    }

    /// A key that was read already has changed.
    pub(super) fn changed(&self, key: &[u8], before: Option<Revision>, after: Option<Revision>) {
        let mut reading = self.reading();
        let Some(reading) = reading.as_mut().filter(|reading| key <= reading.upto.as_slice()) else { return };
        before.into_iter().for_each(|revision| reading.seen.remove(key, revision));
        after.into_iter().for_each(|revision| reading.seen.add(key, revision));
    }

    fn reading(&self) -> MutexGuard<'_, Option<Reading>> {
        self.reading.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Begins to read.
pub(super) fn start(shared: &Arc<Shared>) -> Result<JoinHandle<()>> {
    *shared.verifying.reading() = Some(Reading { upto: Vec::new(), seen: Tally::default() });
    let shared = Arc::clone(shared);
    let thread = thread::Builder::new().name("store-verifier".to_owned()).spawn(move || {
        // A damaged sled may panic.
        let read = catch_unwind(AssertUnwindSafe(|| read(&shared)));
        *shared.verifying.reading() = None;
        match read.unwrap_or(Err(Error::Ended)) {
            Ok(true) => match shared.folder.doubt_clear() {
                Ok(()) => tracing::info!("the store was read whole after it was not closed in order; nothing is missing"),
                Err(error) => tracing::warn!(%error, "that the store is whole could not be noted"),
            },
            Ok(false) => {}
            Err(error) => {
                tracing::error!(%error, "the store is damaged; nothing is written until the server is restarted, which mends it");
                shared.verifying.doubted.store(true, Ordering::Relaxed);
            }
        }
    });
    thread.map_err(|_| Error::Ended)
}

/// Ends it, done or not: what is not done is done after the next start.
pub(super) fn stop(shared: &Shared, thread: JoinHandle<()>) {
    shared.verifying.stopped.store(true, Ordering::Relaxed);
    let _ = thread.join();
}

/// Whether it came to the end.
fn read(shared: &Shared) -> Result<bool> {
    while !shared.verifying.stopped.load(Ordering::Relaxed) {
        if page(shared)? {
            return Ok(true);
        }
        thread::sleep(REST);
    }
    Ok(false)
}

/// Reads a page; says whether it was the last, and all that was written is there.
fn page(shared: &Shared) -> Result<bool> {
    let _held = shared.quiet.hold();
    let mut reading = shared.verifying.reading();
    let Some(reading) = reading.as_mut() else { return Ok(false) };
    let from = if reading.upto.is_empty() { Bound::Unbounded } else { Bound::Excluded(reading.upto.clone()) };
    let seen = &mut reading.seen;
    let last = shared.tree.some(from.as_ref().map(Vec::as_slice), PAGE, |key, revision| seen.add(key, revision))?;
    if let Some(last) = last {
        reading.upto = last;
        return Ok(false);
    }
    let Applied { tally, .. } = shared.tree.applied()?;
    if tally == reading.seen { Ok(true) } else { Err(shared.tree.missing(reading.seen, tally)) }
}
