//! The machine and what is plugged into it, for people.

use super::sheet::fact;
use crate::print::{Look, Sheet, Tone};
use model::inventory::{Battery, Bus, Chassis, Disk, Display, Hardware, Peripheral, Peripherals, Processor};
use words::Value;

/// What the machine is made of.
pub(crate) fn hardware_section(hardware: &Hardware, sheet: &mut Sheet, look: &Look<'_>) {
    sheet.section(look.text("section-hardware"));
    fact(sheet, look, "hardware-maker", hardware.maker.clone());
    fact(sheet, look, "hardware-model", hardware.model.clone());
    fact(sheet, look, "hardware-serial", hardware.serial.clone());
    fact(sheet, look, "hardware-uuid", hardware.system_uuid.clone());
    fact(sheet, look, "hardware-chassis", hardware.chassis.map(|c| look.text(chassis_key(c))));
    fact(sheet, look, "hardware-firmware", firmware_text(hardware, look));
    several(sheet, look, "hardware-processor", hardware.processors.iter().map(|p| processor_text(p, look)));
    fact(sheet, look, "hardware-memory", hardware.memory_bytes.map(|bytes| look.bytes(bytes)));
    several(sheet, look, "hardware-disk", hardware.disks.iter().map(|d| disk_text(d, look)));
    if hardware.batteries.is_empty() {
        sheet.line(look.text("hardware-battery"), look.text("none-seen"), Tone::Faint);
    }
    several_known(sheet, look, "hardware-battery", hardware.batteries.iter().map(|b| battery_text(b, look)));
}

/// What is plugged in.
pub(crate) fn peripherals_section(peripherals: &Peripherals, sheet: &mut Sheet, look: &Look<'_>) {
    sheet.section(look.text("section-peripherals"));
    let mut lines: Vec<(&str, Vec<String>)> =
        vec![("peripheral-display", peripherals.displays.iter().map(|d| display_text(d, look)).collect())];
    for (key, list) in [
        ("peripheral-camera", &peripherals.cameras),
        ("peripheral-microphone", &peripherals.microphones),
        ("peripheral-speaker", &peripherals.speakers),
        ("peripheral-dock", &peripherals.docks),
        ("peripheral-hub", &peripherals.hubs),
        ("peripheral-input", &peripherals.inputs),
    ] {
        lines.push((key, list.iter().map(|p| peripheral_text(p, look)).collect()));
    }
    for (key, texts) in lines {
        if texts.is_empty() {
            sheet.line(look.text(key), look.text("none-seen"), Tone::Faint);
        }
        several_known(sheet, look, key, texts.into_iter());
    }
}

/// Version and date.
pub(super) fn firmware_text(hardware: &Hardware, look: &Look<'_>) -> Option<String> {
    match (&hardware.firmware.version, &hardware.firmware.date) {
        (Some(version), Some(date)) => Some(format!("{version} ({})", look.day(date))),
        (version, date) => version.clone().or_else(|| date.as_deref().map(|d| look.day(d))),
    }
}

/// One line each, the label once; the unknown when there is none.
fn several(sheet: &mut Sheet, look: &Look<'_>, key: &str, texts: impl ExactSizeIterator<Item = String>) {
    if texts.len() == 0 {
        fact(sheet, look, key, None);
    }
    several_known(sheet, look, key, texts);
}

fn several_known(sheet: &mut Sheet, look: &Look<'_>, key: &str, texts: impl Iterator<Item = String>) {
    for (at, text) in texts.enumerate() {
        sheet.line(if at == 0 { look.text(key) } else { String::new() }, text, Tone::Plain);
    }
}

pub(super) fn processor_text(processor: &Processor, look: &Look<'_>) -> String {
    let name = processor.name.clone().unwrap_or_else(|| look.text("model-unknown"));
    let counts = [("processor-cores", processor.cores), ("processor-threads", processor.threads)];
    let said: Vec<String> = counts
        .iter()
        .filter_map(|(key, n)| Some(look.words.text_with(key, &[("n", Value::count((*n)?.into()))])))
        .collect();
    if said.is_empty() { name } else { format!("{name} ({})", said.join(", ")) }
}

