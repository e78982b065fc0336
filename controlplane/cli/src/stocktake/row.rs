//! Stock counts and what they found, as lines.

use crate::print::{Look, Row, Tone, rfc3339};
use serde::Serialize;
use wire::v1::{Stocktake, StocktakeFinding, StocktakeFound};

/// A line of the list of counts; the field names are promised to programs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct StocktakeRow {
    pub(crate) id: String,
    school: String,
    started: Option<String>,
    by: String,
    closed: Option<String>,
    #[serde(skip)]
    started_unix_ms: i64,
    #[serde(skip)]
    closed_unix_ms: i64,
}

/// A finding; the field names are promised to programs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct FindingRow {
    found: &'static str,
    number: String,
    model: Option<String>,
    school: Option<String>,
    owner: Option<String>,
    lifecycle: Option<String>,
    seen: Option<String>,
    by: Option<String>,
    #[serde(skip)]
    seen_unix_ms: i64,
}

/// A code that was scanned; the field names are promised to programs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct NotedRow {
    pub(crate) code: String,
    pub(crate) asset: Option<String>,
    pub(crate) already: bool,
}

/// How a finding is called.
pub(crate) const fn found_name(found: StocktakeFound) -> &'static str {
    match found {
        StocktakeFound::Missing => "missing",
        StocktakeFound::Unexpected => "unexpected",
        StocktakeFound::Present => "present",
        StocktakeFound::Unknown | StocktakeFound::Unspecified => "unknown",
    }
}

impl From<Stocktake> for StocktakeRow {
    fn from(s: Stocktake) -> Self {
        Self {
            id: s.id,
            school: s.school,
            started: rfc3339(s.started_unix_ms),
            by: s.by,
            closed: rfc3339(s.closed_unix_ms),
            started_unix_ms: s.started_unix_ms,
            closed_unix_ms: s.closed_unix_ms,
        }
    }
}

impl From<StocktakeFinding> for FindingRow {
    fn from(f: StocktakeFinding) -> Self {
        let some = |text: String| Some(text).filter(|text| !text.is_empty());
        Self {
            found: found_name(f.found()),
            number: f.number,
            model: some(f.model),
            school: some(f.school),
            owner: some(f.owner),
            lifecycle: some(f.lifecycle),
            seen: rfc3339(f.seen_unix_ms),
            by: some(f.by),
            seen_unix_ms: f.seen_unix_ms,
        }
    }
}

fn known(text: &Option<String>) -> (String, Tone) {
    match text {
        Some(text) => (text.clone(), Tone::Plain),
        None => ("–".to_owned(), Tone::Faint),
    }
}

impl Row for StocktakeRow {
    const COLUMNS: &'static [&'static str] =
        &["stocktake-id", "stocktake-school", "stocktake-started", "stocktake-by", "stocktake-closed"];

    fn cells(&self, look: &Look<'_>) -> Vec<(String, Tone)> {
        let closed = match self.closed_unix_ms {
            0 => (look.text("stocktake-open"), Tone::Good),
            at => (look.date(at), Tone::Faint),
        };
        vec![
            (self.id.clone(), Tone::Plain),
            (self.school.clone(), Tone::Plain),
            (look.date(self.started_unix_ms), Tone::Plain),
            (self.by.clone(), Tone::Plain),
            closed,
        ]
    }
}

impl Row for FindingRow {
    const COLUMNS: &'static [&'static str] = &[
        "stocktake-found",
        "stocktake-number",
        "stocktake-model",
        "stocktake-where",
        "stocktake-lifecycle",
        "stocktake-seen",
        "stocktake-by",
    ];

    fn cells(&self, look: &Look<'_>) -> Vec<(String, Tone)> {
        let tone = match self.found {
            "present" => Tone::Good,
            "missing" => Tone::Bad,
            _ => Tone::Warning,
        };
        let lifecycle = self.lifecycle.as_ref().map(|name| look.text(&format!("lifecycle-{}", name.replace('_', "-"))));
        let seen = if self.seen_unix_ms == 0 { None } else { Some(look.date(self.seen_unix_ms)) };
        let place = self.school.clone().or_else(|| self.owner.clone());
        vec![
            (look.text(&format!("stocktake-found-{}", self.found)), tone),
            (self.number.clone(), Tone::Plain),
            known(&self.model),
            known(&place),
            known(&lifecycle),
            known(&seen),
            known(&self.by),
        ]
    }
}

impl Row for NotedRow {
    const COLUMNS: &'static [&'static str] = &["stocktake-code", "stocktake-number", "stocktake-noted"];

    fn cells(&self, look: &Look<'_>) -> Vec<(String, Tone)> {
        let key = if self.already { "stocktake-noted-already" } else { "stocktake-noted-new" };
        vec![(self.code.clone(), Tone::Plain), known(&self.asset), (look.text(key), Tone::Plain)]
    }
}
