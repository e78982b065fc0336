//! One machine under two records: after a reinstallation the new identity takes the place of the old one, and gives it back if that
//! was a mistake.
//!
//! Nothing is thrown away: the old record is put out and remembers what it was and what it gave. One level only, so that there
//! is neither a chain to follow nor a circle to be caught in.

use crate::asset::{ASSET_DEVICES, Follow, asset_follow};
use crate::audit::{Act, Person};
use crate::device::{Device, Reason, device_get, revoked_check};
use crate::error::{Error, Result};
use crate::store::{Expect, SharedStore};
use crate::table::Writes;
use model::device::JoinState;
use model::id::{DeviceId, TerritoryId};
use model::time::Timestamp;
use serde::{Deserialize, Serialize};

/// The most records whose place one device takes.
pub const ABSORBED_MAX: usize = 32;

/// What a merged record needs to be as before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Merged {
    /// Which device took its place.
    pub into: DeviceId,
    /// When.
    pub at: Timestamp,
    /// The state it was in.
    pub state: JoinState,
    /// And why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// What the other one had not, and has from it.
    #[serde(default)]
    pub gave: Gave,
}

/// What was handed over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Gave {
    /// The establishment.
    pub school: bool,
    /// The owner.
    pub owner: bool,
    /// Kit and slot.
    pub kit: bool,
    /// The class that is written on it.
    pub class: bool,
    /// The asset it runs on.
    pub asset: bool,
}

/// Gives a device the place of another, which is put out.
///
/// # Errors
/// `NotFound`; `Invalid` when either is merged already, when the first stands for others, or when the second is revoked.
pub async fn device_merge(
    store: &SharedStore,
    territory: &TerritoryId,
    (old, new): (DeviceId, DeviceId),
    by: &Person,
    why: &str,
    now: Timestamp,
) -> Result<(Device, Device)> {
    let (from, into) =
        (device_get(store.as_ref(), territory, old).await?, device_get(store.as_ref(), territory, new).await?);
    let (mut merged, heir) = merge(&from.value, &into.value, now)?;
    if let Some(merged) = &mut merged.merged {
        let of = async |id: DeviceId| ASSET_DEVICES.get(store.as_ref(), territory, id.to_string()).await;
        merged.gave.asset = of(old).await?.is_some() && of(new).await?.is_none();
    }
    let act = Act::of(now, by, "device_merge", format!("{old} into {new}"), why);
    let writes = Writes::by(territory, &act)?.device(Some(&from.value), &merged, Expect::At(from.revision))?.device(
        Some(&into.value),
        &heir,
        Expect::At(into.revision),
    )?;
    // Another key on the same machine: it was reinstalled, and what it is lent for goes on under the new record.
    asset_follow(store.as_ref(), territory, writes, (old, &heir), Follow::Merged(heir.enrolled))
        .await?
        .commit(store)
        .await?;
    Ok((merged, heir))
}

/// Takes a merge back: both are as before, but for what was decided about the second one since.
///
/// # Errors
/// `NotFound`; `Invalid` for a device that is not merged.
pub async fn device_unmerge(
    store: &SharedStore,
    territory: &TerritoryId,
    id: DeviceId,
    by: &Person,
    why: &str,
    now: Timestamp,
) -> Result<(Device, Device)> {
    let from = device_get(store.as_ref(), territory, id).await?;
    let merged = from.value.merged.clone().ok_or_else(|| not_merged(id))?;
    let into = device_get(store.as_ref(), territory, merged.into).await?;
    let (old, new) = unmerge(&from.value, &into.value)?;
    let act = Act::of(now, by, "device_unmerge", format!("{id} from {}", merged.into), why);
    let writes = Writes::by(territory, &act)?.device(Some(&from.value), &old, Expect::At(from.revision))?.device(
        Some(&into.value),
        &new,
        Expect::At(into.revision),
    )?;
    let writes = if merged.gave.asset {
        asset_follow(store.as_ref(), territory, writes, (merged.into, &old), Follow::Unmerged(new.enrolled)).await?
    } else {
        writes
    };
    writes.commit(store).await?;
    Ok((old, new))
}

