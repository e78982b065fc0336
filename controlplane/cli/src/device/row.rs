//! A device as a line.

use crate::print::{Look, Row, Tone, rfc3339};
use serde::Serialize;
use wire::v1::{DeviceSummary, HealthStatus, JoinState};

/// How many characters of an id a table shows: the time to the millisecond and twelve random bits, enough to name a device.
const ID_CHARS: usize = 18;

/// A line of the register; the field names are promised to programs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct DeviceRow {
    pub(crate) id: String,
    pub(crate) state: &'static str,
    pub(crate) reason: Option<String>,
    pub(crate) health: &'static str,
    pub(crate) school: Option<String>,
    pub(crate) kit: Option<String>,
    pub(crate) slot: Option<String>,
    pub(crate) maker: Option<String>,
    pub(crate) model: Option<String>,
    pub(crate) serial: Option<String>,
    pub(crate) os: Option<String>,
    pub(crate) enrolled: Option<String>,
    pub(crate) last_seen: Option<String>,
    pub(crate) agent_version: Option<String>,
    pub(crate) connected: bool,
    pub(crate) owner: Option<String>,
    pub(crate) contact: Option<String>,
    #[serde(skip)]
    pub(crate) last_seen_unix_ms: i64,
    #[serde(skip)]
    pub(crate) enrolled_unix_ms: i64,
}

impl From<DeviceSummary> for DeviceRow {
    fn from(d: DeviceSummary) -> Self {
        let (state, health) = (state_name(d.state()), health_name(d.health()));
        let some = |text: String| Some(text).filter(|t| !t.is_empty());
        Self {
            id: d.id,
            state,
            reason: some(d.reason),
            health,
            school: some(d.school),
            owner: some(d.owner),
            kit: some(d.kit),
            slot: some(d.slot),
            maker: some(d.maker),
            model: some(d.model),
            serial: some(d.serial),
            os: some(d.os),
            enrolled: rfc3339(d.enrolled_unix_ms),
            last_seen: rfc3339(d.last_seen_unix_ms),
            agent_version: some(d.agent_version),
            connected: d.connected,
            contact: some(d.contact),
            last_seen_unix_ms: d.last_seen_unix_ms,
            enrolled_unix_ms: d.enrolled_unix_ms,
        }
    }
}

impl Row for DeviceRow {
    const COLUMNS: &'static [&'static str] = &[
        "device-id",
        "device-state",
        "device-health",
        "device-school",
        "device-model",
        "device-serial",
        "device-os",
        "device-last-seen",
    ];

    fn cells(&self, look: &Look<'_>) -> Vec<(String, Tone)> {
        let known = |text: &Option<String>| match text {
            Some(text) => (text.clone(), Tone::Plain),
            None => ("–".to_owned(), Tone::Faint),
        };
        vec![
            (self.id.chars().take(ID_CHARS).collect(), Tone::Plain),
            (look.text(&format!("state-{}", self.state)), state_tone(self.state)),
            (look.text(&format!("status-{}", self.health)), health_tone(self.health)),
            known(&self.school),
            known(&self.product()),
            known(&self.serial),
            known(&self.os),
            self.contact(look),
        ]
    }
}

impl DeviceRow {
    /// Maker and model, said once where the model says both.
    pub(crate) fn product(&self) -> Option<String> {
        match (&self.maker, &self.model) {
            (Some(maker), Some(model)) if !model.to_lowercase().starts_with(&maker.to_lowercase()) => {
                Some(format!("{maker} {model}"))
            }
            (maker, model) => model.clone().or_else(|| maker.clone()),
        }
    }

    /// When it was last heard of.
    pub(crate) fn contact(&self, look: &Look<'_>) -> (String, Tone) {
        match self.last_seen_unix_ms {
            0 => (look.text("contact-never"), Tone::Faint),
            seen if self.connected => (format!("{} ({})", look.date(seen), look.text("contact-connected")), Tone::Good),
            seen if self.contact.as_deref() == Some("silent") => {
                (format!("{} ({})", look.date(seen), look.text("contact-silent")), Tone::Warning)
            }
            seen => (look.date(seen), Tone::Plain),
        }
    }
}

/// A state's colour.
pub(crate) fn state_tone(state: &str) -> Tone {
    match state {
        "active" => Tone::Good,
        "quarantined" => Tone::Warning,
        "revoked" => Tone::Bad,
        _ => Tone::Faint,
    }
}

/// A health status's colour.
pub(crate) fn health_tone(health: &str) -> Tone {
    match health {
        "ok" => Tone::Good,
        "warning" => Tone::Warning,
        "critical" => Tone::Bad,
        _ => Tone::Faint,
    }
}

fn state_name(state: JoinState) -> &'static str {
    match state {
        JoinState::Active => "active",
        JoinState::Quarantined => "quarantined",
        JoinState::Revoked => "revoked",
        JoinState::Unspecified => "unknown",
    }
}

fn health_name(health: HealthStatus) -> &'static str {
    match health {
        HealthStatus::Ok => "ok",
        HealthStatus::Warning => "warning",
        HealthStatus::Critical => "critical",
        HealthStatus::Unknown | HealthStatus::Unspecified => "unknown",
    }
}
