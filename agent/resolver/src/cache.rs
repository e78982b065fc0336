//! Answers that are kept: the ones asked for lately, in a memory that is bounded.

use crate::answer::{Answer, Wanted};
use crate::limits::TTL_FAILURE;
use std::collections::HashMap;
use std::mem;
use std::sync::Arc;
use std::time::Duration;

/// What an entry takes beside its bytes, by rule of thumb.
const ENTRY_BYTES: usize = 160;

/// What came of asking an upstream.
#[derive(Clone)]
pub(crate) enum Outcome {
    /// It answered.
    Answer(Arc<Answer>),
    /// It did not; since then.
    Failed(Duration),
}

/// A question in bytes: its name, its type, and what it asks about signatures.
pub(crate) struct Key {
    bytes: [u8; 258],
    length: usize,
}

/// Two halves, a young and an old one: what is asked for moves to the young one; when that is full, the old one goes.
pub(crate) struct Cache {
    young: HashMap<Box<[u8]>, Outcome>,
    old: HashMap<Box<[u8]>, Outcome>,
    young_bytes: usize,
    half: usize,
}

impl Key {
    pub(crate) fn of(wanted: &Wanted) -> Self {
        let mut key = Self { bytes: [0; 258], length: 0 };
        for label in wanted.name.labels() {
            key.put(&[u8::try_from(label.len()).unwrap_or_default()]);
            key.put(label);
        }
        let [high, low] = u16::from(wanted.kind).to_be_bytes();
        key.put(&[0, high, low, u8::from(wanted.secure) << 1 | u8::from(wanted.unchecked)]);
        key
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }

    /// All fits: a name has 255 bytes at most, its root's among them.
    fn put(&mut self, bytes: &[u8]) {
        let end = self.length + bytes.len();
        if let Some(place) = self.bytes.get_mut(self.length..end) {
            place.copy_from_slice(bytes);
            self.length = end;
        }
    }
}

impl Outcome {
    fn holds(&self, now: Duration) -> bool {
        match self {
            Self::Answer(answer) => answer.holds(now),
            Self::Failed(since) => now.saturating_sub(*since) < Duration::from_secs(u64::from(TTL_FAILURE)),
        }
    }

    fn bytes(&self) -> usize {
        match self {
            Self::Answer(answer) => answer.bytes(),
            Self::Failed(_) => 0,
        }
    }
}

impl Cache {
    pub(crate) fn new(bytes: usize) -> Self {
        Self { young: HashMap::new(), old: HashMap::new(), young_bytes: 0, half: bytes / 2 }
    }

    pub(crate) fn get(&mut self, key: &Key, now: Duration) -> Option<Outcome> {
        let key = key.as_bytes();
        if let Some(found) = self.young.get(key) {
            return found.holds(now).then(|| found.clone());
        }
        let (key, found) = self.old.remove_entry(key)?;
        if !found.holds(now) {
            return None;
        }
        self.put(key, found.clone());
        Some(found)
    }

    pub(crate) fn insert(&mut self, key: &Key, outcome: Outcome, now: Duration) {
        if outcome.holds(now) {
            self.old.remove(key.as_bytes());
            self.put(key.as_bytes().into(), outcome);
        }
    }

    pub(crate) fn clear(&mut self) {
        *self = Self::new(self.half * 2);
    }

    fn put(&mut self, key: Box<[u8]>, outcome: Outcome) {
        let bytes = key.len() + outcome.bytes() + ENTRY_BYTES;
        if bytes > self.half {
            return;
        }
        if self.young_bytes + bytes > self.half {
            self.old = mem::take(&mut self.young);
            self.young_bytes = 0;
        }
        let length = key.len();
        self.young_bytes += bytes;
        if let Some(before) = self.young.insert(key, outcome) {
            self.young_bytes -= length + before.bytes() + ENTRY_BYTES;
        }
    }
}
