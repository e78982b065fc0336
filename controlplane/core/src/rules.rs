//! The snapshot of everything that is planned from, except the device itself.

use crate::acts::{ActTold, acts_of};
use crate::error::Result;
use crate::store::{Changes, Revision, Scope, Store};
use crate::table::{Intent, Table};
use model::desired::Cadence;
use model::id::TerritoryId;

/// The territory's cadence, under the id [`EVERYWHERE`].
pub static CADENCES: Table<Cadence, Intent> = Table::new("cadence");
/// The id of what holds for the whole territory.
pub const EVERYWHERE: &str = "territory";

/// What plans are made of, as of a revision.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    /// The newest revision seen.
    pub revision: Revision,
    /// The newest revision at which any rule changed.
    pub changed: Revision,
    /// How devices keep in touch.
    pub cadence: Cadence,
    /// The latest acts on the whole territory, of which every device is told.
    pub acts: Vec<(Revision, ActTold)>,
}

impl Rules {
    /// Reads the rules: notes the revision first, so that what changes meanwhile is seen again by [`Rules::follow`].
    ///
    /// # Errors
    /// `Unavailable` when the store fails.
    pub async fn load(store: &dyn Store, territory: &TerritoryId) -> Result<Self> {
        let revision = store.revision().await?;
        let row = CADENCES.get(store, territory, EVERYWHERE).await?;
        let changed = row.as_ref().map_or(0, |r| r.revision);
        let acts = acts_of(store, territory, EVERYWHERE).await?;
        Ok(Self { revision, changed, cadence: row.map(|r| r.value).unwrap_or_default(), acts })
    }

    /// What these rules are made of, for watching.
    #[must_use]
    pub fn scope(territory: &TerritoryId) -> Scope {
        Scope { territory: territory.clone(), tables: vec![CADENCES.name], prefix: String::new() }
    }

    /// Waits until a rule changes and reads again.
    ///
    /// # Errors
    /// `Unavailable` when the store fails or closes.
    pub async fn follow(&self, store: &dyn Store, territory: &TerritoryId) -> Result<Self> {
        let upto = match store.changes(&Self::scope(territory), self.revision, crate::store::PAGE_MAX).await? {
            Changes::Keys { upto, .. } => upto,
            Changes::Gone { now } => now,
        };
        let read = Self::load(store, territory).await?;
        Ok(Self { revision: upto, ..read })
    }
}
