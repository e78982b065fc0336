//! Puts one bundle in place: from what lies on the disk, by patches, and by chunks for the rest.

use super::fault::Fault;
use super::fetcher::{Fetcher, blocking};
use super::files::{file_read, tree_remove};
use super::gate::Gate;
use super::place::Place;
use super::shown::Shown;
use super::stage::{PatchFile, Stage};
use crate::publisher::{Publisher, Signed};
use bundle::limits::INDEX_BYTES_MAX;
use bundle::{Architecture, ContentId, Index, Manifest, Patch, System};
use model::digest::Digest;
use model::resource::{BundleName, BundleVersion, BundleWanted};
use model::time::Timestamp;
use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use wire::v1::ConditionState;

/// A larger patch is not fetched before it is known how much is missing, and whether there is room.
const PATCH_AHEAD_MAX: u64 = 16 << 20;

/// What is put in place, and by whose word.
pub(super) struct Job<'a> {
    pub(super) place: &'a Place,
    pub(super) publisher: &'a Publisher,
    pub(super) now: Timestamp,
    pub(super) shown: &'a Shown,
    pub(super) wanted: &'a BundleWanted,
    pub(super) index: &'a Arc<Index>,
}

impl Job<'_> {
    /// Makes the version and puts it in place; says whether it is there, or only ready to be.
    pub(super) async fn done(
        &self,
        fetcher: &mut Fetcher,
        gate: &mut Gate,
        without_spare: bool,
    ) -> Result<bool, Fault> {
        let BundleWanted { name, version, hold, .. } = self.wanted;
        let (place, wanted, index) = (self.place.clone(), self.wanted.clone(), Arc::clone(self.index));
        let stage = blocking(move || {
            let keep = if without_spare {
                place.current(&wanted.name).into_iter().collect()
            } else {
                place.versions(&wanted.name)?
            };
            place.prune(&wanted.name, &keep, Some(&wanted.version))?;
            staged(&place, &wanted, index)
        });
        let stage = Arc::new(Mutex::new(stage.await?));
        self.progress(&stage);
        self.shown.state(name, ConditionState::Pending, "downloading");
        if !lock(&stage).whole() {
            self.patched(fetcher, gate, &stage).await?;
        }
        let mut whole = false;
        // Once more where a file is not what its chunks should have made it.
        for _ in 0..2 {
            self.chunked(fetcher, gate, &stage).await?;
            self.shown.state(name, ConditionState::Pending, "verifying");
            whole = self.blocking(&stage, Stage::finish).await?;
            if whole {
                break;
            }
        }
        if !whole {
            return Err(Fault::Failed("damaged"));
        }
        if *hold {
            return Ok(false);
        }
        let (place, wanted) = (self.place.clone(), self.wanted.clone());
        let seen = blocking(move || {
            let before = place.current(&wanted.name);
            place.switch(&wanted.name, &wanted.version)?;
            let keep: Vec<BundleVersion> = before.into_iter().chain([wanted.version.clone()]).collect();
            if let Err(error) = place.prune(&wanted.name, &keep, Some(&wanted.version)) {
                tracing::info!(bundle = %wanted.name, %error, "an older version stays for now");
            }
            place.seen(&wanted)
        });
        if seen.await? {
            tracing::info!(bundle = %name, version = %version, "a bundle is in place");
            Ok(true)
        } else {
            Err(Fault::Failed("damaged"))
        }
    }

    /// Takes the patch from a version that lies here, where one is signed and is less than what is missing. What goes wrong with it is
    /// left to the chunks.
    async fn patched(&self, fetcher: &mut Fetcher, gate: &mut Gate, stage: &Arc<Mutex<Stage>>) -> Result<(), Fault> {
        let BundleWanted { name, version, .. } = self.wanted;
        let missing = self.index.size() - lock(stage).bytes();
        for from in self.place.versions(name)?.into_iter().rev().filter(|from| from != version) {
            let signed = self.publisher.patch(name, version, &from, self.now)?;
            let Some(signed) = signed.filter(|signed| signed.length < missing) else { continue };
            let at = self.place.patch(name, version, &from);
            match fetcher.file(&signed, &at, (name, self.shown, &mut *gate)).await {
                Ok(()) => {}
                Err(Fault::Failed(_) | Fault::Unreachable(_)) => continue,
                Err(fault) => return Err(fault),
            }
            let place = self.place.clone();
            let name = name.clone();
            let made = self.blocking(stage, move |stage| {
                let Some(old) = place.index(&name, &from)? else { return Ok(()) };
                let patch = Patch::open(PatchFile::open(&at)?, &old);
                match patch {
                    Ok(mut patch) if patch.index() == &**stage.index() => {
                        stage.patch_apply(&mut patch, &place.folder(&name, &from), &old)?;
                    }
                    Ok(_) => tracing::warn!("a patch makes another version than it says"),
                    Err(error) => tracing::warn!(%error, "a patch cannot be used"),
                }
                tree_remove(&at)
            });
            made.await?;
            self.progress(stage);
            return Ok(());
        }
        Ok(())
    }

    /// Takes the chunks that are missing: from what lies here, then from whoever has them.
    async fn chunked(&self, fetcher: &mut Fetcher, gate: &mut Gate, stage: &Arc<Mutex<Stage>>) -> Result<(), Fault> {
        let (place, name) = (self.place.clone(), self.wanted.name.clone());
        let lacking = self.blocking(stage, move |stage| {
            let needed = stage.needed();
            let mut lacking = stage.lacking(needed)?;
            for (name, version) in versions(&place, &name)? {
                if lacking.is_empty() {
                    break;
                }
                if let Some(other) = place.index(&name, &version)? {
                    lacking = stage.chunks_take(lacking, &place.folder(&name, &version), &other)?;
                }
            }
            Ok(lacking)
        });
        let lacking = lacking.await?;
        if lacking.is_empty() {
            Ok(())
        } else {
            fetcher.chunks(stage, lacking, (&self.wanted.name, self.shown, gate)).await
        }
    }

    fn progress(&self, stage: &Mutex<Stage>) {
        self.shown.bytes(&self.wanted.name, lock(stage).bytes(), self.index.size());
    }

    async fn blocking<T: Send + 'static>(
        &self,
        stage: &Arc<Mutex<Stage>>,
        work: impl FnOnce(&mut Stage) -> io::Result<T> + Send + 'static,
    ) -> Result<T, Fault> {
        let stage = Arc::clone(stage);
        blocking(move || work(&mut lock(&stage))).await
    }
}

