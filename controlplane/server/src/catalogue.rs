//! What the copy of the repository offers. Signatures are the devices' business; what is read here is whole, and no more than a list.

use bundle::{Index, Manifest, Name, Version, index_named};
use controlplane_core::assignment::Edition;
use model::digest::Digest;
use model::floor::Floor;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

/// The largest metadata file that is read, in bytes.
const METADATA_BYTES_MAX: u64 = 64 << 20;
/// The role that lists bundles.
const BUNDLES: &str = "bundles";
/// The one that lists the filter's lists; a repository may lack it.
const LISTS: &str = "lists";
/// The most versions that are listed.
const VERSIONS_MAX: usize = 10_000;

/// What is offered, by name and version.
#[derive(Debug, Default)]
pub(crate) struct Catalogue(BTreeMap<Name, BTreeMap<Version, Arc<Offer>>>);

/// A version that is offered.
#[derive(Debug)]
pub(crate) struct Offer {
    /// What it is.
    pub(crate) manifest: Manifest,
    /// SHA-256 of its index.
    pub(crate) index: Digest,
    /// All files together, in bytes.
    pub(crate) size: u64,
    /// How many files.
    pub(crate) files: usize,
}

/// The catalogue as it was read last.
#[derive(Debug, Default)]
pub(crate) struct Shelf(Mutex<(Option<Stamp>, Arc<Catalogue>)>);

/// By which a folder that changed is known: its timestamp is replaced last.
type Stamp = (SystemTime, u64);

/// Why nothing can be offered.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CatalogueError {
    /// The system says no.
    #[error("{path} cannot be read: {source}")]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is not what another file says it is.
    #[error("{0} is not what the list says it is")]
    Wrong(PathBuf),
    /// It is what was signed, and none of what its name says.
    #[error("{0} is signed, and no index of what its name says")]
    Odd(PathBuf),
}

#[derive(Deserialize)]
struct Document<T> {
    signed: T,
}

#[derive(Deserialize)]
struct Listing {
    meta: BTreeMap<String, Listed>,
}

#[derive(Deserialize)]
struct Listed {
    version: u64,
    length: u64,
    hashes: Hashes,
}

#[derive(Deserialize)]
struct Targets {
    targets: BTreeMap<String, Target>,
}

#[derive(Deserialize)]
struct Target {
    length: u64,
    hashes: Hashes,
}

#[derive(Deserialize)]
struct Hashes {
    sha256: Digest,
}

impl Catalogue {
    /// A version of a bundle; the newest when none is named.
    pub(crate) fn find(&self, name: &Name, version: Option<&Version>) -> Option<&Arc<Offer>> {
        let versions = self.0.get(name)?;
        match version {
            Some(version) => versions.get(version),
            None => versions.last_key_value().map(|(_, offer)| offer),
        }
    }

    /// All of them, the newest version of each first.
    pub(crate) fn offers(&self) -> impl Iterator<Item = &Offer> {
        self.0.values().flat_map(|versions| versions.values().rev().map(Arc::as_ref))
    }

