//! A wave of callers with certificates that are wrong.

use super::ground::{Crowded, Ground, Seen};
use crate::swarm::line::address_of;
use crate::swarm::world::World;
use controlplane::clock::{Clock, SystemClock};
use identity::caller::Caller;
use identity::csr::{key_make, request_make};
use identity::issue::{Authority, chain_of_pem, root_make};
use identity::tls;
use model::id::{DeviceId, TerritoryId};
use model::time::Timestamp;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use std::collections::BTreeMap;
use std::io;
use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::net::TcpSocket;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

/// Callers at a time.
const AT_A_TIME: usize = 128;
/// Certificates of each kind: they are shown over and over.
const OF_A_KIND: u64 = 50;
/// Certificates of devices last thirty days.
const LONG_AGO: Duration = Duration::from_secs(60 * 86_400);
const ANSWER_MAX: Duration = Duration::from_secs(60);

/// What came of the wave.
#[derive(Clone, Debug)]
pub struct Refused {
    /// How many called.
    pub called: u64,
    /// What they were told, how often.
    pub said: BTreeMap<String, u64>,
    /// What others saw, and what is left.
    pub seen: Seen,
}

/// Lets so many call with a certificate of another authority, one that has ended, or one that they signed themselves.
///
/// # Errors
/// Why not, as text; one that is let in, too.
pub async fn certificates(ground: &mut Ground, count: u64, crowded: Crowded) -> Result<Refused, String> {
    let root = ground.world.devices.first().and_then(|device| device.own.chain.last().cloned()).ok_or("no device")?;
    let data = ground.world.place.server.data.clone();
    let wrong = tokio::task::spawn_blocking(move || wrong(&data, &root)).await.map_err(|error| error.to_string())??;
    let act = async |world: &mut World, _: &mut Vec<_>| {
        let port = world.crowd.road.port;
        let callers = (0..count).map(|nth| {
            let (kind, config) = &wrong[usize::try_from(nth).unwrap_or_default() % wrong.len()];
            (nth, *kind, Arc::clone(config))
        });
        let told =
            crate::swarm::crowd::each(&world.crowd, AT_A_TIME, callers.collect(), |(nth, kind, config)| async move {
                refused(nth, port, config)
                    .await
                    .map(|said| format!("{kind}: {said}"))
                    .map_err(|why| format!("{kind}: {why}"))
            });
        let mut said: BTreeMap<String, u64> = BTreeMap::new();
        told.await?.into_iter().for_each(|told| *said.entry(told).or_default() += 1);
        Ok(said)
    };
    let (said, seen) = ground.under("wrong certificates", crowded, act).await?;
    Ok(Refused { called: count, said, seen })
}

/// One of each kind after the other.
fn wrong(data: &Path, root: &[u8]) -> Result<Vec<(&'static str, Arc<ClientConfig>)>, String> {
    let text = |error: &dyn std::error::Error| error.to_string();
    let territory: TerritoryId = "doubs".parse().map_err(|_| "no territory")?;
    let now = SystemClock.now();
    let long_ago = Timestamp::from_unix_millis(now.unix_millis() - i64::try_from(LONG_AGO.as_millis()).unwrap_or(0));
    let read = |file: &str| std::fs::read_to_string(data.join("ca").join(file)).map_err(|error| error.to_string());
    let chain = chain_of_pem(&read("intermediate.pem")?).map_err(|e| text(&e))?;
    let own = Authority::new(&read("intermediate.key")?, chain).map_err(|e| text(&e))?;
    let other = root_make("doubs", now).map_err(|e| text(&e))?;
    let other = Authority::new(&other.key_pem, other.chain).map_err(|e| text(&e))?;
    let mut all = Vec::new();
    for nth in 0..OF_A_KIND {
        let key = key_make().map_err(|e| text(&e))?;
        let request = request_make(&key).map_err(|e| text(&e))?;
        let device = DeviceId::new(now, [u8::try_from(nth).unwrap_or_default(); 10]);
        let caller = Caller::Device { territory: territory.clone(), device };
        let issued = |authority: &Authority, at| authority.device_issue(&request, &caller, at, 1, [7; 16]);
        let own_signed = root_make("doubs", now).map_err(|e| text(&e))?;
        let kinds = [
            ("of another authority", issued(&other, now).map_err(|e| text(&e))?, key.clone()),
            ("ended", issued(&own, long_ago).map_err(|e| text(&e))?, key.clone()),
            ("signed by itself", own_signed.chain, own_signed.key_pem),
        ];
        for (kind, chain, key) in kinds {
            let config = tls::client(root, chain, &key, tls::system_time()).map_err(|e| text(&e))?;
            all.push((kind, Arc::new(config)));
        }
    }
    Ok(all)
}

/// Calls, and gives what the server says; who is let in has something to read forever.
async fn refused(nth: u64, port: u16, config: Arc<ClientConfig>) -> Result<String, String> {
    let call = async {
        let socket = TcpSocket::new_v4()?;
        socket.bind((address_of(nth), 0).into())?;
        let tcp = socket.connect((Ipv4Addr::LOCALHOST, port).into()).await?;
        let name = ServerName::try_from("localhost").map_err(io::Error::other)?;
        let mut stream = TlsConnector::from(config).connect(name, tcp).await?;
        // To this side the handshake is over before the other has looked at the certificate.
        stream.read(&mut [0; 64]).await
    };
    match timeout(ANSWER_MAX, call).await {
        Ok(Ok(0)) => Ok("closed".to_owned()),
        Ok(Ok(_)) => Err("it was let in".to_owned()),
        Ok(Err(error)) => Ok(error.to_string()),
        Err(_) => Err("neither let in nor refused".to_owned()),
    }
}
