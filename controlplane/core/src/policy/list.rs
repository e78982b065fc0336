//! The list that devices are told to hold, as far as it is here: its categories, and the names in them.

use filter::{Categories, Collector, Digest as ImageDigest, FilterSet, Seed};
use model::digest::Digest;
use model::host::{CategoryName, Host};
use model::lists::{LIST_FILE, ListFile, ListManifest};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The largest image that is opened, in bytes: nobody fills the memory of the control plane with one, and the largest list known takes half.
pub const IMAGE_BYTES_MAX: u64 = 48 << 20;

/// A list, ready to be asked.
#[derive(Clone, Debug)]
pub struct List {
    /// What it says of itself; none where somebody only said what a list would hold.
    pub manifest: Option<Arc<ListManifest>>,
    pub(super) set: Arc<FilterSet<'static>>,
}

/// Why a list cannot be asked here.
#[derive(Debug, thiserror::Error)]
pub enum ListFault<E> {
    /// A file of it cannot be had.
    #[error(transparent)]
    File(E),
    /// It is not what it says it is, or of a later format.
    #[error("the list is damaged, or of a later format: {0}")]
    Damaged(String),
    /// Its image is too large to be opened here.
    #[error("the image of the list has {0} bytes")]
    Large(u64),
}

impl List {
    /// What a version says of itself.
    ///
    /// # Errors
    /// [`ListFault`].
    pub fn manifest<E>(file: impl FnOnce(&str) -> Result<Vec<u8>, E>) -> Result<ListManifest, ListFault<E>> {
        let bytes = file(LIST_FILE).map_err(ListFault::File)?;
        ListManifest::decode(&bytes).map_err(|error| ListFault::Damaged(error.to_string()))
    }

    /// Opens a version, each of its files verified.
    ///
    /// # Errors
    /// [`ListFault`].
    pub fn open<E>(
        manifest: Arc<ListManifest>,
        mut file: impl FnMut(&str) -> Result<Vec<u8>, E>,
    ) -> Result<Self, ListFault<E>> {
        if manifest.image.bytes > IMAGE_BYTES_MAX {
            return Err(ListFault::Large(manifest.image.bytes));
        }
        let mut whole = |listed: &ListFile| {
            let bytes = file(&listed.file).map_err(ListFault::File)?;
            let good = bytes.len() as u64 == listed.bytes && Digest::of(&bytes) == listed.sha256;
            if good { Ok(bytes) } else { Err(ListFault::Damaged(listed.file.clone())) }
        };
        let image = whole(&manifest.image)?;
        let overlays: Vec<(Vec<u8>, ImageDigest)> = manifest
            .overlays
            .iter()
            .map(|overlay| Ok((whole(overlay)?, *overlay.sha256.as_bytes())))
            .collect::<Result<_, _>>()?;
        let overlays: Vec<(&[u8], ImageDigest)> = overlays.iter().map(|(bytes, id)| (bytes.as_slice(), *id)).collect();
        let set = FilterSet::stack(image, *manifest.image.sha256.as_bytes(), &overlays);
        let set = set.map_err(|error| ListFault::Damaged(error.to_string()))?;
        Ok(Self { manifest: Some(manifest), set: Arc::new(set) })
    }

    /// A list of these names alone, its categories as another one means them.
    ///
    /// # Errors
    /// [`filter::Error`] for more than the engine takes.
    pub fn given(names: &BTreeMap<Host, BTreeSet<CategoryName>>, like: Option<&Self>) -> filter::Result<Self> {
        let mut collector = Collector::new(Seed::new([0; 16]), Categories::new());
        for known in like.iter().flat_map(|list| list.set.categories().all()) {
            collector.category(&known.name, known.white)?;
        }
        for (name, categories) in names {
            for category in categories {
                let called = like.map_or(category.as_str(), |list| list.category(category.as_str()));
                let id = collector.category(called, false)?;
                if let Ok(name) = name.as_str().parse() {
                    collector.add(id, &name)?;
                }
            }
        }
        let set = FilterSet::open(collector.finish()?.image(&[])?)?;
        Ok(Self { manifest: like.and_then(|list| list.manifest.clone()), set: Arc::new(set) })
    }

    /// A category as the list calls it, of a name that a policy may use.
    #[must_use]
    pub fn category<'a>(&'a self, name: &'a str) -> &'a str {
        let known = self.manifest.as_ref().and_then(|manifest| manifest.category(name));
        known.map_or(name, |category| &category.name)
    }

    /// The listed names that cover a name, the longest first, with their categories.
    #[must_use]
    pub fn covering(&self, name: &Host) -> Vec<(String, Vec<String>)> {
        let categories = self.set.categories();
        let called = |id| categories.get(id).map(|category| category.name.clone());
        let found = self.set.covering(name.as_str().as_bytes()).into_iter();
        found.map(|(labels, mask)| (suffix(name, labels), mask.ids().filter_map(called).collect())).collect()
    }
}

/// The last labels of a name.
pub(super) fn suffix(name: &Host, labels: u32) -> String {
    let all: Vec<&str> = name.as_str().split('.').collect();
    let left = all.len().saturating_sub(labels as usize);
    all.get(left..).unwrap_or_default().join(".")
}
