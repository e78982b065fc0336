//! Questions over UDP: what needs nobody else is answered where it is read, the rest by a task of its own.

use crate::limits::QUESTION_BYTES_MAX;
use crate::resolver::Inner;
use crate::turn::Step;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::UdpSocket;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// So many are answered before others have their turn.
const BATCH: usize = 64;

pub(super) async fn serve(socket: Arc<UdpSocket>, inner: Arc<Inner>, waiting: Arc<Semaphore>) -> io::Result<()> {
    // One byte more, so that what is too long is seen.
    let mut message = vec![0; QUESTION_BYTES_MAX + 1];
    let mut out = Vec::new();
    loop {
        socket.readable().await?;
        let mut left = BATCH;
        while left > 0 {
            left -= 1;
            let (length, from) = match socket.try_recv_from(&mut message) {
                Ok(received) => received,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                // What an earlier asker's system says comes here, too; it says nothing of this socket.
                Err(error) => {
                    tracing::debug!(kind = ?error.kind(), "a question could not be read");
                    continue;
                }
            };
            let message = &message[..length];
            match inner.step(message, None, &[], &mut out) {
                Step::Done => send(&socket, &out, from),
                Step::Silence => {}
                Step::Ask(_) => match Arc::clone(&waiting).try_acquire_owned() {
                    Ok(permit) => {
                        let (socket, inner) = (Arc::clone(&socket), Arc::clone(&inner));
                        tokio::spawn(wait(socket, inner, message.to_vec(), from, permit));
                    }
                    Err(_) => {
                        if inner.fail(message, None, &mut out) {
                            send(&socket, &out, from);
                        }
                    }
                },
            }
        }
        // Waiting for more lets others have their turn anyway.
        if left == 0 {
            tokio::task::yield_now().await;
        }
    }
}

async fn wait(
    socket: Arc<UdpSocket>,
    inner: Arc<Inner>,
    message: Vec<u8>,
    from: SocketAddr,
    _permit: OwnedSemaphorePermit,
) {
    let mut out = Vec::new();
    if inner.answer(&message, None, &mut out).await {
        send(&socket, &out, from);
    }
}

/// An answer that the system has no room for is lost, as on any network: it is asked for again.
fn send(socket: &UdpSocket, out: &[u8], to: SocketAddr) {
    let _ = socket.try_send_to(out, to);
}
