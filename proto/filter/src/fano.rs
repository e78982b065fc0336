//! A sorted set of numbers in little more than the bits they differ by (Elias 1974, Fano 1971), in which one is found at three looks.
//!
//! A number is a bucket and a rest, with a mark. `samples` say how many numbers more than at an average stand before each 64th bucket. Then block after block: for each of its buckets a
//! one for each number and a zero, and after them the rests, each
//! after its mark. So a block lies within some 300 bytes, and where in it a number is can be told to
//! a few bytes from its bucket alone: what a look costs is the way to memory, which is gone once. The bytes may be anything: every look
//! is within them or none.

use crate::error::{Error, Result};

/// So many buckets make a block.
const STRIDE: u32 = 64;
/// So many numbers of a bucket are looked at in any case.
const NEAR: u32 = 4;
/// Bytes after the last array, so that looks at the last block may go beyond it.
pub(crate) const PAD: usize = 128;

/// Where a set lies in an image.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fano {
    pub(crate) count: u32,
    pub(crate) buckets: u32,
    pub(crate) bits: u32,
    /// Numbers for a bucket at an average, times 2³².
    each: u64,
    samples: usize,
    blocks: usize,
    /// The first byte after it.
    pub(crate) end: usize,
}

/// Where a block lies.
struct Block {
    /// How many numbers stand before it.
    before: u32,
    /// How many it has.
    count: u32,
    /// Its first bit.
    upper: u64,
    /// The first bit of its rests.
    lower: u64,
}

impl Fano {
    /// Its arrays from a byte on.
    ///
    /// # Errors
    ///
    /// When numbers are too large for any image.
    pub(crate) fn place(count: u32, buckets: u32, bits: u32, start: usize) -> Result<Self> {
        if buckets == 0 || bits > 63 {
            return Err(Error::Damaged("the parameters of a set"));
        }
        let size = |n: u64| usize::try_from(n).map_err(|_| Error::Damaged("the size of a set"));
        let blocks = u64::from(buckets.div_ceil(STRIDE));
        let first = start + size(2 * (blocks + 1))?;
        let all = blocks * u64::from(STRIDE) + u64::from(count) * (u64::from(bits) + 2);
        let each = (u64::from(count) << 32) / u64::from(buckets);
        Ok(Self { count, buckets, bits, each, samples: start, blocks: first, end: first + size(all.div_ceil(8))? })
    }

    /// Appends a sorted set to `out`; the caller pads the end of the image.
    ///
    /// # Errors
    ///
    /// As [`Fano::place`], and when the numbers are spread so badly that nobody chose them by a hash.
    pub(crate) fn write(
        out: &mut Vec<u8>,
        (count, buckets, bits): (u32, u32, u32),
        numbers: impl Iterator<Item = (u32, u64, bool)>,
    ) -> Result<Self> {
        let place = Self::place(count, buckets, bits, out.len())?;
        out.resize(place.end, 0);
        let mut numbers = numbers.take(count as usize).peekable();
        let mut packed = Packed::new(place.blocks);
        let mut before = 0_u32;
        let mut rests = Vec::new();
        for block in 0..buckets.div_ceil(STRIDE) {
            place.sample_write(out, block, before)?;
            for bucket in block * STRIDE..(block + 1) * STRIDE {
                while let Some((_, rest, marked)) = numbers.next_if(|(at, _, _)| *at <= bucket) {
                    rests.push(rest << 1 | u64::from(marked));
                    packed.push(out, 1, 1);
                }
                packed.push(out, 0, 1);
            }
            for rest in rests.drain(..) {
                packed.push(out, rest, bits + 1);
                before += 1;
            }
        }
        place.sample_write(out, buckets.div_ceil(STRIDE), before)?;
        packed.end(out);
        Ok(place)
    }

    /// Has memory bring what [`Fano::find`] will look at, and does not wait for it.
    #[inline]
    pub(crate) fn touch(&self, bytes: &[u8], bucket: u32) {
        let Some(block) = self.block(bytes, bucket / STRIDE) else { return };
        let near = u64::from(bucket % STRIDE) * u64::from(block.count) / u64::from(STRIDE);
        let rest = |near: u64| block.lower + near * self.width();
        // Seldom it is more than four numbers away from there.
        for at in [block.upper, rest(near.saturating_sub(4)), rest(near + 4)] {
            let byte = usize::try_from(at / 8).ok().and_then(|byte| bytes.get(self.blocks.checked_add(byte)?));
            std::hint::black_box(byte.copied());
        }
    }

