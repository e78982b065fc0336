//! Reading a journal back: every whole record, a torn tail, and what is missing between.

use super::record::{Record, record_after, record_at};
use super::segment::{HEADER_BYTES, Segment, header_first, segments};
use crate::error::{Error, Result};
use bytes::Bytes;
use controlplane_core::store::Revision;
use std::fs;
use std::path::{Path, PathBuf};

/// What a journal holds besides its records.
#[derive(Debug, Default)]
pub(crate) struct Reading {
    /// The first revision that could be read.
    pub(crate) first: Option<Revision>,
    /// The last revision that could be read.
    pub(crate) last: Option<Revision>,
    /// What was being written when the machine stopped; never acknowledged.
    pub(crate) torn: Option<Tail>,
    /// What had been there and is not.
    pub(crate) gaps: Vec<Gap>,
    /// The newest segment and where its last whole record ends; none when it has no whole header.
    pub(crate) end: Option<(Segment, u64)>,
    next: Option<Revision>,
    broken: Option<(PathBuf, u64)>,
}

/// A torn tail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tail {
    pub(crate) path: PathBuf,
    pub(crate) at: u64,
    pub(crate) bytes: u64,
}

/// Revisions that should be in the journal and are not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Gap {
    pub(crate) path: PathBuf,
    pub(crate) at: u64,
    pub(crate) first: Revision,
    pub(crate) last: Revision,
}

/// Shows every whole record in order and answers with what was wrong; nothing on the disk is changed.
pub(crate) fn journal_read(folder: &Path, visit: impl FnMut(Record) -> Result<()>) -> Result<Reading> {
    journal_scan(&segments(folder)?, segment_whole, visit)
}

/// The same without the segments that hold nothing after a revision; the newest is always read, for it is gone on with.
pub(crate) fn journal_read_after(
    folder: &Path,
    after: Revision,
    visit: impl FnMut(Record) -> Result<()>,
) -> Result<Reading> {
    let all = segments(folder)?;
    let needless = all.windows(2).take_while(|pair| pair[1].first <= after.saturating_add(1)).count();
    journal_scan(&all[needless..], segment_whole, visit)
}

fn segment_whole(segment: &Segment) -> Result<Bytes> {
    fs::read(&segment.path).map(Bytes::from).map_err(Error::io("reading", &segment.path))
}

/// The same over segments whose bytes the caller brings, oldest first.
pub(crate) fn journal_scan(
    segments: &[Segment],
    mut read: impl FnMut(&Segment) -> Result<Bytes>,
    mut visit: impl FnMut(Record) -> Result<()>,
) -> Result<Reading> {
    let mut reading = Reading::default();
    for (index, segment) in segments.iter().enumerate() {
        let newest = index + 1 == segments.len();
        reading.segment_read(segment, &read(segment)?, newest, &mut visit)?;
    }
    Ok(reading)
}

impl Reading {
    fn segment_read(
        &mut self,
        segment: &Segment,
        bytes: &Bytes,
        newest: bool,
        visit: &mut impl FnMut(Record) -> Result<()>,
    ) -> Result<()> {
        let path = &segment.path;
        let mut at = HEADER_BYTES;
        self.expect(path, at, segment.first);
        if header_first(path, bytes)? != Some(segment.first) {
            match record_after(bytes, 0, segment.first) {
                // The header is synced before any record, so it was whole once.
                Some((_, place)) => {
                    self.broken.get_or_insert((path.clone(), 0));
                    at = place;
                }
                None if newest => {
                    self.torn = Some(Tail { path: path.clone(), at: 0, bytes: length(bytes.len()) });
                    return Ok(());
                }
                None => {
                    self.broken.get_or_insert((path.clone(), 0));
                    return Ok(());
                }
            }
        }
        while at < bytes.len() {
            if let Some((record, end)) = record_at(bytes, at) {
                self.expect(path, at, record.revision);
                self.next = Some(record.revision + 1);
                self.first.get_or_insert(record.revision);
                self.last = Some(record.revision);
                visit(record)?;
                at = end;
                continue;
            }
            let expected = self.next.unwrap_or(segment.first);
            if !newest || synced(bytes, at, expected) {
                self.broken.get_or_insert((path.clone(), length(at)));
                if let Some((_, next)) = record_after(bytes, at, expected) {
                    at = next;
                    continue;
                }
                break;
            }
            self.torn = Some(Tail { path: path.clone(), at: length(at), bytes: length(bytes.len() - at) });
            break;
        }
        if newest {
            self.end = Some((segment.clone(), length(at)));
        }
        Ok(())
    }

