//! The running server's care for its keys: it takes up new ones, renews its own certificate in time, and warns of what only people can do.

use super::rotate::{server_due, server_rotate};
use crate::error::Error;
use crate::shared::Shared;
use controlplane_core::authority::{KeysInUse, keys_note};
use identity::intermediate::shown;
use model::time::Timestamp;
use std::sync::Arc;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};

/// The data folder is looked at so often.
const LOOK_EVERY: Duration = Duration::from_secs(60);
/// From here on an intermediate is to be renewed: whoever holds the root's key needs time to come.
pub(crate) const INTERMEDIATE_LEFT: Duration = Duration::from_secs(365 * 86_400);
/// It is said again so often.
const WARN_EVERY: Duration = Duration::from_secs(86_400);

/// Looks when told to (SIGHUP), and by itself within a minute.
pub(crate) async fn keys_follow(shared: Arc<Shared>) {
    let heard = signal(SignalKind::hangup());
    let mut told = heard.inspect_err(|error| tracing::warn!(%error, "SIGHUP cannot be heard")).ok();
    let mut warned = None;
    loop {
        look(&shared).await;
        warn(&shared, &mut warned);
        let told = async {
            match told.as_mut() {
                Some(told) => told.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = shared.clock.sleep(LOOK_EVERY) => {}
            _ = told => {}
        }
    }
}

async fn look(shared: &Shared) {
    let now = shared.clock.now();
    let taken = shared.keys.look(&shared.folder, shared.territory());
    // What was renewed meanwhile is seen before anything is renewed again.
    let taken = taken.and_then(|taken| {
        if !server_due(&shared.ca(), now) {
            return Ok(taken);
        }
        server_rotate(&shared.folder, &[], now)?;
        tracing::info!("the server's certificate was renewed");
        shared.keys.look(&shared.folder, shared.territory())
    });
    match taken {
        Ok(true) => tracing::info!("new keys and certificates are in use"),
        Ok(false) | Err(Error::CaBusy) => {}
        Err(error) => tracing::error!(%error, "keys and certificates stay as they are"),
    }
    let ca = shared.ca();
    let serial = |der: Option<&Vec<u8>>| der.and_then(|der| shown(der).ok()).map(|shown| shown.serial);
    let used = KeysInUse {
        server: serial(ca.server_chain.first()).unwrap_or_default(),
        intermediate: serial(ca.intermediate().first()).unwrap_or_default(),
        online: ca.online().to_string(),
        trust: ca.trust_version,
    };
    if let Err(error) = keys_note(&shared.store, shared.territory(), &used, now).await {
        tracing::warn!(%error, "a change of keys could not be noted; tried again in a minute");
    }
}

fn warn(shared: &Shared, warned: &mut Option<Timestamp>) {
    let (now, until) = (shared.clock.now(), shared.ca().intermediate_until());
    let due = until < now.after(INTERMEDIATE_LEFT);
    if due && warned.is_none_or(|at| now.since(at) >= WARN_EVERY) {
        *warned = Some(now);
        let days = (until.unix_seconds() - now.unix_seconds()) / 86_400;
        tracing::warn!(
            days,
            "the intermediate is to be renewed with the root's key: cartable-server ca rotate intermediate"
        );
    }
}
