//! A web server that carries the repository's files: any will do, since it is not believed.
//!
//! HTTP/1.1 over TLS with one connection, kept while it lasts; pieces by `Range`. TLS hides from those between what a school reads.

use super::answer::{Said, said};
use super::{ANSWER_BYTES_MAX, Fetched, PIECES_MAX, Piece, Road, Source, SourceError};
use crate::clock::{Clock, within};
use crate::connect::{Server, causes, tls_stream};
use crate::error::Error;
use crate::proxy::Rules;
use async_trait::async_trait;
use bundle::item_is_plain;
use bytes::BytesMut;
use http::{Request, Response, header};
use hyper::body::{Body as _, Incoming};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::time_provider::TimeProvider;
use rustls::{ClientConfig, RootCertStore};
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;
use tonic::body::Body;

/// To the end of the TLS handshake, name resolution and proxy included.
const CONNECT_LIMIT: Duration = Duration::from_secs(20);
/// For one piece, of a mebibyte at most: below 9 kB/s another source is better.
const PIECE_LIMIT: Duration = Duration::from_secs(120);
/// The largest head of an answer, in bytes.
const HEAD_BYTES_MAX: usize = 16 << 10;

/// A mirror, with the connection to it.
#[derive(Debug)]
pub(crate) struct MirrorSource {
    server: Server,
    /// With a `/` at its end.
    path: String,
    proxies: Rules,
    tls: Arc<ClientConfig>,
    clock: Arc<dyn Clock>,
    line: Mutex<Option<SendRequest<Body>>>,
}

