//! `cartable proposal`: what waits for a second person.

use crate::Error;
use crate::call::Call;
use crate::confirm::confirm;
use crate::print::{Look, Row, Sheet, Tone, clean, rfc3339};
use clap::{Args, Subcommand};
use serde::Serialize;
use wire::v1::{ProposalDecideRequest, ProposalListRequest, ProposalState, ProposalSummary};

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    List(List),
    Show(Show),
    Approve(Decide),
    Refuse(Decide),
}

#[derive(Debug, Args)]
pub(crate) struct List {
    #[arg(long)]
    all: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Show {
    proposal: String,
}

#[derive(Debug, Args)]
pub(crate) struct Decide {
    proposal: String,
    #[arg(long)]
    why: Option<String>,
    #[arg(long, short)]
    yes: bool,
}

/// A line of the list of proposals; the field names are promised to programs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct ProposalRow {
    pub(crate) id: String,
    pub(crate) verb: String,
    pub(crate) devices: u32,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) ids: Vec<String>,
    pub(crate) detail: Option<String>,
    pub(crate) by: String,
    pub(crate) why: String,
    pub(crate) state: &'static str,
    pub(crate) second: Option<String>,
    pub(crate) created: Option<String>,
    pub(crate) expires: Option<String>,
    #[serde(skip)]
    expires_unix_ms: i64,
}

pub(crate) async fn run(verb: Verb, call: &mut Call<'_>) -> Result<(), Error> {
    match verb {
        Verb::List(list) => {
            let mut client = call.client().await?;
            let answer =
                call.answer(client.proposal_list(ProposalListRequest { all: list.all, id: String::new() })).await?;
            call.progress.clear();
            let rows: Vec<ProposalRow> = answer.proposals.into_iter().map(ProposalRow::from).collect();
            if call.print.for_people() && rows.is_empty() {
                call.note(&call.words.text("proposal-none"));
                return Ok(());
            }
            call.print.list(&rows)
        }
        Verb::Show(show) => {
            let row = proposal_ask(show.proposal, call).await?;
            let sheet = sheet(&row, call.print.look());
            call.print.one(&row, || sheet)
        }
        Verb::Approve(decide) => proposal_decide(decide, true, call).await,
        Verb::Refuse(decide) => proposal_decide(decide, false, call).await,
    }
}

/// Says that an act waits, and for whom.
pub(crate) fn proposal_print(proposal: ProposalSummary, call: &mut Call<'_>) -> Result<(), Error> {
    call.progress.clear();
    let row = ProposalRow::from(proposal);
    let look = call.print.look();
    let mut sheet = Sheet::default();
    sheet.section(look.text("proposal-waits"));
    sheet.line(look.text("proposal-verb"), row.verb.clone(), Tone::Plain);
    if row.devices > 0 {
        sheet.line(look.text("proposal-devices"), look.number(row.devices.into()), Tone::Plain);
    }
    sheet.line(look.text("proposal-until"), look.date(row.expires_unix_ms), Tone::Plain);
    sheet.section(look.text("proposal-next"));
    sheet.line(format!("cartable proposal approve {}", row.id), String::new(), Tone::Plain);
    call.print.one(&row, || sheet)
}

/// One proposal with all its devices.
async fn proposal_ask(id: String, call: &mut Call<'_>) -> Result<ProposalRow, Error> {
    let mut client = call.client().await?;
    let answer = call.answer(client.proposal_list(ProposalListRequest { all: true, id })).await?;
    call.progress.clear();
    Ok(ProposalRow::from(answer.proposals.into_iter().next().unwrap_or_default()))
}

async fn proposal_decide(decide: Decide, agree: bool, call: &mut Call<'_>) -> Result<(), Error> {
    if agree && !decide.yes {
        // Nobody agrees to what they have not seen.
        let row = proposal_ask(decide.proposal.clone(), call).await?;
        let text = sheet(&row, call.print.look()).text(false);
        call.note(&text);
        let question = call.words.text("proposal-question");
        confirm(call, &question).await?;
    }
    let mut client = call.client().await?;
    let why = decide.why.unwrap_or_else(|| format!("cartable proposal {}", if agree { "approve" } else { "refuse" }));
    let request = ProposalDecideRequest { id: decide.proposal, agree, why };
    let answer = call.answer(client.proposal_decide(request)).await?;
    call.progress.clear();
    let row = ProposalRow::from(answer.proposal.unwrap_or_default());
    let state = call.words.text(&format!("proposal-state-{}", row.state));
    let line = call.words.text_with("proposal-decided", &[("id", row.id.as_str().into()), ("state", state.into())]);
    call.print.one(&row, || {
        let mut sheet = Sheet::default();
        sheet.section(line);
        sheet
    })
}

fn sheet(row: &ProposalRow, look: &Look<'_>) -> Sheet {
    let mut sheet = Sheet::default();
    sheet.section(clean(&row.id));
    sheet.line(look.text("proposal-verb"), row.verb.clone(), Tone::Plain);
    if let Some(detail) = &row.detail {
        sheet.line(look.text("proposal-detail"), detail.clone(), Tone::Plain);
    }
    sheet.line(look.text("proposal-by"), row.by.clone(), Tone::Plain);
    sheet.line(look.text("proposal-why"), row.why.clone(), Tone::Plain);
    sheet.line(look.text("proposal-state"), look.text(&format!("proposal-state-{}", row.state)), Tone::Plain);
    sheet.line(look.text("proposal-until"), look.date(row.expires_unix_ms), Tone::Plain);
    if row.devices > 0 {
        sheet.line(look.text("proposal-devices"), look.number(row.devices.into()), Tone::Plain);
    }
    for id in &row.ids {
        sheet.line(String::new(), id.clone(), Tone::Plain);
    }
    sheet
}

impl From<ProposalSummary> for ProposalRow {
    fn from(p: ProposalSummary) -> Self {
        let state = match p.state() {
            ProposalState::Open => "open",
            ProposalState::Done => "done",
            ProposalState::Refused => "refused",
            ProposalState::Lapsed => "lapsed",
            ProposalState::Unspecified => "unknown",
        };
        let some = |text: String| Some(text).filter(|t| !t.is_empty());
        Self {
            state,
            devices: p.device_count,
            ids: p.devices,
            id: p.id,
            verb: p.verb,
            detail: some(p.detail),
            by: p.by,
            why: p.why,
            second: some(p.second),
            created: rfc3339(p.created_unix_ms),
            expires: rfc3339(p.expires_unix_ms),
            expires_unix_ms: p.expires_unix_ms,
        }
    }
}

impl Row for ProposalRow {
    const COLUMNS: &'static [&'static str] = &[
        "proposal-id",
        "proposal-verb",
        "proposal-devices",
        "proposal-by",
        "proposal-why",
        "proposal-state",
        "proposal-until",
    ];

    fn cells(&self, look: &Look<'_>) -> Vec<(String, Tone)> {
        let tone = match self.state {
            "open" => Tone::Warning,
            "done" => Tone::Good,
            _ => Tone::Faint,
        };
        let state = look.text(&format!("proposal-state-{}", self.state));
        let about = match &self.detail {
            Some(detail) => detail.clone(),
            None => look.number(self.devices.into()),
        };
        vec![
            (self.id.clone(), Tone::Plain),
            (self.verb.clone(), Tone::Plain),
            (about, Tone::Plain),
            (self.by.clone(), Tone::Plain),
            (self.why.clone(), Tone::Plain),
            (self.second.as_ref().map_or(state.clone(), |second| format!("{state} ({second})")), tone),
            (look.date(self.expires_unix_ms), Tone::Plain),
        ]
    }
}
