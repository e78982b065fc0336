//! The loop: look at what was told, hold to it, look again when something may have changed.

use super::active::{Active, FOLDER};
use super::answering::watched;
use super::asks::Asks;
use super::begun::Memory;
use super::control::{Control, Topics};
use super::days::Days;
use super::held::{Held, Moments, Now};
use super::system::System;
use super::words::Stands;
use crate::Config;
use crate::clock::{Clock, JudgingTime};
use crate::error::Error;
use crate::folder::{Folder, Stamp};
use crate::platform::{Here, Platform};
use crate::state::{clock_floor_read, enrolment_there};
use crate::supervisor::{Pulse, Supervisor};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::{Notify, watch};

/// What the system makes of its settings, and what the network offers, is looked at so often.
const SYSTEM_EVERY: Duration = Duration::from_secs(5);
/// What could not be taken is tried again after so long.
const AGAIN: Duration = Duration::from_secs(15);
/// Whoever answers is put in place again after so long when that ended by a fault of ours: as soon as systemd starts a program again.
const ANSWER_AGAIN: Duration = Duration::from_secs(1);
/// What holds and could not be kept for the next start is tried again after so long: there may be room by then.
const KEEP_AGAIN: Duration = Duration::from_secs(60);
/// A look takes no longer, programs of the system included, beyond what watchers give anyway.
const LOOK_LONGEST: Duration = Duration::from_secs(60);

/// Filters until `shutdown` ends.
///
/// # Errors
/// [`Error`] when the folder cannot be used, or nobody can listen.
pub(crate) async fn filter(
    config: &Config,
    clock: Arc<dyn Clock>,
    supervisor: &dyn Supervisor,
    shutdown: impl Future<Output = ()>,
) -> Result<(), Error> {
    let folder = Folder::new(&config.filter_place());
    folder.make()?;
    let _lock = folder.lock()?;
    let asks = Arc::new(Asks::open(&folder));
    let mut guardian = Guardian::new(config, &folder, &clock, asks.clone());
    let look = Arc::new(Notify::new());
    let topics = Topics { stands: guardian.stands.subscribe(), asks, look: look.clone() };
    guardian.begin().await;
    let _control = Control::open(&folder, topics)?;
    supervisor.ready();
    let pulse = Pulse::default();
    pulse.expect(LOOK_LONGEST, &*clock);
    let (answering, own) = guardian.system.answering();
    {
        let looks = async {
            loop {
                let pause = guardian.look().await;
                supervisor.status(&guardian.line());
                pulse.expect(pause.saturating_add(LOOK_LONGEST), &*clock);
                tokio::select! {
                    biased;
                    // Told to look, it reads whatever the file looks like.
                    () = look.notified() => guardian.seen = None,
                    () = clock.sleep(pause) => {}
                    () = guardian.system.ended() => clock.sleep(ANSWER_AGAIN).await,
                }
            }
        };
        let (shutdown, looks) = (std::pin::pin!(shutdown), std::pin::pin!(looks));
        tokio::select! {
            biased;
            () = shutdown => {}
            () = watched(supervisor, &pulse, answering, &own, &*clock) => {}
            () = looks => {}
        }
    }
    supervisor.stopping();
    guardian.count(true);
    // Names are asked for here until the next start: nothing is put back, and nothing falls open.
    guardian.system.leave();
    Ok(())
}

struct Guardian {
    folder: Folder,
    /// The agent's.
    state: Folder,
    clock: Arc<dyn Clock>,
    moments: Arc<Moments>,
    system: System,
    stands: watch::Sender<Stands>,
    held: Option<Held>,
    /// What holds of it now.
    now: Option<Now>,
    /// What was told last and judged, and what came of it.
    told: Option<Outcome>,
    /// The file of what was told last, where nothing has to be tried again.
    seen: Option<Stamp>,
    /// Whether all was given back, nothing being filtered.
    back: bool,
    /// Whether something was held before this start that cannot be read.
    spoilt: bool,
    /// When to keep again what could not be kept.
    keep_again: Option<Duration>,
    days: Days,
}

/// What came of what was told.
struct Outcome {
    /// By which it is known.
    digest: Vec<u8>,
    refused: Option<Why>,
}

/// Why it is not what holds.
#[derive(Clone, Copy)]
struct Why {
    code: &'static str,
    /// Whether it is tried again by itself.
    passes: bool,
    /// The list's folder as it was, where another one in its place is tried.
    list: Option<Option<Stamp>>,
}

