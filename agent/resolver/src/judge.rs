//! What the policy says of a name: asked for each question, answered elsewhere.

use crate::name::Name;

/// What becomes of a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ruling {
    /// The policy says nothing against the name; what it is an alias of is judged too.
    Pass,
    /// The policy opens this very name: what it is an alias of is closed by the floor alone.
    Allow,
    /// The floor opens it, or lets a person open it: what it is an alias of is not judged.
    Free,
    /// The name is closed.
    Block(Block),
    /// The name leads to another one (safe search): asked for addresses it is an alias of that, asked for services it has none.
    Rewrite(Box<Name>),
    /// The name does not exist (Firefox's canary, relays that hide names).
    NoSuchName,
}

/// Why a name is closed, as RFC 8914 tells it to who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Block {
    /// By what no policy opens ("Blocked", 15).
    Floor,
    /// By a list or a rule ("Blocked", 15).
    Listed,
    /// Because only what is listed is open, as in a lesson ("Filtered", 17).
    Unlisted,
}

/// Says what becomes of a name; quick, since each question waits for it, and without a trace of what was asked.
pub trait Judge: Send + Sync {
    /// What becomes of a question for this type of record.
    fn ruling(&self, name: &Name, kind: u16) -> Ruling;

    /// The same of what a name is an alias of that the policy opens: only what the floor says of it counts, so whoever tells of what is closed
    /// tells of nothing else.
    fn ruling_behind(&self, name: &Name, kind: u16) -> Ruling {
        self.ruling(name, kind)
    }
}

impl Block {
    pub(crate) const fn info(self) -> u16 {
        match self {
            Self::Floor | Self::Listed => 15,
            Self::Unlisted => 17,
        }
    }
}

impl<F: Fn(&Name, u16) -> Ruling + Send + Sync> Judge for F {
    fn ruling(&self, name: &Name, kind: u16) -> Ruling {
        self(name, kind)
    }
}