    /// The place of a number in the order, if it is in the set, and whether it is marked.
    ///
    /// Nothing branches on what is rarely the same twice: a processor that guesses wrong loses more than a few looks cost.
    #[inline]
    pub(crate) fn find(&self, bytes: &[u8], bucket: u32, rest: u64) -> Option<(u32, bool)> {
        let block = self.block(bytes, bucket / STRIDE)?;
        let skipped = self.skipped(bytes, &block, bucket % STRIDE)?;
        // Beyond the zeros of all buckets before it only numbers have been passed.
        let index = skipped - bucket % STRIDE;
        let ones = bits_at(bytes, self.blocks, block.upper + u64::from(skipped))?.trailing_ones();
        let ones = ones.min(block.count.checked_sub(index)?);
        let first = block.lower + u64::from(index) * self.width();
        let held = |at: u32| bits_at(bytes, self.blocks, first + u64::from(at) * self.width());
        let like = |held: u64| low(held >> 1, self.bits) == rest;
        // A bucket has one number at an average; of fifty, one has more than four.
        let (mut found, mut word) = (u32::MAX, 0);
        for at in 0..NEAR {
            // What follows the last is a number of another bucket, or none.
            let here = held(at)?;
            (found, word) = if like(here) & (at < ones) { (at, here) } else { (found, word) };
        }
        if ones > NEAR && found == u32::MAX {
            (found, word) = (NEAR..ones).filter_map(|at| Some((at, held(at)?))).find(|(_, held)| like(*held))?;
        }
        if found == u32::MAX {
            return None;
        }
        Some((block.before.checked_add(index)?.checked_add(found)?, word & 1 == 1))
    }

    /// All numbers in their order; of damaged bytes fewer, or others, and never more.
    pub(crate) fn each<'a>(&'a self, bytes: &'a [u8]) -> impl Iterator<Item = (u32, u64, bool)> + 'a {
        let blocks = (0..self.buckets.div_ceil(STRIDE)).filter_map(|block| Some((block, self.block(bytes, block)?)));
        let numbers = blocks.flat_map(move |(number, block)| {
            let mut bucket = number * STRIDE;
            let mut index = 0;
            (block.upper..block.lower).filter_map(move |at| {
                if bits_at(bytes, self.blocks, at)? & 1 == 0 {
                    bucket += 1;
                    return None;
                }
                let held = bits_at(bytes, self.blocks, block.lower + index * self.width())?;
                index += 1;
                Some((bucket, low(held >> 1, self.bits), held & 1 == 1))
            })
        });
        numbers.take(self.count as usize)
    }

    #[inline]
    fn block(&self, bytes: &[u8], block: u32) -> Option<Block> {
        let at = self.samples.checked_add(2 * block as usize)?;
        // The sample after it too, which the last block has as well.
        let pair: [u8; 4] = bytes.get(at..at.checked_add(4).filter(|end| *end <= self.blocks)?)?.try_into().ok()?;
        let [before, end] = [[pair[0], pair[1]], [pair[2], pair[3]]].map(|more| i64::from(i16::from_le_bytes(more)));
        let before = u32::try_from(self.average(block).checked_add(before)?).ok()?;
        let end = u32::try_from(self.average(block.checked_add(1)?).checked_add(end)?).ok()?;
        if end > self.count {
            return None;
        }
        let count = end.checked_sub(before)?;
        let upper = u64::from(block) * u64::from(STRIDE) + u64::from(before) * (self.width() + 1);
        Some(Block { before, count, upper, lower: upper + u64::from(STRIDE) + u64::from(count) })
    }

    /// How many numbers stand before a block when all buckets have as many.
    #[inline]
    fn average(&self, block: u32) -> i64 {
        let average = (u128::from(block) * u128::from(STRIDE) * u128::from(self.each)) >> 32;
        i64::try_from(average).unwrap_or(i64::MAX)
    }

    /// The bits of a rest with its mark.
    #[inline]
    fn width(&self) -> u64 {
        u64::from(self.bits) + 1
    }

    /// How many bits of a block stand before a bucket's.
    #[inline]
    fn skipped(&self, bytes: &[u8], block: &Block, bucket: u32) -> Option<u32> {
        let word = |at: u32| bits_at(bytes, self.blocks, block.upper + u64::from(at));
        let [first, second] = [word(0)?, word(64)?];
        let zeros = first.count_zeros();
        // Of the first two words the one that has the zero before the bucket; nearly always one does.
        let beyond = u32::from(bucket > zeros);
        let mut left = bucket - zeros * beyond;
        let mut word = if beyond == 1 { second } else { first };
        let mut passed = 64 * beyond;
        while left > word.count_zeros() {
            left -= word.count_zeros();
            passed += 64;
            if u64::from(passed) > block.lower - block.upper {
                return None;
            }
            word = bits_at(bytes, self.blocks, block.upper + u64::from(passed))?;
        }
        passed.checked_add(if left == 0 { 0 } else { zero_after(word, left) })
    }

