//! The embedded store alone: durable commits of a 2 KiB value by many callers.

use crate::meter::cpu;
use crate::row::Row;
use bytes::Bytes;
use controlplane_core::store::{Batch, Expect, Key, Store, Write};
use controlplane_store::{Config, Embedded};
use model::id::TerritoryId;
use std::sync::Arc;

const CALLERS: usize = 128;
const COMMITS_EACH: usize = 200;
const VALUE_BYTES: usize = 2048;

/// Commits per core-second of this process, which runs nothing else meanwhile.
pub(crate) async fn measure() -> Row {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (store, _) = Embedded::open(Config::new(folder.path())).expect("a store");
    let store = Arc::new(store);
    let territory: TerritoryId = "doubs".parse().expect("a territory");
    let before = cpu(std::process::id());
    let mut tasks = tokio::task::JoinSet::new();
    for caller in 0..CALLERS {
        let (store, territory) = (Arc::clone(&store), territory.clone());
        tasks.spawn(async move {
            for n in 0..COMMITS_EACH {
                // Not compressible, and another one each time.
                let value: Bytes = (0..VALUE_BYTES).map(|_| rand::random::<u8>()).collect();
                let key = Key { territory: territory.clone(), table: "section", id: format!("{caller}/{}", n % 50) };
                let write = Write { key, expect: Expect::Any, value: Some(value), intent: false };
                store.commit(Batch { writes: vec![write], appends: Vec::new() }).await.expect("durable");
            }
        });
    }
    tasks.join_all().await;
    let used = cpu(std::process::id()) - before;
    store.close().await.expect("it closes");
    let commits = (CALLERS * COMMITS_EACH) as f64;
    Row::more("store alone: durable 2 KiB commits, 128 callers", commits / used.as_secs_f64(), "/core-s")
        .within(5_000.0, 15_000.0)
}
