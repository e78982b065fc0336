//! Parts that turn up elsewhere: what a device sees of another kit's parts becomes a proposal, which a person accepts or dismisses.
//!
//! A part is known by its serial number alone, and only where one asset bears it: what has none, or shares it, is never a key.

use super::page::kit_get;
use super::part::{Part, kit_pass};
use super::{KIT_PLACES, KITS};
use crate::asset::{asset_get, serial_numbers};
use crate::audit::{Act, Person};
use crate::device::{DEVICES, KitSlot};
use crate::error::{Error, Result};
use crate::presence::{CONTACTS, PRESENCES};
use crate::scope::Reach;
use crate::store::{Expect, SharedStore, Store};
use crate::table::{Intent, Observed, Table, Writes};
use model::id::{DeviceId, TerritoryId};
use model::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// What devices have seen of parts that are assets, under `<inventory number>/<device>`.
static SIGHTINGS: Table<Sighting, Observed> = Table::new("kit_sighting");
/// Moves that a person has dismissed, under `<inventory number>/<kit>`: the sighting that was dismissed.
static DISMISSED: Table<Timestamp, Intent> = Table::new("kit_dismissed");

/// Within this two devices that see a thing share it.
const SHARED_WITHIN: Duration = Duration::from_secs(24 * 3600);
/// The most parts of one report that are looked up, and the most devices looked at for one part.
const LOOKED_AT_MAX: usize = 64;
/// A page of moves goes through so many places of kits at most: moves are rare, and places are not.
const PLACES_MAX: usize = 5_000;

/// That a device saw a part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Sighting {
    /// From when on.
    since: Timestamp,
    /// When it was gone from it; `None` while it is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    until: Option<Timestamp>,
}

/// That a part of one kit is at another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Move {
    /// The part.
    pub number: String,
    /// Where it belongs.
    pub from: KitSlot,
    /// The kit whose device sees it.
    pub to: String,
    /// That device.
    pub device: DeviceId,
    /// Since when.
    pub since: Timestamp,
}

/// Notes what a device sees of parts that are assets: these serial numbers, and no others any more.
///
/// # Errors
/// `Unavailable` when the store fails.
pub async fn sightings_note(
    store: &SharedStore,
    territory: &TerritoryId,
    device: DeviceId,
    serials: &[String],
    now: Timestamp,
) -> Result<()> {
    let mut seen = Vec::new();
    for serial in serials.iter().take(LOOKED_AT_MAX) {
        let alike = serial_numbers(store.as_ref(), territory, serial).await?;
        // A serial number that two things bear names neither.
        if let [one] = alike.as_slice() {
            seen.push(one.clone());
        }
    }
    seen.sort();
    seen.dedup();
    let before =
        SEEN.get(store.as_ref(), territory, device.to_string()).await?.map(|row| row.value).unwrap_or_default();
    if seen == before {
        return Ok(());
    }
    let mut writes = Writes::observed(territory).put(&SEEN, device.to_string(), &seen, Expect::Any)?;
    for number in seen.iter().filter(|number| !before.contains(number)) {
        let sighting = Sighting { since: now, until: None };
        writes = writes.put(&SIGHTINGS, format!("{number}/{device}"), &sighting, Expect::Any)?;
    }
    for number in before.iter().filter(|number| !seen.contains(number)) {
        let id = format!("{number}/{device}");
        let since = SIGHTINGS.get(store.as_ref(), territory, id.as_str()).await?.map_or(now, |row| row.value.since);
        writes = writes.put(&SIGHTINGS, id, &Sighting { since, until: Some(now) }, Expect::Any)?;
    }
    writes.commit(store).await.map(|_| ())
}

/// What each device sees now, by device: so that a report is compared with one entry.
static SEEN: Table<Vec<String>, Observed> = Table::new("kit_seen");

/// A page of the moves within a reach, and where the next one begins (empty when there is none).
///
/// # Errors
/// `Unavailable` when the store fails.
pub async fn moves_page(
    store: &dyn Store,
    territory: &TerritoryId,
    reach: &Reach,
    after: &str,
    limit: usize,
    now: Timestamp,
) -> Result<(Vec<Move>, String)> {
    let scope = KIT_PLACES.scope(territory, "");
    let (mut found, mut after, mut looked_at) = (Vec::new(), after.to_owned(), 0);
    loop {
        let page = KIT_PLACES.page(store, &scope, &after, 500).await?;
        if page.is_empty() {
            return Ok((found, String::new()));
        }
        looked_at += page.len();
        for row in page {
            after.clone_from(&row.id);
            found.extend(move_of(store, territory, reach, &row.id, row.value, now).await?);
            if found.len() >= limit {
                return Ok((found, after));
            }
        }
        if looked_at >= PLACES_MAX {
            return Ok((found, after));
        }
    }
}

/// Dismisses a move: the part stays where it belongs, until it is seen there anew.
///
/// # Errors
/// `NotFound` when there is no such move; `Conflict`.
pub async fn move_dismiss(
    store: &SharedStore,
    territory: &TerritoryId,
    reach: &Reach,
    number: &str,
    by: &Person,
    why: &str,
    now: Timestamp,
) -> Result<Move> {
    let moved = move_get(store.as_ref(), territory, reach, number, now).await?;
    let act = Act::of(now, by, "kit_move_dismiss", number, why);
    let id = format!("{number}/{}", moved.to);
    Writes::by(territory, &act)?.put(&DISMISSED, id, &moved.since, Expect::Any)?.commit(store).await?;
    Ok(moved)
}

