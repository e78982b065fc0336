//! How much was answered: numbers, and nothing of what.

use std::sync::atomic::{AtomicU64, Ordering};

/// Since the resolver stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// All questions that got an answer, those below among them.
    pub answered: u64,
    /// Answers that a name is closed.
    pub blocked: u64,
    /// Answers that lead to another name.
    pub rewritten: u64,
    /// Questions to which no upstream had an answer.
    pub failed: u64,
}

#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) answered: AtomicU64,
    pub(crate) blocked: AtomicU64,
    pub(crate) rewritten: AtomicU64,
    pub(crate) failed: AtomicU64,
}

impl Counts {
    pub(crate) fn totals(&self) -> Totals {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        Totals {
            answered: read(&self.answered),
            blocked: read(&self.blocked),
            rewritten: read(&self.rewritten),
            failed: read(&self.failed),
        }
    }
}

pub(crate) fn count(one: &AtomicU64) {
    one.fetch_add(1, Ordering::Relaxed);
}
