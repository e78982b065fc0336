//! What fetching has to spare: the battery's charge (Documentation/ABI/testing/sysfs-class-power), and a link whose bytes are paid for,
//! as NetworkManager knows or guesses it.

use super::battery;
use super::bus::{BUS, Bus, Call, Message, Seen};
use super::root::Root;
use agent_core::fetching::Power;

/// What NetworkManager says of a link that is metered, or that it guesses to be (`NMMetered`).
const METERED: [u32; 2] = [1, 3];

/// What the machine runs on: a battery only where one says that it gives its charge away.
pub(in super::super) fn power(root: &Root) -> Power {
    let charge = |name: String| {
        let folder = format!("{}/{name}", battery::POWER);
        let gives = root.text(&format!("{folder}/status")).is_some_and(|status| status.trim() == "Discharging");
        root.number::<u8>(&format!("{folder}/capacity")).filter(|percent| gives && *percent <= 100)
    };
    // Of two batteries one is used up after the other.
    battery::names(root).into_iter().filter_map(charge).max().map_or(Power::Mains, Power::Battery)
}

/// Whether each byte of the link is paid for; not where nobody can tell.
pub(in super::super) fn metered(root: &Root) -> bool {
    root.socket(BUS)
        .and_then(|socket| Bus::joined(socket).ok())
        .and_then(|mut bus| metered_said(&mut bus))
        .unwrap_or(false)
}

fn metered_said(bus: &mut Bus) -> Option<bool> {
    let mut body = Message::default();
    body.text("org.freedesktop.NetworkManager");
    body.text("Metered");
    let get = Call {
        to: "org.freedesktop.NetworkManager",
        path: "/org/freedesktop/NetworkManager",
        interface: "org.freedesktop.DBus.Properties",
        method: "Get",
    };
    let answer = bus.answer(&get, "ss", &body.0).ok()?;
    let mut seen = Seen { bytes: &answer, at: 0 };
    if seen.signature()? == "u" { seen.number().map(|said| METERED.contains(&said)) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::linux::inventory::udisks::tests::{bus, reply};

    #[test]
    fn only_a_battery_that_gives_its_charge_away_is_spared() {
        let folder = tempfile::tempdir().unwrap();
        let put = |name: &str, files: &[(&str, &str)]| {
            let at = folder.path().join(battery::POWER).join(name);
            std::fs::create_dir_all(&at).unwrap();
            files.iter().for_each(|(file, text)| std::fs::write(at.join(file), format!("{text}\n")).unwrap());
        };
        let root = Root::new(folder.path());
        assert_eq!(power(&root), Power::Mains);
        put("AC", &[("type", "Mains"), ("online", "0")]);
        put("mouse", &[("type", "Battery"), ("scope", "Device"), ("status", "Discharging"), ("capacity", "3")]);
        put("BAT0", &[("type", "Battery"), ("status", "Charging"), ("capacity", "7")]);
        assert_eq!(power(&root), Power::Mains);
        put("BAT0", &[("status", "Discharging")]);
        assert_eq!(power(&root), Power::Battery(7));
        put("BAT1", &[("type", "Battery"), ("status", "Discharging"), ("capacity", "60")]);
        assert_eq!(power(&root), Power::Battery(60));
        put("BAT1", &[("capacity", "251")]);
        assert_eq!(power(&root), Power::Battery(7));
    }

    #[test]
    fn networkmanager_is_asked_and_whoever_says_nothing_of_use_is_free() {
        let said = |value: u32| {
            let mut body = Message::default();
            body.signature("u");
            body.align(4);
            body.0.extend(value.to_le_bytes());
            body.0
        };
        for (answer, expected) in [
            (reply(2, 2, &said(1)), true),
            (reply(2, 2, &said(3)), true),
            (reply(2, 2, &said(0)), false),
            (reply(2, 2, &said(4)), false),
            (reply(3, 2, &[]), false),
            (reply(2, 2, &[1, b's', 0, 0]), false),
            (vec![0xff; 40], false),
        ] {
            let (_folder, root, serve) = bus(vec![reply(2, 1, &[]), answer]);
            assert_eq!(metered(&root), expected);
            serve.join().unwrap();
        }
        assert!(!metered(&Root::new("/nowhere")));
    }
}
