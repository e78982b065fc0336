//! A store whose values are sealed: what lies on the disk, in the journal and in exports is unreadable without the key.
//!
//! It wraps any store, so that the vault is as durable as the fleet. Each value is sealed together with its place: one that is moved to
//! another key does not open. Keys stay readable, and so must hold nothing of a person but a reference.

mod key;

pub use key::{KeyError, VaultKey};

use crate::error::Result;
use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use controlplane_core::error::{Error as CoreError, Result as CoreResult};
use controlplane_core::store::{Batch, Changes, Entry, Key, Revision, Scope, SharedStore, Store};
use key::Sealer;
use std::sync::Arc;

/// A sealed value's length is a multiple of so many bytes, so that it does not tell a short name from a long one.
const GRAIN: usize = 256;

/// The wrapper.
pub struct Sealed {
    inner: SharedStore,
    sealer: Sealer,
}

impl Sealed {
    /// The same store, whose values this key seals.
    ///
    /// # Errors
    /// [`crate::Error::Key`] when the key cannot be used.
    pub fn over(inner: SharedStore, key: &VaultKey) -> Result<SharedStore> {
        Ok(Arc::new(Self { inner, sealer: key.sealer()? }))
    }

    fn open(&self, key: &Key, entry: Entry) -> CoreResult<Entry> {
        let opened = value_open(&self.sealer, key, &entry.value).ok_or_else(|| unopened(key))?;
        Ok(Entry { value: opened, revision: entry.revision })
    }
}

#[async_trait]
impl Store for Sealed {
    async fn get(&self, key: &Key) -> CoreResult<Option<Entry>> {
        self.inner.get(key).await?.map(|entry| self.open(key, entry)).transpose()
    }

    async fn scan(&self, scope: &Scope, after: &str, limit: usize) -> CoreResult<Vec<(Key, Entry)>> {
        let found = self.inner.scan(scope, after, limit).await?;
        found.into_iter().map(|(key, entry)| self.open(&key, entry).map(|entry| (key, entry))).collect()
    }

    async fn commit(&self, mut batch: Batch) -> CoreResult<Revision> {
        // A chain is linked by the writer, which sees its bodies: the vault's acts stand in the fleet's chain.
        if !batch.appends.is_empty() {
            return Err(CoreError::Invalid("a sealed store has no chain".to_owned()));
        }
        for write in &mut batch.writes {
            if let Some(value) = &write.value {
                let sealed = value_seal(&self.sealer, &write.key, value);
                write.value = Some(sealed.ok_or_else(|| CoreError::Invalid("a value cannot be sealed".to_owned()))?);
            }
        }
        self.inner.commit(batch).await
    }

    async fn changes(&self, scope: &Scope, since: Revision, limit: usize) -> CoreResult<Changes> {
        self.inner.changes(scope, since, limit).await
    }

    async fn revision(&self) -> CoreResult<Revision> {
        self.inner.revision().await
    }

    fn epoch(&self) -> u32 {
        self.inner.epoch()
    }
}

/// A JSON string of base64: the journal tells a torn record from a value by this, and exports hold JSON.
fn value_seal(sealer: &Sealer, key: &Key, value: &[u8]) -> Option<Bytes> {
    let mut plain = u32::try_from(value.len()).ok()?.to_le_bytes().to_vec();
    plain.extend_from_slice(value);
    plain.resize(plain.len().next_multiple_of(GRAIN), 0);
    let sealed = sealer.seal(&place(key), plain)?;
    Some(Bytes::from(format!("\"{}\"", STANDARD.encode(sealed))))
}

fn value_open(sealer: &Sealer, key: &Key, sealed: &[u8]) -> Option<Bytes> {
    let text = sealed.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
    let plain = sealer.open(&place(key), STANDARD.decode(text).ok()?)?;
    let (length, rest) = plain.split_first_chunk()?;
    let value = rest.get(..usize::try_from(u32::from_le_bytes(*length)).ok()?)?;
    Some(Bytes::copy_from_slice(value))
}

/// Where a value belongs. Neither part but the last may hold a zero byte.
fn place(key: &Key) -> Vec<u8> {
    format!("cartable vault entry v1\0{}\0{}\0{}", key.territory, key.table, key.id).into_bytes()
}

fn unopened(key: &Key) -> CoreError {
    let reason = format!(
        "an entry of the vault ({}/{}) does not open: it was changed or moved on the disk, or sealed with another key",
        key.table, key.id
    );
    tracing::error!(error = reason);
    CoreError::Unavailable { reason, source: None }
}

#[cfg(test)]
mod tests;
