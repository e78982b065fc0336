//! What the conversation has to do with the filter: it says what is to be filtered, reports how that stands, and carries what users ask.

use super::Link;
use crate::enforce::{FilterSaid, Filters, STARTING};
use model::host::Host;
use model::resource::BundleName;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use wire::v1::FilterAsk;

/// Asks that a server did not keep are sent again after so long: an older one knows of none.
const ASK_AGAIN: Duration = Duration::from_secs(900);
/// Another policy takes the filter some tens of milliseconds: what it says by then spares a report that it is about to hold to it, and a round.
const SETTLE: Duration = Duration::from_secs(1);

/// What the filter says.
pub(super) struct Heard {
    said: watch::Receiver<Option<FilterSaid>>,
    asks: watch::Receiver<Vec<FilterAsk>>,
    /// Asks that were sent, and when last, since the machine was switched on.
    sent: (Vec<Vec<u8>>, Duration),
    /// Since when the filter is about to hold to what it was told, counted from when the machine was switched on.
    starting: Option<Duration>,
}

impl Heard {
    pub(super) fn new(filters: &Filters) -> Self {
        Self { said: filters.said(), asks: filters.asks(), sent: (Vec::new(), Duration::ZERO), starting: None }
    }

    /// Waits for news.
    pub(super) async fn changed(&mut self) {
        tokio::select! {
            _ = self.said.changed() => {}
            _ = self.asks.changed() => {}
        }
    }

    /// What users ask.
    pub(super) fn asks(&self) -> Vec<FilterAsk> {
        self.asks.borrow().clone()
    }
}

impl Link {
    /// Whoever keeps the filter told, beside the conversation.
    pub(crate) fn filters(&self) -> Arc<Filters> {
        Arc::clone(&self.filters)
    }

    /// Takes note of how the filter stands.
    pub(super) fn filter_note(&mut self) {
        let said = self.heard.said.borrow_and_update().clone();
        let starting = said.as_ref().is_some_and(|said| said.reason == STARTING);
        self.heard.starting = starting.then(|| self.heard.starting.unwrap_or_else(|| self.clock().elapsed()));
        self.desired.filter_note(said);
    }

    /// Waits a moment where the filter is about to say more.
    pub(super) async fn filter_settle(&mut self) {
        let clock = self.clock();
        while let Some(since) = self.heard.starting {
            let left = (since + SETTLE).saturating_sub(clock.elapsed());
            tokio::select! {
                biased;
                () = clock.sleep(left) => return,
                () = self.heard.changed() => self.look(),
            }
        }
    }

    /// Says what is to be filtered, and which asks are kept.
    pub(super) fn filter_tell(&mut self, asks_kept: Vec<Vec<u8>>) {
        self.filters.asks_kept(asks_kept);
        self.filters.want(self.desired.plan(), &self.own_hosts());
    }

    /// Says which list lies in place.
    pub(super) fn list_tell(&self) {
        let standing = self.beside.standing.borrow();
        let list = standing.iter().find(|one| one.name == BundleName::lists().as_str());
        self.filters.list(list.map(|one| one.version.as_str()).filter(|version| !version.is_empty()));
    }

    /// Whether something is asked that was not sent of late.
    pub(super) fn asks_due(&self) -> bool {
        let (sent, at) = &self.heard.sent;
        let again = self.clock().elapsed().saturating_sub(*at) >= ASK_AGAIN;
        self.heard.asks.borrow().iter().any(|ask| again || !sent.contains(&ask.id))
    }

    /// A server has heard these, whether it keeps them or not.
    pub(super) fn asks_sent(&mut self, asks: Vec<FilterAsk>) {
        self.heard.sent = (asks.into_iter().map(|ask| ask.id).collect(), self.clock().elapsed());
    }

    /// What must stay open for the device to be told anything better: its server. Mirrors are named by the plan, which opens nothing that the
    /// floor closes.
    fn own_hosts(&self) -> BTreeSet<Host> {
        // Whoever wrote the agent's file may have written it otherwise than it is asked for.
        let name: Result<filter::Name, _> = self.server.host.parse();
        name.ok().and_then(|name| name.as_str().parse().ok()).into_iter().collect()
    }
}
