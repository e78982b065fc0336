//! The rule that turns readings into health.
//!
//! Numbers waver, and a section that changes is sent: so each number is rounded to its step, and while it stays within a
//! margin of the last report that one is repeated. What gets worse is said at once; what gets better, once it has left the
//! margin.

use model::health::{Check, CheckKind, Health, Reason, Status, Volume, VolumeKind};

/// What the daemon read; whatever the machine does not tell is absent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Readings {
    /// The machine's own batteries.
    pub batteries: Option<Vec<BatteryReading>>,
    /// The volume where the system lives.
    pub system: Option<Room>,
    /// Whether people's files have a volume of their own.
    pub home_apart: Option<bool>,
    /// That volume.
    pub home: Option<Room>,
    /// The hottest sensor, in thousandths of a degree Celsius.
    pub temperature_millicelsius: Option<i64>,
    /// The share of the last five minutes in which something waited for memory, in hundredths of a percent.
    pub memory_stalled_basis_points: Option<u32>,
    /// Memory that the system can use, in bytes.
    pub memory_bytes: Option<u64>,
    /// Memory that can be had without swapping, in bytes.
    pub memory_available_bytes: Option<u64>,
    /// How far this clock is ahead of the server's, in milliseconds; negative when behind.
    pub clock_skew_ms: Option<i64>,
    /// Seconds since the last start.
    pub uptime_seconds: Option<u64>,
    /// The agent's resident memory, in bytes.
    pub agent_resident_bytes: Option<u64>,
    /// The processor time the agent has used, in milliseconds.
    pub agent_cpu_ms: Option<u64>,
    /// How long the agent has run, in milliseconds.
    pub agent_age_ms: Option<u64>,
    /// What its own disks say of their life; those that say nothing are not among them.
    pub disk_lives: Vec<DiskLife>,
}

/// What a disk says of its own life, in the words of its standard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DiskLife {
    /// Soldered flash (JEDEC 84-B51, EXT_CSD 267 to 269): two estimates in tenths of the life, and the state of the reserve.
    Emmc {
        /// 1 to 10 for the tenth it is in, 11 for beyond its life; 0 says nothing.
        estimates: [u8; 2],
        /// 1 for normal, 2 and 3 for four fifths and nine tenths of the reserve used; 0 says nothing.
        reserve: u8,
    },
    /// Hundredths of the rated life used; beyond 100 once it is over (NVMe 1.4, 5.14.1.2).
    Used(u8),
}

/// One battery's two capacities, in the same unit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BatteryReading {
    /// What it held when new.
    pub design: Option<u64>,
    /// What it holds when full now.
    pub full: Option<u64>,
}

/// A volume's size and what is free on it for the system's users.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Room {
    /// Bytes in all.
    pub size_bytes: u64,
    /// Bytes free.
    pub free_bytes: u64,
}

/// The least time the agent must have run before its share of the processor means anything: start and first inventory cost more.
pub const AGENT_AGE_MS_MIN: u64 = 600_000;

const GIB: u64 = 1 << 30;
const MIB: u64 = 1 << 20;

/// Judges the readings; `previous` is the last report, which wavering numbers repeat.
#[must_use]
pub fn assess(readings: &Readings, previous: Option<&Health>) -> Health {
    let checks = CheckKind::ALL
        .into_iter()
        .map(|kind| {
            let before = previous.and_then(|health| health.check(kind));
            let check = match number(kind, readings) {
                Ok(raw) => held(judged(kind, rounded(raw, kind.step())), before, raw),
                Err(reason) => {
                    Check { kind, status: Status::Unknown, reason, value: None, unit: kind.unit(), threshold: None }
                }
            };
            reserve_noted(check, readings)
        })
        .collect();
    let volumes = [(VolumeKind::System, readings.system), (VolumeKind::Home, readings.home)]
        .into_iter()
        .filter_map(|(kind, room)| Some(volume(kind, room?, previous.and_then(|health| health.volume(kind)))))
        .collect();
    Health { checks, volumes }
}

/// Which side of its thresholds is bad, then warning and critical, in the check's unit.
enum Limits {
    AtOrAbove(i64, i64),
    Below(i64, i64),
}

