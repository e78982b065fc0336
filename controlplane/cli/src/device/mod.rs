//! `cartable device`: the register, one device, and what is decided about it.

mod compare;
mod filter;
mod health;
mod merge;
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
use crate::print::{Sheet, clean};
use crate::proposal::proposal_print;
use clap::{Args, Subcommand};
use filter::Filter;
use wire::v1::{DeviceDecideManyRequest, DeviceDecideRequest, DeviceSummary, DeviceWatchRequest, JoinState};
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
    Compare(compare::Compare),
    Merge(merge::Merge),
    Unmerge(merge::Unmerge),
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
    #[arg(required_unless_present = "school", num_args = 1..=500)]
    device: Vec<String>,
    #[arg(long)]
    school: Option<String>,
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
        Verb::Compare(compare) => compare::device_compare(compare, call).await,
        Verb::Merge(merge) => merge::device_merge(merge, call).await,
        Verb::Unmerge(unmerge) => merge::device_unmerge(unmerge, call).await,
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
    let school = decide.school.as_deref().map(school_read).transpose()?.unwrap_or_default();
    let mut client = call.client().await?;
    if state == JoinState::Revoked && !decide.yes {
        let (key, value) = match (decide.device.as_slice(), school.as_str()) {
            ([one], "") => ("device-revoke-question", one.clone()),
            (several, "") => ("device-revoke-question-many", several.len().to_string()),
            (_, school) => ("device-revoke-question-school", school.to_owned()),
        };
        let question = call.words.text_with(key, &[("device", Value::from(clean(&value)))]);
        confirm(call, &question).await?;
    }
    let why = decide.why.unwrap_or_else(|| format!("cartable device {verb}"));
    let (lost, mut devices) = (verb == LOST, decide.device);
    if devices.len() == 1 && school.is_empty() {
        let request = DeviceDecideRequest { device: devices.remove(0), state: state.into(), why, lost };
        let decided = call.answer(client.device_decide(request)).await?;
        if let Some(proposal) = decided.proposal {
            return proposal_print(proposal, call);
        }
        let row = DeviceRow::from(decided.device.unwrap_or_default());
        call.progress.clear();
        let sheet = decided_sheet(std::slice::from_ref(&row), call);
        return call.print.one(&row, || sheet);
    }
    let request = DeviceDecideManyRequest { devices, school, state: state.into(), why, lost };
    let decided = call.answer(client.device_decide_many(request)).await?;
    if let Some(proposal) = decided.proposal {
        return proposal_print(proposal, call);
    }
    call.progress.clear();
    let rows: Vec<DeviceRow> = decided.devices.into_iter().map(DeviceRow::from).collect();
    if !call.print.for_people() {
        return call.print.list(&rows);
    }
    let sheet = decided_sheet(&rows, call);
    call.print.one(&(), || sheet)
}

fn decided_sheet(rows: &[DeviceRow], call: &Call<'_>) -> Sheet {
    let mut sheet = Sheet::default();
    for row in rows {
        let state = call.words.text(&format!("state-{}", row.state));
        let values = [("device", row.id.as_str().into()), ("state", state.into())];
        sheet.section(call.words.text_with("device-decided", &values));
    }
    sheet
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
