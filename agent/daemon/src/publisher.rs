//! What the territory's publisher signed: the list of bundles this device may install (The Update Framework 1.0).
//!
//! It begins with the root of the trust roots, which only the territory's offline root can name. Where documents come from does
//! not matter. `docs/decisions/0022-trusting-resources.md` says what is refused, and why.

mod document;
mod error;
mod floors;
mod standing;
mod store;

pub(crate) use error::PublisherError;
pub(crate) use store::{FOLDER, own};

use crate::folder::Folder;
use crate::source::{Source, SourceError};
use bytes::Bytes;
use model::digest::Digest;
use model::floor::FLOOR_BYTES_MAX;
use model::resource::{BundleName, BundleVersion, BundleWanted};
use model::time::Timestamp;
use sigstore_tuf::TrustedMetadataSet;
use standing::{BUNDLES, FLOOR, LISTS, RELEASES, Standing};
use std::sync::Arc;
use std::time::Duration;
use store::{Kept, Store};

/// The oldest medium: its list is as old as it is, and nobody can take back what it says.
pub(crate) const MEDIUM_AGE_MAX: Duration = Duration::from_secs(90 * 86_400);

/// What is signed, as far as this device knows.
pub(crate) struct Publisher {
    store: Store,
    standing: Arc<Standing>,
    /// Whether what stands lies on the disk as it is: documents, and floors.
    written: (bool, bool),
}

/// A file that may be installed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Signed {
    /// Where it lies in the repository.
    pub(crate) item: String,
    /// Its length in bytes.
    pub(crate) length: u64,
    /// Its SHA-256.
    pub(crate) sha256: Digest,
}

impl std::fmt::Debug for Publisher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Publisher").field("root", &self.standing.trusted.root().version).finish_non_exhaustive()
    }
}

/// Documents as they are served to devices beside this one.
#[derive(Clone)]
pub(crate) struct Documents(Arc<Standing>);

impl Documents {
    /// A document by its name in the repository.
    pub(crate) fn document(&self, item: &str) -> Option<Bytes> {
        self.0.document(item.strip_prefix("metadata/")?).map(|text| Bytes::copy_from_slice(text.as_bytes()))
    }

    /// A file that they list, by its name in the repository.
    pub(crate) fn listed(&self, item: &str) -> Option<Signed> {
        let (digest, name) = item.strip_prefix("targets/")?.split_once('.')?;
        let sha256: Digest = digest.parse().ok()?;
        let target = self.0.lists().find_map(|role| self.0.trusted.targets_role(role)?.target(name))?;
        let signed: Digest = target.hashes.get("sha256")?.parse().ok()?;
        (signed == sha256).then(|| Signed { item: item.to_owned(), length: target.length, sha256 })
    }
}

impl std::fmt::Debug for Documents {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Documents").field("root", &self.0.trusted.root().version).finish_non_exhaustive()
    }
}

impl Publisher {
    /// What was kept in a state folder, verified anew from this root on. A root of another repository begins anew.
    ///
    /// # Errors
    /// [`PublisherError`] when the root is none, or the folder cannot be used; a damaged cache is none.
    pub(crate) fn open(state: &Folder, root: &[u8]) -> Result<Self, PublisherError> {
        Self::open_for(state, root, &[BUNDLES, LISTS, FLOOR])
    }

    /// The same of the product's own repository, which lists releases of the agent and nothing else.
    ///
    /// # Errors
    /// As [`Publisher::open`].
    pub(crate) fn open_releases(state: &Folder, root: &[u8]) -> Result<Self, PublisherError> {
        Self::open_for(state, root, &[RELEASES])
    }

