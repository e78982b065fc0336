//! Who made the machine: SMBIOS as Windows shows it.

use super::registry;
use crate::platform::evidence::{evidence, firmware_date};
use model::device::Claims;
use model::inventory::Firmware;
use sysinfo::Product;

const BIOS: &str = r"HARDWARE\DESCRIPTION\System\BIOS";

/// What the firmware tells.
pub(super) struct Told {
    pub(super) claims: Claims,
    pub(super) firmware: Firmware,
}

pub(super) fn read() -> Told {
    let bios = registry::key(BIOS);
    let text = |name: &str| bios.as_ref().and_then(|key| registry::text(key, name));
    let claims = Claims {
        maker: text("SystemManufacturer").or_else(|| text("BaseBoardManufacturer")),
        model: text("SystemProductName").or_else(|| text("BaseBoardProduct")),
        serial: Product::serial_number().ok().and_then(|serial| evidence(&serial)),
        system_uuid: Product::uuid().ok().filter(|text| uuid::Uuid::try_parse(text).is_ok()),
    };
    Told {
        claims: claims.cleaned(),
        firmware: Firmware {
            version: text("BIOSVersion"),
            date: text("BIOSReleaseDate").and_then(|date| firmware_date(&date)),
        },
    }
}