impl Guardian {
    fn new(config: &Config, folder: &Folder, clock: &Arc<dyn Clock>, asks: Arc<Asks>) -> Self {
        let state = Folder::new(&config.state);
        let moments = Arc::new(Moments {
            time: Arc::new(JudgingTime::new(clock.clone(), clock_floor_read(&state))),
            told: state.inner(FOLDER),
            own: folder.clone(),
            boot: Here::at(&config.root).boot(),
            seen: Mutex::default(),
            begun: Memory::open(folder),
        });
        Self {
            folder: folder.clone(),
            state,
            clock: clock.clone(),
            system: System::new(config, folder, clock, asks, moments.clone()),
            moments,
            stands: watch::Sender::new(Stands::default()),
            held: None,
            now: None,
            told: None,
            seen: None,
            back: false,
            spoilt: false,
            keep_again: None,
            days: Days::open(folder),
        }
    }

    /// Goes on with what held before, before anything else is read.
    async fn begin(&mut self) {
        let kept = Held::kept(&self.folder, &self.moments).await;
        self.spoilt =
            kept.as_ref().err().inspect(|error| tracing::error!(%error, "the last good policy is damaged")).is_some();
        if let Some((held, now)) = kept.ok().flatten().filter(|(held, _)| held.active.filtering.is_some()) {
            self.moments.note(&now.holding);
            let done = self.system.hold(&held, &now).await;
            self.say(&held, &now, done);
            (self.held, self.now) = (Some(held), Some(now));
        }
    }

    /// Looks at everything once; how long that holds.
    async fn look(&mut self) -> Duration {
        self.moments.look(&self.state, &*self.clock);
        let refused = self.hear().await;
        self.count(false);
        if self.keep_again.is_some_and(|at| self.clock.elapsed() >= at) {
            self.keep();
        }
        let (again, refused) = (refused.filter(|why| why.passes).map(|_| AGAIN), refused.map(|why| why.code));
        let Some(held) = self.held.clone().filter(|held| held.active.filtering.is_some()) else {
            return self.off(refused).await.min(again.unwrap_or(SYSTEM_EVERY * 12));
        };
        self.back = false;
        match held.now(&self.moments, self.now.take()) {
            Ok(now) => {
                let until = now.until();
                self.moments.note(&now.holding);
                let done = self.system.hold(&held, &now).await;
                self.say(&held, &now, refused.map_or(done, Err));
                self.now = Some(now);
                until.min(SYSTEM_EVERY).min(again.unwrap_or(SYSTEM_EVERY))
            }
            // It was judged good; only a fault of ours comes here, and what the system holds stays.
            Err(error) => {
                tracing::error!(%error, "what is held cannot be worked out; what held before stays");
                self.stands.send_modify(|stands| (stands.held, stands.reason) = (false, "policy_large".to_owned()));
                AGAIN
            }
        }
    }

    /// Reads what the agent says, where that may be another word than the last one, and takes it; why it is not what holds.
    async fn hear(&mut self) -> Option<Why> {
        let stamp = Active::stamp(&self.moments.told);
        if stamp.is_some() && stamp == self.seen && !self.mended() {
            return self.told.as_ref().and_then(|outcome| outcome.refused);
        }
        let refused = match Active::told(&self.moments.told) {
            Ok(Some(active)) => self.take(active).await,
            // A device that belongs to nobody any more has nothing to filter.
            Ok(None) if enrolment_there(&self.state).is_ok_and(|there| !there) => {
                if let Some(held) = &mut self.held {
                    held.active.filtering = None;
                }
                None
            }
            // Without a word from the agent, what held goes on.
            Ok(None) => None,
            Err(error) => {
                tracing::error!(%error, "what the agent says cannot be read; what was held stays");
                Some(Why { code: "policy_damaged", passes: true, list: None })
            }
        };
        self.seen = stamp.filter(|_| !refused.is_some_and(|why| why.passes));
        refused
    }

    /// Whether a list that was damaged is another one now.
    fn mended(&self) -> bool {
        let refused = self.told.as_ref().and_then(|outcome| outcome.refused);
        let before = refused.and_then(|why| why.list);
        before.is_some_and(|before| before != Active::told(&self.moments.told).ok().flatten().and_then(list_stamp))
    }

