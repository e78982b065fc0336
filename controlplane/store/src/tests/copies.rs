//! Copies taken while the store writes, begins new journal files, exports, and drops old ones: each is a store of its own.

use super::{all, batch, config, expected, filled, only_segment, open};
use crate::{Config, Embedded, Error, copy_take, rebuild};
use controlplane_core::store::Store;
use model::time::Timestamp;
use std::fs;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

const COPIES: usize = 30;

fn now() -> Timestamp {
    Timestamp::from_unix_seconds(1_790_000_000)
}

/// Takes a copy and lays it out in another folder; gives the revision it says it holds.
fn copied(from: &Path, to: &Path) -> Result<u64, Error> {
    let mut copy = copy_take(from)?;
    fs::create_dir_all(to).unwrap();
    fs::write(to.join("epoch"), format!("{}\n", copy.epoch)).unwrap();
    for file in &mut copy.files {
        let path = to.join(&file.name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let mut bytes = Vec::new();
        file.open().unwrap().read_to_end(&mut bytes).unwrap();
        assert_eq!(bytes.len() as u64, file.bytes, "{}", file.name);
        fs::write(path, bytes).unwrap();
    }
    Ok(copy.revision)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_at_any_moment_holds_every_decision_up_to_its_revision() {
    let folder = tempfile::tempdir().unwrap();
    // Every few commits a new file, and for every second one an export and the end of the oldest.
    let busy = Config { segment_bytes: 1_500, segments_kept: 1, ..config(folder.path()) };
    let (store, _) = Embedded::open(busy).unwrap();
    let store = Arc::new(store);
    let (stop, written) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let writing = {
        let (store, stop, written) = (Arc::clone(&store), Arc::clone(&stop), Arc::clone(&written));
        tokio::spawn(async move {
            let mut n = 0;
            while !stop.load(Ordering::SeqCst) {
                n += 1;
                store.commit(batch(n)).await.unwrap();
                written.store(n, Ordering::SeqCst);
            }
        })
    };
    let places = tempfile::tempdir().unwrap();
    let mut dropped = 0;
    for n in 0..COPIES {
        let (from, to) = (folder.path().to_owned(), places.path().join(n.to_string()));
        let goal = written.load(Ordering::SeqCst) + 20;
        while written.load(Ordering::SeqCst) < goal {
            tokio::task::yield_now().await;
        }
        let before = written.load(Ordering::SeqCst);
        let revision = tokio::task::spawn_blocking(move || copied(&from, &to)).await.unwrap().unwrap();
        let revision = usize::try_from(revision).unwrap();
        assert!(revision >= before, "copy {n} ends at {revision}, {before} was acknowledged before");
        let to = places.path().join(n.to_string());
        dropped += usize::from(fs::read_dir(to.join("exports")).is_ok_and(|listing| listing.count() > 0));
        let rebuilt = rebuild(&to, now()).unwrap();
        assert_eq!((rebuilt.lost.len(), rebuilt.revision), (0, revision as u64), "copy {n}");
        let (copy, opened) = open(&to);
        assert_eq!((opened.epoch, opened.torn, opened.rebased), (2, None, false), "copy {n}");
        let decided = |entries: Vec<(controlplane_core::store::Key, _)>| -> Vec<_> {
            entries.into_iter().filter(|(key, _)| key.table != "reports").collect()
        };
        assert_eq!(decided(all(&copy).await), decided(expected(revision).await), "copy {n}");
    }
    stop.store(true, Ordering::SeqCst);
    writing.await.unwrap();
    assert!(
        dropped > COPIES / 2,
        "only {dropped} copies began with an export: the journal was not shortened meanwhile"
    );
}

#[tokio::test]
async fn what_does_not_join_up_is_no_copy() {
    let folder = tempfile::tempdir().unwrap();
    drop(filled(folder.path(), 20).await);
    let segment = only_segment(folder.path());
    let places = tempfile::tempdir().unwrap();
    assert_eq!(copied(folder.path(), &places.path().join("whole")).unwrap(), 20);
    // A torn tail is left behind, a hole is told.
    let bytes = fs::read(&segment).unwrap();
    fs::write(&segment, &bytes[..bytes.len() - 3]).unwrap();
    assert_eq!(copied(folder.path(), &places.path().join("torn")).unwrap(), 19);
    let mut spoilt = bytes.clone();
    spoilt[bytes.len() / 2] ^= 1;
    fs::write(&segment, spoilt).unwrap();
    let error = copied(folder.path(), &places.path().join("hole")).unwrap_err();
    assert!(matches!(&error, Error::NoCopy { why, .. } if why.contains("missing")), "{error}");
    fs::remove_file(&segment).unwrap();
    assert!(matches!(copied(folder.path(), &places.path().join("bare")), Err(Error::NoCopy { .. })));
}
