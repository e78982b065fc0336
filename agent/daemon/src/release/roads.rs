//! By which roads a release comes: devices of the school, the control plane, mirrors of the plan; and who goes outside first.

use super::fetch::Below;
use super::shelf::Shelf;
use crate::clock::Clock;
use crate::resources::{Fetcher, Named, Seeding};
use crate::source::channel::ChannelSource;
use crate::source::mirrors::{Mirrors, Ways as Reached};
use model::digest::Digest;
use model::resource::{Fetching, ReleaseWanted};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tonic::transport::Channel;

/// What releases are fetched with.
#[derive(Debug)]
pub(crate) struct Ways {
    /// The line to the control plane, while it stands.
    pub(crate) line: watch::Receiver<Option<Channel>>,
    /// Devices of the school that may be asked.
    pub(crate) peers: watch::Receiver<Vec<Named>>,
    /// Whether there are any to be found.
    pub(crate) meeting: bool,
    /// What they are given.
    pub(crate) shelf: Arc<Shelf>,
    /// How mirrors are reached.
    pub(crate) mirrors: Reached,
}

/// Whom to ask, and how they answered so far.
pub(super) struct Roads {
    clock: Arc<dyn Clock>,
    pub(super) ways: Ways,
    pub(super) fetcher: Fetcher,
    mirrors: Mirrors,
    /// The wait for one release.
    seeding: Option<(Digest, Seeding)>,
}

impl Roads {
    pub(super) fn new(clock: Arc<dyn Clock>, ways: Ways) -> Self {
        let (fetcher, mirrors) = (Fetcher::alone(clock.clone()), Mirrors::new(ways.mirrors.clone()));
        Self { clock, ways, fetcher, mirrors, seeding: None }
    }

    /// From now on it is for this one that they are asked; how long not to go outside, or nothing: now.
    pub(super) async fn follow(&mut self, wanted: &ReleaseWanted, fetching: &Fetching) -> Option<Duration> {
        self.mirrors.follow(&fetching.mirrors).await;
        let now = self.clock.elapsed();
        let before = self.seeding.filter(|(release, _)| *release == wanted.index).map(|(_, seeding)| seeding);
        if before.is_none() {
            // Who had the last one spoilt may have this one whole, the server above all.
            self.fetcher = Fetcher::alone(self.clock.clone());
        }
        let first = fetching.site_node || !fetching.peers || !self.ways.meeting;
        let company = !self.ways.peers.borrow().is_empty();
        let seeding = Seeding::next(before, now, (company, first), wanted.urgent);
        self.seeding = Some((wanted.index, seeding));
        let outside = seeding.wait(now);
        let channel = self.ways.line.borrow().clone().filter(|_| outside.is_none());
        let server =
            channel.map(|channel| Named { name: "server".to_owned(), source: Arc::new(ChannelSource::new(channel)) });
        let peers = if fetching.peers { self.ways.peers.borrow().clone() } else { Vec::new() };
        let mirrors = if outside.is_none() { self.mirrors.named() } else { &[] };
        let sources = peers.into_iter().chain(server).chain(mirrors.iter().cloned());
        let below = |Named { name, source }: Named| Named { name, source: Arc::new(Below(source)) };
        self.fetcher.follow(sources.map(below).collect(), fetching.bytes_per_second);
        outside
    }

    /// Neighbours gave something.
    pub(super) fn given(&mut self) {
        let now = self.clock.elapsed();
        if let Some((_, seeding)) = &mut self.seeding {
            seeding.given(now);
        }
    }
}
