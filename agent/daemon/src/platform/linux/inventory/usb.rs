//! Cameras, sound, input devices, hubs and docks on USB. A pupil's telephone or stick is nobody's business.
//!
//! Class codes decide (USB-IF defined class codes). Only they are read of everything that is plugged in; name and serial are
//! read of nothing but what is listed.

use super::root::Root;
use model::inventory::{Bus, HardwareId, Peripheral, Peripherals};

const USB: &str = "sys/bus/usb/devices";
const THUNDERBOLT: &str = "sys/bus/thunderbolt/devices";
/// The most devices looked at; the bus itself ends at 127 a controller.
const DEVICES_MAX: usize = 1024;

const AUDIO: u8 = 0x01;
const COMMUNICATIONS: u8 = 0x02;
const HID: u8 = 0x03;
const STILL_IMAGE: u8 = 0x06;
const STORAGE: u8 = 0x08;
const HUB: u8 = 0x09;
const SMART_CARD: u8 = 0x0b;
const VIDEO: u8 = 0x0e;
const BILLBOARD: u8 = 0x11;
const WIRELESS: u8 = 0xe0;
/// Vendor-specific, subclass 0x42: Android's debug bridge and its kin.
const ANDROID: (u8, u8) = (0xff, 0x42);

/// The kernel's own root hubs.
const LINUX_FOUNDATION: u16 = 0x1d6b;
/// Graphics over USB: what makes a hub a dock, and some docks whole.
const DISPLAYLINK: u16 = 0x17e9;
/// Security keys that type are their owner's, not the kit's.
const YUBICO: u16 = 0x1050;
const APPLE: u16 = 0x05ac;
/// Apple's telephones, tablets and players (usb.ids).
const APPLE_HANDHELDS: std::ops::RangeInclusive<u16> = 0x1290..=0x12af;

struct Device {
    /// The place on the bus: `1-2.4` is port 4 of the hub on port 2 of bus 1.
    place: String,
    id: HardwareId,
    classes: Vec<(u8, u8)>,
    records: bool,
    plays: bool,
    types: bool,
}

pub(super) fn read(root: &Root) -> Peripherals {
    let names = root.names(USB);
    let places = names.iter().filter(|name| !name.contains(':') && name.contains('-')).take(DEVICES_MAX);
    let devices: Vec<Device> = places.filter_map(|place| device(root, &names, place)).collect();
    let tops = dock_tops(root, &devices);
    let in_dock = |device: &Device| {
        tops.iter().any(|(top, _)| {
            is_below(&device.place, top) || peer(root, top).is_some_and(|other| is_below(&device.place, &other))
        })
    };
    let mut all = Peripherals::default();
    for device in &devices {
        if device.is_kit() {
            let part = || part(root, device);
            if device.has(VIDEO) {
                all.cameras.push(part());
            }
            if device.records {
                all.microphones.push(part());
            }
            if device.plays {
                all.speakers.push(part());
            }
            // The buttons of a camera or a headset are part of it.
            if device.types && !device.has(VIDEO) && !device.has(AUDIO) {
                all.inputs.push(part());
            }
        }
        let fixed =
            || root.text(&format!("{USB}/{}/removable", device.place)).is_some_and(|text| text.trim() == "fixed");
        if device.has(HUB) && !in_dock(device) && !fixed() {
            all.hubs.push(part(root, device));
        }
    }
    all.docks = tops.into_iter().map(|(_, face)| part(root, face)).collect();
    // A dock is there twice, once on each speed's half of the bus.
    all.docks.sort();
    all.docks.dedup_by(|one, other| one.name.is_some() && one.name == other.name);
    all
}

/// Docks on Thunderbolt or USB4; its disks and telephones are not looked at further.
pub(super) fn thunderbolt_docks(root: &Root) -> Vec<Peripheral> {
    let dock = |name: String| {
        let folder = format!("{THUNDERBOLT}/{name}");
        let product = root.evidence(&format!("{folder}/device_name"))?;
        let lower = product.to_lowercase();
        let is_dock = ["dock", "hub", "station"].iter().any(|word| lower.contains(word));
        // `0-0` is the machine's own controller.
        if !is_dock || name.ends_with("-0") {
            return None;
        }
        let vendor = root.hex(&format!("{folder}/vendor"));
        let id = vendor.zip(root.hex(&format!("{folder}/device")));
        Some(Peripheral {
            bus: Bus::Thunderbolt,
            id: id.map(|(vendor, product)| HardwareId { vendor, product }),
            name: Some(product),
            serial: None,
        })
    };
    root.names(THUNDERBOLT).into_iter().filter_map(dock).collect()
}

impl Device {
    fn has(&self, class: u8) -> bool {
        self.classes.iter().any(|(c, _)| *c == class)
    }

    /// Whether it may be part of a kit: not a telephone, player, stick, modem or key, whatever else it also is.
    fn is_kit(&self) -> bool {
        let handheld = self.id.vendor == APPLE && APPLE_HANDHELDS.contains(&self.id.product);
        let telephone =
            self.has(STILL_IMAGE) || self.has(WIRELESS) || self.has(COMMUNICATIONS) || self.classes.contains(&ANDROID);
        // A visualiser has room for pictures, and is a camera all the same.
        let stick = self.has(STORAGE) && !self.has(VIDEO);
        let key = self.id.vendor == YUBICO || (self.has(SMART_CARD) && !self.has(VIDEO) && !self.has(AUDIO));
        !handheld && !telephone && !stick && !key
    }
}

