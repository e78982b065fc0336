//! Two that use one identity, seen as they call: noticed, said in the log, and locked by the rules.

use crate::caller::record_of;
use crate::random;
use crate::shared::Shared;
use crate::status::status;
use controlplane_core::clones::{Boots, Evidence, clone_lock, clone_superseded};
use controlplane_core::device::Device;
use identity::caller::Certificate;
use model::id::{BootId, DeviceId};
use tonic::Status;

/// A call with this certificate was refused: if that is because it is superseded, it may show a copy.
pub(crate) async fn superseded(shared: &Shared, device: DeviceId, shown: &Certificate) -> Result<(), Status> {
    let now = shared.clock.now();
    match clone_superseded(&shared.store, shared.territory(), device, &record_of(shown), now).await {
        Ok(news) => {
            said(device, news, Evidence::Superseded);
            Ok(())
        }
        // Not a device of ours: refused for that.
        Err(controlplane_core::Error::NotFound(_)) => Ok(()),
        Err(error) => Err(status(error)),
    }
}

/// Whether this call and those before it come from two machines in turn; the device is then locked.
pub(crate) async fn flapping(shared: &Shared, device: DeviceId, boot: BootId) -> Result<bool, Status> {
    let now = shared.clock.now();
    if !shared.live.with(device, |seat| seat.boots.heard(boot, now)) {
        return Ok(false);
    }
    let locked = clone_lock(&shared.store, shared.territory(), device, Evidence::TwoBoots, now).await;
    said(device, locked.map_err(status)?, Evidence::TwoBoots);
    Ok(true)
}

/// How long each of two copies is to wait before it calls again: from one to two minutes.
pub(crate) fn wait_ms() -> u32 {
    60_000 + u32::try_from(random::below(60_000)).unwrap_or_default()
}

/// Devices as a person or a new identity has settled them: of those not locked, what was heard before says nothing any more.
pub(crate) fn settled<'a>(shared: &Shared, devices: impl IntoIterator<Item = &'a Device>) {
    for device in devices.into_iter().filter(|device| device.cloned.is_none()) {
        shared.live.with(device.id, |seat| seat.boots = Boots::default());
    }
}

fn said(device: DeviceId, news: bool, evidence: Evidence) {
    if news {
        tracing::warn!(%device, evidence = evidence.name(), "this device is there twice; both are locked until a person decides");
    }
}
