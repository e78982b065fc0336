//! Campaigns and how their loans fared, as lines.

use crate::print::{Look, Row, Tone, rfc3339};
use serde::Serialize;
use wire::v1::{Campaign, CampaignCount, CampaignKind, CampaignLine, CampaignOutcome};

/// A line of the list of campaigns; the field names are promised to programs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct CampaignRow {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) kind: &'static str,
    /// Separated by spaces; nothing for all.
    schools: Option<String>,
    pub(crate) first_on: String,
    pub(crate) last_on: String,
    due_by: Option<String>,
    by: String,
    closed: Option<String>,
}

/// How many loans of an establishment fared how; the field names are promised to programs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct CountRow {
    pub(crate) school: String,
    pub(crate) expected: u32,
    pub(crate) handed: u32,
    pub(crate) returned: u32,
    pub(crate) no_show: u32,
    pub(crate) refused: u32,
    pub(crate) problem: u32,
}

/// How a loan fared; the field names are promised to programs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct LineRow {
    loan: String,
    number: String,
    school: String,
    asset: Option<String>,
    outcome: &'static str,
    why: Option<String>,
    at: Option<String>,
    by: Option<String>,
    #[serde(skip)]
    at_unix_ms: i64,
}

fn some(text: String) -> Option<String> {
    Some(text).filter(|text| !text.is_empty())
}

fn known(text: &Option<String>) -> (String, Tone) {
    match text {
        Some(text) => (text.clone(), Tone::Plain),
        None => ("–".to_owned(), Tone::Faint),
    }
}

const fn outcome_name(outcome: CampaignOutcome) -> &'static str {
    match outcome {
        CampaignOutcome::Handed => "handed",
        CampaignOutcome::Returned => "returned",
        CampaignOutcome::NoShow => "no_show",
        CampaignOutcome::Refused => "refused",
        CampaignOutcome::Problem => "problem",
        CampaignOutcome::Expected | CampaignOutcome::Unspecified => "expected",
    }
}

impl From<Campaign> for CampaignRow {
    fn from(c: Campaign) -> Self {
        let kind = if c.kind() == CampaignKind::Return { "return" } else { "handout" };
        Self {
            id: c.id,
            name: c.name,
            kind,
            schools: some(c.schools.join(" ")),
            first_on: c.first_on,
            last_on: c.last_on,
            due_by: some(c.due_by),
            by: c.by,
            closed: rfc3339(c.closed_unix_ms),
        }
    }
}

impl From<CampaignCount> for CountRow {
    fn from(c: CampaignCount) -> Self {
        let CampaignCount { school, expected, handed, returned, no_show, refused, problem } = c;
        Self { school, expected, handed, returned, no_show, refused, problem }
    }
}

impl CountRow {
    /// Adds another establishment's.
    pub(crate) fn add(&mut self, other: &Self) {
        for (mine, theirs) in [
            (&mut self.expected, other.expected),
            (&mut self.handed, other.handed),
            (&mut self.returned, other.returned),
            (&mut self.no_show, other.no_show),
            (&mut self.refused, other.refused),
            (&mut self.problem, other.problem),
        ] {
            *mine = mine.saturating_add(theirs);
        }
    }
}

impl From<CampaignLine> for LineRow {
    fn from(l: CampaignLine) -> Self {
        Self {
            outcome: outcome_name(l.outcome()),
            loan: l.loan,
            number: l.number,
            school: l.school,
            asset: some(l.asset),
            why: some(l.why),
            at: rfc3339(l.at_unix_ms),
            by: some(l.by),
            at_unix_ms: l.at_unix_ms,
        }
    }
}

impl Row for CampaignRow {
    const COLUMNS: &'static [&'static str] =
        &["campaign-id", "campaign-name", "campaign-kind", "campaign-days", "campaign-schools", "campaign-state"];

    fn cells(&self, look: &Look<'_>) -> Vec<(String, Tone)> {
        let days = if self.first_on == self.last_on {
            self.first_on.clone()
        } else {
            format!("{} – {}", self.first_on, self.last_on)
        };
        let state = if self.closed.is_some() {
            (look.text("campaign-closed"), Tone::Faint)
        } else {
            (look.text("campaign-open"), Tone::Good)
        };
        vec![
            (self.id.clone(), Tone::Plain),
            (self.name.clone(), Tone::Plain),
            (look.text(&format!("campaign-kind-{}", self.kind)), Tone::Plain),
            (days, Tone::Plain),
            (self.schools.clone().unwrap_or_else(|| look.text("campaign-all")), Tone::Plain),
            state,
        ]
    }
}

impl Row for CountRow {
    const COLUMNS: &'static [&'static str] = &[
        "campaign-school",
        "campaign-outcome-expected",
        "campaign-outcome-handed",
        "campaign-outcome-returned",
        "campaign-outcome-no-show",
        "campaign-outcome-refused",
        "campaign-outcome-problem",
    ];

    fn cells(&self, look: &Look<'_>) -> Vec<(String, Tone)> {
        let count = |n: u32, tone| (look.number(u64::from(n)), if n == 0 { Tone::Faint } else { tone });
        vec![
            (self.school.clone(), Tone::Plain),
            count(self.expected, Tone::Plain),
            count(self.handed, Tone::Good),
            count(self.returned, Tone::Good),
            count(self.no_show, Tone::Warning),
            count(self.refused, Tone::Warning),
            count(self.problem, Tone::Bad),
        ]
    }
}

impl Row for LineRow {
    const COLUMNS: &'static [&'static str] = &[
        "campaign-loan",
        "campaign-school",
        "campaign-asset",
        "campaign-outcome",
        "campaign-why",
        "campaign-at",
        "campaign-by",
    ];

    fn cells(&self, look: &Look<'_>) -> Vec<(String, Tone)> {
        let tone = match self.outcome {
            "handed" | "returned" => Tone::Good,
            "problem" => Tone::Bad,
            "no_show" | "refused" => Tone::Warning,
            _ => Tone::Plain,
        };
        let at = if self.at_unix_ms == 0 { None } else { Some(look.date(self.at_unix_ms)) };
        vec![
            (self.number.clone(), Tone::Plain),
            (self.school.clone(), Tone::Plain),
            known(&self.asset),
            (look.text(&format!("campaign-outcome-{}", self.outcome.replace('_', "-"))), tone),
            known(&self.why),
            known(&at),
            known(&self.by),
        ]
    }
}
