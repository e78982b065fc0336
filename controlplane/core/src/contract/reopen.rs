//! A durable store closed and opened again.

use super::{act, batch, chains, cut, key, put, scope};
use crate::error::Error;
use crate::store::{Batch, Changes, Expect, PAGE_MAX, SharedStore};
use std::future::Future;

/// Opens a store, writes, closes it, opens it again and finds everything; `open` answers with the same folder's store each time and
/// `close` ends it and all it holds.
///
/// # Panics
/// When the store breaks the contract.
pub async fn reopen<O, OFut, C, CFut>(open: O, close: C)
where
    O: Fn() -> OFut,
    OFut: Future<Output = SharedStore>,
    C: Fn(SharedStore) -> CFut,
    CFut: Future<Output = ()>,
{
    let within = scope("a", &["x"], "");
    let (mut before, mut revision, mut epoch) = (Vec::new(), 0, None);
    for round in 0_u64..4 {
        let store = open().await;
        assert_eq!(*epoch.get_or_insert(store.epoch()), store.epoch(), "a restart is no restore");
        assert_eq!(store.revision().await.unwrap(), revision, "round {round}");
        assert_eq!(store.scan(&within, "", PAGE_MAX).await.unwrap(), before, "round {round}");
        for i in 0..5 {
            let name = format!("{round}-{i}");
            let next = Batch {
                writes: vec![put(key("a", "x", &name), Expect::Absent, &name)],
                appends: vec![act("a", "acts", &format!("{{\"at\":\"{name}\"}}"))],
            };
            assert_eq!(store.commit(next).await.unwrap(), revision + 1, "revisions go on");
            revision += 1;
        }
        let gone = key("a", "x", &format!("{round}-0"));
        revision = store.commit(batch([cut(gone.clone(), Expect::Any)])).await.unwrap();
        let again = store.commit(batch([put(key("a", "x", &format!("{round}-1")), Expect::Absent, "v")])).await;
        assert!(matches!(again, Err(Error::Conflict(_))));
        assert_eq!(chains::length(&store, "a", "acts").await, (round + 1) * 5, "the chain goes on");
        let changes = store.changes(&within, revision - 1, 10).await.unwrap();
        assert_eq!(changes, Changes::Keys { keys: vec![gone], upto: revision });
        before = store.scan(&within, "", PAGE_MAX).await.unwrap();
        close(store).await;
    }
}
