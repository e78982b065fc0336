//! What plans know of a device: where it is filed, in which kit, lent by which loan, for which measure. None of it is from the device.

use crate::asset::{ASSET_DEVICES, ASSETS};
use crate::device::{DEVICES, Device};
use crate::error::Result;
use crate::kit::KITS;
use crate::loan::{LOAN_OPEN, LOANS};
use crate::store::{Revision, Store};
use model::id::{DeviceId, TerritoryId};
use model::loan::{LoanId, LoanState};
use model::measure::Measure;
use model::owner::OwnerId;
use model::uai::Uai;

/// The few facts of a device from which its plan follows.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Facts {
    /// Which.
    pub device: DeviceId,
    /// Where it is filed.
    pub school: Option<Uai>,
    /// Whose it is.
    pub owner: Option<OwnerId>,
    /// In which kit it is packed.
    pub kit: Option<String>,
    /// By which loan it is in somebody's hands.
    pub loan: Option<LoanId>,
    /// For which measure it was bought, or is lent.
    pub measure: Option<Measure>,
}

impl Facts {
    /// Of a device of which nothing else is known.
    #[must_use]
    pub const fn bare(device: DeviceId) -> Self {
        Self { device, school: None, owner: None, kit: None, loan: None, measure: None }
    }
}

/// The facts of a device, and the latest revision of what they are from: a device without a record has none but its name.
///
/// # Errors
/// `Unavailable` when the store fails.
pub async fn facts_of(store: &dyn Store, territory: &TerritoryId, id: DeviceId) -> Result<(Facts, Revision)> {
    match DEVICES.get(store, territory, id.to_string()).await? {
        Some(row) => {
            let (facts, since) = facts_from(store, territory, &row.value).await?;
            Ok((facts, since.max(row.revision)))
        }
        None => Ok((Facts::bare(id), 0)),
    }
}

/// The same of a device whose record is in hand.
///
/// # Errors
/// `Unavailable` when the store fails.
pub async fn facts_from(store: &dyn Store, territory: &TerritoryId, device: &Device) -> Result<(Facts, Revision)> {
    let mut facts = Facts {
        school: device.school,
        owner: device.owner.clone(),
        kit: device.kit.as_ref().map(|place| place.kit.clone()),
        ..Facts::bare(device.id)
    };
    let mut since = 0;
    if let Some(bound) = ASSET_DEVICES.get(store, territory, device.id.to_string()).await? {
        since = since.max(bound.revision);
        if let Some(asset) = ASSETS.get(store, territory, bound.value.as_str()).await? {
            since = since.max(asset.revision);
            facts.measure = asset.value.measure;
        }
        if let Some(open) = LOAN_OPEN.get(store, territory, bound.value).await?
            && let Some(loan) = LOANS.get(store, territory, open.value.to_string()).await?
        {
            since = since.max(open.revision);
            // What waits to be handed over is nobody's yet.
            facts.loan = (loan.value.state == LoanState::Active).then_some(loan.value.id);
            facts.measure = facts.measure.or(facts.loan.and(loan.value.measure));
        }
    }
    if let (None, Some(label)) = (facts.measure, &facts.kit) {
        facts.measure = KITS.get(store, territory, label.as_str()).await?.and_then(|row| row.value.measure);
    }
    Ok((facts, since))
}
