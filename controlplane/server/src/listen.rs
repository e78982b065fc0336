//! The listener: bounded handshakes in their own tasks, so that a slow or hostile one holds up nobody.

use crate::caller::Peer;
use crate::clock::Clock;
use crate::connection::{Connection, Room};
use crate::keys::Keys;
use crate::load::Load;
use crate::memory::Memory;
use crate::metrics::{Handshake, Metrics};
use crate::pace::{Pace, Paced};
use crate::places::Places;
use identity::caller::{Caller, certificate_read};
use model::id::DeviceId;
use rustls::server::Acceptor;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch};
use tokio_rustls::LazyConfigAcceptor;
use tokio_rustls::server::TlsStream;

/// Who has not said what it wants to speak by then, or waits for its turn longer, is given up.
const HANDSHAKE_MAX: Duration = Duration::from_secs(10);
/// A handshake that has its turn and takes longer is given up.
const TURN_MAX: Duration = Duration::from_secs(3);
/// Callers without a certificate are here to enrol: so many at a time.
const STRANGERS_MAX: usize = 256;
/// Connections of one device: the one it uses, and lost ones that the server does not know to be lost yet.
const DEVICE_MAX: usize = 4;
/// The part of all connections that may be silent, having sent no greeting yet.
const SILENT_PART: usize = 4;
/// After an error of accept (such as too many open files), wait so long.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// What all handshakes share.
struct Door {
    keys: Arc<Keys>,
    clock: Arc<dyn Clock>,
    metrics: Arc<Metrics>,
    load: Arc<Load>,
    busy: Semaphore,
    memory: Memory,
    silent: Arc<Places<()>>,
    strangers: Arc<Places<()>>,
    devices: Arc<Places<DeviceId>>,
}

/// Accepts connections until told to stop; those ready come out of the channel.
pub(crate) async fn accept(
    listener: TcpListener,
    keys: Arc<Keys>,
    (connections, handshakes): (usize, usize),
    (metrics, load, clock): (Arc<Metrics>, Arc<Load>, Arc<dyn Clock>),
    ready: mpsc::Sender<Connection>,
    mut stop: watch::Receiver<bool>,
) {
    let room = Arc::new(Semaphore::new(connections));
    let door = Arc::new(Door {
        keys,
        clock,
        metrics,
        load,
        busy: Semaphore::new(handshakes),
        memory: Memory::read(),
        silent: Places::new(connections / SILENT_PART),
        strangers: Places::new(STRANGERS_MAX),
        devices: Places::new(DEVICE_MAX),
    });
    loop {
        let accepted = tokio::select! {
            accepted = next(&listener, &room) => accepted,
            _ = stop.wait_for(|stopped| *stopped) => return,
        };
        let Some((tcp, room)) = accepted else {
            tokio::time::sleep(ACCEPT_PAUSE).await;
            continue;
        };
        let (door, ready) = (Arc::clone(&door), ready.clone());
        tokio::spawn(async move {
            // Waiting for a place and the handshake itself both count: a queue nobody waits in cannot grow old.
            let shaken = tokio::time::timeout(HANDSHAKE_MAX, door.admit(tcp, room)).await;
            let shaken = shaken.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
            door.metrics.handshake(match &shaken {
                Ok(_) => Handshake::Done,
                Err(error) if error.kind() == io::ErrorKind::TimedOut => Handshake::TimedOut,
                Err(error) if error.kind() == io::ErrorKind::QuotaExceeded => Handshake::Crowded,
                Err(_) => Handshake::Failed,
            });
            match shaken {
                Ok(connection) => {
                    let _ = ready.send(connection).await;
                }
                Err(error) => tracing::debug!(%error, "a handshake failed"),
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

impl Door {
    /// The handshake, and the place of whoever it turns out to be.
    ///
    /// # Errors
    /// `TimedOut`, `QuotaExceeded` for one more than there is room for, or what TLS says.
    async fn admit(&self, tcp: TcpStream, connection: OwnedSemaphorePermit) -> io::Result<Connection> {
        let (mut stream, peer) = self.handshake(tcp).await?;
        let mut room = Room { _connection: connection, stranger: None, device: None };
        match peer.certificate.as_deref().map(|certificate| &certificate.caller) {
            None => {
                // The oldest gives way: who comes to enrol or to find back needs a moment, who means harm stays.
                room.stranger = Some(self.strangers.take(()));
            }
            Some(Caller::Device { device, .. }) => {
                stream.get_mut().0.known(Pace::Device);
                room.device = Some(self.devices.take(*device));
            }
            Some(Caller::Operator { .. }) => stream.get_mut().0.known(Pace::Staff),
        }
        Ok(Connection::new(stream, peer, room, self.metrics.open()))
    }

    async fn handshake(&self, tcp: TcpStream) -> io::Result<(TlsStream<Paced>, Peer)> {
        tcp.set_nodelay(true)?;
        // Before a greeting nothing is computed: who is silent takes nobody's turn.
        let mut silent = self.silent.take(());
        let hello = tokio::select! {
            hello = LazyConfigAcceptor::new(Acceptor::default(), Paced::new(tcp, Arc::clone(&self.clock))) => hello?,
            () = silent.lost() => {
                return Err(io::Error::new(io::ErrorKind::QuotaExceeded, "too many callers who say nothing"));
            }
        };
        drop(silent);
        let waiting = self.load.waiting();
        let _turn = self.busy.acquire().await.map_err(io::Error::other)?;
        drop(waiting);
        if !self.memory.fits(self.metrics.connections()) {
            return Err(io::Error::new(io::ErrorKind::QuotaExceeded, "too little memory for one more"));
        }
        let listening = self.keys.listening();
        let shaken = tokio::time::timeout(TURN_MAX, hello.into_stream(Arc::clone(&listening.config)));
        let stream = shaken.await.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
        let leaf = stream.get_ref().1.peer_certificates().and_then(<[_]>::first);
        let certificate = leaf.map(|c| certificate_read(c)).transpose().map_err(io::Error::other)?;
        Ok((stream, Peer::new(certificate, listening.binding)))
    }
}
