//! Whether bundles are fetched now, and in which order: by the plan, the hour, the link and the battery.

use jiff::civil::{DateTime, Weekday};
use model::resource::{Fetching, Quiet};
use std::cmp::Reverse;
use std::time::Duration;

/// What keeps a device from fetching is looked at so often.
const LOOK_EVERY: Duration = Duration::from_secs(300);
const DAY_MINUTES: u64 = 1_440;

/// What a device runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Power {
    /// The mains, or nobody can tell.
    Mains,
    /// A battery, charged to this, in percent.
    Battery(u8),
}

/// What the machine and the hour are like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Here {
    /// The hour in the plan's zone.
    pub local: DateTime,
    /// Whether each byte is paid for, as far as anybody can tell.
    pub metered: bool,
    /// What it runs on.
    pub power: Power,
}

/// Why nothing is fetched yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// It is a school day's hour; until when, from now.
    Hours(Duration),
    /// Each byte is paid for.
    Metered,
    /// The battery is low.
    Battery,
}

impl Wait {
    /// The code by which it is reported.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Hours(_) => "waiting_hours",
            Self::Metered => "waiting_metered",
            Self::Battery => "waiting_battery",
        }
    }

    /// When to look again: the hour may pass by, a cable may be plugged in.
    #[must_use]
    pub fn look_again(self) -> Duration {
        match self {
            Self::Hours(until) => until.clamp(Duration::from_secs(1), LOOK_EVERY),
            Self::Metered | Self::Battery => LOOK_EVERY,
        }
    }
}

/// What keeps a bundle from being fetched and put in place now. What is urgent waits for no hour, and still for power and a free link.
#[must_use]
pub fn wait(fetching: &Fetching, urgent: bool, here: &Here) -> Option<Wait> {
    let hours = fetching.quiet.as_ref().filter(|_| !urgent).and_then(|quiet| quiet_until(quiet, here.local));
    if let Some(until) = hours {
        return Some(Wait::Hours(until));
    }
    if here.metered && !fetching.metered {
        return Some(Wait::Metered);
    }
    battery_low(fetching, here.power).then_some(Wait::Battery)
}

/// Whether nothing is fetched or served, to spare the battery.
#[must_use]
pub fn battery_low(fetching: &Fetching, power: Power) -> bool {
    matches!(power, Power::Battery(percent) if percent < fetching.battery_floor_percent)
}

/// Orders what is to be fetched: the urgent first, then the small, so that most of it is soon there.
pub fn order<T>(bundles: &mut [T], key: impl Fn(&T) -> (bool, u64)) {
    bundles.sort_by_key(|bundle| {
        let (urgent, bytes) = key(bundle);
        (Reverse(urgent), bytes)
    });
}

/// How long a device is still left to its user; nothing when it is not now.
fn quiet_until(quiet: &Quiet, local: DateTime) -> Option<Duration> {
    let day = local.date();
    let school = !matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday)
        && !quiet.days_off.iter().any(|(first, last)| (*first..=*last).contains(&day));
    let second = u64::from(local.hour().unsigned_abs()) * 3_600
        + u64::from(local.minute().unsigned_abs()) * 60
        + u64::from(local.second().unsigned_abs());
    let end = u64::from(quiet.until_minute).min(DAY_MINUTES) * 60;
    let inside = school && (u64::from(quiet.from_minute) * 60..end).contains(&second);
    inside.then(|| Duration::from_secs(end - second))
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use proptest::prelude::*;

    fn quiet() -> Quiet {
        Quiet {
            zone: "Europe/Paris".to_owned(),
            from_minute: 480,
            until_minute: 1_080,
            days_off: vec![(date(2026, 12, 19), date(2027, 1, 3))],
        }
    }

    fn at(local: DateTime) -> Here {
        Here { local, metered: false, power: Power::Mains }
    }

    #[test]
    fn a_school_day_is_left_to_its_pupils() {
        let fetching = Fetching { quiet: Some(quiet()), ..Fetching::default() };
        let waits = |local: DateTime, urgent: bool| wait(&fetching, urgent, &at(local));
        // A Monday.
        let monday = date(2026, 11, 30);
        assert_eq!(waits(monday.at(7, 59, 59, 0), false), None);
        assert_eq!(waits(monday.at(8, 0, 0, 0), false), Some(Wait::Hours(Duration::from_secs(36_000))));
        assert_eq!(waits(monday.at(17, 59, 59, 0), false), Some(Wait::Hours(Duration::from_secs(1))));
        assert_eq!((waits(monday.at(18, 0, 0, 0), false), waits(monday.at(9, 0, 0, 0), true)), (None, None));
        for free in [date(2026, 11, 29), date(2026, 12, 5), date(2026, 12, 19), date(2026, 12, 24), date(2027, 1, 1)] {
            assert_eq!(waits(free.at(10, 0, 0, 0), false), None, "{free}");
        }
        assert!(waits(date(2027, 1, 4).at(10, 0, 0, 0), false).is_some());
    }

    #[test]
    fn what_is_urgent_still_spares_the_link_and_the_battery() {
        let here = at(date(2026, 11, 30).at(20, 0, 0, 0));
        let fetching = Fetching::default();
        for urgent in [false, true] {
            assert_eq!(wait(&fetching, urgent, &Here { metered: true, ..here }), Some(Wait::Metered));
            assert_eq!(wait(&fetching, urgent, &Here { power: Power::Battery(29), ..here }), Some(Wait::Battery));
            assert_eq!(wait(&fetching, urgent, &Here { power: Power::Battery(30), ..here }), None);
        }
        let allowed = Fetching { metered: true, ..fetching };
        assert_eq!(wait(&allowed, false, &Here { metered: true, ..here }), None);
    }

    proptest! {
        #[test]
        fn no_wait_outlasts_the_quiet_hours(minute in 0_u16..1_440, second in 0_i8..60, days in 0_i32..60) {
            let day = date(2026, 11, 1).checked_add(jiff::Span::new().days(days)).unwrap();
            let local = day.at(i8::try_from(minute / 60).unwrap(), i8::try_from(minute % 60).unwrap(), second, 0);
            let fetching = Fetching { quiet: Some(quiet()), ..Fetching::default() };
            if let Some(waiting) = wait(&fetching, false, &at(local)) {
                let Wait::Hours(until) = waiting else { panic!("{waiting:?}") };
                let end = local.checked_add(jiff::SignedDuration::try_from(until).unwrap()).unwrap();
                prop_assert_eq!(end, day.at(18, 0, 0, 0));
                prop_assert_eq!(wait(&fetching, false, &at(end)), None);
                prop_assert!(waiting.look_again() <= LOOK_EVERY && !waiting.look_again().is_zero());
            }
        }

        #[test]
        fn the_urgent_come_first_and_then_the_small(mut bundles in prop::collection::vec((any::<bool>(), 0_u64..9), 0..20)) {
            order(&mut bundles, |bundle| *bundle);
            prop_assert!(bundles.is_sorted_by_key(|&(urgent, bytes)| (!urgent, bytes)));
        }
    }
}
