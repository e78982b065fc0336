//! Behind the local page: why a name is closed now, and where a wish goes.

use super::asks::{AskFault, Asks};
use super::held::{Held, Moments, Now};
use super::judge::Policy;
use guard::page::{Kind, Refused, Told, Why};
use std::sync::{Arc, PoisonError, RwLock};
use wire::v1::FilterAskKind;

/// What the page knows.
pub(super) struct Desk {
    asks: Arc<Asks>,
    moments: Arc<Moments>,
    holds: RwLock<Option<(Arc<Policy>, String)>>,
}

impl Desk {
    pub(super) const fn new(asks: Arc<Asks>, moments: Arc<Moments>) -> Self {
        Self { asks, moments, holds: RwLock::new(None) }
    }

    /// This holds from now on.
    pub(super) fn set(&self, held: &Held, now: &Now) {
        let contact = held.active.filtering.as_ref().map(|filtering| filtering.contact.clone());
        let holds = Some((now.policy.clone(), contact.unwrap_or_default()));
        *self.holds.write().unwrap_or_else(PoisonError::into_inner) = holds;
    }
}

impl Told for Desk {
    fn why(&self, name: &str) -> Why {
        let holds = self.holds.read().unwrap_or_else(PoisonError::into_inner);
        holds.as_ref().map_or(Why::Open, |(policy, _)| policy.why(name))
    }

    fn ask(&self, kind: Kind, name: &str, user: Option<u32>) -> Result<(), Refused> {
        let kind = match kind {
            Kind::Unblock => FilterAskKind::Unblock,
            Kind::Report => FilterAskKind::Report,
        };
        self.asks.ask(kind, name, user, self.moments.now()).map_err(|fault| match fault {
            AskFault::Name => Refused::Name,
            AskFault::Many => Refused::Many,
            AskFault::Kept => Refused::Fault,
        })
    }

    fn contact(&self) -> String {
        let holds = self.holds.read().unwrap_or_else(PoisonError::into_inner);
        holds.as_ref().map(|(_, contact)| contact.clone()).unwrap_or_default()
    }
}
