//! The filtering policy: what a document would change, and which one holds.

use super::basis;
use super::cadence::rules;
use super::class::class_of;
use super::device::{limit_of, owner_of, school_of, short};
use super::proposal::{act, summary};
use super::turns::{Probes, turns};
use crate::caller::Staff;
use crate::shared::Shared;
use crate::status::{invalid, status};
use controlplane_core::Error;
use controlplane_core::assignment::{Edition, target_check};
use controlplane_core::facts::Facts;
use controlplane_core::policy::{
    Below, Change, Document, Held, Layer, LayerError, Outcome, Outlook, PolicyWish, Reason, Unknown, categories_of,
    outlook, policy_get, policy_list, policy_version, policy_versions, unknown,
};
use controlplane_core::proposal::{Acted, Deed, proposal_get};
use model::filtering::Regime;
use model::floor::Floor;
use model::id::DeviceId;
use model::lists::ListManifest;
use model::time::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use tonic::Status;
use wire::v1::{
    PolicyApplyRequest, PolicyApplyResponse, PolicyChange, PolicyCheckRequest, PolicyCheckResponse,
    PolicyHistoryRequest, PolicyHistoryResponse, PolicyList, PolicyMore, PolicyReason, PolicyShowRequest,
    PolicyShowResponse, PolicyUnknown, PolicyVersion,
};

/// The most schools and changes in one answer.
const LIST_MAX: usize = 1_000;

pub(super) async fn check(
    shared: &Shared,
    staff: &Staff,
    asked: PolicyCheckRequest,
) -> Result<PolicyCheckResponse, Status> {
    let wish = if asked.proposal.is_empty() {
        let layer = layer_of(shared, staff, &asked.layer).await?;
        wish(shared, &layer, asked.text, asked.version, asked.remove).await?
    } else {
        proposed(shared, staff, &asked.proposal).await?
    };
    let layer = wish.layer.clone();
    let document = wish.document().map_err(status)?;
    let (store, territory) = (shared.store.as_ref(), shared.territory());
    let mut rules = rules(shared).await?;
    let before = if asked.against > 0 {
        let text = policy_version(store, territory, &layer, asked.against).await.map_err(status)?.text;
        let past = PolicyWish { layer: layer.clone(), text: text.clone(), of: None };
        rules.policies = rules.policies.with(&layer, past.document().map_err(status)?);
        text
    } else {
        policy_get(store, territory, &layer).await.map_err(status)?.and_then(|row| row.value.text)
    };
    let seen = outlook(store, territory, &rules, &layer, document.clone()).await.map_err(status)?;
    let floor = basis::floor(shared).await;
    let (lists, unknown) = compared(shared, &seen, document.as_ref(), floor.as_ref()).await;
    let probes = Probes::read(&asked.names)?;
    let turns = turns(shared, &rules, &seen, &floor.clone().unwrap_or_else(Floor::built_in), probes).await?;
    let below: BTreeSet<Below> = match &floor {
        Some(floor) => {
            seen.pairs.iter().filter_map(|pair| pair.after.as_ref()).flat_map(|one| one.below(floor)).collect()
        }
        None => BTreeSet::new(),
    };
    Ok(PolicyCheckResponse {
        changes: seen.changes.iter().take(LIST_MAX).map(change).collect(),
        ignored: seen.ignored.iter().take(LIST_MAX).map(reason).collect(),
        devices: count(seen.devices),
        schools: seen.schools.iter().take(LIST_MAX).map(ToString::to_string).collect(),
        loosens: seen.loosens(),
        turns,
        before: before.unwrap_or_default(),
        after: wish.text.unwrap_or_default(),
        below: below.iter().take(LIST_MAX).map(|one| lying(one, &layer)).collect(),
        floor: floor.is_some(),
        lists,
        unknown,
        more: Some(PolicyMore {
            changes: left_out(seen.changes.len()),
            ignored: left_out(seen.ignored.len()),
            schools: left_out(seen.schools.len()),
            below: left_out(below.len()),
        }),
    })
}

pub(super) async fn apply(
    shared: &Shared,
    staff: &Staff,
    asked: PolicyApplyRequest,
) -> Result<PolicyApplyResponse, Status> {
    let layer = layer_of(shared, staff, &asked.layer).await?;
    let mut wish = wish(shared, &layer, asked.text, asked.version, asked.remove).await?;
    wish.of = (asked.version > 0).then_some(asked.version);
    let document = wish.document().map_err(status)?;
    let (store, territory) = (shared.store.as_ref(), shared.territory());
    let rules = rules(shared).await?;
    let seen = outlook(store, territory, &rules, &layer, document.clone()).await.map_err(status)?;
    let (_, unknown) = compared(shared, &seen, document.as_ref(), basis::floor(shared).await.as_ref()).await;
    // Whoever tightens does so alone, on however many devices: it may be urgent, and is undone as quickly. What loosens is never one
    // person's word.
    let touched = if seen.loosens() { usize::MAX } else { 0 };
    let proposal = match act(shared, staff, Deed::Policy(Box::new(wish)), touched, &asked.why).await? {
        Acted::Done(_) => None,
        Acted::Waits(proposal) => Some(summary(&proposal, false, shared.clock.now())),
    };
    let version = policy_get(store, territory, &layer).await.map_err(status)?.map_or(0, |row| row.value.version);
    let changes = seen.changes.iter().take(LIST_MAX).map(change).collect();
    let more = Some(PolicyMore { changes: left_out(seen.changes.len()), ..PolicyMore::default() });
    Ok(PolicyApplyResponse { version, devices: count(seen.devices), changes, proposal, unknown, more })
}

