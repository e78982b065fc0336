use super::{all, expected, filled, open};
use crate::{Error, export, import};
use controlplane_core::store::Store;
use std::fs;
use std::path::Path;

const COMMITS: usize = 50;

async fn exported() -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let store = filled(folder.path(), COMMITS).await;
    let mut out = Vec::new();
    let mut told = 0;
    let exported = export(&store, &mut out, &mut |entries| told = entries).unwrap();
    assert_eq!((exported.revision, exported.entries), (50, told));
    out
}

fn refused(bytes: &[u8], folder: &Path) -> String {
    let error = import(&mut &*bytes, folder, &mut |_| {}).unwrap_err();
    assert!(matches!(error, Error::Export { .. }), "{error}");
    assert!(!folder.exists(), "nothing is to be seen");
    assert_eq!(fs::read_dir(folder.parent().unwrap()).unwrap().count(), 0, "and nothing is left behind");
    error.to_string()
}

#[tokio::test]
async fn there_and_back() {
    let bytes = exported().await;
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("store");
    let imported = import(&mut bytes.as_slice(), &folder, &mut |_| {}).unwrap();
    assert_eq!((imported.revision, imported.epoch), (50, 2));
    assert!(matches!(import(&mut bytes.as_slice(), &folder, &mut |_| {}), Err(Error::NotEmpty(_))));
    for round in 0..2 {
        let (store, opened) = open(&folder);
        assert_eq!((opened.epoch, opened.rebased), (2, round == 0), "{opened}");
        assert_eq!(all(&store).await, expected(COMMITS).await);
        let mut again = Vec::new();
        export(&store, &mut again, &mut |_| {}).unwrap();
        let (first, rest) = again.split_at(again.iter().position(|b| *b == b'\n').unwrap());
        assert_eq!(
            String::from_utf8_lossy(first),
            r#"{"format":"cartable-export","version":1,"kind":"all","epoch":2,"revision":50}"#
        );
        assert!(bytes.ends_with(rest), "the same lines");
        if round == 1 {
            store.commit(super::batch(51)).await.unwrap();
            assert_eq!(all(&store).await, expected(51).await, "the chain goes on");
        }
    }
}

#[tokio::test]
async fn what_is_not_whole_is_refused() {
    let bytes = exported().await;
    let text = String::from_utf8(bytes.clone()).unwrap();
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("store");
    let lines: Vec<&str> = text.lines().collect();
    let without = |skip: usize| {
        lines.iter().enumerate().filter(|(n, _)| *n != skip).map(|(_, l)| format!("{l}\n")).collect::<String>()
    };

    let cases = [
        (String::new(), "empty"),
        ("hello\n".to_owned(), "no export of"),
        ("{\"format\":\"other\",\"version\":1}\n".to_owned(), "no export of"),
        (text.replacen("\"version\":1", "\"version\":2", 1), "version 2"),
        (text.replacen("\"kind\":\"all\"", "\"kind\":\"intent\"", 1), "only a part"),
        (text.replacen("\"act\":7", "\"act\":8", 1), "digest differs"),
        (without(3), "where 50 were written"),
        (without(lines.len() - 1), "without its last line"),
        (without(0), "no export of"),
        (text.replacen("\"table\":\"acts\"", "\"table\":\"Acts\"", 1), "out of its limits"),
        (text.replacen("\"intent\":true", "\"intent\":1", 1), "line 2"),
        (text.replacen("\"intent\":true", "\"intent\":true,\"more\":1", 1), "unknown field"),
        (format!("{text}{}\n", lines[1]), "follows the last line"),
        (text.replacen("\"value\":", &format!("\"value\":{}", " ".repeat(7_000_000)), 1), "too long"),
    ];
    for (spoilt, why) in cases {
        let told = refused(spoilt.as_bytes(), &folder);
        assert!(told.contains(why), "{told} does not say {why}");
    }
    for cut in (0..bytes.len()).step_by(1_009).chain(bytes.len() - 40..bytes.len()) {
        refused(&bytes[..cut], &folder);
    }
}
