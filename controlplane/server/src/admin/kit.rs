//! Kits.

use super::asset::{found as asset_found, funding_of, measure_of};
use super::class::class_of;
use super::device::{limit_of, owner_of, school_of, short};
use crate::caller::Staff;
use crate::random;
use crate::shared::Shared;
use crate::status::{invalid, status};
use controlplane_core::Error;
use controlplane_core::asset::{ASSETS, CODE_CHARS};
use controlplane_core::grant::contact_of;
use controlplane_core::kit::{
    Kit, KitFilter, KitWish, Move, Part, kit_bind, kit_bound, kit_create, kit_find, kit_loose, kit_page, kit_part_find,
    kit_pass, kit_unbind, move_accept, move_dismiss, move_get, moves_page, template_get, template_list, template_put,
};
use controlplane_core::report::SECTIONS;
use controlplane_core::scope::{Filed, Reach};
use controlplane_core::table::Row;
use model::id::DeviceId;
use model::inventory::Peripherals;
use model::kit::{Lack, PartRole, Slot, Template, kit_lacks};
use model::measure::Measure;
use model::section::SectionKind;
use tonic::Status;
use wire::convert::{Section, section_decode, section_unpack};
use wire::v1::{
    KitBindRequest, KitBindResponse, KitCreateRequest, KitCreateResponse, KitLack, KitListRequest, KitListResponse,
    KitMove, KitMoveDecideRequest, KitMoveDecideResponse, KitMovesRequest, KitMovesResponse, KitPart, KitPassRequest,
    KitPassResponse, KitShowResponse, KitSummary, KitTemplate, KitTemplateListRequest, KitTemplateListResponse,
    KitTemplatePutRequest, KitTemplatePutResponse, KitUnbindRequest, KitUnbindResponse,
};

/// How many kits are judged for one page of those that lack something, even if few of them do.
const JUDGED_MAX: usize = 500;

pub(super) async fn template_keep(
    shared: &Shared,
    staff: &Staff,
    asked: KitTemplatePutRequest,
) -> Result<KitTemplatePutResponse, Status> {
    let template = template_of(asked.template.unwrap_or_default())?;
    let now = shared.clock.now();
    let kept = template_put(&shared.store, shared.territory(), template, &staff.person, now).await;
    let (template, new) = kept.map_err(status)?;
    Ok(KitTemplatePutResponse { template: Some(template_said(template)), new })
}

pub(super) async fn templates(
    shared: &Shared,
    asked: KitTemplateListRequest,
) -> Result<KitTemplateListResponse, Status> {
    let (limit, name) = (limit_of(asked.limit)?, short(&asked.name)?);
    let page = template_list(shared.store.as_ref(), shared.territory(), name, &asked.after, limit).await;
    let (templates, next) = page.map_err(status)?;
    Ok(KitTemplateListResponse { templates: templates.into_iter().map(template_said).collect(), next })
}

pub(super) async fn create(
    shared: &Shared,
    staff: &Staff,
    asked: KitCreateRequest,
) -> Result<KitCreateResponse, Status> {
    let wish = KitWish {
        label: asked.label,
        template: short(&asked.template)?.to_owned(),
        version: asked.version,
        filed: Filed { owner: owner_of(&asked.owner)?, school: school_of(&asked.school)? },
        class: class_of(&asked.class)?,
        operator: owner_of(&asked.operator)?,
        measure: measure_of(&asked.measure)?,
        funding: funding_of(&asked.funding)?,
    };
    let (code, now) = (random::bytes::<CODE_CHARS>().map_err(status)?, shared.clock.now());
    let store = &shared.store;
    let made = kit_create(store, shared.territory(), &staff.reach, &wish, &staff.person, &code, now).await;
    let kit = made.map_err(shared.refuse(staff.author(), "kit_create", &wish.label))?;
    Ok(KitCreateResponse { kit: Some(summary(shared, &kit).await?) })
}

