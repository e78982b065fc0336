//! `cartable asset import` and `receive`: equipment before it ever enrols.

use super::lines::{day_read, lines_read, price_read};
use super::{Measure, measure_name};
use crate::Error;
use crate::call::Call;
use crate::device::{owner_read, school_read};
use crate::print::{Look, Row, Sheet, Tone, error_sentence, sentence_text};
use clap::Args;
use serde::Serialize;
use std::path::PathBuf;
use tonic::transport::Channel;
use wire::v1::admin_client::AdminClient;
use wire::v1::{AssetLine, AssetOutcome, AssetReceiveRequest, AssetReceived};
use words::Value;

/// How many lines travel at a time.
const AT_A_TIME: usize = 200;

#[derive(Debug, Args)]
pub(crate) struct Import {
    file: PathBuf,
    #[arg(long)]
    dry_run: bool,
    #[arg(long)]
    update: bool,
    #[arg(long, value_enum)]
    measure: Option<Measure>,
}

#[derive(Debug, Args)]
pub(crate) struct Receive {
    number: String,
    #[arg(long, default_value = "laptop")]
    kind: String,
    #[arg(long)]
    serial: Option<String>,
    #[arg(long)]
    maker: Option<String>,
    #[arg(long)]
    model: Option<String>,
    #[arg(long)]
    school: Option<String>,
    #[arg(long)]
    owner: Option<String>,
    #[arg(long)]
    operator: Option<String>,
    #[arg(long, value_enum)]
    measure: Option<Measure>,
    #[arg(long)]
    funding: Option<String>,
    #[arg(long)]
    price: Option<String>,
    #[arg(long)]
    purchased: Option<String>,
    #[arg(long)]
    warranty: Option<String>,
    #[arg(long)]
    update: bool,
}

/// What became of a list, for programs.
#[derive(Debug, Default, Serialize)]
struct Report {
    dry_run: bool,
    new: usize,
    same: usize,
    changed: usize,
    differs: usize,
    refused: usize,
    /// Columns that were passed over.
    ignored_columns: Vec<String>,
    /// The lines that a person may want to look at.
    lines: Vec<ReportRow>,
}

/// A line that a person may want to look at; the field names are promised to programs.
#[derive(Clone, Debug, Default, Serialize)]
struct ReportRow {
    line: u64,
    number: String,
    outcome: &'static str,
    fields: Option<String>,
    why: Option<String>,
}

pub(crate) async fn asset_import(import: Import, call: &mut Call<'_>) -> Result<(), Error> {
    let (lines, ignored_columns) = lines_read(&import.file)?;
    let mut report = Report { dry_run: import.dry_run, ignored_columns, ..Report::default() };
    let mut client = call.client().await?;
    let (total, measure) = (lines.len(), measure_name(import.measure));
    let mut waiting: Vec<(u64, AssetLine)> = Vec::new();
    for (done, (at, line)) in lines.into_iter().enumerate() {
        match line {
            Ok(mut line) => {
                if line.measure.is_empty() {
                    line.measure.clone_from(&measure);
                }
                waiting.push((at, line));
            }
            Err(error) => report.refused(at, String::new(), error_sentence(&error, call.words)),
        }
        if waiting.len() >= AT_A_TIME {
            sent(&mut report, &mut waiting, import.update, &mut client, call).await?;
            call.progress.reached(done + 1, total);
        }
    }
    sent(&mut report, &mut waiting, import.update, &mut client, call).await?;
    call.progress.clear();
    report.lines.sort_by_key(|row| row.line);
    let refused = report.refused;
    if call.print.for_spreadsheets() {
        call.print.list(&report.lines)?;
    } else if call.print.for_people() {
        if !report.lines.is_empty() {
            call.print.list(&report.lines)?;
        }
        let line = report.sentence(call.print.look());
        call.note(&line);
        if !report.ignored_columns.is_empty() {
            let columns = report.ignored_columns.join(", ");
            call.note(&call.words.text_with("asset-import-ignored", &[("columns", columns.into())]));
        }
    } else {
        call.print.one(&report, Sheet::default)?;
    }
    if refused > 0 { Err(Error::LinesRefused(refused)) } else { Ok(()) }
}

/// Sends what waits.
async fn sent(
    report: &mut Report,
    waiting: &mut Vec<(u64, AssetLine)>,
    update: bool,
    client: &mut AdminClient<Channel>,
    call: &mut Call<'_>,
) -> Result<(), Error> {
    if waiting.is_empty() {
        return Ok(());
    }
    let lines = waiting.iter().map(|(_, line)| line.clone()).collect();
    let asked = AssetReceiveRequest { lines, dry_run: report.dry_run, update };
    let answer = call.answer(client.asset_receive(asked)).await?;
    for ((at, line), received) in waiting.drain(..).zip(answer.received) {
        report.take(at, line.number, received, call);
    }
    Ok(())
}

