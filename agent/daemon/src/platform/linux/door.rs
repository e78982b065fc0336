//! A socket in the state folder, which only root enters.

use crate::platform::door::{Door, NAME};
use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;
use tokio::net::{UnixListener, UnixStream};

/// The socket, as the agent holds it.
#[derive(Debug)]
pub(crate) struct Socket(UnixListener);

impl Door for Socket {
    type Guest = UnixStream;

    fn open(state: &Path) -> io::Result<Self> {
        let at = state.join(NAME);
        // Whoever opens it holds the folder alone: what lies there was left by a run before.
        match fs::remove_file(&at) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        UnixListener::bind(at).map(Self)
    }

    async fn next(&mut self) -> io::Result<UnixStream> {
        self.0.accept().await.map(|(guest, _)| guest)
    }

    async fn knock(state: &Path) -> io::Result<UnixStream> {
        UnixStream::connect(state.join(NAME)).await
    }
}
