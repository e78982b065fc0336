//! What a day changed, to lie on an image; and several days as one.
//!
//! An overlay is an image whose fingerprints are whole, all 64 bits: a name that went is named by it and by nothing else, whatever the image
//! below keeps of a fingerprint. A name in no category is one that went.

use crate::Digest;
use crate::category::{Categories, Mask};
use crate::compile::Listing;
use crate::error::{Error, Result, limit_check};
use crate::hash::Seed;
use crate::image::{Draft, Image, whole};
use crate::limits::{CHAIN_CHANGES_MAX, CHAIN_MAX, CHANGES_MAX};
use crate::set::Sets;
use std::cmp::Ordering;
use std::collections::BTreeMap;

/// Changes by fingerprint.
type Changes = BTreeMap<u64, Mask>;

/// The overlay that turns one listing into another.
///
/// # Errors
///
/// When it takes a new image.
pub(crate) fn make(to: &Listing, from: &Listing, below: Digest) -> Result<Vec<u8>> {
    if to.seed != from.seed {
        return Err(Error::SeedsDiffer);
    }
    if !from.categories.grows_to(&to.categories) {
        return Err(Error::CategoriesDiffer);
    }
    let mut changes = Changes::new();
    let (mut old, mut new) = (from.entries.iter().peekable(), to.entries.iter().peekable());
    loop {
        let order = match (old.peek(), new.peek()) {
            (None, None) => break,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(old), Some(new)) => old.hash.cmp(&new.hash),
        };
        let gone = if order.is_le() { old.next() } else { None };
        let come = if order.is_ge() { new.next() } else { None };
        let was = gone.map_or(Mask::NONE, |entry| from.sets.get(entry.code));
        let is = come.map_or(Mask::NONE, |entry| to.sets.get(entry.code));
        if let Some(entry) = come.or(gone).filter(|_| was != is) {
            changes.insert(entry.hash, is);
            limit_check("changes of an overlay", changes.len(), CHANGES_MAX)?;
        }
    }
    write(to.seed, to.depths, below, &to.categories, &changes)
}

/// Several overlays as one that lies on the image itself; none when there are none.
///
/// # Errors
///
/// When one is for something else, or damaged, or they are too many.
pub(crate) fn merge(base: &Image, digest: Digest, overlays: &[(&[u8], Digest)]) -> Result<Option<Vec<u8>>> {
    limit_check("overlays on an image", overlays.len(), CHAIN_MAX)?;
    if base.below.is_some() {
        return Err(Error::OtherBase);
    }
    let mut changes = Changes::new();
    let mut depths = 0;
    let (mut categories, mut below) = (&base.categories, digest);
    let opened: Vec<Image> = overlays.iter().map(|(bytes, _)| Image::open(bytes)).collect::<Result<_>>()?;
    for (overlay, (bytes, digest)) in opened.iter().zip(overlays) {
        if overlay.below != Some(below) || overlay.seed != base.seed {
            return Err(Error::OtherBase);
        }
        if !categories.grows_to(&overlay.categories) {
            return Err(Error::CategoriesDiffer);
        }
        limit_check("changes of an overlay", overlay.names.count as usize, CHANGES_MAX)?;
        changes.extend(overlay.each(bytes));
        limit_check("changes on an image", changes.len(), CHAIN_CHANGES_MAX)?;
        depths |= overlay.depths;
        (categories, below) = (&overlay.categories, *digest);
    }
    if overlays.is_empty() {
        return Ok(None);
    }
    write(base.seed, depths, digest, categories, &changes).map(Some)
}

fn write(seed: Seed, depths: u32, below: Digest, categories: &Categories, changes: &Changes) -> Result<Vec<u8>> {
    let mut sets = Sets::default();
    let coded = changes.iter().map(|(hash, set)| Ok((*hash, sets.code(*set)?)));
    let coded: Vec<(u64, u32)> = coded.collect::<Result<_>>()?;
    let (ranked, places) = sets.ranked();
    let count = u32::try_from(coded.len()).map_err(|_| Error::Damaged("the changes of an overlay"))?;
    let (buckets, bits) = whole(count);
    let draft = Draft { seed, depths, below: Some(below), categories, sets: &ranked, count, buckets, bits };
    let place = |code: u32| places.get(code as usize).copied().unwrap_or_default();
    Image::write(&draft, coded.iter().map(|(hash, code)| (*hash, place(*code))))
}
