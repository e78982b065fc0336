//! Whether names are answered, as whoever watches over this process is told: a filter that hangs is ended and started anew.
//!
//! The sign of life is an answer over the socket that programs use. The loop beside it may wait for a program of the system; it is given its time,
//! and is part of the sign too.

use super::sentinel::Sentinel;
use crate::clock::Clock;
use crate::supervisor::{Pulse, Supervisor};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::watch;

/// Signs of life are not given more often, whatever is asked.
const OFTENEST: Duration = Duration::from_millis(50);

/// Who answers, and by what it is asked; nothing while nothing is filtered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Answering {
    pub(super) at: Vec<SocketAddr>,
    pub(super) sentinel: Option<Sentinel>,
}

/// How often the filter asked itself: no question of anybody's.
#[derive(Debug, Default)]
pub(super) struct Own {
    answered: AtomicU64,
    blocked: AtomicU64,
}

impl Own {
    pub(super) fn note(&self, sentinel: &Sentinel) {
        self.answered.fetch_add(1, Ordering::Relaxed);
        if sentinel.is_blocked() {
            self.blocked.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Answers, and those among them that a name is closed.
    pub(super) fn counts(&self) -> (u64, u64) {
        (self.answered.load(Ordering::Relaxed), self.blocked.load(Ordering::Relaxed))
    }
}

/// Gives signs of life for as long as the loop goes on and names are answered; never ends.
pub(super) async fn watched(
    supervisor: &dyn Supervisor,
    pulse: &Pulse,
    answering: watch::Receiver<Answering>,
    own: &Own,
    clock: &dyn Clock,
) {
    let Some(silence) = supervisor.silence_max() else { return std::future::pending().await };
    let mut dumb = false;
    loop {
        let now = answering.borrow().clone();
        if pulse.beats(clock) && answers(&now, own, clock).await {
            supervisor.alive();
            dumb = false;
        } else if !dumb {
            dumb = true;
            tracing::error!(
                "names are not answered, or the filter is stuck; its supervisor is no longer told that it is alive"
            );
        }
        clock.sleep((silence / 4).max(OFTENEST)).await;
    }
}

async fn answers(answering: &Answering, own: &Own, clock: &dyn Clock) -> bool {
    let Some(sentinel) = &answering.sentinel else { return true };
    for at in &answering.at {
        if !sentinel.answers(*at, own, clock).await {
            return false;
        }
    }
    true
}

/// What is told of who answers.
pub(super) type Told = Arc<watch::Sender<Answering>>;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::HandClock;
    use tokio::net::UdpSocket;

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
            Some(Duration::from_secs(40))
        }
    }

    #[tokio::test]
    async fn a_resolver_that_does_not_answer_gives_no_sign_of_life() {
        let clock = Arc::new(HandClock::new());
        let (supervisor, pulse) = (Arc::new(Counting::default()), Arc::new(Pulse::default()));
        pulse.expect(Duration::from_secs(3_600), &*clock);
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let sentinel = Sentinel::Nowhere(Box::new("closed.example".parse().unwrap()));
        let now = Answering { at: vec![socket.local_addr().unwrap()], sentinel: Some(sentinel) };
        let (told, answering) = watch::channel(Answering::default());
        let own = Arc::new(Own::default());
        let watching = {
            let (clock, supervisor, pulse, own) = (clock.clone(), supervisor.clone(), pulse.clone(), own.clone());
            tokio::spawn(async move { watched(&*supervisor, &pulse, answering, &own, &*clock).await })
        };
        let signs = || supervisor.0.load(Ordering::Relaxed);
        let settled = async || {
            for _ in 0..20 {
                tokio::task::yield_now().await;
            }
        };
        // Nothing is filtered: that it goes on is all there is to say.
        while signs() < 1 {
            tokio::task::yield_now().await;
        }
        told.send_replace(now);
        settled().await;
        clock.forward(Duration::from_secs(10));
        let mut bytes = [0; 512];
        let (length, from) = socket.recv_from(&mut bytes).await.unwrap();
        assert_eq!(signs(), 1);
        socket.send_to(&bytes[..length], from).await.unwrap();
        while signs() < 2 {
            tokio::task::yield_now().await;
        }
        assert_eq!(own.counts(), (1, 0));
        // It hears, and does not answer.
        for _ in 0..3 {
            settled().await;
            clock.forward(Duration::from_secs(10));
            socket.recv_from(&mut bytes).await.unwrap();
            clock.forward(Duration::from_secs(5));
            settled().await;
        }
        assert_eq!(signs(), 2);
        watching.abort();
    }
}
