//! How devices keep in touch.

use super::proposal::{act, summary};
use crate::caller::Staff;
use crate::shared::Shared;
use crate::status::{convert_status, status};
use controlplane_core::fleet::fleet_count;
use controlplane_core::proposal::{Acted, Deed};
use controlplane_core::rules::Rules;
use tonic::Status;
use wire::v1::{CadenceSetRequest, CadenceSetResponse, CadenceShowResponse};

pub(super) async fn show(shared: &Shared) -> Result<CadenceShowResponse, Status> {
    let rules = rules(shared).await?;
    Ok(CadenceShowResponse { cadence: Some(rules.cadence.into()) })
}

pub(super) async fn set(
    shared: &Shared,
    staff: &Staff,
    asked: CadenceSetRequest,
) -> Result<CadenceSetResponse, Status> {
    let cadence = asked.cadence.unwrap_or_default().try_into().map_err(convert_status)?;
    // It touches every device there is.
    let touched = fleet_count(shared.store.as_ref(), shared.territory(), shared.second_from()).await.map_err(status)?;
    let proposal = match act(shared, staff, Deed::Cadence(cadence), touched, &asked.why).await? {
        Acted::Done(_) => None,
        Acted::Waits(proposal) => Some(summary(&proposal, false, shared.clock.now())),
    };
    let rules = rules(shared).await?;
    Ok(CadenceSetResponse { cadence: Some(rules.cadence.into()), revision: rules.changed, proposal })
}

/// The rules as they are written at this moment.
pub(super) async fn rules(shared: &Shared) -> Result<Rules, Status> {
    Rules::load(shared.store.as_ref(), shared.territory(), &shared.config.time_zone).await.map_err(status)
}
