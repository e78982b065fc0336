//! What the conversation has to do with the agent's releases: it says which is wanted, and reports how it stands.

use super::Link;
use crate::release::Releases;
use std::sync::Arc;

impl Link {
    /// Whoever keeps to the release that is wanted, beside the conversation.
    pub(crate) fn releases(&self) -> Arc<Releases> {
        Arc::clone(&self.releases)
    }

    /// Takes note of how the release stands.
    pub(super) fn release_note(&mut self) {
        self.desired.release_note(self.release.borrow_and_update().clone());
    }
}
