//! Why resources are not taken from a source.

use crate::error::Error;
use crate::source::SourceError;

/// What a refresh, or a look for what is signed, ends with.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PublisherError {
    /// Too few of those who may have signed it, or it is signed for something else.
    #[error("not signed by those who may: {0}")]
    NotSigned(String),
    /// It held once.
    #[error("it has expired: {0}")]
    Expired(String),
    /// Newer was seen on this device.
    #[error("older than what was seen before: {0}")]
    RolledBack(String),
    /// Not what is signed, or not in the form of metadata.
    #[error("damaged: {0}")]
    Damaged(String),
    /// It is not there, or nobody answers.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// What was verified cannot be kept, and so is not used.
    #[error(transparent)]
    Kept(#[from] Error),
}

impl PublisherError {
    /// The reason as it is reported.
    pub(crate) const fn code(&self) -> &'static str {
        match self {
            Self::NotSigned(_) => "not_signed",
            Self::Expired(_) => "metadata_expired",
            Self::RolledBack(_) => "metadata_rolled_back",
            Self::Damaged(_) => "damaged",
            Self::Source(_) => "unreachable",
            Self::Kept(_) => "disk",
        }
    }
}

impl From<sigstore_tuf::Error> for PublisherError {
    fn from(error: sigstore_tuf::Error) -> Self {
        use sigstore_tuf::Error as Tuf;
        let said = error.to_string();
        match error {
            Tuf::ThresholdNotMet { .. }
            | Tuf::DuplicateSignature { .. }
            | Tuf::UnknownRole(_)
            | Tuf::UnusableKey { .. }
            | Tuf::UnsupportedScheme { .. }
            | Tuf::Crypto(_) => Self::NotSigned(said),
            Tuf::Expired { .. } => Self::Expired(said),
            Tuf::Rollback { .. } => Self::RolledBack(said),
            Tuf::BadRootVersion { trusted, new } if new <= trusted => Self::RolledBack(said),
            _ => Self::Damaged(said),
        }
    }
}
