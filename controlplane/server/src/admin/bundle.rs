//! Resources: what is offered, for whom it is, and how far that is.

use super::device::{found, limit_of};
use super::proposal::{act, summary};
use crate::caller::{Staff, staff_again};
use crate::catalogue::{Catalogue, CatalogueError, Offer, release_find};
use crate::intake::{Intake, IntakeError};
use crate::shared::Shared;
use crate::status::{invalid, status};
use bundle::{Name, Version};
use controlplane_core::Error;
use controlplane_core::assignment::{
    ASSIGNMENTS, Assignment, Edition, TARGETS_MAX, Target, Wish, Word, target_check, targets_count,
};
use controlplane_core::loan::loan_find;
use controlplane_core::proposal::{Acted, Deed};
use controlplane_core::store::PAGE_MAX;
use std::collections::BTreeSet;
use std::sync::Arc;
use tonic::Status;
use wire::v1::{
    BundleAssignRequest, BundleAssignResponse, BundleAssignment, BundleAssignmentsRequest, BundleAssignmentsResponse,
    BundleListRequest, BundleListResponse, BundlePushRequest, BundlePushResponse, BundleSummary, BundleWord,
};

pub(super) async fn list(shared: &Shared, asked: BundleListRequest) -> Result<BundleListResponse, Status> {
    let name = (!asked.name.is_empty()).then(|| name_of(&asked.name)).transpose()?;
    let catalogue = catalogue(shared).await?;
    let fits = |offer: &&Offer| name.as_ref().is_none_or(|name| offer.manifest.name == *name);
    Ok(BundleListResponse { bundles: catalogue.offers().filter(fits).map(offered).collect() })
}

pub(super) async fn assign(
    shared: &Shared,
    staff: &Staff,
    asked: BundleAssignRequest,
) -> Result<BundleAssignResponse, Status> {
    let bundle = name_of(&asked.bundle)?;
    let staff = &subject_staff(shared, staff, &bundle).await?;
    if asked.targets.is_empty() || asked.targets.len() > TARGETS_MAX {
        return Err(invalid(format!("a bundle is assigned to 1 to {TARGETS_MAX} targets at a time")));
    }
    let mut targets = BTreeSet::new();
    for text in &asked.targets {
        targets.insert(target_of(shared, staff, text).await?);
    }
    let word = match asked.word() {
        BundleWord::Hold => {
            let version = (!asked.version.is_empty()).then(|| version_of(&asked.version)).transpose()?;
            let edition = edition_of(shared, &bundle, version.as_ref()).await?;
            Word::Hold { edition, urgent: asked.urgent }
        }
        BundleWord::Absent => Word::Absent,
        BundleWord::Nothing => Word::Nothing,
        BundleWord::Unspecified => return Err(invalid("say whether it is to be there")),
    };
    let version = match &word {
        Word::Hold { edition, .. } => edition.version.to_string(),
        Word::Absent | Word::Nothing => String::new(),
    };
    let (store, territory) = (shared.store.as_ref(), shared.territory());
    let touched = targets_count(store, territory, &targets, shared.second_from()).await.map_err(status)?;
    let acted = act(shared, staff, Deed::Assign(Wish { bundle, targets, word }), touched, &asked.why).await?;
    let proposal = match acted {
        Acted::Done(_) => None,
        Acted::Waits(proposal) => Some(summary(&proposal, false, shared.clock.now())),
    };
    Ok(BundleAssignResponse { touched: u32::try_from(touched).unwrap_or(u32::MAX), version, proposal })
}

pub(super) async fn assignments(
    shared: &Shared,
    staff: &Staff,
    asked: BundleAssignmentsRequest,
) -> Result<BundleAssignmentsResponse, Status> {
    let limit = limit_of(asked.limit)?;
    let prefix = if asked.bundle.is_empty() { String::new() } else { format!("{}/", name_of(&asked.bundle)?) };
    let (store, territory) = (shared.store.as_ref(), shared.territory());
    let scope = ASSIGNMENTS.scope(territory, prefix);
    let (mut found, mut after) = (Vec::new(), asked.after);
    loop {
        let page = ASSIGNMENTS.page(store, &scope, &after, PAGE_MAX).await.map_err(status)?;
        if page.is_empty() {
            return Ok(BundleAssignmentsResponse { assignments: found, next: String::new() });
        }
        for row in page {
            after = row.id;
            match target_check(store, territory, &staff.reach, &row.value.target).await {
                Ok(()) => found.push(assigned(row.value)),
                // What is gone is shown to whoever may see everything, who may take it back.
                Err(Error::NotFound(_)) if staff.reach.is_territory() => found.push(assigned(row.value)),
                Err(Error::NotFound(_)) => {}
                Err(error) => return Err(status(error)),
            }
            if found.len() >= limit {
                return Ok(BundleAssignmentsResponse { assignments: found, next: after });
            }
        }
    }
}

pub(super) async fn push(
    shared: &Arc<Shared>,
    staff: &Staff,
    asked: BundlePushRequest,
) -> Result<BundlePushResponse, Status> {
    let (shared, name) = (Arc::clone(shared), staff.person.name.clone());
    let taken = tokio::task::spawn_blocking(move || {
        let root = shared.folder.repository();
        for piece in &asked.pieces {
            shared.intake.take(&root, &shared.config.resources, piece)?;
            if piece.path == "metadata/timestamp.json" {
                tracing::info!(by = name, "the repository was brought up to date");
            }
        }
        Intake::there(&root, &asked.files)
    });
    let there = taken.await.map_err(|error| Status::internal(error.to_string()))?;
    Ok(BundlePushResponse { there: there.map_err(intake_status)? })
}

