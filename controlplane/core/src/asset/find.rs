//! How people name an asset, and lists of them.

use super::{ASSET_LABELS, ASSET_SERIALS, ASSETS, Asset};
use crate::error::{Error, Result};
use crate::scope::Reach;
use crate::store::Store;
use crate::table::Row;
use model::device::evidence;
use model::id::TerritoryId;
use model::lifecycle::Lifecycle;
use model::measure::Measure;
use model::owner::OwnerId;
use model::uai::Uai;

/// The longest inventory number, or kit's label, in characters.
pub const NUMBER_CHARS_MAX: usize = 40;
/// How many symbols an opaque code has: sixty bits.
pub const CODE_CHARS: usize = 12;
/// The most assets with one serial number that are looked at.
const ALIKE_MAX: usize = 50;
/// How many assets a page looks at before it is handed out, even if few of them fit.
const LOOKED_AT_MAX: usize = 20_000;

/// Which assets a list shows.
#[derive(Clone, Debug, Default)]
pub struct AssetFilter {
    /// In this place of their life.
    pub lifecycle: Option<Lifecycle>,
    /// Of this establishment.
    pub school: Option<Uai>,
    /// Of this owner.
    pub owner: Option<OwnerId>,
    /// For this measure.
    pub measure: Option<Measure>,
    /// With this in maker or model, case ignored.
    pub model: Option<String>,
    /// Without a device.
    pub unbound: bool,
}

/// An inventory number or a kit's label as it is kept: letters in upper case, digits, `-`, `_` and `.`.
///
/// # Errors
/// `Invalid` for what is none.
pub fn number_read(text: &str) -> Result<String> {
    let number = text.trim().to_ascii_uppercase();
    let fits = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || matches!(c, '-' | '_' | '.');
    if (1..=NUMBER_CHARS_MAX).contains(&number.chars().count()) && number.chars().all(fits) {
        return Ok(number);
    }
    let shown: String = text.chars().filter(|c| !c.is_control()).take(NUMBER_CHARS_MAX).collect();
    Err(Error::Invalid(format!(
        "an inventory number or a label is 1 to {NUMBER_CHARS_MAX} letters, digits, -, _ and ., not {shown:?}"
    )))
}

/// An opaque code of random bytes, in symbols that are not mistaken for each other when read out (Crockford's base 32).
#[must_use]
pub fn code_of(random: &[u8; CODE_CHARS]) -> String {
    const SYMBOLS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    random.iter().map(|byte| char::from(SYMBOLS[usize::from(byte & 31)])).collect()
}

/// The asset with this number.
///
/// # Errors
/// `NotFound` when there is none.
pub async fn asset_get(store: &dyn Store, territory: &TerritoryId, number: &str) -> Result<Row<Asset>> {
    let row = ASSETS.get(store, territory, number).await?;
    row.ok_or_else(|| Error::NotFound(format!("asset {number}")))
}

/// The asset a person means by its number, the code of its label or its serial number, among those within a reach.
///
/// # Errors
/// `NotFound` when none fits, `Invalid` when several do.
pub async fn asset_find(store: &dyn Store, territory: &TerritoryId, reach: &Reach, text: &str) -> Result<Row<Asset>> {
    let mut found = assets_named(store, territory, reach, text).await?;
    match found.len() {
        0 => {
            let shown = text.chars().filter(|c| !c.is_control()).take(64).collect::<String>();
            Err(Error::NotFound(format!("asset {shown:?}")))
        }
        1 => Ok(found.remove(0)),
        _ => {
            let numbers: Vec<String> = found.iter().take(3).map(|row| row.id.clone()).collect();
            Err(Error::Invalid(format!("several assets fit: {}; give the inventory number", numbers.join(", "))))
        }
    }
}

/// The assets within a reach that a code means: the one with this inventory number, else the one with this label, else those with this
/// serial number.
///
/// # Errors
/// `Unavailable` when the store fails.
pub(crate) async fn assets_named(
    store: &dyn Store,
    territory: &TerritoryId,
    reach: &Reach,
    text: &str,
) -> Result<Vec<Row<Asset>>> {
    let within = |row: &Row<Asset>| reach.covers(&row.value.filed());
    if let Ok(number) = number_read(text) {
        if let Some(row) = ASSETS.get(store, territory, number.as_str()).await?.filter(&within) {
            return Ok(vec![row]);
        }
        if let Some(label) = ASSET_LABELS.get(store, territory, number).await? {
            return Ok(ASSETS.get(store, territory, label.value).await?.filter(&within).into_iter().collect());
        }
    }
    let mut found = serial_assets(store, territory, text).await?;
    found.retain(within);
    Ok(found)
}

