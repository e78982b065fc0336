//! The rollouts that decide versions, as plans and tallies are made from them.

use super::site::Site;
use super::wave::Member;
use super::{Opened, ROLLOUT_SITES, ROLLOUTS, Rollout, State};
use crate::assignment::{Assignment, Assignments, Target};
use crate::error::Result;
use crate::facts::Facts;
use crate::store::{PAGE_MAX, Revision, Store};
use model::id::TerritoryId;
use model::uai::Uai;
use std::collections::BTreeMap;

/// Rollouts that hold something, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rollouts(Vec<Held>);

/// A rollout with its schools, where they are opened one by one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// The rollout.
    pub rollout: Rollout,
    /// When it was last written.
    pub revision: Revision,
    /// Its schools, and when each was last written.
    pub sites: BTreeMap<Uai, (Site, Revision)>,
}

impl Rollouts {
    /// Reads them, and the newest revision at which one was written, be it over.
    ///
    /// # Errors
    /// `Unavailable` when the store fails.
    pub async fn load(store: &dyn Store, territory: &TerritoryId) -> Result<(Self, Revision)> {
        let scope = ROLLOUTS.scope(territory, "");
        let (mut all, mut newest, mut after) = (Self::default(), 0, String::new());
        loop {
            let page = ROLLOUTS.page(store, &scope, &after, PAGE_MAX).await?;
            let Some(last) = page.last() else { return Ok((all, newest)) };
            after.clone_from(&last.id);
            for row in page {
                newest = newest.max(row.revision);
                // One that ended before it opened anything says nothing to any device.
                let began = row.value.state == State::Running || !row.value.opened.is_empty();
                if row.value.state.holds() && began {
                    let held = Held::load(store, territory, row.value, row.revision).await?;
                    newest = held.sites.values().map(|(_, revision)| *revision).max().unwrap_or(0).max(newest);
                    all.0.push(held);
                }
            }
        }
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = &Held> {
        self.0.iter()
    }

    /// Whether one of them is looked at: its waves open, or people watch what holds it up.
    #[must_use]
    pub fn running(&self) -> bool {
        self.0.iter().any(|held| matches!(held.rollout.state, State::Running | State::Paused))
    }

    /// The rollouts that decide for a device with these facts, each with the target by which it does, the weakest first.
    pub fn decided<'a>(
        &'a self,
        facts: &'a Facts,
        assignments: &'a Assignments,
    ) -> impl Iterator<Item = (&'a Held, &'a Target)> {
        let mut found: Vec<_> = self
            .0
            .iter()
            .filter_map(|held| {
                let target = held.rollout.target(facts)?;
                held.open_to(facts)?;
                (!held.rollout.outspoken(target, facts, assignments)).then_some((held, target))
            })
            .collect();
        // Of two for the same target the later one stays.
        found.sort_by(|a, b| a.1.cmp(b.1));
        found.into_iter()
    }
}

impl Rollouts {
    /// Whether any brings a version of the filter's lists.
    #[must_use]
    pub fn bring_lists(&self) -> bool {
        self.0.iter().any(|held| held.rollout.name.is_lists())
    }

    /// Whether a rollout is for a device, and no other one decides there.
    #[must_use]
    pub fn concerns(&self, held: &Held, facts: &Facts, assignments: &Assignments) -> bool {
        held.rollout.is_for(facts, assignments) && !self.overruled(held, facts, assignments)
    }

    /// Whether another rollout of the bundle decides for a device: it is open to it by a more particular word.
    fn overruled(&self, held: &Held, facts: &Facts, assignments: &Assignments) -> bool {
        let Some(target) = held.rollout.target(facts) else { return false };
        self.0.iter().any(|other| {
            let same = other.rollout.name == held.rollout.name && other.rollout.id != held.rollout.id;
            let more = other.rollout.target(facts).filter(|other| *other > target);
            same && more.is_some_and(|more| !other.rollout.outspoken(more, facts, assignments))
                && other.open_to(facts).is_some()
        })
    }
}

impl Held {
    /// Reads a rollout's schools.
    ///
    /// # Errors
    /// `Unavailable` when the store fails.
    pub async fn load(
        store: &dyn Store,
        territory: &TerritoryId,
        rollout: Rollout,
        revision: Revision,
    ) -> Result<Self> {
        let mut sites = BTreeMap::new();
        let prefix = format!("{}/", rollout.id);
        let (scope, mut after) = (ROLLOUT_SITES.scope(territory, prefix.clone()), String::new());
        while rollout.by_site() {
            let page = ROLLOUT_SITES.page(store, &scope, &after, PAGE_MAX).await?;
            let Some(last) = page.last() else { break };
            after.clone_from(&last.id);
            let named = page.into_iter().filter_map(|row| {
                let school = row.id.strip_prefix(&prefix)?.parse().ok()?;
                Some((school, (row.value, row.revision)))
            });
            sites.extend(named);
        }
        Ok(Self { rollout, revision, sites })
    }

    /// The school of a device within it.
    #[must_use]
    pub fn site(&self, facts: &Facts) -> Option<&Site> {
        self.sites.get(&facts.school?).map(|(site, _)| site)
    }

    /// Since when it is open to a device of its scope.
    #[must_use]
    pub fn open_to(&self, facts: &Facts) -> Option<Opened> {
        self.rollout.open_to(&Member::of(facts), self.site(facts))
    }
}

impl Member {
    /// A device with these facts.
    #[must_use]
    pub const fn of(facts: &Facts) -> Self {
        Self { device: facts.device, school: facts.school }
    }
}

impl Rollout {
    /// By which part of its scope it covers a device: the most particular; nothing when it does not.
    #[must_use]
    pub fn target(&self, facts: &Facts) -> Option<&Target> {
        self.scope.iter().rev().find(|target| target.covers(facts))
    }

    /// Whether it is for a device at all: it lies in the scope, and no more particular word is said of the bundle.
    #[must_use]
    pub fn is_for(&self, facts: &Facts, assignments: &Assignments) -> bool {
        self.target(facts).is_some_and(|target| !self.outspoken(target, facts, assignments))
    }

    /// Whether an assignment is stronger. A rollout ranks as the assignment that it will be, so that nothing moves when it has ended; one
    /// that came to nothing gives way to what was assigned after it.
    fn outspoken(&self, target: &Target, facts: &Facts, assignments: &Assignments) -> bool {
        let over = matches!(self.state, State::Stopped | State::Aborted);
        let later = |one: &Assignment| over && one.target == *target && one.at > self.since;
        Target::of(facts)
            .filter(|said| said >= target)
            .any(|said| assignments.get(&said, &self.name).is_some_and(|one| one.target > *target || later(one)))
    }
}
