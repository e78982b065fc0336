//! What other devices of the school are given of the product's repository: what is signed, and the files of the release that was fetched.

use super::fetch::BELOW;
use crate::folder::Folder;
use crate::peers::Shelf as Given;
use crate::platform::{Here, Platform};
use crate::publisher::{Documents, Signed};
use bytes::Bytes;
use model::digest::{Digest, Digester};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

/// The folder of fetched files within the one of releases, each under its signed SHA-256.
pub(super) const FETCHED: &str = "fetched";
/// So many files are remembered as whole.
const WHOLE_MAX: usize = 16;

/// What a device has to give of releases.
#[derive(Debug)]
pub(crate) struct Shelf {
    fetched: Folder,
    documents: Mutex<Option<Documents>>,
    /// Files that were found whole, as they were then.
    whole: Mutex<BTreeMap<Digest, Stamp>>,
}

/// By which it is noticed that a file changed: its size, and when it was written.
type Stamp = (u64, Option<SystemTime>);

/// What a device has to give of both repositories.
#[derive(Debug)]
pub(crate) struct Shelves {
    /// Of the territory's.
    pub(crate) resources: Arc<crate::resources::Shelf>,
    /// Of the product's, which lies below it.
    pub(crate) releases: Arc<Shelf>,
}

impl Given for Shelves {
    fn read(&self, item: &str, offset: u64, length: usize) -> Option<(Bytes, u64)> {
        match item.strip_prefix(BELOW) {
            Some(item) => self.releases.read(item, offset, length),
            None => self.resources.read(item, offset, length),
        }
    }
}

impl Shelf {
    pub(crate) fn new(state: &Folder) -> Self {
        let fetched = state.inner(super::FOLDER).inner(FETCHED);
        Self { fetched, documents: Mutex::default(), whole: Mutex::default() }
    }

    /// From now on this is what is signed.
    pub(super) fn documents_note(&self, documents: Documents) {
        *lock(&self.documents) = Some(documents);
    }

    fn read(&self, item: &str, offset: u64, length: usize) -> Option<(Bytes, u64)> {
        let documents = lock(&self.documents).clone()?;
        if let Some(document) = documents.document(item) {
            let from = usize::try_from(offset).unwrap_or(usize::MAX).min(document.len());
            let to = from.saturating_add(length).min(document.len());
            return Some((document.slice(from..to), document.len() as u64));
        }
        let signed = documents.listed(item)?;
        let mut file = Here::plain_open(&self.fetched.path(&signed.sha256.to_string())).ok()?;
        let about = file.metadata().ok()?;
        if !about.is_file() || about.len() != signed.length || !self.is_whole(&mut file, &about, &signed) {
            return None;
        }
        let from = offset.min(signed.length);
        let mut body = vec![0; length.min(usize::try_from(signed.length - from).unwrap_or(length))];
        file.seek(SeekFrom::Start(from)).ok()?;
        file.read_exact(&mut body).ok()?;
        Some((body.into(), signed.length))
    }

    /// Whether a file is what was signed; it is read for that once, while it stays as it is.
    fn is_whole(&self, file: &mut File, about: &fs::Metadata, signed: &Signed) -> bool {
        let stamp = (about.len(), about.modified().ok());
        if lock(&self.whole).get(&signed.sha256) == Some(&stamp) {
            return true;
        }
        let mut digester = Digester::default();
        let mut buffer = vec![0; 64 << 10];
        loop {
            match file.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => digester.update(&buffer[..count]),
                Err(_) => return false,
            }
        }
        if digester.finish() != signed.sha256 {
            return false;
        }
        let mut whole = lock(&self.whole);
        if whole.len() >= WHOLE_MAX {
            whole.clear();
        }
        whole.insert(signed.sha256, stamp);
        true
    }
}

fn lock<T>(it: &Mutex<T>) -> MutexGuard<'_, T> {
    it.lock().unwrap_or_else(PoisonError::into_inner)
}
