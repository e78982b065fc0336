//! What the server used, looked at over and over while something goes on.

use crate::meter;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior, interval};

/// The most samples that are kept: then every second one goes, and half as many are taken.
const SAMPLES_MAX: usize = 400;
const EVERY: Duration = Duration::from_millis(100);

/// One look.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    /// Since the first.
    pub at: Duration,
    /// Processor time since the first.
    pub cpu: Duration,
    /// Memory that is resident, in MiB.
    pub resident_mib: f64,
}

/// Looks until it is ended.
pub struct Samples {
    stop: oneshot::Sender<()>,
    taken: JoinHandle<Vec<Sample>>,
}

impl Samples {
    /// Begins with this process; when it ends, its successor goes on where it was.
    #[must_use]
    pub fn of(pid: Arc<AtomicU32>) -> Self {
        let (stop, stopped) = oneshot::channel();
        Self { stop, taken: tokio::spawn(taken(pid, stopped)) }
    }

    /// All of them, the last one of this moment.
    pub async fn end(self) -> Vec<Sample> {
        let _ = self.stop.send(());
        self.taken.await.unwrap_or_default()
    }
}

async fn taken(pid: Arc<AtomicU32>, mut stopped: oneshot::Receiver<()>) -> Vec<Sample> {
    let (began, mut every) = (Instant::now(), EVERY);
    let mut samples: Vec<Sample> = Vec::new();
    let mut before = (pid.load(Ordering::Relaxed), meter::used(pid.load(Ordering::Relaxed)));
    let mut cpu = Duration::ZERO;
    let mut ticks = interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        let last = tokio::select! {
            _ = ticks.tick() => false,
            _ = &mut stopped => true,
        };
        let now = pid.load(Ordering::Relaxed);
        let used = meter::used(now);
        // A new process begins at nothing, and one that has ended says nothing.
        cpu += used.saturating_sub(if now == before.0 { before.1 } else { Duration::ZERO });
        before = (now, if now == before.0 { used.max(before.1) } else { used });
        let resident_mib = meter::resident_mib(now);
        if resident_mib.is_finite() {
            samples.push(Sample { at: began.elapsed(), cpu, resident_mib });
        }
        if last {
            return samples;
        }
        if samples.len() > SAMPLES_MAX {
            samples = samples.into_iter().step_by(2).collect();
            every *= 2;
            ticks = interval(every);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn what_a_process_uses_is_seen() {
        let samples = Samples::of(Arc::new(AtomicU32::new(std::process::id())));
        let (began, mut busy) = (Instant::now(), 0u64);
        while began.elapsed() < EVERY * 4 {
            busy = std::hint::black_box(busy.wrapping_mul(31).wrapping_add(1));
            if busy % 4096 == 1 {
                tokio::task::yield_now().await;
            }
        }
        let samples = samples.end().await;
        let last = samples.last().unwrap();
        assert!(last.cpu > EVERY / 4 && last.resident_mib > 1.0, "{last:?}");
        assert!(samples.windows(2).all(|two| two[0].at <= two[1].at && two[0].cpu <= two[1].cpu));
    }
}
