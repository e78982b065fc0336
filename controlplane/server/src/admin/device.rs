//! Devices.

use super::calendar::silence;
use super::proposal::{act, carried_out, touched};
use crate::caller::{Staff, certificate_expired, staff_again};
use crate::shared::Shared;
use crate::status::{convert_status, invalid, status};
use controlplane_core::Error;
use controlplane_core::calendar::Silence;
use controlplane_core::device::{DEVICES, Decision, Device, device_alike, device_decide, device_find};
use controlplane_core::fleet::{Filter, Member, fleet_page, member_of};
use controlplane_core::operator::OPERATORS;
use controlplane_core::plan::TOLD;
use controlplane_core::presence::{ConditionState, ObservedState, PRESENCES};
use controlplane_core::proposal::{Acted, Deed};
use controlplane_core::report::{Condition, FACTS, report_sections};
use controlplane_core::scope::Reach;
use controlplane_core::store::{Changes, PAGE_MAX, Scope};
use controlplane_core::table::Row;
use model::device::JoinState;
use model::id::DeviceId;
use model::owner::OwnerId;
use model::section::SectionKind;
use model::time::Timestamp;
use model::uai::Uai;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Status;
use wire::convert::section_unpack;
use wire::v1::{
    DeviceDecideRequest, DeviceDecideResponse, DeviceListRequest, DeviceListResponse, DeviceShowResponse,
    DeviceSummary, DeviceWatchRequest, HealthStatus, SectionReport,
};

/// Summaries that wait for a slow watcher.
const WATCH_AHEAD: usize = 64;
/// The longest text a filter or a name may have, in bytes.
const TEXT_MAX: usize = 128;

pub(super) async fn list(
    shared: &Shared,
    staff: &Staff,
    asked: DeviceListRequest,
) -> Result<DeviceListResponse, Status> {
    let (filter, limit) = (filter_of(shared, &asked).await?, limit_of(asked.limit)?);
    let silence = silence(shared, 0).await?;
    let heard = |id| shared.live.heard(id).map(|(at, _)| at);
    let now = shared.clock.now();
    let (store, after) = (shared.store.as_ref(), asked.after.as_str());
    let page = fleet_page(store, shared.territory(), &staff.reach, &filter, after, limit, now, &heard);
    let (members, next) = page.await.map_err(status)?;
    Ok(DeviceListResponse { devices: members.iter().map(|m| summary(shared, m, &silence)).collect(), next })
}

pub(super) async fn show(shared: &Shared, staff: &Staff, text: &str) -> Result<DeviceShowResponse, Status> {
    let device = found(shared, staff, text).await?.value;
    shown(shared, staff, device, &SectionKind::ALL).await
}

/// A device in full, with these sections of its report.
pub(super) async fn shown(
    shared: &Shared,
    staff: &Staff,
    device: Device,
    kinds: &[SectionKind],
) -> Result<DeviceShowResponse, Status> {
    let store = shared.store.as_ref();
    let id = device.id;
    let until = device.certificate.until;
    let alike = device_alike(store, shared.territory(), &staff.reach, &device).await.map_err(status)?;
    let told = TOLD.get(store, shared.territory(), id.to_string()).await.map_err(status)?;
    let kept = report_sections(store, shared.territory(), id).await.map_err(status)?;
    let kept = kept.into_iter().filter(|(kind, _)| kinds.contains(kind));
    let sections = kept.map(|(kind, section)| {
        let body = section_unpack(kind, &section.body(), section.zstd).map_err(|e| Status::internal(e.to_string()))?;
        Ok(SectionReport {
            kind: wire::v1::SectionKind::from(kind).into(),
            collected_unix_ms: section.collected.unix_millis(),
            received_unix_ms: section.received.unix_millis(),
            digest: section.digest.as_bytes().to_vec(),
            body,
        })
    });
    let sections = sections.collect::<Result<_, Status>>()?;
    let mut absorbed = Vec::new();
    for id in &device.absorbed {
        let row = DEVICES.get(store, shared.territory(), id.to_string()).await.map_err(status)?;
        if let Some(row) = row.filter(|row| staff.reach.covers(&row.value.filed())) {
            absorbed.push(summary_of(shared, row.value).await?);
        }
    }
    let member = member(shared, device).await?;
    let device = &member.device;
    Ok(DeviceShowResponse {
        claims: Some(device.claims.clone().into()),
        identity_generation: device.identity_generation,
        merged_into: device.merged.as_ref().map_or_else(String::new, |merged| merged.into.to_string()),
        absorbed,
        token: device.token.to_string(),
        boot: member.presence.boot.map_or_else(String::new, |boot| boot.to_string()),
        device: Some(summary(shared, &member, &silence(shared, 0).await?)),
        sections,
        generation: told.map(|row| row.value.generation.into()),
        observed: member.presence.observed.clone().map(observed),
        clock_ahead_ms: member.presence.clock_ahead_ms,
        certificate_until_unix_ms: until.unix_millis(),
        alike: alike.iter().map(DeviceId::to_string).collect(),
        flags: member.flags().into_iter().map(|flag| flag.name().to_owned()).collect(),
    })
}

