//! Classes, by what serves them.

use super::device::{found as device_found, school_of};
use super::kit::found as kit_found;
use super::loan::found as loan_found;
use super::proposal::{act, summary};
use crate::caller::Staff;
use crate::shared::Shared;
use crate::status::{invalid, status};
use controlplane_core::Error;
use controlplane_core::class::{ClassWish, SUBJECTS_MAX, Serving, class_devices, classes_of};
use controlplane_core::proposal::{Acted, Deed};
use model::class::{Class, ClassError};
use tonic::Status;
use wire::v1::{
    ClassLendRequest, ClassLendResponse, ClassListRequest, ClassListResponse, ClassMember, ClassPutRequest,
    ClassPutResponse, ClassShowRequest, ClassShowResponse, ClassSummary, ProposalSummary,
};

pub(super) async fn list(shared: &Shared, staff: &Staff, asked: ClassListRequest) -> Result<ClassListResponse, Status> {
    let (store, school) = (shared.store.as_ref(), school_of(&asked.school)?);
    let classes = classes_of(store, shared.territory(), &staff.reach, school).await.map_err(status)?;
    let many = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    let summary = |(class, serving): (Class, Serving)| ClassSummary {
        class: class.to_string(),
        kits: many(serving.kits.len()),
        loans: many(serving.loans.len()),
        devices: many(serving.devices.len()),
    };
    Ok(ClassListResponse { classes: classes.into_iter().map(summary).collect() })
}

pub(super) async fn show(shared: &Shared, staff: &Staff, asked: ClassShowRequest) -> Result<ClassShowResponse, Status> {
    let class = class_of(&asked.class)?.ok_or_else(|| invalid("name the class"))?;
    let store = shared.store.as_ref();
    let all = classes_of(store, shared.territory(), &staff.reach, Some(class.school)).await;
    let Some(serving) = all.map_err(status)?.remove(&class) else {
        return Err(status(Error::NotFound(format!("class {class}"))));
    };
    let member = |kind: &str, name: String, through: &str| ClassMember {
        kind: kind.to_owned(),
        name,
        through: through.to_owned(),
    };
    let kits = serving.kits.into_iter().map(|label| member("kit", label, ""));
    let loans = serving.loans.into_values().map(|number| member("loan", number, ""));
    let devices = serving.devices.into_iter().map(|(id, through)| member("device", id.to_string(), through.name()));
    Ok(ClassShowResponse { class: class.to_string(), members: kits.chain(loans).chain(devices).collect() })
}

pub(super) async fn put(shared: &Shared, staff: &Staff, asked: ClassPutRequest) -> Result<ClassPutResponse, Status> {
    let mut wish = ClassWish { class: class_of(&asked.class)?, ..ClassWish::default() };
    count_check(asked.kits.len() + asked.devices.len())?;
    for kit in &asked.kits {
        wish.kits.insert(kit_found(shared, staff, kit).await?.id);
    }
    for device in &asked.devices {
        wish.devices.insert(device_found(shared, staff, device).await?.value.id);
    }
    let (devices, proposal) = done(shared, staff, wish, &asked.why).await?;
    Ok(ClassPutResponse { devices, proposal })
}

pub(super) async fn lend(shared: &Shared, staff: &Staff, asked: ClassLendRequest) -> Result<ClassLendResponse, Status> {
    let mut wish = ClassWish { class: class_of(&asked.class)?, ..ClassWish::default() };
    count_check(asked.loans.len())?;
    for loan in &asked.loans {
        wish.loans.insert(loan_found(shared, staff, loan).await?.value.id);
    }
    let (devices, proposal) = done(shared, staff, wish, &asked.why).await?;
    Ok(ClassLendResponse { devices, proposal })
}

async fn done(
    shared: &Shared,
    staff: &Staff,
    wish: ClassWish,
    why: &str,
) -> Result<(u32, Option<ProposalSummary>), Status> {
    let (store, territory) = (shared.store.as_ref(), shared.territory());
    let touched = class_devices(store, territory, &staff.reach, &wish).await.map_err(status)?.len();
    let proposal = match act(shared, staff, Deed::Class(wish), touched, why).await? {
        Acted::Done(_) => None,
        Acted::Waits(proposal) => Some(summary(&proposal, false, shared.clock.now())),
    };
    Ok((u32::try_from(touched).unwrap_or(u32::MAX), proposal))
}

fn count_check(count: usize) -> Result<(), Status> {
    if (1..=SUBJECTS_MAX).contains(&count) {
        return Ok(());
    }
    Err(invalid(format!("name 1 to {SUBJECTS_MAX} kits, loans or devices at a time")))
}

/// The class that is named; nothing where none is.
pub(super) fn class_of(text: &str) -> Result<Option<Class>, Status> {
    if text.is_empty() {
        Ok(None)
    } else {
        text.parse().map(Some).map_err(|error: ClassError| invalid(error.to_string()))
    }
}
