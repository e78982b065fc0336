//! Releases of the agent: fetched when they are wanted, verified from the product's own root, tried, kept or given back.
//!
//! The territory says which release is to run, its server carries the files, and neither can make one: the root comes with the package.
//! `docs/decisions/0026-agent-releases.md` says what is run when.

mod fetch;
mod kept;
mod roads;
mod shelf;
mod start;

use kept::{Came, Kept};
pub(crate) use kept::{FOLDER, forget};
use roads::Roads;
pub(crate) use roads::Ways;
pub(crate) use shelf::{Shelf, Shelves};
pub(crate) use start::{Running, become_packaged, become_release};

use crate::clock::{Clock, JudgingTime, within};
use crate::error::Error;
use crate::folder::Folder;
use crate::platform::{Here, Platform};
use crate::publisher::PublisherError;
use crate::resources::{Fault, Gate};
use crate::source::{Road, SourceError};
use crate::status::ReleaseStands;
use crate::{Agent, VERSION};
use agent_core::release::{Placed, Slots, Wanted};
use fetch::{Asking, Repository, Stopped, aside};
use model::digest::Digest;
use model::resource::{Fetching, ReleaseWanted};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, watch};
use wire::v1::ConditionState;

/// What failed is looked at again so often: somebody may have published it anew.
const AGAIN: Duration = Duration::from_secs(15 * 60);
/// Devices that were found are asked after so long.
const PEERS_PAUSE: Duration = Duration::from_secs(1);
/// The list of what is signed takes no longer from one source.
const REFRESH_LIMIT: Duration = Duration::from_secs(300);

/// Which build of the agent a program is; tests make others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Build {
    /// Its version.
    pub version: &'static str,
    /// In so long the server answers it, else it is given back: it was put in place while the server was there.
    pub trial: Duration,
}

impl Default for Build {
    fn default() -> Self {
        Self { version: VERSION, trial: Duration::from_secs(30 * 60) }
    }
}

/// What is reported of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Said {
    /// Of which release: what is said of the one before says nothing of the next.
    pub(crate) release: Digest,
    pub(crate) state: ConditionState,
    pub(crate) reason: &'static str,
    /// What runs.
    pub(crate) version: String,
    /// Bytes that came for it from outside the school.
    pub(crate) wan_bytes: u64,
    /// And from devices of it.
    pub(crate) lan_bytes: u64,
}

/// Keeps the release that is wanted.
#[derive(Debug)]
pub(crate) struct Releases {
    clock: Arc<dyn Clock>,
    time: Arc<JudgingTime>,
    running: Running,
    build: Build,
    kept: Kept,
    /// The first root of the product's repository, in the package.
    root: PathBuf,
    /// The folder where the machine's files are read.
    machine: PathBuf,
    slots: Mutex<Slots>,
    came: Mutex<Came>,
    wanted: watch::Sender<Option<(ReleaseWanted, Fetching)>>,
    said: watch::Sender<Option<Said>>,
    proven: Notify,
}

impl Releases {
    pub(crate) fn new(agent: &Agent, folder: &Folder, time: &Arc<JudgingTime>) -> Self {
        let kept = Kept::new(folder);
        Self {
            clock: agent.clock.clone(),
            time: time.clone(),
            running: agent.running.clone(),
            build: agent.config.build,
            slots: Mutex::new(kept.slots()),
            came: Mutex::new(kept.came()),
            kept,
            root: agent.config.release_root.clone(),
            machine: agent.config.root.clone(),
            wanted: watch::Sender::default(),
            said: watch::Sender::default(),
            proven: Notify::new(),
        }
    }

    /// What is to be reported, now and whenever it changes.
    pub(crate) fn said(&self) -> watch::Receiver<Option<Said>> {
        self.said.subscribe()
    }

    /// This release is to run from now on, fetched like this.
    pub(crate) fn want(&self, wanted: Option<(ReleaseWanted, Fetching)>) {
        self.wanted.send_if_modified(|before| std::mem::replace(before, wanted.clone()) != wanted);
    }

    /// The server answered a check-in: what runs works.
    pub(crate) fn prove(&self) {
        let mut slots = self.slots();
        if self.tried(&slots).is_none() {
            return;
        }
        match self.change(&mut slots, Slots::proven) {
            Ok(()) => {
                tracing::info!(version = self.build.version, "this release of the agent has proven itself, and stays");
                self.proven.notify_one();
            }
            // Answered again, it is written again.
            Err(error) => tracing::warn!(%error, "that a release has proven itself cannot be written down"),
        }
    }

