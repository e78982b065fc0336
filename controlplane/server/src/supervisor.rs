//! systemd, as it is told by datagrams (sd_notify(3)); where `NOTIFY_SOCKET` is not set, nobody is.

use crate::clock::Clock;
use sd_notify::NotifyState;
use std::future::Future;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

/// The variables that must not reach a child: it would speak for the server.
pub(crate) const VARIABLES: [&str; 3] = ["NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"];

/// While something long goes on at the start, more time is asked for so often, each time for so much more.
const EXTEND_EVERY: Duration = Duration::from_secs(10);
const EXTEND_BY: Duration = Duration::from_secs(30);
/// So long at most: what takes longer hangs.
const EXTEND_MAX: Duration = Duration::from_secs(2 * 3_600);
/// Signs of life are not given more often, whatever is asked.
const OFTENEST: Duration = Duration::from_millis(50);

/// The service manager that started this process.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Supervisor {
    silence_max: Option<Duration>,
}

impl Supervisor {
    /// As the environment says.
    pub(crate) fn from_environment() -> Self {
        Self { silence_max: sd_notify::watchdog_enabled().filter(|silence| !silence.is_zero()) }
    }

    /// The server listens.
    pub(crate) fn ready(self, status: &str) {
        tell(&[NotifyState::Ready, NotifyState::Status(status)]);
    }

    /// It is about to end because it was asked to.
    pub(crate) fn stopping(self) {
        tell(&[NotifyState::Stopping, NotifyState::Status("telling devices when to come back")]);
    }

    /// Does something before the server is ready that may take long, and asks for the time meanwhile.
    pub(crate) fn while_<T>(self, status: &str, run: impl FnOnce() -> T) -> T {
        std::thread::scope(|scope| {
            let (running, ended) = channel::<()>();
            scope.spawn(move || {
                let mut asked = Duration::ZERO;
                while asked < EXTEND_MAX {
                    let by = u32::try_from(EXTEND_BY.as_micros()).unwrap_or(u32::MAX);
                    tell(&[NotifyState::Status(status), NotifyState::ExtendTimeoutUsec(by)]);
                    match ended.recv_timeout(EXTEND_EVERY) {
                        Err(RecvTimeoutError::Timeout) => asked += EXTEND_EVERY,
                        Ok(()) | Err(RecvTimeoutError::Disconnected) => return,
                    }
                }
            });
            let did = run();
            drop(running);
            did
        })
    }

    /// Gives signs of life for as long as `alive` answers yes in time; never ends. It runs among the server's tasks, so a runtime that
    /// hangs gives none either.
    pub(crate) async fn watched<F: Future<Output = bool>>(self, alive: impl Fn() -> F, clock: &dyn Clock) {
        let Some(silence) = self.silence_max else { return std::future::pending().await };
        watch(silence, alive, || tell(&[NotifyState::Watchdog]), clock).await;
    }
}

async fn watch<F: Future<Output = bool>>(silence: Duration, alive: impl Fn() -> F, say: impl Fn(), clock: &dyn Clock) {
    let mut well = true;
    loop {
        let began = clock.ticks();
        if alive().await {
            say();
            well = true;
        } else if std::mem::take(&mut well) {
            tracing::error!(
                "the store takes no more writes; the supervisor is no longer told that the server is alive"
            );
        }
        let took = clock.ticks().saturating_sub(began);
        clock.sleep((silence / 2).saturating_sub(took).max(OFTENEST)).await;
    }
}

fn tell(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::debug!(%error, "systemd cannot be told");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use async_trait::async_trait;
    use model::time::Timestamp;
    use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

    /// tokio's clock, which stands still but for sleeps.
    #[derive(Debug)]
    struct Paused(tokio::time::Instant);

    #[async_trait]
    impl Clock for Paused {
        fn now(&self) -> Timestamp {
            Timestamp::default()
        }
        fn ticks(&self) -> Duration {
            self.0.elapsed()
        }
        async fn sleep(&self, while_: Duration) {
            tokio::time::sleep(while_).await;
        }
    }

    #[tokio::test(start_paused = true)]
    async fn no_sign_of_life_without_a_yes_and_half_the_silence_between_two() {
        let clock = Paused(tokio::time::Instant::now());
        let (said, well) = (AtomicU64::new(0), AtomicBool::new(true));
        // Each answer takes a second.
        let alive = || async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            well.load(Ordering::Relaxed)
        };
        let say = || {
            said.fetch_add(1, Ordering::Relaxed);
        };
        let watching = watch(Duration::from_secs(20), alive, say, &clock);
        let seen = async {
            let mut seen = Vec::new();
            for _ in 0..6 {
                if seen.len() == 3 {
                    well.store(false, Ordering::Relaxed);
                }
                tokio::time::sleep(Duration::from_secs(10)).await;
                seen.push(said.load(Ordering::Relaxed));
            }
            seen
        };
        tokio::select! {
            () = watching => {}
            seen = seen => assert_eq!(seen, [1, 2, 3, 3, 3, 3]),
        }
    }
}
