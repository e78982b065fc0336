//! `cartable campaign`: hand-out and return days, and how each expected loan fared.

mod row;

use crate::Error;
use crate::asset::day_read;
use crate::call::Call;
use crate::device::school_read;
use crate::print::{Sheet, Tone};
use clap::{Args, Subcommand, ValueEnum};
use row::{CampaignRow, CountRow, LineRow};
use serde::Serialize;
use wire::v1::{
    Campaign, CampaignCloseRequest, CampaignCount, CampaignCreateRequest, CampaignKind, CampaignListRequest,
    CampaignNote, CampaignNoteRequest, CampaignOutcome, CampaignReportRequest, CampaignShowRequest, LoanOutcome,
};

/// Lines asked for at a time.
const PAGE: u32 = 1_000;

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    Create(Create),
    List(List),
    Show(Named),
    Report(Report),
    Note(Note),
    Close(Named),
}

#[derive(Debug, Args)]
pub(crate) struct Create {
    name: String,
    #[arg(long, value_enum)]
    kind: Kind,
    #[arg(long)]
    school: Vec<String>,
    #[arg(long)]
    first: String,
    #[arg(long)]
    last: Option<String>,
    #[arg(long)]
    due_by: Option<String>,
}

/// Which way equipment goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    Handout,
    Return,
}

#[derive(Debug, Args)]
pub(crate) struct List {
    #[arg(long)]
    all: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Named {
    campaign: String,
}

#[derive(Debug, Args)]
pub(crate) struct Report {
    campaign: String,
    #[arg(long, value_enum)]
    outcome: Option<Outcome>,
    #[arg(long)]
    school: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Note {
    campaign: String,
    loan: String,
    #[arg(long, value_enum)]
    outcome: Ended,
    #[arg(long)]
    why: Option<String>,
    #[arg(long)]
    replace: bool,
}

/// How a loan fared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Outcome {
    Expected,
    Handed,
    Returned,
    NoShow,
    Refused,
    Problem,
}

/// How a loan ended without a change of hands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Ended {
    NoShow,
    Refused,
    Problem,
}

/// A campaign in figures, for programs.
#[derive(Debug, Serialize)]
struct Figures {
    #[serde(flatten)]
    campaign: CampaignRow,
    counts: Vec<CountRow>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lines: Option<Vec<LineRow>>,
}

pub(crate) async fn run(verb: Verb, call: &mut Call<'_>) -> Result<(), Error> {
    match verb {
        Verb::Create(create) => campaign_create(create, call).await,
        Verb::List(list) => campaign_list(list, call).await,
        Verb::Show(named) => campaign_show(named, call).await,
        Verb::Report(report) => campaign_report(report, call).await,
        Verb::Note(note) => campaign_note(note, call).await,
        Verb::Close(named) => campaign_close(named, call).await,
    }
}

async fn campaign_create(create: Create, call: &mut Call<'_>) -> Result<(), Error> {
    let schools: Result<Vec<String>, Error> = create.school.iter().map(|school| school_read(school)).collect();
    let kind = match create.kind {
        Kind::Handout => CampaignKind::Handout,
        Kind::Return => CampaignKind::Return,
    };
    let request = CampaignCreateRequest {
        name: create.name,
        kind: kind.into(),
        schools: schools?,
        first_on: day_read(&create.first)?,
        last_on: create.last.as_deref().map(day_read).transpose()?.unwrap_or_default(),
        due_by: create.due_by.as_deref().map(day_read).transpose()?.unwrap_or_default(),
    };
    let mut client = call.client().await?;
    let answer = call.answer(client.campaign_create(request)).await?;
    said("campaign-created", answer.campaign, call)
}

async fn campaign_close(named: Named, call: &mut Call<'_>) -> Result<(), Error> {
    let mut client = call.client().await?;
    let answer = call.answer(client.campaign_close(CampaignCloseRequest { campaign: named.campaign })).await?;
    said("campaign-closed-now", answer.campaign, call)
}

async fn campaign_list(list: List, call: &mut Call<'_>) -> Result<(), Error> {
    let mut client = call.client().await?;
    let mut request = CampaignListRequest { all: list.all, limit: PAGE, after: String::new() };
    let mut rows: Vec<CampaignRow> = Vec::new();
    loop {
        let page = call.answer(client.campaign_list(request.clone())).await?;
        rows.extend(page.campaigns.into_iter().map(CampaignRow::from));
        if page.next.is_empty() || page.next == request.after {
            break;
        }
        request.after = page.next;
    }
    call.progress.clear();
    if call.print.for_people() && rows.is_empty() {
        let text = call.words.text("campaign-none");
        call.note(&text);
        return Ok(());
    }
    call.print.list(&rows)
}

async fn campaign_show(named: Named, call: &mut Call<'_>) -> Result<(), Error> {
    let mut client = call.client().await?;
    let answer = call.answer(client.campaign_show(CampaignShowRequest { campaign: named.campaign })).await?;
    figures(answer.campaign, answer.counts, None, call)
}

