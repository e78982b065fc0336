//! Equipment.

use super::device::{limit_of, owner_of, school_of, short};
use crate::caller::Staff;
use crate::random;
use crate::shared::Shared;
use crate::status::{invalid, status};
use controlplane_core::Error;
use controlplane_core::asset::{
    ASSET_DEVICES, Asset, AssetFilter, AssetWish, CODE_CHARS, Received, Receiving, Wiped, asset_bind, asset_find,
    asset_missing, asset_move, asset_page, asset_receive, asset_step, asset_unbind, asset_wipe_sign,
};
use controlplane_core::device::device_claiming;
use controlplane_core::grant::contact_of;
use controlplane_core::kit::KIT_PLACES;
use controlplane_core::scope::{Filed, Reach};
use controlplane_core::table::Row;
use model::lifecycle::{Lifecycle, Step};
use model::measure::{FundingLine, Measure};
use std::collections::BTreeMap;
use tonic::Status;
use wire::v1::{
    AssetBindRequest, AssetBindResponse, AssetLine, AssetListRequest, AssetListResponse, AssetLoss,
    AssetMissingRequest, AssetMissingResponse, AssetMoveRequest, AssetMoveResponse, AssetOutcome, AssetReceiveRequest,
    AssetReceiveResponse, AssetReceived, AssetShowResponse, AssetStepRequest, AssetStepResponse, AssetSummary,
    AssetWipeRequest, AssetWipeResponse,
};

/// The most devices shown that might run on an asset.
const CANDIDATES_MAX: usize = 8;

pub(super) async fn receive(
    shared: &Shared,
    staff: &Staff,
    asked: AssetReceiveRequest,
) -> Result<AssetReceiveResponse, Status> {
    let how = Receiving { dry: asked.dry_run, update: asked.update };
    // A line that cannot be read is refused by itself: the others are taken.
    let lines: Vec<Result<AssetWish, Status>> = asked.lines.into_iter().map(wish_of).collect();
    let wishes: Vec<AssetWish> = lines.iter().filter_map(|line| line.as_ref().ok().cloned()).collect();
    let codes = wishes.iter().map(|_| random::bytes::<CODE_CHARS>()).collect::<Result<Vec<_>, _>>().map_err(status)?;
    let (store, now) = (&shared.store, shared.clock.now());
    let told = asset_receive(store, shared.territory(), &staff.reach, &wishes, how, &staff.person, &codes, now).await;
    let mut told = told.map_err(status)?.into_iter();
    let received = lines.into_iter().map(|line| match line {
        Err(refused) => received_of(Received::Refused(refused.message().to_owned())),
        Ok(_) => received_of(told.next().unwrap_or(Received::Same)),
    });
    Ok(AssetReceiveResponse { received: received.collect() })
}

pub(super) async fn list(shared: &Shared, staff: &Staff, asked: AssetListRequest) -> Result<AssetListResponse, Status> {
    let limit = limit_of(asked.limit)?;
    let filter = AssetFilter {
        lifecycle: lifecycle_of(&asked.lifecycle)?,
        school: school_of(&asked.school)?,
        owner: owner_of(&asked.owner)?,
        measure: measure_of(&asked.measure)?,
        model: (!asked.model.is_empty()).then(|| short(&asked.model).map(str::to_owned)).transpose()?,
        unbound: asked.unbound,
    };
    let (store, after) = (shared.store.as_ref(), asked.after.as_str());
    let page = asset_page(store, shared.territory(), &staff.reach, &filter, after, limit).await;
    let (assets, next) = page.map_err(status)?;
    let mut contacts = Contacts::default();
    let mut summaries = Vec::with_capacity(assets.len());
    for asset in &assets {
        summaries.push(summary_with(shared, asset, &mut contacts).await?);
    }
    Ok(AssetListResponse { assets: summaries, next })
}

pub(super) async fn show(shared: &Shared, staff: &Staff, text: &str) -> Result<AssetShowResponse, Status> {
    let asset = found(shared, staff, text).await?.value;
    let mut candidates = Vec::new();
    if asset.device.is_none() {
        let (store, territory) = (shared.store.as_ref(), shared.territory());
        for device in device_claiming(store, territory, &staff.reach, &asset.serial).await.map_err(status)? {
            let bound = ASSET_DEVICES.get(store, territory, device.to_string()).await.map_err(status)?;
            if bound.is_none() && candidates.len() < CANDIDATES_MAX {
                candidates.push(device.to_string());
            }
        }
    }
    Ok(AssetShowResponse { asset: Some(summary(shared, &asset).await?), candidates })
}

