//! What can go wrong with the system.

use std::io;

/// Why the system could not be looked at, taken or put back.
#[derive(Debug, thiserror::Error)]
pub enum GuardError {
    /// A file could not be read or written.
    #[error("{path}: {error}")]
    File {
        /// Which one.
        path: String,
        /// What the system says.
        error: io::Error,
    },
    /// A program is not on this system.
    #[error("{0} is not installed")]
    Missing(&'static str),
    /// A program failed.
    #[error("{program}: {said}")]
    Program {
        /// Which one.
        program: &'static str,
        /// What it said on standard error, or that it took too long.
        said: String,
    },
}

impl GuardError {
    pub(crate) fn file(path: &std::path::Path, error: io::Error) -> Self {
        Self::File { path: path.display().to_string(), error }
    }
}