pub(super) async fn list(shared: &Shared, staff: &Staff, asked: KitListRequest) -> Result<KitListResponse, Status> {
    let limit = limit_of(asked.limit)?;
    let filter = KitFilter {
        school: school_of(&asked.school)?,
        owner: owner_of(&asked.owner)?,
        measure: measure_of(&asked.measure)?,
        template: (!asked.template.is_empty()).then(|| short(&asked.template).map(str::to_owned)).transpose()?,
    };
    let (store, territory) = (shared.store.as_ref(), shared.territory());
    let (mut kits, mut next, mut judged) = (Vec::new(), asked.after, 0);
    loop {
        let page = kit_page(store, territory, &staff.reach, &filter, &next, limit - kits.len()).await;
        let (found, after) = page.map_err(status)?;
        judged += found.len();
        for kit in found {
            let kit = summary(shared, &kit).await?;
            if !asked.incomplete || !kit.lacks.is_empty() {
                kits.push(kit);
            }
        }
        next = after;
        if kits.len() >= limit || next.is_empty() || judged >= JUDGED_MAX {
            return Ok(KitListResponse { kits, next });
        }
    }
}

pub(super) async fn show(shared: &Shared, staff: &Staff, text: &str) -> Result<KitShowResponse, Status> {
    let kit = found(shared, staff, text).await?.value;
    let (store, territory) = (shared.store.as_ref(), shared.territory());
    let template = template_get(store, territory, &kit.template, kit.version).await.map_err(status)?;
    let mut parts = Vec::new();
    for part in &kit.parts {
        let mut said = KitPart {
            slot: part.slot.clone(),
            device: part.device.map_or_else(String::new, |id| id.to_string()),
            count: 1,
            since_unix_ms: part.at.unix_millis(),
            ..KitPart::default()
        };
        if let Some(number) = &part.number
            && let Some(row) = ASSETS.get(store, territory, number.as_str()).await.map_err(status)?
        {
            let asset = row.value;
            said.device = asset.device.map_or(said.device, |id| id.to_string());
            (said.number, said.kind, said.maker) = (asset.number, asset.kind, asset.maker);
            (said.model, said.serial) = (asset.model, asset.serial);
        }
        parts.push(said);
    }
    let loose = |(slot, count): (&String, &u16)| KitPart {
        slot: slot.clone(),
        count: (*count).into(),
        since_unix_ms: kit.created.unix_millis(),
        ..KitPart::default()
    };
    parts.extend(kit.loose.iter().map(loose));
    let summary = summary(shared, &kit).await?;
    Ok(KitShowResponse { kit: Some(summary), template: Some(template_said(template)), parts })
}

pub(super) async fn bind(shared: &Shared, staff: &Staff, asked: KitBindRequest) -> Result<KitBindResponse, Status> {
    let kit = found(shared, staff, &asked.kit).await?;
    let (store, territory, by, now) = (&shared.store, shared.territory(), &staff.person, shared.clock.now());
    let kit = match (asked.asset.as_str(), asked.count) {
        ("", Some(count)) => {
            let count = u16::try_from(count).map_err(|_| invalid("a slot takes at most 100 parts"))?;
            kit_loose(store, territory, kit, &asked.slot, count, by, &asked.why, now).await.map_err(status)?
        }
        ("", None) => return Err(invalid("name what is bound, or how many loose parts lie in the slot")),
        (asset, _) => {
            let asset = asset_found(shared, staff, asset).await?;
            kit_bind(store, territory, kit, &asked.slot, asset, by, &asked.why, now).await.map_err(status)?.0
        }
    };
    Ok(KitBindResponse { kit: Some(summary(shared, &kit).await?) })
}

