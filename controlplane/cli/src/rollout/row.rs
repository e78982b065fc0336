//! Rollouts and their waves, as lines.

use crate::print::{Look, Row, Tone, rfc3339};
use serde::Serialize;
use wire::v1::{Rollout, RolloutCounts, RolloutWave};

/// A line of the list of rollouts; the field names are promised to programs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct RolloutRow {
    pub(crate) id: String,
    pub(crate) bundle: String,
    pub(crate) version: String,
    pub(crate) state: String,
    pub(crate) halt: Option<String>,
    pub(crate) waves: usize,
    pub(crate) open_waves: usize,
    in_place: Option<u64>,
    failing: Option<u64>,
    unreachable: Option<u64>,
    devices: Option<u64>,
    by: String,
    since: Option<String>,
}

/// A wave; the field names are promised to programs.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(crate) struct WaveRow {
    wave: usize,
    percent: Option<f64>,
    schools: Vec<String>,
    needs_agreement: bool,
    agreed_by: Option<String>,
    opened: Option<String>,
    devices: u64,
    sites: u32,
    in_place: u64,
    under_way: u64,
    failing: u64,
    skipped: u64,
    unreachable: u64,
    #[serde(skip)]
    opened_unix_ms: i64,
}

/// Hundredths of a percent as percent.
pub(crate) fn percent(hundredths: u32) -> f64 {
    f64::from(hundredths) / 100.0
}

fn some(text: &str) -> Option<String> {
    Some(text.to_owned()).filter(|text| !text.is_empty())
}

const fn failing(of: &RolloutCounts) -> u64 {
    of.failed + of.stuck
}

const fn under_way(of: &RolloutCounts) -> u64 {
    of.withheld + of.offered + of.downloading + of.verifying + of.staged + of.waiting
}

/// How many there are.
pub(super) const fn devices(of: &RolloutCounts) -> u64 {
    of.closed + under_way(of) + of.in_place + failing(of) + of.skipped + of.unreachable
}

impl From<&Rollout> for RolloutRow {
    fn from(rollout: &Rollout) -> Self {
        let wish = rollout.wish.clone().unwrap_or_default();
        let counts = rollout.counts.as_ref();
        Self {
            id: rollout.id.clone(),
            bundle: wish.bundle,
            version: wish.version,
            state: rollout.state.clone(),
            halt: some(&rollout.halt),
            waves: rollout.waves.len(),
            open_waves: rollout.waves.iter().filter(|wave| wave.opened_unix_ms > 0).count(),
            in_place: counts.map(|of| of.in_place),
            failing: counts.map(failing),
            unreachable: counts.map(|of| of.unreachable),
            devices: counts.map(devices),
            by: rollout.by.clone(),
            since: rfc3339(rollout.since_unix_ms),
        }
    }
}

impl RolloutRow {
    /// Its state in words, with why it was halted.
    pub(crate) fn state_text(&self, look: &Look<'_>) -> (String, Tone) {
        let state = look.text(&format!("rollout-state-{}", self.state.replace('_', "-")));
        let tone = match self.state.as_str() {
            "finished" => Tone::Good,
            "stopped" => Tone::Bad,
            "paused" | "aborted" | "rolled_back" => Tone::Warning,
            _ => Tone::Plain,
        };
        match &self.halt {
            Some(halt) => {
                let why = look.text(&format!("rollout-halt-{}", halt.replace('_', "-")));
                (format!("{state} ({why})"), tone)
            }
            None => (state, tone),
        }
    }
}

impl WaveRow {
    /// The wave of this number, from 0.
    pub(crate) fn of(n: usize, wave: &RolloutWave) -> Self {
        let counts = wave.counts.unwrap_or_default();
        Self {
            wave: n + 1,
            percent: (wave.share > 0).then(|| percent(wave.share)),
            schools: wave.schools.clone(),
            needs_agreement: wave.agree,
            agreed_by: some(&wave.agreed_by),
            opened: rfc3339(wave.opened_unix_ms),
            devices: devices(&counts),
            sites: wave.sites,
            in_place: counts.in_place,
            under_way: under_way(&counts),
            failing: failing(&counts),
            skipped: counts.skipped,
            unreachable: counts.unreachable,
            opened_unix_ms: wave.opened_unix_ms,
        }
    }
}

impl Row for RolloutRow {
    const COLUMNS: &'static [&'static str] = &[
        "rollout-id",
        "rollout-bundle",
        "rollout-version",
        "rollout-state",
        "rollout-waves",
        "rollout-phase-in-place",
        "rollout-failing",
        "rollout-phase-unreachable",
    ];

    fn cells(&self, look: &Look<'_>) -> Vec<(String, Tone)> {
        let count = |count: Option<u64>, tone| match count {
            Some(n) => (look.number(n), if n == 0 { Tone::Faint } else { tone }),
            None => (look.unknown(), Tone::Faint),
        };
        let place = match (self.in_place, self.devices) {
            (Some(n), Some(all)) => (format!("{} / {}", look.number(n), look.number(all)), Tone::Good),
            _ => (look.unknown(), Tone::Faint),
        };
        vec![
            (self.id.clone(), Tone::Plain),
            (self.bundle.clone(), Tone::Plain),
            (self.version.clone(), Tone::Plain),
            self.state_text(look),
            (format!("{} / {}", self.open_waves, self.waves), Tone::Plain),
            place,
            count(self.failing, Tone::Bad),
            count(self.unreachable, Tone::Warning),
        ]
    }
}

impl Row for WaveRow {
    const COLUMNS: &'static [&'static str] = &[
        "rollout-wave",
        "rollout-size",
        "rollout-opened",
        "rollout-devices",
        "rollout-sites",
        "rollout-phase-in-place",
        "rollout-under-way",
        "rollout-failing",
        "rollout-phase-skipped",
        "rollout-phase-unreachable",
    ];

    fn cells(&self, look: &Look<'_>) -> Vec<(String, Tone)> {
        let count = |n: u64, tone| (look.number(n), if n == 0 { Tone::Faint } else { tone });
        let size = match self.percent {
            Some(percent) => format!("{}\u{a0}%", look.decimal(percent, 2)),
            None => look.count("rollout-schools", self.schools.len()),
        };
        let opened = if self.opened_unix_ms > 0 {
            (look.date(self.opened_unix_ms), Tone::Plain)
        } else if self.needs_agreement && self.agreed_by.is_none() {
            (look.text("rollout-waits-agreement"), Tone::Warning)
        } else {
            (look.unknown(), Tone::Faint)
        };
        vec![
            (look.number(u64::try_from(self.wave).unwrap_or(0)), Tone::Plain),
            (size, Tone::Plain),
            opened,
            count(self.devices, Tone::Plain),
            count(self.sites.into(), Tone::Plain),
            count(self.in_place, Tone::Good),
            count(self.under_way, Tone::Plain),
            count(self.failing, Tone::Bad),
            count(self.skipped, Tone::Warning),
            count(self.unreachable, Tone::Warning),
        ]
    }
}
