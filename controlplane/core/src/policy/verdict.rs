//! What becomes of a name on a device, by all that decides: the policy, the list, lessons, unblocked names, the floor.
//!
//! It is worked out as devices do, by the very same code ([`model::filtering::holding`], [`filter::Ranked`]); only which of the two regimes
//! holds is theirs to know.

use super::list::{List, suffix};
use filter::{Decision, Ranked, Said};
use jiff::civil::DateTime;
use model::filtering::{Filtering, Holding, Lesson, LessonId, Moment, Rank, Regime, holding};
use model::floor::Floor;
use model::host::{CategoryName, Host};
use model::time::Timestamp;
use std::collections::BTreeSet;
use std::time::Duration;

/// What holds in one regime at a moment, ready to be asked about names.
#[derive(Clone, Debug)]
pub struct Scales {
    made: Ranked,
    holding: Holding,
    lesson: Option<Lesson>,
    list: Option<List>,
}

/// What becomes of a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Whether it is blocked.
    pub blocked: bool,
    /// What decides.
    pub because: Because,
    /// Whose word that is.
    pub whose: Whose,
    /// The name in the list by which a category decides.
    pub listed: Option<String>,
}

/// What decides about a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Because {
    /// A name.
    Name(String),
    /// A category of the list.
    Category(String),
    /// That all categories of the list are blocked, this one among them.
    All(String),
    /// That only what is open is shown.
    OnlyOpen,
    /// Nothing is said of it.
    Nothing,
}

/// Whose word decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whose {
    /// Nobody's.
    Nobody,
    /// The signed floor's.
    Floor,
    /// The policy's, in one of its layers.
    Policy,
    /// A lesson's or an exam's.
    Lesson(LessonId),
    /// Whoever unblocked it.
    Unblocked,
}

impl Because {
    /// The code in messages.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Name(_) => "name",
            Self::Category(_) => "category",
            Self::All(_) => "all",
            Self::OnlyOpen => "only_open",
            Self::Nothing => "nothing",
        }
    }

    /// The name or category that it is.
    #[must_use]
    pub fn item(&self) -> Option<&str> {
        match self {
            Self::Name(name) | Self::Category(name) | Self::All(name) => Some(name),
            Self::OnlyOpen | Self::Nothing => None,
        }
    }
}

impl Whose {
    /// The code in messages; nobody's is empty.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Nobody => "",
            Self::Floor => "floor",
            Self::Policy => "policy",
            Self::Lesson(_) => "lesson",
            Self::Unblocked => "unblock",
        }
    }
}

impl Scales {
    /// What holds in a regime: where school is proven, at school's hours, or anywhere else.
    ///
    /// # Errors
    /// [`filter::Error`] when it is more than the engine takes, as on devices.
    pub fn new(
        filtering: &Filtering,
        floor: &Floor,
        list: Option<&List>,
        regime: Regime,
        now: Timestamp,
    ) -> filter::Result<Self> {
        // Hours say when school is, and this asks what holds when it is.
        let always = Filtering { hours: None, ..filtering.clone() };
        let proven = now.after(Duration::from_secs(60));
        let proven_until = (regime == Regime::InSchool).then_some(proven);
        let holding = holding(&always, floor, &Moment { now, local: DateTime::default(), proven_until });
        // A device's own names, such as its control plane's, are its to know.
        let own = BTreeSet::new();
        let ranks = holding.ranks(&own);
        let said: Vec<Said<'_>> = ranks.iter().map(|rank| said(rank, list)).collect();
        let made = Ranked::new(&said, list.map(|list| &list.set))?;
        let of = |lesson: &&Lesson| holding.lesson.as_ref().is_some_and(|(id, _)| lesson.id == *id);
        let lesson = filtering.lessons.iter().find(of).cloned();
        Ok(Self { made, holding, lesson, list: list.cloned() })
    }

    /// What becomes of a name.
    #[must_use]
    pub fn verdict(&self, name: &Host) -> Verdict {
        let verdict = self.made.filter.verdict(name.as_str().as_bytes());
        let only_open = self.holding.side.only_open;
        let Some(by) = verdict.by else {
            let by_lesson = self.lesson.as_ref().filter(|lesson| lesson.only_open);
            let whose = by_lesson.map_or(Whose::Policy, |lesson| Whose::Lesson(lesson.id.clone()));
            return match only_open {
                true => Verdict { blocked: true, because: Because::OnlyOpen, whose, listed: None },
                false => Verdict { blocked: false, because: Because::Nothing, whose: Whose::Nobody, listed: None },
            };
        };
        let blocked = verdict.decision == Decision::Blocked;
        let (rank, listed) = self.made.origins.get(by.sheet).copied().unwrap_or_default();
        let covered = suffix(name, by.labels);
        if listed {
            let categories = self.list.as_ref().map(|list| list.set.categories());
            let category = categories.and_then(|all| all.get(by.category)).map(|one| one.name.clone());
            let category = category.unwrap_or_default();
            let whose = self.whose_category(rank, &category, blocked);
            let named = self.calls(&self.holding.side.blocked, &category) || !blocked || rank != Holding::RANK_POLICY;
            let because = if named { Because::Category(category) } else { Because::All(category) };
            return Verdict { blocked, because, whose, listed: Some(covered) };
        }
        let whose = self.whose_name(rank, &covered, blocked);
        Verdict { blocked, because: Because::Name(covered), whose, listed: None }
    }

    fn whose_category(&self, rank: u8, category: &str, blocked: bool) -> Whose {
        match (rank, &self.lesson) {
            (Holding::RANK_FLOOR | Holding::RANK_KEPT, _) => Whose::Floor,
            (Holding::RANK_ADMITTED, Some(lesson)) => Whose::Lesson(lesson.id.clone()),
            (_, Some(lesson)) if self.calls(if blocked { &lesson.blocks } else { &lesson.opens }, category) => {
                Whose::Lesson(lesson.id.clone())
            }
            _ => Whose::Policy,
        }
    }

    fn whose_name(&self, rank: u8, name: &str, blocked: bool) -> Whose {
        let names = |names: &BTreeSet<Host>| names.iter().any(|one| one.as_str() == name);
        match (rank, &self.lesson) {
            (Holding::RANK_KEPT, _) => Whose::Floor,
            (Holding::RANK_FLOOR, _) => Whose::Unblocked,
            (Holding::RANK_ADMITTED, Some(lesson)) => Whose::Lesson(lesson.id.clone()),
            (_, Some(lesson)) if names(if blocked { &lesson.names_blocked } else { &lesson.names_open }) => {
                Whose::Lesson(lesson.id.clone())
            }
            _ if !blocked && (names(&self.holding.unblocked_above_floor) || names(&self.holding.unblocked)) => {
                Whose::Unblocked
            }
            _ => Whose::Policy,
        }
    }

    /// Whether a category is among these, by any of its names.
    fn calls(&self, named: &BTreeSet<CategoryName>, category: &str) -> bool {
        named.iter().any(|one| self.list.as_ref().map_or(one.as_str(), |list| list.category(one.as_str())) == category)
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
