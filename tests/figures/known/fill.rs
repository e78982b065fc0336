//! Devices as they stand in the store after they have joined and reported, written past the calls: what is measured is what comes later.

use controlplane_core::audit::{Act, Author};
use controlplane_core::device::{Certificate, Device, EVIDENCE, IDENTITIES};
use controlplane_core::plan::{TOLD, Told};
use controlplane_core::presence::{CONTACTS, Condition, ConditionState, ObservedState, Presence};
use controlplane_core::report::{Condition as Health, FactsChange, Report, Section, report_keep};
use controlplane_core::store::{Expect, SharedStore};
use controlplane_core::table::{Intent, Observed, Writes};
use model::desired::Generation;
use model::device::{Claims, JoinState};
use model::digest::Digest;
use model::health as looks;
use model::id::{BootId, DeviceId, TerritoryId};
use model::inventory::{
    Battery, Bus, Chassis, Disk, Display, Firmware, Hardware, HardwareId, Package, PackageManager, Packages,
    Peripheral, Peripherals, Processor, System,
};
use model::section::SectionKind;
use model::time::Timestamp;
use model::uai::Uai;
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::task::JoinSet;
use wire::convert::{self, section_parts};

/// A device is some seven writes of intent, of which a batch holds 1,500.
const AT_A_TIME: usize = 150;
/// So many report at the same time.
const AT_ONCE: usize = 128;
/// A school has so many.
const OF_A_SCHOOL: usize = 500;
/// So many devices are of one image, with the packages of one week: a list of packages is made once for each.
const IMAGES: usize = 6;
const WEEKS_BEHIND: usize = 3;
/// Packages of an image, and those of them that change in a week.
const PACKAGES: usize = 1_600;
const CHANGED: usize = 12;
/// One device in so many has packages that no other has.
const OWN_ONE_IN: usize = 8;

/// The first day of the school year, by which devices joined.
pub(super) const START: Timestamp = Timestamp::from_unix_seconds(1_788_000_000);

/// The school of a number, among those of so many devices.
pub(super) fn school(number: usize, known: usize) -> Uai {
    let schools = known.div_ceil(OF_A_SCHOOL).max(4);
    let digits = format!("{:07}", 250_000 + number % schools);
    ('A'..='Z').find_map(|letter| format!("{digits}{letter}").parse().ok()).expect("one of the letters is right")
}

/// A fleet, all of it given by its size.
pub(super) struct Fill {
    known: usize,
    lists: BTreeMap<(usize, usize), Arc<Body>>,
}

/// A section's bytes as they travel.
pub(super) struct Body {
    digest: Digest,
    zstd: bool,
    bytes: Vec<u8>,
}

impl Body {
    pub(super) fn of(kind: SectionKind, plain: &[u8]) -> Self {
        let parts = section_parts(kind, plain, START);
        let zstd = parts[0].encoding() == wire::v1::Encoding::Zstd;
        let bytes = parts.iter().flat_map(|part| part.body.iter().copied()).collect();
        Self { digest: Digest::of(plain), zstd, bytes }
    }

    pub(super) fn section(&self, at: Timestamp) -> Section {
        Section::new(self.digest, at, at, self.zstd, &self.bytes)
    }
}

impl Fill {
    pub(super) fn of(known: usize) -> Self {
        Self { known, lists: BTreeMap::new() }
    }

    /// Writes all of them: who joined in batches, what they report as the server keeps it.
    pub(super) async fn write(&mut self, store: &SharedStore) {
        let territory: TerritoryId = "doubs".parse().expect("a territory");
        let mut reporting = JoinSet::new();
        for first in (0..self.known).step_by(AT_A_TIME) {
            let upto = self.known.min(first + AT_A_TIME);
            let act =
                |n: usize| Act::new(START, Author::Rule("figures".to_owned()), "device_fill", device_id(n).to_string());
            let mut joined = Writes::by(&territory, &act(first)).expect("an act");
            let mut heard = Writes::observed(&territory);
            for n in first..upto {
                if n > first {
                    joined = joined.also(&act(n)).expect("an act");
                }
                joined = self.joined(joined, n);
                heard = told(heard, n);
            }
            let (joined, heard) = tokio::join!(joined.commit(store), heard.commit(store));
            joined.and(heard).expect("durable");
            for n in first..upto {
                let bodies = self.bodies(n, 0);
                while reporting.len() >= AT_ONCE {
                    reporting.join_next().await.expect("one of them").expect("it reports");
                }
                reporting.spawn(report(Arc::clone(store), territory.clone(), n, bodies));
            }
        }
        while let Some(done) = reporting.join_next().await {
            done.expect("it reports");
        }
    }

