//! The one byte image: what stands where, and what a fingerprint is listed under.
//!
//! Opening looks at the header alone, in no time whatever the size; who maps an image verified its digest before. Every later look is
//! within the bytes or finds nothing, so that an image made to harm answers wrongly at worst.

use crate::Digest;
use crate::category::{Categories, Mask};
use crate::error::{Error, Result, limit_check};
use crate::fano::{Fano, PAD, Packed, packed};
use crate::hash::Seed;
use crate::limits::{IMAGE_BYTES_MAX, NAMES_MAX, SETS_MAX};

const MAGIC: &[u8] = b"cartable-filter ";
const VERSION: u32 = 1;
/// Bytes of a set of categories.
const SET_BYTES: usize = 16;

/// What an image's header says.
#[derive(Clone, Debug)]
pub(crate) struct Image {
    pub(crate) seed: Seed,
    /// A bit for each number of labels that some name has.
    pub(crate) depths: u32,
    /// Of an overlay: what it lies on.
    pub(crate) below: Option<Digest>,
    pub(crate) categories: Categories,
    pub(crate) names: Fano,
    /// The places of names that are not in the commonest set of categories; in `names` they are marked.
    others: Fano,
    codes: usize,
    code_bits: u32,
    sets: usize,
    set_count: u32,
}

/// What an image is made of.
pub(crate) struct Draft<'a> {
    pub(crate) seed: Seed,
    pub(crate) depths: u32,
    pub(crate) below: Option<Digest>,
    pub(crate) categories: &'a Categories,
    /// Sets of categories, the commonest first.
    pub(crate) sets: &'a [Mask],
    pub(crate) count: u32,
    pub(crate) buckets: u32,
    pub(crate) bits: u32,
}

/// A fingerprint as bucket and rest: multiplied, so that any number of buckets is filled evenly and the order stays.
#[inline]
#[allow(clippy::cast_possible_truncation, reason = "the product's halves")]
pub(crate) const fn split(hash: u64, buckets: u32, bits: u32) -> (u32, u64) {
    let product = hash as u128 * buckets as u128;
    let rest = product as u64;
    ((product >> 64) as u32, if bits == 0 { 0 } else { rest >> (64 - bits) })
}

/// The bits of a rest with which fingerprints are kept whole, and the buckets: as many as there are numbers, to the next power of two.
pub(crate) fn whole(count: u32) -> (u32, u32) {
    let buckets = count.max(2).next_power_of_two();
    (buckets, 64 - buckets.trailing_zeros())
}

impl Image {
    /// Reads the header and holds it against the length.
    ///
    /// # Errors
    ///
    /// When the bytes are no whole image, or one of a newer format.
    pub(crate) fn open(bytes: &[u8]) -> Result<Self> {
        limit_check("bytes of a filter image", bytes.len(), IMAGE_BYTES_MAX)?;
        let mut head = Head { bytes, at: 0 };
        head.version()?;
        let seed = Seed::new(head.array()?);
        let depths = head.number()?;
        let below = match head.byte()? {
            0 => None,
            1 => Some(head.array()?),
            _ => return Err(Error::Damaged("what an image lies on")),
        };
        let [count, buckets, bits] = [head.number()?, head.number()?, u32::from(head.byte()?)];
        let [other_count, other_buckets, other_bits] = [head.number()?, head.number()?, u32::from(head.byte()?)];
        let code_bits = u32::from(head.byte()?);
        let set_count = head.number()?;
        if count as usize > NAMES_MAX || other_count > count || set_count as usize > SETS_MAX || code_bits > 16 {
            return Err(Error::Damaged("the counts of an image"));
        }
        if below.is_some() && whole(count) != (buckets, bits) {
            return Err(Error::Damaged("the fingerprints of an overlay"));
        }
        let categories = head.categories()?;
        let sets = head.at;
        let names = Fano::place(count, buckets, bits, sets + SET_BYTES * set_count as usize)?;
        let others = Fano::place(other_count, other_buckets, other_bits, names.end)?;
        let image =
            Self { seed, depths, below, categories, names, others, codes: others.end, code_bits, sets, set_count };
        if image.end() == bytes.len() { Ok(image) } else { Err(Error::Damaged("the length of an image")) }
    }

