//! What a device is told: written before it is said.

use crate::grant::granted;
use crate::live::Seat;
use crate::ruling::{Planned, Ruling, planned, planned_ahead};
use crate::shared::Shared;
use crate::status::status;
use controlplane_core::Error;
use controlplane_core::grant::Standing;
use controlplane_core::plan::{Now, TOLD, Told, told_next};
use controlplane_core::store::{Expect, Revision};
use controlplane_core::table::Writes;
use model::desired::Generation;
use model::id::DeviceId;
use std::sync::Arc;
use tonic::Status;

/// Devices told in one commit.
const TOGETHER: usize = 1024;

/// What a device is told, and with what.
pub(crate) struct Telling {
    /// What it is told.
    pub(crate) told: Told,
    /// What it is granted.
    pub(crate) grant: Option<Arc<Standing>>,
    /// What it is to hold.
    pub(crate) planned: Planned,
}

/// What the device is to be told; written before it is said, so that a generation never means two things.
pub(crate) async fn told(
    shared: &Shared,
    id: DeviceId,
    heard: Option<Generation>,
    ruling: &Ruling,
) -> Result<Telling, Status> {
    let mut before = shared.live.with(id, |seat| seat.told);
    let mut again = false;
    loop {
        let grant = granted(shared, id).await?;
        let planned = planned(shared, id, ruling).await?;
        let known = match before {
            Some(known) => known,
            None => TOLD
                .get(shared.store.as_ref(), shared.territory(), id.to_string())
                .await
                .map_err(status)?
                .map(|row| (row.value, row.revision)),
        };
        let now = Now { plan: planned.plan.digest, facts: planned.since, grant: grant.as_deref() };
        // Read again, it is what holds, be it from before what was told, as where a record was taken out.
        let last = known.map(|(told, _)| if again { Told { granted: 0, facts: 0, ..told } } else { told });
        let next = told_next(last, heard, now, shared.store.epoch(), &ruling.rules);
        if last == Some(next) {
            let same = (next.plan, next.grant) == (now.plan, now.grant.map(|grant| grant.digest));
            if !same && !again {
                // A newer one has been told already, of which this call has not heard.
                shared.live.with(id, Seat::forget);
                again = true;
                continue;
            }
            shared.live.with(id, |seat| seat.told = Some(known));
            return Ok(Telling { told: next, grant, planned });
        }
        let expect = known.map_or(Expect::Absent, |(_, revision)| Expect::At(revision));
        let written = Writes::observed(shared.territory()).put(&TOLD, id.to_string(), &next, expect).map_err(status)?;
        match written.commit(&shared.store).await {
            Ok(revision) => {
                shared.live.with(id, |seat| seat.told = Some(Some((next, revision))));
                return Ok(Telling { told: next, grant, planned });
            }
            Err(Error::Conflict(_)) => before = None,
            Err(error) => return Err(status(error)),
        }
    }
}

/// What is to be written of a device that is told something new.
struct Due {
    id: DeviceId,
    known: Option<(Told, Revision)>,
    next: Told,
}

/// Writes what those who are held are to be told by rules that have come into force, and wakes them: many of them at a time, where each would
/// wait for a commit of its own, and not all at once, so that what some are told is on its way before the next ones' is made. Whoever is not
/// reached by the commit, since something of it has to be read or changes meanwhile, is told by its call. A call that begins later sees these
/// rules by itself.
pub(crate) async fn told_in_turn(shared: &Shared, ruling: &Ruling) {
    for devices in shared.live.waiting().chunks(TOGETHER) {
        // One that calls in this very moment is told by its call, and is no reason for a thousand commits: without it they fit.
        for _ in 0..2 {
            let due: Vec<Due> = devices.iter().filter_map(|id| due(shared, *id, ruling)).collect();
            if due.is_empty() {
                break;
            }
            match written(shared, &due).await {
                Ok(revision) => {
                    due.iter().for_each(|due| noted(shared, due, revision));
                    break;
                }
                Err(error) => tracing::debug!(%error, "some devices are told by their calls"),
            }
        }
        devices.iter().for_each(|id| shared.live.wake(*id));
    }
}

fn due(shared: &Shared, id: DeviceId, ruling: &Ruling) -> Option<Due> {
    let (known, grant) = shared.live.with(id, |seat| (seat.told, seat.grant.clone()));
    let (known, grant) = (known?, grant?);
    let planned = planned_ahead(shared, id, ruling)?;
    let now = Now { plan: planned.plan.digest, facts: planned.since, grant: grant.as_deref() };
    let last = known.map(|(told, _)| told);
    let next = told_next(last, None, now, shared.store.epoch(), &ruling.rules);
    (last != Some(next)).then_some(Due { id, known, next })
}

async fn written(shared: &Shared, due: &[Due]) -> controlplane_core::Result<Revision> {
    let mut writes = Writes::observed(shared.territory());
    for Due { id, known, next } in due {
        let expect = known.map_or(Expect::Absent, |(_, revision)| Expect::At(revision));
        writes = writes.put(&TOLD, id.to_string(), next, expect)?;
    }
    writes.commit(&shared.store).await
}

fn noted(shared: &Shared, due: &Due, revision: Revision) {
    shared.live.with(due.id, |seat| {
        if seat.told == Some(due.known) {
            seat.told = Some(Some((due.next, revision)));
        }
    });
}
