//! What becomes of a question, from its bytes to its answer's.

use crate::answer::Wanted;
use crate::cache::{Cache, Key, Outcome};
use crate::error::{Error, Result};
use crate::flight::{Boarding, Flights};
use crate::judge::{Judge, Ruling};
use crate::limits::UPSTREAM_TIME_MAX;
use crate::name::Name;
use crate::own::Own;
use crate::question::{Fault, Question};
use crate::reply::{self, Reply};
use crate::serve::{self, Sockets};
use crate::settings::{Clock, Settings};
use crate::special;
use crate::totals::{Counts, Totals, count};
use crate::turn::{Step, Turn};
use crate::upstream::{self, Asking, Upstream};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

/// So many times an upstream is asked for one answer: for the name, and for what safe search makes of its alias.
const ASKED_MAX: usize = 3;

/// The resolver: its sockets, and what answers on them.
pub struct Resolver {
    inner: Arc<Inner>,
    sockets: Sockets,
}

/// What all sockets share.
pub(crate) struct Inner {
    judge: RwLock<Arc<dyn Judge>>,
    upstream: RwLock<Arc<Asking>>,
    cache: Mutex<Cache>,
    flights: Flights,
    pub(crate) counts: Counts,
    pub(crate) own: Own,
    /// Where it listens, so that it never asks itself.
    listening: Vec<SocketAddr>,
    patience: Duration,
    mark: Option<u32>,
    clock: Clock,
    /// When the window for a network's greeting ends, in milliseconds of the clock.
    portal_until: AtomicU64,
}

impl Resolver {
    /// Takes its sockets; nothing is answered before [`Resolver::serve`].
    ///
    /// An address of IPv6 is left out where the machine has none.
    ///
    /// # Errors
    ///
    /// When an address cannot be taken, or the resolver's own answers cannot be written, as never happens.
    pub async fn bind(settings: Settings, judge: Arc<dyn Judge>) -> Result<Self> {
        let sockets = Sockets::bind(&settings.listen).await?;
        let listening = sockets.addresses();
        let own = Own::new(settings.page).ok_or(Error::Own)?;
        let inner = Inner {
            judge: RwLock::new(judge),
            upstream: RwLock::new(Arc::new(Asking::new(settings.upstream, &listening))),
            cache: Mutex::new(Cache::new(settings.cache_bytes)),
            flights: Flights::default(),
            counts: Counts::default(),
            own,
            listening,
            patience: settings.patience,
            mark: settings.mark,
            clock: settings.clock,
            portal_until: AtomicU64::new(0),
        };
        Ok(Self { inner: Arc::new(inner), sockets })
    }

    /// Where it listens.
    #[must_use]
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.sockets.addresses()
    }

    /// Answers, until it is dropped or a socket breaks; on the runtime it is called on.
    ///
    /// # Errors
    ///
    /// When a socket broke.
    pub async fn serve(&self) -> Result<()> {
        serve::run(&self.sockets, &self.inner).await
    }

    /// From now on others are asked; what was learnt from those before is forgotten.
    pub fn upstream_set(&self, upstream: Upstream) {
        let asking = Arc::new(Asking::new(upstream, &self.inner.listening));
        *self.inner.upstream.write().unwrap_or_else(PoisonError::into_inner) = asking;
        self.inner.flights.forget();
        self.inner.cache().clear();
    }

    /// From now on another judge is asked, for what is kept too: each question is judged before the answer is looked up.
    pub fn judge_set(&self, judge: Arc<dyn Judge>) {
        *self.inner.judge.write().unwrap_or_else(PoisonError::into_inner) = judge;
    }

    /// For so long a network that wants to be greeted first can be seen, whatever the policy says of the names that this takes.
    ///
    /// Meanwhile the network's own servers are asked and nothing is kept: such a network answers everything with itself. All other names are judged as
    /// ever. Zero ends it.
    pub fn portal(&self, window: Duration) {
        let end = if window.is_zero() { Duration::ZERO } else { (self.inner.clock)() + window };
        let millis = u64::try_from(end.as_millis()).unwrap_or(u64::MAX);
        self.inner.portal_until.store(millis, Ordering::Relaxed);
    }

    /// Whether nobody over TLS answers because certificates do not hold at the time: this device's clock is wrong, or theirs have ended.
    #[must_use]
    pub fn dates_at_fault(&self) -> bool {
        self.inner.upstream.read().unwrap_or_else(PoisonError::into_inner).dates_at_fault()
    }

    /// How much was answered.
    #[must_use]
    pub fn totals(&self) -> Totals {
        self.inner.counts.totals()
    }
}

