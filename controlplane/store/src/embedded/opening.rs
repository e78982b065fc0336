//! Opening: what the journal has above the entries is applied, and whatever else was found is said.

use super::verifier::Verifying;
use super::{Config, Embedded, Quiet, Shared};
use crate::encoding::{Applied, Fact};
use crate::error::{Error, Result};
use crate::export::{Kind, snapshot_newest, snapshot_write};
use crate::folder::{Folder, sync_folder};
use crate::journal::{Journal, Reading, Record, journal_read_after};
use crate::tree::Tree;
use controlplane_core::recent::Recent;
use controlplane_core::store::Revision;
use std::fmt;
use std::path::PathBuf;

/// So many bytes of journal are applied to the entries as one batch.
const REPLAY_BYTES: usize = 4 * 1024 * 1024;

/// What opening found; its `Display` is one line for the log.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Opened {
    /// The newest revision.
    pub revision: Revision,
    /// The epoch.
    pub epoch: u32,
    /// How many commits the journal had above the entries.
    pub replayed: u64,
    /// What was dropped at the journal's end.
    pub torn: Option<Torn>,
    /// A journal file that is damaged, while the entries hold everything that was in it: kept under the ending `.damaged`.
    pub journal_damaged: Option<PathBuf>,
    /// Whether the journal ended before the entries did, so that everything was exported anew as its base.
    pub rebased: bool,
}

/// A journal's torn tail: bytes that were being written when the machine stopped, and that nobody was told were kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Torn {
    /// The file.
    pub path: PathBuf,
    /// How many bytes were dropped.
    pub bytes: u64,
    /// The last revision in the journal before them; 0 for none.
    pub kept: Revision,
}

impl fmt::Display for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "store open at revision {}, epoch {}", self.revision, self.epoch)?;
        if self.replayed > 0 {
            write!(f, "; {} commits replayed from the journal", self.replayed)?;
        }
        if let Some(torn) = &self.torn {
            write!(
                f,
                "; dropped {} bytes of an unfinished write at the journal's end, last kept {}",
                torn.bytes, torn.kept
            )?;
        }
        if let Some(path) = &self.journal_damaged {
            write!(f, "; journal {} is damaged and was put aside, nothing is lost", path.display())?;
        }
        if self.rebased {
            write!(f, "; the journal ended early and begins anew")?;
        }
        Ok(())
    }
}

pub(super) fn open(config: Config) -> Result<(Embedded, Opened)> {
    let folder = Folder::new(&config.folder);
    folder.make()?;
    let lock = folder.lock()?;
    let clean = folder.clean()?;
    folder.clean_clear()?;
    // The mark is there before sled is asked anything: a start that ends here is followed by one that probes first.
    if config.verify {
        folder.doubt_set()?
    } else {
        folder.doubt_clear()?
    }
    let tree = Tree::open(&folder.entries(), config.cache_bytes)?;
    let before = tree.applied()?;
    let epoch = folder.epoch()?.unwrap_or(1).max(before.epoch);
    if folder.epoch()? != Some(epoch) {
        folder.epoch_set(epoch)?;
    }

    let mut replay = Replay::new(&tree, Applied { epoch, ..before });
    // What was closed in order, and is as it was closed, needs nothing of the journal but its end.
    let needless = clean.filter(|closed| *closed == before.revision).unwrap_or(0);
    let reading = journal_read_after(&folder.journal(), needless, |record| replay.take(record))?;
    let (applied, missing) = replay.finish()?;
    missing_check(&folder, applied, missing, &reading, clean)?;
    // The journal may hold all of it, but sled that lost what it had synced must be seen, put aside and said to be damaged.
    if let Some(closed) = clean.filter(|closed| *closed > before.revision) {
        let why = format!("it ends at revision {}, and was closed at {closed}", before.revision);
        return Err(Error::Damaged { path: folder.entries(), why });
    }

    let mut opened = Opened {
        revision: applied.revision,
        epoch,
        replayed: applied.revision - before.revision,
        torn: None,
        journal_damaged: reading.gaps.first().map(|gap| gap.path.clone()),
        rebased: false,
    };
    opened.torn = reading.torn.as_ref().map(|tail| Torn {
        path: tail.path.clone(),
        bytes: tail.bytes,
        kept: reading.last.unwrap_or(0),
    });
    let mut journal = Journal::new(&folder.journal(), config.segment_bytes)?;
    let behind = reading.last.unwrap_or(0) < applied.revision;
    if !reading.gaps.is_empty() || (behind && !based(&folder, applied, &reading)?) {
        tree.sync()?;
        snapshot_write(&folder, &tree, applied, Kind::All)?;
        journal.restart(!reading.gaps.is_empty())?;
        opened.rebased = true;
    } else if behind {
        journal.restart(false)?;
    } else {
        journal.resume(&reading)?;
    }
    folder.boot_set()?;
    sync_folder(folder.path())?;

    let recent = Recent::new(config.history, applied.revision);
    let shared =
        Shared { tree, recent, epoch, folder, quiet: Quiet::default(), verifying: Verifying::default(), _lock: lock };
    Ok((Embedded::start(shared, &config, applied, journal)?, opened))
}

