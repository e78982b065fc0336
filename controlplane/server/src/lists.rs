//! The filter's lists as this server's copy of the repository holds them, for whoever asks why a name is blocked.
//!
//! Opened when somebody asks, and a few are kept: an image takes some twenty megabytes of memory. Signatures are the devices' business; here
//! each byte is held against the digest that was assigned.

use bundle::{ContentId, Index, SafePath, chunk_open, index_target};
use controlplane_core::assignment::Edition;
use controlplane_core::policy::{IMAGE_BYTES_MAX, List, ListFault};
use model::digest::Digest;
use model::lists::ListManifest;
use model::resource::BundleName;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// The most lists that are kept open: the version before, and the one that comes.
const KEPT_MAX: usize = 2;
/// The largest file of a list that is read, in bytes.
const FILE_BYTES_MAX: u64 = IMAGE_BYTES_MAX;
/// The largest index and the largest stored chunk that are read, in bytes.
const PART_BYTES_MAX: u64 = 16 << 20;

/// The lists that are open, the one that was asked last at the end.
#[derive(Debug, Default)]
pub(crate) struct Lists(Mutex<Vec<Kept>>);

/// A list by the digest of its index: what it says of itself, and its names once somebody asked for them.
type Kept = (Digest, Arc<ListManifest>, Option<List>);

/// Why a list is not here.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ListsError {
    #[error("{path} cannot be read: {source}")]
    Read { path: PathBuf, source: io::Error },
    #[error("{0} is not what was assigned")]
    Wrong(PathBuf),
    #[error("the bundle has no file {0:?}")]
    Missing(String),
    #[error(transparent)]
    Bundle(#[from] bundle::Error),
}

impl Lists {
    /// What a version says of itself.
    ///
    /// # Errors
    /// [`ListFault`] when it is not here, or not whole.
    pub(crate) fn manifest(&self, root: &Path, edition: &Edition) -> Result<Arc<ListManifest>, ListFault<ListsError>> {
        self.kept(root, edition, |_, _| Ok(())).map(|(_, manifest, _)| manifest)
    }

    /// A version, opened.
    ///
    /// # Errors
    /// [`ListFault`] when it is not here, not whole, or too large.
    pub(crate) fn list(&self, root: &Path, edition: &Edition) -> Result<List, ListFault<ListsError>> {
        let opened = self.kept(root, edition, |kept, parts| {
            if kept.2.is_none() {
                let parts = parts.map_or_else(|| Parts::open(root, edition), Ok).map_err(ListFault::File)?;
                kept.2 = Some(List::open(Arc::clone(&kept.1), |file| parts.file(file))?);
            }
            Ok(())
        })?;
        opened.2.ok_or_else(|| ListFault::Damaged(edition.version.to_string()))
    }

    /// One of those that are kept, or one more; nobody else opens one meanwhile.
    fn kept(
        &self,
        root: &Path,
        edition: &Edition,
        ready: impl FnOnce(&mut Kept, Option<Parts>) -> Result<(), ListFault<ListsError>>,
    ) -> Result<Kept, ListFault<ListsError>> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let at = all.iter().position(|(index, ..)| *index == edition.index);
        let (mut kept, parts) = match at.and_then(|at| all.get(at)) {
            Some(known) => (known.clone(), None),
            None => {
                let parts = Parts::open(root, edition).map_err(ListFault::File)?;
                let manifest = List::manifest(|file| parts.file(file))?;
                ((edition.index, Arc::new(manifest), None), Some(parts))
            }
        };
        ready(&mut kept, parts)?;
        all.retain(|(index, ..)| *index != edition.index);
        all.push(kept.clone());
        let many = all.len().saturating_sub(KEPT_MAX);
        all.drain(..many);
        Ok(kept)
    }
}

/// A bundle's files, as they lie in the repository in chunks.
struct Parts {
    chunks: PathBuf,
    index: Index,
}

impl Parts {
    fn open(root: &Path, edition: &Edition) -> Result<Self, ListsError> {
        let target = index_target(&BundleName::lists(), &edition.version);
        let path = root.join("targets").join(format!("{}.{target}", edition.index));
        let bytes = bytes_read(&path, PART_BYTES_MAX)?;
        if Digest::of(&bytes) != edition.index {
            return Err(ListsError::Wrong(path));
        }
        Ok(Self { chunks: root.join("chunks"), index: Index::decode(&bytes)? })
    }

