//! Files cut and flipped at every place that matters.

use super::{all, batch, config, copy, expected, filled, only_segment, open};
use crate::journal::journal_read;
use crate::{Config, Embedded, Error, probe, probe_due, rebuild};
use controlplane_core::store::{Entry, Key, Store};
use model::time::Timestamp;
use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};

const PROBE: &str = "CARTABLE_TEST_PROBE";
const COMMITS: usize = 60;

/// The journal cut at every length of its last records, with entries that had not seen them.
#[tokio::test]
async fn a_journal_cut_anywhere_keeps_what_is_before_the_cut() {
    let folder = tempfile::tempdir().unwrap();
    let (old, whole, cut) = (folder.path().join("old"), folder.path().join("whole"), folder.path().join("cut"));
    filled(&whole, COMMITS - 3).await.close().await.unwrap();
    copy(&whole, &old);
    let (store, _) = open(&whole);
    let segment = only_segment(&whole);
    let mut ends = vec![fs::metadata(&segment).unwrap().len()];
    for n in COMMITS - 2..=COMMITS {
        store.commit(batch(n)).await.unwrap();
        ends.push(fs::metadata(&segment).unwrap().len());
    }
    store.close().await.unwrap();
    drop(store);
    let mut states = Vec::new();
    for commits in COMMITS - 3..=COMMITS {
        states.push(expected(commits).await);
    }
    let journal = cut.join("journal");
    fs::create_dir_all(&journal).unwrap();
    let target = journal.join(segment.file_name().unwrap());
    for length in (ends[0]..=ends[3]).rev() {
        let kept = ends.iter().rposition(|end| *end <= length).unwrap();
        let (last, dropped) = (COMMITS - 3 + kept, length - ends[kept]);
        if length == ends[3] {
            fs::copy(&segment, &target).unwrap();
        }
        File::options().write(true).open(&target).unwrap().set_len(length).unwrap();
        let reading = journal_read(&journal, |_| Ok(())).unwrap();
        assert_eq!(reading.last.map(usize::try_from), Some(Ok(last)), "cut at {length}");
        assert_eq!(reading.torn.map_or(0, |torn| torn.bytes), dropped, "cut at {length}");
        assert!(reading.gaps.is_empty(), "cut at {length}");
        if length % 64 != 0 && !ends.iter().any(|end| end.abs_diff(length) < 2) {
            continue;
        }
        let full = folder.path().join("full");
        let _ = fs::remove_dir_all(&full);
        copy(&old, &full);
        fs::copy(&target, only_segment(&full)).unwrap();
        let (store, opened) = open(&full);
        assert_eq!(opened.revision, u64::try_from(last).unwrap(), "cut at {length}");
        assert_eq!(opened.replayed, u64::try_from(kept).unwrap());
        let told = opened.torn.as_ref().map_or(0, |torn| torn.bytes);
        assert_eq!((told, opened.to_string().contains("dropped")), (dropped, dropped > 0), "{opened}");
        assert_eq!(all(&store).await, states[kept], "cut at {length}");
        store.commit(batch(COMMITS)).await.unwrap();
        drop(store);
        let (store, opened) = open(&full);
        assert_eq!(store.revision().await.unwrap(), u64::try_from(last + 1).unwrap());
        assert_eq!(opened.torn, None, "what was dropped is dropped for good");
    }
}

/// The journal cut below what the entries hold: they keep it, and an export stands for what the journal lacks.
#[tokio::test]
async fn a_journal_cut_below_the_entries_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (whole, cut) = (folder.path().join("whole"), folder.path().join("cut"));
    filled(&whole, COMMITS).await.close().await.unwrap();
    let length = fs::metadata(only_segment(&whole)).unwrap().len();
    for length in [0, 5, 24, 25, length / 2, length - 1] {
        let _ = fs::remove_dir_all(&cut);
        copy(&whole, &cut);
        File::options().write(true).open(only_segment(&cut)).unwrap().set_len(length).unwrap();
        let (store, opened) = open(&cut);
        assert!(opened.rebased, "{opened}");
        assert_eq!(all(&store).await, expected(COMMITS).await, "cut at {length}");
        store.commit(batch(COMMITS + 1)).await.unwrap();
        drop(store);
        fs::remove_dir_all(cut.join("entries")).unwrap();
        let rebuilt = rebuild(&cut, Timestamp::default()).unwrap();
        assert!(rebuilt.lost.is_empty() && !rebuilt.reports_missing, "{rebuilt}");
        let (store, _) = open(&cut);
        assert_eq!(all(&store).await, expected(COMMITS + 1).await, "cut at {length}");
    }
}

