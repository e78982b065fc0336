//! Devices side by side, and one in the place of another.

use super::device::{found, shown, summary_of};
use crate::caller::Staff;
use crate::shared::Shared;
use crate::status::{invalid, status};
use controlplane_core::device::{DEVICES, device_alike};
use controlplane_core::merge::{device_merge, device_unmerge};
use model::section::SectionKind;
use tonic::Status;
use wire::v1::{
    DeviceCompareRequest, DeviceCompareResponse, DeviceMergeRequest, DeviceMergeResponse, DeviceUnmergeRequest,
    DeviceUnmergeResponse,
};

/// The most devices beside the one asked about.
const OTHERS_MAX: usize = 7;
/// What tells two machines apart; the rest of a report says what is done with them.
const SECTIONS: [SectionKind; 2] = [SectionKind::Hardware, SectionKind::System];

pub(super) async fn compare(
    shared: &Shared,
    staff: &Staff,
    asked: DeviceCompareRequest,
) -> Result<DeviceCompareResponse, Status> {
    let (store, territory) = (shared.store.as_ref(), shared.territory());
    let device = found(shared, staff, &asked.device).await?.value;
    let mut others = Vec::new();
    if asked.other.is_empty() {
        for id in device_alike(store, territory, &staff.reach, &device).await.map_err(status)? {
            others.extend(DEVICES.get(store, territory, id.to_string()).await.map_err(status)?.map(|row| row.value));
        }
    } else {
        let other = found(shared, staff, &asked.other).await?.value;
        if other.id == device.id {
            return Err(invalid("a device is not compared with itself"));
        }
        others.push(other);
    }
    others.truncate(OTHERS_MAX);
    let mut devices = vec![shown(shared, staff, device, &SECTIONS).await?];
    for other in others {
        devices.push(shown(shared, staff, other, &SECTIONS).await?);
    }
    Ok(DeviceCompareResponse { devices })
}

pub(super) async fn merge(
    shared: &Shared,
    staff: &Staff,
    asked: DeviceMergeRequest,
) -> Result<DeviceMergeResponse, Status> {
    let (device, into) =
        (found(shared, staff, &asked.device).await?.value.id, found(shared, staff, &asked.into).await?.value.id);
    let (store, now) = (&shared.store, shared.clock.now());
    let merged = device_merge(store, shared.territory(), (device, into), &staff.person, &asked.why, now).await;
    let (old, new) = merged.map_err(status)?;
    tracing::info!(%device, %into, "merged by an operator");
    Ok(DeviceMergeResponse { device: Some(summary_of(shared, old).await?), into: Some(summary_of(shared, new).await?) })
}

pub(super) async fn unmerge(
    shared: &Shared,
    staff: &Staff,
    asked: DeviceUnmergeRequest,
) -> Result<DeviceUnmergeResponse, Status> {
    let device = found(shared, staff, &asked.device).await?.value;
    // The other one must be within the same reach: it gives back what it got.
    if let Some(merged) = &device.merged {
        found(shared, staff, &merged.into.to_string()).await?;
    }
    let (store, now) = (&shared.store, shared.clock.now());
    let unmerged = device_unmerge(store, shared.territory(), device.id, &staff.person, &asked.why, now).await;
    let (old, new) = unmerged.map_err(status)?;
    tracing::info!(device = %device.id, "unmerged by an operator");
    Ok(DeviceUnmergeResponse {
        device: Some(summary_of(shared, old).await?),
        from: Some(summary_of(shared, new).await?),
    })
}
