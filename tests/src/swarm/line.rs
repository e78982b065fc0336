//! A device's line: TCP from an address of its own, TLS 1.3, HTTP/2, all as the agent has them, with its bytes counted.

use hyper_util::rt::TokioIo;
use model::section::MESSAGE_BYTES_MAX;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, HandshakeKind};
use std::io;
use std::net::Ipv4Addr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpSocket, TcpStream};
use tokio_rustls::TlsConnector;
use tonic::transport::{Channel, Endpoint};
use wire::v1::device_client::DeviceClient;

/// To the end of the handshake, as the agent has it.
const CONNECT_LIMIT: Duration = Duration::from_secs(20);
/// As the agent pings a quiet line (agent/daemon/src/connect.rs).
pub const PING: Duration = Duration::from_secs(240);
const PING_LIMIT: Duration = Duration::from_secs(20);
const STREAM_BYTES: u32 = 1024 * 1024;
const WINDOW_BYTES: u32 = 2 * 1024 * 1024;
const HEADERS_BYTES_MAX: u32 = 8 * 1024;
/// Devices behind one address: a school is one.
const SCHOOL: u64 = 40;

/// Bytes that TCP has carried, both ways: TLS is in them, the headers of IP and TCP are not.
#[derive(Debug, Default)]
pub struct Traffic(AtomicU64);

impl Traffic {
    /// So far.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// The way to the server.
#[derive(Clone, Debug)]
pub struct Road {
    /// The server's port on loopback.
    pub port: u16,
    /// What is counted.
    pub traffic: Arc<Traffic>,
    /// Between two pings on a quiet line.
    pub ping: Duration,
}

/// A line that stands.
pub struct Line {
    /// HTTP/2 over it.
    pub channel: Channel,
    /// How both sides came to agree.
    pub kind: HandshakeKind,
    /// The server's certificate, DER.
    pub server: Vec<u8>,
}

impl Line {
    /// A client of the device service, with the agent's limits.
    #[must_use]
    pub fn client(&self) -> DeviceClient<Channel> {
        DeviceClient::new(self.channel.clone())
            .max_decoding_message_size(MESSAGE_BYTES_MAX)
            .max_encoding_message_size(MESSAGE_BYTES_MAX)
    }
}

/// From where the nth device calls: one address of 127.0.0.0/8 a school, none of them the server's own.
#[must_use]
pub fn address_of(nth: u64) -> Ipv4Addr {
    let school = u32::try_from((nth / SCHOOL) % 0xFE_0000).unwrap_or(0);
    Ipv4Addr::from_bits(Ipv4Addr::new(127, 1, 0, 0).to_bits() + school)
}

impl Road {
    /// Connects the nth device with these settings; used again, they resume a session.
    ///
    /// # Errors
    /// Why not, as text.
    pub async fn connect(&self, nth: u64, tls: &Arc<ClientConfig>, random: u32) -> Result<Line, String> {
        let stream = tokio::time::timeout(CONNECT_LIMIT, self.stream(nth, tls)).await;
        let stream = stream.map_err(|_| "no line within 20 s".to_owned())?.map_err(|error| words(&error))?;
        let about = stream.get_ref().1;
        let kind = about.handshake_kind().ok_or("no handshake")?;
        let server = about.peer_certificates().and_then(<[_]>::first).map(|leaf| leaf.to_vec()).unwrap_or_default();
        let ping = self.ping * 4 / 5 + agent_core::backoff::portion(self.ping * 2 / 5, random);
        let endpoint = Endpoint::from_static("http://localhost")
            .initial_stream_window_size(STREAM_BYTES)
            .initial_connection_window_size(WINDOW_BYTES)
            .http2_max_header_list_size(HEADERS_BYTES_MAX)
            .buffer_size(4_usize)
            .http2_keep_alive_interval(ping)
            .keep_alive_timeout(PING_LIMIT)
            .keep_alive_while_idle(true);
        let mut once = Some(TokioIo::new(stream));
        let connect = tower::service_fn(move |_: http::Uri| {
            std::future::ready(once.take().ok_or_else(|| io::Error::from(io::ErrorKind::NotConnected)))
        });
        let channel = endpoint.connect_with_connector(connect).await.map_err(|error| words(&error))?;
        Ok(Line { channel, kind, server })
    }

    async fn stream(&self, nth: u64, tls: &Arc<ClientConfig>) -> io::Result<tokio_rustls::client::TlsStream<Counted>> {
        let socket = TcpSocket::new_v4()?;
        socket.set_reuseaddr(true)?;
        socket.bind((address_of(nth), 0).into())?;
        let tcp = socket.connect((Ipv4Addr::LOCALHOST, self.port).into()).await?;
        tcp.set_nodelay(true)?;
        let name = ServerName::try_from("localhost").map_err(io::Error::other)?;
        TlsConnector::from(Arc::clone(tls)).connect(name, Counted { tcp, traffic: Arc::clone(&self.traffic) }).await
    }
}

/// An error with its causes.
pub(super) fn words(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        text = format!("{text}: {next}");
        cause = next.source();
    }
    text
}

/// A TCP connection whose bytes are counted.
struct Counted {
    tcp: TcpStream,
    traffic: Arc<Traffic>,
}

impl AsyncRead for Counted {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.tcp).poll_read(cx, buf))?;
        self.traffic.0.fetch_add((buf.filled().len() - before) as u64, Ordering::Relaxed);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Counted {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.tcp).poll_write(cx, buf))?;
        self.traffic.0.fetch_add(written as u64, Ordering::Relaxed);
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn each_school_has_its_address_and_none_is_the_servers() {
        let all: BTreeSet<Ipv4Addr> = (0..20_000).map(address_of).collect();
        assert_eq!(all.len(), 500);
        assert!(all.iter().all(|address| address.is_loopback() && *address != Ipv4Addr::LOCALHOST));
        assert!(address_of(u64::MAX).is_loopback());
    }
}
