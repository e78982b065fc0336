//! The queue of unsent sections, on disk: survives kill -9, and a full disk, where it goes on in memory.

use crate::error::Error;
use crate::folder::Folder;
use crate::sent;
use agent_core::spool::{Queue, Record};
use bytes::Bytes;
use model::digest::Digest;
use model::section::{SECTION_BYTES_MAX, SectionKind};
use model::time::Timestamp;
use std::collections::BTreeMap;

/// Its folder within the state folder.
pub(crate) const FOLDER: &str = "spool";

/// Sections that wait to be sent, one a kind.
pub(crate) struct Spool {
    folder: Folder,
    /// Where what was sent is kept.
    sent: Folder,
    queue: Queue,
    /// The bytes that could not be written.
    memory: BTreeMap<SectionKind, Bytes>,
    /// Whether the disk failed last time: said once, and once that it is well again.
    failing: bool,
}

impl Spool {
    /// Opens the spool in the state folder; what is damaged is dropped, for it will be collected again.
    pub(crate) fn open(state: &Folder) -> Self {
        let folder = state.inner(FOLDER);
        let mut spool =
            Self { folder, sent: state.clone(), queue: Queue::default(), memory: BTreeMap::new(), failing: false };
        let mut records = match spool.folder.make().and_then(|()| spool.folder.names(own)) {
            Ok(names) => names.iter().filter_map(|name| spool.checked(name)).collect(),
            Err(error) => {
                spool.trouble(&error);
                Vec::new()
            }
        };
        records.sort_by_key(|record: &Record| record.collected);
        for record in records {
            let gone = spool.queue.add(record);
            spool.forget(&gone);
        }
        spool
    }

    /// Keeps a section until it is durable elsewhere.
    pub(crate) fn put(&mut self, kind: SectionKind, bytes: Bytes, collected: Timestamp) {
        let record = Record { kind, digest: Digest::of(&bytes), collected, size: bytes.len() as u64 };
        let gone = self.queue.add(record);
        match self.folder.write(&name_of(&record), &bytes) {
            Ok(()) => {
                self.memory.remove(&kind);
                // An empty file finds room on a full disk: no sign that it is well.
                if self.failing && !bytes.is_empty() {
                    tracing::info!("the state folder can be written again");
                    self.failing = false;
                }
            }
            Err(error) => {
                self.trouble(&error);
                self.memory.insert(kind, bytes);
            }
        }
        // After the new one is there, and never the file that was just written.
        let gone: Vec<Record> = gone.into_iter().filter(|old| name_of(old) != name_of(&record)).collect();
        self.forget(&gone);
    }

    /// The bytes of the section that waits, verified; nothing when none does.
    pub(crate) fn get(&mut self, kind: SectionKind) -> Option<(Record, Bytes)> {
        let record = *self.queue.find(kind)?;
        let bytes = match self.memory.get(&kind) {
            Some(bytes) => Some(bytes.clone()),
            None => self.folder.read(&name_of(&record)).ok().flatten().map(Bytes::from),
        };
        let bytes = bytes.filter(|bytes| Digest::of(bytes) == record.digest);
        if bytes.is_none() {
            self.drop_kind(kind);
        }
        Some((record, bytes?))
    }

    pub(crate) fn holds(&self, kind: SectionKind, digest: &Digest) -> bool {
        self.queue.find(kind).is_some_and(|record| record.digest == *digest)
    }

    /// Lets go of what is durable elsewhere; the borrower may read it until the next is sent.
    pub(crate) fn stored(&mut self, digest: &Digest) -> Vec<SectionKind> {
        let gone = self.queue.remove(digest);
        for record in &gone {
            let kept = self.sent.path(sent::section_file(record.kind));
            if let Err(error) = std::fs::rename(self.folder.path(&name_of(record)), kept) {
                tracing::debug!(%error, "what was sent cannot be kept");
            }
        }
        self.forget(&gone);
        gone.iter().map(|record| record.kind).collect()
    }

    /// Lets go of a section that no longer tells the state.
    pub(crate) fn drop_kind(&mut self, kind: SectionKind) {
        if let Some(record) = self.queue.remove_kind(kind) {
            self.forget(&[record]);
        }
    }

    /// How many sections wait, and their bytes.
    pub(crate) fn size(&self) -> (usize, u64) {
        (self.queue.records().len(), self.queue.bytes())
    }

    fn checked(&self, name: &str) -> Option<Record> {
        let record = record_of(name).and_then(|mut record| {
            let bytes = self.folder.read(name).ok().flatten()?;
            record.size = bytes.len() as u64;
            (bytes.len() <= SECTION_BYTES_MAX && Digest::of(&bytes) == record.digest).then_some(record)
        });
        if record.is_none() {
            tracing::warn!(file = name, "a damaged file in the spool is dropped");
            let _ = self.folder.remove(name);
        }
        record
    }

