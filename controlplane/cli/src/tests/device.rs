//! One device in full.

use super::{look, printed};
use crate::arguments::Output;
use crate::device::{DeviceSheet, sheet};
use crate::{EN, FR};
use model::health::{Check, CheckKind, Health, Reason, Status, Volume, VolumeKind};
use model::inventory::{
    Battery, Bus, Chassis, Disk, Display, Hardware, HardwareId, Package, PackageManager, Packages, Peripheral,
    Peripherals, System,
};
use wire::convert::{Section, section_encode};
use wire::v1::{
    Condition, ConditionState, DeviceShowResponse, DeviceSummary, Generation, HealthStatus, JoinState, Observed,
    SectionKind, SectionReport,
};
use words::{Catalogue, Language};

const MOMENT: i64 = 1_795_352_700_000;

fn report(section: &Section) -> SectionReport {
    SectionReport {
        kind: SectionKind::from(section.kind()).into(),
        collected_unix_ms: MOMENT,
        received_unix_ms: MOMENT,
        digest: vec![0xab; 32],
        body: section_encode(section),
    }
}

fn condition(item: &str, state: ConditionState, reason: &str) -> Condition {
    Condition { item: item.into(), state: state.into(), reason: reason.into(), ..Condition::default() }
}

fn hardware() -> Hardware {
    Hardware {
        maker: Some("LENOVO".into()),
        model: Some("ThinkPad L13".into()),
        chassis: Some(Chassis::Laptop),
        memory_bytes: Some(16_777_216_000),
        disks: vec![Disk {
            model: Some("SSD 9".into()),
            size_bytes: Some(512_110_190_592),
            rotational: Some(false),
            encrypted: None,
        }],
        batteries: vec![Battery {
            technology: Some("Li-poly".into()),
            design_full_mwh: Some(46_000),
            full_mwh: Some(32_200),
            cycles: Some(1),
            ..Battery::default()
        }],
        ..Hardware::default()
    }
}

fn device() -> DeviceSheet {
    let check = |kind: CheckKind, status, reason, value, threshold| Check {
        kind,
        status,
        reason,
        value,
        unit: kind.unit(),
        threshold,
    };
    let health = Health {
        checks: vec![
            check(CheckKind::BatteryWear, Status::Warning, Reason::AtOrAbove, Some(30), Some(30)),
            check(CheckKind::DiskSystem, Status::Critical, Reason::Below, Some(4), Some(5)),
            check(CheckKind::DiskHome, Status::Unknown, Reason::NotFitted, None, None),
            check(CheckKind::Uptime, Status::Ok, Reason::WithinLimits, Some(0), Some(30)),
            check(CheckKind::Temperature, Status::Unknown, Reason::NotReported, None, None),
            check(CheckKind::ClockSkew, Status::Ok, Reason::WithinLimits, Some(-90), Some(300)),
            check(CheckKind::AgentCpu, Status::Ok, Reason::WithinLimits, Some(3), Some(20)),
        ],
        volumes: vec![Volume { kind: VolumeKind::System, size_gib: 465, free_gib: 18 }],
    };
    let camera = Peripheral {
        bus: Bus::Usb,
        id: Some(HardwareId { vendor: 0x046d, product: 0x0825 }),
        name: Some("HD Webcam".into()),
        serial: None,
    };
    let display = Display { name: Some("P24".into()), width_mm: Some(527), height_mm: Some(296), ..Display::default() };
    let sections = [
        Section::Hardware(hardware()),
        Section::Peripherals(Peripherals { cameras: vec![camera], displays: vec![display], ..Peripherals::default() }),
        Section::System(System {
            os_name: Some("Debian GNU/Linux".into()),
            os_version: Some("13".into()),
            reboot_pending: Some(true),
            ..System::default()
        }),
        Section::Packages(Packages {
            manager: Some(PackageManager::Dpkg),
            installed: Some(vec![Package { name: "bash".into(), version: "5.2-3".into() }]),
            left_out: 0,
        }),
        Section::Health(health),
    ];
    let summary = DeviceSummary {
        id: "019ab8c1-7c1e-7abc-8def-001122334455".into(),
        state: JoinState::Quarantined.into(),
        reason: "not_listed".into(),
        maker: "LENOVO".into(),
        model: "ThinkPad L13".into(),
        health: HealthStatus::Critical.into(),
        enrolled_unix_ms: MOMENT,
        last_seen_unix_ms: MOMENT,
        connected: true,
        ..DeviceSummary::default()
    };
    let answer = DeviceShowResponse {
        device: Some(summary),
        sections: sections.iter().map(report).collect(),
        generation: Some(Generation { epoch: 1, revision: 7 }),
        clock_ahead_ms: Some(-90_400),
        observed: Some(Observed {
            conditions: vec![
                condition("head", ConditionState::Failed, "head_signature"),
                condition("printers", ConditionState::Pending, "not_yet"),
            ],
            ..Observed::default()
        }),
        alike: vec!["019ab8c1-0000-7abc-8def-001122334455".into()],
        ..DeviceShowResponse::default()
    };
    DeviceSheet::try_from(answer).unwrap()
}

fn shown(language: Language, packages: bool) -> String {
    let words = Catalogue::new(language, FR, EN);
    let sheet = sheet(&device(), packages, &look(&words));
    printed(language, Output::Table, |p| p.one(&device(), || sheet))
}

