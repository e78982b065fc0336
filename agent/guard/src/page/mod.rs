//! The local page: why a site is closed, and what its user may do about it.
//!
//! A closed name leads here where it is asked for by plain HTTP; a bookmark and a notice lead here otherwise. It has no script, sets no cookie,
//! stores nothing and logs no name: what a user asks for goes to who owns it ([`Told`]), because that user pressed a button.

mod answer;
mod form;
mod html;
mod who;

use crate::GuardError;
use answer::{Site, answer};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use who::Ends;

/// The name of the page. Browsers find it on loopback without asking (RFC 6761, section 6.3).
pub const NAME: &str = "cartable.localhost";
/// The page.
pub const LINK: &str = "http://cartable.localhost/";
/// Connections at a time; further ones wait.
const CONNECTIONS_MAX: usize = 64;
/// One that takes longer is given up: nobody keeps a place for ever.
const CONNECTION_MAX: Duration = Duration::from_secs(10);
const HEADER_MAX: Duration = Duration::from_secs(5);
/// The longest request without its body, in bytes; also its headers at most.
const HEADER_BYTES_MAX: usize = 16 << 10;
const HEADERS_MAX: usize = 64;
/// After an error of accept (such as too many open files), wait so long.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Who knows why, and takes what is asked.
pub trait Told: Send + Sync + 'static {
    /// Why a name is closed, as far as that is known; asked with lower case and without a last dot.
    fn why(&self, name: &str) -> Why;

    /// Takes what a user asks: which one, as far as the kernel knows, so that none takes the room of all.
    ///
    /// # Errors
    /// [`Refused`], which the page says in words.
    fn ask(&self, kind: Kind, name: &str, user: Option<u32>) -> Result<(), Refused>;

    /// Whom a user may ask; may be empty.
    fn contact(&self) -> String;
}

/// Why a name is closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// It is not.
    Open,
    /// It is listed under this.
    Category(Label),
    /// The school or the owner named it.
    Named,
    /// Only some names are open during this lesson.
    Lesson,
    /// Only some names are open during this exam.
    Exam,
    /// Only some names are open on this device.
    OnlyOpen,
    /// It is, and more is not known.
    Closed,
}

/// A category in the words of its list.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say what they are")]
pub struct Label {
    pub fr: String,
    pub en: String,
}

/// What a user asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// That a closed name be opened.
    Unblock,
    /// That somebody look at a name which is open.
    Report,
}

/// Why it is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// It is no name.
    Name,
    /// So much waits already that no more is taken.
    Many,
    /// It cannot be kept now.
    Fault,
}

/// The page, listening.
pub struct Page {
    listeners: Vec<TcpListener>,
    site: Arc<Site>,
}

impl Page {
    /// Listens, on port 80 of both loopback addresses in real life; one of IPv6 that the machine does not have is left out.
    ///
    /// # Errors
    /// [`GuardError::File`], which names the address that cannot be had, or the one that was left out where none is left.
    pub async fn bind(addresses: &[SocketAddr], told: Arc<dyn Told>) -> Result<Self, GuardError> {
        let mut listeners = Vec::new();
        let mut left_out = None;
        for address in addresses {
            let named = |error| GuardError::File { path: address.to_string(), error };
            match TcpListener::bind(address).await {
                Ok(listener) => listeners.push(listener),
                Err(error) if address.is_ipv6() && absent(&error) => {
                    tracing::info!(%address, "no such address on this machine: left out");
                    left_out = Some(named(error));
                }
                Err(error) => return Err(named(error)),
            }
        }
        if let Some(error) = left_out.filter(|_| listeners.is_empty()) {
            return Err(error);
        }
        let port = listeners.first().and_then(|listener| listener.local_addr().ok()).map_or(80, |at| at.port());
        Ok(Self { listeners, site: Arc::new(Site::new(told, port)) })
    }

    /// Where it listens.
    #[must_use]
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.listeners.iter().filter_map(|listener| listener.local_addr().ok()).collect()
    }

    /// Answers until it is dropped.
    pub async fn serve(self) {
        let room = Arc::new(Semaphore::new(CONNECTIONS_MAX));
        let mut doors = JoinSet::new();
        for listener in self.listeners {
            doors.spawn(accept(listener, Arc::clone(&room), Arc::clone(&self.site)));
        }
        while doors.join_next().await.is_some() {}
    }
}

impl std::fmt::Debug for Page {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Page").field("listeners", &self.listeners).finish_non_exhaustive()
    }
}

fn absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::AddrNotAvailable | io::ErrorKind::Unsupported)
}

async fn accept(listener: TcpListener, room: Arc<Semaphore>, site: Arc<Site>) {
    loop {
        let Ok(place) = Arc::clone(&room).acquire_owned().await else { return };
        match listener.accept().await {
            Ok((tcp, peer)) => {
                let site = Arc::clone(&site);
                tokio::spawn(async move {
                    // What goes wrong concerns its caller only, and nobody else is told.
                    let _ = tokio::time::timeout(CONNECTION_MAX, connection(tcp, peer, &site)).await;
                    drop(place);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "accept failed for the local page");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

async fn connection(tcp: TcpStream, peer: SocketAddr, site: &Site) {
    let Ok(own) = tcp.local_addr() else { return };
    let ends = Ends { peer, own };
    let service = service_fn(|request| async move { Ok::<_, Infallible>(answer(site, ends, request).await) });
    let served = http1::Builder::new()
        .keep_alive(false)
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_MAX)
        .max_headers(HEADERS_MAX)
        .max_buf_size(HEADER_BYTES_MAX)
        .serve_connection(TokioIo::new(tcp), service);
    let _ = served.await;
}

#[cfg(test)]
mod tests;
