//! Sizes from outside have limits, and what is within them works.

use super::{batch, key, put, scope};
use crate::error::{Error, Result};
use crate::limits::BATCH_BYTES_MAX;
use crate::store::{Append, BATCH_WRITES_MAX, Batch, Expect, ID_BYTES_MAX, PAGE_MAX, SharedStore, VALUE_BYTES_MAX};
use bytes::Bytes;

pub(super) async fn refused(store: SharedStore) {
    fn invalid<T>(result: Result<T>, what: &str) {
        assert!(matches!(result, Err(Error::Invalid(_))), "{what} must be refused as invalid");
    }
    let long = "x".repeat(ID_BYTES_MAX + 1);
    for id in ["", "a\0b", "\0", &long] {
        invalid(store.get(&key("a", "x", id)).await, "an id out of its limits");
        invalid(store.commit(batch([put(key("a", "x", id), Expect::Any, "v")])).await, "an id out of its limits");
    }
    for table in ["", "X", "a b", "a\0b", "é", "a_table_with_a_name_much_longer_than_any_table_has"] {
        invalid(store.commit(batch([put(key("a", table, "1"), Expect::Any, "v")])).await, "a table's name");
        invalid(store.scan(&scope("a", &[table], ""), "", 1).await, "a table's name");
    }
    invalid(store.commit(Batch::default()).await, "an empty batch");
    let twice = [put(key("a", "x", "1"), Expect::Any, "1"), put(key("a", "x", "1"), Expect::Any, "2")];
    invalid(store.commit(batch(twice)).await, "a key named twice");
    let many = (0..=BATCH_WRITES_MAX).map(|i| put(key("a", "x", &i.to_string()), Expect::Any, "v"));
    invalid(store.commit(batch(many)).await, "too many writes");
    let mut large = put(key("a", "x", "1"), Expect::Any, "");
    large.value = Some(Bytes::from(vec![b'1'; VALUE_BYTES_MAX + 1]));
    invalid(store.commit(batch([large.clone()])).await, "a value too large");
    let body = Append {
        territory: large.key.territory.clone(),
        table: "acts",
        body: Bytes::from(vec![b'1'; VALUE_BYTES_MAX]),
    };
    invalid(store.commit(Batch { writes: vec![], appends: vec![body] }).await, "a body too large");
    large.value = Some(Bytes::from(vec![b'1'; VALUE_BYTES_MAX]));
    let heavy = (0..=BATCH_BYTES_MAX / VALUE_BYTES_MAX).map(|i| {
        let mut write = large.clone();
        write.key.id = i.to_string();
        write
    });
    invalid(store.commit(batch(heavy)).await, "too many bytes");
    invalid(store.scan(&scope("a", &[], ""), "", 1).await, "a scan of no table");
    invalid(store.scan(&scope("a", &["x", "y"], ""), "", 1).await, "a scan of two tables");
    invalid(store.scan(&scope("a", &["x"], "a\0"), "", 1).await, "a prefix with a zero byte");
    invalid(store.scan(&scope("a", &["x"], ""), &long, 1).await, "a bound too long");
    invalid(store.changes(&scope("a", &[], ""), 0, 1).await, "a watch of no table");
    assert_eq!(store.revision().await.unwrap(), 0, "nothing was written");
    assert!(store.scan(&scope("a", &["x"], ""), "", 10).await.unwrap().is_empty());
}

pub(super) async fn reached(store: SharedStore) {
    let id = "é".repeat(ID_BYTES_MAX / 2);
    let mut large = put(key("a", "large", &id), Expect::Absent, "");
    let bytes: Vec<u8> = (0..VALUE_BYTES_MAX).map(|i| u8::try_from(i % 251).unwrap()).collect();
    large.value = Some(Bytes::from(bytes));
    store.commit(batch([large.clone()])).await.unwrap();
    assert_eq!(store.get(&large.key).await.unwrap().map(|entry| entry.value), large.value);

    let many = |expect| (0..BATCH_WRITES_MAX).map(move |i| put(key("a", "many", &format!("{i:04}")), expect, "v"));
    let revision = store.commit(batch(many(Expect::Absent))).await.unwrap();
    store.commit(batch(many(Expect::At(revision)))).await.unwrap();
    let found = store.scan(&scope("a", &["many"], ""), "", usize::MAX).await.unwrap();
    assert_eq!(found.len(), BATCH_WRITES_MAX.min(PAGE_MAX));
    assert!(found.iter().all(|(_, entry)| entry.revision == revision + 1));
}
