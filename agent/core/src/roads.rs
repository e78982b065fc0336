//! Whom to ask for pieces of a bundle: the nearest of those that keep their word.

use crate::backoff::CEILING;
use std::collections::BTreeMap;
use std::time::Duration;

/// Whoever gave other bytes than were signed is left alone for so long, and twice as long each time after.
const LIED: Duration = Duration::from_secs(3_600);
/// The longest that a source is left alone.
const LIED_MAX: Duration = Duration::from_secs(86_400);
/// Whoever cannot be reached is left alone for so long, and twice as long each time after.
const STALLED: Duration = Duration::from_secs(5);

/// What went wrong with a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It gave other bytes than were signed.
    Lied,
    /// It gave none, or not in time.
    Stalled,
    /// It has too much to do, and is to be asked after so long.
    Busy(Duration),
}

/// What is remembered of each source, by its name.
#[derive(Clone, Debug, Default)]
pub struct Roads(BTreeMap<String, Standing>);

#[derive(Clone, Copy, Debug, Default)]
struct Standing {
    lies: u32,
    stalls: u32,
    again_at: Duration,
}

impl Roads {
    /// Notes a fault; since when the machine is on is given, as everywhere here.
    pub fn failed(&mut self, name: &str, fault: Fault, now: Duration) {
        let standing = self.0.entry(name.to_owned()).or_default();
        let doubled = |first: Duration, times: u32| first.saturating_mul(1_u32 << times.min(16));
        let pause = match fault {
            Fault::Lied => {
                standing.lies += 1;
                doubled(LIED, standing.lies - 1).min(LIED_MAX)
            }
            Fault::Stalled => {
                standing.stalls += 1;
                doubled(STALLED, standing.stalls - 1).min(CEILING)
            }
            Fault::Busy(pause) => pause.min(CEILING),
        };
        standing.again_at = standing.again_at.max(now.saturating_add(pause));
    }

    /// Notes that it gave what was signed. That it lied is remembered.
    pub fn worked(&mut self, name: &str) {
        if let Some(standing) = self.0.get_mut(name) {
            standing.stalls = 0;
        }
    }

    /// How long it is left alone yet.
    #[must_use]
    pub fn pause(&self, name: &str, now: Duration) -> Duration {
        self.0.get(name).map_or(Duration::ZERO, |standing| standing.again_at.saturating_sub(now))
    }

    /// Which of these to ask, each {name, rank, requests under way}: of the lowest rank among those that are not left alone the one with the
    /// fewest requests. Nothing when that one has the `most` of them that it may have: a further road is not taken because a nearer one is
    /// busy with us.
    #[must_use]
    pub fn choose(&self, sources: &[(&str, u8, usize)], most: impl Fn(&str) -> usize, now: Duration) -> Option<usize> {
        let free = sources.iter().enumerate().filter(|(_, (name, ..))| self.pause(name, now).is_zero());
        let best = free.min_by_key(|(_, (_, rank, under_way))| (*rank, *under_way));
        best.filter(|(_, (name, _, under_way))| *under_way < most(name)).map(|(at, _)| at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn who_lied_is_left_alone_for_longer_each_time() {
        let s = Duration::from_secs;
        let mut roads = Roads::default();
        let sources = [("peer", 0, 0), ("server", 1, 0), ("mirror", 2, 0)];
        assert_eq!(roads.choose(&sources, |_| 3, s(0)), Some(0));
        roads.failed("peer", Fault::Lied, s(0));
        assert_eq!(roads.choose(&sources, |_| 3, s(1)), Some(1));
        roads.failed("server", Fault::Busy(s(30)), s(1));
        assert_eq!((roads.choose(&sources, |_| 3, s(2)), roads.choose(&sources, |_| 3, s(31))), (Some(2), Some(1)));
        roads.worked("peer");
        assert_eq!(roads.pause("peer", s(3_599)), s(1));
        roads.failed("peer", Fault::Lied, s(3_600));
        assert_eq!(roads.pause("peer", s(3_600)), s(7_200));
    }

    proptest! {
        #[test]
        fn only_the_nearest_that_keep_their_word_are_asked(
            sources in prop::collection::vec((0_u8..3, 0_usize..5, any::<bool>()), 0..8), most in 1_usize..4,
        ) {
            let mut roads = Roads::default();
            let names: Vec<String> = (0..sources.len()).map(|at| at.to_string()).collect();
            let asked: Vec<(&str, u8, usize)> =
                names.iter().zip(&sources).map(|(name, (rank, busy, _))| (name.as_str(), *rank, *busy)).collect();
            for (name, (.., bad)) in names.iter().zip(&sources) {
                if *bad {
                    roads.failed(name, Fault::Stalled, Duration::ZERO);
                }
            }
            let good: Vec<_> = sources.iter().filter(|(.., bad)| !bad).collect();
            let nearest = good.iter().map(|(rank, busy, _)| (*rank, *busy)).min();
            match roads.choose(&asked, |_| most, Duration::from_secs(1)) {
                Some(at) => {
                    prop_assert!(!sources[at].2 && sources[at].1 < most);
                    prop_assert_eq!(Some((sources[at].0, sources[at].1)), nearest);
                }
                None => prop_assert!(nearest.is_none_or(|(_, busy)| busy >= most)),
            }
        }

        #[test]
        fn pauses_end(faults in prop::collection::vec(0_u8..3, 1..40)) {
            let mut roads = Roads::default();
            for fault in faults {
                let fault = [Fault::Lied, Fault::Stalled, Fault::Busy(Duration::MAX)][usize::from(fault)];
                roads.failed("x", fault, Duration::ZERO);
            }
            prop_assert!(roads.pause("x", Duration::ZERO) <= LIED_MAX);
            prop_assert_eq!(roads.choose(&[("x", 0, 0)], |_| 1, LIED_MAX), Some(0));
        }
    }
}
