//! Connections that are begun and never come to a call.

use super::ground::{Crowded, Ground, Seen};
use crate::swarm::device::Device;
use crate::swarm::latency::Latencies;
use crate::swarm::line::address_of;
use crate::swarm::world::World;
use identity::tls;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection};
use std::io;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};
use tokio_rustls::TlsConnector;

/// The greeting of HTTP/2, with settings that say nothing (RFC 9113, 3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00";
/// Far longer than the server lets anybody say nothing.
const CLOSED_MAX: Duration = Duration::from_secs(90);
/// The same for one of which the server may know nothing.
const UNKNOWN_AFTER: Duration = Duration::from_secs(30);

/// How far each comes.
#[derive(Clone, Copy, Debug)]
enum Until {
    /// TCP alone.
    Connected,
    /// Half a greeting of TLS.
    Half,
    /// A greeting of TLS, and silence.
    Greeted,
    /// TLS with a device's certificate, the greeting of HTTP/2, and no call.
    Agreed,
}

/// What came of them.
#[derive(Clone, Debug)]
pub struct HalfOpen {
    /// How many there were.
    pub opened: u64,
    /// How long it took the server to close each.
    pub closed: Latencies,
    /// What others saw, and what is left.
    pub seen: Seen,
}

/// Opens so many at once, in four ways, and waits until the server has closed each.
///
/// # Errors
/// Why not, as text; one that is not closed, too.
pub async fn half_open(ground: &mut Ground, count: u64, crowded: Crowded) -> Result<HalfOpen, String> {
    let names = ground.world.devices.iter().take(usize::try_from(count.div_ceil(4)).unwrap_or(usize::MAX));
    let names: Vec<_> = names.map(config).collect::<Result<_, String>>()?;
    let act = async |world: &mut World, _: &mut Vec<_>| {
        let port = world.crowd.road.port;
        let mut all = JoinSet::new();
        for nth in 0..count {
            let until = [Until::Connected, Until::Half, Until::Greeted, Until::Agreed][(nth % 4) as usize];
            let config = Arc::clone(names.get((nth / 4) as usize % names.len().max(1)).ok_or("there is no device")?);
            all.spawn(async move { closed(until, nth, port, config).await.map_err(|why| format!("{until:?}: {why}")) });
        }
        let mut closed = Latencies::default();
        while let Some(done) = all.join_next().await {
            closed.note(done.map_err(|error| error.to_string())??);
            world.crowd.shown.done(closed.count() as u64);
        }
        Ok(closed)
    };
    let (closed, seen) = ground.under("half-open connections", crowded, act).await?;
    Ok(HalfOpen { opened: count, closed, seen })
}

/// The settings of a device, of which the crowd knows nothing.
fn config(device: &Device) -> Result<Arc<ClientConfig>, String> {
    let (own, root) = (&device.own, device.own.chain.last().ok_or("no root")?);
    let config = tls::client(root, own.chain.clone(), &own.key_pem, tls::system_time());
    config.map(Arc::new).map_err(|error| error.to_string())
}

/// Opens one, and says how long it took the server to close it.
async fn closed(until: Until, nth: u64, port: u16, config: Arc<ClientConfig>) -> Result<Duration, String> {
    let mut tcp = connected(nth, port).await.map_err(|error| format!("not opened: {error}"))?;
    let name = ServerName::try_from("localhost").map_err(|error| error.to_string())?;
    let began = Instant::now();
    match until {
        Until::Connected => {
            // What no queue had room for stands at this end alone, until it is used: the system then says so.
            let mut known = [0; 1];
            if timeout(UNKNOWN_AFTER, tcp.read(&mut known)).await.is_err() {
                let _ = tcp.write_all(&[0]).await;
                ended(&mut tcp).await?;
            }
        }
        Until::Half | Until::Greeted => {
            let mut greeting = Vec::new();
            let mut client = ClientConnection::new(config, name).map_err(|error| error.to_string())?;
            client.write_tls(&mut greeting).map_err(|error| error.to_string())?;
            let length = if matches!(until, Until::Half) { greeting.len() / 2 } else { greeting.len() };
            // Who is in the way of others may be closed at once.
            let _ = tcp.write_all(&greeting[..length]).await;
            ended(&mut tcp).await?;
        }
        Until::Agreed => {
            let mut stream =
                TlsConnector::from(config).connect(name, tcp).await.map_err(|error| format!("no TLS: {error}"))?;
            let _ = stream.write_all(PREFACE).await;
            ended(&mut stream).await?;
        }
    }
    Ok(began.elapsed())
}

async fn connected(nth: u64, port: u16) -> io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.bind((address_of(nth), 0).into())?;
    socket.connect((Ipv4Addr::LOCALHOST, port).into()).await
}

/// Reads what comes until the server ends it.
async fn ended(stream: &mut (impl AsyncRead + Unpin)) -> Result<(), String> {
    let mut buffer = [0; 1024];
    let read = async { while matches!(stream.read(&mut buffer).await, Ok(1..)) {} };
    timeout(CLOSED_MAX, read).await.map_err(|_| format!("still open after {} s", CLOSED_MAX.as_secs()))
}
