//! The entries in sled. What is here may be lost: the journal is what carries the promise.

use crate::encoding::{APPLIED, Applied, Fact, Stored, Tally, VERSION, entry_bytes, entry_parts};
use crate::error::{Error, Result};
use crate::packing::unpack;
use bytes::Bytes;
use controlplane_core::store::Revision;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::ErrorKind;
use std::ops::Bound;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How often opening is tried again while sled's own threads of a store just dropped still hold its file.
const TRIES: u32 = 100;
const PAUSE: Duration = Duration::from_millis(20);

/// All entries, and how far they are.
#[derive(Clone)]
pub(crate) struct Tree {
    db: sled::Db,
    path: PathBuf,
}

impl Tree {
    /// Opens or makes the tree; the caller holds the folder's lock.
    pub(crate) fn open(path: &Path, cache_bytes: u64) -> Result<Self> {
        let mut tries = 0;
        let db = loop {
            match db_open(path, cache_bytes) {
                Err(sled::Error::Io(error)) if error.to_string().contains("could not acquire lock") => {
                    tries += 1;
                    if tries == TRIES {
                        return Err(Error::InUse(path.to_owned()));
                    }
                    std::thread::sleep(PAUSE);
                }
                done => break done.map_err(Error::sled(path))?,
            }
        };
        Ok(Self { db, path: path.to_owned() })
    }

    /// How far the entries are.
    pub(crate) fn applied(&self) -> Result<Applied> {
        let Some(bytes) = self.db.get(APPLIED).map_err(Error::sled(&self.path))? else {
            return if self.db.is_empty() {
                Ok(Applied::default())
            } else {
                Err(self.damaged("entries without a revision"))
            };
        };
        match Applied::from_bytes(&bytes) {
            Some((_, Some(applied))) => Ok(applied),
            Some((found, None)) => Err(Error::Newer { path: self.path.clone(), found, known: VERSION }),
            None => Err(self.damaged("its revision cannot be read")),
        }
    }

    pub(crate) fn get(&self, key: &[u8]) -> Result<Option<Stored<Bytes>>> {
        let found = guarded(|| self.db.get(key)).map_err(Error::sled(&self.path))?;
        found.map(|bytes| self.stored(&bytes)).transpose()
    }

    pub(crate) fn revision_at(&self, key: &[u8]) -> Result<Option<Revision>> {
        let found = guarded(|| self.db.get(key)).map_err(Error::sled(&self.path))?;
        found.map(|bytes| self.parts(&bytes).map(|stored| stored.revision)).transpose()
    }

    /// Entries from a bound on, as long as their keys begin with `prefix`.
    pub(crate) fn scan(
        &self,
        from: Bound<&[u8]>,
        prefix: &[u8],
        limit: usize,
    ) -> Result<Vec<(Vec<u8>, Stored<Bytes>)>> {
        let mut found = Vec::new();
        for item in self.db.range::<&[u8], _>((from, Bound::Unbounded)).take(limit) {
            let (key, bytes) = item.map_err(Error::sled(&self.path))?;
            if !key.starts_with(prefix) {
                break;
            }
            found.push((key.to_vec(), self.stored(&bytes)?));
        }
        Ok(found)
    }

    /// The last entry whose key begins with `prefix`.
    pub(crate) fn last(&self, prefix: &[u8]) -> Result<Option<(Vec<u8>, Bytes)>> {
        let found = self.db.scan_prefix(prefix).next_back().transpose().map_err(Error::sled(&self.path))?;
        found.map(|(key, bytes)| Ok((key.to_vec(), self.stored(&bytes)?.value))).transpose()
    }

    /// Shows every entry in the order of keys, as it lies here; what is written meanwhile may be seen or not.
    pub(crate) fn each(&self, mut visit: impl FnMut(&[u8], Stored<&[u8]>) -> Result<()>) -> Result<()> {
        for item in self.db.iter() {
            let (key, bytes) = item.map_err(Error::sled(&self.path))?;
            if *key != *APPLIED {
                visit(&key, self.parts(&bytes)?)?;
            }
        }
        Ok(())
    }

    /// Applies commits in their order as one batch; answers with how far the tree is then.
    pub(crate) fn apply<'a>(
        &self,
        from: Applied,
        upto: Revision,
        facts: impl IntoIterator<Item = (Revision, &'a Fact)>,
    ) -> Result<Applied> {
        self.apply_telling(from, upto, facts, |_, _, _| {})
    }

