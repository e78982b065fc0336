//! What Windows tells without further rights: registry, firmware, the battery's own interface.
//!
//! What is plugged in is not told yet: the registry also remembers what was, and cannot say which is there now.

use super::{firmware, packages, registry};
use crate::platform::Collected;
use crate::platform::evidence::evidence;
use agent_core::windows::{product_name, system_version};
use model::inventory::{Battery, Hardware, PARTS_MAX, Peripherals, Processor, System};
use starship_battery::units::energy::watt_hour;
use sysinfo::{MemoryRefreshKind, RefreshKind};

const CURRENT: &str = r"SOFTWARE\Microsoft\Windows NT\CurrentVersion";
const PROCESSORS: &str = r"HARDWARE\DESCRIPTION\System\CentralProcessor";
/// Where Windows notes that an update waits for a restart.
const PENDING: [&str; 2] = [
    r"SOFTWARE\Microsoft\Windows\CurrentVersion\Component Based Servicing\RebootPending",
    r"SOFTWARE\Microsoft\Windows\CurrentVersion\WindowsUpdate\Auto Update\RebootRequired",
];
/// The gauge wavers.
const MWH_STEP: u32 = 100;
/// No portable holds as much; above it the gauge is wrong.
const MWH_MAX: f32 = 1_000_000.0;
/// Memory is told to the nearest of these.
const MEMORY_STEP: u64 = 16 * 1024 * 1024;

pub(super) fn collect() -> Collected {
    Collected {
        hardware: hardware(),
        peripherals: Peripherals::default().canonical(),
        system: system(),
        packages: packages::read(),
    }
}

fn hardware() -> Hardware {
    let told = firmware::read();
    Hardware {
        maker: told.claims.maker,
        model: told.claims.model,
        serial: told.claims.serial,
        system_uuid: told.claims.system_uuid,
        chassis: None,
        firmware: told.firmware,
        processors: processors(),
        memory_bytes: memory_bytes(),
        disks: Vec::new(),
        batteries: batteries(),
    }
    .canonical()
}

/// Memory that the system can use.
pub(super) fn memory() -> Option<sysinfo::System> {
    let kind = RefreshKind::nothing().with_memory(MemoryRefreshKind::nothing().with_ram());
    sysinfo::System::new_with_specifics(kind).ok().filter(|system| system.total_memory() > 0)
}

fn memory_bytes() -> Option<u64> {
    Some((memory()?.total_memory() + MEMORY_STEP / 2) / MEMORY_STEP * MEMORY_STEP)
}

/// One entry: laptops have one socket, and the registry tells of logical processors only.
fn processors() -> Vec<Processor> {
    let Some(all) = registry::key(PROCESSORS) else { return Vec::new() };
    let threads = all.keys().map(Iterator::count).ok().and_then(|count| u32::try_from(count).ok());
    let name = all.open("0").ok().and_then(|first| registry::text(&first, "ProcessorNameString"));
    let cores = sysinfo::System::physical_core_count().ok().and_then(|count| u32::try_from(count).ok());
    vec![Processor { name, cores, threads: threads.filter(|threads| *threads > 0) }]
}

/// The machine's own batteries.
pub(super) fn gauges() -> Option<Vec<starship_battery::Battery>> {
    let all = starship_battery::Manager::new().ok()?.batteries().ok()?;
    Some(all.filter_map(Result::ok).take(PARTS_MAX).collect())
}

/// A capacity in mWh, when it is one.
pub(super) fn mwh(energy: starship_battery::units::Energy) -> Option<u32> {
    let mwh = energy.get::<watt_hour>() * 1000.0;
    // In range, so that the conversion loses nothing but the fraction.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    (1.0..=MWH_MAX).contains(&mwh).then_some(mwh as u32)
}

fn batteries() -> Vec<Battery> {
    let battery = |gauge: starship_battery::Battery| Battery {
        maker: gauge.vendor().and_then(evidence),
        model: gauge.model().and_then(evidence),
        technology: evidence(&gauge.technology().to_string()).filter(|name| name != "unknown"),
        design_full_mwh: mwh(gauge.energy_full_design()),
        full_mwh: mwh(gauge.energy_full()).map(|mwh| (mwh + MWH_STEP / 2) / MWH_STEP * MWH_STEP),
        cycles: gauge.cycle_count().filter(|cycles| (1..100_000).contains(cycles)),
    };
    gauges().unwrap_or_default().into_iter().map(battery).collect()
}

fn system() -> System {
    let current = registry::key(CURRENT);
    let text = |name: &str| current.as_ref().and_then(|key| registry::text(key, name));
    let build = text("CurrentBuildNumber").or_else(|| text("CurrentBuild"));
    let revision = current.as_ref().and_then(|key| registry::number(key, "UBR"));
    System {
        os_id: Some("windows".to_owned()),
        os_name: text("ProductName").map(|name| product_name(&name, build.as_deref())),
        os_version: text("DisplayVersion").or_else(|| text("ReleaseId")),
        os_build: text("EditionID"),
        kernel: system_version(build.as_deref(), revision),
        architecture: evidence(std::env::consts::ARCH),
        time_zone: jiff::tz::TimeZone::system().iana_name().and_then(evidence),
        reboot_pending: current.is_some().then(|| PENDING.iter().any(|path| registry::exists(path))),
        agent_version: evidence(env!("CARGO_PKG_VERSION")),
    }
}
