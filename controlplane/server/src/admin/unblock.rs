//! What users ask about single names, and what people answer: by name and school, never by pupil.

use super::cadence::rules;
use super::device::{school_of, short};
use super::policy::count;
use crate::caller::Staff;
use crate::shared::Shared;
use crate::status::{invalid, status};
use controlplane_core::assignment::Target;
use controlplane_core::unblock::{Answer, AskKind, Decision, Group, Reached, unblock_decide, unblock_list};
use model::time::Timestamp;
use std::collections::BTreeSet;
use tonic::Status;
use wire::v1::{UnblockDecideRequest, UnblockDecideResponse, UnblockGroup, UnblockListRequest, UnblockListResponse};

/// The most lines in one answer, what was asked last.
const LIST_MAX: usize = 1_000;

pub(super) async fn list(
    shared: &Shared,
    staff: &Staff,
    asked: UnblockListRequest,
) -> Result<UnblockListResponse, Status> {
    let school = school_of(&asked.school)?;
    let groups = unblock_list(shared.store.as_ref(), shared.territory(), &staff.reach).await.map_err(status)?;
    let groups = groups.into_iter().filter(|group| school.is_none_or(|school| group.school == Some(school)));
    let groups = groups.map(wired).filter(|group| asked.state.is_empty() || group.state == asked.state);
    Ok(UnblockListResponse { groups: groups.take(LIST_MAX).collect() })
}

pub(super) async fn decide(
    shared: &Shared,
    staff: &Staff,
    asked: UnblockDecideRequest,
) -> Result<UnblockDecideResponse, Status> {
    let id = short(&asked.id)?;
    let until = (asked.until_unix_ms != 0).then(|| Timestamp::from_unix_millis(asked.until_unix_ms));
    let accept = |scope| Answer::Accept { scope, until };
    let answer = match asked.scope.as_str() {
        "" => Answer::Refuse,
        "lesson" => accept(Reached::Lesson),
        "class" => accept(Reached::Class),
        "school" => accept(Reached::School),
        "device" => accept(Reached::Device),
        _ => return Err(invalid("a name is unblocked for a lesson, a class, a school or a device")),
    };
    let policies = rules(shared).await?.policies;
    let (store, territory, now) = (&shared.store, shared.territory(), shared.clock.now());
    let decided =
        unblock_decide(store, territory, &staff.reach, &policies, id, &answer, &staff.person, &asked.why, now).await;
    let (ask, decision) = decided.inspect_err(|error| shared.missed(staff, error, id)).map_err(status)?;
    let group = Group {
        id: ask.id,
        name: ask.name,
        kind: ask.kind,
        school: ask.school,
        classes: BTreeSet::new(),
        devices: 0,
        first: ask.received,
        last: ask.received,
        decision: Some(decision),
    };
    Ok(UnblockDecideResponse { group: Some(wired(group)) })
}

fn wired(group: Group) -> UnblockGroup {
    let kind = match group.kind {
        AskKind::Unblock => "unblock",
        AskKind::Report => "report",
    };
    let state = match &group.decision {
        None => "open",
        Some(Decision { accepted: Some(_), .. }) => "accepted",
        Some(Decision { accepted: None, .. }) => "refused",
    };
    let accepted = group.decision.as_ref().and_then(|decision| decision.accepted.clone());
    UnblockGroup {
        id: group.id,
        name: group.name.to_string(),
        kind: kind.to_owned(),
        school: group.school.map(|school| school.to_string()).unwrap_or_default(),
        classes: group.classes.iter().map(ToString::to_string).collect(),
        devices: count(group.devices),
        first_unix_ms: group.first.unix_millis(),
        last_unix_ms: group.last.unix_millis(),
        state: state.to_owned(),
        by: group.decision.as_ref().map(|decision| decision.by.clone()).unwrap_or_default(),
        why: group.decision.map(|decision| decision.why).unwrap_or_default(),
        scope: accepted.as_ref().map(|(scope, _)| told(scope)).unwrap_or_default(),
        until_unix_ms: accepted.map_or(0, |(_, until)| until.unix_millis()),
    }
}

/// For whom it is, without which device: one pupil's is nobody else's business.
fn told(scope: &Target) -> String {
    if matches!(scope, Target::Device(_)) { "device".to_owned() } else { scope.to_string() }
}