    /// The same, telling of each key at which revision it was written before, and at which it is now.
    pub(crate) fn apply_telling<'a>(
        &self,
        from: Applied,
        upto: Revision,
        facts: impl IntoIterator<Item = (Revision, &'a Fact)>,
        mut tell: impl FnMut(&[u8], Option<Revision>, Option<Revision>),
    ) -> Result<Applied> {
        // sled's batch keeps the last write of a key, and so must the tally.
        let last: BTreeMap<&[u8], (Revision, &Fact)> =
            facts.into_iter().map(|(revision, fact)| (fact.key.as_slice(), (revision, fact))).collect();
        let mut applied = Applied { revision: upto, ..from };
        let mut batch = sled::Batch::default();
        let mut told = Vec::with_capacity(last.len());
        for (key, (revision, fact)) in last {
            let before = self.revision_at(key)?;
            if let Some(before) = before {
                applied.tally.remove(key, before);
            }
            told.push((key, before, fact.value.as_ref().map(|_| revision)));
            match &fact.value {
                Some(value) => {
                    applied.tally.add(key, revision);
                    batch.insert(key, entry_bytes(revision, fact.intent, value));
                }
                None => batch.remove(key),
            }
        }
        batch.insert(APPLIED, &applied.to_bytes());
        guarded(|| self.db.apply_batch(batch)).map_err(Error::sled(&self.path))?;
        told.into_iter().for_each(|(key, before, after)| tell(key, before, after));
        Ok(applied)
    }

    /// Reads everything and compares it with the tally.
    pub(crate) fn verify(&self) -> Result<Applied> {
        let applied = self.applied()?;
        let mut seen = Tally::default();
        self.each(|key, stored| {
            seen.add(key, stored.revision);
            Ok(())
        })?;
        if seen == applied.tally {
            return Ok(applied);
        }
        Err(self.missing(seen, applied.tally))
    }

    /// What is said where other entries are there than were written.
    pub(crate) fn missing(&self, seen: Tally, written: Tally) -> Error {
        let (has, had) = (seen.count, written.count);
        self.damaged(&format!("it holds {has} entries where {had} were written, or older ones"))
    }

    /// Shows some entries from a bound on, and answers with the last key of them; nothing at the end.
    pub(crate) fn some(
        &self,
        from: Bound<&[u8]>,
        limit: usize,
        mut visit: impl FnMut(&[u8], Revision),
    ) -> Result<Option<Vec<u8>>> {
        let mut last = None;
        for item in self.db.range::<&[u8], _>((from, Bound::Unbounded)).take(limit) {
            let (key, bytes) = item.map_err(Error::sled(&self.path))?;
            if *key != *APPLIED {
                visit(&key, self.parts(&bytes)?.revision);
            }
            last = Some(key);
        }
        Ok(last.map(|key| key.to_vec()))
    }

    /// Makes the tree outlive a power cut.
    pub(crate) fn sync(&self) -> Result<()> {
        self.db.flush().map_err(Error::sled(&self.path))?;
        // sled's flush ends in sync_file_range, which reaches neither the disk's cache nor the file's length (sync_file_range(2)).
        let log = self.path.join("db");
        File::open(&log).and_then(|file| file.sync_data()).map_err(Error::io("syncing", &log))?;
        let blobs = self.path.join("blobs");
        for entry in fs::read_dir(&blobs).map_err(Error::io("listing", &blobs))? {
            let path = entry.map_err(Error::io("listing", &blobs))?.path();
            match File::open(&path).and_then(|file| file.sync_data()) {
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(Error::io("syncing", &path)(error)),
                _ => {}
            }
        }
        crate::folder::sync_folder(&blobs)?;
        crate::folder::sync_folder(&self.path)
    }

    fn stored(&self, bytes: &[u8]) -> Result<Stored<Bytes>> {
        let parts = self.parts(bytes)?;
        let value = self.plain(&parts)?;
        Ok(Stored { revision: parts.revision, intent: parts.intent, packed: false, value })
    }

    /// The value of an entry that is shown as it lies here.
    pub(crate) fn plain(&self, stored: &Stored<&[u8]>) -> Result<Bytes> {
        if !stored.packed {
            return Ok(Bytes::copy_from_slice(stored.value));
        }
        unpack(stored.value).map_err(|_| self.damaged("a value cannot be unpacked"))
    }

    fn parts<'a>(&self, bytes: &'a [u8]) -> Result<Stored<&'a [u8]>> {
        entry_parts(bytes).ok_or_else(|| self.damaged("an entry cannot be read"))
    }

    fn damaged(&self, why: &str) -> Error {
        Error::Damaged { path: self.path.clone(), why: why.to_owned() }
    }
}

fn db_open(path: &Path, cache_bytes: u64) -> sled::Result<sled::Db> {
    let config = sled::Config::new().path(path).cache_capacity(cache_bytes).flush_every_ms(None);
    guarded(|| config.open())
}

/// sled panics over some damage instead of answering; the writer must live to say so.
fn guarded<T>(run: impl FnOnce() -> sled::Result<T>) -> sled::Result<T> {
    catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|_| Err(sled::Error::Corruption { at: None, bt: () }))
}
