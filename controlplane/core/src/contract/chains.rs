//! Chains linked by the writer.

use super::{act, batch, key, put, scope};
use crate::error::Error;
use crate::store::{Batch, Entry, Expect, Key, PAGE_MAX, SharedStore};
use model::chain::{self, Tip};
use std::sync::Arc;

const WRITERS: u64 = 32;

pub(super) async fn linked(store: SharedStore) {
    let tasks: Vec<_> = (0..WRITERS)
        .map(|i| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                let slug = if i % 4 == 0 { "b" } else { "a" };
                let body = format!("{{\"by\":{i}}}");
                let writes = vec![put(key(slug, "x", &i.to_string()), Expect::Absent, "v")];
                let appends = vec![act(slug, "acts", &body), act(slug, "acts", &body), act(slug, "other", "null")];
                store.commit(Batch { writes, appends }).await.unwrap()
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(length(&store, "a", "acts").await, WRITERS * 3 / 4 * 2);
    assert_eq!(length(&store, "b", "acts").await, WRITERS / 4 * 2);
    assert_eq!(length(&store, "a", "other").await, WRITERS * 3 / 4);
}

pub(super) async fn refused(store: SharedStore) {
    store.commit(Batch { writes: vec![], appends: vec![act("a", "acts", "{}")] }).await.unwrap();
    let spoilt = Batch {
        writes: vec![put(key("a", "x", "1"), Expect::Absent, "v")],
        appends: vec![act("a", "acts", "{}"), act("a", "acts", "not json")],
    };
    assert!(matches!(store.commit(spoilt).await, Err(Error::Invalid(_))));
    let late =
        Batch { writes: vec![put(key("a", "x", "1"), Expect::At(77), "v")], appends: vec![act("a", "acts", "{}")] };
    assert!(matches!(store.commit(late).await, Err(Error::Conflict(_))));
    assert_eq!(store.get(&key("a", "x", "1")).await.unwrap(), None);
    assert_eq!(length(&store, "a", "acts").await, 1, "what is refused leaves no link");
    store.commit(batch([put(key("a", "x", "1"), Expect::Absent, "v")])).await.unwrap();
    store.commit(Batch { writes: vec![], appends: vec![act("a", "acts", " { \"a\" : 1 } ")] }).await.unwrap();
    assert_eq!(length(&store, "a", "acts").await, 2);
}

/// How long a chain is, after following it from its beginning.
pub(super) async fn length(store: &SharedStore, slug: &str, table: &'static str) -> u64 {
    let mut links: Vec<(Key, Entry)> = Vec::new();
    loop {
        let after = links.last().map(|(key, _)| key.id.clone()).unwrap_or_default();
        let page = store.scan(&scope(slug, &[table], ""), &after, PAGE_MAX).await.unwrap();
        if page.is_empty() {
            break;
        }
        links.extend(page);
    }
    for (place, (key, _)) in (0..).zip(&links) {
        assert_eq!(key.id, chain::id(place), "ids follow the sequence");
    }
    assert!(links.is_sorted_by_key(|(_, entry)| entry.revision), "links in the order of their commits");
    chain::follow(Tip::default(), links.iter().map(|(_, entry)| entry.value.as_ref())).expect("a whole chain").length
}
