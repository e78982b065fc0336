//! Values as they lie in sled: compressed, each by itself, with words that values of ours begin with.
//!
//! sled 0.34 keeps several copies of what changes often, so what one device takes on the disk is some times what is written of it.

use crate::encoding::take;
use bytes::Bytes;
use std::cell::RefCell;
use std::io;
use std::sync::LazyLock;
use zstd::bulk::{Compressor, Decompressor};
use zstd::dict::{DecoderDictionary, EncoderDictionary};

/// What values may refer to. It is part of the format: a store that was written with it cannot be read without, so it never changes; other
/// words would be another mark in the entries' flags.
static WORDS: &[u8] = include_bytes!("packing.words");
/// Shorter values gain less than packing them costs: what a device is told is one, and is written for all of them with each change.
const PACK_FROM_BYTES: usize = 256;
/// Zstandard's default.
const LEVEL: i32 = 3;
/// The length before the compressed bytes.
const LENGTH_BYTES: usize = 4;

static ENCODER: LazyLock<EncoderDictionary<'static>> = LazyLock::new(|| EncoderDictionary::copy(WORDS, LEVEL));
static DECODER: LazyLock<DecoderDictionary<'static>> = LazyLock::new(|| DecoderDictionary::copy(WORDS));

thread_local! {
    /// Their memory would be mapped and unmapped for each value.
    static PACKER: RefCell<Option<Compressor<'static>>> = const { RefCell::new(None) };
    static UNPACKER: RefCell<Option<Decompressor<'static>>> = const { RefCell::new(None) };
}

/// A value in fewer bytes, where that can be.
pub(crate) fn pack(value: &[u8]) -> Option<Vec<u8>> {
    if value.len() < PACK_FROM_BYTES {
        return None;
    }
    let length = u32::try_from(value.len()).ok()?;
    let packed = PACKER.with_borrow_mut(|packer| match packer {
        Some(packer) => packer.compress(value),
        None => Compressor::with_prepared_dictionary(&ENCODER).and_then(|new| packer.insert(new).compress(value)),
    });
    let packed = packed.ok().filter(|packed| packed.len() + LENGTH_BYTES < value.len())?;
    let mut out = Vec::with_capacity(LENGTH_BYTES + packed.len());
    out.extend(length.to_le_bytes());
    out.extend(packed);
    Some(out)
}

/// The value of what [`pack`] made.
///
/// # Errors
/// When it is damaged.
pub(crate) fn unpack(mut packed: &[u8]) -> io::Result<Bytes> {
    let damaged = || io::Error::from(io::ErrorKind::InvalidData);
    let length = u32::from_le_bytes(*take(&mut packed).ok_or_else(damaged)?);
    let length = usize::try_from(length).map_err(|_| damaged())?;
    if length > controlplane_core::store::VALUE_BYTES_MAX * 2 {
        return Err(damaged());
    }
    let plain = UNPACKER.with_borrow_mut(|unpacker| match unpacker {
        Some(unpacker) => unpacker.decompress(packed, length),
        None => Decompressor::with_prepared_dictionary(&DECODER)
            .and_then(|new| unpacker.insert(new).decompress(packed, length)),
    })?;
    if plain.len() == length { Ok(plain.into()) } else { Err(damaged()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_record_is_much_smaller_and_the_words_are_those_of_the_format() {
        let record = r#"{"id":"01998d5e-3b00-7c11-a2f4-9b1c0d2e3f40","state":"active","school":"0250123B","claims":{"maker":"LENOVO",
            "model":"20RA","serial":"PF1ABCDE","system_uuid":"7d1f0c9a-4e2b-4c3d-8f5e-6a7b8c9d0e1f"},"identity_key":"04ab","identity_generation":1,
            "identity_from":1,"certificate":{"serial":"5f0e","number":4,"until":1795000000000},"token":"QWERTYUI","enrolled":1788000000000}"#;
        let packed = pack(record.as_bytes()).unwrap();
        assert!(packed.len() * 2 < record.len(), "{} of {}", packed.len(), record.len());
        assert_eq!(unpack(&packed).unwrap(), record.as_bytes());
        assert_eq!(
            model::digest::Digest::of(WORDS).to_string(),
            "160a34722bb13818aee00f11c597dc80193004912c1cbb3522e398397cdb0a4c"
        );
    }

    #[test]
    fn what_is_damaged_is_an_error() {
        let packed = pack(&b"{\"seen\":1788000000000}".repeat(20)).unwrap();
        for length in 0..packed.len() {
            assert!(unpack(&packed[..length]).is_err());
        }
        assert!(unpack(&[255; 40]).is_err());
    }

    proptest! {
        #[test]
        fn whatever_is_packed_is_the_same_unpacked(value in proptest::collection::vec(0_u8..8, 0..600)) {
            if let Some(packed) = pack(&value) {
                prop_assert!(packed.len() < value.len());
                prop_assert_eq!(unpack(&packed).unwrap(), value);
            }
        }
    }
}
