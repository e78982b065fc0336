//! Who made the machine: SMBIOS as the kernel shows it, or the device tree of a board without SMBIOS.

use super::root::Root;
use crate::platform::evidence::firmware_date;
use model::device::Claims;
use model::inventory::{Chassis, Firmware};

const DMI: &str = "sys/class/dmi/id";
const TREE: &str = "sys/firmware/devicetree/base";

/// What the firmware tells.
pub(super) struct Dmi {
    pub(super) claims: Claims,
    pub(super) chassis: Option<Chassis>,
    pub(super) firmware: Firmware,
}

pub(super) fn read(root: &Root) -> Dmi {
    let told = |field: &str| root.evidence(&format!("{DMI}/{field}"));
    let maker = told("sys_vendor").or_else(|| told("board_vendor"));
    let model = told("product_name").or_else(|| told("board_name"));
    let tree = |field: &str| root.evidence(&format!("{TREE}/{field}"));
    let claims = Claims {
        model: lenovo_model(maker.as_deref(), model, told("product_version")).or_else(|| tree("model")),
        maker: maker.or_else(|| tree_maker(root)),
        serial: told("product_serial").or_else(|| tree("serial-number")),
        system_uuid: told("product_uuid").filter(|text| uuid::Uuid::try_parse(text).is_ok()),
    };
    Dmi {
        claims: claims.cleaned(),
        chassis: root.number(&format!("{DMI}/chassis_type")).and_then(chassis).or_else(|| tree_chassis(root)),
        firmware: Firmware {
            version: told("bios_version"),
            date: root.text(&format!("{DMI}/bios_date")).and_then(|text| firmware_date(text.trim())),
        },
    }
}

/// Lenovo writes the machine type where others write the name, and the name into the version.
fn lenovo_model(maker: Option<&str>, name: Option<String>, version: Option<String>) -> Option<String> {
    match (name, version) {
        (Some(name), Some(version)) if maker.is_some_and(|m| m.eq_ignore_ascii_case("lenovo")) && name != version => {
            Some(format!("{version} ({name})"))
        }
        (name, _) => name,
    }
}

/// The vendor prefix of the first `compatible` string (Devicetree Specification 0.4, 2.3.1).
fn tree_maker(root: &Root) -> Option<String> {
    let compatible = root.text(&format!("{TREE}/compatible"))?;
    compatible.split('\0').next()?.split_once(',').and_then(|(vendor, _)| crate::platform::evidence::evidence(vendor))
}

/// SMBIOS 3.7, 7.4.1; the highest bit says whether the case has a lock.
fn chassis(code: u8) -> Option<Chassis> {
    Some(match code & 0x7f {
        3..=7 | 15 | 16 | 24 => Chassis::Desktop,
        35 | 36 => Chassis::Mini,
        13 => Chassis::AllInOne,
        8..=10 | 14 => Chassis::Laptop,
        31 | 32 => Chassis::Convertible,
        11 | 30 => Chassis::Tablet,
        17 | 23 | 25 | 28 | 29 => Chassis::Server,
        1 | 12 | 18..=22 | 26 | 27 | 33 | 34 => Chassis::Other,
        _ => return None,
    })
}

/// Devicetree Specification 0.4, 3.2 (`chassis-type`).
fn tree_chassis(root: &Root) -> Option<Chassis> {
    match root.text(&format!("{TREE}/chassis-type"))?.trim_end_matches('\0') {
        "desktop" => Some(Chassis::Desktop),
        "laptop" => Some(Chassis::Laptop),
        "convertible" => Some(Chassis::Convertible),
        "tablet" => Some(Chassis::Tablet),
        "server" => Some(Chassis::Server),
        "all-in-one" => Some(Chassis::AllInOne),
        _ => Some(Chassis::Other),
    }
}
