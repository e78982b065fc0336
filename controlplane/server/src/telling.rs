//! What a device is told: written before it is said.

use crate::grant::granted;
use crate::live::Seat;
use crate::ruling::{Planned, Ruling, planned};
use crate::shared::Shared;
use crate::status::status;
use controlplane_core::Error;
use controlplane_core::grant::Standing;
use controlplane_core::plan::{Now, TOLD, Told, told_next};
use controlplane_core::store::Expect;
use controlplane_core::table::Writes;
use model::desired::Generation;
use model::id::DeviceId;
use std::sync::Arc;
use tonic::Status;

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
