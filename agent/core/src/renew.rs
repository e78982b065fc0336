//! When a certificate is to be renewed: at a point of the server's window, then again and again until it works.

use crate::backoff::portion;
use model::time::Timestamp;
use std::time::Duration;

/// The first ceiling of the wait after a failure.
const FIRST: Duration = Duration::from_secs(5 * 60);
/// The last one: ten days of window leave room for some forty tries.
const CEILING: Duration = Duration::from_secs(6 * 3_600);

/// A certificate's renewal to come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Renewal {
    /// The point in the window, by the clock that judges certificates.
    at: Timestamp,
    /// Failures in a row.
    failures: u32,
    /// Not before this, since the machine was switched on.
    again: Duration,
}

impl Renewal {
    /// The renewal of a certificate with this window; `random` should stay the same for the same certificate, so that a device that
    /// starts often does not draw often and so drift to the window's beginning.
    #[must_use]
    pub fn new(from: Timestamp, until: Timestamp, random: u32) -> Self {
        let at = from.after(portion(until.since(from), random));
        Self { at, failures: 0, again: Duration::ZERO }
    }

    /// Whether it is time, by the judging clock and by the time since the machine was switched on.
    ///
    /// There is no end: after the window it is only more urgent, and a certificate that has ended is not even connected with.
    #[must_use]
    pub fn due(&self, now: Timestamp, elapsed: Duration) -> bool {
        now >= self.at && elapsed >= self.again
    }

    /// It failed: not again before a wait that doubles from 5 min to 6 h, of which at least half is kept.
    pub fn failed(&mut self, elapsed: Duration, random: u32) {
        let ceiling = FIRST.saturating_mul(1_u32.checked_shl(self.failures.min(16)).unwrap_or(u32::MAX)).min(CEILING);
        self.failures = self.failures.saturating_add(1);
        self.again = elapsed.saturating_add(ceiling / 2).saturating_add(portion(ceiling / 2, random));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const DAY: Duration = Duration::from_secs(86_400);
    const FROM: Timestamp = Timestamp::from_unix_seconds(1_000_000_000);

    proptest! {
        #[test]
        fn the_point_lies_in_the_window(random: u32, days in 0_u32..400) {
            let until = FROM.after(DAY * days);
            let renewal = Renewal::new(FROM, until, random);
            prop_assert!(renewal.at >= FROM && renewal.at <= until);
            prop_assert!(!renewal.due(FROM.before(Duration::from_millis(1)), DAY));
            prop_assert!(renewal.due(until, DAY));
        }
    }

    #[test]
    fn a_window_that_ends_before_it_begins_is_its_beginning() {
        assert_eq!(Renewal::new(FROM, FROM.before(DAY), u32::MAX).at, FROM);
    }

    #[test]
    fn failures_space_out_to_six_hours_and_never_end() {
        let mut renewal = Renewal::new(FROM, FROM.after(DAY), 0);
        let mut elapsed = DAY;
        let mut waits = Vec::new();
        for _ in 0..9 {
            renewal.failed(elapsed, u32::MAX);
            waits.push(renewal.again.saturating_sub(elapsed).as_secs() / 60);
            assert!(!renewal.due(FROM.after(DAY * 9), elapsed));
            elapsed = renewal.again;
            assert!(renewal.due(FROM.after(DAY * 9), elapsed));
        }
        assert_eq!(waits, [5, 10, 20, 40, 80, 160, 320, 360, 360]);
        renewal.failed(elapsed, 0);
        assert_eq!(renewal.again.saturating_sub(elapsed), CEILING / 2);
    }
}