    /// Writes an image of sorted fingerprints, each with the place of its set.
    ///
    /// # Errors
    ///
    /// When something is larger than any image.
    pub(crate) fn write(draft: &Draft<'_>, entries: impl Iterator<Item = (u64, u32)> + Clone) -> Result<Vec<u8>> {
        let set_count = u32::try_from(draft.sets.len()).map_err(|_| Error::Damaged("the sets of an image"))?;
        limit_check("sets of categories", draft.sets.len(), SETS_MAX)?;
        let code_bits = u32::BITS - set_count.saturating_sub(1).leading_zeros();
        let strange = entries.clone().filter(|(_, code)| *code != 0);
        let other_count = (0..draft.count).zip(strange.clone()).count();
        let other_count = u32::try_from(other_count).map_err(|_| Error::Damaged("the names of an image"))?;
        let other_bits = draft.count.checked_div(other_count).map_or(0, |each| each.max(1).ilog2());
        let other_buckets = (draft.count >> other_bits) + 1;
        let mut out = Vec::new();
        out.extend_from_slice(MAGIC);
        out.extend_from_slice(format!("{VERSION}\n").as_bytes());
        out.extend_from_slice(&draft.seed.bytes());
        out.extend_from_slice(&draft.depths.to_le_bytes());
        out.push(u8::from(draft.below.is_some()));
        out.extend_from_slice(draft.below.as_ref().map_or(&[], |digest| digest.as_slice()));
        let small = |n: u32| u8::try_from(n).map_err(|_| Error::Damaged("the parameters of an image"));
        for (count, buckets, bits) in
            [(draft.count, draft.buckets, draft.bits), (other_count, other_buckets, other_bits)]
        {
            out.extend_from_slice(&count.to_le_bytes());
            out.extend_from_slice(&buckets.to_le_bytes());
            out.push(small(bits)?);
        }
        out.push(small(code_bits)?);
        out.extend_from_slice(&set_count.to_le_bytes());
        categories_write(&mut out, draft.categories)?;
        draft.sets.iter().for_each(|set| out.extend_from_slice(&set.0.to_le_bytes()));
        let sizes = (draft.count, draft.buckets, draft.bits);
        let split = entries.clone().map(|(hash, code)| {
            let (bucket, rest) = split(hash, draft.buckets, draft.bits);
            (bucket, rest, code != 0)
        });
        Fano::write(&mut out, sizes, split)?;
        let places = (0..draft.count).zip(entries).filter(|(_, (_, code))| *code != 0).map(|(at, _)| at);
        let rest = |at: u32| u64::from(at) & ((1 << other_bits) - 1);
        let places = places.map(|at| (at >> other_bits, rest(at), false));
        let others = Fano::write(&mut out, (other_count, other_buckets, other_bits), places)?;
        out.resize(codes_end(others.end, other_count, code_bits), 0);
        let mut codes = Packed::new(others.end);
        strange.for_each(|(_, code)| codes.push(&mut out, u64::from(code), code_bits));
        codes.end(&mut out);
        limit_check("bytes of a filter image", out.len(), IMAGE_BYTES_MAX)?;
        Ok(out)
    }

    /// Has memory bring what [`Image::find`] will look at.
    #[inline]
    pub(crate) fn touch(&self, bytes: &[u8], hash: u64) {
        let (bucket, _) = split(hash, self.names.buckets, self.names.bits);
        self.names.touch(bytes, bucket);
    }

