//! Which release of the agent the devices of a territory are to run. Who made it is not decided here: devices ask the product's own root.

use crate::table::{Intent, Table};
use model::resource::ReleaseWanted;
use serde::{Deserialize, Serialize};

/// The territory's rule, under the id [`crate::rules::EVERYWHERE`].
pub static RELEASES: Table<ReleaseRule, Intent> = Table::new("agent_release");

/// It stays when nothing is wanted any more, so that its revision does.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReleaseRule {
    /// Which; none: what runs stays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release: Option<ReleaseWanted>,
}
