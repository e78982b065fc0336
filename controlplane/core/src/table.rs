//! Typed tables over the store: intent is written by a named author with an audit entry, observations by a device.
//!
//! `Table<T, Intent>` takes part only in [`Writes`] made by [`Writes::by`], `Table<T, Observed>` only in those made by
//! [`Writes::observed`]: a device that writes intent does not compile. The vault's tables are written only with a proof that the act
//! stands in the audit.

use crate::acts::{ACTS, act_told};
use crate::audit::{Act, Noted};
use crate::error::{Error, Result};
use crate::store::{Batch, Expect, Key, Revision, Scope, SharedStore, Store, Write};
use model::id::TerritoryId;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::marker::PhantomData;

/// The kind of tables people and rules write.
#[derive(Debug)]
pub enum Intent {}
/// The kind of tables devices write.
#[derive(Debug)]
pub enum Observed {}

/// The kind of tables that hold identities, in the vault's own store.
#[derive(Debug)]
pub enum Vaulted {}

/// A kind of table. Writes of one kind take tables of that kind only, so that a device which writes intent does not compile.
pub trait Kind {
    /// Whether people and rules write it, which backups and exports keep.
    const INTENT: bool;
}

/// A kind of which entries are removed. What devices said is mostly replaced; what their users asked is forgotten once it is answered.
pub trait Removable: Kind {}

impl Kind for Intent {
    const INTENT: bool = true;
}

impl Kind for Observed {
    const INTENT: bool = false;
}

impl Kind for Vaulted {
    const INTENT: bool = true;
}

impl Removable for Intent {}

impl Removable for Observed {}

impl Removable for Vaulted {}

/// A table of one type.
#[derive(Debug)]
pub struct Table<T, Kind> {
    /// Its name in keys.
    pub name: &'static str,
    kind: PhantomData<fn() -> (T, Kind)>,
}

/// A value as read, with what a write expects.
#[derive(Clone, Debug)]
pub struct Row<T> {
    /// The id within the table.
    pub id: String,
    /// The value.
    pub value: T,
    /// When it was written.
    pub revision: Revision,
}

impl<T, Kind> Table<T, Kind> {
    /// A table of this name.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self { name, kind: PhantomData }
    }

    /// The key of an id.
    #[must_use]
    pub fn key(&self, territory: &TerritoryId, id: impl Into<String>) -> Key {
        Key { territory: territory.clone(), table: self.name, id: id.into() }
    }

    /// The scope of all ids with a prefix.
    #[must_use]
    pub fn scope(&self, territory: &TerritoryId, prefix: impl Into<String>) -> Scope {
        Scope { territory: territory.clone(), tables: vec![self.name], prefix: prefix.into() }
    }
}

impl<T: DeserializeOwned, Kind> Table<T, Kind> {
    /// The value at an id.
    ///
    /// # Errors
    /// `Unavailable` when the store fails or the value cannot be read.
    pub async fn get(
        &self,
        store: &dyn Store,
        territory: &TerritoryId,
        id: impl Into<String>,
    ) -> Result<Option<Row<T>>> {
        let key = self.key(territory, id);
        let Some(entry) = store.get(&key).await? else { return Ok(None) };
        Ok(Some(Row { value: self.decode(&key, &entry.value)?, id: key.id, revision: entry.revision }))
    }

    /// A page of values.
    ///
    /// # Errors
    /// `Unavailable` when the store fails or a value cannot be read.
    pub async fn page(&self, store: &dyn Store, scope: &Scope, after: &str, limit: usize) -> Result<Vec<Row<T>>> {
        let page = store.scan(scope, after, limit).await?;
        let rows = page.into_iter().map(|(key, entry)| {
            Ok(Row { value: self.decode(&key, &entry.value)?, id: key.id, revision: entry.revision })
        });
        rows.collect()
    }

    fn decode(&self, key: &Key, value: &[u8]) -> Result<T> {
        serde_json::from_slice(value)
            .map_err(|e| Error::unavailable(format!("the entry {}/{} cannot be read", self.name, key.id), e))
    }
}

/// Writes that take effect together.
#[derive(Debug)]
pub struct Writes<K> {
    territory: TerritoryId,
    batch: Batch,
    kind: PhantomData<fn() -> K>,
}

impl Writes<Intent> {
    /// Writes of a named author; they begin with the audit entry.
    ///
    /// # Errors
    /// `Invalid` when the act cannot be recorded.
    pub fn by(territory: &TerritoryId, act: &Act) -> Result<Self> {
        Self { territory: territory.clone(), batch: Batch::default(), kind: PhantomData }.also(act)
    }

    /// The same with one more act: what is done to many things at once is told of each.
    ///
    /// # Errors
    /// `Invalid` when the act cannot be recorded.
    pub fn also(mut self, act: &Act) -> Result<Self> {
        self.batch.appends.push(act.append(&self.territory)?);
        match act_told(act) {
            // The device that it was done to is told of it.
            Some((id, told)) => self.put(&ACTS, id, &told, Expect::Any),
            None => Ok(self),
        }
    }
}

impl Writes<Observed> {
    /// Writes about devices: what they say of themselves, what they were told, when they were heard. No act, so no audit.
    #[must_use]
    pub fn observed(territory: &TerritoryId) -> Self {
        Self { territory: territory.clone(), batch: Batch::default(), kind: PhantomData }
    }

    /// Writes an observation that exports hold, because others refer to it: it could not be asked of any one device again.
    pub(crate) fn kept<T: Serialize>(
        self,
        table: &Table<T, Observed>,
        id: impl Into<String>,
        value: &T,
        expect: Expect,
    ) -> Result<Self> {
        let mut writes = self.put(table, id, value, expect)?;
        writes.batch.writes.last_mut().into_iter().for_each(|write| write.intent = true);
        Ok(writes)
    }
}

impl Writes<Vaulted> {
    /// Writes to the vault, after what is done stands in the fleet's audit chain: the vault has no chain of its own.
    #[must_use]
    pub fn vaulted(territory: &TerritoryId, _noted: &Noted) -> Self {
        Self { territory: territory.clone(), batch: Batch::default(), kind: PhantomData }
    }
}

impl<K: Kind> Writes<K> {
    /// Writes a value.
    ///
    /// # Errors
    /// `Invalid` when the value cannot be written as JSON.
    pub fn put<T: Serialize>(
        mut self,
        table: &Table<T, K>,
        id: impl Into<String>,
        value: &T,
        expect: Expect,
    ) -> Result<Self> {
        let key = table.key(&self.territory, id);
        let value = serde_json::to_vec(value)
            .map_err(|e| Error::Invalid(format!("{}/{} cannot be written: {e}", key.table, key.id)))?;
        self.batch.writes.push(Write { key, expect, value: Some(value.into()), intent: K::INTENT });
        Ok(self)
    }

    /// Makes them durable.
    ///
    /// # Errors
    /// As [`Store::commit`].
    pub async fn commit(self, store: &SharedStore) -> Result<Revision> {
        store.commit(self.batch).await
    }
}

impl<K: Removable> Writes<K> {
    /// Removes a value.
    #[must_use]
    pub fn remove<T>(mut self, table: &Table<T, K>, id: impl Into<String>, expect: Expect) -> Self {
        let key = table.key(&self.territory, id);
        self.batch.writes.push(Write { key, expect, value: None, intent: K::INTENT });
        self
    }
}
