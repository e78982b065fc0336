//! `cartable stocktake`: counting what is at an establishment.

pub(crate) mod row;

use crate::Error;
use crate::call::Call;
use crate::print::{Row, Sheet, Tone};
use clap::{Args, Subcommand, ValueEnum};
use row::{FindingRow, NotedRow, StocktakeRow};
use serde::Serialize;
use std::io::BufRead;
use wire::v1::{
    Stocktake, StocktakeCloseRequest, StocktakeFinding, StocktakeFound, StocktakeListRequest, StocktakeReportRequest,
    StocktakeReportResponse, StocktakeScanRequest, StocktakeSight, StocktakeStartRequest,
};

/// Lines asked for at a time.
const PAGE: u32 = 1_000;
/// Codes sent at a time.
const BATCH: usize = 100;
/// The most codes of one command.
const CODES_MAX: usize = 100_000;
/// The longest line read, in bytes.
const LINE_BYTES_MAX: usize = 4_096;

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    Start(Start),
    List(List),
    Scan(Scan),
    Report(Report),
    Close(Close),
}

#[derive(Debug, Args)]
pub(crate) struct Start {
    #[arg(long)]
    school: String,
}

#[derive(Debug, Args)]
pub(crate) struct List {
    #[arg(long)]
    school: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Scan {
    stocktake: String,
    #[arg(required_unless_present = "stdin")]
    codes: Vec<String>,
    #[arg(long, conflicts_with = "codes")]
    stdin: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Report {
    stocktake: String,
    #[arg(long, value_enum)]
    found: Option<Found>,
}

#[derive(Debug, Args)]
pub(crate) struct Close {
    stocktake: String,
}

/// How things were found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Found {
    Missing,
    Unexpected,
    Unknown,
    Present,
}

/// A whole report, for programs.
#[derive(Debug, Serialize)]
struct Whole {
    #[serde(flatten)]
    stocktake: StocktakeRow,
    missing: u32,
    unexpected: u32,
    unknown: u32,
    present: u32,
    findings: Vec<FindingRow>,
}

pub(crate) async fn run(verb: Verb, call: &mut Call<'_>) -> Result<(), Error> {
    match verb {
        Verb::Start(start) => stocktake_start(start, call).await,
        Verb::List(list) => stocktake_list(list, call).await,
        Verb::Scan(scan) => stocktake_scan(scan, call).await,
        Verb::Report(report) => stocktake_report(report, call).await,
        Verb::Close(close) => stocktake_close(close, call).await,
    }
}

async fn stocktake_start(start: Start, call: &mut Call<'_>) -> Result<(), Error> {
    let school = crate::device::school_read(&start.school)?;
    let mut client = call.client().await?;
    let answer = call.answer(client.stocktake_start(StocktakeStartRequest { school })).await?;
    said("stocktake-started-now", answer.stocktake, call)
}

async fn stocktake_close(close: Close, call: &mut Call<'_>) -> Result<(), Error> {
    let mut client = call.client().await?;
    let answer = call.answer(client.stocktake_close(StocktakeCloseRequest { stocktake: close.stocktake })).await?;
    said("stocktake-closed-now", answer.stocktake, call)
}

fn said(key: &str, stocktake: Option<Stocktake>, call: &mut Call<'_>) -> Result<(), Error> {
    call.progress.clear();
    let row = StocktakeRow::from(stocktake.unwrap_or_default());
    let line = call.words.text_with(key, &[("id", row.id.as_str().into())]);
    call.print.one(&row, || {
        let mut sheet = Sheet::default();
        sheet.section(line);
        sheet
    })
}

async fn stocktake_list(list: List, call: &mut Call<'_>) -> Result<(), Error> {
    let school = list.school.as_deref().map(crate::device::school_read).transpose()?.unwrap_or_default();
    let mut client = call.client().await?;
    let mut request = StocktakeListRequest { school, limit: PAGE, after: String::new() };
    let mut rows: Vec<StocktakeRow> = Vec::new();
    loop {
        let page = call.answer(client.stocktake_list(request.clone())).await?;
        rows.extend(page.stocktakes.into_iter().map(StocktakeRow::from));
        if page.next.is_empty() || page.next == request.after {
            break;
        }
        request.after = page.next;
    }
    listed(&rows, "stocktake-none", call)
}

async fn stocktake_scan(scan: Scan, call: &mut Call<'_>) -> Result<(), Error> {
    let codes = if scan.stdin { lines_read().await? } else { scan.codes };
    let codes: Vec<String> = codes.into_iter().map(|code| code.trim().to_owned()).filter(|c| !c.is_empty()).collect();
    if codes.len() > CODES_MAX {
        return Err(Error::usage("error-codes-many", &[("most", &CODES_MAX.to_string())]));
    }
    let mut client = call.client().await?;
    let mut rows: Vec<NotedRow> = Vec::new();
    for batch in codes.chunks(BATCH) {
        let sight = |code: &String| StocktakeSight { code: code.clone(), at_unix_ms: 0 };
        let request =
            StocktakeScanRequest { stocktake: scan.stocktake.clone(), sights: batch.iter().map(sight).collect() };
        let answer = call.answer(client.stocktake_scan(request)).await?;
        rows.extend(batch.iter().zip(answer.noted).map(|(code, noted)| NotedRow {
            code: code.clone(),
            asset: Some(noted.asset).filter(|asset| !asset.is_empty()),
            already: noted.already,
        }));
    }
    listed(&rows, "stocktake-nothing", call)
}

async fn stocktake_report(report: Report, call: &mut Call<'_>) -> Result<(), Error> {
    let found = match report.found {
        None => StocktakeFound::Unspecified,
        Some(Found::Missing) => StocktakeFound::Missing,
        Some(Found::Unexpected) => StocktakeFound::Unexpected,
        Some(Found::Unknown) => StocktakeFound::Unknown,
        Some(Found::Present) => StocktakeFound::Present,
    };
    let (answer, findings) = report_read(&report.stocktake, found, call).await?;
    call.progress.clear();
    let findings: Vec<FindingRow> = findings.into_iter().map(FindingRow::from).collect();
    if call.print.for_spreadsheets() {
        return call.print.list(&findings);
    }
    let (missing, unexpected) = (answer.missing, answer.unexpected);
    let (unknown, present) = (answer.unknown, answer.present);
    let stocktake = StocktakeRow::from(answer.stocktake.unwrap_or_default());
    let whole = Whole { stocktake, missing, unexpected, unknown, present, findings };
    let mut sheet = Sheet::default();
    sheet.section(call.words.text_with("stocktake-title", &[("id", whole.stocktake.id.as_str().into())]));
    for (key, count, tone) in [
        ("present", present, Tone::Good),
        ("missing", missing, if missing == 0 { Tone::Plain } else { Tone::Bad }),
        ("unexpected", unexpected, if unexpected == 0 { Tone::Plain } else { Tone::Warning }),
        ("unknown", unknown, if unknown == 0 { Tone::Plain } else { Tone::Warning }),
    ] {
        let look = call.print.look();
        sheet.line(look.text(&format!("stocktake-found-{key}")), look.number(u64::from(count)), tone);
    }
    call.print.one(&whole, || sheet)?;
    if call.print.for_people() && !whole.findings.is_empty() {
        call.print.raw(b"\n")?;
        call.print.list(&whole.findings)?;
    }
    Ok(())
}

/// A whole report, page by page.
///
/// # Errors
/// When the control plane does not answer, or knows no such count.
pub(crate) async fn report_read(
    stocktake: &str,
    found: StocktakeFound,
    call: &mut Call<'_>,
) -> Result<(StocktakeReportResponse, Vec<StocktakeFinding>), Error> {
    let mut client = call.client().await?;
    let mut request = StocktakeReportRequest {
        stocktake: stocktake.to_owned(),
        found: found.into(),
        limit: PAGE,
        after: String::new(),
    };
    let mut findings = Vec::new();
    loop {
        let mut page = call.answer(client.stocktake_report(request.clone())).await?;
        findings.append(&mut page.findings);
        if page.next.is_empty() || page.next == request.after {
            return Ok((page, findings));
        }
        request.after = page.next;
    }
}

/// The lines of standard input, as a scanner types them.
///
/// # Errors
/// When it cannot be read, or holds more than is meant.
pub(crate) async fn lines_read() -> Result<Vec<String>, Error> {
    let read = tokio::task::spawn_blocking(|| -> std::io::Result<Vec<String>> {
        let mut lines = Vec::new();
        for line in std::io::stdin().lock().lines() {
            let line = line?;
            if line.len() > LINE_BYTES_MAX || lines.len() > CODES_MAX {
                return Err(std::io::ErrorKind::FileTooLarge.into());
            }
            lines.push(line);
        }
        Ok(lines)
    });
    Ok(read.await.map_err(std::io::Error::other)??)
}

fn listed<R: Row>(rows: &[R], none: &str, call: &mut Call<'_>) -> Result<(), Error> {
    call.progress.clear();
    if call.print.for_people() && rows.is_empty() {
        call.note(&call.words.text(none));
        return Ok(());
    }
    call.print.list(rows)
}
