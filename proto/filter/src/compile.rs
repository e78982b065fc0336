//! From names to an image.

use crate::Digest;
use crate::category::{Categories, CategoryId, Mask};
use crate::error::{Error, Result, limit_check};
use crate::gate::Share;
use crate::hash::Seed;
use crate::image::{Draft, Image, split};
use crate::limits::NAMES_MAX;
use crate::matcher::FilterSet;
use crate::name::Name;
use crate::overlay;
use crate::set::Sets;

/// The bits of a rest in a large image: with them a name that nobody listed is taken for a listed one in one of 2³³ looks, and each name
/// takes some 37 bits.
const BITS: u32 = 33;
/// The bits in an image so small that more of them cost nothing.
const BITS_SMALL: u32 = 44;
/// Up to here an image is small.
const SMALL: usize = 1 << 16;

/// Names with their categories, as they come: only fingerprints are held.
#[derive(Clone, Debug)]
pub struct Collector {
    seed: Seed,
    categories: Categories,
    entries: Vec<Listed>,
    depths: u32,
}

/// A fingerprint, with a category while it is collected and the number of a set thereafter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Listed {
    pub(crate) hash: u64,
    pub(crate) code: u32,
}

/// All names of a list, each once, with all its categories.
#[derive(Clone, Debug)]
pub struct Listing {
    pub(crate) seed: Seed,
    pub(crate) categories: Categories,
    pub(crate) entries: Vec<Listed>,
    pub(crate) sets: Sets,
    pub(crate) depths: u32,
}

impl Collector {
    /// Of a seed, with the categories in the order of the list before it, if there was one: an overlay needs that.
    #[must_use]
    pub const fn new(seed: Seed, categories: Categories) -> Self {
        Self { seed, categories, entries: Vec::new(), depths: 0 }
    }

    /// The categories so far.
    #[must_use]
    pub const fn categories(&self) -> &Categories {
        &self.categories
    }

    /// Makes a category, or finds it.
    ///
    /// # Errors
    ///
    /// As [`Categories::add`].
    pub fn category(&mut self, name: &str, white: bool) -> Result<CategoryId> {
        self.categories.add(name, white)
    }

    /// Lists a name, and with it all names beneath it.
    ///
    /// # Errors
    ///
    /// When there are too many.
    pub fn add(&mut self, category: CategoryId, name: &Name) -> Result<()> {
        limit_check("names of a list", self.entries.len() + 1, NAMES_MAX)?;
        self.depths |= depth_bit(name.depth());
        self.entries.push(Listed { hash: self.seed.whole(name), code: u32::from(category.0) });
        Ok(())
    }

    /// Sorts, and joins what stands there twice.
    ///
    /// # Errors
    ///
    /// When names are in too many different sets of categories.
    pub fn finish(mut self) -> Result<Listing> {
        self.entries.sort_unstable();
        let mut sets = Sets::default();
        let mut kept = 0;
        let mut at = 0;
        while let Some(first) = self.entries.get(at).copied() {
            let mut set = Mask::NONE;
            while let Some(entry) = self.entries.get(at).filter(|entry| entry.hash == first.hash) {
                set.0 |= 1 << (entry.code & 127);
                at += 1;
            }
            let code = sets.code(set)?;
            if let Some(place) = self.entries.get_mut(kept) {
                *place = Listed { hash: first.hash, code };
            }
            kept += 1;
        }
        self.entries.truncate(kept);
        Ok(Listing { seed: self.seed, categories: self.categories, entries: self.entries, sets, depths: self.depths })
    }
}

impl Listing {
    /// How many names there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// How many names each category has, in the categories' order.
    #[must_use]
    pub fn shares(&self) -> Vec<Share> {
        let mut names = vec![0_u64; self.categories.all().len()];
        for (set, count) in self.sets.counts() {
            for (at, sum) in (0..).zip(&mut names) {
                if set.0 >> at & 1 == 1 {
                    *sum += u64::from(count);
                }
            }
        }
        let categories = self.categories.all().iter().zip(names);
        categories.map(|(category, names)| Share { category: category.name.clone(), names }).collect()
    }

