//! Categories that a document speaks of and nobody knows: they block nothing, and whoever wrote them ought to hear it.

use super::document::Document;
use super::near::near;
use model::floor::Floor;
use model::host::CategoryName;
use model::lists::ListManifest;
use std::collections::BTreeSet;

/// A category that no list has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unknown {
    /// As it was written.
    pub category: CategoryName,
    /// Which known ones may have been meant.
    pub near: Vec<String>,
}

/// Each category that a document speaks of, by name.
#[must_use]
pub fn categories_of(document: &Document) -> BTreeSet<&CategoryName> {
    let words = document.words().into_iter().flat_map(|words| words.block.iter().chain(&words.open));
    words.chain(&document.negotiable.categories).filter(|name| !name.is_all()).collect()
}

/// The categories among these that neither a list nor the floor has.
#[must_use]
pub fn unknown<'a>(
    named: impl IntoIterator<Item = &'a CategoryName>,
    lists: &[&ListManifest],
    floor: Option<&Floor>,
) -> Vec<Unknown> {
    let listed = lists.iter().flat_map(|list| &list.categories);
    let mut known: BTreeSet<&str> =
        listed.flat_map(|one| one.aliases.iter().chain([&one.name])).map(String::as_str).collect();
    known.extend(floor.iter().flat_map(|floor| floor.blocked.iter().chain(&floor.lesson_opens)).map(String::as_str));
    let named = named.into_iter().filter(|name| !known.contains(name.as_str()));
    named.map(|name| Unknown { category: name.clone(), near: near(name.as_str(), known.iter().copied()) }).collect()
}
