//! Stock counts (*récolement*): what was seen at an establishment against what should be there.

mod finding;

pub use finding::{Finding, Found, stocktake_findings};

use crate::asset::assets_named;
use crate::audit::{Act, Person};
use crate::error::{Error, Result};
use crate::scope::{Filed, Reach};
use crate::store::{Expect, ID_BYTES_MAX, SharedStore, Store};
use crate::table::{Intent, Row, Table, Writes};
use jiff::civil::Date;
use model::id::TerritoryId;
use model::time::Timestamp;
use model::uai::Uai;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Stock counts by id.
pub static STOCKTAKES: Table<Stocktake, Intent> = Table::new("stocktake");
/// What was seen: `<count>/<inventory number, or the code as read>`.
pub static STOCKTAKE_SEEN: Table<Seen, Intent> = Table::new("stocktake_seen");

/// The most codes in one call.
pub const SIGHTS_MAX: usize = 200;
/// The longest code, in characters.
pub const CODE_CHARS_MAX: usize = 64;
/// The most counts of one establishment on one day.
const A_DAY_MAX: usize = 20;
/// The most counts looked at for one page.
const LOOKED_AT_MAX: usize = 20_000;

/// A stock count.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stocktake {
    /// Its name: the establishment and the day it began.
    pub id: String,
    /// Where.
    pub school: Uai,
    /// When it began.
    pub started: Timestamp,
    /// Who began it.
    pub by: String,
    /// When it was closed: nothing is added afterwards.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed: Option<Timestamp>,
}

/// A code that somebody scans.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sight {
    /// As read: an inventory number, a label's code, a serial number, or anything.
    pub code: String,
    /// When, by the scanner's clock.
    pub at: Timestamp,
}

/// Something that was seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// The code as read.
    pub code: String,
    /// The inventory number, where an asset is known by it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asset: Option<String>,
    /// When.
    pub at: Timestamp,
    /// Who saw it.
    pub by: String,
}

/// What came of a scanned code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Noted {
    /// What was seen.
    pub seen: Seen,
    /// Whether it had been seen before.
    pub already: bool,
}

/// Begins a count at an establishment.
///
/// # Errors
/// `Denied` for one outside the reach, `Invalid` when it was counted too often today.
pub async fn stocktake_start(
    store: &SharedStore,
    territory: &TerritoryId,
    reach: &Reach,
    school: Uai,
    by: &Person,
    now: Timestamp,
    today: Date,
) -> Result<Stocktake> {
    if !reach.covers(&filed(school)) {
        return Err(Error::Denied("a stock count is made only within your scope".to_owned()));
    }
    for n in 1..=A_DAY_MAX {
        let id = if n == 1 { format!("{school}-{today}") } else { format!("{school}-{today}-{n}") };
        if STOCKTAKES.get(store.as_ref(), territory, id.as_str()).await?.is_some() {
            continue;
        }
        let stocktake = Stocktake { id: id.clone(), school, started: now, by: by.name.clone(), closed: None };
        let act = Act::of(now, by, "stocktake_start", id.clone(), "");
        let made = Writes::by(territory, &act)?.put(&STOCKTAKES, id, &stocktake, Expect::Absent)?.commit(store).await;
        match made {
            Err(Error::Conflict(_)) => {}
            Err(error) => return Err(error),
            Ok(_) => return Ok(stocktake),
        }
    }
    Err(Error::Invalid(format!("an establishment is counted at most {A_DAY_MAX} times a day")))
}

/// The count of this id, within a reach.
///
/// # Errors
/// `NotFound` when there is none, or it lies outside.
pub async fn stocktake_get(
    store: &dyn Store,
    territory: &TerritoryId,
    reach: &Reach,
    id: &str,
) -> Result<Row<Stocktake>> {
    let none = || Error::NotFound(format!("stocktake {:?}", id.chars().take(64).collect::<String>()));
    let id = id.trim();
    if id.is_empty() || id.len() > ID_BYTES_MAX || id.contains('\0') {
        return Err(none());
    }
    let row = STOCKTAKES.get(store, territory, id).await?.filter(|row| reach.covers(&filed(row.value.school)));
    row.ok_or_else(none)
}

