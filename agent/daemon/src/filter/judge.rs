//! What the policy makes of a name: the sheets that the engine is asked with, and the resolver's judge.
//!
//! What stands above what is said by [`Holding::ranks`], and the engine makes sheets of it ([`Ranked`]): whoever explains a verdict elsewhere asks the same.

use super::list::List;
use filter::{Decision, Match, Ranked, Said, Verdict};
use guard::page::{Label, Why};
use model::filtering::{Holding, LessonKind, Rank, YouTube};
use model::host::{CategoryName, Host};
use resolver::safe::{self, SafeSearch};
use resolver::{Block, Judge, Name, Ruling};
use std::collections::BTreeSet;

/// Firefox asks for the first before it resolves by itself (Mozilla, "Canary domain"); Apple's relays are told by the others that the
/// network wants none ("Prepare your network for iCloud Private Relay").
const CANARIES: [&str; 3] = ["use-application-dns.net", "mask.icloud.com", "mask-h2.icloud.com"];
/// What pages and programs bring along, and no person looks for (categories of UT1, "publicite" and its other name, and "doh").
const QUIET: [&str; 3] = ["publicite", "ads", "doh"];

/// The policy as it holds now.
pub(super) struct Policy {
    made: Ranked,
    list: Option<List>,
    only_open: bool,
    /// Names that a person unblocked within the floor: it is no reason to close what they are aliases of.
    lifted: BTreeSet<Host>,
    /// Within which kind of lesson.
    lesson: Option<LessonKind>,
    safe: SafeSearch,
    canaries: Option<[Name; 3]>,
}

/// What of it speaks of a category that the list does not have. All else is held: a slip in a school's document must not keep from it what is
/// closed above.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Unknown {
    pub(super) floor: Vec<CategoryName>,
    pub(super) policy: Vec<CategoryName>,
}

impl Policy {
    /// What holds, with the list there is.
    ///
    /// # Errors
    /// When it is more than the engine takes.
    pub(super) fn new(
        holding: &Holding,
        own: &BTreeSet<Host>,
        list: Option<&List>,
    ) -> Result<(Self, Unknown), filter::Error> {
        let (side, ranks) = (&holding.side, holding.ranks(own));
        let said: Vec<Said<'_>> = ranks.iter().map(|rank| said(rank, list)).collect();
        let made = Ranked::new(&said, list.map(|list| &list.set))?;
        let mut unknown = Unknown::default();
        for (rank, name) in &made.unknown {
            let of = if *rank == Holding::RANK_FLOOR { &mut unknown.floor } else { &mut unknown.policy };
            // Nobody named those.
            let name: Option<CategoryName> = name.parse().ok();
            of.extend(name.filter(|name| side.blocked.contains(name) || !holding.ways_round.contains(name)));
        }
        let canaries = (!side.other_resolvers).then(|| CANARIES.map(|name| name.parse().ok()));
        let policy = Self {
            made,
            list: list.cloned(),
            only_open: side.only_open,
            lifted: holding.unblocked.clone(),
            lesson: holding.lesson.as_ref().map(|(_, kind)| *kind),
            safe: safe_search(side.safe_search, side.youtube),
            canaries: canaries.and_then(|[one, two, three]| Some([one?, two?, three?])),
        };
        Ok((policy, unknown))
    }

    /// Why a name is closed, if it is.
    pub(super) fn why(&self, name: &str) -> Why {
        let verdict = self.made.filter.verdict(name.to_ascii_lowercase().as_bytes());
        match verdict.decision {
            Decision::Allowed => Why::Open,
            Decision::Unlisted => match self.lesson.filter(|_| self.only_open) {
                Some(LessonKind::Lesson) => Why::Lesson,
                Some(LessonKind::Exam) => Why::Exam,
                None if self.only_open => Why::OnlyOpen,
                None => Why::Open,
            },
            Decision::Blocked => self.blocked_by(verdict),
        }
    }

