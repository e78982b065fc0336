//! A version in the making: its files in a folder of their own, which takes the place of the version when it is whole.
//!
//! There is no journal of how far it is: what lies there is hashed, and what is right stays.

use super::files::{file_is, folder_make, tree_remove};
use crate::platform::{Here, Platform};
use bundle::{Chunk, ContentId, Contents, Index, Patch, Stored, chunk_open};
use bytes::Bytes;
use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A version that is being made.
pub(super) struct Stage {
    folder: PathBuf,
    index: Arc<Index>,
    /// Where each file begins among the contents.
    starts: Vec<u64>,
    /// Which files are there, verified.
    done: Vec<bool>,
    /// The file that was written last.
    open: Option<(usize, File)>,
    /// The folder that was made last.
    made: PathBuf,
    buffer: Vec<u8>,
}

/// A chunk with its place among the contents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Placed {
    /// Which one of the index.
    pub(super) chunk: usize,
    /// Where it begins among the contents.
    pub(super) at: u64,
}

impl Stage {
    /// Goes on with what lies in this folder: what is none of the version's goes, what is right stays.
    pub(super) fn open(folder: PathBuf, index: Arc<Index>) -> io::Result<Self> {
        folder_make(&folder)?;
        let mut end = 0;
        let starts = index.files().iter().map(|file| {
            let start = end;
            end += file.size;
            start
        });
        let (starts, done) = (starts.collect(), vec![false; index.files().len()]);
        let mut stage = Self { folder, index, starts, done, open: None, made: PathBuf::new(), buffer: Vec::new() };
        let mut known = BTreeSet::new();
        for file in stage.index.files() {
            for (end, _) in file.path.as_str().match_indices('/') {
                known.insert(&file.path.as_str()[..end]);
            }
            known.insert(file.path.as_str());
        }
        strangers_remove(&stage.folder, "", &known)?;
        for at in 0..stage.done.len() {
            let file = &stage.index.files()[at];
            stage.done[at] = file_is(&stage.path(at), file.size, file.id, &mut stage.buffer)?;
        }
        Ok(stage)
    }

    pub(super) fn index(&self) -> &Arc<Index> {
        &self.index
    }

    /// How many bytes of the files are there, verified.
    pub(super) fn bytes(&self) -> u64 {
        self.index.files().iter().zip(&self.done).filter(|(_, done)| **done).map(|(file, _)| file.size).sum()
    }

    pub(super) fn whole(&self) -> bool {
        self.done.iter().all(|done| *done)
    }

    /// Takes the files over that stand in a version on this disk: they are verified and given a second name.
    pub(super) fn files_take(&mut self, folder: &Path, other: &Index) -> io::Result<()> {
        let mut known: Vec<(ContentId, usize)> =
            other.files().iter().enumerate().map(|(at, file)| (file.id, at)).collect();
        known.sort_unstable();
        for at in 0..self.done.len() {
            let file = &self.index.files()[at];
            let Ok(found) = known.binary_search_by_key(&file.id, |(id, _)| *id) else { continue };
            let from = folder.join(other.files()[known[found].1].path.as_str());
            if self.done[at] || !file_is(&from, file.size, file.id, &mut self.buffer)? {
                continue;
            }
            let to = self.way_make(at)?;
            tree_remove(&to)?;
            // Not every file system gives a second name, and none does for ever.
            if Here::file_link(&from, &to).is_err() {
                fs::copy(&from, &to)?;
                Here::readable_make(&to, false)?;
            }
            self.done[at] = true;
        }
        Ok(())
    }

    /// Makes files by a patch from the old version in a folder; those of which something else would come are left to the chunks.
    pub(super) fn patch_apply<S: Stored>(
        &mut self,
        patch: &mut Patch<S>,
        folder: &Path,
        old: &Index,
    ) -> io::Result<()> {
        let mut contents = Disk::new(folder, old);
        for at in patch.files().collect::<Vec<_>>() {
            if self.done.get(at).is_none_or(|done| *done) {
                continue;
            }
            let mut file = self.writable(at)?;
            file.set_len(0)?;
            let mut full = None;
            let mut sink = |bytes: &[u8]| {
                file.write_all(bytes).map_err(|error| {
                    let kind = error.kind();
                    full = Some(error);
                    kind.into()
                })
            };
            let made = patch.file_make(at, &mut contents, &mut sink);
            match (made, full) {
                (_, Some(full)) => return Err(full),
                (made, None) => self.done[at] = made.is_ok(),
            }
        }
        Ok(())
    }

