//! What technicians do with equipment: prepare, make available, send to repair, check, retire, wipe, move.

use super::find::asset_get;
use super::{ASSETS, Asset, Wipe, Wiped};
use crate::audit::{Act, Person};
use crate::device::{Device, device_get};
use crate::error::{Error, Result};
use crate::establishment::filed_check;
use crate::grant::{GRANTS, Granted};
use crate::kit::{device_of, device_put, kit_leave};
use crate::scope::{Filed, Reach};
use crate::store::{Expect, SharedStore};
use crate::table::{Intent, Writes};
use model::grant::Hold;
use model::id::TerritoryId;
use model::lifecycle::{Lifecycle, Step};
use model::time::Timestamp;
use model::uai::Uai;

/// The acts that are a technician's own; loans, kits and losses are others' (`loan`, `kit`, `asset::missing`).
pub const STEPS: [Step; 5] = [Step::Prepare, Step::Ready, Step::Repair, Step::Check, Step::Retire];

/// Does an act of a technician on an asset.
///
/// An asset that leaves its kit so is free of it in the same batch, and what it was told before is void.
///
/// # Errors
/// `NotFound`; `Invalid` when the act does not follow from where it stands, or it is not wiped; `Conflict` when somebody else acted.
pub async fn asset_step(
    store: &SharedStore,
    territory: &TerritoryId,
    number: &str,
    step: Step,
    by: &Person,
    why: &str,
    now: Timestamp,
) -> Result<Asset> {
    if !STEPS.contains(&step) {
        return Err(Error::Invalid("this is done by a loan, a kit, or by saying that it is lost".to_owned()));
    }
    let row = asset_get(store.as_ref(), territory, number).await?;
    let before = row.value;
    let mut asset = before.clone();
    asset.lifecycle = after(&before, step)?;
    if step == Step::Ready && !asset.is_clean() {
        return Err(Error::Invalid(format!(
            "{number} was in use and is not wiped since: reinstall it and enrol it again, or sign that it was wiped"
        )));
    }
    let act = Act::of(now, by, verb(step), number, why);
    let mut writes = Writes::by(territory, &act)?;
    if before.lifecycle == Lifecycle::InKit {
        asset.epoch += 1;
        let mut device = device_of(store.as_ref(), territory, &asset).await?;
        (writes, _) = kit_leave(store.as_ref(), territory, writes, &mut asset, device.as_mut(), now).await?;
        writes = device_put(writes, device)?;
        writes = grant_put(writes, &asset, Hold::Free, None)?;
    }
    writes.put(&ASSETS, number, &asset, Expect::At(row.revision))?.commit(store).await?;
    Ok(asset)
}

/// A technician signs that an asset was wiped: the certificate that domain.md asks for where no reinstallation can be seen.
///
/// # Errors
/// `NotFound`; `Invalid` without a reason, or while somebody has it.
pub async fn asset_wipe_sign(
    store: &SharedStore,
    territory: &TerritoryId,
    number: &str,
    by: &Person,
    why: &str,
    now: Timestamp,
) -> Result<Asset> {
    let row = asset_get(store.as_ref(), territory, number).await?;
    if why.trim().is_empty() {
        return Err(Error::Invalid("a wipe is signed with its reason: how was it wiped?".to_owned()));
    }
    let held = row.value.lifecycle.is_in_use();
    if held || matches!(row.value.lifecycle, Lifecycle::Lost | Lifecycle::Stolen | Lifecycle::Retired) {
        return Err(Error::Invalid(format!("{number} cannot be wiped: it is {}", row.value.lifecycle.name())));
    }
    let act = Act::of(now, by, "asset_wipe", number, why);
    let how = Wiped::Signed { by: by.name.clone(), why: act.why.clone().unwrap_or_default() };
    let asset = Asset { wiped: Some(Wipe { at: now, how }), ..row.value };
    Writes::by(territory, &act)?.put(&ASSETS, number, &asset, Expect::At(row.revision))?.commit(store).await?;
    Ok(asset)
}

/// Files an asset, and the device on it, elsewhere.
///
/// # Errors
/// `NotFound`; `Denied` when it would leave the reach; `Invalid` while it is part of a kit, which moves as a whole, and while it is lent.
#[allow(clippy::too_many_arguments, reason = "each is a plain value of one call")]
pub async fn asset_move(
    store: &SharedStore,
    territory: &TerritoryId,
    reach: &Reach,
    number: &str,
    to: &Filed,
    by: &Person,
    why: &str,
    now: Timestamp,
) -> Result<Asset> {
    let row = asset_get(store.as_ref(), territory, number).await?;
    let mut asset = row.value;
    if asset.lifecycle == Lifecycle::InKit {
        return Err(Error::Invalid(format!("{number} is part of a kit; take it out first")));
    }
    if asset.lifecycle.is_in_use() || asset.lifecycle == Lifecycle::Reserved {
        return Err(Error::Invalid(format!("{number} is lent or set aside for a loan, and is filed with it")));
    }
    asset.school = to.school.or(asset.school);
    asset.owner = to.owner.clone().or(asset.owner);
    if !reach.covers(&asset.filed()) {
        return Err(Error::Denied(
            "equipment can be filed only within your scope: name its school or its owner".to_owned(),
        ));
    }
    filed_check(store.as_ref(), territory, to).await?;
    let act = Act::of(now, by, "asset_move", number, why);
    let mut writes = Writes::by(territory, &act)?;
    if let Some(id) = asset.device {
        let device = device_get(store.as_ref(), territory, id).await?;
        let (before, at) = (device.value, Expect::At(device.revision));
        let filed = Device { school: asset.school, owner: asset.owner.clone(), ..before.clone() };
        writes = writes.device(Some(&before), &filed.in_class_here(), at)?;
    }
    writes.put(&ASSETS, number, &asset, Expect::At(row.revision))?.commit(store).await?;
    Ok(asset)
}

/// Where an act leads, as a refusal that names the asset.
pub(crate) fn after(asset: &Asset, step: Step) -> Result<Lifecycle> {
    asset.lifecycle.after(step).map_err(|_| {
        Error::Invalid(format!("{} is {} and cannot be {}", asset.number, asset.lifecycle.name(), step.done()))
    })
}

/// Writes what the device of an asset is granted, with the asset's epoch, and which school lends it, if any; nothing for one without a
/// device.
pub(crate) fn grant_put(
    writes: Writes<Intent>,
    asset: &Asset,
    hold: Hold,
    school: Option<Uai>,
) -> Result<Writes<Intent>> {
    let Some(device) = asset.device else { return Ok(writes) };
    writes.put(&GRANTS, device.to_string(), &Granted { epoch: asset.epoch, hold, school }, Expect::Any)
}

fn verb(step: Step) -> &'static str {
    match step {
        Step::Prepare => "asset_prepare",
        Step::Ready => "asset_ready",
        Step::Repair => "asset_repair",
        Step::Check => "asset_check",
        Step::Retire => "asset_retire",
        Step::Lose => "asset_lose",
        Step::Steal => "asset_steal",
        Step::Find => "asset_find",
        _ => "asset_step",
    }
}
