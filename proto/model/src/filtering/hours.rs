//! When school is: hours of weekdays, without the days off.

use super::{FilteringError, fault};
use crate::resource::DAYS_OFF_MAX;
use jiff::civil::{Date, DateTime, Weekday};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The most slots of a week.
pub const SLOTS_MAX: usize = 28;
const DAY_MINUTES: u16 = 1_440;
/// How far the next slot is looked for, in days: beyond a summer it is looked for again.
const AHEAD_DAYS: i32 = 14;

/// The hours of a school, by its own clock.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Hours {
    /// The time zone, such as `Europe/Paris`.
    pub zone: String,
    /// When school is, slots of one day apart from each other.
    pub slots: Vec<Slot>,
    /// Days without school: first and last, in order and apart.
    pub days_off: Vec<(Date, Date)>,
}

/// A span of some weekdays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Slot {
    /// On which days.
    pub days: Days,
    /// From this minute of the day, 0 to 1,439.
    pub from_minute: u16,
    /// Until just before this one, more than `from_minute`, at most 1,440.
    pub until_minute: u16,
}

/// Weekdays, a bit each, Monday being the lowest; 1 to 127.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Days(pub u8);

impl Days {
    /// Whether a weekday is one of them.
    #[must_use]
    pub fn holds(self, day: Weekday) -> bool {
        self.0 >> day.to_monday_zero_offset() & 1 == 1
    }

    /// These and a weekday.
    #[must_use]
    pub fn with(self, day: Weekday) -> Self {
        Self(self.0 | 1 << day.to_monday_zero_offset())
    }
}

impl Hours {
    /// Whether school is at a local time, and when that may change by the passing of time alone.
    #[must_use]
    pub fn at(&self, local: DateTime) -> (bool, Duration) {
        let second = second_of(local);
        for (ahead, day) in (0..=AHEAD_DAYS).zip(local.date().series(jiff::Span::new().days(1))) {
            let past = i64::from(ahead) * i64::from(DAY_MINUTES) * 60 - second;
            for (from, until) in self.spans(day) {
                let (from, until) = (past + i64::from(from) * 60, past + i64::from(until) * 60);
                if from > 0 {
                    return (false, seconds(from));
                }
                if until > 0 {
                    return (true, seconds(until));
                }
            }
        }
        (false, seconds(i64::from(AHEAD_DAYS) * 86_400))
    }

    /// Judges slots and days.
    ///
    /// # Errors
    /// [`FilteringError`] for slots that end before they begin or lie over each other, for days without order, or too many of them.
    pub fn check(&self) -> Result<(), FilteringError> {
        let bad = |why: &str| Err(fault("hours", why.to_owned()));
        if self.zone.is_empty() || self.zone.len() > 64 || !self.zone.bytes().all(|b| b.is_ascii_graphic()) {
            return bad("not a time zone");
        }
        if self.slots.len() > SLOTS_MAX || self.days_off.len() > DAYS_OFF_MAX {
            return bad("too many");
        }
        for slot in &self.slots {
            if slot.from_minute >= slot.until_minute || slot.until_minute > DAY_MINUTES {
                return bad("a slot ends after it begins, on the same day");
            }
            if !(1..=127).contains(&slot.days.0) {
                return bad("a slot is on some weekday");
            }
        }
        for (at, one) in self.slots.iter().enumerate() {
            let over = |other: &Slot| {
                one.days.0 & other.days.0 != 0
                    && one.from_minute < other.until_minute
                    && other.from_minute < one.until_minute
            };
            if self.slots.iter().skip(at + 1).any(over) {
                return bad("two slots of one day lie over each other");
            }
        }
        let apart = self.days_off.windows(2).all(|two| matches!(two, [one, next] if one.1 < next.0));
        if !apart || self.days_off.iter().any(|(first, last)| first > last) {
            return bad("days off are in order and apart");
        }
        Ok(())
    }

    /// The spans of a day in their order, in minutes.
    fn spans(&self, day: Date) -> Vec<(u16, u16)> {
        if self.days_off.iter().any(|(first, last)| (*first..=*last).contains(&day)) {
            return Vec::new();
        }
        let on = self.slots.iter().filter(|slot| slot.days.holds(day.weekday()));
        let mut spans: Vec<(u16, u16)> = on.map(|slot| (slot.from_minute, slot.until_minute)).collect();
        spans.sort_unstable();
        spans
    }
}

