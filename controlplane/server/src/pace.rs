//! How much a caller may say: a budget of bytes beneath TLS, so that no flood of frames, of whatever kind, keeps the server busy.
//!
//! HTTP/2 has many frames that cost their receiver more than their sender (pings, settings, window updates, priorities: CVE-2019-9511
//! to 9518). What bounds all of them is how many bytes a connection may send.

use crate::clock::Clock;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::Sleep;

/// All that somebody without a certificate may send: an enrolment has 4 KiB.
const STRANGER_BYTES: usize = 256 * 1024;
/// The span for which a budget is given.
const SPAN: Duration = Duration::from_secs(4);

/// What a known caller may send in four seconds before it has to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pace {
    /// A first report with its packages has some 300 KiB.
    Device,
    /// People bring lists along.
    Staff,
}

/// A TCP connection on a budget.
pub(crate) struct Paced {
    tcp: TcpStream,
    clock: Arc<dyn Clock>,
    /// `None` for a stranger, who is cut off at the end of the budget.
    pace: Option<Pace>,
    left: usize,
    since: Duration,
    pause: Option<Pin<Box<Sleep>>>,
}

impl Pace {
    const fn bytes(self) -> usize {
        match self {
            Self::Device => 1024 * 1024,
            Self::Staff => 16 * 1024 * 1024,
        }
    }
}

impl Paced {
    /// A connection of a stranger.
    pub(crate) fn new(tcp: TcpStream, clock: Arc<dyn Clock>) -> Self {
        Self { tcp, clock, pace: None, left: STRANGER_BYTES, since: Duration::ZERO, pause: None }
    }

    /// It is known now who calls.
    pub(crate) fn known(&mut self, pace: Pace) {
        self.pace = Some(pace);
        self.left = pace.bytes();
        self.since = self.clock.ticks();
    }

    fn spend(&mut self, bytes: usize) -> io::Result<()> {
        self.left = self.left.saturating_sub(bytes);
        if self.left > 0 {
            return Ok(());
        }
        let pace = self.pace.ok_or_else(|| io::Error::other("a caller without a certificate said too much"))?;
        let now = self.clock.ticks();
        let early = SPAN.saturating_sub(now.saturating_sub(self.since));
        if !early.is_zero() {
            self.pause = Some(Box::pin(tokio::time::sleep(early)));
        }
        self.left = pace.bytes();
        self.since = now.saturating_add(early);
        Ok(())
    }
}

impl AsyncRead for Paced {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if let Some(pause) = &mut self.pause {
            ready!(pause.as_mut().poll(cx));
            self.pause = None;
        }
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.tcp).poll_read(cx, buf))?;
        Poll::Ready(self.spend(buf.filled().len() - before))
    }
}

impl AsyncWrite for Paced {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.tcp).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.tcp.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.tcp).poll_write_vectored(cx, bufs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemClock;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    async fn pair() -> (Paced, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let near = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (tcp, _) = listener.accept().await.unwrap();
        (Paced::new(tcp, Arc::new(SystemClock)), near)
    }

    /// Reads until there is no more; how many bytes came.
    async fn drained(mut paced: Paced) -> (usize, io::Result<usize>, Paced) {
        let (mut sum, mut buffer) = (0, vec![0; 64 * 1024]);
        loop {
            match paced.read(&mut buffer).await {
                Ok(n @ 1..) => sum += n,
                end => return (sum, end, paced),
            }
        }
    }

    async fn said(mut near: TcpStream, bytes: usize) {
        // Who is cut off cannot send the rest.
        let _ = near.write_all(&vec![0; bytes]).await;
    }

    #[tokio::test]
    async fn a_stranger_is_cut_off() {
        let (paced, near) = pair().await;
        let (_, (sum, end, _)) = tokio::join!(said(near, 2 * STRANGER_BYTES), drained(paced));
        assert!(end.is_err() && sum < STRANGER_BYTES, "{sum} {end:?}");
        let (paced, near) = pair().await;
        let (_, (sum, end, _)) = tokio::join!(said(near, 4 * 1024), drained(paced));
        assert!(end.is_ok() && sum == 4 * 1024, "{sum} {end:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_device_waits_once_its_budget_is_spent() {
        let (mut paced, near) = pair().await;
        paced.known(Pace::Device);
        let begun = tokio::time::Instant::now();
        let bytes = Pace::Device.bytes();
        let (_, (sum, _, paced)) = tokio::join!(said(near, 3 * bytes), drained(paced));
        assert_eq!(sum, 3 * bytes);
        // Twelve seconds' worth; the clock of this test moves by itself while everybody waits.
        let took = begun.elapsed();
        assert!(took > 2 * SPAN - Duration::from_secs(1) && took < 4 * SPAN, "{took:?}");
        assert!(paced.left > 0);
    }
}
