//! Hash-chained entries: each names the digest of the one before, so that none can be edited, cut out or moved unseen.

use bytes::Bytes;
use model::digest::Digest;
use serde::{Deserialize, Serialize};

/// A chain's last link, from which the next one is made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tip {
    /// How many links there are; the next one's sequence.
    pub length: u64,
    /// The digest of the last link's bytes; `None` for an empty chain.
    pub last: Option<Digest>,
}

/// One link, as stored.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Link<'a> {
    /// Its place, from 0.
    pub sequence: u64,
    /// The digest of the link before, as stored; none for the first.
    pub previous: Option<Digest>,
    /// The entry, untouched.
    #[serde(borrow)]
    pub body: &'a serde_json::value::RawValue,
}

/// Why bytes are no link.
#[derive(Debug, thiserror::Error)]
pub enum ChainError {
    /// The body is not JSON.
    #[error("a chain entry is not JSON")]
    Body(#[source] serde_json::Error),
}

/// Makes the stored bytes and the id of a chain's next entry, and moves the tip.
///
/// # Errors
/// [`ChainError::Body`] when the body is not JSON; the tip stays.
pub fn link(tip: &mut Tip, body: &[u8]) -> Result<(String, Bytes), ChainError> {
    let body = serde_json::from_slice(body).map_err(ChainError::Body)?;
    let link = Link { sequence: tip.length, previous: tip.last, body };
    let bytes = Bytes::from(serde_json::to_vec(&link).map_err(ChainError::Body)?);
    *tip = Tip { length: link.sequence + 1, last: Some(Digest::of(&bytes)) };
    Ok((id(link.sequence), bytes))
}

/// The id of the entry at a place: 16 hexadecimal digits, so that ids sort by place.
#[must_use]
pub fn id(sequence: u64) -> String {
    format!("{sequence:016x}")
}

/// Where a chain is broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// The first place that does not follow from the one before.
    pub sequence: u64,
}

/// Follows stored links from a tip and answers with the tip after them.
///
/// # Errors
/// [`Broken`] with the first place that does not follow.
pub fn follow<'a>(mut tip: Tip, links: impl IntoIterator<Item = &'a [u8]>) -> Result<Tip, Broken> {
    for bytes in links {
        let broken = Broken { sequence: tip.length };
        let link: Link<'_> = serde_json::from_slice(bytes).map_err(|_| broken.clone())?;
        if link.sequence != tip.length || link.previous != tip.last {
            return Err(broken);
        }
        tip = Tip { length: tip.length + 1, last: Some(Digest::of(bytes)) };
    }
    Ok(tip)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chain(n: u64) -> Vec<Bytes> {
        let mut tip = Tip::default();
        (0..n).filter_map(|i| link(&mut tip, format!("{{\"act\":{i}}}").as_bytes()).ok()).map(|(_, b)| b).collect()
    }

    #[test]
    fn an_edit_a_cut_and_a_swap_are_located() {
        let whole = chain(5);
        let refs = |c: &[Bytes]| c.to_vec();
        let check = |c: Vec<Bytes>| follow(Tip::default(), c.iter().map(|b| b.as_ref()));
        assert_eq!(check(refs(&whole)).map(|t| t.length), Ok(5));
        let mut edited = refs(&whole);
        edited[2] = Bytes::from(String::from_utf8_lossy(&whole[2]).replace("\"act\":2", "\"act\":9"));
        assert_eq!(check(edited), Err(Broken { sequence: 3 }));
        let mut cut = refs(&whole);
        cut.remove(1);
        assert_eq!(check(cut), Err(Broken { sequence: 1 }));
        let mut swapped = refs(&whole);
        swapped.swap(3, 4);
        assert_eq!(check(swapped), Err(Broken { sequence: 3 }));
    }
}
