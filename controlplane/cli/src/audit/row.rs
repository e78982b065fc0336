//! An act as a line.

use crate::print::{Look, Row, Tone, rfc3339};
use model::digest::Digest;
use serde::Serialize;
use wire::v1::{AuditAuthor, AuditEntry};

/// A line of the audit; the field names are promised to programs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct AuditRow {
    pub(crate) sequence: u64,
    pub(crate) at: Option<String>,
    pub(crate) author: &'static str,
    pub(crate) by: Option<String>,
    pub(crate) role: Option<String>,
    pub(crate) second: Option<String>,
    pub(crate) verb: Option<String>,
    pub(crate) subject: Option<String>,
    pub(crate) refused: bool,
    pub(crate) times: u64,
    pub(crate) why: Option<String>,
    pub(crate) digest: Option<String>,
    #[serde(skip)]
    pub(crate) at_unix_ms: i64,
}

impl From<AuditEntry> for AuditRow {
    fn from(entry: AuditEntry) -> Self {
        let author = match entry.author() {
            AuditAuthor::Operator => "operator",
            AuditAuthor::Enrolment => "enrolment",
            AuditAuthor::Rule => "rule",
            AuditAuthor::Unspecified => "unknown",
        };
        let some = |text: String| Some(text).filter(|t| !t.is_empty());
        Self {
            sequence: entry.sequence,
            at: rfc3339(entry.at_unix_ms),
            author,
            by: some(entry.by),
            role: some(entry.role),
            second: some(entry.second),
            verb: some(entry.verb),
            subject: some(entry.subject),
            refused: entry.refused,
            times: entry.times,
            why: some(entry.why),
            digest: <[u8; 32]>::try_from(entry.digest.as_slice()).ok().map(|d| Digest::from_bytes(d).to_string()),
            at_unix_ms: entry.at_unix_ms,
        }
    }
}

impl Row for AuditRow {
    const COLUMNS: &'static [&'static str] =
        &["audit-sequence", "audit-at", "audit-by", "audit-verb", "audit-subject", "audit-outcome", "audit-why"];

    fn cells(&self, look: &Look<'_>) -> Vec<(String, Tone)> {
        let known = |text: &Option<String>| match text {
            Some(text) => (text.clone(), Tone::Plain),
            None => ("–".to_owned(), Tone::Faint),
        };
        let name = self.by.as_deref().unwrap_or("–");
        let mut by = look.words.text_with(&format!("audit-by-{}", self.author), &[("name", name.into())]);
        if let Some(role) = &self.role {
            by.push_str(&format!(" ({})", look.text(&format!("role-{role}"))));
        }
        if let Some(second) = &self.second {
            by.push_str(&format!(" + {second}"));
        }
        let outcome = match (self.author, self.refused, self.times) {
            ("unknown", ..) => (look.text("audit-unreadable"), Tone::Bad),
            (_, false, _) => (look.text("audit-done"), Tone::Plain),
            (_, true, 0 | 1) => (look.text("audit-refused"), Tone::Warning),
            (_, true, n) => (format!("{} × {}", look.text("audit-refused"), look.number(n)), Tone::Warning),
        };
        vec![
            (self.sequence.to_string(), Tone::Faint),
            (look.date(self.at_unix_ms), Tone::Plain),
            (by, Tone::Plain),
            known(&self.verb),
            known(&self.subject),
            outcome,
            known(&self.why),
        ]
    }
}
