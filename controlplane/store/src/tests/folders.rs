use super::{all, batch, config, copy, expected, filled, only_segment, open};
use crate::{Config, Embedded, Error, probe, rebuild};
use controlplane_core::store::Store;
use model::time::Timestamp;
use std::fs;

#[tokio::test]
async fn one_folder_one_server() {
    let folder = tempfile::tempdir().unwrap();
    let store = filled(folder.path(), 1).await;
    let second = Embedded::open(config(folder.path())).err().unwrap();
    assert!(matches!(second, Error::InUse(_)), "{second}");
    assert!(second.to_string().contains("another cartable-server uses"), "{second}");
    assert!(matches!(probe(folder.path()), Err(Error::InUse(_))));
    assert!(matches!(rebuild(folder.path(), Timestamp::default()), Err(Error::InUse(_))));
    store.commit(batch(2)).await.unwrap();
}

#[tokio::test]
async fn damage_in_the_journals_middle_costs_nothing_while_the_entries_are_whole() {
    let folder = tempfile::tempdir().unwrap();
    filled(folder.path(), 50).await.close().await.unwrap();
    let segment = only_segment(folder.path());
    let mut bytes = fs::read(&segment).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&segment, &bytes).unwrap();

    let (store, opened) = open(folder.path());
    assert_eq!(opened.journal_damaged.as_ref(), Some(&segment));
    assert!(opened.to_string().contains("nothing is lost"), "{opened}");
    assert!(segment.with_extension("damaged").exists());
    assert_eq!(all(&store).await, expected(50).await);
    store.commit(batch(51)).await.unwrap();
    store.close().await.unwrap();
    drop(store);

    // And what now stands beside the entries is enough to build them again.
    fs::remove_dir_all(folder.path().join("entries")).unwrap();
    let (error, _) = (Embedded::open(config(folder.path())).err().unwrap(), ());
    assert!(matches!(error, Error::Damaged { .. }), "{error}");
    let rebuilt = rebuild(folder.path(), Timestamp::from_unix_seconds(1_800_000_000)).unwrap();
    assert_eq!((rebuilt.revision, rebuilt.epoch, rebuilt.export, rebuilt.reports_missing), (51, 2, 50, false));
    let (store, opened) = open(folder.path());
    assert_eq!((opened.epoch, store.epoch()), (2, 2));
    assert_eq!(all(&store).await, expected(51).await);
}

#[tokio::test]
async fn damage_in_the_journals_middle_is_told_when_the_entries_need_it() {
    let folder = tempfile::tempdir().unwrap();
    filled(folder.path(), 50).await.close().await.unwrap();
    let segment = only_segment(folder.path());
    let mut bytes = fs::read(&segment).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&segment, &bytes).unwrap();
    fs::remove_dir_all(folder.path().join("entries")).unwrap();

    let error = Embedded::open(config(folder.path())).err().unwrap();
    let Error::Journal { path, at, first, last } = &error else { panic!("{error}") };
    assert_eq!(path, &segment);
    assert!(usize::try_from(*at).unwrap() <= middle && middle - usize::try_from(*at).unwrap() < 2_000);
    assert_eq!(first, last, "one commit");
    let text = error.to_string();
    assert!(text.contains("is damaged at byte"), "{text}");

    let rebuilt = rebuild(folder.path(), Timestamp::from_unix_seconds(1_800_000_000)).unwrap();
    assert_eq!(rebuilt.lost, [(*first, *last)]);
    assert!(rebuilt.to_string().contains("LOST"), "{rebuilt}");
    let (store, opened) = open(folder.path());
    assert_eq!((opened.revision, &opened.journal_damaged), (50, &None), "it was told once");
    assert_eq!(store.revision().await.unwrap(), 50);
}

/// Journal files that were dropped long ago: the export stands for the decisions, the journal for the newest reports.
#[tokio::test]
async fn a_long_life_is_rebuilt_from_export_and_journal() {
    let folder = tempfile::tempdir().unwrap();
    let small = Config { segment_bytes: 4_000, segments_kept: 2, ..config(folder.path()) };
    let (store, _) = Embedded::open(small.clone()).unwrap();
    for n in 1..=400 {
        store.commit(batch(n)).await.unwrap();
    }
    store.close().await.unwrap();
    drop(store);
    let segments = crate::journal::segments(&folder.path().join("journal")).unwrap();
    assert!(segments[0].first > 1, "the oldest journal is gone");
    let exports = fs::read_dir(folder.path().join("exports")).unwrap().count();
    assert_eq!(exports, 2);

    for bad in [None, Some("newest export"), Some("both exports")] {
        let hurt = folder.path().with_extension(bad.unwrap_or("none").replace(' ', "-"));
        copy(folder.path(), &hurt);
        fs::write(hurt.join("entries/db"), b"rubbish").unwrap();
        let mut snapshots: Vec<_> = fs::read_dir(hurt.join("exports")).unwrap().map(|e| e.unwrap().path()).collect();
        snapshots.sort();
        let spoilt = match bad {
            None => &[],
            Some("newest export") => &snapshots[1..],
            Some(_) => &snapshots[..],
        };
        for path in spoilt {
            let text = lines(path).replacen("\"n\":", "\"m\":", 1);
            fs::write(path, zstd::encode_all(text.as_bytes(), 1).unwrap()).unwrap();
        }
        if bad.is_none() {
            // As earlier servers wrote them.
            for path in &snapshots {
                fs::write(path.with_extension(""), lines(path)).unwrap();
                fs::remove_file(path).unwrap();
            }
        }
        let result = rebuild(&hurt, Timestamp::from_unix_seconds(1_800_000_000));
        if bad == Some("both exports") {
            let error = result.unwrap_err();
            assert!(error.to_string().contains("no export can be read"), "{error}");
            assert!(hurt.join("entries/db").exists(), "what is there stays");
        } else {
            let rebuilt = result.unwrap();
            assert_eq!((rebuilt.revision, rebuilt.epoch, &rebuilt.lost[..]), (400, 2, &[][..]), "{rebuilt}");
            assert!(rebuilt.reports_missing);
            assert_eq!(rebuilt.exports_bad.len(), spoilt.len());
            assert_eq!(rebuilt.aside.unwrap().file_name().unwrap(), "damaged-1800000000");
            let (store, _) = open(&hurt);
            let (found, before) = (all(&store).await, expected(400).await);
            let intent = |all: &[_]| {
                all.iter()
                    .filter(|(key, _): &&(controlplane_core::store::Key, _)| key.table != "reports")
                    .cloned()
                    .collect::<Vec<_>>()
            };
            assert_eq!(intent(&found), intent(&before), "every decision, with its revision");
            assert!(found.iter().all(|entry| before.contains(entry)), "and no report but the newest");
            store.commit(batch(401)).await.unwrap();
            assert_eq!(store.revision().await.unwrap(), 401);
        }
        fs::remove_dir_all(&hurt).unwrap();
    }
}

fn lines(export: &std::path::Path) -> String {
    String::from_utf8(zstd::decode_all(fs::read(export).unwrap().as_slice()).unwrap()).unwrap()
}
