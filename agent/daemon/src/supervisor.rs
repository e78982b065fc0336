//! Who keeps the agent running, and wants to know how it is: systemd, another system's service manager, or nobody.

use crate::clock::Clock;
use std::fmt::Debug;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// What is added to every bound: a sleep that spans a suspended laptop ends up to a minute after it wakes.
const SLACK: Duration = Duration::from_secs(180);
/// Signs of life are not given more often, whatever is asked.
const OFTENEST: Duration = Duration::from_millis(50);

/// Who keeps the agent running. Nothing here may fail: an agent does not depend on who watches it.
pub trait Supervisor: Debug + Send + Sync {
    /// The agent works, or waits until it is enrolled.
    fn ready(&self);

    /// How it is, in one short line.
    fn status(&self, text: &str);

    /// It is about to end because it was asked to.
    fn stopping(&self);

    /// It is alive: not stuck, nor going round in a circle.
    fn alive(&self);

    /// After how long a silence it is taken for dead; nothing when nobody listens for [`Supervisor::alive`].
    fn silence_max(&self) -> Option<Duration>;
}

/// Nobody: a person started it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Nobody;

impl Supervisor for Nobody {
    fn ready(&self) {}
    fn status(&self, _: &str) {}
    fn stopping(&self) {}
    fn alive(&self) {}
    fn silence_max(&self) -> Option<Duration> {
        None
    }
}

/// By when the agent's loop must have been heard of again. A timer that ticks beside a loop that hangs proves nothing, so the
/// loop says before each wait how long that may take.
#[derive(Debug, Default)]
pub(crate) struct Pulse(AtomicU64);

impl Pulse {
    /// The next sign comes within so long.
    pub(crate) fn expect(&self, within: Duration, clock: &dyn Clock) {
        let due = clock.elapsed().saturating_add(within).saturating_add(SLACK);
        self.0.store(u64::try_from(due.as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// Whether the last sign is not overdue.
    pub(crate) fn beats(&self, clock: &dyn Clock) -> bool {
        clock.elapsed() <= Duration::from_millis(self.0.load(Ordering::Relaxed))
    }
}

/// Gives signs of life for as long as the pulse beats; never ends.
pub(crate) async fn watched(supervisor: &dyn Supervisor, pulse: &Pulse, clock: &dyn Clock) {
    let Some(silence) = supervisor.silence_max() else { return std::future::pending().await };
    let mut stuck = false;
    loop {
        if pulse.beats(clock) {
            supervisor.alive();
            stuck = false;
        } else if !stuck {
            stuck = true;
            tracing::error!("the agent is stuck; its supervisor is no longer told that it is alive");
        }
        clock.sleep((silence / 2).max(OFTENEST)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::HandClock;
    use std::sync::Arc;

    #[derive(Debug, Default)]
    struct Counting(AtomicU64);

    impl Supervisor for Counting {
        fn ready(&self) {}
        fn status(&self, _: &str) {}
        fn stopping(&self) {}
        fn alive(&self) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
        fn silence_max(&self) -> Option<Duration> {
            Some(Duration::from_secs(60))
        }
    }

    /// On one thread, what was woken has run.
    async fn settled() {
        for _ in 0..3 {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn a_loop_that_is_overdue_gives_no_sign_of_life() {
        let clock = Arc::new(HandClock::new());
        let (supervisor, pulse) = (Arc::new(Counting::default()), Arc::new(Pulse::default()));
        pulse.expect(Duration::from_secs(30), &*clock);
        let watching = {
            let (clock, supervisor, pulse) = (clock.clone(), supervisor.clone(), pulse.clone());
            tokio::spawn(async move { watched(&*supervisor, &pulse, &*clock).await })
        };
        let mut counts = Vec::new();
        for _ in 0..12 {
            settled().await;
            counts.push(supervisor.0.load(Ordering::Relaxed));
            clock.forward(Duration::from_secs(30));
        }
        // 30 s and the slack of 180 s: the sign at 210 s is the last.
        assert_eq!(counts, [1, 2, 3, 4, 5, 6, 7, 8, 8, 8, 8, 8]);
        pulse.expect(Duration::ZERO, &*clock);
        settled().await;
        assert!(supervisor.0.load(Ordering::Relaxed) > 8);
        watching.abort();
    }
}
