//! Whether a device may talk: asked at each check-in, and again while it is held.

use crate::caller::record_of;
use crate::live::Seat;
use crate::renew;
use crate::shared::Shared;
use controlplane_core::Error;
use controlplane_core::audit::Author;
use controlplane_core::device::{Standing, device_admit};
use controlplane_core::renew::SUPERSEDED;
use identity::caller::Certificate;
use model::device::JoinState;
use model::id::DeviceId;
use tonic::Status;

/// Whether the device may talk; the first check-in with a new certificate puts that one in force.
///
/// Costs a look into memory; at a device's first check-in and after its record was written, a read of the store.
///
/// # Errors
/// `PermissionDenied` for who may not, `Unavailable` when the store fails.
pub(crate) async fn admitted(shared: &Shared, id: DeviceId, certificate: &Certificate) -> Result<JoinState, Status> {
    let known = |seat: &mut Seat| {
        let admitted = seat.admitted.as_ref().filter(|(serial, _)| **serial == *certificate.serial);
        (admitted.map(|(_, state)| *state), seat.changes)
    };
    let (admitted, changes) = shared.live.with(id, known);
    match admitted {
        Some(state) => Ok(state),
        None => Box::pin(admitted_read(shared, id, certificate, changes)).await,
    }
}

/// The same from the store; kept if nothing was heard of a change since these.
async fn admitted_read(
    shared: &Shared,
    id: DeviceId,
    certificate: &Certificate,
    changes: u32,
) -> Result<JoinState, Status> {
    let refuse = |verb, error| shared.refuse(Author::Rule("check_in".to_owned()), verb, &id.to_string())(error);
    let admitted = device_admit(shared.store.as_ref(), shared.territory(), id).await;
    let admission = admitted.map_err(|error| refuse("check_in", error))?;
    let shown = record_of(certificate);
    match admission.standing(&shown) {
        Standing::InForce => shared.live.with(id, |seat| {
            if seat.changes == changes {
                seat.admitted = Some((shown.serial.into(), admission.state));
            }
        }),
        Standing::Candidate | Standing::Newer => renew::settle(shared, id, &shown).await?,
        Standing::Superseded => {
            return Err(refuse("certificate_superseded", Error::Denied(SUPERSEDED.to_owned())));
        }
    }
    Ok(admission.state)
}
