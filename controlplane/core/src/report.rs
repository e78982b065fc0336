//! A device's report: sections that changed, made durable in one observed batch.

mod shared;

pub use shared::bodies_forget;

use crate::error::{Error, Result};
use crate::presence::{PRESENCES, Presence};
use crate::store::{Expect, SharedStore, Store};
use crate::table::{Observed, Row, Table, Writes};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use model::device::Claims;
use model::digest::Digest;
use model::id::{DeviceId, TerritoryId};
use model::section::SectionKind;
use model::time::Timestamp;
use serde::{Deserialize, Serialize};

/// Sections as they travelled, under `<device>/<kind>`.
pub static SECTIONS: Table<Section, Observed> = Table::new("section");
/// What lists show and filter by, by device id.
pub static FACTS: Table<Facts, Observed> = Table::new("facts");

/// A section as kept: its bytes as sent, so that what an older server does not know is not lost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Section {
    /// The digest of the plain bytes.
    pub digest: Digest,
    /// When the device collected it, by its own clock.
    pub collected: Timestamp,
    /// When it came.
    pub received: Timestamp,
    /// Whether the body is one Zstandard frame.
    pub zstd: bool,
    /// The bytes, in base 64; empty where they are kept once for all devices that have them.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    body: String,
    /// Whether they are.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    shared: bool,
}

impl Section {
    /// A section to be kept.
    #[must_use]
    pub fn new(digest: Digest, collected: Timestamp, received: Timestamp, zstd: bool, body: &[u8]) -> Self {
        Self { digest, collected, received, zstd, body: STANDARD.encode(body), shared: false }
    }

    /// The bytes as they travelled.
    #[must_use]
    pub fn body(&self) -> Vec<u8> {
        STANDARD.decode(&self.body).unwrap_or_default()
    }
}

/// How a device is on the whole, for lists.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    /// Not reported.
    #[default]
    Unknown,
    /// Nothing to see to.
    Ok,
    /// Something to see to.
    Warning,
    /// Something to see to now.
    Critical,
}

/// A device's few facts for lists, taken from its sections.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// Who made it.
    pub maker: Option<String>,
    /// The product's name.
    pub model: Option<String>,
    /// The serial number.
    pub serial: Option<String>,
    /// The firmware's system UUID.
    #[serde(default)]
    pub system_uuid: Option<String>,
    /// Name and version of the operating system.
    pub os: Option<String>,
    /// The worst of its health.
    pub health: Condition,
    /// What its most worn battery has lost of its design capacity, in hundredths.
    #[serde(default)]
    pub battery_wear: Option<u8>,
    /// What its most worn disk has used of its rated life, in hundredths, as it last said.
    #[serde(default)]
    pub disk_wear: Option<u8>,
}

/// What a report changes in the facts; `None` leaves a fact as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FactsChange {
    /// What the machine says it is, when the hardware section came.
    pub hardware: Option<Claims>,
    /// The operating system, when the system section came.
    pub os: Option<Option<String>>,
    /// The health, when the health section came.
    pub health: Option<Condition>,
    /// The battery's wear, when that section came.
    pub battery_wear: Option<Option<u8>>,
    /// The disk's wear, when that section came and says it.
    pub disk_wear: Option<u8>,
}

/// A report, put together and checked.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// The sections that came whole.
    pub sections: Vec<(SectionKind, Section)>,
    /// What they change in the facts.
    pub facts: FactsChange,
    /// The serial numbers of what is plugged in, when the peripherals section came.
    pub plugged: Option<Vec<String>>,
}

/// How often a report that met another one of its device is tried again.
const TRIES: usize = 4;

/// Keeps a report: sections, facts and presence in one batch; `heard` notes in the presence what else the device said.
///
/// # Errors
/// `Unavailable` when it could not be made durable; nothing was then kept.
pub async fn report_keep(
    store: &SharedStore,
    territory: &TerritoryId,
    device: DeviceId,
    heard: &(dyn Fn(&mut Presence) + Sync),
    report: &Report,
) -> Result<Presence> {
    let mut met = None;
    for _ in 0..TRIES {
        match report_keep_once(store, territory, device, heard, report).await {
            Err(Error::Conflict(key)) => met = Some(key),
            done => return done,
        }
    }
    Err(met.map_or_else(|| Error::NotFound(format!("device {device}")), Error::Conflict))
}

async fn report_keep_once(
    store: &SharedStore,
    territory: &TerritoryId,
    device: DeviceId,
    heard: &(dyn Fn(&mut Presence) + Sync),
    report: &Report,
) -> Result<Presence> {
    let id = device.to_string();
    let before = PRESENCES.get(store.as_ref(), territory, id.clone()).await?;
    // Two reports of one device may overlap when an answer is lost; neither may forget the other's sections.
    let expect = before.as_ref().map_or(Expect::Absent, |row| Expect::At(row.revision));
    let mut presence = before.map(|row| row.value).unwrap_or_default();
    heard(&mut presence);
    let mut writes = Writes::observed(territory);
    for (kind, section) in &report.sections {
        presence.sections.insert(*kind, section.digest);
        let (more, own) = shared::share(store.as_ref(), territory, writes, device, (*kind, section)).await?;
        writes = more.put(&SECTIONS, format!("{id}/{kind}"), &own, Expect::Any)?;
    }
    if report.facts != FactsChange::default() {
        let before = FACTS.get(store.as_ref(), territory, id.clone()).await?.map(|row| row.value).unwrap_or_default();
        let after = report.facts.clone().applied(before.clone());
        if after != before {
            writes = writes.put(&FACTS, id.clone(), &after, Expect::Any)?;
        }
    }
    writes.put(&PRESENCES, id, &presence, expect)?.commit(store).await?;
    Ok(presence)
}

/// Every section kept of a device.
///
/// # Errors
/// `Unavailable` when the store fails.
pub async fn report_sections(
    store: &dyn Store,
    territory: &TerritoryId,
    device: DeviceId,
) -> Result<Vec<(SectionKind, Section)>> {
    let scope = SECTIONS.scope(territory, format!("{device}/"));
    let rows: Vec<Row<Section>> = SECTIONS.page(store, &scope, "", SectionKind::ALL.len()).await?;
    let kind = |id: &str| SectionKind::ALL.into_iter().find(|k| id.ends_with(&format!("/{k}")));
    let mut sections = Vec::with_capacity(rows.len());
    for row in rows {
        let Some(kind) = kind(&row.id) else { continue };
        let whole = shared::whole(store, territory, row.value).await?;
        sections.extend(whole.map(|section| (kind, section)));
    }
    Ok(sections)
}

impl FactsChange {
    fn applied(self, mut facts: Facts) -> Facts {
        if let Some(Claims { maker, model, serial, system_uuid }) = self.hardware {
            (facts.maker, facts.model, facts.serial, facts.system_uuid) = (maker, model, serial, system_uuid);
        }
        facts.os = self.os.unwrap_or(facts.os);
        facts.health = self.health.unwrap_or(facts.health);
        facts.battery_wear = self.battery_wear.unwrap_or(facts.battery_wear);
        facts.disk_wear = self.disk_wear.or(facts.disk_wear);
        facts
    }
}
