//! Kits: what is packed together for a classroom, by a template, and what is bound to it.

mod bind;
mod create;
mod moves;
mod page;
mod part;
#[cfg(test)]
mod tests;

pub use bind::{kit_bind, kit_loose};
pub(crate) use bind::{kit_claim, kit_has, kit_place, part_is};
pub use create::{KitWish, kit_create, kit_slot, template_get, template_list, template_put};
pub use moves::{Move, move_accept, move_dismiss, move_get, moves_page, sightings_note};
pub use page::{KitFilter, kit_bound, kit_find, kit_page};
pub use part::{Part, kit_part_find, kit_pass, kit_unbind};
pub(crate) use part::{device_of, device_put, kit_leave};

use crate::device::KitSlot;
use crate::scope::Filed;
use crate::table::{Intent, Table};
use model::class::Class;
use model::id::DeviceId;
use model::kit::Template;
use model::measure::{FundingLine, Measure};
use model::owner::OwnerId;
use model::time::Timestamp;
use model::uai::Uai;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Templates under `<name>/<version>`, the version as five digits.
pub static TEMPLATES: Table<Template, Intent> = Table::new("kit_template");
/// Kits by label, each with its parts: what is bound is judged and changed as a whole.
pub static KITS: Table<Kit, Intent> = Table::new("kit");
/// The kit and slot of an asset, by inventory number.
pub static KIT_PLACES: Table<KitSlot, Intent> = Table::new("kit_place");
/// The kit's label behind the opaque code on its case.
pub static KIT_CODES: Table<String, Intent> = Table::new("kit_code");

/// A kit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kit {
    /// The label on its case; unique in the territory.
    pub label: String,
    /// The opaque code on its case.
    pub code: String,
    /// Its template.
    pub template: String,
    /// The template's version.
    pub version: u32,
    /// Where it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub school: Option<Uai>,
    /// Whose it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<OwnerId>,
    /// Who runs it, where that is not its owner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operator: Option<OwnerId>,
    /// Which class of its school it serves, where that is written on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<Class>,
    /// What it was bought for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub measure: Option<Measure>,
    /// From which money.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub funding: Option<FundingLine>,
    /// What is bound to it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<KitPart>,
    /// How many parts without an inventory number lie in a slot.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub loose: BTreeMap<String, u16>,
    /// When it was composed.
    pub created: Timestamp,
}

/// A part of a kit: an asset, a device, or an asset with its device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KitPart {
    /// The slot.
    pub slot: String,
    /// The inventory number, when it is an asset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// The device, when it is one that enrolled before anything was known of it as equipment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<DeviceId>,
    /// Since when.
    pub at: Timestamp,
}

impl Kit {
    /// Where it is filed.
    #[must_use]
    pub fn filed(&self) -> Filed {
        Filed { owner: self.owner.clone(), school: self.school }
    }

    /// How many parts a slot has.
    #[must_use]
    pub fn count(&self, slot: &str) -> u16 {
        let bound = self.parts.iter().filter(|part| part.slot == slot).count();
        let loose = self.loose.get(slot).copied().unwrap_or_default();
        u16::try_from(bound).unwrap_or(u16::MAX).saturating_add(loose)
    }
}