pub(super) async fn step(shared: &Shared, staff: &Staff, asked: AssetStepRequest) -> Result<AssetStepResponse, Status> {
    let step = match asked.step() {
        wire::v1::AssetStep::Prepare => Step::Prepare,
        wire::v1::AssetStep::Ready => Step::Ready,
        wire::v1::AssetStep::Repair => Step::Repair,
        wire::v1::AssetStep::Check => Step::Check,
        wire::v1::AssetStep::Retire => Step::Retire,
        wire::v1::AssetStep::Unspecified => {
            return Err(invalid("an asset is prepared, made available, repaired, checked or retired"));
        }
    };
    let number = found(shared, staff, &asked.asset).await?.id;
    let (store, now) = (&shared.store, shared.clock.now());
    let done = asset_step(store, shared.territory(), &number, step, &staff.person, &asked.why, now).await;
    Ok(AssetStepResponse { asset: Some(summary(shared, &done.map_err(status)?).await?) })
}

pub(super) async fn missing(
    shared: &Shared,
    staff: &Staff,
    asked: AssetMissingRequest,
) -> Result<AssetMissingResponse, Status> {
    let step = match asked.loss() {
        AssetLoss::Lost => Step::Lose,
        AssetLoss::Stolen => Step::Steal,
        AssetLoss::Found => Step::Find,
        AssetLoss::Unspecified => return Err(invalid("an asset is lost, stolen or found")),
    };
    let number = found(shared, staff, &asked.asset).await?.id;
    let (store, now) = (&shared.store, shared.clock.now());
    let done = asset_missing(store, shared.territory(), &number, step, &staff.person, &asked.why, now).await;
    Ok(AssetMissingResponse { asset: Some(summary(shared, &done.map_err(status)?).await?) })
}

pub(super) async fn wipe(shared: &Shared, staff: &Staff, asked: AssetWipeRequest) -> Result<AssetWipeResponse, Status> {
    let number = found(shared, staff, &asked.asset).await?.id;
    let now = shared.clock.now();
    let done = asset_wipe_sign(&shared.store, shared.territory(), &number, &staff.person, &asked.why, now).await;
    Ok(AssetWipeResponse { asset: Some(summary(shared, &done.map_err(status)?).await?) })
}

pub(super) async fn relocate(
    shared: &Shared,
    staff: &Staff,
    asked: AssetMoveRequest,
) -> Result<AssetMoveResponse, Status> {
    let to = Filed { owner: owner_of(&asked.owner)?, school: school_of(&asked.school)? };
    if to == Filed::default() {
        return Err(invalid("name the school or the owner it is filed under from now on"));
    }
    let number = found(shared, staff, &asked.asset).await?.id;
    let (store, now) = (&shared.store, shared.clock.now());
    let moved = asset_move(store, shared.territory(), &staff.reach, &number, &to, &staff.person, &asked.why, now).await;
    let moved = moved.map_err(shared.refuse(staff.author(), "asset_move", &number))?;
    Ok(AssetMoveResponse { asset: Some(summary(shared, &moved).await?) })
}

pub(super) async fn bind(shared: &Shared, staff: &Staff, asked: AssetBindRequest) -> Result<AssetBindResponse, Status> {
    let number = found(shared, staff, &asked.asset).await?.id;
    let (store, territory, now) = (&shared.store, shared.territory(), shared.clock.now());
    let done = if asked.device.is_empty() {
        asset_unbind(store, territory, &number, &staff.person, &asked.why, now).await
    } else {
        let device = super::device::found(shared, staff, &asked.device).await?.value.id;
        asset_bind(store, territory, &number, device, shared, &staff.person, &asked.why, now).await
    };
    Ok(AssetBindResponse { asset: Some(summary(shared, &done.map_err(status)?).await?) })
}

/// The asset that a person means, among those they may see; naming another one is counted for the audit.
pub(super) async fn found(shared: &Shared, staff: &Staff, text: &str) -> Result<Row<Asset>, Status> {
    let (store, text) = (shared.store.as_ref(), short(text)?);
    let found = asset_find(store, shared.territory(), &staff.reach, text).await;
    if matches!(found, Err(Error::NotFound(_)))
        && let Ok(foreign) = asset_find(store, shared.territory(), &Reach::territory(), text).await
    {
        shared.out_of_reach(staff.author(), &foreign.id);
    }
    found.map_err(status)
}

/// An asset as people see it.
pub(super) async fn summary(shared: &Shared, asset: &Asset) -> Result<AssetSummary, Status> {
    summary_with(shared, asset, &mut Contacts::default()).await
}

/// Whom to contact, by where a thing is filed: looked up once a page.
type Contacts = BTreeMap<(Option<String>, Option<String>), String>;

