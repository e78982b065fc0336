//! The chunks that are fetched, in the order in which they are.

use super::stage::{Placed, Stage};
use crate::source::{PIECES_MAX, Piece};
use bundle::{Chunk, ContentId};
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, VecDeque};
use std::iter::once;

/// Chunks with the same contents, and who is known not to have them.
pub(super) struct Wanted {
    first: Placed,
    /// The other places, where there are any.
    more: Vec<Placed>,
    pub(super) chunk: Chunk,
    /// By the source's number, one bit each.
    pub(super) lacked: u64,
}

impl Wanted {
    pub(super) fn places(&self) -> Vec<Placed> {
        once(self.first).chain(self.more.iter().copied()).collect()
    }

    /// Which ones of the index.
    pub(super) fn chunks(&self) -> impl Iterator<Item = usize> {
        once(self.first.chunk).chain(self.more.iter().map(|placed| placed.chunk))
    }

    /// How many bytes of the version it makes.
    pub(super) fn bytes(&self) -> u64 {
        (self.chunk.length * (self.more.len() + 1)) as u64
    }

    pub(super) fn piece(&self) -> Piece {
        let id = self.chunk.id.to_string();
        let length = u32::try_from(self.chunk.length).unwrap_or(u32::MAX);
        Piece { item: format!("chunks/{}/{id}", &id[..2]), offset: 0, length }
    }
}

/// Which ones of the index.
pub(super) fn chunks_of(wanted: &[Wanted]) -> impl Iterator<Item = usize> {
    wanted.iter().flat_map(Wanted::chunks)
}

/// Chunks in the order of the contents, those alike together.
pub(super) fn queue(stage: &Stage, lacking: Vec<Placed>) -> VecDeque<Wanted> {
    let chunks = stage.index().chunks();
    let mut at_of: BTreeMap<ContentId, usize> = BTreeMap::new();
    let mut queue: VecDeque<Wanted> = VecDeque::new();
    for placed in lacking {
        let chunk = chunks[placed.chunk];
        match at_of.entry(chunk.id) {
            Entry::Occupied(known) => queue[*known.get()].more.push(placed),
            Entry::Vacant(new) => {
                new.insert(queue.len());
                queue.push_back(Wanted { first: placed, more: Vec::new(), chunk, lacked: 0 });
            }
        }
    }
    queue
}

/// As many as come to so many bytes, of those that suit, in order.
pub(super) fn batch(queue: &mut VecDeque<Wanted>, portion: usize, suits: impl Fn(&Wanted) -> bool) -> Vec<Wanted> {
    let (mut taken, mut bytes): (Vec<usize>, usize) = (Vec::new(), 0);
    for (at, wanted) in queue.iter().enumerate().filter(|(_, wanted)| suits(wanted)) {
        if taken.len() == PIECES_MAX || (!taken.is_empty() && bytes + wanted.chunk.length > portion) {
            break;
        }
        bytes += wanted.chunk.length;
        taken.push(at);
    }
    // Those before the last one that do not suit go back to the front, in order.
    let (mut batch, mut stay) = (Vec::with_capacity(taken.len()), Vec::new());
    let mut taken = taken.into_iter().peekable();
    for at in 0.. {
        if taken.peek().is_none() {
            break;
        }
        let Some(wanted) = queue.pop_front() else { break };
        match taken.next_if_eq(&at) {
            Some(_) => batch.push(wanted),
            None => stay.push(wanted),
        }
    }
    stay.into_iter().rev().for_each(|wanted| queue.push_front(wanted));
    batch
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_suits_is_taken_in_order_and_the_rest_stays_in_order() {
        let wanted = |chunk: usize| Wanted {
            first: Placed { chunk, at: 0 },
            more: Vec::new(),
            chunk: Chunk { id: ContentId::of(&chunk.to_le_bytes()), length: 10 },
            lacked: 0,
        };
        let mut all: VecDeque<Wanted> = (0..10).map(wanted).collect();
        let numbers = |of: &[Wanted]| chunks_of(of).collect::<Vec<_>>();
        let even = |wanted: &Wanted| wanted.first.chunk.is_multiple_of(2);
        assert_eq!(numbers(&batch(&mut all, 30, even)), [0, 2, 4]);
        assert_eq!(numbers(all.make_contiguous()), [1, 3, 5, 6, 7, 8, 9]);
        assert_eq!(numbers(&batch(&mut all, 1, |_| true)), [1], "one is always asked for");
        assert_eq!(numbers(&batch(&mut all, 1_000, |_| false)), [0_usize; 0]);
        assert_eq!(numbers(&batch(&mut all, 1_000, |_| true)), [3, 5, 6, 7, 8, 9]);
        assert!(all.is_empty());
    }
}
