//! The loan a person means.

use super::{LOAN_NUMBERS, LOAN_OPEN, LOANS, Loan};
use crate::asset::assets_named;
use crate::error::{Error, Result};
use crate::scope::Reach;
use crate::store::{ID_BYTES_MAX, Store};
use crate::table::Row;
use model::id::TerritoryId;
use model::lifecycle::Lifecycle;
use model::loan::LoanId;

/// The loan with this id or number, or the open one of the asset with this inventory number, label or serial number, within a reach.
///
/// # Errors
/// `NotFound` when there is none, or it lies outside; `Expired` when an asset is meant that is not lent.
pub async fn loan_find(store: &dyn Store, territory: &TerritoryId, reach: &Reach, text: &str) -> Result<Row<Loan>> {
    let text = text.trim();
    let none = || Error::NotFound(format!("loan {:?}", text.chars().take(64).collect::<String>()));
    if text.is_empty() || text.len() > ID_BYTES_MAX || text.contains('\0') {
        return Err(none());
    }
    let id = match text.parse::<LoanId>() {
        Ok(id) => Some(id),
        Err(_) => match LOAN_NUMBERS.get(store, territory, text.to_uppercase()).await? {
            Some(row) => Some(row.value),
            None => None,
        },
    };
    if let Some(id) = id {
        let row = loan_get(store, territory, id).await?;
        return row.filter(|row| reach.covers(&row.value.filed())).ok_or_else(none);
    }
    // A loan is found by its own place; where its asset is filed does not matter.
    let named = assets_named(store, territory, &Reach::territory(), text).await?;
    let [asset] = named.as_slice() else { return Err(none()) };
    let number = asset.id.as_str();
    if let Some(open) = LOAN_OPEN.get(store, territory, number).await?
        && let Some(row) = loan_get(store, territory, open.value).await?
        && reach.covers(&row.value.filed())
    {
        return Ok(row);
    }
    if !reach.covers(&asset.value.filed()) {
        return Err(none());
    }
    Err(Error::Expired(if matches!(asset.value.lifecycle, Lifecycle::Lost | Lifecycle::Stolen) {
        format!("{number} is reported lost or stolen; say first that it was found")
    } else {
        format!("{number} is in no open loan")
    }))
}

/// The loan with this id.
pub(super) async fn loan_get(store: &dyn Store, territory: &TerritoryId, id: LoanId) -> Result<Option<Row<Loan>>> {
    LOANS.get(store, territory, id.to_string()).await
}
