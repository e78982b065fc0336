//! Which release of the agent devices are to run.

use super::proposal::{act, summary};
use crate::caller::Staff;
use crate::shared::Shared;
use crate::status::{convert_status, status};
use controlplane_core::fleet::fleet_count;
use controlplane_core::proposal::{Acted, Deed};
use controlplane_core::release::{RELEASES, ReleaseRule};
use controlplane_core::rules::EVERYWHERE;
use model::resource::ReleaseWanted;
use tonic::Status;
use wire::v1::{ReleaseSetRequest, ReleaseSetResponse, ReleaseShowResponse};

pub(super) async fn show(shared: &Shared) -> Result<ReleaseShowResponse, Status> {
    Ok(ReleaseShowResponse { release: in_force(shared).await? })
}

pub(super) async fn set(
    shared: &Shared,
    staff: &Staff,
    asked: ReleaseSetRequest,
) -> Result<ReleaseSetResponse, Status> {
    let release = asked.release.map(ReleaseWanted::try_from).transpose().map_err(convert_status)?;
    // It touches every device there is.
    let touched = fleet_count(shared.store.as_ref(), shared.territory(), shared.second_from()).await.map_err(status)?;
    let proposal = match act(shared, staff, Deed::Release(ReleaseRule { release }), touched, &asked.why).await? {
        Acted::Done(_) => None,
        Acted::Waits(proposal) => Some(summary(&proposal, false, shared.clock.now())),
    };
    Ok(ReleaseSetResponse { release: in_force(shared).await?, proposal })
}

async fn in_force(shared: &Shared) -> Result<Option<wire::v1::ReleaseWanted>, Status> {
    let row = RELEASES.get(shared.store.as_ref(), shared.territory(), EVERYWHERE).await.map_err(status)?;
    Ok(row.and_then(|row| row.value.release).as_ref().map(Into::into))
}
