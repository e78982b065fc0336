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

use crate::Agent;
use crate::clock::{Clock, JudgingTime};
use crate::error::Error;
use crate::folder::Folder;
use crate::platform::{Here, Platform};
use crate::source::Source;
use crate::source::channel::ChannelSource;
use agent_core::release::{Placed, Slots, Wanted};
use fetch::{Repository, Stopped};
use model::resource::ReleaseWanted;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, watch};
use tonic::transport::Channel;
use wire::v1::ConditionState;

/// A release that was not answered by the server in this time is given back: it was put in place while the server was there.
const TRIAL_LIMIT: Duration = Duration::from_secs(30 * 60);
/// Between two tries to fetch one.
const AGAIN: Duration = Duration::from_secs(15 * 60);

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
    version: String,
    kept: Kept,
    /// The first root of the product's repository, in the package.
    root: PathBuf,
    slots: Mutex<Slots>,
    wanted: watch::Sender<Option<ReleaseWanted>>,
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
            version: agent.config.version().to_owned(),
            slots: Mutex::new(kept.slots()),
            kept,
            root: agent.config.release_root.clone(),
            wanted: watch::Sender::default(),
            said: watch::Sender::default(),
            proven: Notify::new(),
        }
    }

    /// What is to be reported, now and whenever it changes.
    pub(crate) fn said(&self) -> watch::Receiver<Option<Said>> {
        self.said.subscribe()
    }

    /// This release is to run from now on.
    pub(crate) fn want(&self, wanted: Option<&ReleaseWanted>) {
        self.wanted.send_if_modified(|before| {
            let changed = before.as_ref() != wanted;
            *before = wanted.cloned();
            changed
        });
    }

    /// The server answered a check-in: what runs works.
    pub(crate) fn prove(&self) {
        if self.running.slot.is_none() {
            return;
        }
        let mut slots = self.slots();
        if slots.trial.is_none() {
            return;
        }
        match self.change(&mut slots, Slots::proven) {
            Ok(()) => {
                tracing::info!(version = self.version, "this release of the agent has proven itself, and stays");
                self.proven.notify_one();
            }
            // Answered again, it is written again.
            Err(error) => tracing::warn!(%error, "that a release has proven itself cannot be written down"),
        }
    }

    /// Keeps to what is wanted; ends when another program is to run.
    pub(crate) async fn keep(&self, mut line: watch::Receiver<Option<Channel>>) {
        if self.on_trial() {
            self.say(ConditionState::Pending, "trial");
            tokio::select! {
                biased;
                () = self.proven.notified() => {}
                () = self.clock.sleep(TRIAL_LIMIT) => {
                    tracing::error!(version = self.version, "this release was not answered by the server, and is given back");
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
                Some(now) => Some(self.turn(now, source.as_ref().map(|source| source as &dyn Source)).await),
                None => None,
            };
            match turn {
                Some(Turn::Switch) => return,
                Some(Turn::Said(state, reason)) => self.say(state, reason),
                None => drop(self.said.send_if_modified(|said| said.take().is_some())),
            }
            tokio::select! {
                Ok(()) = wanted.changed() => {}
                Ok(()) = line.changed() => {}
                () = self.clock.sleep(AGAIN) => {}
            }
        }
    }

    /// One look at what is wanted.
    async fn turn(&self, wanted: &ReleaseWanted, source: Option<&dyn Source>) -> Turn {
        if !Here::BECOMES {
            return Turn::Said(ConditionState::Skipped, "system");
        }
        if let Some(said) = self.settled(wanted) {
            return said;
        }
        let Some(source) = source else { return Turn::Said(ConditionState::Pending, "unreachable") };
        self.say(ConditionState::Pending, "downloading");
        match self.placed(wanted, source).await {
            Ok(turn) => turn,
            Err(stopped) => {
                tracing::warn!(version = %wanted.version, error = %stopped, "a release of the agent is not taken");
                let (state, reason) = stopped.said();
                Turn::Said(state, reason)
            }
        }
    }

    /// What can be said without a network.
    fn settled(&self, wanted: &ReleaseWanted) -> Option<Turn> {
        let mut slots = self.slots();
        match slots.wanted(&wanted.version, &wanted.index, &self.running.packaged) {
            Wanted::Held => Some(Turn::Said(ConditionState::Held, "")),
            Wanted::OnTrial => Some(Turn::Said(ConditionState::Pending, "trial")),
            Wanted::Returned => Some(Turn::Said(ConditionState::Failed, "returned")),
            Wanted::Packaged => Some(Turn::Said(ConditionState::Failed, "packaged")),
            Wanted::Minimum => Some(Turn::Said(ConditionState::Failed, "minimum")),
            // The packaged program is there, and needs no signature but the package's.
            Wanted::Clear => Some(match self.change(&mut slots, Slots::cleared) {
                Ok(()) => Turn::Switch,
                Err(_) => Turn::Said(ConditionState::Failed, "disk"),
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
        {
            let mut slots = self.slots();
            self.change(&mut slots, |slots| slots.raised(&minimum))?;
        }
        if let Some(said) = self.settled(wanted) {
            return Ok(said);
        }
        let program = repository.program(wanted, source, self.time.now()).await?;
        let place = self.slots().wanted(&wanted.version, &wanted.index, &self.running.packaged);
        let Wanted::Place(slot) = place else { return Ok(Turn::Said(ConditionState::Pending, "offered")) };
        let (version, release) = (wanted.version.clone(), wanted.index);
        let placed = Placed { slot, version, release, program: program.sha256 };
        // One that is tried once more lies there.
        let bytes = match self.kept.whole(&placed) {
            true => None,
            false => Some(repository.bytes(&program, wanted, source, self.time.now(), self.kept.folder()).await?),
        };
        let mut slots = self.slots();
        self.change(&mut slots, Slots::trial_dropped)?;
        if let Some(bytes) = bytes {
            self.kept.program_write(slot, &bytes)?;
        }
        self.change(&mut slots, |slots| slots.placed(placed))?;
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

    fn on_trial(&self) -> bool {
        self.running.slot.is_some() && self.slots().trial.is_some()
    }

    fn say(&self, state: ConditionState, reason: &'static str) {
        let said = Some(Said { state, reason, version: self.version.clone() });
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
    /// This is so, for now.
    Said(ConditionState, &'static str),
}

#[cfg(test)]
mod tests;
