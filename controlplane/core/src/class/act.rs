//! Putting kits, loans and devices into a class, or out of the one they are in.

use super::class_filed;
use crate::asset::ASSETS;
use crate::audit::{Act, Person};
use crate::device::{DEVICES, Device};
use crate::error::{Error, Result};
use crate::kit::{KITS, Kit, kit_bound};
use crate::loan::{LOANS, Loan};
use crate::proposal::DEVICES_MAX;
use crate::scope::Reach;
use crate::store::{Expect, Store};
use crate::table::{Intent, Row, Writes};
use model::class::Class;
use model::id::{DeviceId, TerritoryId};
use model::loan::{LoanId, LoanState};
use model::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The most kits, loans and devices of one act.
pub const SUBJECTS_MAX: usize = 200;

/// What is to serve which class.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClassWish {
    /// The class; nothing where they are to serve none of their own.
    pub class: Option<Class>,
    /// The kits, by label.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub kits: BTreeSet<String>,
    /// The loans.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub loans: BTreeSet<LoanId>,
    /// The devices.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub devices: BTreeSet<DeviceId>,
}

impl ClassWish {
    /// The name in tables and messages.
    #[must_use]
    pub const fn verb(&self) -> &'static str {
        if self.class.is_some() { "class_put" } else { "class_remove" }
    }

    /// The admin call it is: loans are a loan desk's.
    #[must_use]
    pub fn call(&self) -> &'static str {
        if self.loans.is_empty() { "ClassPut" } else { "ClassLend" }
    }
}

/// Whether all of them are there, within a reach.
///
/// # Errors
/// `NotFound` for one that is not; `Unavailable` when the store fails.
pub async fn class_check(store: &dyn Store, territory: &TerritoryId, reach: &Reach, wish: &ClassWish) -> Result<()> {
    Subjects::read(store, territory, reach, wish).await.map(|_| ())
}

/// The devices that are told of another class, as far as kits and loans have them now.
///
/// # Errors
/// As [`class_check`].
pub async fn class_devices(
    store: &dyn Store,
    territory: &TerritoryId,
    reach: &Reach,
    wish: &ClassWish,
) -> Result<BTreeSet<DeviceId>> {
    let subjects = Subjects::read(store, territory, reach, wish).await?;
    Ok(subjects.touched(store, territory).await?.into_keys().collect())
}

/// What is written on each of them at this moment.
///
/// # Errors
/// As [`class_check`].
pub async fn class_seen(
    store: &dyn Store,
    territory: &TerritoryId,
    wish: &ClassWish,
) -> Result<BTreeMap<String, Option<Class>>> {
    let subjects = Subjects::read(store, territory, &Reach::territory(), wish).await?;
    let kits = subjects.kits.into_iter().map(|row| (format!("kit {}", row.id), row.value.class));
    let loans = subjects.loans.into_iter().map(|row| (format!("loan {}", row.id), row.value.class));
    let devices = subjects.devices.into_iter().map(|row| (format!("device {}", row.id), row.value.class));
    Ok(kits.chain(loans).chain(devices).collect())
}

