//! How a chunk lies in a repository and travels: a zstd frame (RFC 8878) when that is shorter than its contents, else as it is.
//!
//! Its length tells which: nothing beside it has to say so. The name is of the contents, so that a device finds a chunk among its
//! own files, and a better compressor may replace what lies under a name without a new signature.

use crate::error::limit_check;
use crate::{CHUNK_MAX, ContentId, Error, Result};
use zstd::zstd_safe::{CCtx, CParameter, DCtx};

/// How hard chunks are compressed: beyond it, packing takes several times as long for some hundredths.
const LEVEL: i32 = 3;

/// Compresses chunk after chunk, in memory that is taken once.
pub struct Packing(CCtx<'static>);

impl Packing {
    /// Makes one ready.
    ///
    /// # Errors
    /// [`Error::Compression`] when there is no memory for it.
    pub fn new() -> Result<Self> {
        let mut context = CCtx::try_create().ok_or_else(|| Error::Compression("no memory".to_owned()))?;
        context.set_parameter(CParameter::CompressionLevel(LEVEL)).map_err(Error::zstd)?;
        Ok(Self(context))
    }

    /// A chunk as it is stored.
    ///
    /// # Errors
    /// [`Error::Compression`] when the compressor fails.
    pub fn chunk_store(&mut self, contents: &[u8]) -> Result<Vec<u8>> {
        let mut stored = Vec::with_capacity(zstd::zstd_safe::compress_bound(contents.len()));
        self.0.compress2(&mut stored, contents).map_err(Error::zstd)?;
        Ok(if stored.len() < contents.len() { stored } else { contents.to_vec() })
    }
}

/// The contents of a stored chunk, when they are what the index says.
///
/// No more than `length` bytes are ever made of it, whatever it claims.
///
/// # Errors
/// [`Error::Damaged`] when it is anything else.
pub fn chunk_open(stored: &[u8], length: usize, id: ContentId) -> Result<Vec<u8>> {
    limit_check("a chunk", length as u64, CHUNK_MAX as u64)?;
    let contents = if stored.len() < length {
        frame_open(stored, length, &[]).map_err(|_| Error::Damaged("a chunk does not unpack"))?
    } else {
        stored.to_vec()
    };
    if contents.len() != length || ContentId::of(&contents) != id {
        return Err(Error::Damaged("a chunk is not what the index says"));
    }
    Ok(contents)
}

/// The contents of a frame that may refer to other bytes.
pub(crate) fn frame_open(frame: &[u8], length: usize, reference: &[u8]) -> Result<Vec<u8>> {
    let mut context = DCtx::try_create().ok_or_else(|| Error::Compression("no memory".to_owned()))?;
    if !reference.is_empty() {
        context.ref_prefix(reference).map_err(Error::zstd)?;
    }
    let mut contents = Vec::with_capacity(length);
    context.decompress(&mut contents, frame).map_err(Error::zstd)?;
    if contents.len() == length { Ok(contents) } else { Err(Error::Damaged("a frame is shorter than was said")) }
}

/// A frame of some contents that refers to other bytes, which whoever opens it must have.
pub(crate) fn frame_make(contents: &[u8], level: i32, reference: &[u8]) -> Result<Vec<u8>> {
    let mut context = CCtx::try_create().ok_or_else(|| Error::Compression("no memory".to_owned()))?;
    let window = usize::BITS - (reference.len() + contents.len()).leading_zeros();
    let parameters = [CParameter::CompressionLevel(level), CParameter::WindowLog(window.clamp(10, 27))];
    for parameter in parameters {
        context.set_parameter(parameter).map_err(Error::zstd)?;
    }
    if !reference.is_empty() {
        context.ref_prefix(reference).map_err(Error::zstd)?;
    }
    let mut frame = Vec::with_capacity(zstd::zstd_safe::compress_bound(contents.len()));
    context.compress2(&mut frame, contents).map_err(Error::zstd)?;
    Ok(frame)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_stored_opens_and_nothing_else_does(contents in prop::collection::vec(0_u8..4, 1..3_000), at: prop::sample::Index, by in 1_u8..) {
            let mut packing = Packing::new().unwrap();
            let stored = packing.chunk_store(&contents).unwrap();
            let id = ContentId::of(&contents);
            prop_assert!(stored.len() <= contents.len());
            prop_assert_eq!(&chunk_open(&stored, contents.len(), id).unwrap(), &contents);
            prop_assert!(chunk_open(&stored, contents.len() + 1, id).is_err());
            prop_assert!(chunk_open(&stored[..stored.len() - 1], contents.len(), id).is_err());
            let mut bad = stored.clone();
            bad[at.index(stored.len())] ^= by;
            // A changed byte may be one that says nothing; other contents never come of it.
            if let Ok(opened) = chunk_open(&bad, contents.len(), id) {
                prop_assert_eq!(&opened, &contents);
            }
        }
    }

    #[test]
    fn a_bomb_stays_within_its_length() {
        let bomb = frame_make(&vec![0; 64 << 20], 3, &[]).unwrap();
        assert!(bomb.len() < 10_000);
        let said = chunk_open(&bomb, CHUNK_MAX, ContentId::of(b"x")).unwrap_err();
        assert!(matches!(said, Error::Damaged(_)), "{said}");
        assert!(matches!(chunk_open(&bomb, 64 << 20, ContentId::of(b"x")), Err(Error::Limit { .. })));
    }
}
