//! `cartable school`: establishments, and the import of the ministry's register.

mod bytes;
mod file;
mod import;
mod report;
mod row;

pub(crate) use bytes::{separator, windows_1252};

use crate::Error;
use crate::call::Call;
use crate::device::owner_read;
use crate::print::{Sheet, Tone, clean};
use clap::{Args, Subcommand, ValueEnum};
use model::calendar::Zone;
use model::departement::Departement;
use model::uai::WrittenUai;
use row::{SchoolRow, SchoolSheet};
use wire::v1::{SchoolListRequest, SchoolShowRequest};

/// Schools asked for at a time.
const PAGE: u32 = 500;

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    Import(import::Import),
    List(Box<List>),
    Show(Show),
}

#[derive(Debug, Args)]
pub(crate) struct List {
    #[arg(long)]
    departement: Option<String>,
    #[arg(long)]
    commune: Option<String>,
    #[arg(long)]
    name: Option<String>,
    #[arg(long, value_enum)]
    kind: Option<Kind>,
    #[arg(long, value_enum)]
    degree: Option<Degree>,
    #[arg(long, value_enum)]
    sector: Option<Sector>,
    #[arg(long)]
    zone: Option<String>,
    #[arg(long)]
    owner: Option<String>,
    #[arg(long)]
    flagged: bool,
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    limit: Option<u32>,
}

#[derive(Debug, Args)]
pub(crate) struct Show {
    school: String,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Kind {
    Primary,
    College,
    Lycee,
    Erea,
    MedicoSocial,
    Administrative,
    Guidance,
    Other,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Degree {
    First,
    Second,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Sector {
    Public,
    Private,
}

pub(crate) async fn run(verb: Verb, call: &mut Call<'_>) -> Result<(), Error> {
    match verb {
        Verb::Import(import) => import::school_import(import, call).await,
        Verb::List(list) => school_list(*list, call).await,
        Verb::Show(show) => school_show(show, call).await,
    }
}

/// A holiday zone as typed.
pub(crate) fn zone_read(text: &str) -> Result<Zone, Error> {
    text.parse().map_err(|_| Error::usage("error-zone", &[("value", &clean(text))]))
}

/// A département as typed.
fn departement_read(text: &str) -> Result<Departement, Error> {
    text.parse().map_err(|_| Error::usage("error-departement", &[("value", &clean(text))]))
}

/// A name of an enumeration as messages write it.
fn named<T: ValueEnum>(value: Option<T>) -> String {
    let name = value.and_then(|value| value.to_possible_value().map(|name| name.get_name().replace('-', "_")));
    name.unwrap_or_default()
}

async fn school_list(list: List, call: &mut Call<'_>) -> Result<(), Error> {
    let mut request = SchoolListRequest {
        departement: list
            .departement
            .as_deref()
            .map(departement_read)
            .transpose()?
            .map_or_else(String::new, |d| d.to_string()),
        commune: list.commune.unwrap_or_default(),
        name: list.name.unwrap_or_default(),
        kind: named(list.kind),
        degree: named(list.degree),
        sector: named(list.sector),
        zone: list.zone.as_deref().map(zone_read).transpose()?.map_or_else(String::new, |zone| zone.to_string()),
        owner: list.owner.as_deref().map(owner_read).transpose()?.unwrap_or_default(),
        flagged: list.flagged.then_some(true),
        ..SchoolListRequest::default()
    };
    let mut client = call.client().await?;
    let mut rows: Vec<SchoolRow> = Vec::new();
    loop {
        let had = u32::try_from(rows.len()).unwrap_or(u32::MAX);
        request.limit = list.limit.map_or(PAGE, |limit| (limit - had).min(PAGE));
        let page = call.answer(client.school_list(request.clone())).await?;
        rows.extend(page.schools.into_iter().map(SchoolRow::from));
        call.progress.text(call.print.look().count("progress-schools", rows.len()));
        let full = list.limit.is_some_and(|limit| rows.len() >= usize::try_from(limit).unwrap_or(usize::MAX));
        // A server that names the same place again would keep us for ever.
        if full || page.next.is_empty() || page.next == request.after {
            break;
        }
        request.after = page.next;
    }
    call.progress.clear();
    if call.print.for_people() && rows.is_empty() {
        call.note(&call.words.text("school-none"));
        return Ok(());
    }
    call.print.list(&rows)
}

async fn school_show(show: Show, call: &mut Call<'_>) -> Result<(), Error> {
    // A wrong letter is no mistake here: what was imported with one is shown by it.
    let uai: WrittenUai =
        show.school.parse().map_err(|_| Error::usage("error-uai-shape", &[("value", &clean(&show.school))]))?;
    let mut client = call.client().await?;
    let answer = call.answer(client.school_show(SchoolShowRequest { uai: uai.to_string() })).await?;
    call.progress.clear();
    let shown = SchoolSheet::from(answer);
    let look = call.print.look();
    let mut sheet = Sheet::default();
    sheet.section(format!("{} {}", shown.row.uai, shown.row.name));
    for (key, value) in shown.lines(look) {
        let (value, tone) = value.map_or_else(|| (look.unknown(), Tone::Faint), |value| (value, Tone::Plain));
        sheet.line(look.text(key), value, tone);
    }
    if let Some(flag) = &shown.row.flag {
        sheet.line(look.text("school-flag"), look.text(&format!("school-flag-{flag}")), Tone::Warning);
    }
    call.print.one(&shown, || sheet)
}