fn has(text: &str, label: &str, value: &str) {
    let found = text.lines().any(|line| line.trim_start().starts_with(label) && line.ends_with(value));
    assert!(found, "{label:?} … {value:?} in\n{text}");
}

#[test]
fn a_device_reads_well_in_french() {
    let fr = shown(Language::Fr, false);
    assert!(fr.starts_with("LENOVO ThinkPad L13\n"), "{fr}");
    for (label, value) in [
        ("État", "en quarantaine (hors de la liste du jeton)"),
        ("Dernier contact", "22/11/2026 14:05 (en ligne)"),
        ("Appareils semblables", "019ab8c1-0000-7abc-8def-001122334455"),
        ("Consignes", "1.7 (pas encore confirmées)"),
        ("N° de série", "sans information"),
        ("Horloge", "en retard de 1 min 30 s"),
        ("Usure de la batterie", "à surveiller : 30 %, seuil de 30 % atteint"),
        ("Place libre (système)", "critique : 4 %, sous le seuil de 5 %"),
        ("Place libre (fichiers)", "sans objet : la machine n'en a pas"),
        ("Temps de marche", "rien à signaler : 0 jour (seuil : 30 jours)"),
        ("Température", "sans information : la machine ne le dit pas"),
        ("Écart de l'horloge", "rien à signaler : −1 min 30 s (seuil : 5 min)"),
        ("Processeur de l'agent", "rien à signaler : 0,3 % (seuil : 2,0 %)"),
        ("Volume du système", "19 Go libres sur 499 Go"),
        ("Boîtier", "ordinateur portable"),
        ("Mémoire", "17 Go"),
        ("Disque", "512 Go, SSD 9, SSD, chiffrement inconnu"),
        ("Batterie", "Li-poly, usure 30 % (32,2 Wh sur 46,0 Wh), 1 cycle"),
        ("Caméra", "HD Webcam, USB, 046d:0825"),
        ("Écran", "P24, 23,8 pouces"),
        ("Microphone", "rien de détecté"),
        ("Système", "Debian GNU/Linux 13"),
        ("Redémarrage attendu", "oui"),
        ("Installés", "1 paquet (dpkg)"),
        // What has no words yet is shown as its code.
        ("consignes reçues", ": en échec (signature non valable)"),
        ("printers", ": en cours (not_yet)"),
    ] {
        has(&fr, label, value);
    }
    assert!(!fr.contains("bash"));
    assert!(shown(Language::Fr, true).contains("bash 5.2-3"));
}

#[test]
fn and_in_english() {
    let en = shown(Language::En, false);
    for (label, value) in [
        ("State", "quarantined (not on the token's list)"),
        ("Last contact", "22 Nov 2026, 14:05 (online)"),
        ("Battery wear", "warning: 30%, threshold of 30% reached"),
        ("Agent's processor", "ok: 0.3% (threshold: 2.0%)"),
        ("Disk", "512 GB, SSD 9, SSD, encryption unknown"),
        ("Temperature", "unknown: the machine does not tell"),
        ("Clock", "behind by 1 min 30 s"),
        ("desired state received:", "failed (its signature is not valid)"),
    ] {
        has(&en, label, value);
    }
}

#[test]
fn a_device_that_never_reported_says_so() {
    let words = Catalogue::new(Language::Fr, FR, EN);
    let empty = DeviceSheet::try_from(DeviceShowResponse::default()).unwrap();
    let text = sheet(&empty, false, &look(&words)).text(false);
    assert_eq!(text.matches("rien reçu pour l'instant").count(), 5, "{text}");
    assert!(text.starts_with("Appareil sans marque ni modèle connus\n"), "{text}");
    has(&text, "Horloge", "sans information");
    let json = printed(Language::Fr, Output::Json, |p| p.one(&empty, crate::print::Sheet::default));
    let value: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(value["clock_ahead_ms"], serde_json::Value::Null);
    let damaged = SectionReport { body: vec![0xff; 9], ..report(&Section::Hardware(hardware())) };
    assert!(
        DeviceSheet::try_from(DeviceShowResponse { sections: vec![damaged], ..DeviceShowResponse::default() }).is_err()
    );
}

#[test]
fn programs_get_everything_as_one_object() {
    let json = printed(Language::Fr, Output::Json, |p| p.one(&device(), crate::print::Sheet::default));
    let value: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(value["hardware"]["disks"][0]["size_bytes"], 512_110_190_592_u64);
    assert_eq!(value["hardware"]["serial"], serde_json::Value::Null);
    assert_eq!(value["health"], "critical");
    assert_eq!(value["clock_ahead_ms"], -90_400);
    assert_eq!(value["health_report"]["checks"][0]["kind"], "battery_wear");
    assert_eq!(value["packages"]["installed"][0]["name"], "bash");
    assert_eq!(value["peripherals"]["cameras"][0]["id"], "046d:0825");
    assert_eq!(value["reports"][0]["received"], "2026-11-22T13:05:00.000Z");
    let csv = printed(Language::Fr, Output::Csv, |p| p.one(&device(), crate::print::Sheet::default));
    assert!(csv.contains("\nhardware.disks[0].model,SSD 9\n"), "{csv}");
    // A number may be negative; only texts can be formulas.
    assert!(csv.contains("\nclock_ahead_ms,-90400\n"), "{csv}");
}
