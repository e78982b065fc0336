//! A second person: what touches many devices is proposed by one and carried out when another agrees.

mod seen;

pub use seen::Seen;

use crate::assignment::{Wish, assignment_writes, target_check};
use crate::audit::{Act, Person, WHY_CHARS_MAX};
use crate::class::{ClassWish, class_check, class_writes};
use crate::device::{DEVICES, Decision, Device, device_get};
use crate::error::{Error, Result};
use crate::fetching::{FETCH_POLICIES, FetchPolicy};
use crate::operator::operator_get;
use crate::policy::{PolicyWish, policy_writes};
use crate::release::ReleaseRule;
use crate::role::{Allowed, allowed};
use crate::rollout::record::rollout_list;
use crate::rollout::{Rollout, State};
use crate::rules::{CADENCES, EVERYWHERE};
use crate::scope::{Filed, Reach};
use crate::store::{Expect, Revision, SharedStore, Store};
use crate::table::{Intent, Row, Table, Writes};
use model::desired::Cadence;
use model::device::JoinState;
use model::id::{DeviceId, TerritoryId};
use model::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::time::Duration;

/// Proposals by their ids, which sort by time.
pub static PROPOSALS: Table<Proposal, Intent> = Table::new("proposal");

/// The most devices one act is about; within one batch, so that it happens to all of them or to none.
pub const DEVICES_MAX: usize = 500;
/// A proposal that nobody decides lapses after so long.
pub const LIFE: Duration = Duration::from_secs(7 * 86_400);
/// The most open proposals of one person.
const OPEN_MAX: usize = 20;
/// A proposal is kept so long after its time, and at most so many are forgotten at once.
const KEPT: Duration = Duration::from_secs(30 * 86_400);
const OLD_MAX: usize = 100;
/// How often an act that met another one is tried again.
const TRIES: usize = 4;

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Deed {
    /// Devices are approved, quarantined or revoked.
    Decide {
        /// Which.
        devices: BTreeSet<DeviceId>,
        /// The state they come into.
        state: JoinState,
        /// Whether they are lost or stolen.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        lost: bool,
    },
    /// All devices of the territory keep in touch otherwise.
    Cadence(Cadence),
    /// A bundle is for these, or no longer.
    Assign(Wish),
    /// Kits, loans or devices serve another class.
    Class(ClassWish),
    /// All devices of the territory fetch otherwise.
    Fetching(Box<FetchPolicy>),
    /// All devices of the territory are to run another release of the agent.
    Release(ReleaseRule),
    /// Another document is to hold in a layer of the filtering policy, or none.
    Policy(Box<PolicyWish>),
}

/// How a proposal stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Nobody has decided.
    Open,
    /// This person agreed, and it was done.
    Done(String),
    /// This person refused.
    Refused(String),
}

/// An act that waits for a second person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposal {
    /// Its name.
    pub id: String,
    /// What is to be done.
    pub deed: Deed,
    /// Over what.
    #[serde(default)]
    seen: Seen,
    /// Who proposes it.
    pub by: String,
    /// Why.
    pub why: String,
    /// When it was proposed.
    pub created: Timestamp,
    /// When it lapses.
    pub expires: Timestamp,
    /// How it stands.
    pub outcome: Outcome,
}

/// What came of an act.
#[derive(Clone, Debug)]
pub enum Acted {
    /// It was done, to these devices.
    Done(Vec<Device>),
    /// It waits for a second person.
    Waits(Box<Proposal>),
}

impl Deed {
    /// The admin call it is, for the table of roles.
    #[must_use]
    pub fn call(&self) -> &'static str {
        match self {
            Self::Decide { .. } => "DeviceDecideMany",
            Self::Cadence(_) => "CadenceSet",
            Self::Assign(wish) if wish.bundle.is_agent() => "ReleaseSet",
            Self::Assign(_) => "BundleAssign",
            Self::Class(wish) => wish.call(),
            Self::Fetching(_) => "FetchPolicySet",
            Self::Release(_) => "ReleaseSet",
            Self::Policy(_) => "PolicyApply",
        }
    }

    /// The name in tables and messages.
    #[must_use]
    pub const fn verb(&self) -> &'static str {
        match self {
            Self::Decide { state, lost, .. } => decision(*state, *lost).verb(),
            Self::Cadence(_) => "cadence_set",
            Self::Assign(wish) => wish.verb(),
            Self::Class(wish) => wish.verb(),
            Self::Fetching(_) => "fetch_policy_set",
            Self::Release(_) => "release_set",
            Self::Policy(wish) => wish.verb(),
        }
    }
}

const fn decision(state: JoinState, lost: bool) -> Decision {
    if lost { Decision::Lost } else { Decision::State(state) }
}

