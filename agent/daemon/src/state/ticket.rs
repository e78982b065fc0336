//! The device's own peer ticket, as it was received.

use super::State;
use crate::error::Error;
use prost::Message;
use wire::v1;

/// Its file: an envelope.
pub(super) const FILE: &str = "ticket";

impl State {
    /// The ticket that is kept; it is judged by whoever uses it.
    pub(crate) fn ticket(&self) -> Option<v1::Envelope> {
        self.folder.read(FILE).ok().flatten().and_then(|bytes| v1::Envelope::decode(&bytes[..]).ok())
    }

    pub(crate) fn ticket_write(&self, envelope: &v1::Envelope) -> Result<(), Error> {
        self.folder.write(FILE, &envelope.encode_to_vec())
    }
}
