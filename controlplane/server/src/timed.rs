//! A store whose commits are timed: what callers wait for it is the first thing to look at when a server is slow. It also lets seats
//! forget what a commit of this server changes, before whoever committed is answered.

use crate::live::Live;
use crate::load::Load;
use crate::metrics::Metrics;
use crate::otlp::commit_span;
use async_trait::async_trait;
use controlplane_core::device::DEVICES;
use controlplane_core::store::{Batch, Changes, Entry, Key, Revision, Scope, SharedStore, Store};
use controlplane_core::{Error, Result};
use model::id::DeviceId;
use std::pin::Pin;
use std::sync::Arc;
use tracing::Instrument;

/// A store with a watch beside it.
pub(crate) struct Timed {
    store: SharedStore,
    metrics: Arc<Metrics>,
    load: Arc<Load>,
    live: Arc<Live>,
}

impl Timed {
    /// The same store, timed.
    pub(crate) fn of(store: SharedStore, metrics: Arc<Metrics>, load: Arc<Load>, live: Arc<Live>) -> SharedStore {
        Arc::new(Self { store, metrics, load, live })
    }
}

#[async_trait]
impl Store for Timed {
    // Written out as `async_trait` expects it: each check-in reads, and would pay for a second boxed future.
    fn get<'a, 'b, 'f>(&'a self, key: &'b Key) -> Pin<Box<dyn Future<Output = Result<Option<Entry>>> + Send + 'f>>
    where
        'a: 'f,
        'b: 'f,
        Self: 'f,
    {
        self.store.get(key)
    }

    async fn scan(&self, scope: &Scope, after: &str, limit: usize) -> Result<Vec<(Key, Entry)>> {
        self.store.scan(scope, after, limit).await
    }

    async fn commit(&self, batch: Batch) -> Result<Revision> {
        let writing = self.load.writing();
        let records = records(&batch);
        let committed = self.store.commit(batch).instrument(commit_span()).await;
        // Whatever became of it: that may not be known.
        records.into_iter().for_each(|device| self.live.recorded(device));
        match &committed {
            Ok(_) => self.metrics.commit(writing.waited()),
            Err(Error::Unavailable { .. }) => self.metrics.commit_failed(),
            Err(_) => {}
        }
        committed
    }

    async fn changes(&self, scope: &Scope, since: Revision, limit: usize) -> Result<Changes> {
        self.store.changes(scope, since, limit).await
    }

    async fn revision(&self) -> Result<Revision> {
        self.store.revision().await
    }

    fn epoch(&self) -> u32 {
        self.store.epoch()
    }
}

/// The devices whose records are written.
fn records(batch: &Batch) -> Vec<DeviceId> {
    let keys = batch.writes.iter().map(|write| &write.key).filter(|key| key.table == DEVICES.name);
    keys.filter_map(|key| key.id.parse().ok()).collect()
}
