//! Who of a school goes outside for what all of them want: one first, and the others by it.
//!
//! Nobody is elected, since nobody would notice a seed that was switched off: each waits a while of its own for somebody beside it, and goes
//! by itself when nobody gives anything.

use std::time::Duration;

/// Who sees nobody listens so long before it believes that it is alone.
pub const LISTEN: Duration = Duration::from_secs(20);

/// How much of a hurry there is.
///
/// What is urgent does not go outside at once either: ten devices at one narrow link have it ten times later than one that the others ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Haste {
    /// Over how long the devices of a school spread.
    pub spread: Duration,
    /// Who is given something by its neighbours waits for more of it so long.
    pub given: Duration,
    /// And so long at most, whatever they give: slow neighbours are no reason to go without.
    pub patience: Duration,
    /// Neighbours are asked again so often.
    pub ask_every: Duration,
}

impl Haste {
    /// What has until tomorrow.
    pub const CALM: Self = Self::of(600, 60, 7_200, 15);
    /// What is wanted now.
    pub const URGENT: Self = Self::of(60, 20, 900, 5);

    const fn of(spread: u64, given: u64, patience: u64, ask_every: u64) -> Self {
        Self {
            spread: Duration::from_secs(spread),
            given: Duration::from_secs(given),
            patience: Duration::from_secs(patience),
            ask_every: Duration::from_secs(ask_every),
        }
    }
}

/// A device's wait for what it wants now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seed {
    haste: Haste,
    from: Duration,
    until: Duration,
    given: Option<Duration>,
    /// Its own, so that not all go at one moment when the one that gave to them falls silent.
    after_given: Duration,
}

impl Seed {
    /// Of one among others, that begins at this moment.
    #[must_use]
    pub fn spread(now: Duration, haste: Haste, random: u32) -> Self {
        let spread = u64::try_from(haste.spread.as_millis()).unwrap_or(u64::MAX);
        let share = u64::from(random) * spread / u64::from(u32::MAX);
        let share = Duration::from_millis(share);
        Self {
            haste,
            from: now + share,
            until: now + haste.patience,
            given: None,
            after_given: haste.given + share / 2,
        }
    }

    /// Of one that is to be first, or that knows of nobody: after so long it goes, whoever gives it anything.
    #[must_use]
    pub fn after(now: Duration, haste: Haste, wait: Duration) -> Self {
        Self { haste, from: now + wait, until: now + wait, given: None, after_given: haste.given }
    }

    /// What hurry it is in.
    #[must_use]
    pub const fn haste(&self) -> Haste {
        self.haste
    }

    /// A neighbour gave something.
    pub const fn given(&mut self, now: Duration) {
        self.given = Some(now);
    }

    /// How long not to go outside yet; nothing: now.
    #[must_use]
    pub fn wait(&self, now: Duration) -> Option<Duration> {
        let from = self.given.map_or(self.from, |given| self.from.max(given + self.after_given)).min(self.until);
        Some(from.saturating_sub(now)).filter(|wait| !wait.is_zero())
    }
}