    fn sample_write(&self, out: &mut [u8], block: u32, before: u32) -> Result<()> {
        let more = i64::from(before) - self.average(block);
        let more = i16::try_from(more).map_err(|_| Error::Damaged("numbers that are not spread"))?;
        let at = self.samples + 2 * block as usize;
        if let Some(place) = out.get_mut(at..at + 2) {
            place.copy_from_slice(&more.to_le_bytes());
        }
        Ok(())
    }
}

/// Numbers of `bits` bits written one after another.
pub(crate) struct Packed {
    at: usize,
    held: u128,
    length: u32,
}

impl Packed {
    /// From a byte of the output on.
    pub(crate) const fn new(at: usize) -> Self {
        Self { at, held: 0, length: 0 }
    }

    /// Writes one into room that is there.
    pub(crate) fn push(&mut self, out: &mut [u8], number: u64, bits: u32) {
        self.held |= u128::from(number) << self.length;
        self.length += bits;
        while self.length >= 8 {
            self.byte(out);
            self.length -= 8;
        }
    }

    /// Writes what is left.
    pub(crate) fn end(mut self, out: &mut [u8]) {
        if self.length > 0 {
            self.byte(out);
        }
    }

    #[allow(clippy::cast_possible_truncation, reason = "its lowest byte")]
    fn byte(&mut self, out: &mut [u8]) {
        if let Some(place) = out.get_mut(self.at) {
            *place = self.held as u8;
        }
        self.at += 1;
        self.held >>= 8;
    }
}

/// The number at a place of those that [`Packed`] wrote.
pub(crate) fn packed(bytes: &[u8], start: usize, index: u32, bits: u32) -> Option<u64> {
    bits_at(bytes, start, u64::from(index) * u64::from(bits)).map(|word| low(word, bits))
}

#[inline]
const fn low(word: u64, bits: u32) -> u64 {
    if bits < 64 { word & ((1 << bits) - 1) } else { word }
}

#[inline]
#[allow(clippy::cast_possible_truncation, reason = "the lower 64 bits are meant")]
fn bits_at(bytes: &[u8], start: usize, at: u64) -> Option<u64> {
    let from = start.checked_add(usize::try_from(at / 8).ok()?)?;
    let both = bytes.get(from..from.checked_add(16)?)?;
    Some((u128::from_le_bytes(both.try_into().ok()?) >> (at % 8)) as u64)
}

/// How many bits there are up to and with the n-th zero, from one on; the word has so many (Vigna 2008, without a branch).
#[inline]
fn zero_after(word: u64, n: u32) -> u32 {
    const EACH: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x80 * EACH;
    let zeros = !word;
    let rank = u64::from(n - 1);
    let pairs = zeros - ((zeros >> 1) & (0x55 * EACH));
    let fours = (pairs & (0x33 * EACH)) + ((pairs >> 2) & (0x33 * EACH));
    // In each byte: how many there are up to and with it.
    let sums = ((fours + (fours >> 4)) & (0x0f * EACH)).wrapping_mul(EACH);
    let before = (((rank * EACH) | HIGH) - sums) & HIGH;
    let place = before.count_ones() * 8;
    let rank = rank - (((sums << 8) >> (place & 63)) & 0xff);
    let byte = (zeros >> (place & 63)) & 0xff;
    let within = IN_BYTE.get(usize::try_from((byte << 3) | (rank & 7)).unwrap_or(0)).copied().unwrap_or(0);
    place + u32::from(within) + 1
}

/// For each byte and each number below eight: the place of the one that so many stand before.
static IN_BYTE: [u8; 2_048] = {
    let mut places = [0; 2_048];
    let mut byte = 0_usize;
    while byte < 256 {
        let (mut rank, mut place) = (0, 0_u8);
        while place < 8 {
            if (byte >> place) & 1 == 1 {
                places[(byte << 3) | rank] = place;
                rank += 1;
            }
            place += 1;
        }
        byte += 1;
    }
    places
};

#[cfg(test)]
mod tests {
    use super::zero_after;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn zeros_are_counted_as_one_would(word in any::<u64>(), more in any::<u64>()) {
            let word = word & more;
            let mut seen = 0;
            for at in 0..64 {
                if word >> at & 1 == 0 {
                    seen += 1;
                    prop_assert_eq!(zero_after(word, seen), at + 1);
                }
            }
        }
    }
}
