//! How a device is: each look is a list of checks with the number seen and the threshold that decided.
//!
//! Reasons are codes and numbers: the programs people use put them into their language.

use serde::{Deserialize, Serialize};

/// The most checks or volumes in one report.
pub const CHECKS_MAX: usize = 64;

/// How a device is.
///
/// Numbers are rounded ([`CheckKind::step`]) and held while they waver, so that an unchanged device keeps an unchanged
/// section.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    /// One entry a kind, in the order of [`CheckKind::ALL`].
    pub checks: Vec<Check>,
    /// The volumes looked at.
    pub volumes: Vec<Volume>,
}

/// One thing looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// What was looked at.
    pub kind: CheckKind,
    /// What came of it.
    pub status: Status,
    /// Why.
    pub reason: Reason,
    /// The number seen, in [`unit`](Self::unit); nothing when the machine does not tell.
    pub value: Option<i64>,
    /// The unit of value and threshold.
    pub unit: Unit,
    /// The threshold that decided: the one crossed, or the nearest one when none was.
    pub threshold: Option<i64>,
}

/// What is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckKind {
    /// How much of its design capacity the most worn battery has lost.
    BatteryWear,
    /// Free space where the system lives.
    DiskSystem,
    /// Free space where people's files live, when that is another volume.
    DiskHome,
    /// The hottest of the processor's and the board's sensors.
    Temperature,
    /// The share of the last five minutes in which something waited for memory.
    MemoryPressure,
    /// The share of memory that is available.
    MemoryAvailable,
    /// How far the device's clock is ahead of the server's.
    ClockSkew,
    /// Time since the last start.
    Uptime,
    /// The agent's resident memory.
    AgentMemory,
    /// The share of one processor the agent has used since it started.
    AgentCpu,
    /// How much of its rated life the most worn disk of its own has used.
    DiskWear,
}

/// What came of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// The machine does not tell.
    Unknown,
    /// Nothing to do.
    Ok,
    /// To be looked at.
    Warning,
    /// To be acted upon.
    Critical,
}

/// Why a check has its status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// A reason this program does not know, from a newer agent.
    Other,
    /// Neither threshold is crossed.
    WithinLimits,
    /// At or above the threshold.
    AtOrAbove,
    /// Below the threshold.
    Below,
    /// The machine does not tell.
    NotReported,
    /// The machine has no such thing.
    NotFitted,
    /// The agent has run for too short a time to tell.
    TooEarly,
    /// Of the disk's spare blocks at least the threshold is used.
    ReserveUsed,
}

/// The unit of a check's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Hundredths.
    Percent,
    /// Thousandths.
    Permille,
    /// Degrees Celsius.
    Celsius,
    /// Seconds.
    Seconds,
    /// Days of 24 hours.
    Days,
    /// Mebibytes, 2^20 bytes.
    Mebibytes,
}

/// A volume that was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Volume {
    /// What it is for.
    pub kind: VolumeKind,
    /// Its size, in GiB (2^30 bytes), rounded down.
    pub size_gib: u64,
    /// What is free for the system's users, in GiB, rounded down and held while it wavers.
    pub free_gib: u64,
}

/// What a volume is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VolumeKind {
    /// The system, and people's files when they have no volume of their own.
    System,
    /// People's files.
    Home,
}

impl CheckKind {
    /// Every kind, in the order of their numbers on the wire.
    pub const ALL: [Self; 11] = [
        Self::BatteryWear,
        Self::DiskSystem,
        Self::DiskHome,
        Self::Temperature,
        Self::MemoryPressure,
        Self::MemoryAvailable,
        Self::ClockSkew,
        Self::Uptime,
        Self::AgentMemory,
        Self::AgentCpu,
        Self::DiskWear,
    ];

    /// The name in tables, filters and message catalogues.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::BatteryWear => "battery_wear",
            Self::DiskSystem => "disk_system",
            Self::DiskHome => "disk_home",
            Self::Temperature => "temperature",
            Self::MemoryPressure => "memory_pressure",
            Self::MemoryAvailable => "memory_available",
            Self::ClockSkew => "clock_skew",
            Self::Uptime => "uptime",
            Self::AgentMemory => "agent_memory",
            Self::AgentCpu => "agent_cpu",
            Self::DiskWear => "disk_wear",
        }
    }

    /// The unit of its numbers.
    #[must_use]
    pub const fn unit(self) -> Unit {
        match self {
            Self::BatteryWear
            | Self::DiskSystem
            | Self::DiskHome
            | Self::MemoryPressure
            | Self::MemoryAvailable
            | Self::DiskWear => Unit::Percent,
            Self::Temperature => Unit::Celsius,
            Self::ClockSkew => Unit::Seconds,
            Self::Uptime => Unit::Days,
            Self::AgentMemory => Unit::Mebibytes,
            Self::AgentCpu => Unit::Permille,
        }
    }

    /// What its numbers are rounded to, in its unit.
    #[must_use]
    pub const fn step(self) -> i64 {
        match self {
            Self::BatteryWear
            | Self::DiskSystem
            | Self::DiskHome
            | Self::MemoryAvailable
            | Self::Uptime
            | Self::AgentCpu
            | Self::DiskWear => 1,
            Self::Temperature | Self::MemoryPressure => 5,
            Self::ClockSkew => 30,
            Self::AgentMemory => 4,
        }
    }
}

impl Status {
    /// The name in tables, filters and message catalogues.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }
}

impl Reason {
    /// The name in message catalogues.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Other => "other",
            Self::WithinLimits => "within_limits",
            Self::AtOrAbove => "at_or_above",
            Self::Below => "below",
            Self::NotReported => "not_reported",
            Self::NotFitted => "not_fitted",
            Self::TooEarly => "too_early",
            Self::ReserveUsed => "reserve_used",
        }
    }
}

impl Health {
    /// The worst status of all checks; unknown only when no check tells anything.
    #[must_use]
    pub fn overall(&self) -> Status {
        self.checks.iter().map(|check| check.status).max().unwrap_or(Status::Unknown)
    }

    /// The check of this kind.
    #[must_use]
    pub fn check(&self, kind: CheckKind) -> Option<&Check> {
        self.checks.iter().find(|check| check.kind == kind)
    }

    /// The volume of this kind.
    #[must_use]
    pub fn volume(&self, kind: VolumeKind) -> Option<&Volume> {
        self.volumes.iter().find(|volume| volume.kind == kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_known_status_counts() {
        let check = |status| Check {
            kind: CheckKind::Uptime,
            status,
            reason: Reason::Other,
            value: None,
            unit: Unit::Days,
            threshold: None,
        };
        let of =
            |all: &[Status]| Health { checks: all.iter().copied().map(check).collect(), volumes: vec![] }.overall();
        assert_eq!(of(&[]), Status::Unknown);
        assert_eq!(of(&[Status::Unknown, Status::Ok]), Status::Ok);
        assert_eq!(of(&[Status::Warning, Status::Critical, Status::Ok]), Status::Critical);
        for kind in CheckKind::ALL {
            assert_eq!(serde_json::to_string(&kind).unwrap(), format!("{:?}", kind.name()));
        }
    }
}
