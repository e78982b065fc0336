//! One connection to the control plane: TCP or a proxy's tunnel, TLS 1.3, HTTP/2.

use crate::clock::{Clock, within};
use crate::error::Error;
use crate::proxy::{Rules, tunnel};
use hyper_util::rt::TokioIo;
use identity::tls::dates_at_fault;
use model::digest::Digest;
use model::section::MESSAGE_BYTES_MAX;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use std::fmt;
use std::io;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tonic::transport::{Channel, Endpoint};

/// To the end of the TLS handshake, name resolution and proxy included.
const CONNECT_LIMIT: Duration = Duration::from_secs(20);
/// Between two pings on a quiet connection: below the five minutes after which many firewalls forget one.
const PING: Duration = Duration::from_secs(240);
/// How long a ping may stay unanswered.
const PING_LIMIT: Duration = Duration::from_secs(20);
/// What the server may send unasked, a stream and a connection: an answer as large as they come, and two of them, so that a line is never
/// idle because a word that more may come is still on its way.
const STREAM_BYTES: u32 = 1024 * 1024;
const WINDOW_BYTES: u32 = 2 * 1024 * 1024;
/// The largest list of headers in an answer.
const HEADERS_BYTES_MAX: u32 = 8 * 1024;

/// Where the control plane is: `https://host[:port]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Server {
    pub(crate) host: String,
    pub(crate) port: u16,
}

impl FromStr for Server {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self, Error> {
        let bad = || Error::Server(text.chars().take(200).collect());
        let uri: http::Uri = text.trim().parse().map_err(|_| bad())?;
        let authority = uri.authority().ok_or_else(bad)?;
        let plain = uri.scheme_str() == Some("https") && matches!(uri.path(), "" | "/") && uri.query().is_none();
        let host = authority.host();
        if !plain || host.is_empty() || authority.as_str().contains('@') {
            return Err(bad());
        }
        // Where a port is written, it must be one: `port` passes over one that is out of range.
        let port = if authority.as_str() == host { Some(443) } else { authority.port_u16() };
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        Ok(Self { host, port: port.ok_or_else(bad)? })
    }
}

impl Server {
    /// As it stands in a request for a tunnel.
    pub(crate) fn authority(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "https://{}", self.authority())
    }
}

/// A connection in use.
#[derive(Clone, Debug)]
pub(crate) struct Connection {
    /// For the generated clients.
    pub(crate) channel: Channel,
    /// The digest of the server's certificate: the channel binding (tls-server-end-point, RFC 5929).
    pub(crate) server_certificate: Digest,
    /// The certificates that the server sent, its own first, DER.
    pub(crate) presented: Arc<[Vec<u8>]>,
}

/// Connects. The connection is one TLS session and never silently another, so that its binding stays true.
///
/// # Errors
/// [`Error::Unreachable`], [`Error::Proxy`], [`Error::Untrusted`] or [`Error::Dates`].
pub(crate) async fn connect(
    server: &Server,
    proxies: &Rules,
    tls: Arc<ClientConfig>,
    clock: &dyn Clock,
    random: u32,
) -> Result<Connection, Error> {
    let unreachable = |why: String| Error::Unreachable { target: server.to_string(), why };
    let stream = within(clock, CONNECT_LIMIT, tls_stream(server, proxies, tls)).await;
    let stream = stream.ok_or_else(|| unreachable(format!("no answer in {} s", CONNECT_LIMIT.as_secs())))??;
    let presented = stream.get_ref().1.peer_certificates().unwrap_or_default();
    let presented: Arc<[Vec<u8>]> = presented.iter().map(|der| der.to_vec()).collect();
    let server_certificate = Digest::of(presented.first().ok_or(Error::Answer("no certificate"))?);
    // 4 min ± 20 %, so that a school's devices do not ping in step.
    let ping = PING * 4 / 5 + agent_core::backoff::portion(PING * 2 / 5, random);
    let endpoint = Endpoint::from_shared(server.to_string())
        .map_err(|_| Error::Server(server.to_string()))?
        .initial_stream_window_size(STREAM_BYTES)
        .initial_connection_window_size(WINDOW_BYTES)
        .http2_max_header_list_size(HEADERS_BYTES_MAX)
        .buffer_size(4_usize)
        .http2_keep_alive_interval(ping)
        .keep_alive_timeout(PING_LIMIT)
        .keep_alive_while_idle(true);
    let mut once = Some(stream);
    let channel = endpoint.connect_with_connector(tower::service_fn(move |_: http::Uri| {
        let stream = once.take().map(TokioIo::new);
        std::future::ready(stream.ok_or_else(|| io::Error::from(io::ErrorKind::NotConnected)))
    }));
    let channel = within(clock, CONNECT_LIMIT, channel).await;
    let channel = channel.ok_or_else(|| unreachable("no HTTP/2".to_owned()))?.map_err(|e| match expired(&e) {
        Some(why) => Error::Dates { target: server.to_string(), why },
        None => unreachable(causes(&e)),
    })?;
    Ok(Connection { channel, server_certificate, presented })
}

