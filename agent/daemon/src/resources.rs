//! Resources: what the plan wants of them is fetched, verified and put in place, beside the conversation and whatever becomes of it.

mod clearing;
mod fault;
mod fetcher;
mod files;
mod floor;
mod gate;
mod having;
mod install;
mod near;
mod place;
mod seeding;
mod shelf;
mod shown;
mod stage;
mod wanted;

pub(crate) use fault::Fault;
pub(crate) use fetcher::{Counted, Fetcher, Named};
pub(crate) use gate::Gate;
pub(crate) use place::{FOLDER, forget, own};
pub(crate) use seeding::Seeding;
pub(crate) use shelf::Shelf;
pub use shown::Resource;
pub(crate) use shown::{FILE, Shown, noted, state_name};

use crate::clock::{Clock, JudgingTime, within};
use crate::folder::Folder;
use crate::medium::Import;
use crate::publisher::{Publisher, PublisherError};
use crate::source::channel::ChannelSource;
use crate::source::mirrors::{Mirrors, Ways};
use crate::source::{Road, SourceError};
use agent_core::fetching::order;
use agent_core::room::{Claim, Verdict, admit};
use bytes::Bytes;
use fetcher::blocking;
use floor::FloorLook;
use install::{Job, index_get};
use model::floor::Floor;
use model::measure::Measure;
use model::resource::{BundleName, BundleVersion, BundleWanted, Fetching};
use place::Place;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use tonic::transport::Channel;
use wire::v1::ConditionState;

/// What is in place is looked at so often, whatever was expected.
const LOOK_EVERY: Duration = Duration::from_secs(6 * 3_600);
/// Devices that were found are asked after so long.
const PEERS_PAUSE: Duration = Duration::from_secs(1);
/// The list of what is signed takes no longer from one source.
const REFRESH_LIMIT: Duration = Duration::from_secs(600);
/// After a fault of our own, it begins anew after so long.
const ANEW: Duration = Duration::from_secs(600);

/// What is wanted of resources, and who may sign them.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Wanted {
    /// Nothing before any plan is held: then what lies here stays.
    pub(crate) bundles: Option<Vec<BundleWanted>>,
    pub(crate) fetching: Fetching,
    /// For which measure the device is.
    pub(crate) measure: Option<Measure>,
    /// The publisher's root, as the trust roots give it; empty where they give none.
    pub(crate) publisher: Bytes,
}

/// What resources are kept with.
#[derive(Clone, Debug)]
pub(crate) struct Parts {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) time: Arc<JudgingTime>,
    /// The folder where the machine's files are read.
    pub(crate) machine: PathBuf,
    /// The folder of resources.
    pub(crate) folder: PathBuf,
    pub(crate) state: Folder,
    pub(crate) shown: Arc<Shown>,
    pub(crate) wanted: watch::Receiver<Wanted>,
    /// The line to the control plane, while it stands.
    pub(crate) line: watch::Receiver<Option<Channel>>,
    /// Devices of the school that may be asked.
    pub(crate) peers: watch::Receiver<Vec<Named>>,
    /// Whether there are any to be found.
    pub(crate) meeting: bool,
    /// What they are given.
    pub(crate) shelf: Arc<Shelf>,
    /// How mirrors are reached.
    pub(crate) ways: Ways,
    /// The policy floor, as it was taken last.
    pub(crate) floor: watch::Sender<Option<Floor>>,
    /// Counts how often the filter's list was found damaged.
    pub(crate) mend: watch::Receiver<u64>,
    /// The medium that was brought last.
    pub(crate) media: watch::Receiver<Option<Arc<Import>>>,
}

/// Whoever keeps resources; dropped, it stops.
#[derive(Debug)]
pub(crate) struct Resources(JoinHandle<()>);