impl Proposal {
    /// How many devices it is about.
    #[must_use]
    pub fn devices(&self) -> usize {
        match &self.deed {
            Deed::Decide { devices, .. } => devices.len(),
            Deed::Cadence(_)
            | Deed::Assign(_)
            | Deed::Class(_)
            | Deed::Fetching(_)
            | Deed::Release(_)
            | Deed::Policy(_) => 0,
        }
    }
}

/// Does it, or proposes it when it touches more than `above` devices.
///
/// # Errors
/// `Invalid` for no or too many devices or a decision that a device's state forbids, `NotFound` for a device outside the reach,
/// `Conflict` when somebody else decided at the same time.
#[allow(clippy::too_many_arguments, reason = "each is a plain value of one call")]
pub async fn deed_act(
    store: &SharedStore,
    territory: &TerritoryId,
    reach: &Reach,
    deed: Deed,
    touched: usize,
    above: u32,
    by: &Person,
    why: &str,
    random: [u8; 10],
    now: Timestamp,
) -> Result<Acted> {
    // What could not be done anyway is said now, not to the second person.
    let (writes, devices) = deed_writes(store.as_ref(), territory, reach, &deed, by, None, why, now).await?;
    let why: String = why.chars().take(WHY_CHARS_MAX).collect();
    if u32::try_from(touched).unwrap_or(u32::MAX) <= above {
        writes.commit(store).await?;
        return Ok(Acted::Done(devices));
    }
    let id = DeviceId::new(now, random).to_string();
    let seen = seen::seen(store.as_ref(), territory, &deed).await?;
    let old = old_and_room(store.as_ref(), territory, &by.name, now).await?;
    let proposal = Proposal {
        id: id.clone(),
        deed,
        seen,
        by: by.name.clone(),
        why,
        created: now,
        expires: now.after(LIFE),
        outcome: Outcome::Open,
    };
    let act = Act::of(now, by, "proposal_make", id.clone(), &proposal.why);
    let mut writes = Writes::by(territory, &act)?.put(&PROPOSALS, id, &proposal, Expect::Absent)?;
    for (id, revision) in old {
        writes = writes.remove(&PROPOSALS, id, Expect::At(revision));
    }
    writes.commit(store).await?;
    Ok(Acted::Waits(Box::new(proposal)))
}

/// Some proposals that were over long ago, to be forgotten; the audit remembers them.
async fn old_and_room(
    store: &dyn Store,
    territory: &TerritoryId,
    by: &str,
    now: Timestamp,
) -> Result<Vec<(String, Revision)>> {
    let scope = PROPOSALS.scope(territory, "");
    let (mut old, mut open, mut after) = (Vec::new(), 0, String::new());
    loop {
        let page = PROPOSALS.page(store, &scope, &after, 100).await?;
        let Some(last) = page.last() else { break };
        after.clone_from(&last.id);
        for row in page {
            if row.value.expires.after(KEPT) <= now {
                old.push((row.id, row.revision));
            } else if row.value.by == by && row.value.outcome == Outcome::Open && now < row.value.expires {
                open += 1;
            }
        }
    }
    if open >= OPEN_MAX {
        return Err(Error::Invalid(format!("{OPEN_MAX} proposals of yours are open; withdraw some first")));
    }
    old.truncate(OLD_MAX);
    Ok(old)
}

/// A second person decides: it is done, or refused.
///
/// # Errors
/// `NotFound`, also for who may not see it; `Denied` for who proposed it, or may not do it, or when the one who proposed it may no
/// longer; `Expired` when it has lapsed; `Exists` when it is decided already; else as [`deed_act`].
#[allow(clippy::too_many_arguments, reason = "each is a plain value of one call")]
pub async fn proposal_decide(
    store: &SharedStore,
    territory: &TerritoryId,
    id: &str,
    agree: bool,
    by: &Person,
    why: &str,
    now: Timestamp,
) -> Result<(Proposal, Vec<Device>)> {
    let mut met = None;
    for _ in 0..TRIES {
        match decide_once(store, territory, id, agree, by, why, now).await {
            Err(Error::Conflict(key)) => met = Some(key),
            done => return done,
        }
    }
    Err(met.map_or_else(|| Error::NotFound(format!("proposal {id}")), Error::Conflict))
}

