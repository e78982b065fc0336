//! School days: weekdays that are neither holidays of the zone nor public holidays.
//!
//! Silence is counted in them, so that a fleet is not called silent because it is August. The holidays are entered as data, a zone
//! and a year at a time; the public holidays follow from the year.

use jiff::civil::{Date, Weekday};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

/// The longest name of a break, in characters.
pub const BREAK_NAME_CHARS_MAX: usize = 80;
/// The most breaks of one zone that are kept.
pub const BREAKS_MAX: usize = 500;
/// The longest break, in days: longer is a mistyped year.
pub const BREAK_DAYS_MAX: i32 = 120;
/// How far back school days are counted, in days.
const LOOK_BACK_DAYS: u32 = 5 * 366;

/// A school-holiday zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the names say what they are")]
pub enum Zone {
    A,
    B,
    C,
    Corsica,
    Guadeloupe,
    Guyane,
    Martinique,
    Mayotte,
    Reunion,
}

/// Days on which a zone has no school, the last one included.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Break {
    /// The first day off.
    pub first: Date,
    /// The last day off.
    pub last: Date,
    /// What it is called.
    pub name: String,
}

/// The breaks of the zones that were entered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Calendar {
    zones: BTreeMap<Zone, Vec<Break>>,
}

/// Why something cannot stand in a calendar.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CalendarError {
    /// Not a zone.
    #[error("a zone is a, b, c, corsica, guadeloupe, guyane, martinique, mayotte or reunion, not {0:?}")]
    Zone(String),
    /// The break has no name, or too long a one.
    #[error("a break is named with 1 to {BREAK_NAME_CHARS_MAX} characters")]
    Name,
    /// The break ends before it begins, or lasts too long.
    #[error("a break ends on the day it begins or later, and lasts at most {BREAK_DAYS_MAX} days: {first} to {last}")]
    Span {
        /// The first day.
        first: Date,
        /// The last day.
        last: Date,
    },
    /// Too many.
    #[error("a zone has at most {BREAKS_MAX} breaks")]
    Many,
}

impl Zone {
    /// Every zone.
    pub const ALL: [Self; 9] = [
        Self::A,
        Self::B,
        Self::C,
        Self::Corsica,
        Self::Guadeloupe,
        Self::Guyane,
        Self::Martinique,
        Self::Mayotte,
        Self::Reunion,
    ];

    /// The name in tables and messages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::A => "a",
            Self::B => "b",
            Self::C => "c",
            Self::Corsica => "corsica",
            Self::Guadeloupe => "guadeloupe",
            Self::Guyane => "guyane",
            Self::Martinique => "martinique",
            Self::Mayotte => "mayotte",
            Self::Reunion => "reunion",
        }
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// `Zone A`, `a`, `Corse` and `La Réunion` are all read, as the ministry and people write them.
impl FromStr for Zone {
    type Err = CalendarError;
    fn from_str(text: &str) -> Result<Self, CalendarError> {
        let folded = text.trim().to_lowercase().replace('é', "e");
        let bare = folded.strip_prefix("zone ").or_else(|| folded.strip_prefix("la ")).unwrap_or(&folded).trim();
        let bare = if bare == "corse" { "corsica" } else { bare };
        let found = Self::ALL.into_iter().find(|zone| zone.name() == bare);
        found.ok_or_else(|| CalendarError::Zone(text.chars().take(32).collect()))
    }
}

impl Break {
    /// Whether it can be meant.
    ///
    /// # Errors
    /// [`CalendarError`] for a name or a span that cannot be meant.
    pub fn check(&self) -> Result<(), CalendarError> {
        let chars = self.name.chars().count();
        if !(1..=BREAK_NAME_CHARS_MAX).contains(&chars) || self.name.chars().any(char::is_control) {
            return Err(CalendarError::Name);
        }
        let days = (self.last - self.first).get_days();
        if !(0..BREAK_DAYS_MAX).contains(&days) {
            return Err(CalendarError::Span { first: self.first, last: self.last });
        }
        Ok(())
    }

