//! What a device is told: a small head of its own, and a plan that equal devices share.

use crate::digest::Digest;
use crate::filtering::Filtering;
use crate::grant::Grant;
use crate::id::DeviceId;
use crate::measure::Measure;
use crate::resource::{BundleName, BundleVersion, BundleWanted, Fetching, ReleaseWanted};
use crate::signed::Payload;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Which desired state is newer: the epoch grows after any restore of the control plane, the revision with each change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Generation {
    /// Counts restores.
    pub epoch: u32,
    /// The intent revision at which the content last changed.
    pub revision: u64,
}

/// The signed word to one device: which plan holds, and how new that is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// Whom it is for; any other device refuses it.
    pub device: DeviceId,
    /// How new it is.
    pub generation: Generation,
    /// The digest of the plan's bytes.
    pub plan: Digest,
    /// What holds for the device because of its loan; nothing where nobody has said anything of it.
    pub grant: Option<Grant>,
}

impl Payload for Head {
    const PURPOSE: &'static str = "cartable head v1";
}

/// What devices of one class hold; content-addressed, so that it is encoded and sent once for all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Plan {
    /// How often to check in.
    pub check_in: Cadence,
    /// Which bundles to hold, by name, each once.
    pub bundles: Vec<BundleWanted>,
    /// How to fetch them.
    pub fetching: Fetching,
    /// Which release of the agent to run; none: what runs stays.
    pub release: Option<ReleaseWanted>,
    /// For which measure the device is, where that is known and there are bundles to judge by it.
    pub measure: Option<Measure>,
    /// What to filter; none: nothing, and what was taken over is put back.
    pub filtering: Option<Box<Filtering>>,
}

impl Plan {
    /// The version of a bundle, or of the agent, that it wants.
    #[must_use]
    pub fn version_of(&self, name: &BundleName) -> Option<&BundleVersion> {
        if name.is_agent() {
            return self.release.as_ref().map(|release| &release.version);
        }
        self.bundles.iter().find(|wanted| wanted.name == *name).map(|wanted| &wanted.version)
    }
}

/// How a device keeps in touch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Cadence {
    /// Seconds from one check-in's end to the next one's beginning, before jitter; 5 to 86,400.
    pub poll_seconds: u32,
    /// Seconds the server may hold an empty check-in back in case something changes; 0 to 3,600, 0 being a plain poll.
    pub hold_seconds: u32,
    /// Seconds between two looks at the device's health; 60 to 86,400.
    pub health_seconds: u32,
    /// Seconds between two full inventories; 300 to 604,800.
    pub inventory_seconds: u32,
}

/// Why a cadence is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field} is {low} to {high} seconds, not {value}")]
pub struct CadenceError {
    /// Which of the four.
    pub field: &'static str,
    /// The least.
    pub low: u32,
    /// The most.
    pub high: u32,
    /// What was given.
    pub value: u32,
}

impl Default for Cadence {
    fn default() -> Self {
        Self { poll_seconds: 900, hold_seconds: 600, health_seconds: 900, inventory_seconds: 14_400 }
    }
}

impl Cadence {
    /// Checks each field against its range.
    ///
    /// # Errors
    /// [`CadenceError`] for the first that is out of its range.
    pub fn checked(self) -> Result<Self, CadenceError> {
        let ranges = [
            ("poll", self.poll_seconds, 5, 86_400),
            ("hold", self.hold_seconds, 0, 3_600),
            ("health", self.health_seconds, 60, 86_400),
            ("inventory", self.inventory_seconds, 300, 604_800),
        ];
        for (field, value, low, high) in ranges {
            if !(low..=high).contains(&value) {
                return Err(CadenceError { field, low, high, value });
            }
        }
        Ok(self)
    }

    /// The pause between two check-ins, before jitter.
    #[must_use]
    pub fn poll(&self) -> Duration {
        Duration::from_secs(self.poll_seconds.into())
    }

    /// How long the server may hold an answer back.
    #[must_use]
    pub fn hold(&self) -> Duration {
        Duration::from_secs(self.hold_seconds.into())
    }
}
