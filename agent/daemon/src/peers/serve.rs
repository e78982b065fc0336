//! Serves devices of the same school, a few at a time and no faster than the plan allows.

use super::pass::{Pass, Side};
use super::shelf::{HELD, Shelf};
use crate::clock::{Clock, within};
use crate::frame;
use crate::source::{ANSWER_BYTES_MAX, PIECES_MAX};
use agent_core::bucket::Bucket;
use bundle::item_is_plain;
use bytes::Bytes;
use model::id::DeviceId;
use model::site::{Nonce, SiteProof, site_nonce};
use model::time::Timestamp;
use prost::Message;
use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use wire::convert::site_proof_encode;
use wire::v1::{Envelope, FetchRequest, FetchResponse, FetchedPiece};

/// Devices that are met at a time: all that have this one among those they ask, and a class at a site node.
pub(super) const GUESTS_MAX: usize = 32;
/// Answers that are in memory at a time.
const ANSWERS_MAX: usize = 4;
/// Connections of one device.
const GUEST_LINES_MAX: usize = 2;
/// Connections that have not said hello yet.
const ARRIVING_MAX: usize = 16;
/// How long TLS and hello may take.
pub(super) const HELLO_LIMIT: Duration = Duration::from_secs(10);
/// How long a device may be silent.
pub(super) const IDLE_LIMIT: Duration = Duration::from_secs(60);
/// How long it may take an answer.
const ANSWER_LIMIT: Duration = Duration::from_secs(30);
/// Whoever would have to wait longer is told to ask elsewhere.
const WAIT_MAX: Duration = Duration::from_secs(10);
/// The longest request.
const REQUEST_BYTES_MAX: usize = 64 << 10;

/// Who serves.
#[derive(Debug)]
pub(super) struct Host {
    pub(super) clock: Arc<dyn Clock>,
    pub(super) shelf: Arc<dyn Shelf>,
    pub(super) pass: watch::Receiver<Option<Arc<Pass>>>,
    bucket: Mutex<Bucket>,
    lines: Mutex<BTreeMap<DeviceId, usize>>,
    arriving: Arc<Semaphore>,
    answers: Semaphore,
}

/// For how long a guest is served.
struct Until {
    pass: Arc<Pass>,
    /// When the guest's ticket is over.
    guest: Timestamp,
}

impl Host {
    pub(super) fn new(clock: Arc<dyn Clock>, shelf: Arc<dyn Shelf>, pass: watch::Receiver<Option<Arc<Pass>>>) -> Self {
        Self {
            clock,
            shelf,
            pass,
            bucket: Mutex::new(Bucket::new(0)),
            lines: Mutex::default(),
            arriving: Arc::new(Semaphore::new(ARRIVING_MAX)),
            answers: Semaphore::new(ANSWERS_MAX),
        }
    }

    /// Serves whoever comes, until it is dropped.
    pub(super) async fn serve(self: Arc<Self>, listener: TcpListener) {
        let mut guests = JoinSet::new();
        loop {
            tokio::select! {
                arrived = listener.accept() => match arrived {
                    Ok((tcp, _)) => {
                        // Beyond that it is closed at once.
                        if let Ok(place) = Arc::clone(&self.arriving).try_acquire_owned() {
                            let host = Arc::clone(&self);
                            guests.spawn(async move {
                                let Some(Ok((line, stream, until))) =
                                    within(&*host.clock, HELLO_LIMIT, host.welcomed(tcp)).await
                                else {
                                    return;
                                };
                                drop(place);
                                host.entertain(line, stream, &until).await;
                            });
                        }
                    }
                    // No more files may be opened: others are closed meanwhile.
                    Err(_) => self.clock.sleep(Duration::from_secs(1)).await,
                },
                Some(_) = guests.join_next() => {}
            }
        }
    }

    async fn welcomed(self: &Arc<Self>, tcp: TcpStream) -> io::Result<(Line, TlsStream<TcpStream>, Until)> {
        let pass = self.pass.borrow().clone().ok_or(ErrorKind::NotConnected)?;
        let _ = tcp.set_nodelay(true);
        let mut stream = TlsAcceptor::from(Arc::clone(&pass.ends.listening)).accept(tcp).await?;
        let certificate = stream.get_ref().1.peer_certificates().and_then(<[_]>::first).map(|own| own.to_vec());
        let met = pass.met(&mut stream, certificate.as_deref(), Side::Second).await.inspect_err(|error| {
            tracing::debug!(%error, "a device of this network is not met");
        })?;
        let line = self.line(met.device).ok_or(ErrorKind::ConnectionRefused)?;
        Ok((line, stream, Until { pass, guest: met.until }))
    }

