//! Since when what the floor lets be open for a while is open: items come and go, and the while is counted once.
//!
//! A lesson says when it began, and so does whoever unblocks a name. Were each counted by itself, a control plane that gives another one at
//! each end would keep open for ever what the floor closes. So the device counts by what is opened: from the first beginning on, until it
//! was closed for as long as it had been open. It keeps digests: what was unblocked a while ago is nobody's to read.

use crate::digest::{Digest, Digester};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;

/// The most that is remembered: what is more is not opened below the floor.
const BEGUN_MAX: usize = 2_000;

/// What is open below the floor, or was of late.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Begun(BTreeMap<Digest, Spell>);

/// A while during which something is open, and the one after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spell {
    /// From then on it is counted.
    pub since: Timestamp,
    /// By then it will have been closed for as long as it was open, and is counted anew.
    pub over: Timestamp,
}

/// What an item opens, and how long it would.
pub(super) struct Item<'a> {
    pub(super) kind: &'static str,
    pub(super) name: &'a str,
    pub(super) from: Timestamp,
    pub(super) until: Timestamp,
    /// How long the floor lets it.
    pub(super) most: Duration,
}

impl Begun {
    /// Remembers what is open now, and forgets what is over; whether that is another memory.
    pub fn note(&mut self, open: &BTreeMap<Digest, Spell>, now: Timestamp) -> bool {
        let before = self.0.len();
        self.0.retain(|_, spell| now < spell.over);
        let mut another = self.0.len() != before;
        for (key, spell) in open {
            let known = self.0.get(key).copied();
            let spell = known.map_or(*spell, |known| Spell { over: known.over.max(spell.over), ..*spell });
            if known != Some(spell) {
                self.0.insert(*key, spell);
                another = true;
            }
        }
        another
    }

    /// Whether it may be open now, and how that is counted; `soon` hears when that is otherwise.
    pub(super) fn open(
        &self,
        item: &Item<'_>,
        now: Timestamp,
        soon: &mut impl FnMut(Duration),
    ) -> Option<(Digest, Spell)> {
        let mut key = Digester::default();
        [item.kind, "\0", item.name].iter().for_each(|part| key.update(part.as_bytes()));
        let key = key.finish();
        let known = self.0.get(&key).filter(|spell| now < spell.over);
        if known.is_none() && self.0.len() >= BEGUN_MAX {
            return None;
        }
        let since = known.map_or(item.from, |spell| spell.since.min(item.from));
        let end = since.after(item.most);
        if now < end {
            soon(end.since(now));
            let closes = end.min(item.until);
            return Some((key, Spell { since, over: closes.after(closes.since(since)) }));
        }
        if let Some(spell) = known {
            soon(spell.over.since(now));
        }
        None
    }
}
