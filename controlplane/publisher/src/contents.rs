//! A published version's files, read out of its chunks.

use crate::folder::Folder;
use bundle::{Contents, Index};
use std::io;

/// Opens chunks as they are asked for, and keeps the last few: files are read in their order.
pub(crate) struct Stored<'a> {
    folder: &'a Folder,
    index: &'a Index,
    /// Where each file begins, and each chunk.
    files: Vec<u64>,
    chunks: Vec<u64>,
    open: Vec<(usize, Vec<u8>)>,
}

/// So many chunks stay open.
const OPEN_MAX: usize = 16;

impl<'a> Stored<'a> {
    pub(crate) fn new(folder: &'a Folder, index: &'a Index) -> Self {
        let begins = |sizes: &mut dyn Iterator<Item = u64>| {
            sizes
                .scan(0, |end, size| {
                    let begin = *end;
                    *end += size;
                    Some(begin)
                })
                .collect()
        };
        let files = begins(&mut index.files().iter().map(|file| file.size));
        let chunks = begins(&mut index.chunks().iter().map(|chunk| chunk.length as u64));
        Self { folder, index, files, chunks, open: Vec::new() }
    }

    fn chunk(&mut self, at: usize) -> io::Result<&[u8]> {
        if let Some(place) = self.open.iter().position(|(chunk, _)| *chunk == at) {
            let found = self.open.remove(place);
            self.open.push(found);
        } else {
            let contents = self.folder.chunk_read(&self.index.chunks()[at]).map_err(io::Error::other)?;
            if self.open.len() == OPEN_MAX {
                self.open.remove(0);
            }
            self.open.push((at, contents));
        }
        Ok(self.open.last().map_or(&[], |(_, contents)| contents))
    }
}

impl Contents for Stored<'_> {
    fn read(&mut self, file: usize, offset: u64, length: usize) -> io::Result<Vec<u8>> {
        let mut at = self.files[file] + offset;
        let mut read = Vec::with_capacity(length);
        while read.len() < length {
            // The last chunk that begins at or before it.
            let chunk = self.chunks.partition_point(|begin| *begin <= at).saturating_sub(1);
            let within = usize::try_from(at - self.chunks[chunk]).map_err(io::Error::other)?;
            let contents = self.chunk(chunk)?.get(within..).unwrap_or(&[]);
            if contents.is_empty() {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let taken = contents.len().min(length - read.len());
            read.extend_from_slice(&contents[..taken]);
            at += taken as u64;
        }
        Ok(read)
    }
}
