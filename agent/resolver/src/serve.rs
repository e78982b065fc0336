//! The sockets on loopback.

mod tcp;
mod udp;

use crate::error::{Error, Result};
use crate::limits::WAITING_MAX;
use crate::resolver::Inner;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::{TcpListener, UdpSocket};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// How often another port is tried, where any port will do and TCP's is taken on the other side.
const TRIES: usize = 16;

/// One pair for each address.
pub(crate) struct Sockets(Vec<(SocketAddr, Arc<UdpSocket>, Arc<TcpListener>)>);

impl Sockets {
    pub(crate) async fn bind(addresses: &[SocketAddr]) -> Result<Self> {
        let mut sockets = Vec::new();
        for &address in addresses {
            match pair(address).await {
                Ok((udp, tcp)) => {
                    let bound = udp.local_addr().map_err(|source| Error::Address { address, source })?;
                    sockets.push((bound, Arc::new(udp), Arc::new(tcp)));
                }
                Err(source) if address.is_ipv6() && absent(&source) => {
                    tracing::info!(%address, "no such address on this machine: left out");
                }
                Err(source) => return Err(Error::Address { address, source }),
            }
        }
        if sockets.is_empty() { Err(Error::NoAddress) } else { Ok(Self(sockets)) }
    }

    pub(crate) fn addresses(&self) -> Vec<SocketAddr> {
        self.0.iter().map(|(address, ..)| *address).collect()
    }
}

/// Answers on all sockets until one breaks; dropped, it ends all.
pub(crate) async fn run(sockets: &Sockets, inner: &Arc<Inner>) -> Result<()> {
    let waiting = Arc::new(Semaphore::new(WAITING_MAX));
    let mut tasks = JoinSet::new();
    for (_, udp, tcp) in &sockets.0 {
        tasks.spawn(udp::serve(Arc::clone(udp), Arc::clone(inner), Arc::clone(&waiting)));
        tasks.spawn(tcp::serve(Arc::clone(tcp), Arc::clone(inner)));
    }
    let broke = match tasks.join_next().await {
        Some(Ok(Err(broke))) => broke,
        Some(Ok(Ok(()))) | None => io::ErrorKind::NotConnected.into(),
        Some(Err(ended)) => io::Error::other(ended),
    };
    Err(Error::Socket(broke))
}

/// UDP and TCP on the same port.
async fn pair(address: SocketAddr) -> io::Result<(UdpSocket, TcpListener)> {
    let mut tries = 0;
    loop {
        let udp = UdpSocket::bind(address).await?;
        match TcpListener::bind(udp.local_addr()?).await {
            Ok(tcp) => return Ok((udp, tcp)),
            Err(_) if address.port() == 0 && tries < TRIES => tries += 1,
            Err(error) => return Err(error),
        }
    }
}

fn absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::AddrNotAvailable | io::ErrorKind::Unsupported)
}
