//! What a report carries: which sections, in which messages, under which number.

use model::section::{SectionKind, Sections};
use std::collections::BTreeSet;

/// The sections to send: those whose digest the server does not hold, and those it wants; kinds the device lacks are left out.
#[must_use]
pub fn sections_due(current: &Sections, acknowledged: &Sections, wanted: &BTreeSet<SectionKind>) -> Vec<SectionKind> {
    let due = |kind: &SectionKind| {
        current.get(kind).is_some_and(|digest| wanted.contains(kind) || acknowledged.get(kind) != Some(digest))
    };
    SectionKind::ALL.into_iter().filter(due).collect()
}

/// Shares pieces out to messages, in their order: how many go into each.
///
/// `base` is the size of a message without pieces, `sizes` those of the pieces with their framing, all in bytes; no message
/// passes `max`. There is at least one message, so that a report without sections travels too. A piece that fits in no message
/// is refused: it must never be sent.
///
/// # Errors
/// [`TooLarge`] names the first such piece.
pub fn messages(base: usize, sizes: &[usize], max: usize) -> Result<Vec<usize>, TooLarge> {
    let mut counts = vec![0];
    let mut size = base;
    for (at, piece) in sizes.iter().enumerate() {
        if base.saturating_add(*piece) > max {
            return Err(TooLarge { at, size: *piece });
        }
        if size + piece > max {
            counts.push(0);
            size = base;
        }
        size += piece;
        if let Some(last) = counts.last_mut() {
            *last += 1;
        }
    }
    Ok(counts)
}

/// A piece that fits in no message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("piece {at} of the report has {size} bytes and fits in no message")]
pub struct TooLarge {
    /// Its place.
    pub at: usize,
    /// Its size in bytes.
    pub size: usize,
}

/// The number of the last report that the server is known to hold.
///
/// A report that was not answered is sent again under the same number, so that a gap means a loss and nothing else.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sequence(u64);

impl Sequence {
    /// From the number that was kept.
    #[must_use]
    pub const fn new(held: u64) -> Self {
        Self(held)
    }

    /// The number of the last report that is held.
    #[must_use]
    pub const fn held(self) -> u64 {
        self.0
    }

    /// The number of the next report.
    #[must_use]
    pub const fn next(self) -> u64 {
        self.0.saturating_add(1)
    }

    /// Takes the number the server says it holds; true when it moved. It never goes back: after a restore the server sees the
    /// gap and asks.
    pub fn answered(&mut self, said: u64) -> bool {
        let moved = said > self.0;
        self.0 = self.0.max(said);
        moved
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::digest::Digest;
    use model::section::{MESSAGE_BYTES_MAX, PART_BYTES_MAX};
    use proptest::prelude::*;

    #[test]
    fn what_changed_and_what_is_wanted_travels() {
        let d = |n: u8| Digest::of(&[n]);
        let current =
            Sections::from([(SectionKind::Hardware, d(1)), (SectionKind::Health, d(2)), (SectionKind::System, d(3))]);
        let held = Sections::from([(SectionKind::Hardware, d(1)), (SectionKind::Health, d(9))]);
        let none = BTreeSet::new();
        assert_eq!(sections_due(&current, &held, &none), [SectionKind::System, SectionKind::Health]);
        assert_eq!(sections_due(&current, &current, &none), []);
        let wanted = BTreeSet::from([SectionKind::Hardware, SectionKind::Packages]);
        assert_eq!(sections_due(&current, &current, &wanted), [SectionKind::Hardware]);
    }

    #[test]
    fn big_pieces_travel_alone_and_small_ones_together() {
        let big = PART_BYTES_MAX + 60;
        assert_eq!(messages(150, &[100, 200, 300, big, big, 40], MESSAGE_BYTES_MAX), Ok(vec![4, 2]));
        assert_eq!(messages(150, &[], MESSAGE_BYTES_MAX), Ok(vec![0]));
        assert_eq!(
            messages(150, &[9, MESSAGE_BYTES_MAX], MESSAGE_BYTES_MAX),
            Err(TooLarge { at: 1, size: MESSAGE_BYTES_MAX })
        );
    }

    #[test]
    fn numbers_never_go_back() {
        let mut sequence = Sequence::new(4);
        assert_eq!(sequence.next(), 5);
        assert!(sequence.answered(5) && !sequence.answered(2));
        assert_eq!(sequence.next(), 6);
    }

    proptest! {
        #[test]
        fn every_piece_travels_once_in_order_under_the_limit(
            base in 0usize..1000, sizes in prop::collection::vec(0usize..50_000, 0..60), max in 51_000usize..70_000,
        ) {
            let counts = messages(base, &sizes, max).unwrap();
            prop_assert_eq!(counts.iter().sum::<usize>(), sizes.len());
            let mut at = 0;
            for (n, count) in counts.iter().enumerate() {
                let size = base + sizes[at..at + count].iter().sum::<usize>();
                prop_assert!(size <= max);
                prop_assert!(n == 0 || *count > 0);
                // As few as their order allows: the next piece would not have fitted.
                if let Some(next) = sizes.get(at + count) {
                    prop_assert!(size + next > max);
                }
                at += count;
            }
        }
    }
}
