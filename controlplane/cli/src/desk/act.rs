//! What is done at a desk, and what became of it: the entries of the desk's journal.

use super::set::{Grade, ItemState, Part, Signer};
use model::loan::ActId;
use model::time::Timestamp;
use serde::{Deserialize, Serialize};

/// The longest text of a problem, in characters.
pub(crate) const WHY_CHARS_MAX: usize = 200;

/// One entry of the journal; all that a desk knows beyond its set follows from these, in order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Entry {
    /// The desk itself: the first entry.
    Desk {
        /// Which; made by the desk, since a set is copied to several.
        id: ActId,
        /// When it began, by the desk's clock.
        at: Timestamp,
    },
    /// Something was done.
    Act(Act),
    /// An act that was not on its way yet is taken back.
    Undo {
        /// Which.
        act: ActId,
    },
    /// From here on these are on their way: whether they arrived is known only once the control plane has said so.
    Sending {
        /// Which.
        acts: Vec<ActId>,
    },
    /// What the control plane said of an act.
    Told {
        /// Which.
        act: ActId,
        /// What.
        answer: Answer,
    },
    /// How far the desk's clock is behind the control plane's, in milliseconds.
    Clock {
        /// Control plane less desk.
        behind_ms: i64,
    },
}

/// An act at a desk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Act {
    /// Its id, made by the desk: sent twice it is done once.
    pub(crate) id: ActId,
    /// The id of the signature that goes with it.
    pub(crate) signature: ActId,
    /// The id of what is said of accessories that were not handed out.
    pub(crate) parts: ActId,
    /// When, by the desk's clock.
    pub(crate) at: Timestamp,
    /// What.
    pub(crate) what: What,
}

/// What was done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum What {
    /// A device was handed out.
    Handout {
        /// The loan's id.
        loan: String,
        /// The inventory number.
        asset: String,
        /// What became of each accessory, in the loan's order.
        items: Vec<ItemState>,
        /// The device's parts.
        condition: Vec<(Part, Grade)>,
        /// Who signed on paper, at this desk.
        signer: Option<Signer>,
    },
    /// A device came back.
    Return {
        /// The loan's id.
        loan: String,
        /// The inventory number.
        asset: String,
        /// What became of each accessory, in the loan's order.
        items: Vec<ItemState>,
        /// The device's parts.
        condition: Vec<(Part, Grade)>,
    },
    /// It did not come to that.
    Outcome {
        /// The loan's id.
        loan: String,
        /// How it ended.
        outcome: Outcome,
        /// What a person said of it.
        why: String,
    },
    /// A code was seen in a stocktake.
    Seen {
        /// The inventory number, or what was read where no asset is known by it.
        code: String,
    },
}

/// How a family's visit ended without a hand-over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Outcome {
    /// Nobody came.
    NoShow,
    /// They do not want it.
    Refused,
    /// Something else is in the way.
    Problem,
}

/// What the control plane said of an act.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Answer {
    /// It is done, now or before.
    Done,
    /// Something else was done meanwhile; nothing was overwritten.
    Conflict(String),
    /// It cannot be done.
    Refused(String),
}

impl What {
    /// The loan that it is about.
    pub(crate) fn loan(&self) -> Option<&str> {
        match self {
            Self::Handout { loan, .. } | Self::Return { loan, .. } | Self::Outcome { loan, .. } => Some(loan),
            Self::Seen { .. } => None,
        }
    }

    /// The device that changes hands by it.
    pub(crate) fn asset(&self) -> Option<&str> {
        match self {
            Self::Handout { asset, .. } | Self::Return { asset, .. } => Some(asset),
            Self::Outcome { .. } | Self::Seen { .. } => None,
        }
    }

    /// The name in messages.
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::Handout { .. } => "handout",
            Self::Return { .. } => "return",
            Self::Outcome { outcome, .. } => outcome.name(),
            Self::Seen { .. } => "seen",
        }
    }
}

impl Outcome {
    /// The name in messages.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::NoShow => "no_show",
            Self::Refused => "refused",
            Self::Problem => "problem",
        }
    }
}
