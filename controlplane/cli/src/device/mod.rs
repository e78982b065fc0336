//! `cartable device`: the register, one device, and what is decided about it.

mod filter;
mod health;
mod parts;
mod row;
mod sheet;
mod show;

pub(crate) use filter::{owner_read, school_read};
pub(crate) use row::DeviceRow;
#[cfg(test)]
pub(crate) use {sheet::sheet, show::DeviceSheet};

use crate::Error;
use crate::call::Call;
use crate::confirm::confirm;
use clap::{Args, Subcommand};
use filter::Filter;
use wire::v1::{DeviceDecideRequest, DeviceSummary, DeviceWatchRequest, JoinState};
use words::Value;

/// Devices asked for at a time.
const PAGE: u32 = 500;
/// The verb for a device that is lost or stolen.
const LOST: &str = "lost";

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    List(List),
    Show(show::Show),
    Approve(Decide),
    Quarantine(Decide),
    Lost(Decide),
    Revoke(Decide),
    Watch(Watch),
}

#[derive(Debug, Args)]
pub(crate) struct List {
    #[command(flatten)]
    filter: Filter,
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    limit: Option<u32>,
}

#[derive(Debug, Args)]
pub(crate) struct Watch {
    #[command(flatten)]
    filter: Filter,
}

#[derive(Debug, Args)]
pub(crate) struct Decide {
    device: String,
    #[arg(long)]
    why: Option<String>,
    #[arg(long, short)]
    yes: bool,
}

pub(crate) async fn run(verb: Verb, call: &mut Call<'_>) -> Result<(), Error> {
    match verb {
        Verb::List(list) => device_list(list, call).await,
        Verb::Show(show) => show::device_show(show, call).await,
        Verb::Approve(decide) => device_decide(decide, JoinState::Active, "approve", call).await,
        Verb::Quarantine(decide) => device_decide(decide, JoinState::Quarantined, "quarantine", call).await,
        Verb::Lost(decide) => device_decide(decide, JoinState::Quarantined, LOST, call).await,
        Verb::Revoke(decide) => device_decide(decide, JoinState::Revoked, "revoke", call).await,
        Verb::Watch(watch) => device_watch(watch, call).await,
    }
}

async fn device_list(list: List, call: &mut Call<'_>) -> Result<(), Error> {
    let mut request = list.filter.request()?;
    let mut client = call.client().await?;
    let mut rows: Vec<DeviceRow> = Vec::new();
    loop {
        let had = u32::try_from(rows.len()).unwrap_or(u32::MAX);
        request.limit = list.limit.map_or(PAGE, |limit| (limit - had).min(PAGE));
        let page = call.answer(client.device_list(request.clone())).await?;
        rows.extend(page.devices.into_iter().map(DeviceRow::from));
        call.progress.text(call.print.look().count("progress-devices", rows.len()));
        let full = list.limit.is_some_and(|limit| rows.len() >= usize::try_from(limit).unwrap_or(usize::MAX));
        // A server that names the same place again would keep us for ever.
        if full || page.next.is_empty() || page.next == request.after {
            break;
        }
        request.after = page.next;
    }
    call.progress.clear();
    if let Some(limit) = list.limit {
        rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    }
    if call.print.for_people() && rows.is_empty() {
        call.note(&call.words.text("device-none"));
        return Ok(());
    }
    call.print.list(&rows)
}

async fn device_decide(decide: Decide, state: JoinState, verb: &str, call: &mut Call<'_>) -> Result<(), Error> {
    let mut client = call.client().await?;
    if state == JoinState::Revoked && !decide.yes {
        let question = call.words.text_with("device-revoke-question", &[("device", Value::from(&*decide.device))]);
        confirm(call, &question).await?;
    }
    let why = decide.why.unwrap_or_else(|| format!("cartable device {verb}"));
    let request = DeviceDecideRequest { device: decide.device, state: state.into(), why, lost: verb == LOST };
    let decided = call.answer(client.device_decide(request)).await?;
    let row = DeviceRow::from(decided.device.unwrap_or_default());
    call.progress.clear();
    let state = call.words.text(&format!("state-{}", row.state));
    let line = call.words.text_with("device-decided", &[("device", row.id.as_str().into()), ("state", state.into())]);
    call.print.one(&row, || {
        let mut sheet = crate::print::Sheet::default();
        sheet.section(line);
        sheet
    })
}

async fn device_watch(watch: Watch, call: &mut Call<'_>) -> Result<(), Error> {
    let request = DeviceWatchRequest { filter: Some(watch.filter.request()?) };
    let mut client = call.client().await?;
    let mut changes = call.answer(client.device_watch(request)).await?;
    call.progress.clear();
    if call.surroundings.err_terminal {
        call.note(&call.words.text("device-watching"));
    }
    let mut first = true;
    loop {
        let device: Option<DeviceSummary> = tokio::select! {
            change = changes.message() => change?,
            stopped = tokio::signal::ctrl_c() => return stopped.map_err(Error::Output),
        };
        call.print.line(&DeviceRow::from(device.ok_or(Error::WatchEnded)?), first)?;
        first = false;
    }
}
