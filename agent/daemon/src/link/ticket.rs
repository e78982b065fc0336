//! The peer ticket: asked for with each check-in, taken from its answer, and shown to whoever meets devices of the school.

use super::Link;
use crate::peers::Pass;
use std::sync::Arc;
use tokio::sync::watch;
use wire::v1;

impl Link {
    /// Whether the device has to do with others of its school.
    pub(super) fn ticket_wanted(&self) -> bool {
        !self.desired.missing() && self.desired.fetching().peers
    }

    /// Until when the ticket that is held holds, as a check-in says it; nothing where none is wanted.
    pub(super) fn ticket_until(&self) -> Option<i64> {
        self.ticket_wanted().then(|| self.tickets.until_unix_ms(self.desired.fetching().site_node))
    }

    /// Takes a ticket, if it is for this device and signed by a key that is trusted.
    pub(super) fn ticket_take(&mut self, envelope: v1::Envelope) {
        let shown = self.certificates.names(&self.enrolment);
        self.tickets.take(envelope, (&shown, &self.desired.trust().online), &self.state, self.time.now());
    }

    /// What others of the school are shown, from now on.
    pub(crate) fn passes(&self) -> watch::Receiver<Option<Arc<Pass>>> {
        self.pass_tell();
        self.passes.subscribe()
    }

    /// Says what others are shown, where it has changed.
    pub(super) fn pass_tell(&self) {
        let pass = self.pass();
        self.passes.send_if_modified(|before| {
            let same = match (before.as_deref(), &pass) {
                (Some(before), Some(pass)) => before.same(pass),
                (before, pass) => before.is_none() && pass.is_none(),
            };
            if !same {
                *before = pass.map(Arc::new);
            }
            !same
        });
    }

    fn pass(&self) -> Option<Pass> {
        let own = self.tickets.held().filter(|_| self.ticket_wanted())?;
        Some(Pass {
            ends: self.certificates.ends()?,
            shown: self.certificates.names(&self.enrolment),
            own: own.clone(),
            trusted: self.desired.trust().online.clone(),
            time: Arc::clone(&self.time),
            fetching: self.desired.fetching(),
        })
    }
}
