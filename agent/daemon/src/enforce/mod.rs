//! Keeps the device to its loan: finds the stage by grant and time, and has it shown, with or without a network.

mod filter;
mod notice;

pub(crate) use filter::{FilterSaid, Filters, STARTING};
pub(crate) use notice::{Notice, date_text, days_left, first_day, last_day};

use crate::clock::{Clock, JudgingTime};
use crate::platform::{Here, Platform};
use crate::{Agent, Config, Error};
use agent_core::loan::{Stage, standing};
use model::grant::Grant;
use std::fmt::Debug;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, watch};

/// The stage is looked at so often, whatever was expected: somebody may have set the clock.
const LOOK_EVERY: Duration = Duration::from_secs(3_600);

/// By what somebody who sits at the machine is told.
pub(crate) enum Medium {
    /// A notification on their desktop.
    Desktop,
    /// A window that their session begins with, if the loan is in such a stage.
    Session,
    /// A notification that a site is closed.
    Closed,
    /// The whole screen of this terminal, for as long as that stage lasts.
    #[cfg_attr(windows, allow(dead_code, reason = "only Linux has terminals that a loan may take"))]
    Screen(PathBuf),
}

/// Shows people what a loan asks of them. It is told all of it each time, and does what is not done yet.
pub(crate) trait Enforcer: Debug + Send + Sync {
    /// Shows this in the place of what was shown before; nothing where there is nothing to say.
    fn show(&self, notice: Option<&Notice>) -> io::Result<()>;
}

/// The stage that holds, and how that goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Shown {
    pub(crate) stage: Stage,
    /// The epoch of the grant it follows from.
    pub(crate) epoch: u64,
    /// Why people do not see it, though they should.
    pub(crate) failed: Option<&'static str>,
}

/// Keeps the device to what it is granted.
#[derive(Debug)]
pub(crate) struct Keeper {
    clock: Arc<dyn Clock>,
    time: Arc<JudgingTime>,
    enforcer: Option<Box<dyn Enforcer>>,
    grant: Mutex<Option<Grant>>,
    shown: watch::Sender<Shown>,
    anew: Notify,
}

impl Keeper {
    /// Keeps to this from now on: what was shown before a start stays, or goes at once.
    pub(crate) fn new(agent: &Agent, time: &Arc<JudgingTime>, grant: Option<&Grant>) -> Self {
        let keeper = Self {
            clock: agent.clock.clone(),
            time: time.clone(),
            enforcer: places(&agent.config).and_then(Here::enforcer),
            grant: Mutex::new(grant.cloned()),
            shown: watch::Sender::default(),
            anew: Notify::new(),
        };
        keeper.look();
        keeper
    }

    /// The stage, now and whenever it changes.
    pub(crate) fn stage(&self) -> watch::Receiver<Shown> {
        self.shown.subscribe()
    }

    /// Keeps to this grant, and to no other: whatever an older one had ordered is over.
    pub(crate) fn hold(&self, grant: Option<&Grant>) {
        self.lock().clone_from(&grant.cloned());
        self.look();
        self.anew.notify_one();
    }

    /// Goes on for ever, by the grant's own dates.
    pub(crate) async fn keep(&self) {
        loop {
            let next = self.look();
            tokio::select! {
                () = self.clock.sleep(next) => {}
                () = self.anew.notified() => {}
            }
        }
    }

    /// Finds the stage and shows it; how long that holds by itself.
    fn look(&self) -> Duration {
        let grant = self.lock().clone();
        let time = self.time.of_loans();
        let standing = standing(grant.as_ref(), time);
        let notice = grant.as_ref().and_then(|grant| Notice::of(standing.stage, grant, time.now));
        let done = self.enforcer.as_ref().map_or(Ok(()), |enforcer| enforcer.show(notice.as_ref()));
        let failed = done.err().map(|error| {
            if self.shown.borrow().failed.is_none() {
                tracing::error!(%error, "what the loan asks cannot be shown");
            }
            "notice_not_shown"
        });
        let shown = Shown { stage: standing.stage, epoch: grant.map_or(0, |grant| grant.epoch), failed };
        self.shown.send_if_modified(|before| {
            if before.stage != shown.stage {
                tracing::info!(stage = shown.stage.code(), epoch = shown.epoch, "the loan is in another stage");
            }
            std::mem::replace(before, shown) != shown
        });
        standing.until.map_or(LOOK_EVERY, |until| until.since(time.now).min(LOOK_EVERY))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Grant>> {
        self.grant.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes away all that was shown.
///
/// # Errors
/// [`Error::File`] when something of it cannot be deleted.
pub(crate) fn forget(config: &Config) -> Result<(), Error> {
    let Some(root) = places(config) else { return Ok(()) };
    let shown = Here::enforcer(root.clone()).map_or(Ok(()), |enforcer| enforcer.show(None));
    shown.map_err(Error::file(&root))
}

/// The root below which things are shown, if at all. An agent that somebody tries out in a folder elsewhere speaks for this machine as
/// little as it takes what an installer placed.
pub(crate) fn places(config: &Config) -> Option<PathBuf> {
    let own = config.state == Here::state_folder() || config.root != Path::new("/");
    own.then(|| config.root.clone())
}
