//! Releases of the agent: fetched when they are wanted, verified from the product's own root, tried, kept or given back.
//!
//! The territory says which release is to run, its server carries the files, and neither can make one: the root comes with the package.
//! `docs/decisions/0026-agent-releases.md` says what is run when.

mod fetch;
mod kept;
mod start;

use kept::Kept;
pub(crate) use kept::{FOLDER, forget};
pub(crate) use start::{Running, become_packaged, become_release};

use crate::clock::{Clock, JudgingTime};
use crate::error::Error;
use crate::folder::Folder;
use crate::platform::{Here, Platform};
use crate::resources::Gate;
use crate::source::Source;
use crate::source::channel::ChannelSource;
use crate::{Agent, VERSION};
use agent_core::release::{Placed, Slots, Wanted};
use fetch::{Repository, Stopped, aside};
use model::resource::{Fetching, ReleaseWanted};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, watch};
use tonic::transport::Channel;
use wire::v1::ConditionState;

/// What failed is looked at again so often: somebody may have published it anew.
const AGAIN: Duration = Duration::from_secs(15 * 60);

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
    pub(crate) state: ConditionState,
    pub(crate) reason: &'static str,
    /// What runs.
    pub(crate) version: String,
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
        if !self.on_trial(&slots) {
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
    pub(crate) async fn keep(&self, mut line: watch::Receiver<Option<Channel>>) {
        let on_trial = self.on_trial(&self.slots());
        if on_trial {
            self.say(ConditionState::Pending, "trial");
            tokio::select! {
                biased;
                () = self.proven.notified() => {}
                () = self.clock.sleep(self.build.trial) => {
                    tracing::error!(version = self.build.version, "this release was not answered by the server, and is given back");
                    let mut slots = self.slots();
                    if let Err(error) = self.change(&mut slots, Slots::given_back) {
                        tracing::warn!(%error, "that a release is given back cannot be written down");
                    }
                    return;
                }
            }
        }
        let mut wanted = self.wanted.subscribe();
        loop {
            let (now, channel) = (wanted.borrow_and_update().clone(), line.borrow_and_update().clone());
            let source = channel.map(ChannelSource::new);
            let turn = match &now {
                Some((wanted, fetching)) => {
                    Some(self.turn(wanted, fetching, source.as_ref().map(|source| source as &dyn Source)).await)
                }
                None => None,
            };
            let mut pause = AGAIN;
            match turn {
                Some(Turn::Switch) => return,
                Some(Turn::Said(state, reason, again)) => {
                    self.say(state, reason);
                    pause = again;
                }
                None => drop(self.said.send_if_modified(|said| said.take().is_some())),
            }
            tokio::select! {
                Ok(()) = wanted.changed() => {}
                Ok(()) = line.changed() => {}
                () = self.clock.sleep(pause) => {}
            }
        }
    }

    /// One look at what is wanted.
    async fn turn(&self, wanted: &ReleaseWanted, fetching: &Fetching, source: Option<&dyn Source>) -> Turn {
        if !Here::BECOMES {
            return Turn::so(ConditionState::Skipped, "system");
        }
        if let Some(said) = self.settled(wanted) {
            return said;
        }
        let Some(source) = source else { return Turn::so(ConditionState::Pending, "unreachable") };
        if let Err(fault) = self.gate(fetching).check().await {
            let (state, reason) = fault.said();
            return Turn::Said(state, reason, fault.look_again());
        }
        self.say(ConditionState::Pending, "downloading");
        match self.placed(wanted, source).await {
            Ok(turn) => turn,
            Err(stopped) => {
                tracing::warn!(version = %wanted.version, error = %stopped, "a release of the agent is not taken");
                let fault = stopped.fault();
                let (state, reason) = fault.said();
                Turn::Said(state, reason, fault.look_again())
            }
        }
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
            // The packaged program is there, and needs no signature but the package's.
            Wanted::Clear => Some(match self.change(&mut slots, Slots::cleared) {
                Ok(()) => Turn::Switch,
                Err(_) => Turn::so(ConditionState::Failed, "file"),
            }),
            Wanted::Place(_) => None,
        }
    }

    /// Fetches what is wanted and puts it on trial, each step durable before the next.
    async fn placed(&self, wanted: &ReleaseWanted, source: &dyn Source) -> Result<Turn, Stopped> {
        let mut repository = Repository::open(self.kept.folder(), &self.root, &self.clock)?;
        repository.refresh(source, self.time.now()).await?;
        // The newest says what nobody may be led below, whichever is wanted.
        let minimum = repository.minimum(source, self.time.now()).await?;
        self.change(&mut self.slots(), |slots| slots.raised(&minimum))?;
        if let Some(said) = self.settled(wanted) {
            return Ok(said);
        }
        let program = repository.program(wanted, source, self.time.now()).await?;
        let place = self.slots().wanted(&wanted.version, &wanted.index, &self.running.packaged);
        let Wanted::Place(slot) = place else { return Ok(Turn::so(ConditionState::Pending, "offered")) };
        let (version, release) = (wanted.version.clone(), wanted.index);
        let placed = Placed { slot, version, release, program: program.sha256 };
        // One that is tried once more lies there.
        let (kept, sought) = (self.kept.clone(), placed.clone());
        let bytes = match aside(move || Ok(kept.whole(&sought))).await? {
            true => None,
            false => Some(repository.bytes(&program, wanted, source, self.time.now(), self.kept.folder()).await?),
        };
        self.change(&mut self.slots(), Slots::trial_dropped)?;
        if let Some(bytes) = bytes {
            let kept = self.kept.clone();
            aside(move || Ok(kept.program_write(slot, &bytes)?)).await?;
        }
        self.change(&mut self.slots(), |slots| slots.placed(placed))?;
        tracing::info!(version = %wanted.version, "a release of the agent is in place, and is tried now");
        Ok(Turn::Switch)
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

    /// Whether this very program has to prove itself.
    fn on_trial(&self, slots: &Slots) -> bool {
        slots.trial.as_ref().is_some_and(|trial| Some(trial.placed.slot) == self.running.slot)
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

    fn say(&self, state: ConditionState, reason: &'static str) {
        let said = Some(Said { state, reason, version: self.build.version.to_owned() });
        self.said.send_if_modified(|before| std::mem::replace(before, said.clone()) != said);
    }

    fn slots(&self) -> MutexGuard<'_, Slots> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What came of a look.
enum Turn {
    /// Another program is to run.
    Switch,
    /// This is so, for so long.
    Said(ConditionState, &'static str, Duration),
}

impl Turn {
    const fn so(state: ConditionState, reason: &'static str) -> Self {
        Self::Said(state, reason, AGAIN)
    }
}

#[cfg(test)]
mod tests;
