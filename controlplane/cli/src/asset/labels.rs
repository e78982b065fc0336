//! `cartable asset labels`: a sheet to be printed and stuck on.

use super::{Filter, listed};
use crate::Error;
use crate::call::Call;
use crate::operator::write;
use clap::Args;
use paper::{Format, Label, labels_paper};
use std::path::PathBuf;
use wire::v1::{AssetShowRequest, AssetSummary};
use words::{Language, Value};

/// The most labels of one file.
const LABELS_MAX: u32 = 20_000;

#[derive(Debug, Args)]
pub(crate) struct Labels {
    #[arg(num_args = 0..=500)]
    asset: Vec<String>,
    #[command(flatten)]
    filter: Filter,
    #[arg(long, default_value = "avery-l7160", value_parser = Format::ALL.iter().map(|format| format.name).collect::<Vec<_>>())]
    format: String,
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u16).range(0..200))]
    skip: u16,
    #[arg(long, short = 'o')]
    to: PathBuf,
}

pub(crate) async fn asset_labels(labels: Labels, call: &mut Call<'_>) -> Result<(), Error> {
    let format: Format = labels.format.parse()?;
    if labels.asset.is_empty() == labels.filter.is_empty() {
        return Err(Error::usage("error-asset-labels", &[]));
    }
    let request = labels.filter.request()?;
    let mut client = call.client().await?;
    let mut assets = Vec::new();
    if labels.asset.is_empty() {
        assets = listed(request, Some(LABELS_MAX), &mut client, call).await?;
    }
    for asset in labels.asset {
        assets.extend(call.answer(client.asset_show(AssetShowRequest { asset })).await?.asset);
    }
    call.progress.clear();
    if assets.is_empty() {
        call.note(&call.words.text("asset-none"));
        return Ok(());
    }
    let count = assets.len();
    let printed: Vec<Label> = assets.into_iter().map(label).collect();
    let lang = lang_code(call.words.language());
    let title = call.words.text("asset-labels-title");
    let pdf = labels_paper(&title, lang, &format, &printed, labels.skip.into())?;
    write(&labels.to, &pdf)?;
    let values =
        [("n", Value::count(count.try_into().unwrap_or(u64::MAX))), ("path", labels.to.display().to_string().into())];
    call.note(&call.words.text_with("asset-labels-written", &values));
    Ok(())
}

/// The code that a document says its language by.
pub(crate) fn lang_code(language: Language) -> &'static str {
    if language == Language::Fr { "fr" } else { "en" }
}

fn label(asset: AssetSummary) -> Label {
    Label { code: asset.label, number: asset.number, owner: asset.owner, contact: asset.contact }
}
