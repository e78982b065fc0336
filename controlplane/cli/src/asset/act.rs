//! What is done with equipment, for one or several at a time.

use super::AssetRow;
use super::row::lifecycle_text;
use crate::Error;
use crate::call::Call;
use crate::device::{owner_read, school_read};
use clap::Args;
use wire::v1::{
    AssetLoss, AssetMissingRequest, AssetMoveRequest, AssetStep, AssetStepRequest, AssetSummary, AssetWipeRequest,
};

#[derive(Debug, Args)]
pub(crate) struct Act {
    #[arg(required = true, num_args = 1..=500)]
    asset: Vec<String>,
    #[arg(long)]
    why: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Wipe {
    #[arg(required = true, num_args = 1..=500)]
    asset: Vec<String>,
    #[arg(long, required = true)]
    why: String,
}

#[derive(Debug, Args)]
pub(crate) struct Move {
    #[arg(required = true, num_args = 1..=500)]
    asset: Vec<String>,
    #[arg(long, required_unless_present = "owner")]
    school: Option<String>,
    #[arg(long)]
    owner: Option<String>,
    #[arg(long)]
    why: Option<String>,
}

pub(crate) async fn asset_step(act: Act, step: AssetStep, call: &mut Call<'_>) -> Result<(), Error> {
    let mut client = call.client().await?;
    let why = act.why.unwrap_or_default();
    let mut done = Vec::new();
    for asset in act.asset {
        let asked = AssetStepRequest { asset, step: step.into(), why: why.clone() };
        match call.answer(client.asset_step(asked)).await {
            Ok(answer) => done.extend(answer.asset),
            Err(error) => return cut(done, error, call),
        }
    }
    told(done, call)
}

pub(crate) async fn asset_missing(act: Act, loss: AssetLoss, call: &mut Call<'_>) -> Result<(), Error> {
    let mut client = call.client().await?;
    let why = act.why.unwrap_or_default();
    let mut done = Vec::new();
    for asset in act.asset {
        let asked = AssetMissingRequest { asset, loss: loss.into(), why: why.clone() };
        match call.answer(client.asset_missing(asked)).await {
            Ok(answer) => done.extend(answer.asset),
            Err(error) => return cut(done, error, call),
        }
    }
    let found: Vec<String> =
        done.iter().filter_map(|asset| Some(asset.device.clone()).filter(|d| !d.is_empty())).collect();
    told(done, call)?;
    if loss == AssetLoss::Found && call.print.for_people() {
        for device in found {
            call.note(&call.words.text_with("asset-found-device", &[("device", device.into())]));
        }
    }
    Ok(())
}

pub(crate) async fn asset_wipe(wipe: Wipe, call: &mut Call<'_>) -> Result<(), Error> {
    let mut client = call.client().await?;
    let mut done = Vec::new();
    for asset in wipe.asset {
        match call.answer(client.asset_wipe(AssetWipeRequest { asset, why: wipe.why.clone() })).await {
            Ok(answer) => done.extend(answer.asset),
            Err(error) => return cut(done, error, call),
        }
    }
    told(done, call)
}

pub(crate) async fn asset_move(to: Move, call: &mut Call<'_>) -> Result<(), Error> {
    let school = to.school.as_deref().map(school_read).transpose()?.unwrap_or_default();
    let owner = to.owner.as_deref().map(owner_read).transpose()?.unwrap_or_default();
    let why = to.why.unwrap_or_default();
    let mut client = call.client().await?;
    let mut done = Vec::new();
    for asset in to.asset {
        let asked = AssetMoveRequest { asset, school: school.clone(), owner: owner.clone(), why: why.clone() };
        match call.answer(client.asset_move(asked)).await {
            Ok(answer) => done.extend(answer.asset),
            Err(error) => return cut(done, error, call),
        }
    }
    told(done, call)
}

/// Says what became of each.
pub(super) fn told(done: Vec<AssetSummary>, call: &mut Call<'_>) -> Result<(), Error> {
    call.progress.clear();
    let rows: Vec<AssetRow> = done.into_iter().map(AssetRow::from).collect();
    if !call.print.for_people() {
        return call.print.list(&rows);
    }
    for row in rows {
        let state = lifecycle_text(&row.lifecycle, call.print.look());
        let line = call.words.text_with("asset-done", &[("number", row.number.into()), ("state", state.into())]);
        call.print.raw(format!("{line}\n").as_bytes())?;
    }
    Ok(())
}

/// Says what was done before one was refused: those acts stand.
fn cut(done: Vec<AssetSummary>, error: Error, call: &mut Call<'_>) -> Result<(), Error> {
    if !done.is_empty() {
        told(done, call)?;
    }
    Err(error)
}
