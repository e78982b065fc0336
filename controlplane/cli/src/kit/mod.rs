//! `cartable kit`: what is packed together for a classroom.

mod bind;
mod file;
mod moves;
mod paper;
mod row;
mod template;

use crate::Error;
use crate::asset::{Measure, measure_name, measure_text};
use crate::call::Call;
use crate::class::class_read;
use crate::device::{owner_read, school_read};
use crate::print::{Look, Sheet, Tone};
use clap::{Args, Subcommand};
use row::{KitRow, PartRow, lack_text};
use serde::Serialize;
use wire::v1::{KitCreateRequest, KitListRequest, KitShowRequest, KitShowResponse};

/// Kits asked for at a time; each is judged by what its devices report.
const PAGE: u32 = 200;

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    Template {
        #[command(subcommand)]
        verb: template::Verb,
    },
    Create(Create),
    List(List),
    Show(Show),
    Bind(bind::Bind),
    Unbind(bind::Unbind),
    Move(bind::Pass),
    Moves,
    Accept(moves::Accept),
    Dismiss(moves::Dismiss),
    Sheet(paper::Print),
    Record(paper::Print),
}

#[derive(Debug, Args)]
pub(crate) struct Create {
    label: String,
    #[arg(long)]
    template: String,
    // Not `version`: that is the program's own.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    template_version: Option<u32>,
    #[arg(long)]
    school: Option<String>,
    #[arg(long)]
    class: Option<String>,
    #[arg(long)]
    owner: Option<String>,
    #[arg(long)]
    operator: Option<String>,
    #[arg(long, value_enum)]
    measure: Option<Measure>,
    #[arg(long)]
    funding: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct List {
    #[arg(long)]
    school: Option<String>,
    #[arg(long)]
    owner: Option<String>,
    #[arg(long, value_enum)]
    measure: Option<Measure>,
    #[arg(long)]
    template: Option<String>,
    #[arg(long)]
    incomplete: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Show {
    kit: String,
}

/// A kit in full, for programs.
#[derive(Debug, Serialize)]
struct KitSheet {
    #[serde(flatten)]
    row: KitRow,
    parts: Vec<PartRow>,
}

pub(crate) async fn run(verb: Verb, call: &mut Call<'_>) -> Result<(), Error> {
    match verb {
        Verb::Template { verb } => template::run(verb, call).await,
        Verb::Create(create) => kit_create(create, call).await,
        Verb::List(list) => kit_list(list, call).await,
        Verb::Show(show) => kit_show(show, call).await,
        Verb::Bind(bind) => bind::kit_bind(bind, call).await,
        Verb::Unbind(unbind) => bind::kit_unbind(unbind, call).await,
        Verb::Move(pass) => bind::kit_pass(pass, call).await,
        Verb::Moves => moves::kit_moves(call).await,
        Verb::Accept(accept) => moves::kit_accept(accept, call).await,
        Verb::Dismiss(dismiss) => moves::kit_dismiss(dismiss, call).await,
        Verb::Sheet(print) => paper::kit_paper(print, false, call).await,
        Verb::Record(print) => paper::kit_paper(print, true, call).await,
    }
}

async fn kit_create(create: Create, call: &mut Call<'_>) -> Result<(), Error> {
    let asked = KitCreateRequest {
        label: create.label,
        template: create.template,
        version: create.template_version.unwrap_or_default(),
        school: create.school.as_deref().map(school_read).transpose()?.unwrap_or_default(),
        class: create.class.as_deref().map(class_read).transpose()?.unwrap_or_default(),
        owner: create.owner.as_deref().map(owner_read).transpose()?.unwrap_or_default(),
        operator: create.operator.as_deref().map(owner_read).transpose()?.unwrap_or_default(),
        measure: measure_name(create.measure),
        funding: create.funding.unwrap_or_default(),
    };
    let mut client = call.client().await?;
    let answer = call.answer(client.kit_create(asked)).await?;
    told(KitRow::from(answer.kit.unwrap_or_default()), call)
}

async fn kit_list(list: List, call: &mut Call<'_>) -> Result<(), Error> {
    let mut asked = KitListRequest {
        school: list.school.as_deref().map(school_read).transpose()?.unwrap_or_default(),
        owner: list.owner.as_deref().map(owner_read).transpose()?.unwrap_or_default(),
        measure: measure_name(list.measure),
        template: list.template.unwrap_or_default(),
        incomplete: list.incomplete,
        limit: PAGE,
        after: String::new(),
    };
    let mut client = call.client().await?;
    let mut rows: Vec<KitRow> = Vec::new();
    loop {
        let page = call.answer(client.kit_list(asked.clone())).await?;
        rows.extend(page.kits.into_iter().map(KitRow::from));
        call.progress.text(call.print.look().count("progress-kits", rows.len()));
        // A server that names the same place again would keep us for ever.
        if page.next.is_empty() || page.next == asked.after {
            break;
        }
        asked.after = page.next;
    }
    call.progress.clear();
    if call.print.for_people() && rows.is_empty() {
        call.note(&call.words.text("kit-none"));
        return Ok(());
    }
    call.print.list(&rows)
}

async fn kit_show(show: Show, call: &mut Call<'_>) -> Result<(), Error> {
    let mut client = call.client().await?;
    let answer = call.answer(client.kit_show(KitShowRequest { kit: show.kit })).await?;
    call.progress.clear();
    let kit = KitSheet::from(answer);
    let sheet = sheet(&kit, call.print.look());
    call.print.one(&kit, || sheet)
}

/// Says in a line how a kit is now.
fn told(row: KitRow, call: &mut Call<'_>) -> Result<(), Error> {
    call.progress.clear();
    let line = told_line(&row, call.print.look());
    call.print.one(&row, || {
        let mut sheet = Sheet::default();
        sheet.section(line);
        sheet
    })
}

fn told_line(row: &KitRow, look: &Look<'_>) -> String {
    let state = match row.lacks.as_slice() {
        [] => look.text("kit-complete"),
        lacks => lacks.iter().map(|lack| lack_text(lack, look)).collect::<Vec<_>>().join(", "),
    };
    look.words.text_with("kit-done", &[("kit", row.label.clone().into()), ("state", state.into())])
}

fn sheet(kit: &KitSheet, look: &Look<'_>) -> Sheet {
    let row = &kit.row;
    let mut sheet = Sheet::default();
    sheet.section(row.label.clone());
    if row.lacks.is_empty() {
        sheet.line(look.text("kit-state"), look.text("kit-complete"), Tone::Good);
    }
    for (at, lack) in row.lacks.iter().enumerate() {
        let label = if at == 0 { look.text("kit-state") } else { String::new() };
        sheet.line(label, lack_text(lack, look), Tone::Warning);
    }
    for (key, value) in [
        ("kit-template", Some(row.template_text())),
        ("kit-school", row.school.clone()),
        ("kit-class", row.class.clone()),
        ("kit-owner", row.owner.clone()),
        ("kit-operator", row.operator.clone()),
        ("kit-measure", row.measure.as_deref().map(|measure| measure_text(measure, look))),
        ("kit-funding", row.funding.clone()),
        ("kit-code", Some(row.code.clone())),
        ("kit-created", Some(look.date(row.created_unix_ms))),
    ] {
        if let Some(value) = value {
            sheet.line(look.text(key), value, Tone::Plain);
        }
    }
    sheet.section(look.text("kit-parts"));
    for part in &kit.parts {
        sheet.line(part.slot.clone(), part.text(look), Tone::Plain);
    }
    sheet
}

impl From<KitShowResponse> for KitSheet {
    fn from(answer: KitShowResponse) -> Self {
        Self {
            row: answer.kit.unwrap_or_default().into(),
            parts: answer.parts.into_iter().map(PartRow::from).collect(),
        }
    }
}
