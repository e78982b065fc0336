//! The way by which a command of this machine's administrators speaks to the agent that runs.

use std::io;
use std::path::Path;
use tokio::io::{AsyncRead, AsyncWrite};

/// What it is called where it lies in the state folder.
pub(crate) const NAME: &str = "door";

/// A door that nobody opens but the agent's account and administrators.
pub(crate) trait Door: Sized + Send {
    /// Who stands in it, on either side.
    type Guest: AsyncRead + AsyncWrite + Unpin + Send + 'static;

    /// Opens it, for the agent on this state folder.
    fn open(state: &Path) -> io::Result<Self>;

    /// The next who knocks.
    fn next(&mut self) -> impl Future<Output = io::Result<Self::Guest>> + Send;

    /// Knocks at the door of the agent on this state folder.
    fn knock(state: &Path) -> impl Future<Output = io::Result<Self::Guest>> + Send;
}
