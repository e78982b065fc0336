//! Asking over UDP and TCP, as networks offer it.

use super::mark::{Mark, connected, udp_mark};
use super::query::Query;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UdpSocket;

/// A little more than was allowed to be sent is taken; what is longer was cut, and is asked for over TCP.
const BYTES_MAX: usize = 1472;
/// Of the header's third byte.
const TRUNCATED: u8 = 2;

/// What comes back over UDP.
pub(super) enum Heard {
    Answer(Vec<u8>),
    /// An answer, but for the case of the name: no other will come.
    CaseChanged,
}

/// Asks from a port of its own, which the system throws; only who was asked is heard, and only what answers.
pub(super) async fn udp(server: SocketAddr, query: &Query, mark: Mark) -> io::Result<Heard> {
    let any = if server.is_ipv4() { IpAddr::V4(Ipv4Addr::UNSPECIFIED) } else { IpAddr::V6(Ipv6Addr::UNSPECIFIED) };
    let socket = UdpSocket::bind((any, 0)).await?;
    udp_mark(&socket, mark)?;
    socket.connect(server).await?;
    socket.send(query.message()).await?;
    let mut message = vec![0; BYTES_MAX];
    loop {
        let length = socket.recv(&mut message).await?;
        if query.answered_by(&message[..length]) {
            if length == BYTES_MAX {
                message[2] |= TRUNCATED;
            }
            message.truncate(length);
            return Ok(Heard::Answer(message));
        }
        if query.case_changed_by(&message[..length]) {
            return Ok(Heard::CaseChanged);
        }
    }
}

/// Asks over a connection of its own.
pub(super) async fn tcp(server: SocketAddr, query: &Query, mark: Mark) -> io::Result<Vec<u8>> {
    let mut stream = connected(server, mark).await?;
    stream.write_all(&query.framed()).await?;
    let length = stream.read_u16().await?;
    let mut message = vec![0; usize::from(length)];
    stream.read_exact(&mut message).await?;
    if query.answered_by(&message) { Ok(message) } else { Err(io::ErrorKind::InvalidData.into()) }
}
