//! The folder of releases: two slots with a program each, and the file that says which is which, whole at every instant.

use super::shelf::FETCHED;
use crate::error::Error;
use crate::folder::Folder;
use crate::platform::{Here, Platform};
use agent_core::release::{Placed, Returned, Slot, Slots, Trial};
use model::digest::Digest;
use model::resource::BundleVersion;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// The folder within the state folder.
pub(crate) const FOLDER: &str = "releases";
/// What says which slot is which.
const FILE: &str = "slots.json";
/// What says how much came, and whence.
const CAME: &str = "came.json";
/// The program of a slot, in its folder.
const PROGRAM: &str = "cartable-agent";
const SLOTS: [(Slot, &str); 2] = [(Slot::A, "a"), (Slot::B, "b")];

/// The folder.
#[derive(Clone, Debug)]
pub(super) struct Kept(Folder);

/// What came for a release, by which road.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Came {
    /// For which.
    pub(super) release: Option<Digest>,
    /// Bytes from outside the school.
    pub(super) wan: u64,
    /// Bytes from devices of it.
    pub(super) lan: u64,
}

/// The file's form. A field that is not there is none: it may come from another version of the agent.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct Written {
    in_force: Option<WrittenPlaced>,
    trial: Option<WrittenPlaced>,
    trial_starts: u32,
    returned: Option<Digest>,
    returned_tries: u32,
    minimum: Option<BundleVersion>,
}

#[derive(Serialize, Deserialize)]
struct WrittenPlaced {
    slot: String,
    version: BundleVersion,
    release: Digest,
    program: Digest,
}

impl Kept {
    pub(super) fn new(state: &Folder) -> Self {
        Self(state.inner(FOLDER))
    }

    /// What is written down. A file that cannot be read says nothing: then the packaged program runs.
    pub(super) fn slots(&self) -> Slots {
        let bytes = match self.0.read(FILE) {
            Ok(Some(bytes)) => bytes,
            Ok(None) => return Slots::default(),
            Err(error) => {
                tracing::warn!(%error, "which release runs cannot be read; the packaged program does");
                return Slots::default();
            }
        };
        let written: Written = serde_json::from_slice(&bytes).unwrap_or_else(|error| {
            tracing::warn!(%error, "which release runs cannot be read; the packaged program does");
            Written::default()
        });
        let trial = written.trial.and_then(WrittenPlaced::read);
        Slots {
            in_force: written.in_force.and_then(WrittenPlaced::read),
            trial: trial.map(|placed| Trial { placed, starts: written.trial_starts }),
            returned: written.returned.map(|release| Returned { release, tries: written.returned_tries }),
            minimum: written.minimum,
        }
    }

    /// Writes it down, durably.
    pub(super) fn slots_write(&self, slots: &Slots) -> Result<(), Error> {
        self.0.make()?;
        let written = Written {
            in_force: slots.in_force.as_ref().map(WrittenPlaced::of),
            trial: slots.trial.as_ref().map(|trial| WrittenPlaced::of(&trial.placed)),
            trial_starts: slots.trial.as_ref().map_or(0, |trial| trial.starts),
            returned: slots.returned.as_ref().map(|returned| returned.release),
            returned_tries: slots.returned.as_ref().map_or(0, |returned| returned.tries),
            minimum: slots.minimum.clone(),
        };
        let bytes = serde_json::to_vec(&written).unwrap_or_default();
        self.0.write(FILE, &bytes)
    }

    /// What came for the release that was fetched last; what cannot be read is nothing.
    pub(super) fn came(&self) -> Came {
        let read = self.0.read(CAME).ok().flatten();
        read.and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default()
    }

    /// Notes it, for figures alone.
    pub(super) fn came_write(&self, came: &Came) {
        if let Ok(bytes) = serde_json::to_vec(came) {
            let _ = self.0.write_lightly(CAME, &bytes);
        }
    }

    /// Deletes what was fetched, begun or whole.
    pub(super) fn fetched_forget(&self) -> Result<(), Error> {
        let fetched = self.0.inner(FETCHED);
        if !fetched.root().is_dir() {
            return Ok(());
        }
        fetched.names(|_| true)?.iter().try_for_each(|name| fetched.remove(name))
    }

