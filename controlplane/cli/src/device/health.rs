//! How a device is, for people: each check with its number and the threshold that decided.

use super::row::health_tone;
use crate::print::{Look, Sheet, Tone};
use model::health::{Check, CheckKind, Health, Reason, Status, Unit, VolumeKind};
use words::Value;

/// Bytes in a gibibyte.
const GIB: u64 = 1 << 30;

/// Every check, and the volumes looked at.
pub(crate) fn health_section(health: &Health, sheet: &mut Sheet, look: &Look<'_>) {
    sheet.section(look.text("section-health"));
    for check in &health.checks {
        // A machine without the thing is no riddle.
        let fitted = check.reason != Reason::NotFitted;
        let status =
            look.text(&if fitted { format!("status-{}", check.status.name()) } else { "status-none".to_owned() });
        let tone = health_tone(check.status.name());
        sheet.line(
            look.text(check_key(check.kind)),
            format!("{status}{} {}", look.colon(), reason_text(check, look)),
            tone,
        );
    }
    for volume in &health.volumes {
        let key = match volume.kind {
            VolumeKind::System => "volume-system",
            VolumeKind::Home => "volume-home",
        };
        let size = |gib: u64| Value::from(look.bytes(gib.saturating_mul(GIB)));
        let values = [("free", size(volume.free_gib)), ("size", size(volume.size_gib))];
        sheet.line(look.text(key), look.words.text_with("volume-free", &values), Tone::Plain);
    }
}

/// Why a check has its status, in a sentence with its numbers.
fn reason_text(check: &Check, look: &Look<'_>) -> String {
    let number = |n: Option<i64>| Value::from(n.map_or_else(|| look.unknown(), |n| unit_text(n, check.unit, look)));
    let values = [("value", number(check.value)), ("threshold", number(check.threshold))];
    let key = match check.reason {
        // A check may be well within its limits on a machine that has none to name.
        Reason::WithinLimits if check.threshold.is_none() => "check-no-threshold",
        Reason::WithinLimits => "check-within",
        Reason::AtOrAbove => "check-above",
        Reason::Below => "check-below",
        Reason::NotReported => "check-not-reported",
        Reason::NotFitted => "check-not-fitted",
        Reason::TooEarly => "check-too-early",
        Reason::ReserveUsed => "check-reserve-used",
        Reason::Other if check.status == Status::Unknown => "check-not-reported",
        Reason::Other => "check-other",
    };
    look.words.text_with(key, &values)
}

fn unit_text(number: i64, unit: Unit, look: &Look<'_>) -> String {
    let sign = if number < 0 { "−" } else { "" };
    let size = number.unsigned_abs();
    match unit {
        Unit::Percent => format!("{sign}{size}{}", percent(look)),
        // Tenths of a hundredth: people count in hundredths.
        Unit::Permille => format!("{sign}{}{}{}{}", size / 10, point(look), size % 10, percent(look)),
        Unit::Celsius => format!("{sign}{size}\u{a0}°C"),
        Unit::Seconds => format!("{sign}{}", look.span(size)),
        // Of no days, a span would name no unit but seconds.
        Unit::Days => format!("{sign}{}", look.words.text_with("span-days", &[("n", Value::count(size))])),
        Unit::Mebibytes => format!("{sign}{}", look.bytes(size.saturating_mul(1 << 20))),
    }
}

fn point(look: &Look<'_>) -> char {
    if look.words.language() == words::Language::Fr { ',' } else { '.' }
}

/// French sets a space before its signs.
fn percent(look: &Look<'_>) -> &'static str {
    if look.words.language() == words::Language::Fr { "\u{a0}%" } else { "%" }
}

const fn check_key(kind: CheckKind) -> &'static str {
    match kind {
        CheckKind::BatteryWear => "check-battery-wear",
        CheckKind::DiskSystem => "check-disk-system",
        CheckKind::DiskHome => "check-disk-home",
        CheckKind::Temperature => "check-temperature",
        CheckKind::MemoryPressure => "check-memory-pressure",
        CheckKind::MemoryAvailable => "check-memory-available",
        CheckKind::ClockSkew => "check-clock-skew",
        CheckKind::Uptime => "check-uptime",
        CheckKind::AgentMemory => "check-agent-memory",
        CheckKind::AgentCpu => "check-agent-cpu",
        CheckKind::DiskWear => "check-disk-wear",
    }
}
