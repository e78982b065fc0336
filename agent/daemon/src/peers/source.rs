//! Another device of the school, as a source of files.

use super::pass::{Pass, Side};
use super::serve::HELLO_LIMIT;
use super::shelf::HELD;
use crate::clock::{Clock, within};
use crate::frame;
use crate::source::{ANSWER_BYTES_MAX, Fetched, Piece, Road, Source, SourceError};
use async_trait::async_trait;
use rustls::pki_types::ServerName;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::sync::{Mutex, watch};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use wire::v1::{FetchRequest, FetchResponse, FilePiece};

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
    line: Mutex<Option<TlsStream<TcpStream>>>,
    /// Another for what is answered at once, which must not wait behind megabytes.
    short_line: Mutex<Option<TlsStream<TcpStream>>>,
}

impl PeerSource {
    pub(super) fn new(address: SocketAddr, clock: Arc<dyn Clock>, pass: watch::Receiver<Option<Arc<Pass>>>) -> Self {
        Self { address, clock, pass, line: Mutex::default(), short_line: Mutex::default() }
    }

    pub(super) const fn address(&self) -> SocketAddr {
        self.address
    }

    async fn connected(&self) -> io::Result<TlsStream<TcpStream>> {
        let pass = self.pass.borrow().clone().ok_or(ErrorKind::NotConnected)?;
        let name = ServerName::try_from(identity::peer::NAME).map_err(io::Error::other)?;
        let tcp = TcpStream::connect(self.address).await?;
        let _ = tcp.set_nodelay(true);
        let mut stream = TlsConnector::from(Arc::clone(&pass.ends.connecting)).connect(name, tcp).await?;
        let certificate = stream.get_ref().1.peer_certificates().and_then(<[_]>::first).map(|own| own.to_vec());
        pass.met(&mut stream, certificate.as_deref(), Side::First).await?;
        Ok(stream)
    }

    async fn line(&self) -> Result<TlsStream<TcpStream>, SourceError> {
        let made = within(&*self.clock, HELLO_LIMIT, self.connected()).await;
        made.ok_or_else(|| SourceError::Unreachable("too slow".to_owned()))?.map_err(|error| match error.kind() {
            ErrorKind::PermissionDenied | ErrorKind::InvalidData => SourceError::Refused(error.to_string()),
            _ => SourceError::Unreachable(error.to_string()),
        })
    }

    async fn asked(&self, line: &mut TlsStream<TcpStream>, request: &FetchRequest) -> io::Result<FetchResponse> {
        let exchange = async {
            frame::put(line, request).await?;
            frame::take(line, MESSAGE_BYTES_MAX).await
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
        let piece = |piece: &Piece| FilePiece { item: piece.item.clone(), offset: piece.offset, length: piece.length };
        let request = FetchRequest { pieces: pieces.iter().map(piece).collect() };
        let short = pieces.iter().all(|piece| piece.item.starts_with(HELD));
        let mut kept = if short { self.short_line.lock().await } else { self.line.lock().await };
        let mut answer = None;
        if let Some(mut line) = kept.take() {
            match self.asked(&mut line, &request).await {
                Ok(said) => (answer, *kept) = (Some(said), Some(line)),
                Err(error) if error.kind() == ErrorKind::TimedOut => {
                    return Err(SourceError::Unreachable(error.to_string()));
                }
                // It was closed for its silence: once more.
                Err(_) => {}
            }
        }
        let answer = match answer {
            Some(answer) => answer,
            None => {
                let mut line = self.line().await?;
                let said = self.asked(&mut line, &request).await;
                let said = said.map_err(|error| SourceError::Unreachable(error.to_string()))?;
                *kept = Some(line);
                said
            }
        };
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
