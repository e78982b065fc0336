//! Where contents are cut: content-defined, so that what was inserted moves no later cut (FastCDC, Xia and others, USENIX ATC 2016).
//!
//! Written here rather than taken from a crate: where the cuts lie is part of the format, and a crate's next version may move them.

use std::sync::LazyLock;

/// No chunk is smaller, but for the last of a file or of the small files.
pub const CHUNK_MIN: usize = 16 << 10;
/// About how large chunks are: small ones find more that is the same, large ones compress better and are fewer to ask for.
pub const CHUNK_AVERAGE: usize = 64 << 10;
/// No chunk is larger.
pub const CHUNK_MAX: usize = 256 << 10;

/// Before the average size a cut needs so many leading zero bits, after it so few: sizes lie closer to the average.
const BITS_BEFORE: u32 = 18;
const BITS_AFTER: u32 = 14;
/// What the table is made from.
const GEAR_SEED: &[u8] = b"cartable bundle gear 1";

/// A number for each byte; numbers made by BLAKE3 are nobody's choice.
static GEAR: LazyLock<[u64; 256]> = LazyLock::new(|| {
    let mut reader = blake3::Hasher::new().update(GEAR_SEED).finalize_xof();
    std::array::from_fn(|_| {
        let mut bytes = [0; 8];
        reader.fill(&mut bytes);
        u64::from_le_bytes(bytes)
    })
});

/// Where the first chunk of these bytes ends.
///
/// They are [`CHUNK_MAX`] bytes or more, or the last ones.
#[must_use]
pub fn cut_point(bytes: &[u8]) -> usize {
    let end = bytes.len().min(CHUNK_MAX);
    if end <= CHUNK_MIN {
        return end;
    }
    let gear = &*GEAR;
    let average = CHUNK_AVERAGE.min(end);
    let mut hash = 0_u64;
    for (bits, from, to) in [(BITS_BEFORE, CHUNK_MIN, average), (BITS_AFTER, average, end)] {
        for (at, byte) in bytes[from..to].iter().enumerate() {
            hash = (hash << 1).wrapping_add(gear[usize::from(*byte)]);
            if hash >> (u64::BITS - bits) == 0 {
                return from + at + 1;
            }
        }
    }
    end
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes that look like nothing, the same each time.
    fn noise(length: usize, seed: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0; length];
        blake3::Hasher::new().update(seed).finalize_xof().fill(&mut bytes);
        bytes
    }

    fn cuts(mut bytes: &[u8]) -> Vec<usize> {
        let mut cuts = Vec::new();
        while !bytes.is_empty() {
            let cut = cut_point(bytes);
            cuts.push(cut);
            bytes = &bytes[cut..];
        }
        cuts
    }

    /// The values are those of a second implementation, in Python, from the decision record alone.
    #[test]
    fn cuts_are_where_they_always_were() {
        assert_eq!(GEAR[0], 9_108_085_618_698_947_009);
        assert_eq!(cuts(&noise(400_000, b"golden")), [88_320, 68_747, 54_012, 111_460, 77_461]);
        assert_eq!(cuts(&vec![0; 600_000]), [262_144, 262_144, 75_712]);
    }

    #[test]
    fn sizes_lie_around_the_average() {
        let cuts = cuts(&noise(16 << 20, b"sizes"));
        let mean = (16 << 20) / cuts.len();
        assert!((CHUNK_AVERAGE * 3 / 4..CHUNK_AVERAGE * 3 / 2).contains(&mean), "{mean}");
        let (last, others) = cuts.split_last().unwrap();
        assert!(others.iter().all(|cut| (CHUNK_MIN..=CHUNK_MAX).contains(cut)) && *last <= CHUNK_MAX);
    }

    #[test]
    fn what_is_inserted_moves_few_cuts() {
        let before = noise(4 << 20, b"insert");
        let mut after = before.clone();
        after.splice(1_000_000..1_000_000, noise(1_000, b"inserted"));
        let ids = |bytes: &[u8]| {
            let mut at = 0;
            let pieces = cuts(bytes).into_iter().map(|cut| {
                at += cut;
                blake3::hash(&bytes[at - cut..at])
            });
            pieces.collect::<Vec<_>>()
        };
        let (before, after) = (ids(&before), ids(&after));
        let new = after.iter().filter(|id| !before.contains(id)).count();
        assert!(new <= 3, "{new} of {} chunks are new", after.len());
    }
}
