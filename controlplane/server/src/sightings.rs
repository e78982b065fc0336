//! What devices see of kits' parts, noted as they report it.

use crate::shared::Shared;
use controlplane_core::kit::sightings_note;
use controlplane_core::report::Report;
use model::id::DeviceId;

/// Notes what a report says is plugged in. The report itself is durable already: what fails here is only seen later, with the next one.
pub(crate) async fn note(shared: &Shared, device: DeviceId, report: &Report) {
    let Some(serials) = &report.plugged else { return };
    let noted = sightings_note(&shared.store, shared.territory(), device, serials, shared.clock.now()).await;
    if let Err(error) = noted {
        tracing::warn!(%device, %error, "what is plugged in was not compared with kits");
    }
}
