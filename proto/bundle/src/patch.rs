//! Patches: how to make a version's new and changed files from the files of an earlier one.

use crate::code::{Reader, Writer};
use crate::error::limit_check;
use crate::limits::{
    BUNDLE_BYTES_MAX, FILES_MAX, INDEX_BYTES_MAX, INSTRUCTIONS_BYTES_MAX, PATCH_BYTES_MAX, PIECE_BYTES_MAX,
    REFERENCE_BYTES_MAX,
};
use crate::piece::{Old, Part, Step, chunks_of_files};
use crate::stored::{frame_make, frame_open};
use crate::{ContentId, Contents, Error, Index, Result};
use std::cmp::Ordering;
use std::collections::BTreeMap;

/// What a patch begins with; another number is another format.
const MAGIC: &[u8] = b"cartable-patch 1\n";
/// How hard pieces are compressed: they are made once, and travel to each device.
const LEVEL: i32 = 19;
/// Room for so many steps is made at once.
const STEPS_AHEAD: usize = 1024;
/// Kinds of step.
const COPY: u64 = 0;
const PIECE_LIKE: u64 = 1;
const PIECE_NEW: u64 = 2;

/// No patch begins with more before its instructions: what it is, two digests, two numbers.
const HEAD_BYTES_MAX: usize = MAGIC.len() + 2 * 32 + 2 * 10;

/// A patch where it lies: it is read in parts, since it may be larger than the memory of whoever applies it.
pub trait Stored {
    /// How large it is, in bytes.
    fn size(&self) -> u64;

    /// Reads a part of it; all of that part, or an error.
    ///
    /// # Errors
    /// What the disk says.
    fn read(&mut self, offset: u64, length: usize) -> std::io::Result<Vec<u8>>;
}

/// A patch that was read, with what it makes.
pub struct Patch<S> {
    index: Index,
    index_bytes: Vec<u8>,
    files: Vec<Making>,
    stored: S,
}

/// How one new file is made.
struct Making {
    file: usize,
    /// Where its first piece stands in the patch.
    data: u64,
    steps: Vec<(Step, usize)>,
}

/// Makes the patch from one version to another; `None` when it would be larger than a patch may be.
///
/// # Errors
/// What reading says; [`Error::Compression`].
pub fn patch_make(old: (&Index, &mut dyn Contents), new: (&Index, &mut dyn Contents)) -> Result<Option<Vec<u8>>> {
    let ((old, old_contents), (new, new_contents)) = (old, new);
    let (old_bytes, new_bytes) = (old.encode(), new.encode());
    let found = Old::new(old, new);
    let chunks: BTreeMap<usize, Vec<(u64, usize)>> = chunks_of_files(new).into_iter().collect();
    let mut data = frame_make(&new_bytes, LEVEL, &old_bytes)?;
    let mut instructions = Writer::default();
    instructions.size(new_bytes.len());
    instructions.size(data.len());
    let changed: Vec<usize> = (0..new.files().len()).filter(|&at| !found.has(new.files()[at].id)).collect();
    instructions.size(changed.len());
    let mut before = 0;
    for at in changed {
        instructions.size(at - before);
        before = at;
        let steps = found.steps(new, at, chunks.get(&at).map_or(&[], Vec::as_slice));
        instructions.size(steps.len());
        let mut offset = 0;
        for step in steps {
            match step {
                Step::Copy(part) => {
                    instructions.number(COPY);
                    part_write(&mut instructions, part);
                    offset += part.length;
                }
                Step::Piece { length, like } => {
                    let contents = new_contents.read(at, offset, length)?;
                    let reference = match like {
                        Some(part) => part_read(old_contents, part)?,
                        None => Vec::new(),
                    };
                    let piece = piece_make(contents, &reference)?;
                    instructions.number(if like.is_some() { PIECE_LIKE } else { PIECE_NEW });
                    like.iter().for_each(|part| part_write(&mut instructions, *part));
                    instructions.size(length);
                    instructions.size(piece.len());
                    data.extend_from_slice(&piece);
                    offset += length as u64;
                }
            }
            if data.len() > PATCH_BYTES_MAX - INSTRUCTIONS_BYTES_MAX || instructions.0.len() > INSTRUCTIONS_BYTES_MAX {
                return Ok(None);
            }
        }
    }
    let frame = frame_make(&instructions.0, LEVEL, &[])?;
    let mut patch = Writer::default();
    patch.bytes(MAGIC);
    patch.bytes(ContentId::of(&old_bytes).as_bytes());
    patch.bytes(ContentId::of(&new_bytes).as_bytes());
    patch.size(instructions.0.len());
    patch.size(frame.len());
    patch.bytes(&frame);
    patch.bytes(&data);
    Ok(Some(patch.0))
}

