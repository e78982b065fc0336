//! Which program of the agent runs: the packaged one, or a release in one of two slots, of which one may be on trial.
//!
//! The packaged program is started first, always, and decides; a slot's is run only while it is whole, newer than the packaged one and
//! not below the least version that was ever signed. So whatever was cut or broken, a program starts.

use model::digest::Digest;
use model::resource::BundleVersion as Version;

/// A trial that has not proven itself after so many starts is over.
pub const STARTS_MAX: u32 = 3;
/// So often one release is tried: without a network for a while, a good one looks like one that cannot check in.
pub const TRIES_MAX: u32 = 2;

/// One of the two places.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Slot {
    /// The first.
    A,
    /// The second.
    B,
}

/// A program in a slot, as it was signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed {
    /// Where.
    pub slot: Slot,
    /// Its version.
    pub version: Version,
    /// Its release: the SHA-256 of the index.
    pub release: Digest,
    /// The program's own SHA-256.
    pub program: Digest,
}

/// A program that has not proven itself yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trial {
    /// Which.
    pub placed: Placed,
    /// How often it was started.
    pub starts: u32,
}

/// A release that did not prove itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Returned {
    /// Which.
    pub release: Digest,
    /// How often it was tried.
    pub tries: u32,
}

/// What is kept of all this; each change of it is written down before it is acted upon.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Slots {
    /// What runs unless there is a trial; none: the packaged program.
    pub in_force: Option<Placed>,
    /// What is tried.
    pub trial: Option<Trial>,
    /// What was tried last without success.
    pub returned: Option<Returned>,
    /// The least version that was ever signed; nothing older is started.
    pub minimum: Option<Version>,
}

/// What a release needs to be put in place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// It runs, or what runs is the packaged program of that version.
    Held,
    /// It runs and has to prove itself.
    OnTrial,
    /// To be written into this slot, then [`Slots::placed`].
    Place(Slot),
    /// What is in the slots goes, and the packaged program runs: [`Slots::cleared`].
    Clear,
    /// It was tried and did not prove itself.
    Returned,
    /// It is older than the packaged program.
    Packaged,
    /// It is older than what was signed as the least.
    Minimum,
}

impl Slots {
    /// What the packaged program does as it starts: what is to be written down first, and which slot is run; none: it goes on itself.
    /// `whole` tells whether a slot holds the very program.
    #[must_use]
    pub fn started(mut self, packaged: &Version, whole: impl Fn(&Placed) -> bool) -> (Self, Option<Slot>) {
        let good = |placed: &Placed, minimum: &Option<Version>| {
            placed.version > *packaged && minimum.as_ref().is_none_or(|least| placed.version >= *least) && whole(placed)
        };
        self.in_force = self.in_force.filter(|placed| good(placed, &self.minimum));
        if let Some(trial) = &mut self.trial {
            if trial.starts >= STARTS_MAX {
                self = self.given_back();
            } else if good(&trial.placed, &self.minimum) {
                trial.starts += 1;
                let slot = trial.placed.slot;
                return (self, Some(slot));
            } else {
                self.trial = None;
            }
        }
        let slot = self.in_force.as_ref().map(|placed| placed.slot);
        (self, slot)
    }

    /// What is to be done for a release that is wanted and signed.
    #[must_use]
    pub fn wanted(&self, version: &Version, release: &Digest, packaged: &Version) -> Wanted {
        if self.trial.as_ref().is_some_and(|trial| trial.placed.release == *release) {
            return Wanted::OnTrial;
        }
        if self.in_force.as_ref().is_some_and(|placed| placed.release == *release) {
            return Wanted::Held;
        }
        if self.minimum.as_ref().is_some_and(|least| version < least) {
            return Wanted::Minimum;
        }
        if version < packaged {
            return Wanted::Packaged;
        }
        if version == packaged {
            return if self.in_force.is_none() && self.trial.is_none() { Wanted::Held } else { Wanted::Clear };
        }
        let tried = self.returned.as_ref().filter(|returned| returned.release == *release);
        if tried.is_some_and(|returned| returned.tries >= TRIES_MAX) {
            return Wanted::Returned;
        }
        let taken = self.in_force.as_ref().map(|placed| placed.slot);
        Wanted::Place(if taken == Some(Slot::A) { Slot::B } else { Slot::A })
    }

    /// Without a trial: to be written down before its slot is written into.
    #[must_use]
    pub fn trial_dropped(self) -> Self {
        Self { trial: None, ..self }
    }

    /// With a program on trial that lies in its slot, whole.
    #[must_use]
    pub fn placed(self, placed: Placed) -> Self {
        Self { trial: Some(Trial { placed, starts: 0 }), ..self }
    }

    /// With nothing in the slots.
    #[must_use]
    pub fn cleared(self) -> Self {
        Self { in_force: None, trial: None, ..self }
    }

    /// The trial was answered by the server: it is in force.
    #[must_use]
    pub fn proven(self) -> Self {
        match self.trial {
            Some(trial) => Self { in_force: Some(trial.placed), trial: None, returned: None, ..self },
            None => self,
        }
    }

    /// The trial is over without success: what was in force before is again.
    #[must_use]
    pub fn given_back(self) -> Self {
        let Some(Trial { placed, .. }) = self.trial else { return self };
        let before = self.returned.filter(|returned| returned.release == placed.release).map_or(0, |one| one.tries);
        let returned = Some(Returned { release: placed.release, tries: before.saturating_add(1) });
        Self { trial: None, returned, ..self }
    }

    /// With the least version that was signed, which never falls.
    #[must_use]
    pub fn raised(self, minimum: &Version) -> Self {
        let minimum = self.minimum.clone().max(Some(minimum.clone()));
        Self { minimum, ..self }
    }
}

#[cfg(test)]
mod tests;
