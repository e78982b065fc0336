//! What plans know of a device: where it is filed, for which class, in which kit, lent by which loan, for which measure. None of it is from the device.

use crate::asset::{ASSET_DEVICES, ASSETS};
use crate::class::class_served;
use crate::device::{DEVICES, Device};
use crate::error::Result;
use crate::kit::{KITS, part_is};
use crate::loan::{LOAN_OPEN, LOANS};
use crate::store::{Revision, Store};
use model::class::Class;
use model::device::JoinState;
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
    /// Which class of that school it serves.
    pub class: Option<Class>,
    /// In which kit it is packed.
    pub kit: Option<String>,
    /// By which loan it is in somebody's hands.
    pub loan: Option<LoanId>,
    /// For which measure it was bought, or is lent.
    pub measure: Option<Measure>,
    /// Whether a person has yet to decide that it belongs here.
    pub quarantined: bool,
}

impl Facts {
    /// Of a device of which nothing else is known.
    #[must_use]
    pub const fn bare(device: DeviceId) -> Self {
        Self {
            device,
            school: None,
            owner: None,
            class: None,
            kit: None,
            loan: None,
            measure: None,
            quarantined: false,
        }
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
        quarantined: device.state == JoinState::Quarantined,
        ..Facts::bare(device.id)
    };
    let (mut since, mut lent_to, mut kit) = (0, None, None);
    let mut number = None;
    if let Some(bound) = ASSET_DEVICES.get(store, territory, device.id.to_string()).await? {
        since = since.max(bound.revision);
        number = Some(bound.value.clone());
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
            lent_to = facts.loan.and(loan.value.class);
        }
    }
    if let Some(label) = &facts.kit {
        kit = KITS.get(store, territory, label.as_str()).await?.map(|row| row.value);
    }
    let kit = kit.as_ref();
    facts.measure = facts.measure.or(kit.and_then(|kit| kit.measure));
    // One that names a kit without having a place in it is not told when the kit's class changes.
    let packed = kit.filter(|kit| {
        kit.parts.iter().any(|part| part_is(part, device) || (part.number.is_some() && part.number == number))
    });
    let written = [device.class.as_ref(), lent_to.as_ref(), packed.and_then(|kit| kit.class.as_ref())];
    facts.class = class_served(facts.school, written);
    Ok((facts, since))
}
