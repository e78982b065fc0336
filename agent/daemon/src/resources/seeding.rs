//! Whether a device goes outside its school for what is missing, or waits for one beside it that does.

use super::Keeping;
use agent_core::seed::{Haste, LISTEN, Seed};
use model::resource::Fetching;
use std::time::Duration;

/// The wait for what is missing now.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seeding {
    seed: Seed,
    /// Whether there was anybody beside it when it began.
    company: bool,
}

impl Keeping {
    /// How long not to go outside, at most until neighbours are asked again; nothing: now.
    pub(super) fn outside(&mut self, fetching: &Fetching, urgent: bool) -> Option<Duration> {
        let now = self.parts.clock.elapsed();
        let company = !self.parts.peers.borrow().is_empty();
        let haste = if urgent { Haste::URGENT } else { Haste::CALM };
        let first = fetching.site_node || !fetching.peers || !self.parts.meeting;
        let seeding = match self.seeding {
            Some(seeding) if !first && (seeding.company || !company) && seeding.seed.haste() == haste => seeding,
            // Somebody was found meanwhile, or everything is new.
            _ => {
                let alone = if first || urgent { Duration::ZERO } else { LISTEN };
                let seed = match company && !first {
                    true => Seed::spread(now, haste, rand::random()),
                    false => Seed::after(now, haste, alone),
                };
                Seeding { seed, company }
            }
        };
        self.seeding = Some(seeding);
        seeding.seed.wait(now).map(|wait| wait.min(haste.ask_every))
    }

    /// Neighbours gave something.
    pub(super) fn given(&mut self, anything: bool) {
        let now = self.parts.clock.elapsed();
        if let Some(seeding) = self.seeding.as_mut().filter(|_| anything) {
            seeding.seed.given(now);
        }
    }
}