    /// A file of it, whole: its contents lie after those of all files before it.
    fn file(&self, name: &str) -> Result<Vec<u8>, ListsError> {
        let missing = || ListsError::Missing(name.to_owned());
        let wanted = SafePath::new(name)?;
        let mut begins = 0;
        let mut before = self.index.files().iter();
        let file = loop {
            match before.next().ok_or_else(missing)? {
                file if file.path == wanted => break file,
                file => begins += file.size,
            }
        };
        if file.size > FILE_BYTES_MAX {
            return Err(missing());
        }
        let (ends, mut at) = (begins + file.size, 0_u64);
        let mut bytes = Vec::with_capacity(usize::try_from(file.size).unwrap_or_default());
        for chunk in self.index.chunks() {
            let (from, until) = (at, at + chunk.length as u64);
            at = until;
            if until <= begins || from >= ends {
                continue;
            }
            let contents = self.chunk(chunk.id, chunk.length)?;
            let within = |place: u64| usize::try_from(place.clamp(from, until) - from).unwrap_or_default();
            bytes.extend_from_slice(contents.get(within(begins)..within(ends)).unwrap_or_default());
        }
        Ok(bytes)
    }

    fn chunk(&self, id: ContentId, length: usize) -> Result<Vec<u8>, ListsError> {
        let id_text = id.to_string();
        let path = self.chunks.join(id_text.get(..2).unwrap_or_default()).join(&id_text);
        Ok(chunk_open(&bytes_read(&path, PART_BYTES_MAX)?, length, id)?)
    }
}

fn bytes_read(path: &Path, most: u64) -> Result<Vec<u8>, ListsError> {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(most).read_to_end(&mut bytes));
    read.map_err(|source| ListsError::Read { path: path.to_owned(), source })?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use bundle::{Chunk, File as BundleFile, Manifest, Packing};
    use std::fs;

    /// A repository that holds files, in the order of an index, as a bundle of lists, in chunks that end where no file does.
    fn repository(root: &Path, files: &[(&str, &[u8])]) -> Edition {
        let text = r#"{"name":"cartable-lists","version":"2026.11.30","title":"T","description":"D","language":"fr",
            "licence":"CC-BY-SA-4.0","publisher":"Exemple"}"#;
        let manifest: Manifest = serde_json::from_str(text).unwrap();
        let all: Vec<u8> = files.iter().flat_map(|(_, bytes)| bytes.to_vec()).collect();
        let named = files.iter().map(|(path, bytes)| BundleFile {
            path: SafePath::new(path).unwrap(),
            size: bytes.len() as u64,
            id: ContentId::of(bytes),
        });
        let named: Vec<BundleFile> = named.collect();
        let mut chunks = Vec::new();
        for part in all.chunks(bundle::CHUNK_MAX) {
            let id = ContentId::of(part);
            let name = id.to_string();
            let folder = root.join("chunks").join(&name[..2]);
            fs::create_dir_all(&folder).unwrap();
            fs::write(folder.join(&name), Packing::new().unwrap().chunk_store(part).unwrap()).unwrap();
            chunks.push(Chunk { length: part.len(), id });
        }
        let bytes = Index::new(manifest, named, chunks).unwrap().encode();
        let edition = Edition { version: "2026.11.30".parse().unwrap(), index: Digest::of(&bytes) };
        fs::create_dir_all(root.join("targets")).unwrap();
        let target = index_target(&BundleName::lists(), &edition.version);
        fs::write(root.join("targets").join(format!("{}.{target}", edition.index)), bytes).unwrap();
        edition
    }

    #[test]
    fn a_file_is_made_of_its_chunks_and_nothing_that_differs_is_taken() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        let numbers = 0..u32::try_from(bundle::CHUNK_MAX).unwrap() + 50_000;
        let large: Vec<u8> = numbers.flat_map(u32::to_le_bytes).collect();
        let edition = repository(root, &[("a", b"first"), ("list.json", b"{}"), ("image", &large)]);
        let parts = Parts::open(root, &edition).unwrap();
        assert_eq!(parts.file("a").unwrap(), b"first");
        assert!(parts.file("image").unwrap() == large);
        assert_eq!(parts.file("list.json").unwrap(), b"{}");
        assert!(matches!(parts.file("b"), Err(ListsError::Missing(_))));
        assert!(parts.file("../a").is_err());
        // What it says of itself is none; nothing of that is kept.
        let lists = Lists::default();
        assert!(matches!(lists.manifest(root, &edition), Err(ListFault::Damaged(_))));
        let other = Edition { index: Digest::of(b"another"), ..edition.clone() };
        assert!(matches!(lists.list(root, &other), Err(ListFault::File(ListsError::Read { .. }))));
        for chunk in parts.index.chunks() {
            let name = chunk.id.to_string();
            fs::write(root.join("chunks").join(&name[..2]).join(&name), b"spoilt").unwrap();
        }
        assert!(matches!(parts.file("a"), Err(ListsError::Bundle(_))));
        let target = index_target(&BundleName::lists(), &edition.version);
        fs::write(root.join("targets").join(format!("{}.{target}", edition.index)), b"spoilt").unwrap();
        assert!(matches!(Parts::open(root, &edition), Err(ListsError::Wrong(_))));
    }
}
