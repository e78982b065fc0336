//! How long things took: every one is kept, so that a quantile is one of them and no estimate.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long each of many took, in microseconds.
#[derive(Clone, Debug, Default)]
pub struct Latencies(Vec<u32>);

/// What is shown of them, in milliseconds.
pub const SHOWN: [(&str, f64); 5] = [("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p999", 0.999), ("max", 1.0)];

impl Latencies {
    /// Notes one.
    pub fn note(&mut self, took: Duration) {
        self.0.push(u32::try_from(took.as_micros()).unwrap_or(u32::MAX));
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// The least of them that is not exceeded by this part of all (nearest rank); `None` where there is none.
    #[must_use]
    pub fn quantile(&self, part: f64) -> Option<Duration> {
        self.quantiles(&[part]).first().copied()
    }

    /// Several at once, sorted one time; empty where there is none.
    #[must_use]
    pub fn quantiles(&self, parts: &[f64]) -> Vec<Duration> {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        let Some(last) = sorted.len().checked_sub(1) else { return Vec::new() };
        let micros = parts.iter().map(|part| {
            // Of no more than a few million, and never less than zero.
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a rank among few")]
            let rank = (part.clamp(0.0, 1.0) * sorted.len() as f64).ceil() as usize;
            sorted[rank.saturating_sub(1).min(last)]
        });
        micros.map(|micros| Duration::from_micros(micros.into())).collect()
    }
}

/// The latencies of each kind of thing that devices do, and how many failed.
#[derive(Debug, Default)]
pub struct Tally {
    done: Mutex<BTreeMap<&'static str, Latencies>>,
    failed: Mutex<BTreeMap<String, u64>>,
}

impl Tally {
    /// Notes one that is done.
    pub fn note(&self, what: &'static str, took: Duration) {
        lock(&self.done).entry(what).or_default().note(took);
    }

    /// Notes one that failed, with why.
    pub fn failed(&self, why: &str) {
        *lock(&self.failed).entry(why.chars().take(160).collect()).or_default() += 1;
    }

    /// All so far; it begins anew.
    #[must_use]
    pub fn take(&self) -> (BTreeMap<&'static str, Latencies>, BTreeMap<String, u64>) {
        (std::mem::take(&mut *lock(&self.done)), std::mem::take(&mut *lock(&self.failed)))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::swarm::seed::Seed;

    fn of(millis: impl IntoIterator<Item = u64>) -> Latencies {
        let mut all = Latencies::default();
        millis.into_iter().for_each(|ms| all.note(Duration::from_millis(ms)));
        all
    }

    #[test]
    fn quantiles_are_by_nearest_rank() {
        let hundred = of((1..=100).rev());
        let ms = |part| hundred.quantile(part).unwrap().as_millis();
        assert_eq!([ms(0.0), ms(0.01), ms(0.5), ms(0.9), ms(0.99), ms(0.999), ms(1.0)], [1, 1, 50, 90, 99, 100, 100]);
        assert_eq!(of([7]).quantile(0.5), Some(Duration::from_millis(7)));
        assert_eq!(Latencies::default().quantile(0.5), None);
        // Longer than an hour is an hour and some: nothing here takes so long.
        assert!(of([u64::from(u32::MAX)]).quantile(1.0).unwrap() > Duration::from_secs(3_600));
    }

    #[test]
    fn at_least_that_part_takes_no_longer() {
        let mut seed = Seed::new(8);
        for _ in 0..500 {
            let count = 1 + seed.draw() % 200;
            let millis: Vec<u64> = (0..count).map(|_| seed.draw() % 10_000).collect();
            let part = f64::from(seed.draw_u32()) / f64::from(u32::MAX);
            let found = of(millis.clone()).quantile(part).unwrap();
            let within = millis.iter().filter(|ms| Duration::from_millis(**ms) <= found).count();
            assert!(within as f64 >= part * millis.len() as f64, "{part} of {millis:?} is not {found:?}");
            assert!(millis.iter().any(|ms| Duration::from_millis(*ms) == found));
        }
    }

    #[test]
    fn a_tally_begins_anew_once_it_is_taken() {
        let tally = Tally::default();
        tally.note("poll", Duration::from_millis(1));
        tally.failed("refused");
        tally.failed("refused");
        let (done, failed) = tally.take();
        assert_eq!((done["poll"].count(), failed["refused"]), (1, 2));
        assert!(tally.take().0.is_empty());
    }
}
