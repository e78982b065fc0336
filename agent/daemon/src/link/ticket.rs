//! The peer ticket: asked for with each check-in, taken from its answer.

use super::Link;
use wire::v1;

impl Link {
    /// Whether the device has to do with others of its school.
    pub(super) fn ticket_wanted(&self) -> bool {
        !self.desired.missing() && self.desired.fetching().peers
    }

    /// Takes a ticket, if it is for this device and signed by a key that is trusted.
    pub(super) fn ticket_take(&mut self, envelope: v1::Envelope) {
        let shown = self.certificates.names(&self.enrolment);
        self.tickets.take(envelope, (&shown, &self.desired.trust().online), &self.state, self.time.now());
    }
}