/// Counts within a reach, oldest first of each establishment, and where the next page begins.
///
/// # Errors
/// `Unavailable` when the store fails.
pub async fn stocktake_list(
    store: &dyn Store,
    territory: &TerritoryId,
    reach: &Reach,
    school: Option<Uai>,
    after: &str,
    limit: usize,
) -> Result<(Vec<Stocktake>, String)> {
    let scope = STOCKTAKES.scope(territory, school.map(|school| school.to_string()).unwrap_or_default());
    let (mut found, mut after, mut looked_at) = (Vec::new(), after.to_owned(), 0);
    while looked_at < LOOKED_AT_MAX {
        let page = STOCKTAKES.page(store, &scope, &after, 500).await?;
        if page.is_empty() {
            return Ok((found, String::new()));
        }
        looked_at += page.len();
        for row in page {
            after = row.id;
            found.extend(Some(row.value).filter(|one| reach.covers(&filed(one.school))));
            if found.len() >= limit {
                return Ok((found, after));
            }
        }
    }
    Ok((found, after))
}

/// Notes what was seen, all of it in one commit; seen twice is noted once.
///
/// # Errors
/// `NotFound` for a count that is not there, `Expired` for one that is closed, `Invalid` for too many codes or one that is none.
pub async fn stocktake_see(
    store: &SharedStore,
    territory: &TerritoryId,
    reach: &Reach,
    id: &str,
    sights: &[Sight],
    by: &Person,
    now: Timestamp,
) -> Result<Vec<Noted>> {
    if sights.is_empty() || sights.len() > SIGHTS_MAX {
        return Err(Error::Invalid(format!("1 to {SIGHTS_MAX} codes at a time")));
    }
    loop {
        let row = stocktake_get(store.as_ref(), territory, reach, id).await?;
        if row.value.closed.is_some() {
            return Err(Error::Expired("this stock count is closed; start another one".to_owned()));
        }
        let id = row.value.id.as_str();
        let act = Act::of(now, by, "stocktake_scan", id, &format!("{} codes", sights.len()));
        // A count that is closed meanwhile takes nothing more.
        let mut writes = Writes::by(territory, &act)?.put(&STOCKTAKES, id, &row.value, Expect::At(row.revision))?;
        let mut noted: Vec<Noted> = Vec::new();
        let mut fresh: BTreeMap<String, Seen> = BTreeMap::new();
        for sight in sights {
            let seen = seen_of(store.as_ref(), territory, sight, by).await?;
            let key = format!("{id}/{}", seen.asset.as_ref().unwrap_or(&seen.code));
            let before = match fresh.get(&key) {
                Some(before) => Some(before.clone()),
                None => STOCKTAKE_SEEN.get(store.as_ref(), territory, key.as_str()).await?.map(|row| row.value),
            };
            if let Some(before) = before {
                noted.push(Noted { seen: before, already: true });
                continue;
            }
            writes = writes.put(&STOCKTAKE_SEEN, key.as_str(), &seen, Expect::Absent)?;
            fresh.insert(key, seen.clone());
            noted.push(Noted { seen, already: false });
        }
        if fresh.is_empty() {
            return Ok(noted);
        }
        match writes.commit(store).await {
            // Somebody else counts too.
            Err(Error::Conflict(_)) => {}
            Err(error) => return Err(error),
            Ok(_) => return Ok(noted),
        }
    }
}

/// Closes a count.
///
/// # Errors
/// `NotFound` for one that is not there, `Conflict` when somebody adds to it at the same time.
pub async fn stocktake_close(
    store: &SharedStore,
    territory: &TerritoryId,
    reach: &Reach,
    id: &str,
    by: &Person,
    now: Timestamp,
) -> Result<Stocktake> {
    let row = stocktake_get(store.as_ref(), territory, reach, id).await?;
    if row.value.closed.is_some() {
        return Ok(row.value);
    }
    let stocktake = Stocktake { closed: Some(now), ..row.value };
    let act = Act::of(now, by, "stocktake_close", stocktake.id.clone(), "");
    let writes = Writes::by(territory, &act)?;
    writes.put(&STOCKTAKES, stocktake.id.as_str(), &stocktake, Expect::At(row.revision))?.commit(store).await?;
    Ok(stocktake)
}

fn filed(school: Uai) -> Filed {
    Filed { owner: None, school: Some(school) }
}

/// What a code stands for: an inventory number, a label, or a serial number that only one asset has.
async fn seen_of(store: &dyn Store, territory: &TerritoryId, sight: &Sight, by: &Person) -> Result<Seen> {
    let code = sight.code.trim();
    if code.is_empty()
        || code.chars().count() > CODE_CHARS_MAX
        || code.chars().any(char::is_control)
        || code.contains('/')
    {
        return Err(Error::Invalid(format!("a code is 1 to {CODE_CHARS_MAX} printable characters without a slash")));
    }
    let found = assets_named(store, territory, &Reach::territory(), code).await?;
    let asset = if let [only] = found.as_slice() { Some(only.id.clone()) } else { None };
    Ok(Seen { code: code.to_owned(), asset, at: sight.at, by: by.name.clone() })
}

#[cfg(test)]
mod tests;
