//! Publishing: what devices may install is packed and signed here, with keys that the control plane never sees.
//!
//! A repository is a folder of static files after The Update Framework (specification 1.0): any web server carries it, and clients
//! that share no code with us read it. Root, targets and bundles are signed offline, by as many keys as their thresholds say;
//! snapshot and timestamp by two keys of the publishing machine. `docs/decisions/0021-bundles.md` says why.

mod arguments;
mod clock;
mod contents;
mod difference;
pub mod error;
mod floor;
mod folder;
mod key;
mod kind;
pub mod list;
mod manual;
mod pack;
mod program;
mod progress;
mod proposal;
mod publish;
mod release;
mod repository;
mod rotate;
mod said;
mod source;
mod target;
mod tuf;
mod words;

pub use difference::{Line, Mark, What};
pub use floor::floor_pack;
pub use folder::Folder;
pub use key::{PublicKey, SigningKey};
pub use kind::Kind;
pub use pack::{Packed, bundle_pack, bundle_pack_dry};
pub use program::run;
pub use progress::Progress;
pub use proposal::{Proposal, Standing};
pub use publish::{Done, publish, refresh};
pub use release::{Built, Released, release_pack};
pub use repository::{Founders, Holders, Repository, init, renew};
pub use rotate::{Rotation, rotate};

#[cfg(test)]
mod tests;
