//! Which device runs on which asset, where a person decides it.

use super::act::told;
use super::show::{asset_seen, device_lines};
use crate::Error;
use crate::call::Call;
use crate::confirm::confirm;
use crate::device::DeviceRow;
use crate::print::{Sheet, Tone};
use clap::Args;
use wire::v1::{AssetBindRequest, DeviceShowRequest};

#[derive(Debug, Args)]
pub(crate) struct Bind {
    asset: String,
    device: String,
    #[arg(long)]
    why: Option<String>,
    #[arg(long, short)]
    yes: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Unbind {
    asset: String,
    #[arg(long)]
    why: Option<String>,
}

pub(crate) async fn asset_bind(bind: Bind, call: &mut Call<'_>) -> Result<(), Error> {
    let mut client = call.client().await?;
    if !bind.yes {
        // Both sides before the eyes of who decides.
        let asset = asset_seen(&bind.asset, &mut client, call).await?;
        let shown = call.answer(client.device_show(DeviceShowRequest { device: bind.device.clone() })).await?;
        let device = DeviceRow::from(shown.device.unwrap_or_default());
        let look = call.print.look();
        let mut sheet = Sheet::default();
        sheet.section(asset.row.number.clone());
        for (key, said, claimed) in [
            ("asset-serial", asset.row.serial.clone(), device.serial.clone()),
            ("asset-product", Some(asset.row.product()), device.product()),
            ("asset-school", asset.row.school.clone(), device.school.clone()),
        ] {
            let alike = said.as_ref().zip(claimed.as_ref()).is_none_or(|(a, b)| a.eq_ignore_ascii_case(b));
            let tone = if alike { Tone::Plain } else { Tone::Warning };
            let mark = if alike { "" } else { "≠ " };
            sheet.line(format!("{mark}{}", look.text(key)), said.unwrap_or_else(|| look.unknown()), tone);
        }
        sheet.section(look.text("asset-device"));
        device_lines(&mut sheet, &device, look);
        let text = sheet.text(look.colour);
        call.note(&text);
        let values = [("number", asset.row.number.into()), ("device", device.id.into())];
        let question = call.words.text_with("asset-bind-question", &values);
        confirm(call, &question).await?;
    }
    let asked = AssetBindRequest { asset: bind.asset, device: bind.device, why: bind.why.unwrap_or_default() };
    let answer = call.answer(client.asset_bind(asked)).await?;
    told(answer.asset.into_iter().collect(), call)
}

pub(crate) async fn asset_unbind(unbind: Unbind, call: &mut Call<'_>) -> Result<(), Error> {
    let mut client = call.client().await?;
    let why = unbind.why.unwrap_or_default();
    let asked = AssetBindRequest { asset: unbind.asset, device: String::new(), why };
    let answer = call.answer(client.asset_bind(asked)).await?;
    told(answer.asset.into_iter().collect(), call)
}
