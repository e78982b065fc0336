//! Traces for whoever looks for what is slow: calls and durable commits, as spans over OTLP/HTTP to a collector on this machine.
//!
//! Off unless configured, and then its spans are disabled where they stand. A span holds a name, two times and how it ended: no
//! device, no person, no address.

mod export;
mod layer;
mod message;

pub(crate) use export::Exporter;
pub(crate) use layer::Spans;

use crate::clock::Clock;
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use std::sync::Arc;
use tonic::{Code, Status};
use tracing::field::Empty;
use tracing::{Span, info_span};

/// The target of every span that is exported; logs leave it out.
pub(crate) const TARGET: &str = "cartable_trace";
/// The longest name taken from a call's path.
const METHOD_BYTES_MAX: usize = 64;

/// `[otlp]`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OtlpConfig {
    /// The collector, such as `http://127.0.0.1:4318`, on loopback only; no traces when `None`.
    pub endpoint: Option<String>,
    /// Of how many calls the trace is kept: 1.0 all, 0.01 one in a hundred.
    pub ratio: f64,
}

impl Default for OtlpConfig {
    fn default() -> Self {
        Self { endpoint: None, ratio: 0.01 }
    }
}

impl OtlpConfig {
    /// Where the collector listens.
    ///
    /// # Errors
    /// In words, which key is not right and what is expected.
    pub(crate) fn collector(&self) -> Result<Option<SocketAddr>, String> {
        if !(0.0..=1.0).contains(&self.ratio) {
            return Err(format!("otlp.ratio = {}: 0.0 to 1.0", self.ratio));
        }
        let Some(endpoint) = &self.endpoint else { return Ok(None) };
        let address = endpoint.strip_prefix("http://").map(|rest| rest.strip_suffix('/').unwrap_or(rest));
        let address = address.and_then(|address| address.parse::<SocketAddr>().ok());
        // Plain HTTP must not leave the machine; a collector sends on what is to go further.
        address.filter(|address| address.ip().is_loopback()).map(Some).ok_or_else(|| {
            format!("otlp.endpoint = {endpoint:?}: only a loopback address, such as http://127.0.0.1:4318")
        })
    }
}

/// What takes spans, and what carries them to the collector.
pub(crate) fn traces(collector: SocketAddr, ratio: f64, clock: Arc<dyn Clock>) -> (Spans, Exporter) {
    let (layer, spans) = Spans::new(Arc::clone(&clock), ratio);
    (layer, Exporter { spans, collector, clock })
}

/// The span of a call, named by its path.
pub(crate) fn call_span(path: &str) -> Span {
    let span = info_span!(target: TARGET, "call", name = Empty, outcome = Empty);
    if !span.is_disabled() {
        span.record("name", method(path));
    }
    span
}

/// The span of a commit.
pub(crate) fn commit_span() -> Span {
    info_span!(target: TARGET, "store_commit")
}

/// Notes how the call under way ended.
pub(crate) fn outcome(error: Option<&Status>) {
    let outcome = match error.map(Status::code) {
        None => "ok",
        // A newer check-in took this one's place.
        Some(Code::Aborted) => "newer",
        Some(Code::PermissionDenied | Code::Unauthenticated) => "refused",
        Some(_) => "error",
    };
    Span::current().record("outcome", outcome);
}

/// `Device/CheckIn` of `/cartable.v1.Device/CheckIn`; what is not a call of ours is not quoted.
fn method(path: &str) -> &str {
    let ours = path.strip_prefix("/cartable.v1.").filter(|name| name.len() <= METHOD_BYTES_MAX);
    ours.filter(|name| name.bytes().all(|b| b.is_ascii_alphabetic() || b == b'/')).unwrap_or("other")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_collector_is_on_this_machine_and_each_mistake_is_named() {
        let of = |endpoint: &str, ratio| OtlpConfig { endpoint: Some(endpoint.to_owned()), ratio }.collector();
        assert_eq!(OtlpConfig::default().collector(), Ok(None));
        assert_eq!(of("http://127.0.0.1:4318/", 1.0), Ok("127.0.0.1:4318".parse().ok()));
        assert_eq!(of("http://[::1]:4318", 0.0), Ok("[::1]:4318".parse().ok()));
        for bad in ["https://127.0.0.1:4318", "127.0.0.1:4318", "http://192.0.2.7:4318", "http://127.0.0.1", ""] {
            assert!(of(bad, 0.5).unwrap_err().contains("otlp.endpoint"), "{bad}");
        }
        for bad in [-0.1, 1.1, f64::NAN] {
            assert!(of("http://127.0.0.1:4318", bad).unwrap_err().contains("otlp.ratio"), "{bad}");
        }
    }

    #[test]
    fn only_calls_of_ours_are_named() {
        assert_eq!(method("/cartable.v1.Device/CheckIn"), "Device/CheckIn");
        for other in
            ["/", "/grpc.health.v1.Health/Check", "/cartable.v1.<x>", &format!("/cartable.v1.{}", "a".repeat(99))]
        {
            assert_eq!(method(other), "other");
        }
    }
}
