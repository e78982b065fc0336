//! The section `health`.

use super::{ConvertError, list, message};
use crate::v1;
use model::health::{CHECKS_MAX, Check, CheckKind, Health, Reason, Status, Volume, VolumeKind};
use prost::Message as _;

/// The section's bytes.
#[must_use]
pub fn health_encode(health: &Health) -> Vec<u8> {
    let check = |check: &Check| v1::Check {
        kind: kind_encode(check.kind).into(),
        status: status_encode(check.status).into(),
        reason: reason_encode(check.reason).into(),
        value: check.value,
        threshold: check.threshold,
    };
    let volume = |volume: &Volume| v1::Volume {
        kind: match volume.kind {
            VolumeKind::System => v1::VolumeKind::System,
            VolumeKind::Home => v1::VolumeKind::Home,
        }
        .into(),
        size_gib: volume.size_gib,
        free_gib: volume.free_gib,
    };
    v1::Health {
        checks: health.checks.iter().map(check).collect(),
        volumes: health.volumes.iter().map(volume).collect(),
    }
    .encode_to_vec()
}

/// The facts in the section's bytes; checks and volumes of kinds this program does not know are left out.
///
/// # Errors
/// [`ConvertError`] for bytes that are no such section, or go beyond its limits.
pub fn health_decode(bytes: &[u8]) -> Result<Health, ConvertError> {
    let wire: v1::Health = message(bytes)?;
    let checks = list(wire.checks, CHECKS_MAX, "checks", |check| Ok(check_decode(&check)))?;
    let volumes = list(wire.volumes, CHECKS_MAX, "volumes", |volume| Ok(volume_decode(&volume)))?;
    Ok(Health { checks: checks.into_iter().flatten().collect(), volumes: volumes.into_iter().flatten().collect() })
}

fn check_decode(check: &v1::Check) -> Option<Check> {
    let kind = kind_decode(check.kind())?;
    Some(Check {
        kind,
        status: match check.status() {
            v1::Status::Unspecified => Status::Unknown,
            v1::Status::Ok => Status::Ok,
            v1::Status::Warning => Status::Warning,
            v1::Status::Critical => Status::Critical,
        },
        reason: match check.reason() {
            v1::Reason::Unspecified => Reason::Other,
            v1::Reason::WithinLimits => Reason::WithinLimits,
            v1::Reason::AtOrAbove => Reason::AtOrAbove,
            v1::Reason::Below => Reason::Below,
            v1::Reason::NotReported => Reason::NotReported,
            v1::Reason::NotFitted => Reason::NotFitted,
            v1::Reason::TooEarly => Reason::TooEarly,
            v1::Reason::ReserveUsed => Reason::ReserveUsed,
        },
        value: check.value,
        unit: kind.unit(),
        threshold: check.threshold,
    })
}

fn volume_decode(volume: &v1::Volume) -> Option<Volume> {
    let kind = match volume.kind() {
        v1::VolumeKind::Unspecified => return None,
        v1::VolumeKind::System => VolumeKind::System,
        v1::VolumeKind::Home => VolumeKind::Home,
    };
    Some(Volume { kind, size_gib: volume.size_gib, free_gib: volume.free_gib })
}

const fn status_encode(status: Status) -> v1::Status {
    match status {
        Status::Unknown => v1::Status::Unspecified,
        Status::Ok => v1::Status::Ok,
        Status::Warning => v1::Status::Warning,
        Status::Critical => v1::Status::Critical,
    }
}

const fn reason_encode(reason: Reason) -> v1::Reason {
    match reason {
        Reason::Other => v1::Reason::Unspecified,
        Reason::WithinLimits => v1::Reason::WithinLimits,
        Reason::AtOrAbove => v1::Reason::AtOrAbove,
        Reason::Below => v1::Reason::Below,
        Reason::NotReported => v1::Reason::NotReported,
        Reason::NotFitted => v1::Reason::NotFitted,
        Reason::TooEarly => v1::Reason::TooEarly,
        Reason::ReserveUsed => v1::Reason::ReserveUsed,
    }
}

const fn kind_encode(kind: CheckKind) -> v1::CheckKind {
    match kind {
        CheckKind::BatteryWear => v1::CheckKind::BatteryWear,
        CheckKind::DiskSystem => v1::CheckKind::DiskSystem,
        CheckKind::DiskHome => v1::CheckKind::DiskHome,
        CheckKind::Temperature => v1::CheckKind::Temperature,
        CheckKind::MemoryPressure => v1::CheckKind::MemoryPressure,
        CheckKind::MemoryAvailable => v1::CheckKind::MemoryAvailable,
        CheckKind::ClockSkew => v1::CheckKind::ClockSkew,
        CheckKind::Uptime => v1::CheckKind::Uptime,
        CheckKind::AgentMemory => v1::CheckKind::AgentMemory,
        CheckKind::AgentCpu => v1::CheckKind::AgentCpu,
        CheckKind::DiskWear => v1::CheckKind::DiskWear,
    }
}

const fn kind_decode(kind: v1::CheckKind) -> Option<CheckKind> {
    Some(match kind {
        v1::CheckKind::Unspecified => return None,
        v1::CheckKind::BatteryWear => CheckKind::BatteryWear,
        v1::CheckKind::DiskSystem => CheckKind::DiskSystem,
        v1::CheckKind::DiskHome => CheckKind::DiskHome,
        v1::CheckKind::Temperature => CheckKind::Temperature,
        v1::CheckKind::MemoryPressure => CheckKind::MemoryPressure,
        v1::CheckKind::MemoryAvailable => CheckKind::MemoryAvailable,
        v1::CheckKind::ClockSkew => CheckKind::ClockSkew,
        v1::CheckKind::Uptime => CheckKind::Uptime,
        v1::CheckKind::AgentMemory => CheckKind::AgentMemory,
        v1::CheckKind::AgentCpu => CheckKind::AgentCpu,
        v1::CheckKind::DiskWear => CheckKind::DiskWear,
    })
}
