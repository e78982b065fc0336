//! Why the server cannot be set up or cannot run; each says what to do next.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Everything that keeps the program from doing its work.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The folder is there and not empty.
    #[error("{path} is not empty; `init` never overwrites: choose another folder, or run the server that is there", path = .0.display())]
    NotEmpty(PathBuf),
    /// A file cannot be read or written.
    #[error("{path} cannot be {what}", path = path.display())]
    File {
        /// "read" or "written".
        what: &'static str,
        /// Which.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The configuration cannot be read.
    #[error("{path}: {message}", path = path.display())]
    Config {
        /// The file.
        path: PathBuf,
        /// What is wrong, and where.
        message: String,
    },
    /// Somebody else listens there.
    #[error(
        "{address} cannot be listened on; another program may use the port: change `listen` in server.toml, or stop that program"
    )]
    Listen {
        /// Where.
        address: SocketAddr,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// What `init` is asked makes no sense.
    #[error("{0}")]
    Wish(String),
    /// A name of the server is neither a DNS name nor an address.
    #[error("{0:?} is not a name or an address of a server")]
    Name(String),
    /// Keys or certificates.
    #[error(transparent)]
    Identity(#[from] identity::Error),
    /// The store.
    #[error(transparent)]
    Store(#[from] controlplane_store::Error),
    /// A rule.
    #[error(transparent)]
    Rule(#[from] controlplane_core::Error),
    /// A file of ours does not hold what it should.
    #[error("{path} is damaged: {why}; restore it from a backup of the data folder", path = path.display())]
    Damaged {
        /// Which.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// The descriptions of our own calls cannot be read.
    #[error("the description of the calls, which is part of this program, cannot be read")]
    Reflection(#[from] tonic_reflection::server::Error),
    /// The listener broke.
    #[error("the listener stopped")]
    Serve(#[source] tonic::transport::Error),
}

/// The result of setting up and running.
pub type Result<T> = std::result::Result<T, Error>;