fn merge(old: &Device, new: &Device, now: Timestamp) -> Result<(Device, Device)> {
    let invalid = |text: String| Err(Error::Invalid(text));
    if old.id == new.id {
        return invalid("a device cannot be merged into itself".to_owned());
    }
    merged_check(old)?;
    revoked_check(new)?;
    if !old.absorbed.is_empty() {
        return invalid(format!("device {} stands for others itself; unmerge them first", old.id));
    }
    if new.absorbed.len() >= ABSORBED_MAX {
        return invalid(format!("a device takes the place of at most {ABSORBED_MAX} others"));
    }
    let school = new.school.or(old.school);
    let class = old.class.clone().filter(|class| school.is_none_or(|school| school == class.school));
    let gave = Gave {
        school: new.school.is_none() && old.school.is_some(),
        owner: new.owner.is_none() && old.owner.is_some(),
        kit: new.kit.is_none() && old.kit.is_some(),
        class: new.class.is_none() && class.is_some(),
        asset: false,
    };
    let merged = Merged { into: new.id, at: now, state: old.state, reason: old.reason, gave };
    let put_out =
        Device { state: JoinState::Revoked, reason: Some(Reason::Merged), merged: Some(merged), ..old.clone() };
    let mut heir = new.clone();
    heir.absorbed.push(old.id);
    heir.school = school;
    heir.owner = new.owner.clone().or_else(|| old.owner.clone());
    heir.class = new.class.clone().or(class);
    heir.kit = new.kit.clone().or_else(|| old.kit.clone());
    Ok((put_out, heir.in_class_here()))
}

fn unmerge(old: &Device, new: &Device) -> Result<(Device, Device)> {
    let Some(merged) = old.merged.clone().filter(|merged| merged.into == new.id) else {
        return Err(not_merged(old.id));
    };
    let restored = Device { state: merged.state, reason: merged.reason, merged: None, ..old.clone() };
    let mut bereft = new.clone();
    bereft.absorbed.retain(|id| *id != old.id);
    // What was decided otherwise since is not taken away.
    if merged.gave.school && new.school == old.school {
        bereft.school = None;
    }
    if merged.gave.owner && new.owner == old.owner {
        bereft.owner = None;
    }
    if merged.gave.class && new.class == old.class {
        bereft.class = None;
    }
    if merged.gave.kit && new.kit == old.kit {
        bereft.kit = None;
    }
    Ok((restored, bereft))
}

/// What is merged is decided about where it is merged into.
pub(crate) fn merged_check(device: &Device) -> Result<()> {
    match &device.merged {
        None => Ok(()),
        Some(Merged { into, .. }) => {
            Err(Error::Invalid(format!("device {} is merged into {into}; unmerge it first", device.id)))
        }
    }
}

