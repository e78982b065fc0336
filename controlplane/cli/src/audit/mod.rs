//! `cartable audit`: who did what, and whether the record of it is whole.

mod checkpoint;
mod export;
mod file;
mod moment;
mod row;
mod verify;

pub(crate) use row::AuditRow;
pub(crate) use verify::fault_name;

use crate::Error;
use crate::call::Call;
use clap::{Args, Subcommand};
use moment::{moment_ms, moment_read};
use wire::v1::AuditListRequest;

/// Entries asked for at a time.
const PAGE: u32 = 500;

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    List(Box<List>),
    Verify(verify::Verify),
    Export(export::Export),
}

#[derive(Debug, Args)]
pub(crate) struct List {
    #[arg(long)]
    since: Option<String>,
    #[arg(long)]
    until: Option<String>,
    #[arg(long)]
    by: Option<String>,
    #[arg(long)]
    verb: Option<String>,
    #[arg(long)]
    device: Option<String>,
    #[arg(long)]
    refused: bool,
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    limit: Option<u32>,
}

pub(crate) async fn run(verb: Verb, call: &mut Call<'_>) -> Result<(), Error> {
    match verb {
        Verb::List(list) => audit_list(*list, call).await,
        Verb::Verify(verify) => verify::audit_verify(verify, call).await,
        Verb::Export(export) => export::audit_export(export, call).await,
    }
}

async fn audit_list(list: List, call: &mut Call<'_>) -> Result<(), Error> {
    let zone = call.surroundings.zone.clone();
    let read = |text: &Option<String>| text.as_deref().map(|text| moment_read(text, &zone)).transpose();
    let (since, until) = (read(&list.since)?, read(&list.until)?);
    let mut client = call.client().await?;
    let mut request = AuditListRequest {
        since_unix_ms: moment_ms(since, &mut client, call).await?,
        until_unix_ms: moment_ms(until, &mut client, call).await?,
        by: list.by.unwrap_or_default(),
        verb: list.verb.unwrap_or_default(),
        subject: list.device.unwrap_or_default(),
        refused: list.refused,
        ..AuditListRequest::default()
    };
    let mut rows: Vec<AuditRow> = Vec::new();
    loop {
        let had = u32::try_from(rows.len()).unwrap_or(u32::MAX);
        request.limit = list.limit.map_or(PAGE, |limit| (limit - had).min(PAGE));
        let page = call.answer(client.audit_list(request.clone())).await?;
        rows.extend(page.entries.into_iter().map(AuditRow::from));
        call.progress.text(call.print.look().count("progress-audit", rows.len()));
        let full = list.limit.is_some_and(|limit| rows.len() >= usize::try_from(limit).unwrap_or(usize::MAX));
        // A server that names the same place again would keep us for ever.
        if full || page.next.is_empty() || page.next == request.after {
            break;
        }
        request.after = page.next;
    }
    call.progress.clear();
    if call.print.for_people() && rows.is_empty() {
        call.note(&call.words.text("audit-none"));
        return Ok(());
    }
    call.print.list(&rows)
}
