//! How much to ask of a source at once: what it gives in some seconds, so that a slow line answers in time and a fast one is kept busy.

use std::collections::BTreeMap;
use std::time::Duration;

/// The least that is asked for at once, in bytes; a chunk that is larger is asked for by itself.
pub const LEAST: usize = 64 << 10;
/// The most, in bytes; a source answers no more.
pub const MOST: usize = 1 << 20;
/// Whom nothing is known of is asked for so much, in bytes.
const FIRST: usize = 128 << 10;
/// Answers are to take about so long.
const AIM: Duration = Duration::from_secs(8);
/// Who gives more than this at once, in bytes, is asked for several things at a time.
const SEVERAL: usize = 512 << 10;

/// What each source gives at a time, by its name.
#[derive(Clone, Debug, Default)]
pub struct Pace(BTreeMap<String, usize>);

impl Pace {
    /// How many bytes to ask for at once.
    #[must_use]
    pub fn portion(&self, name: &str) -> usize {
        self.0.get(name).copied().unwrap_or(FIRST)
    }

    /// How many requests to have under way, at most so many: on a slow line each would only wait for the one before it.
    #[must_use]
    pub fn under_way(&self, name: &str, most: usize) -> usize {
        if self.portion(name) >= SEVERAL { most } else { 1 }
    }

    /// Whether it gives as little as anybody is asked for.
    #[must_use]
    pub fn is_least(&self, name: &str) -> bool {
        self.portion(name) <= LEAST
    }

    /// Notes that so many bytes took so long. What is more than was known is believed by halves: a line's buffers are not the line.
    pub fn came(&mut self, name: &str, bytes: usize, took: Duration) {
        let aim = u64::try_from(AIM.as_millis()).unwrap_or(u64::MAX);
        let took = u64::try_from(took.as_millis()).unwrap_or(u64::MAX).max(1);
        let fits = usize::try_from((bytes as u64).saturating_mul(aim) / took).unwrap_or(usize::MAX).clamp(LEAST, MOST);
        let before = self.portion(name);
        let next = if fits > before { fits.min(before.saturating_mul(4)) } else { fits };
        // A small answer says nothing of how fast a line is: what took the time was the way there and back.
        if fits > before || bytes >= before.min(LEAST) {
            self.0.insert(name.to_owned(), next);
        } else if u128::from(took) > AIM.as_millis() * 2 {
            self.late(name);
        }
    }

    /// Notes that no answer came in time.
    pub fn late(&mut self, name: &str) {
        let half = (self.portion(name) / 2).max(LEAST);
        self.0.insert(name.to_owned(), half);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The time a line of so many bytes a second takes.
    fn time(bytes: usize, rate: u64) -> Duration {
        Duration::from_micros(bytes as u64 * 1_000_000 / rate)
    }

    proptest! {
        #[test]
        fn on_any_line_that_carries_a_chunk_in_time_answers_soon_do(rate in 6_000_u64..200_000_000, late in 0_u32..12) {
            let mut pace = Pace::default();
            (0..late).for_each(|_| pace.late("x"));
            for _ in 0..6 {
                let portion = pace.portion("x");
                prop_assert!((LEAST..=MOST).contains(&portion));
                pace.came("x", portion, time(portion, rate));
            }
            let whole = time(pace.portion("x"), rate) * u32::try_from(pace.under_way("x", 3)).unwrap();
            prop_assert!(whole <= AIM * 3, "{whole:?}");
            prop_assert!(rate < 1_000_000 || pace.portion("x") == MOST);
        }
    }

    #[test]
    fn small_answers_and_lateness() {
        let mut pace = Pace::default();
        assert_eq!((pace.portion("x"), pace.under_way("x", 3)), (FIRST, 1));
        pace.came("x", 900, Duration::from_millis(400));
        assert_eq!(pace.portion("x"), FIRST);
        pace.came("x", FIRST, Duration::from_millis(20));
        assert_eq!((pace.portion("x"), pace.under_way("x", 3)), (FIRST * 4, 3));
        assert!(!pace.is_least("x"));
        // A drip: little, and late.
        (0..9).for_each(|_| pace.came("x", 900, Duration::from_secs(29)));
        assert!(pace.is_least("x"));
        assert_eq!((pace.portion("x"), pace.under_way("x", 3), pace.portion("y")), (LEAST, 1, FIRST));
    }
}