    /// Takes what was told, where it is news and good; why it is not.
    async fn take(&mut self, active: Active) -> Option<Why> {
        let digest = active.digest().as_bytes().to_vec();
        let list = list_stamp(active.clone());
        if let Some(outcome) = self.told.as_ref().filter(|outcome| outcome.digest == digest)
            && outcome.refused.is_none_or(|why| !why.passes && why.list.is_none_or(|before| before == list))
        {
            return outcome.refused;
        }
        let refused = match Held::judge(active.clone(), self.held.as_ref(), &self.moments).await {
            Ok((held, _)) => {
                self.hold(held);
                None
            }
            Err(error) => {
                if self.told.as_ref().is_none_or(|outcome| outcome.digest != digest) {
                    tracing::error!(%error, "what the agent says is refused; what was held stays");
                }
                // Where nothing was held, names and safe search hold without the list: open is what nobody asked for.
                if self.held.as_ref().is_none_or(|held| held.active.filtering.is_none()) {
                    let bare = Active { list: None, ..active };
                    let judged = match self.spoilt {
                        true => Held::judge_blind(bare, &self.moments).await,
                        false => Held::judge(bare, None, &self.moments).await,
                    };
                    // Not kept: the next start is to know as much as this one did.
                    if let Ok((held, _)) = judged {
                        (self.held, self.now, self.keep_again) = (Some(held), None, None);
                    }
                }
                Some(Why { code: error.code(), passes: error.passes(), list: error.mends().then_some(list) })
            }
        };
        self.told = Some(Outcome { digest, refused });
        refused
    }

    /// Holds to this from now on, and after the next start.
    fn hold(&mut self, held: Held) {
        (self.held, self.now, self.keep_again) = (Some(held), None, None);
        self.keep();
    }

    /// Keeps what holds for the next start.
    fn keep(&mut self) {
        let Some(held) = &self.held else { return };
        let kept = held.keep(&self.folder);
        if let Err(error) = &kept
            && self.keep_again.is_none()
        {
            tracing::warn!(%error, "what holds cannot be kept for the next start; it is tried again");
        }
        self.keep_again = kept.is_err().then(|| self.clock.elapsed() + KEEP_AGAIN);
    }

    /// Counts what was answered since the last time.
    fn count(&mut self, last: bool) {
        self.days.count(&self.folder, self.system.counts(), &*self.clock, last);
    }

    /// Nothing is to be filtered: what was taken over goes back.
    async fn off(&mut self, refused: Option<&'static str>) -> Duration {
        // Where the agent has not said anything yet, or what it says is refused, nothing is touched: that is no word for going back.
        let heard = self.held.is_some() || self.told.is_some();
        let done = if heard && refused.is_none() { self.given_back().await } else { Ok(()) };
        let active = self.told.as_ref().map(|outcome| outcome.digest.clone()).unwrap_or_default();
        let reason = refused.or(done.err()).unwrap_or_default().to_owned();
        let stands = Stands { active, on: false, held: reason.is_empty(), reason, list: String::new() };
        self.stands.send_if_modified(|before| std::mem::replace(before, stands.clone()) != stands);
        SYSTEM_EVERY * 12
    }

    /// Gives back what was taken over, unless that was done.
    async fn given_back(&mut self) -> Result<(), &'static str> {
        if !self.back {
            self.system.put_back().await?;
        }
        if (self.held.is_some() || !self.back)
            && let Err(error) = Held::forget(&self.folder, enrolment_there(&self.state).is_ok_and(|there| !there))
        {
            tracing::warn!(%error, "what is filtered no longer cannot be deleted");
        }
        (self.held, self.now, self.back, self.keep_again) = (None, None, true, None);
        Ok(())
    }

    fn say(&self, held: &Held, now: &Now, done: Result<(), &'static str>) {
        let told = self.told.as_ref().map(|outcome| outcome.digest.clone());
        let told = told.unwrap_or_else(|| held.active.digest().as_bytes().to_vec());
        let reason = match done {
            Err(code) => code,
            Ok(()) if held.list_version().is_empty() => "list_missing",
            Ok(()) if !now.unknown.floor.is_empty() => "floor_category",
            Ok(()) if !now.unknown.policy.is_empty() => "category_unknown",
            Ok(()) => "",
        };
        let stands =
            Stands { active: told, on: true, held: done.is_ok(), reason: reason.to_owned(), list: held.list_version() };
        self.stands.send_if_modified(|before| {
            if before.reason != stands.reason || before.on != stands.on || before.list != stands.list {
                tracing::info!(
                    on = stands.on,
                    reason = stands.reason,
                    list = stands.list,
                    "the filter stands otherwise"
                );
            }
            std::mem::replace(before, stands.clone()) != stands
        });
    }

    /// How it is, in one short line.
    fn line(&self) -> String {
        let stands = self.stands.borrow();
        match (stands.on, stands.held) {
            (false, _) => "nothing to filter".to_owned(),
            (true, true) => format!("filtering, list {}", stands.list),
            (true, false) => format!("filtering by what was good last: {}", stands.reason),
        }
    }
}

/// By which the folder of its list is known.
fn list_stamp(active: Active) -> Option<Stamp> {
    Folder::new(&active.list?.folder).stamp(".")
}

#[cfg(test)]
mod tests;