fn intake_status(error: IntakeError) -> Status {
    match error {
        IntakeError::Write(source) => {
            tracing::error!(error = %source, "the repository cannot be written");
            Status::unavailable("the repository cannot be written; try again")
        }
        IntakeError::Full(_) | IntakeError::Floor(_) => Status::resource_exhausted(error.to_string()),
        refused => invalid(refused.to_string()),
    }
}

/// What the repository offers at this moment.
async fn catalogue(shared: &Shared) -> Result<Arc<Catalogue>, Status> {
    let (shelf, root) = (Arc::clone(&shared.shelf), shared.folder.repository());
    let read = tokio::task::spawn_blocking(move || {
        let read = shelf.catalogue(&root);
        // By its length it is there, so nobody would bring it again; the timestamp comes last, so none of this is under way.
        if let Err(CatalogueError::Wrong(path)) = &read {
            let _ = std::fs::remove_file(path);
        }
        read
    })
    .await;
    read.map_err(|error| Status::internal(error.to_string()))?.map_err(|error| {
        tracing::error!(%error, "the repository cannot be read");
        Status::unavailable("the repository is not whole; bring it once more")
    })
}

/// The release of the agent that the product's repository offers, in this version or the newest.
async fn release_of(shared: &Shared, version: Option<Version>) -> Result<Edition, Status> {
    let (root, wanted) = (shared.folder.repository(), version.clone());
    let read = tokio::task::spawn_blocking(move || release_find(&root, wanted.as_ref())).await;
    let found = read.map_err(|error| Status::internal(error.to_string()))?.map_err(|error| {
        tracing::error!(%error, "the repository of releases cannot be read");
        Status::unavailable("the repository is not whole; bring it once more")
    })?;
    found.ok_or_else(|| {
        let version = version.map(|version| format!("@{version}")).unwrap_or_default();
        status(Error::NotFound(format!("release of the agent {version}")))
    })
}

/// Whom a person means; it lies within their reach.
pub(super) async fn target_of(shared: &Shared, staff: &Staff, text: &str) -> Result<Target, Status> {
    let named = |kind: &str| text.strip_prefix(kind).map(str::trim);
    let target = if let Some(device) = named("device:") {
        Target::Device(found(shared, staff, device).await?.value.id)
    } else if let Some(loan) = named("loan:") {
        let row = loan_find(shared.store.as_ref(), shared.territory(), &staff.reach, loan).await.map_err(status)?;
        Target::Loan(row.value.id)
    } else {
        text.parse().map_err(|error: controlplane_core::assignment::TargetError| invalid(error.to_string()))?
    };
    let checked = target_check(shared.store.as_ref(), shared.territory(), &staff.reach, &target).await;
    checked.inspect_err(|error| shared.missed(staff, error, text)).map_err(status)?;
    Ok(target)
}

/// Who assigns a bundle or a release of the agent: which program devices run is decided by fewer people.
pub(super) async fn subject_staff(shared: &Shared, staff: &Staff, bundle: &Name) -> Result<Staff, Status> {
    if bundle.is_agent() { staff_again(shared, "ReleaseSet", staff).await } else { Ok(staff.clone()) }
}

/// What the repository offers under a name, in this version or the newest.
pub(super) async fn edition_of(shared: &Shared, bundle: &Name, version: Option<&Version>) -> Result<Edition, Status> {
    if bundle.is_agent() {
        return release_of(shared, version.cloned()).await;
    }
    let catalogue = catalogue(shared).await?;
    let offer = catalogue.find(bundle, version).ok_or_else(|| {
        let version = version.map(|version| format!("@{version}")).unwrap_or_default();
        status(Error::NotFound(format!("bundle {bundle}{version}")))
    })?;
    Ok(Edition { version: offer.manifest.version.clone(), index: offer.index })
}

pub(super) fn name_of(text: &str) -> Result<Name, Status> {
    text.parse().map_err(|error: model::resource::NameError| invalid(error.to_string()))
}

pub(super) fn version_of(text: &str) -> Result<Version, Status> {
    text.parse().map_err(|error: model::resource::NameError| invalid(error.to_string()))
}

fn offered(offer: &Offer) -> BundleSummary {
    let manifest = &offer.manifest;
    BundleSummary {
        name: manifest.name.to_string(),
        version: manifest.version.to_string(),
        title: manifest.title.clone(),
        description: manifest.description.clone(),
        language: manifest.language.clone(),
        levels: manifest.levels.iter().cloned().collect(),
        subjects: manifest.subjects.iter().cloned().collect(),
        licence: manifest.licence.clone(),
        publisher: manifest.publisher.clone(),
        size: offer.size,
        files: u32::try_from(offer.files).unwrap_or(u32::MAX),
        index: offer.index.to_string(),
    }
}

fn assigned(one: Assignment) -> BundleAssignment {
    BundleAssignment {
        bundle: one.bundle.to_string(),
        target: one.target.to_string(),
        version: one.edition.map(|edition| edition.version.to_string()).unwrap_or_default(),
        urgent: one.urgent,
        by: one.by,
        at_unix_ms: one.at.unix_millis(),
    }
}
