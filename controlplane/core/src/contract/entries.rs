//! Reading and writing: expectations, atomicity, order, and territories kept apart.

use super::{batch, cut, ids, key, put, scope, value};
use crate::error::Error;
use crate::store::{Expect, PAGE_MAX, SharedStore};

pub(super) async fn expectations(store: SharedStore) {
    let loan = key("a", "loan", "1");
    assert_eq!(store.revision().await.unwrap(), 0, "an empty store is at revision 0");
    assert_eq!(store.get(&loan).await.unwrap(), None);

    let first = store.commit(batch([put(loan.clone(), Expect::Absent, "one")])).await.unwrap();
    let entry = store.get(&loan).await.unwrap().unwrap();
    assert_eq!((entry.revision, entry.value.as_ref()), (first, b"one".as_ref()));
    assert_eq!(store.revision().await.unwrap(), first);

    let refused = |result| match result {
        Err(Error::Conflict(key)) => assert_eq!(key, loan, "the conflict names the key"),
        other => panic!("expected a conflict, not {other:?}"),
    };
    refused(store.commit(batch([put(loan.clone(), Expect::Absent, "x")])).await);
    refused(store.commit(batch([put(loan.clone(), Expect::At(first + 1), "x")])).await);
    refused(store.commit(batch([cut(loan.clone(), Expect::At(first + 1))])).await);
    refused(store.commit(batch([cut(loan.clone(), Expect::Absent)])).await);
    assert_eq!(store.revision().await.unwrap(), first, "a refused batch takes no revision");

    let second = store.commit(batch([put(loan.clone(), Expect::At(first), "two")])).await.unwrap();
    assert_eq!(second, first + 1);
    refused(store.commit(batch([put(loan.clone(), Expect::At(first), "x")])).await);
    let third = store.commit(batch([put(loan.clone(), Expect::Any, "")])).await.unwrap();
    assert_eq!(value(&store, &loan).await.as_deref(), Some(""), "an empty value is a value");
    store.commit(batch([cut(loan.clone(), Expect::At(third))])).await.unwrap();
    assert_eq!(store.get(&loan).await.unwrap(), None);
    refused(store.commit(batch([put(loan.clone(), Expect::At(third), "x")])).await);
    store.commit(batch([cut(loan.clone(), Expect::Absent)])).await.unwrap();
    store.commit(batch([cut(loan.clone(), Expect::Any)])).await.unwrap();
    store.commit(batch([put(loan.clone(), Expect::Absent, "again")])).await.unwrap();
}

pub(super) async fn all_or_nothing(store: SharedStore) {
    let (a, b, c) = (key("a", "x", "a"), key("a", "x", "b"), key("a", "y", "c"));
    let before = store.commit(batch([put(b.clone(), Expect::Absent, "b")])).await.unwrap();
    let mixed = batch([
        put(a.clone(), Expect::Absent, "a"),
        put(b.clone(), Expect::Absent, "other"),
        put(c.clone(), Expect::Any, "c"),
    ]);
    assert!(matches!(store.commit(mixed).await, Err(Error::Conflict(key)) if key == b));
    assert_eq!(store.get(&a).await.unwrap(), None);
    assert_eq!(store.get(&c).await.unwrap(), None);
    assert_eq!(value(&store, &b).await.as_deref(), Some("b"));
    assert_eq!(store.revision().await.unwrap(), before);

    let both =
        batch([put(a.clone(), Expect::Absent, "a"), cut(b.clone(), Expect::At(before)), put(c, Expect::Any, "c")]);
    let revision = store.commit(both).await.unwrap();
    assert_eq!(store.get(&a).await.unwrap().unwrap().revision, revision);
    assert_eq!(store.get(&b).await.unwrap(), None);
}

pub(super) async fn scans(store: SharedStore) {
    let names = ["0", "a", "a-", "a/1", "a/2", "ab", "b", "é", "\u{10ffff}", "\u{1}", "z z"];
    let mut sorted = names.map(str::to_owned).to_vec();
    sorted.sort();
    for name in names {
        let writes = [put(key("a", "x", name), Expect::Absent, name), put(key("a", "y", name), Expect::Absent, "-")];
        store.commit(batch(writes)).await.unwrap();
    }
    let all = scope("a", &["x"], "");
    assert_eq!(ids(&store, &all, "", PAGE_MAX).await, sorted, "in the order of the ids' bytes");
    for (key, entry) in store.scan(&all, "", usize::MAX).await.unwrap() {
        assert_eq!(entry.value, key.id.as_bytes());
        assert_eq!(store.get(&key).await.unwrap(), Some(entry), "a scan answers what a get answers");
    }
    for limit in 1..=names.len() + 1 {
        let (mut pages, mut after) = (Vec::new(), String::new());
        loop {
            let page = ids(&store, &all, &after, limit).await;
            assert!(page.len() <= limit);
            let Some(last) = page.last() else { break };
            after.clone_from(last);
            pages.extend(page);
        }
        assert_eq!(pages, sorted, "pages of {limit}");
    }
    assert_eq!(ids(&store, &all, "", 0).await, Vec::<String>::new());
    assert_eq!(ids(&store, &all, "a/15", 2).await, ["a/2", "ab"], "after an id that is not there");
    let within = scope("a", &["x"], "a/");
    assert_eq!(ids(&store, &within, "", 10).await, ["a/1", "a/2"]);
    assert_eq!(ids(&store, &within, "a/1", 10).await, ["a/2"]);
    assert_eq!(ids(&store, &within, "0", 10).await, ["a/1", "a/2"], "after an id before the prefix");
    assert_eq!(ids(&store, &within, "ab", 10).await, Vec::<String>::new(), "after an id behind the prefix");
    assert_eq!(ids(&store, &scope("a", &["x"], "nothing"), "", 10).await, Vec::<String>::new());
    assert_eq!(ids(&store, &scope("a", &["x"], "\u{10ffff}"), "", 10).await, ["\u{10ffff}"]);
}

pub(super) async fn territories(store: SharedStore) {
    let places = [("a", "x"), ("a", "x_y"), ("a", "xx"), ("a-b", "x"), ("aa", "x"), ("b", "x"), ("a-b", "x_y")];
    let names = ["1", "x", "x1", "-b", "\u{1}x", "a", "\u{1}"];
    for (slug, table) in places {
        for name in names {
            let text = format!("{slug}/{table}/{name}");
            store.commit(batch([put(key(slug, table, name), Expect::Absent, &text)])).await.unwrap();
        }
    }
    for (slug, table) in places {
        let found = store.scan(&scope(slug, &[table], ""), "", PAGE_MAX).await.unwrap();
        assert_eq!(found.len(), names.len(), "{slug} {table}");
        for (key, entry) in found {
            assert_eq!((key.territory.as_str(), key.table), (slug, table));
            assert_eq!(entry.value, format!("{slug}/{table}/{}", key.id).as_bytes());
        }
    }
    assert!(store.scan(&scope("c", &["x"], ""), "", 10).await.unwrap().is_empty());
    store.commit(batch([cut(key("a", "x", "1"), Expect::Any)])).await.unwrap();
    assert!(value(&store, &key("a-b", "x", "1")).await.is_some());
    assert!(value(&store, &key("a", "x_y", "1")).await.is_some());
}
