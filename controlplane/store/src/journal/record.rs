//! One commit in the journal: length u32, CRC-32 u32, revision u64, group u64, payload; little-endian.
//!
//! The group is the first revision of those that were synced together. It tells a torn tail (nothing of a later group follows) from
//! damage (a later group exists, so this one had been synced).

use crate::encoding::{Fact, take};
use bytes::Bytes;
use controlplane_core::limits::BATCH_BYTES_MAX;
use controlplane_core::store::{BATCH_WRITES_MAX, ID_BYTES_MAX, Revision};

pub(crate) const HEAD_BYTES: usize = 4 + 4 + 8 + 8;
/// More than any batch within its limits needs: its bytes, and for each write a key and the frame around it.
const PAYLOAD_BYTES_MAX: usize = BATCH_BYTES_MAX + (BATCH_WRITES_MAX + 1) * (ID_BYTES_MAX + 1_024);
/// No journal holds so many commits more than its file's first.
const REVISIONS_MAX: u64 = 1 << 32;
const VALUE: u8 = 1;
const INTENT: u8 = 2;

/// One commit as read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) revision: Revision,
    pub(crate) group: Revision,
    payload: Bytes,
}

impl Record {
    /// What it wrote; none when the payload is not as this program writes it, which its checksum excludes but for a bug.
    pub(crate) fn facts(&self) -> Option<Vec<Fact>> {
        let mut rest = self.payload.as_ref();
        let count = usize::try_from(u32::from_le_bytes(*take(&mut rest)?)).ok()?;
        let mut facts = Vec::with_capacity(count.min(BATCH_WRITES_MAX));
        for _ in 0..count {
            let [flags] = *take(&mut rest)?;
            let length = usize::from(u16::from_le_bytes(*take(&mut rest)?));
            let (key, after) = rest.split_at_checked(length)?;
            rest = after;
            let value = if flags & VALUE == 0 {
                None
            } else {
                let length = usize::try_from(u32::from_le_bytes(*take(&mut rest)?)).ok()?;
                let (value, after) = rest.split_at_checked(length)?;
                rest = after;
                Some(self.payload.slice_ref(value))
            };
            facts.push(Fact { key: key.to_vec(), value, intent: flags & INTENT != 0 });
        }
        rest.is_empty().then_some(facts)
    }
}

/// Appends a record's bytes; none when a fact is larger than any within the limits, and then `out` is as before.
pub(crate) fn record_write(out: &mut Vec<u8>, revision: Revision, group: Revision, facts: &[Fact]) -> Option<()> {
    let start = out.len();
    let written = payload_write(out, revision, group, facts);
    if written.is_none() {
        out.truncate(start);
    }
    written
}

/// The record at a place, if it is whole.
pub(crate) fn record_at(bytes: &Bytes, at: usize) -> Option<(Record, usize)> {
    let mut rest = bytes.get(at..)?;
    let length = usize::try_from(u32::from_le_bytes(*take(&mut rest)?)).ok()?;
    let crc = u32::from_le_bytes(*take(&mut rest)?);
    let end = at.checked_add(HEAD_BYTES)?.checked_add(length)?;
    if length > PAYLOAD_BYTES_MAX || end > bytes.len() || crc32fast::hash(&bytes[at + 8..end]) != crc {
        return None;
    }
    let revision = u64::from_le_bytes(*take(&mut rest)?);
    let group = u64::from_le_bytes(*take(&mut rest)?);
    let record = Record { revision, group, payload: bytes.slice(at + HEAD_BYTES..end) };
    Some((record, end))
}

/// The first whole record after a place that holds none, numbered from `least` on. A value cannot pass for one: values are JSON, and a
/// number within the range has zero bytes.
pub(crate) fn record_after(bytes: &Bytes, at: usize, least: Revision) -> Option<(Record, usize)> {
    (at + 1..bytes.len().saturating_sub(HEAD_BYTES)).find_map(|at| {
        // The numbers are looked at first: a checksum at every byte would take minutes.
        let mut numbers = bytes.get(at + 8..)?;
        let revision = u64::from_le_bytes(*take(&mut numbers)?);
        let group = u64::from_le_bytes(*take(&mut numbers)?);
        let plausible =
            (least..least.saturating_add(REVISIONS_MAX)).contains(&revision) && group <= revision && group > 0;
        if plausible { record_at(bytes, at).map(|(record, _)| (record, at)) } else { None }
    })
}

fn payload_write(out: &mut Vec<u8>, revision: Revision, group: Revision, facts: &[Fact]) -> Option<()> {
    let start = out.len();
    out.extend([0; 8]);
    out.extend(revision.to_le_bytes());
    out.extend(group.to_le_bytes());
    out.extend(u32::try_from(facts.len()).ok()?.to_le_bytes());
    for fact in facts {
        let flags = if fact.value.is_some() { VALUE } else { 0 } | if fact.intent { INTENT } else { 0 };
        out.push(flags);
        out.extend(u16::try_from(fact.key.len()).ok()?.to_le_bytes());
        out.extend(&fact.key);
        if let Some(value) = &fact.value {
            out.extend(u32::try_from(value.len()).ok()?.to_le_bytes());
            out.extend(value.as_ref());
        }
    }
    let length = u32::try_from(out.len() - start - HEAD_BYTES).ok()?;
    let crc = crc32fast::hash(&out[start + 8..]);
    out[start..start + 4].copy_from_slice(&length.to_le_bytes());
    out[start + 4..start + 8].copy_from_slice(&crc.to_le_bytes());
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn fact() -> impl Strategy<Value = Fact> {
        let bytes = || proptest::collection::vec(any::<u8>(), 0..64);
        (bytes(), proptest::option::of(bytes()), any::<bool>()).prop_map(|(key, value, intent)| Fact {
            key,
            value: value.map(Bytes::from),
            intent,
        })
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(facts in proptest::collection::vec(fact(), 0..8), revision in 1_u64.., cut in any::<usize>(), flip in any::<(usize, u8)>()) {
            let mut out = b"before".to_vec();
            record_write(&mut out, revision, revision, &facts).unwrap();
            let bytes = Bytes::from(out.clone());
            let (record, end) = record_at(&bytes, 6).unwrap();
            prop_assert_eq!((record.revision, record.group, end), (revision, revision, bytes.len()));
            prop_assert_eq!(record.facts().unwrap(), facts);
            prop_assert_eq!(record_after(&bytes, 2, revision).map(|(_, at)| at), Some(6));
            prop_assert!(record_at(&bytes.slice(..6 + cut % (end - 6)), 6).is_none());
            let place = 6 + flip.0 % (end - 6);
            out[place] ^= flip.1.max(1);
            prop_assert!(record_at(&Bytes::from(out), 6).is_none());
        }
    }
}