    /// Keeps to what is wanted; ends when another program is to run.
    pub(crate) async fn keep(&self, ways: Ways) {
        let (mut lines, mut peers) = (ways.line.clone(), ways.peers.clone());
        self.shelf_fill(&ways.shelf);
        let tried = self.tried(&self.slots());
        if let Some(release) = tried
            && !self.proves(release).await
        {
            return;
        }
        let mut wanted = self.wanted.subscribe();
        let mut roads = Roads::new(self.clock.clone(), ways);
        loop {
            let (now, line) = (wanted.borrow_and_update().clone(), lines.borrow_and_update().is_some());
            peers.borrow_and_update();
            let mut pause = AGAIN;
            match &now {
                Some((wanted, fetching)) => match self.turn(wanted, fetching, &mut roads).await {
                    Turn::Switch => return,
                    Turn::Said(state, reason, again) => {
                        self.say(wanted.index, state, reason);
                        pause = again;
                    }
                },
                None => drop(self.said.send_if_modified(|said| said.take().is_some())),
            }
            // It may have been lost meanwhile.
            let line = line && lines.borrow().is_some();
            let found = tokio::select! {
                Ok(()) = wanted.changed() => false,
                // Who was out of reach may be in reach now.
                Ok(_) = lines.wait_for(|now| now.is_some() && !line) => false,
                Ok(()) = peers.changed(), if pause < AGAIN => true,
                () = self.clock.sleep(pause) => false,
            };
            if found {
                // Whoever comes and goes all the time must not keep this going all the time.
                self.clock.sleep(PEERS_PAUSE).await;
            }
        }
    }

    /// Waits until what runs has proven itself; not, when its time is up and it is given back.
    async fn proves(&self, release: Digest) -> bool {
        self.say(release, ConditionState::Pending, "trial");
        tokio::select! {
            biased;
            () = self.proven.notified() => true,
            () = self.clock.sleep(self.build.trial) => {
                tracing::error!(version = self.build.version, "this release was not answered by the server, and is given back");
                let mut slots = self.slots();
                if let Err(error) = self.change(&mut slots, Slots::given_back) {
                    tracing::warn!(%error, "that a release is given back cannot be written down");
                }
                false
            }
        }
    }

    /// Gives others again what was fetched before.
    fn shelf_fill(&self, shelf: &Shelf) {
        if !self.kept.folder().path(shelf::FETCHED).is_dir() {
            return;
        }
        match Repository::open(self.kept.folder(), &self.root) {
            Ok(repository) => shelf.documents_note(repository.documents()),
            Err(error) => tracing::debug!(%error, "nothing of releases is given to others"),
        }
    }

    /// One look at what is wanted.
    async fn turn(&self, wanted: &ReleaseWanted, fetching: &Fetching, roads: &mut Roads) -> Turn {
        if !Here::BECOMES {
            return Turn::so(ConditionState::Skipped, "system");
        }
        if let Some(said) = self.settled(wanted) {
            return said;
        }
        if wanted.hold {
            return Turn::so(ConditionState::Pending, "offered");
        }
        let mut gate = self.gate(fetching);
        if let Err(fault) = gate.check().await {
            return self.failed(&fault);
        }
        let outside = roads.follow(wanted, fetching).await;
        let near = roads.fetcher.near_bytes();
        let placed = tokio::select! {
            biased;
            // It is paused, or another one is wanted: what came of this one stays.
            () = self.unwanted(wanted, fetching) => return Turn::so(ConditionState::Pending, "offered"),
            fetched = self.fetched(wanted, roads, gate) => fetched,
        };
        if roads.fetcher.near_bytes() > near {
            roads.given();
        }
        let placed = match placed {
            Ok(Fetched::Settled(turn)) => Ok(turn),
            Ok(Fetched::Program(placed, bytes)) => self.placed(placed, bytes).await,
            Err(stopped) => Err(stopped),
        };
        placed.unwrap_or_else(|stopped| {
            let known = format!("{stopped}");
            let fault = stopped.fault().waited(outside);
            if !matches!(fault, Fault::Neighbours(_)) {
                tracing::warn!(version = %wanted.version, error = known, "a release of the agent is not taken");
            }
            self.failed(&fault)
        })
    }

    /// What is said of a fault; for want of room what was fetched goes, so that a full disk does not stay full of it.
    fn failed(&self, fault: &Fault) -> Turn {
        if fault.makes_way()
            && let Err(error) = self.kept.fetched_forget()
        {
            tracing::warn!(%error, "what was fetched of a release cannot be deleted");
        }
        let (state, reason) = fault.said();
        Turn::Said(state, reason, fault.look_again())
    }

