//! Which device runs on which asset: bound at enrolment where the evidence matches, else by a person.

use super::find::{asset_get, serial_assets};
use super::step::grant_put;
use super::{ASSET_DEVICES, ASSETS, Asset, Wipe, Wiped};
use crate::audit::{Act, Person};
use crate::device::{Device, device_get, revoked_check};
use crate::error::{Error, Result};
use crate::grant::{GRANTS, Granted};
use crate::kit::{KIT_PLACES, kit_claim, kit_has};
use crate::loan::{LocalDays, loan_hold};
use crate::scope::Filed;
use crate::store::{Expect, SharedStore, Store};
use crate::table::{Intent, Row, Writes};
use model::device::Claims;
use model::grant::Hold;
use model::id::{DeviceId, TerritoryId};
use model::lifecycle::Lifecycle;
use model::time::Timestamp;

/// Why an asset follows from one record of a machine to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Follow {
    /// The other took its place: it was reinstalled before that enrolled, and so is wiped since then.
    Merged(Timestamp),
    /// That, with the enrolment of then, is taken back.
    Unmerged(Timestamp),
}

/// Binds a device to an asset, by a person's word.
///
/// # Errors
/// `NotFound`; `Invalid` when either is bound, the device is put out, or the two are filed differently; `Conflict`.
#[allow(clippy::too_many_arguments, reason = "each is a plain value of one call")]
pub async fn asset_bind(
    store: &SharedStore,
    territory: &TerritoryId,
    number: &str,
    id: DeviceId,
    days: &dyn LocalDays,
    by: &Person,
    why: &str,
    now: Timestamp,
) -> Result<Asset> {
    let row = asset_get(store.as_ref(), territory, number).await?;
    let device = device_get(store.as_ref(), territory, id).await?;
    revoked_check(&device.value)?;
    if let Some(bound) = row.value.device {
        return Err(Error::Invalid(format!("device {bound} is bound to {number}; unbind it first")));
    }
    if let Some(bound) = ASSET_DEVICES.get(store.as_ref(), territory, id.to_string()).await? {
        return Err(Error::Invalid(format!("device {id} is bound to {}; unbind it first", bound.value)));
    }
    if row.value.lifecycle == Lifecycle::Retired {
        return Err(Error::Invalid(format!("{number} is retired")));
    }
    if !filed_alike(&row.value.filed(), &device.value.filed()) {
        return Err(Error::Invalid(format!(
            "{number} and device {id} are filed under different schools or owners; move the asset first"
        )));
    }
    let writes = Writes::by(territory, &Act::of(now, by, "asset_bind", number, why))?;
    let writes = writes.also(&Act::of(now, by, "device_bind", id.to_string(), why))?;
    let (writes, asset, bound) =
        bound(store.as_ref(), territory, days, writes, &row, device.value.clone(), now).await?;
    let joins = asset.lifecycle == Lifecycle::InKit && bound.kit == device.value.kit;
    if !joins && kit_has(store.as_ref(), territory, &device.value).await? {
        // It would be in two hands: the kit's, and whose the asset is lent to.
        return Err(Error::Invalid(format!("device {id} is part of a kit, which {number} cannot join as it is")));
    }
    writes.device(Some(&device.value), &bound, Expect::At(device.revision))?.commit(store).await?;
    Ok(asset)
}

/// Takes a device off an asset, by a person's word; both stay what they are.
///
/// # Errors
/// `NotFound`; `Invalid` when none is bound, or while somebody or a kit has it; `Conflict`.
pub async fn asset_unbind(
    store: &SharedStore,
    territory: &TerritoryId,
    number: &str,
    by: &Person,
    why: &str,
    now: Timestamp,
) -> Result<Asset> {
    let row = asset_get(store.as_ref(), territory, number).await?;
    let Some(id) = row.value.device else {
        return Err(Error::Invalid(format!("no device is bound to {number}")));
    };
    if row.value.lifecycle.is_in_use() {
        return Err(Error::Invalid(format!("{number} is in use; its device stays with it until it is back")));
    }
    if matches!(row.value.lifecycle, Lifecycle::Lost | Lifecycle::Stolen) {
        return Err(Error::Invalid(format!("{number} is missing; say that it is found first")));
    }
    let mut asset = row.value.clone();
    asset.epoch += 1;
    let writes = Writes::by(territory, &Act::of(now, by, "asset_unbind", number, why))?;
    let writes = writes.also(&Act::of(now, by, "device_unbind", id.to_string(), why))?;
    let writes = grant_put(writes, &asset, Hold::Free, None)?;
    asset.device = None;
    writes
        .put(&ASSETS, number, &asset, Expect::At(row.revision))?
        .remove(&ASSET_DEVICES, id.to_string(), Expect::Any)
        .commit(store)
        .await?;
    Ok(asset)
}

