//! Random batches against a plain map.

use super::{batch, cut, key, put, scope};
use crate::error::Error;
use crate::store::{Changes, Entry, Expect, Key, PAGE_MAX, SharedStore};
use std::collections::{BTreeMap, BTreeSet};

const STEPS: usize = 300;
const SLUGS: [&str; 3] = ["a", "a-b", "b"];
const TABLES: [&str; 3] = ["x", "x_y", "y"];
const IDS: [&str; 6] = ["1", "10", "2", "x", "é", "\u{1}"];

/// SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", 2014): repeatable by its seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % u64::try_from(n).unwrap()).unwrap()
    }

    fn key(&mut self) -> Key {
        key(SLUGS[self.below(3)], TABLES[self.below(3)], IDS[self.below(6)])
    }
}

pub(super) async fn random(store: SharedStore, seed: u64) {
    let mut dice = Dice(seed);
    let mut oracle: BTreeMap<Key, Entry> = BTreeMap::new();
    let mut written: Vec<BTreeSet<Key>> = Vec::new();
    for step in 0..STEPS {
        let keys: BTreeSet<Key> = (0..=dice.below(4)).map(|_| dice.key()).collect();
        let writes: Vec<_> = keys
            .iter()
            .map(|key| {
                let there = oracle.get(key).map(|entry| entry.revision);
                let expect = match (dice.below(8), there) {
                    (0, _) => Expect::Absent,
                    (1, _) => Expect::At(u64::try_from(dice.below(STEPS)).unwrap()),
                    (2, _) => Expect::Any,
                    (_, Some(revision)) => Expect::At(revision),
                    (_, None) => Expect::Absent,
                };
                if dice.below(4) == 0 { cut(key.clone(), expect) } else { put(key.clone(), expect, &format!("{step}")) }
            })
            .collect();
        let broken = writes.iter().find(|write| match (write.expect, oracle.get(&write.key)) {
            (Expect::Any, _) | (Expect::Absent, None) => false,
            (Expect::At(expected), Some(entry)) => entry.revision != expected,
            (Expect::Absent, Some(_)) | (Expect::At(_), None) => true,
        });
        match (store.commit(batch(writes.clone())).await, broken) {
            (Err(Error::Conflict(key)), Some(write)) => assert_eq!(key, write.key, "seed {seed} step {step}"),
            (Ok(revision), None) => {
                written.push(keys);
                assert_eq!(usize::try_from(revision).unwrap(), written.len(), "seed {seed} step {step}");
                for write in writes {
                    match write.value {
                        Some(value) => oracle.insert(write.key, Entry { value, revision }),
                        None => oracle.remove(&write.key),
                    };
                }
            }
            (answer, broken) => panic!("seed {seed} step {step}: {answer:?} where {broken:?} was broken"),
        }
        let one = dice.key();
        assert_eq!(store.get(&one).await.unwrap().as_ref(), oracle.get(&one), "seed {seed} step {step}");
    }
    for slug in SLUGS {
        for table in TABLES {
            let here = |key: &Key| key.territory.as_str() == slug && key.table == table;
            let within = scope(slug, &[table], "");
            let expected: Vec<(Key, Entry)> =
                oracle.iter().filter(|(key, _)| here(key)).map(|(key, entry)| (key.clone(), entry.clone())).collect();
            assert_eq!(store.scan(&within, "", PAGE_MAX).await.unwrap(), expected, "seed {seed} {slug}/{table}");
            let since = dice.below(written.len());
            let changed: BTreeSet<Key> = written[since..].iter().flatten().filter(|key| here(key)).cloned().collect();
            if changed.is_empty() {
                continue;
            }
            let told = store.changes(&within, u64::try_from(since).unwrap(), PAGE_MAX).await.unwrap();
            let Changes::Keys { keys, .. } = told else { panic!("seed {seed}: gone") };
            assert_eq!(keys.iter().cloned().collect::<BTreeSet<_>>(), changed, "seed {seed} since {since}");
            assert_eq!(keys.len(), changed.len(), "each once");
        }
    }
}
