//! The store as a whole: its contract, and what a folder can suffer.

mod alive;
mod contract;
mod copies;
mod cuts;
mod disks;
mod exports;
mod folders;
mod verify;

use crate::{Config, Embedded, Opened};
use bytes::Bytes;
use controlplane_core::store::{Append, Batch, Entry, Expect, Key, PAGE_MAX, Scope, Store, Write};
use std::fs;
use std::path::Path;

const TABLES: [&str; 3] = ["acts", "devices", "reports"];

fn config(folder: &Path) -> Config {
    Config { cache_bytes: 16 * 1024 * 1024, free_floor_bytes: 0, ..Config::new(folder) }
}

fn open(folder: &Path) -> (Embedded, Opened) {
    Embedded::open(config(folder)).unwrap()
}

fn key(table: &'static str, id: &str) -> Key {
    Key { territory: "doubs".parse().unwrap(), table, id: id.to_owned() }
}

fn write(table: &'static str, id: &str, value: String) -> Write {
    Write { key: key(table, id), expect: Expect::Any, value: Some(Bytes::from(value)), intent: table != "reports" }
}

/// A commit as the server makes them: a decision with its audit entry, and an observation.
fn batch(n: usize) -> Batch {
    let filler = "é".repeat(n * 37 % 150);
    Batch {
        writes: vec![
            write("devices", &format!("{:03}", n % 40), format!("{{\"n\":{n},\"name\":\"{filler}\"}}")),
            write("reports", &format!("{:03}", n % 25), format!("{{\"report\":{n},\"of\":\"{filler}{filler}\"}}")),
        ],
        appends: vec![Append {
            territory: "doubs".parse().unwrap(),
            table: "acts",
            body: Bytes::from(format!("{{\"act\":{n}}}")),
        }],
    }
}

async fn filled(folder: &Path, commits: usize) -> Embedded {
    let (store, _) = open(folder);
    for n in 1..=commits {
        store.commit(batch(n)).await.unwrap();
    }
    store
}

async fn all(store: &dyn Store) -> Vec<(Key, Entry)> {
    let mut found: Vec<(Key, Entry)> = Vec::new();
    for table in TABLES {
        let scope = Scope { territory: "doubs".parse().unwrap(), tables: vec![table], prefix: String::new() };
        let mut after = String::new();
        loop {
            let page = store.scan(&scope, &after, PAGE_MAX).await.unwrap();
            let Some((last, _)) = page.last() else { break };
            after.clone_from(&last.id);
            found.extend(page);
        }
    }
    found
}

/// What a store holds after so many commits, by the other implementation.
async fn expected(commits: usize) -> Vec<(Key, Entry)> {
    let memory = controlplane_core::memory::Memory::new();
    for n in 1..=commits {
        memory.commit(batch(n)).await.unwrap();
    }
    all(&memory).await
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() { copy(&path, &target) } else { fs::copy(&path, &target).map(drop).unwrap() }
    }
}

fn only_segment(folder: &Path) -> std::path::PathBuf {
    let [segment] = &crate::journal::segments(&folder.join("journal")).unwrap()[..] else { panic!("one segment") };
    segment.path.clone()
}
