//! `cartable calendar`: school holidays, entered as data.

mod file;

use crate::Error;
use crate::call::Call;
use crate::print::{Look, Row, Sheet, Tone, clean};
use crate::school::zone_read;
use clap::{Args, Subcommand};
use file::breaks_read;
use model::calendar::Calendar;
use serde::Serialize;
use std::path::PathBuf;
use wire::convert::calendar_read;
use wire::v1::{CalendarSetRequest, CalendarShowRequest, CalendarShowResponse, SchoolBreak};
use words::Value;

/// Breaks sent at a time.
const BATCH: usize = 1_000;

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    Import(Import),
    List(List),
    Days(Days),
}

#[derive(Debug, Args)]
pub(crate) struct Import {
    #[arg(required_unless_present = "home")]
    file: Option<PathBuf>,
    #[arg(long)]
    home: Option<String>,
    #[arg(long)]
    why: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct List {
    #[arg(long)]
    zone: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Days {
    #[arg(long)]
    first: String,
    #[arg(long)]
    last: Option<String>,
    #[arg(long)]
    zone: Option<String>,
}

/// A line of the calendar; the field names are promised to programs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
struct BreakRow {
    zone: String,
    name: String,
    first: String,
    last: String,
}

/// School days of a zone.
#[derive(Debug, Serialize)]
struct SchoolDays {
    zone: String,
    first: String,
    last: String,
    count: usize,
    days: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Entered {
    breaks: usize,
    changed: bool,
}

pub(crate) async fn run(verb: Verb, call: &mut Call<'_>) -> Result<(), Error> {
    match verb {
        Verb::Import(import) => calendar_import(import, call).await,
        Verb::List(list) => calendar_list(list, call).await,
        Verb::Days(days) => calendar_days(days, call).await,
    }
}

async fn calendar_import(import: Import, call: &mut Call<'_>) -> Result<(), Error> {
    let breaks = import.file.as_deref().map(breaks_read).transpose()?.unwrap_or_default();
    if breaks.len() > BATCH {
        return Err(Error::usage("error-calendar-many", &[("most", &BATCH.to_string())]));
    }
    let home = import.home.as_deref().map(zone_read).transpose()?.map_or_else(String::new, |zone| zone.to_string());
    let why = import.why.unwrap_or_else(|| "cartable calendar import".to_owned());
    let count = breaks.len();
    let mut client = call.client().await?;
    let done = call.answer(client.calendar_set(CalendarSetRequest { breaks, home, why })).await?;
    call.progress.clear();
    let key = if done.changed { "calendar-entered" } else { "calendar-same" };
    let line = call.print.look().count(key, count);
    call.print.one(&Entered { breaks: count, changed: done.changed }, || {
        let mut sheet = Sheet::default();
        sheet.section(line);
        sheet
    })
}

async fn calendar_list(list: List, call: &mut Call<'_>) -> Result<(), Error> {
    let zone = list.zone.as_deref().map(zone_read).transpose()?.map(|zone| zone.to_string());
    let held = shown(call).await?;
    let fits = |one: &SchoolBreak| zone.as_ref().is_none_or(|zone| one.zone == *zone);
    let rows: Vec<BreakRow> = held.breaks.into_iter().filter(fits).map(BreakRow::from).collect();
    if call.print.for_people() && rows.is_empty() {
        call.note(&call.words.text("calendar-none"));
        return Ok(());
    }
    if call.print.for_people() && !held.home.is_empty() {
        let zone = call.words.text(&format!("zone-{}", held.home));
        call.note(&call.words.text_with("calendar-home", &[("zone", zone.into())]));
    }
    call.print.list(&rows)
}

async fn calendar_days(days: Days, call: &mut Call<'_>) -> Result<(), Error> {
    let day = |text: &str| text.parse().map_err(|_| Error::usage("error-day", &[("value", &clean(text))]));
    let (first, last) = (day(&days.first)?, days.last.as_deref().map(day).transpose()?);
    let zone = days.zone.as_deref().map(zone_read).transpose()?;
    let held = shown(call).await?;
    let last = match last {
        Some(last) => last,
        None => day(&held.today)?,
    };
    // Ten years are more than any calendar that is entered.
    let (first, last): (jiff::civil::Date, jiff::civil::Date) = (first, last);
    if (last - first).get_days() > 3_660 {
        return Err(Error::usage("error-days-many", &[]));
    }
    let Some(zone) = zone.or_else(|| held.home.parse().ok()) else {
        return Err(Error::usage("error-calendar-zone", &[]));
    };
    let calendar = Calendar::new(calendar_read(held.breaks)?);
    let all: Vec<String> = calendar.school_days(zone, first, last).map(|day| day.to_string()).collect();
    let (first, last) = (first.to_string(), last.to_string());
    let count = SchoolDays { zone: zone.to_string(), first, last, count: all.len(), days: all };
    let values = [
        ("n", Value::count(u64::try_from(count.count).unwrap_or(u64::MAX))),
        ("first", count.first.as_str().into()),
        ("last", count.last.as_str().into()),
        ("zone", call.words.text(&format!("zone-{zone}")).into()),
    ];
    let line = call.words.text_with("calendar-days", &values);
    call.print.one(&count, || {
        let mut sheet = Sheet::default();
        sheet.section(line);
        sheet
    })
}

async fn shown(call: &mut Call<'_>) -> Result<CalendarShowResponse, Error> {
    let mut client = call.client().await?;
    let held = call.answer(client.calendar_show(CalendarShowRequest {})).await?;
    call.progress.clear();
    Ok(held)
}

impl From<SchoolBreak> for BreakRow {
    fn from(one: SchoolBreak) -> Self {
        Self { zone: one.zone, name: one.name, first: one.first, last: one.last }
    }
}

impl Row for BreakRow {
    const COLUMNS: &'static [&'static str] = &["calendar-zone", "calendar-name", "calendar-first", "calendar-last"];

    fn cells(&self, look: &Look<'_>) -> Vec<(String, Tone)> {
        let zone = look.text(&format!("zone-{}", self.zone));
        let texts = [zone, self.name.clone(), self.first.clone(), self.last.clone()];
        texts.into_iter().map(|text| (text, Tone::Plain)).collect()
    }
}