pub(super) async fn decide(
    shared: &Shared,
    staff: &Staff,
    asked: DeviceDecideRequest,
) -> Result<DeviceDecideResponse, Status> {
    let decision = decision_of(asked.state(), asked.lost)?;
    let found = found(shared, staff, &asked.device).await?;
    let (id, now) = (found.value.id, shared.clock.now());
    let touched = touched(shared, staff, decision, 1);
    let changes = found.value.decided(decision).map_err(status)?.is_some();
    if changes && u32::try_from(touched).unwrap_or(u32::MAX) > shared.config.limits.second_person_above {
        let state = JoinState::try_from(asked.state()).map_err(convert_status)?;
        let deed = Deed::Decide { devices: [id].into(), state, lost: asked.lost };
        if let Acted::Waits(proposal) = act(shared, staff, deed, touched, &asked.why).await? {
            let proposal = Some(super::proposal::summary(&proposal, false, now));
            return Ok(DeviceDecideResponse { device: Some(summary_of(shared, found.value).await?), proposal });
        }
    }
    let decided = device_decide(&shared.store, shared.territory(), id, decision, &staff.person, &asked.why, now);
    let device = decided.await.map_err(status)?;
    if changes {
        carried_out(shared, staff, std::slice::from_ref(&device));
    }
    tracing::info!(device = %id, state = device.state.name(), "decided by an operator");
    Ok(DeviceDecideResponse { device: Some(summary_of(shared, device).await?), proposal: None })
}

/// What is decided; only what is quarantined can be said to be lost.
pub(super) fn decision_of(state: wire::v1::JoinState, lost: bool) -> Result<Decision, Status> {
    match (JoinState::try_from(state).map_err(convert_status)?, lost) {
        (state, false) => Ok(Decision::State(state)),
        (JoinState::Quarantined, true) => Ok(Decision::Lost),
        (_, true) => Err(invalid("a device that is said to be lost is quarantined")),
    }
}

/// The device that a person means, among those they may see.
///
/// Naming one that they may not see is answered as if there were none, and counted for the audit.
pub(super) async fn found(shared: &Shared, staff: &Staff, text: &str) -> Result<Row<Device>, Status> {
    let (store, text) = (shared.store.as_ref(), short(text)?);
    let found = device_find(store, shared.territory(), &staff.reach, text).await;
    if matches!(found, Err(Error::NotFound(_)))
        && let Ok(foreign) = device_find(store, shared.territory(), &Reach::territory(), text).await
    {
        shared.out_of_reach(staff.author(), &foreign.id);
    }
    found.map_err(status)
}

