//! Rebuilding a damaged store from its newest good export and its journal.

use crate::embedded::Replay;
use crate::encoding::Applied;
use crate::error::{Error, Result};
use crate::export::{Header, Kind, Snapshot, export_read, snapshot_write, snapshots};
use crate::folder::{Folder, put_in_place};
use crate::import::Loading;
use crate::journal::{Journal, journal_read};
use crate::tree::Tree;
use controlplane_core::store::Revision;
use model::time::Timestamp;
use std::fmt;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

const CACHE_BYTES: u64 = 64 * 1024 * 1024;

/// What was done; its `Display` is the one message for the operator.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rebuilt {
    /// Where the damaged entries lie now; none when there were none.
    pub aside: Option<PathBuf>,
    /// The newest revision.
    pub revision: Revision,
    /// The epoch, raised by one.
    pub epoch: u32,
    /// The revision of the export it began from; 0 when the journal held everything.
    pub export: Revision,
    /// Exports that could not be read and were passed over.
    pub exports_bad: Vec<PathBuf>,
    /// How many commits came from the journal.
    pub replayed: u64,
    /// Whether observations older than the journal may be missing, so that every device must send full reports.
    pub reports_missing: bool,
    /// Revisions that are nowhere, as first and last.
    pub lost: Vec<(Revision, Revision)>,
}

impl fmt::Display for Rebuilt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the store was damaged and has been rebuilt to revision {}", self.revision)?;
        write!(f, " from the export of revision {} and {} journal commits", self.export, self.replayed)?;
        for (first, last) in &self.lost {
            write!(f, "; LOST: the commits {first} to {last}")?;
        }
        if self.lost.is_empty() {
            write!(f, "; no acknowledged decision is lost")?;
        }
        if self.reports_missing {
            write!(f, "; devices will send their reports again")?;
        }
        for path in &self.exports_bad {
            write!(f, "; the export {} cannot be read", path.display())?;
        }
        if let Some(path) = &self.aside {
            write!(f, "; the damaged files are kept in {}", path.display())?;
        }
        write!(f, "; epoch {}", self.epoch)
    }
}

/// Builds the entries anew and puts the damaged ones aside as `damaged-<unix seconds>`. Stopped at any moment, it can be run again.
///
/// # Errors
/// [`Error::Damaged`] when neither export nor journal reach back to the beginning (then only an export kept elsewhere helps), and those of
/// [`crate::Embedded::open`].
pub fn rebuild(folder: &Path, now: Timestamp) -> Result<Rebuilt> {
    let folder = Folder::new(folder);
    let _lock = folder.lock()?;
    folder.clean_clear()?;
    let building = folder.path().join("entries.building");
    let mut exports_bad = Vec::new();
    for export in snapshots(&folder)?.into_iter().rev().map(Some).chain([None]) {
        let _ = fs::remove_dir_all(&building);
        match build(&folder, &building, export.as_ref()) {
            Ok(mut rebuilt) => {
                rebuilt.exports_bad = exports_bad;
                rebuilt.aside = put_aside(&folder, now)?;
                put_in_place(&building, &folder.entries())?;
                return Ok(rebuilt);
            }
            Err(error) => match (error, export) {
                (Error::Export { .. }, Some(export)) => exports_bad.push(export.path),
                (error, _) => return Err(error),
            },
        }
    }
    Err(Error::Ended)
}

fn build(folder: &Folder, building: &Path, export: Option<&Snapshot>) -> Result<Rebuilt> {
    let tree = Tree::open(building, CACHE_BYTES)?;
    let (base, until) = match export {
        Some(export) => load(folder, &tree, export)?,
        None => (Header::new(Kind::All, 0, 0), 0),
    };
    let from = Applied { revision: base.revision, ..tree.applied()? };
    let mut replay = Replay::new(&tree, from);
    let (mut replayed, mut next, mut lost) = (0, base.revision + 1, Vec::new());
    let reading = journal_read(&folder.journal(), |record| {
        if record.revision < next {
            return Ok(());
        }
        if record.revision > next {
            lost.push((next, record.revision - 1));
        }
        next = record.revision + 1;
        replayed += 1;
        replay.take_anyway(record)
    })?;
    let (applied, _) = replay.finish()?;
    if export.is_none() && reading.first != Some(1) {
        let why = "no export can be read, and the journal does not reach back to the beginning".to_owned();
        return Err(Error::Damaged { path: folder.entries(), why });
    }
    if until >= next && until > base.revision {
        lost.push((next, until));
    }
    let epoch = folder.epoch()?.unwrap_or(0).max(base.epoch).saturating_add(1);
    let revision = applied.revision.max(until);
    let applied = tree.apply(Applied { epoch, ..applied }, revision, [])?;
    tree.sync()?;
    folder.epoch_set(epoch)?;
    if !reading.gaps.is_empty() {
        // The damage has been told here; the journal begins anew on an export of everything.
        snapshot_write(folder, &tree, applied, Kind::All)?;
        Journal::new(&folder.journal(), 0)?.restart(true)?;
    }
    Ok(Rebuilt {
        aside: None,
        revision,
        epoch,
        export: base.revision,
        exports_bad: Vec::new(),
        replayed,
        reports_missing: base.kind == Kind::Intent,
        lost,
    })
}

/// Loads an export, over those older observations that the journal still has.
fn load(folder: &Folder, tree: &Tree, export: &Snapshot) -> Result<(Header, Revision)> {
    let mut older = Loading::new(tree, Applied::default());
    journal_read(&folder.journal(), |record| {
        if record.revision > export.revision {
            return Ok(());
        }
        let facts = record.facts().unwrap_or_default();
        facts.into_iter().filter(|fact| !fact.intent).try_for_each(|fact| older.put(record.revision, fact))
    })?;
    let mut loading = Loading::new(tree, older.finish()?);
    let file = File::open(&export.path).map_err(Error::io("opening", &export.path))?;
    let read = export_read(&mut *export.lines(file)?, |_, entry| loading.take(entry))?;
    loading.finish()?;
    Ok(read)
}

fn put_aside(folder: &Folder, now: Timestamp) -> Result<Option<PathBuf>> {
    let entries = folder.entries();
    if !entries.exists() {
        return Ok(None);
    }
    let seconds = now.unix_seconds();
    let free = (0..).map(|n| match n {
        0 => folder.path().join(format!("damaged-{seconds}")),
        n => folder.path().join(format!("damaged-{seconds}-{n}")),
    });
    let Some(aside) = free.into_iter().find(|path: &PathBuf| !path.exists()) else { return Ok(None) };
    put_in_place(&entries, &aside)?;
    Ok(Some(aside))
}
