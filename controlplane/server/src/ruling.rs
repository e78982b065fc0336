//! The rules in force, and the plans they give: each is made and encoded once, for all devices that it is for.

use crate::shared::Shared;
use crate::status::status;
use bytes::Bytes;
use controlplane_core::facts::{Facts, facts_of};
use controlplane_core::plan::plan;
use controlplane_core::rules::Rules;
use controlplane_core::store::Revision;
use model::desired::Plan;
use model::digest::Digest;
use model::id::DeviceId;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use tonic::Status;
use wire::convert::plan_encode;

/// The rules in force.
#[derive(Debug)]
pub(crate) struct Ruling {
    /// The rules.
    pub(crate) rules: Rules,
    plans: Mutex<HashMap<Plan, Arc<Encoded>>>,
}

/// A plan as it is sent.
#[derive(Debug)]
pub(crate) struct Encoded {
    /// Its bytes.
    pub(crate) bytes: Bytes,
    /// Their digest.
    pub(crate) digest: Digest,
}

/// What plans know of a device, and as of when.
#[derive(Debug)]
pub(crate) struct Known {
    facts: Facts,
    since: Revision,
}

/// What is remembered of a device's plan.
#[derive(Debug, Default)]
pub(crate) struct Place {
    known: Option<Arc<Known>>,
    /// The plan, and the revision of the rules that gave it.
    planned: Option<(Revision, Arc<Encoded>)>,
}

/// A device's plan, and the revision of the facts from which it was made.
#[derive(Clone, Debug)]
pub(crate) struct Planned {
    /// The plan.
    pub(crate) plan: Arc<Encoded>,
    /// As of when.
    pub(crate) since: Revision,
}

impl Ruling {
    /// These rules, of which nothing was planned yet.
    pub(crate) fn of(rules: Rules) -> Self {
        Self { rules, plans: Mutex::default() }
    }

    /// The plan of a device with these facts.
    fn encoded(&self, facts: &Facts) -> Arc<Encoded> {
        let plan = plan(&self.rules, facts).plan;
        let mut plans = self.plans.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(ready) = plans.get(&plan) {
            return Arc::clone(ready);
        }
        let bytes = plan_encode(&plan);
        let encoded = Arc::new(Encoded { digest: Digest::of(&bytes), bytes });
        plans.insert(plan, Arc::clone(&encoded));
        encoded
    }
}

impl Place {
    /// The plan, where these rules give the one that is in hand.
    fn ready(&mut self, rules: &Rules) -> Option<Arc<Encoded>> {
        let plan = self.newest(rules).map(Arc::clone)?;
        self.planned = Some((rules.revision, Arc::clone(&plan)));
        Some(plan)
    }

    /// The plan in hand, if these rules give it.
    fn newest(&self, rules: &Rules) -> Option<&Arc<Encoded>> {
        let (known, (of, plan)) = (self.known.as_ref()?, self.planned.as_ref()?);
        (*of == rules.revision || rules.same_since(&known.facts, *of)).then_some(plan)
    }

    /// Whether a plan with this digest is the one that these rules give; nothing where that was not asked since they are in force.
    pub(crate) fn is(&self, rules: &Rules, digest: &[u8]) -> Option<bool> {
        self.newest(rules).map(|plan| plan.digest.as_bytes()[..] == *digest)
    }
}

/// What a device is to hold. Costs a look into memory; at a device's first check-in and after its record, its asset or its loan changed,
/// a few reads of the store; after a change of rules that may concern it, planning anew.
///
/// # Errors
/// `Unavailable` when the store fails.
pub(crate) async fn planned(shared: &Shared, id: DeviceId, ruling: &Ruling) -> Result<Planned, Status> {
    let revision = ruling.rules.revision;
    let (known, ready, changes) =
        shared.live.with(id, |seat| (seat.place.known.clone(), seat.place.ready(&ruling.rules), seat.changes));
    let (known, plan) = match (known, ready) {
        (Some(known), Some(plan)) => return Ok(Planned { plan, since: known.since }),
        (Some(known), None) => (Arc::clone(&known), ruling.encoded(&known.facts)),
        (None, _) => {
            let (facts, since) = facts_of(shared.store.as_ref(), shared.territory(), id).await.map_err(status)?;
            let plan = ruling.encoded(&facts);
            (Arc::new(Known { facts, since }), plan)
        }
    };
    let since = known.since;
    planned_note(shared, id, changes, (known, revision, &plan));
    Ok(Planned { plan, since })
}

/// The same by rules that are about to come into force, where nothing has to be read for it; the call that asks next finds it made.
pub(crate) fn planned_ahead(shared: &Shared, id: DeviceId, ruling: &Ruling) -> Option<Planned> {
    let (known, ready, changes) =
        shared.live.with(id, |seat| (seat.place.known.clone(), seat.place.ready(&ruling.rules), seat.changes));
    let known = known?;
    let since = known.since;
    if let Some(plan) = ready {
        return Some(Planned { plan, since });
    }
    let plan = ruling.encoded(&known.facts);
    planned_note(shared, id, changes, (known, ruling.rules.revision, &plan));
    Some(Planned { plan, since })
}

/// Keeps a plan, and what it was made of, if nothing was heard of a change since these.
fn planned_note(
    shared: &Shared,
    id: DeviceId,
    changes: u32,
    (known, revision, plan): (Arc<Known>, Revision, &Arc<Encoded>),
) {
    shared.live.with(id, |seat| {
        if seat.changes == changes {
            seat.place = Place { known: Some(known), planned: Some((revision, Arc::clone(plan))) };
        }
    });
}