fn device(root: &Root, names: &[String], place: &str) -> Option<Device> {
    let file = |rest: &str| format!("{USB}/{place}/{rest}");
    let id = HardwareId { vendor: root.hex(&file("idVendor"))?, product: root.hex(&file("idProduct"))? };
    if id.vendor == LINUX_FOUNDATION {
        return None;
    }
    let byte = |path: String| root.hex(&path).and_then(|value| u8::try_from(value).ok());
    let mut device =
        Device { place: place.to_owned(), id, classes: Vec::new(), records: false, plays: false, types: false };
    // Zero: the interfaces say.
    device
        .classes
        .extend(byte(file("bDeviceClass")).filter(|class| *class != 0 && *class != 0xef).map(|class| (class, 0)));
    let prefix = format!("{place}:");
    for interface in names.iter().filter(|name| name.starts_with(&prefix)).take(64) {
        let file = |rest: &str| format!("{USB}/{interface}/{rest}");
        let Some(class) = byte(file("bInterfaceClass")) else { continue };
        device.classes.push((class, byte(file("bInterfaceSubClass")).unwrap_or(0)));
        match class {
            AUDIO => {
                let (records, plays) = directions(root, &file("sound"));
                device.records |= records;
                device.plays |= plays;
            }
            HID => device.types |= has_input(root, &format!("{USB}/{interface}")),
            _ => (),
        }
    }
    Some(device)
}

/// Whether the kernel made a recording and a playing stream of it: `pcmC1D0c`, `pcmC1D0p`.
fn directions(root: &Root, folder: &str) -> (bool, bool) {
    let streams: Vec<String> = root
        .names(folder)
        .into_iter()
        .filter(|card| card.starts_with("card"))
        .flat_map(|card| root.names(&format!("{folder}/{card}")))
        .filter(|name| name.starts_with("pcmC"))
        .collect();
    (streams.iter().any(|name| name.ends_with('c')), streams.iter().any(|name| name.ends_with('p')))
}

/// Whether the kernel made an input device of it; a security key or a power supply also speaks HID.
fn has_input(root: &Root, interface: &str) -> bool {
    let children = root.names(interface);
    let is_hid = |name: &&String| name.split(':').count() == 3 && name.contains('.');
    children
        .iter()
        .filter(is_hid)
        .any(|hid| root.names(&format!("{interface}/{hid}/input")).iter().any(|n| n.starts_with("input")))
}

fn part(root: &Root, device: &Device) -> Peripheral {
    let file = |rest: &str| format!("{USB}/{}/{rest}", device.place);
    Peripheral {
        bus: Bus::Usb,
        id: Some(device.id),
        name: root.evidence(&file("product")),
        serial: root.evidence(&file("serial")).filter(|serial| !is_address(serial)),
    }
}

/// Whether a serial has the form of a network address, which some docks and headsets use as theirs.
fn is_address(serial: &str) -> bool {
    let digits: String = serial.chars().filter(|c| !matches!(c, ':' | '-' | '.')).collect();
    digits.len() == 12 && digits.bytes().all(|b| b.is_ascii_hexdigit())
}

/// Each dock as its topmost hub's place and the device that bears its name.
///
/// No class code says *dock*. One is a hub on a port of the machine below which something announces alternate modes
/// (billboard), draws pictures (DisplayLink), or calls itself a dock; or a DisplayLink device alone.
fn dock_tops<'a>(root: &Root, devices: &'a [Device]) -> Vec<(&'a str, &'a Device)> {
    let mut docks = Vec::new();
    for top in devices.iter().filter(|device| !device.place.contains('.')) {
        let family: Vec<&Device> = devices.iter().filter(|device| is_below(&device.place, &top.place)).collect();
        // Names are read of hubs, billboards and DisplayLink only: the rest of what hangs there may be a pupil's.
        let speaks = |device: &&&Device| device.has(HUB) || device.has(BILLBOARD) || device.id.vendor == DISPLAYLINK;
        let named = family.iter().filter(speaks).find(|device| {
            root.evidence(&format!("{USB}/{}/product", device.place))
                .is_some_and(|name| name.to_lowercase().contains("dock"))
        });
        let sign = family.iter().find(|device| device.has(BILLBOARD) || device.id.vendor == DISPLAYLINK);
        if (top.has(HUB) || top.id.vendor == DISPLAYLINK)
            && let Some(face) = named.or(sign)
        {
            docks.push((top.place.as_str(), *face));
        }
    }
    docks
}

/// The same socket on the bus of the other speed, where a dock or hub shows itself a second time
/// (Documentation/ABI/testing/sysfs-bus-usb, `peer`): `…/usb2-port1` is `2-1`.
fn peer(root: &Root, place: &str) -> Option<String> {
    let to = root.link(&format!("{USB}/{place}/port/peer"))?;
    let (bus, port) = to.rsplit('/').next()?.strip_prefix("usb")?.split_once("-port")?;
    Some(format!("{bus}-{port}"))
}

fn is_below(place: &str, top: &str) -> bool {
    place.strip_prefix(top).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn network_addresses_are_no_serials() {
        for address in ["00:1A:2b:3c:4d:5e", "001A2B3C4D5E", "00-1a-2b-3c-4d-5e", "001a.2b3c.4d5e"] {
            assert!(is_address(address), "{address}");
        }
        for serial in ["A1B2C3D4", "2107LZX0CAM9", "001A2B3C4D5E6F"] {
            assert!(!is_address(serial), "{serial}");
        }
    }
}
