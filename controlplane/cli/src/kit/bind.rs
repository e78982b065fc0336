//! What lies in which slot.

use super::row::KitRow;
use super::told;
use crate::Error;
use crate::call::Call;
use clap::Args;
use wire::v1::{KitBindRequest, KitUnbindRequest};

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