    /// Reads what a repository offers; nothing where there is none yet. What was read before is not read again. Says whether all that is
    /// listed is there.
    fn read(root: &Path, before: &Self) -> Result<(Self, bool), CatalogueError> {
        let metadata = root.join("metadata");
        let timestamp: Listing = match json_read(&metadata.join("timestamp.json"), None) {
            Err(CatalogueError::Read { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                return Ok((Self::default(), true));
            }
            read => read?,
        };
        let snapshot: Listing = listed_read(&metadata, &timestamp, "snapshot")?;
        let bundles: Targets = listed_read(&metadata, &snapshot, BUNDLES)?;
        let lists = match snapshot.meta.contains_key(&format!("{LISTS}.json")) {
            true => listed_read::<Targets>(&metadata, &snapshot, LISTS)?.targets,
            false => BTreeMap::new(),
        };
        let (mut catalogue, mut whole) = (Self::default(), true);
        let targets = lists.iter().map(|target| (LISTS, target));
        let targets = targets.chain(bundles.targets.iter().map(|target| (BUNDLES, target)));
        for (role, (target_name, target)) in targets.take(VERSIONS_MAX) {
            let Some((name, version)) = index_named(target_name) else { continue };
            // No device would take it from the other role.
            if name.is_lists() != (role == LISTS) {
                continue;
            }
            let known = before.find(&name, Some(&version)).filter(|offer| offer.index == target.hashes.sha256);
            let offer = match known {
                Some(known) => Arc::clone(known),
                None => {
                    let path = root.join("targets").join(format!("{}.{target_name}", target.hashes.sha256));
                    match offer_read(&path, target, (&name, &version)) {
                        Ok(offer) => Arc::new(offer),
                        Err(error) => {
                            tracing::warn!(%error, "a bundle is not offered");
                            whole &= matches!(error, CatalogueError::Odd(_));
                            // By its length it is there, so nobody would bring it again.
                            if let CatalogueError::Wrong(path) = error {
                                let _ = fs::remove_file(path);
                            }
                            continue;
                        }
                    }
                }
            };
            catalogue.0.entry(name).or_default().insert(version, offer);
        }
        Ok((catalogue, whole))
    }
}

/// The release of the agent that the product's repository, which lies below this one, offers in a version, or the newest.
///
/// # Errors
/// [`CatalogueError`] when it cannot be read, or its index is not here.
pub(crate) fn release_find(root: &Path, version: Option<&Version>) -> Result<Option<Edition>, CatalogueError> {
    let root = root.join("releases");
    let metadata = root.join("metadata");
    let timestamp: Listing = match json_read(&metadata.join("timestamp.json"), None) {
        Err(CatalogueError::Read { source, .. }) if source.kind() == io::ErrorKind::NotFound => return Ok(None),
        read => read?,
    };
    let snapshot: Listing = listed_read(&metadata, &timestamp, "snapshot")?;
    let releases: Targets = listed_read(&metadata, &snapshot, "releases")?;
    let named = releases.targets.iter().take(VERSIONS_MAX).filter_map(|(name, target)| {
        let version: Version = name.strip_prefix("release.")?.strip_suffix(".index")?.parse().ok()?;
        Some((version, name, target))
    });
    let found = named.filter(|(one, ..)| version.is_none_or(|version| version == one)).max_by(|a, b| a.0.cmp(&b.0));
    let Some((version, name, target)) = found else { return Ok(None) };
    let index = target.hashes.sha256;
    let path = root.join("targets").join(format!("{index}.{name}"));
    // One that is listed and not here yet would be wanted in vain.
    if Digest::of(&bytes_read(&path, target.length)?) != index {
        return Err(CatalogueError::Wrong(path));
    }
    Ok(Some(Edition { version, index }))
}

/// The policy floor that the repository of resources offers, if it does.
///
/// # Errors
/// [`CatalogueError`] when it cannot be read, or is not what the list says it is.
pub(crate) fn floor_find(root: &Path) -> Result<Option<Floor>, CatalogueError> {
    let metadata = root.join("metadata");
    let timestamp: Listing = match json_read(&metadata.join("timestamp.json"), None) {
        Err(CatalogueError::Read { source, .. }) if source.kind() == io::ErrorKind::NotFound => return Ok(None),
        read => read?,
    };
    let snapshot: Listing = listed_read(&metadata, &timestamp, "snapshot")?;
    // A territory has one or not.
    if !snapshot.meta.contains_key("floor.json") {
        return Ok(None);
    }
    let floors: Targets = listed_read(&metadata, &snapshot, "floor")?;
    let number = |name: &str| name.strip_prefix("floor.")?.strip_suffix(".json")?.parse::<u32>().ok();
    let named = floors.targets.iter().filter_map(|(name, target)| Some((number(name)?, name, target)));
    let Some((_, name, target)) = named.max_by_key(|(version, ..)| *version) else { return Ok(None) };
    let path = root.join("targets").join(format!("{}.{name}", target.hashes.sha256));
    let bytes = bytes_read(&path, target.length)?;
    let whole = Digest::of(&bytes) == target.hashes.sha256;
    let floor = Floor::decode(&bytes).ok().filter(|_| whole);
    floor.map(Some).ok_or(CatalogueError::Wrong(path))
}

impl Shelf {
    /// What the repository in this folder offers now; read anew when its timestamp has changed.
    ///
    /// # Errors
    /// [`CatalogueError`] when it cannot be read.
    pub(crate) fn catalogue(&self, root: &Path) -> Result<Arc<Catalogue>, CatalogueError> {
        let stamp = stamp(&root.join("metadata/timestamp.json"));
        let mut shelf = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if shelf.0 != stamp {
            let (catalogue, whole) = Catalogue::read(root, &shelf.1)?;
            // What is not whole is read again, until it was brought once more.
            *shelf = (stamp.filter(|_| whole), Arc::new(catalogue));
        }
        Ok(Arc::clone(&shelf.1))
    }
}

fn stamp(path: &Path) -> Option<Stamp> {
    let about = fs::metadata(path).ok()?;
    Some((about.modified().ok()?, about.len()))
}

fn offer_read(path: &Path, target: &Target, named: (&Name, &Version)) -> Result<Offer, CatalogueError> {
    let wrong = || CatalogueError::Wrong(path.to_owned());
    let bytes = bytes_read(path, target.length)?;
    let index = Digest::of(&bytes);
    if bytes.len() as u64 != target.length || index != target.hashes.sha256 {
        return Err(wrong());
    }
    // Signed so: bringing it again would change nothing.
    let odd = || CatalogueError::Odd(path.to_owned());
    let decoded = Index::decode(&bytes).map_err(|_| odd())?;
    let manifest = decoded.manifest().clone();
    if (&manifest.name, &manifest.version) != named {
        return Err(odd());
    }
    Ok(Offer { manifest, index, size: decoded.size(), files: decoded.files().len() })
}

/// A metadata file that another one lists.
fn listed_read<T: serde::de::DeserializeOwned>(
    metadata: &Path,
    listing: &Listing,
    role: &str,
) -> Result<T, CatalogueError> {
    let listed = listing.meta.get(&format!("{role}.json"));
    let listed = listed.ok_or_else(|| CatalogueError::Wrong(metadata.join(format!("{role}.json"))))?;
    json_read(&metadata.join(format!("{}.{role}.json", listed.version)), Some(listed))
}

fn json_read<T: serde::de::DeserializeOwned>(path: &Path, listed: Option<&Listed>) -> Result<T, CatalogueError> {
    let wrong = || CatalogueError::Wrong(path.to_owned());
    let bytes = bytes_read(path, listed.map_or(METADATA_BYTES_MAX, |listed| listed.length))?;
    let is = |listed: &Listed| bytes.len() as u64 == listed.length && Digest::of(&bytes) == listed.hashes.sha256;
    if !listed.is_none_or(is) {
        return Err(wrong());
    }
    let document: Document<T> = serde_json::from_slice(&bytes).map_err(|_| wrong())?;
    Ok(document.signed)
}

/// A file's bytes, and at most one more than so many.
fn bytes_read(path: &Path, most: u64) -> Result<Vec<u8>, CatalogueError> {
    let mut bytes = Vec::new();
    let most = most.min(METADATA_BYTES_MAX).saturating_add(1);
    let read = File::open(path).and_then(|file| file.take(most).read_to_end(&mut bytes));
    read.map_err(|source| CatalogueError::Read { path: path.to_owned(), source })?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANIFEST: &str = r#"{"name":"eau","version":"2026.9","title":"L'eau","description":"Le cycle de l'eau","language":"fr",
        "licence":"CC-BY-SA-4.0","publisher":"Exemple"}"#;