    fn joined(&self, writes: Writes<Intent>, n: usize) -> Writes<Intent> {
        let device = device(n, self.known);
        let id = device.id;
        let key = device.identity_key.fingerprint().to_string();
        let serial = format!("serial:{}/{id}", serial(n).to_lowercase());
        let uuid = format!("uuid:{}/{id}", system_uuid(n));
        let writes = writes.device(None, &device, Expect::Any).expect("a device");
        let writes = writes.put(&IDENTITIES, key, &id, Expect::Any).expect("an identity");
        let writes = writes.put(&EVIDENCE, serial, &id, Expect::Any).expect("a claim");
        writes.put(&EVIDENCE, uuid, &id, Expect::Any).expect("a claim")
    }

    /// The five sections of a device on a day.
    fn bodies(&mut self, n: usize, day: usize) -> Vec<(SectionKind, Arc<Body>)> {
        let made = |kind, plain: Vec<u8>| (kind, Arc::new(Body::of(kind, &plain)));
        vec![
            made(SectionKind::Hardware, convert::hardware_encode(&hardware(n))),
            made(SectionKind::Peripherals, convert::peripherals_encode(&peripherals(n))),
            made(SectionKind::System, convert::system_encode(&system(day / 30))),
            (SectionKind::Packages, self.packages(n, day)),
            made(SectionKind::Health, convert::health_encode(&health(n, day))),
        ]
    }

    /// What is installed on a device on a day: its image, as of a week, and a few packages of its own.
    pub(super) fn packages(&mut self, n: usize, day: usize) -> Arc<Body> {
        let (image, week) = (n % IMAGES, (day / 7).saturating_sub(drawn(n, 77, WEEKS_BEHIND)));
        let encoded = |own| {
            let packages = Packages {
                manager: Some(PackageManager::Dpkg),
                installed: Some(installed(image, week, own)),
                left_out: 0,
            };
            Arc::new(Body::of(SectionKind::Packages, &convert::packages_encode(&packages)))
        };
        if n.is_multiple_of(OWN_ONE_IN) {
            return encoded(Some(n));
        }
        Arc::clone(self.lists.entry((image, week)).or_insert_with(|| encoded(None)))
    }
}

/// One of so many, by chance.
fn drawn(n: usize, salt: u64, of: usize) -> usize {
    usize::try_from(dice(n, salt) % of as u64).expect("below a usize")
}