async fn decide_once(
    store: &SharedStore,
    territory: &TerritoryId,
    id: &str,
    agree: bool,
    by: &Person,
    why: &str,
    now: Timestamp,
) -> Result<(Proposal, Vec<Device>)> {
    let missing = || Error::NotFound(format!("proposal {:?}", id.chars().take(64).collect::<String>()));
    let row = PROPOSALS.get(store.as_ref(), territory, id).await?.ok_or_else(missing)?;
    let may = power(store.as_ref(), territory, &by.name, &row.value).await?.ok_or_else(missing)?;
    let (expect, mut proposal) = (Expect::At(row.revision), row.value);
    match &proposal.outcome {
        Outcome::Open if now >= proposal.expires => return Err(Error::Expired("this proposal has lapsed".to_owned())),
        Outcome::Open => {}
        Outcome::Done(_) | Outcome::Refused(_) => return Err(Error::Exists(format!("a decision on proposal {id}"))),
    }
    let second = Person { name: by.name.clone(), role: may.role };
    if !agree {
        // Whoever proposed it may withdraw it.
        proposal.outcome = Outcome::Refused(second.name.clone());
        let act = Act::of(now, &second, "proposal_refuse", id, why);
        Writes::by(territory, &act)?.put(&PROPOSALS, id, &proposal, expect)?.commit(store).await?;
        return Ok((proposal, Vec::new()));
    }
    if proposal.by == second.name {
        return Err(Error::Denied("a second person has to agree, not the one who proposed it".to_owned()));
    }
    let first = power(store.as_ref(), territory, &proposal.by, &proposal).await?;
    let first = first.ok_or_else(|| Error::Denied(format!("{} who proposed it may no longer do it", proposal.by)))?;
    if seen::seen(store.as_ref(), territory, &proposal.deed).await? != proposal.seen {
        let text = "what this proposal is about was changed since; refuse it, and propose the act again";
        return Err(Error::Invalid(text.to_owned()));
    }
    let person = Person { name: proposal.by.clone(), role: first.role };
    let (deed, reason) = (&proposal.deed, proposal.why.as_str());
    let made = deed_writes(store.as_ref(), territory, &may.reach, deed, &person, Some(&second), reason, now).await?;
    let (writes, devices) = made;
    proposal.outcome = Outcome::Done(second.name.clone());
    let act = Act::of(now, &second, "proposal_approve", id, why);
    writes.also(&act)?.put(&PROPOSALS, id, &proposal, expect)?.commit(store).await?;
    Ok((proposal, devices))
}

/// A proposal that this person may decide or has made.
///
/// # Errors
/// `NotFound`, also for one that they may not see.
pub async fn proposal_get(store: &dyn Store, territory: &TerritoryId, name: &str, id: &str) -> Result<Proposal> {
    let row = PROPOSALS.get(store, territory, id).await?;
    if let Some(Row { value, .. }) = row
        && (value.by == name || power(store, territory, name, &value).await?.is_some())
    {
        return Ok(value);
    }
    Err(Error::NotFound(format!("proposal {:?}", id.chars().take(64).collect::<String>())))
}

/// Proposals that this person may decide or has made, newest first; decided and lapsed ones too when `all`.
///
/// # Errors
/// `Unavailable` when the store fails.
pub async fn proposal_list(
    store: &dyn Store,
    territory: &TerritoryId,
    name: &str,
    all: bool,
    now: Timestamp,
) -> Result<Vec<Proposal>> {
    let scope = PROPOSALS.scope(territory, "");
    let (mut found, mut after) = (Vec::new(), String::new());
    loop {
        let page = PROPOSALS.page(store, &scope, &after, 200).await?;
        let Some(last) = page.last() else { break };
        after.clone_from(&last.id);
        for Row { value: proposal, .. } in page {
            let waits = proposal.outcome == Outcome::Open && now < proposal.expires;
            if (all || waits) && (proposal.by == name || power(store, territory, name, &proposal).await?.is_some()) {
                found.push(proposal);
            }
        }
    }
    found.reverse();
    Ok(found)
}

/// What somebody's grants allow of what is proposed; nothing when they do not reach all of it.
async fn power(store: &dyn Store, territory: &TerritoryId, name: &str, proposal: &Proposal) -> Result<Option<Allowed>> {
    let operator = match operator_get(store, territory, name).await {
        Ok(row) if row.value.revoked.is_none() => row.value,
        Ok(_) | Err(Error::NotFound(_)) => return Ok(None),
        Err(error) => return Err(error),
    };
    let Some(may) = allowed(proposal.deed.call(), &operator.grants) else { return Ok(None) };
    if let Deed::Assign(wish) = &proposal.deed {
        for target in &wish.targets {
            match target_check(store, territory, &may.reach, target).await {
                Ok(()) => {}
                Err(Error::NotFound(_)) => return Ok(None),
                Err(error) => return Err(error),
            }
        }
    }
    if let Deed::Policy(wish) = &proposal.deed {
        match target_check(store, territory, &may.reach, &wish.layer.target()).await {
            Ok(()) => {}
            Err(Error::NotFound(_)) => return Ok(None),
            Err(error) => return Err(error),
        }
    }
    if let Deed::Class(wish) = &proposal.deed {
        match class_check(store, territory, &may.reach, wish).await {
            Ok(()) => {}
            Err(Error::NotFound(_)) => return Ok(None),
            Err(error) => return Err(error),
        }
    }
    if let Deed::Decide { devices, .. } = &proposal.deed
        && !may.reach.is_territory()
    {
        for id in devices {
            let filed = DEVICES.get(store, territory, id.to_string()).await?.map(|row| row.value.filed());
            if !filed.as_ref().is_some_and(|filed: &Filed| may.reach.covers(filed)) {
                return Ok(None);
            }
        }
    }
    Ok(Some(may))
}