    fn forget(&mut self, gone: &[Record]) {
        for record in gone {
            if !self.queue.records().iter().any(|kept| kept.kind == record.kind) {
                self.memory.remove(&record.kind);
            }
            if let Err(error) = self.folder.remove(&name_of(record)) {
                self.trouble(&error);
            }
        }
    }

    fn trouble(&mut self, error: &Error) {
        if !self.failing {
            tracing::warn!(%error, "the state folder cannot be written; what waits is kept in memory");
            self.failing = true;
        }
    }
}

fn name_of(record: &Record) -> String {
    format!("{}-{}-{}", record.kind, record.collected.unix_millis(), record.digest)
}

/// Whether a file of this name is one of the spool's.
pub(crate) fn own(name: &str) -> bool {
    record_of(name).is_some()
}

fn record_of(name: &str) -> Option<Record> {
    let (rest, digest) = name.rsplit_once('-')?;
    let (kind, collected) = rest.split_once('-')?;
    Some(Record {
        kind: SectionKind::ALL.into_iter().find(|k| k.name() == kind)?,
        digest: digest.parse().ok()?,
        collected: Timestamp::from_unix_millis(collected.parse().ok()?),
        size: 0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn at(n: i64) -> Timestamp {
        Timestamp::from_unix_millis(n)
    }

    #[test]
    fn what_waits_is_there_again_and_only_the_newest_of_a_kind() {
        let temporary = tempfile::tempdir().unwrap();
        let state = Folder::new(temporary.path());
        let mut spool = Spool::open(&state);
        spool.put(SectionKind::Hardware, Bytes::from_static(b"one"), at(1));
        spool.put(SectionKind::Hardware, Bytes::from_static(b"two"), at(-2));
        spool.put(SectionKind::Hardware, Bytes::from_static(b"two"), at(-2));
        spool.put(SectionKind::Health, Bytes::from_static(b"well"), at(3));
        // No farewell: as after kill -9.
        let mut spool = Spool::open(&state);
        assert_eq!(spool.size(), (2, 7));
        assert_eq!(
            spool.get(SectionKind::Hardware).map(|(r, b)| (r.collected, b)),
            Some((at(-2), Bytes::from_static(b"two")))
        );
        assert_eq!(fs::read_dir(temporary.path().join("spool")).unwrap().count(), 2);
        assert_eq!(spool.stored(&Digest::of(b"well")), [SectionKind::Health]);
        assert_eq!(spool.stored(&Digest::of(b"never")), []);
        assert_eq!(Spool::open(&state).size(), (1, 3));
    }

    #[test]
    fn cut_and_changed_files_are_dropped() {
        let temporary = tempfile::tempdir().unwrap();
        let state = Folder::new(temporary.path());
        let mut spool = Spool::open(&state);
        spool.put(SectionKind::Hardware, Bytes::from_static(b"one"), at(1));
        spool.put(SectionKind::Health, Bytes::from_static(b"well"), at(2));
        let file = |part: &str| {
            let names = Folder::new(&temporary.path().join("spool")).names(|_| true).unwrap();
            temporary.path().join("spool").join(names.into_iter().find(|n| n.starts_with(part)).unwrap())
        };
        fs::write(file("hardware"), b"on").unwrap();
        fs::write(temporary.path().join("spool/stray"), b"x").unwrap();
        let cut = format!("spool/health-5-{}.tmp", Digest::of(b"x"));
        fs::write(temporary.path().join(&cut), b"x").unwrap();
        assert_eq!(Spool::open(&state).size(), (1, 4));
        // What is not ours stays, even here.
        assert!(temporary.path().join("spool/stray").exists() && !temporary.path().join(&cut).exists());
        let mut spool = Spool::open(&state);
        fs::write(file("health"), b"ill!").unwrap();
        assert!(spool.get(SectionKind::Health).is_none());
        assert_eq!(spool.size(), (0, 0));
    }

    #[test]
    fn without_a_disk_it_goes_on_in_memory_and_recovers() {
        let temporary = tempfile::tempdir().unwrap();
        let state = Folder::new(temporary.path());
        // A file where the folder should be: every write fails, for root too.
        fs::write(temporary.path().join("spool"), b"").unwrap();
        let mut spool = Spool::open(&state);
        spool.put(SectionKind::Health, Bytes::from_static(b"well"), at(2));
        assert_eq!(spool.get(SectionKind::Health).map(|(_, b)| b), Some(Bytes::from_static(b"well")));
        spool.put(SectionKind::Health, Bytes::from_static(b"better"), at(3));
        assert_eq!((spool.size(), spool.memory.len()), ((1, 6), 1));
        fs::remove_file(temporary.path().join("spool")).unwrap();
        fs::create_dir(temporary.path().join("spool")).unwrap();
        spool.put(SectionKind::Health, Bytes::from_static(b"best"), at(4));
        assert!(spool.memory.is_empty() && !spool.failing);
        assert_eq!(Spool::open(&state).size(), (1, 4));
    }
}
