//! The few facts that lists show, taken from sections as they come.

use controlplane_core::report::{Condition, Report};
use model::device::Claims;
use model::health::{CheckKind, Status};
use model::inventory::Hardware;
use model::kit::serials_seen;
use wire::convert::{Assembled, ConvertError, Section, section_decode};

/// Notes what a section says of the facts, and of what is plugged in: each is decoded once.
///
/// # Errors
/// [`ConvertError`] when the section is not of its kind, so that no damaged one is kept.
pub(crate) fn note(whole: &Assembled, report: &mut Report) -> Result<(), ConvertError> {
    match section_decode(whole.kind, &whole.plain)? {
        Section::Hardware(h) => {
            let Hardware { maker, model, serial, system_uuid, .. } = h;
            report.facts.hardware = Some(Claims { maker, model, serial, system_uuid });
        }
        Section::System(s) => {
            let name = [s.os_name, s.os_version].into_iter().flatten().collect::<Vec<_>>().join(" ");
            report.facts.os = Some((!name.is_empty()).then_some(name));
        }
        Section::Health(h) => {
            let wear = |kind| {
                let value = h.check(kind).and_then(|check| check.value);
                value.map(|wear| u8::try_from(wear.clamp(0, 100)).unwrap_or(100))
            };
            report.facts.battery_wear = Some(wear(CheckKind::BatteryWear));
            // At power-on nobody may be there yet to ask: wear does not go back, so what was known stays.
            report.facts.disk_wear = wear(CheckKind::DiskWear);
            report.facts.health = Some(match h.overall() {
                Status::Ok => Condition::Ok,
                Status::Warning => Condition::Warning,
                Status::Critical => Condition::Critical,
                Status::Unknown => Condition::Unknown,
            });
        }
        Section::Peripherals(plugged) => report.plugged = Some(serials_seen(&plugged)),
        Section::Packages(_) => {}
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::digest::Digest;
    use model::health::{Check, Health, Reason, Unit};
    use model::section::SectionKind;
    use model::time::Timestamp;
    use wire::convert::health_encode;

    #[test]
    fn what_a_disk_said_stays_while_it_says_nothing() {
        let said = |reason, status, value| {
            let kind = CheckKind::DiskWear;
            let check = Check { kind, status, reason, value, unit: Unit::Percent, threshold: None };
            let plain = health_encode(&Health { checks: vec![check], volumes: vec![] });
            let mut report = Report::default();
            let whole = Assembled {
                kind: SectionKind::Health,
                digest: Digest::of(&plain),
                collected: Timestamp::from_unix_millis(0),
                plain,
                packed: Vec::new(),
                zstd: false,
            };
            note(&whole, &mut report).unwrap();
            report.facts.disk_wear
        };
        assert_eq!(said(Reason::WithinLimits, Status::Ok, Some(7)), Some(7));
        assert_eq!(said(Reason::NotReported, Status::Unknown, None), None, "which leaves what was known");
    }
}