pub(super) async fn unbind(
    shared: &Shared,
    staff: &Staff,
    asked: KitUnbindRequest,
) -> Result<KitUnbindResponse, Status> {
    let part = part_found(shared, staff, &asked.asset).await?;
    let now = shared.clock.now();
    let left = kit_unbind(&shared.store, shared.territory(), part, &staff.person, &asked.why, now).await;
    let kit = match left.map_err(status)? {
        Some(kit) => Some(summary(shared, &kit).await?),
        None => None,
    };
    Ok(KitUnbindResponse { kit })
}

pub(super) async fn pass(shared: &Shared, staff: &Staff, asked: KitPassRequest) -> Result<KitPassResponse, Status> {
    let part = part_found(shared, staff, &asked.part).await?;
    let to = found(shared, staff, &asked.kit).await?;
    let (slot, now) = (short(&asked.slot)?, shared.clock.now());
    let passed = kit_pass(&shared.store, shared.territory(), part, to, slot, &staff.person, &asked.why, now).await;
    let (from, to) = passed.map_err(status)?;
    Ok(KitPassResponse { from: Some(summary(shared, &from).await?), to: Some(summary(shared, &to).await?) })
}

pub(super) async fn moves(shared: &Shared, staff: &Staff, asked: KitMovesRequest) -> Result<KitMovesResponse, Status> {
    let (limit, now) = (limit_of(asked.limit)?, shared.clock.now());
    let (store, territory) = (shared.store.as_ref(), shared.territory());
    let page = moves_page(store, territory, &staff.reach, &asked.after, limit, now).await;
    let (moves, next) = page.map_err(status)?;
    Ok(KitMovesResponse { moves: moves.into_iter().map(move_said).collect(), next })
}