/// With which of the parts that are missing to begin, among neighbours: two that go outside at once do not fetch the same.
#[must_use]
pub fn beginning(parts: usize, random: u32) -> usize {
    usize::try_from(random).unwrap_or(0) % parts.max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const DEVICES: usize = 30;
    const CHUNKS: usize = 100;
    /// How long the link takes for one: 20 MB over 4 Mbit/s take 40 s.
    const CHUNK_TAKES: Duration = Duration::from_millis(400);

    struct Device {
        seed: Seed,
        has: Vec<bool>,
        outside: bool,
        wan: usize,
        on: bool,
    }

    /// A class that wants a bundle at one moment; how many chunks came over its link, and when the last device had it.
    fn class(haste: Haste, randoms: &[u32], site_node: bool, dies: Option<usize>) -> (usize, Duration) {
        let mut now = Duration::from_secs(1_000);
        let device = |(at, random): (usize, &u32)| Device {
            seed: match site_node && at == 0 {
                true => Seed::after(now, haste, Duration::ZERO),
                false => Seed::spread(now, haste, *random),
            },
            has: vec![false; CHUNKS],
            outside: false,
            wan: 0,
            on: true,
        };
        let mut devices: Vec<Device> = randoms.iter().enumerate().map(device).collect();
        let mut first = None;
        while devices.iter().any(|device| device.on && device.has.contains(&false)) {
            // All look at one moment, and so see what the others had before: the worst case.
            let had: Vec<bool> = (0..CHUNKS).map(|at| devices.iter().any(|d| d.on && d.has[at])).collect();
            let mut link = usize::try_from(haste.ask_every.as_millis() / CHUNK_TAKES.as_millis()).unwrap_or(0);
            for (at, device) in devices.iter_mut().enumerate().filter(|(_, device)| device.on) {
                let near: Vec<usize> = (0..CHUNKS).filter(|at| had[*at] && !device.has[*at]).collect();
                near.iter().for_each(|at| device.has[*at] = true);
                if !near.is_empty() {
                    device.seed.given(now);
                }
                if device.has.contains(&false) && device.seed.wait(now).is_none() {
                    first.get_or_insert(at);
                    device.outside = true;
                    let lacking: Vec<usize> = (0..CHUNKS).filter(|at| !device.has[*at]).take(link).collect();
                    link -= lacking.len();
                    device.wan += lacking.len();
                    lacking.iter().for_each(|at| device.has[*at] = true);
                }
            }
            if let (Some(first), Some(chunks)) = (first, dies)
                && devices[first].wan >= chunks
            {
                devices[first].on = false;
            }
            now += haste.ask_every;
            assert!(now < Duration::from_secs(1_000) + haste.patience * 2, "somebody waits for ever");
        }
        (devices.iter().map(|device| device.wan).sum(), now - Duration::from_secs(1_000))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        #[test]
        fn a_class_takes_little_more_than_one_device_and_nobody_waits_for_ever(
            randoms in prop::collection::vec(any::<u32>(), DEVICES), dies in prop::option::of(1_usize..CHUNKS),
        ) {
            let (alone, _) = class(Haste::CALM, &randoms, true, None);
            prop_assert_eq!(alone, CHUNKS, "a site node goes first, and nobody after it");
            for haste in [Haste::CALM, Haste::URGENT] {
                let (wan, took) = class(haste, &randoms, false, dies);
                // Whoever looks in the same moments goes as well.
                prop_assert!(dies.is_some() || wan <= CHUNKS * 2, "{wan}");
                prop_assert!(took <= haste.spread * 2 + haste.given * 2 + Duration::from_secs(120), "{took:?}");
            }
        }

        #[test]
        fn nobody_waits_longer_than_its_patience(random in any::<u32>(), gifts in prop::collection::vec(0_u64..10_000, 0..40)) {
            let mut seed = Seed::spread(Duration::ZERO, Haste::CALM, random);
            for at in gifts {
                seed.given(Duration::from_secs(at));
            }
            prop_assert_eq!(seed.wait(Haste::CALM.patience), None);
        }
    }

    #[test]
    fn each_begins_with_some_part_and_few_with_the_same() {
        let begun: std::collections::BTreeSet<usize> =
            (0_u32..1_000).map(|at| beginning(CHUNKS, at.wrapping_mul(0x9E37_79B9))).collect();
        assert!(begun.len() > CHUNKS * 9 / 10 && begun.iter().all(|part| *part < CHUNKS));
        assert_eq!((beginning(0, 7), beginning(1, u32::MAX)), (0, 0));
    }

    #[test]
    fn over_many_classes_the_link_carries_one_bundle() {
        // Numbers that look like nothing, the same each time.
        let mut state = 0x9E37_79B9_u64;
        let mut random = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            u32::try_from(state >> 32).unwrap_or(0)
        };
        let classes = 200;
        for haste in [Haste::CALM, Haste::URGENT] {
            let mut randoms = || (0..DEVICES).map(|_| random()).collect::<Vec<_>>();
            let wan: usize = (0..classes).map(|_| class(haste, &randoms(), false, None).0).sum();
            assert!(wan * 100 <= CHUNKS * classes * 130, "{wan} of {}", CHUNKS * classes);
        }
    }
}
