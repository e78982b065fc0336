//! Where files of the signed repository come from: the control plane, a mirror, a device of the same school, a medium.
//!
//! Nothing a source gives is believed: who asks compares it with what is signed. So a source need only keep its limits.

mod answer;
pub(crate) mod channel;
pub(crate) mod folder;
pub(crate) mod mirror;
pub(crate) mod mirrors;

use async_trait::async_trait;
use bytes::Bytes;
use std::fmt;
use std::time::Duration;

/// The most pieces of one request.
pub(crate) const PIECES_MAX: usize = 256;
/// The most bytes of one answer, and so of one piece.
pub(crate) const ANSWER_BYTES_MAX: usize = 1 << 20;

/// Where files of the repository come from; nothing it gives is believed.
#[async_trait]
pub(crate) trait Source: fmt::Debug + Send + Sync {
    /// By which road they come.
    fn road(&self) -> Road;

    /// The first pieces in order, at least one; the rest is asked for again.
    ///
    /// # Errors
    /// [`SourceError`]: nothing came.
    async fn fetch(&self, pieces: &[Piece]) -> Result<Vec<Fetched>, SourceError>;
}

/// By which road a file came: what counts as traffic from outside the school.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Road {
    /// From the control plane.
    Server,
    /// From a web server that carries the repository.
    Mirror,
    /// From a device of the same school.
    Peer,
    /// From a medium put into this device.
    Medium,
}

/// A piece of a file of the repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Piece {
    /// Which file, such as `metadata/timestamp.json`.
    pub(crate) item: String,
    /// Where the piece begins.
    pub(crate) offset: u64,
    /// The most bytes of it; at most [`ANSWER_BYTES_MAX`].
    pub(crate) length: u32,
}

/// What a source has of a piece.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fetched {
    /// It has no such file.
    Missing,
    /// It has it.
    Found {
        /// The bytes; fewer than were asked for only at the file's end.
        body: Bytes,
        /// The whole file's size, in its words.
        size: u64,
    },
}

/// Why nothing came.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SourceError {
    /// It answers, and does not have it.
    #[error("{0} is not there")]
    Missing(String),
    /// Nobody answers, or too slowly.
    #[error("no answer: {0}")]
    Unreachable(String),
    /// It does not give this, or what it gave is beyond what was asked for.
    #[error("refused: {0}")]
    Refused(String),
    /// It has too much to do.
    #[error("busy for {} s", .again.as_secs())]
    Busy {
        /// When to ask again.
        again: Duration,
    },
}