impl Stored for &[u8] {
    fn size(&self) -> u64 {
        self.len() as u64
    }

    fn read(&mut self, offset: u64, length: usize) -> std::io::Result<Vec<u8>> {
        let from = usize::try_from(offset).unwrap_or(usize::MAX);
        let part = self.get(from..).and_then(|rest| rest.get(..length));
        part.map(<[u8]>::to_vec).ok_or_else(|| std::io::ErrorKind::UnexpectedEof.into())
    }
}

impl<S: Stored> Patch<S> {
    /// Reads a patch that anybody may have made, for whoever has the old version; the new index comes out of it.
    ///
    /// # Errors
    /// [`Error::OtherVersion`] when it begins at another one; else as [`Index::decode`], and what reading says.
    pub fn open(mut stored: S, old: &Index) -> Result<Self> {
        let size = stored.size();
        limit_check("bytes of the patch", size, PATCH_BYTES_MAX as u64)?;
        let head = part_stored(&mut stored, 0, size.min(HEAD_BYTES_MAX as u64))?;
        let mut reader = Reader::new(&head);
        reader.magic(MAGIC, "it is no patch, or of a later format")?;
        let old_bytes = old.encode();
        let (from, to) = (reader.content_id()?, reader.content_id()?);
        if from != ContentId::of(&old_bytes) {
            return Err(Error::OtherVersion);
        }
        let length = reader.size("bytes of instructions", INSTRUCTIONS_BYTES_MAX)?;
        let frame = reader.size("bytes of instructions", INSTRUCTIONS_BYTES_MAX)?;
        let begin = (head.len() - reader.left()) as u64;
        let instructions = frame_open(&part_stored(&mut stored, begin, frame as u64)?, length, &[])?;
        let data = begin + frame as u64;
        let mut reader = Reader::new(&instructions);
        let length = reader.size("bytes of the index", INDEX_BYTES_MAX)?;
        let frame = reader.size("bytes of the index", INDEX_BYTES_MAX)?;
        let index_bytes = frame_open(&part_stored(&mut stored, data, frame as u64)?, length, &old_bytes)?;
        if ContentId::of(&index_bytes) != to {
            return Err(Error::Damaged("the index is not what the patch says"));
        }
        let index = Index::decode(&index_bytes)?;
        let (files, end) = makings_read(&mut reader, old, &index, data + frame as u64)?;
        reader.end()?;
        match end.cmp(&size) {
            Ordering::Less => Err(Error::Damaged("something follows its end")),
            Ordering::Equal => Ok(Self { index, index_bytes, files, stored }),
            Ordering::Greater => Err(Error::Damaged("it ends too early")),
        }
    }

    /// The new index.
    #[must_use]
    pub const fn index(&self) -> &Index {
        &self.index
    }

    /// The new index as it was signed.
    #[must_use]
    pub fn index_bytes(&self) -> &[u8] {
        &self.index_bytes
    }

    /// The files it makes; all others have the contents of some old file.
    pub fn files(&self) -> impl Iterator<Item = usize> {
        self.files.iter().map(|making| making.file)
    }

    /// Makes one of them, a piece at a time.
    ///
    /// What the sink was given is to be thrown away when this fails: only at the end is it known to be the file that was signed.
    ///
    /// # Errors
    /// [`Error::Damaged`] when something else comes of it; what reading says, and the sink.
    pub fn file_make(
        &mut self,
        file: usize,
        old: &mut dyn Contents,
        sink: &mut dyn FnMut(&[u8]) -> std::io::Result<()>,
    ) -> Result<()> {
        let making = self.files.binary_search_by_key(&file, |making| making.file);
        let making =
            making.map(|at| &self.files[at]).map_err(|_| Error::Damaged("the patch does not make this file"))?;
        let mut hasher = blake3::Hasher::new();
        let mut give = |bytes: &[u8]| {
            hasher.update(bytes);
            sink(bytes)
        };
        let mut data = making.data;
        for &(step, stored) in &making.steps {
            match step {
                Step::Copy(part) => {
                    let mut done = 0;
                    while done < part.length {
                        let length = (part.length - done).min(PIECE_BYTES_MAX as u64);
                        give(&part_read(old, Part { offset: part.offset + done, length, ..part })?)?;
                        done += length;
                    }
                }
                Step::Piece { length, like } => {
                    let piece = part_stored(&mut self.stored, data, stored as u64)?;
                    data += stored as u64;
                    let reference = like.map(|part| part_read(old, part)).transpose()?.unwrap_or_default();
                    if stored == length { give(&piece)? } else { give(&frame_open(&piece, length, &reference)?)? }
                }
            }
        }
        let expected = &self.index.files()[file];
        if ContentId::finish(&hasher) == expected.id {
            Ok(())
        } else {
            Err(Error::Damaged("a file is not what the index says"))
        }
    }
}

