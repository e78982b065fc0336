//! The seven ways in which a rule says no.

use crate::store::Key;

/// What every rule and every store answers when it cannot do what was asked.
///
/// Seven kinds and no more: each is turned into a gRPC status in `server/status` and into words and an exit code in
/// `cli/print`, nowhere else.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such thing.
    #[error("no such {0}")]
    NotFound(String),
    /// It is there already.
    #[error("{0} is there already")]
    Exists(String),
    /// Somebody else changed it in the meantime: read again, try again.
    #[error("{table}/{id} was changed by somebody else", table = .0.table, id = .0.id)]
    Conflict(Key),
    /// What was asked makes no sense; the text says what would.
    #[error("{0}")]
    Invalid(String),
    /// The caller may not.
    #[error("{0}")]
    Denied(String),
    /// It was so once, and its time is over.
    #[error("{0}")]
    Expired(String),
    /// Not now; the text says why and what helps.
    #[error("{reason}")]
    Unavailable {
        /// Why not, and what helps.
        reason: String,
        /// What lies below.
        #[source]
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
}

/// The result of every rule and store call.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// Not now, because of what lies below.
    pub fn unavailable(reason: impl Into<String>, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Unavailable { reason: reason.into(), source: Some(source.into()) }
    }
}