impl Resources {
    /// Keeps them from now on. A fault in it ends nothing else, and it begins anew.
    pub(crate) fn keep(parts: Parts) -> Self {
        Self(tokio::spawn(async move {
            loop {
                let mut work = JoinSet::new();
                work.spawn(Keeping::new(parts.clone()).live());
                match work.join_next().await {
                    Some(Err(error)) if error.is_panic() => {
                        tracing::error!(%error, "resources stand still for a while");
                        parts.clock.sleep(ANEW).await;
                    }
                    _ => return,
                }
            }
        }))
    }
}

impl Drop for Resources {
    fn drop(&mut self) {
        self.0.abort();
    }
}

struct Keeping {
    parts: Parts,
    place: Place,
    fetcher: Fetcher,
    mirrors: Mirrors,
    /// With the root it began at.
    publisher: Option<(Bytes, Publisher)>,
    floor: FloorLook,
    /// Who goes outside for what is missing now.
    seeding: Option<Seeding>,
    /// What is made and waits for the word.
    staged: BTreeSet<(BundleName, BundleVersion)>,
    /// The medium that all is taken from now.
    medium: Option<Arc<Import>>,
}

/// A bundle that is to be put in place, with its index.
struct Task {
    wanted: BundleWanted,
    index: Arc<bundle::Index>,
    gate: Gate,
    claim: Claim,
}

impl Keeping {
    fn new(parts: Parts) -> Self {
        let place = Place::new(&parts.folder, &parts.state);
        let fetcher = Fetcher::new(parts.clock.clone(), parts.shelf.making());
        let mirrors = Mirrors::new(parts.ways.clone());
        Self {
            place,
            fetcher,
            mirrors,
            publisher: None,
            floor: FloorLook::default(),
            seeding: None,
            staged: BTreeSet::new(),
            medium: None,
            parts,
        }
    }

    /// Goes on until nobody wants anything any more.
    async fn live(mut self) {
        let (mut changes, mut lines, mut peers) =
            (self.parts.wanted.clone(), self.parts.line.clone(), self.parts.peers.clone());
        let (mut media, mut mend) = (self.parts.media.clone(), self.parts.mend.clone());
        loop {
            let wanted = changes.borrow_and_update().clone();
            let line = lines.borrow_and_update().is_some();
            peers.borrow_and_update();
            self.medium = media.borrow_and_update().clone().filter(|medium| !medium.over());
            let (pause, floor) = tokio::select! {
                biased;
                changed = changes.changed() => match changed {
                    Ok(()) => continue,
                    Err(_) => return,
                },
                Ok(()) = media.changed() => continue,
                pauses = async { (self.round(&wanted).await, self.floor_look(&wanted).await) } => pauses,
            };
            if let Some(medium) = self.medium.take() {
                let all = self.parts.shown.all();
                medium.end(wanted.bundles.is_some().then_some(&all[..]), &*self.parts.clock).await;
                // What it did not have may come by other roads.
                continue;
            }
            let mut damaged = false;
            let found = tokio::select! {
                biased;
                changed = changes.changed() => match changed {
                    Ok(()) => false,
                    Err(_) => return,
                },
                // Who was out of reach may be in reach now.
                Ok(_) = lines.wait_for(|now| now.is_some() && !line) => false,
                Ok(()) = peers.changed(), if pause < LOOK_EVERY => true,
                Ok(()) = media.changed() => false,
                Ok(()) = mend.changed() => {
                    damaged = true;
                    false
                }
                () = self.parts.clock.sleep(pause.min(floor)) => false,
            };
            if damaged {
                self.list_drop().await;
            }
            if found {
                // Whoever comes and goes all the time must not keep this going all the time.
                self.parts.clock.sleep(PEERS_PAUSE).await;
            }
        }
    }

    /// Looks at everything once, and does what is to be done; how long that holds.
    async fn round(&mut self, wanted: &Wanted) -> Duration {
        let Some(bundles) = &wanted.bundles else { return LOOK_EVERY };
        self.parts.shown.wanted(bundles);
        match self.rounded(wanted, bundles).await {
            Ok(pause) => pause,
            Err(fault) => {
                tracing::error!(?fault, "resources cannot be kept");
                for wanted in bundles {
                    self.say(wanted, &fault);
                }
                fault.look_again()
            }
        }
    }

