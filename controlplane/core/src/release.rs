//! Releases of the agent are assigned as bundles are, under a name of their own. Who made one is not decided here: devices ask the product's
//! own root.

use crate::assignment::{Assignment, Edition, Target, Wish, Word};
use crate::error::Result;
use crate::rules::EVERYWHERE;
use crate::store::{Expect, Store};
use crate::table::{Intent, Row, Table, Writes};
use model::id::TerritoryId;
use model::resource::BundleName;
use model::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// What was said of the whole territory before releases were assigned, under the id [`EVERYWHERE`]; read until somebody says otherwise.
pub(crate) static RELEASES: Table<ReleaseRule, Intent> = Table::new("agent_release");

/// Which release all devices of the territory are to run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReleaseRule {
    /// Which; none: what runs stays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release: Option<Edition>,
}

impl ReleaseRule {
    /// The same as an act on assignments.
    #[must_use]
    pub fn wish(&self) -> Wish {
        let word = match &self.release {
            Some(edition) => Word::Hold { edition: edition.clone(), urgent: false },
            None => Word::Nothing,
        };
        Wish { bundle: BundleName::agent(), targets: BTreeSet::from([Target::Territory]), word }
    }
}

/// What was said before releases were assigned, as an assignment; nothing where nothing was, or it was taken back.
///
/// # Errors
/// `Unavailable` when the store fails.
pub(crate) async fn release_before(store: &dyn Store, territory: &TerritoryId) -> Result<Option<Assignment>> {
    let row = RELEASES.get(store, territory, EVERYWHERE).await?;
    Ok(row.and_then(|row| row.value.release).map(|edition| Assignment {
        bundle: BundleName::agent(),
        target: Target::Territory,
        edition: Some(edition),
        urgent: false,
        by: String::new(),
        at: Timestamp::default(),
    }))
}

/// Takes that back within a batch that says something else.
///
/// # Errors
/// `Unavailable` when the store fails; `Conflict` at the commit when somebody else was faster.
pub(crate) async fn release_before_end(
    store: &dyn Store,
    territory: &TerritoryId,
    writes: Writes<Intent>,
) -> Result<Writes<Intent>> {
    match RELEASES.get(store, territory, EVERYWHERE).await? {
        Some(Row { value: ReleaseRule { release: Some(_) }, revision, .. }) => {
            // It stays, so that its revision does.
            writes.put(&RELEASES, EVERYWHERE, &ReleaseRule::default(), Expect::At(revision))
        }
        _ => Ok(writes),
    }
}

#[cfg(test)]
mod tests;
