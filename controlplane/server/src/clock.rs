//! The only file of the control plane that reads the clock.

use async_trait::async_trait;
use model::time::Timestamp;
use rustls::pki_types::UnixTime;
use std::fmt::Debug;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

/// What time it is, and waiting; tests move it by hand.
#[async_trait]
pub trait Clock: Debug + Send + Sync {
    /// Now.
    fn now(&self) -> Timestamp;
    /// The time since some moment in the past, for measuring how long something takes; setting the date does not move it.
    fn ticks(&self) -> Duration;
    /// Until a while has passed.
    async fn sleep(&self, while_: Duration);
}

/// The system's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

#[async_trait]
impl Clock for SystemClock {
    #[allow(clippy::disallowed_methods, reason = "this is the clock")]
    fn now(&self) -> Timestamp {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Timestamp::default().after(since)
    }

    #[allow(clippy::disallowed_methods, reason = "this is the clock")]
    fn ticks(&self) -> Duration {
        static FIRST: LazyLock<std::time::Instant> = LazyLock::new(std::time::Instant::now);
        FIRST.elapsed()
    }

    async fn sleep(&self, while_: Duration) {
        tokio::time::sleep(while_).await;
    }
}

/// A clock as TLS wants it, for judging certificates.
#[derive(Debug)]
pub(crate) struct TlsTime(pub(crate) Arc<dyn Clock>);

impl rustls::time_provider::TimeProvider for TlsTime {
    fn current_time(&self) -> Option<UnixTime> {
        let seconds = u64::try_from(self.0.now().unix_seconds()).ok()?;
        Some(UnixTime::since_unix_epoch(Duration::from_secs(seconds)))
    }
}