/// SplitMix64 over two numbers: the same for everybody.
fn dice(n: usize, salt: u64) -> u64 {
    let mut z = (n as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ salt.wrapping_mul(0xd1b5_4a32_d192_ed03);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

fn bytes<const N: usize>(n: usize, salt: u64) -> [u8; N] {
    std::array::from_fn(|at| dice(n, salt + at as u64 / 8).to_le_bytes()[at % 8])
}

/// Devices joined one after the other, a school's on one day: their ids follow each other.
pub(super) fn device_id(n: usize) -> DeviceId {
    DeviceId::new(Timestamp::from_unix_millis(START.unix_millis() + n as i64 * 20), bytes(n, 1))
}

fn serial(n: usize) -> String {
    format!("5CG{:07X}", dice(n, 2) & 0x0fff_ffff)
}

fn system_uuid(n: usize) -> String {
    uuid::Uuid::from_bytes(bytes(n, 3)).to_string()
}

fn device(n: usize, known: usize) -> Device {
    let key: String = bytes::<64>(n, 10).iter().map(|byte| format!("{byte:02x}")).collect();
    let text = r#"{"id":"ID","state":"active","claims":{},"identity_key":"KEY","identity_generation":1,
        "identity_from":1,"certificate":{"serial":"0a","number":1,"until":9},"token":"ABCDEFGH","enrolled":1}"#;
    let text = text.replace("ID", &device_id(n).to_string()).replace("KEY", &format!("04{key}"));
    let parsed: Device = serde_json::from_str(&text).expect("a device");
    Device {
        state: JoinState::Active,
        school: Some(school(n / OF_A_SCHOOL, known)),
        claims: claims(n),
        certificate: Certificate {
            serial: bytes::<16>(n, 30).iter().map(|byte| format!("{byte:02x}")).collect(),
            number: 4,
            until: START.after(std::time::Duration::from_secs(90 * 86_400)),
        },
        enrolled: START,
        ..parsed
    }
}

/// What the server notes of a device itself.
fn told(writes: Writes<Observed>, n: usize) -> Writes<Observed> {
    let id = device_id(n).to_string();
    let told = Told {
        generation: Generation { epoch: 1, revision: 7 },
        plan: Digest::of(b"plan"),
        rules: 7,
        facts: 7,
        grant: None,
        granted: 0,
    };
    let writes = writes.put(&CONTACTS, id.as_str(), &START, Expect::Any).expect("a contact");
    writes.put(&TOLD, id, &told, Expect::Any).expect("what it was told")
}

/// A device's first report.
async fn report(store: SharedStore, territory: TerritoryId, n: usize, bodies: Vec<(SectionKind, Arc<Body>)>) {
    let heard = |presence: &mut Presence| {
        *presence = Presence { sections: std::mem::take(&mut presence.sections), ..self::presence(n) };
    };
    let facts = FactsChange {
        hardware: Some(claims(n)),
        os: Some(Some("Debian GNU/Linux 13 (trixie)".to_owned())),
        health: Some(Health::Ok),
        battery_wear: Some(Some(7)),
        disk_wear: Some(2),
    };
    let sections = bodies.iter().map(|(kind, body)| (*kind, body.section(START))).collect();
    let report = Report { sections, facts, plugged: None };
    report_keep(&store, &territory, device_id(n), &heard, &report).await.expect("durable");
}

fn claims(n: usize) -> Claims {
    Claims {
        maker: Some("HP".to_owned()),
        model: Some("HP ProBook 440 14 inch G10 Notebook PC".to_owned()),
        serial: Some(serial(n)),
        system_uuid: Some(system_uuid(n)),
    }
}

fn presence(n: usize) -> Presence {
    let condition = |item: &str| Condition {
        item: item.to_owned(),
        state: ConditionState::Held,
        reason: String::new(),
        epoch: 0,
        version: String::new(),
        bytes: 0,
        of_bytes: 0,
        wan_bytes: 0,
        lan_bytes: 0,
        medium_bytes: 0,
        since: START,
    };
    let observed = ObservedState {
        generation: Generation { epoch: 1, revision: 7 },
        conditions: vec![condition("cadence"), condition("loan"), condition("filter")],
    };
    Presence {
        seen: START,
        boot: Some(BootId::from_bytes(bytes(n, 40))),
        sequence: 9,
        agent_version: "0.1.0".to_owned(),
        other_machine: false,
        clock_ahead_ms: Some(12),
        observed: Some(observed),
        sections: BTreeMap::new(),
    }
}

fn hardware(n: usize) -> Hardware {
    let text = |text: &str| Some(text.to_owned());
    Hardware {
        maker: text("HP"),
        model: text("HP ProBook 440 14 inch G10 Notebook PC"),
        serial: Some(serial(n)),
        system_uuid: Some(system_uuid(n)),
        chassis: Some(Chassis::Laptop),
        firmware: Firmware { version: text("V74 Ver. 01.05.03"), date: text("2024-05-10") },
        processors: vec![Processor {
            name: text("13th Gen Intel(R) Core(TM) i5-1335U"),
            cores: Some(10),
            threads: Some(12),
        }],
        memory_bytes: Some(16 << 30),
        disks: vec![Disk {
            model: text("KXG60ZNV256G KIOXIA"),
            size_bytes: Some(256_060_514_304),
            rotational: Some(false),
            encrypted: Some(true),
        }],
        batteries: vec![Battery {
            maker: text("Hewlett-Packard"),
            model: text("Primary"),
            technology: text("Li-ion"),
            design_full_mwh: Some(45_000),
            full_mwh: Some(40_000 + (dice(n, 50) % 40) as u32 * 100),
            cycles: Some((dice(n, 51) % 300) as u32),
        }],
    }
}

fn peripherals(n: usize) -> Peripherals {
    let named = |name: &str, bus, vendor, product| Peripheral {
        bus,
        id: Some(HardwareId { vendor, product }),
        name: Some(name.to_owned()),
        serial: None,
    };
    Peripherals {
        displays: vec![Display {
            maker: Some("BOE".to_owned()),
            product: Some(2_561),
            serial: None,
            name: None,
            year: Some(2_023),
            width_mm: Some(309),
            height_mm: Some(174),
            ..Display::default()
        }],
        cameras: vec![named("HP HD Camera", Bus::Usb, 0x0408, 0x5425)],
        microphones: vec![named("sof-hda-dsp", Bus::Internal, 0x8086, 0x51ca)],
        speakers: vec![named("sof-hda-dsp", Bus::Internal, 0x8086, 0x51ca)],
        docks: Vec::new(),
        hubs: Vec::new(),
        inputs: vec![
            named("AT Translated Set 2 keyboard", Bus::Internal, 0x0001, 0x0001),
            named("SYNA30B2:00 06CB:CE08 Touchpad", Bus::Internal, 0x06cb, 0xce08),
            named("Logitech USB Optical Mouse", Bus::Usb, 0x046d, 0xc077 + (dice(n, 52) % 4) as u16),
        ],
    }
}

fn system(month: usize) -> System {
    let text = |text: &str| Some(text.to_owned());
    System {
        os_id: text("debian"),
        os_name: text("Debian GNU/Linux"),
        os_version: text("13 (trixie)"),
        os_build: None,
        kernel: Some(format!("6.12.{}+deb13-amd64", 41 + month)),
        architecture: text("x86_64"),
        time_zone: text("Europe/Paris"),
        reboot_pending: Some(false),
        agent_version: text("0.1.0"),
    }
}

/// A look at its health: some numbers waver from day to day.
pub(super) fn health(n: usize, day: usize) -> looks::Health {
    let mut salt = 60 + day as u64 * 16;
    let checks = looks::CheckKind::ALL.map(|kind| {
        salt += 1;
        looks::Check {
            kind,
            status: looks::Status::Ok,
            reason: looks::Reason::WithinLimits,
            value: Some((dice(n, salt) % 60) as i64),
            unit: looks::Unit::Percent,
            threshold: Some(90),
        }
    });
    let volume = |kind, size_gib| looks::Volume { kind, size_gib, free_gib: size_gib / 2 + dice(n, salt + 1) % 20 };
    looks::Health {
        checks: checks.into(),
        volumes: vec![volume(looks::VolumeKind::System, 60), volume(looks::VolumeKind::Home, 170)],
    }
}

/// Names such as distributions give, and versions of which some change each week.
fn installed(image: usize, week: usize, own: Option<usize>) -> Vec<Package> {
    const PARTS: [&str; 48] = [
        "gtk",
        "qt",
        "python3",
        "perl",
        "xorg",
        "gst",
        "gnome",
        "kde",
        "libreoffice",
        "fonts",
        "crypt",
        "ssl",
        "json",
        "xml",
        "http",
        "curl",
        "audio",
        "pulse",
        "pipe",
        "wire",
        "usb",
        "print",
        "cups",
        "scan",
        "image",
        "magick",
        "video",
        "codec",
        "net",
        "manager",
        "mime",
        "desktop",
        "session",
        "theme",
        "icon",
        "spell",
        "dict",
        "hunspell",
        "geo",
        "gebra",
        "scratch",
        "musescore",
        "java",
        "openjdk",
        "kernel",
        "firmware",
        "systemd",
        "udev",
    ];
    const ENDS: [&str; 10] = ["", "-common", "-bin", "-data", "-0", "6", "-dev", "-utils", "-l10n-fr", "t64"];
    let one = |which: usize, updated: usize| {
        let word = |salt| PARTS[drawn(which, salt, PARTS.len())];
        let number = |salt, upto| drawn(which, salt, upto);
        let name = format!("lib{}-{}{}{}", word(90), word(91), number(92, 30), ENDS[number(93, ENDS.len())]);
        let version =
            format!("{}.{}.{}-{}+deb13u{updated}", number(94, 9), number(95, 40), number(96, 20), number(97, 6));
        Package { name, version }
    };
    let base = 100_000 * image;
    // The package that changed in a week changed in no other one until all have.
    let updated = |at: usize| (week * CHANGED + PACKAGES - 1 - at) / PACKAGES;
    let mut all: Vec<Package> = (0..PACKAGES).map(|at| one(base + at, updated(at))).collect();
    if let Some(n) = own {
        all.extend((0..3).map(|at| one(10_000_000 + drawn(n, 98 + at, 400), 0)));
    }
    all.sort();
    all.dedup_by(|a, b| a.name == b.name);
    all
}
