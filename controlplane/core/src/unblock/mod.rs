//! What users ask of people about single names, by their own choice, and what people answer.
//!
//! An ask is the one place where a name that a device met is kept: it is counted by name and school, never by pupil, and goes when its
//! answer is over.

mod ask;
mod decide;
mod forget;
#[cfg(test)]
mod tests;

pub use ask::{ASKS, ASKS_A_CHECK_IN_MAX, ASKS_A_DAY_MAX, Ask, AskKind, Kept, asks_forget, asks_keep};
pub use decide::{
    Answer, DECISIONS, Decision, Group, Reached, UNBLOCKS, UnblockHeld, Unblocks, unblock_decide, unblock_list,
};
