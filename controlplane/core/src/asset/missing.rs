//! Lost, stolen and found: asset, grant and device change together.

use super::find::asset_get;
use super::step::{after, grant_put};
use super::{ASSETS, Asset};
use crate::audit::{Act, Person};
use crate::device::Decision;
use crate::error::{Error, Result};
use crate::kit::{device_of, device_put, kit_leave};
use crate::store::{Expect, SharedStore};
use crate::table::Writes;
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
    let mut device = device_of(store.as_ref(), territory, &asset).await?;
    let known = device.as_ref().map(|row| row.value.clone());
    if before.lifecycle == Lifecycle::InKit {
        (writes, _) = kit_leave(store.as_ref(), territory, writes, &mut asset, device.as_mut(), now).await?;
    }
    if hold == Hold::Missing
        && let Some(row) = &mut device
        && let Some(lost) = row.value.missed()?
    {
        writes = writes.also(&Act::of(now, by, Decision::Lost.verb(), row.id.clone(), why))?;
        row.value = lost;
    }
    writes = device_put(writes, device.filter(|row| known.as_ref() != Some(&row.value)))?;
    writes = grant_put(writes, &asset, hold, None)?;
    writes.put(&ASSETS, number, &asset, Expect::At(row.revision))?.commit(store).await?;
    Ok(asset)
}