fn second_of(local: DateTime) -> i64 {
    i64::from(local.hour()) * 3_600 + i64::from(local.minute()) * 60 + i64::from(local.second())
}

fn seconds(count: i64) -> Duration {
    Duration::from_secs(u64::try_from(count).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use proptest::prelude::*;

    fn hours() -> Hours {
        let weekdays = Days(0b0001_1011);
        let slot = |from_minute, until_minute| Slot { days: weekdays, from_minute, until_minute };
        Hours {
            zone: "Europe/Paris".to_owned(),
            slots: vec![slot(810, 990), slot(510, 690)],
            days_off: vec![(date(2026, 12, 19), date(2027, 1, 3))],
        }
    }

    #[test]
    fn school_is_in_its_slots_and_not_on_days_off() {
        let hours = hours();
        // A Monday; Wednesdays are free.
        let monday = date(2026, 11, 30);
        assert_eq!(hours.at(monday.at(8, 29, 59, 0)), (false, Duration::from_secs(1)));
        assert_eq!(hours.at(monday.at(8, 30, 0, 0)), (true, Duration::from_secs(3 * 3_600)));
        assert_eq!(hours.at(monday.at(11, 30, 0, 0)), (false, Duration::from_secs(2 * 3_600)));
        assert_eq!(hours.at(date(2026, 12, 1).at(16, 30, 0, 0)), (false, Duration::from_secs(40 * 3_600)));
        assert!(!hours.at(date(2026, 12, 25).at(9, 0, 0, 0)).0);
        assert_eq!(
            Hours { slots: vec![], ..hours }.at(monday.at(9, 0, 0, 0)),
            (false, Duration::from_secs(14 * 86_400))
        );
    }

    #[test]
    fn hours_that_cannot_be_meant_are_refused() {
        let good = hours();
        assert_eq!(good.check(), Ok(()));
        let slot = |days, from_minute, until_minute| Slot { days: Days(days), from_minute, until_minute };
        for slots in [
            vec![slot(1, 600, 600)],
            vec![slot(1, 700, 600)],
            vec![slot(1, 0, 1_441)],
            vec![slot(0, 0, 60)],
            vec![slot(128, 0, 60)],
            vec![slot(1, 500, 700), slot(3, 699, 800)],
            vec![slot(1, 0, 1); 29],
        ] {
            assert!(Hours { slots: slots.clone(), ..good.clone() }.check().is_err(), "{slots:?}");
        }
        // Where one ends the next may begin.
        assert!(Hours { slots: vec![slot(1, 500, 700), slot(3, 700, 800)], ..good.clone() }.check().is_ok());
        let days = vec![(date(2026, 12, 19), date(2026, 12, 18))];
        assert!(Hours { days_off: days, ..good.clone() }.check().is_err());
        assert!(Hours { zone: String::new(), ..good }.check().is_err());
    }

    proptest! {
        /// What is said to hold until then holds until just before, and then the other does, unless nothing is near.
        #[test]
        fn nothing_changes_before_it_is_said_to(days in 0i32..60, second in 0i64..86_400, part in 0.0f64..1.0) {
            let hours = hours();
            let start = date(2026, 11, 20).checked_add(jiff::Span::new().days(days)).unwrap().at(0, 0, 0, 0);
            let at = start.checked_add(jiff::SignedDuration::from_secs(second)).unwrap();
            let (school, until) = hours.at(at);
            prop_assert!(!until.is_zero());
            let within = until.mul_f64(part).min(until - Duration::from_secs(1));
            let later = at.checked_add(jiff::SignedDuration::try_from(within).unwrap()).unwrap();
            prop_assert_eq!(hours.at(later).0, school);
            let then = at.checked_add(jiff::SignedDuration::try_from(until).unwrap()).unwrap();
            let far = until >= Duration::from_secs(14 * 86_400 - 86_400);
            prop_assert!(far || hours.at(then).0 != school);
        }
    }
}
