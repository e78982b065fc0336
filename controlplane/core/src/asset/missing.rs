//! Lost, stolen and found: asset, grant and device change together.

use super::find::asset_get;
use super::step::{after, grant_put, kit_left};
use super::{ASSETS, Asset};
use crate::audit::{Act, Person};
use crate::device::{DEVICES, Decision, Device, device_get};
use crate::error::{Error, Result};
use crate::store::{Expect, SharedStore};
use crate::table::Writes;
use model::device::JoinState;
use model::grant::Hold;
use model::id::TerritoryId;
use model::lifecycle::{Lifecycle, Step};
use model::time::Timestamp;

/// Says that an asset is lost, stolen, or found again.
///
/// Its device is quarantined, so that it cannot find back by itself, and is granted nothing but whom to contact. When it is found the
/// device stays in quarantine until a technician has looked at it and approves it.
///
/// # Errors
/// `NotFound`; `Invalid` when it does not follow, and for what is lent or reserved: there the loan says it; `Conflict`.
pub async fn asset_missing(
    store: &SharedStore,
    territory: &TerritoryId,
    number: &str,
    step: Step,
    by: &Person,
    why: &str,
    now: Timestamp,
) -> Result<Asset> {
    let (verb, hold) = match step {
        Step::Lose => ("asset_lose", Hold::Missing),
        Step::Steal => ("asset_steal", Hold::Missing),
        Step::Find => ("asset_find", Hold::Free),
        _ => return Err(Error::Invalid("an asset is lost, stolen or found".to_owned())),
    };
    let row = asset_get(store.as_ref(), territory, number).await?;
    let before = row.value;
    if matches!(before.lifecycle, Lifecycle::OnLoan | Lifecycle::AssignedStaff | Lifecycle::Reserved) {
        return Err(Error::Invalid(format!("{number} is lent or set aside for a loan; say it on its loan")));
    }
    let mut asset = before.clone();
    asset.lifecycle = after(&before, step)?;
    asset.epoch += 1;
    let mut writes = Writes::by(territory, &Act::of(now, by, verb, number, why))?;
    if before.lifecycle == Lifecycle::InKit {
        asset.used_until = Some(now);
        writes = kit_left(store.as_ref(), territory, writes, &before).await?;
    }
    if let Some(id) = asset.device {
        let device = device_get(store.as_ref(), territory, id).await?;
        let mut changed = Device {
            kit: if before.lifecycle == Lifecycle::InKit { None } else { device.value.kit.clone() },
            ..device.value.clone()
        };
        // What is revoked or merged stays so.
        let told = hold == Hold::Missing && changed.state != JoinState::Revoked && changed.merged.is_none();
        if let Some(lost) = if told { changed.decided(Decision::Lost)? } else { None } {
            writes = writes.also(&Act::of(now, by, Decision::Lost.verb(), id.to_string(), why))?;
            changed = lost;
        }
        if changed != device.value {
            writes = writes.put(&DEVICES, id.to_string(), &changed, Expect::At(device.revision))?;
        }
    }
    writes = grant_put(store.as_ref(), territory, writes, &asset, hold).await?;
    writes.put(&ASSETS, number, &asset, Expect::At(row.revision))?.commit(store).await?;
    Ok(asset)
}