/// The writes of an act, an audit entry for each of them. Their devices' records are written too, so that who is held is told at once.
///
/// # Errors
/// `Invalid` for none or too many of them, for one that is filed under another school, and where all is so already; `Expired` for a
/// loan that is over; `NotFound` outside the reach.
#[allow(clippy::too_many_arguments, reason = "each is a plain value of one call")]
pub async fn class_writes(
    store: &dyn Store,
    territory: &TerritoryId,
    reach: &Reach,
    wish: &ClassWish,
    by: &Person,
    second: Option<&Person>,
    why: &str,
    now: Timestamp,
) -> Result<Writes<Intent>> {
    let count = wish.kits.len() + wish.loans.len() + wish.devices.len();
    if count == 0 || count > SUBJECTS_MAX {
        return Err(Error::Invalid(format!("name 1 to {SUBJECTS_MAX} kits, loans or devices at a time")));
    }
    let mut subjects = Subjects::read(store, territory, reach, wish).await?;
    subjects.kits.retain(|row| row.value.class != wish.class);
    subjects.loans.retain(|row| row.value.class != wish.class);
    subjects.devices.retain(|row| row.value.class != wish.class);
    let touched = subjects.touched(store, territory).await?;
    if touched.len() > DEVICES_MAX {
        return Err(Error::Invalid(format!("this is about more than {DEVICES_MAX} devices; do it in portions")));
    }
    let (class, mut writes) = (wish.class.as_ref(), None);
    let act = |subject: &str| Act::of(now, by, wish.verb(), subject, why).with(second);
    for mut row in subjects.kits {
        class_filed(class, row.value.school, &row.id)?;
        row.value.class = wish.class.clone();
        let begun = noted(writes, territory, &act(&row.id))?;
        writes = Some(begun.put(&KITS, row.id, &row.value, Expect::At(row.revision))?);
    }
    for mut row in subjects.loans {
        if row.value.state.is_over() {
            return Err(Error::Expired(format!("loan {} is over", row.value.number)));
        }
        class_filed(class, Some(row.value.school), &row.value.number)?;
        (row.value.class, row.value.changed) = (wish.class.clone(), now);
        let begun = noted(writes, territory, &act(&row.value.number))?;
        writes = Some(begun.put(&LOANS, row.id, &row.value, Expect::At(row.revision))?);
    }
    let mut records: Vec<Row<Device>> = touched.into_values().collect();
    for row in &mut records {
        if wish.devices.contains(&row.value.id) {
            class_filed(class, row.value.school, &row.id)?;
            row.value.class = wish.class.clone();
            writes = Some(noted(writes, territory, &act(&row.id))?);
        }
    }
    let Some(mut writes) = writes else {
        return Err(Error::Invalid("all of them are in that class already, or in none".to_owned()));
    };
    for row in records {
        // Its class changes, and nothing of where it is filed.
        writes = writes.device(Some(&row.value), &row.value, Expect::At(row.revision))?;
    }
    Ok(writes)
}

fn noted(writes: Option<Writes<Intent>>, territory: &TerritoryId, act: &Act) -> Result<Writes<Intent>> {
    match writes {
        None => Writes::by(territory, act),
        Some(writes) => writes.also(act),
    }
}

/// What an act is about, as it is kept.
struct Subjects {
    kits: Vec<Row<Kit>>,
    loans: Vec<Row<Loan>>,
    devices: Vec<Row<Device>>,
}

impl Subjects {
    async fn read(store: &dyn Store, territory: &TerritoryId, reach: &Reach, wish: &ClassWish) -> Result<Self> {
        let mut subjects = Self { kits: Vec::new(), loans: Vec::new(), devices: Vec::new() };
        for label in &wish.kits {
            let row = KITS.get(store, territory, label.as_str()).await?;
            let row = row.filter(|row| reach.covers(&row.value.filed()));
            subjects.kits.push(row.ok_or_else(|| Error::NotFound(format!("kit {label:?}")))?);
        }
        for id in &wish.loans {
            let row = LOANS.get(store, territory, id.to_string()).await?;
            let row = row.filter(|row| reach.covers(&row.value.filed()));
            subjects.loans.push(row.ok_or_else(|| Error::NotFound(format!("loan {id}")))?);
        }
        for id in &wish.devices {
            let row = DEVICES.get(store, territory, id.to_string()).await?;
            let row = row.filter(|row| reach.covers(&row.value.filed()));
            subjects.devices.push(row.ok_or_else(|| Error::NotFound(format!("device {id}")))?);
        }
        Ok(subjects)
    }

    /// The records of the devices that these are about.
    async fn touched(&self, store: &dyn Store, territory: &TerritoryId) -> Result<BTreeMap<DeviceId, Row<Device>>> {
        let mut ids = BTreeSet::new();
        for kit in &self.kits {
            ids.extend(kit_bound(store, territory, &kit.value).await?.1);
        }
        for loan in self.loans.iter().map(|row| &row.value).filter(|loan| loan.state == LoanState::Active) {
            let Some(line) = loan.line() else { continue };
            ids.extend(ASSETS.get(store, territory, line.asset.as_str()).await?.and_then(|row| row.value.device));
        }
        let mut touched: BTreeMap<_, _> = self.devices.iter().map(|row| (row.value.id, row.clone())).collect();
        for id in ids {
            let row = DEVICES.get(store, territory, id.to_string()).await?;
            touched.extend(row.map(|row| (id, row)));
        }
        Ok(touched)
    }
}