impl Inner {
    /// Answers a message, asking whom it takes; whether there is an answer.
    pub(crate) async fn answer(self: &Arc<Self>, message: &[u8], room: Option<usize>, out: &mut Vec<u8>) -> bool {
        let mut heard = Vec::new();
        loop {
            match self.step(message, room, &heard, out) {
                Step::Done => return true,
                Step::Silence => return false,
                Step::Ask(_) if heard.len() == ASKED_MAX => return self.fail(message, room, out),
                Step::Ask(wanted) => {
                    let outcome = self.fetch(&wanted).await;
                    heard.push((*wanted, outcome));
                }
            }
        }
    }

    /// Says that there is no answer; whether that can be said.
    pub(crate) fn fail(&self, message: &[u8], room: Option<usize>, out: &mut Vec<u8>) -> bool {
        let Ok(question) = Question::read(message) else { return false };
        count(&self.counts.failed);
        count(&self.counts.answered);
        reply::failure(out, &question, room.unwrap_or_else(|| question.room()));
        true
    }

    /// Goes as far as it can with what was heard so far; `room` says how much fits, where the question does not.
    pub(crate) fn step(
        &self,
        message: &[u8],
        room: Option<usize>,
        heard: &[(Wanted, Outcome)],
        out: &mut Vec<u8>,
    ) -> Step {
        let question = match Question::read(message) {
            Ok(question) => question,
            Err(Fault::Silence) => return Step::Silence,
            Err(Fault::Bare(asked, code)) => {
                reply::bare(out, &asked, code);
                count(&self.counts.answered);
                return Step::Done;
            }
            Err(Fault::Whole(question, code)) => {
                let room = room.unwrap_or_else(|| question.room());
                Reply::new(out, &question, code, room).end();
                count(&self.counts.answered);
                return Step::Done;
            }
        };
        let room = room.unwrap_or_else(|| question.room());
        let mut turn = Turn { inner: self, question: &question, room, heard, out, now: (self.clock)() };
        let step = match special::special(&question.name) {
            Some(special) => turn.special(special),
            None => turn.judged(),
        };
        if let Step::Done = step {
            count(&self.counts.answered);
        }
        step
    }

    /// Asks an upstream, or joins who does.
    async fn fetch(self: &Arc<Self>, wanted: &Wanted) -> Outcome {
        let mut landing = match self.flights.board(wanted) {
            Boarding::Full => return Outcome::Failed((self.clock)()),
            Boarding::Joined(landing) => landing,
            Boarding::First(sender, landing) => {
                let (inner, wanted) = (Arc::clone(self), wanted.clone());
                // On its own: who asked first may go, and the others wait on.
                tokio::spawn(async move {
                    let outcome = inner.ask(&wanted).await;
                    inner.flights.land(&wanted);
                    let _ = sender.send(Some(outcome));
                });
                landing
            }
        };
        let outcome = landing.wait_for(Option::is_some).await.ok().and_then(|outcome| outcome.clone());
        outcome.unwrap_or_else(|| Outcome::Failed((self.clock)()))
    }

    async fn ask(&self, wanted: &Wanted) -> Outcome {
        let asking = Arc::clone(&self.upstream.read().unwrap_or_else(PoisonError::into_inner));
        let portal = self.portal_open((self.clock)());
        let turn = upstream::Turn { wanted, patience: self.patience, clock: &self.clock, mark: self.mark };
        let outcome = match tokio::time::timeout(UPSTREAM_TIME_MAX, asking.ask(turn, portal)).await {
            Ok(Ok(answer)) => Outcome::Answer(Arc::new(answer)),
            Ok(Err(())) | Err(_) => Outcome::Failed((self.clock)()),
        };
        let now = (self.clock)();
        let current = self.upstream.read().unwrap_or_else(PoisonError::into_inner);
        if Arc::ptr_eq(&asking, &current) && !portal && !self.portal_open(now) {
            self.cache().insert(&Key::of(wanted), outcome.clone(), now);
        }
        outcome
    }

    /// What the policy makes of a name.
    pub(crate) fn ruling(&self, name: &Name, kind: u16) -> Ruling {
        self.judge.read().unwrap_or_else(PoisonError::into_inner).ruling(name, kind)
    }

    /// What of it counts behind a name that the policy opens.
    pub(crate) fn ruling_behind(&self, name: &Name, kind: u16) -> Ruling {
        self.judge.read().unwrap_or_else(PoisonError::into_inner).ruling_behind(name, kind)
    }

    /// What is kept of an answer, as long as it holds.
    pub(crate) fn kept(&self, wanted: &Wanted, now: Duration) -> Option<Outcome> {
        self.cache().get(&Key::of(wanted), now)
    }

    pub(crate) fn portal_open(&self, now: Duration) -> bool {
        let until = self.portal_until.load(Ordering::Relaxed);
        until > 0 && now.as_millis() < u128::from(until)
    }

    fn cache(&self) -> std::sync::MutexGuard<'_, Cache> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
