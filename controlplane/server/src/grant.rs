//! What each device is granted because of its loan: read once, and again after it changed.

use crate::shared::Shared;
use crate::status::status;
use controlplane_core::grant::{Standing, standing_of};
use model::grant::Hold;
use model::id::DeviceId;
use std::sync::Arc;
use tonic::Status;
use wire::v1::CheckInRequest;

/// What the device is granted. Costs a look into memory; at a device's first check-in and after a change, reads of the
/// store: the grant, the device, and at most three contacts.
///
/// # Errors
/// `Unavailable` when the store fails.
pub(crate) async fn granted(shared: &Shared, id: DeviceId) -> Result<Option<Arc<Standing>>, Status> {
    let (known, changes) = shared.live.with(id, |seat| (seat.grant.clone(), seat.changes));
    if let Some(known) = known {
        return Ok(known);
    }
    let read = standing_of(shared.store.as_ref(), shared.territory(), id).await.map_err(status)?;
    // A head that a device refuses would keep every other news from it, too.
    let sound = |standing: &Standing| match standing.grant.clone().checked() {
        Ok(_) => true,
        Err(error) => {
            tracing::error!(device = %id, %error, "a grant is not told");
            false
        }
    };
    let read = read.filter(sound).map(Arc::new);
    shared.live.with(id, |seat| {
        // It may have changed meanwhile.
        if seat.changes == changes {
            seat.grant = Some(read.clone());
        }
    });
    Ok(read)
}

/// Whether the device is said to be lost or stolen: then it is told so, and nothing of what it has to say is taken.
pub(crate) fn missing(granted: Option<&Standing>) -> bool {
    granted.is_some_and(|standing| standing.grant.hold == Hold::Missing)
}

/// Takes out of a check-in what a device has to say; says whether there was anything, for then it is answered at once, and learns that
/// it need not say it.
pub(crate) fn silence(message: &mut CheckInRequest) -> bool {
    let said = message.report || !message.parts.is_empty() || message.observed.is_some();
    (message.parts, message.observed, message.report) = (Vec::new(), None, false);
    said
}
