//! The store on one machine: sled for reading, a journal for keeping, one thread that writes.

mod keeper;
mod opening;
mod verifier;
mod writer;

pub(crate) use opening::Replay;
pub use opening::{Opened, Torn};

use crate::encoding::{Applied, key_bytes, key_of, key_parts};
use crate::error::{Error, Result};
use crate::folder::Folder;
use crate::tree::Tree;
use async_trait::async_trait;
use controlplane_core::error::{Error as CoreError, Result as CoreResult};
use controlplane_core::limits::{batch_check, key_check, scan_check};
use controlplane_core::memory::HISTORY;
use controlplane_core::recent::Recent;
use controlplane_core::store::{Batch, Changes, Entry, Key, PAGE_MAX, Revision, Scope, Store};
use std::fs::File;
use std::ops::Bound;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use tokio::sync::{mpsc, oneshot};
use verifier::Verifying;
use writer::Request;

/// Commits that wait for the writer; more callers wait before the queue.
const QUEUE: usize = 1_024;
/// A page so small that reading it is not worth another thread.
const INLINE: usize = 32;

/// Where the store lies and what it may use.
#[derive(Clone, Debug)]
pub struct Config {
    /// The data folder, held by one process at a time.
    pub folder: PathBuf,
    /// Memory for sled's page cache, in bytes.
    pub cache_bytes: u64,
    /// Commits are refused while the disk has fewer free bytes, because sled does not outlive a full one.
    pub free_floor_bytes: u64,
    /// How many changed keys are remembered for those who ask what changed.
    pub history: usize,
    /// A journal file is closed and the next begun at this size, in bytes.
    pub segment_bytes: u64,
    /// So many closed journal files call for an export of the intent, after which older ones go.
    pub segments_kept: usize,
    /// Whether an export waits until there is as much journal as the last one was large, so that a large store is not exported all day.
    pub exports_grow: bool,
    /// Whether everything is read once while the store is in use already: what [`crate::probe_need`] says may be done later.
    pub verify: bool,
}

impl Config {
    /// The usual sizes, in this folder.
    #[must_use]
    pub fn new(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
            cache_bytes: 256 * 1024 * 1024,
            free_floor_bytes: 256 * 1024 * 1024,
            history: HISTORY,
            segment_bytes: 8 * 1024 * 1024,
            segments_kept: 2,
            exports_grow: true,
            verify: false,
        }
    }
}

/// The durable store on sled.
pub struct Embedded {
    shared: Arc<Shared>,
    requests: Option<mpsc::Sender<Request>>,
    writer: Mutex<Option<JoinHandle<()>>>,
}

struct Shared {
    tree: Tree,
    recent: Recent,
    epoch: u32,
    folder: Folder,
    quiet: Quiet,
    verifying: Verifying,
    _lock: File,
}

/// Lets somebody read while nothing is written. Two locks, so that a busy writer does not keep the reader waiting for ever: who wants
/// `work` holds `door` until it has it.
#[derive(Default)]
struct Quiet {
    door: Mutex<()>,
    work: Mutex<()>,
}