    /// What a fingerprint is listed under; in an overlay, nothing says that it is no longer listed.
    #[inline]
    pub(crate) fn find(&self, bytes: &[u8], hash: u64) -> Option<Mask> {
        let (bucket, rest) = split(hash, self.names.buckets, self.names.bits);
        let (place, other) = self.names.find(bytes, bucket, rest)?;
        self.set(bytes, if other { self.code(bytes, place)? } else { 0 })
    }

    /// All fingerprints of an overlay, which keeps them whole, with what each is listed under.
    pub(crate) fn each<'a>(&'a self, bytes: &'a [u8]) -> impl Iterator<Item = (u64, Mask)> + 'a {
        let bits = self.names.bits;
        self.names.each(bytes).zip(0..).filter_map(move |((bucket, rest, other), place)| {
            let code = if other { self.code(bytes, place)? } else { 0 };
            Some((u64::from(bucket) << bits | rest, self.set(bytes, code)?))
        })
    }

    fn code(&self, bytes: &[u8], place: u32) -> Option<u32> {
        let bits = self.others.bits.min(31);
        let rest = u64::from(place) & ((1 << bits) - 1);
        let (other, _) = self.others.find(bytes, place >> bits, rest)?;
        u32::try_from(packed(bytes, self.codes, other, self.code_bits)?).ok()
    }

    fn set(&self, bytes: &[u8], code: u32) -> Option<Mask> {
        if code >= self.set_count {
            return None;
        }
        let at = self.sets + SET_BYTES * code as usize;
        Some(Mask(u128::from_le_bytes(bytes.get(at..at + SET_BYTES)?.try_into().ok()?)))
    }

    fn end(&self) -> usize {
        codes_end(self.codes, self.others.count, self.code_bits)
    }
}

fn codes_end(start: usize, count: u32, bits: u32) -> usize {
    start + (count as usize * bits as usize).div_ceil(8) + PAD
}

fn categories_write(out: &mut Vec<u8>, categories: &Categories) -> Result<()> {
    let small = |n: usize| u8::try_from(n).map_err(|_| Error::Damaged("the categories of an image"));
    out.push(small(categories.all().len())?);
    for category in categories.all() {
        out.push(u8::from(category.white));
        out.push(small(category.name.len())?);
        out.extend_from_slice(category.name.as_bytes());
    }
    Ok(())
}

/// What is read one after another.
struct Head<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Head<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8]> {
        let end = self.at.saturating_add(length);
        let taken = self.bytes.get(self.at..end).ok_or(Error::Damaged("the header of an image"))?;
        self.at = end;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        self.take(N)?.try_into().map_err(|_| Error::Damaged("the header of an image"))
    }

    fn byte(&mut self) -> Result<u8> {
        self.array::<1>().map(|[byte]| byte)
    }

    fn number(&mut self) -> Result<u32> {
        self.array().map(u32::from_le_bytes)
    }

    fn version(&mut self) -> Result<()> {
        let none = Error::Damaged("no filter image");
        if self.take(MAGIC.len()).ok() != Some(MAGIC) {
            return Err(none);
        }
        let mut version = 0_u32;
        // A number of more digits is no version of anything.
        for _ in 0..6 {
            match self.byte()? {
                digit @ b'0'..=b'9' => version = version * 10 + u32::from(digit - b'0'),
                b'\n' if version == VERSION => return Ok(()),
                b'\n' if version > VERSION => return Err(Error::Newer(version)),
                _ => break,
            }
        }
        Err(none)
    }

    fn categories(&mut self) -> Result<Categories> {
        let mut categories = Categories::new();
        for at in 0..usize::from(self.byte()?) {
            let white = self.byte()? == 1;
            let length = usize::from(self.byte()?);
            let name = std::str::from_utf8(self.take(length)?).map_err(|_| Error::Damaged("a category's name"))?;
            categories.add(name, white)?;
            if categories.all().len() != at + 1 {
                return Err(Error::Damaged("a category stands twice"));
            }
        }
        Ok(categories)
    }
}