pub(super) async fn move_decide(
    shared: &Shared,
    staff: &Staff,
    asked: KitMoveDecideRequest,
) -> Result<KitMoveDecideResponse, Status> {
    let number = asset_found(shared, staff, &asked.asset).await?.id;
    let (store, territory, by, now) = (&shared.store, shared.territory(), &staff.person, shared.clock.now());
    let proposed = move_get(store.as_ref(), territory, &staff.reach, &number, now).await.map_err(status)?;
    if asked.accept {
        // It must be allowed to change both kits.
        found(shared, staff, &proposed.to).await?;
        move_accept(store, territory, &proposed, &asked.slot, by, &asked.why, now).await.map_err(status)?;
    } else {
        move_dismiss(store, territory, &staff.reach, &number, by, &asked.why, now).await.map_err(status)?;
    }
    Ok(KitMoveDecideResponse { r#move: Some(move_said(proposed)) })
}

/// The kit that a person means, among those they may see; naming another one is counted for the audit.
pub(super) async fn found(shared: &Shared, staff: &Staff, text: &str) -> Result<Row<Kit>, Status> {
    let (store, text) = (shared.store.as_ref(), short(text)?);
    let found = kit_find(store, shared.territory(), &staff.reach, text).await;
    if matches!(found, Err(Error::NotFound(_)))
        && let Ok(foreign) = kit_find(store, shared.territory(), &Reach::territory(), text).await
    {
        shared.out_of_reach(staff.author(), &foreign.id);
    }
    found.map_err(status)
}

/// The part that a person means, likewise.
async fn part_found(shared: &Shared, staff: &Staff, text: &str) -> Result<Part, Status> {
    let (store, text) = (shared.store.as_ref(), short(text)?);
    let found = kit_part_find(store, shared.territory(), &staff.reach, text).await;
    if matches!(found, Err(Error::NotFound(_)))
        && let Ok(foreign) = kit_part_find(store, shared.territory(), &Reach::territory(), text).await
    {
        shared.out_of_reach(staff.author(), &foreign.name());
    }
    found.map_err(status)
}

async fn summary(shared: &Shared, kit: &Kit) -> Result<KitSummary, Status> {
    let (store, territory) = (shared.store.as_ref(), shared.territory());
    let template = template_get(store, territory, &kit.template, kit.version).await.map_err(status)?;
    let (bound, devices) = kit_bound(store, territory, kit).await.map_err(status)?;
    let mut reports = Vec::new();
    for device in devices {
        reports.extend(plugged(shared, device).await?);
    }
    let lacks = kit_lacks(&template, &bound, &reports);
    Ok(KitSummary {
        label: kit.label.clone(),
        code: kit.code.clone(),
        template: template.name,
        version: template.version,
        title: template.title,
        school: kit.school.map_or_else(String::new, |school| school.to_string()),
        owner: kit.owner.as_ref().map_or_else(String::new, ToString::to_string),
        operator: kit.operator.as_ref().map_or_else(String::new, ToString::to_string),
        measure: kit.measure.map_or("", Measure::name).to_owned(),
        funding: kit.funding.as_ref().map_or_else(String::new, ToString::to_string),
        parts: bound.iter().map(|part| u32::from(part.count)).sum(),
        lacks: lacks.into_iter().map(lack_said).collect(),
        created_unix_ms: kit.created.unix_millis(),
        contact: contact_of(store, territory, &kit.filed()).await.map_err(status)?,
        class: kit.class.as_ref().map_or_else(String::new, ToString::to_string),
    })
}

/// What a device last reported as plugged in.
async fn plugged(shared: &Shared, device: DeviceId) -> Result<Option<Peripherals>, Status> {
    let id = format!("{device}/{}", SectionKind::Peripherals);
    let kept = SECTIONS.get(shared.store.as_ref(), shared.territory(), id).await.map_err(status)?;
    let Some(kept) = kept.map(|row| row.value) else { return Ok(None) };
    let body = section_unpack(SectionKind::Peripherals, &kept.body(), kept.zstd)
        .map_err(|e| Status::internal(e.to_string()))?;
    match section_decode(SectionKind::Peripherals, &body) {
        Ok(Section::Peripherals(plugged)) => Ok(Some(plugged)),
        // From a newer agent: nothing is known of what is plugged in.
        _ => Ok(None),
    }
}

fn lack_said(lack: Lack) -> KitLack {
    match lack {
        Lack::Missing { slot, have, min } => {
            KitLack { slot, why: "missing".to_owned(), have: have.into(), min: min.into(), part: String::new() }
        }
        Lack::Unplugged { slot, part } => KitLack { slot, why: "unplugged".to_owned(), part, ..KitLack::default() },
    }
}

fn move_said(moved: Move) -> KitMove {
    KitMove {
        number: moved.number,
        from: moved.from.kit,
        slot: moved.from.slot,
        to: moved.to,
        device: moved.device.to_string(),
        since_unix_ms: moved.since.unix_millis(),
    }
}

fn template_said(template: Template) -> KitTemplate {
    let slot = |slot: Slot| wire::v1::KitSlot {
        slot: slot.slot,
        title: slot.title,
        role: slot.role.name().to_owned(),
        min: slot.min.into(),
        max: slot.max.into(),
        managed: slot.managed,
        serial: slot.serial,
        plugged: slot.plugged,
    };
    KitTemplate {
        name: template.name,
        version: template.version,
        title: template.title,
        slots: template.slots.into_iter().map(slot).collect(),
    }
}

fn template_of(asked: KitTemplate) -> Result<Template, Status> {
    let slot = |slot: wire::v1::KitSlot| {
        let role = PartRole::ALL.into_iter().find(|role| role.name() == slot.role);
        let many = |n: u32| u16::try_from(n).unwrap_or(u16::MAX);
        Ok(Slot {
            role: role.ok_or_else(|| invalid(format!("slot {} has a role that there is not", slot.slot)))?,
            slot: slot.slot,
            title: slot.title,
            min: many(slot.min),
            max: many(slot.max),
            managed: slot.managed,
            serial: slot.serial,
            plugged: slot.plugged,
        })
    };
    let slots = asked.slots.into_iter().map(slot).collect::<Result<_, Status>>()?;
    Ok(Template { name: asked.name, version: 0, title: asked.title, slots })
}
