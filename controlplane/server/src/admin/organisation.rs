//! Organisations.

use super::device::{limit_of, short};
use crate::caller::Staff;
use crate::shared::Shared;
use crate::status::{invalid, status};
use controlplane_core::organisation::{Kind, Organisation, organisation_page, organisations_set};
use tonic::Status;
use wire::v1::{OrganisationListRequest, OrganisationListResponse, OrganisationSetRequest, OrganisationSetResponse};

pub(super) async fn set(
    shared: &Shared,
    staff: &Staff,
    asked: OrganisationSetRequest,
) -> Result<OrganisationSetResponse, Status> {
    let wished = asked.organisations.into_iter().map(|one| {
        let (id, kind) = (one.id.parse().map_err(invalid)?, one.kind.parse::<Kind>().map_err(status)?);
        Ok(Organisation { id, name: one.name, kind, siret: one.siret })
    });
    let wished = wished.collect::<Result<Vec<_>, Status>>()?;
    let (store, by, now) = (&shared.store, &staff.person, shared.clock.now());
    let done = organisations_set(store, shared.territory(), &wished, by, &asked.why, now).await.map_err(status)?;
    Ok(OrganisationSetResponse { added: done.added, changed: done.changed, same: done.same })
}

pub(super) async fn list(
    shared: &Shared,
    staff: &Staff,
    asked: OrganisationListRequest,
) -> Result<OrganisationListResponse, Status> {
    let kind = (!asked.kind.is_empty()).then(|| asked.kind.parse().map_err(status)).transpose()?;
    let (part, limit) = (short(&asked.name)?, limit_of(asked.limit)?);
    let (store, reach) = (shared.store.as_ref(), &staff.reach);
    let page = organisation_page(store, shared.territory(), reach, kind, part, &asked.after, limit);
    let (found, next) = page.await.map_err(status)?;
    let wire = |one: Organisation| wire::v1::Organisation {
        id: one.id.to_string(),
        name: one.name,
        kind: one.kind.name().to_owned(),
        siret: one.siret,
    };
    Ok(OrganisationListResponse { organisations: found.into_iter().map(wire).collect(), next })
}