    /// The chunks that are needed for the files that are not there.
    pub(super) fn needed(&self) -> Vec<Placed> {
        let (mut needed, mut at, mut file) = (Vec::new(), 0_u64, 0);
        for (chunk, Chunk { length, .. }) in self.index.chunks().iter().enumerate() {
            let end = at + *length as u64;
            while file < self.done.len() && self.starts[file] + self.index.files()[file].size <= at {
                file += 1;
            }
            let missing = (file..self.done.len())
                .take_while(|file| self.starts[*file] < end)
                .any(|file| !self.done[file] && self.index.files()[file].size > 0);
            if missing {
                needed.push(Placed { chunk, at });
            }
            at = end;
        }
        needed
    }

    /// Of these chunks those that do not lie here yet, from before.
    pub(super) fn lacking(&mut self, mut needed: Vec<Placed>) -> io::Result<Vec<Placed>> {
        let mut lacking = Vec::with_capacity(needed.len());
        let mut contents = Disk::new(&self.folder, &self.index);
        for placed in needed.drain(..) {
            let Chunk { length, id } = self.index.chunks()[placed.chunk];
            if !span_is(&mut contents, &self.starts, placed.at, length, id) {
                lacking.push(placed);
            }
        }
        Ok(lacking)
    }

    /// Takes chunks over that lie in a version on this disk; gives back those that do not.
    pub(super) fn chunks_take(
        &mut self,
        lacking: Vec<Placed>,
        folder: &Path,
        other: &Index,
    ) -> io::Result<Vec<Placed>> {
        let mut at = 0;
        let mut known: Vec<(ContentId, u64)> = Vec::with_capacity(other.chunks().len());
        for chunk in other.chunks() {
            known.push((chunk.id, at));
            at += chunk.length as u64;
        }
        known.sort_unstable();
        let starts: Vec<u64> = other
            .files()
            .iter()
            .scan(0, |end, file| {
                let start = *end;
                *end += file.size;
                Some(start)
            })
            .collect();
        let mut contents = Disk::new(folder, other);
        let mut left = Vec::new();
        for placed in lacking {
            let Chunk { length, id } = self.index.chunks()[placed.chunk];
            let found = known.binary_search_by_key(&id, |(id, _)| *id).ok();
            let read = found.and_then(|found| span_read(&mut contents, &starts, known[found].1, length));
            match read.filter(|bytes| ContentId::of(bytes) == id) {
                Some(bytes) => self.put(placed, &bytes)?,
                None => left.push(placed),
            }
        }
        Ok(left)
    }

    /// Puts stored chunks in their places, those with the same contents in all of theirs; says which of them are not what the index says.
    pub(super) fn chunks_put(&mut self, stored: &[(Vec<Placed>, Bytes)]) -> io::Result<Vec<bool>> {
        let mut good = Vec::with_capacity(stored.len());
        for (places, stored) in stored {
            let Some(Chunk { length, id }) = places.first().map(|placed| self.index.chunks()[placed.chunk]) else {
                continue;
            };
            let contents = chunk_open(stored, length, id);
            if let Ok(contents) = &contents {
                places.iter().try_for_each(|placed| self.put(*placed, contents))?;
            }
            good.push(contents.is_ok());
        }
        Ok(good)
    }

    /// Verifies every file that was not, and makes all of it durable; says whether it is whole. What is not right is removed.
    pub(super) fn finish(&mut self) -> io::Result<bool> {
        self.open = None;
        for at in 0..self.done.len() {
            if self.done[at] {
                continue;
            }
            if self.index.files()[at].size == 0 {
                self.writable(at)?.set_len(0)?;
            }
            let (path, file) = (self.path(at), &self.index.files()[at]);
            self.done[at] = file_is(&path, file.size, file.id, &mut self.buffer)?;
            if !self.done[at] {
                tree_remove(&path)?;
            }
        }
        let whole = self.whole();
        if whole {
            let files = self.index.files().iter().map(|file| self.folder.join(file.path.as_str()));
            Here::tree_sync(&self.folder, files)?;
        }
        Ok(whole)
    }

    /// Writes contents where they belong, in files that are not there yet.
    fn put(&mut self, placed: Placed, contents: &[u8]) -> io::Result<()> {
        let end = placed.at + contents.len() as u64;
        let mut file = self.starts.partition_point(|start| *start <= placed.at).saturating_sub(1);
        while file < self.done.len() && self.starts[file] < end {
            let (start, size) = (self.starts[file], self.index.files()[file].size);
            let (from, to) = (start.max(placed.at), (start + size).min(end));
            if !self.done[file] && from < to {
                let part = part_of(contents, from - placed.at, to - placed.at);
                let mut open = match self.open.take() {
                    Some((at, open)) if at == file => open,
                    _ => self.writable(file)?,
                };
                open.seek(SeekFrom::Start(from - start))?;
                open.write_all(part)?;
                self.open = Some((file, open));
            }
            file += 1;
        }
        Ok(())
    }

