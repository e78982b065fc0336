//! What is filtered now: a pure function of the policy, the floor, the proof of school and the time, which needs no network.
//!
//! In school is what a site node has proven and the school's hours allow; everything else is out of school. Lessons, exams and unblocked names
//! begin and end by the device's own time. The floor stands above all of it, whoever signed the policy. Devices decide by it, and the control
//! plane explains by it: what is written twice would one day differ.

use super::begun::{Begun, Item, Spell};
use super::{Filtering, Lesson, LessonId, LessonKind, Regime, Side, Unblocked};
use crate::digest::Digest;
use crate::floor::Floor;
use crate::host::{CategoryName, Host};
use crate::time::Timestamp;
use jiff::civil::DateTime;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// What holds is looked at so often, whatever was expected: somebody may have set the clock.
pub const LOOK_EVERY: Duration = Duration::from_secs(3_600);

/// A moment, as the device knows it.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    /// Now; never before what is known to have passed.
    pub now: Timestamp,
    /// The hour in the zone of the school's hours.
    pub local: DateTime,
    /// Until when a site node's proof of school holds; none: nothing is proven.
    pub proven_until: Option<Timestamp>,
}

/// What holds now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holding {
    /// Which of the two regimes.
    pub regime: Regime,
    /// The lesson or exam that changes it.
    pub lesson: Option<(LessonId, LessonKind)>,
    /// What is blocked, allowed and hardened, the lesson being in it.
    pub side: Side,
    /// Categories that the floor keeps blocked, above what the side says.
    pub floor_blocked: BTreeSet<CategoryName>,
    /// Names that the floor keeps open, above all else.
    pub floor_open: BTreeSet<Host>,
    /// Categories of what leads past the filter, blocked with other ways round where the list has them.
    pub ways_round: BTreeSet<CategoryName>,
    /// Categories that are let through where everything else is blocked, if nothing blocks them.
    pub admitted: BTreeSet<CategoryName>,
    /// Names of which the same holds.
    pub admitted_names: BTreeSet<Host>,
    /// Names that a person unblocked within what the floor allows, beside what it blocks.
    pub unblocked: BTreeSet<Host>,
    /// Names that a person unblocked for longer than that: above the policy, and not above the floor.
    pub unblocked_above_floor: BTreeSet<Host>,
    /// What of it is open below the floor for a while, and how that is counted.
    pub counted: BTreeMap<Digest, Spell>,
    /// When it may be otherwise by the passing of time alone; at most [`LOOK_EVERY`].
    pub until: Duration,
}

/// What is said of names and categories in one rank: it decides before all lower ranks, whatever the length of the name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rank<'a> {
    /// Which.
    pub rank: u8,
    /// Names that it opens.
    pub names_open: Vec<&'a Host>,
    /// Names that a person opened: in this rank where its categories block them, else in the next one, where a longer name decides.
    pub names_lifted: Vec<&'a Host>,
    /// Names that it blocks.
    pub names_blocked: Vec<&'a Host>,
    /// Categories that it opens, before what it blocks of names as long.
    pub open: Vec<&'a CategoryName>,
    /// Categories that it blocks.
    pub blocked: Vec<&'a CategoryName>,
}

impl Holding {
    /// The floor's open names and the device's own.
    pub const RANK_KEPT: u8 = 4;
    /// The floor's categories, and what a person unblocked within the floor.
    pub const RANK_FLOOR: u8 = 3;
    /// The policy's names and categories, lessons among them; what a person unblocked beyond the floor.
    pub const RANK_POLICY: u8 = 2;
    /// What a lesson lets through where everything else is blocked.
    pub const RANK_ADMITTED: u8 = 1;