    async fn rounded(&mut self, wanted: &Wanted, bundles: &[BundleWanted]) -> Result<Duration, Fault> {
        let missing = self.settle(bundles).await?;
        let mut pause = LOOK_EVERY;
        let mut open = Vec::new();
        for wanted_one in missing {
            let mut gate = self.gate(&wanted.fetching, wanted_one.urgent);
            match gate.check().await {
                Ok(()) => open.push((wanted_one, gate)),
                Err(fault) => pause = pause.min(self.say(&wanted_one, &fault)),
            }
        }
        if open.is_empty() {
            self.seeding = None;
            return Ok(pause);
        }
        self.mirrors.follow(&wanted.fetching.mirrors).await;
        let urgent = open.iter().any(|(wanted, _)| wanted.urgent);
        let outside = if self.medium.is_some() { None } else { self.outside(&wanted.fetching, urgent) };
        self.follow(&wanted.fetching, outside.is_none());
        let near = self.fetcher.near_bytes();
        let sought: Vec<&BundleWanted> = open.iter().map(|(wanted, _)| wanted).collect();
        let refreshed = self.refreshed(&wanted.publisher, &sought).await;
        if let Some((_, publisher)) = &self.publisher {
            self.parts.shelf.documents_note(publisher.documents());
        }
        // Its own look takes it where this one does not.
        let _ = self.floor_take().await;
        let (mut tasks, measure) = (Vec::new(), wanted.measure);
        for (wanted, gate) in open {
            match self.task(&wanted, gate, measure).await {
                Ok(task) => tasks.push(task),
                Err(fault) => {
                    // Why nothing newer is known says more than that nothing is.
                    let fault = match (&fault, &refreshed) {
                        (Fault::Unreachable(_) | Fault::Untold, Err(Fault::File(error))) => {
                            Fault::File(error.kind().into())
                        }
                        (Fault::Unreachable(_), Err(Fault::Failed(code))) => Fault::Failed(code),
                        // A medium is all there is: that its list is refused says why what is wanted is not in the one that is kept.
                        (Fault::Failed("not_signed" | "metadata_expired"), Err(Fault::Failed(code)))
                            if self.medium.is_some() =>
                        {
                            Fault::Failed(code)
                        }
                        // Nobody could be asked for a newer list: what is kept says nothing of what is wanted since.
                        (Fault::Failed("not_signed" | "metadata_expired"), Err(Fault::Unreachable(pause))) => {
                            Fault::Unreachable(*pause)
                        }
                        _ => fault,
                    };
                    pause = pause.min(self.say(&wanted, &fault.waited(outside)));
                }
            }
        }
        // Of the filter's lists depends what is open at all: they wait behind no film.
        order(&mut tasks, |task| (task.wanted.urgent || task.wanted.name.is_lists(), task.claim.to_write));
        let held = bundles.iter().filter(|wanted| tasks.iter().all(|task| task.wanted.name != wanted.name));
        let (place, held) = (self.place.clone(), held.cloned().collect::<Vec<_>>());
        let claim = move |wanted: BundleWanted| {
            let index = place.index(&wanted.name, &wanted.version)?;
            Ok(Claim { size: index.map_or(0, |index| index.size()), ..Claim::default() })
        };
        let mut claims: Vec<Claim> = blocking(move || held.into_iter().map(claim).collect()).await?;
        let first = claims.len();
        claims.extend(tasks.iter().map(|task| task.claim));
        let free = self.gate(&wanted.fetching, false).free();
        let verdicts = admit(&claims, &wanted.fetching, free).split_off(first);
        for (mut task, verdict) in tasks.into_iter().zip(verdicts) {
            let done = match verdict {
                Verdict::Quota | Verdict::Disk => Err(Fault::Skipped(verdict.skipped().unwrap_or("disk"))),
                Verdict::Fits | Verdict::FitsWithoutSpare => {
                    self.installed(&mut task, verdict == Verdict::FitsWithoutSpare).await
                }
            };
            match done {
                Ok(()) => {}
                Err(fault) => {
                    let fault = fault.waited(outside);
                    if fault.makes_way() {
                        self.way_make(&task.wanted).await?;
                    }
                    pause = pause.min(self.say(&task.wanted, &fault));
                }
            }
        }
        self.given(self.fetcher.near_bytes() > near);
        Ok(pause)
    }

