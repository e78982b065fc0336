//! Sections in pieces: cut for the message limit, put together again under the section limit.

use super::ConvertError;
use super::desired::digest;
use crate::v1;
use bytes::Bytes;
use model::digest::Digest;
use model::section::{PART_BYTES_MAX, SECTION_BYTES_MAX, SectionKind};
use model::time::Timestamp;
use std::cell::RefCell;

/// Sections below this many bytes travel as they are: a frame's head would eat the gain.
const COMPRESS_FROM_BYTES: usize = 256;
/// Zstandard's level: the third is its default and costs a small machine little.
const COMPRESS_LEVEL: i32 = 3;
/// The most pieces of one section.
const PARTS_MAX: u32 = 24;
const _: () = assert!(PARTS_MAX as usize * PART_BYTES_MAX >= SECTION_BYTES_MAX);

thread_local! {
    /// A decompressor has some 150 KiB, which would be mapped and unmapped for each section.
    static UNPACKER: RefCell<Option<zstd::bulk::Decompressor<'static>>> = const { RefCell::new(None) };
}

/// Why pieces do not make a section.
#[derive(Debug, thiserror::Error)]
pub enum PartError {
    /// A piece is not valid in itself.
    #[error(transparent)]
    Convert(#[from] ConvertError),
    /// A piece that does not follow the ones before.
    #[error("a piece of the section {0} is missing")]
    Order(SectionKind),
    /// Too large, or compressed so that it would be.
    #[error("the section {0} is larger than {max} bytes or its compression is damaged", max = .0.bytes_max())]
    Size(SectionKind),
    /// The bytes do not have the digest that was said.
    #[error("the section {0} does not match its digest")]
    Digest(SectionKind),
}

/// Cuts a section into the pieces that travel.
#[must_use]
pub fn section_parts(kind: SectionKind, bytes: &[u8], collected: Timestamp) -> Vec<v1::SectionPart> {
    let packed = (bytes.len() >= COMPRESS_FROM_BYTES)
        .then(|| zstd::bulk::compress(bytes, COMPRESS_LEVEL).ok())
        .flatten()
        .filter(|packed| packed.len() < bytes.len());
    let (encoding, body) = match packed {
        Some(packed) => (v1::Encoding::Zstd, Bytes::from(packed)),
        None => (v1::Encoding::Plain, Bytes::copy_from_slice(bytes)),
    };
    let whole = Digest::of(bytes);
    let count = body.len().div_ceil(PART_BYTES_MAX).max(1);
    (0..count)
        .map(|index| v1::SectionPart {
            kind: v1::SectionKind::from(kind).into(),
            digest: whole.as_bytes().to_vec(),
            encoding: encoding.into(),
            index: u32::try_from(index).unwrap_or(u32::MAX),
            count: u32::try_from(count).unwrap_or(u32::MAX),
            body: body.slice(index * PART_BYTES_MAX..body.len().min((index + 1) * PART_BYTES_MAX)),
            collected_unix_ms: collected.unix_millis(),
        })
        .collect()
}

/// A section whose pieces are arriving.
#[derive(Debug)]
pub struct Assembly {
    kind: SectionKind,
    digest: Digest,
    encoding: v1::Encoding,
    count: u32,
    next: u32,
    collected: Timestamp,
    body: Vec<u8>,
}

/// A section put together: its plain bytes, and the bytes as they travelled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assembled {
    /// What it is about.
    pub kind: SectionKind,
    /// The digest of the plain bytes, checked.
    pub digest: Digest,
    /// When the device collected it, by its own clock.
    pub collected: Timestamp,
    /// The plain bytes.
    pub plain: Vec<u8>,
    /// As they travelled, for keeping.
    pub packed: Vec<u8>,
    /// Whether `packed` is one Zstandard frame.
    pub zstd: bool,
}

/// Takes a piece: begins with the first, goes on with the next, and gives the section with the last.
///
/// # Errors
/// [`PartError`] for a piece out of order, over the limits, or a section that does not match its digest; the assembly is then
/// empty again.
pub fn parts_join(assembly: &mut Option<Assembly>, part: v1::SectionPart) -> Result<Option<Assembled>, PartError> {
    let kind = SectionKind::try_from(part.kind())?;
    let encoding = part.encoding();
    let digest = digest(&part.digest, "section.digest")?;
    if encoding == v1::Encoding::Unspecified || !(1..=PARTS_MAX).contains(&part.count) {
        return Err(ConvertError::invalid("section.encoding").into());
    }
    if part.body.len() > PART_BYTES_MAX {
        return Err(PartError::Size(kind));
    }
    let mut so_far = match assembly.take() {
        Some(a) if part.index > 0 && a.follows(kind, &digest, encoding, &part) => a,
        _ if part.index == 0 => Assembly {
            kind,
            digest,
            encoding,
            count: part.count,
            next: 0,
            collected: Timestamp::from_unix_millis(part.collected_unix_ms),
            body: Vec::new(),
        },
        _ => return Err(PartError::Order(kind)),
    };
    so_far.body.extend_from_slice(&part.body);
    so_far.next += 1;
    if so_far.body.len() > kind.bytes_max() {
        return Err(PartError::Size(kind));
    }
    if so_far.next < so_far.count {
        *assembly = Some(so_far);
        return Ok(None);
    }
    so_far.finish().map(Some)
}

