//! Devices as equipment: what was bought, whose it is, where it stands in its life.

mod bind;
mod find;
mod missing;
mod receive;
mod step;
#[cfg(test)]
mod tests;

pub(crate) use bind::{Follow, asset_expected, asset_follow, bound, wiped_by_identity};
pub use bind::{asset_bind, asset_unbind};
pub use find::{
    AssetFilter, CODE_CHARS, NUMBER_CHARS_MAX, asset_find, asset_get, asset_page, code_of, number_read, serial_assets,
};
pub(crate) use find::{assets_named, serial_numbers};
pub use missing::asset_missing;
pub use receive::{AssetWish, RECEIVE_MAX, Received, Receiving, asset_receive};
pub use step::{STEPS, asset_move, asset_step, asset_wipe_sign};
pub(crate) use step::{after, grant_put};

use crate::scope::Filed;
use crate::table::{Intent, Table};
use jiff::civil::Date;
use model::id::DeviceId;
use model::lifecycle::Lifecycle;
use model::measure::{FundingLine, Measure};
use model::owner::OwnerId;
use model::time::Timestamp;
use model::uai::Uai;
use serde::{Deserialize, Serialize};

/// Assets by inventory number.
pub static ASSETS: Table<Asset, Intent> = Table::new("asset");
/// The inventory number of a device's asset, by device id.
pub static ASSET_DEVICES: Table<String, Intent> = Table::new("asset_device");
/// The inventory number behind the opaque code of a label.
pub static ASSET_LABELS: Table<String, Intent> = Table::new("asset_label");
/// Inventory numbers by serial number: `<serial in lower case>/<inventory number>`.
pub static ASSET_SERIALS: Table<String, Intent> = Table::new("asset_serial");

/// A piece of equipment that is lent, put in a kit, or given to staff; with an agent on it or not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asset {
    /// The inventory number on its label, such as `TNE25-004217`; unique in the territory.
    pub number: String,
    /// The opaque code in the label's QR code.
    pub label: String,
    /// What it is, such as `laptop`.
    pub kind: String,
    /// Who made it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub maker: String,
    /// The model.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub model: String,
    /// The maker's serial number, empty when it has none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub serial: String,
    /// Whose it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<OwnerId>,
    /// Who runs it, where that is not its owner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operator: Option<OwnerId>,
    /// Where it is filed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub school: Option<Uai>,
    /// What it was bought for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub measure: Option<Measure>,
    /// From which money.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub funding: Option<FundingLine>,
    /// What it cost, in cents of a euro.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price_cents: Option<u32>,
    /// When it was bought.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purchased_on: Option<Date>,
    /// The last day of its warranty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warranty_until: Option<Date>,
    /// Where it stands in its life.
    pub lifecycle: Lifecycle,
    /// The loan epoch: grows with each act after which nothing ordered before may hold.
    pub epoch: u64,
    /// The device that runs on it, once it has enrolled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<DeviceId>,
    /// When its last use ended: a loan, a kit, an assignment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub used_until: Option<Timestamp>,
    /// Its latest wipe certificate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wiped: Option<Wipe>,
    /// The day it was received.
    pub received: Timestamp,
}

/// What counts as a wipe certificate (domain.md, "Loan").
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wipe {
    /// When.
    pub at: Timestamp,
    /// How it is known.
    pub how: Wiped,
}

/// How it is known that a device was wiped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wiped {
    /// It enrolled again with a new identity key, after a reinstallation; this is the key's generation.
    Reenrolled(u32),
    /// A technician said so, and why.
    Signed {
        /// Who.
        by: String,
        /// Why.
        why: String,
    },
}

impl Asset {
    /// Where it is filed.
    #[must_use]
    pub fn filed(&self) -> Filed {
        Filed { owner: self.owner.clone(), school: self.school }
    }

    /// Whether nothing of its last user is left on it, as far as is on record.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.used_until.is_none_or(|until| self.wiped.as_ref().is_some_and(|wipe| wipe.at > until))
    }
}
