//! The section `peripherals`.

use super::{ConvertError, list, message, text};
use crate::v1;
use model::inventory::{Bus, Display, HardwareId, PARTS_MAX, Peripheral, Peripherals};
use prost::Message as _;

/// The section's bytes.
#[must_use]
pub fn peripherals_encode(peripherals: &Peripherals) -> Vec<u8> {
    let display = |d: &Display| v1::Display {
        maker: d.maker.clone(),
        product: d.product.map(u32::from),
        serial: d.serial.clone(),
        name: d.name.clone(),
        year: d.year.map(u32::from),
        width_mm: d.width_mm.map(u32::from),
        height_mm: d.height_mm.map(u32::from),
        built_in: d.built_in,
    };
    let parts = |list: &[Peripheral]| list.iter().map(part_encode).collect();
    v1::Peripherals {
        displays: peripherals.displays.iter().map(display).collect(),
        cameras: parts(&peripherals.cameras),
        microphones: parts(&peripherals.microphones),
        speakers: parts(&peripherals.speakers),
        docks: parts(&peripherals.docks),
        hubs: parts(&peripherals.hubs),
        inputs: parts(&peripherals.inputs),
    }
    .encode_to_vec()
}

/// The facts in the section's bytes.
///
/// # Errors
/// [`ConvertError`] for bytes that are no such section, or go beyond its limits.
pub fn peripherals_decode(bytes: &[u8]) -> Result<Peripherals, ConvertError> {
    let wire: v1::Peripherals = message(bytes)?;
    let short = |number: Option<u32>, field| number.map(|n| narrow(n, field)).transpose();
    Ok(Peripherals {
        displays: list(wire.displays, PARTS_MAX, "displays", |d| {
            Ok(Display {
                maker: text(d.maker, "displays.maker")?,
                product: short(d.product, "displays.product")?,
                serial: text(d.serial, "displays.serial")?,
                name: text(d.name, "displays.name")?,
                year: short(d.year, "displays.year")?,
                width_mm: short(d.width_mm, "displays.width_mm")?,
                height_mm: short(d.height_mm, "displays.height_mm")?,
                built_in: d.built_in,
            })
        })?,
        cameras: list(wire.cameras, PARTS_MAX, "cameras", part_decode)?,
        microphones: list(wire.microphones, PARTS_MAX, "microphones", part_decode)?,
        speakers: list(wire.speakers, PARTS_MAX, "speakers", part_decode)?,
        docks: list(wire.docks, PARTS_MAX, "docks", part_decode)?,
        hubs: list(wire.hubs, PARTS_MAX, "hubs", part_decode)?,
        inputs: list(wire.inputs, PARTS_MAX, "inputs", part_decode)?,
    })
}

fn part_encode(part: &Peripheral) -> v1::Peripheral {
    let bus = match part.bus {
        Bus::Other => v1::Bus::Unspecified,
        Bus::Usb => v1::Bus::Usb,
        Bus::Bluetooth => v1::Bus::Bluetooth,
        Bus::Thunderbolt => v1::Bus::Thunderbolt,
        Bus::Internal => v1::Bus::Internal,
    };
    v1::Peripheral {
        bus: bus.into(),
        id: part.id.map(|id| u32::from(id.vendor) << 16 | u32::from(id.product)),
        name: part.name.clone(),
        serial: part.serial.clone(),
    }
}

fn part_decode(part: v1::Peripheral) -> Result<Peripheral, ConvertError> {
    let bus = match part.bus() {
        v1::Bus::Unspecified => Bus::Other,
        v1::Bus::Usb => Bus::Usb,
        v1::Bus::Bluetooth => Bus::Bluetooth,
        v1::Bus::Thunderbolt => Bus::Thunderbolt,
        v1::Bus::Internal => Bus::Internal,
    };
    let id = |id: u32| -> Result<_, ConvertError> {
        Ok(HardwareId { vendor: narrow(id >> 16, "id")?, product: narrow(id & 0xffff, "id")? })
    };
    Ok(Peripheral {
        bus,
        id: part.id.map(id).transpose()?,
        name: text(part.name, "name")?,
        serial: text(part.serial, "serial")?,
    })
}

fn narrow(number: u32, field: &'static str) -> Result<u16, ConvertError> {
    u16::try_from(number).map_err(|_| ConvertError::invalid(field))
}