    /// Removes what is not wanted, and says of the rest what is seen; what is missing.
    async fn settle(&mut self, bundles: &[BundleWanted]) -> Result<Vec<BundleWanted>, Fault> {
        let held = |of: &(BundleName, BundleVersion)| {
            bundles.iter().any(|wanted| wanted.hold && (&wanted.name, &wanted.version) == (&of.0, &of.1))
        };
        self.staged.retain(held);
        let (place, wanted) = (self.place.clone(), bundles.to_vec());
        let seen = blocking(move || {
            if !wanted.is_empty() {
                place.make()?;
            }
            for name in place.known()? {
                if wanted.iter().all(|wanted| wanted.name != name) {
                    tracing::info!(bundle = %name, "a bundle is not wanted any more and is removed");
                    // One that somebody reads at this moment goes later; the others are not to wait for it.
                    if let Err(error) = place.remove(&name) {
                        tracing::warn!(bundle = %name, %error, "a bundle cannot be removed yet");
                    }
                }
            }
            let seen = wanted.into_iter().map(|wanted| {
                let seen = place.seen(&wanted).unwrap_or(false);
                let current = place.current(&wanted.name).map(|version| version.to_string());
                Ok((wanted, seen, current.unwrap_or_default()))
            });
            seen.collect::<std::io::Result<Vec<_>>>()
        });
        let mut missing = Vec::new();
        for (wanted, seen, current) in seen.await? {
            self.parts.shown.seen(&wanted.name, current);
            if seen {
                self.parts.shown.held(&wanted.name);
            } else if wanted.hold && self.staged.contains(&(wanted.name.clone(), wanted.version.clone())) {
                self.parts.shown.state(&wanted.name, ConditionState::Pending, "staged");
            } else {
                missing.push(wanted);
            }
        }
        Ok(missing)
    }

    /// The index of a bundle, judged, and what the bundle takes.
    async fn task(&mut self, wanted: &BundleWanted, mut gate: Gate, measure: Option<Measure>) -> Result<Task, Fault> {
        let (_, publisher) = self.publisher.as_ref().ok_or(Fault::Untold)?;
        let (shown, signed) = (Arc::clone(&self.parts.shown), (publisher, self.parts.time.now()));
        let index = index_get(&self.place, &mut self.fetcher, wanted, signed, (&shown, &mut gate)).await?;
        if !install::fits_here(index.manifest()) {
            return Err(Fault::Skipped("system"));
        }
        let measures = &index.manifest().measures;
        if !measures.is_empty() && measure.is_none_or(|own| !measures.contains(&own)) {
            return Err(Fault::Skipped("measure"));
        }
        let (place, name, version, of) =
            (self.place.clone(), wanted.name.clone(), wanted.version.clone(), Arc::clone(&index));
        let claim = blocking(move || {
            let to_write = install::to_write(&place, &name, &version, &of)?;
            Ok(Claim { size: of.size(), to_write, spare: place.spare(&name)? })
        });
        Ok(Task { wanted: wanted.clone(), claim: claim.await?, index, gate })
    }

    async fn installed(&mut self, task: &mut Task, without_spare: bool) -> Result<(), Fault> {
        let (_, publisher) = self.publisher.as_ref().ok_or(Fault::Untold)?;
        let job = Job {
            place: &self.place,
            publisher,
            now: self.parts.time.now(),
            shown: &self.parts.shown,
            wanted: &task.wanted,
            index: &task.index,
        };
        let placed = job.done(&mut self.fetcher, &mut task.gate, without_spare).await?;
        if placed {
            self.parts.shelf.making().ended(&task.wanted.name, &task.wanted.version);
            self.parts.shown.held(&task.wanted.name);
        } else {
            self.staged.insert((task.wanted.name.clone(), task.wanted.version.clone()));
            self.parts.shown.state(&task.wanted.name, ConditionState::Pending, "staged");
        }
        Ok(())
    }

