//! What people do with a rollout, and in which state they may.

use super::{Halt, Rollout, State};
use crate::error::{Error, Result};
use model::time::Timestamp;

/// What a person does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// Agrees, as the second person: to the whole, or to a wave, from 0.
    Approve(Option<u16>),
    /// Lets waves open.
    Start,
    /// Lets no more open; what is not in place waits.
    Pause,
    /// Goes on; `true`: the open wave counts as passed, whatever its devices show.
    Resume(bool),
    /// Ends it; who has the version keeps it.
    Abort,
    /// Takes it back; every device returns to the version before.
    RollBack,
}

impl Deed {
    /// The name in the audit.
    #[must_use]
    pub const fn verb(self) -> &'static str {
        match self {
            Self::Approve(_) => "rollout_approve",
            Self::Start => "rollout_start",
            Self::Pause => "rollout_pause",
            Self::Resume(_) => "rollout_resume",
            Self::Abort => "rollout_abort",
            Self::RollBack => "rollout_roll_back",
        }
    }
}

impl Deed {
    const fn past(self) -> &'static str {
        match self {
            Self::Approve(_) => "approved",
            Self::Start => "started",
            Self::Pause => "paused",
            Self::Resume(_) => "resumed",
            Self::Abort => "aborted",
            Self::RollBack => "rolled_back",
        }
    }
}

impl Rollout {
    /// The rollout after a person's deed.
    ///
    /// # Errors
    /// `Invalid` when its state forbids it; `Denied` to who planned it and would agree to it.
    pub fn done(&self, deed: Deed, by: &str, now: Timestamp) -> Result<Self> {
        let refuse = |text: &str| Err(Error::Invalid(text.to_owned()));
        let mut after = self.clone();
        match (deed, self.state) {
            (Deed::Approve(_), _) if by == self.by => {
                return Err(Error::Denied("a second person has to agree, not the one who planned it".to_owned()));
            }
            (Deed::Approve(None), State::Draft) => {
                after.approved = Some(by.to_owned());
                after.state_set(State::Approved, None, now);
            }
            (Deed::Approve(Some(wave)), State::Draft | State::Approved | State::Running | State::Paused) => {
                let waits = self.waves.get(usize::from(wave)).is_some_and(|wave| wave.agree);
                if !waits || self.agreed.contains_key(&wave) {
                    return refuse("no such wave of this rollout waits for a second person");
                }
                after.agreed.insert(wave, by.to_owned());
            }
            (Deed::Start, State::Draft) if self.second => {
                return refuse("a second person has to approve this rollout first");
            }
            (Deed::Start, State::Draft | State::Approved) => after.state_set(State::Running, None, now),
            (Deed::Pause, State::Running) => after.state_set(State::Paused, Some(Halt::Person), now),
            (Deed::Resume(accept), State::Paused) => {
                if accept {
                    after.accepted = u16::try_from(self.opened.len()).unwrap_or(u16::MAX);
                }
                after.state_set(State::Running, None, now);
            }
            (Deed::Abort, State::Draft | State::Approved | State::Running | State::Paused) => {
                after.state_set(State::Aborted, Some(Halt::Person), now);
            }
            (Deed::RollBack, State::Running | State::Paused | State::Stopped | State::Aborted | State::Finished) => {
                after.state_set(State::RolledBack, Some(Halt::Person), now)
            }
            _ => {
                let state = self.state.name();
                return refuse(&format!("a rollout that is {state} cannot be {}", deed.past()));
            }
        }
        Ok(after)
    }
}
