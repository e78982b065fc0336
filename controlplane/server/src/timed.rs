//! A store whose commits are timed: what callers wait for it is the first thing to look at when a server is slow.

use crate::load::Load;
use crate::metrics::Metrics;
use crate::otlp::commit_span;
use async_trait::async_trait;
use controlplane_core::store::{Batch, Changes, Entry, Key, Revision, Scope, SharedStore, Store};
use controlplane_core::{Error, Result};
use std::pin::Pin;
use std::sync::Arc;
use tracing::Instrument;

/// A store with a watch beside it.
pub(crate) struct Timed {
    store: SharedStore,
    metrics: Arc<Metrics>,
    load: Arc<Load>,
}

impl Timed {
    /// The same store, timed.
    pub(crate) fn of(store: SharedStore, metrics: Arc<Metrics>, load: Arc<Load>) -> SharedStore {
        Arc::new(Self { store, metrics, load })
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
        let committed = self.store.commit(batch).instrument(commit_span()).await;
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
