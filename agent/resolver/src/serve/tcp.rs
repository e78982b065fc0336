//! Questions over TCP (RFC 7766): several on one connection, answered as they are ready.

use crate::limits::{CONNECTIONS_MAX, IDLE, PIPELINED_MAX, QUESTION_BYTES_MAX};
use crate::resolver::Inner;
use crate::turn::Step;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc};
use tokio::time::{sleep, timeout};

const ROOM: usize = 65_535;
/// After an error of accept (such as too many open files), wait so long.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

pub(super) async fn serve(listener: Arc<TcpListener>, inner: Arc<Inner>) -> io::Result<()> {
    let connections = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        let stream = accepted(&listener).await;
        // One too many is closed at once.
        let Ok(permit) = Arc::clone(&connections).try_acquire_owned() else { continue };
        let inner = Arc::clone(&inner);
        tokio::spawn(async move {
            let _ = converse(stream, inner).await;
            drop(permit);
        });
    }
}

/// The next connection, whatever comes before it.
async fn accepted(listener: &TcpListener) -> TcpStream {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return stream,
            Err(error) => {
                tracing::debug!(kind = ?error.kind(), "a connection could not be taken");
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// Reads questions until the asker ends, says nothing, or says nonsense.
async fn converse(stream: TcpStream, inner: Arc<Inner>) -> io::Result<()> {
    let (mut from, to) = stream.into_split();
    let (sender, answers) = mpsc::channel(PIPELINED_MAX);
    let writer = tokio::spawn(write(to, answers));
    let waiting = Arc::new(Semaphore::new(PIPELINED_MAX));
    let mut out = Vec::new();
    while let Ok(Ok(message)) = timeout(IDLE, read(&mut from)).await {
        match inner.step(&message, Some(ROOM), &[], &mut out) {
            Step::Silence => break,
            Step::Done if sender.send(out.clone()).await.is_err() => break,
            Step::Done => {}
            Step::Ask(_) => {
                let Ok(permit) = Arc::clone(&waiting).acquire_owned().await else { break };
                let (inner, sender) = (Arc::clone(&inner), sender.clone());
                tokio::spawn(async move {
                    let mut out = Vec::new();
                    if inner.answer(&message, Some(ROOM), &mut out).await {
                        let _ = sender.send(out).await;
                    }
                    drop(permit);
                });
            }
        }
    }
    // What is still waited for is sent, each in its time.
    drop(sender);
    let _ = writer.await;
    Ok(())
}

/// One question, with its length before it.
async fn read(from: &mut OwnedReadHalf) -> io::Result<Vec<u8>> {
    let length = usize::from(from.read_u16().await?);
    if length > QUESTION_BYTES_MAX {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut message = vec![0; length];
    from.read_exact(&mut message).await?;
    Ok(message)
}

/// Sends answers; who does not take them is left.
async fn write(mut to: OwnedWriteHalf, mut answers: mpsc::Receiver<Vec<u8>>) -> io::Result<()> {
    while let Some(answer) = answers.recv().await {
        let length = u16::try_from(answer.len()).map_err(io::Error::other)?;
        let framed = [&length.to_be_bytes(), answer.as_slice()].concat();
        timeout(IDLE, to.write_all(&framed)).await??;
    }
    to.shutdown().await
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::poll_fn;
    use std::os::fd::AsFd;
    use std::pin::pin;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use tokio::net::TcpSocket;

    #[tokio::test]
    async fn an_error_that_lasts_is_not_tried_without_end() {
        // A socket that does not listen takes no connection, ever.
        let socket = TcpSocket::new_v4().unwrap();
        let listener = std::net::TcpListener::from(socket.as_fd().try_clone_to_owned().unwrap());
        let listener = TcpListener::from_std(listener).unwrap();
        assert!(listener.accept().await.is_err());
        let polls = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&polls);
        let taking = tokio::spawn(async move {
            let mut taking = pin!(accepted(&listener));
            poll_fn(|context| {
                counted.fetch_add(1, Ordering::Relaxed);
                taking.as_mut().poll(context)
            })
            .await
        });
        for _ in 0..1_000 {
            tokio::task::yield_now().await;
        }
        taking.abort();
        assert!((1..100).contains(&polls.load(Ordering::Relaxed)), "{polls:?}");
    }
}
