//! What the agent and the command say to each other; both are of one version, since they are one program.

use crate::source::ANSWER_BYTES_MAX;
use wire::v1::FilePiece;

/// The largest message: an answer with what stands around its bytes.
pub(super) const MESSAGE_BYTES_MAX: usize = ANSWER_BYTES_MAX + (64 << 10);

/// The command's first word.
#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub(super) struct Hello {
    /// When the medium says that it was made; 0: today.
    #[prost(int64, tag = "1")]
    pub(super) made_unix_ms: i64,
}

/// What the agent says: it asks for pieces, or it is done.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Said {
    #[prost(message, repeated, tag = "1")]
    pub(super) pieces: Vec<FilePiece>,
    #[prost(message, optional, tag = "2")]
    pub(super) end: Option<End>,
}

/// How an import ended.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(super) struct End {
    /// Another one is under way.
    #[prost(bool, tag = "1")]
    pub(super) busy: bool,
    /// Whether there is a plan that says what is wanted.
    #[prost(bool, tag = "2")]
    pub(super) planned: bool,
    /// Where each bundle stands that is wanted, as JSON.
    #[prost(bytes = "vec", tag = "3")]
    pub(super) resources: Vec<u8>,
}
