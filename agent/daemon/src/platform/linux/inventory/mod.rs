//! What the machine says of itself, read from the system's own files.
//!
//! Each reader takes a [`Root`], so that tests feed it trees of other machines. Nothing here runs a program, opens a device,
//! or looks at people or processes; two services of the machine are asked one thing each (`udisks`, `supply`); what a file does not tell is unknown.

mod battery;
mod bus;
mod camera;
mod disk;
mod display;
mod dmi;
mod edid;
mod input;
mod mount;
mod packages;
mod processor;
mod root;
mod sound;
mod supply;
mod system;
mod udisks;
mod usb;

pub(super) use battery::gauges;
pub(super) use disk::disk_lives;
pub(super) use mount::mounts;
pub(super) use processor::meminfo;
pub(super) use root::Root;
pub(super) use supply::{metered, power};

use crate::platform::Collected;
use model::device::Claims;
use model::inventory::{Hardware, Peripherals};

/// Reads the whole inventory; costs some milliseconds of processor time and blocks on the disk.
pub(super) fn collect(root: &Root) -> Collected {
    Collected {
        hardware: hardware(root),
        peripherals: peripherals(root),
        system: system::read(root),
        packages: packages::read(root),
    }
}

/// What the machine claims to be, for enrolment.
pub(super) fn claims(root: &Root) -> Claims {
    dmi::read(root).claims
}

fn hardware(root: &Root) -> Hardware {
    let dmi = dmi::read(root);
    Hardware {
        maker: dmi.claims.maker,
        model: dmi.claims.model,
        serial: dmi.claims.serial,
        system_uuid: dmi.claims.system_uuid,
        chassis: dmi.chassis,
        firmware: dmi.firmware,
        processors: processor::read(root),
        memory_bytes: processor::memory_bytes(root),
        disks: disk::read(root),
        batteries: battery::read(root),
    }
    .canonical()
}

fn peripherals(root: &Root) -> Peripherals {
    let mut all = usb::read(root);
    all.displays = display::read(root);
    all.cameras.extend(camera::read(root));
    let (microphones, speakers) = sound::read(root);
    all.microphones.extend(microphones);
    all.speakers.extend(speakers);
    all.docks.extend(usb::thunderbolt_docks(root));
    all.inputs.extend(input::read(root));
    all.canonical()
}

#[cfg(test)]
mod tests;