impl Quiet {
    fn hold(&self) -> MutexGuard<'_, ()> {
        let _door = self.door.lock().unwrap_or_else(PoisonError::into_inner);
        self.work.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Embedded {
    /// Opens the store, or makes it in a new folder, and says what it found. A store that was not closed in order may be damaged in a way
    /// that ends the process: [`crate::probe()`] it first, in a child process.
    ///
    /// # Errors
    /// [`Error::InUse`], [`Error::ReadOnly`], [`Error::Damaged`] (then [`crate::rebuild()`] it), [`Error::Journal`], [`Error::Newer`] and
    /// [`Error::Io`].
    pub fn open(config: Config) -> Result<(Self, Opened)> {
        opening::open(config)
    }

    /// Takes no more commits, finishes those it has, makes everything outlive a power cut and marks the folder as closed in order.
    ///
    /// # Errors
    /// [`Error::Io`], and [`Error::Ended`] when the writer is gone already; the journal still holds what was acknowledged.
    pub async fn close(&self) -> Result<()> {
        let (answer, answered) = oneshot::channel();
        let requests = self.requests.as_ref().ok_or(Error::Ended)?;
        requests.send(Request::Close(answer)).await.map_err(|_| Error::Ended)?;
        answered.await.map_err(|_| Error::Ended)?
    }

    /// Whether the writer still writes: it answers after the commits that came before, so the answer is late when these are, and
    /// never comes when it hangs. After a fault that only a restart can mend it is no.
    pub async fn alive(&self) -> bool {
        let (answer, answered) = oneshot::channel();
        let Some(requests) = &self.requests else { return false };
        requests.send(Request::Ask(answer)).await.is_ok() && answered.await.unwrap_or(false)
    }

    /// Runs something on the entries while nothing is written; commits wait for it.
    pub(crate) fn quietly<T>(&self, run: impl FnOnce(&Tree, Applied) -> Result<T>) -> Result<T> {
        let _held = self.shared.quiet.hold();
        run(&self.shared.tree, self.shared.tree.applied()?)
    }

    fn start(shared: Shared, config: &Config, applied: Applied, journal: crate::journal::Journal) -> Result<Self> {
        let shared = Arc::new(shared);
        let (requests, queue) = mpsc::channel(QUEUE);
        let writer = writer::start(Arc::clone(&shared), config, applied, journal, queue)?;
        Ok(Self { shared, requests: Some(requests), writer: Mutex::new(Some(writer)) })
    }
}

impl Drop for Embedded {
    fn drop(&mut self) {
        self.requests = None;
        if let Some(writer) = self.writer.get_mut().unwrap_or_else(PoisonError::into_inner).take() {
            let _ = writer.join();
        }
    }
}

#[async_trait]
impl Store for Embedded {
    async fn get(&self, key: &Key) -> CoreResult<Option<Entry>> {
        key_check(key)?;
        let found = self.shared.tree.get(&key_bytes(key))?;
        Ok(found.map(|stored| Entry { value: stored.value, revision: stored.revision }))
    }

    async fn scan(&self, scope: &Scope, after: &str, limit: usize) -> CoreResult<Vec<(Key, Entry)>> {
        let table = scan_check(scope, after)?;
        let limit = limit.min(PAGE_MAX);
        let at = |id: &str| key_of(scope.territory.as_str(), table, id);
        let prefix = at(&scope.prefix);
        let (from, behind) = if after < scope.prefix.as_str() { (prefix.clone(), false) } else { (at(after), true) };
        let tree = self.shared.tree.clone();
        let read = move || {
            let from = if behind { Bound::Excluded(from.as_slice()) } else { Bound::Included(from.as_slice()) };
            tree.scan(from, &prefix, limit)
        };
        let found = if limit <= INLINE {
            read()?
        } else {
            let joined = tokio::task::spawn_blocking(read).await;
            joined.map_err(|error| CoreError::unavailable("reading the store failed: restart the server", error))??
        };
        let keyed = found.into_iter().map(|(bytes, stored)| {
            let (_, _, id) = key_parts(&bytes).ok_or_else(unreadable)?;
            let key = Key { territory: scope.territory.clone(), table, id: id.to_owned() };
            Ok((key, Entry { value: stored.value, revision: stored.revision }))
        });
        keyed.collect()
    }

    async fn commit(&self, batch: Batch) -> CoreResult<Revision> {
        batch_check(&batch)?;
        let (answer, answered) = oneshot::channel();
        let requests = self.requests.as_ref().ok_or_else(closed)?;
        requests.send(Request::Commit(batch, answer)).await.map_err(|_| closed())?;
        answered.await.map_err(|_| unknown())?
    }

    async fn changes(&self, scope: &Scope, since: Revision, limit: usize) -> CoreResult<Changes> {
        self.shared.recent.changes(scope, since, limit).await
    }

    async fn revision(&self) -> CoreResult<Revision> {
        Ok(self.shared.recent.newest())
    }

    fn epoch(&self) -> u32 {
        self.shared.epoch
    }
}

fn closed() -> CoreError {
    CoreError::Unavailable { reason: "the store is closing: try again in a moment".to_owned(), source: None }
}

fn unknown() -> CoreError {
    let reason = "the store's writer has ended, and whether this was written is not known: restart the server and look";
    tracing::error!(error = reason);
    CoreError::Unavailable { reason: reason.to_owned(), source: None }
}

fn unreadable() -> CoreError {
    let reason = "a key in the store cannot be read: restart the server";
    tracing::error!(error = reason);
    CoreError::Unavailable { reason: reason.to_owned(), source: None }
}
