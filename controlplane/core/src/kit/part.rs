//! Parts that leave a kit, or pass from one to another.

use super::bind::{part_is, room, serial_check};
use super::create::slot_of;
use super::page::kit_get;
use super::{KIT_PLACES, KITS, Kit, KitPart};
use crate::asset::{ASSET_DEVICES, ASSETS, Asset, after, asset_find, asset_get, grant_put};
use crate::audit::{Act, Person};
use crate::device::{Device, KitSlot, device_find, device_get};
use crate::error::{Error, Result};
use crate::scope::Reach;
use crate::store::{Expect, SharedStore, Store};
use crate::table::{Intent, Row, Writes};
use model::grant::Hold;
use model::id::TerritoryId;
use model::lifecycle::{Lifecycle, Step};
use model::time::Timestamp;

/// A part as a person means it: an asset, or a device of which nothing is known as equipment.
#[derive(Clone, Debug)]
pub enum Part {
    /// An asset, with its device or without one.
    Asset(Box<Row<Asset>>),
    /// A device that is no asset's.
    Device(Box<Row<Device>>),
}

/// The part that is meant by what names an asset or a device, among those within a reach.
///
/// # Errors
/// `NotFound` when none fits, `Invalid` when several do.
pub async fn kit_part_find(store: &dyn Store, territory: &TerritoryId, reach: &Reach, text: &str) -> Result<Part> {
    let missing = match asset_find(store, territory, reach, text).await {
        Ok(row) => return Ok(Part::Asset(Box::new(row))),
        Err(error @ Error::NotFound(_)) => error,
        Err(error) => return Err(error),
    };
    let device = match device_find(store, territory, reach, text).await {
        Ok(row) => row,
        Err(Error::NotFound(_)) => return Err(missing),
        Err(error) => return Err(error),
    };
    match ASSET_DEVICES.get(store, territory, device.id.as_str()).await? {
        Some(bound) => {
            let row = asset_get(store, territory, &bound.value).await?;
            if reach.covers(&row.value.filed()) { Ok(Part::Asset(Box::new(row))) } else { Err(missing) }
        }
        None => Ok(Part::Device(Box::new(device))),
    }
}

/// Takes a part out of its kit, which is answered as it is without it. An asset waits to be looked at, and what its device was told
/// before is void.
///
/// # Errors
/// `Invalid` for what is in no kit; `Conflict`.
pub async fn kit_unbind(
    store: &SharedStore,
    territory: &TerritoryId,
    part: Part,
    by: &Person,
    why: &str,
    now: Timestamp,
) -> Result<Option<Kit>> {
    let mut writes = Writes::by(territory, &Act::of(now, by, "kit_unbind", part.name(), why))?;
    match part {
        Part::Asset(row) => {
            let mut asset = row.value;
            asset.lifecycle = after(&asset, Step::Unbind)?;
            asset.epoch += 1;
            let mut device = device_of(store.as_ref(), territory, &asset).await?;
            let left;
            (writes, left) = kit_leave(store.as_ref(), territory, writes, &mut asset, device.as_mut(), now).await?;
            writes = device_put(writes, device)?;
            writes = grant_put(writes, &asset, Hold::Free, None)?;
            writes.put(&ASSETS, row.id, &asset, Expect::At(row.revision))?.commit(store).await?;
            Ok(left)
        }
        Part::Device(mut row) => {
            let mut kit = kit_around(store.as_ref(), territory, &row.value).await?;
            kit.value.parts.retain(|part| !part_is(part, &row.value));
            row.value.kit = None;
            writes = device_put(writes, Some(*row))?;
            writes.put(&KITS, kit.id, &kit.value, Expect::At(kit.revision))?.commit(store).await?;
            Ok(Some(kit.value))
        }
    }
}