    /// The school year it belongs to, by the year in which that begins: a summer belongs to the one that it ends.
    #[must_use]
    pub fn school_year(&self) -> i16 {
        if self.first.month() >= 9 { self.first.year() } else { self.first.year() - 1 }
    }

    /// Whether a day is off because of it.
    #[must_use]
    pub fn holds(&self, day: Date) -> bool {
        self.first <= day && day <= self.last
    }
}

impl Calendar {
    /// A calendar of these breaks.
    #[must_use]
    pub fn new(zones: BTreeMap<Zone, Vec<Break>>) -> Self {
        Self { zones }
    }

    /// The zones of which something is known.
    pub fn zones(&self) -> impl Iterator<Item = Zone> {
        self.zones.iter().filter(|(_, breaks)| !breaks.is_empty()).map(|(zone, _)| *zone)
    }

    /// The breaks of a zone; none when nothing is known of it.
    #[must_use]
    pub fn breaks(&self, zone: Zone) -> &[Break] {
        self.zones.get(&zone).map_or(&[], Vec::as_slice)
    }

    /// Whether there is school that day, Saturdays not counted.
    #[must_use]
    pub fn is_school_day(&self, zone: Zone, day: Date) -> bool {
        !matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday)
            && !self.breaks(zone).iter().any(|off| off.holds(day))
            && !is_public_holiday(day)
    }

    /// The school days from one day to another, both included.
    pub fn school_days(&self, zone: Zone, first: Date, last: Date) -> impl Iterator<Item = Date> {
        let days = first.series(jiff::Span::new().days(1)).take_while(move |day| *day <= last);
        days.filter(move |day| self.is_school_day(zone, *day))
    }

    /// The last day on which somebody was heard who has by `today` been silent for so many whole school days; `None` when that is
    /// longer ago than is looked back.
    ///
    /// Neither that day nor today counts: who was heard on Friday has on Monday missed nothing yet.
    #[must_use]
    pub fn silent_since(&self, zone: Zone, today: Date, school_days: u32) -> Option<Date> {
        let (mut missed, mut day) = (0, today.yesterday().ok()?);
        for _ in 0..LOOK_BACK_DAYS {
            if missed >= school_days {
                return Some(day);
            }
            missed += u32::from(self.is_school_day(zone, day));
            day = day.yesterday().ok()?;
        }
        None
    }
}

/// Whether a day is a public holiday all over France (Code du travail, L. 3133-1).
#[must_use]
pub fn is_public_holiday(day: Date) -> bool {
    const FIXED: [(i8, i8); 8] = [(1, 1), (5, 1), (5, 8), (7, 14), (8, 15), (11, 1), (11, 11), (12, 25)];
    if FIXED.contains(&(day.month(), day.day())) {
        return true;
    }
    // Easter Monday, Ascension, Whit Monday.
    let after = easter(day.year()).map(|easter| (day - easter).get_days());
    after.is_some_and(|days| [1, 39, 50].contains(&days))
}

