//! Built-in and Bluetooth input devices. Those on USB are in `usb`.

use super::root::Root;
use crate::platform::evidence::evidence;
use model::inventory::{Bus, HardwareId, Peripheral};
use std::collections::BTreeMap;

const INPUTS_BYTES_MAX: u64 = 256 * 1024;
/// `include/uapi/linux/input.h`.
const BLUETOOTH: u16 = 0x05;
/// PS/2, I²C, SPI and RMI.
const INTERNAL: [u16; 4] = [0x11, 0x18, 0x1c, 0x1d];

/// One entry a device, however many functions it has.
///
/// A Bluetooth device's name and address are not read: people name their things after themselves, and the address is a
/// network address.
pub(super) fn read(root: &Root) -> Vec<Peripheral> {
    let Some(text) = root.text_of("proc/bus/input/devices", INPUTS_BYTES_MAX) else { return Vec::new() };
    let mut found: BTreeMap<(Bus, HardwareId), Option<String>> = BTreeMap::new();
    for block in text.split("\n\n") {
        let Some((bus, id)) = block.lines().find_map(|line| identity(line.strip_prefix("I: ")?)) else { continue };
        let name = (bus != Bus::Bluetooth)
            .then(|| block.lines().find_map(|line| line.strip_prefix("N: Name=")))
            .flatten()
            .and_then(|name| evidence(name.trim_matches('"')));
        // The shortest name is the device's; the others add their function to it.
        let kept = found.entry((bus, id)).or_default();
        if kept.as_ref().is_none_or(|old| name.as_ref().is_some_and(|new| (new.len(), new) < (old.len(), old))) {
            *kept = name;
        }
    }
    found.into_iter().map(|((bus, id), name)| Peripheral { bus, id: Some(id), name, serial: None }).collect()
}

/// `Bus=0011 Vendor=0001 Product=0001 Version=ab41`.
fn identity(line: &str) -> Option<(Bus, HardwareId)> {
    let number = |key: &str| {
        line.split(' ').find_map(|word| u16::from_str_radix(word.strip_prefix(key)?.strip_prefix('=')?, 16).ok())
    };
    let bus = match number("Bus")? {
        BLUETOOTH => Bus::Bluetooth,
        bus if INTERNAL.contains(&bus) => Bus::Internal,
        _ => return None,
    };
    Some((bus, HardwareId { vendor: number("Vendor")?, product: number("Product")? }))
}