/// The thresholds.
///
/// - Battery: makers rate cycle life to 80 % of the design capacity, so 20 % lost is worn as planned; 40 % is ours: the battery of a
///   school laptop no longer lasts a day.
/// - Disk: 5 % is where GNOME's housekeeping warns (`free-percent-notify`, default 0.05); 10 % is ours, a term earlier.
/// - Temperature: mobile processors throttle at 95 to 105 °C (T-junction of their data sheets); warned 10 °C below the middle.
/// - Memory pressure: systemd-oomd kills at 60 % (`DefaultMemoryPressureLimit`); half of it is critical, 10 % is felt. Ours.
/// - Memory available: ours.
/// - Clock: Kerberos refuses at 300 s (MIT krb5 `clockskew`); 60 s is ours.
/// - Uptime: updates are finished by a restart; a month and a quarter. Ours.
/// - Disk wear: at 100 % the maker's rating is used up, which is a reason to plan for and no defect; 80 % is ours. It never becomes
///   critical, which would keep a device that works from being lent.
/// - Agent: its own budget of 12 MiB and next to no processor time (`house.md`), twice and five times over.
const fn limits(kind: CheckKind) -> Limits {
    match kind {
        CheckKind::BatteryWear => Limits::AtOrAbove(20, 40),
        CheckKind::DiskSystem | CheckKind::DiskHome => Limits::Below(10, 5),
        CheckKind::Temperature => Limits::AtOrAbove(90, 100),
        CheckKind::MemoryPressure => Limits::AtOrAbove(10, 30),
        CheckKind::MemoryAvailable => Limits::Below(10, 5),
        CheckKind::ClockSkew => Limits::AtOrAbove(60, 300),
        CheckKind::Uptime => Limits::AtOrAbove(30, 90),
        CheckKind::AgentMemory => Limits::AtOrAbove(24, 60),
        CheckKind::AgentCpu => Limits::AtOrAbove(10, 50),
        CheckKind::DiskWear => Limits::AtOrAbove(80, i64::MAX),
    }
}

/// How far a number may stray from the last report before it is reported again, in the check's unit.
const fn margin(kind: CheckKind) -> i64 {
    match kind {
        CheckKind::Uptime => 0,
        CheckKind::Temperature | CheckKind::MemoryAvailable => 10,
        CheckKind::AgentMemory => 4,
        CheckKind::ClockSkew => 30,
        CheckKind::MemoryPressure => 5,
        _ => 2,
    }
}

/// The number of a check, in thousandths of its unit so that rounding sees the fraction.
fn number(kind: CheckKind, readings: &Readings) -> Result<i64, Reason> {
    let told = |number: Option<i64>| number.ok_or(Reason::NotReported);
    match kind {
        CheckKind::BatteryWear => {
            let batteries = readings.batteries.as_ref().ok_or(Reason::NotReported)?;
            if batteries.is_empty() {
                return Err(Reason::NotFitted);
            }
            told(batteries.iter().filter_map(wear).max())
        }
        CheckKind::DiskSystem => told(readings.system.and_then(|room| share(room.free_bytes, room.size_bytes))),
        CheckKind::DiskHome if readings.home_apart == Some(false) => Err(Reason::NotFitted),
        CheckKind::DiskHome => told(readings.home.and_then(|room| share(room.free_bytes, room.size_bytes))),
        CheckKind::Temperature => told(readings.temperature_millicelsius),
        CheckKind::MemoryPressure => told(readings.memory_stalled_basis_points.map(|points| i64::from(points) * 10)),
        CheckKind::MemoryAvailable => {
            told(readings.memory_available_bytes.zip(readings.memory_bytes).and_then(|(free, all)| share(free, all)))
        }
        // The server tells it with its first answer, not the machine.
        CheckKind::ClockSkew => readings.clock_skew_ms.ok_or(Reason::TooEarly),
        CheckKind::Uptime => {
            told(readings.uptime_seconds.and_then(|seconds| i64::try_from(seconds / 86_400).ok()?.checked_mul(1000)))
        }
        CheckKind::AgentMemory => told(readings.agent_resident_bytes.and_then(|bytes| scaled(bytes, 1000, MIB))),
        CheckKind::DiskWear => told(readings.disk_lives.iter().filter_map(life_used).max()),
        CheckKind::AgentCpu => {
            let (used, age) = told_pair(readings.agent_cpu_ms, readings.agent_age_ms)?;
            if age < AGENT_AGE_MS_MIN { Err(Reason::TooEarly) } else { told(scaled(used, 1_000_000, age)) }
        }
    }
}

