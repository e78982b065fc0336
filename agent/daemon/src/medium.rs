//! Resources from a medium that somebody brought: `cartable-agent import` reads it and hands the agent that runs what that asks for.
//!
//! The command reads and not the service: whoever plugs a stick in sees it where a service in its sandbox may not. The agent believes
//! the medium no more than it believes a neighbour, and takes from it only what its plan wants.

mod hand;
mod hatch;
mod import;
mod words;

pub(crate) use hand::import;
pub use hand::{Carried, Imported, Part, Wanting};
pub(crate) use hatch::Hatch;
pub(crate) use import::Import;

/// The file that says when a medium was made; without it the medium is as of today.
pub(crate) const DATE: &str = "medium.json";
