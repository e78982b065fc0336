//! Packing: file after file in, chunk after chunk out, an index at the end.

use crate::chunk::cut_point;
use crate::error::limit_check;
use crate::index::{is_large, order};
use crate::limits::{BUNDLE_BYTES_MAX, FILES_MAX};
use crate::path::paths_check;
use crate::{CHUNK_MAX, Chunk, ContentId, Error, File, Index, Manifest, Result, SafePath};

/// A file that is to be packed.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Where it will lie.
    pub path: SafePath,
    /// How large it is, in bytes.
    pub size: u64,
}

/// Cuts contents as they come; holds a few chunks in memory, whatever the bundle's size.
///
/// The same files and manifest give the same index, byte for byte, on each machine: who is to sign may pack for themselves and
/// compare.
pub struct Packer {
    manifest: Manifest,
    entries: Vec<Entry>,
    files: Vec<File>,
    chunks: Vec<Chunk>,
    /// Contents from `begun` on are not yet cut.
    waiting: Vec<u8>,
    begun: usize,
    hasher: blake3::Hasher,
    /// Of the file that is being fed.
    fed: u64,
}

/// As much is moved to the front at once.
const MOVED: usize = 4 << 20;

impl Packer {
    /// For these files, in any order.
    ///
    /// # Errors
    /// What no index may hold.
    pub fn new(manifest: Manifest, mut entries: Vec<Entry>) -> Result<Self> {
        manifest.check()?;
        limit_check("files", entries.len() as u64, FILES_MAX as u64)?;
        let total = entries.iter().fold(0_u64, |total, entry| total.saturating_add(entry.size));
        limit_check("bytes of the bundle", total, BUNDLE_BYTES_MAX)?;
        paths_check(entries.iter().map(|entry| &entry.path))?;
        entries.sort_by(|one, other| order((&one.path, one.size), (&other.path, other.size)));
        let (files, chunks, waiting) = (Vec::with_capacity(entries.len()), Vec::new(), Vec::new());
        Ok(Self { manifest, entries, files, chunks, waiting, begun: 0, hasher: blake3::Hasher::new(), fed: 0 })
    }

    /// The files, in the order in which their contents are to be fed.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Takes the next bytes of the file whose turn it is; `sink` is given each chunk that is complete.
    ///
    /// # Errors
    /// [`Error::Changed`] when the file is larger than was said; what the sink says.
    pub fn feed<E: From<Error>>(
        &mut self,
        bytes: &[u8],
        sink: &mut impl FnMut(ContentId, &[u8]) -> std::result::Result<(), E>,
    ) -> std::result::Result<(), E> {
        let Some(entry) = self.entries.get(self.files.len()) else {
            return Err(Error::Damaged("no file is left").into());
        };
        self.fed += bytes.len() as u64;
        if self.fed > entry.size {
            return Err(Error::Changed(entry.path.to_string()).into());
        }
        self.hasher.update(bytes);
        self.waiting.extend_from_slice(bytes);
        while self.waiting.len() - self.begun >= CHUNK_MAX {
            self.cut(sink)?;
        }
        Ok(())
    }

    /// Says that the file whose turn it was has ended.
    ///
    /// # Errors
    /// [`Error::Changed`] when it is smaller than was said; what the sink says.
    pub fn file_end<E: From<Error>>(
        &mut self,
        sink: &mut impl FnMut(ContentId, &[u8]) -> std::result::Result<(), E>,
    ) -> std::result::Result<(), E> {
        let Some(entry) = self.entries.get(self.files.len()) else {
            return Err(Error::Damaged("no file is left").into());
        };
        if self.fed != entry.size {
            return Err(Error::Changed(entry.path.to_string()).into());
        }
        let (path, size, id) = (entry.path.clone(), entry.size, ContentId::finish(&self.hasher));
        self.files.push(File { path, size, id });
        self.hasher.reset();
        self.fed = 0;
        // Large files come last, each with chunks of its own.
        let next_is_large = self.entries.get(self.files.len()).is_none_or(|next| is_large(next.size));
        while next_is_large && self.waiting.len() > self.begun {
            self.cut(sink)?;
        }
        Ok(())
    }

    /// The index of all that was fed.
    ///
    /// # Errors
    /// [`Error::Damaged`] when files are missing; what no index may hold.
    pub fn finish(self) -> Result<Index> {
        if self.files.len() != self.entries.len() {
            return Err(Error::Damaged("files are missing"));
        }
        Index::new(self.manifest, self.files, self.chunks)
    }

    fn cut<E: From<Error>>(
        &mut self,
        sink: &mut impl FnMut(ContentId, &[u8]) -> std::result::Result<(), E>,
    ) -> std::result::Result<(), E> {
        let length = cut_point(&self.waiting[self.begun..]);
        let contents = &self.waiting[self.begun..self.begun + length];
        let id = ContentId::of(contents);
        sink(id, contents)?;
        self.chunks.push(Chunk { length, id });
        self.begun += length;
        if self.begun >= MOVED || self.begun == self.waiting.len() {
            self.waiting.drain(..self.begun);
            self.begun = 0;
        }
        Ok(())
    }
}