    async fn entertain(&self, _line: Line, mut stream: TlsStream<TcpStream>, until: &Until) {
        // Until the first of both tickets is over: then the other is met anew, or not.
        while until.pass.holds() && until.pass.time.now() < until.guest {
            let request: Option<io::Result<FetchRequest>> =
                within(&*self.clock, IDLE_LIMIT, frame::take(&mut stream, REQUEST_BYTES_MAX)).await;
            let Some(Ok(request)) = request else { return };
            if let [piece] = &request.pieces[..]
                && let Some(nonce) = site_nonce(&piece.item)
            {
                let answer = FetchResponse { pieces: vec![self.word(nonce, &until.pass)] };
                let sent = within(&*self.clock, ANSWER_LIMIT, frame::put(&mut stream, &answer)).await;
                match sent {
                    Some(Ok(())) => continue,
                    _ => return,
                }
            }
            // Those who are slow to take theirs keep the others waiting no longer than this.
            let short = matches!(&request.pieces[..], [piece] if piece.item.starts_with(HELD));
            let turn = match short {
                true => None,
                false => within(&*self.clock, WAIT_MAX, self.answers.acquire()).await,
            };
            let answer = match short || turn.is_some() {
                true => self.answer(request, short).await,
                false => Some(FetchResponse::default()),
            };
            let Some(answer) = answer else { return };
            let sent = within(&*self.clock, ANSWER_LIMIT, frame::put(&mut stream, &answer)).await;
            if !matches!(sent, Some(Ok(()))) {
                return;
            }
        }
    }

    /// This device's word that another is beside it, if plan and ticket say that it may give one; by the key that this line's other end was shown.
    fn word(&self, nonce: Nonce, shown: &Pass) -> FetchedPiece {
        let planned = self.pass.borrow().as_ref().is_some_and(|pass| pass.fetching.site_node);
        if !planned || !shown.own.ticket.site_node {
            return FetchedPiece::default();
        }
        let proof =
            SiteProof { school: shown.own.ticket.school, nonce, device: shown.shown.device, at: shown.time.now() };
        match shown.ends.signer.seal::<SiteProof>(site_proof_encode(&proof)) {
            Ok(signed) => {
                let body = Bytes::from(Envelope::from(&signed).encode_to_vec());
                FetchedPiece { found: true, size: body.len() as u64, body }
            }
            Err(error) => {
                tracing::debug!(%error, "nobody is told that this is school");
                FetchedPiece::default()
            }
        }
    }

    /// What is answered; nothing to who asks for what no repository holds, or is no longer served.
    async fn answer(&self, request: FetchRequest, short: bool) -> Option<FetchResponse> {
        let rate = self.pass.borrow().as_ref()?.fetching.upload_bytes_per_second;
        let plain = request.pieces.iter().all(|piece| item_is_plain(&piece.item));
        if rate == 0 || request.pieces.is_empty() || request.pieces.len() > PIECES_MAX || !plain {
            return None;
        }
        let wait = {
            let mut bucket = lock(&self.bucket);
            bucket.rate_set(rate);
            bucket.wait(self.clock.elapsed())
        };
        if !short {
            if wait > WAIT_MAX {
                return Some(FetchResponse::default());
            }
            self.clock.sleep(wait).await;
        }
        let shelf = Arc::clone(&self.shelf);
        let answer = tokio::task::spawn_blocking(move || pieces_read(&*shelf, &request)).await.ok()?;
        let bytes: u64 = answer.pieces.iter().map(|piece| piece.body.len() as u64).sum();
        // What is asked for each second would else leave nothing for chunks.
        if !short {
            lock(&self.bucket).went(bytes, self.clock.elapsed());
        }
        Some(answer)
    }

    fn line(self: &Arc<Self>, device: DeviceId) -> Option<Line> {
        let mut lines = lock(&self.lines);
        let devices = lines.len();
        let mine = lines.get(&device).copied().unwrap_or(0);
        if mine >= GUEST_LINES_MAX || (mine == 0 && devices >= GUESTS_MAX) {
            return None;
        }
        lines.insert(device, mine + 1);
        Some(Line { host: Arc::clone(self), device })
    }
}

/// A connection that counts.
struct Line {
    host: Arc<Host>,
    device: DeviceId,
}

impl Drop for Line {
    fn drop(&mut self) {
        let mut lines = lock(&self.host.lines);
        match lines.get(&self.device).copied() {
            Some(count) if count > 1 => lines.insert(self.device, count - 1),
            _ => lines.remove(&self.device),
        };
    }
}

fn lock<T>(it: &Mutex<T>) -> MutexGuard<'_, T> {
    it.lock().unwrap_or_else(PoisonError::into_inner)
}

fn pieces_read(shelf: &dyn Shelf, request: &FetchRequest) -> FetchResponse {
    let (mut pieces, mut room) = (Vec::with_capacity(request.pieces.len()), ANSWER_BYTES_MAX);
    for piece in &request.pieces {
        let wanted = usize::try_from(piece.length).unwrap_or(ANSWER_BYTES_MAX).min(ANSWER_BYTES_MAX);
        if wanted > room && !pieces.is_empty() {
            break;
        }
        pieces.push(match shelf.read(&piece.item, piece.offset, wanted) {
            Some((body, size)) => {
                room = room.saturating_sub(body.len());
                FetchedPiece { found: true, body, size }
            }
            None => FetchedPiece::default(),
        });
    }
    FetchResponse { pieces }
}
