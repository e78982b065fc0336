//! The snapshot of everything that is planned from, except the device itself.

use crate::acts::{ActTold, acts_of};
use crate::assignment::Assignments;
use crate::calendar::{CALENDARS, calendars};
use crate::error::Result;
use crate::fetching::{DaysOff, FETCH_POLICIES, FetchPolicy};
use crate::release::{RELEASES, ReleaseRule};
use crate::rollout::open::Rollouts;
use crate::rollout::{ROLLOUT_SITES, ROLLOUTS};
use crate::store::{Changes, Expect, PAGE_MAX, Revision, Scope, Store};
use crate::table::{Intent, Table, Writes};
use model::desired::Cadence;
use model::id::TerritoryId;

/// The territory's cadence, under the id [`EVERYWHERE`].
pub static CADENCES: Table<Cadence, Intent> = Table::new("cadence");
/// Written with each change of assignments: what is removed leaves no revision behind, and a rule that is gone must not look older than
/// the one it took the place of.
static MARKS: Table<(), Intent> = Table::new("rules_mark");
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
    /// Which bundles devices are to hold.
    pub assignments: Assignments,
    /// Which rollouts decide a version before assignments do.
    pub rollouts: Rollouts,
    /// How they fetch them.
    pub fetching: FetchPolicy,
    /// The days off of schools.
    pub days_off: DaysOff,
    /// The time zone in which days begin and end, such as `Europe/Paris`.
    pub zone: String,
    /// Which release of the agent devices are to run.
    pub release: ReleaseRule,
    /// The latest acts on the whole territory, of which every device is told.
    pub acts: Vec<(Revision, ActTold)>,
}

impl Rules {
    /// Reads the rules: notes the revision first, so that what changes meanwhile is seen again by [`Rules::follow`].
    ///
    /// # Errors
    /// `Unavailable` when the store fails.
    pub async fn load(store: &dyn Store, territory: &TerritoryId, zone: &str) -> Result<Self> {
        let revision = store.revision().await?;
        let cadence = CADENCES.get(store, territory, EVERYWHERE).await?;
        let release = RELEASES.get(store, territory, EVERYWHERE).await?;
        let fetching = FETCH_POLICIES.get(store, territory, EVERYWHERE).await?;
        let mark = MARKS.get(store, territory, EVERYWHERE).await?;
        let entered = CALENDARS.page(store, &CALENDARS.scope(territory, ""), "", PAGE_MAX).await?;
        let written = entered.iter().map(|row| row.revision).chain(mark.map(|row| row.revision));
        let (rollouts, rolled) = Rollouts::load(store, territory).await?;
        let written = written.chain([rolled]).chain(cadence.as_ref().map(|row| row.revision));
        let written = written.chain(release.as_ref().map(|row| row.revision));
        let changed = written.chain(fetching.as_ref().map(|row| row.revision)).max().unwrap_or_default();
        Ok(Self {
            revision,
            changed,
            cadence: cadence.map(|row| row.value).unwrap_or_default(),
            release: release.map(|row| row.value).unwrap_or_default(),
            assignments: Assignments::load(store, territory).await?,
            rollouts,
            fetching: fetching.map(|row| row.value).unwrap_or_default(),
            days_off: DaysOff::new(&calendars(store, territory).await?),
            zone: zone.to_owned(),
            acts: acts_of(store, territory, EVERYWHERE).await?,
        })
    }

    /// What these rules are made of, for watching.
    #[must_use]
    pub fn scope(territory: &TerritoryId) -> Scope {
        Scope {
            territory: territory.clone(),
            tables: vec![
                CADENCES.name,
                RELEASES.name,
                MARKS.name,
                FETCH_POLICIES.name,
                CALENDARS.name,
                ROLLOUTS.name,
                ROLLOUT_SITES.name,
            ],
            prefix: String::new(),
        }
    }

    /// Waits until a rule changes and reads again.
    ///
    /// # Errors
    /// `Unavailable` when the store fails or closes.
    pub async fn follow(&self, store: &dyn Store, territory: &TerritoryId) -> Result<Self> {
        let upto = match store.changes(&Self::scope(territory), self.revision, PAGE_MAX).await? {
            Changes::Keys { upto, .. } => upto,
            Changes::Gone { now } => now,
        };
        let read = Self::load(store, territory, &self.zone).await?;
        Ok(Self { revision: upto, ..read })
    }
}

/// Notes in a batch that rules which may be removed have changed.
///
/// # Errors
/// `Invalid` when it cannot be written; `Conflict` at the commit when somebody else changed such rules since [`rules_marked`].
pub fn rules_mark(writes: Writes<Intent>, expect: Expect) -> Result<Writes<Intent>> {
    writes.put(&MARKS, EVERYWHERE, &(), expect)
}

/// What a batch that changes such rules expects, to be read before they are.
///
/// # Errors
/// `Unavailable` when the store fails.
pub async fn rules_marked(store: &dyn Store, territory: &TerritoryId) -> Result<Expect> {
    let row = MARKS.get(store, territory, EVERYWHERE).await?;
    Ok(row.map_or(Expect::Absent, |row| Expect::At(row.revision)))
}
