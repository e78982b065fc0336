//! Reads how the machine is; the rule that judges is `agent_core::health`.

use super::inventory::{gauges, memory, mwh};
use agent_core::fetching::Power;
use agent_core::health::{BatteryReading, Readings, Room};
use std::path::{Path, PathBuf};
use sysinfo::{DiskRefreshKind, Disks, ProcessRefreshKind, ProcessesToUpdate};

/// Reads everything once; the clock's skew is known to the caller, in milliseconds ahead of the server.
pub(super) fn read(clock_skew_ms: Option<i64>) -> Readings {
    let memory = memory();
    let agent = agent();
    Readings {
        batteries: gauges().map(|all| {
            let capacity = |energy| mwh(energy).map(u64::from);
            let reading = |gauge: &starship_battery::Battery| BatteryReading {
                design: capacity(gauge.energy_full_design()),
                full: capacity(gauge.energy_full()),
            };
            all.iter().map(reading).collect()
        }),
        system: room(&system_folder()),
        // Windows keeps people's files on the system's volume unless somebody moves them, which it does not tell.
        home_apart: None,
        home: None,
        temperature_millicelsius: None,
        memory_stalled_basis_points: None,
        memory_bytes: memory.as_ref().map(sysinfo::System::total_memory),
        memory_available_bytes: memory.as_ref().map(sysinfo::System::available_memory).filter(|bytes| *bytes > 0),
        clock_skew_ms,
        uptime_seconds: sysinfo::System::uptime().ok(),
        agent_resident_bytes: agent.map(|agent| agent.0),
        agent_cpu_ms: agent.map(|agent| agent.1),
        agent_age_ms: agent.map(|agent| agent.2),
        // Only a handle on the raw disk tells it.
        disk_lives: Vec::new(),
    }
}

/// What the machine runs on: a battery only where one says that it gives its charge away.
pub(super) fn power() -> Power {
    let gives = |gauge: &starship_battery::Battery| gauge.state() == starship_battery::State::Discharging;
    let percent = |gauge: &starship_battery::Battery| {
        use starship_battery::units::ratio::percent;
        let charge = gauge.state_of_charge().get::<percent>().clamp(0.0, 100.0);
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 100")]
        let charge = charge as u8;
        charge
    };
    let charges = gauges().unwrap_or_default();
    charges.iter().filter(|gauge| gives(gauge)).map(percent).max().map_or(Power::Mains, Power::Battery)
}

/// Size and free bytes of the volume that holds this file or folder.
pub(super) fn room(at: &Path) -> Option<Room> {
    let disks = Disks::new_with_refreshed_list_specifics(DiskRefreshKind::nothing().with_storage()).ok()?;
    let holds = disks.iter().filter(|disk| at.starts_with(disk.mount_point()));
    let disk = holds.max_by_key(|disk| disk.mount_point().as_os_str().len())?;
    let room = Room { size_bytes: disk.total_space(), free_bytes: disk.available_space() };
    (room.size_bytes > 0 && room.free_bytes <= room.size_bytes).then_some(room)
}

/// Where Windows is: never asked of the environment, which anybody may change for what they start.
pub(super) fn system_folder() -> PathBuf {
    let root = super::registry::key(r"SOFTWARE\Microsoft\Windows NT\CurrentVersion");
    let root = root.and_then(|key| key.get_string("SystemRoot").ok());
    root.map(PathBuf::from).filter(|path| path.is_absolute()).unwrap_or_else(|| r"C:\Windows".into())
}

/// This process: resident bytes, processor time and age in milliseconds.
fn agent() -> Option<(u64, u64, u64)> {
    let mut system = sysinfo::System::new().ok()?;
    let own = sysinfo::get_current_pid().ok()?;
    let kind = ProcessRefreshKind::nothing().with_memory().with_cpu();
    system.refresh_processes_specifics(ProcessesToUpdate::Some(&[own]), false, kind);
    let process = system.process(own)?;
    Some((process.memory(), process.accumulated_cpu_time(), process.run_time().checked_mul(1000)?))
}
