//! Names out of files into a list: each is counted, judged where nothing may be listed, and written down.

use super::gate::beneath_note;
use super::source::io_fault;
use super::stored::{ImportReport, NamesWriter};
use crate::error::{Error, Result};
use filter::{CategoryId, Collector, Entry, Format, Gate, Reader, Report};
use std::collections::BTreeSet;
use std::io::Read;

/// As much is read at once.
const READ_BYTES: usize = 1 << 17;
/// So many faults are kept of all files.
const FAULTS_MAX: usize = 100;

/// What is made of all files.
pub(super) struct Reading<'a> {
    pub(super) gate: &'a Gate,
    pub(super) omitted: &'a BTreeSet<String>,
    pub(super) collector: Collector,
    pub(super) names: NamesWriter,
    pub(super) report: ImportReport,
    /// Names where nothing may be listed.
    pub(super) beneath: BTreeSet<String>,
}

/// For what a file's names are.
pub(super) struct Purpose {
    pub(super) format: Format,
    pub(super) ids: Vec<CategoryId>,
    /// The categories' names, with spaces between.
    pub(super) heading: String,
    /// Whether one of them blocks.
    pub(super) blocks: bool,
}

impl Reading<'_> {
    /// Reads a file whole.
    pub(super) fn read(&mut self, path: &str, purpose: &Purpose, contents: &mut dyn Read) -> Result<()> {
        let mut reader = Reader::new(purpose.format);
        let mut buffer = vec![0; READ_BYTES];
        // The engine's own errors stop it; ours wait here.
        let mut failed = None;
        loop {
            let count = contents.read(&mut buffer).map_err(io_fault(path))?;
            if count == 0 {
                break;
            }
            reader.read(&buffer[..count], |entry| self.entry(purpose, &entry, &mut failed))?;
            if let Some(error) = failed.take() {
                return Err(error);
            }
        }
        let report = reader.end(|entry| self.entry(purpose, &entry, &mut failed))?;
        self.told(path, report);
        failed.map_or(Ok(()), Err)
    }

    fn entry(&mut self, purpose: &Purpose, entry: &Entry<'_>, failed: &mut Option<Error>) -> filter::Result<()> {
        let Entry::Name(name) = entry else { return Ok(()) };
        if failed.is_some() || self.omitted.contains(name.as_str()) {
            return Ok(());
        }
        if purpose.blocks && self.gate.forbids(name) {
            beneath_note(&mut self.beneath, name);
        }
        purpose.ids.iter().try_for_each(|id| self.collector.add(*id, name))?;
        if let Err(error) = self.names.name(&purpose.heading, name.as_str()) {
            *failed = Some(error);
        }
        Ok(())
    }

    fn told(&mut self, path: &str, report: Report) {
        let all = &mut self.report;
        all.files += 1;
        all.names += report.names;
        all.addresses += report.addresses;
        all.urls += report.urls;
        all.refused += report.refused;
        let room = FAULTS_MAX.saturating_sub(all.faults.len());
        all.faults.extend(report.faults.iter().take(room).map(|fault| format!("{path}:{}: {}", fault.line, fault.why)));
    }
}
