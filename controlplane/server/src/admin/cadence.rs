//! How devices keep in touch.

use crate::caller::Staff;
use crate::shared::Shared;
use crate::status::{convert_status, status};
use controlplane_core::rules::{Rules, cadence_set};
use tonic::Status;
use wire::v1::{CadenceSetRequest, CadenceSetResponse, CadenceShowResponse};

pub(super) async fn show(shared: &Shared) -> Result<CadenceShowResponse, Status> {
    let rules = Rules::load(shared.store.as_ref(), shared.territory()).await.map_err(status)?;
    Ok(CadenceShowResponse { cadence: Some(rules.cadence.into()) })
}

pub(super) async fn set(
    shared: &Shared,
    staff: &Staff,
    asked: CadenceSetRequest,
) -> Result<CadenceSetResponse, Status> {
    let cadence = asked.cadence.unwrap_or_default().try_into().map_err(convert_status)?;
    let now = shared.clock.now();
    let revision = cadence_set(&shared.store, shared.territory(), cadence, &staff.person, &asked.why, now);
    let revision = revision.await.map_err(status)?;
    Ok(CadenceSetResponse { cadence: Some(cadence.into()), revision })
}
