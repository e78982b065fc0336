//! What a changed file is made of: parts of old files, and pieces that say how they differ from old parts.

use crate::index::is_large;
use crate::limits::{PIECE_BYTES_MAX, REFERENCE_BYTES_MAX};
use crate::{ContentId, Index};
use std::collections::BTreeMap;

/// A part of an old file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) file: usize,
    pub(crate) offset: u64,
    pub(crate) length: u64,
}

/// A step in making a new file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// As it stands in an old file.
    Copy(Part),
    /// So many new bytes, to be described by an old part, or by themselves.
    Piece { length: usize, like: Option<Part> },
}

/// What an old version holds, to be found by contents and by path.
pub(crate) struct Old<'a> {
    index: &'a Index,
    files: BTreeMap<ContentId, usize>,
    paths: BTreeMap<&'a str, usize>,
    names: BTreeMap<&'a str, usize>,
    chunks: BTreeMap<ContentId, Part>,
}

/// A piece's reference begins so much before the place it should be at, and ends so much after it.
const SLACK: u64 = 128 << 10;

impl<'a> Old<'a> {
    /// Of an old version; the new one says which files have gone.
    pub(crate) fn new(index: &'a Index, new: &Index) -> Self {
        let kept: std::collections::BTreeSet<&str> = new.files().iter().map(|file| file.path.as_str()).collect();
        let mut old = Self {
            index,
            files: BTreeMap::new(),
            paths: BTreeMap::new(),
            names: BTreeMap::new(),
            chunks: chunks_place(index),
        };
        for (at, file) in index.files().iter().enumerate() {
            old.files.entry(file.id).or_insert(at);
            old.paths.insert(file.path.as_str(), at);
            if !kept.contains(file.path.as_str()) {
                old.names.entry(file.path.name()).or_insert(at);
            }
        }
        old
    }

    /// Whether a file of these contents is there, under whatever path.
    pub(crate) fn has(&self, id: ContentId) -> bool {
        self.files.contains_key(&id)
    }

    /// How to make a new file.
    pub(crate) fn steps(&self, new: &Index, at: usize, chunks: &[(u64, usize)]) -> Vec<Step> {
        let file = &new.files()[at];
        // The file that stood there, or one of that name which has gone from elsewhere.
        let before = self.paths.get(file.path.as_str()).or_else(|| self.names.get(file.path.name())).copied();
        let whole = before.map(|file| Part { file, offset: 0, length: self.index.files()[file].size });
        if !is_large(file.size) {
            let mut steps = Vec::new();
            pieces_push(&mut steps, file.size, whole);
            return steps;
        }
        let mut walk = Walk { steps: Vec::new(), gap: 0, last: whole.map(|part| Part { length: 0, ..part }) };
        for &(length, chunk) in chunks {
            match self.chunks.get(&new.chunks()[chunk].id) {
                Some(&part) => walk.found(part),
                None => walk.gap += length,
            }
        }
        let rest = walk.last.and_then(|last| {
            let from = last.offset + last.length;
            let size = self.index.files()[last.file].size;
            (size > from).then(|| Part { file: last.file, offset: from, length: size - from })
        });
        walk.gap_close(rest.or(whole));
        walk.steps
    }
}

/// Goes along a new file's chunks.
struct Walk {
    steps: Vec<Step>,
    /// So many bytes before here are not in the old version.
    gap: u64,
    /// The old part that was found last.
    last: Option<Part>,
}

impl Walk {
    fn found(&mut self, part: Part) {
        // What lies in the old file between the two places is most like what is new between them.
        let between = self.last.filter(|last| last.file == part.file && last.offset + last.length < part.offset);
        let like = match between {
            Some(last) => {
                let from = last.offset + last.length;
                Some(Part { file: part.file, offset: from, length: part.offset - from })
            }
            None => {
                let length = part.offset.min(self.gap + SLACK);
                (length > 0).then(|| Part { file: part.file, offset: part.offset - length, length })
            }
        };
        self.gap_close(like);
        match self.steps.last_mut() {
            Some(Step::Copy(before)) if before.file == part.file && before.offset + before.length == part.offset => {
                before.length += part.length;
            }
            _ => self.steps.push(Step::Copy(part)),
        }
        self.last = Some(part);
    }

    fn gap_close(&mut self, like: Option<Part>) {
        pieces_push(&mut self.steps, std::mem::take(&mut self.gap), like);
    }
}

/// Adds pieces for so many new bytes, each with its own share of the old part.
fn pieces_push(steps: &mut Vec<Step>, gap: u64, like: Option<Part>) {
    let mut at = 0;
    while at < gap {
        let length = (gap - at).min(PIECE_BYTES_MAX as u64);
        let like = like.and_then(|part| {
            let from = at.saturating_sub(SLACK).min(part.length);
            let to = (at + length + SLACK).min(part.length).min(from + REFERENCE_BYTES_MAX as u64);
            (to > from).then(|| Part { offset: part.offset + from, length: to - from, ..part })
        });
        // It fits: a piece is at most so large.
        steps.push(Step::Piece { length: usize::try_from(length).unwrap_or(PIECE_BYTES_MAX), like });
        at += length;
    }
}

/// Where chunks lie that are within one file.
fn chunks_place(index: &Index) -> BTreeMap<ContentId, Part> {
    let mut places = BTreeMap::new();
    for (file, chunks) in chunks_of_files(index) {
        let mut offset = 0;
        for (length, chunk) in chunks {
            places.entry(index.chunks()[chunk].id).or_insert(Part { file, offset, length });
            offset += length;
        }
    }
    places
}

/// The chunks of each large file, with their lengths; they are within it.
pub(crate) fn chunks_of_files(index: &Index) -> Vec<(usize, Vec<(u64, usize)>)> {
    let mut starts = index
        .chunks()
        .iter()
        .scan(0_u64, |end, chunk| {
            let start = *end;
            *end += chunk.length as u64;
            Some((start, chunk.length as u64))
        })
        .enumerate()
        .peekable();
    let (mut found, mut begin) = (Vec::new(), 0);
    for (at, file) in index.files().iter().enumerate() {
        let end = begin + file.size;
        let mut chunks = Vec::new();
        while let Some((chunk, (start, length))) = starts.next_if(|(_, (start, _))| *start < end) {
            // An index of another's making may have cut across files; such chunks are of no use here.
            if start >= begin && start + length <= end {
                chunks.push((length, chunk));
            }
        }
        let whole = chunks.iter().map(|(length, _)| length).sum::<u64>() == file.size;
        if is_large(file.size) && whole {
            found.push((at, chunks));
        }
        begin = end;
    }
    found
}