/// The largest message either way.
#[must_use]
pub(crate) const fn message_limit() -> usize {
    MESSAGE_BYTES_MAX
}

/// A TLS connection, through the proxy that the rules name.
///
/// # Errors
/// [`Error::Unreachable`], [`Error::Proxy`], [`Error::Untrusted`] or [`Error::Dates`].
pub(crate) async fn tls_stream(
    server: &Server,
    proxies: &Rules,
    tls: Arc<ClientConfig>,
) -> Result<TlsStream<TcpStream>, Error> {
    let proxy = proxies.proxy_for(&server.host);
    let (host, port) = proxy.map_or((server.host.as_str(), server.port), |p| (p.host.as_str(), p.port));
    let target = proxy.map_or_else(|| server.to_string(), ToString::to_string);
    let unreachable = |e: io::Error| Error::Unreachable { target: target.clone(), why: e.to_string() };
    let mut stream = TcpStream::connect((host, port)).await.map_err(unreachable)?;
    stream.set_nodelay(true).map_err(unreachable)?;
    if let Some(proxy) = proxy {
        tunnel(&mut stream, proxy, &server.authority()).await?;
    }
    let name = ServerName::try_from(server.host.clone()).map_err(|_| Error::Server(server.to_string()))?;
    let connected = TlsConnector::from(tls).connect(name, stream).await;
    connected.map_err(|e| match e.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        Some(tls) if dates_at_fault(tls) => Error::Dates { target: server.to_string(), why: tls.to_string() },
        Some(tls @ rustls::Error::InvalidCertificate(_)) => {
            Error::Untrusted { target: server.to_string(), why: tls.to_string() }
        }
        Some(tls @ rustls::Error::AlertReceived(_)) => {
            Error::Unreachable { target: server.to_string(), why: format!("it refuses this device's TLS: {tls}") }
        }
        _ => Error::Unreachable { target: server.to_string(), why: e.to_string() },
    })
}

/// What the other end says, if it is that this device's certificate does not hold at its time.
///
/// In TLS 1.3 it looks at that certificate after the handshake, so the alert comes with the first call; between that and TLS lie
/// layers that hand on no more than its words.
fn expired(error: &dyn std::error::Error) -> Option<String> {
    let said = rustls::Error::AlertReceived(rustls::AlertDescription::CertificateExpired).to_string();
    causes(error).contains(&said).then_some(said)
}

/// An error with its sources, in one line.
pub(crate) fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        let said = source.to_string();
        if !text.ends_with(&said) {
            text.push_str(": ");
            text.push_str(&said);
        }
        next = source.source();
    }
    text
}

/// What a gRPC status means for the agent.
#[must_use]
pub(crate) fn status_error(server: &Server, status: &tonic::Status) -> Error {
    use tonic::Code;
    match status.code() {
        Code::Unavailable | Code::DeadlineExceeded | Code::Cancelled | Code::Unknown | Code::Aborted => {
            if let Some(why) = expired(status) {
                return Error::Dates { target: server.to_string(), why };
            }
            // With a source it is this side's report of a broken line, whose text is the library's affair.
            let cut = std::error::Error::source(status).is_some();
            let why = if cut { "the connection was cut".to_owned() } else { message(status) };
            tracing::debug!(status = %status, "the call failed");
            Error::Unreachable { target: server.to_string(), why }
        }
        // How tonic says that an answer is over the limit set above.
        Code::OutOfRange => Error::Answer("larger than the limit"),
        code => Error::Refused { code: code_name(code), message: message(status) },
    }
}

/// The server's words, cut: it is not trusted to be brief.
fn message(status: &tonic::Status) -> String {
    status.message().chars().filter(|c| !c.is_control()).take(400).collect()
}

const fn code_name(code: tonic::Code) -> &'static str {
    use tonic::Code;
    match code {
        Code::InvalidArgument => "invalid_argument",
        Code::NotFound => "not_found",
        Code::AlreadyExists => "already_exists",
        Code::PermissionDenied => "permission_denied",
        Code::Unauthenticated => "unauthenticated",
        Code::ResourceExhausted => "resource_exhausted",
        Code::FailedPrecondition => "failed_precondition",
        Code::Unimplemented => "unimplemented",
        Code::Internal => "internal",
        Code::DataLoss => "data_loss",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn server_addresses() {
        let read = |text: &str| text.parse::<Server>().map(|s| s.to_string());
        assert_eq!(read("https://cartable.example.fr:8443/").unwrap(), "https://cartable.example.fr:8443");
        assert_eq!(read("https://[::1]:9").unwrap(), "https://[::1]:9");
        assert_eq!(read("https://10.0.0.1").unwrap(), "https://10.0.0.1:443");
        for bad in
            ["", "x", "http://x:1", "https://", "https://x/path", "https://u@x", "https://x:99999", "https://x?y"]
        {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
