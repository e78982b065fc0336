//! A store that was killed is read whole while it is in use.

use super::{batch, config, filled, open};
use crate::encoding::key_of;
use crate::{Config, Embedded, Need, probe, probe_need};
use controlplane_core::store::Store;
use std::fs;
use std::path::Path;

fn open_at_once(folder: &Path) -> Embedded {
    Embedded::open(Config { verify: true, ..config(folder) }).unwrap().0
}

fn doubted(folder: &Path) -> bool {
    folder.join("doubt").exists()
}

#[tokio::test]
async fn after_a_kill_everything_is_read_while_commits_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    assert_eq!(probe_need(folder).unwrap(), Need::Not, "a new folder");
    drop(filled(folder, 900).await);
    assert_eq!(probe_need(folder).unwrap(), Need::Later, "the process was killed");
    let boot = fs::read(folder.join("boot")).unwrap();
    for other in ["", "00000000-0000-0000-0000-000000000000\n"] {
        fs::write(folder.join("boot"), other).unwrap();
        assert_eq!(probe_need(folder).unwrap(), Need::Now, "the machine was");
    }
    fs::write(folder.join("boot"), boot).unwrap();

    let store = open_at_once(folder);
    assert_eq!(probe_need(folder).unwrap(), Need::Now, "an opening that does not last is followed by a probe");
    let mut n = 900;
    while doubted(folder) {
        n += 1;
        assert!(n < 100_000 && store.alive().await);
        store.commit(batch(n)).await.unwrap();
    }
    assert!(n > 901, "else nothing was written meanwhile");
    store.close().await.unwrap();
    drop(store);
    assert_eq!(probe_need(folder).unwrap(), Need::Not);
    assert_eq!(probe(folder).unwrap().revision, n as u64);
}

#[tokio::test]
async fn what_is_missing_is_found_out_and_nothing_more_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    filled(folder, 100).await.close().await.unwrap();
    {
        let db = sled::Config::new().path(folder.join("entries")).open().unwrap();
        assert!(db.remove(key_of("doubs", "reports", "007")).unwrap().is_some());
        db.flush().unwrap();
    }
    fs::remove_file(folder.join("clean")).unwrap();
    assert_eq!(probe_need(folder).unwrap(), Need::Later);
    let store = open_at_once(folder);
    let mut tries = 0;
    while store.alive().await {
        tries += 1;
        assert!(tries < 1_000_000);
        tokio::task::yield_now().await;
    }
    assert!(store.commit(batch(101)).await.is_err());
    drop(store);
    assert_eq!(probe_need(folder).unwrap(), Need::Now);
    assert!(probe(folder).is_err());
}

/// One that is stopped before it was read whole is read after the next start, and one that was probed is not read again.
#[tokio::test]
async fn a_doubt_outlives_a_stop_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    filled(folder, 50).await.close().await.unwrap();
    fs::write(folder.join("doubt"), "").unwrap();
    assert_eq!(probe_need(folder).unwrap(), Need::Later);
    let (store, _) = open(folder);
    assert!(!doubted(folder));
    drop(store);
}
