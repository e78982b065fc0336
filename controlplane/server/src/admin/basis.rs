//! What verdicts are worked out from, besides the policy: the signed floor, and the lists that devices are to hold.

use crate::catalogue::floor_find;
use crate::lists::ListsError;
use crate::shared::Shared;
use controlplane_core::assignment::Edition;
use controlplane_core::policy::{List, ListFault};
use model::floor::Floor;
use model::lists::ListManifest;
use std::fmt::Display;
use std::path::Path;
use std::sync::Arc;
use wire::v1::PolicyList;

/// The floor that the server's copy of the repository offers. What cannot be read holds nobody up: devices judge by it themselves.
pub(super) async fn floor(shared: &Shared) -> Option<Floor> {
    let root = shared.folder.repository();
    let read = tokio::task::spawn_blocking(move || floor_find(&root)).await.ok()?;
    read.inspect_err(|error| tracing::warn!(%error, "the policy floor cannot be read")).ok().flatten()
}

/// A list that devices are to hold, ready to be asked as far as it is here, and how it stands.
pub(super) async fn list(shared: &Shared, edition: Option<&Edition>) -> (Option<List>, PolicyList) {
    let lists = Arc::clone(&shared.lists);
    found(shared, edition, move |root, edition| lists.list(root, edition)).await
}

/// What such a list says of itself.
pub(super) async fn manifest(shared: &Shared, edition: Option<&Edition>) -> (Option<Arc<ListManifest>>, PolicyList) {
    let lists = Arc::clone(&shared.lists);
    found(shared, edition, move |root, edition| lists.manifest(root, edition)).await
}

async fn found<T: Send + 'static>(
    shared: &Shared,
    edition: Option<&Edition>,
    read: impl FnOnce(&Path, &Edition) -> Result<T, ListFault<ListsError>> + Send + 'static,
) -> (Option<T>, PolicyList) {
    let Some(edition) = edition.cloned() else { return (None, state("", "none")) };
    let (root, version) = (shared.folder.repository(), edition.version.to_string());
    let away = |error: &dyn Display| tracing::info!(%error, "a list that is assigned is not whole here");
    match tokio::task::spawn_blocking(move || read(&root, &edition)).await {
        Ok(Ok(list)) => (Some(list), state(&version, "held")),
        Ok(Err(error)) => {
            away(&error);
            (None, state(&version, "away"))
        }
        Err(error) => {
            away(&error);
            (None, state(&version, "away"))
        }
    }
}

fn state(version: &str, state: &str) -> PolicyList {
    PolicyList { version: version.to_owned(), state: state.to_owned(), devices: 0 }
}
