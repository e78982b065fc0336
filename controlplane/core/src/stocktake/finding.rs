//! What a count found: there, missing, or not expected there.

use super::{STOCKTAKE_SEEN, Seen, Stocktake};
use crate::asset::{ASSETS, Asset};
use crate::error::{Error, Result};
use crate::scope::Reach;
use crate::store::{PAGE_MAX, Store};
use model::id::TerritoryId;
use model::lifecycle::Lifecycle;
use model::owner::OwnerId;
use model::uai::Uai;
use std::collections::BTreeMap;

/// The most findings of one count.
const FINDINGS_MAX: usize = 50_000;

/// How something that was counted stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Found {
    /// It should be there and was not seen.
    Missing,
    /// It was seen and belongs elsewhere, or should be in somebody's hands.
    Unexpected,
    /// It was seen and is no asset on record.
    Unknown,
    /// It was seen and should be there.
    Present,
}

/// One thing that was counted, or should have been.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How it stands.
    pub found: Found,
    /// The inventory number, or the code as read.
    pub number: String,
    /// The label's code; empty for what lies outside the reach, as all that follows.
    pub label: String,
    /// The serial number.
    pub serial: String,
    /// Maker and model.
    pub model: String,
    /// The establishment it is filed under; nothing for what lies outside the reach.
    pub school: Option<Uai>,
    /// Whose it is.
    pub owner: Option<OwnerId>,
    /// Where it stands in its life; nothing for what lies outside the reach.
    pub lifecycle: Option<Lifecycle>,
    /// When and by whom it was seen.
    pub seen: Option<Seen>,
}

/// Everything a count found: missing first, then what was not expected, then what was there; each by number.
///
/// # Errors
/// `Invalid` when there is too much, `Unavailable` when the store fails.
pub async fn stocktake_findings(
    store: &dyn Store,
    territory: &TerritoryId,
    reach: &Reach,
    stocktake: &Stocktake,
) -> Result<Vec<Finding>> {
    let prefix = format!("{}/", stocktake.id);
    let scope = STOCKTAKE_SEEN.scope(territory, prefix.clone());
    let mut seen: BTreeMap<String, Seen> = BTreeMap::new();
    let mut after = String::new();
    loop {
        let page = STOCKTAKE_SEEN.page(store, &scope, &after, PAGE_MAX).await?;
        let Some(last) = page.last() else { break };
        after.clone_from(&last.id);
        seen.extend(page.into_iter().map(|row| (row.id[prefix.len()..].to_owned(), row.value)));
        many_check(seen.len())?;
    }
    let mut findings = Vec::new();
    let scope = ASSETS.scope(territory, "");
    let mut after = String::new();
    loop {
        let page = ASSETS.page(store, &scope, &after, PAGE_MAX).await?;
        let Some(last) = page.last() else { break };
        after.clone_from(&last.id);
        for row in page {
            let here = row.value.school == Some(stocktake.school);
            let sight = seen.remove(&row.value.number);
            let due = here && is_expected(row.value.lifecycle);
            let found = match (&sight, due) {
                (Some(_), true) => Found::Present,
                (Some(_), false) => Found::Unexpected,
                (None, true) => Found::Missing,
                (None, false) => continue,
            };
            findings.push(finding(found, row.value, sight, reach));
            many_check(findings.len())?;
        }
    }
    findings.extend(seen.into_iter().map(|(number, sight)| Finding {
        found: Found::Unknown,
        number,
        label: String::new(),
        serial: String::new(),
        model: String::new(),
        school: None,
        owner: None,
        lifecycle: None,
        seen: Some(sight),
    }));
    findings.sort_by(|a, b| (a.found, &a.number).cmp(&(b.found, &b.number)));
    Ok(findings)
}

/// Whether something at this place in its life should be at the establishment it is filed under.
const fn is_expected(lifecycle: Lifecycle) -> bool {
    matches!(
        lifecycle,
        Lifecycle::Received
            | Lifecycle::InPreparation
            | Lifecycle::Available
            | Lifecycle::Reserved
            | Lifecycle::InKit
            | Lifecycle::ReturnedUnchecked
            | Lifecycle::ToRecondition
    )
}

fn finding(found: Found, asset: Asset, seen: Option<Seen>, reach: &Reach) -> Finding {
    let within = reach.covers(&asset.filed());
    let model = format!("{} {}", asset.maker, asset.model).trim().to_owned();
    Finding {
        found,
        number: asset.number,
        // Where somebody else's equipment belongs is not said to who may not see it.
        label: if within { asset.label } else { String::new() },
        serial: if within { asset.serial } else { String::new() },
        model: if within { model } else { String::new() },
        school: asset.school.filter(|_| within),
        owner: asset.owner.filter(|_| within),
        lifecycle: within.then_some(asset.lifecycle),
        seen,
    }
}

fn many_check(count: usize) -> Result<()> {
    if count <= FINDINGS_MAX {
        return Ok(());
    }
    Err(Error::Invalid(format!("a stock count has at most {FINDINGS_MAX} findings")))
}

impl Found {
    /// The name in tables and messages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Unexpected => "unexpected",
            Self::Unknown => "unknown",
            Self::Present => "present",
        }
    }
}
