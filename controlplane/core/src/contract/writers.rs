//! Writers at the same time.

use super::{batch, key, put, value};
use crate::error::Error;
use crate::store::{Expect, SharedStore};
use std::sync::Arc;

const WRITERS: u32 = 64;
const ROUNDS: u32 = 8;

pub(super) async fn increments(store: SharedStore) {
    let tasks: Vec<_> = (0..WRITERS).map(|_| tokio::spawn(increment(Arc::clone(&store)))).collect();
    let mut conflicts = 0;
    for task in tasks {
        conflicts += task.await.unwrap();
    }
    let counter = store.get(&key("a", "counter", "1")).await.unwrap().unwrap();
    assert_eq!(counter.value, (WRITERS * ROUNDS).to_string().as_bytes(), "after {conflicts} conflicts");
    assert_eq!(
        store.revision().await.unwrap(),
        u64::from(WRITERS * ROUNDS),
        "a revision for each commit, none for a conflict"
    );
}

async fn increment(store: SharedStore) -> u32 {
    let at = key("a", "counter", "1");
    let (mut done, mut conflicts) = (0, 0);
    while done < ROUNDS {
        let entry = store.get(&at).await.unwrap();
        let (expect, count) = match &entry {
            None => (Expect::Absent, 0),
            Some(entry) => {
                (Expect::At(entry.revision), std::str::from_utf8(&entry.value).unwrap().parse::<u32>().unwrap())
            }
        };
        match store.commit(batch([put(at.clone(), expect, &(count + 1).to_string())])).await {
            Ok(revision) => {
                let seen = store.get(&at).await.unwrap().unwrap().revision;
                assert!(seen >= revision, "what was acknowledged is read");
                done += 1;
            }
            Err(Error::Conflict(_)) => conflicts += 1,
            Err(error) => panic!("{error}"),
        }
    }
    conflicts
}

pub(super) async fn lent_once(store: SharedStore) {
    let open = key("a", "loan_open", "device");
    let tasks: Vec<_> = (0..WRITERS)
        .map(|i| {
            let (store, open) = (Arc::clone(&store), open.clone());
            tokio::spawn(async move {
                let loan = put(key("a", "loan", &i.to_string()), Expect::Absent, "-");
                let lent = store.commit(batch([loan, put(open, Expect::Absent, &i.to_string())])).await;
                lent.is_ok().then_some(i)
            })
        })
        .collect();
    let mut winners = Vec::new();
    for task in tasks {
        winners.extend(task.await.unwrap());
    }
    let [winner] = winners[..] else { panic!("lent to {winners:?}") };
    assert_eq!(value(&store, &open).await, Some(winner.to_string()));
    for i in 0..WRITERS {
        assert_eq!(value(&store, &key("a", "loan", &i.to_string())).await.is_some(), i == winner);
    }
}
