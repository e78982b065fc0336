//! The store: four verbs over revisioned entries, the same on every backend.
//!
//! No entity is named here, so a new noun touches no backend; every rule, index and list is written once, above.

use crate::error::Result;
use async_trait::async_trait;
use bytes::Bytes;
use model::id::TerritoryId;
use std::sync::Arc;

/// Counts commits of one store, from 1; an entry carries the revision of the commit that wrote it.
pub type Revision = u64;

/// The largest value, in bytes.
pub const VALUE_BYTES_MAX: usize = 4 * 1024 * 1024;
/// The longest id within a table, in bytes.
pub const ID_BYTES_MAX: usize = 256;
/// The most writes in one batch.
pub const BATCH_WRITES_MAX: usize = 1_500;
/// The most entries or changed keys one call answers with.
pub const PAGE_MAX: usize = 1_000;

/// Where an entry stands. There is no key and no scan without its territory.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// Whose it is.
    pub territory: TerritoryId,
    /// The table's name, of `a-z` and `_`.
    pub table: &'static str,
    /// The id within the table: 1 to [`ID_BYTES_MAX`] bytes, no zero byte.
    pub id: String,
}

/// A value and the revision at which it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The value, as committed.
    pub value: Bytes,
    /// The revision of the commit.
    pub revision: Revision,
}

/// What a scan or a watch covers: some tables of one territory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// Whose.
    pub territory: TerritoryId,
    /// Which tables; for a scan just one.
    pub tables: Vec<&'static str>,
    /// Only ids that begin so; empty for all.
    pub prefix: String,
}

/// What a write expects to find; a batch in which one expectation fails changes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expect {
    /// No entry.
    Absent,
    /// The entry as written at this revision.
    At(Revision),
    /// Whatever there is.
    Any,
}

/// One write of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Write {
    /// Where.
    pub key: Key,
    /// What must be there before.
    pub expect: Expect,
    /// The new value; `None` removes the entry.
    pub value: Option<Bytes>,
    /// Whether it is intent (kept for rebuilding a damaged store) or an observation (asked of the devices again).
    pub intent: bool,
}

/// One entry to be linked into a chain by the writer as it commits, so that acts do not conflict over the chain's head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Append {
    /// Whose chain.
    pub territory: TerritoryId,
    /// The chain's table; its ids are the sequence as 16 hexadecimal digits.
    pub table: &'static str,
    /// The entry; what is stored is [`model::chain::link`] of it.
    pub body: Bytes,
}

/// Writes and appends that take effect all together or not at all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Batch {
    /// The writes; a key at most once.
    pub writes: Vec<Write>,
    /// The chain entries.
    pub appends: Vec<Append>,
}

/// What happened since a revision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Changes {
    /// These keys were written, oldest first, each once; go on from `upto`.
    Keys {
        /// Every key within the scope written after the revision asked, up to and including `upto`.
        keys: Vec<Key>,
        /// The revision to ask from next.
        upto: Revision,
    },
    /// Too long ago to tell: scan again, then go on from `now`.
    Gone {
        /// The newest revision.
        now: Revision,
    },
}

/// A durable, revisioned map. Every backend passes [`crate::contract`].
#[async_trait]
pub trait Store: Send + Sync {
    /// The entry at a key, with everything acknowledged before the call.
    ///
    /// # Errors
    /// `Invalid` for an id out of its limits, `Unavailable` when the backend fails.
    async fn get(&self, key: &Key) -> Result<Option<Entry>>;

    /// Entries of the scope's one table with ids after `after` (exclusive, empty for the beginning), in the order of the ids' bytes, at most
    /// `limit` (and [`PAGE_MAX`]).
    ///
    /// # Errors
    /// `Invalid` unless the scope names one table, `Unavailable` when the backend fails.
    async fn scan(&self, scope: &Scope, after: &str, limit: usize) -> Result<Vec<(Key, Entry)>>;

    /// Writes a batch and answers with its revision once it is durable.
    ///
    /// # Errors
    /// `Conflict` with the first key whose expectation failed, `Invalid` for a batch out of its limits or a key named twice, `Unavailable` when it could not be made
    /// durable; in each case nothing was written.
    async fn commit(&self, batch: Batch) -> Result<Revision>;

    /// The keys of the scope written after `since`, waiting until there are some; never answers with no key.
    ///
    /// # Errors
    /// `Unavailable` when the store closes.
    async fn changes(&self, scope: &Scope, since: Revision, limit: usize) -> Result<Changes>;

    /// The newest durable revision.
    ///
    /// # Errors
    /// `Unavailable` when the backend fails.
    async fn revision(&self) -> Result<Revision>;

    /// How often this store was rebuilt or restored; part of every generation, so that devices follow a restored server.
    fn epoch(&self) -> u32;
}

/// A store shared by all who use it.
pub type SharedStore = Arc<dyn Store>;
