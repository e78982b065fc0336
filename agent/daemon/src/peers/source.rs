//! Another device of the school, as a source of files.

use super::pass::{Met, Pass, Side};
use super::serve::HELLO_LIMIT;
use super::shelf::HELD;
use crate::clock::{Clock, within};
use crate::frame;
use crate::source::{ANSWER_BYTES_MAX, Fetched, Piece, Road, Source, SourceError};
use agent_core::site::{Asked, judge};
use async_trait::async_trait;
use model::signed::Signed;
use model::site::{Nonce, PROOF_BYTES_MAX, SiteProof, site_item};
use prost::Message;
use rustls::pki_types::ServerName;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::sync::{Mutex, watch};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use wire::convert::site_proof_decode;
use wire::v1::{Envelope, FetchRequest, FetchResponse, FilePiece};

/// The largest answer with what stands around its bytes.
const MESSAGE_BYTES_MAX: usize = ANSWER_BYTES_MAX + (64 << 10);
/// How long an answer may take: on a local network that is plenty, and a device that sleeps costs no more.
pub(super) const ANSWER_LIMIT: Duration = Duration::from_secs(30);
/// A device that has too much to do is asked again after this.
const BUSY: Duration = Duration::from_secs(10);

/// A device at an address.
#[derive(Debug)]
pub(crate) struct PeerSource {
    address: SocketAddr,
    clock: Arc<dyn Clock>,
    pass: watch::Receiver<Option<Arc<Pass>>>,
    /// The connection that stands. While it is used nobody else has it, so one that was left in the middle is closed.
    line: Mutex<Option<Line>>,
    /// Another for what is answered at once, which must not wait behind megabytes.
    short_line: Mutex<Option<Line>>,
}

/// A connection, and whom it leads to.
#[derive(Debug)]
struct Line {
    stream: TlsStream<TcpStream>,
    met: Met,
}

impl PeerSource {
    pub(super) fn new(address: SocketAddr, clock: Arc<dyn Clock>, pass: watch::Receiver<Option<Arc<Pass>>>) -> Self {
        Self { address, clock, pass, line: Mutex::default(), short_line: Mutex::default() }
    }

    pub(super) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Asks for the word of a site node that this device is beside it, over a connection of which it is known who is at its other end.
    ///
    /// # Errors
    /// [`SourceError`] when it gives none, or one that proves nothing.
    pub(super) async fn proof(&self) -> Result<(), SourceError> {
        let pass = self.pass.borrow().clone().ok_or_else(|| SourceError::Unreachable("no ticket".to_owned()))?;
        let nonce: Nonce = rand::random();
        let length = u32::try_from(PROOF_BYTES_MAX).unwrap_or(u32::MAX);
        let pieces = [Piece { item: site_item(&nonce), offset: 0, length }];
        let mut kept = self.short_line.lock().await;
        // Who was met with a ticket that is over is met anew.
        *kept = kept.take().filter(|line| pass.time.now() < line.met.until);
        let answer = self.exchanged(&mut kept, &pieces).await?;
        // Let go of at once: at a site node a whole school waits for its turn.
        let line = kept.take().ok_or_else(|| SourceError::Unreachable("the line was cut".to_owned()))?;
        let said = match judged(&pieces, answer)?.pop() {
            Some(Fetched::Found { body, .. }) => body,
            _ => return Err(SourceError::Refused("it gives no word".to_owned())),
        };
        let refused = |error: &dyn std::fmt::Display| SourceError::Refused(error.to_string());
        let envelope = Envelope::decode(said).map_err(|error| refused(&error))?;
        let signed = Signed::<SiteProof>::try_from(envelope).map_err(|error| refused(&error))?;
        let bytes = signed.bytes_of(&line.met.key).map_err(|error| refused(&error))?;
        let proof = site_proof_decode(bytes).map_err(|error| refused(&error))?;
        let asked =
            Asked { school: pass.own.ticket.school, nonce, node: line.met.device, site_node: line.met.site_node };
        judge(&proof, &asked, pass.time.now()).map_err(|error| refused(&error))
    }

