//! Bytes of keys and entries in sled, where everything stands in one tree (many trees make sled 0.34 grow without end).

use crate::packing::pack;
use bytes::Bytes;
use controlplane_core::store::{Key, Revision};

/// Where the tree says how far it is; no territory begins with a zero byte.
pub(crate) const APPLIED: &[u8] = b"\0applied";
/// The newest version of these encodings: the second knows values that are packed.
pub(crate) const VERSION: u32 = 2;
const APPLIED_BYTES: usize = 4 + 8 + 4 + 8 + 8;
const INTENT: u8 = 1;
const PACKED: u8 = 2;

/// One write that was decided: what a key holds from now on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fact {
    pub(crate) key: Vec<u8>,
    pub(crate) value: Option<Bytes>,
    pub(crate) intent: bool,
}

/// An entry as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stored<V> {
    pub(crate) revision: Revision,
    pub(crate) intent: bool,
    /// Whether the value is to be [`crate::packing::unpack`]ed.
    pub(crate) packed: bool,
    pub(crate) value: V,
}

/// How far the tree is, in the same batch as what it tells of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Applied {
    pub(crate) revision: Revision,
    pub(crate) epoch: u32,
    pub(crate) tally: Tally,
}

/// How many entries there are and a sum over their keys and revisions: sled can come up without some pages and say nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) count: u64,
    pub(crate) sum: u64,
}

/// Territory, table and id with zero bytes between, which none of them holds, so that no key is a prefix of another table's.
pub(crate) fn key_bytes(key: &Key) -> Vec<u8> {
    key_of(key.territory.as_str(), key.table, &key.id)
}

/// As [`key_bytes`], from the parts.
pub(crate) fn key_of(territory: &str, table: &str, id: &str) -> Vec<u8> {
    [territory.as_bytes(), table.as_bytes(), id.as_bytes()].join(&0)
}

/// The territory, table and id of a key's bytes.
pub(crate) fn key_parts(bytes: &[u8]) -> Option<(&str, &str, &str)> {
    let mut parts = std::str::from_utf8(bytes).ok()?.splitn(3, '\0');
    let found = (parts.next()?, parts.next()?, parts.next()?);
    (!found.0.is_empty()).then_some(found)
}

pub(crate) fn entry_bytes(revision: Revision, intent: bool, value: &[u8]) -> Vec<u8> {
    let packed = pack(value);
    let kept = packed.as_deref().unwrap_or(value);
    let mut out = Vec::with_capacity(9 + kept.len());
    out.extend(revision.to_be_bytes());
    out.push(if intent { INTENT } else { 0 } | if packed.is_some() { PACKED } else { 0 });
    out.extend(kept);
    out
}

pub(crate) fn entry_parts(bytes: &[u8]) -> Option<Stored<&[u8]>> {
    let (revision, rest) = bytes.split_first_chunk::<8>()?;
    let (flags, value) = rest.split_first()?;
    let revision = Revision::from_be_bytes(*revision);
    Some(Stored { revision, intent: flags & INTENT != 0, packed: flags & PACKED != 0, value })
}

impl Applied {
    pub(crate) fn to_bytes(self) -> [u8; APPLIED_BYTES] {
        let mut out = [0; APPLIED_BYTES];
        out[..4].copy_from_slice(&VERSION.to_be_bytes());
        out[4..12].copy_from_slice(&self.revision.to_be_bytes());
        out[12..16].copy_from_slice(&self.epoch.to_be_bytes());
        out[16..24].copy_from_slice(&self.tally.count.to_be_bytes());
        out[24..].copy_from_slice(&self.tally.sum.to_be_bytes());
        out
    }

    /// The version found and, if it is ours, what it says.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<(u32, Option<Self>)> {
        let mut rest = bytes;
        let version = u32::from_be_bytes(*take(&mut rest)?);
        if !(1..=VERSION).contains(&version) {
            return Some((version, None));
        }
        let revision = u64::from_be_bytes(*take(&mut rest)?);
        let epoch = u32::from_be_bytes(*take(&mut rest)?);
        let tally = Tally { count: u64::from_be_bytes(*take(&mut rest)?), sum: u64::from_be_bytes(*take(&mut rest)?) };
        rest.is_empty().then_some((version, Some(Self { revision, epoch, tally })))
    }
}

impl Tally {
    pub(crate) fn add(&mut self, key: &[u8], revision: Revision) {
        self.count = self.count.wrapping_add(1);
        self.sum = self.sum.wrapping_add(mark(key, revision));
    }

    pub(crate) fn remove(&mut self, key: &[u8], revision: Revision) {
        self.count = self.count.wrapping_sub(1);
        self.sum = self.sum.wrapping_sub(mark(key, revision));
    }
}

/// Takes a fixed number of bytes from the front.
pub(crate) fn take<'a, const N: usize>(bytes: &mut &'a [u8]) -> Option<&'a [u8; N]> {
    let (taken, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(taken)
}

/// FNV-1a (RFC 9923) over the key, and the finaliser of SplitMix64 so that neighbouring revisions do not cancel out.
fn mark(key: &[u8], revision: Revision) -> u64 {
    let byte = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    let mut z = key.iter().fold(0xcbf2_9ce4_8422_2325, byte) ^ revision.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let key = key_of("a-b", "x_y", "é/1");
        assert_eq!(key_parts(&key), Some(("a-b", "x_y", "é/1")));
        assert_eq!(key_parts(APPLIED), None);
        let entry = entry_bytes(7, true, b"v");
        assert_eq!(
            entry_parts(&entry),
            Some(Stored { revision: 7, intent: true, packed: false, value: b"v".as_ref() })
        );
        let long = [b'a'; 300];
        assert!(
            entry_parts(&entry_bytes(7, true, &long)).is_some_and(|stored| stored.packed && stored.value.len() < 50)
        );
        assert_eq!(entry_parts(b"short"), None);
        let mut applied = Applied { revision: 9, epoch: 2, tally: Tally::default() };
        applied.tally.add(&key, 3);
        assert_eq!(Applied::from_bytes(&applied.to_bytes()), Some((VERSION, Some(applied))));
        assert_eq!(Applied::from_bytes(&[0, 0, 0, 9, 1]), Some((9, None)));
        assert_eq!(Applied::from_bytes(&applied.to_bytes()[..20]), None);
        applied.tally.remove(&key, 3);
        assert_eq!(applied.tally, Tally::default());
    }
}