/// sled's own file cut and flipped while the journal holds everything: in the end nothing at all is missing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn entries_cut_or_flipped_are_whole_again_from_the_journal() {
    let folder = tempfile::tempdir().unwrap();
    let whole = folder.path().join("whole");
    filled(&whole, COMMITS).await.close().await.unwrap();
    let expected = expected(COMMITS).await;
    for hurt in hurts(&whole, 300) {
        let (store, _) = recovered(&whole, &folder.path().join("hurt"), hurt);
        assert_eq!(all(&store).await, expected, "{hurt:?}");
    }
}

/// The same after a long life, when the journal no longer reaches back to the beginning: no decision is missing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn entries_cut_or_flipped_are_whole_again_from_export_and_journal() {
    let folder = tempfile::tempdir().unwrap();
    let whole = folder.path().join("whole");
    let small = Config { segment_bytes: 20_000, segments_kept: 2, ..config(&whole) };
    let commits = 800;
    let (store, _) = Embedded::open(small).unwrap();
    for n in 1..=commits {
        store.commit(batch(n)).await.unwrap();
    }
    store.close().await.unwrap();
    drop(store);
    let expected = expected(commits).await;
    let decided =
        |all: &[(Key, Entry)]| all.iter().filter(|(key, _)| key.table != "reports").cloned().collect::<Vec<_>>();
    let mut rebuilds = 0;
    for hurt in hurts(&whole, 24) {
        let (store, rebuilt) = recovered(&whole, &folder.path().join("hurt"), hurt);
        let found = all(&store).await;
        if rebuilt {
            assert_eq!(decided(&found), decided(&expected), "{hurt:?}");
            assert!(found.iter().all(|entry| expected.contains(entry)), "{hurt:?}: no report but the newest");
            rebuilds += 1;
        } else {
            assert_eq!(found, expected, "{hurt:?}");
        }
    }
    assert!(rebuilds > 0);
}

#[derive(Clone, Copy, Debug)]
enum Hurt {
    Cut(usize),
    Flip(usize),
}

/// Each length of the last bytes that sled wrote, and some forty cuts and flips before.
fn hurts(whole: &Path, each: usize) -> Vec<Hurt> {
    let log = fs::read(whole.join("entries/db")).unwrap();
    let used = log.iter().rposition(|byte| *byte != 0).unwrap() + 1;
    let cuts = (0..used).step_by(used / 40).chain(used - each..=used).chain([log.len()]).map(Hurt::Cut);
    cuts.chain((3..used).step_by(used / 40).map(Hurt::Flip)).collect()
}

/// What a server does with a hurt copy; also tells whether it was rebuilt.
fn recovered(whole: &Path, at: &Path, hurt: Hurt) -> (Embedded, bool) {
    let _ = fs::remove_dir_all(at);
    copy(whole, at);
    fs::remove_file(at.join("clean")).unwrap();
    let log = at.join("entries/db");
    match hurt {
        Hurt::Cut(length) => {
            File::options().write(true).open(&log).unwrap().set_len(u64::try_from(length).unwrap()).unwrap();
        }
        Hurt::Flip(place) => {
            let mut bytes = fs::read(&log).unwrap();
            bytes[place] ^= 0x40;
            fs::write(&log, bytes).unwrap();
        }
    }
    assert!(probe_due(at).unwrap());
    if probed_by_child(at) {
        match Embedded::open(config(at)) {
            Ok((store, opened)) => {
                assert_eq!(opened.epoch, 1, "{hurt:?}");
                return (store, false);
            }
            Err(error) => assert!(matches!(error, Error::Damaged { .. }), "{hurt:?}: {error}"),
        }
    }
    let rebuilt = rebuild(at, Timestamp::from_unix_seconds(7)).unwrap();
    assert!(rebuilt.lost.is_empty(), "{hurt:?}: {rebuilt}");
    assert!(rebuilt.aside.is_some_and(|aside| aside.join("db").exists()), "{hurt:?}");
    let (store, opened) = open(at);
    assert_eq!(opened.epoch, 2, "{hurt:?}");
    (store, true)
}

fn probed_by_child(folder: &Path) -> bool {
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "tests::cuts::probe_as_child"]).env(PROBE, folder);
    child.stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap().success()
}

/// Not a test by itself: what [`probed_by_child`] runs.
#[test]
fn probe_as_child() {
    if let Some(folder) = std::env::var_os(PROBE) {
        probe(Path::new(&folder)).unwrap();
    }
}