fn not_merged(id: DeviceId) -> Error {
    Error::Invalid(format!("device {id} is not merged into any other"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::KitSlot;
    use model::owner::OwnerId;
    use proptest::prelude::*;

    fn device(name: u8, filed: (bool, bool, bool), state: u8) -> Device {
        let id = DeviceId::new(Timestamp::from_unix_seconds(i64::from(name)), [name; 10]);
        let text = r#"{"id":"ID","state":"active","claims":{},"identity_key":"KEY","identity_generation":1,
            "certificate":{"serial":"0a","number":1,"until":9},"token":"ABCDEFGH","enrolled":1}"#;
        let text = text.replace("ID", &id.to_string()).replace("KEY", &format!("04{}", "11".repeat(64)));
        let mut device: Device = serde_json::from_str(&text).unwrap();
        let owner: OwnerId = format!("owner-{name}").parse().unwrap();
        device.school = filed.0.then(|| "0951099D".parse().unwrap());
        device.owner = filed.1.then_some(owner);
        device.kit = filed.2.then(|| KitSlot { kit: format!("kit-{name}"), slot: "1".to_owned() });
        (device.state, device.reason) = match state {
            0 => (JoinState::Active, None),
            1 => (JoinState::Quarantined, Some(Reason::SameSerial)),
            _ => (JoinState::Revoked, Some(Reason::ByOperator)),
        };
        device
    }

    fn now() -> Timestamp {
        Timestamp::from_unix_seconds(1_000)
    }

    fn filed() -> impl Strategy<Value = (bool, bool, bool)> {
        any::<(bool, bool, bool)>()
    }

    proptest! {
        /// Merged and unmerged, in whatever order, all are as before, but for the order in which they are remembered meanwhile.
        #[test]
        fn unmerged_all_are_as_before(
            new in (filed(), 0u8..2),
            old in proptest::collection::vec((filed(), 0u8..3), 1..5),
            order in any::<[u8; 5]>(),
        ) {
            let heir = device(0, new.0, new.1);
            let olds: Vec<Device> = (1u8..).zip(&old).map(|(name, (filed, state))| device(name, *filed, *state)).collect();
            let mut current = heir.clone();
            let mut merged = Vec::new();
            for old in &olds {
                let (out, next) = merge(old, &current, now()).unwrap();
                prop_assert_eq!((out.state, out.reason), (JoinState::Revoked, Some(Reason::Merged)));
                prop_assert!(next.absorbed.contains(&old.id));
                prop_assert!(next.school.is_some() || old.school.is_none());
                merged.push(out);
                current = next;
            }
            let mut turn: Vec<usize> = (0..olds.len()).collect();
            turn.sort_by_key(|at| order[*at]);
            for at in turn {
                let (restored, next) = unmerge(&merged[at], &current).unwrap();
                prop_assert_eq!(&restored, &olds[at]);
                current = next;
            }
            prop_assert_eq!(current, heir);
        }

        /// However merges are tried, nothing leads to a merged record, and nothing that stands for others is merged itself.
        #[test]
        fn there_are_no_chains_and_no_circles(tries in proptest::collection::vec((0usize..5, 0usize..5, any::<bool>()), 1..60)) {
            let mut all: Vec<Device> = (0u8..5).map(|name| device(name, (true, false, true), 0)).collect();
            for (a, b, back) in tries {
                let outcome = if back { unmerge(&all[a], &all[b]) } else { merge(&all[a], &all[b], now()) };
                if let Ok((old, new)) = outcome {
                    (all[a], all[b]) = (old, new);
                }
                for device in &all {
                    if let Some(merged) = &device.merged {
                        let into = all.iter().find(|other| other.id == merged.into).unwrap();
                        prop_assert!(into.merged.is_none() && device.absorbed.is_empty());
                        prop_assert!(into.absorbed.iter().filter(|id| **id == device.id).count() == 1);
                        prop_assert_eq!(device.state, JoinState::Revoked);
                    }
                    for id in &device.absorbed {
                        let from = all.iter().find(|other| other.id == *id).unwrap();
                        prop_assert_eq!(from.merged.as_ref().map(|m| m.into), Some(device.id));
                    }
                }
            }
        }
    }

    #[test]
    fn what_was_decided_since_is_not_taken_away() {
        let (old, new) = (device(1, (true, true, true), 0), device(2, (false, false, false), 0));
        let (merged, mut heir) = merge(&old, &new, now()).unwrap();
        heir.kit = Some(KitSlot { kit: "another".to_owned(), slot: "9".to_owned() });
        heir.state = JoinState::Quarantined;
        let (_, after) = unmerge(&merged, &heir).unwrap();
        assert_eq!((after.school, after.owner.clone()), (None, None));
        assert_eq!((after.kit.unwrap().kit, after.state), ("another".to_owned(), JoinState::Quarantined));
    }

    #[test]
    fn a_revoked_device_takes_nobodys_place_and_a_merged_one_is_decided_about_no_more() {
        let (old, new) = (device(1, (true, true, true), 0), device(2, (false, false, false), 2));
        assert!(matches!(merge(&old, &new, now()), Err(Error::Invalid(text)) if text.contains("revoked for good")));
        assert!(merge(&old, &old, now()).is_err());
        let (merged, _) = merge(&old, &device(3, (false, false, false), 0), now()).unwrap();
        let decided = merged.decided(crate::device::Decision::State(JoinState::Revoked));
        assert!(matches!(decided, Err(Error::Invalid(text)) if text.contains("unmerge it first")));
    }
}
