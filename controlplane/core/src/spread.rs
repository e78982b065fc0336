//! How far a bundle is: each device that is to hold it, by what it says of itself. What nobody saw in place is not there.

use crate::error::Result;
use crate::facts::facts_from;
use crate::filing::{Near, Walk};
use crate::plan::plan;
use crate::presence::{Condition, ConditionState, presence_seen};
use crate::rules::Rules;
use crate::scope::Reach;
use crate::store::{PAGE_MAX, Store};
use model::device::JoinState;
use model::id::{DeviceId, TerritoryId};
use model::resource::{BundleName, BundleVersion};
use model::time::Timestamp;
use std::collections::BTreeMap;
use std::time::Duration;

/// A device that has not been heard for so long says nothing of how it stands.
pub const UNREACHABLE_AFTER: Duration = Duration::from_secs(7 * 86_400);

/// Where a device stands with a bundle that it is to hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stand {
    /// The version that it is to hold was seen in place.
    InPlace,
    /// It is on its way.
    Downloading,
    /// It has not begun, or waits for hours, a link or a charge.
    Waiting,
    /// It cannot be.
    Failed,
    /// It is not for this device as it is: no room, another system.
    Skipped,
    /// The device has not been heard for a week.
    Unreachable,
}

/// By what devices are counted together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Where they are filed.
    School,
    /// Whose they are.
    Owner,
    /// Which class they serve.
    Class,
}

/// The devices of a place, by where they stand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Spread {
    counts: BTreeMap<Stand, u32>,
    /// Bytes that came from outside.
    pub wan_bytes: u64,
    /// Bytes that came from devices of the school.
    pub lan_bytes: u64,
    /// Bytes that came from media.
    pub medium_bytes: u64,
}

impl Spread {
    /// How many stand there.
    #[must_use]
    pub fn count(&self, stand: Stand) -> u32 {
        self.counts.get(&stand).copied().unwrap_or_default()
    }

    /// How many are to hold it.
    #[must_use]
    pub fn targeted(&self) -> u32 {
        self.counts.values().sum()
    }
}

/// Where a device stands that is to hold this version, and says this of the bundle.
#[must_use]
pub fn stand_of(wanted: &BundleVersion, said: Option<&Condition>, silent: Duration) -> Stand {
    let is_there = |said: &Condition| said.state == ConditionState::Held && said.version == wanted.to_string();
    match said {
        // What was seen in place does not go away because a device is switched off.
        Some(said) if is_there(said) => Stand::InPlace,
        _ if silent >= UNREACHABLE_AFTER => Stand::Unreachable,
        None => Stand::Waiting,
        Some(said) => match (said.state, said.reason.as_str()) {
            (ConditionState::Failed, _) => Stand::Failed,
            (ConditionState::Skipped, _) => Stand::Skipped,
            (ConditionState::Pending, "downloading" | "verifying" | "staged" | "trial") => Stand::Downloading,
            // Held in another version: it has not heard of this one yet.
            (ConditionState::Pending | ConditionState::Held, _) => Stand::Waiting,
        },
    }
}

/// How far a bundle is at each school, each owner's or in each class; places where nobody is to hold it are left out.
///
/// # Errors
/// `Unavailable` when the store fails.
#[allow(clippy::too_many_arguments, reason = "each is a plain value of one call")]
pub async fn spread_of(
    store: &dyn Store,
    territory: &TerritoryId,
    reach: &Reach,
    rules: &Rules,
    bundle: &BundleName,
    by: Place,
    now: Timestamp,
    heard: &(dyn Fn(DeviceId) -> Option<Timestamp> + Sync),
) -> Result<BTreeMap<String, Spread>> {
    let mut walk = Walk::begin(store, territory, &Near::within(reach), "").await?;
    let mut places = BTreeMap::<String, Spread>::new();
    loop {
        let Some(page) = walk.next(store, territory, PAGE_MAX).await? else { return Ok(places) };
        let meant = |state: JoinState| state != JoinState::Revoked;
        for row in page.into_iter().filter(|row| meant(row.value.state) && reach.covers(&row.value.filed())) {
            let (facts, _) = facts_from(store, territory, &row.value).await?;
            let planned = plan(rules, &facts).plan;
            let Some(wanted) = planned.version_of(bundle) else { continue };
            let (presence, seen) = presence_seen(store, territory, row.value.id).await?;
            let seen = seen.max(heard(row.value.id).unwrap_or_default());
            let conditions = presence.and_then(|presence| presence.observed).map(|o| o.conditions).unwrap_or_default();
            let said = conditions.iter().find(|condition| condition.item == bundle.item());
            let place = match by {
                Place::School => facts.school.map(|school| school.to_string()),
                Place::Owner => facts.owner.map(|owner| owner.to_string()),
                Place::Class => facts.class.map(|class| class.to_string()),
            };
            let spread = places.entry(place.unwrap_or_default()).or_default();
            *spread.counts.entry(stand_of(wanted, said, now.since(seen))).or_default() += 1;
            spread.wan_bytes = spread.wan_bytes.saturating_add(said.map_or(0, |said| said.wan_bytes));
            spread.lan_bytes = spread.lan_bytes.saturating_add(said.map_or(0, |said| said.lan_bytes));
            spread.medium_bytes = spread.medium_bytes.saturating_add(said.map_or(0, |said| said.medium_bytes));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn in_place_is_what_was_seen_and_who_is_silent_has_not_failed() {
        let said = |state, version: &str, reason: &str| Condition {
            item: "bundle eau".to_owned(),
            state,
            reason: reason.to_owned(),
            epoch: 0,
            version: version.to_owned(),
            bytes: 0,
            of_bytes: 0,
            wan_bytes: 0,
            lan_bytes: 0,
            medium_bytes: 0,
            since: Timestamp::default(),
        };
        let wanted: BundleVersion = "2".parse().unwrap();
        let stand = |said: Option<Condition>, silent| stand_of(&wanted, said.as_ref(), silent);
        use ConditionState::{Failed, Held, Pending, Skipped};
        for (condition, expected) in [
            (None, Stand::Waiting),
            (Some(said(Held, "2", "")), Stand::InPlace),
            (Some(said(Held, "1", "")), Stand::Waiting),
            (Some(said(Pending, "2", "staged")), Stand::Downloading),
            (Some(said(Pending, "1", "waiting_hours")), Stand::Waiting),
            (Some(said(Failed, "1", "not_signed")), Stand::Failed),
            (Some(said(Skipped, "", "disk")), Stand::Skipped),
        ] {
            assert_eq!(stand(condition.clone(), Duration::ZERO), expected, "{condition:?}");
            let silent = if expected == Stand::InPlace { expected } else { Stand::Unreachable };
            assert_eq!(stand(condition, UNREACHABLE_AFTER), silent);
        }
    }
}