    /// The image, in which no name of `never` is found by chance: of fingerprints that would let one be, more is kept.
    ///
    /// # Errors
    ///
    /// When one of `never` is listed in a category that is not white.
    pub fn image(&self, never: &[Name]) -> Result<Vec<u8>> {
        self.never_check(never)?;
        let (sets, places) = self.sets.ranked();
        let count = u32::try_from(self.entries.len()).map_err(|_| Error::Damaged("the names of an image"))?;
        let buckets = count.max(1);
        let bits = self.bits(if self.entries.len() > SMALL { BITS } else { BITS_SMALL }, buckets, never);
        let (seed, depths, categories) = (self.seed, self.depths, &self.categories);
        let draft = Draft { seed, depths, below: None, categories, sets: &sets, count, buckets, bits };
        let place = |code: u32| places.get(code as usize).copied().unwrap_or_default();
        let bytes = Image::write(&draft, self.entries.iter().map(|entry| (entry.hash, place(entry.code))))?;
        let image = Image::open(&bytes)?;
        let same = |entry: &Listed| image.find(&bytes, entry.hash) == Some(self.sets.get(entry.code));
        let faithful = self.entries.iter().all(same);
        if faithful { Ok(bytes) } else { Err(Error::Unfaithful) }
    }

    /// What changed since an earlier listing, as an overlay on an image or overlay that answers as that one did.
    ///
    /// # Errors
    ///
    /// When it takes a new image: another seed, other categories, too many changes. When one of `never` is listed.
    pub fn overlay(&self, from: &Self, below: Digest, never: &[Name]) -> Result<Vec<u8>> {
        self.never_check(never)?;
        overlay::make(self, from, below)
    }

    /// Whether a set answers for every name as this listing does, and blocks none of `never`.
    ///
    /// # Errors
    ///
    /// When it does not, so that what was made must not be published.
    pub fn check(&self, set: &FilterSet, never: &[Name]) -> Result<()> {
        let same = self.entries.iter().all(|entry| set.find(entry.hash) == self.sets.get(entry.code));
        let black = self.categories.black();
        let open = |name: &Name| self.seed.suffixes(name).all(|hash| set.find(hash).both(black).is_empty());
        if set.seed() == self.seed && same && never.iter().all(open) { Ok(()) } else { Err(Error::Unfaithful) }
    }

    /// What the listing holds of a name itself, without those above it.
    #[must_use]
    pub fn of(&self, name: &Name) -> Mask {
        self.exact(self.seed.whole(name))
    }

    /// What the listing holds of each suffix of a name, the shortest first.
    pub(crate) fn suffixes(&self, name: &Name) -> impl Iterator<Item = Mask> {
        self.seed.suffixes(name).map(|hash| self.exact(hash))
    }

    fn exact(&self, hash: u64) -> Mask {
        let at = self.entries.binary_search_by_key(&hash, |entry| entry.hash);
        at.ok().and_then(|at| self.entries.get(at)).map_or(Mask::NONE, |entry| self.sets.get(entry.code))
    }

    fn never_check(&self, never: &[Name]) -> Result<()> {
        let black = self.categories.black();
        for name in never {
            for set in self.suffixes(name) {
                if let Some(id) = set.both(black).first() {
                    let category = self.categories.get(id).map_or_else(String::new, |c| c.name.clone());
                    return Err(Error::NeverListed { never: name.to_string(), category });
                }
            }
        }
        Ok(())
    }

    /// The bits of a rest, from some on: as few as tell all names apart, from each other and from those of `never`.
    pub(crate) fn bits(&self, from: u32, buckets: u32, never: &[Name]) -> u32 {
        let tell =
            |bits: &u32| !self.is_mistaken(buckets, *bits) && !never.iter().any(|name| self.hits(name, buckets, *bits));
        (from..63).find(tell).unwrap_or(63)
    }

    /// Whether two names could not be told apart.
    fn is_mistaken(&self, buckets: u32, bits: u32) -> bool {
        let same = |a: &Listed, b: &Listed| split(a.hash, buckets, bits) == split(b.hash, buckets, bits);
        self.entries.iter().zip(self.entries.iter().skip(1)).any(|(a, b)| same(a, b))
    }

    /// Whether a name that is not listed would be found.
    fn hits(&self, name: &Name, buckets: u32, bits: u32) -> bool {
        self.seed.suffixes(name).any(|hash| {
            let at = self.entries.partition_point(|entry| entry.hash < hash);
            let beside = [at.checked_sub(1), Some(at)].into_iter().flatten().filter_map(|at| self.entries.get(at));
            let like = |entry: &Listed| split(entry.hash, buckets, bits) == split(hash, buckets, bits);
            beside.into_iter().any(|entry| entry.hash != hash && like(entry))
        })
    }
}

/// The bit of a number of labels, of which a name has 32 at most.
const fn depth_bit(depth: usize) -> u32 {
    1 << (depth.saturating_sub(1) & 31)
}
