//! How people name a kit, and lists of them.

use super::{KIT_CODES, KITS, Kit};
use crate::asset::{ASSETS, number_read};
use crate::device::DEVICES;
use crate::error::{Error, Result};
use crate::scope::Reach;
use crate::store::Store;
use crate::table::Row;
use model::id::{DeviceId, TerritoryId};
use model::kit::Bound;
use model::measure::Measure;
use model::owner::OwnerId;
use model::uai::Uai;

/// How many kits a page looks at before it is handed out, even if few of them fit.
const LOOKED_AT_MAX: usize = 5_000;

/// Which kits a list shows.
#[derive(Clone, Debug, Default)]
pub struct KitFilter {
    /// Of this establishment.
    pub school: Option<Uai>,
    /// Of this owner.
    pub owner: Option<OwnerId>,
    /// For this measure.
    pub measure: Option<Measure>,
    /// Of this template.
    pub template: Option<String>,
}

/// The kit with this label, as it is kept.
pub(super) async fn kit_get(store: &dyn Store, territory: &TerritoryId, label: &str) -> Result<Option<Row<Kit>>> {
    match number_read(label) {
        Ok(label) => KITS.get(store, territory, label).await,
        Err(_) => Ok(None),
    }
}

/// The kit a person means by its label or the code on its case, among those within a reach.
///
/// # Errors
/// `NotFound` when none fits.
pub async fn kit_find(store: &dyn Store, territory: &TerritoryId, reach: &Reach, text: &str) -> Result<Row<Kit>> {
    let shown = text.chars().filter(|c| !c.is_control()).take(64).collect::<String>();
    let mut found = kit_get(store, territory, text).await?;
    if found.is_none()
        && let Ok(code) = number_read(text)
        && let Some(label) = KIT_CODES.get(store, territory, code).await?
    {
        found = KITS.get(store, territory, label.value).await?;
    }
    found.filter(|row| reach.covers(&row.value.filed())).ok_or_else(|| Error::NotFound(format!("kit {shown:?}")))
}

/// A page of the kits within a reach that fit, and where the next one begins (empty when there is none).
///
/// # Errors
/// `Unavailable` when the store fails.
pub async fn kit_page(
    store: &dyn Store,
    territory: &TerritoryId,
    reach: &Reach,
    filter: &KitFilter,
    after: &str,
    limit: usize,
) -> Result<(Vec<Kit>, String)> {
    let scope = KITS.scope(territory, "");
    let (mut found, mut after, mut looked_at) = (Vec::new(), after.to_owned(), 0);
    loop {
        let page = KITS.page(store, &scope, &after, limit.clamp(100, 1_000)).await?;
        if page.is_empty() {
            return Ok((found, String::new()));
        }
        looked_at += page.len();
        for row in page {
            after = row.id;
            let kit = row.value;
            let fits = reach.covers(&kit.filed())
                && filter.school.is_none_or(|school| kit.school == Some(school))
                && filter.owner.as_ref().is_none_or(|owner| kit.owner.as_ref() == Some(owner))
                && filter.measure.is_none_or(|measure| kit.measure == Some(measure))
                && filter.template.as_ref().is_none_or(|template| kit.template == *template);
            if fits {
                found.push(kit);
            }
            if found.len() >= limit {
                return Ok((found, after));
            }
        }
        if looked_at >= LOOKED_AT_MAX {
            return Ok((found, after));
        }
    }
}

/// What is bound to a kit, and the devices among it.
///
/// # Errors
/// `Unavailable` when the store fails.
pub async fn kit_bound(store: &dyn Store, territory: &TerritoryId, kit: &Kit) -> Result<(Vec<Bound>, Vec<DeviceId>)> {
    let (mut bound, mut devices) = (Vec::new(), Vec::new());
    for part in &kit.parts {
        let mut one = Bound { slot: part.slot.clone(), name: String::new(), serial: String::new(), count: 1 };
        if let Some(number) = &part.number {
            one.name.clone_from(number);
            if let Some(row) = ASSETS.get(store, territory, number.as_str()).await? {
                one.serial = row.value.serial;
                devices.extend(row.value.device);
            }
        } else if let Some(id) = part.device {
            one.name = id.to_string();
            // One that another took the place of is there no more.
            let row = DEVICES.get(store, territory, id.to_string()).await?;
            devices.extend(row.map(|row| row.value.merged.map_or(id, |merged| merged.into)));
        }
        bound.push(one);
    }
    let loose = kit.loose.iter().map(|(slot, count)| Bound {
        slot: slot.clone(),
        name: String::new(),
        serial: String::new(),
        count: *count,
    });
    bound.extend(loose);
    Ok((bound, devices))
}