    /// Whether nobody asks for what is closed of this kind, but pages do that people look at.
    pub(super) fn is_quiet(&self, name: &Name) -> bool {
        self.listed(self.verdict(name)).is_some_and(|(name, _)| QUIET.contains(&name))
    }

    fn blocked_by(&self, verdict: Verdict) -> Why {
        let found = self.listed(verdict).and_then(|(name, list)| {
            let category = list.manifest.category(name)?;
            Some(Why::Category(Label { fr: category.label_fr.clone(), en: category.label_en.clone() }))
        });
        found.unwrap_or(Why::Named)
    }

    /// The category that decided, of the list that has it.
    fn listed(&self, verdict: Verdict) -> Option<(&str, &List)> {
        let by = verdict.by?;
        let listed = self.made.origins.get(by.sheet).is_some_and(|(_, listed)| *listed);
        let list = self.list.as_ref().filter(|_| listed)?;
        Some((&list.set.categories().get(by.category)?.name, list))
    }

    /// Of which rank the word is that decided.
    fn rank(&self, by: Match) -> u8 {
        self.made.origins.get(by.sheet).map_or(0, |(rank, _)| *rank)
    }

    /// Whether the floor itself opens it, or lets a person open it.
    fn is_free(&self, name: &Name, by: Match) -> bool {
        let labels = usize::try_from(by.labels).unwrap_or(usize::MAX);
        let of = |host: &Host| host.as_str().rsplit('.').map(str::as_bytes).eq(name.labels_upward().take(labels));
        self.rank(by) >= Holding::RANK_FLOOR || self.lifted.iter().any(of)
    }

    fn verdict(&self, name: &Name) -> Verdict {
        self.made.filter.verdict_labels(name.labels_upward())
    }
}

impl Judge for Policy {
    fn ruling(&self, name: &Name, _: u16) -> Ruling {
        if self.canaries.as_ref().is_some_and(|canaries| canaries.contains(name)) {
            return Ruling::NoSuchName;
        }
        let Verdict { decision, by } = self.verdict(name);
        match (decision, by) {
            (Decision::Blocked, Some(by)) if self.rank(by) >= Holding::RANK_FLOOR => {
                return Ruling::Block(Block::Floor);
            }
            (Decision::Blocked, _) => return Ruling::Block(Block::Listed),
            (Decision::Unlisted, _) if self.only_open => return Ruling::Block(Block::Unlisted),
            (Decision::Unlisted | Decision::Allowed, _) => {}
        }
        if let Some(target) = self.safe.rewrite(name).and_then(|target| target.parse().ok()) {
            return Ruling::Rewrite(Box::new(target));
        }
        match (decision, by) {
            (Decision::Allowed, Some(by)) if self.is_free(name, by) => Ruling::Free,
            (Decision::Allowed, _) => Ruling::Allow,
            _ => Ruling::Pass,
        }
    }
}

/// What a rank says, its categories by the names that the list has for them.
fn said<'a>(rank: &Rank<'a>, list: Option<&'a List>) -> Said<'a> {
    let names = |names: &[&'a Host]| names.iter().map(|name| name.as_str()).collect();
    let known = |name: &'a str| list.map_or(name, |list| list.category(name));
    let categories = |names: &[&'a CategoryName]| names.iter().map(|name| known(name.as_str())).collect();
    Said {
        rank: rank.rank,
        names_open: names(&rank.names_open),
        names_lifted: names(&rank.names_lifted),
        names_blocked: names(&rank.names_blocked),
        open: categories(&rank.open),
        blocked: categories(&rank.blocked),
    }
}

fn safe_search(engines: bool, youtube: YouTube) -> SafeSearch {
    let youtube = match youtube {
        YouTube::Off => safe::YouTube::Off,
        YouTube::Moderate => safe::YouTube::Moderate,
        YouTube::Strict => safe::YouTube::Strict,
    };
    let all = if engines { SafeSearch::ALL } else { SafeSearch::default() };
    SafeSearch { youtube, ..all }
}

#[cfg(test)]
pub(super) mod tests;
