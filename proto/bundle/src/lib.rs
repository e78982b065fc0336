//! Bundles: folders of educational resources as signed, content-addressed data; bytes in, bytes out.
//!
//! A bundle's **index** says what it is (its manifest), which files it holds, and in which chunks their contents lie one after
//! another. Who trusts the index's digest can take every chunk from anybody: chunks find what is the same, and a **patch** from an
//! earlier version carries what is not. `docs/decisions/0021-bundles.md` is the format.

mod chunk;
mod code;
mod content;
mod error;
mod index;
mod item;
pub mod limits;
mod manifest;
mod pack;
mod patch;
mod path;
mod piece;
mod release;
mod stored;

pub use chunk::{CHUNK_AVERAGE, CHUNK_MAX, CHUNK_MIN, cut_point};
pub use content::{ContentHasher, ContentId, Contents};
pub use error::{Error, Result};
pub use index::{Chunk, File, Index};
pub use item::{ITEM_BYTES_MAX, index_named, index_target, item_is_plain, patch_target, target_prefix};
pub use manifest::{Architecture, Manifest, Name, System, Version};
pub use pack::{Entry, Packer};
pub use patch::{Patch, Stored, patch_make};
pub use path::{PathFault, SafePath, paths_check};
pub use release::{PROGRAM_BYTES_MAX, Program, RELEASE_BYTES_MAX, Release};
pub use stored::{Packing, chunk_open};

#[cfg(test)]
mod tests;