/// A version's index: the one that is kept, else out of a patch that will be applied anyway, else as it is signed.
pub(super) async fn index_get(
    place: &Place,
    fetcher: &mut Fetcher,
    wanted: &BundleWanted,
    (publisher, now): (&Publisher, Timestamp),
    (shown, gate): (&Shown, &mut Gate),
) -> Result<Arc<Index>, Fault> {
    let signed = publisher.index(wanted, now)?;
    index_signed(place, fetcher, wanted, (&signed, Some((publisher, now))), (shown, gate)).await
}

/// The same of one that is known to be signed; only who says what patches there are has any taken.
pub(super) async fn index_signed(
    place: &Place,
    fetcher: &mut Fetcher,
    wanted: &BundleWanted,
    (signed, patches): (&Signed, Option<(&Publisher, Timestamp)>),
    (shown, gate): (&Shown, &mut Gate),
) -> Result<Arc<Index>, Fault> {
    let BundleWanted { name, version, index: digest, .. } = wanted;
    let (at, of, number, sought) = (place.clone(), name.clone(), version.clone(), *digest);
    let kept = blocking(move || Ok(at.index_bytes(&of, &number)?.filter(|bytes| Digest::of(bytes) == sought))).await?;
    let fetched = kept.is_none();
    let patched = match patches.filter(|_| fetched) {
        Some(patches) => index_patched(place, fetcher, wanted, patches, (shown, &mut *gate)).await?,
        None => None,
    };
    let bytes = match kept.or(patched) {
        Some(bytes) => bytes,
        None => {
            let at = place.index_part(name, version);
            fetcher.file(signed, &at, (name, shown, gate)).await?;
            let bytes = file_read(&at, INDEX_BYTES_MAX as u64)?.unwrap_or_default();
            tree_remove(&at)?;
            bytes
        }
    };
    let (index, bytes) = blocking(move || Ok((Index::decode(&bytes), bytes))).await?;
    let index = index.map_err(|error| {
        tracing::error!(bundle = %name, %error, "a signed index is none");
        Fault::Failed("unpack")
    })?;
    if index.manifest().name != *name || index.manifest().version != *version {
        return Err(Fault::Failed("not_signed"));
    }
    if fetched {
        place.index_write(name, version, &bytes)?;
    }
    Ok(Arc::new(index))
}

