//! How many devices each person has revoked of late: many small acts are one large one.

use model::time::Timestamp;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// What counts as of late.
const RECENT: Duration = Duration::from_secs(3_600);
/// The most remembered of one person; beyond it every further one waits anyway.
const REMEMBERED_MAX: usize = 1_000;

/// By person, when; in memory only, for a restart ends no theft of credentials that an hour would have.
#[derive(Debug, Default)]
pub(crate) struct Revocations(Mutex<BTreeMap<String, VecDeque<Timestamp>>>);

impl Revocations {
    /// How many this person has made within the last hour.
    pub(crate) fn recent(&self, name: &str, now: Timestamp) -> usize {
        let mut all = self.lock();
        let Some(times) = all.get_mut(name) else { return 0 };
        times.retain(|at| now.since(*at) < RECENT);
        times.len()
    }

    /// Counts one.
    pub(crate) fn note(&self, name: &str, now: Timestamp) {
        let mut all = self.lock();
        let times = all.entry(name.to_owned()).or_default();
        if times.len() >= REMEMBERED_MAX {
            times.pop_front();
        }
        times.push_back(now);
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, VecDeque<Timestamp>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hour_is_remembered_of_each_person() {
        let revocations = Revocations::default();
        let at = |minutes: i64| Timestamp::from_unix_seconds(minutes * 60);
        for minute in 0..5 {
            revocations.note("paul", at(minute));
        }
        assert_eq!((revocations.recent("paul", at(5)), revocations.recent("marie", at(5))), (5, 0));
        assert_eq!(revocations.recent("paul", at(61)), 3);
        assert_eq!(revocations.recent("paul", at(120)), 0);
    }
}
