//! The listener: bounded handshakes in their own tasks, so that a slow or hostile one holds up nobody.

use crate::caller::Peer;
use identity::caller::certificate_read;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tonic::transport::server::Connected;

/// A handshake that takes longer is given up.
const HANDSHAKE_MAX: Duration = Duration::from_secs(10);
/// After an error of accept (such as too many open files), wait so long.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// A connection with its handshake done.
pub(crate) struct Connection {
    stream: TlsStream<TcpStream>,
    peer: Peer,
    _room: OwnedSemaphorePermit,
}

/// Accepts connections until told to stop; those ready come out of the channel.
pub(crate) async fn accept(
    listener: TcpListener,
    acceptor: TlsAcceptor,
    (connections, handshakes): (usize, usize),
    ready: mpsc::Sender<io::Result<Connection>>,
    mut stop: watch::Receiver<bool>,
) {
    let room = Arc::new(Semaphore::new(connections));
    let busy = Arc::new(Semaphore::new(handshakes));
    loop {
        let accepted = tokio::select! {
            accepted = next(&listener, &room) => accepted,
            _ = stop.wait_for(|stopped| *stopped) => return,
        };
        let Some((tcp, room)) = accepted else {
            tokio::time::sleep(ACCEPT_PAUSE).await;
            continue;
        };
        let (acceptor, busy, ready) = (acceptor.clone(), Arc::clone(&busy), ready.clone());
        tokio::spawn(async move {
            // Waiting for a place and the handshake itself both count: a queue nobody waits in cannot grow old.
            let shaken = tokio::time::timeout(HANDSHAKE_MAX, handshake(tcp, acceptor, busy));
            match shaken.await {
                Ok(Ok((stream, peer))) => {
                    let _ = ready.send(Ok(Connection { stream, peer, _room: room })).await;
                }
                Ok(Err(error)) => tracing::debug!(%error, "handshake failed"),
                Err(_) => tracing::debug!("handshake timed out"),
            }
        });
    }
}

async fn next(listener: &TcpListener, room: &Arc<Semaphore>) -> Option<(TcpStream, OwnedSemaphorePermit)> {
    let permit = Arc::clone(room).acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((tcp, _)) => Some((tcp, permit)),
        Err(error) => {
            tracing::warn!(%error, "accept failed");
            None
        }
    }
}

async fn handshake(
    tcp: TcpStream,
    acceptor: TlsAcceptor,
    busy: Arc<Semaphore>,
) -> io::Result<(TlsStream<TcpStream>, Peer)> {
    let _turn = busy.acquire().await.map_err(io::Error::other)?;
    tcp.set_nodelay(true)?;
    let stream = acceptor.accept(tcp).await?;
    let leaf = stream.get_ref().1.peer_certificates().and_then(<[_]>::first);
    let certificate = leaf.map(|c| certificate_read(c)).transpose().map_err(io::Error::other)?;
    Ok((stream, Peer { certificate: certificate.map(Arc::new) }))
}

impl Connected for Connection {
    type ConnectInfo = Peer;

    fn connect_info(&self) -> Peer {
        self.peer.clone()
    }
}

impl AsyncRead for Connection {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }
}