/// The index out of a patch, which holds it as what differs from an index that is here; the patch stays for when it is applied.
///
/// Not among devices of the school, one of which will have the index: of them only who goes outside takes a patch.
async fn index_patched(
    place: &Place,
    fetcher: &mut Fetcher,
    wanted: &BundleWanted,
    (publisher, now): (&Publisher, Timestamp),
    (shown, gate): (&Shown, &mut Gate),
) -> Result<Option<Vec<u8>>, Fault> {
    let BundleWanted { name, version, index: digest, .. } = wanted;
    if fetcher.has_neighbours() {
        return Ok(None);
    }
    for from in place.versions(name)?.into_iter().rev().filter(|from| from != version) {
        let signed = publisher.patch(name, version, &from, now)?;
        let Some(signed) = signed.filter(|signed| signed.length <= PATCH_AHEAD_MAX) else { continue };
        let at = place.patch(name, version, &from);
        match fetcher.file(&signed, &at, (name, shown, &mut *gate)).await {
            Ok(()) => {}
            Err(Fault::Failed(_) | Fault::Unreachable(_)) => continue,
            // Whether there is room for the version is judged by its index.
            Err(fault) if fault.makes_way() => {
                tree_remove(&at)?;
                return Ok(None);
            }
            Err(fault) => return Err(fault),
        }
        let (place, name, sought) = (place.clone(), name.clone(), *digest);
        let read = blocking(move || {
            let Some(old) = place.index(&name, &from)? else { return Ok(None) };
            let patch = Patch::open(PatchFile::open(&at)?, &old).ok();
            Ok(patch.map(|patch| patch.index_bytes().to_vec()).filter(|bytes| Digest::of(bytes) == sought))
        });
        if let Some(bytes) = read.await? {
            return Ok(Some(bytes));
        }
    }
    Ok(None)
}

/// Whether a bundle is for this machine.
pub(super) fn fits_here(manifest: &Manifest) -> bool {
    let system = if cfg!(windows) { System::Windows } else { System::Linux };
    let architecture = match std::env::consts::ARCH {
        "x86_64" => Some(Architecture::X86),
        "aarch64" => Some(Architecture::Arm),
        _ => None,
    };
    (manifest.systems.is_empty() || manifest.systems.contains(&system))
        && (manifest.architectures.is_empty() || architecture.is_some_and(|own| manifest.architectures.contains(&own)))
}

/// How many bytes of a version are yet to be written: neither in another version of the bundle nor begun.
pub(super) fn to_write(place: &Place, name: &BundleName, version: &BundleVersion, index: &Index) -> io::Result<u64> {
    let mut known: BTreeSet<ContentId> = BTreeSet::new();
    for version in place.versions(name)? {
        known.extend(place.index(name, &version)?.iter().flat_map(|index| index.files()).map(|file| file.id));
    }
    let stage = place.stage(name, version);
    let begun = |path: &str| fs::symlink_metadata(stage.join(path)).map_or(0, |about| about.len());
    let left = index.files().iter().filter(|file| !known.contains(&file.id));
    Ok(left.map(|file| file.size.saturating_sub(begun(file.path.as_str()))).sum())
}

/// Goes on with a version, and takes over what lies on the disk of it.
fn staged(place: &Place, wanted: &BundleWanted, index: Arc<Index>) -> io::Result<Stage> {
    let mut stage = Stage::open(place.stage(&wanted.name, &wanted.version), index)?;
    for (name, version) in versions(place, &wanted.name)? {
        if stage.whole() {
            break;
        }
        if let Some(other) = place.index(&name, &version)? {
            stage.files_take(&place.folder(&name, &version), &other)?;
        }
    }
    Ok(stage)
}

/// All versions that lie here, this bundle's first and the newest of each.
fn versions(place: &Place, first: &BundleName) -> io::Result<Vec<(BundleName, BundleVersion)>> {
    let others = place.names()?.into_iter().filter(|name| name != first);
    let mut versions = Vec::new();
    for name in std::iter::once(first.clone()).chain(others) {
        versions.extend(place.versions(&name)?.into_iter().rev().map(|version| (name.clone(), version)));
    }
    Ok(versions)
}

fn lock(stage: &Mutex<Stage>) -> std::sync::MutexGuard<'_, Stage> {
    stage.lock().unwrap_or_else(PoisonError::into_inner)
}
