//! An asset as a line.

use crate::print::{Look, Row, Tone, rfc3339};
use serde::Serialize;
use wire::v1::AssetSummary;

/// A line of the list of equipment; the field names are promised to programs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct AssetRow {
    pub(crate) number: String,
    pub(crate) lifecycle: String,
    pub(crate) kind: String,
    pub(crate) maker: Option<String>,
    pub(crate) model: Option<String>,
    pub(crate) serial: Option<String>,
    pub(crate) school: Option<String>,
    pub(crate) owner: Option<String>,
    pub(crate) operator: Option<String>,
    pub(crate) measure: Option<String>,
    pub(crate) funding: Option<String>,
    pub(crate) price_cents: Option<u32>,
    pub(crate) purchased_on: Option<String>,
    pub(crate) warranty_until: Option<String>,
    pub(crate) device: Option<String>,
    pub(crate) kit: Option<String>,
    pub(crate) slot: Option<String>,
    pub(crate) clean: bool,
    pub(crate) epoch: u64,
    pub(crate) label: String,
    pub(crate) used_until: Option<String>,
    pub(crate) wiped: Option<String>,
    pub(crate) wiped_how: Option<String>,
    pub(crate) wiped_by: Option<String>,
    pub(crate) wiped_why: Option<String>,
    pub(crate) received: Option<String>,
    #[serde(skip)]
    pub(crate) moments: (i64, i64, i64),
}

impl From<AssetSummary> for AssetRow {
    fn from(a: AssetSummary) -> Self {
        let some = |text: String| Some(text).filter(|t| !t.is_empty());
        Self {
            number: a.number,
            lifecycle: a.lifecycle,
            kind: a.kind,
            maker: some(a.maker),
            model: some(a.model),
            serial: some(a.serial),
            school: some(a.school),
            owner: some(a.owner),
            operator: some(a.operator),
            measure: some(a.measure),
            funding: some(a.funding),
            price_cents: a.price_cents,
            purchased_on: some(a.purchased_on),
            warranty_until: some(a.warranty_until),
            device: some(a.device),
            kit: some(a.kit),
            slot: some(a.slot),
            clean: a.clean,
            epoch: a.epoch,
            label: a.label,
            used_until: rfc3339(a.used_until_unix_ms),
            wiped: rfc3339(a.wiped_unix_ms),
            wiped_how: some(a.wiped_how),
            wiped_by: some(a.wiped_by),
            wiped_why: some(a.wiped_why),
            received: rfc3339(a.received_unix_ms),
            moments: (a.received_unix_ms, a.used_until_unix_ms, a.wiped_unix_ms),
        }
    }
}

impl Row for AssetRow {
    const COLUMNS: &'static [&'static str] = &[
        "asset-number",
        "asset-lifecycle",
        "asset-product",
        "asset-serial",
        "asset-school",
        "asset-owner",
        "asset-measure",
        "asset-device",
    ];

    fn cells(&self, look: &Look<'_>) -> Vec<(String, Tone)> {
        let known = |text: Option<String>| match text {
            Some(text) => (text, Tone::Plain),
            None => ("–".to_owned(), Tone::Faint),
        };
        vec![
            (self.number.clone(), Tone::Plain),
            (lifecycle_text(&self.lifecycle, look), lifecycle_tone(&self.lifecycle)),
            (self.product(), Tone::Plain),
            known(self.serial.clone()),
            known(self.school.clone()),
            known(self.owner.clone()),
            known(self.measure.as_deref().map(|measure| measure_text(measure, look))),
            known(self.device.as_ref().map(|id| id.chars().take(18).collect())),
        ]
    }
}

impl AssetRow {
    /// Maker and model, or what it is where neither is told.
    pub(crate) fn product(&self) -> String {
        let named = [&self.maker, &self.model].into_iter().flatten().cloned().collect::<Vec<_>>().join(" ");
        if named.is_empty() { self.kind.clone() } else { named }
    }
}

/// A place in a device's life, in the reader's words.
pub(crate) fn lifecycle_text(lifecycle: &str, look: &Look<'_>) -> String {
    look.words.find(&format!("asset-lifecycle-{lifecycle}"), None).unwrap_or_else(|| lifecycle.to_owned())
}

/// Its colour.
pub(crate) fn lifecycle_tone(lifecycle: &str) -> Tone {
    match lifecycle {
        "available" => Tone::Good,
        "returned_unchecked" | "to_recondition" | "in_repair" => Tone::Warning,
        "lost" | "stolen" => Tone::Bad,
        "retired" => Tone::Faint,
        _ => Tone::Plain,
    }
}

/// A measure, in the reader's words.
pub(crate) fn measure_text(measure: &str, look: &Look<'_>) -> String {
    look.words.find(&format!("asset-measure-{measure}"), None).unwrap_or_else(|| measure.to_owned())
}