    /// Ends when this is not what is wanted any more.
    async fn unwanted(&self, wanted: &ReleaseWanted, fetching: &Fetching) {
        let this = |now: &Option<(ReleaseWanted, Fetching)>| {
            now.as_ref().is_some_and(|(one, how)| (one, how) == (wanted, fetching))
        };
        let _ = self.wanted.subscribe().wait_for(|now| !this(now)).await;
    }

    /// What can be said without a network.
    fn settled(&self, wanted: &ReleaseWanted) -> Option<Turn> {
        let mut slots = self.slots();
        match slots.wanted(&wanted.version, &wanted.index, &self.running.packaged) {
            Wanted::Held => Some(Turn::so(ConditionState::Held, "")),
            Wanted::OnTrial => Some(Turn::so(ConditionState::Pending, "trial")),
            Wanted::Returned => Some(Turn::so(ConditionState::Failed, "returned")),
            Wanted::Packaged => Some(Turn::so(ConditionState::Failed, "packaged")),
            Wanted::Minimum => Some(Turn::so(ConditionState::Failed, "minimum")),
            Wanted::Clear if wanted.hold => Some(Turn::so(ConditionState::Pending, "offered")),
            // The packaged program is there, and needs no signature but the package's.
            Wanted::Clear => Some(match self.change(&mut slots, Slots::cleared) {
                Ok(()) => Turn::Switch,
                Err(_) => Turn::so(ConditionState::Failed, "file"),
            }),
            Wanted::Place(_) => None,
        }
    }

    /// Fetches what is wanted.
    async fn fetched(&self, wanted: &ReleaseWanted, roads: &mut Roads, mut gate: Gate) -> Result<Fetched, Stopped> {
        let mut repository = Repository::open(self.kept.folder(), &self.root)?;
        let refreshed = self.refreshed(&mut repository, wanted, roads).await;
        roads.ways.shelf.documents_note(repository.documents());
        refreshed?;
        let counted = |road, bytes| self.count(wanted.index, road, bytes);
        let asking =
            &mut Asking { fetcher: &mut roads.fetcher, gate: &mut gate, counted: &counted, now: self.time.now() };
        // The newest says what nobody may be led below, whichever is wanted.
        let minimum = repository.minimum(asking).await?;
        self.change(&mut self.slots(), |slots| slots.raised(&minimum))?;
        if let Some(said) = self.settled(wanted) {
            return Ok(Fetched::Settled(said));
        }
        let program = repository.program(wanted, asking).await?;
        let place = self.slots().wanted(&wanted.version, &wanted.index, &self.running.packaged);
        let Wanted::Place(slot) = place else {
            return Ok(Fetched::Settled(Turn::so(ConditionState::Pending, "offered")));
        };
        let (version, release) = (wanted.version.clone(), wanted.index);
        let placed = Placed { slot, version, release, program: program.sha256 };
        // One that is tried once more lies there.
        let (kept, sought) = (self.kept.clone(), placed.clone());
        if aside(move || Ok(kept.whole(&sought))).await? {
            return Ok(Fetched::Program(placed, None));
        }
        self.say(wanted.index, ConditionState::Pending, "downloading");
        let bytes = repository.bytes(&program, wanted, asking).await?;
        Ok(Fetched::Program(placed, Some(bytes)))
    }

    /// Has the list of what is signed be new enough for what is wanted, from whoever is nearest and has it.
    async fn refreshed(
        &self,
        repository: &mut Repository,
        wanted: &ReleaseWanted,
        roads: &mut Roads,
    ) -> Result<(), Stopped> {
        let (mut fault, mut fresh) = (None, false);
        let mut sources = roads.fetcher.free();
        // Who goes outside asks there first: that list is never behind, and says what nobody may be led below.
        sources.sort_by_key(|source| source.source.road() == Road::Peer);
        for source in sources {
            let now = self.time.now();
            let refreshed = within(&*self.clock, REFRESH_LIMIT, repository.refresh(&*source.source, now)).await;
            let slow = || Err(SourceError::Unreachable("it takes too long".to_owned()).into());
            match refreshed.unwrap_or_else(slow) {
                Ok(()) if repository.lists(wanted, now) => return Ok(()),
                Ok(()) => fresh |= source.source.road() == Road::Server,
                Err(error) => {
                    let lacks = matches!(error, PublisherError::Source(SourceError::Missing(_)));
                    tracing::debug!(source = source.name, %error, "the list of releases is not to be had here");
                    if !lacks && matches!(error, PublisherError::Source(_)) {
                        roads.fetcher.failed(&source.name, false);
                    }
                    let unreachable = |error: &PublisherError| matches!(error, PublisherError::Source(_));
                    fault = fault.filter(|fault| !unreachable(fault)).or(Some(error));
                }
            }
        }
        match fault {
            _ if fresh => Ok(()),
            Some(error) => Err(error.into()),
            None => Err(Stopped::Fetch(roads.fetcher.nobody())),
        }
    }

