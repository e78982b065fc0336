//! `cartable device compare`: devices side by side, with what differs marked.

use super::parts::{battery_text, chassis_key, disk_text, firmware_text, processor_text};
use super::show::DeviceSheet;
use crate::Error;
use crate::call::Call;
use crate::print::{Look, Row, Sheet, Tone, clean};
use clap::Args;
use serde::Serialize;
use wire::convert::ConvertError;
use wire::v1::DeviceCompareRequest;

/// The widest a column gets, in characters.
const COLUMN_MAX: usize = 38;
/// The mark of a line whose values differ: colour alone is not seen by everybody.
const MARK: &str = "≠ ";

#[derive(Debug, Args)]
pub(crate) struct Compare {
    device: String,
    other: Option<String>,
}

/// Devices and what is known of each, for programs.
#[derive(Debug, Serialize)]
pub(crate) struct Comparison {
    devices: Vec<String>,
    facts: Vec<Fact>,
}

/// One thing about all of them.
#[derive(Debug, Serialize)]
struct Fact {
    fact: &'static str,
    differs: bool,
    values: Vec<Option<String>>,
    #[serde(skip)]
    section: &'static str,
    #[serde(skip)]
    label: &'static str,
    #[serde(skip)]
    texts: Vec<Option<String>>,
}

/// One thing about one of them, for spreadsheets.
#[derive(Debug, Default, Serialize)]
struct FactRow {
    fact: &'static str,
    differs: bool,
    device: String,
    value: Option<String>,
}

pub(crate) async fn device_compare(compare: Compare, call: &mut Call<'_>) -> Result<(), Error> {
    let mut client = call.client().await?;
    let request = DeviceCompareRequest { device: compare.device, other: compare.other.unwrap_or_default() };
    let answer = call.answer(client.device_compare(request)).await?;
    call.progress.clear();
    let devices: Result<Vec<_>, ConvertError> = answer.devices.into_iter().map(DeviceSheet::try_from).collect();
    let devices = devices?;
    if devices.len() < 2 && call.print.for_people() {
        call.note(&call.words.text("compare-alone"));
        return Ok(());
    }
    let comparison = comparison(&devices, call.print.look());
    if call.print.for_spreadsheets() {
        return call.print.list(&rows(&comparison));
    }
    let sheet = sheet(&comparison, call.print.look());
    call.print.one(&comparison, || sheet)
}

