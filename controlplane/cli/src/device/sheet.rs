//! A device in full, for people: what it is, where it stands, what runs on it.

use super::health::health_section;
use super::parts::{hardware_section, peripherals_section};
use super::row::{health_tone, state_tone};
use super::show::DeviceSheet;
use crate::print::{Look, Sheet, Tone};
use model::inventory::{Packages, System};
use model::resource::RELEASE_ITEM;
use words::Value;

/// The sheet of a device; the packages by name only when asked for.
pub(crate) fn sheet(device: &DeviceSheet, packages: bool, look: &Look<'_>) -> Sheet {
    let mut sheet = Sheet::default();
    identity_section(device, &mut sheet, look);
    match &device.health_report {
        Some(health) => health_section(health, &mut sheet, look),
        None => nothing("section-health", &mut sheet, look),
    }
    match &device.hardware {
        Some(hardware) => hardware_section(hardware, &mut sheet, look),
        None => nothing("section-hardware", &mut sheet, look),
    }
    match &device.peripherals {
        Some(peripherals) => peripherals_section(peripherals, &mut sheet, look),
        None => nothing("section-peripherals", &mut sheet, look),
    }
    match &device.system {
        Some(system) => system_section(system, &mut sheet, look),
        None => nothing("section-system", &mut sheet, look),
    }
    match &device.packages {
        Some(list) => packages_section(list, packages, &mut sheet, look),
        None => nothing("section-packages", &mut sheet, look),
    }
    sheet
}

/// A line whose value may be unknown.
pub(crate) fn fact(sheet: &mut Sheet, look: &Look<'_>, key: &str, value: Option<String>) {
    match value {
        Some(value) => sheet.line(look.text(key), value, Tone::Plain),
        None => sheet.line(look.text(key), look.unknown(), Tone::Faint),
    }
}

fn nothing(title: &str, sheet: &mut Sheet, look: &Look<'_>) {
    sheet.section(look.text(title));
    sheet.line(look.text("section-nothing"), String::new(), Tone::Faint);
}

fn identity_section(device: &DeviceSheet, sheet: &mut Sheet, look: &Look<'_>) {
    let row = &device.row;
    sheet.section(match row.product() {
        Some(product) => look.words.text_with("device-title", &[("product", crate::print::clean(&product).into())]),
        None => look.text("device-title-unknown"),
    });
    sheet.line(look.text("device-id"), row.id.clone(), Tone::Plain);
    let state = look.text(&format!("state-{}", row.state));
    let why = row
        .reason
        .as_ref()
        .map(|code| look.words.find(&format!("reason-{code}"), None).unwrap_or_else(|| code.clone()));
    let state = why.map_or_else(|| state.clone(), |why| format!("{state} ({why})"));
    sheet.line(look.text("device-state"), state, state_tone(row.state));
    let status = look.text(&format!("status-{}", row.health));
    sheet.line(look.text("device-health"), status, health_tone(row.health));
    let (contact, tone) = row.contact(look);
    sheet.line(look.text("device-last-seen"), contact, tone);
    sheet.line(look.text("device-enrolled"), look.date(row.enrolled_unix_ms), Tone::Plain);
    if let Some(owner) = &row.owner {
        sheet.line(look.text("device-owner"), owner.clone(), Tone::Plain);
    }
    if let Some(school) = &row.school {
        sheet.line(look.text("device-school"), school.clone(), Tone::Plain);
    }
    if let Some(kit) = &row.kit {
        let slot = row.slot.as_ref().map(|slot| format!(" / {slot}")).unwrap_or_default();
        sheet.line(look.text("device-kit"), format!("{kit}{slot}"), Tone::Plain);
    }
    fact(sheet, look, "device-serial", row.serial.clone());
    fact(sheet, look, "device-agent", row.agent_version.clone());
    fact(
        sheet,
        look,
        "device-certificate",
        (device.certificate_until_unix_ms != 0).then(|| look.date(device.certificate_until_unix_ms)),
    );
    fact(sheet, look, "device-clock", device.clock_ahead_ms.map(|ahead| clock_text(ahead, look)));
    for (at, code) in device.flags.iter().enumerate() {
        let label = if at == 0 { look.text("device-flag") } else { String::new() };
        let text = look.words.find(&format!("flag-{code}"), None).unwrap_or_else(|| code.clone());
        sheet.line(label, text, Tone::Warning);
    }
    if let Some(into) = &device.merged_into {
        sheet.line(look.text("device-merged"), into.clone(), Tone::Warning);
    }
    for (at, old) in device.absorbed.iter().enumerate() {
        let label = if at == 0 { look.text("device-absorbed") } else { String::new() };
        let (seen, _) = old.contact(look);
        let values = [("enrolled", look.date(old.enrolled_unix_ms).into()), ("seen", seen.into())];
        let told = look.words.text_with("device-absorbed-text", &values);
        sheet.line(label, format!("{} ({told})", old.id), Tone::Plain);
    }
    for (at, other) in device.alike.iter().enumerate() {
        let label = if at == 0 { look.text("device-alike") } else { String::new() };
        sheet.line(label, other.clone(), Tone::Warning);
    }
    desired_lines(device, sheet, look);
    if let Some(last) = device.reports.iter().map(|r| r.received_unix_ms).max() {
        sheet.line(look.text("device-reported"), look.date(last), Tone::Plain);
    }
}