    /// Writes a repository that offers an index under this digest.
    fn repository(root: &Path, index: &[u8], digest: Digest) {
        let put = |path: &str, bytes: &[u8]| {
            let path = root.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        };
        let listed = |bytes: &[u8]| {
            format!(r#"{{"version":1,"length":{},"hashes":{{"sha256":"{}"}}}}"#, bytes.len(), Digest::of(bytes))
        };
        put(&format!("targets/{digest}.bundle.eau.2026.9.index"), index);
        let target = format!(r#"{{"length":{},"hashes":{{"sha256":"{digest}"}}}}"#, index.len());
        let bundles = format!(r#"{{"signed":{{"targets":{{"bundle.eau.2026.9.index":{target}}}}}}}"#);
        let snapshot = format!(r#"{{"signed":{{"meta":{{"bundles.json":{}}}}}}}"#, listed(bundles.as_bytes()));
        let timestamp = format!(r#"{{"signed":{{"meta":{{"snapshot.json":{}}}}}}}"#, listed(snapshot.as_bytes()));
        put("metadata/1.bundles.json", bundles.as_bytes());
        put("metadata/1.snapshot.json", snapshot.as_bytes());
        put("metadata/timestamp.json", timestamp.as_bytes());
    }

    #[test]
    fn a_release_is_found_by_its_version_or_as_the_newest_and_what_is_not_here_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let (root, below) = (folder.path(), folder.path().join("releases"));
        assert_eq!(release_find(root, None).unwrap(), None, "there is no repository yet");
        let put = |path: &str, bytes: &[u8]| {
            let path = below.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        };
        let listed = |bytes: &[u8]| {
            format!(r#"{{"version":1,"length":{},"hashes":{{"sha256":"{}"}}}}"#, bytes.len(), Digest::of(bytes))
        };
        let targets: Vec<String> = ["1.9", "1.10", "1.2"]
            .map(|version| {
                let (name, digest) = (format!("release.{version}.index"), Digest::of(version.as_bytes()));
                put(&format!("targets/{digest}.{name}"), version.as_bytes());
                format!(r#""{name}":{{"length":{},"hashes":{{"sha256":"{digest}"}}}}"#, version.len())
            })
            .to_vec();
        let releases = format!(r#"{{"signed":{{"targets":{{{}}}}}}}"#, targets.join(","));
        let snapshot = format!(r#"{{"signed":{{"meta":{{"releases.json":{}}}}}}}"#, listed(releases.as_bytes()));
        let timestamp = format!(r#"{{"signed":{{"meta":{{"snapshot.json":{}}}}}}}"#, listed(snapshot.as_bytes()));
        put("metadata/1.releases.json", releases.as_bytes());
        put("metadata/1.snapshot.json", snapshot.as_bytes());
        put("metadata/timestamp.json", timestamp.as_bytes());
        let found = |version: Option<&str>| release_find(root, version.map(|one| one.parse().unwrap()).as_ref());
        let of = |version: &str| Edition { version: version.parse().unwrap(), index: Digest::of(version.as_bytes()) };
        assert_eq!(found(None).unwrap(), Some(of("1.10")));
        assert_eq!(found(Some("1.9")).unwrap(), Some(of("1.9")));
        assert_eq!(found(Some("2")).unwrap(), None);
        put(&format!("targets/{}.release.1.10.index", of("1.10").index), b"1.11");
        assert!(matches!(found(None), Err(CatalogueError::Wrong(_))));
    }

    #[test]
    fn the_newest_floor_is_read_and_none_where_there_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        assert_eq!(floor_find(root).unwrap(), None, "there is no repository yet");
        let bytes = index();
        repository(root, &bytes, Digest::of(&bytes));
        assert_eq!(floor_find(root).unwrap(), None, "it offers bundles alone");
        let listed = |bytes: &[u8]| {
            format!(r#"{{"version":1,"length":{},"hashes":{{"sha256":"{}"}}}}"#, bytes.len(), Digest::of(bytes))
        };
        let floor = |version: u32| format!(r#"{{"version":{version},"blocked":["adult"],"open":[]}}"#);
        let targets = [2, 10].map(|version| {
            let (text, name) = (floor(version), format!("floor.{version}.json"));
            let digest = Digest::of(text.as_bytes());
            fs::write(root.join(format!("targets/{digest}.{name}")), &text).unwrap();
            format!(r#""{name}":{{"length":{},"hashes":{{"sha256":"{digest}"}}}}"#, text.len())
        });
        let floors = format!(r#"{{"signed":{{"targets":{{{}}}}}}}"#, targets.join(","));
        let snapshot = format!(r#"{{"signed":{{"meta":{{"floor.json":{}}}}}}}"#, listed(floors.as_bytes()));
        let timestamp = format!(r#"{{"signed":{{"meta":{{"snapshot.json":{}}}}}}}"#, listed(snapshot.as_bytes()));
        fs::write(root.join("metadata/1.floor.json"), floors).unwrap();
        fs::write(root.join("metadata/1.snapshot.json"), snapshot).unwrap();
        fs::write(root.join("metadata/timestamp.json"), timestamp).unwrap();
        assert_eq!(floor_find(root).unwrap().unwrap().version, 10);
        let digest = Digest::of(floor(10).as_bytes());
        fs::write(root.join(format!("targets/{digest}.floor.10.json")), floor(11)).unwrap();
        assert!(matches!(floor_find(root), Err(CatalogueError::Wrong(_))));
    }

    fn index() -> Vec<u8> {
        let manifest: Manifest = serde_json::from_str(MANIFEST).unwrap();
        Index::new(manifest, Vec::new(), Vec::new()).unwrap().encode()
    }

    #[test]
    fn what_is_offered_is_what_the_lists_say_and_nothing_that_differs() {
        let folder = tempfile::tempdir().unwrap();
        let (root, shelf) = (folder.path(), Shelf::default());
        assert_eq!(shelf.catalogue(root).unwrap().offers().count(), 0, "there is no repository yet");
        let bytes = index();
        repository(root, &bytes, Digest::of(&bytes));
        let catalogue = shelf.catalogue(root).unwrap();
        let offer = catalogue.find(&"eau".parse().unwrap(), None).unwrap();
        assert_eq!((offer.manifest.title.as_str(), offer.index), ("L'eau", Digest::of(&bytes)));
        assert!(Arc::ptr_eq(&catalogue, &shelf.catalogue(root).unwrap()), "nothing changed");

        // An index that is another one is passed over; a list that is another one is an error.
        let bad = tempfile::tempdir().unwrap();
        repository(bad.path(), &bytes, Digest::of(b"another"));
        let shelf = Shelf::default();
        assert_eq!(shelf.catalogue(bad.path()).unwrap().offers().count(), 0);
        // It goes, so that it is brought again; and is then offered, under the same timestamp.
        assert_eq!(fs::read_dir(bad.path().join("targets")).unwrap().count(), 0);
        repository(bad.path(), &bytes, Digest::of(&bytes));
        assert_eq!(shelf.catalogue(bad.path()).unwrap().offers().count(), 1);
        fs::write(bad.path().join("metadata/1.bundles.json"), b"{}").unwrap();
        assert!(matches!(Shelf::default().catalogue(bad.path()), Err(CatalogueError::Wrong(_))));
    }
}
