use super::*;
use crate::v1;
use model::health::{Check, CheckKind, Reason, Status, Volume, VolumeKind};
use model::inventory::{
    Battery, Bus, Chassis, Disk, Display, Firmware, HardwareId, PACKAGES_MAX, PARTS_MAX, Package, PackageManager,
    Peripheral, Processor,
};
use prop::collection::vec;
use prop::option::of;
use prop::sample::select;
use proptest::prelude::*;
use prost::Message as _;

fn some_text() -> impl Strategy<Value = Option<String>> {
    of("\\PC{0,20}".prop_map(|text| text.chars().filter(|c| is_shown(*c)).collect()))
}

fn a_hardware() -> impl Strategy<Value = Section> {
    use Chassis::{AllInOne, Convertible, Desktop, Laptop, Mini, Other, Server, Tablet};
    let processor = (some_text(), any::<[Option<u32>; 2]>()).prop_map(|(name, [cores, threads])| Processor {
        name,
        cores,
        threads,
    });
    let disk = (some_text(), any::<Option<u64>>(), any::<[Option<bool>; 2]>())
        .prop_map(|(model, size_bytes, [rotational, encrypted])| Disk { model, size_bytes, rotational, encrypted });
    let battery = ([some_text(), some_text(), some_text()], any::<[Option<u32>; 3]>()).prop_map(
        |([maker, model, technology], [design_full_mwh, full_mwh, cycles])| Battery {
            maker,
            model,
            technology,
            design_full_mwh,
            full_mwh,
            cycles,
        },
    );
    let texts = [some_text(), some_text(), some_text(), some_text(), some_text(), some_text()];
    let chassis = of(select(vec![Desktop, Mini, AllInOne, Laptop, Convertible, Tablet, Server, Other]));
    let parts = (vec(processor, 0..3), vec(disk, 0..3), vec(battery, 0..3));
    (texts, chassis, any::<Option<u64>>(), parts).prop_map(|(texts, chassis, memory_bytes, parts)| {
        let [maker, model, serial, system_uuid, version, date] = texts;
        let (processors, disks, batteries) = parts;
        let firmware = Firmware { version, date };
        Section::Hardware(
            Hardware {
                maker,
                model,
                serial,
                system_uuid,
                chassis,
                firmware,
                processors,
                memory_bytes,
                disks,
                batteries,
            }
            .canonical(),
        )
    })
}

fn a_peripherals() -> impl Strategy<Value = Section> {
    let bus = select(vec![Bus::Other, Bus::Usb, Bus::Bluetooth, Bus::Thunderbolt, Bus::Internal]);
    let id = any::<Option<(u16, u16)>>().prop_map(|id| id.map(|(vendor, product)| HardwareId { vendor, product }));
    let part =
        (bus, id, some_text(), some_text()).prop_map(|(bus, id, name, serial)| Peripheral { bus, id, name, serial });
    let display = ([some_text(), some_text(), some_text()], any::<[Option<u16>; 4]>(), any::<bool>()).prop_map(
        |([maker, serial, name], [product, year, width_mm, height_mm], built_in)| Display {
            maker,
            product,
            serial,
            name,
            year,
            width_mm,
            height_mm,
            built_in,
        },
    );
    (vec(display, 0..3), vec(vec(part, 0..4), 6)).prop_map(|(displays, lists)| {
        let mut lists = lists.into_iter();
        let mut next = || lists.next().unwrap();
        Section::Peripherals(
            Peripherals {
                displays,
                cameras: next(),
                microphones: next(),
                speakers: next(),
                docks: next(),
                hubs: next(),
                inputs: next(),
            }
            .canonical(),
        )
    })
}

fn a_system() -> impl Strategy<Value = Section> {
    (vec(some_text(), 8), any::<Option<bool>>()).prop_map(|(texts, reboot_pending)| {
        let mut texts = texts.into_iter();
        let mut next = || texts.next().unwrap();
        Section::System(System {
            os_id: next(),
            os_name: next(),
            os_version: next(),
            os_build: next(),
            kernel: next(),
            architecture: next(),
            time_zone: next(),
            reboot_pending,
            agent_version: next(),
        })
    })
}

fn a_packages() -> impl Strategy<Value = Section> {
    use PackageManager::{Apk, Dpkg, Pacman, Rpm, Windows};
    let package = ("[a-z][a-z0-9.+-]{0,30}", "[0-9][!-~]{0,30}").prop_map(|(name, version)| Package { name, version });
    (of(select(vec![Dpkg, Rpm, Apk, Pacman, Windows])), of(vec(package, 0..20)), any::<u32>()).prop_map(
        |(manager, installed, left_out)| Section::Packages(Packages { manager, installed, left_out }.canonical()),
    )
}

