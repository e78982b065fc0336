//! What the agent and the filter say to each other, over a socket that only root reaches.

use wire::v1::FilterAsk;

/// The socket, in the filter's own folder.
pub(crate) const SOCKET: &str = "control";
/// The largest message, in bytes: some asks.
pub(crate) const MESSAGE_BYTES_MAX: usize = 64 << 10;

/// What the agent says.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(crate) struct Told {
    /// What is to be filtered may be another now: look.
    #[prost(bool, tag = "1")]
    pub(crate) look: bool,
    /// The ids of asks that the control plane has kept.
    #[prost(bytes = "vec", repeated, tag = "2")]
    pub(crate) asks_kept: Vec<Vec<u8>>,
}

/// What the filter says: all of it whenever some of it is news.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Said {
    #[prost(message, optional, tag = "1")]
    pub(crate) stands: Option<Stands>,
    /// What users asked for, oldest first.
    #[prost(message, repeated, tag = "2")]
    pub(crate) asks: Vec<FilterAsk>,
}

/// Where the filter stands.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(crate) struct Stands {
    /// The digest of what it was told and has judged.
    #[prost(bytes = "vec", tag = "1")]
    pub(crate) active: Vec<u8>,
    /// Whether anything is filtered.
    #[prost(bool, tag = "2")]
    pub(crate) on: bool,
    /// Whether what was told is what holds.
    #[prost(bool, tag = "3")]
    pub(crate) held: bool,
    /// Why not, or what is wrong though it holds; empty where nothing is.
    #[prost(string, tag = "4")]
    pub(crate) reason: String,
    /// The version of the list in use; empty where there is none.
    #[prost(string, tag = "5")]
    pub(crate) list: String,
}