async fn summary_with(shared: &Shared, asset: &Asset, contacts: &mut Contacts) -> Result<AssetSummary, Status> {
    let (store, territory) = (shared.store.as_ref(), shared.territory());
    let text = |text: Option<String>| text.unwrap_or_default();
    let (owner, school) =
        (asset.owner.as_ref().map(ToString::to_string), asset.school.map(|school| school.to_string()));
    let filed = (owner.clone(), school.clone());
    let contact = match contacts.get(&filed) {
        Some(contact) => contact.clone(),
        None => {
            let contact = contact_of(store, territory, &asset.filed()).await.map_err(status)?;
            contacts.insert(filed, contact.clone());
            contact
        }
    };
    let place = match asset.lifecycle {
        Lifecycle::InKit => KIT_PLACES.get(store, territory, asset.number.as_str()).await.map_err(status)?,
        _ => None,
    };
    let (kit, slot) = place.map(|row| (row.value.kit, row.value.slot)).unwrap_or_default();
    let (how, by, why) = match asset.wiped.as_ref().map(|wipe| &wipe.how) {
        None => ("", String::new(), String::new()),
        Some(Wiped::Reenrolled(_)) => ("reenrolled", String::new(), String::new()),
        Some(Wiped::Signed { by, why }) => ("signed", by.clone(), why.clone()),
    };
    Ok(AssetSummary {
        number: asset.number.clone(),
        label: asset.label.clone(),
        kind: asset.kind.clone(),
        maker: asset.maker.clone(),
        model: asset.model.clone(),
        serial: asset.serial.clone(),
        owner: text(owner),
        operator: text(asset.operator.as_ref().map(ToString::to_string)),
        school: text(school),
        measure: asset.measure.map_or("", Measure::name).to_owned(),
        funding: text(asset.funding.as_ref().map(ToString::to_string)),
        price_cents: asset.price_cents,
        purchased_on: text(asset.purchased_on.map(|day| day.to_string())),
        warranty_until: text(asset.warranty_until.map(|day| day.to_string())),
        lifecycle: asset.lifecycle.name().to_owned(),
        epoch: asset.epoch,
        device: text(asset.device.map(|id| id.to_string())),
        used_until_unix_ms: asset.used_until.map_or(0, |at| at.unix_millis()),
        wiped_unix_ms: asset.wiped.as_ref().map_or(0, |wipe| wipe.at.unix_millis()),
        wiped_how: how.to_owned(),
        wiped_by: by,
        wiped_why: why,
        clean: asset.is_clean(),
        received_unix_ms: asset.received.unix_millis(),
        contact,
        kit,
        slot,
    })
}

fn wish_of(line: AssetLine) -> Result<AssetWish, Status> {
    let day = |text: &str| {
        let day = (!text.is_empty()).then(|| text.parse::<jiff::civil::Date>());
        day.transpose().map_err(|_| invalid("a day is written like 2025-09-01"))
    };
    Ok(AssetWish {
        owner: owner_of(&line.owner)?,
        operator: owner_of(&line.operator)?,
        school: school_of(&line.school)?,
        measure: measure_of(&line.measure)?,
        funding: funding_of(&line.funding)?,
        purchased_on: day(&line.purchased_on)?,
        warranty_until: day(&line.warranty_until)?,
        price_cents: line.price_cents,
        number: line.number,
        kind: line.kind,
        maker: line.maker,
        model: line.model,
        serial: line.serial,
    })
}

fn received_of(received: Received) -> AssetReceived {
    let mut told = AssetReceived::default();
    let outcome = match received {
        Received::New(alike) => {
            told.alike = alike.unwrap_or_default();
            AssetOutcome::New
        }
        Received::Same => AssetOutcome::Same,
        Received::Changed(fields) => {
            told.fields = fields.into_iter().map(str::to_owned).collect();
            AssetOutcome::Changed
        }
        Received::Differs(fields) => {
            told.fields = fields.into_iter().map(str::to_owned).collect();
            AssetOutcome::Differs
        }
        Received::Refused(why) => {
            told.why = why;
            AssetOutcome::Refused
        }
    };
    told.outcome = outcome.into();
    told
}

pub(super) fn measure_of(text: &str) -> Result<Option<Measure>, Status> {
    if text.is_empty() { Ok(None) } else { text.parse().map(Some).map_err(invalid) }
}

pub(super) fn funding_of(text: &str) -> Result<Option<FundingLine>, Status> {
    if text.is_empty() { Ok(None) } else { text.parse().map(Some).map_err(invalid) }
}

fn lifecycle_of(text: &str) -> Result<Option<Lifecycle>, Status> {
    if text.is_empty() {
        return Ok(None);
    }
    let found = Lifecycle::ALL.into_iter().find(|lifecycle| lifecycle.name() == text);
    found.map(Some).ok_or_else(|| invalid("there is no such place in a device's life"))
}
