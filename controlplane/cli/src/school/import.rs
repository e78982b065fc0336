//! `cartable school import`: the register into the control plane, a batch at a time.

use super::departement_read;
use super::file::{Found, SCHOOLS_MAX, Wish, register_read};
use super::report::{Finding, Report};
use crate::Error;
use crate::call::Call;
use crate::print::{Sheet, Tone};
use clap::Args;
use model::establishment::Establishment;
use serde::Serialize;
use std::path::{Path, PathBuf};
use wire::v1::{SchoolImportRequest, SchoolImportResponse};

/// Schools sent at a time, and how many bytes of text they may have together: messages of staff have a limit.
const BATCH_SCHOOLS: usize = 500;
const BATCH_BYTES: usize = 180 * 1024;
/// From this size on a file is read with a sign of life.
const LARGE_BYTES: u64 = 8 * 1024 * 1024;

#[derive(Debug, Args)]
pub(crate) struct Import {
    file: PathBuf,
    #[arg(long)]
    dry_run: bool,
    #[arg(long, conflicts_with = "reject")]
    warn: bool,
    #[arg(long)]
    reject: bool,
    #[arg(long, value_delimiter = ',')]
    departement: Vec<String>,
    #[arg(long)]
    report: Option<PathBuf>,
}

/// What an import did; the field names are promised to programs.
#[derive(Debug, Serialize)]
struct Summary {
    rows: u64,
    schools: usize,
    added: u64,
    changed: u64,
    same: u64,
    flagged: u64,
    repaired: u64,
    joined: u64,
    refused: u64,
    elsewhere: u64,
    absent_columns: Vec<&'static str>,
    dry_run: bool,
}

pub(super) async fn school_import(import: Import, call: &mut Call<'_>) -> Result<(), Error> {
    let departements = import.departement.iter().map(|text| departement_read(text)).collect::<Result<Vec<_>, _>>()?;
    let wish = Wish { reject: import.reject, departements, most: SCHOOLS_MAX };
    let look = call.print.look().clone();
    let mut report = Report::begin(import.report.as_deref(), &import.file, &look)?;
    let size = std::fs::metadata(&import.file).map_or(0, |file| file.len());
    if size > LARGE_BYTES {
        call.progress.bar(size, call.words.text("progress-reading"));
    }
    let found = register_read(&import.file, &wish, &mut report, &mut |at| call.progress.at(at))?;
    let shown = report.finish()?;
    let done = send(&found, &import.file, import.dry_run, call).await?;
    call.progress.clear();
    let summary = Summary {
        rows: found.rows,
        schools: found.schools.len(),
        added: done.added.into(),
        changed: done.changed.into(),
        same: done.same.into(),
        flagged: found.flagged,
        repaired: found.repaired,
        joined: found.joined,
        refused: found.refused,
        elsewhere: found.elsewhere,
        absent_columns: found.absent,
        dry_run: import.dry_run,
    };
    if call.print.for_people() {
        notes(&summary, &shown, import.report.as_deref(), call);
    }
    let sheet = sheet(&summary, call);
    call.print.one(&summary, || sheet)
}

async fn send(found: &Found, file: &Path, dry_run: bool, call: &mut Call<'_>) -> Result<SchoolImportResponse, Error> {
    let source = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let source: String = crate::print::clean(&source).chars().take(30).collect();
    let mut client = call.client().await?;
    let total = u64::try_from(found.schools.len()).unwrap_or(u64::MAX);
    call.progress.bar(total, call.words.text("progress-sending"));
    let (mut sum, mut sent) = (SchoolImportResponse::default(), 0);
    let mut rest = found.schools.values().peekable();
    while rest.peek().is_some() {
        let (mut batch, mut bytes) = (Vec::new(), 0);
        while batch.len() < BATCH_SCHOOLS
            && let Some(next) = rest.next_if(|next| batch.is_empty() || bytes + weight(next) <= BATCH_BYTES)
        {
            bytes += weight(next);
            batch.push(next.clone().into());
        }
        sent += batch.len();
        let request = SchoolImportRequest { schools: batch, source: source.clone(), dry_run };
        let done = call.answer(client.school_import(request)).await?;
        sum.added += done.added;
        sum.changed += done.changed;
        sum.same += done.same;
        call.progress.at(u64::try_from(sent).unwrap_or(u64::MAX));
    }
    Ok(sum)
}

/// At most how many bytes a school takes in a message.
fn weight(school: &Establishment) -> usize {
    let communes: usize = school.communes.iter().map(|c| c.name.len() + c.code.len() + 8).sum();
    128 + school.name.len() + communes + school.academie.len() + school.priority.len() + school.phone.len()
}

/// What a person should look at, beside the figures.
fn notes(summary: &Summary, shown: &[Finding], report: Option<&Path>, call: &mut Call<'_>) {
    let look = call.print.look().clone();
    for finding in shown {
        call.note(&finding.text(&look));
    }
    if let Some(report) = report {
        let path = crate::print::clean(&report.display().to_string());
        call.note(&call.words.text_with("import-report", &[("path", path.into())]));
    } else if summary.flagged + summary.refused > u64::try_from(shown.len()).unwrap_or(u64::MAX) {
        call.note(&call.words.text("import-more"));
    }
    if !summary.absent_columns.is_empty() {
        let columns = summary.absent_columns.join(", ");
        call.note(&call.words.text_with("import-absent", &[("columns", columns.into())]));
    }
}

fn sheet(summary: &Summary, call: &Call<'_>) -> Sheet {
    let look = call.print.look();
    let mut sheet = Sheet::default();
    sheet.section(look.text(if summary.dry_run { "import-title-dry" } else { "import-title" }));
    let schools = u64::try_from(summary.schools).unwrap_or(u64::MAX);
    let warned = |n: u64, tone| if n > 0 { tone } else { Tone::Plain };
    for (key, n, tone) in [
        ("import-rows", summary.rows, Tone::Plain),
        ("import-schools", schools, Tone::Plain),
        ("import-added", summary.added, Tone::Plain),
        ("import-changed", summary.changed, Tone::Plain),
        ("import-same", summary.same, Tone::Plain),
        ("import-repaired", summary.repaired, Tone::Plain),
        ("import-joined", summary.joined, Tone::Plain),
        ("import-flagged", summary.flagged, warned(summary.flagged, Tone::Warning)),
        ("import-refused", summary.refused, warned(summary.refused, Tone::Bad)),
        ("import-elsewhere", summary.elsewhere, Tone::Plain),
    ] {
        sheet.line(look.text(key), look.number(n), tone);
    }
    sheet
}