/// Whether an export holds everything, so that a journal without records stands on it.
fn based(folder: &Folder, applied: Applied, reading: &Reading) -> Result<bool> {
    Ok(reading.last.is_none() && snapshot_newest(folder)?.is_some_and(|newest| newest.revision >= applied.revision))
}

fn missing_check(
    folder: &Folder,
    applied: Applied,
    missing: Option<Revision>,
    reading: &Reading,
    clean: Option<Revision>,
) -> Result<()> {
    let damaged = |why: String| Err(Error::Damaged { path: folder.entries(), why });
    if let Some(next) = missing {
        if let Some(gap) = reading.gaps.iter().find(|gap| gap.last > applied.revision) {
            let (path, at) = (gap.path.clone(), gap.at);
            return Err(Error::Journal { path, at, first: gap.first.max(applied.revision + 1), last: gap.last });
        }
        return damaged(format!("it ends at revision {}, its journal begins at {next}", applied.revision));
    }
    let known = snapshot_newest(folder)?.map_or(0, |newest| newest.revision).max(clean.unwrap_or(0));
    if known > applied.revision {
        return damaged(format!("it ends at revision {}, and was at {known} before", applied.revision));
    }
    Ok(())
}

/// Applies what follows the entries, in batches.
pub(crate) struct Replay<'a> {
    tree: &'a Tree,
    applied: Applied,
    upto: Revision,
    waiting: Vec<(Revision, Fact)>,
    bytes: usize,
    missing: Option<Revision>,
}

impl<'a> Replay<'a> {
    pub(crate) fn new(tree: &'a Tree, applied: Applied) -> Self {
        Self { tree, applied, upto: applied.revision, waiting: Vec::new(), bytes: 0, missing: None }
    }

    /// Takes the next record, unless one before it is missing.
    pub(crate) fn take(&mut self, record: Record) -> Result<()> {
        if record.revision <= self.upto || self.missing.is_some() {
            return Ok(());
        }
        if record.revision > self.upto + 1 {
            self.missing = Some(record.revision);
            return Ok(());
        }
        self.take_anyway(record)
    }

    /// Takes a record whatever is missing before it.
    pub(crate) fn take_anyway(&mut self, record: Record) -> Result<()> {
        let facts = record.facts().ok_or_else(|| Error::Damaged {
            path: PathBuf::from("journal"),
            why: format!("the record of revision {} makes no sense", record.revision),
        })?;
        self.upto = record.revision;
        for fact in facts {
            self.bytes += fact.key.len() + fact.value.as_ref().map_or(0, bytes::Bytes::len);
            self.waiting.push((record.revision, fact));
        }
        if self.bytes >= REPLAY_BYTES { self.flush() } else { Ok(()) }
    }

    /// How far the entries are now, and the first revision that could not follow.
    pub(crate) fn finish(mut self) -> Result<(Applied, Option<Revision>)> {
        self.flush()?;
        Ok((self.applied, self.missing))
    }

    fn flush(&mut self) -> Result<()> {
        if self.upto > self.applied.revision {
            let facts = self.waiting.iter().map(|(revision, fact)| (*revision, fact));
            self.applied = self.tree.apply(self.applied, self.upto, facts)?;
        }
        self.waiting.clear();
        self.bytes = 0;
        Ok(())
    }
}
