//! Servers that speak TLS: one connection to each, made when it is needed and kept while it lasts.

use super::https;
use super::mark::{self, Mark};
use super::query::Query;
use super::tls;
use crate::error::Error;
use rustls::pki_types::ServerName;
use rustls::{CertificateError, ClientConfig};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::sync::Mutex;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// Ports of RFC 7858 and RFC 8484.
const TLS_PORT: u16 = 853;
const HTTPS_PORT: u16 = 443;
const HTTPS_ALPN: &[u8] = b"h2";

/// A server that speaks TLS, with its address: nobody is asked where it is.
#[derive(Clone)]
pub struct Server {
    address: SocketAddr,
    name: ServerName<'static>,
    /// Where it is asked, for one that speaks HTTP.
    url: Option<http::Uri>,
}

/// A server, and the connection to it.
pub(super) struct Line {
    server: Server,
    tls: TlsConnector,
    open: Mutex<Option<Open>>,
    /// Whether its certificate did not hold at the time when it was last met.
    dates: AtomicBool,
}

/// A connection that several questions share.
#[derive(Clone)]
enum Open {
    Tls(tls::Conversation),
    Https(https::Conversation),
}

impl Server {
    /// `tls://NAME[:PORT]` (RFC 7858) or `https://NAME[:PORT]/PATH` (RFC 8484), at an address.
    ///
    /// # Errors
    ///
    /// When the text is neither.
    pub fn new(url: &str, address: IpAddr) -> crate::Result<Self> {
        let bad = || Error::Server(url.chars().take(200).collect());
        let uri: http::Uri = url.trim().parse().map_err(|_| bad())?;
        let host = uri.host().ok_or_else(bad)?.trim_matches(['[', ']']);
        let name = ServerName::try_from(host.to_owned()).map_err(|_| bad())?;
        let (port, url) = match uri.scheme_str() {
            Some("tls") if matches!(uri.path(), "" | "/") && uri.query().is_none() => (TLS_PORT, None),
            Some("https") if uri.query().is_none() => (HTTPS_PORT, Some(uri.clone())),
            _ => return Err(bad()),
        };
        Ok(Self { address: SocketAddr::new(address, uri.port_u16().unwrap_or(port)), name, url })
    }
}

impl Line {
    pub(super) fn new(server: Server, tls: &ClientConfig) -> Self {
        let mut tls = tls.clone();
        tls.alpn_protocols = if server.url.is_some() { vec![HTTPS_ALPN.to_vec()] } else { Vec::new() };
        Self { server, tls: TlsConnector::from(Arc::new(tls)), open: Mutex::default(), dates: AtomicBool::new(false) }
    }

    /// Asks, over the connection that is there or a new one; each has its time.
    pub(super) async fn say(&self, query: &Query, patience: Duration, mark: Mark) -> Option<Vec<u8>> {
        let kept = self.open.lock().await.clone().filter(Open::lasts);
        if let Some(open) = kept {
            if let Ok(Ok(message)) = timeout(patience, open.ask(query)).await {
                return Some(message);
            }
            // It may have ended unseen, as when the machine slept or changed networks.
            self.open.lock().await.take_if(|one| one.same(&open));
        }
        // A handshake is large and rare: not every question carries room for one.
        let open = timeout(patience, Box::pin(self.connected(mark))).await.ok()?.ok()?;
        timeout(patience, open.ask(query)).await.ok()?.ok()
    }

    /// The connection that another made meanwhile, or a new one.
    async fn connected(&self, mark: Mark) -> io::Result<Open> {
        let mut slot = self.open.lock().await;
        if let Some(open) = slot.as_ref().filter(|open| open.lasts()) {
            return Ok(open.clone());
        }
        let stream = self.stream(mark).await?;
        let open = match &self.server.url {
            None => Open::Tls(tls::Conversation::new(stream)),
            Some(url) => Open::Https(https::Conversation::new(stream, url.clone()).await?),
        };
        *slot = Some(open.clone());
        Ok(open)
    }

    async fn stream(&self, mark: Mark) -> io::Result<TlsStream<TcpStream>> {
        let stream = mark::connected(self.server.address, mark).await?;
        stream.set_nodelay(true)?;
        let stream = self.tls.connect(self.server.name.clone(), stream).await;
        self.dates.store(stream.as_ref().is_err_and(dates_at_fault), Ordering::Relaxed);
        stream
    }

    /// Whether its certificate did not hold at the time when it was last met: one of the two clocks is wrong.
    pub(super) fn dates_at_fault(&self) -> bool {
        self.dates.load(Ordering::Relaxed)
    }
}

fn dates_at_fault(error: &io::Error) -> bool {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    matches!(
        inner,
        Some(rustls::Error::InvalidCertificate(
            CertificateError::Expired
                | CertificateError::ExpiredContext { .. }
                | CertificateError::NotValidYet
                | CertificateError::NotValidYetContext { .. },
        ))
    )
}

impl Open {
    async fn ask(&self, query: &Query) -> io::Result<Vec<u8>> {
        match self {
            Self::Tls(conversation) => conversation.ask(query).await,
            Self::Https(conversation) => conversation.ask(query).await,
        }
    }

    fn lasts(&self) -> bool {
        match self {
            Self::Tls(conversation) => conversation.lasts(),
            Self::Https(conversation) => conversation.lasts(),
        }
    }

    fn same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Tls(one), Self::Tls(other)) => one.same(other),
            (Self::Https(one), Self::Https(other)) => one.same(other),
            _ => false,
        }
    }
}
