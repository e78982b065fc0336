//! Changes: a wait that waits, and names exactly what was written.

use super::{act, batch, cut, key, put, scope};
use crate::store::{Changes, Expect, Key, Scope, SharedStore};
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

async fn keys(store: &SharedStore, scope: &Scope, since: u64, limit: usize) -> (Vec<Key>, u64) {
    match store.changes(scope, since, limit).await.unwrap() {
        Changes::Keys { keys, upto } => (keys, upto),
        Changes::Gone { now } => panic!("changes since {since} are gone at {now}"),
    }
}

pub(super) async fn waits(store: SharedStore) {
    let (mine, other) = (key("a", "x", "1"), key("b", "x", "1"));
    let within = scope("a", &["x"], "");
    let mut waiting = pin!(store.changes(&within, 0, 10));
    let mut idle = Context::from_waker(Waker::noop());
    assert!(waiting.as_mut().poll(&mut idle).is_pending(), "nothing was written");
    store.commit(batch([put(other, Expect::Any, "v")])).await.unwrap();
    assert!(waiting.as_mut().poll(&mut idle).is_pending(), "another territory's write is not ours");
    store.commit(batch([put(key("a", "y", "1"), Expect::Any, "v")])).await.unwrap();
    assert!(waiting.as_mut().poll(&mut idle).is_pending(), "another table's write is not ours");
    let revision = store.commit(batch([put(mine.clone(), Expect::Any, "v")])).await.unwrap();
    match waiting.as_mut().poll(&mut idle) {
        Poll::Ready(Ok(changes)) => assert_eq!(changes, Changes::Keys { keys: vec![mine.clone()], upto: revision }),
        other => panic!("a commit has returned, so its change is to be seen: {other:?}"),
    }

    let woken = tokio::spawn({
        let (store, within) = (Arc::clone(&store), within.clone());
        async move { keys(&store, &within, revision, 10).await }
    });
    tokio::task::yield_now().await;
    let next = store.commit(batch([cut(mine.clone(), Expect::Any)])).await.unwrap();
    assert_eq!(woken.await.unwrap(), (vec![mine], next), "a waiting task is woken, by a removal too");
}

pub(super) async fn names_exactly(store: SharedStore) {
    let at = |id: &str| key("a", "x", id);
    store.commit(batch([put(at("p1"), Expect::Any, "v"), put(at("q1"), Expect::Any, "v")])).await.unwrap();
    store.commit(batch([put(at("p2"), Expect::Any, "v"), put(key("a", "z", "p"), Expect::Any, "v")])).await.unwrap();
    store.commit(batch([put(at("p1"), Expect::Any, "w"), put(key("b", "x", "p"), Expect::Any, "v")])).await.unwrap();
    assert!(store.commit(batch([put(at("p3"), Expect::At(99), "v")])).await.is_err());
    let acts = crate::store::Batch {
        writes: vec![cut(key("a", "y", "p9"), Expect::Any)],
        appends: vec![act("a", "acts", "1")],
    };
    let last = store.commit(acts).await.unwrap();

    let (found, upto) = keys(&store, &scope("a", &["x", "y"], "p"), 0, 10).await;
    assert_eq!((found, upto), (vec![at("p1"), at("p2"), key("a", "y", "p9")], last), "oldest first, each once");
    let (found, _) = keys(&store, &scope("a", &["x"], ""), 2, 10).await;
    assert_eq!(found, [at("p1")], "only what is after the revision asked");
    let (found, _) = keys(&store, &scope("a", &["acts"], ""), 0, 10).await;
    assert_eq!(found, [key("a", "acts", &model::chain::id(0))], "what the writer links is told too");
}

pub(super) async fn pages(store: SharedStore) {
    let mut written = Vec::new();
    for i in 0..20 {
        let some: Vec<Key> = (0..=i % 3).map(|j| key("a", "x", &format!("{i:02}-{j}"))).collect();
        written.extend(some.iter().cloned());
        let other = put(key("b", "x", "1"), Expect::Any, "v");
        let writes = some.into_iter().map(|key| put(key, Expect::Absent, "v")).chain([other]);
        store.commit(batch(writes)).await.unwrap();
    }
    let newest = store.revision().await.unwrap();
    for limit in [0, 1, 2, 3, 7, 1_000_000] {
        let (mut found, mut since) = (Vec::new(), 0);
        while since < newest {
            let (page, upto) = keys(&store, &scope("a", &["x"], ""), since, limit).await;
            assert!(!page.is_empty() && upto > since, "never an answer without a key");
            assert!(page.len() <= limit.max(3), "a page is at most its limit, or one commit");
            found.extend(page);
            since = upto;
        }
        assert_eq!(found, written, "pages of {limit} lose nothing and double nothing");
    }
}

pub(super) async fn gone(store: SharedStore) {
    let within = scope("a", &["x"], "");
    for i in 0..20 {
        store.commit(batch([put(key("a", "x", &i.to_string()), Expect::Any, "v")])).await.unwrap();
    }
    let now = store.revision().await.unwrap();
    assert_eq!(store.changes(&within, 0, 10).await.unwrap(), Changes::Gone { now });
    assert_eq!(
        store.changes(&within, now - 1, 10).await.unwrap(),
        Changes::Keys { keys: vec![key("a", "x", "19")], upto: now }
    );
    assert_eq!(store.changes(&within, now + 7, 10).await.unwrap(), Changes::Gone { now }, "a revision not yet reached");
}