    /// All that is said, the highest rank first; `own` are the device's own names.
    #[must_use]
    pub fn ranks<'a>(&'a self, own: &'a BTreeSet<Host>) -> [Rank<'a>; 4] {
        let (side, none) = (&self.side, Rank::none);
        [
            Rank { names_open: self.floor_open.iter().chain(own).collect(), ..none(Self::RANK_KEPT) },
            Rank {
                names_lifted: self.unblocked.iter().collect(),
                blocked: self.floor_blocked.iter().collect(),
                ..none(Self::RANK_FLOOR)
            },
            Rank {
                names_open: side.names_open.iter().chain(&self.unblocked_above_floor).collect(),
                names_blocked: side.names_blocked.iter().collect(),
                open: side.open.iter().collect(),
                blocked: side.blocked.iter().chain(&self.ways_round).collect(),
                ..none(Self::RANK_POLICY)
            },
            Rank {
                names_open: self.admitted_names.iter().collect(),
                open: self.admitted.iter().collect(),
                ..none(Self::RANK_ADMITTED)
            },
        ]
    }
}

impl Rank<'_> {
    const fn none(rank: u8) -> Self {
        let names_lifted = Vec::new();
        Self {
            rank,
            names_open: Vec::new(),
            names_lifted,
            names_blocked: Vec::new(),
            open: Vec::new(),
            blocked: Vec::new(),
        }
    }
}

/// What holds at a moment, by what is said alone: a device that has been told something else before goes by that, too.
#[must_use]
pub fn holding(filtering: &Filtering, floor: &Floor, at: &Moment) -> Holding {
    holding_since(filtering, floor, at, &Begun::default())
}

/// What holds at a moment on a device that remembers what was open below the floor.
#[must_use]
pub fn holding_since(filtering: &Filtering, floor: &Floor, at: &Moment, begun: &Begun) -> Holding {
    let mut counted = BTreeMap::new();
    let mut until = LOOK_EVERY;
    let mut soon = |change: Duration| until = until.min(change.max(Duration::from_millis(1)));
    let regime = regime(filtering, at, &mut soon);
    let lesson = lesson_of(filtering, regime, at.now, &mut soon);
    let mut side = filtering.side(regime).clone();
    let mut floor_blocked = categories(&floor.blocked);
    if let Some(lesson) = lesson {
        // Beyond what the floor lets a lesson loosen, it only tightens.
        let loosens_until = lesson.from.after(minutes(floor.lesson_minutes));
        let loosens = at.now < loosens_until;
        if loosens {
            soon(loosens_until.since(at.now));
            let opens = categories(&floor.lesson_opens);
            floor_blocked.retain(|name| {
                let most = minutes(floor.lesson_minutes);
                let (from, until) = (lesson.from, lesson.until);
                let item = Item { kind: "category", name: name.as_str(), from, until, most };
                let asked = opens.contains(name) && lesson.opens.contains(name);
                let open = asked.then(|| begun.open(&item, at.now, &mut soon)).flatten();
                counted.extend(open);
                open.is_none()
            });
        }
        lesson_apply(&mut side, lesson, loosens);
    }
    // A published floor is one that nobody goes round, whatever the policy leaves.
    side.other_resolvers &= floor.version == 0 || floor.blocked.is_empty();
    let ways_round = ways_round(&side);
    // What a person unblocked is the policy's, which an exam closes too; and a lesson closes what it names.
    let exam = lesson.is_some_and(|lesson| lesson.kind == LessonKind::Exam);
    let closed =
        |name: &Host| exam || lesson.is_some_and(|lesson| lesson.names_blocked.iter().any(|no| no.covers(name)));
    let (mut unblocked, mut unblocked_above_floor) = (BTreeSet::new(), BTreeSet::new());
    for one in &filtering.unblocked {
        let within = one.from.after(days(floor.unblock_days)).min(one.until);
        change_next(one, within, at.now, &mut soon);
        if closed(&one.name) {
            continue;
        }
        if !one.holds(at.now) {
            continue;
        }
        let (name, most) = (one.name.as_str(), days(floor.unblock_days));
        let item = Item { kind: "name", name, from: one.from, until: one.until, most };
        let open = begun.open(&item, at.now, &mut soon);
        counted.extend(open);
        let names = if open.is_some() { &mut unblocked } else { &mut unblocked_above_floor };
        names.insert(one.name.clone());
    }
    Holding {
        regime,
        lesson: lesson.map(|lesson| (lesson.id.clone(), lesson.kind)),
        // A lesson of an allow list tightens: that list is let through however long the lesson is.
        admitted: lesson.map(|lesson| lesson.opens.clone()).unwrap_or_default(),
        admitted_names: lesson.map(|lesson| lesson.names_open.clone()).unwrap_or_default(),
        side,
        ways_round,
        floor_blocked,
        floor_open: floor.open.iter().filter_map(|name| name.parse().ok()).collect(),
        unblocked,
        unblocked_above_floor,
        counted,
        until,
    }
}