async fn campaign_report(report: Report, call: &mut Call<'_>) -> Result<(), Error> {
    let outcome = match report.outcome {
        None => CampaignOutcome::Unspecified,
        Some(Outcome::Expected) => CampaignOutcome::Expected,
        Some(Outcome::Handed) => CampaignOutcome::Handed,
        Some(Outcome::Returned) => CampaignOutcome::Returned,
        Some(Outcome::NoShow) => CampaignOutcome::NoShow,
        Some(Outcome::Refused) => CampaignOutcome::Refused,
        Some(Outcome::Problem) => CampaignOutcome::Problem,
    };
    let mut request = CampaignReportRequest {
        campaign: report.campaign,
        outcome: outcome.into(),
        school: report.school.as_deref().map(school_read).transpose()?.unwrap_or_default(),
        limit: PAGE,
        after: String::new(),
    };
    let mut client = call.client().await?;
    let mut lines = Vec::new();
    // The first page says how many there are in all.
    let mut counts = Vec::new();
    let page = loop {
        let mut page = call.answer(client.campaign_report(request.clone())).await?;
        lines.extend(std::mem::take(&mut page.lines).into_iter().map(LineRow::from));
        counts.append(&mut page.counts);
        if page.next.is_empty() || page.next == request.after {
            break page;
        }
        request.after = page.next;
    };
    if call.print.for_spreadsheets() {
        call.progress.clear();
        return call.print.list(&lines);
    }
    figures(page.campaign, counts, Some(lines), call)
}

async fn campaign_note(note: Note, call: &mut Call<'_>) -> Result<(), Error> {
    let outcome = match note.outcome {
        Ended::NoShow => CampaignOutcome::NoShow,
        Ended::Refused => CampaignOutcome::Refused,
        Ended::Problem => CampaignOutcome::Problem,
    };
    let one = CampaignNote {
        loan: note.loan.clone(),
        outcome: outcome.into(),
        why: note.why.unwrap_or_default(),
        ..CampaignNote::default()
    };
    let request = CampaignNoteRequest { campaign: note.campaign, notes: vec![one], replace: note.replace };
    let mut client = call.client().await?;
    let answer = call.answer(client.campaign_note(request)).await?;
    let answer = answer.answers.into_iter().next().unwrap_or_default();
    let code = match answer.outcome() {
        LoanOutcome::Done | LoanOutcome::Already => {
            call.progress.clear();
            let text = call.words.text_with("campaign-noted", &[("loan", crate::print::clean(&note.loan).into())]);
            call.note(&text);
            return Ok(());
        }
        LoanOutcome::Conflict => tonic::Code::Aborted,
        LoanOutcome::NotFound => tonic::Code::NotFound,
        LoanOutcome::Unavailable => tonic::Code::Unavailable,
        LoanOutcome::Refused | LoanOutcome::Unspecified => tonic::Code::InvalidArgument,
    };
    Err(tonic::Status::new(code, answer.why).into())
}

fn figures(
    campaign: Option<Campaign>,
    counts: Vec<CampaignCount>,
    lines: Option<Vec<LineRow>>,
    call: &mut Call<'_>,
) -> Result<(), Error> {
    call.progress.clear();
    let counts: Vec<CountRow> = counts.into_iter().map(CountRow::from).collect();
    if call.print.for_spreadsheets() {
        return call.print.list(&counts);
    }
    let figures = Figures { campaign: CampaignRow::from(campaign.unwrap_or_default()), counts, lines };
    let mut sheet = Sheet::default();
    let look = call.print.look();
    let row = &figures.campaign;
    sheet.section(format!("{} ({})", row.name, row.id));
    sheet.line(look.text("campaign-kind"), look.text(&format!("campaign-kind-{}", row.kind)), Tone::Plain);
    sheet.line(look.text("campaign-days"), format!("{} – {}", row.first_on, row.last_on), Tone::Plain);
    call.print.one(&figures, || sheet)?;
    if call.print.for_people() {
        let mut all = figures.counts.clone();
        let mut sum = CountRow { school: call.words.text("campaign-sum"), ..CountRow::default() };
        figures.counts.iter().for_each(|count| sum.add(count));
        all.push(sum);
        call.print.raw(b"\n")?;
        call.print.list(&all)?;
        if let Some(lines) = figures.lines.filter(|lines| !lines.is_empty()) {
            call.print.raw(b"\n")?;
            call.print.list(&lines)?;
        }
    }
    Ok(())
}

fn said(key: &str, campaign: Option<Campaign>, call: &mut Call<'_>) -> Result<(), Error> {
    call.progress.clear();
    let row = CampaignRow::from(campaign.unwrap_or_default());
    let line = call.words.text_with(key, &[("id", row.id.as_str().into())]);
    call.print.one(&row, || {
        let mut sheet = Sheet::default();
        sheet.section(line);
        sheet
    })
}