pub(super) async fn show(
    shared: &Shared,
    staff: &Staff,
    asked: PolicyShowRequest,
) -> Result<PolicyShowResponse, Status> {
    let (store, territory) = (shared.store.as_ref(), shared.territory());
    if asked.composed {
        let class = class_of(&asked.class)?;
        let school = school_of(&asked.school)?.or(class.as_ref().map(|class| class.school));
        let nobody = DeviceId::new(Timestamp::default(), [0; 10]);
        let facts = Facts { owner: owner_of(&asked.owner)?, school, class, ..Facts::bare(nobody) };
        for layer in Layer::of(&facts) {
            readable(shared, staff, &layer).await?;
        }
        let layers = rules(shared).await?.policies;
        let reasons = layers.composed(&facts).map(|composed| composed.reasons.iter().map(reason).collect());
        return Ok(PolicyShowResponse { reasons: reasons.unwrap_or_default(), ..PolicyShowResponse::default() });
    }
    if !asked.layer.is_empty() {
        let layer: Layer = asked.layer.parse().map_err(|error: LayerError| invalid(error))?;
        readable(shared, staff, &layer).await?;
        let row = policy_get(store, territory, &layer).await.map_err(status)?;
        let held = row.map(|row| row.value).filter(|held| held.text.is_some());
        let held = held.ok_or_else(|| status(Error::NotFound(format!("policy of layer {layer}"))))?;
        return Ok(PolicyShowResponse { layers: vec![version(held, true)], ..PolicyShowResponse::default() });
    }
    let limit = limit_of(asked.limit)?;
    let begins: Option<Layer> = match asked.after.as_str() {
        "" => None,
        after => Some(after.parse().map_err(|error: LayerError| invalid(error))?),
    };
    let mut layers: Vec<PolicyVersion> = Vec::new();
    for held in policy_list(store, territory).await.map_err(status)? {
        let shown = held.layer.is_everybodys()
            || target_check(store, territory, &staff.reach, &held.layer.target()).await.is_ok();
        if shown && begins.as_ref().is_none_or(|begins| held.layer > *begins) {
            if layers.len() == limit {
                let next = layers.last().map(|last| last.layer.clone()).unwrap_or_default();
                return Ok(PolicyShowResponse { layers, next, ..PolicyShowResponse::default() });
            }
            layers.push(version(held, false));
        }
    }
    Ok(PolicyShowResponse { layers, ..PolicyShowResponse::default() })
}

pub(super) async fn history(
    shared: &Shared,
    staff: &Staff,
    asked: PolicyHistoryRequest,
) -> Result<PolicyHistoryResponse, Status> {
    let layer = layer_of(shared, staff, &asked.layer).await?;
    let (store, territory) = (shared.store.as_ref(), shared.territory());
    if asked.version > 0 {
        let held = policy_version(store, territory, &layer, asked.version).await.map_err(status)?;
        return Ok(PolicyHistoryResponse { versions: vec![version(held, true)] });
    }
    let all = policy_versions(store, territory, &layer).await.map_err(status)?;
    Ok(PolicyHistoryResponse { versions: all.into_iter().map(|held| version(held, false)).collect() })
}

pub(super) fn reason(reason: &Reason) -> PolicyReason {
    let (outcome, by) = match &reason.outcome {
        Outcome::Holds => ("holds", None),
        Outcome::Again => ("again", None),
        Outcome::Overridden(by) => ("overridden", Some(by)),
        Outcome::Ignored(by) => ("ignored", Some(by)),
    };
    PolicyReason {
        regime: regime_text(reason.regime),
        key: reason.key.to_owned(),
        item: reason.item.clone().unwrap_or_default(),
        value: reason.value.clone(),
        layer: reason.layer.to_string(),
        outcome: outcome.to_owned(),
        by: by.map(ToString::to_string).unwrap_or_default(),
    }
}

/// The layer that is named, within the caller's reach.
async fn layer_of(shared: &Shared, staff: &Staff, text: &str) -> Result<Layer, Status> {
    let layer: Layer = text.parse().map_err(|error: LayerError| invalid(error))?;
    within(shared, staff, &layer).await?;
    Ok(layer)
}

