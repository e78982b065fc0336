//! The snapshot of everything that is planned from, except the device itself.

use crate::acts::{ActTold, acts_of};
use crate::assignment::{Assignments, Target};
use crate::calendar::{CALENDARS, calendars};
use crate::error::Result;
use crate::facts::Facts;
use crate::fetching::{DaysOff, FETCH_POLICIES, FetchPolicy};
use crate::lesson::{LESSONS, Lessons};
use crate::policy::{Layers, POLICIES};
use crate::release::RELEASES;
use crate::rollout::open::Rollouts;
use crate::rollout::{ROLLOUT_SITES, ROLLOUTS};
use crate::store::{Changes, Expect, Key, PAGE_MAX, Revision, Scope, Store};
use crate::table::{Intent, Table, Writes};
use crate::unblock::{UNBLOCKS, Unblocks};
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
    /// Which bundles devices are to hold, and which release of the agent they are to run.
    pub assignments: Assignments,
    /// Which rollouts decide a version before assignments do.
    pub rollouts: Rollouts,
    /// How they fetch them.
    pub fetching: FetchPolicy,
    /// What is filtered, in layers.
    pub policies: Layers,
    /// What lessons and exams change of it.
    pub lessons: Lessons,
    /// Which names people have unblocked.
    pub unblocks: Unblocks,
    /// The days off of schools.
    pub days_off: DaysOff,
    /// The time zone in which days begin and end, such as `Europe/Paris`.
    pub zone: String,
    /// The latest acts on the whole territory, of which every device is told.
    pub acts: Vec<(Revision, ActTold)>,
    /// For whom lessons and unblocked names changed of late.
    pub recent: Recent,
}

/// For whom lessons and unblocked names changed since all else was read: nobody else is planned anew.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recent {
    /// Since when all such changes are noted.
    since: Revision,
    touched: Vec<(Revision, Target)>,
}

/// The most of such changes that are noted.
const RECENT_MAX: usize = 1_000;

impl Recent {
    fn note(&mut self, at: Revision, targets: impl Iterator<Item = Target>) {
        self.touched.extend(targets.map(|target| (at, target)));
        let many = self.touched.len().saturating_sub(RECENT_MAX);
        if let Some((last, _)) = many.checked_sub(1).and_then(|last| self.touched.get(last)) {
            self.since = *last;
        }
        self.touched.drain(..many);
    }
}

impl Rules {
    /// Reads the rules: notes the revision first, so that what changes meanwhile is seen again by [`Rules::follow`].
    ///
    /// # Errors
    /// `Unavailable` when the store fails.
    pub async fn load(store: &dyn Store, territory: &TerritoryId, zone: &str) -> Result<Self> {
        Self::load_over(store, territory, zone, None).await
    }

    async fn load_over(store: &dyn Store, territory: &TerritoryId, zone: &str, before: Option<&Self>) -> Result<Self> {
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
        let (policies, layered) = Layers::load(store, territory, before.map(|before| &before.policies)).await?;
        let (lessons, taught) = Lessons::load(store, territory).await?;
        let (unblocks, unblocked) = Unblocks::load(store, territory).await?;
        let written = written.chain([layered, taught, unblocked]);
        let changed = written.chain(fetching.as_ref().map(|row| row.revision)).max().unwrap_or_default();
        Ok(Self {
            revision,
            changed,
            cadence: cadence.map(|row| row.value).unwrap_or_default(),
            assignments: Assignments::load(store, territory).await?,
            rollouts,
            fetching: fetching.map(|row| row.value).unwrap_or_default(),
            policies,
            lessons,
            unblocks,
            days_off: DaysOff::new(&calendars(store, territory).await?),
            zone: zone.to_owned(),
            acts: acts_of(store, territory, EVERYWHERE).await?,
            recent: Recent { since: revision, touched: Vec::new() },
        })
    }

    /// Whether a device with these facts holds what it was planned by rules of an earlier revision: since then only lessons and unblocked
    /// names of others have changed.
    #[must_use]
    pub fn same_since(&self, facts: &Facts, planned: Revision) -> bool {
        let later = || self.recent.touched.iter().rev().take_while(|(at, _)| *at > planned);
        (self.recent.since..=self.revision).contains(&planned) && !later().any(|(_, target)| target.covers(facts))
    }

