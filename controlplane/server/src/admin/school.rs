//! Establishments.

use super::device::{limit_of, owner_of, short};
use crate::caller::Staff;
use crate::shared::Shared;
use crate::status::{convert_status, invalid, status};
use controlplane_core::establishment::{Filter, Placed, establishment_get, establishment_page, establishments_import};
use controlplane_core::grant::contact_of;
use model::departement::Departement;
use model::establishment::{Degree, Establishment};
use model::uai::WrittenUai;
use tonic::Status;
use wire::v1::{
    SchoolImportRequest, SchoolImportResponse, SchoolListRequest, SchoolListResponse, SchoolShowRequest,
    SchoolShowResponse, SchoolSummary,
};

pub(super) async fn import(
    shared: &Shared,
    staff: &Staff,
    asked: SchoolImportRequest,
) -> Result<SchoolImportResponse, Status> {
    let batch = asked.schools.into_iter().map(Establishment::try_from).collect::<Result<Vec<_>, _>>();
    let batch = batch.map_err(convert_status)?;
    let (source, now) = (short(&asked.source)?, shared.clock.now());
    let (store, by) = (&shared.store, &staff.person);
    let done = establishments_import(store, shared.territory(), &batch, by, source, asked.dry_run, now);
    let done = done.await.map_err(status)?;
    Ok(SchoolImportResponse { added: done.added, changed: done.changed, same: done.same })
}

pub(super) async fn list(
    shared: &Shared,
    staff: &Staff,
    asked: SchoolListRequest,
) -> Result<SchoolListResponse, Status> {
    let filter = Filter {
        departement: some(&asked.departement)?,
        commune: short(&asked.commune)?.to_owned(),
        name: short(&asked.name)?.to_owned(),
        kind: some(&asked.kind)?,
        degree: match asked.degree.as_str() {
            "" => None,
            "first" => Some(Degree::First),
            "second" => Some(Degree::Second),
            _ => return Err(invalid("a degree is first or second")),
        },
        sector: some(&asked.sector)?,
        zone: some(&asked.zone)?,
        owner: owner_of(&asked.owner)?,
        flagged: asked.flagged,
    };
    let (store, limit) = (shared.store.as_ref(), limit_of(asked.limit)?);
    let page = establishment_page(store, shared.territory(), &staff.reach, &filter, &asked.after, limit);
    let (found, next) = page.await.map_err(status)?;
    Ok(SchoolListResponse { schools: found.into_iter().map(summary).collect(), next })
}

pub(super) async fn show(
    shared: &Shared,
    staff: &Staff,
    asked: SchoolShowRequest,
) -> Result<SchoolShowResponse, Status> {
    let uai: WrittenUai = asked.uai.parse().map_err(invalid)?;
    let (store, territory) = (shared.store.as_ref(), shared.territory());
    let found = establishment_get(store, territory, &staff.reach, uai).await;
    let placed = found.inspect_err(|error| shared.missed(staff, error, &asked.uai)).map_err(status)?;
    let contact = contact_of(store, territory, &placed.filed()).await.map_err(status)?;
    Ok(SchoolShowResponse { school: Some(summary(placed)), contact })
}

fn summary(placed: Placed) -> SchoolSummary {
    let one = &placed.establishment;
    SchoolSummary {
        owner: placed.owner.as_ref().map_or_else(String::new, ToString::to_string),
        zone: one.departement.and_then(Departement::zone).map_or("", |zone| zone.name()).to_owned(),
        degree: one.kind.degree().map_or("", |degree| degree.name()).to_owned(),
        flag: one.flag().map_or("", |flag| flag.name()).to_owned(),
        school: Some(placed.establishment.into()),
    }
}

fn some<T: std::str::FromStr<Err: std::fmt::Display>>(text: &str) -> Result<Option<T>, Status> {
    if text.is_empty() { Ok(None) } else { text.parse().map(Some).map_err(invalid) }
}
