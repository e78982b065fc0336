//! Whether a device goes outside its school for what is missing, or waits for one beside it that does.

use super::Keeping;
use agent_core::seed::{Haste, LISTEN, Seed};
use model::resource::Fetching;
use std::time::Duration;

/// The wait for what is missing now.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seeding {
    seed: Seed,
    /// Whether there was anybody beside it when it began.
    company: bool,
}

impl Seeding {
    /// The one that goes on, or another: somebody was found meanwhile, or everything is new. `first`: it waits for nobody.
    pub(crate) fn next(before: Option<Self>, now: Duration, (company, first): (bool, bool), urgent: bool) -> Self {
        let haste = if urgent { Haste::URGENT } else { Haste::CALM };
        match before {
            Some(seeding) if !first && (seeding.company || !company) && seeding.seed.haste() == haste => seeding,
            _ => {
                let alone = if first || urgent { Duration::ZERO } else { LISTEN };
                let seed = match company && !first {
                    true => Seed::spread(now, haste, rand::random()),
                    false => Seed::after(now, haste, alone),
                };
                Self { seed, company }
            }
        }
    }

    /// How long not to go outside, at most until neighbours are asked again; nothing: now.
    pub(crate) fn wait(&self, now: Duration) -> Option<Duration> {
        self.seed.wait(now).map(|wait| wait.min(self.seed.haste().ask_every))
    }

    /// Neighbours gave something.
    pub(crate) const fn given(&mut self, now: Duration) {
        self.seed.given(now);
    }
}

impl Keeping {
    /// How long not to go outside, at most until neighbours are asked again; nothing: now.
    pub(super) fn outside(&mut self, fetching: &Fetching, urgent: bool) -> Option<Duration> {
        let now = self.parts.clock.elapsed();
        let company = !self.parts.peers.borrow().is_empty();
        let first = fetching.site_node || !fetching.peers || !self.parts.meeting;
        let seeding = Seeding::next(self.seeding, now, (company, first), urgent);
        self.seeding = Some(seeding);
        seeding.wait(now)
    }

    /// Neighbours gave something.
    pub(super) fn given(&mut self, anything: bool) {
        let now = self.parts.clock.elapsed();
        if let Some(seeding) = self.seeding.as_mut().filter(|_| anything) {
            seeding.given(now);
        }
    }
}
