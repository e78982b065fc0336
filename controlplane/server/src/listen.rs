//! The listener: bounded handshakes in their own tasks, so that a slow or hostile one holds up nobody.

use crate::caller::Peer;
use crate::keys::Keys;
use crate::metrics::{Handshake, Metrics, Open};
use identity::caller::certificate_read;
use rustls::server::Acceptor;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch};
use tokio::time::Sleep;
use tokio_rustls::LazyConfigAcceptor;
use tokio_rustls::server::TlsStream;
use tonic::transport::server::Connected;

/// Who has not said what it wants to speak by then, or waits for its turn longer, is given up.
const HANDSHAKE_MAX: Duration = Duration::from_secs(10);
/// A handshake that has its turn and takes longer is given up.
const TURN_MAX: Duration = Duration::from_secs(3);
/// Callers without a certificate are here to enrol: so many at a time, each for so long.
const STRANGERS_MAX: usize = 256;
const STRANGER_MAX: Duration = Duration::from_secs(180);
/// After an error of accept (such as too many open files), wait so long.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// A connection with its handshake done.
pub(crate) struct Connection {
    stream: TlsStream<TcpStream>,
    peer: Peer,
    /// When a caller without a certificate is sent away.
    ends: Option<Pin<Box<Sleep>>>,
    _room: (OwnedSemaphorePermit, Option<OwnedSemaphorePermit>),
    _open: Open,
}

/// Accepts connections until told to stop; those ready come out of the channel.
pub(crate) async fn accept(
    listener: TcpListener,
    keys: Arc<Keys>,
    (connections, handshakes): (usize, usize),
    metrics: Arc<Metrics>,
    ready: mpsc::Sender<io::Result<Connection>>,
    mut stop: watch::Receiver<bool>,
) {
    let room = Arc::new(Semaphore::new(connections));
    let busy = Arc::new(Semaphore::new(handshakes));
    let strangers = Arc::new(Semaphore::new(STRANGERS_MAX));
    loop {
        let accepted = tokio::select! {
            accepted = next(&listener, &room) => accepted,
            _ = stop.wait_for(|stopped| *stopped) => return,
        };
        let Some((tcp, room)) = accepted else {
            tokio::time::sleep(ACCEPT_PAUSE).await;
            continue;
        };
        let (keys, busy, ready) = (Arc::clone(&keys), Arc::clone(&busy), ready.clone());
        let (strangers, metrics) = (Arc::clone(&strangers), Arc::clone(&metrics));
        tokio::spawn(async move {
            // Waiting for a place and the handshake itself both count: a queue nobody waits in cannot grow old.
            let shaken = tokio::time::timeout(HANDSHAKE_MAX, handshake(tcp, &keys, busy));
            match shaken.await {
                Ok(Ok((stream, peer))) => {
                    let place = match peer.certificate {
                        Some(_) => None,
                        None => match strangers.try_acquire_owned() {
                            Ok(place) => Some(place),
                            Err(_) => {
                                metrics.handshake(Handshake::Crowded);
                                return tracing::debug!("too many callers without a certificate");
                            }
                        },
                    };
                    let ends = place.is_some().then(|| Box::pin(tokio::time::sleep(STRANGER_MAX)));
                    metrics.handshake(Handshake::Done);
                    let open = metrics.open();
                    let _ = ready.send(Ok(Connection { stream, peer, ends, _room: (room, place), _open: open })).await;
                }
                Ok(Err(error)) if error.kind() == io::ErrorKind::TimedOut => {
                    metrics.handshake(Handshake::TimedOut);
                    tracing::debug!("a handshake took too long");
                }
                Ok(Err(error)) => {
                    metrics.handshake(Handshake::Failed);
                    tracing::debug!(%error, "handshake failed");
                }
                Err(_) => {
                    metrics.handshake(Handshake::TimedOut);
                    tracing::debug!("handshake timed out");
                }
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

async fn handshake(tcp: TcpStream, keys: &Keys, busy: Arc<Semaphore>) -> io::Result<(TlsStream<TcpStream>, Peer)> {
    tcp.set_nodelay(true)?;
    // Before a greeting nothing is computed: who is silent takes nobody's turn.
    let hello = LazyConfigAcceptor::new(Acceptor::default(), tcp).await?;
    let _turn = busy.acquire().await.map_err(io::Error::other)?;
    let listening = keys.listening();
    let shaken = tokio::time::timeout(TURN_MAX, hello.into_stream(Arc::clone(&listening.config)));
    let stream = shaken.await.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
    let leaf = stream.get_ref().1.peer_certificates().and_then(<[_]>::first);
    let certificate = leaf.map(|c| certificate_read(c)).transpose().map_err(io::Error::other)?;
    Ok((stream, Peer { certificate: certificate.map(Arc::new), binding: listening.binding }))
}

impl Connected for Connection {
    type ConnectInfo = Peer;

    fn connect_info(&self) -> Peer {
        self.peer.clone()
    }
}

impl AsyncRead for Connection {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.ends.as_mut().is_some_and(|ends| ends.as_mut().poll(cx).is_ready()) {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
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
