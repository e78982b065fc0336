//! Following a chain, and telling where and how it is broken.

use super::{Link, Tip};
use crate::digest::Digest;

/// Where a chain is broken, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Broken {
    /// The first place that is not as it was written, from 0.
    pub sequence: u64,
    /// What is wrong there.
    pub fault: Fault,
}

/// What is wrong with a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The entry is not the one that the next one was linked to, or it is no entry at all.
    Edited,
    /// Entries are missing; the next one there is has this sequence.
    Cut {
        /// The sequence of the next entry there is.
        next: u64,
    },
    /// The entry that belongs here stands elsewhere, or another one stands here a second time.
    Reordered,
    /// The entry follows from the one before but bears this sequence.
    Sequence {
        /// The sequence it bears.
        found: u64,
    },
    /// The chain ends here; a checkpoint has seen it with this length.
    Truncated {
        /// The length it had.
        length: u64,
    },
    /// The chain holds together, yet this entry is not the one a checkpoint has seen: it, or one before it, was written anew.
    Rewritten,
}

/// A chain being followed, one link at a time, in whatever pieces it comes.
///
/// What is wrong with a link often shows only from the links after it, so a fault may stay open until they have been seen.
#[derive(Clone, Debug)]
pub struct Walk {
    tip: Tip,
    fault: Option<Suspicion>,
}

#[derive(Clone, Copy, Debug)]
struct Suspicion {
    broken: Broken,
    open: Open,
}

/// What could still change the verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Open {
    /// Nothing.
    Settled,
    /// The missing link may yet come: then nothing was cut.
    Missing,
    /// The link does not name the one before. If the next one does not name it either, it was edited itself; this is its digest.
    Which(Digest),
}

impl Walk {
    /// From the beginning, or from a tip that was reached before.
    #[must_use]
    pub const fn new(from: Tip) -> Self {
        Self { tip: from, fault: None }
    }

    /// The tip of what held together so far.
    #[must_use]
    pub const fn tip(&self) -> Tip {
        self.tip
    }

    /// Whether no further link can change the verdict.
    #[must_use]
    pub fn settled(&self) -> bool {
        self.fault.is_some_and(|suspicion| suspicion.open == Open::Settled)
    }

    /// Takes the next link, as stored.
    pub fn step(&mut self, bytes: &[u8]) {
        let link: Option<Link<'_>> = serde_json::from_slice(bytes).ok();
        match &mut self.fault {
            None => self.fault = self.judge(link.as_ref(), bytes),
            Some(suspicion) => suspicion.learn(link.as_ref()),
        }
    }

    /// The tip that was reached.
    ///
    /// # Errors
    /// [`Broken`] with the first broken place.
    pub fn end(self) -> Result<Tip, Broken> {
        self.fault.map_or(Ok(self.tip), |suspicion| Err(suspicion.broken))
    }

    fn judge(&mut self, link: Option<&Link<'_>>, bytes: &[u8]) -> Option<Suspicion> {
        let here = self.tip.length;
        let found = |sequence, fault, open| Some(Suspicion { broken: Broken { sequence, fault }, open });
        let Some(link) = link else { return found(here, Fault::Edited, Open::Settled) };
        let digest = Digest::of(bytes);
        match (link.sequence, link.previous == self.tip.last) {
            (sequence, true) if sequence == here => {
                self.tip = Tip { length: here + 1, last: Some(digest) };
                None
            }
            (sequence, true) => found(here, Fault::Sequence { found: sequence }, Open::Settled),
            (sequence, false) if sequence > here => found(here, Fault::Cut { next: sequence }, Open::Missing),
            (sequence, false) if sequence < here => found(here, Fault::Reordered, Open::Settled),
            // The first has none before it.
            (_, false) => match here.checked_sub(1) {
                Some(before) => found(before, Fault::Edited, Open::Which(digest)),
                None => found(here, Fault::Edited, Open::Settled),
            },
        }
    }
}

impl Suspicion {
    fn learn(&mut self, link: Option<&Link<'_>>) {
        match self.open {
            Open::Settled => {}
            Open::Missing => {
                if link.is_some_and(|link| link.sequence == self.broken.sequence) {
                    self.broken.fault = Fault::Reordered;
                    self.open = Open::Settled;
                }
            }
            Open::Which(digest) => {
                let after = self.broken.sequence + 2;
                if link.is_some_and(|link| link.sequence == after && link.previous != Some(digest)) {
                    self.broken.sequence += 1;
                }
                self.open = Open::Settled;
            }
        }
    }
}

/// Follows stored links from a tip and answers with the tip after them.
///
/// # Errors
/// [`Broken`] with the first broken place.
pub fn follow<'a>(from: Tip, links: impl IntoIterator<Item = &'a [u8]>) -> Result<Tip, Broken> {
    let mut walk = Walk::new(from);
    for bytes in links {
        walk.step(bytes);
        if walk.settled() {
            break;
        }
    }
    walk.end()
}

