//! Which release of the agent devices are to run.

use super::proposal::{act, summary};
use crate::caller::Staff;
use crate::shared::Shared;
use crate::status::{convert_status, status};
use controlplane_core::assignment::{Assignments, Edition, Target};
use controlplane_core::fleet::fleet_count;
use controlplane_core::proposal::{Acted, Deed};
use controlplane_core::release::ReleaseRule;
use model::resource::{BundleName, ReleaseWanted};
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
    let release = match asked.release {
        Some(wanted) if wanted.index.is_empty() => {
            let version = super::bundle::version_of(&wanted.version)?;
            Some(super::bundle::edition_of(shared, &BundleName::agent(), Some(&version)).await?)
        }
        Some(wanted) => {
            let ReleaseWanted { version, index, .. } = wanted.try_into().map_err(convert_status)?;
            Some(Edition { version, index })
        }
        None => None,
    };
    // It touches every device there is.
    let touched = fleet_count(shared.store.as_ref(), shared.territory(), shared.second_from()).await.map_err(status)?;
    let proposal = match act(shared, staff, Deed::Release(ReleaseRule { release }), touched, &asked.why).await? {
        Acted::Done(_) => None,
        Acted::Waits(proposal) => Some(summary(&proposal, false, shared.clock.now())),
    };
    Ok(ReleaseSetResponse { release: in_force(shared).await?, proposal })
}

/// What is said of the whole territory.
async fn in_force(shared: &Shared) -> Result<Option<wire::v1::ReleaseWanted>, Status> {
    let all = Assignments::load(shared.store.as_ref(), shared.territory()).await.map_err(status)?;
    let said = all.get(&Target::Territory, &BundleName::agent());
    Ok(said.and_then(|said| said.edition.as_ref()).map(|edition| wire::v1::ReleaseWanted {
        version: edition.version.to_string(),
        index: edition.index.as_bytes().to_vec(),
        ..wire::v1::ReleaseWanted::default()
    }))
}
