//! A connection with its handshake done: who is at its other end, and when it is closed although both ends live.

use crate::caller::Peer;
use crate::metrics::Open;
use crate::pace::Paced;
use crate::places::Place;
use model::id::DeviceId;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Sleep, sleep};
use tokio_rustls::server::TlsStream;

/// Who has agreed on a connection and by then has not made a call, with its headers whole, is given up.
const CALL_MAX: Duration = Duration::from_secs(10);
/// Callers without a certificate are here to enrol; after so long they have.
const STRANGER_MAX: Duration = Duration::from_secs(60);

/// What a connection occupies until it is closed.
pub(crate) struct Room {
    /// One of all connections.
    pub(crate) _connection: OwnedSemaphorePermit,
    /// One of those for callers without a certificate.
    pub(crate) stranger: Option<Place<()>>,
    /// One of its device's.
    pub(crate) device: Option<Place<DeviceId>>,
}

/// A connection that can be served.
pub(crate) struct Connection {
    stream: TlsStream<Paced>,
    peer: Peer,
    /// Until the first call.
    first: Option<Pin<Box<Sleep>>>,
    /// When a caller without a certificate is sent away.
    ends: Option<Pin<Box<Sleep>>>,
    room: Room,
    _open: Open,
}

impl Connection {
    /// One whose handshake is done.
    pub(crate) fn new(stream: TlsStream<Paced>, peer: Peer, room: Room, open: Open) -> Self {
        let ends = room.stranger.is_some().then(|| Box::pin(sleep(STRANGER_MAX)));
        Self { stream, peer, first: Some(Box::pin(sleep(CALL_MAX))), ends, room, _open: open }
    }

    /// Who is at its other end.
    pub(crate) fn peer(&self) -> Peer {
        self.peer.clone()
    }

    /// Fails once it is to be closed; asked when reading and when writing, for who does not read keeps the other side from reading, too.
    fn over_check(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        if self.poll_over(cx).is_ready() { Err(io::ErrorKind::TimedOut.into()) } else { Ok(()) }
    }

    /// Whether it is to be closed.
    fn poll_over(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.first.is_some() && self.peer.has_called() {
            self.first = None;
        }
        let late = [&mut self.first, &mut self.ends].into_iter().flatten().any(|s| s.as_mut().poll(cx).is_ready());
        let room = &mut self.room;
        let lost = room.device.as_mut().is_some_and(|place| place.poll_lost(cx).is_ready())
            || room.stranger.as_mut().is_some_and(|place| place.poll_lost(cx).is_ready());
        if late || lost { Poll::Ready(()) } else { Poll::Pending }
    }
}

impl AsyncRead for Connection {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.over_check(cx)?;
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.over_check(cx)?;
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.over_check(cx)?;
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    // h2 copies a message of up to 1 KiB beside its headers and trailers then, where it would write it apart from them: TLS copies it anyway, and
    // an answer is one record and one system call instead of two.
    fn is_write_vectored(&self) -> bool {
        false
    }
}
