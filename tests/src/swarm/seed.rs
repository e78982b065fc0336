//! Chance that comes out the same for the same seed, on every machine and whatever the crates' versions: a run can be repeated.

use std::time::Duration;

/// A stream of numbers (SplitMix64, Steele and others, 2014).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seed(u64);

impl Seed {
    /// The stream of a seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A stream of its own for the nth of something; it does not matter who draws first.
    #[must_use]
    pub fn of(self, nth: u64) -> Self {
        let mut from = Self(self.0 ^ nth.wrapping_mul(0xD134_2543_DE82_EF95));
        Self(from.draw())
    }

    /// The next number.
    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// The next number, as those take it who want 32 bits.
    pub fn draw_u32(&mut self) -> u32 {
        u32::try_from(self.draw() >> 32).unwrap_or(u32::MAX)
    }

    /// The next while, uniform between nothing and this.
    pub fn while_(&mut self, most: Duration) -> Duration {
        agent_core::backoff::portion(most, self.draw_u32())
    }

    /// Puts things into an order of chance (Fisher and Yates).
    pub fn shuffle<T>(&mut self, things: &mut [T]) {
        for last in (1..things.len()).rev() {
            let below = u64::try_from(last).unwrap_or(u64::MAX) + 1;
            things.swap(last, usize::try_from(self.draw() % below).unwrap_or(0));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_numbers_for_ever() {
        // Of the reference implementation, for the seed 1234567.
        let mut seed = Seed::new(1_234_567);
        assert_eq!(
            [seed.draw(), seed.draw(), seed.draw()],
            [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]
        );
        let order = |seed: u64| {
            let mut things: Vec<u32> = (0..100).collect();
            Seed::new(seed).shuffle(&mut things);
            things
        };
        assert_eq!(order(7), order(7));
        assert_ne!(order(7), order(8));
        let mut sorted = order(7);
        sorted.sort_unstable();
        assert_eq!(sorted, (0..100).collect::<Vec<_>>());
    }

    #[test]
    fn streams_are_apart_and_do_not_depend_on_who_draws_first() {
        let seed = Seed::new(1);
        let whole: Vec<u64> = (0..1_000).map(|n| seed.of(n).draw()).collect();
        let (mut backwards, mut unique) = (Vec::new(), whole.clone());
        (0..1_000).rev().for_each(|n| backwards.push(seed.of(n).draw()));
        backwards.reverse();
        assert_eq!(whole, backwards);
        unique.sort_unstable();
        unique.dedup();
        assert_eq!(unique.len(), whole.len());
        let most = Duration::from_secs(60);
        let mean = (0..1_000).map(|n| seed.of(n).while_(most).as_secs_f64()).sum::<f64>() / 1_000.0;
        assert!((27.0..33.0).contains(&mean), "{mean}");
    }
}
