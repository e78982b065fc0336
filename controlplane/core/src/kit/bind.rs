//! Binding parts to a kit's slots: by scan, by count, or at enrolment; and taking them out.

use super::create::slot_of;
use super::page::kit_get;
use super::part::{device_of, device_put};
use super::{KIT_PLACES, KITS, Kit, KitPart};
use crate::asset::{ASSETS, Asset, after, grant_put};
use crate::audit::{Act, Person};
use crate::device::{Device, KitSlot};
use crate::error::{Error, Result};
use crate::store::{Expect, SharedStore, Store};
use crate::table::{Intent, Row, Writes};
use model::grant::Hold;
use model::id::TerritoryId;
use model::kit::Slot;
use model::lifecycle::{Lifecycle, Step};
use model::time::Timestamp;

/// Binds an asset to a slot of a kit.
///
/// # Errors
/// `Invalid` when it is not available, is filed elsewhere, or does not fit the slot, or the slot is full; `Conflict`.
#[allow(clippy::too_many_arguments, reason = "each is a plain value of one call")]
pub async fn kit_bind(
    store: &SharedStore,
    territory: &TerritoryId,
    kit: Row<Kit>,
    slot: &str,
    row: Row<Asset>,
    by: &Person,
    why: &str,
    now: Timestamp,
) -> Result<(Kit, Asset)> {
    let (mut kit, kit_at) = (kit.value, kit.revision);
    let slot = slot_of(store.as_ref(), territory, &kit, slot).await?;
    let mut asset = row.value;
    room(&kit, &slot)?;
    serial_check(&slot, &asset)?;
    asset.lifecycle = after(&asset, Step::Bind)?;
    // Its wipe certificate is spent: the next one is about this use.
    asset.wiped = None;
    if asset.school.is_some_and(|school| kit.school.is_some_and(|other| other != school)) {
        return Err(Error::Invalid(format!(
            "{} is filed under another school than kit {}; move it first",
            asset.number, kit.label
        )));
    }
    asset.school = kit.school.or(asset.school);
    asset.epoch += 1;
    let place = KitSlot { kit: kit.label.clone(), slot: slot.slot.clone() };
    kit.parts.push(KitPart { slot: slot.slot, number: Some(asset.number.clone()), device: None, at: now });
    let mut writes = Writes::by(territory, &Act::of(now, by, "kit_bind", asset.number.clone(), why))?;
    let mut device = device_of(store.as_ref(), territory, &asset).await?;
    if let Some(device) = &mut device {
        (device.value.kit, device.value.school) = (Some(place.clone()), asset.school);
    }
    writes = device_put(writes, device)?;
    writes = grant_put(writes, &asset, Hold::Free, None)?;
    writes
        .put(&KITS, kit.label.clone(), &kit, Expect::At(kit_at))?
        .put(&KIT_PLACES, asset.number.clone(), &place, Expect::Absent)?
        .put(&ASSETS, row.id, &asset, Expect::At(row.revision))?
        .commit(store)
        .await?;
    Ok((kit, asset))
}

/// Says how many parts without an inventory number lie in a slot, such as cables.
///
/// # Errors
/// `Invalid` for a slot whose parts are known one by one, or that does not take so many; `Conflict`.
#[allow(clippy::too_many_arguments, reason = "each is a plain value of one call")]
pub async fn kit_loose(
    store: &SharedStore,
    territory: &TerritoryId,
    row: Row<Kit>,
    slot: &str,
    count: u16,
    by: &Person,
    why: &str,
    now: Timestamp,
) -> Result<Kit> {
    let mut kit = row.value;
    let slot = slot_of(store.as_ref(), territory, &kit, slot).await?;
    if slot.managed || slot.serial {
        return Err(Error::Invalid(format!("slot {} takes parts with an inventory number, one by one", slot.slot)));
    }
    kit.loose.remove(&slot.slot);
    if kit.count(&slot.slot).saturating_add(count) > slot.max {
        return Err(full(&kit, &slot));
    }
    if count > 0 {
        kit.loose.insert(slot.slot, count);
    }
    let act = Act::of(now, by, "kit_count", kit.label.clone(), why);
    Writes::by(territory, &act)?.put(&KITS, row.id, &kit, Expect::At(row.revision))?.commit(store).await?;
    Ok(kit)
}

/// Whether a kit has this device as a part of its own, with nothing known of it as equipment.
pub(crate) async fn kit_has(store: &dyn Store, territory: &TerritoryId, device: &Device) -> Result<bool> {
    let Some(place) = &device.kit else { return Ok(false) };
    let kit = kit_get(store, territory, &place.kit).await?;
    Ok(kit.is_some_and(|kit| kit.value.parts.iter().any(|part| part_is(part, device))))
}

