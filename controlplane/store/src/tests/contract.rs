use super::{all, batch, config, expected, filled, open};
use crate::{Config, Embedded};
use controlplane_core::contract;
use controlplane_core::store::{SharedStore, Store};
use std::sync::{Arc, Mutex};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sled_keeps_the_contract() {
    let folder = tempfile::tempdir().unwrap();
    let count = std::sync::atomic::AtomicU32::new(0);
    contract::contract(|history| {
        let n = count.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        let config = Config { history, ..config(&folder.path().join(n.to_string())) };
        async move { Arc::new(Embedded::open(config).unwrap().0) as SharedStore }
    })
    .await;
}

/// With journal files so small that each group begins one, so that the keeper exports and drops journal all the time.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sled_keeps_the_contract_while_the_journal_is_shortened() {
    let folder = tempfile::tempdir().unwrap();
    let count = std::sync::atomic::AtomicU32::new(0);
    contract::contract(|history| {
        let n = count.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        let config = config(&folder.path().join(n.to_string()));
        let config = Config { history, segment_bytes: 1, segments_kept: 1, ..config };
        async move { Arc::new(Embedded::open(config).unwrap().0) as SharedStore }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn everything_is_there_after_a_restart() {
    for orderly in [true, false] {
        let folder = tempfile::tempdir().unwrap();
        let opened: Mutex<Option<Arc<Embedded>>> = Mutex::new(None);
        contract::reopen(
            || async {
                let store = Arc::new(open(folder.path()).0);
                *opened.lock().unwrap() = Some(Arc::clone(&store));
                store as SharedStore
            },
            |shared| {
                let store = opened.lock().unwrap().take().unwrap();
                async move {
                    if orderly {
                        store.close().await.unwrap();
                    }
                    drop((shared, store));
                }
            },
        )
        .await;
        assert_eq!(crate::probe_due(folder.path()).unwrap(), !orderly);
    }
}

#[tokio::test]
async fn closed_in_order_needs_no_probe_and_takes_no_more() {
    let folder = tempfile::tempdir().unwrap();
    assert!(!crate::probe_due(folder.path()).unwrap(), "a new folder");
    let store = filled(folder.path(), 30).await;
    assert!(crate::probe_due(folder.path()).unwrap(), "open, or killed");
    store.close().await.unwrap();
    assert!(store.commit(batch(31)).await.is_err());
    assert!(store.close().await.is_err());
    let scope = controlplane_core::store::Scope {
        territory: "doubs".parse().unwrap(),
        tables: vec!["devices"],
        prefix: String::new(),
    };
    assert!(store.changes(&scope, 30, 1).await.is_err(), "a wait ends");
    drop(store);
    assert!(!crate::probe_due(folder.path()).unwrap());
    let (store, opened) = open(folder.path());
    assert_eq!((opened.revision, opened.replayed, &opened.torn), (30, 0, &None), "{opened}");
    assert_eq!(all(&store).await, expected(30).await);
}

/// A store whose process was killed: its folder as it was in the midst of running, with sled's own file far behind.
#[tokio::test]
async fn what_sled_had_not_written_comes_from_the_journal() {
    let folder = tempfile::tempdir().unwrap();
    let (running, killed) = (folder.path().join("running"), folder.path().join("killed"));
    let store = filled(&running, 200).await;
    super::copy(&running, &killed);
    drop(store);
    let (store, opened) = open(&killed);
    assert!(opened.replayed > 0, "{opened}");
    assert_eq!(all(&store).await, expected(200).await);
    drop(store);
    assert_eq!(crate::probe(&killed).unwrap().revision, 200, "the tally fits what was replayed");
}
