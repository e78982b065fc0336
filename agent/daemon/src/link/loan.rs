//! What the conversation has to do with the loan: its stage is reported, and a device that is missing says nothing.

use super::Link;
use crate::enforce::Keeper;
use std::sync::Arc;

impl Link {
    /// Whoever keeps to the loan beside the conversation, with or without a network.
    pub(crate) fn loan(&self) -> Arc<Keeper> {
        Arc::clone(&self.loan)
    }

    /// Takes note of the stage that the loan is in, and of how the release stands.
    pub(super) fn stage_note(&mut self) {
        self.desired.loan_note(*self.stage.borrow_and_update());
        self.release_note();
        self.filter_note();
    }

    /// Whether a section is to be sent.
    pub(super) fn pending(&self) -> bool {
        !self.desired.missing() && self.report.pending()
    }

    /// Whether anything is to be sent. Of a device that is lost or stolen nothing is, but that it is there.
    pub(super) fn something_to_say(&self) -> bool {
        !self.desired.missing() && (self.report.pending() || self.desired.news().is_some() || self.asks_due())
    }
}
