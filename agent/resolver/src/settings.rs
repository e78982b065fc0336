//! All that the resolver is told when it starts.

use crate::upstream::Upstream;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

const PORT: u16 = 53;

/// Time that only goes on: since the machine was switched on, sleep included.
pub type Clock = Arc<dyn Fn() -> Duration + Send + Sync>;

/// How the resolver stands.
#[derive(Clone)]
pub struct Settings {
    /// Where it listens, UDP and TCP.
    pub listen: Vec<SocketAddr>,
    /// Where a closed name leads: the local page answers plain HTTP there, and nothing answers HTTPS.
    pub page: (Ipv4Addr, Ipv6Addr),
    /// Who knows the other names.
    pub upstream: Upstream,
    /// How much memory answers may take that are kept.
    pub cache_bytes: usize,
    /// How long one server may take over a question before the next one is asked.
    pub patience: Duration,
    /// The mark on what it asks of others, by which the kernel knows it (socket(7), `SO_MARK`; it takes `CAP_NET_ADMIN`).
    pub mark: Option<u32>,
    /// Time by which answers grow old.
    pub clock: Clock,
}

impl Settings {
    /// As a device has it: port 53 of loopback.
    #[must_use]
    pub fn new(upstream: Upstream, clock: Clock) -> Self {
        let page = (Ipv4Addr::LOCALHOST, Ipv6Addr::LOCALHOST);
        let listen = [IpAddr::V4(page.0), IpAddr::V6(page.1)].map(|address| SocketAddr::new(address, PORT)).to_vec();
        Self {
            listen,
            page,
            upstream,
            cache_bytes: 512 << 10,
            patience: Duration::from_millis(1_200),
            mark: None,
            clock,
        }
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings").field("listen", &self.listen).finish_non_exhaustive()
    }
}
