//! The filter asks itself, as any program of the device would: only an answer shows that names are answered.

use super::answering::Own;
use super::judge::Policy;
use super::list::List;
use crate::clock::{Clock, within};
use resolver::{Judge, Name, Ruling, kind};
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;
use tokio::net::UdpSocket;

/// On loopback an answer takes a thousandth of this.
const PATIENCE: Duration = Duration::from_secs(2);
/// A question and its answer are shorter than this.
const MESSAGE_BYTES_MAX: usize = 512;
const NO_SUCH_NAME: u8 = 3;
/// What every policy that closes other resolvers answers with "no such name".
const CANARY: &str = "use-application-dns.net";

/// The page of this product, which leads here whatever the policy.
const PAGE: &str = "cartable.localhost";

/// A name with the answer that must come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Sentinel {
    /// It leads to the local page.
    Closed(Box<Name>),
    /// It does not exist.
    Nowhere(Box<Name>),
}

impl Sentinel {
    /// One that this policy closes: of the list's own, else the canary; the local page where neither is closed.
    pub(super) fn of(policy: &Policy, list: Option<&List>) -> Option<Self> {
        let must = list.into_iter().flat_map(|list| &list.manifest.must);
        let names = must.filter_map(|name| name.parse::<Name>().ok()).chain(CANARY.parse().ok());
        let closed = names.map(Box::new).find_map(|name| match policy.ruling(&name, kind::A) {
            Ruling::Block(_) => Some(Self::Closed(name)),
            Ruling::NoSuchName => Some(Self::Nowhere(name)),
            Ruling::Pass | Ruling::Allow | Ruling::Free | Ruling::Rewrite(_) => None,
        });
        closed.or_else(|| Some(Self::Closed(Box::new(PAGE.parse().ok()?))))
    }

    pub(super) fn name(&self) -> &Name {
        let (Self::Closed(name) | Self::Nowhere(name)) = self;
        name
    }

    /// Whether it is one of the names that the policy closes.
    pub(super) fn is_blocked(&self) -> bool {
        matches!(self, Self::Closed(name) if PAGE.parse().as_ref() != Ok(&**name))
    }

    /// Whether the resolver at an address answers at all.
    pub(super) async fn answers(&self, at: SocketAddr, own: &Own, clock: &dyn Clock) -> bool {
        self.answer(at, own, clock).await.is_some()
    }

    async fn answer(&self, at: SocketAddr, own: &Own, clock: &dyn Clock) -> Option<Vec<u8>> {
        let answer = within(clock, PATIENCE, asked(at, self.name())).await?.ok()?;
        own.note(self);
        Some(answer)
    }

    /// Whether the resolver at an address answers as it must.
    pub(super) async fn holds(&self, at: SocketAddr, page: Ipv4Addr, own: &Own, clock: &dyn Clock) -> bool {
        let Some(answer) = self.answer(at, own, clock).await else { return false };
        // The response code is the low half of the fourth byte (RFC 1035, 4.1.1); an address stands at the end where there is no EDNS.
        let code = answer.get(3).map(|flags| flags & 15);
        match self {
            Self::Nowhere(_) => code == Some(NO_SUCH_NAME),
            Self::Closed(_) => code == Some(0) && answer.ends_with(&page.octets()),
        }
    }
}

/// The answer's bytes, to a question for an address.
async fn asked(at: SocketAddr, name: &Name) -> io::Result<Vec<u8>> {
    let from: SocketAddr = if at.is_ipv4() { ([127, 0, 0, 1], 0).into() } else { ([0, 0, 0, 0, 0, 0, 0, 1], 0).into() };
    let socket = UdpSocket::bind(from).await?;
    // Only what comes from there is heard.
    socket.connect(at).await?;
    let id: [u8; 2] = rand::random();
    // One question, recursion wished (RFC 1035, 4.1.1), for A in IN.
    let head = [id[0], id[1], 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    let question = [&head[..], &name.wire(), &[0, 1, 0, 1]].concat();
    socket.send(&question).await?;
    let mut answer = vec![0; MESSAGE_BYTES_MAX];
    loop {
        let length = socket.recv(&mut answer).await?;
        if answer.get(..2) == Some(&id[..]) {
            answer.truncate(length);
            return Ok(answer);
        }
    }
}