    /// Whom to ask from now on.
    fn follow(&mut self, fetching: &Fetching, outside: bool) {
        if let Some(medium) = &self.medium {
            let source = Named { name: medium.name.clone(), source: medium.clone() };
            return self.fetcher.follow(vec![source], 0);
        }
        let channel = self.parts.line.borrow().clone().filter(|_| outside);
        let server =
            channel.map(|channel| Named { name: "server".to_owned(), source: Arc::new(ChannelSource::new(channel)) });
        let peers = if fetching.peers { self.parts.peers.borrow().clone() } else { Vec::new() };
        // The server first: its list is never behind.
        let mirrors = if outside { self.mirrors.named() } else { &[] };
        let sources = peers.into_iter().chain(server).chain(mirrors.iter().cloned());
        self.fetcher.follow(sources.collect(), fetching.bytes_per_second);
    }

    /// Has the list of what is signed be new enough for what is sought: the one beside this device may be older than the newest.
    async fn refreshed(&mut self, root: &Bytes, sought: &[&BundleWanted]) -> Result<(), Fault> {
        self.publisher_open(root)?;
        let Some((_, publisher)) = &mut self.publisher else { return Err(Fault::Untold) };
        let (mut fault, mut fresh) = (None, false);
        for source in self.fetcher.free() {
            let now = self.parts.time.now();
            let refresh = async {
                match self.medium.as_ref().and_then(|medium| medium.made) {
                    Some(made) => publisher.refresh_from_medium(&*source.source, made, now).await,
                    None => publisher.refresh(&*source.source, now).await,
                }
            };
            let refreshed = within(&*self.parts.clock, REFRESH_LIMIT, refresh).await;
            let slow = || Err(SourceError::Unreachable("it takes too long".to_owned()).into());
            match refreshed.unwrap_or_else(slow) {
                Ok(()) if sought.iter().all(|wanted| publisher.index(wanted, now).is_ok()) => return Ok(()),
                Ok(()) => fresh |= source.source.road() == Road::Server,
                Err(error) => {
                    // A device of the school that has none yet is asked for it soon again, and that is no news.
                    let lacks = matches!(error, PublisherError::Source(SourceError::Missing(_)));
                    if !lacks || source.source.road() != Road::Peer {
                        tracing::info!(source = source.name, %error, "the list of bundles is not to be had here");
                    }
                    let next = Fault::from(error);
                    if !lacks && matches!(next, Fault::Unreachable(_)) {
                        self.fetcher.failed(&source.name, false);
                    }
                    fault = fault.filter(|fault| !matches!(fault, Fault::Unreachable(_))).or(Some(next));
                }
            }
        }
        if fresh { Ok(()) } else { Err(fault.unwrap_or_else(|| self.fetcher.nobody())) }
    }

    fn gate(&self, fetching: &Fetching, urgent: bool) -> Gate {
        Gate {
            clock: self.parts.clock.clone(),
            time: Arc::clone(&self.parts.time),
            machine: self.parts.machine.clone(),
            resources: self.place.root().to_owned(),
            fetching: fetching.clone(),
            urgent,
            near: self.medium.is_some(),
            asked: None,
        }
    }

    /// Tells why a bundle is not in place; how long that holds.
    fn say(&self, wanted: &BundleWanted, fault: &Fault) -> Duration {
        let (state, reason) = fault.said();
        tracing::info!(bundle = %wanted.name, version = %wanted.version, reason, ?fault, "a bundle is not in place");
        self.parts.shown.state(&wanted.name, state, reason);
        fault.look_again()
    }
}

#[cfg(test)]
mod tests;