/// How a thing is read off a device: its value for programs, and its words for people where they are others.
type Reading = fn(&DeviceSheet, &Look<'_>) -> (Option<String>, Option<String>);

#[rustfmt::skip]
const FACTS: &[(&str, &str, &str, Reading)] = &[
    ("state", "compare-record", "device-state", |d, look| told(Some(d.row.state.to_owned()), |code| look.text(&format!("state-{code}")))),
    ("reason", "compare-record", "device-reason", |d, look| told(d.row.reason.clone(), |code| word(look, "reason", code))),
    ("flags", "compare-record", "device-flag", |d, look| told(joined(d.flags.iter().cloned()), |_| d.flags.iter().map(|code| word(look, "flag", code)).collect::<Vec<_>>().join(", "))),
    ("owner", "compare-record", "device-owner", |d, _| plain(d.row.owner.clone())),
    ("school", "compare-record", "device-school", |d, _| plain(d.row.school.clone())),
    ("kit", "compare-record", "device-kit", |d, _| plain(d.row.kit.as_ref().map(|kit| format!("{kit} / {}", d.row.slot.as_deref().unwrap_or("–"))))),
    ("enrolled", "compare-record", "device-enrolled", |d, look| told(d.row.enrolled.clone(), |_| look.date(d.row.enrolled_unix_ms))),
    ("token", "compare-record", "token-id", |d, _| plain(d.token.clone())),
    ("identity_generation", "compare-record", "device-identity", |d, _| plain(Some(d.identity_generation.to_string()))),
    ("certificate_until", "compare-record", "device-certificate", |d, look| told(d.certificate_until.clone(), |_| look.date(d.certificate_until_unix_ms))),
    ("merged_into", "compare-record", "device-merged", |d, _| plain(d.merged_into.clone())),
    ("absorbed", "compare-record", "device-absorbed", |d, _| plain(joined(d.absorbed.iter().map(|row| row.id.clone())))),
    ("last_seen", "compare-contact", "device-last-seen", |d, look| told(d.row.last_seen.clone(), |_| look.date(d.row.last_seen_unix_ms))),
    ("connected", "compare-contact", "device-connected", |d, look| told(Some(d.row.connected.to_string()), |_| look.yes(d.row.connected))),
    ("boot", "compare-contact", "device-boot", |d, _| plain(d.boot.clone())),
    ("agent_version", "compare-contact", "device-agent", |d, _| plain(d.row.agent_version.clone())),
    ("claims.maker", "compare-claims", "hardware-maker", |d, _| plain(d.claims.maker.clone())),
    ("claims.model", "compare-claims", "hardware-model", |d, _| plain(d.claims.model.clone())),
    ("claims.serial", "compare-claims", "hardware-serial", |d, _| plain(d.claims.serial.clone())),
    ("claims.system_uuid", "compare-claims", "hardware-uuid", |d, _| plain(d.claims.system_uuid.clone())),
    ("hardware.maker", "section-hardware", "hardware-maker", |d, _| plain(d.hardware.as_ref().and_then(|h| h.maker.clone()))),
    ("hardware.model", "section-hardware", "hardware-model", |d, _| plain(d.hardware.as_ref().and_then(|h| h.model.clone()))),
    ("hardware.serial", "section-hardware", "hardware-serial", |d, _| plain(d.hardware.as_ref().and_then(|h| h.serial.clone()))),
    ("hardware.system_uuid", "section-hardware", "hardware-uuid", |d, _| plain(d.hardware.as_ref().and_then(|h| h.system_uuid.clone()))),
    ("hardware.chassis", "section-hardware", "hardware-chassis", |d, look| several(d.hardware.as_ref().and_then(|h| h.chassis).iter(), |c| look.text(chassis_key(*c)))),
    ("hardware.firmware", "section-hardware", "hardware-firmware", |d, look| firmware(d, look)),
    ("hardware.processors", "section-hardware", "hardware-processor", |d, look| several(d.hardware.iter().flat_map(|h| &h.processors), |p| processor_text(p, look))),
    ("hardware.memory_bytes", "section-hardware", "hardware-memory", |d, look| told(d.hardware.as_ref().and_then(|h| h.memory_bytes).map(|n| n.to_string()), |_| d.hardware.as_ref().and_then(|h| h.memory_bytes).map(|n| look.bytes(n)).unwrap_or_default())),
    ("hardware.disks", "section-hardware", "hardware-disk", |d, look| several(d.hardware.iter().flat_map(|h| &h.disks), |p| disk_text(p, look))),
    ("hardware.batteries", "section-hardware", "hardware-battery", |d, look| several(d.hardware.iter().flat_map(|h| &h.batteries), |p| battery_text(p, look))),
    ("system.os", "section-system", "system-os", |d, _| plain(d.row.os.clone())),
    ("system.kernel", "section-system", "system-kernel", |d, _| plain(d.system.as_ref().and_then(|s| s.kernel.clone()))),
    ("system.architecture", "section-system", "system-architecture", |d, _| plain(d.system.as_ref().and_then(|s| s.architecture.clone()))),
];

fn comparison(devices: &[DeviceSheet], look: &Look<'_>) -> Comparison {
    let facts = FACTS.iter().map(|(fact, section, label, reading)| {
        let (values, texts): (Vec<_>, Vec<_>) = devices.iter().map(|device| reading(device, look)).unzip();
        let differs = values.windows(2).any(|pair| pair[0] != pair[1]);
        Fact { fact, differs, values, section, label, texts }
    });
    Comparison { devices: devices.iter().map(|d| d.row.id.clone()).collect(), facts: facts.collect() }
}

fn rows(comparison: &Comparison) -> Vec<FactRow> {
    let of = |fact: &Fact| -> Vec<FactRow> {
        let values = comparison.devices.iter().zip(&fact.values);
        let row = |(device, value): (&String, &Option<String>)| FactRow {
            fact: fact.fact,
            differs: fact.differs,
            device: device.clone(),
            value: value.clone(),
        };
        values.map(row).collect()
    };
    comparison.facts.iter().flat_map(of).collect()
}

fn sheet(comparison: &Comparison, look: &Look<'_>) -> Sheet {
    let facts = &comparison.facts;
    // What none of them has says nothing here.
    let shown: Vec<&Fact> = facts.iter().filter(|fact| fact.values.iter().any(Option::is_some)).collect();
    let cell = |text: &Option<String>| cut(&clean(text.as_deref().unwrap_or("–")));
    let width = |at: usize| {
        let cells = shown.iter().map(|fact| cell(&fact.texts[at]).chars().count());
        cells.chain([comparison.devices[at].chars().count()]).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..comparison.devices.len()).map(width).collect();
    let line = |cells: Vec<String>| {
        let padded = cells.into_iter().zip(&widths).map(|(text, width)| format!("{text:width$}"));
        padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    let mut sheet = Sheet::default();
    sheet.section(look.text("compare-title"));
    sheet.line(format!("  {}", look.text("device-id")), line(comparison.devices.clone()), Tone::Plain);
    let mut section = "";
    for fact in shown {
        if fact.section != section {
            section = fact.section;
            sheet.section(look.text(section));
        }
        let (mark, tone) = if fact.differs { (MARK, Tone::Warning) } else { ("  ", Tone::Plain) };
        let cells = fact.texts.iter().map(cell).collect();
        sheet.line(format!("{mark}{}", look.text(fact.label)), line(cells), tone);
    }
    sheet
}

fn cut(text: &str) -> String {
    if text.chars().count() <= COLUMN_MAX {
        return text.to_owned();
    }
    text.chars().take(COLUMN_MAX - 1).chain(['…']).collect()
}

fn firmware(device: &DeviceSheet, look: &Look<'_>) -> (Option<String>, Option<String>) {
    let text = device.hardware.as_ref().and_then(|hardware| firmware_text(hardware, look));
    let value = device.hardware.as_ref().filter(|_| text.is_some()).and_then(|hardware| json(&hardware.firmware));
    (value, text)
}

fn plain(value: Option<String>) -> (Option<String>, Option<String>) {
    (value.clone(), value)
}

fn told(value: Option<String>, text: impl FnOnce(&str) -> String) -> (Option<String>, Option<String>) {
    let text = value.as_deref().map(text);
    (value, text)
}

/// Several parts of one kind: as JSON for programs, each in words for people.
fn several<'a, T: Serialize + 'a>(
    parts: impl Iterator<Item = &'a T>,
    text: impl Fn(&T) -> String,
) -> (Option<String>, Option<String>) {
    let parts: Vec<&T> = parts.collect();
    if parts.is_empty() {
        return (None, None);
    }
    (json(&parts), joined(parts.into_iter().map(text)))
}

fn json(value: &impl Serialize) -> Option<String> {
    serde_json::to_string(value).ok()
}

fn joined(texts: impl Iterator<Item = String>) -> Option<String> {
    Some(texts.collect::<Vec<_>>().join(", ")).filter(|text| !text.is_empty())
}

fn word(look: &Look<'_>, kind: &str, code: &str) -> String {
    look.words.find(&format!("{kind}-{code}"), None).unwrap_or_else(|| code.to_owned())
}

impl Row for FactRow {
    const COLUMNS: &'static [&'static str] = &["compare-fact", "compare-differs", "device-id", "compare-value"];

    fn cells(&self, look: &Look<'_>) -> Vec<(String, Tone)> {
        let tone = if self.differs { Tone::Warning } else { Tone::Plain };
        vec![
            (self.fact.to_owned(), Tone::Plain),
            (look.yes(self.differs), tone),
            (self.device.clone(), Tone::Plain),
            (self.value.clone().unwrap_or_else(|| look.unknown()), tone),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wire::v1::{DeviceShowResponse, DeviceSummary};
    use words::{Catalogue, Language};

    fn device(id: &str, model: &str, serial: &str) -> DeviceSheet {
        let summary = DeviceSummary { id: id.to_owned(), school: "0951099D".to_owned(), ..DeviceSummary::default() };
        let claims = wire::v1::Claims { model: model.to_owned(), serial: serial.to_owned(), ..Default::default() };
        let answer = DeviceShowResponse { device: Some(summary), claims: Some(claims), ..Default::default() };
        DeviceSheet::try_from(answer).unwrap()
    }

    #[test]
    fn what_differs_is_marked_and_what_is_alike_is_not() {
        let words = Catalogue::new(Language::En, crate::FR, crate::EN);
        let look = Look { words: &words, zone: jiff::tz::TimeZone::UTC, colour: false };
        let devices = [device("one", "Latitude", "PF-1"), device("two", &"xy".repeat(90), "PF-1")];
        let comparison = comparison(&devices, &look);
        let differing: Vec<&str> = comparison.facts.iter().filter(|f| f.differs).map(|f| f.fact).collect();
        assert_eq!(differing, ["claims.model"]);
        let text = sheet(&comparison, &look).text(false);
        assert!(
            text.contains("≠ Model") && text.contains(&format!("{}…", &"xy".repeat(COLUMN_MAX)[..COLUMN_MAX - 1])),
            "{text}"
        );
        assert!(!text.contains("≠ Serial") && !text.contains("Memory"), "{text}");
        let column = |word: &str| {
            let line = text.lines().find(|line| line.contains(word)).unwrap();
            line[..line.find(word).unwrap()].chars().count()
        };
        assert_eq!(column("two"), column("xyx"), "{text}");
        let rows = rows(&comparison);
        assert_eq!(rows.len(), FACTS.len() * 2);
        assert!(
            rows.iter().any(|r| r.fact == "claims.serial" && r.device == "two" && r.value.as_deref() == Some("PF-1"))
        );
    }

    #[test]
    fn each_fact_has_its_words_in_both_languages() {
        for language in [Language::Fr, Language::En] {
            let words = Catalogue::new(language, crate::FR, crate::EN);
            for (_, section, label, _) in FACTS {
                assert!(words.find(section, None).is_some() && words.find(label, None).is_some(), "{section} {label}");
            }
        }
    }
}