/// How each file is made, and where the data ends.
fn makings_read(reader: &mut Reader<'_>, old: &Index, new: &Index, mut data: u64) -> Result<(Vec<Making>, u64)> {
    let count = reader.size("changed files", FILES_MAX.min(new.files().len()))?;
    let mut files = Vec::with_capacity(count.min(reader.left()));
    let mut file = 0_usize;
    for at in 0..count {
        let more = reader.size("a file's number", FILES_MAX)?;
        file += more;
        let known = new.files().get(file).filter(|_| at == 0 || more > 0);
        let size = known.ok_or(Error::Damaged("a file's number is out of order"))?.size;
        let steps = reader.size("steps", reader.left())?;
        // What is claimed takes no memory before it is read.
        let mut making = Making { file, data, steps: Vec::with_capacity(steps.min(STEPS_AHEAD)) };
        let mut made = 0_u64;
        for _ in 0..steps {
            let (step, stored) = step_read(reader, old)?;
            made = made.saturating_add(match step {
                Step::Copy(part) => part.length,
                Step::Piece { length, .. } => length as u64,
            });
            if made > size {
                return Err(Error::Damaged("a file's steps make more than it is"));
            }
            data += stored as u64;
            making.steps.push((step, stored));
        }
        if made != size {
            return Err(Error::Damaged("a file's steps do not make it up"));
        }
        files.push(making);
    }
    Ok((files, data))
}

fn step_read(reader: &mut Reader<'_>, old: &Index) -> Result<(Step, usize)> {
    match reader.number()? {
        COPY => Ok((Step::Copy(part_parse(reader, old, BUNDLE_BYTES_MAX)?), 0)),
        kind @ (PIECE_LIKE | PIECE_NEW) => {
            let like = match kind {
                PIECE_LIKE => Some(part_parse(reader, old, REFERENCE_BYTES_MAX as u64)?),
                _ => None,
            };
            let length = reader.size("bytes of a piece", PIECE_BYTES_MAX)?;
            let stored = reader.size("bytes of a piece", length)?;
            // Steps that make nothing would be without number.
            if stored == 0 {
                return Err(Error::Damaged("a piece of nothing"));
            }
            Ok((Step::Piece { length, like }, stored))
        }
        _ => Err(Error::Damaged("a step of no known kind")),
    }
}

fn part_parse(reader: &mut Reader<'_>, old: &Index, max: u64) -> Result<Part> {
    let part =
        Part { file: reader.size("a file's number", FILES_MAX)?, offset: reader.number()?, length: reader.number()? };
    limit_check("bytes of an old part", part.length, max)?;
    let inside = |size: u64| part.offset.checked_add(part.length).is_some_and(|end| end <= size);
    match old.files().get(part.file) {
        Some(file) if part.length > 0 && inside(file.size) => Ok(part),
        _ => Err(Error::Damaged("an old part lies outside its file")),
    }
}

fn part_write(writer: &mut Writer, part: Part) {
    writer.size(part.file);
    writer.number(part.offset);
    writer.number(part.length);
}

/// A part of a patch that is there, or what is wrong with it: a disk's error it is only where the bytes should be.
fn part_stored(stored: &mut impl Stored, offset: u64, length: u64) -> Result<Vec<u8>> {
    match usize::try_from(length) {
        Ok(size) if offset.saturating_add(length) <= stored.size() => Ok(stored.read(offset, size)?),
        _ => Err(Error::Damaged("it ends too early")),
    }
}

fn part_read(contents: &mut dyn Contents, part: Part) -> Result<Vec<u8>> {
    let length = usize::try_from(part.length).map_err(|_| Error::Damaged("an old part is too large"))?;
    let read = contents.read(part.file, part.offset, length)?;
    if read.len() == length { Ok(read) } else { Err(Error::Damaged("an old file is shorter than it was")) }
}

/// A frame where that is shorter, else the contents themselves; its length tells which.
fn piece_make(contents: Vec<u8>, reference: &[u8]) -> Result<Vec<u8>> {
    let frame = frame_make(&contents, LEVEL, reference)?;
    Ok(if frame.len() < contents.len() { frame } else { contents })
}
