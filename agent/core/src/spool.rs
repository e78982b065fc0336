//! The queue of what could not be sent yet: bounded, and no larger while the server is away.

use model::digest::Digest;
use model::section::SectionKind;
use model::time::Timestamp;

/// The most records.
pub const RECORDS_MAX: usize = 64;
/// The most bytes of all records together.
pub const BYTES_MAX: u64 = 4 * 1024 * 1024;

/// A section that waits, without its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record {
    /// What it is about.
    pub kind: SectionKind,
    /// The digest of its bytes.
    pub digest: Digest,
    /// When it was collected, by the device's clock.
    pub collected: Timestamp,
    /// How many bytes it has.
    pub size: u64,
}

/// Records in the order they came; sections tell a state, so the newest of a kind stands for all before it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Queue {
    records: Vec<Record>,
}

impl Queue {
    /// Adds a record; what leaves for it is returned, to be deleted: the older one of its kind, and the oldest beyond the bounds.
    pub fn add(&mut self, record: Record) -> Vec<Record> {
        let mut gone: Vec<Record> = self.records.extract_if(.., |r| r.kind == record.kind).collect();
        if record.size > BYTES_MAX {
            gone.push(record);
            return gone;
        }
        self.records.push(record);
        while self.records.len() > RECORDS_MAX || self.bytes() > BYTES_MAX {
            gone.push(self.records.remove(0));
        }
        gone
    }

    /// Takes out the records with this digest: they are durable elsewhere.
    pub fn remove(&mut self, digest: &Digest) -> Vec<Record> {
        self.records.extract_if(.., |r| r.digest == *digest).collect()
    }

    /// Takes out the record of a kind: it no longer tells the state.
    pub fn remove_kind(&mut self, kind: SectionKind) -> Option<Record> {
        self.records.iter().position(|r| r.kind == kind).map(|at| self.records.remove(at))
    }

    /// The record of a kind.
    #[must_use]
    pub fn find(&self, kind: SectionKind) -> Option<&Record> {
        self.records.iter().find(|r| r.kind == kind)
    }

    /// All records, the oldest first.
    #[must_use]
    pub fn records(&self) -> &[Record] {
        &self.records
    }

    /// The bytes of all records together.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.records.iter().map(|r| r.size).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn record(kind: usize, n: u32, size: u64) -> Record {
        Record {
            kind: SectionKind::ALL[kind],
            digest: Digest::of(&n.to_be_bytes()),
            collected: Timestamp::from_unix_seconds(n.into()),
            size,
        }
    }

    proptest! {
        #[test]
        fn it_stays_bounded_and_keeps_the_newest(adds in prop::collection::vec((0usize..5, 0u64..BYTES_MAX + 5), 1..200)) {
            let mut queue = Queue::default();
            for (n, (kind, size)) in adds.into_iter().enumerate() {
                let new = record(kind, u32::try_from(n).unwrap(), size);
                let before = queue.records().to_vec();
                let gone = queue.add(new);
                prop_assert!(queue.records().len() <= RECORDS_MAX && queue.bytes() <= BYTES_MAX);
                prop_assert_eq!(queue.find(new.kind), (size <= BYTES_MAX).then_some(&new));
                // Nothing vanishes unsaid.
                for old in before {
                    prop_assert!(gone.contains(&old) || queue.records().contains(&old));
                }
            }
        }
    }

    #[test]
    fn what_is_durable_or_void_leaves() {
        let mut queue = Queue::default();
        queue.add(record(0, 1, 10));
        queue.add(record(1, 2, 10));
        assert_eq!(queue.remove(&Digest::of(&1u32.to_be_bytes())).len(), 1);
        assert_eq!(queue.remove_kind(SectionKind::Peripherals).map(|r| r.size), Some(10));
        assert_eq!((queue.records().len(), queue.bytes()), (0, 0));
    }
}
