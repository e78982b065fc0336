//! An image with what changed since: what names are listed under.

use crate::Digest;
use crate::category::{Categories, Mask};
use crate::error::Result;
use crate::hash::{ROOT, Seed};
use crate::image::Image;
use crate::limits::LABELS_MAX;
use crate::overlay;
use std::fmt;

/// Bytes that somebody holds: a mapped file, or memory.
type Held<'a> = Box<dyn AsRef<[u8]> + Send + Sync + 'a>;

/// A list, ready to be asked.
pub struct FilterSet<'a> {
    bytes: Held<'a>,
    image: Image,
    changes: Option<(Vec<u8>, Image)>,
    /// A bit for each number of labels that some name has.
    pub(crate) depths: u32,
}

impl<'a> FilterSet<'a> {
    /// Opens an image whose digest its caller verified.
    ///
    /// # Errors
    ///
    /// When the bytes are no whole image, one of a newer format, or an overlay.
    pub fn open(bytes: impl AsRef<[u8]> + Send + Sync + 'a) -> Result<Self> {
        Self::stack(bytes, Digest::default(), &[])
    }

    /// Opens an image with the overlays on it, each made on the one before; they are joined here, and need not be kept.
    ///
    /// # Errors
    ///
    /// When one is damaged, of a newer format, or was made on something else.
    pub fn stack(
        bytes: impl AsRef<[u8]> + Send + Sync + 'a,
        digest: Digest,
        overlays: &[(&[u8], Digest)],
    ) -> Result<Self> {
        let image = Image::open(bytes.as_ref())?;
        let mut depths = image.depths;
        let changes = match overlay::merge(&image, digest, overlays)? {
            None => None,
            Some(merged) => {
                let opened = Image::open(&merged)?;
                depths |= opened.depths;
                Some((merged, opened))
            }
        };
        Ok(Self { bytes: Box::new(bytes), image, changes, depths })
    }

    /// The categories, the newest overlay's if there is one.
    #[must_use]
    pub fn categories(&self) -> &Categories {
        &self.newest().categories
    }

    /// The key of its fingerprints; a small list made with the same one is asked at almost no cost beside this.
    #[must_use]
    pub const fn seed(&self) -> Seed {
        self.image.seed
    }

    /// How many names the image holds, without what changed since.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.image.names.count as usize
    }

    /// Whether the image holds none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The chance that one look finds a name that nobody listed: a name takes as many looks as it has suffixes of listed names' lengths.
    #[must_use]
    pub fn mistake_chance(&self) -> f64 {
        let names = self.image.names;
        f64::from(names.count) / f64::from(names.buckets) * 0.5_f64.powi(names.bits.cast_signed())
    }

    /// The bytes that the overlays take in memory.
    #[must_use]
    pub fn changes_bytes(&self) -> usize {
        self.changes.as_ref().map_or(0, |(bytes, _)| bytes.len())
    }

    /// Each listed name that covers a name: how many labels it has and what it is listed under, the longest first.
    ///
    /// For whoever asks why; a [`Filter`](crate::Filter) decides.
    #[must_use]
    pub fn covering(&self, name: &[u8]) -> Vec<(u32, Mask)> {
        let mut hashes = [ROOT; LABELS_MAX];
        let name = name.strip_suffix(b".").unwrap_or(name);
        let length = self.seed().fill(&mut hashes, name.rsplit(|byte| *byte == b'.'));
        let mut found: Vec<(u32, Mask)> =
            self.each(&hashes[..length]).filter(|(_, listed)| !listed.is_empty()).collect();
        found.reverse();
        found
    }

    /// What a fingerprint is listed under.
    pub(crate) fn find(&self, hash: u64) -> Mask {
        self.find_in((*self.bytes).as_ref(), hash)
    }

    /// What the fingerprints of a name's suffixes are listed under, the shortest first, of those as long as listed names are.
    ///
    /// Memory is asked for all of them before any is looked at: it brings them at the same time.
    pub(crate) fn each<'b>(&'b self, hashes: &'b [u64]) -> impl Iterator<Item = (u32, Mask)> + 'b {
        let bytes = (*self.bytes).as_ref();
        let listed = (1..).zip(hashes).filter(|(depth, _)| self.depths >> (depth - 1) & 1 == 1);
        listed.clone().for_each(|(_, hash)| self.image.touch(bytes, *hash));
        listed.map(|(depth, hash)| (depth, self.find_in(bytes, *hash)))
    }

    #[inline]
    fn find_in(&self, bytes: &[u8], hash: u64) -> Mask {
        let changed = self.changes.as_ref().and_then(|(bytes, image)| image.find(bytes, hash));
        changed.or_else(|| self.image.find(bytes, hash)).unwrap_or_default()
    }

    fn newest(&self) -> &Image {
        self.changes.as_ref().map_or(&self.image, |(_, image)| image)
    }
}

impl fmt::Debug for FilterSet<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FilterSet").field("image", &self.image).field("changes", &self.changes_bytes()).finish()
    }
}
