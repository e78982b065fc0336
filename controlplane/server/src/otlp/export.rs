//! Sends spans to the collector: OTLP/HTTP with binary protobuf (OTLP specification 1.x, "OTLP/HTTP").

use super::message::{Export, KeyValue, Resource, ResourceSpans, ScopeSpans, Span};
use crate::clock::Clock;
use prost::Message;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;

/// Spans in one request at most, and how long they may wait for company.
const BATCH_MAX: usize = 512;
const BATCH_EVERY: Duration = Duration::from_secs(2);
/// A collector that takes longer is given up; what it did not take is let go.
const SEND_MAX: Duration = Duration::from_secs(5);
/// The most of an answer that is read.
const ANSWER_BYTES_MAX: u64 = 4_096;

/// What carries spans to the collector.
pub(crate) struct Exporter {
    /// Where spans come from.
    pub(super) spans: mpsc::Receiver<Span>,
    /// Where the collector listens.
    pub(super) collector: SocketAddr,
    /// For waiting.
    pub(super) clock: Arc<dyn Clock>,
}

impl Exporter {
    /// Sends until no more spans can come.
    pub(crate) async fn run(mut self) {
        let mut failing = false;
        let mut batch = Vec::with_capacity(BATCH_MAX);
        while self.spans.recv_many(&mut batch, BATCH_MAX).await > 0 {
            let company = self.clock.sleep(BATCH_EVERY);
            tokio::pin!(company);
            while batch.len() < BATCH_MAX {
                let more = BATCH_MAX - batch.len();
                tokio::select! {
                    came = self.spans.recv_many(&mut batch, more) => if came == 0 { break },
                    () = &mut company => break,
                }
            }
            let sent = tokio::select! {
                sent = send(self.collector, std::mem::take(&mut batch)) => sent,
                () = self.clock.sleep(SEND_MAX) => Err(io::ErrorKind::TimedOut.into()),
            };
            // The first failure is news, the hundredth is not.
            match &sent {
                Err(error) if !failing => tracing::warn!(%error, "the trace collector takes nothing"),
                Ok(()) if failing => tracing::info!("the trace collector takes traces again"),
                _ => {}
            }
            failing = sent.is_err();
        }
    }
}

async fn send(collector: SocketAddr, spans: Vec<Span>) -> io::Result<()> {
    let resource = Resource {
        attributes: vec![
            KeyValue::new("service.name", "cartable-server"),
            KeyValue::new("service.version", env!("CARGO_PKG_VERSION")),
        ],
    };
    let resource_spans = ResourceSpans { resource: Some(resource), scope_spans: vec![ScopeSpans { spans }] };
    let body = Export { resource_spans: vec![resource_spans] }.encode_to_vec();
    let mut stream = TcpStream::connect(collector).await?;
    let head = format!(
        "POST /v1/traces HTTP/1.1\r\nHost: {collector}\r\nContent-Type: application/x-protobuf\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(&body).await?;
    let mut answer = Vec::new();
    stream.take(ANSWER_BYTES_MAX).read_to_end(&mut answer).await?;
    // The status line (RFC 9112, 4).
    let taken = answer.starts_with(b"HTTP/1.1 2") || answer.starts_with(b"HTTP/1.0 2");
    let line = answer.split(|byte| *byte == b'\r').next().unwrap_or_default();
    let refused = || io::Error::other(String::from_utf8_lossy(&line[..line.len().min(80)]).escape_debug().to_string());
    if taken { Ok(()) } else { Err(refused()) }
}
