//! The peer ticket in a check-in's answer.

use crate::shared::Shared;
use crate::status::status;
use controlplane_core::device::device_get;
use controlplane_core::fetching::FetchPolicy;
use controlplane_core::ticket::{ticket_due, ticket_of};
use model::device::JoinState;
use model::id::DeviceId;
use model::time::Timestamp;
use model::uai::Uai;
use tonic::Status;
use wire::v1::{CheckInRequest, Envelope};

/// The ticket that a device says it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Held {
    until: Timestamp,
    school: Option<Uai>,
}

/// What a check-in says of it; nothing where the device wants none.
pub(crate) fn held(request: &CheckInRequest) -> Option<Held> {
    let until = Timestamp::from_unix_millis(request.ticket_until_unix_ms?);
    Some(Held { until, school: request.ticket_school.parse().ok() })
}

/// Another ticket, when the one it holds ends soon or is for a school that the device has left. Costs a look into memory while it is good.
///
/// # Errors
/// `Unavailable` when the store fails.
pub(crate) async fn renewed(
    shared: &Shared,
    id: DeviceId,
    state: JoinState,
    held: Held,
    fetching: &FetchPolicy,
) -> Result<Option<Envelope>, Status> {
    let now = shared.clock.now();
    let (school, changes) = shared.live.with(id, |seat| (seat.school, seat.changes));
    if state != JoinState::Active || (school == Some(held.school) && !ticket_due(held.until, now)) {
        return Ok(None);
    }
    let device = device_get(shared.store.as_ref(), shared.territory(), id).await.map_err(status)?.value;
    shared.live.with(id, |seat| {
        // It may have changed meanwhile.
        if seat.changes == changes {
            seat.school = Some(device.school);
        }
    });
    if device.school == held.school && !ticket_due(held.until, now) {
        return Ok(None);
    }
    let ticket = ticket_of(shared.territory(), &device, device.school, fetching.site_nodes.contains(&id), now);
    Ok(ticket.map(|ticket| (&shared.ca().ticket_sign(ticket)).into()))
}