    /// Where a slot's program lies.
    pub(super) fn program(&self, slot: Slot) -> PathBuf {
        self.slot(slot).path(PROGRAM)
    }

    /// Whether a slot holds the very program.
    pub(super) fn whole(&self, placed: &Placed) -> bool {
        let read = self.slot(placed.slot).read_within(PROGRAM, bundle::PROGRAM_BYTES_MAX);
        read.is_ok_and(|bytes| bytes.is_some_and(|bytes| Digest::of(&bytes) == placed.program))
    }

    /// Puts a program into a slot, whole and fit to be started, durably.
    pub(super) fn program_write(&self, slot: Slot, bytes: &[u8]) -> Result<(), Error> {
        let folder = self.slot(slot);
        folder.make()?;
        folder.names(|name| name == PROGRAM)?;
        folder.write(PROGRAM, bytes)?;
        let path = folder.path(PROGRAM);
        Here::program_make(&path).map_err(Error::file(&path))?;
        Here::folder_sync(self.0.root()).map_err(Error::file(self.0.root()))
    }

    /// The folder of what was verified of the product's repository.
    pub(super) const fn folder(&self) -> &Folder {
        &self.0
    }

    fn slot(&self, slot: Slot) -> Folder {
        self.0.inner(name(slot))
    }
}

impl WrittenPlaced {
    fn of(placed: &Placed) -> Self {
        let Placed { slot, version, release, program } = placed.clone();
        Self { slot: name(slot).to_owned(), version, release, program }
    }

    fn read(self) -> Option<Placed> {
        let (slot, _) = SLOTS.into_iter().find(|(_, name)| *name == self.slot)?;
        Some(Placed { slot, version: self.version, release: self.release, program: self.program })
    }
}

/// Deletes all of it.
pub(crate) fn forget(state: &Folder) -> Result<(), Error> {
    let root = state.path(FOLDER);
    match std::fs::remove_dir_all(&root) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        done => done.map_err(Error::file(&root)),
    }
}

/// How a slot is called.
pub(super) fn name(slot: Slot) -> &'static str {
    SLOTS.into_iter().find(|(one, _)| *one == slot).map_or("", |(_, name)| name)
}

/// The slot that is called so.
pub(super) fn slot_named(text: &str) -> Option<Slot> {
    SLOTS.into_iter().find(|(_, name)| *name == text).map(|(slot, _)| slot)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn what_was_written_comes_back_and_what_is_torn_says_nothing() {
        let home = tempfile::tempdir().unwrap();
        let kept = Kept::new(&Folder::new(home.path()));
        assert_eq!(kept.slots(), Slots::default());
        let placed = |slot, version: &str| Placed {
            slot,
            version: version.parse().unwrap(),
            release: Digest::of(b"release"),
            program: Digest::of(b"program"),
        };
        let slots = Slots {
            in_force: Some(placed(Slot::A, "1.2")),
            trial: Some(Trial { placed: placed(Slot::B, "1.10"), starts: 2 }),
            returned: Some(Returned { release: Digest::of(b"old"), tries: 1 }),
            minimum: Some("1.1".parse().unwrap()),
        };
        kept.slots_write(&slots).unwrap();
        assert_eq!(kept.slots(), slots);
        kept.program_write(Slot::B, b"program").unwrap();
        assert!(kept.whole(&placed(Slot::B, "1.10")) && !kept.whole(&placed(Slot::A, "1.2")));
        assert_eq!(std::fs::metadata(kept.program(Slot::B)).unwrap().permissions().mode() & 0o777, 0o700);
        for bad in ["", "{", "{\"in_force\":{}}", "[]"] {
            std::fs::write(home.path().join("releases/slots.json"), bad).unwrap();
            assert_eq!(kept.slots(), Slots::default(), "{bad}");
        }
        std::fs::write(home.path().join("releases/slots.json"), "{\"later\":1}").unwrap();
        assert_eq!(kept.slots(), Slots::default());
        forget(&Folder::new(home.path())).unwrap();
        forget(&Folder::new(home.path())).unwrap();
        assert!(!home.path().join("releases").exists());
    }
}
