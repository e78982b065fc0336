//! How far a bundle is, and why a device has it.

use super::row::{PlaceRow, WhyRow};
use crate::Error;
use crate::call::Call;
use crate::print::{Sheet, Tone, clean};
use clap::Args;
use serde::Serialize;
use wire::v1::{BundleExplainRequest, BundleExplainResponse, BundleReachRequest};

#[derive(Debug, Args)]
pub(crate) struct Reach {
    bundle: String,
    #[arg(long)]
    by_owner: bool,
    #[arg(long, conflicts_with = "by_owner")]
    by_class: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Explain {
    device: String,
}

/// Why a device has what it has; the field names are promised to programs.
#[derive(Debug, Serialize)]
struct Explained {
    device: String,
    school: Option<String>,
    owner: Option<String>,
    class: Option<String>,
    kit: Option<String>,
    loan: Option<String>,
    measure: Option<String>,
    bundles: Vec<WhyRow>,
}

pub(super) async fn bundle_reach(reach: Reach, call: &mut Call<'_>) -> Result<(), Error> {
    let mut client = call.client().await?;
    let request = BundleReachRequest { bundle: reach.bundle, by_owner: reach.by_owner, by_class: reach.by_class };
    let answer = call.answer(client.bundle_reach(request)).await?;
    call.progress.clear();
    let rows: Vec<PlaceRow> = answer.places.into_iter().map(PlaceRow::from).collect();
    if call.print.for_people() && rows.is_empty() {
        call.note(&call.words.text("bundle-unassigned"));
        return Ok(());
    }
    call.print.list(&rows)
}

pub(super) async fn bundle_explain(explain: Explain, call: &mut Call<'_>) -> Result<(), Error> {
    let mut client = call.client().await?;
    let answer = call.answer(client.bundle_explain(BundleExplainRequest { device: explain.device })).await?;
    call.progress.clear();
    let explained = Explained::from(answer);
    if call.print.for_people() {
        let look = call.print.look();
        let mut sheet = Sheet::default();
        sheet.section(explained.device.clone());
        for (key, value) in [
            ("bundle-school", &explained.school),
            ("bundle-owner", &explained.owner),
            ("bundle-class", &explained.class),
            ("bundle-kit", &explained.kit),
            ("bundle-loan", &explained.loan),
            ("bundle-measure", &explained.measure),
        ] {
            let value = value.clone().unwrap_or_else(|| look.unknown());
            sheet.line(look.text(key), value, Tone::Plain);
        }
        call.print.one(&explained, || sheet)?;
        return call.print.list(&explained.bundles);
    }
    if call.print.for_spreadsheets() {
        return call.print.list(&explained.bundles);
    }
    call.print.one(&explained, Sheet::default)
}

impl From<BundleExplainResponse> for Explained {
    fn from(answer: BundleExplainResponse) -> Self {
        let some = |text: String| Some(clean(&text)).filter(|text| !text.is_empty());
        Self {
            device: clean(&answer.device),
            school: some(answer.school),
            owner: some(answer.owner),
            class: some(answer.class),
            kit: some(answer.kit),
            loan: some(answer.loan),
            measure: some(answer.measure),
            bundles: answer.bundles.into_iter().map(WhyRow::from).collect(),
        }
    }
}
