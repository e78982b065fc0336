//! How fast bytes may go: so many a second, over time that is given.

use std::time::Duration;

/// What may go at once after a pause: this much time's worth.
const BURST: Duration = Duration::from_secs(1);

/// Bytes that may go. What went is taken off afterwards, so that a large message makes the next one wait and none is refused.
#[derive(Clone, Debug)]
pub struct Bucket {
    /// Bytes a second; 0: no limit.
    rate: u64,
    /// When all that went would have gone at this rate.
    free_at: Duration,
}

impl Bucket {
    /// One of this rate, in bytes a second; 0: no limit.
    #[must_use]
    pub const fn new(rate: u64) -> Self {
        Self { rate, free_at: Duration::ZERO }
    }

    /// Another rate from now on; what went is not forgiven.
    pub const fn rate_set(&mut self, rate: u64) {
        self.rate = rate;
    }

    /// How long to wait before anything more goes.
    #[must_use]
    pub fn wait(&self, now: Duration) -> Duration {
        if self.rate == 0 { Duration::ZERO } else { self.free_at.saturating_sub(now) }
    }

    /// Notes that so many bytes went.
    pub fn went(&mut self, bytes: u64, now: Duration) {
        if self.rate > 0 {
            let nanos = u128::from(bytes) * 1_000_000_000 / u128::from(self.rate);
            let took = Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX));
            self.free_at = self.free_at.max(now.saturating_sub(BURST)).saturating_add(took);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn over_any_while_no_more_goes_than_the_rate_and_a_burst(
            rate in 1_000_u64..1_000_000, sizes in prop::collection::vec((1_u64..100_000, 0_u64..2_000), 1..60),
        ) {
            let mut bucket = Bucket::new(rate);
            let (mut now, mut events) = (Duration::from_secs(50), Vec::new());
            for (bytes, pause) in sizes {
                now += Duration::from_millis(pause) + bucket.wait(now);
                prop_assert_eq!(bucket.wait(now), Duration::ZERO);
                bucket.went(bytes, now);
                events.push((now, bytes));
            }
            for from in 0..events.len() {
                for to in from..events.len() {
                    // The last message is what its successor waits for.
                    let sum: u64 = events[from..to].iter().map(|(_, bytes)| bytes).sum();
                    let while_ = (events[to].0 - events[from].0 + BURST).as_secs_f64();
                    #[allow(clippy::cast_precision_loss, reason = "small numbers")]
                    let most = rate as f64 * while_ + 1.0;
                    #[allow(clippy::cast_precision_loss, reason = "small numbers")]
                    let went = sum as f64;
                    prop_assert!(went <= most, "{} in {}", sum, while_);
                }
            }
        }
    }

    #[test]
    fn no_rate_is_no_limit_and_a_long_pause_saves_up_one_second() {
        let s = Duration::from_secs;
        let mut bucket = Bucket::new(0);
        bucket.went(u64::MAX, s(1));
        assert_eq!(bucket.wait(s(1)), Duration::ZERO);
        bucket.rate_set(1_000);
        bucket.went(1_000, s(100));
        assert_eq!(bucket.wait(s(100)), Duration::ZERO);
        bucket.went(5_000, s(100));
        assert_eq!(bucket.wait(s(100)), s(5));
        assert_eq!(bucket.wait(s(104)), s(1));
    }
}
