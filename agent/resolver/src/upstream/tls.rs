//! DNS over TLS (RFC 7858): questions one after another on one connection, answers as they come.

use super::query::{Query, number_of};
use crate::limits::{FLIGHTS_MAX, IDLE};
use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;
use tokio_rustls::client::TlsStream;

/// A connection; it ends with the last of its kind.
#[derive(Clone)]
pub(super) struct Conversation {
    questions: mpsc::Sender<Vec<u8>>,
    waiting: Arc<Waiting>,
}

/// Who waits for which number.
#[derive(Default)]
struct Waiting(Mutex<BTreeMap<u16, oneshot::Sender<Vec<u8>>>>);

/// Whoever waits no more, for whatever reason, is forgotten.
struct Place<'w>(&'w Waiting, u16);

impl Conversation {
    pub(super) fn new(stream: TlsStream<TcpStream>) -> Self {
        let (from, to) = tokio::io::split(stream);
        let (questions, queue) = mpsc::channel(FLIGHTS_MAX);
        let waiting = Arc::new(Waiting::default());
        let told = Arc::clone(&waiting);
        tokio::spawn(async move {
            // Whichever ends first ends the other; all who wait hear of it.
            tokio::select! {
                _ = write(to, queue) => {}
                _ = read(from, &told) => {}
            }
            told.lock().clear();
        });
        Self { questions, waiting }
    }

    pub(super) async fn ask(&self, query: &Query) -> io::Result<Vec<u8>> {
        let mut query = query.clone();
        let (sender, answer) = oneshot::channel();
        let place = {
            let mut waiting = self.waiting.lock();
            while waiting.contains_key(&query.number()) {
                query.number_set(rand::random());
            }
            waiting.insert(query.number(), sender);
            Place(&self.waiting, query.number())
        };
        let ended = || io::Error::from(io::ErrorKind::ConnectionAborted);
        self.questions.send(query.framed()).await.map_err(|_| ended())?;
        let message = answer.await.map_err(|_| ended())?;
        drop(place);
        if query.answered_by(&message) { Ok(message) } else { Err(io::ErrorKind::InvalidData.into()) }
    }

    pub(super) fn lasts(&self) -> bool {
        !self.questions.is_closed()
    }

    pub(super) fn same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.waiting, &other.waiting)
    }
}

impl Waiting {
    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<u16, oneshot::Sender<Vec<u8>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.lock().remove(&self.1);
    }
}

/// Ends when nobody asks any more.
async fn write(mut to: WriteHalf<TlsStream<TcpStream>>, mut queue: mpsc::Receiver<Vec<u8>>) -> io::Result<()> {
    while let Some(question) = queue.recv().await {
        timeout(IDLE, to.write_all(&question)).await??;
        timeout(IDLE, to.flush()).await??;
    }
    to.shutdown().await
}

/// Ends when the server does, or says what is no answer.
async fn read(mut from: ReadHalf<TlsStream<TcpStream>>, waiting: &Waiting) -> io::Result<()> {
    loop {
        let length = from.read_u16().await?;
        let mut message = vec![0; usize::from(length)];
        from.read_exact(&mut message).await?;
        let number = number_of(&message).ok_or(io::ErrorKind::InvalidData)?;
        let sender = waiting.lock().remove(&number);
        // One that came too late has nobody who waits.
        if let Some(sender) = sender {
            let _ = sender.send(message);
        }
    }
}