    fn open_for(state: &Folder, root: &[u8], roles: &'static [&'static str]) -> Result<Self, PublisherError> {
        let store = Store::open(state)?;
        let mut standing = Standing::new(root, roles)?;
        let [last, before] = store.kept();
        let chain = |kept: &Kept| kept.roots.iter().position(|kept| kept.as_bytes() == root);
        let found = [&last, &before].into_iter().flatten().find_map(|kept| Some((kept, chain(kept)?)));
        if let Some((kept, at)) = found {
            for root in &kept.roots[at + 1..] {
                standing.root_take(root)?;
            }
            standing.listed_restore(kept.listed.as_ref());
        }
        let floors = store.floors();
        match &floors {
            Some(floors) if floors.belongs(standing.first(), root) => standing.floors_raise(floors.clone()),
            Some(_) => tracing::warn!("the repository of resources begins anew, by the word of the territory's root"),
            None => {}
        }
        let written = (last.as_ref() == Some(&standing.kept), floors.as_ref() == Some(&standing.floors));
        Ok(Self { store, standing: Arc::new(standing), written })
    }

    /// Takes what is newest at a source. What was verified is kept even when the rest fails.
    ///
    /// # Errors
    /// [`PublisherError`]; what was known before still stands.
    pub(crate) async fn refresh(&mut self, source: &dyn Source, now: Timestamp) -> Result<(), PublisherError> {
        self.taken(source, now, None).await
    }

    /// The same from a medium that was written at `date`: a school without a network cannot have today's list.
    ///
    /// # Errors
    /// [`PublisherError`], also when the medium is older than [`MEDIUM_AGE_MAX`].
    pub(crate) async fn refresh_from_medium(
        &mut self,
        source: &dyn Source,
        date: Timestamp,
        now: Timestamp,
    ) -> Result<(), PublisherError> {
        if now.since(date) > MEDIUM_AGE_MAX {
            return Err(PublisherError::Expired("the medium is more than 90 days old".to_owned()));
        }
        self.taken(source, now, Some(date.min(now))).await
    }

    /// The index of a bundle that is wanted, when it is signed under that name and version with the digest that is wanted.
    ///
    /// # Errors
    /// [`PublisherError::NotSigned`], [`PublisherError::Expired`].
    pub(crate) fn index(&self, wanted: &BundleWanted, now: Timestamp) -> Result<Signed, PublisherError> {
        let name = bundle::index_target(&wanted.name, &wanted.version);
        let signed = self.signed(role_of(&wanted.name), &name, bundle::limits::INDEX_BYTES_MAX, now)?;
        signed.filter(|signed| signed.sha256 == wanted.index).ok_or(PublisherError::NotSigned(name))
    }

    /// The patch from one version of a bundle to another; nothing where none is signed.
    ///
    /// # Errors
    /// [`PublisherError::Expired`].
    pub(crate) fn patch(
        &self,
        name: &BundleName,
        version: &BundleVersion,
        from: &BundleVersion,
        now: Timestamp,
    ) -> Result<Option<Signed>, PublisherError> {
        let target = bundle::patch_target(name, from, version);
        self.signed(role_of(name), &target, bundle::limits::PATCH_BYTES_MAX, now)
    }

    /// The documents this device holds: for devices beside it, which believe them no more than this one.
    pub(crate) fn documents(&self) -> Documents {
        Documents(Arc::clone(&self.standing))
    }

    /// What the role of releases lists under this name.
    ///
    /// # Errors
    /// [`PublisherError::NotSigned`] when nothing, [`PublisherError::Expired`].
    pub(crate) fn release(&self, name: &str, max: usize, now: Timestamp) -> Result<Signed, PublisherError> {
        self.signed(RELEASES, name, max, now)?.ok_or_else(|| PublisherError::NotSigned(name.to_owned()))
    }

    /// The newest floor that is signed, and its version; nothing where the territory has none.
    ///
    /// # Errors
    /// [`PublisherError`] when what is listed is no file of a floor, or the list was never read.
    pub(crate) fn floor(&self, now: Timestamp) -> Result<Option<(u32, Signed)>, PublisherError> {
        let list = self.standing.lists().find(|role| *role == FLOOR);
        let list = list.and_then(|role| self.standing.trusted.targets_role(role));
        let versions = list.into_iter().flat_map(|list| list.targets.keys());
        let version = |name: &String| name.strip_prefix("floor.")?.strip_suffix(".json")?.parse::<u32>().ok();
        let Some(newest) = versions.filter_map(version).max() else { return Ok(None) };
        let signed = self.signed(FLOOR, &format!("floor.{newest}.json"), FLOOR_BYTES_MAX, now)?;
        Ok(signed.map(|signed| (newest, signed)))
    }

    /// The names of all that is listed.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        let lists = self.standing.lists().filter_map(|role| self.standing.trusted.targets_role(role));
        lists.flat_map(|list| list.targets.keys().map(String::as_str))
    }

    async fn taken(
        &mut self,
        source: &dyn Source,
        now: Timestamp,
        medium: Option<Timestamp>,
    ) -> Result<(), PublisherError> {
        let mut next = (*self.standing).clone();
        let done = next.refresh(source, now, medium).await;
        // On the disk first: what is used must not be forgotten by a power cut.
        if !self.written.1 || next.floors != self.standing.floors {
            self.store.floors_write(&next.floors)?;
            self.written.1 = true;
        }
        if !self.written.0 || next.kept != self.standing.kept {
            self.store.kept_write(&next.kept)?;
            self.written.0 = true;
        }
        self.standing = Arc::new(next);
        done
    }

    /// No name but a bundle's comes here: whatever else a repository signs is not for this device.
    fn signed(&self, role: &str, name: &str, max: usize, now: Timestamp) -> Result<Option<Signed>, PublisherError> {
        let Some(listed) = &self.standing.kept.listed else {
            return Err(SourceError::Unreachable("the list of bundles was never read".to_owned()).into());
        };
        self.standing.fresh_check(now, listed.medium)?;
        let trusted: &TrustedMetadataSet = &self.standing.trusted;
        if !standing::role_may(trusted, role, name)? {
            return Err(PublisherError::NotSigned(name.to_owned()));
        }
        let Some(target) = trusted.targets_role(role).and_then(|list| list.target(name)) else {
            return Ok(None);
        };
        if target.length > max as u64 {
            return Err(PublisherError::Damaged(format!("{name} is larger than any such file")));
        }
        let sha256 = target.hashes.get("sha256").and_then(|hex| hex.parse::<Digest>().ok());
        let sha256 = sha256.ok_or_else(|| PublisherError::NotSigned(format!("{name} has no SHA-256")))?;
        Ok(Some(Signed { item: format!("targets/{sha256}.{name}"), length: target.length, sha256 }))
    }
}

/// The one role whose word counts for a bundle.
fn role_of(name: &BundleName) -> &'static str {
    if name.is_lists() { LISTS } else { BUNDLES }
}

#[cfg(test)]
mod tests;
