//! A store in memory: what tests and simulations run on; it forgets everything when it is dropped.

use crate::error::{Error, Result};
use crate::limits::{batch_check, key_check, scan_check};
use crate::recent::Recent;
use crate::store::{Batch, Changes, Entry, Expect, Key, PAGE_MAX, Revision, Scope, Store, Write};
use async_trait::async_trait;
use bytes::Bytes;
use model::chain::{self, Tip};
use model::id::TerritoryId;
use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How many changed keys a store remembers for those who ask what changed, unless told otherwise.
pub const HISTORY: usize = 65_536;

/// A store in memory.
pub struct Memory {
    state: Mutex<State>,
    recent: Recent,
}

#[derive(Default)]
struct State {
    entries: BTreeMap<Key, Entry>,
    tips: BTreeMap<(TerritoryId, &'static str), Tip>,
    revision: Revision,
}

impl Memory {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::with_history(HISTORY)
    }

    /// An empty store that remembers only so many changed keys, so that a test sees [`Changes::Gone`].
    #[must_use]
    pub fn with_history(history: usize) -> Self {
        Self { state: Mutex::default(), recent: Recent::new(history, 0) }
    }

    /// Ends every wait for changes, as a store that closes does.
    pub fn close(&self) {
        self.recent.close();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Memory {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl Store for Memory {
    async fn get(&self, key: &Key) -> Result<Option<Entry>> {
        key_check(key)?;
        Ok(self.state().entries.get(key).cloned())
    }

    async fn scan(&self, scope: &Scope, after: &str, limit: usize) -> Result<Vec<(Key, Entry)>> {
        let table = scan_check(scope, after)?;
        let at = |id: &str| Key { territory: scope.territory.clone(), table, id: id.to_owned() };
        let from =
            if after < scope.prefix.as_str() { Bound::Included(at(&scope.prefix)) } else { Bound::Excluded(at(after)) };
        let within =
            |key: &Key| key.territory == scope.territory && key.table == table && key.id.starts_with(&scope.prefix);
        let state = self.state();
        let found = state.entries.range((from, Bound::Unbounded)).take_while(|(key, _)| within(key));
        Ok(found.take(limit.min(PAGE_MAX)).map(|(key, entry)| (key.clone(), entry.clone())).collect())
    }

    async fn commit(&self, batch: Batch) -> Result<Revision> {
        batch_check(&batch)?;
        let mut state = self.state();
        let (revision, keys) = state.commit(batch)?;
        // Told under the lock, so that commits are told in their order.
        self.recent.tell([(revision, keys)]);
        Ok(revision)
    }

    async fn changes(&self, scope: &Scope, since: Revision, limit: usize) -> Result<Changes> {
        self.recent.changes(scope, since, limit).await
    }

    async fn revision(&self) -> Result<Revision> {
        Ok(self.state().revision)
    }

    fn epoch(&self) -> u32 {
        1
    }
}

impl State {
    fn commit(&mut self, batch: Batch) -> Result<(Revision, Vec<Key>)> {
        if let Some(write) = batch.writes.iter().find(|write| !self.expected(write)) {
            return Err(Error::Conflict(write.key.clone()));
        }
        let mut tips = BTreeMap::new();
        let mut links = Vec::new();
        for append in &batch.appends {
            let chain = (append.territory.clone(), append.table);
            let tip = tips.entry(chain.clone()).or_insert_with(|| self.tips.get(&chain).copied().unwrap_or_default());
            let (id, link) = chain::link(tip, &append.body).map_err(|error| Error::Invalid(error.to_string()))?;
            links.push((Key { territory: append.territory.clone(), table: append.table, id }, Some(link)));
        }
        self.tips.extend(tips);
        self.revision += 1;
        let writes = batch.writes.into_iter().map(|write| (write.key, write.value)).chain(links);
        Ok((self.revision, writes.map(|(key, value)| self.put(key, value)).collect()))
    }

    fn expected(&self, write: &Write) -> bool {
        let there = self.entries.get(&write.key).map(|entry| entry.revision);
        match write.expect {
            Expect::Absent => there.is_none(),
            Expect::At(revision) => there == Some(revision),
            Expect::Any => true,
        }
    }

    fn put(&mut self, key: Key, value: Option<Bytes>) -> Key {
        match value {
            Some(value) => self.entries.insert(key.clone(), Entry { value, revision: self.revision }),
            None => self.entries.remove(&key),
        };
        key
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn keeps_the_contract() {
        crate::contract::contract(|history| async move { Arc::new(Memory::with_history(history)) as _ }).await;
    }

    #[tokio::test]
    async fn a_wait_ends_when_the_store_closes() {
        let memory = Arc::new(Memory::new());
        let scope = Scope { territory: "a".parse().unwrap(), tables: vec!["x"], prefix: String::new() };
        let waiting = tokio::spawn({
            let memory = Arc::clone(&memory);
            async move { memory.changes(&scope, 0, 10).await }
        });
        tokio::task::yield_now().await;
        memory.close();
        assert!(matches!(waiting.await.unwrap(), Err(Error::Unavailable { .. })));
    }
}
