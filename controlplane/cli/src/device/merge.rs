//! `cartable device merge` and `unmerge`: a reinstalled machine takes the place of what it was, and gives it back.

use super::row::DeviceRow;
use crate::Error;
use crate::call::Call;
use crate::confirm::confirm;
use crate::print::{Sheet, Tone, clean};
use clap::Args;
use serde::Serialize;
use wire::v1::{DeviceMergeRequest, DeviceUnmergeRequest};
use words::Value;

#[derive(Debug, Args)]
pub(crate) struct Merge {
    device: String,
    #[arg(long)]
    into: String,
    #[arg(long)]
    why: Option<String>,
    #[arg(long, short)]
    yes: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Unmerge {
    device: String,
    #[arg(long)]
    why: Option<String>,
}

/// Both devices as they are afterwards, for programs.
#[derive(Debug, Serialize)]
struct Both {
    device: DeviceRow,
    other: DeviceRow,
}

pub(crate) async fn device_merge(merge: Merge, call: &mut Call<'_>) -> Result<(), Error> {
    let mut client = call.client().await?;
    if !merge.yes {
        let values = [("device", Value::from(clean(&merge.device))), ("into", Value::from(clean(&merge.into)))];
        let question = call.words.text_with("device-merge-question", &values);
        confirm(call, &question).await?;
    }
    let why = merge.why.unwrap_or_else(|| "cartable device merge".to_owned());
    let request = DeviceMergeRequest { device: merge.device, into: merge.into, why };
    let answer = call.answer(client.device_merge(request)).await?;
    call.progress.clear();
    let (device, other) = (answer.device.unwrap_or_default().into(), answer.into.unwrap_or_default().into());
    both_print(Both { device, other }, "device-merged-now", call)
}

pub(crate) async fn device_unmerge(unmerge: Unmerge, call: &mut Call<'_>) -> Result<(), Error> {
    let mut client = call.client().await?;
    let why = unmerge.why.unwrap_or_else(|| "cartable device unmerge".to_owned());
    let answer = call.answer(client.device_unmerge(DeviceUnmergeRequest { device: unmerge.device, why })).await?;
    call.progress.clear();
    let (device, other) = (answer.device.unwrap_or_default().into(), answer.from.unwrap_or_default().into());
    both_print(Both { device, other }, "device-unmerged-now", call)
}

fn both_print(both: Both, key: &str, call: &mut Call<'_>) -> Result<(), Error> {
    let mut sheet = Sheet::default();
    let values = [("device", both.device.id.as_str().into()), ("other", both.other.id.as_str().into())];
    sheet.section(call.words.text_with(key, &values));
    for row in [&both.device, &both.other] {
        let tone = if row.state == "active" { Tone::Good } else { Tone::Warning };
        sheet.line(row.id.clone(), call.words.text(&format!("state-{}", row.state)), tone);
    }
    if both.other.state == "quarantined" {
        sheet.section(call.words.text_with("device-merged-next", &[("other", both.other.id.as_str().into())]));
    }
    call.print.one(&both, || sheet)
}
