//! Who knows the names that the policy leaves open, and how they are asked.

mod https;
mod mark;
mod network;
mod plain;
mod query;
mod secure;
mod tls;

use crate::answer::{Answer, Wanted};
use crate::limits::SERVERS_MAX;
use crate::settings::Clock;
use crate::special;
use mark::Mark;
use network::Known;
use query::{Manner, Query};
use rustls::ClientConfig;
use secure::Line;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

pub use secure::Server;

/// How often each server is asked the same before it is given up.
const ROUNDS: usize = 2;
/// After so long the first server is tried first again, in milliseconds.
const LEFT_ALONE: u64 = 60_000;

/// Whom to ask, in order.
#[derive(Clone, Default)]
pub struct Upstream {
    network: Vec<SocketAddr>,
    secure: Vec<Server>,
    tls: Option<Arc<ClientConfig>>,
}

/// An upstream with what is known of its servers.
pub(crate) struct Asking {
    network: Ring<Known>,
    secure: Ring<Line>,
    /// Whether nobody over TLS answered when they were last asked, and somebody's certificate did not hold at the time.
    dates: AtomicBool,
}

/// A question, with how long each server may take.
#[derive(Clone, Copy)]
pub(crate) struct Turn<'t> {
    pub(crate) wanted: &'t Wanted,
    pub(crate) patience: Duration,
    pub(crate) clock: &'t Clock,
    pub(crate) mark: Mark,
}

/// A server that can be asked.
trait Asked: Sync {
    fn ask(&self, turn: Turn<'_>, round: usize) -> impl Future<Output = Option<Answer>> + Send;
}

/// Servers in order; the one that answered last is asked first for a while.
struct Ring<T> {
    servers: Vec<T>,
    first: AtomicUsize,
    first_since: AtomicU64,
}

impl Upstream {
    /// The servers that the network offers: a school's own filter is asked this way, and what it says is passed on.
    #[must_use]
    pub fn network(servers: Vec<SocketAddr>) -> Self {
        Self { network: servers, ..Self::default() }
    }

    /// Servers that speak TLS, and never in the open; `network` is asked for what only the network can know (its own names,
    /// private addresses) and while it wants to be greeted. `tls` says whom they are believed by.
    #[must_use]
    pub fn secure(servers: Vec<Server>, network: Vec<SocketAddr>, tls: Arc<ClientConfig>) -> Self {
        Self { network, secure: servers, tls: Some(tls) }
    }
}

impl Asking {
    /// None of `own` is ever asked: that would be this resolver.
    pub(crate) fn new(upstream: Upstream, own: &[SocketAddr]) -> Self {
        let network = upstream.network.into_iter().filter(|one| !own.contains(one)).take(SERVERS_MAX);
        let secure = upstream.secure.into_iter().take(SERVERS_MAX);
        let lines = upstream.tls.map(|tls| secure.map(|server| Line::new(server, &tls)).collect());
        Self {
            network: Ring::new(network.map(Known::new).collect()),
            secure: Ring::new(lines.unwrap_or_default()),
            dates: AtomicBool::new(false),
        }
    }

    /// Asks one server after another, and again, until one answers; `portal` asks the network's alone.
    pub(crate) async fn ask(&self, turn: Turn<'_>, portal: bool) -> Result<Answer, ()> {
        if self.secure.servers.is_empty() || portal || special::of_network(&turn.wanted.name) {
            self.network.ask(turn).await
        } else {
            let answer = self.secure.ask(turn).await;
            let dates = answer.is_err() && self.secure.servers.iter().any(Line::dates_at_fault);
            self.dates.store(dates, Ordering::Relaxed);
            answer
        }
    }

    pub(crate) fn dates_at_fault(&self) -> bool {
        self.dates.load(Ordering::Relaxed)
    }
}

impl<T: Asked> Ring<T> {
    const fn new(servers: Vec<T>) -> Self {
        Self { servers, first: AtomicUsize::new(0), first_since: AtomicU64::new(0) }
    }

    async fn ask(&self, turn: Turn<'_>) -> Result<Answer, ()> {
        let first = self.first(turn.clock);
        for round in 0..ROUNDS {
            for step in 0..self.servers.len() {
                let number = (first + step) % self.servers.len();
                if let Some(answer) = self.servers[number].ask(turn, round).await {
                    self.answered(number, turn.clock);
                    return Ok(answer);
                }
            }
        }
        Err(())
    }

    fn first(&self, clock: &Clock) -> usize {
        let since = self.first_since.load(Ordering::Relaxed);
        if millis(clock).saturating_sub(since) > LEFT_ALONE {
            self.first.store(0, Ordering::Relaxed);
        }
        self.first.load(Ordering::Relaxed)
    }

    fn answered(&self, number: usize, clock: &Clock) {
        if self.first.swap(number, Ordering::Relaxed) != number {
            self.first_since.store(millis(clock), Ordering::Relaxed);
        }
    }
}

fn millis(clock: &Clock) -> u64 {
    u64::try_from(clock().as_millis()).unwrap_or(u64::MAX)
}

impl Asked for Line {
    async fn ask(&self, turn: Turn<'_>, _: usize) -> Option<Answer> {
        let message = self.say(&Query::new(turn.wanted, Manner::Padded)?, turn.patience, turn.mark).await?;
        Answer::read(&message, turn.wanted, (turn.clock)()).ok()
    }
}