/// The one asset that is expected to be the machine with these claims, filed where its token files it or nowhere.
///
/// A serial number alone decides nothing where it is a placeholder, where two assets bear it, or where maker or model say otherwise.
pub(crate) async fn asset_expected(
    store: &dyn Store,
    territory: &TerritoryId,
    claims: &Claims,
    filed: &Filed,
) -> Result<Option<Row<Asset>>> {
    let Some(serial) = claims.serial.as_deref() else { return Ok(None) };
    let mut alike = serial_assets(store, territory, serial).await?;
    alike.retain(|row| row.value.lifecycle != Lifecycle::Retired);
    if alike.len() != 1 {
        return Ok(None);
    }
    let fits = |row: &Row<Asset>| {
        row.value.device.is_none()
            && filed_alike(&row.value.filed(), filed)
            && named_alike(&row.value.maker, claims.maker.as_deref())
            && named_alike(&row.value.model, claims.model.as_deref())
    };
    Ok(alike.pop().filter(fits))
}

/// Adds to a batch that this device runs on this asset; answers with the asset, and the device as it is to be written.
///
/// Each is filed where the other is when it is filed nowhere itself, and what was bound for a kit's place takes it.
pub(crate) async fn bound(
    store: &dyn Store,
    territory: &TerritoryId,
    days: &dyn LocalDays,
    writes: Writes<Intent>,
    row: &Row<Asset>,
    mut device: Device,
    now: Timestamp,
) -> Result<(Writes<Intent>, Asset, Device)> {
    let mut asset = row.value.clone();
    asset.device = Some(device.id);
    // A device takes nothing that is older than what it was told on another asset.
    asset.epoch = asset.epoch.max(told(store, territory, device.id).await?) + 1;
    asset.school = asset.school.or(device.school);
    asset.owner = asset.owner.clone().or_else(|| device.owner.clone());
    (device.school, device.owner) = (asset.school, asset.owner.clone());
    let mut writes = match KIT_PLACES.get(store, territory, asset.number.as_str()).await? {
        // Packed before it was switched on: the device is where its asset is, whatever its token says.
        Some(place) => {
            device.kit = Some(place.value);
            writes
        }
        None => kit_claim(store, territory, writes, &mut asset, &mut device, now).await?,
    };
    if matches!(asset.lifecycle, Lifecycle::Lost | Lifecycle::Stolen)
        && let Some(lost) = device.missed()?
    {
        // Whoever reinstalled what was stolen has not found it.
        device = lost;
    }
    let (hold, school) = match asset.lifecycle {
        // Lent before its device was known: from now on that keeps to the loan, too.
        Lifecycle::OnLoan | Lifecycle::AssignedStaff => {
            let lent = loan_hold(store, territory, days, &asset.number).await?;
            lent.map_or((Hold::Free, None), |(hold, school)| (hold, Some(school)))
        }
        Lifecycle::Lost | Lifecycle::Stolen => (Hold::Missing, None),
        _ => (Hold::Free, None),
    };
    writes = grant_put(writes, &asset, hold, school)?;
    writes = writes.put(&ASSETS, row.id.clone(), &asset, Expect::At(row.revision))?.put(
        &ASSET_DEVICES,
        device.id.to_string(),
        &asset.number,
        Expect::Absent,
    )?;
    Ok((writes, asset, device.in_class_here()))
}

