//! Import: an export becomes a new store, whole or not at all.

use crate::encoding::{Applied, Fact, key_of};
use crate::error::{Error, Result};
use crate::export::{Entry, Kind, export_read};
use crate::folder::{Folder, put_in_place, sync_folder};
use crate::tree::Tree;
use controlplane_core::store::Revision;
use std::fs;
use std::io::BufRead;
use std::path::{Path, PathBuf};

/// So many bytes of entries are written as one batch.
const BATCH_BYTES: usize = 4 * 1024 * 1024;
const CACHE_BYTES: u64 = 64 * 1024 * 1024;

/// What was imported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Imported {
    /// The newest revision.
    pub revision: Revision,
    /// The epoch, one above the export's, so that every device follows the restored server.
    pub epoch: u32,
    /// How many entries.
    pub entries: u64,
}

/// Makes a store from an export in a folder that is not there or empty. Counts and digests are checked before anything can be seen there.
/// It blocks. `progress` is told the entries read now and then.
///
/// # Errors
/// [`Error::NotEmpty`], [`Error::Export`] with the line, [`Error::ReadOnly`] and [`Error::Io`].
pub fn import(input: &mut dyn BufRead, folder: &Path, progress: &mut dyn FnMut(u64)) -> Result<Imported> {
    if fs::read_dir(folder).is_ok_and(|mut listing| listing.next().is_some()) {
        return Err(Error::NotEmpty(folder.to_owned()));
    }
    let building = building_path(folder);
    let _ = fs::remove_dir_all(&building);
    let imported = build(input, &building, progress);
    match imported {
        Ok(imported) => {
            put_in_place(&building, folder)?;
            Ok(imported)
        }
        Err(error) => {
            let _ = fs::remove_dir_all(&building);
            Err(error)
        }
    }
}

fn build(input: &mut dyn BufRead, building: &Path, progress: &mut dyn FnMut(u64)) -> Result<Imported> {
    let folder = Folder::new(building);
    folder.make()?;
    let tree = Tree::open(&folder.entries(), CACHE_BYTES)?;
    let mut loading = Loading::new(&tree, Applied::default());
    let (header, _) = export_read(input, |header, entry| {
        if header.kind != Kind::All || entry.revision > header.revision {
            return Err(Error::Export { line: 1, why: "it holds only a part: import one made by export".to_owned() });
        }
        loading.take(entry)?;
        if loading.entries.is_multiple_of(1_000) {
            progress(loading.entries);
        }
        Ok(())
    })?;
    let entries = loading.entries;
    let applied = loading.finish()?;
    let too_high = || Error::Export { line: 1, why: "its epoch is the highest there is".to_owned() };
    let epoch = header.epoch.checked_add(1).ok_or_else(too_high)?;
    tree.apply(Applied { epoch, ..applied }, header.revision, [])?;
    tree.sync()?;
    folder.epoch_set(epoch)?;
    sync_folder(building)?;
    progress(entries);
    Ok(Imported { revision: header.revision, epoch, entries })
}

/// Beside the folder, so that the last step is one rename.
fn building_path(folder: &Path) -> PathBuf {
    let mut name = folder.file_name().unwrap_or_default().to_owned();
    name.push(".importing");
    folder.with_file_name(name)
}

/// Entries of an export on their way into a tree, in batches.
pub(crate) struct Loading<'a> {
    tree: &'a Tree,
    applied: Applied,
    waiting: Vec<(Revision, Fact)>,
    bytes: usize,
    pub(crate) entries: u64,
}

impl<'a> Loading<'a> {
    pub(crate) fn new(tree: &'a Tree, applied: Applied) -> Self {
        Self { tree, applied, waiting: Vec::new(), bytes: 0, entries: 0 }
    }

    pub(crate) fn take(&mut self, entry: Entry) -> Result<()> {
        let Entry { territory, table, id, revision, intent, value } = entry;
        self.entries += 1;
        self.put(revision, Fact { key: key_of(&territory, &table, &id), value: Some(value), intent })
    }

    pub(crate) fn put(&mut self, revision: Revision, fact: Fact) -> Result<()> {
        self.bytes += fact.key.len() + fact.value.as_ref().map_or(0, bytes::Bytes::len);
        self.waiting.push((revision, fact));
        if self.bytes >= BATCH_BYTES { self.flush() } else { Ok(()) }
    }

    pub(crate) fn finish(mut self) -> Result<Applied> {
        self.flush()?;
        Ok(self.applied)
    }

    fn flush(&mut self) -> Result<()> {
        let facts = self.waiting.iter().map(|(revision, fact)| (*revision, fact));
        self.applied = self.tree.apply(self.applied, self.applied.revision, facts)?;
        self.waiting.clear();
        self.bytes = 0;
        Ok(())
    }
}