    /// Notes a gap when the revision at a place is not the one that follows.
    fn expect(&mut self, path: &Path, at: usize, revision: Revision) {
        let first = *self.next.get_or_insert(revision);
        let broken = self.broken.take();
        if revision > first {
            let (path, at) = broken.unwrap_or_else(|| (path.to_owned(), length(at)));
            self.gaps.push(Gap { path, at, first, last: revision - 1 });
            self.next = Some(revision);
        }
    }
}

/// Whether what cannot be read at a place had been synced: a group is written only after the one before it was. Whole records of its
/// own group prove nothing, for a disk may write a group's pages in any order.
fn synced(bytes: &Bytes, at: usize, expected: Revision) -> bool {
    let mut at = at;
    while let Some((record, place)) = record_after(bytes, at, expected) {
        if record.group > expected {
            return true;
        }
        at = place;
    }
    false
}

fn length(bytes: usize) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encoding::Fact;
    use crate::journal::record::record_write;
    use crate::journal::segment::segment_make;
    use std::io::Write;

    /// Two groups of three commits, each of the same length; answers with that length.
    fn written(folder: &Path) -> (PathBuf, usize) {
        let mut bytes = Vec::new();
        for revision in 1..=6 {
            let fact = Fact { key: b"a\0x\x001".to_vec(), value: Some(Bytes::from_static(b"{}")), intent: true };
            record_write(&mut bytes, revision, if revision < 4 { 1 } else { 4 }, &[fact]).unwrap();
        }
        let (segment, mut file) = segment_make(folder, 1).unwrap();
        file.write_all(&bytes).unwrap();
        (segment.path, bytes.len() / 6)
    }

    fn flipped(record: usize) -> (Reading, Vec<Revision>) {
        let folder = tempfile::tempdir().unwrap();
        let (path, length) = written(folder.path());
        let mut bytes = fs::read(&path).unwrap();
        bytes[HEADER_BYTES + record * length + 30] ^= 1;
        fs::write(&path, bytes).unwrap();
        let mut seen = Vec::new();
        let reading = journal_read(folder.path(), |record| {
            seen.push(record.revision);
            Ok(())
        });
        (reading.unwrap(), seen)
    }

    #[test]
    fn what_was_never_synced_is_torn_and_what_was_is_missing() {
        for record in 0..3 {
            let (reading, seen) = flipped(record);
            let lost = u64::try_from(record).unwrap() + 1;
            assert_eq!(seen, (1..=6).filter(|revision| *revision != lost).collect::<Vec<_>>());
            assert_eq!(reading.torn, None);
            assert_eq!(reading.gaps.iter().map(|gap| (gap.first, gap.last)).collect::<Vec<_>>(), [(lost, lost)]);
        }
        for record in 3..6 {
            let (reading, seen) = flipped(record);
            assert_eq!(
                seen,
                (1..=u64::try_from(record).unwrap()).collect::<Vec<_>>(),
                "the rest of the group goes too"
            );
            assert!(reading.torn.is_some() && reading.gaps.is_empty());
        }
    }

    #[test]
    fn a_spoilt_header_hides_no_record() {
        let folder = tempfile::tempdir().unwrap();
        let (path, length) = written(folder.path());
        for records in [1, 3, 6] {
            let mut bytes = fs::read(&path).unwrap();
            bytes.truncate(HEADER_BYTES + records * length);
            bytes[3] ^= 1;
            let spoilt = tempfile::tempdir().unwrap();
            fs::write(spoilt.path().join(path.file_name().unwrap()), bytes).unwrap();
            let reading = journal_read(spoilt.path(), |_| Ok(())).unwrap();
            assert_eq!((reading.first, reading.last), (Some(1), Some(u64::try_from(records).unwrap())));
            assert!(reading.gaps.is_empty() && reading.torn.is_none());
        }
    }

    #[test]
    fn a_file_that_is_gone_is_a_gap() {
        let folder = tempfile::tempdir().unwrap();
        let (path, _) = written(folder.path());
        let mut bytes = Vec::new();
        record_write(&mut bytes, 9, 9, &[]).unwrap();
        segment_make(folder.path(), 9).unwrap().1.write_all(&bytes).unwrap();
        let reading = journal_read(folder.path(), |_| Ok(())).unwrap();
        assert_eq!(reading.gaps.iter().map(|gap| (gap.first, gap.last)).collect::<Vec<_>>(), [(7, 8)]);
        fs::write(&path, b"CARTJRNL").unwrap();
        let reading = journal_read(folder.path(), |_| Ok(())).unwrap();
        assert_eq!((reading.first, reading.gaps[0].first, reading.gaps[0].last), (Some(9), 1, 8));
    }
}
