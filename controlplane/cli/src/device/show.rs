//! `cartable device show`: everything that is known of one device.

use super::row::DeviceRow;
use super::sheet::sheet;
use crate::Error;
use crate::call::Call;
use crate::print::rfc3339;
use clap::Args;
use model::device::Claims;
use model::health::Health;
use model::inventory::{Hardware, Packages, Peripherals, System};
use model::section::SectionKind;
use serde::Serialize;
use wire::convert::{ConvertError, Section, section_decode};
use wire::v1::{ConditionState, DeviceShowRequest, DeviceShowResponse};

#[derive(Debug, Args)]
pub(crate) struct Show {
    device: String,
    #[arg(long)]
    packages: bool,
}

/// A device in full; the field names are promised to programs, and a section never reported is null.
#[derive(Debug, Serialize)]
pub(crate) struct DeviceSheet {
    #[serde(flatten)]
    pub(crate) row: DeviceRow,
    pub(crate) certificate_until: Option<String>,
    pub(crate) clock_ahead_ms: Option<i64>,
    pub(crate) alike: Vec<String>,
    pub(crate) flags: Vec<String>,
    pub(crate) claims: Claims,
    pub(crate) identity_generation: u32,
    pub(crate) token: Option<String>,
    pub(crate) boot: Option<String>,
    pub(crate) merged_into: Option<String>,
    pub(crate) absorbed: Vec<DeviceRow>,
    pub(crate) generation: Option<Generation>,
    pub(crate) observed: Option<Observed>,
    pub(crate) hardware: Option<Hardware>,
    pub(crate) peripherals: Option<Peripherals>,
    pub(crate) system: Option<System>,
    pub(crate) packages: Option<Packages>,
    /// Named apart from the row's `health`, which is the worst status.
    pub(crate) health_report: Option<Health>,
    pub(crate) reports: Vec<Report>,
    #[serde(skip)]
    pub(crate) certificate_until_unix_ms: i64,
}

/// How new a desired state is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Generation {
    pub(crate) epoch: u32,
    pub(crate) revision: u64,
}

/// What the device said of its desired state.
#[derive(Debug, Serialize)]
pub(crate) struct Observed {
    pub(crate) generation: Option<Generation>,
    pub(crate) conditions: Vec<Condition>,
}

/// Where it stands with one item.
#[derive(Debug, Serialize)]
pub(crate) struct Condition {
    pub(crate) item: String,
    pub(crate) state: &'static str,
    pub(crate) reason: Option<String>,
    /// Of a bundle or the agent, the version that is in place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) version: Option<String>,
    /// Of the loan, the epoch of the grant it keeps to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) epoch: Option<u64>,
}

/// When a section was collected and received.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) section: &'static str,
    pub(crate) collected: Option<String>,
    pub(crate) received: Option<String>,
    pub(crate) digest: String,
    #[serde(skip)]
    pub(crate) received_unix_ms: i64,
}

pub(crate) async fn device_show(show: Show, call: &mut Call<'_>) -> Result<(), Error> {
    let mut client = call.client().await?;
    let answer = call.answer(client.device_show(DeviceShowRequest { device: show.device })).await?;
    call.progress.clear();
    let device = DeviceSheet::try_from(answer)?;
    let sheet = sheet(&device, show.packages, call.print.look());
    call.print.one(&device, || sheet)
}

impl TryFrom<DeviceShowResponse> for DeviceSheet {
    type Error = ConvertError;

    fn try_from(answer: DeviceShowResponse) -> Result<Self, ConvertError> {
        let some = |text: String| Some(text).filter(|t| !t.is_empty());
        let mut sheet = Self {
            row: answer.device.unwrap_or_default().into(),
            certificate_until: rfc3339(answer.certificate_until_unix_ms),
            certificate_until_unix_ms: answer.certificate_until_unix_ms,
            clock_ahead_ms: answer.clock_ahead_ms,
            alike: answer.alike,
            flags: answer.flags,
            claims: answer.claims.unwrap_or_default().into(),
            identity_generation: answer.identity_generation,
            token: some(answer.token),
            boot: some(answer.boot),
            merged_into: some(answer.merged_into),
            absorbed: answer.absorbed.into_iter().map(DeviceRow::from).collect(),
            generation: answer.generation.map(Generation::from),
            observed: answer.observed.map(Observed::from),
            hardware: None,
            peripherals: None,
            system: None,
            packages: None,
            health_report: None,
            reports: Vec::new(),
        };
        for section in answer.sections {
            // A kind from a newer server is passed over, not an error.
            let Ok(kind) = SectionKind::try_from(section.kind()) else { continue };
            match section_decode(kind, &section.body)? {
                Section::Hardware(facts) => sheet.hardware = Some(facts),
                Section::Peripherals(facts) => sheet.peripherals = Some(facts),
                Section::System(facts) => sheet.system = Some(facts),
                Section::Packages(facts) => sheet.packages = Some(facts),
                Section::Health(facts) => sheet.health_report = Some(facts),
            }
            sheet.reports.push(Report {
                section: kind.name(),
                collected: rfc3339(section.collected_unix_ms),
                received: rfc3339(section.received_unix_ms),
                digest: section.digest.iter().map(|byte| format!("{byte:02x}")).collect(),
                received_unix_ms: section.received_unix_ms,
            });
        }
        Ok(sheet)
    }
}

impl From<wire::v1::Generation> for Generation {
    fn from(g: wire::v1::Generation) -> Self {
        Self { epoch: g.epoch, revision: g.revision }
    }
}

impl From<wire::v1::Observed> for Observed {
    fn from(o: wire::v1::Observed) -> Self {
        let condition = |c: wire::v1::Condition| Condition {
            state: match c.state() {
                ConditionState::Held => "held",
                ConditionState::Pending => "pending",
                ConditionState::Failed => "failed",
                ConditionState::Skipped => "skipped",
                ConditionState::Unspecified => "unknown",
            },
            item: c.item,
            reason: Some(c.reason).filter(|r| !r.is_empty()),
            version: Some(c.version).filter(|version| !version.is_empty()),
            epoch: Some(c.epoch).filter(|epoch| *epoch > 0),
        };
        Self {
            generation: o.generation.map(Generation::from),
            conditions: o.conditions.into_iter().map(condition).collect(),
        }
    }
}
