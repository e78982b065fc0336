//! What the agent tells the filter: one file, replaced whole.

use crate::error::{Advice, Error};
use crate::folder::Folder;
#[cfg(unix)]
use crate::folder::Stamp;
use model::digest::Digest;
use model::filtering::Filtering;
use model::floor::Floor;
use model::host::Host;
use model::id::BootId;
use model::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::path::PathBuf;

/// The folder within the agent's state folder that the filter may read.
pub(crate) const FOLDER: &str = "filter";
/// What is to be filtered.
const ACTIVE: &str = "active.json";
/// Until when school is proven.
pub(crate) const PROOF: &str = "proof.json";
/// What time a server said it is.
const HEARD: &str = "heard.json";
/// The largest such file, in bytes.
const BYTES_MAX: u64 = 1 << 20;

/// What is to be filtered, and with which list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Active {
    /// The policy; none: nothing is filtered, and what was taken over is put back.
    pub(crate) filtering: Option<Filtering>,
    /// What no policy loosens.
    pub(crate) floor: Floor,
    /// Names without which the device could not be told anything better: never closed.
    pub(crate) own: BTreeSet<Host>,
    /// The list in place; none while none has come.
    pub(crate) list: Option<ListPlace>,
}

/// Where a list lies, and which one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListPlace {
    /// The folder of the version.
    pub(crate) folder: PathBuf,
    /// SHA-256 of its `list.json`.
    pub(crate) manifest: Digest,
}

/// Until when a site node's word holds that this is school.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Proven {
    /// In milliseconds since 1970, by the device's judging time.
    pub(crate) until_unix_ms: i64,
}

/// What time a server said it was, and when: a clock that somebody sets meanwhile moves neither.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Heard {
    /// In milliseconds since 1970.
    pub(crate) server_unix_ms: i64,
    /// In milliseconds since the machine was switched on.
    pub(crate) elapsed_ms: u64,
    /// In which run of the machine.
    pub(crate) boot: BootId,
}

impl Heard {
    /// Whether it tells something else than this earlier one, by more than a message takes.
    pub(crate) fn differs(&self, before: &Self) -> bool {
        let passed = i64::try_from(self.elapsed_ms.saturating_sub(before.elapsed_ms)).unwrap_or(i64::MAX);
        let expected = before.server_unix_ms.saturating_add(passed);
        self.boot != before.boot || expected.abs_diff(self.server_unix_ms) > 5_000
    }

    /// What was heard last in this run of the machine.
    pub(crate) fn read(folder: &Folder, boot: Option<BootId>) -> Option<Self> {
        let heard: Self = serde_json::from_slice(&folder.read_within(HEARD, BYTES_MAX).ok()??).ok()?;
        (Some(heard.boot) == boot).then_some(heard)
    }

    /// Keeps it for the filter.
    ///
    /// # Errors
    /// [`Error::File`].
    pub(crate) fn write(&self, folder: &Folder) -> Result<(), Error> {
        folder.make()?;
        folder.write(HEARD, &serde_json::to_vec(self).unwrap_or_default())
    }
}

/// Whether a name in that folder is one the agent gives.
pub(crate) fn own(name: &str) -> bool {
    [ACTIVE, PROOF, HEARD].contains(&name)
}

/// Until when school is proven; a proof that cannot be read is none.
pub(crate) fn proven_until(folder: &Folder) -> Option<Timestamp> {
    let proven: Proven = serde_json::from_slice(&folder.read(PROOF).ok()??).ok()?;
    Some(Timestamp::from_unix_millis(proven.until_unix_ms))
}

impl Active {
    /// Nothing to filter.
    pub(crate) fn none() -> Self {
        Self { filtering: None, floor: Floor::built_in(), own: BTreeSet::new(), list: None }
    }

    /// By which it is known: the digest of its bytes.
    pub(crate) fn digest(&self) -> Digest {
        Digest::of(&serde_json::to_vec(self).unwrap_or_default())
    }

    /// Reads it; nothing when there is none.
    ///
    /// # Errors
    /// [`Error`] when it cannot be read, or is damaged.
    pub(crate) fn read(folder: &Folder, name: &str) -> Result<Option<Self>, Error> {
        let Some(bytes) = folder.read_within(name, BYTES_MAX)? else { return Ok(None) };
        let damaged = |why: String| Error::Damaged { path: folder.path(name), why, advice: Advice::Delete };
        let active: Self = serde_json::from_slice(&bytes).map_err(|error| damaged(error.to_string()))?;
        // A torn or foreign policy must not be half obeyed.
        if let Some(filtering) = &active.filtering {
            filtering.check().map_err(|error| damaged(error.to_string()))?;
        }
        Ok(Some(active))
    }

    /// What the agent says now.
    ///
    /// # Errors
    /// As [`Active::read`].
    pub(crate) fn told(folder: &Folder) -> Result<Option<Self>, Error> {
        Self::read(folder, ACTIVE)
    }

    /// By which another word is known without being read.
    #[cfg(unix)]
    pub(crate) fn stamp(folder: &Folder) -> Option<Stamp> {
        folder.stamp(ACTIVE)
    }

    /// Replaces what was said before.
    ///
    /// # Errors
    /// [`Error::File`].
    pub(crate) fn tell(&self, folder: &Folder) -> Result<(), Error> {
        self.write(folder, ACTIVE)
    }

    /// Writes it under another name.
    ///
    /// # Errors
    /// [`Error::File`].
    pub(crate) fn write(&self, folder: &Folder, name: &str) -> Result<(), Error> {
        folder.make()?;
        let bytes = serde_json::to_vec(self)
            .map_err(|source| Error::File { path: folder.path(name), source: source.into() })?;
        folder.write(name, &bytes)
    }
}