/// The writes of an act, one audit entry for each device, and the devices as they will be.
#[allow(clippy::too_many_arguments, reason = "each is a plain value of one act")]
async fn deed_writes(
    store: &dyn Store,
    territory: &TerritoryId,
    reach: &Reach,
    deed: &Deed,
    by: &Person,
    second: Option<&Person>,
    why: &str,
    now: Timestamp,
) -> Result<(Writes<Intent>, Vec<Device>)> {
    match deed {
        Deed::Cadence(cadence) => {
            let cadence = cadence.checked().map_err(|e| Error::Invalid(e.to_string()))?;
            let row = CADENCES.get(store, territory, EVERYWHERE).await?;
            let expect = row.map_or(Expect::Absent, |row| Expect::At(row.revision));
            let act = Act::of(now, by, deed.verb(), EVERYWHERE, why).with(second);
            let writes = Writes::by(territory, &act)?.put(&CADENCES, EVERYWHERE, &cadence, expect)?;
            Ok((writes, Vec::new()))
        }
        Deed::Fetching(policy) => {
            let policy = policy.as_ref().clone().checked().map_err(|e| Error::Invalid(e.to_string()))?;
            let row = FETCH_POLICIES.get(store, territory, EVERYWHERE).await?;
            let expect = row.map_or(Expect::Absent, |row| Expect::At(row.revision));
            let act = Act::of(now, by, deed.verb(), "fetch_policy", why).with(second);
            let writes = Writes::by(territory, &act)?.put(&FETCH_POLICIES, EVERYWHERE, &policy, expect)?;
            Ok((writes, Vec::new()))
        }
        Deed::Assign(wish) => {
            for target in &wish.targets {
                target_check(store, territory, reach, target).await?;
            }
            Ok((assignment_writes(store, territory, wish, by, second, why, now).await?, Vec::new()))
        }
        Deed::Class(wish) => Ok((class_writes(store, territory, reach, wish, by, second, why, now).await?, Vec::new())),
        Deed::Policy(wish) => {
            Ok((policy_writes(store, territory, reach, wish, by, second, why, now).await?, Vec::new()))
        }
        Deed::Release(rule) => {
            // The rollout would decide before it, and in the end write its own version over it.
            let open =
                |rollout: &Rollout| rollout.name.is_agent() && matches!(rollout.state, State::Running | State::Paused);
            if let Some(open) = rollout_list(store, territory).await?.into_iter().find(open) {
                return Err(Error::Invalid(format!("rollout {} of this bundle is open; end it first", open.id)));
            }
            Ok((assignment_writes(store, territory, &rule.wish(), by, second, why, now).await?, Vec::new()))
        }
        Deed::Decide { devices, state, lost } => {
            if devices.is_empty() || devices.len() > DEVICES_MAX {
                return Err(Error::Invalid(format!("a decision is about 1 to {DEVICES_MAX} devices at a time")));
            }
            let mut writes: Option<Writes<Intent>> = None;
            let mut after = Vec::new();
            for id in devices {
                let row = device_get(store, territory, *id).await?;
                if !reach.covers(&row.value.filed()) {
                    return Err(Error::NotFound(format!("device {id}")));
                }
                // Those that are so already are left alone.
                let Some(device) = row.value.decided(decision(*state, *lost))? else { continue };
                let act = Act::of(now, by, deed.verb(), id.to_string(), why).with(second);
                let begun = match writes {
                    None => Writes::by(territory, &act)?,
                    Some(writes) => writes.also(&act)?,
                };
                writes = Some(begun.device(Some(&row.value), &device, Expect::At(row.revision))?);
                after.push(device);
            }
            match writes {
                Some(writes) => Ok((writes, after)),
                None => Err(Error::Invalid("all of these devices are in that state already".to_owned())),
            }
        }
    }
}
