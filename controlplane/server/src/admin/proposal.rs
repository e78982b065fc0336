//! What waits for a second person, and what they decide; and the acts that may have to wait.

use super::device::{found, summary_of};
use crate::caller::Staff;
use crate::clones;
use crate::random;
use crate::shared::Shared;
use crate::status::{convert_status, invalid, status};
use controlplane_core::assignment::{Wish, Word};
use controlplane_core::class::ClassWish;
use controlplane_core::device::{Decision, Device};
use controlplane_core::fetching::FetchPolicy;
use controlplane_core::fleet::school_devices;
use controlplane_core::policy::PolicyWish;
use controlplane_core::proposal::{
    Acted, DEVICES_MAX, Deed, Outcome, Proposal, deed_act, proposal_decide, proposal_get, proposal_list,
};
use model::device::JoinState;
use model::digest::Digest;
use model::resource::Fetching;
use model::time::Timestamp;
use std::collections::BTreeSet;
use tonic::Status;
use wire::v1::{
    DeviceDecideManyRequest, DeviceDecideManyResponse, DeviceSummary, ProposalDecideRequest, ProposalDecideResponse,
    ProposalListRequest, ProposalListResponse, ProposalState, ProposalSummary,
};

/// How many targets a line of a list names.
const TARGETS_SHOWN: usize = 5;
/// The most proposals in one answer, the newest.
const LIST_MAX: usize = 1_000;

pub(super) async fn decide_many(
    shared: &Shared,
    staff: &Staff,
    asked: DeviceDecideManyRequest,
) -> Result<DeviceDecideManyResponse, Status> {
    let decision = super::device::decision_of(asked.state(), asked.lost)?;
    let too_many = || invalid(format!("a decision is about 1 to {DEVICES_MAX} devices at a time"));
    if asked.devices.len() > DEVICES_MAX {
        return Err(too_many());
    }
    let mut devices = BTreeSet::new();
    for text in &asked.devices {
        devices.insert(found(shared, staff, text).await?.value.id);
    }
    if let Some(school) = super::device::school_of(&asked.school)? {
        let (store, territory) = (shared.store.as_ref(), shared.territory());
        // Those that are so already, or revoked for good, are not meant.
        let meant = |device: &Device| device.decided(decision).is_ok_and(|after| after.is_some());
        let of_school = school_devices(store, territory, &staff.reach, school, &meant, DEVICES_MAX + 1).await;
        devices.extend(of_school.map_err(status)?.iter().map(|device| device.id));
    }
    if devices.len() > DEVICES_MAX {
        return Err(too_many());
    }
    let touched = touched(shared, staff, decision, devices.len());
    let state = JoinState::try_from(asked.state()).map_err(convert_status)?;
    match act(shared, staff, Deed::Decide { devices, state, lost: asked.lost }, touched, &asked.why).await? {
        Acted::Done(devices) => {
            carried_out(shared, staff, &devices);
            Ok(DeviceDecideManyResponse { devices: summaries(shared, devices).await?, proposal: None })
        }
        Acted::Waits(proposal) => Ok(DeviceDecideManyResponse {
            devices: Vec::new(),
            proposal: Some(summary(&proposal, false, shared.clock.now())),
        }),
    }
}

/// How many devices a decision counts as: revocations in small portions are one act.
pub(super) fn touched(shared: &Shared, staff: &Staff, decision: Decision, devices: usize) -> usize {
    match decision {
        Decision::State(JoinState::Revoked) => {
            devices + shared.revocations.recent(&staff.person.name, shared.clock.now())
        }
        _ => devices,
    }
}

/// What else follows a decision about these devices.
pub(super) fn carried_out(shared: &Shared, staff: &Staff, devices: &[Device]) {
    clones::settled(shared, devices);
    for _ in devices.iter().filter(|device| device.state == JoinState::Revoked) {
        shared.revocations.note(&staff.person.name, shared.clock.now());
    }
}

/// Does it, or proposes it where the server's limit asks for a second person.
pub(super) async fn act(
    shared: &Shared,
    staff: &Staff,
    deed: Deed,
    touched: usize,
    why: &str,
) -> Result<Acted, Status> {
    let (now, random) = (shared.clock.now(), random::bytes().map_err(status)?);
    let (store, territory, above) = (&shared.store, shared.territory(), shared.config.limits.second_person_above);
    let acted = deed_act(store, territory, &staff.reach, deed, touched, above, &staff.person, why, random, now);
    acted.await.map_err(status)
}

pub(super) async fn list(
    shared: &Shared,
    staff: &Staff,
    asked: ProposalListRequest,
) -> Result<ProposalListResponse, Status> {
    let (store, territory, now) = (shared.store.as_ref(), shared.territory(), shared.clock.now());
    if !asked.id.is_empty() {
        let one = proposal_get(store, territory, &staff.person.name, super::device::short(&asked.id)?).await;
        return Ok(ProposalListResponse { proposals: vec![summary(&one.map_err(status)?, true, now)] });
    }
    let found = proposal_list(store, territory, &staff.person.name, asked.all, now).await.map_err(status)?;
    Ok(ProposalListResponse { proposals: found.iter().take(LIST_MAX).map(|p| summary(p, false, now)).collect() })
}

pub(super) async fn decide(
    shared: &Shared,
    staff: &Staff,
    asked: ProposalDecideRequest,
) -> Result<ProposalDecideResponse, Status> {
    let now = shared.clock.now();
    let id = super::device::short(&asked.id)?;
    let decided = proposal_decide(&shared.store, shared.territory(), id, asked.agree, &staff.person, &asked.why, now);
    let decided = decided.await.inspect_err(|error| shared.missed(staff, error, id));
    let (proposal, devices) = decided.map_err(shared.refuse(staff.author(), "ProposalDecide", id))?;
    clones::settled(shared, &devices);
    Ok(ProposalDecideResponse { proposal: Some(summary(&proposal, true, now)) })
}

