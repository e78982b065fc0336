//! The filter's lists, from what others publish to what devices get: imported, judged, approved by a person, packed.
//!
//! A work folder holds the list that was approved last, the one that was imported since, and what was packed last.
//! `docs/decisions/0029-lists.md` says why each step is there.

mod approve;
mod archive;
mod checksum;
mod difference;
mod folder;
mod gate;
mod import;
mod meter;
pub mod probe;
mod publish;
mod reading;
pub(crate) mod said;
mod source;
mod stored;
mod terms;
pub(crate) mod told;
mod tree;
mod usage;
mod work;

pub use approve::{Approval, Approved, Yes, list_approve};
pub use difference::{CategoryChange, Difference, With, list_difference};
pub use gate::Objection;
pub use import::{Import, Imported, Own, list_import};
pub use publish::{ListPacked, list_publish};
pub use source::SourceFault;
pub use stored::About;
pub use terms::{Guard, TermChange};

#[cfg(test)]
mod tests;
