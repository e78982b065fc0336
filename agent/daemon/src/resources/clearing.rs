//! What goes from the disk by itself: what was begun and makes way, and a list that somebody damaged.

use super::fault::Fault;
use super::fetcher::blocking;
use super::{Keeping, files};
use model::resource::{BundleName, BundleWanted};

impl Keeping {
    /// What was begun of a bundle goes, so that the disk has its room again.
    pub(super) async fn way_make(&self, wanted: &BundleWanted) -> Result<(), Fault> {
        self.parts.shelf.making().ended(&wanted.name, &wanted.version);
        let (place, name, version) = (self.place.clone(), wanted.name.clone(), wanted.version.clone());
        blocking(move || {
            let keep = place.versions(&name)?;
            // Its index stays: it would be fetched anew to say the same once more.
            place.prune(&name, &keep, Some(&version))?;
            for from in &keep {
                files::tree_remove(&place.patch(&name, &version, from))?;
            }
            files::tree_remove(&place.stage(&name, &version))
        })
        .await
    }

    /// The filter finds its list damaged, though all files have their sizes: it goes, so that it is brought anew. What the filter holds to
    /// is its own meanwhile.
    pub(super) async fn list_drop(&mut self) {
        let (place, lists) = (self.place.clone(), BundleName::lists());
        let dropped = blocking(move || match place.current(&lists) {
            Some(version) => {
                tracing::warn!(%version, "the filter's list is damaged, and is brought anew");
                files::tree_remove(&place.folder(&lists, &version))
            }
            None => Ok(()),
        });
        if let Err(fault) = dropped.await {
            tracing::error!(?fault, "a damaged list cannot be removed");
        }
    }
}
