//! What lies in which slot.

use super::row::KitRow;
use super::{told, told_line};
use crate::Error;
use crate::call::Call;
use crate::print::Sheet;
use clap::Args;
use serde::Serialize;
use wire::v1::{KitBindRequest, KitPassRequest, KitUnbindRequest};

#[derive(Debug, Args)]
pub(crate) struct Bind {
    kit: String,
    slot: String,
    #[arg(required_unless_present = "count", conflicts_with = "count")]
    asset: Option<String>,
    #[arg(long, value_parser = clap::value_parser!(u32).range(0..=100))]
    count: Option<u32>,
    #[arg(long)]
    why: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Unbind {
    asset: String,
    #[arg(long)]
    why: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Pass {
    part: String,
    #[arg(long)]
    to: String,
    #[arg(long)]
    slot: Option<String>,
    #[arg(long)]
    why: Option<String>,
}

/// Both kits as they are after a part went from one to the other; the field names are promised to programs.
#[derive(Debug, Serialize)]
struct Passed {
    from: KitRow,
    to: KitRow,
}

pub(crate) async fn kit_bind(bind: Bind, call: &mut Call<'_>) -> Result<(), Error> {
    let asked = KitBindRequest {
        kit: bind.kit,
        slot: bind.slot,
        asset: bind.asset.unwrap_or_default(),
        count: bind.count,
        why: bind.why.unwrap_or_default(),
    };
    let mut client = call.client().await?;
    let answer = call.answer(client.kit_bind(asked)).await?;
    told(KitRow::from(answer.kit.unwrap_or_default()), call)
}

pub(crate) async fn kit_unbind(unbind: Unbind, call: &mut Call<'_>) -> Result<(), Error> {
    let asked = KitUnbindRequest { asset: unbind.asset, why: unbind.why.unwrap_or_default() };
    let mut client = call.client().await?;
    let answer = call.answer(client.kit_unbind(asked)).await?;
    told(KitRow::from(answer.kit.unwrap_or_default()), call)
}

pub(crate) async fn kit_pass(pass: Pass, call: &mut Call<'_>) -> Result<(), Error> {
    let (slot, why) = (pass.slot.unwrap_or_default(), pass.why.unwrap_or_default());
    let asked = KitPassRequest { part: pass.part, kit: pass.to, slot, why };
    let mut client = call.client().await?;
    let answer = call.answer(client.kit_pass(asked)).await?;
    call.progress.clear();
    let passed = Passed { from: answer.from.unwrap_or_default().into(), to: answer.to.unwrap_or_default().into() };
    let lines = [&passed.from, &passed.to].map(|row| told_line(row, call.print.look()));
    call.print.one(&passed, || {
        let mut sheet = Sheet::default();
        lines.into_iter().for_each(|line| sheet.section(line));
        sheet
    })
}
