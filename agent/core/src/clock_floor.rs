//! The time by which certificates are judged, on a machine whose clock may be anywhere.
//!
//! A flat battery puts a clock to 1970 or 2000; certificates would then not hold yet. So the time is never before the time
//! this program was made, nor before the last time a server was heard to say (security.md, "Clock"). It never sets the clock.

use model::time::Timestamp;
use std::time::Duration;

/// The floor is written again when the server's time is this far above it: a write a day spares the disk.
const STEP: Duration = Duration::from_secs(86_400);

/// A clock that differs less from what a server said is right.
const RIGHT: Duration = Duration::from_secs(300);

/// The time to judge certificates by; `told` is the control plane's own time, if it was asked because this clock is in doubt.
///
/// A clock that agrees with it is used again: it was put right meanwhile. What was told counts for more than the floor: it answers a
/// question of ours, and a floor may come from a server whose clock was ahead.
#[must_use]
pub fn validation_time(
    system: Timestamp,
    told: Option<Timestamp>,
    built: Timestamp,
    floor: Option<Timestamp>,
) -> Timestamp {
    let Some(told) = told else { return system.max(built).max(floor.unwrap_or(built)) };
    let apart = system.since(told).max(told.since(system)) > RIGHT;
    if apart { told.max(built) } else { system.max(built) }
}

/// The floor to keep after a server whose certificate was checked said its time; nothing when the kept one does.
///
/// It never passes the end of the device's own certificate. A server whose clock runs ahead may lift it so far, further still with a
/// certificate of its own; the time that it signs once it was put right takes it down again.
#[must_use]
pub fn floor_raised(floor: Option<Timestamp>, server: Timestamp, certificate_until: Timestamp) -> Option<Timestamp> {
    let next = server.min(certificate_until);
    (floor.is_none_or(|kept| next >= kept.after(STEP))).then_some(next)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const DAY: i64 = 86_400;

    fn day(n: i64) -> Timestamp {
        Timestamp::from_unix_seconds(n * DAY)
    }

    #[test]
    fn the_floor_moves_a_day_at_a_time_and_not_beyond_the_certificate() {
        assert_eq!(floor_raised(None, day(100), day(120)), Some(day(100)));
        assert_eq!(floor_raised(Some(day(100)), day(100).after(Duration::from_secs(5)), day(120)), None);
        assert_eq!(floor_raised(Some(day(100)), day(101), day(120)), Some(day(101)));
        assert_eq!(floor_raised(Some(day(100)), day(500), day(120)), Some(day(120)));
        assert_eq!(floor_raised(Some(day(120)), day(500), day(120)), None);
        assert_eq!(floor_raised(Some(day(100)), day(3), day(120)), None);
    }

    #[test]
    fn a_clock_that_is_off_gives_way_to_what_was_told_until_it_is_put_right() {
        let at = |system, told| validation_time(system, told, day(10), Some(day(20)));
        for off in [day(0), day(500)] {
            assert_eq!(at(off, Some(day(100))), day(100));
        }
        let nearly = day(100).after(Duration::from_secs(299));
        assert_eq!(at(nearly, Some(day(100))), nearly);
        // A server whose clock is at 1970 does not undo what this program knows.
        assert_eq!(at(day(500), Some(day(0))), day(10));
        // One that was ahead has left a floor, and says better now; a clock that agrees is used again.
        assert_eq!(validation_time(day(5), Some(day(30)), day(10), Some(day(70))), day(30));
        assert_eq!(validation_time(day(30), Some(day(30)), day(10), Some(day(70))), day(30));
        assert_eq!(validation_time(day(30), None, day(10), Some(day(70))), day(70));
    }

    proptest! {
        #[test]
        fn time_is_never_before_what_is_known(system: i64, told: Option<i64>, built: i64, floor: Option<i64>) {
            let t = Timestamp::from_unix_millis;
            let at = validation_time(t(system), told.map(t), t(built), floor.map(t));
            prop_assert!(at >= t(built) && (told.is_some() || floor.is_none_or(|f| at >= t(f))));
            prop_assert!(told.is_some() || at >= t(system));
            prop_assert!([Some(system), told, Some(built), floor].contains(&Some(at.unix_millis())));
        }
    }
}
