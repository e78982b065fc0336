//! Why a bundle is not in place.

use crate::error::Error;
use crate::publisher::PublisherError;
use crate::source::SourceError;
use agent_core::fetching::Wait;
use std::io::{self, ErrorKind};
use std::time::Duration;
use wire::v1::ConditionState;

/// Why a bundle is not in place, yet or as things are.
#[derive(Debug)]
pub(crate) enum Fault {
    /// Hour, link or battery.
    Wait(Wait),
    /// Another device of the school goes outside first; when to ask it again.
    Neighbours(Duration),
    /// Nobody gives what is missing; when to ask again, where that is known.
    Unreachable(Duration),
    /// Nobody has said yet whose resources are put in place.
    Untold,
    /// It is not for this device as it is, or there is no room.
    Skipped(&'static str),
    /// What is signed or given does not hold.
    Failed(&'static str),
    /// The disk.
    File(io::Error),
}

/// Who nobody can reach is tried again so soon, unless a source says when.
const UNREACHABLE: Duration = Duration::from_secs(30);
/// What failed is looked at again so often: somebody may have published it anew, or made room.
const AGAIN: Duration = Duration::from_secs(900);

impl Fault {
    /// How it is reported.
    pub(crate) fn said(&self) -> (ConditionState, &'static str) {
        match self {
            Self::Wait(wait) => (ConditionState::Pending, wait.code()),
            Self::Neighbours(_) => (ConditionState::Pending, "offered"),
            Self::Unreachable(_) => (ConditionState::Pending, "unreachable"),
            Self::Untold => (ConditionState::Pending, "no_publisher"),
            Self::Skipped(reason) => (ConditionState::Skipped, reason),
            Self::Failed(reason) => (ConditionState::Failed, reason),
            Self::File(error) if is_full(error) => (ConditionState::Skipped, "disk"),
            Self::File(_) => (ConditionState::Failed, "file"),
        }
    }

    /// When to try again.
    pub(crate) fn look_again(&self) -> Duration {
        match self {
            Self::Wait(wait) => wait.look_again(),
            Self::Neighbours(pause) => *pause,
            Self::Unreachable(pause) => (*pause).max(UNREACHABLE).min(AGAIN),
            Self::Untold | Self::Skipped(_) | Self::Failed(_) | Self::File(_) => AGAIN,
        }
    }

    /// The same for a device that does not go outside for so long: what neighbours lack or spoilt is asked of the server then.
    pub(crate) fn waited(self, outside: Option<Duration>) -> Self {
        match (self, outside) {
            (Self::Unreachable(_) | Self::Failed("damaged"), Some(wait)) => Self::Neighbours(wait),
            (fault, _) => fault,
        }
    }

    /// Whether what was begun is to make way, so that a full disk does not stay full of it.
    pub(crate) fn makes_way(&self) -> bool {
        matches!(self, Self::Skipped("disk" | "quota")) || matches!(self, Self::File(error) if is_full(error))
    }
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        Self::File(error)
    }
}

impl From<PublisherError> for Fault {
    fn from(error: PublisherError) -> Self {
        match error {
            PublisherError::Source(SourceError::Busy { again }) => Self::Unreachable(again),
            PublisherError::Source(_) => Self::Unreachable(Duration::ZERO),
            PublisherError::Kept(Error::File { source, .. }) => Self::File(source),
            PublisherError::Kept(_) => Self::Failed("file"),
            other => Self::Failed(other.code()),
        }
    }
}

fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded)
}
