//! What other devices of the school are given: what is signed, indexes, and the chunks that lie in versions on this disk, be they in the
//! making. Nothing is stored for it, and nothing leaves that is not what its name says.

use super::files::folder_names;
use super::having::{Having, Making, item_read};
use super::place::Place;
use super::stage::{Disk, span_read};
use crate::folder::Folder;
use crate::peers::Shelf as Shelves;
use crate::publisher::Documents;
use bundle::{ContentId, Index, index_named};
use bytes::Bytes;
use model::digest::Digest;
use model::resource::{BundleName, BundleVersion};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

/// What a device has to give.
#[derive(Debug)]
pub(crate) struct Shelf {
    place: Place,
    documents: Mutex<Option<Documents>>,
    known: Mutex<Arc<Known>>,
    making: Arc<Making>,
}

/// What the kept indexes say, read once while they stay the same.
#[derive(Debug, Default)]
struct Known {
    /// By which it is noticed that one was kept, or went.
    stamps: Vec<Stamp>,
    bundles: Vec<Held>,
    /// In which bundles a chunk lies, where it begins, and its length.
    chunks: BTreeMap<ContentId, Vec<(usize, u64, usize)>>,
}

/// An index's file: its name, its size, and when it was written.
type Stamp = (String, u64, Option<SystemTime>);

/// A version of which an index is kept.
#[derive(Debug)]
struct Held {
    name: BundleName,
    version: BundleVersion,
    index: Index,
    starts: Vec<u64>,
}

impl Shelf {
    pub(crate) fn new(root: &Path, state: &Folder) -> Self {
        let making = Arc::default();
        Self { place: Place::new(root, state), documents: Mutex::default(), known: Mutex::default(), making }
    }

    /// Where it is noted what is in the making.
    pub(super) fn making(&self) -> Arc<Making> {
        Arc::clone(&self.making)
    }

    /// From now on this is what is signed.
    pub(super) fn documents_note(&self, documents: Documents) {
        *lock(&self.documents) = Some(documents);
    }

    /// What the kept indexes say now.
    fn known(&self) -> Option<Arc<Known>> {
        let folder = self.place.indexes_root();
        let names = folder_names(folder).ok()?;
        let stamps = names.into_iter().filter_map(|name| {
            let about = fs::metadata(folder.join(&name)).ok()?;
            Some((name, about.len(), about.modified().ok()))
        });
        let stamps: Vec<Stamp> = stamps.collect();
        let mut known = lock(&self.known);
        if known.stamps != stamps {
            *known = Arc::new(self.read(stamps));
        }
        Some(Arc::clone(&known))
    }

    fn read(&self, stamps: Vec<Stamp>) -> Known {
        let mut known = Known::default();
        for (file, ..) in &stamps {
            let Some((name, version)) = file.split_once('.') else { continue };
            let (Ok(name), Ok(version)) = (name.parse(), version.parse()) else { continue };
            let Ok(Some(index)) = self.place.index(&name, &version) else { continue };
            let mut at = 0;
            for chunk in index.chunks() {
                known.chunks.entry(chunk.id).or_default().push((known.bundles.len(), at, chunk.length));
                at += chunk.length as u64;
            }
            let starts = index.files().iter().scan(0, |end, file| {
                let start = *end;
                *end += file.size;
                Some(start)
            });
            let starts = starts.collect();
            known.bundles.push(Held { name, version, index, starts });
        }
        known.stamps = stamps;
        known
    }

    fn document(&self, item: &str) -> Option<Bytes> {
        lock(&self.documents).as_ref()?.document(item)
    }

    /// `targets/SHA256.bundle.NAME.VERSION.index`, and the same of the filter's lists.
    fn index(&self, item: &str) -> Option<Bytes> {
        let (digest, name) = item.strip_prefix("targets/")?.split_once('.')?;
        let (digest, (name, version)): (Digest, _) = (digest.parse().ok()?, index_named(name)?);
        let bytes = self.place.index_bytes(&name, &version).ok()??;
        (Digest::of(&bytes) == digest).then(|| bytes.into())
    }

    /// `held/NAME/VERSION`: which of its chunks are here, one bit each, and then which are coming; no bit when none is.
    fn held(&self, item: &str) -> Option<Bytes> {
        let (name, version) = item_read(item)?;
        let placed = self.place.folder(&name, &version).is_dir();
        let held = || {
            let known = self.known()?;
            let mut bundles = known.bundles.iter();
            let held = bundles.find(|held| (&held.name, &held.version) == (&name, &version))?;
            Some(Having::all(held.index.chunks().len()))
        };
        let having = if placed { held().map(Having::bytes) } else { self.making.of(&name, &version) };
        Some(having.unwrap_or_default())
    }

    /// `chunks/ab/abcd…`, as it is: whoever asks knows its length.
    fn chunk(&self, item: &str) -> Option<Bytes> {
        let (first, id) = item.strip_prefix("chunks/")?.split_once('/')?;
        let id: ContentId = id.parse().ok().filter(|_| id.starts_with(first))?;
        let known = Arc::clone(&lock(&self.known));
        let known = if known.chunks.contains_key(&id) { known } else { self.known()? };
        known.chunks.get(&id)?.iter().find_map(|(at, begins, length)| {
            let Held { name, version, index, starts } = &known.bundles[*at];
            let folders = [self.place.folder(name, version), self.place.stage(name, version)];
            folders.iter().find_map(|folder| {
                let read = span_read(&mut Disk::new(folder, index), starts, *begins, *length)?;
                (ContentId::of(&read) == id).then(|| read.into())
            })
        })
    }
}

impl Shelves for Shelf {
    fn read(&self, item: &str, offset: u64, length: usize) -> Option<(Bytes, u64)> {
        let signed = || self.document(item).or_else(|| self.index(item)).or_else(|| self.chunk(item));
        let whole = self.held(item).or_else(signed)?;
        let from = usize::try_from(offset).unwrap_or(usize::MAX).min(whole.len());
        let to = from.saturating_add(length).min(whole.len());
        Some((whole.slice(from..to), whole.len() as u64))
    }
}

fn lock<T>(it: &Mutex<T>) -> MutexGuard<'_, T> {
    it.lock().unwrap_or_else(PoisonError::into_inner)
}