pub(super) fn disk_text(disk: &Disk, look: &Look<'_>) -> String {
    let size = disk.size_bytes.map_or_else(|| look.text("disk-size-unknown"), |bytes| look.bytes(bytes));
    let kind = disk.rotational.map(|turns| look.text(if turns { "disk-rotational" } else { "disk-solid" }));
    let encrypted = look.text(match disk.encrypted {
        Some(true) => "disk-encrypted",
        Some(false) => "disk-plain",
        None => "disk-encryption-unknown",
    });
    [Some(size), disk.model.clone(), kind, Some(encrypted)].into_iter().flatten().collect::<Vec<_>>().join(", ")
}

pub(super) fn battery_text(battery: &Battery, look: &Look<'_>) -> String {
    let name: Vec<String> =
        [&battery.maker, &battery.model, &battery.technology].into_iter().flatten().cloned().collect();
    let name = if name.is_empty() { None } else { Some(name.join(" ")) };
    let wear = match (battery.design_full_mwh, battery.full_mwh) {
        (Some(design), Some(full)) if design > 0 => {
            let left = f64::from(full) / f64::from(design);
            let percent = ((1.0 - left) * 100.0).round().max(0.0);
            let values = [
                ("percent", Value::from(look.decimal(percent, 0))),
                ("full", look.decimal(f64::from(full) / 1000.0, 1).into()),
                ("design", look.decimal(f64::from(design) / 1000.0, 1).into()),
            ];
            look.words.text_with("battery-wear", &values)
        }
        _ => look.text("battery-wear-unknown"),
    };
    let cycles = battery.cycles.map(|n| look.words.text_with("battery-cycles", &[("n", Value::count(n.into()))]));
    [name, Some(wear), cycles].into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn display_text(display: &Display, look: &Look<'_>) -> String {
    let name = match (&display.maker, &display.name, display.product) {
        (Some(maker), Some(name), _) => format!("{maker} {name}"),
        (Some(maker), None, Some(product)) => format!("{maker} {product:04x}"),
        (maker, name, _) => name.clone().or_else(|| maker.clone()).unwrap_or_else(|| look.text("model-unknown")),
    };
    let size = match (display.width_mm, display.height_mm) {
        (Some(width), Some(height)) => {
            let inches = f64::from(width).hypot(f64::from(height)) / 25.4;
            Some(look.words.text_with("display-size", &[("inches", look.decimal(inches, 1).into())]))
        }
        _ => None,
    };
    let built_in = display.built_in.then(|| look.text("display-built-in"));
    let serial =
        display.serial.as_ref().map(|serial| look.words.text_with("serial", &[("serial", serial.as_str().into())]));
    let year = display.year.map(|year| year.to_string());
    [Some(name), size, built_in, year, serial].into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn peripheral_text(peripheral: &Peripheral, look: &Look<'_>) -> String {
    let bus = look.text(match peripheral.bus {
        Bus::Other => "bus-other",
        Bus::Usb => "bus-usb",
        Bus::Bluetooth => "bus-bluetooth",
        Bus::Thunderbolt => "bus-thunderbolt",
        Bus::Internal => "bus-internal",
    });
    let id = peripheral.id.map(|id| id.to_string());
    let name = peripheral.name.clone().or_else(|| id.clone()).unwrap_or_else(|| look.text("model-unknown"));
    let id = id.filter(|id| *id != name);
    let serial = peripheral.serial.as_ref().map(|s| look.words.text_with("serial", &[("serial", s.as_str().into())]));
    [Some(name), Some(bus), id, serial].into_iter().flatten().collect::<Vec<_>>().join(", ")
}

pub(super) const fn chassis_key(chassis: Chassis) -> &'static str {
    match chassis {
        Chassis::Desktop => "chassis-desktop",
        Chassis::Mini => "chassis-mini",
        Chassis::AllInOne => "chassis-all-in-one",
        Chassis::Laptop => "chassis-laptop",
        Chassis::Convertible => "chassis-convertible",
        Chassis::Tablet => "chassis-tablet",
        Chassis::Server => "chassis-server",
        Chassis::Other => "chassis-other",
    }
}
