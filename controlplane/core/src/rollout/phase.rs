//! How a device stands in a rollout, by its own account and by when it was heard.

use super::{Opened, Patience, Rollout};
use crate::presence::{Condition, ConditionState};
use model::desired::Generation;
use model::time::Timestamp;
use serde::{Deserialize, Serialize};

/// How far a device has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Its wave is not open.
    Closed,
    /// Its wave is open, and its school waits for the first device of it, or for the next day.
    Withheld,
    /// It is told, or will be when it calls.
    Offered,
    /// It fetches.
    Downloading,
    /// It has everything and verifies.
    Verifying,
    /// It is verified and not in place.
    Staged,
    /// It waits for quiet hours to end, for another link, for its charger.
    Waiting,
    /// The version was seen in place.
    InPlace,
    /// It says that it cannot be.
    Failed,
    /// It is heard, and has not come further for longer than it is waited for; counted as failed.
    Stuck,
    /// It is not for this device as it is.
    Skipped,
    /// It is not heard; counted neither for nor against.
    Unreachable,
}

/// What is known of a device.
#[derive(Clone, Debug, Default)]
pub struct Sighting {
    /// What it says of the bundle.
    pub condition: Option<Condition>,
    /// The generation it says it holds.
    pub held: Option<Generation>,
    /// When it was last heard.
    pub heard: Timestamp,
    /// Since when it has been heard without a long silence.
    pub back: Timestamp,
    /// Whether it is the site node of its school.
    pub site_node: bool,
}

/// How a device stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// How far it has come.
    pub phase: Phase,
    /// Why, as a code: what failed, what it waits for, where it is stuck.
    pub code: String,
}

impl Phase {
    /// The name in messages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Withheld => "withheld",
            Self::Offered => "offered",
            Self::Downloading => "downloading",
            Self::Verifying => "verifying",
            Self::Staged => "staged",
            Self::Waiting => "waiting",
            Self::InPlace => "in_place",
            Self::Failed => "failed",
            Self::Stuck => "stuck",
            Self::Skipped => "skipped",
            Self::Unreachable => "unreachable",
        }
    }
}

impl Rollout {
    /// How a device stands that it is opened to since then; `None` of a wave that is not open, or a school that waits.
    #[must_use]
    pub fn standing(&self, seen: &Sighting, wave_open: bool, opened: Option<Opened>, now: Timestamp) -> Standing {
        let told = |_: &&Condition| opened.zip(seen.held).is_some_and(|(opened, held)| opened.told(held));
        let version = self.version.to_string();
        let said = seen.condition.as_ref();
        // It may have come before it was told, as from a stick; it counts when it is seen.
        if said.is_some_and(|c| c.state == ConditionState::Held && c.version == version) {
            return Standing::of(Phase::InPlace, "");
        }
        // What it said of an earlier plan says nothing of this one.
        let said = said.filter(told);
        match said {
            Some(c) if c.state == ConditionState::Failed => return Standing::of(Phase::Failed, &c.reason),
            Some(c) if c.state == ConditionState::Skipped => return Standing::of(Phase::Skipped, &c.reason),
            _ if !wave_open => return Standing::of(Phase::Closed, ""),
            _ => {}
        }
        if now.since(seen.heard) >= Patience::of(self.patience.unreachable) {
            return Standing::of(Phase::Unreachable, "");
        }
        let Some(opened) = opened else { return Standing::of(Phase::Withheld, "") };
        let reason = said.filter(|c| c.state == ConditionState::Pending).map_or("offered", |c| c.reason.as_str());
        let (phase, patience) = match reason {
            "downloading" | "unreachable" => (Phase::Downloading, self.patience.downloading),
            // A release of the agent proves itself.
            "verifying" | "trial" => (Phase::Verifying, self.patience.verifying),
            "staged" => (Phase::Staged, self.patience.staged),
            waits if waits.starts_with("waiting_") => return Standing::of(Phase::Waiting, waits),
            _ => (Phase::Offered, self.patience.offered),
        };
        // While it is held back it waits because it was told to.
        if self.held_back() {
            return Standing::of(phase, if reason == phase.name() { "" } else { reason });
        }
        // A device that was switched off has not been slow: it must have been heard after its time was over, and not just be back.
        let since = said.map_or(opened.at, |c| c.since.max(opened.at)).max(seen.back);
        if seen.heard.since(since) >= Patience::of(patience) {
            return Standing::of(Phase::Stuck, phase.name());
        }
        Standing::of(phase, if reason == phase.name() { "" } else { reason })
    }
}

impl Standing {
    fn of(phase: Phase, code: &str) -> Self {
        Self { phase, code: code.to_owned() }
    }
}