/// Adds to an enrolment's batch that the device takes the place its token names, though nothing is known of it as equipment.
pub(crate) async fn kit_place(
    store: &dyn Store,
    territory: &TerritoryId,
    writes: Writes<Intent>,
    mut device: Device,
    now: Timestamp,
) -> Result<(Writes<Intent>, Device)> {
    let Some((kit, slot)) = named(store, territory, &device).await? else { return Ok((writes, device)) };
    if room(&kit.value, &slot).is_err() {
        // It is let in all the same: a person sees a device that names a place it has not.
        return Ok((writes, device));
    }
    let mut changed = kit.value;
    changed.parts.push(KitPart { slot: slot.slot, number: None, device: Some(device.id), at: now });
    (device.school, device.owner) =
        (device.school.or(changed.school), device.owner.clone().or_else(|| changed.owner.clone()));
    Ok((writes.put(&KITS, kit.id, &changed, Expect::At(kit.revision))?, device))
}

/// Adds to a batch that binds device and asset that the asset takes the kit's place which the device names.
///
/// What was received and never used passes through preparation in the same act: the token says that it is ready for its kit. What
/// cannot follow so stays outside, and the place stays the device's.
pub(crate) async fn kit_claim(
    store: &dyn Store,
    territory: &TerritoryId,
    writes: Writes<Intent>,
    asset: &mut Asset,
    device: &mut Device,
    now: Timestamp,
) -> Result<Writes<Intent>> {
    let Some((kit, slot)) = named(store, territory, device).await? else { return Ok(writes) };
    let mut changed = kit.value;
    changed.parts.retain(|part| !part_is(part, device));
    let steps = [Step::Prepare, Step::Ready, Step::Bind];
    let from = match asset.lifecycle {
        Lifecycle::Received => &steps[..],
        Lifecycle::InPreparation => &steps[1..],
        _ => &steps[2..],
    };
    let follows = from.iter().try_fold(asset.lifecycle, |at, step| at.after(*step));
    let filed = asset.school.zip(changed.school).is_none_or(|(one, other)| one == other);
    let fits = room(&changed, &slot).is_ok() && filed && asset.is_clean() && !(slot.serial && asset.serial.is_empty());
    let (Ok(lifecycle), true) = (follows, fits) else { return Ok(writes) };
    (asset.lifecycle, asset.wiped) = (lifecycle, None);
    asset.school = asset.school.or(changed.school);
    asset.owner = asset.owner.clone().or_else(|| changed.owner.clone());
    (device.school, device.owner) = (asset.school, asset.owner.clone());
    let place = KitSlot { kit: changed.label.clone(), slot: slot.slot.clone() };
    changed.parts.push(KitPart { slot: slot.slot, number: Some(asset.number.clone()), device: None, at: now });
    writes.put(&KITS, kit.id, &changed, Expect::At(kit.revision))?.put(
        &KIT_PLACES,
        asset.number.clone(),
        &place,
        Expect::Any,
    )
}

/// The kit and slot that a device names, where they exist.
async fn named(store: &dyn Store, territory: &TerritoryId, device: &Device) -> Result<Option<(Row<Kit>, Slot)>> {
    let Some(place) = &device.kit else { return Ok(None) };
    let Some(kit) = kit_get(store, territory, &place.kit).await? else { return Ok(None) };
    Ok(slot_of(store, territory, &kit.value, &place.slot).await.ok().map(|slot| (kit, slot)))
}

/// Whether a slot that needs serial numbers gets one.
pub(super) fn serial_check(slot: &Slot, asset: &Asset) -> Result<()> {
    if slot.serial && asset.serial.is_empty() {
        return Err(Error::Invalid(format!(
            "slot {} needs a part with a serial number, and {} has none",
            slot.slot, asset.number
        )));
    }
    Ok(())
}

/// Whether a part is this device, or one whose place it took.
pub(crate) fn part_is(part: &KitPart, device: &Device) -> bool {
    part.device.is_some_and(|id| id == device.id || device.absorbed.contains(&id))
}

/// Whether the slot has room for one more.
pub(super) fn room(kit: &Kit, slot: &Slot) -> Result<()> {
    if kit.count(&slot.slot) < slot.max { Ok(()) } else { Err(full(kit, slot)) }
}

fn full(kit: &Kit, slot: &Slot) -> Error {
    Error::Invalid(format!("slot {} of kit {} takes at most {} parts", slot.slot, kit.label, slot.max))
}
