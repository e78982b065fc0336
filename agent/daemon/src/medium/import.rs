//! One import, as the agent sees it: a source of files behind which a command stands, and whom it tells how that went.

use super::words::{End, MESSAGE_BYTES_MAX, Said};
use crate::clock::{Clock, within};
use crate::frame;
use crate::platform::door::Door;
use crate::platform::{Here, Platform};
use crate::resources::Resource;
use crate::source::{Fetched, Piece, Road, Source, SourceError};
use async_trait::async_trait;
use model::time::Timestamp;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::{Mutex, Notify};
use wire::v1::{FetchResponse, FetchedPiece, FilePiece};

/// How long the command may take to hear how it ended.
const END_LIMIT: Duration = Duration::from_secs(10);

type Guest = <<Here as Platform>::Door as Door>::Guest;

/// A medium that somebody holds out.
#[derive(Debug)]
pub(crate) struct Import {
    /// Its name among sources: what was remembered of the one before is not of this one.
    pub(crate) name: String,
    /// When it says that it was made.
    pub(crate) made: Option<Timestamp>,
    /// While it is used nobody else has it, so one that was left in the middle is closed.
    line: Mutex<Option<Guest>>,
    over: AtomicBool,
    ended: Notify,
}

impl Import {
    pub(super) fn new(name: String, made: Option<Timestamp>, line: Guest) -> Self {
        Self { name, made, line: Mutex::new(Some(line)), over: AtomicBool::new(false), ended: Notify::new() }
    }

    /// Whether nothing is to be had of it any more.
    pub(crate) fn over(&self) -> bool {
        self.over.load(Ordering::Acquire)
    }

    /// Says where what is wanted stands; nothing before any plan is held.
    pub(crate) async fn end(&self, resources: Option<&[Resource]>, clock: &dyn Clock) {
        let end = End {
            busy: false,
            planned: resources.is_some(),
            resources: resources.and_then(|all| serde_json::to_vec(all).ok()).unwrap_or_default(),
        };
        if let Some(mut line) = self.line.lock().await.take() {
            let said = Said { pieces: Vec::new(), end: Some(end) };
            // Nobody may hear it out.
            let _ = within(clock, END_LIMIT, frame::put(&mut line, &said)).await;
        }
        self.over.store(true, Ordering::Release);
        self.ended.notify_one();
    }

    /// Until it is over.
    pub(super) async fn ended(&self) {
        self.ended.notified().await;
    }

    async fn asked(&self, pieces: &[Piece]) -> io::Result<FetchResponse> {
        let mut kept = self.line.lock().await;
        let mut line = kept.take().ok_or(io::ErrorKind::NotConnected)?;
        let piece = |piece: &Piece| FilePiece { item: piece.item.clone(), offset: piece.offset, length: piece.length };
        let asked = Said { pieces: pieces.iter().map(piece).collect(), end: None };
        frame::put(&mut line, &asked).await?;
        let answer = frame::take(&mut line, MESSAGE_BYTES_MAX).await?;
        *kept = Some(line);
        Ok(answer)
    }
}

#[async_trait]
impl Source for Import {
    fn road(&self) -> Road {
        Road::Medium
    }

    async fn fetch(&self, pieces: &[Piece]) -> Result<Vec<Fetched>, SourceError> {
        let answer = self.asked(pieces).await.map_err(|error| SourceError::Unreachable(error.to_string()))?;
        if answer.pieces.is_empty() {
            return Err(SourceError::Unreachable("the medium cannot be read any more".to_owned()));
        }
        let long = |(piece, said): (&Piece, &FetchedPiece)| said.body.len() as u64 > u64::from(piece.length);
        if answer.pieces.len() > pieces.len() || pieces.iter().zip(&answer.pieces).any(long) {
            return Err(SourceError::Refused("more than was asked for".to_owned()));
        }
        Ok(answer.pieces.into_iter().map(fetched).collect())
    }
}

/// The same question on the command's side.
pub(super) fn pieces_of(said: Said) -> Vec<Piece> {
    said.pieces
        .into_iter()
        .map(|piece| Piece { item: piece.item, offset: piece.offset, length: piece.length })
        .collect()
}

/// And the answer.
pub(super) fn answer_of(fetched: Vec<Fetched>) -> FetchResponse {
    let pieces = fetched.into_iter().map(|fetched| match fetched {
        Fetched::Found { body, size } => FetchedPiece { found: true, body, size },
        Fetched::Missing => FetchedPiece::default(),
    });
    FetchResponse { pieces: pieces.collect() }
}

fn fetched(piece: FetchedPiece) -> Fetched {
    match piece.found {
        true => Fetched::Found { body: piece.body, size: piece.size },
        false => Fetched::Missing,
    }
}
