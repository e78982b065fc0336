//! Schools within a rollout: one device fetches first, and a day's bytes from outside are not passed.

use super::phase::{Phase, Sighting};
use super::wave::Member;
use super::{Opened, Patience, Rollout, State};
use jiff::civil::Date;
use model::id::DeviceId;
use model::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// A school within a rollout.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Site {
    /// Which device fetches first.
    pub seed: DeviceId,
    /// Since when it may.
    pub opened: Opened,
    /// Since when the others may.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub released: Option<Opened>,
    /// The day on which the budget was used up, and who had begun by then and goes on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spent: Option<Spent>,
    /// What had come from outside when the budget last began.
    #[serde(default)]
    pub base: u64,
}

/// A budget that is used up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spent {
    /// On which day.
    pub day: Date,
    /// Who had begun, and goes on.
    pub begun: BTreeSet<DeviceId>,
}

/// How the devices of a school stand, those of open waves.
#[derive(Clone, Debug, Default)]
pub struct SiteTally {
    /// Who would fetch first: a site node, else the device that was heard last.
    best: Option<(bool, Timestamp, DeviceId)>,
    /// Whether the one that fetches first has the version in place.
    seeded: bool,
    /// Who has begun.
    begun: BTreeSet<DeviceId>,
    /// What came from outside.
    wan_bytes: u64,
}

/// What is written of a school.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SiteMove {
    /// This device fetches first.
    Open(DeviceId),
    /// The others may.
    Release,
    /// The budget is used up.
    Spend(Spent),
    /// It is another day.
    Resume(u64),
}

impl Site {
    /// Since when it is open to a device of the school.
    #[must_use]
    pub fn open_to(&self, device: DeviceId) -> Option<Opened> {
        if device == self.seed {
            return Some(self.opened);
        }
        self.released.filter(|_| self.spent.as_ref().is_none_or(|spent| spent.begun.contains(&device)))
    }

    /// The school after a move.
    #[must_use]
    pub fn moved(before: Option<&Self>, done: &SiteMove, opened: Opened) -> Option<Self> {
        let mut site = match (before, done) {
            (None, SiteMove::Open(seed)) => {
                return Some(Self { seed: *seed, opened, released: None, spent: None, base: 0 });
            }
            (Some(before), _) => before.clone(),
            (None, _) => return None,
        };
        match done {
            SiteMove::Open(_) => {}
            SiteMove::Release => site.released = site.released.or(Some(opened)),
            SiteMove::Spend(spent) => site.spent = Some(spent.clone()),
            SiteMove::Resume(base) => (site.spent, site.base) = (None, *base),
        }
        Some(site)
    }
}

impl SiteTally {
    /// Counts a device of the school.
    pub(super) fn add(&mut self, member: &Member, site: Option<&Site>, seen: &Sighting, phase: Phase) {
        // Who is refused or away helps nobody.
        if !matches!(phase, Phase::Failed | Phase::Stuck | Phase::Skipped | Phase::Unreachable) {
            self.best = self.best.max(Some((seen.site_node, seen.heard, member.device)));
        }
        if site.is_some_and(|site| site.seed == member.device) {
            self.seeded = phase == Phase::InPlace;
        }
        if phase > Phase::Offered && !matches!(phase, Phase::Skipped | Phase::Unreachable) {
            self.begun.insert(member.device);
            let came = seen.condition.as_ref().map_or(0, |said| said.wan_bytes);
            self.wan_bytes = self.wan_bytes.saturating_add(came);
        }
    }
}

/// What is to be written of a school now, if anything; `open` says whether a school may be opened at this hour.
#[must_use]
pub fn site_step(
    rollout: &Rollout,
    site: Option<&Site>,
    tally: &SiteTally,
    (now, today, open): (Timestamp, Date, bool),
) -> Option<SiteMove> {
    if rollout.state != State::Running {
        return None;
    }
    let Some(site) = site else {
        let (.., seed) = tally.best.filter(|_| open)?;
        return Some(SiteMove::Open(seed));
    };
    if site.released.is_none() {
        let waited = now.since(site.opened.at) >= Patience::of(rollout.patience.seed);
        return (!rollout.seeds || tally.seeded || waited).then_some(SiteMove::Release);
    }
    let came = tally.wan_bytes.saturating_sub(site.base);
    match &site.spent {
        Some(spent) if spent.day < today => Some(SiteMove::Resume(tally.wan_bytes)),
        None if rollout.site_bytes > 0 && came >= rollout.site_bytes => {
            Some(SiteMove::Spend(Spent { day: today, begun: tally.begun.clone() }))
        }
        _ => None,
    }
}