fn a_health() -> impl Strategy<Value = Section> {
    use Reason::{AtOrAbove, Below, NotFitted, NotReported, Other, ReserveUsed, TooEarly, WithinLimits};
    let reason = select(vec![Other, WithinLimits, AtOrAbove, Below, NotReported, NotFitted, TooEarly, ReserveUsed]);
    let status = select(vec![Status::Unknown, Status::Ok, Status::Warning, Status::Critical]);
    let check = (select(CheckKind::ALL.to_vec()), status, reason, any::<[Option<i64>; 2]>()).prop_map(
        |(kind, status, reason, [value, threshold])| Check {
            kind,
            status,
            reason,
            value,
            unit: kind.unit(),
            threshold,
        },
    );
    let volume = (select(vec![VolumeKind::System, VolumeKind::Home]), any::<[u64; 2]>())
        .prop_map(|(kind, [size_gib, free_gib])| Volume { kind, size_gib, free_gib });
    (vec(check, 0..12), vec(volume, 0..3)).prop_map(|(checks, volumes)| Section::Health(Health { checks, volumes }))
}

proptest! {
    #[test]
    fn a_section_reads_back(
        section in prop_oneof![a_hardware(), a_peripherals(), a_system(), a_packages(), a_health()],
    ) {
        let bytes = section_encode(&section);
        prop_assert_eq!(section_decode(section.kind(), &bytes).unwrap(), section);
    }

    #[test]
    fn any_bytes_are_answered(bytes in any::<Vec<u8>>()) {
        for kind in SectionKind::ALL {
            if let Ok(section) = section_decode(kind, &bytes) {
                // What was accepted can be said again.
                let again = section_decode(kind, &section_encode(&section));
                prop_assert_eq!(again.unwrap(), section);
            }
        }
    }

    #[test]
    fn a_damaged_section_is_answered(
        section in prop_oneof![a_hardware(), a_peripherals(), a_system(), a_packages(), a_health()],
        at in any::<prop::sample::Index>(),
        to in any::<u8>(),
    ) {
        let mut bytes = section_encode(&section);
        prop_assume!(!bytes.is_empty());
        let at = at.index(bytes.len());
        bytes[at] = to;
        let _ = section_decode(section.kind(), &bytes);
    }
}

fn refused(kind: SectionKind, message: &impl prost::Message) -> &'static str {
    match section_decode(kind, &message.encode_to_vec()) {
        Err(ConvertError::Invalid { field }) => field,
        other => panic!("not refused: {other:?}"),
    }
}

#[test]
fn limits_refuse() {
    let hardware = |h: v1::Hardware| refused(SectionKind::Hardware, &h);
    assert_eq!(hardware(v1::Hardware { serial: Some("é".repeat(97)), ..Default::default() }), "serial");
    assert_eq!(hardware(v1::Hardware { model: Some("a\u{1b}[31m".into()), ..Default::default() }), "model");
    assert_eq!(hardware(v1::Hardware { model: Some("a\u{202e}b".into()), ..Default::default() }), "model");
    let disks = vec![v1::Disk::default(); PARTS_MAX + 1];
    assert_eq!(hardware(v1::Hardware { disks, ..Default::default() }), "disks");
    let displays = vec![v1::Display { year: Some(70_000), ..Default::default() }];
    let wide = v1::Peripherals { displays, ..Default::default() };
    assert_eq!(refused(SectionKind::Peripherals, &wide), "displays.year");
    let packages = |names: Vec<String>, versions: Vec<String>| {
        let installed = Some(v1::PackageList { names, versions });
        refused(SectionKind::Packages, &v1::Packages { installed, ..Default::default() })
    };
    assert_eq!(packages(vec!["a".into()], vec![]), "versions");
    assert_eq!(packages(vec!["a b".into()], vec!["1".into()]), "names");
    assert_eq!(packages(vec!["a".into(); PACKAGES_MAX + 1], vec!["1".into(); PACKAGES_MAX + 1]), "names");
    assert_eq!(packages(vec!["a".into(); 300_000], vec!["1".into(); 300_000]), "section");
    let checks = vec![v1::Check::default(); 65];
    assert_eq!(refused(SectionKind::Health, &v1::Health { checks, ..Default::default() }), "checks");
}

#[test]
fn the_largest_list_fits_into_a_section() {
    let package = |n: usize| Package { name: format!("{n:016}"), version: format!("{n:016}") };
    let installed = Some((0..PACKAGES_MAX + 1).map(package).collect());
    let packages = Packages { manager: Some(PackageManager::Dpkg), installed, left_out: 0 }.canonical();
    assert_eq!((packages.left_out, packages.installed.as_ref().map(Vec::len)), (1, Some(PACKAGES_MAX)));
    assert!(packages_encode(&packages).len() < SECTION_BYTES_MAX);
}

#[test]
fn a_newer_agents_numbers_become_unknown() {
    let check = |kind, status, reason| v1::Check { kind, status, reason, value: Some(1), threshold: None };
    let wire = v1::Health { checks: vec![check(99, 1, 1), check(8, 99, 99)], volumes: vec![] };
    let health = health_decode(&wire.encode_to_vec()).unwrap();
    let seen: Vec<_> = health.checks.iter().map(|c| (c.kind, c.status, c.reason)).collect();
    assert_eq!(seen, [(CheckKind::Uptime, Status::Unknown, Reason::Other)]);
}
