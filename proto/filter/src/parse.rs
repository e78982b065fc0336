//! A list, read piece by piece: whatever is in it, no more than a line is held.

use crate::error::Result;
use crate::limits::{FAULTS_SHOWN, LINE_BYTES_MAX};
use crate::line::{Format, Part, Reason, line_is_idle, line_read};
use crate::name::Name;
use std::net::IpAddr;

/// What a list holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry<'a> {
    /// A name, with all beneath it.
    Name(Name),
    /// An address: kept apart, as no resolver is asked for it.
    Address(IpAddr),
    /// A page, as it stands there: beyond DNS; browsers take a thousand such at most.
    Url(&'a str),
}

/// A line that is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Which, from one on.
    pub line: u64,
    /// Why.
    pub why: Reason,
}

/// What was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Lines, with those that say nothing.
    pub lines: u64,
    /// Names, one that stands there twice counted twice.
    pub names: u64,
    /// Addresses.
    pub addresses: u64,
    /// Pages.
    pub urls: u64,
    /// What was refused.
    pub refused: u64,
    /// The first of them.
    pub faults: Vec<Fault>,
}

/// Reads one file of a list.
#[derive(Debug)]
pub struct Reader {
    format: Format,
    /// The beginning of a line whose end has not come.
    held: Vec<u8>,
    /// Whether that line is too long already.
    long: bool,
    report: Report,
}

impl Reader {
    /// Of a file's format.
    #[must_use]
    pub fn new(format: Format) -> Self {
        Self { format, held: Vec::new(), long: false, report: Report::default() }
    }

    /// Reads the next piece of the file, of any size.
    ///
    /// # Errors
    ///
    /// When `each` refuses an entry: then the rest is not read.
    pub fn read(&mut self, piece: &[u8], mut each: impl FnMut(Entry<'_>) -> Result<()>) -> Result<()> {
        for part in piece.split_inclusive(|byte| *byte == b'\n') {
            match part.strip_suffix(b"\n") {
                None => self.hold(part),
                Some(end) if self.held.is_empty() && !self.long => self.line(end, &mut each)?,
                Some(end) => {
                    self.hold(end);
                    self.held_line(&mut each)?;
                }
            }
        }
        Ok(())
    }

    /// Ends the file, which need not end with a line's end.
    ///
    /// # Errors
    ///
    /// As [`Reader::read`].
    pub fn end(mut self, mut each: impl FnMut(Entry<'_>) -> Result<()>) -> Result<Report> {
        if self.long || !self.held.is_empty() {
            self.held_line(&mut each)?;
        }
        Ok(self.report)
    }

    /// How much is held at the moment.
    #[cfg(test)]
    pub(crate) fn held_bytes(&self) -> usize {
        self.held.capacity()
    }

    fn hold(&mut self, part: &[u8]) {
        if self.long || self.held.len() + part.len() > LINE_BYTES_MAX {
            self.long = true;
            self.held.clear();
        } else {
            self.held.extend_from_slice(part);
        }
    }

    fn held_line(&mut self, each: &mut impl FnMut(Entry<'_>) -> Result<()>) -> Result<()> {
        if std::mem::take(&mut self.long) {
            self.report.lines += 1;
            self.report.refuse(Reason::Long);
            return Ok(());
        }
        let mut held = std::mem::take(&mut self.held);
        let done = self.line(&held, each);
        held.clear();
        self.held = held;
        done
    }

    fn line(&mut self, bytes: &[u8], each: &mut impl FnMut(Entry<'_>) -> Result<()>) -> Result<()> {
        self.report.lines += 1;
        if bytes.len() > LINE_BYTES_MAX {
            self.report.refuse(Reason::Long);
            return Ok(());
        }
        let Ok(text) = std::str::from_utf8(bytes) else {
            self.report.refuse(Reason::Encoding);
            return Ok(());
        };
        let text = if self.report.lines == 1 { text.strip_prefix('\u{feff}').unwrap_or(text) } else { text };
        let text = text.trim_matches([' ', '\t', '\r']);
        if line_is_idle(text) {
            return Ok(());
        }
        let report = &mut self.report;
        line_read(self.format, text, &mut |part| {
            match part {
                Ok(Part::Name(name)) => {
                    report.names += 1;
                    return each(Entry::Name(name));
                }
                Ok(Part::Address(address)) => {
                    report.addresses += 1;
                    return each(Entry::Address(address));
                }
                Ok(Part::Url(url)) => {
                    report.urls += 1;
                    return each(Entry::Url(url));
                }
                Ok(Part::Local) => {}
                Err(why) => report.refuse(why),
            }
            Ok(())
        })
    }
}

impl Report {
    fn refuse(&mut self, why: Reason) {
        self.refused += 1;
        if self.faults.len() < FAULTS_SHOWN {
            self.faults.push(Fault { line: self.lines, why });
        }
    }
}
