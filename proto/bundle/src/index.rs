//! A bundle's index: its manifest, its files, and the chunks in which their contents lie one after another.

use crate::code::{Reader, Writer};
use crate::error::limit_check;
use crate::limits::{BUNDLE_BYTES_MAX, CHUNKS_MAX, FILES_MAX, INDEX_BYTES_MAX, MANIFEST_BYTES_MAX, PATH_BYTES_MAX};
use crate::path::paths_check;
use crate::{CHUNK_AVERAGE, CHUNK_MAX, CHUNK_MIN, ContentId, Error, Manifest, Result, SafePath};
use std::cmp::Ordering;

/// What an index begins with; another number is another format.
const MAGIC: &[u8] = b"cartable-bundle 1\n";

/// A file of a bundle. It has contents and a path, and nothing else: no owner, no mode, no date, no link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Where it lies.
    pub path: SafePath,
    /// How large it is, in bytes.
    pub size: u64,
    /// Of all its contents.
    pub id: ContentId,
}

/// A chunk of a bundle's contents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chunk {
    /// How large its contents are, in bytes.
    pub length: usize,
    /// Of its contents.
    pub id: ContentId,
}

/// An index that holds: read or packed, and judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Index {
    manifest: Manifest,
    /// As it was read: a later version's fields stay in it.
    manifest_bytes: Vec<u8>,
    files: Vec<File>,
    chunks: Vec<Chunk>,
}

impl Index {
    /// Puts one together.
    ///
    /// # Errors
    /// What [`Index::decode`] would refuse.
    pub fn new(manifest: Manifest, files: Vec<File>, chunks: Vec<Chunk>) -> Result<Self> {
        manifest.check()?;
        let manifest_bytes = manifest.encode()?;
        let index = Self { manifest, manifest_bytes, files, chunks };
        index.check()?;
        limit_check("bytes of the index", index.encode().len() as u64, INDEX_BYTES_MAX as u64)?;
        Ok(index)
    }

    /// Reads an index that anybody may have made.
    ///
    /// # Errors
    /// [`Error::Damaged`] for other bytes, and for another writing of the same index; [`Error::Path`], [`Error::Collision`],
    /// [`Error::Limit`] and [`Error::Manifest`] for what no bundle may hold.
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        limit_check("bytes of the index", bytes.len() as u64, INDEX_BYTES_MAX as u64)?;
        let mut reader = Reader::new(bytes);
        reader.magic(MAGIC, "it is no index, or of a later format")?;
        let length = reader.size("manifest bytes", MANIFEST_BYTES_MAX)?;
        let manifest_bytes = reader.bytes(length)?.to_vec();
        let manifest = Manifest::decode(&manifest_bytes)?;
        for known in [CHUNK_MIN, CHUNK_AVERAGE, CHUNK_MAX] {
            if reader.number()? != known as u64 {
                return Err(Error::Damaged("it is cut by other rules"));
            }
        }
        let files = files_read(&mut reader)?;
        let count = reader.size("chunks", CHUNKS_MAX)?;
        let mut chunks = Vec::with_capacity(count.min(reader.left() / 33));
        for _ in 0..count {
            chunks.push(Chunk { length: reader.size("bytes of a chunk", CHUNK_MAX)?, id: reader.content_id()? });
        }
        reader.end()?;
        let index = Self { manifest, manifest_bytes, files, chunks };
        index.check()?;
        // One bundle, one writing: whoever packs the same folder gets the same digest.
        if index.encode() == bytes { Ok(index) } else { Err(Error::Damaged("it is not written as indexes are")) }
    }

    /// The one writing of this index.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::default();
        writer.bytes(MAGIC);
        writer.size(self.manifest_bytes.len());
        writer.bytes(&self.manifest_bytes);
        for parameter in [CHUNK_MIN, CHUNK_AVERAGE, CHUNK_MAX] {
            writer.size(parameter);
        }
        writer.size(self.files.len());
        let mut before = "";
        for file in &self.files {
            let path = file.path.as_str();
            let shared = shared(before, path);
            writer.size(shared);
            writer.size(path.len() - shared);
            writer.bytes(&path.as_bytes()[shared..]);
            writer.number(file.size);
            writer.bytes(file.id.as_bytes());
            before = path;
        }
        writer.size(self.chunks.len());
        for chunk in &self.chunks {
            writer.size(chunk.length);
            writer.bytes(chunk.id.as_bytes());
        }
        writer.0
    }

    /// What the bundle is.
    #[must_use]
    pub const fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Its files, in the order in which their contents lie in the chunks.
    #[must_use]
    pub fn files(&self) -> &[File] {
        &self.files
    }

    /// Its chunks, in order; the same one may come again.
    #[must_use]
    pub fn chunks(&self) -> &[Chunk] {
        &self.chunks
    }

    /// All files together, in bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.files.iter().map(|file| file.size).sum()
    }

    fn check(&self) -> Result<()> {
        limit_check("files", self.files.len() as u64, FILES_MAX as u64)?;
        limit_check("chunks", self.chunks.len() as u64, CHUNKS_MAX as u64)?;
        let mut total = 0_u64;
        for file in &self.files {
            total = total.saturating_add(file.size);
            limit_check("bytes of the bundle", total, BUNDLE_BYTES_MAX)?;
        }
        let chunked: u64 = self.chunks.iter().map(|chunk| chunk.length as u64).sum();
        if chunked != total || self.chunks.iter().any(|chunk| chunk.length == 0) {
            return Err(Error::Damaged("its chunks do not make up its files"));
        }
        if !self.files.is_sorted_by(|one, next| order((&one.path, one.size), (&next.path, next.size)) == Ordering::Less)
        {
            return Err(Error::Damaged("its files are not in order"));
        }
        paths_check(self.files.iter().map(|file| &file.path))
    }
}

/// The order of files: small ones first, alike beside alike, so that they compress well together; then by path.
pub(crate) fn order(one: (&SafePath, u64), other: (&SafePath, u64)) -> Ordering {
    fn key((path, size): (&SafePath, u64)) -> (bool, &str, &SafePath) {
        (is_large(size), path.extension(), path)
    }
    key(one).cmp(&key(other))
}

/// A large file has chunks of its own: it may be renamed, or stand among others, and stays the same.
pub(crate) const fn is_large(size: u64) -> bool {
    size >= CHUNK_AVERAGE as u64
}

fn files_read(reader: &mut Reader<'_>) -> Result<Vec<File>> {
    let count = reader.size("files", FILES_MAX)?;
    let mut files = Vec::with_capacity(count.min(reader.left() / 35));
    let mut before = String::new();
    for _ in 0..count {
        let shared = reader.size("bytes of a path", PATH_BYTES_MAX)?;
        let rest = reader.size("bytes of a path", PATH_BYTES_MAX)?;
        let rest = std::str::from_utf8(reader.bytes(rest)?).map_err(|_| Error::Damaged("a path is not UTF-8"))?;
        let path = before.get(..shared).ok_or(Error::Damaged("a path shares more than there is"))?.to_owned() + rest;
        let (size, id) = (reader.number()?, reader.content_id()?);
        files.push(File { path: SafePath::new(&path)?, size, id });
        before = path;
    }
    Ok(files)
}

/// How many bytes two paths begin with alike, up to the beginning of a letter in both.
fn shared(before: &str, path: &str) -> usize {
    let mut same = before.bytes().zip(path.bytes()).take_while(|(one, other)| one == other).count();
    while !path.is_char_boundary(same) || !before.is_char_boundary(same) {
        same -= 1;
    }
    same
}
