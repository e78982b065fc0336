//! The sections `system` and `packages`.

use super::{ConvertError, list, message, text};
use crate::v1;
use model::inventory::{PACKAGES_MAX, Package, PackageManager, Packages, System, package_text, program_text};
use prost::Message as _;

/// The section's bytes.
#[must_use]
pub fn system_encode(system: &System) -> Vec<u8> {
    v1::System {
        os_id: system.os_id.clone(),
        os_name: system.os_name.clone(),
        os_version: system.os_version.clone(),
        os_build: system.os_build.clone(),
        kernel: system.kernel.clone(),
        architecture: system.architecture.clone(),
        time_zone: system.time_zone.clone(),
        reboot_pending: system.reboot_pending,
        agent_version: system.agent_version.clone(),
    }
    .encode_to_vec()
}

/// The facts in the section's bytes.
///
/// # Errors
/// [`ConvertError`] for bytes that are no such section, or go beyond its limits.
pub fn system_decode(bytes: &[u8]) -> Result<System, ConvertError> {
    let wire: v1::System = message(bytes)?;
    Ok(System {
        os_id: text(wire.os_id, "os_id")?,
        os_name: text(wire.os_name, "os_name")?,
        os_version: text(wire.os_version, "os_version")?,
        os_build: text(wire.os_build, "os_build")?,
        kernel: text(wire.kernel, "kernel")?,
        architecture: text(wire.architecture, "architecture")?,
        time_zone: text(wire.time_zone, "time_zone")?,
        reboot_pending: wire.reboot_pending,
        agent_version: text(wire.agent_version, "agent_version")?,
    })
}

/// The section's bytes: names and versions as two lists, because alike things stand together and compress better.
#[must_use]
pub fn packages_encode(packages: &Packages) -> Vec<u8> {
    let manager = match packages.manager {
        None => v1::PackageManager::Unspecified,
        Some(PackageManager::Dpkg) => v1::PackageManager::Dpkg,
        Some(PackageManager::Rpm) => v1::PackageManager::Rpm,
        Some(PackageManager::Apk) => v1::PackageManager::Apk,
        Some(PackageManager::Pacman) => v1::PackageManager::Pacman,
        Some(PackageManager::Windows) => v1::PackageManager::Windows,
    };
    let installed = packages.installed.as_ref().map(|list| v1::PackageList {
        names: list.iter().map(|package| package.name.clone()).collect(),
        versions: list.iter().map(|package| package.version.clone()).collect(),
    });
    v1::Packages { manager: manager.into(), installed, left_out: packages.left_out }.encode_to_vec()
}

/// The facts in the section's bytes.
///
/// # Errors
/// [`ConvertError`] for bytes that are no such section, or go beyond its limits.
pub fn packages_decode(bytes: &[u8]) -> Result<Packages, ConvertError> {
    let wire: v1::Packages = message(bytes)?;
    let manager = match wire.manager() {
        v1::PackageManager::Unspecified => None,
        v1::PackageManager::Dpkg => Some(PackageManager::Dpkg),
        v1::PackageManager::Rpm => Some(PackageManager::Rpm),
        v1::PackageManager::Apk => Some(PackageManager::Apk),
        v1::PackageManager::Pacman => Some(PackageManager::Pacman),
        v1::PackageManager::Windows => Some(PackageManager::Windows),
    };
    let text = if manager == Some(PackageManager::Windows) { program_text } else { package_text };
    let installed = wire.installed.map(|list| installed_decode(list, text)).transpose()?;
    Ok(Packages { manager, installed, left_out: wire.left_out })
}

fn installed_decode(wire: v1::PackageList, text: fn(&str) -> Option<&str>) -> Result<Vec<Package>, ConvertError> {
    if wire.names.len() != wire.versions.len() {
        return Err(ConvertError::invalid("versions"));
    }
    let pairs = wire.names.into_iter().zip(wire.versions).collect();
    list(pairs, PACKAGES_MAX, "names", |(name, version)| {
        text(&name).ok_or(ConvertError::invalid("names"))?;
        text(&version).ok_or(ConvertError::invalid("versions"))?;
        Ok(Package { name, version })
    })
}
