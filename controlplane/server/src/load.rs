//! The load as this server sees it, and what a device is told that is not served now.

use crate::clock::Clock;
use crate::metrics::Metrics;
use crate::random;
use controlplane_core::load::{Class, Load as Rule};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tonic::Status;
use tonic::metadata::MetadataValue;

/// What the rule is told, from where things happen.
pub(crate) struct Load {
    rule: Mutex<Rule>,
    handshakes: AtomicU64,
    clock: Arc<dyn Clock>,
    metrics: Arc<Metrics>,
}

/// A write under way, until dropped.
pub(crate) struct Writing<'a> {
    load: &'a Load,
    began: Duration,
}

/// A handshake that waits for its turn, until dropped.
pub(crate) struct Waiting<'a>(&'a Load);

impl Load {
    /// Nothing to do yet.
    pub(crate) fn new(clock: Arc<dyn Clock>, metrics: Arc<Metrics>) -> Self {
        Self { rule: Mutex::default(), handshakes: AtomicU64::new(0), clock, metrics }
    }

    /// Counts a write.
    pub(crate) fn writing(&self) -> Writing<'_> {
        let began = self.clock.ticks();
        self.rule().write_begun(began);
        Writing { load: self, began }
    }

    /// Counts a handshake that waits.
    pub(crate) fn waiting(&self) -> Waiting<'_> {
        self.handshakes.fetch_add(1, Ordering::Relaxed);
        Waiting(self)
    }

    /// When something of this class is to come again, if it is left undone now; counted.
    pub(crate) fn shed(&self, class: Class) -> Option<Duration> {
        let now = self.clock.ticks();
        let pause = self.rule().sheds(class, self.handshakes.load(Ordering::Relaxed), now)?;
        self.metrics.shed(class);
        // Those who are sent away together must not come again together.
        Some(pause + Duration::from_millis(random::below(u64::try_from(pause.as_millis()).unwrap_or(u64::MAX))))
    }

    fn rule(&self) -> MutexGuard<'_, Rule> {
        self.rule.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Writing<'_> {
    /// How long it has waited so far.
    pub(crate) fn waited(&self) -> Duration {
        self.load.clock.ticks().saturating_sub(self.began)
    }
}

impl Drop for Writing<'_> {
    fn drop(&mut self) {
        self.load.rule().write_ended(self.waited(), self.load.clock.ticks());
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.handshakes.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The refusal of what is left undone.
pub(crate) fn overloaded(again: Duration) -> Status {
    pushed_back(Status::unavailable("the server has too much to do at this moment; this comes again by itself"), again)
}

/// A refusal with the delay after which to try again, as gRPC clients know it (gRFC A6).
pub(crate) fn pushed_back(mut status: Status, again: Duration) -> Status {
    if let Ok(delay) = MetadataValue::try_from(again.as_millis().to_string()) {
        status.metadata_mut().insert("grpc-retry-pushback-ms", delay);
    }
    status
}