impl Assembly {
    fn follows(&self, kind: SectionKind, digest: &Digest, encoding: v1::Encoding, part: &v1::SectionPart) -> bool {
        self.kind == kind
            && self.digest == *digest
            && self.encoding == encoding
            && self.count == part.count
            && self.next == part.index
    }

    fn finish(self) -> Result<Assembled, PartError> {
        let zstd = self.encoding == v1::Encoding::Zstd;
        let plain = if zstd { unpack(self.kind, &self.body)? } else { self.body.clone() };
        if Digest::of(&plain) != self.digest {
            return Err(PartError::Digest(self.kind));
        }
        let Self { kind, digest, collected, body: packed, .. } = self;
        Ok(Assembled { kind, digest, collected, plain, packed, zstd })
    }
}

/// The plain bytes of a kept section.
///
/// # Errors
/// [`PartError::Size`] when they are damaged or too many.
pub fn section_unpack(kind: SectionKind, packed: &[u8], zstd: bool) -> Result<Vec<u8>, PartError> {
    if zstd { unpack(kind, packed) } else { Ok(packed.to_vec()) }
}

/// Unpacks with room for what the frame says of itself, never more than a section may have.
fn unpack(kind: SectionKind, packed: &[u8]) -> Result<Vec<u8>, PartError> {
    let said = zstd::zstd_safe::get_frame_content_size(packed).ok().flatten();
    let size = said.and_then(|s| usize::try_from(s).ok()).unwrap_or(kind.bytes_max());
    if size > kind.bytes_max() {
        return Err(PartError::Size(kind));
    }
    UNPACKER
        .with_borrow_mut(|unpacker| match unpacker {
            Some(unpacker) => unpacker.decompress(packed, size),
            None => zstd::bulk::Decompressor::new().and_then(|new| unpacker.insert(new).decompress(packed, size)),
        })
        .map_err(|_| PartError::Size(kind))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn join(parts: Vec<v1::SectionPart>) -> Result<Option<Assembled>, PartError> {
        let mut assembly = None;
        let mut last = None;
        for part in parts {
            last = parts_join(&mut assembly, part)?;
        }
        Ok(last)
    }

    fn noise(len: usize) -> Vec<u8> {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        (0..len)
            .map(|_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                state.to_be_bytes()[0]
            })
            .collect()
    }

    proptest! {
        #[test]
        fn pieces_make_the_section(len in 0usize..200_000, noisy in any::<bool>()) {
            let bytes = if noisy { noise(len) } else { vec![7; len] };
            let parts = section_parts(SectionKind::Packages, &bytes, Timestamp::from_unix_seconds(1));
            let whole = join(parts).unwrap().unwrap();
            prop_assert_eq!(&whole.plain, &bytes);
            prop_assert_eq!(section_unpack(whole.kind, &whole.packed, whole.zstd).unwrap(), bytes);
        }
    }

    #[test]
    fn a_missing_a_foreign_and_a_damaged_piece_are_refused() {
        let bytes = noise(120_000);
        let parts = section_parts(SectionKind::Packages, &bytes, Timestamp::default());
        assert!(parts.len() > 2);
        let mut missing = parts.clone();
        missing.remove(1);
        assert!(matches!(join(missing), Err(PartError::Order(SectionKind::Packages))));
        let mut damaged = parts.clone();
        damaged[1].body = Bytes::from(vec![0; damaged[1].body.len()]);
        assert!(join(damaged).is_err());
        let mut lying = section_parts(SectionKind::Health, b"short", Timestamp::default());
        lying[0].digest = Digest::of(b"other").as_bytes().to_vec();
        assert!(matches!(join(lying), Err(PartError::Digest(SectionKind::Health))));
    }

    #[test]
    fn a_bomb_does_not_go_off() {
        let bomb = zstd::bulk::compress(&vec![0; SECTION_BYTES_MAX * 8], 3).unwrap();
        assert!(bomb.len() < PART_BYTES_MAX);
        let part = v1::SectionPart {
            kind: v1::SectionKind::Packages.into(),
            digest: vec![0; 32],
            encoding: v1::Encoding::Zstd.into(),
            index: 0,
            count: 1,
            body: bomb.into(),
            collected_unix_ms: 0,
        };
        assert!(matches!(join(vec![part]), Err(PartError::Size(SectionKind::Packages))));
    }
}
