//! What was done at a desk, as lines.

use super::act::{Answer, What};
use super::engine::Desk;
use super::log::Standing;
use super::screen::act_line;
use super::send::why_say;
use crate::Error;
use crate::call::Call;
use crate::print::{Look, Row, Tone, rfc3339};
use serde::Serialize;

/// A line that was scanned; the field names are promised to programs.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct ScanRow {
    pub(crate) input: String,
    pub(crate) fine: bool,
    /// The key of what was said.
    pub(crate) said: Option<String>,
    pub(crate) text: Option<String>,
    /// The act that came of it.
    pub(crate) act: Option<String>,
    pub(crate) what: Option<&'static str>,
    /// The loan that is in front of the desk then, and whom it is for, where names were taken along.
    pub(crate) loan: Option<String>,
    pub(crate) name: Option<String>,
}

/// An act; the field names are promised to programs.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct ActRow {
    act: String,
    what: &'static str,
    loan: Option<String>,
    asset: Option<String>,
    at: Option<String>,
    standing: &'static str,
    why: Option<String>,
    #[serde(skip)]
    line: String,
    #[serde(skip)]
    said: String,
    #[serde(skip)]
    at_unix_ms: i64,
}

impl Default for ScanRow {
    fn default() -> Self {
        Self { input: String::new(), fine: true, said: None, text: None, act: None, what: None, loan: None, name: None }
    }
}

/// Lists the acts that the control plane did not take; or all of them.
pub(crate) fn conflicts(desk: &Desk, all: bool, call: &mut Call<'_>) -> Result<(), Error> {
    let look = call.print.look().clone();
    let is_against = |standing: &Standing| matches!(standing, Standing::Told(Answer::Conflict(_) | Answer::Refused(_)));
    let acts = desk.log.acts().iter().filter(|logged| all || is_against(&logged.standing));
    let rows: Vec<ActRow> = acts
        .map(|logged| {
            let act = &logged.act;
            let (standing, why) = match &logged.standing {
                Standing::Waiting => ("waiting", None),
                Standing::Sending => ("sending", None),
                Standing::Undone => ("undone", None),
                Standing::Told(Answer::Done) => ("done", None),
                Standing::Told(Answer::Conflict(why)) => ("conflict", Some(why_say(why, look.words))),
                Standing::Told(Answer::Refused(why)) => ("refused", Some(why_say(why, look.words))),
            };
            let (line, said, _) = act_line(desk, logged, &look);
            ActRow {
                act: act.id.to_string(),
                what: act.what.name(),
                loan: desk.loan_of(act).map(|loan| loan.number.clone()),
                asset: match &act.what {
                    What::Seen { code } => Some(code.clone()),
                    what => what.asset().map(str::to_owned),
                },
                at: rfc3339(act.at.unix_millis()),
                standing,
                why,
                line,
                said,
                at_unix_ms: act.at.unix_millis(),
            }
        })
        .collect();
    call.progress.clear();
    if call.print.for_people() && rows.is_empty() {
        let text = call.words.text(if all { "desk-acts-none" } else { "desk-conflicts-none" });
        call.note(&text);
        return Ok(());
    }
    call.print.list(&rows)
}

impl Row for ScanRow {
    const COLUMNS: &'static [&'static str] = &["desk-column-input", "desk-column-said"];

    fn cells(&self, _: &Look<'_>) -> Vec<(String, Tone)> {
        let tone = if !self.fine {
            Tone::Bad
        } else if self.act.is_some() {
            Tone::Good
        } else {
            Tone::Plain
        };
        vec![(self.input.clone(), Tone::Plain), (self.text.clone().unwrap_or_default(), tone)]
    }
}

impl Row for ActRow {
    const COLUMNS: &'static [&'static str] = &["desk-column-at", "desk-column-act", "desk-column-standing"];

    fn cells(&self, look: &Look<'_>) -> Vec<(String, Tone)> {
        let tone = match self.standing {
            "done" => Tone::Good,
            "conflict" | "refused" => Tone::Bad,
            _ => Tone::Plain,
        };
        vec![(look.date(self.at_unix_ms), Tone::Plain), (self.line.clone(), Tone::Plain), (self.said.clone(), tone)]
    }
}
