//! How what an act is about stands, at the moment it is proposed and at the moment somebody agrees.

use super::Deed;
use crate::assignment::{ASSIGNMENTS, Assignment, Target, Wish};
use crate::class::class_seen;
use crate::device::{Reason, device_get};
use crate::error::Result;
use crate::fetching::FETCH_POLICIES;
use crate::policy::policy_get;
use crate::release::RELEASES;
use crate::rules::{CADENCES, EVERYWHERE};
use crate::store::{Revision, Store};
use model::class::Class;
use model::device::JoinState;
use model::id::{DeviceId, TerritoryId};
use model::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What an act was proposed over; when it has changed since, agreeing would undo what somebody decided meanwhile.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// How each device stood.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    devices: BTreeMap<DeviceId, Standing>,
    /// When the cadence was last set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cadence: Option<Revision>,
    /// When the way of fetching was last set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    fetching: Option<Revision>,
    /// What was said of the bundle for each target.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    assigned: BTreeMap<Target, Assignment>,
    /// Which class was written on each thing.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    classes: BTreeMap<String, Option<Class>>,
    /// When the release was last set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    release: Option<Revision>,
    /// When the layer of the policy was last written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    policy: Option<Revision>,
}

/// What decisions about a device are about: its state, why, and whether it is there twice.
type Standing = (JoinState, Option<Reason>, Option<Timestamp>);

/// How what the act is about stands at this moment.
pub(super) async fn seen(store: &dyn Store, territory: &TerritoryId, deed: &Deed) -> Result<Seen> {
    let mut seen = Seen::default();
    match deed {
        Deed::Release(rule) => {
            seen.release = RELEASES.get(store, territory, EVERYWHERE).await?.map(|row| row.revision);
            seen.assigned = assigned(store, territory, &rule.wish()).await?;
        }
        Deed::Cadence(_) => seen.cadence = CADENCES.get(store, territory, EVERYWHERE).await?.map(|row| row.revision),
        Deed::Fetching(_) => {
            seen.fetching = FETCH_POLICIES.get(store, territory, EVERYWHERE).await?.map(|row| row.revision);
        }
        Deed::Policy(wish) => {
            seen.policy = policy_get(store, territory, &wish.layer).await?.map(|row| row.revision);
        }
        Deed::Class(wish) => seen.classes = class_seen(store, territory, wish).await?,
        Deed::Assign(wish) => seen.assigned = assigned(store, territory, wish).await?,
        Deed::Decide { devices, .. } => {
            for id in devices {
                let device = device_get(store, territory, *id).await?.value;
                seen.devices.insert(*id, (device.state, device.reason, device.cloned));
            }
        }
    }
    Ok(seen)
}

/// What is said for each target of a wish.
async fn assigned(store: &dyn Store, territory: &TerritoryId, wish: &Wish) -> Result<BTreeMap<Target, Assignment>> {
    let mut assigned = BTreeMap::new();
    for target in &wish.targets {
        let row = ASSIGNMENTS.get(store, territory, format!("{}/{target}", wish.bundle)).await?;
        assigned.extend(row.map(|row| (target.clone(), row.value)));
    }
    Ok(assigned)
}
