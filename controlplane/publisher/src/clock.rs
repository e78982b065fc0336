//! The only file of the publisher that reads the clock.

use model::time::Timestamp;

/// Now, by the system's clock.
#[allow(clippy::disallowed_methods, reason = "this is the clock")]
pub(crate) fn now() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Timestamp::default().after(since)
}