/// How far the device's clock is from the server's; less than a second is the road there.
fn clock_text(ahead_ms: i64, look: &Look<'_>) -> String {
    let seconds = ahead_ms.unsigned_abs() / 1000;
    let key = match seconds {
        0 => return look.text("clock-right"),
        _ if ahead_ms > 0 => "clock-ahead",
        _ => "clock-behind",
    };
    look.words.text_with(key, &[("span", look.span(seconds).into())])
}

/// Whether the device holds what it was told.
fn desired_lines(device: &DeviceSheet, sheet: &mut Sheet, look: &Look<'_>) {
    let Some(told) = device.generation else { return };
    let held = device.observed.as_ref().and_then(|o| o.generation);
    let (key, tone) = match held {
        Some(held) if held == told => ("desired-held", Tone::Good),
        Some(_) => ("desired-older", Tone::Warning),
        None => ("desired-unknown", Tone::Faint),
    };
    sheet.line(look.text("device-desired"), format!("{}.{} ({})", told.epoch, told.revision, look.text(key)), tone);
    let conditions = device.observed.iter().flat_map(|o| &o.conditions);
    let conditions = conditions.filter(|c| c.state != "held" || c.item == RELEASE_ITEM);
    for condition in conditions {
        let state = look.text(&format!("condition-{}", condition.state));
        let reason = condition.reason.as_ref().map(|r| format!(" ({})", look.reason(r))).unwrap_or_default();
        // A newer agent may know items that have no words here yet.
        let item = look.words.find(&format!("condition-item-{}", condition.item), None);
        let item = item.unwrap_or_else(|| condition.item.clone());
        let runs = condition.version.as_ref().filter(|_| condition.item == RELEASE_ITEM);
        let runs = runs.map(|version| look.words.text_with("condition-agent-runs", &[("version", version.into())]));
        let reason = reason + &runs.unwrap_or_default();
        let tone = match condition.state {
            "held" => Tone::Good,
            "failed" => Tone::Bad,
            _ => Tone::Warning,
        };
        sheet.line(String::new(), format!("{item}{} {state}{reason}", look.colon()), tone);
    }
}

fn system_section(system: &System, sheet: &mut Sheet, look: &Look<'_>) {
    sheet.section(look.text("section-system"));
    let name = system.os_name.clone().or_else(|| system.os_id.clone());
    let version = system.os_version.as_ref();
    // Some systems already name their version in their name.
    let os = name.map(|name| match version {
        Some(version) if !name.contains(version.as_str()) => format!("{name} {version}"),
        _ => name,
    });
    fact(sheet, look, "system-os", os);
    if let Some(build) = &system.os_build {
        sheet.line(look.text("system-build"), build.clone(), Tone::Plain);
    }
    fact(sheet, look, "system-kernel", system.kernel.clone());
    fact(sheet, look, "system-architecture", system.architecture.clone());
    fact(sheet, look, "system-zone", system.time_zone.clone());
    match system.reboot_pending {
        Some(true) => sheet.line(look.text("system-reboot"), look.yes(true), Tone::Warning),
        other => fact(sheet, look, "system-reboot", other.map(|pending| look.yes(pending))),
    }
}

fn packages_section(packages: &Packages, list: bool, sheet: &mut Sheet, look: &Look<'_>) {
    sheet.section(look.text("section-packages"));
    let count = packages.installed.as_ref().map(|installed| {
        let count = look.count("packages-count", installed.len());
        match packages.manager {
            Some(manager) => format!("{count} ({})", format!("{manager:?}").to_lowercase()),
            None => count,
        }
    });
    fact(sheet, look, "packages-installed", count);
    if packages.left_out > 0 {
        let n = [("n", Value::count(packages.left_out.into()))];
        sheet.line(String::new(), look.words.text_with("packages-left-out", &n), Tone::Warning);
    }
    for package in packages.installed.iter().flatten().filter(|_| list) {
        sheet.line(String::new(), format!("{} {}", package.name, package.version), Tone::Plain);
    }
}
