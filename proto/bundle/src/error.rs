//! What can be wrong with a bundle.

use crate::PathFault;
use model::resource::NameError;

/// Why a bundle cannot be packed or read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A path that would leave the bundle's folder, or that some system cannot hold.
    #[error("{path:?} is no path for a bundle: {why}")]
    Path {
        /// The path.
        path: String,
        /// What is wrong with it.
        why: PathFault,
    },
    /// Two paths that are one on some system.
    #[error("{first:?} and {second:?} are one path where letters have no case")]
    Collision {
        /// One of them.
        first: String,
        /// The other.
        second: String,
    },
    /// A field of the manifest.
    #[error("{field}: {why}")]
    Manifest {
        /// Which field.
        field: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// Too much of something.
    #[error("{what}: more than {limit}")]
    Limit {
        /// Of what.
        what: &'static str,
        /// How much there may be.
        limit: u64,
    },
    /// Bytes that are no index, patch or chunk of ours.
    #[error("damaged: {0}")]
    Damaged(&'static str),
    /// A patch between two other versions.
    #[error("this patch is for another version")]
    OtherVersion,
    /// A file whose size differs from what was said first.
    #[error("{0:?} changed while it was read")]
    Changed(String),
    /// The contents cannot be read.
    #[error("the contents cannot be read")]
    Contents(#[from] std::io::Error),
    /// The compressor refuses.
    #[error("compression failed: {0}")]
    Compression(String),
}

/// What most of this crate returns.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// Of the compressor's own error codes.
    pub(crate) fn zstd(code: usize) -> Self {
        Self::Compression(zstd::zstd_safe::get_error_name(code).to_owned())
    }
}

impl From<NameError> for Error {
    fn from(error: NameError) -> Self {
        let field = match error {
            NameError::Name(_) => "name",
            NameError::Version(_) => "version",
        };
        Self::Manifest { field, why: error.to_string() }
    }
}

/// Refuses more than there may be.
pub(crate) fn limit_check(what: &'static str, amount: u64, limit: u64) -> Result<()> {
    if amount > limit { Err(Error::Limit { what, limit }) } else { Ok(()) }
}
