//! Rollouts: a version of a bundle reaches its scope in waves, each opened by what devices show of the one before.
//!
//! A rollout is intent, and all that is written of it: which waves and sites are open. Which devices those are is computed, and how they
//! stand is read from what they report. So whoever dies between two writes leaves nothing half done.

pub mod deed;
pub mod hours;
pub mod list;
pub mod open;
pub mod phase;
pub mod record;
pub mod site;
pub mod step;
pub mod tally;
pub mod wave;

#[cfg(test)]
mod tests;

use crate::assignment::{Assignment, Assignments, TARGETS_MAX, Target};
use crate::error::{Error, Result};
use crate::table::{Intent, Table};
use hours::Hours;
use model::desired::Generation;
use model::digest::Digest;
use model::resource::{BundleName, BundleVersion};
use model::time::Timestamp;
use serde::{Deserialize, Serialize};
use site::Site;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use wave::{SHARE_ALL, Wave, WaveSize};

/// Rollouts by their ids.
pub static ROLLOUTS: Table<Rollout, Intent> = Table::new("rollout");
/// Their schools under `<rollout>/<school>`, where those are opened one by one.
pub static ROLLOUT_SITES: Table<Site, Intent> = Table::new("rollout_site");

/// The most waves of one rollout.
pub const WAVES_MAX: usize = 20;
/// The longest that anything of a rollout is waited for, in seconds: a school year.
const SECONDS_MAX: u32 = 366 * 86_400;

/// A version of a bundle on its way to a scope.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rollout {
    /// Its name, which sorts by time.
    pub id: String,
    /// Which bundle.
    pub name: BundleName,
    /// In which version.
    pub version: BundleVersion,
    /// SHA-256 of that version's index.
    pub index: Digest,
    /// For whom.
    pub scope: BTreeSet<Target>,
    /// Whether it is fetched and put in place in school hours too, and waves open in them.
    pub urgent: bool,
    /// Its waves; the last holds every device that no earlier one does.
    pub waves: Vec<Wave>,
    /// When a wave has passed, and when all is stopped.
    pub thresholds: Thresholds,
    /// For how long what is waited for.
    pub patience: Patience,
    /// Whether one device of each school fetches it before the others do.
    pub seeds: bool,
    /// How many bytes a school fetches from outside before the rest of it waits for the next day; 0 for no budget.
    pub site_bytes: u64,
    /// In which hours waves open, beside what the calendar forbids; none for any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hours: Option<Hours>,
    /// Who planned it.
    pub by: String,
    /// Why.
    pub why: String,
    /// When.
    pub created: Timestamp,
    /// Whether a second person must agree before it starts.
    pub second: bool,
    /// Who agreed to the whole, where somebody did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved: Option<String>,
    /// Who agreed to which wave, where a wave needs it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub agreed: BTreeMap<u16, String>,
    /// How it stands.
    pub state: State,
    /// Why it was halted, if it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub halt: Option<Halt>,
    /// Since when it stands so.
    pub since: Timestamp,
    /// The waves that are open, in order, and since when.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub opened: Vec<Opened>,
    /// How many of the open waves count as passed because a person said so.
    #[serde(default)]
    pub accepted: u16,
    /// How devices stood when it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left: Option<tally::Counts>,
    /// What was assigned to its scope before it ended, for the way back.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub replaced: Vec<(Target, Option<Assignment>)>,
}

/// When something was opened, and the newest generation that devices can have been told before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opened {
    /// When.
    pub at: Timestamp,
    /// A device that holds a newer one has been told of it.
    pub after: Generation,
}

/// How a rollout stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Planned; nothing has happened.
    Draft,
    /// A second person has agreed.
    Approved,
    /// Waves open.
    Running,
    /// No wave opens until a person says so; what is not in place yet waits.
    Paused,
    /// Its version is the one assigned to its scope.
    Finished,
    /// It stopped by itself, because too much failed.
    Stopped,
    /// A person ended it; who has the version keeps it.
    Aborted,
    /// A person took it back; every device returns to the version before.
    RolledBack,
}

/// Why a rollout was halted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Halt {
    /// A person said so.
    Person,
    /// All devices of the wave that answer have been seen, and too few have it in place.
    BelowSuccess,
    /// The wave was open for longer than it is waited for.
    TooSlow,
    /// Too large a share failed.
    ErrorShare,
    /// Too many failed.
    ErrorCount,
}

/// When a wave has passed, and when all is stopped. Shares are hundredths of a percent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Thresholds {
    /// Of the devices that are reachable, at least so many have it in place: the next wave opens.
    pub success: u32,
    /// Of the devices whose end is known, more than so many failed: all is stopped.
    pub error: u32,
    /// So many devices failed: all is stopped; 0 for no such number.
    pub errors: u32,
    /// The end of at least so many is known before a share says anything; of a smaller wave, of all that are reachable.
    pub sample: u32,
}

/// For how long what is waited for, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Patience {
    /// For a device to begin.
    pub offered: u32,
    /// For the next twentieth to be there.
    pub downloading: u32,
    /// For it to be verified.
    pub verifying: u32,
    /// For it to be put in place.
    pub staged: u32,
    /// A device not heard for so long is unreachable.
    pub unreachable: u32,
    /// For a wave as a whole.
    pub wave: u32,
    /// For the first device of a school.
    pub seed: u32,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self { success: 9_500, error: 500, errors: 0, sample: 20 }
    }
}

