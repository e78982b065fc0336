//! Sockets that the kernel knows as the resolver's own.

use std::io;
use std::net::SocketAddr;
use tokio::net::{TcpSocket, TcpStream, UdpSocket};

/// The mark of what is asked of others; none where the kernel need not know.
pub(crate) type Mark = Option<u32>;

/// Marks a socket before anything goes out by it.
pub(super) fn udp_mark(socket: &UdpSocket, mark: Mark) -> io::Result<()> {
    mark_set(socket2::SockRef::from(socket), mark)
}

/// A connection that bears the mark from its first packet on.
pub(super) async fn connected(server: SocketAddr, mark: Mark) -> io::Result<TcpStream> {
    let socket = if server.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    mark_set(socket2::SockRef::from(&socket), mark)?;
    socket.connect(server).await
}

#[cfg(target_os = "linux")]
fn mark_set(socket: socket2::SockRef<'_>, mark: Mark) -> io::Result<()> {
    mark.map_or(Ok(()), |mark| socket.set_mark(mark))
}

/// Only Linux has marks.
#[cfg(not(target_os = "linux"))]
fn mark_set(_: socket2::SockRef<'_>, _: Mark) -> io::Result<()> {
    Ok(())
}
