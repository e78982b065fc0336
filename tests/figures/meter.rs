//! What a process has used: processor time in nanoseconds, memory, and bytes through a counting relay.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
pub(crate) use tests::meter::{anonymous_mib, cpu, peak_mib, proportional_mib, resident_mib, spent};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// A relay on loopback that counts what passes in both directions.
pub(crate) struct Relay {
    /// Where it listens.
    pub(crate) port: u16,
    count: Arc<AtomicU64>,
}

impl Relay {
    /// A relay before a port of loopback.
    pub(crate) async fn before(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let own = listener.local_addr().expect("an address").port();
        let count = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&count);
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let counted = Arc::clone(&counted);
                tokio::spawn(async move {
                    let Ok(far) = TcpStream::connect(("127.0.0.1", port)).await else { return };
                    let ((near_in, near_out), (far_in, far_out)) = (near.into_split(), far.into_split());
                    tokio::join!(pass(near_in, far_out, &counted), pass(far_in, near_out, &counted));
                });
            }
        });
        Self { port: own, count }
    }

    /// Bytes so far, both ways, as TCP carries them.
    pub(crate) fn bytes(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }
}

async fn pass(mut from: tokio::net::tcp::OwnedReadHalf, mut to: tokio::net::tcp::OwnedWriteHalf, count: &AtomicU64) {
    let mut buffer = vec![0; 16 * 1024];
    while let Ok(n @ 1..) = from.read(&mut buffer).await {
        count.fetch_add(n as u64, Ordering::Relaxed);
        if to.write_all(&buffer[..n]).await.is_err() {
            break;
        }
    }
    let _ = to.shutdown().await;
}