/// Accepts a move: the part leaves its kit and joins the other one, in one batch.
///
/// # Errors
/// `Invalid` when it does not fit the other kit; `Conflict`.
pub async fn move_accept(
    store: &SharedStore,
    territory: &TerritoryId,
    moved: &Move,
    slot: &str,
    by: &Person,
    why: &str,
    now: Timestamp,
) -> Result<()> {
    let slot = if slot.is_empty() { moved.from.slot.as_str() } else { slot };
    let (number, from) = (moved.number.as_str(), moved.from.kit.as_str());
    // Read before its place is: who takes it elsewhere meanwhile changes it.
    let row = asset_get(store.as_ref(), territory, number).await?;
    let place = KIT_PLACES.get(store.as_ref(), territory, number).await?;
    if place.is_none_or(|place| place.value.kit != from) {
        return Err(Error::Invalid(format!("{number} is not in kit {from} any more")));
    }
    let to = kit_get(store.as_ref(), territory, &moved.to).await?;
    let to = to.ok_or_else(|| Error::NotFound(format!("kit {}", moved.to)))?;
    kit_pass(store, territory, Part::Asset(Box::new(row)), to, slot, by, why, now).await.map(|_| ())
}

/// The move that is proposed for a part.
///
/// # Errors
/// `NotFound` when there is none.
pub async fn move_get(
    store: &dyn Store,
    territory: &TerritoryId,
    reach: &Reach,
    number: &str,
    now: Timestamp,
) -> Result<Move> {
    let missing = || Error::NotFound(format!("move of {number}"));
    let place = KIT_PLACES.get(store, territory, number).await?.ok_or_else(missing)?;
    move_of(store, territory, reach, number, place.value, now).await?.ok_or_else(missing)
}

async fn move_of(
    store: &dyn Store,
    territory: &TerritoryId,
    reach: &Reach,
    number: &str,
    place: KitSlot,
    now: Timestamp,
) -> Result<Option<Move>> {
    let Some(kit) = KITS.get(store, territory, place.kit.as_str()).await? else { return Ok(None) };
    if !reach.covers(&kit.value.filed()) {
        return Ok(None);
    }
    let scope = SIGHTINGS.scope(territory, format!("{number}/"));
    let sightings = SIGHTINGS.page(store, &scope, "", LOOKED_AT_MAX).await?;
    let mut elsewhere: Option<Move> = None;
    let mut seen: Vec<(DeviceId, Timestamp)> = Vec::new();
    let mut home = None;
    for row in sightings {
        let Some(id) = row.id.rsplit('/').next().and_then(|id| id.parse::<DeviceId>().ok()) else { continue };
        let Some(device) = DEVICES.get(store, territory, id.to_string()).await? else { continue };
        let at = match row.value.until {
            Some(until) => until,
            None => heard(store, territory, id).await?.max(row.value.since),
        };
        seen.push((id, at));
        let of = device.value.kit.as_ref().map(|slot| slot.kit.clone());
        if of.as_deref() == Some(place.kit.as_str()) {
            home = home.max(Some(at));
        } else if let (Some(to), None) = (of, row.value.until)
            && elsewhere.as_ref().is_none_or(|before| before.since < row.value.since)
        {
            elsewhere =
                Some(Move { number: number.to_owned(), from: place.clone(), to, device: id, since: row.value.since });
        }
    }
    let Some(moved) = elsewhere else { return Ok(None) };
    // It was at home after it was seen elsewhere: it is back, or both have one like it.
    let back = home.is_some_and(|at| at > moved.since);
    let others = seen.iter().filter(|(id, _)| *id != moved.device);
    let shared = is_shared(store, territory, &kit.value, &place).await?
        && others.clone().any(|(_, at)| {
            now.since(*at) < SHARED_WITHIN
                || moved.since.since(*at) < SHARED_WITHIN && now.since(moved.since) < SHARED_WITHIN
        });
    let dismissed = DISMISSED.get(store, territory, format!("{number}/{}", moved.to)).await?;
    let dismissed = dismissed.is_some_and(|row| row.value >= moved.since);
    Ok((!back && !shared && !dismissed).then_some(moved))
}

async fn is_shared(store: &dyn Store, territory: &TerritoryId, kit: &super::Kit, place: &KitSlot) -> Result<bool> {
    let template = super::template_get(store, territory, &kit.template, kit.version).await?;
    Ok(template.slot(&place.slot).is_some_and(|slot| slot.role.is_shared()))
}

/// When a device was last heard of, as far as it is kept.
async fn heard(store: &dyn Store, territory: &TerritoryId, id: DeviceId) -> Result<Timestamp> {
    let presence = PRESENCES.get(store, territory, id.to_string()).await?.map(|row| row.value.seen);
    let contact = CONTACTS.get(store, territory, id.to_string()).await?.map(|row| row.value);
    Ok(presence.max(contact).unwrap_or_default())
}