/// Compares a tip that was kept with the one reached after at most as many links: the only way to see that a chain lost its end.
///
/// # Errors
/// [`Broken`] as truncated when the chain is shorter, as rewritten when it is another.
pub fn checkpoint_compare(kept: Tip, reached: Tip) -> Result<(), Broken> {
    if reached.length < kept.length {
        return Err(Broken { sequence: reached.length, fault: Fault::Truncated { length: kept.length } });
    }
    if reached.last == kept.last {
        return Ok(());
    }
    Err(Broken { sequence: kept.length.saturating_sub(1), fault: Fault::Rewritten })
}

#[cfg(test)]
mod tests {
    use super::super::link;
    use super::*;
    use bytes::Bytes;

    fn chain(n: u64) -> Vec<Bytes> {
        chain_of((0..n).map(|i| format!("{{\"act\":{i}}}")))
    }

    fn chain_of(bodies: impl Iterator<Item = String>) -> Vec<Bytes> {
        let mut tip = Tip::default();
        bodies.map(|body| link(&mut tip, body.as_bytes()).unwrap().1).collect()
    }

    fn tip(links: &[Bytes]) -> Result<Tip, Broken> {
        follow(Tip::default(), links.iter().map(|b| b.as_ref()))
    }

    fn broken(links: &[Bytes]) -> (u64, Fault) {
        let broken = tip(links).unwrap_err();
        (broken.sequence, broken.fault)
    }

    fn replaced(link: &Bytes, from: &str, to: &str) -> Bytes {
        let text = String::from_utf8(link.to_vec()).unwrap();
        assert!(text.contains(from), "{text}");
        Bytes::from(text.replace(from, to))
    }

    #[test]
    fn an_edit_is_found_where_it_was_made() {
        let whole = chain(6);
        assert_eq!(tip(&whole).map(|t| t.length), Ok(6));
        for at in 0..5 {
            let mut edited = whole.clone();
            edited[at] = replaced(&whole[at], &format!("\"act\":{at}"), "\"act\":99");
            assert_eq!(broken(&edited), (at as u64, Fault::Edited));
        }
        // The link's own pointer; of the last entry but one nothing but its follower can tell.
        let pointer = Digest::of(&whole[2]).to_string();
        let mut edited = whole.clone();
        edited[3] = replaced(&whole[3], &pointer, &Digest::of(b"x").to_string());
        assert_eq!(broken(&edited), (3, Fault::Edited));
        for spoilt in [&b""[..], b"{", b"null", b"\xff", b"{\"sequence\":2}"] {
            let mut edited = whole.clone();
            edited[2] = Bytes::copy_from_slice(spoilt);
            assert_eq!(broken(&edited), (2, Fault::Edited));
        }
        let mut first = whole;
        first[0] = replaced(&first[0], "null", &format!("\"{pointer}\""));
        assert_eq!(broken(&first), (0, Fault::Edited));
    }

    #[test]
    fn a_cut_a_swap_and_a_wrong_sequence_are_told_apart() {
        let whole = chain(6);
        let mut cut = whole.clone();
        cut.drain(1..3);
        assert_eq!(broken(&cut), (1, Fault::Cut { next: 3 }));
        assert_eq!(broken(&whole[1..]), (0, Fault::Cut { next: 1 }));
        let mut swapped = whole.clone();
        swapped.swap(3, 4);
        assert_eq!(broken(&swapped), (3, Fault::Reordered));
        let mut late = whole.clone();
        let moved = late.remove(1);
        late.push(moved);
        assert_eq!(broken(&late), (1, Fault::Reordered));
        let mut twice = whole.clone();
        twice.insert(3, whole[2].clone());
        assert_eq!(broken(&twice), (3, Fault::Reordered));
        let mut renumbered = whole.clone();
        renumbered[4] = replaced(&whole[4], "\"sequence\":4", "\"sequence\":7");
        assert_eq!(broken(&renumbered), (4, Fault::Sequence { found: 7 }));
    }

    /// Nothing within a shorter chain tells that it was longer.
    #[test]
    fn a_lost_end_shows_against_a_checkpoint() {
        let whole = chain(6);
        let kept = tip(&whole).unwrap();
        let shorter = tip(&whole[..4]).unwrap();
        let lost = checkpoint_compare(kept, shorter).unwrap_err();
        assert_eq!(lost, Broken { sequence: 4, fault: Fault::Truncated { length: 6 } });
        assert_eq!(checkpoint_compare(shorter, tip(&whole[..4]).unwrap()), Ok(()));
        assert_eq!(checkpoint_compare(Tip::default(), Tip::default()), Ok(()));
        // Cut and linked anew: the chain holds together and is another.
        let anew = chain_of((0..6).map(|i| format!("{{\"act\":{}}}", if i == 5 { 9 } else { i })));
        let other = checkpoint_compare(kept, tip(&anew).unwrap()).unwrap_err();
        assert_eq!(other, Broken { sequence: 5, fault: Fault::Rewritten });
    }

    #[test]
    fn a_walk_goes_on_from_where_another_stopped() {
        let whole = chain(6);
        let half = tip(&whole[..3]).unwrap();
        assert_eq!(follow(half, whole[3..].iter().map(|b| b.as_ref())), tip(&whole));
        let elsewhere = Tip { last: Some(Digest::of(b"x")), ..half };
        let found = follow(elsewhere, whole[3..].iter().map(|b| b.as_ref())).unwrap_err();
        assert_eq!(found, Broken { sequence: 2, fault: Fault::Edited });
    }
}
