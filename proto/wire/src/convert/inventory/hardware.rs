//! The section `hardware`.

use super::{ConvertError, list, message, text};
use crate::v1;
use model::inventory::{Battery, Chassis, Disk, Firmware, Hardware, PARTS_MAX, Processor};
use prost::Message as _;

/// The section's bytes.
#[must_use]
pub fn hardware_encode(hardware: &Hardware) -> Vec<u8> {
    let processor = |p: &Processor| v1::Processor { name: p.name.clone(), cores: p.cores, threads: p.threads };
    let disk = |d: &Disk| v1::Disk {
        model: d.model.clone(),
        size_bytes: d.size_bytes,
        rotational: d.rotational,
        encrypted: d.encrypted,
    };
    let battery = |b: &Battery| v1::Battery {
        maker: b.maker.clone(),
        model: b.model.clone(),
        technology: b.technology.clone(),
        design_full_mwh: b.design_full_mwh,
        full_mwh: b.full_mwh,
        cycles: b.cycles,
    };
    v1::Hardware {
        maker: hardware.maker.clone(),
        model: hardware.model.clone(),
        serial: hardware.serial.clone(),
        system_uuid: hardware.system_uuid.clone(),
        chassis: chassis_encode(hardware.chassis).into(),
        firmware_version: hardware.firmware.version.clone(),
        firmware_date: hardware.firmware.date.clone(),
        processors: hardware.processors.iter().map(processor).collect(),
        memory_bytes: hardware.memory_bytes,
        disks: hardware.disks.iter().map(disk).collect(),
        batteries: hardware.batteries.iter().map(battery).collect(),
    }
    .encode_to_vec()
}

/// The facts in the section's bytes.
///
/// # Errors
/// [`ConvertError`] for bytes that are no such section, or go beyond its limits.
pub fn hardware_decode(bytes: &[u8]) -> Result<Hardware, ConvertError> {
    let wire: v1::Hardware = message(bytes)?;
    let chassis = chassis_decode(wire.chassis());
    Ok(Hardware {
        maker: text(wire.maker, "maker")?,
        model: text(wire.model, "model")?,
        serial: text(wire.serial, "serial")?,
        system_uuid: text(wire.system_uuid, "system_uuid")?,
        chassis,
        firmware: Firmware {
            version: text(wire.firmware_version, "firmware_version")?,
            date: text(wire.firmware_date, "firmware_date")?,
        },
        processors: list(wire.processors, PARTS_MAX, "processors", |p| {
            Ok(Processor { name: text(p.name, "processors.name")?, cores: p.cores, threads: p.threads })
        })?,
        memory_bytes: wire.memory_bytes,
        disks: list(wire.disks, PARTS_MAX, "disks", |d| {
            Ok(Disk {
                model: text(d.model, "disks.model")?,
                size_bytes: d.size_bytes,
                rotational: d.rotational,
                encrypted: d.encrypted,
            })
        })?,
        batteries: list(wire.batteries, PARTS_MAX, "batteries", |b| {
            Ok(Battery {
                maker: text(b.maker, "batteries.maker")?,
                model: text(b.model, "batteries.model")?,
                technology: text(b.technology, "batteries.technology")?,
                design_full_mwh: b.design_full_mwh,
                full_mwh: b.full_mwh,
                cycles: b.cycles,
            })
        })?,
    })
}

fn chassis_encode(chassis: Option<Chassis>) -> v1::Chassis {
    match chassis {
        None => v1::Chassis::Unspecified,
        Some(Chassis::Desktop) => v1::Chassis::Desktop,
        Some(Chassis::Mini) => v1::Chassis::Mini,
        Some(Chassis::AllInOne) => v1::Chassis::AllInOne,
        Some(Chassis::Laptop) => v1::Chassis::Laptop,
        Some(Chassis::Convertible) => v1::Chassis::Convertible,
        Some(Chassis::Tablet) => v1::Chassis::Tablet,
        Some(Chassis::Server) => v1::Chassis::Server,
        Some(Chassis::Other) => v1::Chassis::Other,
    }
}

fn chassis_decode(chassis: v1::Chassis) -> Option<Chassis> {
    Some(match chassis {
        v1::Chassis::Unspecified => return None,
        v1::Chassis::Desktop => Chassis::Desktop,
        v1::Chassis::Mini => Chassis::Mini,
        v1::Chassis::AllInOne => Chassis::AllInOne,
        v1::Chassis::Laptop => Chassis::Laptop,
        v1::Chassis::Convertible => Chassis::Convertible,
        v1::Chassis::Tablet => Chassis::Tablet,
        v1::Chassis::Server => Chassis::Server,
        v1::Chassis::Other => Chassis::Other,
    })
}