/// Follows the tables that make a summary and sends the devices that fit, as they change.
pub(super) async fn watch(
    shared: Arc<Shared>,
    mut staff: Staff,
    asked: DeviceWatchRequest,
) -> Result<ReceiverStream<Result<DeviceSummary, Status>>, Status> {
    let filter = filter_of(&shared, &asked.filter.unwrap_or_default()).await?;
    let (send, receive) = mpsc::channel(WATCH_AHEAD);
    let mut since = shared.store.revision().await.map_err(status)?;
    // What was decided about the caller before that revision is seen now, what comes after it is followed.
    staff = staff_again(&shared, "DeviceWatch", &staff).await?;
    let until = staff.certificate.until;
    let tables = vec![DEVICES.name, FACTS.name, PRESENCES.name, OPERATORS.name];
    let scope = Scope { territory: shared.territory().clone(), tables, prefix: String::new() };
    tokio::spawn(async move {
        let mut stop = shared.stop.clone();
        let expired = shared.clock.sleep(until.since(shared.clock.now()));
        tokio::pin!(expired);
        loop {
            let changes = tokio::select! {
                changes = shared.store.changes(&scope, since, PAGE_MAX) => Some(changes),
                () = send.closed() => return,
                _ = stop.wait_for(|s| *s) => return,
                () = &mut expired => None,
            };
            let Some(changes) = changes else {
                let _ = send.send(Err(certificate_expired())).await;
                return;
            };
            let keys = match changes {
                Ok(Changes::Keys { keys, upto }) => {
                    since = upto;
                    keys
                }
                Ok(Changes::Gone { .. }) => {
                    let _ = send.send(Err(Status::data_loss("too many changes at once; watch again"))).await;
                    return;
                }
                Err(error) => {
                    let _ = send.send(Err(status(error))).await;
                    return;
                }
            };
            // Somebody's access may have changed: a watch must not outlive it.
            if keys.iter().any(|key| key.table == OPERATORS.name && key.id == staff.person.name) {
                match staff_again(&shared, "DeviceWatch", &staff).await {
                    Ok(again) => staff = again,
                    Err(error) => {
                        let _ = send.send(Err(error)).await;
                        return;
                    }
                }
            }
            let ids: BTreeSet<DeviceId> = keys.iter().filter_map(|key| key.id.parse().ok()).collect();
            for id in ids {
                match seen(&shared, &staff.reach, id, &filter).await {
                    Ok(None) => {}
                    Ok(Some(summary)) => {
                        if send.send(Ok(summary)).await.is_err() {
                            return;
                        }
                    }
                    Err(error) => {
                        let _ = send.send(Err(error)).await;
                        return;
                    }
                }
            }
        }
    });
    Ok(ReceiverStream::new(receive))
}

async fn seen(shared: &Shared, reach: &Reach, id: DeviceId, filter: &Filter) -> Result<Option<DeviceSummary>, Status> {
    let row = DEVICES.get(shared.store.as_ref(), shared.territory(), id.to_string()).await.map_err(status)?;
    let Some(row) = row.filter(|row| reach.covers(&row.value.filed())) else { return Ok(None) };
    let member = member(shared, row.value).await?;
    let silence = silence(shared, 0).await?;
    Ok(filter.fits(&member, shared.clock.now()).then(|| summary(shared, &member, &silence)))
}

async fn member(shared: &Shared, device: Device) -> Result<Member, Status> {
    let heard = |id| shared.live.heard(id).map(|(at, _)| at);
    member_of(shared.store.as_ref(), shared.territory(), device, &heard).await.map_err(status)
}

/// A device's line as it stands.
pub(super) async fn summary_of(shared: &Shared, device: Device) -> Result<DeviceSummary, Status> {
    Ok(summary(shared, &member(shared, device).await?, &silence(shared, 0).await?))
}

