//! Hash-chained entries: each names the digest of the one before, so that none can be edited, cut out or moved unseen.
//!
//! The control plane links them, and whoever holds an exported copy follows them by the same rule without asking it.

mod walk;

pub use walk::{Broken, Fault, Walk, checkpoint_compare, follow};

use crate::digest::Digest;
use bytes::Bytes;
use serde::{Deserialize, Serialize};

/// A chain's last link, from which the next one is made; kept elsewhere, it is a checkpoint.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tip {
    /// How many links there are; the next one's sequence.
    pub length: u64,
    /// The digest of the last link's bytes; `None` for an empty chain.
    pub last: Option<Digest>,
}

/// One link, as stored.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Link<'a> {
    /// Its place, from 0.
    pub sequence: u64,
    /// The digest of the link before, as stored; none for the first.
    pub previous: Option<Digest>,
    /// The entry, untouched.
    #[serde(borrow)]
    pub body: &'a serde_json::value::RawValue,
}

/// Why bytes are no link.
#[derive(Debug, thiserror::Error)]
pub enum ChainError {
    /// The body is not JSON.
    #[error("a chain entry is not JSON")]
    Body(#[source] serde_json::Error),
}

/// Makes the stored bytes and the id of a chain's next entry, and moves the tip.
///
/// # Errors
/// [`ChainError::Body`] when the body is not JSON; the tip stays.
pub fn link(tip: &mut Tip, body: &[u8]) -> Result<(String, Bytes), ChainError> {
    let body = serde_json::from_slice(body).map_err(ChainError::Body)?;
    let link = Link { sequence: tip.length, previous: tip.last, body };
    let bytes = Bytes::from(serde_json::to_vec(&link).map_err(ChainError::Body)?);
    *tip = Tip { length: link.sequence + 1, last: Some(Digest::of(&bytes)) };
    Ok((id(link.sequence), bytes))
}

/// The id of the entry at a place: 16 hexadecimal digits, so that ids sort by place.
#[must_use]
pub fn id(sequence: u64) -> String {
    format!("{sequence:016x}")
}