    /// Puts a program on trial, each step durable before the next.
    async fn placed(&self, placed: Placed, bytes: Option<Vec<u8>>) -> Result<Turn, Stopped> {
        self.change(&mut self.slots(), Slots::trial_dropped)?;
        let slot = placed.slot;
        if let Some(bytes) = bytes {
            let kept = self.kept.clone();
            aside(move || Ok(kept.program_write(slot, &bytes)?)).await?;
        }
        let held = |now: &Option<(ReleaseWanted, Fetching)>| {
            now.as_ref().is_none_or(|(wanted, _)| wanted.hold || wanted.index != placed.release)
        };
        if held(&self.wanted.borrow()) {
            return Ok(Turn::so(ConditionState::Pending, "offered"));
        }
        tracing::info!(version = %placed.version, "a release of the agent is in place, and is tried now");
        self.change(&mut self.slots(), |slots| slots.placed(placed))?;
        Ok(Turn::Switch)
    }

    /// Notes that so much came.
    fn count(&self, release: Digest, road: Road, bytes: u64) {
        let mut came = self.came.lock().unwrap_or_else(PoisonError::into_inner);
        if came.release != Some(release) {
            *came = Came { release: Some(release), ..Came::default() };
        }
        match road {
            Road::Server | Road::Mirror => came.wan += bytes,
            Road::Peer | Road::Medium => came.lan += bytes,
        }
        self.kept.came_write(&came);
    }

    /// Written down, then held.
    fn change(&self, slots: &mut Slots, next: impl FnOnce(Slots) -> Slots) -> Result<(), Error> {
        let next = next(slots.clone());
        if next != *slots {
            self.kept.slots_write(&next)?;
            *slots = next;
        }
        Ok(())
    }

    /// The release of this very program, where it has to prove itself.
    fn tried(&self, slots: &Slots) -> Option<Digest> {
        let placed = slots.trial.as_ref().map(|trial| &trial.placed)?;
        (Some(placed.slot) == self.running.slot).then_some(placed.release)
    }

    /// A release waits for no hour, since a classroom's device may be on at no other: for a free link, power and room alone.
    fn gate(&self, fetching: &Fetching) -> Gate {
        Gate {
            clock: self.clock.clone(),
            time: Arc::clone(&self.time),
            machine: self.machine.clone(),
            resources: self.kept.folder().root().to_owned(),
            fetching: fetching.clone(),
            urgent: true,
            near: false,
            asked: None,
        }
    }

    fn say(&self, release: Digest, state: ConditionState, reason: &'static str) {
        let came = *self.came.lock().unwrap_or_else(PoisonError::into_inner);
        let came = if came.release == Some(release) { came } else { Came::default() };
        let said = Some(Said {
            release,
            state,
            reason,
            version: self.build.version.to_owned(),
            wan_bytes: came.wan,
            lan_bytes: came.lan,
        });
        self.said.send_if_modified(|before| std::mem::replace(before, said.clone()) != said);
    }

    fn slots(&self) -> MutexGuard<'_, Slots> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How releases stand by what is written down; nothing where there is none to speak of.
pub(crate) fn release_stands(state: &Folder, wanted: Option<&ReleaseWanted>) -> Option<ReleaseStands> {
    let slots = if state.path(FOLDER).is_dir() { Kept::new(state).slots() } else { Slots::default() };
    let returned = slots.returned.filter(|returned| wanted.is_some_and(|wanted| wanted.index == returned.release));
    let stands = ReleaseStands {
        wanted: wanted.map(|wanted| wanted.version.to_string()),
        in_force: slots.in_force.map(|placed| placed.version.to_string()),
        trial: slots.trial.map(|trial| trial.placed.version.to_string()),
        returned: returned.map_or(0, |returned| returned.tries),
        minimum: slots.minimum.map(|minimum| minimum.to_string()),
    };
    (stands != ReleaseStands::default()).then_some(stands)
}

/// What came of a look.
enum Turn {
    /// Another program is to run.
    Switch,
    /// This is so, for so long.
    Said(ConditionState, &'static str, Duration),
}

/// What came of fetching.
enum Fetched {
    /// There is nothing to put on trial.
    Settled(Turn),
    /// A program and where it goes; no bytes where it lies there.
    Program(Placed, Option<Vec<u8>>),
}

impl Turn {
    const fn so(state: ConditionState, reason: &'static str) -> Self {
        Self::Said(state, reason, AGAIN)
    }
}

#[cfg(test)]
mod tests;
