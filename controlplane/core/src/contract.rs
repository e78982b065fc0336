//! What every store must do: one suite, called by the tests of each backend.
//!
//! It is compiled always, because the backends live in other crates; nothing but tests calls it. It panics with what was broken.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a broken contract is told by a panic")]

mod chains;
mod entries;
mod limits;
mod model;
mod reopen;
mod watch;
mod writers;

pub use reopen::reopen;

use crate::store::{Append, Batch, Expect, Key, Scope, SharedStore, Write};
use ::model::id::TerritoryId;
use bytes::Bytes;
use std::future::Future;

/// Enough changed keys remembered for every case but the one about forgetting.
const HISTORY: usize = 100_000;

/// Runs the suite; `open` makes a new, empty store that remembers so many changed keys. Call it on a runtime of several threads.
///
/// # Panics
/// When the store breaks the contract.
pub async fn contract<F, Fut>(open: F)
where
    F: Fn(usize) -> Fut,
    Fut: Future<Output = SharedStore>,
{
    entries::expectations(open(HISTORY).await).await;
    entries::all_or_nothing(open(HISTORY).await).await;
    entries::scans(open(HISTORY).await).await;
    entries::territories(open(HISTORY).await).await;
    limits::refused(open(HISTORY).await).await;
    limits::reached(open(HISTORY).await).await;
    watch::waits(open(HISTORY).await).await;
    watch::names_exactly(open(HISTORY).await).await;
    watch::pages(open(HISTORY).await).await;
    watch::gone(open(4).await).await;
    writers::increments(open(HISTORY).await).await;
    writers::lent_once(open(HISTORY).await).await;
    chains::linked(open(HISTORY).await).await;
    chains::refused(open(HISTORY).await).await;
    for seed in 1..=4 {
        model::random(open(HISTORY).await, seed).await;
    }
}

fn territory(slug: &str) -> TerritoryId {
    slug.parse().expect("a slug")
}

fn key(slug: &str, table: &'static str, id: &str) -> Key {
    Key { territory: territory(slug), table, id: id.to_owned() }
}

fn scope(slug: &str, tables: &[&'static str], prefix: &str) -> Scope {
    Scope { territory: territory(slug), tables: tables.to_vec(), prefix: prefix.to_owned() }
}

fn put(key: Key, expect: Expect, value: &str) -> Write {
    Write { key, expect, value: Some(Bytes::copy_from_slice(value.as_bytes())), intent: true }
}

fn cut(key: Key, expect: Expect) -> Write {
    Write { key, expect, value: None, intent: true }
}

fn batch(writes: impl IntoIterator<Item = Write>) -> Batch {
    Batch { writes: writes.into_iter().collect(), appends: Vec::new() }
}

fn act(slug: &str, table: &'static str, body: &str) -> Append {
    Append { territory: territory(slug), table, body: Bytes::copy_from_slice(body.as_bytes()) }
}

async fn value(store: &SharedStore, key: &Key) -> Option<String> {
    let entry = store.get(key).await.expect("get");
    entry.map(|entry| String::from_utf8(entry.value.to_vec()).expect("text"))
}

async fn ids(store: &SharedStore, scope: &Scope, after: &str, limit: usize) -> Vec<String> {
    store.scan(scope, after, limit).await.expect("scan").into_iter().map(|(key, _)| key.id).collect()
}
