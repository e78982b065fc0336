//! How many devices stand how: what thresholds are compared with.

use super::Rollout;
use super::phase::{Phase, Sighting};
use super::site::{Site, SiteTally};
use super::wave::Member;
use model::time::Timestamp;
use model::uai::Uai;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The most different codes that are counted apart, since devices write them.
const CODES_MAX: usize = 40;

/// Devices by how they stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[allow(missing_docs, reason = "each is a phase")]
pub struct Counts {
    pub closed: u64,
    pub withheld: u64,
    pub offered: u64,
    pub downloading: u64,
    pub verifying: u64,
    pub staged: u64,
    pub waiting: u64,
    pub in_place: u64,
    pub failed: u64,
    pub stuck: u64,
    pub skipped: u64,
    pub unreachable: u64,
}

/// A rollout's devices as they stood at one moment.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// How many waves were open then.
    pub open: usize,
    /// The devices of each wave.
    pub waves: Vec<Counts>,
    /// What failed, waits or is stuck, by phase and code.
    pub codes: BTreeMap<(Phase, String), u64>,
    /// The schools of each wave.
    pub schools: Vec<BTreeSet<Uai>>,
    /// Schools with devices of open waves, where sites are opened one by one.
    pub sites: BTreeMap<Uai, SiteTally>,
    /// Bytes that came from outside schools.
    pub wan_bytes: u64,
    /// And from devices of a school, or a medium.
    pub lan_bytes: u64,
}

impl Counts {
    /// One more device that stands so.
    pub const fn add(&mut self, phase: Phase) {
        let count = match phase {
            Phase::Closed => &mut self.closed,
            Phase::Withheld => &mut self.withheld,
            Phase::Offered => &mut self.offered,
            Phase::Downloading => &mut self.downloading,
            Phase::Verifying => &mut self.verifying,
            Phase::Staged => &mut self.staged,
            Phase::Waiting => &mut self.waiting,
            Phase::InPlace => &mut self.in_place,
            Phase::Failed => &mut self.failed,
            Phase::Stuck => &mut self.stuck,
            Phase::Skipped => &mut self.skipped,
            Phase::Unreachable => &mut self.unreachable,
        };
        *count += 1;
    }

    /// Both together.
    #[must_use]
    pub const fn with(self, other: &Self) -> Self {
        Self {
            closed: self.closed + other.closed,
            withheld: self.withheld + other.withheld,
            offered: self.offered + other.offered,
            downloading: self.downloading + other.downloading,
            verifying: self.verifying + other.verifying,
            staged: self.staged + other.staged,
            waiting: self.waiting + other.waiting,
            in_place: self.in_place + other.in_place,
            failed: self.failed + other.failed,
            stuck: self.stuck + other.stuck,
            skipped: self.skipped + other.skipped,
            unreachable: self.unreachable + other.unreachable,
        }
    }

    /// All of them.
    #[must_use]
    pub const fn devices(&self) -> u64 {
        self.closed + self.reachable() + self.skipped + self.unreachable
    }

    /// Those of which it is not known yet how they end.
    #[must_use]
    pub const fn under_way(&self) -> u64 {
        self.withheld + self.offered + self.downloading + self.verifying + self.staged + self.waiting
    }

    /// Those that failed or count so.
    #[must_use]
    pub const fn failing(&self) -> u64 {
        self.failed + self.stuck
    }

    /// Those whose end is known.
    #[must_use]
    pub const fn decided(&self) -> u64 {
        self.in_place + self.failing()
    }

    /// Those that are for this rollout and answer.
    #[must_use]
    pub const fn reachable(&self) -> u64 {
        self.under_way() + self.decided()
    }

    /// Whether enough is known for a share of successes to say anything: so many, or of fewer all that answer.
    #[must_use]
    pub fn sampled(&self, sample: u32) -> bool {
        self.decided() > 0 && self.decided() >= u64::from(sample).min(self.reachable())
    }

    /// Whether enough is known for a share of failures to say anything: so many, or of fewer all that it is for. One device that fails
    /// while the others are away stops nothing; the wave does not pass by it either.
    #[must_use]
    pub fn sampled_whole(&self, sample: u32) -> bool {
        let meant = self.devices() - self.skipped;
        self.decided() > 0 && self.decided() >= u64::from(sample).min(meant)
    }
}

impl Tally {
    /// Of a rollout that nobody has looked at.
    #[must_use]
    pub fn of(rollout: &Rollout) -> Self {
        let waves = vec![Counts::default(); rollout.waves.len()];
        let schools = vec![BTreeSet::new(); rollout.waves.len()];
        Self { open: rollout.opened.len(), waves, schools, ..Self::default() }
    }

    /// Counts a device of the scope; says how it stands.
    pub fn add(
        &mut self,
        rollout: &Rollout,
        member: &Member,
        site: Option<&Site>,
        seen: &Sighting,
        now: Timestamp,
    ) -> Option<super::phase::Standing> {
        let wave = rollout.wave_of(member)?;
        let open = wave < rollout.opened.len();
        let standing = rollout.standing(seen, open, rollout.open_to(member, site), now);
        if let Some(counts) = self.waves.get_mut(wave) {
            counts.add(standing.phase);
        }
        if let (Some(schools), Some(school)) = (self.schools.get_mut(wave), member.school) {
            schools.insert(school);
        }
        let fetched = (Phase::Downloading..=Phase::Stuck).contains(&standing.phase);
        if let Some(said) = seen.condition.as_ref().filter(|_| open && fetched) {
            self.wan_bytes = self.wan_bytes.saturating_add(said.wan_bytes);
            self.lan_bytes = self.lan_bytes.saturating_add(said.lan_bytes);
        }
        if !standing.code.is_empty() {
            self.code_add(standing.phase, &standing.code);
        }
        if let Some(school) = member.school.filter(|_| open && rollout.by_site()) {
            self.sites.entry(school).or_default().add(member, site, seen, standing.phase);
        }
        Some(standing)
    }

    /// The devices of all waves together.
    #[must_use]
    pub fn all(&self) -> Counts {
        self.waves.iter().fold(Counts::default(), |all, wave| all.with(wave))
    }

    /// The devices of the waves that are open.
    #[must_use]
    pub fn opened(&self) -> Counts {
        self.waves.iter().take(self.open).fold(Counts::default(), |all, wave| all.with(wave))
    }

    fn code_add(&mut self, phase: Phase, code: &str) {
        let mut key = (phase, code.to_owned());
        if self.codes.len() >= CODES_MAX && !self.codes.contains_key(&key) {
            key = (phase, "other".to_owned());
        }
        *self.codes.entry(key).or_default() += 1;
    }
}