/// A proposal as it travels, with all its devices where one asks for it alone.
pub(super) fn summary(proposal: &Proposal, whole: bool, now: Timestamp) -> ProposalSummary {
    let (state, second) = match &proposal.outcome {
        Outcome::Open if now >= proposal.expires => (ProposalState::Lapsed, ""),
        Outcome::Open => (ProposalState::Open, ""),
        Outcome::Done(second) => (ProposalState::Done, second.as_str()),
        Outcome::Refused(second) => (ProposalState::Refused, second.as_str()),
    };
    let (devices, detail) = match &proposal.deed {
        Deed::Decide { devices, .. } if whole => (devices.iter().map(ToString::to_string).collect(), String::new()),
        Deed::Decide { .. } => (Vec::new(), String::new()),
        Deed::Release(rule) => {
            let wanted = rule.release.as_ref();
            (Vec::new(), wanted.map_or_else(|| "-".to_owned(), |one| format!("{} --digest {}", one.version, one.index)))
        }
        Deed::Cadence(c) => {
            let (poll, hold, health, inventory) =
                (c.poll_seconds, c.hold_seconds, c.health_seconds, c.inventory_seconds);
            (Vec::new(), format!("--poll {poll}s --hold {hold}s --health {health}s --inventory {inventory}s"))
        }
        Deed::Assign(wish) => (Vec::new(), assigned(wish, whole)),
        Deed::Class(wish) => (Vec::new(), served(wish, whole)),
        Deed::Fetching(policy) => (Vec::new(), fetched(policy)),
        Deed::Policy(wish) => (Vec::new(), filtered(wish)),
    };
    ProposalSummary {
        id: proposal.id.clone(),
        verb: proposal.deed.verb().to_owned(),
        devices,
        device_count: u32::try_from(proposal.devices()).unwrap_or(u32::MAX),
        detail,
        by: proposal.by.clone(),
        why: proposal.why.clone(),
        created_unix_ms: proposal.created.unix_millis(),
        expires_unix_ms: proposal.expires.unix_millis(),
        state: state.into(),
        second: second.to_owned(),
    }
}

async fn summaries(shared: &Shared, devices: Vec<Device>) -> Result<Vec<DeviceSummary>, Status> {
    let mut all = Vec::with_capacity(devices.len());
    for device in devices {
        all.push(summary_of(shared, device).await?);
    }
    Ok(all)
}

/// What is said of a bundle, in words of the command line; of many targets some.
fn assigned(wish: &Wish, whole: bool) -> String {
    let mut words = vec![match &wish.word {
        Word::Hold { edition, .. } => format!("{}@{}", wish.bundle, edition.version),
        Word::Absent | Word::Nothing => wish.bundle.to_string(),
    }];
    let shown = if whole { wish.targets.len() } else { TARGETS_SHOWN };
    for target in wish.targets.iter().take(shown) {
        let text = target.to_string();
        words.push(format!("--{}", text.replacen(':', " ", 1)));
    }
    if wish.targets.len() > shown {
        words.push("…".to_owned());
    }
    match wish.word {
        Word::Hold { urgent: true, .. } => words.push("--urgent".to_owned()),
        Word::Absent => words.push("--remove".to_owned()),
        Word::Hold { .. } | Word::Nothing => {}
    }
    words.join(" ")
}

/// What is to serve a class, in words of the command line; of many things some.
fn served(wish: &ClassWish, whole: bool) -> String {
    let kits = wish.kits.iter().map(|label| format!("--kit {label}"));
    let loans = wish.loans.iter().map(|id| format!("--loan {id}"));
    let devices = wish.devices.iter().map(|id| format!("--device {id}"));
    let named: Vec<String> = kits.chain(loans).chain(devices).collect();
    let shown = if whole { named.len() } else { TARGETS_SHOWN };
    let mut words = vec![wish.class.as_ref().map_or_else(|| "-".to_owned(), ToString::to_string)];
    words.extend(named.iter().take(shown).cloned());
    if named.len() > shown {
        words.push("…".to_owned());
    }
    words.join(" ")
}

/// Which document is to hold where, in words of the command line; what it says, `policy history` and `proposal show` do not repeat.
fn filtered(wish: &PolicyWish) -> String {
    match (&wish.text, wish.of) {
        (_, Some(version)) => format!("--layer {} {version}", wish.layer),
        (Some(text), None) => format!("--layer {} {}", wish.layer, Digest::of(text.as_bytes())),
        (None, None) => format!("--layer {} --remove", wish.layer),
    }
}

/// How devices are to fetch, in words of the command line.
fn fetched(policy: &FetchPolicy) -> String {
    let Fetching { quota_bytes, free_floor_bytes, bytes_per_second, upload_bytes_per_second, .. } = policy.fetching;
    let hour = |minute: u16| format!("{:02}:{:02}", minute / 60, minute % 60);
    let quiet = policy.quiet.map_or("none".to_owned(), |(from, until)| format!("{}-{}", hour(from), hour(until)));
    let yes = |yes: bool| if yes { "yes" } else { "no" };
    let Fetching { metered, battery_floor_percent, peers, .. } = policy.fetching;
    let mirrors: String = policy.fetching.mirrors.iter().map(|mirror| format!(" --mirror {mirror}")).collect();
    format!(
        "--quota {quota_bytes} --free-floor {free_floor_bytes} --bandwidth {bytes_per_second} --upload \
         {upload_bytes_per_second} --metered {} --battery {battery_floor_percent} --peers {} --quiet {quiet}{mirrors}",
        yes(metered),
        yes(peers),
    )
}
