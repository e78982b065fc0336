//! Whether a device goes outside its school for what is missing, or waits for one beside it that does.

use super::Keeping;
use agent_core::seed::{ASK_EVERY, LISTEN, Seed};
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
        let first = urgent || fetching.site_node || !fetching.peers || !self.parts.meeting;
        let seeding = match self.seeding {
            Some(seeding) if !first && (seeding.company || !company) => seeding,
            // Somebody was found meanwhile, or everything is new.
            _ => {
                let spread = if first { Duration::ZERO } else { LISTEN };
                let seed = if company && !first { Seed::spread(now, rand::random()) } else { Seed::after(now, spread) };
                Seeding { seed, company }
            }
        };
        self.seeding = Some(seeding);
        seeding.seed.wait(now).map(|wait| wait.min(ASK_EVERY))
    }

    /// Neighbours gave something.
    pub(super) fn given(&mut self, anything: bool) {
        let now = self.parts.clock.elapsed();
        if let Some(seeding) = self.seeding.as_mut().filter(|_| anything) {
            seeding.seed.given(now);
        }
    }
}
