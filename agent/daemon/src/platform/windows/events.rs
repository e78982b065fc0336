//! The event log: what the agent says while it runs as a service.

use super::service;
use eventlog::EventLog;
use log::{Level, Log, Record};
use std::io::{self, Write};
use std::sync::Arc;
use tracing::Metadata;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::writer::BoxMakeWriter;

/// An event's text may have 31,839 characters (ReportEventW); nobody reads so many.
const TEXT_BYTES_MAX: usize = 8 * 1024;

/// Where events go; nothing when there is no event log.
pub(super) fn sink() -> Option<BoxMakeWriter> {
    let events = EventLog::new(service::NAME, Level::Trace).ok()?;
    Some(BoxMakeWriter::new(Sink(Arc::new(events))))
}

struct Sink(Arc<EventLog>);

/// One event while it is written.
struct Event {
    to: Arc<EventLog>,
    level: Level,
    text: Vec<u8>,
}

impl<'a> MakeWriter<'a> for Sink {
    type Writer = Event;

    fn make_writer(&'a self) -> Event {
        Event { to: self.0.clone(), level: Level::Info, text: Vec::new() }
    }

    fn make_writer_for(&'a self, of: &Metadata<'_>) -> Event {
        let level = match *of.level() {
            tracing::Level::ERROR => Level::Error,
            tracing::Level::WARN => Level::Warn,
            tracing::Level::INFO => Level::Info,
            tracing::Level::DEBUG => Level::Debug,
            tracing::Level::TRACE => Level::Trace,
        };
        Event { to: self.0.clone(), level, text: Vec::new() }
    }
}

impl Write for Event {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let room = TEXT_BYTES_MAX.saturating_sub(self.text.len());
        self.text.extend_from_slice(&bytes[..bytes.len().min(room)]);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Event {
    fn drop(&mut self) {
        let text = String::from_utf8_lossy(&self.text);
        // A NUL would end the text early.
        let text = text.trim_end().replace('\0', " ");
        if !text.is_empty() {
            self.to.log(&Record::builder().level(self.level).args(format_args!("{text}")).build());
        }
    }
}