pub(crate) async fn asset_receive(receive: Receive, call: &mut Call<'_>) -> Result<(), Error> {
    let text = |text: Option<String>| text.unwrap_or_default();
    let line = AssetLine {
        number: receive.number.clone(),
        kind: receive.kind,
        maker: text(receive.maker),
        model: text(receive.model),
        serial: text(receive.serial),
        owner: receive.owner.as_deref().map(owner_read).transpose()?.unwrap_or_default(),
        operator: receive.operator.as_deref().map(owner_read).transpose()?.unwrap_or_default(),
        school: receive.school.as_deref().map(school_read).transpose()?.unwrap_or_default(),
        measure: measure_name(receive.measure),
        funding: text(receive.funding),
        price_cents: receive.price.as_deref().map(price_read).transpose()?,
        purchased_on: receive.purchased.as_deref().map(day_read).transpose()?.unwrap_or_default(),
        warranty_until: receive.warranty.as_deref().map(day_read).transpose()?.unwrap_or_default(),
    };
    let mut client = call.client().await?;
    let asked = AssetReceiveRequest { lines: vec![line], dry_run: false, update: receive.update };
    let answer = call.answer(client.asset_receive(asked)).await?;
    call.progress.clear();
    let mut report = Report::default();
    for received in answer.received {
        report.take(1, receive.number.clone(), received, call);
    }
    if call.print.for_people() {
        for row in &report.lines {
            let (told, _) = row.told(call.print.look());
            call.note(&format!("{}{} {told}", row.number, call.print.look().colon()));
        }
        let line = report.sentence(call.print.look());
        call.note(&line);
    } else {
        call.print.one(&report, Sheet::default)?;
    }
    if report.refused > 0 { Err(Error::LinesRefused(report.refused)) } else { Ok(()) }
}

impl Report {
    fn take(&mut self, line: u64, number: String, received: AssetReceived, call: &Call<'_>) {
        let fields = Some(received.fields.join(", ")).filter(|fields| !fields.is_empty());
        let row = |outcome| ReportRow { line, number: number.clone(), outcome, fields: fields.clone(), why: None };
        match received.outcome() {
            AssetOutcome::New => {
                self.new += 1;
                if !received.alike.is_empty() {
                    self.lines.push(ReportRow { fields: Some(received.alike), ..row("alike") });
                }
            }
            AssetOutcome::Same => self.same += 1,
            AssetOutcome::Changed => {
                self.changed += 1;
                self.lines.push(row("changed"));
            }
            AssetOutcome::Differs => {
                self.differs += 1;
                self.lines.push(row("differs"));
            }
            AssetOutcome::Refused | AssetOutcome::Unspecified => {
                self.refused(line, number, sentence_text(&received.why, call.words));
            }
        }
    }

    fn refused(&mut self, line: u64, number: String, why: String) {
        self.refused += 1;
        self.lines.push(ReportRow { line, number, outcome: "refused", fields: None, why: Some(why) });
    }

    fn sentence(&self, look: &Look<'_>) -> String {
        let count = |n: usize| Value::count(n.try_into().unwrap_or(u64::MAX));
        let values = [
            ("new", count(self.new)),
            ("same", count(self.same)),
            ("changed", count(self.changed)),
            ("differs", count(self.differs)),
            ("refused", count(self.refused)),
        ];
        look.words.text_with(if self.dry_run { "asset-import-would" } else { "asset-import-done" }, &values)
    }
}

impl ReportRow {
    fn told(&self, look: &Look<'_>) -> (String, Tone) {
        let fields = self.fields.clone().unwrap_or_default();
        let said = |key: &str| look.words.text_with(key, &[("fields", fields.clone().into())]);
        match self.outcome {
            "alike" => (said("asset-import-alike"), Tone::Warning),
            "changed" => (said("asset-import-changed"), Tone::Good),
            "differs" => (said("asset-import-differs"), Tone::Warning),
            _ => (self.why.clone().unwrap_or_default(), Tone::Bad),
        }
    }
}

impl Row for ReportRow {
    const COLUMNS: &'static [&'static str] = &["asset-line", "asset-number", "asset-outcome"];

    fn cells(&self, look: &Look<'_>) -> Vec<(String, Tone)> {
        let number = if self.number.is_empty() { "–".to_owned() } else { self.number.clone() };
        vec![(self.line.to_string(), Tone::Plain), (number, Tone::Plain), self.told(look)]
    }
}