/// The assets with this serial number; none for a placeholder.
///
/// # Errors
/// `Unavailable` when the store fails.
pub async fn serial_assets(store: &dyn Store, territory: &TerritoryId, serial: &str) -> Result<Vec<Row<Asset>>> {
    let mut found = Vec::new();
    for number in serial_numbers(store, territory, serial).await? {
        found.extend(ASSETS.get(store, territory, number).await?);
    }
    Ok(found)
}

/// The inventory numbers of the assets with this serial number, for who needs no more; none for a placeholder.
///
/// # Errors
/// `Unavailable` when the store fails.
pub(crate) async fn serial_numbers(store: &dyn Store, territory: &TerritoryId, serial: &str) -> Result<Vec<String>> {
    let Some(prefix) = serial_prefix(serial) else { return Ok(Vec::new()) };
    let page = ASSET_SERIALS.page(store, &ASSET_SERIALS.scope(territory, prefix), "", ALIKE_MAX).await?;
    Ok(page.into_iter().map(|row| row.value).collect())
}

/// A page of the assets within a reach that fit, and where the next one begins (empty when there is none).
///
/// # Errors
/// `Unavailable` when the store fails.
pub async fn asset_page(
    store: &dyn Store,
    territory: &TerritoryId,
    reach: &Reach,
    filter: &AssetFilter,
    after: &str,
    limit: usize,
) -> Result<(Vec<Asset>, String)> {
    let scope = ASSETS.scope(territory, "");
    let (mut found, mut after, mut looked_at) = (Vec::new(), after.to_owned(), 0);
    loop {
        let page = ASSETS.page(store, &scope, &after, limit.clamp(100, 1_000)).await?;
        if page.is_empty() {
            return Ok((found, String::new()));
        }
        looked_at += page.len();
        for row in page {
            after = row.id;
            if reach.covers(&row.value.filed()) && filter.fits(&row.value) {
                found.push(row.value);
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

impl AssetFilter {
    /// Whether an asset fits.
    #[must_use]
    pub fn fits(&self, asset: &Asset) -> bool {
        let named = |part: &str| [&asset.maker, &asset.model].iter().any(|text| text.to_lowercase().contains(part));
        self.lifecycle.is_none_or(|lifecycle| asset.lifecycle == lifecycle)
            && self.school.is_none_or(|school| asset.school == Some(school))
            && self.owner.as_ref().is_none_or(|owner| asset.owner.as_ref() == Some(owner))
            && self.measure.is_none_or(|measure| asset.measure == Some(measure))
            && self.model.as_ref().is_none_or(|part| named(&part.to_lowercase()))
            && (!self.unbound || asset.device.is_none())
    }
}

/// `<serial in lower case>/`, without what has a meaning in ids; nothing for a placeholder.
pub(crate) fn serial_prefix(serial: &str) -> Option<String> {
    let serial: String = evidence(serial)?.to_lowercase().chars().filter(|c| *c != '/').collect();
    let mut prefix = serial;
    while prefix.len() > 200 {
        prefix.pop();
    }
    (!prefix.is_empty()).then(|| prefix + "/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_they_are_typed_and_keys_stay_whole() {
        assert_eq!(number_read(" tne25-004217 ").unwrap(), "TNE25-004217");
        for bad in ["", " ", "a/b", "é1", "a b", &"x".repeat(41), "ﬀ1"] {
            assert!(number_read(bad).is_err(), "{bad:?}");
        }
        assert_eq!(serial_prefix("PF3/Q9").as_deref(), Some("pf3q9/"));
        for bad in ["Default string", "", "/", "0000"] {
            assert_eq!(serial_prefix(bad), None, "{bad:?}");
        }
        assert_eq!(code_of(&[0, 31, 32, 33, 10, 11, 12, 13, 14, 15, 16, 17]), "0Z01ABCDEFGH");
    }
}
