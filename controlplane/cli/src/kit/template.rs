//! `cartable kit template`: what belongs in kits of one kind.

use super::file::{template_of, template_read, template_wire};
use crate::Error;
use crate::call::Call;
use crate::print::{Look, Row, Sheet, Tone};
use clap::{Args, Subcommand};
use model::kit::{Slot, Template};
use serde::Serialize;
use std::path::PathBuf;
use wire::v1::{KitTemplateListRequest, KitTemplatePutRequest};
use words::Value;

/// Templates asked for at a time.
const PAGE: u32 = 500;

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    Add(Add),
    List(List),
    Show(Show),
}

#[derive(Debug, Args)]
pub(crate) struct Add {
    file: PathBuf,
    #[arg(long)]
    name: Option<String>,
    #[arg(long)]
    title: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct List {
    name: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Show {
    name: String,
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    template_version: Option<u32>,
}

/// A line of the list of templates; the field names are promised to programs.
#[derive(Clone, Debug, Default, Serialize)]
struct TemplateRow {
    name: String,
    version: u32,
    title: Option<String>,
    slot_count: usize,
}

/// A slot; the field names are promised to programs.
#[derive(Clone, Debug, Default, Serialize)]
struct SlotRow {
    slot: String,
    title: Option<String>,
    role: &'static str,
    min: u16,
    max: u16,
    managed: bool,
    serial: bool,
    plugged: bool,
}

pub(crate) async fn run(verb: Verb, call: &mut Call<'_>) -> Result<(), Error> {
    match verb {
        Verb::Add(add) => template_add(add, call).await,
        Verb::List(list) => template_list(list, call).await,
        Verb::Show(show) => template_show(show, call).await,
    }
}

async fn template_add(add: Add, call: &mut Call<'_>) -> Result<(), Error> {
    let template = template_read(&add.file, add.name, add.title)?;
    let mut client = call.client().await?;
    let asked = KitTemplatePutRequest { template: Some(template_wire(&template)) };
    let answer = call.answer(client.kit_template_put(asked)).await?;
    call.progress.clear();
    let kept = template_of(answer.template.unwrap_or_default());
    let values = [("name", kept.name.as_str().into()), ("version", Value::count(kept.version.into()))];
    let line = call.words.text_with(if answer.new { "kit-template-new" } else { "kit-template-same" }, &values);
    call.print.one(&TemplateRow::from(&kept), || {
        let mut sheet = Sheet::default();
        sheet.section(line);
        sheet
    })
}

async fn template_list(list: List, call: &mut Call<'_>) -> Result<(), Error> {
    let rows: Vec<TemplateRow> =
        listed(list.name.unwrap_or_default(), call).await?.iter().map(TemplateRow::from).collect();
    if call.print.for_people() && rows.is_empty() {
        call.note(&call.words.text("kit-template-none"));
        return Ok(());
    }
    call.print.list(&rows)
}

async fn template_show(show: Show, call: &mut Call<'_>) -> Result<(), Error> {
    let versions = listed(show.name.clone(), call).await?;
    let wanted = |template: &&Template| show.template_version.is_none_or(|version| template.version == version);
    let Some(template) = versions.iter().rfind(wanted) else {
        return Err(Error::usage("error-kit-template-none", &[("name", &crate::print::clean(&show.name))]));
    };
    let rows: Vec<SlotRow> = template.slots.iter().map(SlotRow::from).collect();
    if call.print.for_people() {
        let title = if template.title.is_empty() { &template.name } else { &template.title };
        call.note(&format!("{title} ({} v{})", template.name, template.version));
    }
    call.print.list(&rows)
}

async fn listed(name: String, call: &mut Call<'_>) -> Result<Vec<Template>, Error> {
    let mut client = call.client().await?;
    let mut asked = KitTemplateListRequest { name, limit: PAGE, after: String::new() };
    let mut templates = Vec::new();
    loop {
        let page = call.answer(client.kit_template_list(asked.clone())).await?;
        templates.extend(page.templates.into_iter().map(template_of));
        if page.next.is_empty() || page.next == asked.after {
            break;
        }
        asked.after = page.next;
    }
    call.progress.clear();
    Ok(templates)
}

impl From<&Template> for TemplateRow {
    fn from(template: &Template) -> Self {
        let title = Some(template.title.clone()).filter(|title| !title.is_empty());
        Self { name: template.name.clone(), version: template.version, title, slot_count: template.slots.len() }
    }
}

impl From<&Slot> for SlotRow {
    fn from(slot: &Slot) -> Self {
        Self {
            slot: slot.slot.clone(),
            title: Some(slot.title.clone()).filter(|title| !title.is_empty()),
            role: slot.role.name(),
            min: slot.min,
            max: slot.max,
            managed: slot.managed,
            serial: slot.serial,
            plugged: slot.plugged,
        }
    }
}

impl Row for TemplateRow {
    const COLUMNS: &'static [&'static str] = &["kit-template", "kit-version", "kit-title", "kit-slots"];

    fn cells(&self, _: &Look<'_>) -> Vec<(String, Tone)> {
        vec![
            (self.name.clone(), Tone::Plain),
            (self.version.to_string(), Tone::Plain),
            (self.title.clone().unwrap_or_else(|| "–".to_owned()), Tone::Plain),
            (self.slot_count.to_string(), Tone::Plain),
        ]
    }
}

impl Row for SlotRow {
    const COLUMNS: &'static [&'static str] =
        &["kit-slot", "kit-title", "kit-role", "kit-count", "kit-managed", "kit-serial", "kit-plugged"];

    fn cells(&self, look: &Look<'_>) -> Vec<(String, Tone)> {
        let count = if self.min == self.max { self.min.to_string() } else { format!("{}–{}", self.min, self.max) };
        vec![
            (self.slot.clone(), Tone::Plain),
            (self.title.clone().unwrap_or_else(|| "–".to_owned()), Tone::Plain),
            (look.text(&format!("kit-role-{}", self.role)), Tone::Plain),
            (count, Tone::Plain),
            (look.yes(self.managed), Tone::Plain),
            (look.yes(self.serial), Tone::Plain),
            (look.yes(self.plugged), Tone::Plain),
        ]
    }
}
