//! The totals of the day that is and of the one before: numbers that stay on the device (decision 0034), for whoever looks at it.

use crate::clock::Clock;
use crate::folder::Folder;
use agent_core::tally::{Counts, Day, Tally};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The file's name, in the filter's own folder.
const FILE: &str = "totals.json";
/// A cut loses no more than this: a disk is not written for each answer.
const WRITE_EVERY: Duration = Duration::from_secs(300);

/// How much was answered on a day, by the device's own calendar; nothing of what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FilterDay {
    /// Which day.
    pub day: Date,
    /// Answers to questions, those below among them.
    pub answered: u64,
    /// Answers that a name is closed.
    pub closed: u64,
    /// Answers that lead to a safe search.
    pub made_safe: u64,
    /// Questions to which nobody had an answer.
    pub failed: u64,
}

/// What is noted: the day that is, and the one before.
type Noted = (Option<FilterDay>, Option<FilterDay>);

/// What is counted, and when it was written last.
#[derive(Debug)]
pub(super) struct Days {
    tally: Tally,
    written: (Noted, Duration),
}

impl Days {
    /// Goes on from what was noted before.
    pub(super) fn open(folder: &Folder) -> Self {
        let (today, before) = noted(folder).unwrap_or_default();
        let tally = Tally::noted(today.map(FilterDay::into), before.map(FilterDay::into));
        Self { tally, written: ((today, before), Duration::ZERO) }
    }

    /// Counts what was answered since the last time; `last`: it is written at once.
    pub(super) fn count(&mut self, folder: &Folder, counts: Counts, clock: &dyn Clock, last: bool) {
        let now = jiff::Timestamp::from_millisecond(clock.now().unix_millis()).unwrap_or_default();
        let day = now.to_zoned(TimeZone::system()).date();
        self.tally.count(day, counts);
        let now: Noted = (self.tally.today.map(Day::into), self.tally.before.map(Day::into));
        let (written, at) = &self.written;
        let another_day = written.0.map(|day| day.day) != now.0.map(|day| day.day);
        let due = last || another_day || clock.elapsed().saturating_sub(*at) >= WRITE_EVERY;
        // Numbers that cannot be written are written with the next ones.
        if due && *written != now && folder.write_lightly(FILE, &serde_json::to_vec(&now).unwrap_or_default()).is_ok() {
            self.written = (now, clock.elapsed());
        }
    }
}

/// What was noted last; nothing where there is no filter, or what it noted is damaged.
pub(crate) fn noted(folder: &Folder) -> Option<Noted> {
    serde_json::from_slice(&folder.read(FILE).ok()??).ok()
}

impl From<FilterDay> for Day {
    fn from(one: FilterDay) -> Self {
        let FilterDay { day, answered, closed, made_safe, failed } = one;
        Self { day, counts: Counts { answered, closed, made_safe, failed } }
    }
}

impl From<Day> for FilterDay {
    fn from(Day { day, counts }: Day) -> Self {
        let Counts { answered, closed, made_safe, failed } = counts;
        Self { day, answered, closed, made_safe, failed }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::HandClock;

    #[test]
    fn numbers_are_noted_now_and_then_and_outlast_a_start() {
        let temporary = tempfile::tempdir().unwrap();
        let (folder, clock) = (Folder::new(temporary.path()), HandClock::new());
        let counts = |answered| Counts { answered, closed: 1, made_safe: 1, failed: 0 };
        let today = || noted(&folder).unwrap_or_default().0.map(|day| (day.answered, day.closed));
        let mut days = Days::open(&folder);
        days.count(&folder, counts(10), &clock, false);
        assert_eq!(today(), Some((10, 1)), "the first of a day");
        days.count(&folder, counts(12), &clock, false);
        assert_eq!(today(), Some((10, 1)), "not for each answer");
        clock.forward(WRITE_EVERY);
        days.count(&folder, counts(13), &clock, false);
        assert_eq!(today(), Some((13, 1)));
        days.count(&folder, counts(14), &clock, true);
        let mut days = Days::open(&folder);
        days.count(&folder, counts(2), &clock, true);
        assert_eq!(today(), Some((16, 2)));
        clock.forward(Duration::from_secs(86_400));
        days.count(&folder, counts(3), &clock, false);
        let (today, before) = noted(&folder).unwrap();
        assert_eq!((today.unwrap().answered, before.unwrap().answered), (1, 16));
        folder.write(FILE, b"torn").unwrap();
        assert_eq!(noted(&folder), None);
    }
}
