//! `cartable asset show`: one asset, with the device on it or those that might be.

use super::row::{AssetRow, lifecycle_text, lifecycle_tone, measure_text};
use crate::Error;
use crate::call::Call;
use crate::device::DeviceRow;
use crate::print::{Look, Sheet, Tone};
use clap::Args;
use serde::Serialize;
use tonic::transport::Channel;
use wire::v1::admin_client::AdminClient;
use wire::v1::{AssetShowRequest, DeviceShowRequest};

#[derive(Debug, Args)]
pub(crate) struct Show {
    asset: String,
}

/// An asset and its device, for programs.
#[derive(Debug, Serialize)]
pub(crate) struct AssetSheet {
    #[serde(flatten)]
    pub(crate) row: AssetRow,
    pub(crate) contact: Option<String>,
    pub(crate) bound: Option<DeviceRow>,
    pub(crate) candidates: Vec<DeviceRow>,
}

pub(crate) async fn asset_show(show: Show, call: &mut Call<'_>) -> Result<(), Error> {
    let mut client = call.client().await?;
    let asset = asset_seen(&show.asset, &mut client, call).await?;
    call.progress.clear();
    let sheet = sheet(&asset, call.print.look());
    call.print.one(&asset, || sheet)
}

/// An asset as the control plane has it, its devices in full.
pub(super) async fn asset_seen(
    asset: &str,
    client: &mut AdminClient<Channel>,
    call: &mut Call<'_>,
) -> Result<AssetSheet, Error> {
    let answer = call.answer(client.asset_show(AssetShowRequest { asset: asset.to_owned() })).await?;
    let summary = answer.asset.unwrap_or_default();
    let contact = Some(summary.contact.clone()).filter(|contact| !contact.is_empty());
    let row = AssetRow::from(summary);
    let mut bound = None;
    if let Some(device) = row.device.clone() {
        let shown = call.answer(client.device_show(DeviceShowRequest { device })).await?;
        bound = shown.device.map(DeviceRow::from);
    }
    let mut candidates = Vec::new();
    for device in answer.candidates {
        let shown = call.answer(client.device_show(DeviceShowRequest { device })).await?;
        candidates.extend(shown.device.map(DeviceRow::from));
    }
    Ok(AssetSheet { row, contact, bound, candidates })
}

fn sheet(asset: &AssetSheet, look: &Look<'_>) -> Sheet {
    let row = &asset.row;
    let mut sheet = Sheet::default();
    sheet.section(row.number.clone());
    let line = |sheet: &mut Sheet, key: &str, value: Option<String>| {
        if let Some(value) = value {
            sheet.line(look.text(key), value, Tone::Plain);
        }
    };
    sheet.line(look.text("asset-lifecycle"), lifecycle_text(&row.lifecycle, look), lifecycle_tone(&row.lifecycle));
    line(&mut sheet, "asset-kind", Some(row.kind.clone()));
    line(&mut sheet, "asset-product", Some(row.product()));
    line(&mut sheet, "asset-serial", row.serial.clone());
    line(&mut sheet, "asset-label", Some(row.label.clone()));
    line(&mut sheet, "asset-school", row.school.clone());
    line(&mut sheet, "asset-owner", row.owner.clone());
    line(&mut sheet, "asset-operator", row.operator.clone());
    line(&mut sheet, "asset-contact", asset.contact.clone());
    line(&mut sheet, "asset-measure", row.measure.as_deref().map(|measure| measure_text(measure, look)));
    line(&mut sheet, "asset-funding", row.funding.clone());
    line(&mut sheet, "asset-price", row.price_cents.map(|cents| price_text(cents, look)));
    line(&mut sheet, "asset-purchased", row.purchased_on.clone());
    line(&mut sheet, "asset-warranty", row.warranty_until.clone());
    line(&mut sheet, "asset-kit", row.kit.clone().zip(row.slot.clone()).map(|(kit, slot)| format!("{kit} / {slot}")));
    line(&mut sheet, "asset-received", Some(look.date(row.moments.0)));
    if row.moments.1 != 0 {
        line(&mut sheet, "asset-used-until", Some(look.date(row.moments.1)));
        let tone = if row.clean { Tone::Good } else { Tone::Warning };
        let wiped = match (row.moments.2, row.wiped_how.as_deref()) {
            (0, _) => look.text("asset-wiped-never"),
            (at, Some("signed")) => {
                let by = row.wiped_by.clone().unwrap_or_default();
                let why = row.wiped_why.clone().unwrap_or_default();
                let values = [("date", look.date(at).into()), ("by", by.into()), ("why", why.into())];
                look.words.text_with("asset-wiped-signed", &values)
            }
            (at, _) => look.words.text_with("asset-wiped-reenrolled", &[("date", look.date(at).into())]),
        };
        sheet.line(look.text("asset-wiped"), wiped, tone);
    }
    match (&asset.bound, asset.candidates.as_slice()) {
        (Some(device), _) => {
            sheet.section(look.text("asset-device"));
            device_lines(&mut sheet, device, look);
        }
        (None, []) => sheet.line(look.text("asset-device"), look.text("asset-device-none"), Tone::Faint),
        (None, candidates) => {
            for device in candidates {
                sheet.section(look.text("asset-candidate"));
                device_lines(&mut sheet, device, look);
            }
        }
    }
    sheet
}

/// What tells one machine from another, beside what the asset says.
pub(super) fn device_lines(sheet: &mut Sheet, device: &DeviceRow, look: &Look<'_>) {
    sheet.line(look.text("device-id"), device.id.clone(), Tone::Plain);
    sheet.line(look.text("device-state"), look.text(&format!("state-{}", device.state)), Tone::Plain);
    for (key, value) in [
        ("device-model", device.product()),
        ("device-serial", device.serial.clone()),
        ("device-school", device.school.clone()),
    ] {
        if let Some(value) = value {
            sheet.line(look.text(key), value, Tone::Plain);
        }
    }
    let (seen, tone) = device.contact(look);
    sheet.line(look.text("device-last-seen"), seen, tone);
}

/// A price in euros.
pub(crate) fn price_text(cents: u32, look: &Look<'_>) -> String {
    let amount = format!("{}{}{:02}", look.number((cents / 100).into()), look.decimal_mark(), cents % 100);
    look.words.text_with("asset-euros", &[("amount", amount.into())])
}