impl Default for Patience {
    fn default() -> Self {
        let hours = |hours: u32| hours * 3_600;
        Self {
            offered: hours(24),
            downloading: hours(24),
            verifying: hours(2),
            staged: hours(72),
            unreachable: hours(48),
            wave: hours(7 * 24),
            seed: hours(24),
        }
    }
}

impl State {
    /// Every state.
    pub const ALL: [Self; 8] = [
        Self::Draft,
        Self::Approved,
        Self::Running,
        Self::Paused,
        Self::Finished,
        Self::Stopped,
        Self::Aborted,
        Self::RolledBack,
    ];

    /// The name in tables and messages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Approved => "approved",
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Finished => "finished",
            Self::Stopped => "stopped",
            Self::Aborted => "aborted",
            Self::RolledBack => "rolled_back",
        }
    }

    /// Whether something still comes of it by itself or by a person.
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Draft | Self::Approved | Self::Running | Self::Paused)
    }

    /// Whether it decides a version for the devices that it was opened to.
    #[must_use]
    pub const fn holds(self) -> bool {
        matches!(self, Self::Running | Self::Paused | Self::Stopped | Self::Aborted)
    }
}

impl Halt {
    /// The name in messages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::BelowSuccess => "below_success",
            Self::TooSlow => "too_slow",
            Self::ErrorShare => "error_share",
            Self::ErrorCount => "error_count",
        }
    }
}

impl Opened {
    /// Whether a device that holds this generation has been told of it.
    #[must_use]
    pub fn told(&self, held: Generation) -> bool {
        held > self.after
    }

    /// The later of two.
    #[must_use]
    pub fn later(self, other: Self) -> Self {
        Self { at: self.at.max(other.at), after: self.after.max(other.after) }
    }
}

impl Patience {
    /// As a while.
    #[must_use]
    pub const fn of(seconds: u32) -> Duration {
        Duration::from_secs(seconds as u64)
    }
}

impl Rollout {
    /// Checks what was wished, and gives the last wave to all that are left, if it is not there.
    ///
    /// # Errors
    /// `Invalid` with what cannot be meant.
    pub fn checked(mut self) -> Result<Self> {
        let refuse = |text: String| Err(Error::Invalid(text));
        if !matches!(self.waves.last(), Some(Wave { size: WaveSize::Share(SHARE_ALL), .. })) {
            self.waves.push(Wave { size: WaveSize::Share(SHARE_ALL), agree: false });
        }
        if self.scope.is_empty() || self.scope.len() > TARGETS_MAX {
            return refuse(format!("a rollout is for 1 to {TARGETS_MAX} targets"));
        }
        if self.waves.len() > WAVES_MAX {
            return refuse(format!("a rollout has at most {WAVES_MAX} waves"));
        }
        let mut before = 0;
        for wave in &self.waves {
            wave.check()?;
            if let WaveSize::Share(share) = wave.size {
                if share <= before {
                    return refuse(
                        "each share of a rollout is larger than the one before, and counts with it".to_owned(),
                    );
                }
                before = share;
            }
        }
        let t = &self.thresholds;
        if t.success == 0 || t.success > SHARE_ALL || t.error >= SHARE_ALL || t.sample == 0 {
            return refuse("success is above 0 to 100 %, error 0 to below 100 %, a sample at least 1".to_owned());
        }
        let p = &self.patience;
        let whiles = [p.offered, p.downloading, p.verifying, p.staged, p.unreachable, p.wave, p.seed];
        if whiles.iter().any(|seconds| !(60..=SECONDS_MAX).contains(seconds)) {
            return refuse("a rollout waits a minute to a year for whatever it waits".to_owned());
        }
        self.hours.map_or(Ok(()), Hours::check)?;
        Ok(self)
    }

    /// Whether sites are opened one by one, beside the waves.
    #[must_use]
    pub const fn by_site(&self) -> bool {
        self.seeds || self.site_bytes > 0
    }

    /// Whether devices have a release of the agent to return to: of a bundle none is an answer too, and of the agent it changes nothing.
    ///
    /// # Errors
    /// `Invalid` with a target for which none is assigned beside this one.
    pub fn return_check(&self, assignments: &Assignments) -> Result<()> {
        let holds = |one: Option<&Assignment>| one.map(|one| one.edition.is_some());
        let said = |target: &Target| {
            let replaced = self.replaced.iter().find(|(one, _)| self.state == State::Finished && one == target);
            match replaced {
                Some((_, before)) => holds(before.as_ref()),
                None => holds(assignments.get(target, &self.name)),
            }
        };
        // That none is to be there is a word too, and the more particular one decides.
        let returns = |target: &Target| said(target).or_else(|| said(&Target::Territory)) == Some(true);
        match self.scope.iter().find(|target| !returns(target)) {
            None => Ok(()),
            Some(target) => Err(Error::Invalid(format!(
                "no release is assigned to {target} to return to; assign the one that devices are to run there"
            ))),
        }
    }

    /// Whether what is not in place yet waits to be put there.
    #[must_use]
    pub fn held_back(&self) -> bool {
        self.state != State::Running
    }
}
