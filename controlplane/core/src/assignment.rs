//! Assignments: which devices are to hold a bundle, in which version, by where they are filed and what they are for.

mod act;
mod reach;
mod target;
#[cfg(test)]
mod tests;

pub use act::{TARGETS_MAX, Wish, Word, assignment_writes};
pub use reach::{target_check, targets_count};
pub use target::{Target, TargetError};

use crate::error::Result;
use crate::facts::Facts;
use crate::release::release_before;
use crate::store::{PAGE_MAX, Store};
use crate::table::{Intent, Table};
use model::digest::Digest;
use model::id::TerritoryId;
use model::resource::{BundleName, BundleVersion};
use model::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Assignments under `<bundle>/<target>`: of one bundle each target says one thing, and the later word is what holds.
pub static ASSIGNMENTS: Table<Assignment, Intent> = Table::new("assignment");

/// The most assignments there are; all are in memory.
pub const ASSIGNMENTS_MAX: usize = 20_000;

/// What is said of one bundle for one target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assignment {
    /// Which bundle.
    pub bundle: BundleName,
    /// For whom.
    pub target: Target,
    /// In which version; nothing where it is not to be there, whatever less particular targets say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edition: Option<Edition>,
    /// Whether it is fetched in quiet hours too.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub urgent: bool,
    /// Who said so.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// A version, and the SHA-256 of its index: nobody can put something else under the same number.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Edition {
    /// The version.
    pub version: BundleVersion,
    /// The digest of its index.
    pub index: Digest,
}

/// All assignments, to be looked up by what a device is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Assignments(BTreeMap<Target, BTreeMap<BundleName, Assignment>>);

impl Assignment {
    /// The id within the table.
    #[must_use]
    pub fn id(&self) -> String {
        format!("{}/{}", self.bundle, self.target)
    }
}

impl Assignments {
    /// Reads them all.
    ///
    /// # Errors
    /// `Unavailable` when the store fails.
    pub async fn load(store: &dyn Store, territory: &TerritoryId) -> Result<Self> {
        let scope = ASSIGNMENTS.scope(territory, "");
        let (mut all, mut after) = (Self::default(), String::new());
        all.extend(release_before(store, territory).await?);
        loop {
            let page = ASSIGNMENTS.page(store, &scope, &after, PAGE_MAX).await?;
            let Some(last) = page.last() else { return Ok(all) };
            after.clone_from(&last.id);
            all.extend(page.into_iter().map(|row| row.value));
        }
    }

    /// What decides each bundle for a device with these facts, by name: the most particular word.
    #[must_use]
    pub fn decided(&self, facts: &Facts) -> BTreeMap<&BundleName, &Assignment> {
        // Of one name the last one collected stays.
        Target::of(facts).filter_map(|target| self.0.get(&target)).flatten().collect()
    }

    /// What is said of a bundle for exactly this target.
    #[must_use]
    pub fn get(&self, target: &Target, bundle: &BundleName) -> Option<&Assignment> {
        self.0.get(target)?.get(bundle)
    }

    /// What is said for exactly this target.
    pub fn of_target(&self, target: &Target) -> impl Iterator<Item = &Assignment> {
        self.0.get(target).into_iter().flat_map(BTreeMap::values)
    }

    /// Each of them, by target.
    pub fn iter(&self) -> impl Iterator<Item = &Assignment> {
        self.0.values().flat_map(BTreeMap::values)
    }
}

impl Extend<Assignment> for Assignments {
    fn extend<I: IntoIterator<Item = Assignment>>(&mut self, more: I) {
        for one in more {
            self.0.entry(one.target.clone()).or_default().insert(one.bundle.clone(), one);
        }
    }
}
