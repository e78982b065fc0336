//! The start: the packaged program finds out whether a release runs in its place, and becomes it.

use super::kept::{Kept, name, slot_named};
use crate::config::Config;
use crate::folder::Folder;
use crate::platform::{Here, Platform};
use agent_core::release::{Placed, Slot, Slots};
use model::resource::BundleVersion;
use std::path::PathBuf;

/// In which slot the program lies that was started; set by the packaged one.
const SLOT: &str = "CARTABLE_RELEASE_SLOT";
/// What the packaged program is, for the one that runs in its place.
const PACKAGED_VERSION: &str = "CARTABLE_PACKAGED_VERSION";
const PACKAGED_PROGRAM: &str = "CARTABLE_PACKAGED_PROGRAM";

/// Which program this is.
#[derive(Clone, Debug)]
pub(crate) struct Running {
    /// None: the packaged one.
    pub(crate) slot: Option<Slot>,
    /// The packaged one's version.
    pub(crate) packaged: BundleVersion,
    /// Where the packaged one lies.
    pub(crate) program: Option<PathBuf>,
}

impl Running {
    /// As the environment says, which the packaged program sets.
    pub(crate) fn from_environment(version: &str, lookup: impl Fn(&str) -> Option<String>) -> Self {
        let slot = lookup(SLOT).and_then(|slot| slot_named(&slot));
        let packaged = slot.and_then(|_| lookup(PACKAGED_VERSION)?.parse().ok());
        match (slot, packaged) {
            (Some(slot), Some(packaged)) => {
                Self { slot: Some(slot), packaged, program: lookup(PACKAGED_PROGRAM).map(PathBuf::from) }
            }
            _ => Self { slot: None, packaged: version_read(version), program: std::env::current_exe().ok() },
        }
    }
}

/// A program's version; one that says none is older than any.
fn version_read(version: &str) -> BundleVersion {
    version.parse().unwrap_or_else(|_| BundleVersion::zero())
}

/// Becomes the program that is to run, if that is another; returns to go on itself.
pub(crate) fn become_release(config: &Config) {
    let (state, running) = (&Folder::new(&config.state), &Running::from_environment(config.version(), variable));
    // Who is run in its place does not look again; and who is only typed beside an agent that runs starts nothing.
    if running.slot.is_some() || state.running() || !state.root().is_dir() {
        return;
    }
    // Nothing here is verified by a signature again: nobody else may have written it.
    if let Err(error) = state.closed_check() {
        tracing::warn!(%error, "no release is started from a folder that others may write");
        return;
    }
    let kept = Kept::new(state);
    loop {
        let before = kept.slots();
        let (slots, slot) = before.clone().started(&running.packaged, |placed: &Placed| kept.whole(placed));
        // Before it is started: else a program that ends at once would be started for ever.
        if slots != before
            && let Err(error) = kept.slots_write(&slots)
        {
            tracing::warn!(%error, "which release runs cannot be written down; the packaged program does");
            return;
        }
        let Some(slot) = slot else { return };
        let program = running.program.as_ref().map(|program| program.display().to_string()).unwrap_or_default();
        let told = [
            (SLOT, name(slot).to_owned()),
            (PACKAGED_VERSION, running.packaged.to_string()),
            (PACKAGED_PROGRAM, program),
        ];
        let error = Here::program_become(&kept.program(slot), &told);
        tracing::error!(%error, slot = name(slot), "a release cannot be started");
        if slots.trial.is_none() {
            // What was in force for long, and is not any more, is no reason to start nothing.
            let dropped = Slots { in_force: None, ..slots };
            if kept.slots_write(&dropped).is_err() {
                return;
            }
        }
    }
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Becomes the packaged program again, which decides what runs; the error that kept it from that.
pub(crate) fn become_packaged(running: &Running) -> std::io::Error {
    let Some(program) = &running.program else {
        return std::io::Error::other("where the packaged program lies is not known");
    };
    Here::program_become(program, &[(SLOT, String::new())])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_started_in_the_packaged_programs_place_knows_it() {
        let own = version_read(crate::VERSION);
        assert_eq!(own.to_string(), crate::VERSION);
        let running = Running::from_environment(crate::VERSION, |_| None);
        assert_eq!((running.slot, running.packaged), (None, own));
        let told = |name: &str| {
            let values = [(SLOT, "b"), (PACKAGED_VERSION, "0.0.9"), (PACKAGED_PROGRAM, "/usr/bin/cartable-agent")];
            values.into_iter().find(|(known, _)| *known == name).map(|(_, value)| value.to_owned())
        };
        let running = Running::from_environment("0.2", told);
        assert_eq!((running.slot, running.packaged.to_string()), (Some(Slot::B), "0.0.9".to_owned()));
        // Half of it is nothing.
        assert_eq!(Running::from_environment("0.2", |name| told(name).filter(|_| name == SLOT)).slot, None);
    }
}