fn told_pair(one: Option<u64>, other: Option<u64>) -> Result<(u64, u64), Reason> {
    one.zip(other).ok_or(Reason::NotReported)
}

/// The capacity lost, in thousandths of a percent; nothing for capacities that make no sense.
fn wear(battery: &BatteryReading) -> Option<i64> {
    let left = share(battery.full?, battery.design.filter(|design| *design > 0)?)?;
    Some((100_000 - left).max(0))
}

/// The life used, in thousandths of a percent: of a tenth its beginning, so that a new disk has used nothing.
fn life_used(life: &DiskLife) -> Option<i64> {
    let percent = match life {
        DiskLife::Used(percent) => Some(i64::from(*percent)),
        DiskLife::Emmc { estimates, .. } => {
            estimates.iter().filter(|tenth| (1..=11).contains(*tenth)).map(|tenth| i64::from(tenth - 1) * 10).max()
        }
    };
    percent.map(|percent| percent * 1000)
}

/// The check with what flash says of its reserve: spare blocks are no share of the life, so they warn and leave the value alone.
fn reserve_noted(check: Check, readings: &Readings) -> Check {
    if check.kind != CheckKind::DiskWear || check.status >= Status::Warning {
        return check;
    }
    let used = |life: &DiskLife| match life {
        DiskLife::Emmc { reserve: 2, .. } => Some(80),
        DiskLife::Emmc { reserve: 3, .. } => Some(90),
        _ => None,
    };
    match readings.disk_lives.iter().filter_map(used).max() {
        Some(used) => Check { status: Status::Warning, reason: Reason::ReserveUsed, threshold: Some(used), ..check },
        None => check,
    }
}

/// A part of a whole, in thousandths of a percent.
fn share(part: u64, whole: u64) -> Option<i64> {
    scaled(part, 100_000, whole)
}

fn scaled(number: u64, by: u64, over: u64) -> Option<i64> {
    i64::try_from((u128::from(number) * u128::from(by)).checked_div(u128::from(over))?).ok()
}

/// Thousandths of a unit to the nearest step of the unit; the lower one of two.
fn rounded(thousandths: i64, step: i64) -> i64 {
    let width = step * 1000;
    thousandths.saturating_add(width / 2 - i64::from(thousandths >= 0)).div_euclid(width) * step
}

fn judged(kind: CheckKind, value: i64) -> Check {
    let (status, reason, threshold) = match limits(kind) {
        Limits::AtOrAbove(warning, critical) => match value.saturating_abs() {
            v if v >= critical => (Status::Critical, Reason::AtOrAbove, critical),
            v if v >= warning => (Status::Warning, Reason::AtOrAbove, warning),
            _ => (Status::Ok, Reason::WithinLimits, warning),
        },
        Limits::Below(warning, critical) => match value {
            v if v < critical => (Status::Critical, Reason::Below, critical),
            v if v < warning => (Status::Warning, Reason::Below, warning),
            _ => (Status::Ok, Reason::WithinLimits, warning),
        },
    };
    Check { kind, status, reason, value: Some(value), unit: kind.unit(), threshold: Some(threshold) }
}

/// The last report's check again, while the number is near it and nothing got worse.
fn held(new: Check, before: Option<&Check>, thousandths: i64) -> Check {
    let near = |old: &&Check| {
        old.value
            .and_then(|value| value.checked_mul(1000))
            .is_some_and(|value| thousandths.abs_diff(value) < margin(new.kind).unsigned_abs() * 1000)
    };
    match before.filter(near) {
        // Judged anew: a threshold may have moved with a new agent.
        Some(old) if old.status >= new.status => old.value.map_or(new, |value| judged(new.kind, value)),
        _ => new,
    }
}

fn volume(kind: VolumeKind, room: Room, before: Option<&Volume>) -> Volume {
    let (size_gib, free_gib) = (room.size_bytes / GIB, room.free_bytes / GIB);
    // A hundredth of the volume, and at least one GiB, is wavering.
    let near = |old: &&Volume| old.size_gib == size_gib && old.free_gib.abs_diff(free_gib) <= (size_gib / 100).max(1);
    before.filter(near).copied().unwrap_or(Volume { kind, size_gib, free_gib })
}

#[cfg(test)]
mod tests;
