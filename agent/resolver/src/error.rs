//! Why the resolver cannot stand where it should.

use std::io;
use std::net::SocketAddr;

/// What goes wrong when it starts, or while it listens.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no address to listen on.
    #[error("no address to listen on")]
    NoAddress,
    /// An address cannot be taken.
    #[error("{address}: {source}")]
    Address {
        /// Which one.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// A server that speaks TLS is named in a way that leads nowhere.
    #[error("{0}: no server of names (tls://NAME or https://NAME/PATH, with its address)")]
    Server(String),
    /// The answers that are always the same cannot be written.
    #[error("the resolver's own answers cannot be written")]
    Own,
    /// A socket that was listened on broke.
    #[error("a socket of the resolver broke: {0}")]
    Socket(io::Error),
}

/// What the resolver's own functions return.
pub type Result<T> = std::result::Result<T, Error>;
