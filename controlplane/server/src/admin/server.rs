//! How the control plane is.

use crate::caller::Staff;
use crate::shared::Shared;
use crate::status::status as refused;
use controlplane_core::fleet::fleet_census;
use std::path::Path;
use std::sync::atomic::Ordering;
use tonic::Status;
use wire::v1::ServerStatusResponse;

pub(super) async fn status(shared: &Shared, staff: &Staff) -> Result<ServerStatusResponse, Status> {
    let (store, territory) = (shared.store.as_ref(), shared.territory());
    let counted = if staff.reach.is_territory() {
        shared.counted.states(store, territory, (shared.live.records(), shared.clock.now())).await
    } else {
        fleet_census(store, territory, &staff.reach).await
    };
    let census = counted.map_err(refused)?;
    let disk = rustix::fs::statvfs(shared.folder.store()).ok();
    Ok(ServerStatusResponse {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        territory: shared.territory().to_string(),
        server_unix_ms: shared.clock.now().unix_millis(),
        started_unix_ms: shared.started.unix_millis(),
        revision: shared.store.revision().await.map_err(refused)?,
        epoch: shared.store.epoch(),
        devices_active: census.active,
        devices_quarantined: census.quarantined,
        devices_revoked: census.revoked,
        held: shared.live.held(),
        check_ins: shared.check_ins.load(Ordering::Relaxed),
        refused: shared.refused.load(Ordering::Relaxed),
        server_certificate_until_unix_ms: shared.ca().server_until.unix_millis(),
        intermediate_until_unix_ms: shared.ca().intermediate_until().unix_millis(),
        disk_free_bytes: disk.map_or(0, |d| d.f_bavail.saturating_mul(d.f_frsize)),
        store_bytes: folder_bytes(&shared.folder.store(), 4),
        server: shared.config.url.clone(),
    })
}

/// What a folder's files take on the disk, a few folders deep.
fn folder_bytes(path: &Path, depth: u8) -> u64 {
    use std::os::unix::fs::MetadataExt;
    let entries = std::fs::read_dir(path).into_iter().flatten().flatten();
    let bytes = entries.map(|entry| match entry.metadata() {
        Ok(meta) if meta.is_dir() && depth > 0 => folder_bytes(&entry.path(), depth - 1),
        Ok(meta) => meta.blocks() * 512,
        Err(_) => 0,
    });
    bytes.sum()
}