/// Easter Sunday of the Gregorian calendar (the anonymous computus of 1876).
fn easter(year: i16) -> Option<Date> {
    let year = i32::from(year);
    let (a, b, c) = (year.rem_euclid(19), year.div_euclid(100), year.rem_euclid(100));
    let (d, e) = (b / 4, b % 4);
    let g = (8 * b + 13) / 25;
    let h = (19 * a + b - d - g + 15).rem_euclid(30);
    let (i, k) = (c / 4, c % 4);
    let l = (32 + 2 * e + 2 * i - h - k).rem_euclid(7);
    let m = (a + 11 * h + 19 * l) / 433;
    let n = (h + l - 7 * m + 90) / 25;
    let p = (h + l - 7 * m + 33 * n + 19).rem_euclid(32);
    Date::new(i16::try_from(year).ok()?, i8::try_from(n).ok()?, i8::try_from(p).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use proptest::prelude::*;

    fn off(first: Date, last: Date) -> Break {
        Break { first, last, name: "repos".to_owned() }
    }

    fn days() -> impl Strategy<Value = Date> {
        (0i32..20_000).prop_map(|n| date(2000, 1, 1).checked_add(jiff::Span::new().days(n)).unwrap())
    }

    #[test]
    fn public_holidays_follow_from_the_year() {
        for (year, month, day) in [(2024, 3, 31), (2025, 4, 20), (2026, 4, 5), (2027, 3, 28), (2038, 4, 25)] {
            assert_eq!(easter(year), Some(date(year, month, day)));
        }
        for day in [date(2026, 4, 6), date(2026, 5, 14), date(2026, 5, 25), date(2026, 11, 11), date(2027, 1, 1)] {
            assert!(is_public_holiday(day), "{day}");
        }
        for day in [date(2026, 4, 5), date(2026, 5, 15), date(2026, 12, 26)] {
            assert!(!is_public_holiday(day), "{day}");
        }
    }

    #[test]
    fn names_are_read_as_people_write_them() {
        for (text, zone) in
            [("Zone A", Zone::A), ("c", Zone::C), ("Corse", Zone::Corsica), ("La Réunion", Zone::Reunion)]
        {
            assert_eq!(text.parse(), Ok(zone));
        }
        for zone in Zone::ALL {
            assert_eq!(zone.name().parse(), Ok(zone));
            assert_eq!(serde_json::to_value(zone).unwrap(), zone.name());
        }
        assert!("D".parse::<Zone>().is_err());
    }

    #[test]
    fn a_break_that_cannot_be_meant_is_refused() {
        assert!(off(date(2026, 12, 19), date(2027, 1, 3)).check().is_ok());
        assert!(off(date(2026, 12, 19), date(2026, 12, 18)).check().is_err());
        assert!(off(date(2026, 12, 19), date(2028, 1, 3)).check().is_err());
        assert!(Break { name: String::new(), ..off(date(2026, 1, 1), date(2026, 1, 1)) }.check().is_err());
    }

    #[test]
    fn august_is_not_silence() {
        let summer = off(date(2026, 7, 4), date(2026, 8, 31));
        let calendar = Calendar::new(BTreeMap::from([(Zone::A, vec![summer])]));
        // Heard on the last day of school, looked at on the second of the next year: one whole school day is missed.
        let since = |zone, n| calendar.silent_since(zone, date(2026, 9, 2), n).unwrap();
        assert_eq!(since(Zone::A, 1), date(2026, 8, 31));
        assert_eq!(since(Zone::A, 2), date(2026, 7, 2));
        assert_eq!(since(Zone::B, 2), date(2026, 8, 30));
        assert_eq!(calendar.zones().collect::<Vec<_>>(), [Zone::A]);
    }

    proptest! {
        /// Whatever the calendar: between the day that is answered and today lie exactly so many school days.
        #[test]
        fn silence_is_counted_in_whole_school_days(
            today in days(), n in 0u32..60, breaks in proptest::collection::vec((days(), 0i32..60), 0..20),
        ) {
            let breaks = breaks.into_iter().map(|(first, days)| off(first, first.checked_add(jiff::Span::new().days(days)).unwrap()));
            let calendar = Calendar::new(BTreeMap::from([(Zone::B, breaks.collect())]));
            if let Some(since) = calendar.silent_since(Zone::B, today, n) {
                prop_assert!(since < today);
                let between = calendar.school_days(Zone::B, since.tomorrow().unwrap(), today.yesterday().unwrap()).count();
                prop_assert_eq!(between, n as usize);
            }
        }

        /// No school day is a weekend, a public holiday, or within a break.
        #[test]
        fn a_school_day_is_a_weekday_and_not_off(day in days(), first in days(), length in 0i32..60) {
            let one = off(first, first.checked_add(jiff::Span::new().days(length)).unwrap());
            let calendar = Calendar::new(BTreeMap::from([(Zone::C, vec![one.clone()])]));
            let weekend = matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday);
            let free = weekend || one.holds(day) || is_public_holiday(day);
            prop_assert_eq!(calendar.is_school_day(Zone::C, day), !free);
            // Another zone's break frees nobody here.
            prop_assert_eq!(calendar.is_school_day(Zone::A, day), !(weekend || is_public_holiday(day)));
        }
    }
}