/// Whether the caller may read a layer: what holds everywhere is there for all to read, the others for those who answer for them.
async fn readable(shared: &Shared, staff: &Staff, layer: &Layer) -> Result<(), Status> {
    if layer.is_everybodys() { Ok(()) } else { within(shared, staff, layer).await }
}

async fn within(shared: &Shared, staff: &Staff, layer: &Layer) -> Result<(), Status> {
    let within = target_check(shared.store.as_ref(), shared.territory(), &staff.reach, &layer.target()).await;
    within.inspect_err(|error| shared.missed(staff, error, &layer.to_string())).map_err(status)
}

async fn wish(shared: &Shared, layer: &Layer, text: String, version: u32, remove: bool) -> Result<PolicyWish, Status> {
    let text = match (version, remove) {
        (0, false) => Some(text),
        (0, true) if text.is_empty() => None,
        (_, false) if text.is_empty() => {
            let held =
                policy_version(shared.store.as_ref(), shared.territory(), layer, version).await.map_err(status)?;
            let emptied = || invalid(format!("in version {version} this layer says nothing; remove it instead"));
            Some(held.text.ok_or_else(emptied)?)
        }
        _ => return Err(invalid("name a document, a version, or that the layer be emptied")),
    };
    Ok(PolicyWish { layer: layer.clone(), text, of: None })
}

/// The lists of the devices that a policy is about, and what of its categories none of them has. What is not here cannot be compared.
async fn compared(
    shared: &Shared,
    seen: &Outlook,
    document: Option<&Document>,
    floor: Option<&Floor>,
) -> (Vec<PolicyList>, Vec<PolicyUnknown>) {
    let mut devices: BTreeMap<Option<&Edition>, usize> = BTreeMap::new();
    seen.pairs.iter().for_each(|pair| *devices.entry(pair.list.as_ref()).or_default() += pair.devices);
    // Who is not there yet says nothing beside those who are.
    devices.retain(|_, count| *count > 0 || seen.devices == 0);
    let (mut lists, mut held) = (Vec::new(), Vec::new());
    for (edition, devices) in devices.into_iter().take(LIST_MAX) {
        let (manifest, state) = basis::manifest(shared, edition).await;
        held.extend(manifest);
        lists.push(PolicyList { devices: count(devices), ..state });
    }
    let manifests: Vec<&ListManifest> = held.iter().map(Arc::as_ref).collect();
    let named = document.filter(|_| !manifests.is_empty()).map(categories_of).unwrap_or_default();
    let wired = |one: Unknown| PolicyUnknown { category: one.category.to_string(), near: one.near };
    let unknown = unknown(named, &manifests, floor).into_iter().take(LIST_MAX).map(wired).collect();
    (lists, unknown)
}

/// How many of so many an answer does not hold.
fn left_out(all: usize) -> u32 {
    count(all.saturating_sub(LIST_MAX))
}

fn lying(below: &Below, layer: &Layer) -> PolicyReason {
    PolicyReason {
        regime: below.regime.code().to_owned(),
        key: below.key.to_owned(),
        item: below.item.clone(),
        value: if below.blocked { "blocked" } else { "open" }.to_owned(),
        layer: layer.to_string(),
        outcome: "ignored".to_owned(),
        by: "floor".to_owned(),
    }
}

/// What a proposal that the caller may see would do.
async fn proposed(shared: &Shared, staff: &Staff, id: &str) -> Result<PolicyWish, Status> {
    let proposal = proposal_get(shared.store.as_ref(), shared.territory(), &staff.person.name, short(id)?).await;
    match proposal.map_err(status)?.deed {
        Deed::Policy(wish) => Ok(*wish),
        _ => Err(invalid("this proposal is not about a policy")),
    }
}

fn change(change: &Change) -> PolicyChange {
    PolicyChange {
        regime: regime_text(change.regime),
        key: change.key.to_owned(),
        item: change.item.clone().unwrap_or_default(),
        before: change.before.clone(),
        after: change.after.clone(),
        effect: change.effect.name().to_owned(),
    }
}

fn version(held: Held, whole: bool) -> PolicyVersion {
    let read = held.text.as_ref().and_then(|text| Document::read(text, &held.layer).ok());
    PolicyVersion {
        layer: held.layer.to_string(),
        version: held.version,
        name: read.and_then(|document| document.name).unwrap_or_default(),
        digest: held.digest.to_string(),
        by: held.by,
        second: held.second.unwrap_or_default(),
        why: held.why,
        at_unix_ms: held.at.unix_millis(),
        of: held.of.unwrap_or_default(),
        removed: held.text.is_none(),
        text: held.text.filter(|_| whole).unwrap_or_default(),
    }
}

fn regime_text(regime: Option<Regime>) -> String {
    regime.map_or("", Regime::code).to_owned()
}

pub(super) fn count(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
