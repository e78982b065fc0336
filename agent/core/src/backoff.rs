//! How long to wait before trying again, so that a herd does not come back in step.

use std::time::Duration;

/// The first ceiling.
const FIRST: Duration = Duration::from_secs(1);
/// The last ceiling, and the quiet pause of a device that was told to go away.
pub const CEILING: Duration = Duration::from_secs(15 * 60);
/// The span in which devices that were switched on together spread their first check-in (security.md, "Herds").
const POWER_ON: Duration = Duration::from_secs(60);
/// The longest wait a server may ask for.
pub const SERVER_WAIT_MAX: Duration = Duration::from_secs(86_400);

/// Full jitter: uniform between nothing and a ceiling that doubles with each failure, from 1 s to 15 min.
///
/// After "Exponential Backoff And Jitter" (AWS Architecture Blog, 2015), where full jitter does the least work in all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Backoff {
    failures: u32,
}

impl Backoff {
    /// The wait after one more failure; never shorter than what the server asked for.
    ///
    /// No ceiling is below `spread`, the span over which the server would have all its devices come back: a crash cuts them in
    /// the same instant, and what it can take of them in a second does not grow with their number.
    pub fn failed(&mut self, server: Option<Duration>, spread: Duration, random: u32) -> Duration {
        let ceiling = FIRST.saturating_mul(1_u32.checked_shl(self.failures.min(20)).unwrap_or(u32::MAX));
        self.failures = self.failures.saturating_add(1);
        let drawn = portion(ceiling.max(spread).min(CEILING), random);
        server.map_or(drawn, |wait| drawn.max(wait.min(SERVER_WAIT_MAX)))
    }

    /// Something worked: the next failure begins anew.
    pub fn succeeded(&mut self) {
        self.failures = 0;
    }

    /// Failures in a row.
    #[must_use]
    pub const fn failures(&self) -> u32 {
        self.failures
    }
}

/// The wait before a line that was cut while it stood is drawn again: uniform in the server's spread, and at least in 1 s.
#[must_use]
pub fn again(spread: Duration, random: u32) -> Duration {
    portion(spread.clamp(FIRST, CEILING), random)
}

/// The wait after power-on: uniform in a minute.
#[must_use]
pub fn power_on(random: u32) -> Duration {
    portion(POWER_ON, random)
}

/// The quiet pause of a device that was refused: from three quarters of 15 min to all of it.
#[must_use]
pub fn refused(random: u32) -> Duration {
    CEILING - portion(CEILING / 4, random)
}

/// A while, up to a tenth shorter or longer.
#[must_use]
pub fn jittered(while_: Duration, random: u32) -> Duration {
    (while_ - while_ / 10).saturating_add(portion(while_ / 5, random))
}

/// The part of a while that a random number stands for: nothing at 0, all of it at the greatest.
#[must_use]
pub fn portion(while_: Duration, random: u32) -> Duration {
    while_.mul_f64(f64::from(random) / f64::from(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_ceiling_doubles_to_a_quarter_of_an_hour_and_a_success_resets_it() {
        let mut backoff = Backoff::default();
        let ceilings: Vec<u64> = (0..12).map(|_| backoff.failed(None, Duration::ZERO, u32::MAX).as_secs()).collect();
        assert_eq!(ceilings, [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]);
        assert_eq!(backoff.failures(), 12);
        backoff.succeeded();
        assert_eq!(backoff.failed(None, Duration::ZERO, u32::MAX), FIRST);
        assert_eq!(backoff.failed(None, Duration::ZERO, 0), Duration::ZERO);
    }

    #[test]
    fn a_large_fleet_comes_back_over_the_servers_spread() {
        let spread = Duration::from_secs(7);
        let mut backoff = Backoff::default();
        let ceilings: Vec<u64> = (0..6).map(|_| backoff.failed(None, spread, u32::MAX).as_secs()).collect();
        assert_eq!(ceilings, [7, 7, 7, 8, 16, 32]);
        assert_eq!(Backoff::default().failed(None, Duration::MAX, u32::MAX), CEILING);
        assert_eq!([again(spread, u32::MAX), again(spread, 0)], [spread, Duration::ZERO]);
        assert_eq!([again(Duration::ZERO, u32::MAX), again(Duration::MAX, u32::MAX)], [FIRST, CEILING]);
    }

    proptest! {
        #[test]
        fn waits_stay_in_their_range(failures in 0u32..100, wait in 0u64..1_000_000, random: u32) {
            let mut backoff = Backoff { failures };
            let wait = Duration::from_secs(wait);
            let drawn = backoff.failed(Some(wait), Duration::ZERO, random);
            prop_assert!(drawn >= wait.min(SERVER_WAIT_MAX) && drawn <= CEILING.max(wait.min(SERVER_WAIT_MAX)));
            prop_assert!(power_on(random) <= Duration::from_secs(60));
            prop_assert!((CEILING * 3 / 4..=CEILING).contains(&refused(random)));
            let poll = Duration::from_secs(900);
            prop_assert!((Duration::from_secs(810)..=Duration::from_secs(990)).contains(&jittered(poll, random)));
        }
    }
}
