//! Kits and their parts as lines.

use crate::print::{Look, Row, Tone, rfc3339};
use serde::Serialize;
use wire::v1::{KitLack, KitPart, KitSummary};
use words::Value;

/// A line of the list of kits; the field names are promised to programs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct KitRow {
    pub(super) label: String,
    pub(super) complete: bool,
    /// What is lacking, as codes: `camera: missing 0/1`, `camera: unplugged TNE25-1`.
    pub(super) lacking: Option<String>,
    pub(super) template: String,
    pub(super) version: u32,
    pub(super) title: Option<String>,
    pub(super) school: Option<String>,
    pub(super) class: Option<String>,
    pub(super) owner: Option<String>,
    pub(super) operator: Option<String>,
    pub(super) measure: Option<String>,
    pub(super) funding: Option<String>,
    pub(super) part_count: u32,
    pub(super) code: String,
    pub(super) created: Option<String>,
    pub(super) contact: Option<String>,
    #[serde(skip)]
    pub(super) lacks: Vec<Lack>,
    #[serde(skip)]
    pub(super) created_unix_ms: i64,
}

/// Something that a kit lacks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Lack {
    slot: String,
    unplugged: bool,
    have: u32,
    min: u32,
    part: String,
}

/// A part; the field names are promised to programs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct PartRow {
    pub(super) slot: String,
    pub(super) number: Option<String>,
    pub(super) kind: Option<String>,
    pub(super) product: Option<String>,
    pub(super) serial: Option<String>,
    pub(super) device: Option<String>,
    pub(super) count: u32,
    pub(super) since: Option<String>,
}

impl From<KitSummary> for KitRow {
    fn from(kit: KitSummary) -> Self {
        let some = |text: String| Some(text).filter(|t| !t.is_empty());
        let lacks: Vec<Lack> = kit.lacks.into_iter().map(Lack::from).collect();
        Self {
            label: kit.label,
            complete: lacks.is_empty(),
            lacking: some(lacks.iter().map(Lack::code).collect::<Vec<_>>().join("; ")),
            template: kit.template,
            version: kit.version,
            title: some(kit.title),
            school: some(kit.school),
            class: some(kit.class),
            owner: some(kit.owner),
            operator: some(kit.operator),
            measure: some(kit.measure),
            funding: some(kit.funding),
            part_count: kit.parts,
            code: kit.code,
            created: rfc3339(kit.created_unix_ms),
            contact: some(kit.contact),
            lacks,
            created_unix_ms: kit.created_unix_ms,
        }
    }
}

impl From<KitLack> for Lack {
    fn from(lack: KitLack) -> Self {
        let unplugged = lack.why == "unplugged";
        Self { slot: lack.slot, unplugged, have: lack.have, min: lack.min, part: lack.part }
    }
}

impl Lack {
    fn code(&self) -> String {
        if self.unplugged {
            return format!("{}: unplugged {}", self.slot, self.part).trim_end().to_owned();
        }
        format!("{}: missing {}/{}", self.slot, self.have, self.min)
    }
}

/// What a kit lacks, in the reader's words.
pub(super) fn lack_text(lack: &Lack, look: &Look<'_>) -> String {
    let values = [
        ("slot", Value::from(lack.slot.as_str())),
        ("part", lack.part.as_str().into()),
        ("have", Value::count(lack.have.into())),
        ("min", Value::count(lack.min.into())),
    ];
    let key = match (lack.unplugged, lack.part.is_empty()) {
        (false, _) => "kit-lack-missing",
        (true, true) => "kit-lack-unplugged",
        (true, false) => "kit-lack-unplugged-part",
    };
    look.words.text_with(key, &values)
}

impl From<KitPart> for PartRow {
    fn from(part: KitPart) -> Self {
        let some = |text: String| Some(text).filter(|t| !t.is_empty());
        let product = [part.maker, part.model].into_iter().filter(|t| !t.is_empty()).collect::<Vec<_>>().join(" ");
        Self {
            slot: part.slot,
            number: some(part.number),
            kind: some(part.kind),
            product: some(product),
            serial: some(part.serial),
            device: some(part.device),
            count: part.count,
            since: rfc3339(part.since_unix_ms),
        }
    }
}

impl PartRow {
    /// What it is, in a line.
    pub(super) fn text(&self, look: &Look<'_>) -> String {
        let Some(number) = &self.number else {
            return match &self.device {
                Some(device) => look.words.text_with("kit-part-device", &[("device", device.as_str().into())]),
                None => look.words.text_with("kit-part-loose", &[("n", Value::count(self.count.into()))]),
            };
        };
        let what = self.product.as_ref().or(self.kind.as_ref());
        [Some(number), what, self.serial.as_ref()].into_iter().flatten().cloned().collect::<Vec<_>>().join("  ")
    }
}

impl Row for KitRow {
    const COLUMNS: &'static [&'static str] =
        &["kit-label", "kit-state", "kit-template", "kit-school", "kit-owner", "kit-part-count"];

    fn cells(&self, look: &Look<'_>) -> Vec<(String, Tone)> {
        let known = |text: &Option<String>| match text {
            Some(text) => (text.clone(), Tone::Plain),
            None => ("–".to_owned(), Tone::Faint),
        };
        let state = match self.lacks.as_slice() {
            [] => (look.text("kit-complete"), Tone::Good),
            lacks => (lacks.iter().map(|lack| lack_text(lack, look)).collect::<Vec<_>>().join(", "), Tone::Warning),
        };
        vec![
            (self.label.clone(), Tone::Plain),
            state,
            (self.template_text(), Tone::Plain),
            known(&self.school),
            known(&self.owner),
            (self.part_count.to_string(), Tone::Plain),
        ]
    }
}

impl KitRow {
    /// The template with its version.
    pub(super) fn template_text(&self) -> String {
        format!("{} v{}", self.template, self.version)
    }
}
