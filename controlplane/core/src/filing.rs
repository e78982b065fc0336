//! Where devices are filed, as an index: the devices of one school are found without looking at those of all the others.
//!
//! An entry is written with the device's own record, and taken out when it is filed elsewhere. One that was left behind says too much and
//! never too little: whoever reads the index reads the device too, and looks where it is filed.

use crate::device::{DEVICES, Device};
use crate::error::Result;
use crate::fleet::Filter;
use crate::scope::{Filed, Reach};
use crate::store::{Expect, PAGE_MAX, SharedStore, Store, Write};
use crate::table::{Intent, Row, Table, Writes};
use model::device::JoinState;
use model::id::{DeviceId, TerritoryId};
use model::owner::OwnerId;
use model::uai::Uai;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Devices under `school/<uai>/<device>`, or `school//<device>` where none is named, and `owner/<owner>/<device>`.
pub static FILINGS: Table<(), Intent> = Table::new("device_filed");
/// Devices by their id, of which only this is read: a look at all of them reads no more.
pub static BRIEFS: Table<Brief, Intent> = Table::new("device");
/// Under [`BUILT`] once every device stands in the index.
static BUILDS: Table<u32, Intent> = Table::new("device_filed_built");
const BUILT: &str = "filed";
/// Which index that is: another one is built again.
const VERSION: u32 = 1;
/// So many devices are filed in one batch while the index is built, each with two entries at most.
const BUILD_AT_A_TIME: usize = 500;

/// What of a device's record is read when all are looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Brief {
    /// Which.
    pub id: DeviceId,
    /// Whether it belongs.
    pub state: JoinState,
    /// Why it is in quarantine or revoked.
    #[serde(default)]
    pub reason: Option<crate::device::Reason>,
    /// The establishment it is filed under.
    #[serde(default)]
    pub school: Option<Uai>,
    /// Whose it is.
    #[serde(default)]
    pub owner: Option<OwnerId>,
    /// Its certificate in force.
    pub certificate: crate::device::Certificate,
}

impl Brief {
    /// Where it is filed.
    #[must_use]
    pub fn filed(&self) -> Filed {
        Filed { owner: self.owner.clone(), school: self.school }
    }
}

/// Where devices are looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Near {
    /// Among all.
    Everywhere,
    /// Among those filed under these schools; `None` stands for those that are filed under no school.
    Schools(BTreeSet<Option<Uai>>),
    /// Among those of this owner.
    Owner(OwnerId),
}

impl Near {
    /// Among those of one school.
    #[must_use]
    pub fn school(school: Uai) -> Self {
        Self::Schools([Some(school)].into())
    }

    /// Among those that may serve a class of this school: what is filed nowhere is where its loan or its kit is.
    #[must_use]
    pub fn class_of(school: Uai) -> Self {
        Self::Schools([Some(school), None].into())
    }

    /// Where whoever has this reach finds all that fits a filter.
    #[must_use]
    pub fn of(filter: &Filter, reach: &Reach) -> Self {
        match (filter.school, &filter.owner) {
            (Some(school), _) => Self::school(school),
            (None, Some(owner)) => Self::Owner(owner.clone()),
            (None, None) => Self::within(reach),
        }
    }

    /// Where whoever has this reach finds all that they may see.
    #[must_use]
    pub fn within(reach: &Reach) -> Self {
        reach.schools_alone().map_or(Self::Everywhere, |schools| Self::Schools(schools.into_iter().map(Some).collect()))
    }

    fn prefixes(&self) -> Option<Vec<String>> {
        match self {
            Self::Everywhere => None,
            Self::Schools(schools) => Some(schools.iter().map(|school| school_prefix(*school)).collect()),
            Self::Owner(owner) => Some(vec![owner_prefix(owner)]),
        }
    }
}

/// A way through devices in the order of their ids, a page at a time.
#[derive(Debug)]
pub struct Walk {
    /// Under which prefixes of the index; none where all devices are looked at.
    prefixes: Option<Vec<String>>,
    after: String,
}

impl Walk {
    /// A way through the devices that may be near, after an id; others may be met on it.
    ///
    /// # Errors
    /// `Unavailable` when the store fails.
    pub async fn begin(store: &dyn Store, territory: &TerritoryId, near: &Near, after: &str) -> Result<Self> {
        let prefixes = match near.prefixes() {
            Some(prefixes) if filings_built(store, territory).await? => Some(prefixes),
            _ => None,
        };
        Ok(Self { prefixes, after: after.to_owned() })
    }