/// How mirrors are known: by the authorities in a file, else by those of the system.
///
/// # Errors
/// [`Error`] when the file holds none, or the system has none.
pub(crate) fn mirror_tls(roots: Option<&Path>, time: Arc<dyn TimeProvider>) -> Result<Arc<ClientConfig>, Error> {
    let mut store = RootCertStore::empty();
    let (certificates, place) = match roots {
        Some(path) => {
            let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
            (read.unwrap_or_default(), path)
        }
        None => (rustls_native_certs::load_native_certs().certs, Path::new("the system's certificates")),
    };
    store.add_parsable_certificates(certificates);
    if store.is_empty() {
        let source = std::io::Error::new(std::io::ErrorKind::InvalidData, "no certificate of an authority in it");
        return Err(Error::File { path: place.to_owned(), source });
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_details(provider, time).with_safe_default_protocol_versions();
    let config = config.map_err(|_| Error::Answer("no TLS"))?;
    Ok(Arc::new(config.with_root_certificates(store).with_no_client_auth()))
}

impl MirrorSource {
    /// The mirror at `https://host[:port]/path/`.
    ///
    /// # Errors
    /// [`Error::Server`] when that is no address of one.
    pub(crate) fn new(
        address: &str,
        proxies: Rules,
        tls: Arc<ClientConfig>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, Error> {
        let bad = || Error::Server(address.chars().take(200).collect());
        let uri: http::Uri = address.trim().parse().map_err(|_| bad())?;
        let authority = uri.authority().filter(|_| uri.query().is_none()).ok_or_else(bad)?;
        let server: Server = format!("{}://{authority}", uri.scheme_str().unwrap_or_default()).parse()?;
        let path = format!("{}/", uri.path().trim_end_matches('/'));
        Ok(Self { server, path, proxies, tls, clock, line: Mutex::default() })
    }

    async fn piece(&self, line: &mut Option<SendRequest<Body>>, piece: &Piece) -> Result<Fetched, SourceError> {
        let slow = || SourceError::Unreachable(format!("{}: no answer in {} s", self.server, PIECE_LIMIT.as_secs()));
        // A connection that was kept may have ended meanwhile, which shows only when it is used.
        let kept = line.as_ref().is_some_and(|line| !line.is_closed());
        if let (true, Some(sender)) = (kept, line.take()) {
            match within(&*self.clock, PIECE_LIMIT, self.asked(sender, piece, line)).await.ok_or_else(slow)? {
                Err(SourceError::Unreachable(_)) => {}
                answered => return answered,
            }
        }
        let sender = self.connected().await?;
        within(&*self.clock, PIECE_LIMIT, self.asked(sender, piece, line)).await.ok_or_else(slow)?
    }

    async fn connected(&self) -> Result<SendRequest<Body>, SourceError> {
        let unreachable = |why: String| SourceError::Unreachable(format!("{}: {why}", self.server));
        let stream = within(&*self.clock, CONNECT_LIMIT, tls_stream(&self.server, &self.proxies, self.tls.clone()));
        let stream = stream.await.ok_or_else(|| unreachable(format!("no answer in {} s", CONNECT_LIMIT.as_secs())))?;
        let stream = stream.map_err(|error| SourceError::Unreachable(error.to_string()))?;
        let mut builder = http1::Builder::new();
        builder.max_buf_size(HEAD_BYTES_MAX);
        let (sender, connection) =
            builder.handshake(TokioIo::new(stream)).await.map_err(|error| unreachable(causes(&error)))?;
        // Ends with the sender.
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "the connection to a mirror ended");
            }
        });
        Ok(sender)
    }

    /// Asks for a piece; the connection is kept only when the whole answer was read.
    async fn asked(
        &self,
        mut sender: SendRequest<Body>,
        piece: &Piece,
        line: &mut Option<SendRequest<Body>>,
    ) -> Result<Fetched, SourceError> {
        let unreachable =
            |error: hyper::Error| SourceError::Unreachable(format!("{}: {}", self.server, causes(&error)));
        let length = u64::from(piece.length).min(ANSWER_BYTES_MAX as u64);
        if length == 0 {
            return Err(SourceError::Refused("a piece of nothing".to_owned()));
        }
        let request = Request::get(format!("{}{}", self.path, piece.item))
            .header(header::HOST, self.server.authority())
            .header(header::ACCEPT_ENCODING, "identity")
            .header(header::RANGE, format!("bytes={}-{}", piece.offset, piece.offset.saturating_add(length - 1)))
            .body(Body::empty());
        let request = request.map_err(|error| SourceError::Refused(error.to_string()))?;
        sender.ready().await.map_err(unreachable)?;
        let response: Response<Incoming> = sender.send_request(request).await.map_err(unreachable)?;
        let (head, mut body) = response.into_parts();
        let said = said(head.status, &head.headers, piece.offset, length)?;
        let (size, expected) = match said {
            Said::Body { size, length } => (size, length),
            Said::End { size } => (size, 0),
            Said::Missing => (0, 0),
        };
        let mut read = BytesMut::new();
        while (read.len() as u64) < expected {
            let frame = std::future::poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await;
            let Some(frame) = frame.transpose().map_err(unreachable)? else { break };
            if let Ok(data) = frame.into_data() {
                read.extend_from_slice(&data);
            }
        }
        if (read.len() as u64) < expected {
            return Err(SourceError::Unreachable(format!("{}: the answer was cut", self.server)));
        }
        // What goes on beyond is not read: that connection is given up.
        if read.len() as u64 == expected && body.is_end_stream() {
            *line = Some(sender);
        }
        if said == Said::Missing {
            return Ok(Fetched::Missing);
        }
        read.truncate(usize::try_from(expected).unwrap_or(0));
        Ok(Fetched::Found { body: read.freeze(), size })
    }
}

#[async_trait]
impl Source for MirrorSource {
    fn road(&self) -> Road {
        Road::Mirror
    }

    async fn fetch(&self, pieces: &[Piece]) -> Result<Vec<Fetched>, SourceError> {
        if pieces.is_empty() || pieces.len() > PIECES_MAX || !pieces.iter().all(|piece| item_is_plain(&piece.item)) {
            return Err(SourceError::Refused("not files of a repository".to_owned()));
        }
        let mut line = self.line.lock().await;
        let (mut fetched, mut room) = (Vec::new(), ANSWER_BYTES_MAX);
        for piece in pieces {
            if !fetched.is_empty() && usize::try_from(piece.length).unwrap_or(usize::MAX) > room {
                break;
            }
            match self.piece(&mut line, piece).await {
                Ok(found) => {
                    if let Fetched::Found { body, .. } = &found {
                        room = room.saturating_sub(body.len());
                    }
                    fetched.push(found);
                }
                // What came is not lost; the next call meets the same again.
                Err(_) if !fetched.is_empty() => break,
                Err(error) => return Err(error),
            }
        }
        Ok(fetched)
    }
}

#[cfg(test)]
mod tests;
