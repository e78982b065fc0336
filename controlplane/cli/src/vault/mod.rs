//! `cartable vault`: who stands behind a borrower's reference. Each look gives its reason, which stands in the audit.

mod add;
mod file;
mod import;
mod onde;
mod row;
mod siecle;
mod staff;
mod table;
mod text;

use crate::Error;
use crate::call::Call;
use crate::confirm::confirm;
use crate::device::school_read;
use crate::print::{Sheet, Tone};
use clap::{Args, Subcommand};
use row::{PersonRow, Retained, Status, person_sheet};
use serde::Serialize;
use wire::v1::{
    VaultEraseRequest, VaultExportRequest, VaultFindRequest, VaultRetentionRequest, VaultShowRequest,
    VaultStatusRequest,
};
use words::Value;

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    Status,
    Import(import::Import),
    Add(add::Add),
    Find(Find),
    Show(Look),
    Erase(Erase),
    Export(Look),
    Retention {
        #[command(subcommand)]
        verb: RetentionVerb,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum RetentionVerb {
    Show,
    Run(Run),
}

#[derive(Debug, Args)]
pub(crate) struct Find {
    #[arg(required = true, num_args = 1..=8)]
    name: Vec<String>,
    #[arg(long)]
    school: Option<String>,
    #[arg(long)]
    why: String,
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=20))]
    limit: Option<u32>,
}

#[derive(Debug, Args)]
pub(crate) struct Look {
    who: String,
    #[arg(long)]
    why: String,
}

#[derive(Debug, Args)]
pub(crate) struct Erase {
    who: String,
    #[arg(long)]
    why: String,
    #[arg(long)]
    force: Option<String>,
    #[arg(long, short)]
    yes: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Run {
    #[arg(long, short)]
    yes: bool,
}

pub(crate) async fn run(verb: Verb, call: &mut Call<'_>) -> Result<(), Error> {
    match verb {
        Verb::Status => vault_status(call).await,
        Verb::Import(import) => import::vault_import(import, call).await,
        Verb::Add(add) => add::vault_add(add, call).await,
        Verb::Find(find) => vault_find(find, call).await,
        Verb::Show(look) => vault_show(look, call).await,
        Verb::Erase(erase) => vault_erase(erase, call).await,
        Verb::Export(look) => vault_export(look, call).await,
        Verb::Retention { verb: RetentionVerb::Show } => vault_retention(false, call).await,
        Verb::Retention { verb: RetentionVerb::Run(run) } => {
            if !run.yes {
                let question = call.words.text("vault-retention-question");
                confirm(call, &question).await?;
            }
            vault_retention(true, call).await
        }
    }
}

async fn vault_status(call: &mut Call<'_>) -> Result<(), Error> {
    let mut client = call.client().await?;
    let status = call.answer(client.vault_status(VaultStatusRequest {})).await?;
    call.progress.clear();
    let status = Status::from(status);
    let look = call.print.look();
    let mut sheet = Sheet::default();
    sheet.section(look.text("vault-title"));
    sheet.line(look.text("vault-persons"), look.number(status.persons), Tone::Plain);
    sheet.line(look.text("vault-made"), look.date(status.made_unix_ms), Tone::Plain);
    status.retention.lines(&mut sheet, look);
    call.print.one(&status, || sheet)
}

async fn vault_find(find: Find, call: &mut Call<'_>) -> Result<(), Error> {
    let school = find.school.as_deref().map(school_read).transpose()?.unwrap_or_default();
    let request =
        VaultFindRequest { name: find.name.join(" "), school, limit: find.limit.unwrap_or_default(), why: find.why };
    let mut client = call.client().await?;
    let found = call.answer(client.vault_find(request)).await?;
    call.progress.clear();
    let rows: Vec<PersonRow> = found.persons.into_iter().map(PersonRow::from).collect();
    if found.more {
        call.note(&call.words.text("vault-more"));
    }
    if call.print.for_people() && rows.is_empty() {
        call.note(&call.words.text("vault-nobody"));
        return Ok(());
    }
    call.print.list(&rows)
}

async fn vault_show(look: Look, call: &mut Call<'_>) -> Result<(), Error> {
    let mut client = call.client().await?;
    let shown = call.answer(client.vault_show(VaultShowRequest { who: look.who, why: look.why })).await?;
    call.progress.clear();
    let row = PersonRow::from(shown.person.unwrap_or_default());
    let sheet = person_sheet(&row, call.print.look());
    call.print.one(&row, || sheet)
}

async fn vault_erase(erase: Erase, call: &mut Call<'_>) -> Result<(), Error> {
    if !erase.yes {
        let question = call.words.text("vault-erase-question");
        confirm(call, &question).await?;
    }
    let mut client = call.client().await?;
    let request = VaultEraseRequest { who: erase.who, why: erase.why, force_why: erase.force.unwrap_or_default() };
    let erased = call.answer(client.vault_erase(request)).await?;
    call.progress.clear();
    let erased = Erased { reference: erased.reference, loans: erased.loans };
    let mut sheet = Sheet::default();
    sheet.section(call.words.text_with("vault-erased", &[("reference", erased.reference.as_str().into())]));
    for loan in &erased.loans {
        sheet.line(call.words.text("vault-erased-loan"), loan.clone(), Tone::Plain);
    }
    call.print.one(&erased, || sheet)
}

/// A document for the person it is about: JSON in every form of output.
async fn vault_export(look: Look, call: &mut Call<'_>) -> Result<(), Error> {
    let mut client = call.client().await?;
    let held = call.answer(client.vault_export(VaultExportRequest { who: look.who, why: look.why })).await?;
    call.progress.clear();
    call.print.raw(held.document.as_bytes())?;
    call.print.raw(b"\n")
}

async fn vault_retention(run: bool, call: &mut Call<'_>) -> Result<(), Error> {
    let mut client = call.client().await?;
    let answer = call.answer(client.vault_retention(VaultRetentionRequest { run })).await?;
    call.progress.clear();
    let retained = Retained {
        days_after_loan: answer.days_after_loan,
        days_without_loan: answer.days_without_loan,
        due: Some(answer.due),
        erased: run,
    };
    let look = call.print.look();
    let mut sheet = Sheet::default();
    let key = if run { "vault-retention-done" } else { "vault-retention" };
    sheet.section(call.words.text_with(key, &[("n", Value::count(answer.due))]));
    retained.lines(&mut sheet, look);
    call.print.one(&retained, || sheet)
}

#[derive(Serialize)]
struct Erased {
    reference: String,
    loans: Vec<String>,
}

#[cfg(test)]
mod tests;