/// Which regime holds: school is where it is proven, at school's hours.
fn regime(filtering: &Filtering, at: &Moment, soon: &mut impl FnMut(Duration)) -> Regime {
    let Some(proven_until) = at.proven_until.filter(|until| at.now < *until) else { return Regime::OutOfSchool };
    soon(proven_until.since(at.now));
    let Some(hours) = &filtering.hours else { return Regime::InSchool };
    let (school, until) = hours.at(at.local);
    soon(until);
    if school { Regime::InSchool } else { Regime::OutOfSchool }
}

/// The lesson that holds: an exam before lessons, of equals the one that began last.
fn lesson_of<'a>(
    filtering: &'a Filtering,
    regime: Regime,
    now: Timestamp,
    soon: &mut impl FnMut(Duration),
) -> Option<&'a Lesson> {
    for lesson in &filtering.lessons {
        for change in [lesson.from, lesson.until] {
            if now < change {
                soon(change.since(now));
            }
        }
    }
    let here = |lesson: &&Lesson| lesson.kind == LessonKind::Exam || regime == Regime::InSchool;
    let holding = filtering.lessons.iter().filter(|lesson| lesson.holds(now)).filter(here);
    holding.max_by_key(|lesson| (lesson.kind, lesson.from, &lesson.id))
}

/// What a lesson makes of a side; what it opens only while it may loosen.
fn lesson_apply(side: &mut Side, lesson: &Lesson, loosens: bool) {
    if lesson.kind == LessonKind::Exam && lesson.only_open {
        side.open.clear();
        side.names_open.clear();
    }
    if loosens {
        side.blocked.retain(|name| !lesson.opens.contains(name));
        side.names_blocked.retain(|name| !lesson.names_open.contains(name));
        side.open.extend(lesson.opens.iter().cloned());
        side.names_open.extend(lesson.names_open.iter().cloned());
    }
    side.open.retain(|name| !lesson.blocks.contains(name));
    side.names_open.retain(|name| !lesson.names_blocked.contains(name));
    side.blocked.extend(lesson.blocks.iter().cloned());
    side.names_blocked.extend(lesson.names_blocked.iter().cloned());
    side.only_open |= lesson.only_open;
}

/// As UT1 calls them: resolvers that speak HTTPS, private networks, and pages that fetch others.
fn ways_round(side: &Side) -> BTreeSet<CategoryName> {
    let (resolvers, vpn) = (!side.other_resolvers, !side.other_resolvers && !side.vpn);
    let names = [("doh", resolvers), ("vpn", vpn), ("redirector", vpn)];
    names.into_iter().filter(|(_, closed)| *closed).filter_map(|(name, _)| name.parse().ok()).collect()
}

fn change_next(one: &Unblocked, within: Timestamp, now: Timestamp, soon: &mut impl FnMut(Duration)) {
    for change in [one.from, within, one.until] {
        if now < change {
            soon(change.since(now));
        }
    }
}

fn categories(names: &BTreeSet<String>) -> BTreeSet<CategoryName> {
    names.iter().filter_map(|name| name.parse().ok()).collect()
}

fn minutes(count: u32) -> Duration {
    Duration::from_secs(u64::from(count) * 60)
}

fn days(count: u32) -> Duration {
    Duration::from_secs(u64::from(count) * 86_400)
}

#[cfg(test)]
mod tests;
