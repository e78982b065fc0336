//! When a device was last heard, and what it said it holds.

use crate::error::Result;
use crate::store::Store;
use crate::table::{Observed, Table};
use model::desired::Generation;
use model::digest::Digest;
use model::id::{BootId, DeviceId, TerritoryId};
use model::section::{SectionKind, Sections, sections_root};
use model::time::Timestamp;
use serde::{Deserialize, Serialize};

/// Presences by device id, written with each report.
pub static PRESENCES: Table<Presence, Observed> = Table::new("presence");

/// Last contacts by device id, written in batches by the control plane alone, so that they never meet a report's write.
pub static CONTACTS: Table<Timestamp, Observed> = Table::new("contact");

/// When a device was last heard, as far as the store knows; the beginning of time when never.
///
/// # Errors
/// `Unavailable` when the store fails.
pub async fn last_seen(store: &dyn Store, territory: &TerritoryId, id: DeviceId) -> Result<Timestamp> {
    presence_seen(store, territory, id).await.map(|(_, seen)| seen)
}

/// What a device said last, and when it was last heard, as far as the store knows.
///
/// # Errors
/// `Unavailable` when the store fails.
pub async fn presence_seen(
    store: &dyn Store,
    territory: &TerritoryId,
    id: DeviceId,
) -> Result<(Option<Presence>, Timestamp)> {
    let presence = PRESENCES.get(store, territory, id.to_string()).await?.map(|row| row.value);
    let contact = CONTACTS.get(store, territory, id.to_string()).await?.map(|row| row.value);
    let seen = presence.as_ref().map(|presence| presence.seen).max(contact).unwrap_or_default();
    Ok((presence, seen))
}

/// The most conditions a device may report.
pub const CONDITIONS_MAX: usize = 64;

/// What is remembered of a device's calls.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Presence {
    /// The last check-in, by the server's clock.
    pub seen: Timestamp,
    /// The boot it came from.
    pub boot: Option<BootId>,
    /// The last report that is durable.
    pub sequence: u64,
    /// The agent's version.
    pub agent_version: String,
    /// Whether it says that its machine is not the one that was enrolled.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub other_machine: bool,
    /// How far ahead its clock was, in milliseconds; `None` when it did not say.
    pub clock_ahead_ms: Option<i64>,
    /// What it holds, by its own account.
    pub observed: Option<ObservedState>,
    /// The sections kept, by kind.
    pub sections: Sections,
}

/// A device's account of its desired state.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObservedState {
    /// Of which generation.
    pub generation: Generation,
    /// Item by item.
    pub conditions: Vec<Condition>,
}

/// One item of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Condition {
    /// Which item.
    pub item: String,
    /// How it stands.
    pub state: ConditionState,
    /// A code that says why; empty when held. Of the loan, its stage.
    pub reason: String,
    /// Of the loan, the epoch of the grant; else 0.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub epoch: u64,
    /// Of a bundle, the version that is seen in place; empty when none is.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub version: String,
    /// Of a bundle, how much of the version that is wanted is there.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub bytes: u64,
    /// Of how much; 0 when that is not known yet.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub of_bytes: u64,
    /// Of a bundle, bytes that came from outside the school.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub wan_bytes: u64,
    /// And from devices of the school.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub lan_bytes: u64,
    /// And from a medium that was brought there.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub medium_bytes: u64,
    /// Since when it has stood so within one boot, by the server's clock; the beginning of time where nobody noted it.
    #[serde(default)]
    pub since: Timestamp,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// How an item stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConditionState {
    /// It holds.
    Held,
    /// Not yet.
    Pending,
    /// It cannot be.
    Failed,
    /// It is not for this device as it is.
    Skipped,
}

impl ObservedState {
    /// Notes since when each item has stood as it does: since `now`, unless the device said the same before in the same boot.
    ///
    /// A boot begins it anew, for who was switched off has not been slow.
    #[must_use]
    pub fn noted(mut self, before: Option<&Self>, same_boot: bool, now: Timestamp) -> Self {
        let said = |item: &str| before.filter(|_| same_boot)?.conditions.iter().find(|c| c.item == item);
        for condition in &mut self.conditions {
            let same = said(&condition.item).filter(|b| {
                (b.state, b.bytes) == (condition.state, condition.bytes)
                    && (&b.reason, &b.version) == (&condition.reason, &condition.version)
            });
            condition.since = same.map_or(now, |b| b.since);
        }
        self
    }
}

impl ConditionState {
    /// The name in messages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Pending => "pending",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }
}

/// What is remembered of a device between two calls without reading the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kept {
    /// The last report that is durable.
    pub sequence: u64,
    /// The digest over the digests of the sections kept.
    pub root: Digest,
}

impl Presence {
    /// The few facts a check-in is compared with.
    #[must_use]
    pub fn kept(&self) -> Kept {
        Kept { sequence: self.sequence, root: sections_root(&self.sections) }
    }
}

/// The sections the server wants in full: all after a gap in the sequence, none when both sides hold the same.
///
/// A repeated sequence is an answer that was lost, not a gap. When the roots differ without a gap, everything is asked for
/// too, for one digest does not say which section it is.
#[must_use]
pub fn sections_wanted(kept: Kept, sequence: u64, root: Digest) -> Vec<SectionKind> {
    let gap = sequence > kept.sequence.saturating_add(1);
    if gap || root != kept.root { SectionKind::ALL.to_vec() } else { Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_and_a_difference_ask_for_everything_and_a_repeat_for_nothing() {
        let kept = Kept { sequence: 4, root: Digest::of(b"a") };
        for (sequence, root, count) in
            [(4, "a", 0), (5, "a", 0), (3, "a", 0), (6, "a", 5), (4, "b", 5), (u64::MAX, "a", 5)]
        {
            assert_eq!(sections_wanted(kept, sequence, Digest::of(root.as_bytes())).len(), count);
        }
    }
}
