//! Makes spans of what `tracing` tells, a share of the calls, and hands them on; never waits.

use super::message::{KeyValue, Span, SpanStatus};
use crate::clock::Clock;
use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

/// Spans that wait to be sent; further ones are let go.
const WAITING_MAX: usize = 4_096;

/// Takes spans from `tracing`.
pub(crate) struct Spans {
    clock: Arc<dyn Clock>,
    /// The date at which [`Clock::ticks`] would have been zero.
    zero: Duration,
    ratio: f64,
    ended: mpsc::Sender<Span>,
}

/// A span under way.
struct Begun {
    trace_id: [u8; 16],
    span_id: [u8; 8],
    parent_span_id: Vec<u8>,
    began: Duration,
    name: Option<String>,
    outcome: Option<String>,
}

impl Spans {
    /// A layer that keeps this share of the traces, and where its spans come out.
    pub(super) fn new(clock: Arc<dyn Clock>, ratio: f64) -> (Self, mpsc::Receiver<Span>) {
        let (ended, spans) = mpsc::channel(WAITING_MAX);
        let now = Duration::from_millis(u64::try_from(clock.now().unix_millis()).unwrap_or(0));
        let zero = now.saturating_sub(clock.ticks());
        (Self { clock, zero, ratio, ended }, spans)
    }

    fn nanos(&self, ticks: Duration) -> u64 {
        u64::try_from((self.zero + ticks).as_nanos()).unwrap_or(u64::MAX)
    }
}

impl<S: tracing::Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Spans {
    fn on_new_span(&self, _attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let (trace_id, parent_span_id) = match span.parent() {
            // What is within a trace that is not kept is not kept either.
            Some(parent) => match parent.extensions().get::<Begun>() {
                Some(begun) => (begun.trace_id, begun.span_id.to_vec()),
                None => return,
            },
            None if rand::random::<f64>() < self.ratio => (rand::random(), Vec::new()),
            None => return,
        };
        let began = self.clock.ticks();
        let begun = Begun { trace_id, span_id: rand::random(), parent_span_id, began, name: None, outcome: None };
        span.extensions_mut().insert(begun);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        if let Some(span) = context.span(id)
            && let Some(begun) = span.extensions_mut().get_mut::<Begun>()
        {
            values.record(begun);
        }
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let Some(span) = context.span(&id) else { return };
        let Some(begun) = span.extensions_mut().remove::<Begun>() else { return };
        let server = begun.parent_span_id.is_empty();
        let failed = begun.outcome.as_deref() == Some("error");
        let ended = Span {
            trace_id: begun.trace_id.to_vec(),
            span_id: begun.span_id.to_vec(),
            parent_span_id: begun.parent_span_id,
            name: begun.name.unwrap_or_else(|| span.name().to_owned()),
            kind: if server { 2 } else { 1 },
            start_unix_nano: self.nanos(begun.began),
            end_unix_nano: self.nanos(self.clock.ticks()),
            attributes: begun.outcome.iter().map(|outcome| KeyValue::new("outcome", outcome)).collect(),
            status: failed.then_some(SpanStatus { code: 2 }),
        };
        // Nobody waits for a collector.
        let _ = self.ended.try_send(ended);
    }
}

impl Visit for Begun {
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "name" => self.name = Some(value.to_owned()),
            "outcome" => self.outcome = Some(value.to_owned()),
            _ => {}
        }
    }

    fn record_debug(&mut self, _field: &Field, _value: &dyn Debug) {}
}