fn summary(shared: &Shared, member: &Member, silence: &Silence) -> DeviceSummary {
    let (device, facts, presence) = (&member.device, &member.facts, &member.presence);
    let text = |t: &Option<String>| t.clone().unwrap_or_default();
    let (kit, slot) = device.kit.clone().map_or_else(Default::default, |k| (k.kit, k.slot));
    let health = match facts.health {
        Condition::Unknown => HealthStatus::Unknown,
        Condition::Ok => HealthStatus::Ok,
        Condition::Warning => HealthStatus::Warning,
        Condition::Critical => HealthStatus::Critical,
    };
    DeviceSummary {
        id: device.id.to_string(),
        state: wire::v1::JoinState::from(device.state).into(),
        reason: device.reason.map_or("", |r| r.name()).to_owned(),
        school: device.school.map_or_else(String::new, |s| s.to_string()),
        kit,
        slot,
        maker: text(&facts.maker),
        model: text(&facts.model),
        serial: text(&facts.serial),
        os: text(&facts.os),
        health: health.into(),
        enrolled_unix_ms: device.enrolled.unix_millis(),
        last_seen_unix_ms: presence.seen.max(Timestamp::default()).unix_millis(),
        agent_version: presence.agent_version.clone(),
        owner: device.owner.as_ref().map_or_else(String::new, ToString::to_string),
        connected: shared.live.heard(device.id).is_some_and(|(_, held)| held),
        contact: member.contact(silence).map_or("", |contact| contact.name()).to_owned(),
    }
}

fn observed(observed: ObservedState) -> wire::v1::Observed {
    let conditions = observed.conditions.into_iter().map(|c| wire::v1::Condition {
        item: c.item,
        state: match c.state {
            ConditionState::Held => wire::v1::ConditionState::Held,
            ConditionState::Pending => wire::v1::ConditionState::Pending,
            ConditionState::Failed => wire::v1::ConditionState::Failed,
            ConditionState::Skipped => wire::v1::ConditionState::Skipped,
        }
        .into(),
        reason: c.reason,
        epoch: c.epoch,
        version: c.version,
        bytes: c.bytes,
        of_bytes: c.of_bytes,
        wan_bytes: c.wan_bytes,
        lan_bytes: c.lan_bytes,
        medium_bytes: c.medium_bytes,
    });
    wire::v1::Observed { generation: Some(observed.generation.into()), conditions: conditions.collect() }
}

async fn filter_of(shared: &Shared, asked: &DeviceListRequest) -> Result<Filter, Status> {
    let school_days = asked.silent_school_days;
    Ok(Filter {
        school: school_of(&asked.school)?,
        owner: owner_of(&asked.owner)?,
        model: (!asked.model.is_empty()).then(|| short(&asked.model).map(str::to_owned)).transpose()?,
        health: match asked.health() {
            HealthStatus::Unspecified => None,
            HealthStatus::Ok => Some(Condition::Ok),
            HealthStatus::Warning => Some(Condition::Warning),
            HealthStatus::Critical => Some(Condition::Critical),
            HealthStatus::Unknown => Some(Condition::Unknown),
        },
        state: match asked.state() {
            wire::v1::JoinState::Unspecified => None,
            state => Some(state.try_into().map_err(convert_status)?),
        },
        silent: (asked.silent_seconds > 0).then(|| Duration::from_secs(asked.silent_seconds)),
        silent_school: if school_days > 0 { Some(silence(shared, school_days).await?) } else { None },
    })
}

pub(super) fn school_of(text: &str) -> Result<Option<Uai>, Status> {
    if text.is_empty() { Ok(None) } else { text.parse().map(Some).map_err(invalid) }
}

pub(super) fn owner_of(text: &str) -> Result<Option<OwnerId>, Status> {
    if text.is_empty() { Ok(None) } else { text.parse().map(Some).map_err(invalid) }
}

pub(super) fn limit_of(limit: u32) -> Result<usize, Status> {
    match limit {
        0 => Ok(100),
        1..=1_000 => Ok(limit as usize),
        _ => Err(invalid("a page has at most 1000 lines")),
    }
}

pub(super) fn short(text: &str) -> Result<&str, Status> {
    if text.len() <= TEXT_MAX { Ok(text) } else { Err(invalid("the text is too long")) }
}