/// Passes a part from its kit to another one, in one act: it was carried over, and nobody used it in between. Without a slot it goes to the
/// one of the same name. Both kits are answered as they are then.
///
/// # Errors
/// `Invalid` when it is in no kit, in that kit already, or does not fit the slot; `Conflict`.
#[allow(clippy::too_many_arguments, reason = "each is a plain value of one call")]
pub async fn kit_pass(
    store: &SharedStore,
    territory: &TerritoryId,
    part: Part,
    to: Row<Kit>,
    slot: &str,
    by: &Person,
    why: &str,
    now: Timestamp,
) -> Result<(Kit, Kit)> {
    let name = part.name();
    let none = || Error::Invalid(format!("{name} is in no kit; bind it to one"));
    let mut writes = Writes::by(territory, &Act::of(now, by, "kit_move", name.clone(), why))?;
    let (at, device) = match &part {
        Part::Asset(row) => {
            let place = KIT_PLACES.get(store.as_ref(), territory, row.id.as_str()).await?;
            let place = place.filter(|_| row.value.lifecycle == Lifecycle::InKit).ok_or_else(none)?;
            (place.value, device_of(store.as_ref(), territory, &row.value).await?)
        }
        Part::Device(row) => {
            kit_around(store.as_ref(), territory, &row.value).await?;
            (row.value.kit.clone().ok_or_else(none)?, Some((**row).clone()))
        }
    };
    if at.kit == to.value.label {
        return Err(Error::Invalid(format!("{name} is in kit {} already", at.kit)));
    }
    let source = kit_get(store.as_ref(), territory, &at.kit).await?.ok_or_else(none)?;
    let slot = slot_of(store.as_ref(), territory, &to.value, if slot.is_empty() { &at.slot } else { slot }).await?;
    room(&to.value, &slot)?;
    let (mut left, mut joined) = (source.value, to.value);
    let place = KitSlot { kit: joined.label.clone(), slot: slot.slot.clone() };
    let mut school = joined.school;
    let moved = match part {
        Part::Asset(row) => {
            serial_check(&slot, &row.value)?;
            let mut asset = row.value;
            left.parts.retain(|part| part.number.as_deref() != Some(name.as_str()));
            asset.school = joined.school.or(asset.school);
            asset.epoch += 1;
            school = asset.school;
            writes = grant_put(writes, &asset, Hold::Free, None)?;
            // The asset's own revision stands for its place: whoever changes that changes both.
            writes = writes.put(&KIT_PLACES, row.id.clone(), &place, Expect::Any)?.put(
                &ASSETS,
                row.id,
                &asset,
                Expect::At(row.revision),
            )?;
            KitPart { slot: slot.slot, number: Some(asset.number), device: None, at: now }
        }
        Part::Device(row) => {
            if !slot.managed {
                let text = format!("slot {} of kit {} is for parts that run no agent", slot.slot, joined.label);
                return Err(Error::Invalid(text));
            }
            left.parts.retain(|part| !part_is(part, &row.value));
            KitPart { slot: slot.slot, number: None, device: Some(row.value.id), at: now }
        }
    };
    joined.parts.push(moved);
    if let Some(mut device) = device {
        (device.value.kit, device.value.school) = (Some(place), school.or(device.value.school));
        writes = device_put(writes, Some(device))?;
    }
    writes
        .put(&KITS, source.id, &left, Expect::At(source.revision))?
        .put(&KITS, to.id, &joined, Expect::At(to.revision))?
        .commit(store)
        .await?;
    Ok((left, joined))
}

/// Adds to a batch that an asset leaves its kit, which is answered: its use has ended, its place is free, and its device, which the caller
/// writes, names no kit any more.
pub(crate) async fn kit_leave(
    store: &dyn Store,
    territory: &TerritoryId,
    writes: Writes<Intent>,
    asset: &mut Asset,
    device: Option<&mut Row<Device>>,
    now: Timestamp,
) -> Result<(Writes<Intent>, Option<Kit>)> {
    asset.used_until = Some(now);
    if let Some(device) = device {
        device.value.kit = None;
    }
    let number = asset.number.as_str();
    let Some(place) = KIT_PLACES.get(store, territory, number).await? else { return Ok((writes, None)) };
    let writes = writes.remove(&KIT_PLACES, number, Expect::Any);
    let Some(mut kit) = KITS.get(store, territory, place.value.kit).await? else { return Ok((writes, None)) };
    kit.value.parts.retain(|part| part.number.as_deref() != Some(number));
    Ok((writes.put(&KITS, kit.id, &kit.value, Expect::At(kit.revision))?, Some(kit.value)))
}

/// The device of an asset, to be changed with it.
pub(crate) async fn device_of(
    store: &dyn Store,
    territory: &TerritoryId,
    asset: &Asset,
) -> Result<Option<Row<Device>>> {
    match asset.device {
        Some(id) => device_get(store, territory, id).await.map(Some),
        None => Ok(None),
    }
}

/// Adds a device, where there is one, to a batch.
pub(crate) fn device_put(writes: Writes<Intent>, device: Option<Row<Device>>) -> Result<Writes<Intent>> {
    match device {
        // The record as it was is not in hand: where it was filed before, who looks there passes it over.
        Some(row) => writes.device(None, &row.value.in_class_here(), Expect::At(row.revision)),
        None => Ok(writes),
    }
}

/// The kit that has this device as a part of its own.
async fn kit_around(store: &dyn Store, territory: &TerritoryId, device: &Device) -> Result<Row<Kit>> {
    let kit = match &device.kit {
        Some(place) => kit_get(store, territory, &place.kit).await?,
        None => None,
    };
    let kit = kit.filter(|kit| kit.value.parts.iter().any(|part| part_is(part, device)));
    kit.ok_or_else(|| Error::Invalid(format!("{} is in no kit; bind it to one", device.id)))
}

impl Part {
    /// The inventory number, or the device's id.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Asset(row) => row.id.clone(),
            Self::Device(row) => row.id.clone(),
        }
    }
}