    async fn connected(&self) -> io::Result<Line> {
        let pass = self.pass.borrow().clone().ok_or(ErrorKind::NotConnected)?;
        let name = ServerName::try_from(identity::peer::NAME).map_err(io::Error::other)?;
        let tcp = TcpStream::connect(self.address).await?;
        let _ = tcp.set_nodelay(true);
        let mut stream = TlsConnector::from(Arc::clone(&pass.ends.connecting)).connect(name, tcp).await?;
        let certificate = stream.get_ref().1.peer_certificates().and_then(<[_]>::first).map(|own| own.to_vec());
        let met = pass.met(&mut stream, certificate.as_deref(), Side::First).await?;
        Ok(Line { stream, met })
    }

    async fn line(&self) -> Result<Line, SourceError> {
        let made = within(&*self.clock, HELLO_LIMIT, self.connected()).await;
        made.ok_or_else(|| SourceError::Unreachable("too slow".to_owned()))?.map_err(|error| match error.kind() {
            ErrorKind::PermissionDenied | ErrorKind::InvalidData => SourceError::Refused(error.to_string()),
            _ => SourceError::Unreachable(error.to_string()),
        })
    }

    /// Asks over the connection that stands, or another where it was closed; the one that was used stands afterwards.
    async fn exchanged(&self, kept: &mut Option<Line>, pieces: &[Piece]) -> Result<FetchResponse, SourceError> {
        let piece = |piece: &Piece| FilePiece { item: piece.item.clone(), offset: piece.offset, length: piece.length };
        let request = FetchRequest { pieces: pieces.iter().map(piece).collect() };
        if let Some(mut line) = kept.take() {
            match self.asked(&mut line, &request).await {
                Ok(said) => {
                    *kept = Some(line);
                    return Ok(said);
                }
                Err(error) if error.kind() == ErrorKind::TimedOut => {
                    return Err(SourceError::Unreachable(error.to_string()));
                }
                // It was closed for its silence: once more.
                Err(_) => {}
            }
        }
        let mut line = self.line().await?;
        let said = self.asked(&mut line, &request).await;
        let said = said.map_err(|error| SourceError::Unreachable(error.to_string()))?;
        *kept = Some(line);
        Ok(said)
    }

    async fn asked(&self, line: &mut Line, request: &FetchRequest) -> io::Result<FetchResponse> {
        let exchange = async {
            frame::put(&mut line.stream, request).await?;
            frame::take(&mut line.stream, MESSAGE_BYTES_MAX).await
        };
        within(&*self.clock, ANSWER_LIMIT, exchange).await.unwrap_or_else(|| Err(ErrorKind::TimedOut.into()))
    }
}

#[async_trait]
impl Source for PeerSource {
    fn road(&self) -> Road {
        Road::Peer
    }

    async fn fetch(&self, pieces: &[Piece]) -> Result<Vec<Fetched>, SourceError> {
        let short = pieces.iter().all(|piece| piece.item.starts_with(HELD));
        let mut kept = if short { self.short_line.lock().await } else { self.line.lock().await };
        let answer = self.exchanged(&mut kept, pieces).await?;
        judged(pieces, answer).inspect_err(|error| {
            if matches!(error, SourceError::Refused(_)) {
                *kept = None;
            }
        })
    }
}

fn judged(pieces: &[Piece], answer: FetchResponse) -> Result<Vec<Fetched>, SourceError> {
    if answer.pieces.is_empty() {
        return Err(SourceError::Busy { again: BUSY });
    }
    let long = |(piece, said): (&Piece, &wire::v1::FetchedPiece)| said.body.len() as u64 > u64::from(piece.length);
    if answer.pieces.len() > pieces.len() || pieces.iter().zip(&answer.pieces).any(long) {
        return Err(SourceError::Refused("more than was asked for".to_owned()));
    }
    let fetched = answer.pieces.into_iter().map(|piece| match piece.found {
        true => Fetched::Found { body: piece.body, size: piece.size },
        false => Fetched::Missing,
    });
    Ok(fetched.collect())
}