/// Adds to a batch that a device has a new identity: what it runs on was reinstalled, and so is wiped.
pub(crate) async fn wiped_by_identity(
    store: &dyn Store,
    territory: &TerritoryId,
    writes: Writes<Intent>,
    device: &Device,
    now: Timestamp,
) -> Result<Writes<Intent>> {
    let Some(bound) = ASSET_DEVICES.get(store, territory, device.id.to_string()).await? else { return Ok(writes) };
    let Some(row) = ASSETS.get(store, territory, bound.value).await? else { return Ok(writes) };
    let wiped = Some(Wipe { at: now, how: Wiped::Reenrolled(device.identity_generation) });
    writes.put(&ASSETS, row.id.clone(), &Asset { wiped, ..row.value }, Expect::At(row.revision))
}

/// Adds to a batch that the asset of one record follows to another, of the same machine: with what is granted.
pub(crate) async fn asset_follow(
    store: &dyn Store,
    territory: &TerritoryId,
    mut writes: Writes<Intent>,
    (from, to): (DeviceId, &Device),
    how: Follow,
) -> Result<Writes<Intent>> {
    let Some(bound) = ASSET_DEVICES.get(store, territory, from.to_string()).await? else { return Ok(writes) };
    if ASSET_DEVICES.get(store, territory, to.id.to_string()).await?.is_some() {
        return Ok(writes);
    }
    let Some(row) = ASSETS.get(store, territory, bound.value).await? else { return Ok(writes) };
    let mut asset = row.value;
    asset.device = Some(to.id);
    let granted = GRANTS.get(store, territory, from.to_string()).await?.map(|row| row.value);
    let before = granted.as_ref().map_or(0, |granted| granted.epoch);
    asset.epoch = asset.epoch.max(before).max(told(store, territory, to.id).await?) + 1;
    match how {
        Follow::Merged(at) if asset.wiped.as_ref().is_none_or(|wipe| wipe.at < at) => {
            asset.wiped = Some(Wipe { at, how: Wiped::Reenrolled(to.identity_generation) });
        }
        Follow::Merged(_) => {}
        // What was a mistake certifies nothing.
        Follow::Unmerged(at) => {
            asset.wiped = asset.wiped.filter(|wipe| wipe.at != at || matches!(wipe.how, Wiped::Signed { .. }));
        }
    }
    if let Some(granted) = granted {
        // What the first was told last stays on record: it takes nothing older, should it ever be bound again.
        let left = Granted { epoch: asset.epoch, hold: Hold::Free, school: None };
        let follows = Granted { epoch: asset.epoch, ..granted };
        writes = writes.put(&GRANTS, from.to_string(), &left, Expect::Any)?.put(
            &GRANTS,
            to.id.to_string(),
            &follows,
            Expect::Any,
        )?;
    }
    writes
        .put(&ASSETS, row.id.clone(), &asset, Expect::At(row.revision))?
        .remove(&ASSET_DEVICES, from.to_string(), Expect::At(bound.revision))
        .put(&ASSET_DEVICES, to.id.to_string(), &asset.number, Expect::Absent)
}

/// The loan epoch that a device was told last, on whatever asset; zero before the first.
async fn told(store: &dyn Store, territory: &TerritoryId, device: DeviceId) -> Result<u64> {
    let granted = GRANTS.get(store, territory, device.to_string()).await?;
    Ok(granted.map_or(0, |row| row.value.epoch))
}

/// Whether two files contradict each other in nothing.
fn filed_alike(one: &Filed, other: &Filed) -> bool {
    let alike = one.school.zip(other.school).is_none_or(|(one, other)| one == other);
    alike && one.owner.as_ref().zip(other.owner.as_ref()).is_none_or(|(one, other)| one == other)
}

/// Whether two names may mean the same: makers write themselves long and short.
fn named_alike(said: &str, claimed: Option<&str>) -> bool {
    let plain = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_lowercase();
    let (said, claimed) = (plain(said), plain(claimed.unwrap_or_default()));
    said.is_empty() || claimed.is_empty() || said.contains(&claimed) || claimed.contains(&said)
}
