//! The one place that reads a clock.

use crate::platform::{Here, Platform};
use agent_core::clock_floor::validation_time;
use agent_core::loan;
use model::time::Timestamp;
use rustls::pki_types::UnixTime;
use rustls::time_provider::TimeProvider;
use std::fmt::Debug;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// No certificate is judged by a time before this version was made: 2026-11-01T00:00:00Z, moved with each release.
pub const BUILT: Timestamp = Timestamp::from_unix_seconds(1_793_491_200);

/// A sleep is cut into such pieces, so that one that spans a suspended laptop ends soon after it wakes.
const SLICE: Duration = Duration::from_secs(60);

/// Time, for the agent; tests move it by hand.
#[async_trait::async_trait]
pub trait Clock: Debug + Send + Sync {
    /// What the system's clock says.
    fn now(&self) -> Timestamp;

    /// Time since the machine was switched on, sleep included; setting the clock does not move it.
    fn elapsed(&self) -> Duration;

    /// Waits.
    async fn sleep(&self, while_: Duration);
}

/// The system's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

#[async_trait::async_trait]
impl Clock for SystemClock {
    #[allow(clippy::disallowed_methods)] // This is the file the rule names.
    fn now(&self) -> Timestamp {
        let millis = match std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH) {
            Ok(after) => i64::try_from(after.as_millis()).unwrap_or(i64::MAX),
            Err(before) => i64::try_from(before.duration().as_millis()).map_or(i64::MIN, |ms| -ms),
        };
        Timestamp::from_unix_millis(millis)
    }

    fn elapsed(&self) -> Duration {
        Here::elapsed()
    }

    async fn sleep(&self, while_: Duration) {
        let end = self.elapsed().saturating_add(while_);
        loop {
            let left = end.saturating_sub(self.elapsed());
            if left.is_zero() {
                return;
            }
            tokio::time::sleep(left.min(SLICE)).await;
        }
    }
}

/// Ends a wait that takes too long; nothing when it did.
pub(crate) async fn within<T>(clock: &dyn Clock, limit: Duration, future: impl Future<Output = T>) -> Option<T> {
    tokio::select! {
        biased;
        done = future => Some(done),
        () = clock.sleep(limit) => None,
    }
}

/// The time by which certificates are judged: the clock, never before what is known to have passed.
#[derive(Debug)]
pub(crate) struct JudgingTime {
    clock: Arc<dyn Clock>,
    floor: AtomicI64,
    /// What the control plane said the time was, and when, since the machine was switched on: whoever sets the clock meanwhile
    /// does not move it. In memory only.
    told: Mutex<Option<(Timestamp, Duration)>>,
    /// The same of what a server says with each answer.
    heard: Mutex<Option<(Timestamp, Duration)>>,
}

impl JudgingTime {
    pub(crate) fn new(clock: Arc<dyn Clock>, floor: Option<Timestamp>) -> Self {
        Self {
            clock,
            floor: AtomicI64::new(floor.map_or(i64::MIN, Timestamp::unix_millis)),
            told: Mutex::default(),
            heard: Mutex::default(),
        }
    }

    /// A server whose certificate was checked answered, and said that it is this late.
    pub(crate) fn heard(&self, at: Timestamp) {
        self.heard_since(Some((at, self.clock.elapsed())));
    }

    /// The same of what another process heard then; nothing where it has not.
    pub(crate) fn heard_since(&self, heard: Option<(Timestamp, Duration)>) {
        *self.heard.lock().unwrap_or_else(PoisonError::into_inner) = heard;
    }

    /// The time by which a loan is judged. What a server said since this start goes on from there by the count that nobody sets; without
    /// it the clock is believed, never before what is known to have passed.
    pub(crate) fn of_loans(&self) -> loan::Told {
        let heard = *self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        let floor = Some(self.floor.load(Ordering::Relaxed)).filter(|floor| *floor != i64::MIN);
        let floor = floor.map(Timestamp::from_unix_millis);
        match heard {
            Some((at, since)) => {
                let now = at.after(self.clock.elapsed().saturating_sub(since));
                loan::Told { now: now.max(floor.unwrap_or(now)), heard: Some(at) }
            }
            None => loan::Told { now: self.now(), heard: floor },
        }
    }

    /// What time it is by what a server said since this start of the machine; nothing where none has.
    #[cfg_attr(not(unix), allow(dead_code, reason = "the filter runs on Linux alone"))]
    pub(crate) fn of_server(&self) -> Option<Timestamp> {
        let heard = *self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        heard.map(|(at, since)| at.after(self.clock.elapsed().saturating_sub(since)))
    }

    /// The control plane said, signed, that it is this late.
    pub(crate) fn told(&self, at: Timestamp) {
        *self.told.lock().unwrap_or_else(PoisonError::into_inner) = Some((at, self.clock.elapsed()));
    }

    pub(crate) fn floor_set(&self, floor: Timestamp) {
        self.floor.store(floor.unix_millis(), Ordering::Relaxed);
    }

    pub(crate) fn now(&self) -> Timestamp {
        let floor = Timestamp::from_unix_millis(self.floor.load(Ordering::Relaxed));
        let told = *self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let told = told.map(|(at, since)| at.after(self.clock.elapsed().saturating_sub(since)));
        validation_time(self.clock.now(), told, BUILT, Some(floor))
    }
}

impl TimeProvider for JudgingTime {
    fn current_time(&self) -> Option<UnixTime> {
        let seconds = u64::try_from(self.now().unix_seconds()).unwrap_or(0);
        Some(UnixTime::since_unix_epoch(Duration::from_secs(seconds)))
    }
}