    /// Whether what is filtered hangs on more than where a device is filed: on its class, kit, loan or measure, or on itself.
    #[must_use]
    pub fn speak_of_more_than_filing(&self) -> bool {
        let filed = |target: &Target| matches!(target, Target::Territory | Target::Owner(_) | Target::School(_));
        let lists = self.assignments.iter().filter(|one| one.bundle.is_lists()).any(|one| !filed(&one.target));
        lists || self.rollouts.bring_lists() || !self.lessons.is_empty() || !self.unblocks.is_empty()
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
                POLICIES.name,
                LESSONS.name,
                UNBLOCKS.name,
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
            Changes::Keys { keys, upto } => {
                let beside = |key: &Key| key.table == LESSONS.name || key.table == UNBLOCKS.name;
                if keys.iter().all(beside) {
                    return self.overrides_read(store, territory, upto).await;
                }
                upto
            }
            Changes::Gone { now } => now,
        };
        let read = Self::load_over(store, territory, &self.zone, Some(self)).await?;
        Ok(Self { revision: upto, recent: Recent { since: upto, touched: Vec::new() }, ..read })
    }

    /// The same with lessons and unblocked names as they are now: they come and go all day, and concern a class or a school.
    async fn overrides_read(&self, store: &dyn Store, territory: &TerritoryId, upto: Revision) -> Result<Self> {
        let (lessons, taught) = Lessons::load(store, territory).await?;
        let (unblocks, unblocked) = Unblocks::load(store, territory).await?;
        let mut recent = self.recent.clone();
        recent.note(upto, lessons.differing(&self.lessons).chain(unblocks.differing(&self.unblocks)));
        let changed = self.changed.max(taught).max(unblocked);
        Ok(Self { revision: upto, changed, lessons, unblocks, recent, ..self.clone() })
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::Person;
    use crate::lesson::{LessonHeld, lesson_start};
    use crate::memory::Memory;
    use crate::policy::{Layer, PolicyWish, policy_writes};
    use crate::role::Role;
    use crate::scope::Reach;
    use crate::store::SharedStore;
    use model::filtering::{Lesson, LessonKind};
    use model::id::DeviceId;
    use model::time::Timestamp;
    use std::sync::Arc;

    fn lesson(school: &str, n: u8, now: Timestamp) -> LessonHeld {
        let lesson = Lesson {
            id: format!("l{n}").parse().unwrap(),
            kind: LessonKind::Lesson,
            from: now,
            until: now.after(std::time::Duration::from_secs(3_000)),
            only_open: true,
            opens: [].into(),
            blocks: [].into(),
            names_open: [].into(),
            names_blocked: [].into(),
        };
        let scope = format!("school:{school}").parse().unwrap();
        LessonHeld { lesson, scope, by: "jeanne".to_owned(), why: String::new(), stopped: None }
    }

    #[tokio::test]
    async fn a_lesson_changes_the_plans_of_its_school_alone_and_a_policy_those_of_all() {
        let store: SharedStore = Arc::new(Memory::default());
        let territory: TerritoryId = "doubs".parse().unwrap();
        let by = Person { name: "jeanne".to_owned(), role: Role::Admin };
        let (all, now) = (Reach::territory(), Timestamp::from_unix_seconds(1_795_000_000));
        let (a, b) = ("0951099D", "0750654D");
        let of = |school: &str| Facts {
            school: Some(school.parse().unwrap()),
            ..Facts::bare(DeviceId::new(Timestamp::default(), [1; 10]))
        };
        let first = Rules::load(store.as_ref(), &territory, "Europe/Paris").await.unwrap();
        lesson_start(&store, &territory, &all, lesson(a, 1, now), &by, now).await.unwrap();
        let second = first.follow(store.as_ref(), &territory).await.unwrap();
        assert_eq!(second.lessons.of(&of(a)).count(), 1);
        assert!(second.changed > first.changed && second.revision > first.revision);
        assert!(second.same_since(&of(b), first.revision) && !second.same_since(&of(a), first.revision));
        assert!(second.same_since(&of(a), second.revision) && !first.same_since(&of(b), second.revision));
        // One that follows says nothing less of the one before.
        lesson_start(&store, &territory, &all, lesson(b, 2, now), &by, now).await.unwrap();
        let third = second.follow(store.as_ref(), &territory).await.unwrap();
        assert!(!third.same_since(&of(a), first.revision) && !third.same_since(&of(b), second.revision));
        assert!(third.same_since(&of(a), second.revision));
        // What was read bit by bit is what is read at once.
        let whole = Rules::load(store.as_ref(), &territory, "Europe/Paris").await.unwrap();
        assert_eq!((&whole.lessons, whole.changed), (&third.lessons, third.changed));
        let wish =
            PolicyWish { layer: Layer::National, text: Some("[both]\nblock = [\"adult\"]".to_owned()), of: None };
        let writes = policy_writes(store.as_ref(), &territory, &all, &wish, &by, None, "a test", now).await.unwrap();
        writes.commit(&store).await.unwrap();
        let fourth = third.follow(store.as_ref(), &territory).await.unwrap();
        assert!(!fourth.same_since(&of(a), third.revision) && fourth.same_since(&of(a), fourth.revision));
    }

    #[test]
    fn what_is_noted_no_longer_is_planned_anew() {
        let target = |n: usize| Target::Kit(format!("K-{n}"));
        let mut recent = Recent { since: 5, touched: Vec::new() };
        (0..RECENT_MAX + 10).for_each(|n| recent.note(6 + n as u64, [target(n)].into_iter()));
        assert_eq!((recent.touched.len(), recent.since), (RECENT_MAX, 15));
        let rules = Rules { recent, revision: 2_000, ..Rules::default() };
        let facts = Facts::bare(DeviceId::new(Timestamp::default(), [1; 10]));
        assert!(rules.same_since(&facts, 15) && !rules.same_since(&facts, 14));
    }
}