    /// Opens a file to be written, alone under its name: what has a second one is another version's.
    fn writable(&mut self, at: usize) -> io::Result<File> {
        let path = self.way_make(at)?;
        let alone = fs::symlink_metadata(&path).is_ok_and(|about| about.is_file() && Here::names(&about) == 1);
        if !alone {
            tree_remove(&path)?;
        }
        let file = OpenOptions::new().write(true).create(true).truncate(false).open(&path)?;
        if !alone {
            Here::readable_make(&path, false)?;
        }
        Ok(file)
    }

    /// Makes the folders above a file.
    fn way_make(&mut self, at: usize) -> io::Result<PathBuf> {
        let path = self.path(at);
        if let Some(above) = path.parent().filter(|above| *above != self.made) {
            folder_make(above)?;
            above.clone_into(&mut self.made);
        }
        Ok(path)
    }

    fn path(&self, at: usize) -> PathBuf {
        self.folder.join(self.index.files()[at].path.as_str())
    }
}

/// The files of a version that lie in a folder, read in the order of its index.
pub(super) struct Disk<'a> {
    folder: &'a Path,
    index: &'a Index,
    open: Option<(usize, File)>,
}

impl<'a> Disk<'a> {
    pub(super) const fn new(folder: &'a Path, index: &'a Index) -> Self {
        Self { folder, index, open: None }
    }
}

impl Contents for Disk<'_> {
    fn read(&mut self, file: usize, offset: u64, length: usize) -> io::Result<Vec<u8>> {
        let mut open = match self.open.take() {
            Some((at, open)) if at == file => open,
            _ => {
                let path = self.folder.join(self.index.files()[file].path.as_str());
                if !fs::symlink_metadata(&path)?.is_file() {
                    return Err(io::ErrorKind::InvalidData.into());
                }
                File::open(path)?
            }
        };
        let mut bytes = vec![0; length];
        open.seek(SeekFrom::Start(offset))?;
        open.read_exact(&mut bytes)?;
        self.open = Some((file, open));
        Ok(bytes)
    }
}

/// A patch on the disk.
pub(super) struct PatchFile {
    file: File,
    size: u64,
}

impl PatchFile {
    pub(super) fn open(at: &Path) -> io::Result<Self> {
        let file = File::open(at)?;
        let size = file.metadata()?.len();
        Ok(Self { file, size })
    }
}

impl Stored for PatchFile {
    fn size(&self) -> u64 {
        self.size
    }

    fn read(&mut self, offset: u64, length: usize) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; length];
        self.file.seek(SeekFrom::Start(offset))?;
        self.file.read_exact(&mut bytes)?;
        Ok(bytes)
    }
}

/// Contents that lie over one file or several; nothing where a file is missing or shorter.
pub(super) fn span_read(contents: &mut Disk<'_>, starts: &[u64], at: u64, length: usize) -> Option<Vec<u8>> {
    let end = at + length as u64;
    let mut read = Vec::with_capacity(length);
    let mut file = starts.partition_point(|start| *start <= at).saturating_sub(1);
    while (read.len() as u64) < end - at {
        let (start, size) = (*starts.get(file)?, contents.index.files().get(file)?.size);
        let (from, to) = (start.max(at + read.len() as u64), (start + size).min(end));
        if from < to {
            read.extend(contents.read(file, from - start, usize::try_from(to - from).ok()?).ok()?);
        }
        file += 1;
    }
    Some(read)
}

fn span_is(contents: &mut Disk<'_>, starts: &[u64], at: u64, length: usize, id: ContentId) -> bool {
    span_read(contents, starts, at, length).is_some_and(|bytes| ContentId::of(&bytes) == id)
}

fn part_of(contents: &[u8], from: u64, to: u64) -> &[u8] {
    // They fit: contents are at most a chunk.
    let (from, to) = (usize::try_from(from).unwrap_or(0), usize::try_from(to).unwrap_or(0));
    contents.get(from..to).unwrap_or_default()
}

/// Removes what is none of the version's, however it came there.
fn strangers_remove(folder: &Path, prefix: &str, known: &BTreeSet<&str>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let path = name.to_str().map(|name| format!("{prefix}{name}")).filter(|path| known.contains(path.as_str()));
        match path {
            Some(path) if entry.file_type()?.is_dir() => strangers_remove(&entry.path(), &format!("{path}/"), known)?,
            Some(_) if entry.file_type()?.is_file() => {}
            _ => tree_remove(&entry.path())?,
        }
    }
    Ok(())
}
