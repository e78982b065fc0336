//! The newest commits' keys, kept in memory for those who wait for changes.

use crate::error::{Error, Result};
use crate::limits::watch_check;
use crate::store::{Changes, Key, PAGE_MAX, Revision, Scope};
use std::collections::{BTreeSet, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

/// What was committed lately: each backend that is its own writer tells its commits here, in order.
pub struct Recent {
    log: Mutex<Log>,
    newest: watch::Sender<Revision>,
}

struct Log {
    commits: VecDeque<(Revision, Vec<Key>)>,
    keys: usize,
    keys_max: usize,
    /// Every commit after this one is in `commits`.
    horizon: Revision,
    newest: Revision,
    closed: bool,
}

enum Read {
    Found(Changes),
    Quiet(Revision),
}

impl Recent {
    /// Nothing yet, after a revision; remembers at most `history` keys, and always the newest commit.
    #[must_use]
    pub fn new(history: usize, newest: Revision) -> Self {
        let log = Log { commits: VecDeque::new(), keys: 0, keys_max: history, horizon: newest, newest, closed: false };
        Self { log: Mutex::new(log), newest: watch::Sender::new(newest) }
    }

    /// Tells commits, oldest first and without a gap, and wakes who waits.
    pub fn tell(&self, commits: impl IntoIterator<Item = (Revision, Vec<Key>)>) {
        let newest = {
            let mut log = self.log();
            for (revision, keys) in commits {
                log.keys += keys.len();
                log.newest = revision;
                log.commits.push_back((revision, keys));
            }
            log.forget();
            log.newest
        };
        self.newest.send_replace(newest);
    }

    /// Ends every wait with `Unavailable`.
    pub fn close(&self) {
        let newest = {
            let mut log = self.log();
            log.closed = true;
            log.newest
        };
        self.newest.send_replace(newest);
    }

    /// The newest revision told.
    #[must_use]
    pub fn newest(&self) -> Revision {
        self.log().newest
    }

    /// As [`crate::store::Store::changes`]. A commit is never split: a page holds at least one commit, even above `limit`.
    ///
    /// # Errors
    /// `Invalid` for a scope without tables, `Unavailable` once closed.
    pub async fn changes(&self, scope: &Scope, since: Revision, limit: usize) -> Result<Changes> {
        watch_check(scope)?;
        let limit = limit.clamp(1, PAGE_MAX);
        let mut newest = self.newest.subscribe();
        let mut since = since;
        loop {
            newest.borrow_and_update();
            match self.read(scope, since, limit)? {
                Read::Found(changes) => return Ok(changes),
                // What was looked at once is not looked at again, and may be forgotten.
                Read::Quiet(upto) => since = upto,
            }
            if newest.changed().await.is_err() {
                return Err(closed());
            }
        }
    }

    fn read(&self, scope: &Scope, since: Revision, limit: usize) -> Result<Read> {
        let log = self.log();
        if log.closed {
            return Err(closed());
        }
        if since < log.horizon || since > log.newest {
            return Ok(Read::Found(Changes::Gone { now: log.newest }));
        }
        let mut seen = BTreeSet::new();
        let mut keys: Vec<Key> = Vec::new();
        let mut upto = since;
        let from = log.commits.partition_point(|(revision, _)| *revision <= since);
        for (revision, written) in log.commits.range(from..) {
            let fresh: Vec<&Key> = written.iter().filter(|key| covers(scope, key) && !seen.contains(key)).collect();
            if !keys.is_empty() && keys.len() + fresh.len() > limit {
                break;
            }
            keys.extend(fresh.iter().map(|key| (*key).clone()));
            seen.extend(fresh);
            upto = *revision;
            if keys.len() >= limit {
                break;
            }
        }
        Ok(if keys.is_empty() { Read::Quiet(upto) } else { Read::Found(Changes::Keys { keys, upto }) })
    }

    fn log(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Log {
    fn forget(&mut self) {
        while self.keys > self.keys_max && self.commits.len() > 1 {
            if let Some((revision, keys)) = self.commits.pop_front() {
                self.keys -= keys.len();
                self.horizon = revision;
            }
        }
    }
}

fn covers(scope: &Scope, key: &Key) -> bool {
    key.territory == scope.territory && scope.tables.contains(&key.table) && key.id.starts_with(&scope.prefix)
}

fn closed() -> Error {
    Error::Unavailable { reason: "the store is closing: try again in a moment".to_owned(), source: None }
}