    /// The next devices; nothing at the end of the way, and perhaps none before it.
    ///
    /// # Errors
    /// `Unavailable` when the store fails.
    pub async fn next(
        &mut self,
        store: &dyn Store,
        territory: &TerritoryId,
        limit: usize,
    ) -> Result<Option<Vec<Row<Device>>>> {
        let limit = limit.clamp(1, PAGE_MAX);
        let Some(prefixes) = &self.prefixes else {
            let page = DEVICES.page(store, &DEVICES.scope(territory, ""), &self.after, limit).await?;
            let Some(last) = page.last() else { return Ok(None) };
            self.after.clone_from(&last.id);
            return Ok(Some(page));
        };
        let mut ids = BTreeSet::new();
        for prefix in prefixes {
            let scope = FILINGS.scope(territory, prefix.as_str());
            let after = if self.after.is_empty() { String::new() } else { format!("{prefix}{}", self.after) };
            let page = store.scan(&scope, &after, limit).await?;
            ids.extend(page.into_iter().filter_map(|(key, _)| key.id.strip_prefix(prefix.as_str()).map(str::to_owned)));
        }
        let ids: Vec<String> = ids.into_iter().take(limit).collect();
        let Some(last) = ids.last() else { return Ok(None) };
        self.after.clone_from(last);
        let mut found = Vec::with_capacity(ids.len());
        for id in ids {
            found.extend(DEVICES.get(store, territory, id).await?);
        }
        Ok(Some(found))
    }
}

impl Writes<Intent> {
    /// Writes a device's record, and where it is filed now; `before` is the record that it takes the place of, where it is in hand.
    ///
    /// # Errors
    /// `Invalid` when it cannot be written as JSON.
    pub fn device(self, before: Option<&Device>, after: &Device, expect: Expect) -> Result<Self> {
        let (had, has) = (before.map(places).unwrap_or_default(), places(after));
        let mut writes = self.put(&DEVICES, after.id.to_string(), after, expect)?;
        for place in has.difference(&had) {
            writes = writes.put(&FILINGS, place.as_str(), &(), Expect::Any)?;
        }
        for place in had.difference(&has) {
            writes = writes.remove(&FILINGS, place.as_str(), Expect::Any);
        }
        Ok(writes)
    }
}

/// Whether every device stands in the index.
///
/// # Errors
/// `Unavailable` when the store fails.
pub async fn filings_built(store: &dyn Store, territory: &TerritoryId) -> Result<bool> {
    Ok(BUILDS.get(store, territory, BUILT).await?.is_some_and(|row| row.value == VERSION))
}

/// Files the next devices of a store that was written before there was this index; answers with where to go on, and nothing when all are
/// filed. A device that is written meanwhile files itself.
///
/// # Errors
/// `Unavailable` when the store fails.
pub async fn filings_build(store: &SharedStore, territory: &TerritoryId, after: &str) -> Result<Option<String>> {
    let page = BRIEFS.page(store.as_ref(), &BRIEFS.scope(territory, ""), after, BUILD_AT_A_TIME).await?;
    // It is no act of anybody's: what was decided stands in the devices' records, and their audit.
    let mut batch = crate::store::Batch::default();
    let write = |key, value: Vec<u8>| Write { key, expect: Expect::Any, value: Some(value.into()), intent: true };
    let Some(last) = page.last().map(|row| row.id.clone()) else {
        batch.writes.push(write(BUILDS.key(territory, BUILT), VERSION.to_string().into_bytes()));
        store.commit(batch).await?;
        return Ok(None);
    };
    for row in &page {
        for place in places_of(&row.value.filed(), row.value.id) {
            batch.writes.push(write(FILINGS.key(territory, place), b"null".to_vec()));
        }
    }
    store.commit(batch).await?;
    Ok(Some(last))
}

fn places(device: &Device) -> BTreeSet<String> {
    places_of(&device.filed(), device.id)
}

fn places_of(filed: &Filed, id: DeviceId) -> BTreeSet<String> {
    let school = Some(school_prefix(filed.school));
    let prefixes = school.into_iter().chain(filed.owner.as_ref().map(owner_prefix));
    prefixes.map(|prefix| format!("{prefix}{id}")).collect()
}

fn school_prefix(school: Option<Uai>) -> String {
    school.map_or_else(|| "school//".to_owned(), |school| format!("school/{school}/"))
}

fn owner_prefix(owner: &OwnerId) -> String {
    format!("owner/{owner}/")
}

#[cfg(test)]
mod tests;
