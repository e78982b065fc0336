//! What is filtered: documents in layers, from the nation's to a class's, and what they come to together for one device.
//!
//! Each layer tightens as it likes and loosens what those above it leave to it; devices never see layers, only what they come to
//! ([`model::filtering::Filtering`]).

mod below;
mod change;
mod compose;
mod document;
mod error;
mod form;
mod grade;
mod layer;
mod layers;
mod list;
mod near;
mod outlook;
mod reason;
mod record;
mod side;
mod slots;
#[cfg(test)]
mod tests;
mod told;
mod typed;
mod unknown;
mod verdict;

pub use below::Below;
pub use change::{Change, Effect, changes, negotiable_changes};
pub use compose::{Composed, compose};
pub use document::{Document, EngineWord, Negotiable, POLICY_BYTES_MAX, Words};
pub use error::DocumentError;
pub use layer::{Layer, LayerError};
pub use layers::{Held, LAYERS_MAX, Layers, POLICIES};
pub use list::{IMAGE_BYTES_MAX, List, ListFault};
pub use near::near;
pub use outlook::{Outlook, Pair, outlook};
pub use reason::{Outcome, Reason, deciding};
pub use record::{
    POLICY_VERSIONS, PolicyWish, VERSIONS_MAX, policy_get, policy_list, policy_version, policy_versions, policy_writes,
};
pub use side::Kept;
pub use slots::slots_text;
pub use told::{filtering, told};
pub use typed::host_typed;
pub use unknown::{Unknown, categories_of, unknown};
pub use verdict::{Because, Scales, Verdict, Whose};
