//! What the conversation has to do with resources: it says what is wanted, lends its line, and reports where they stand.

use super::Link;
use crate::answer::Desired;
use crate::folder::Folder;
use crate::medium::Hatch;
use crate::peers::{Network, Parts as Meeting, Peers};
use crate::release;
use crate::resources::{Parts, Resource, Resources, Shelf, Shown, Wanted};
use crate::source::mirrors::Ways;
use std::sync::Arc;
use tokio::sync::watch;
use tonic::transport::Channel;

/// What goes on beside the conversation while it is held.
type Beneath = (Resources, Option<Peers>, Hatch);

/// The ends of what whoever keeps resources is told, and tells.
pub(super) struct Beside {
    wanted: watch::Sender<Wanted>,
    /// The line, while it stands.
    pub(super) line: watch::Sender<Option<Channel>>,
    shown: Arc<Shown>,
    /// Where resources stand.
    pub(super) standing: watch::Receiver<Arc<Vec<Resource>>>,
}

impl Beside {
    /// Goes on from what was noted before, which the server is told as it is.
    pub(super) fn new(folder: &Folder, desired: &mut Desired) -> Self {
        let shown = Arc::new(Shown::new(folder));
        let mut standing = shown.told();
        desired.resources_note(standing.borrow_and_update().clone());
        Self { wanted: watch::Sender::new(desired.wanted()), line: watch::Sender::default(), shown, standing }
    }
}

impl Link {
    /// Whoever keeps resources beside the conversation, whoever meets devices of the school for them, and whoever takes media, for as long
    /// as they are held; and the ways by which releases come.
    pub(crate) fn resources(&self, network: Option<Arc<dyn Network>>) -> (Beneath, release::Ways) {
        let (asked, peers) = watch::channel(Vec::new());
        let (brought, media) = watch::channel(None);
        let hatch = Hatch::open(self.clock(), self.state.folder().root().to_owned(), brought);
        let folder = self.agent.config.resources_place();
        let shelf = Arc::new(Shelf::new(&folder, self.state.folder()));
        let releases = Arc::new(release::Shelf::new(self.state.folder()));
        let shelves = release::Shelves { resources: shelf.clone(), releases: releases.clone() };
        let meeting = network.is_some();
        let met = network.map(|network| {
            Peers::keep(Meeting {
                clock: self.clock(),
                machine: self.agent.config.root.clone(),
                shelf: Arc::new(shelves),
                pass: self.passes(),
                network,
                asked,
                proofs: self.filters(),
            })
        });
        let mirrors = Ways {
            proxies: self.proxies.clone(),
            roots: self.agent.config.mirror_roots.clone(),
            time: self.time.clone(),
            clock: self.clock(),
        };
        let line = self.beside.line.subscribe();
        let ways = release::Ways { line, peers: peers.clone(), meeting, shelf: releases, mirrors: mirrors.clone() };
        let kept = Resources::keep(Parts {
            clock: self.clock(),
            time: Arc::clone(&self.time),
            machine: self.agent.config.root.clone(),
            folder,
            state: self.state.folder().clone(),
            shown: Arc::clone(&self.beside.shown),
            wanted: self.beside.wanted.subscribe(),
            line: self.beside.line.subscribe(),
            peers,
            meeting,
            shelf,
            ways: mirrors,
            floor: self.filters.floors(),
            mend: self.filters.mends(),
            media,
        });
        ((kept, met, hatch), ways)
    }

    /// Says what is wanted, where that is news.
    pub(super) fn wanted_tell(&self) {
        let wanted = self.desired.wanted();
        self.beside.wanted.send_if_modified(|before| std::mem::replace(before, wanted.clone()) != wanted);
    }

    /// Takes the line back that does not stand any more.
    pub(super) fn line_tell(&self) {
        if self.connection.is_none() {
            self.beside.line.send_if_modified(|line| line.take().is_some());
        }
    }

    /// Takes note of where resources stand.
    pub(super) fn standing_note(&mut self) {
        self.desired.resources_note(self.beside.standing.borrow_and_update().clone());
        self.list_tell();
    }
}
