//! Reads how the machine is; the rule that judges is `agent_core::health`.

use super::inventory::{Root, disk_lives, gauges, meminfo, mounts};
use agent_core::health::{BatteryReading, Readings};

/// Processor time in /proc/self/stat is counted in these; the kernel's `USER_HZ` is 100 on x86, Arm and RISC-V.
const TICKS_PER_SECOND: u64 = 100;
/// Sensors of the processor and the board (`Documentation/hwmon`); those of disks and radio chips are left out.
const SENSORS: [&str; 7] = ["coretemp", "k10temp", "zenpower", "acpitz", "cpu_thermal", "soc_thermal", "scmi_sensors"];
/// Zones that stand for the processor (`Documentation/driver-api/thermal`).
const ZONES: [&str; 6] = ["x86_pkg_temp", "acpitz", "cpu", "soc", "TCPU", "package"];
/// What a sensor can mean, in thousandths of a degree; others are broken or absent.
const MILLICELSIUS: std::ops::RangeInclusive<i64> = -40_000..=150_000;

/// Reads everything once; the clock's skew is known to the caller, in milliseconds ahead of the server.
pub(super) fn read(root: &Root, clock_skew_ms: Option<i64>) -> Readings {
    let uptime_ms = uptime_ms(root);
    let (agent_cpu_ms, agent_start_ms) = agent_times(root).unzip();
    let home_apart = home_apart(root);
    Readings {
        batteries: gauges(root)
            .map(|all| all.iter().map(|gauge| BatteryReading { design: gauge.design, full: gauge.full }).collect()),
        system: root.room("/"),
        home_apart,
        home: if home_apart == Some(true) { root.room("/home") } else { None },
        temperature_millicelsius: temperature(root),
        memory_stalled_basis_points: memory_stalled(root),
        memory_bytes: meminfo(root, "MemTotal"),
        memory_available_bytes: meminfo(root, "MemAvailable"),
        clock_skew_ms,
        uptime_seconds: uptime_ms.map(|ms| ms / 1000),
        agent_resident_bytes: agent_resident(root),
        agent_cpu_ms,
        agent_age_ms: uptime_ms.zip(agent_start_ms).and_then(|(now, start)| now.checked_sub(start)),
        disk_lives: disk_lives(root),
    }
}

/// Whether people's files lie on another device than the system; nothing when what is mounted cannot be told.
fn home_apart(root: &Root) -> Option<bool> {
    let mounted = mounts(root);
    let system = mounted.iter().find(|mount| mount.at == "/")?;
    Some(mounted.iter().any(|mount| mount.at == "/home" && mount.device != system.device))
}

fn uptime_ms(root: &Root) -> Option<u64> {
    hundredths(root.text("proc/uptime")?.split(' ').next()?)?.checked_mul(10)
}

/// The hottest sensor of the processor or the board.
fn temperature(root: &Root) -> Option<i64> {
    let mut seen: Vec<i64> = Vec::new();
    for chip in root.names("sys/class/hwmon") {
        let folder = format!("sys/class/hwmon/{chip}");
        if root.text(&format!("{folder}/name")).is_some_and(|name| SENSORS.contains(&name.trim())) {
            let files = root.names(&folder);
            let inputs = files.iter().filter(|file| file.starts_with("temp") && file.ends_with("_input"));
            seen.extend(inputs.take(64).filter_map(|file| root.number::<i64>(&format!("{folder}/{file}"))));
        }
    }
    if seen.is_empty() {
        for zone in root.names("sys/class/thermal").iter().filter(|name| name.starts_with("thermal_zone")).take(64) {
            let folder = format!("sys/class/thermal/{zone}");
            let kind = root.text(&format!("{folder}/type")).unwrap_or_default();
            if ZONES.iter().any(|name| kind.starts_with(name)) {
                seen.extend(root.number::<i64>(&format!("{folder}/temp")));
            }
        }
    }
    seen.into_iter().filter(|milli| MILLICELSIUS.contains(milli)).max()
}

/// `avg300` of the line `some` (Documentation/accounting/psi.rst), in hundredths of a percent.
fn memory_stalled(root: &Root) -> Option<u32> {
    let text = root.text("proc/pressure/memory")?;
    let line = text.lines().find_map(|line| line.strip_prefix("some "))?;
    let average = line.split(' ').find_map(|word| word.strip_prefix("avg300="))?;
    u32::try_from(hundredths(average)?).ok().filter(|points| *points <= 10_000)
}

fn agent_resident(root: &Root) -> Option<u64> {
    let text = root.text("proc/self/status")?;
    let value = text.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    value.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

/// Processor time used, and the start counted from the machine's, in milliseconds (proc_pid_stat(5), fields 14, 15 and 22).
fn agent_times(root: &Root) -> Option<(u64, u64)> {
    let text = root.text("proc/self/stat")?;
    // The name in brackets may hold anything; field 3 follows the last bracket.
    let fields: Vec<&str> = text.rsplit_once(')')?.1.split_ascii_whitespace().collect();
    let ticks = |field: usize| fields.get(field - 3)?.parse::<u64>().ok();
    let millis = |ticks: u64| ticks.checked_mul(1000 / TICKS_PER_SECOND);
    Some((millis(ticks(14)?.checked_add(ticks(15)?)?)?, millis(ticks(22)?)?))
}

/// `12.34` as 1234.
fn hundredths(text: &str) -> Option<u64> {
    let (whole, part) = text.trim().split_once('.')?;
    if part.len() != 2 {
        return None;
    }
    whole.parse::<u64>().ok()?.checked_mul(100)?.checked_add(part.parse().ok()?)
}
