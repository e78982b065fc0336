//! What of it stands in a device's plan.

use super::compose::Composed;
use crate::facts::Facts;
use crate::lesson::Lessons;
use crate::rules::Rules;
use crate::unblock::Unblocks;
use model::filtering::{Filtering, Hours, LESSONS_MAX, Lesson, NAMES_BYTES_MAX, NAMES_MAX, UNBLOCKED_MAX, Unblocked};
use std::time::Duration;

/// What a device with these facts filters; nothing where no layer speaks of it.
#[must_use]
pub fn told(rules: &Rules, facts: &Facts) -> Option<Box<Filtering>> {
    // A stranger, or what looks like a copy, is told no school's policy (security.md, "Quarantine").
    if facts.quarantined {
        return Some(Box::new(Filtering::strict()));
    }
    Some(Box::new(filtering(rules, rules.policies.composed(facts)?.as_ref(), facts)))
}

/// The same, with these layers in the place of those in force.
#[must_use]
pub fn filtering(rules: &Rules, composed: &Composed, facts: &Facts) -> Filtering {
    let hours = composed.slots.clone().map(|slots| Hours {
        zone: rules.zone.clone(),
        slots,
        days_off: rules.days_off.of(facts.school).to_vec(),
    });
    let mut filtering = Filtering {
        in_school: composed.in_school.clone(),
        out_of_school: composed.out_of_school.clone(),
        hours,
        lessons: Vec::new(),
        unblocked: Vec::new(),
        contact: composed.contact.clone(),
    };
    // Documents leave room for these; what comes on top of it is left out, the earliest to end first, so that the plan is never refused.
    let mut room = Room::beside(&filtering);
    filtering.lessons = lessons(&rules.lessons, composed, facts, &mut room);
    if composed.unblock {
        filtering.unblocked = unblocked(&rules.unblocks, composed.unblock_days, facts, &mut room);
    }
    filtering
}

fn lessons(all: &Lessons, composed: &Composed, facts: &Facts, room: &mut Room) -> Vec<Lesson> {
    let mut held: Vec<Lesson> = all.of(facts).filter_map(|lesson| composed.allows(lesson)).collect();
    // An exam closes: it is the last to be left out.
    held.sort_by(|a, b| b.kind.cmp(&a.kind).then(b.until.cmp(&a.until)).then_with(|| a.id.cmp(&b.id)));
    held.truncate(LESSONS_MAX);
    held.retain(|lesson| {
        let categories = lesson.opens.iter().chain(&lesson.blocks).map(|name| name.as_str());
        let names = lesson.names_open.iter().chain(&lesson.names_blocked).map(|name| name.as_str());
        room.take(categories.chain(names))
    });
    held.sort_by(|a, b| a.from.cmp(&b.from).then_with(|| a.id.cmp(&b.id)));
    held
}

fn unblocked(all: &Unblocks, days: Option<u32>, facts: &Facts, room: &mut Room) -> Vec<Unblocked> {
    // A stricter document ends sooner what was unblocked before it.
    let within = |one: &Unblocked| {
        let most = days.map(|days| one.from.after(Duration::from_secs(u64::from(days) * 86_400)));
        Unblocked { until: most.map_or(one.until, |most| most.min(one.until)), ..one.clone() }
    };
    let mut held: Vec<Unblocked> = all.of(facts).map(within).collect();
    held.sort_by(|a, b| b.until.cmp(&a.until).then_with(|| a.cmp(b)));
    held.dedup();
    held.truncate(UNBLOCKED_MAX);
    held.retain(|one| room.take([one.name.as_str()].into_iter()));
    held.sort();
    held
}

impl Composed {
    /// The lesson as far as these layers allow it: it opens nothing that they do not leave and blocks nothing that they keep open; none
    /// where nothing of it is left.
    fn allows(&self, lesson: &Lesson) -> Option<Lesson> {
        let mut lesson = lesson.clone();
        if !self.lessons {
            lesson.opens.clear();
            lesson.names_open.clear();
        }
        for kept in &self.kept {
            lesson.blocks.retain(|name| !kept.categories.contains(name));
            lesson.names_blocked.retain(|name| !kept.names.iter().any(|open| open.covers(name)));
        }
        let says = [lesson.opens.len(), lesson.blocks.len(), lesson.names_open.len(), lesson.names_blocked.len()];
        (lesson.only_open || says.iter().any(|count| *count > 0)).then_some(lesson)
    }
}

/// What a plan still takes of names.
struct Room {
    count: usize,
    bytes: usize,
}

impl Room {
    fn beside(filtering: &Filtering) -> Self {
        let mut room = Self { count: NAMES_MAX, bytes: NAMES_BYTES_MAX };
        for side in [&filtering.in_school, &filtering.out_of_school] {
            room.take(side.blocked.iter().chain(&side.open).map(|name| name.as_str()));
            room.take(side.names_blocked.iter().chain(&side.names_open).map(|name| name.as_str()));
            room.take(side.browser.extensions.iter().map(String::as_str));
        }
        room
    }

    /// Takes place for these where there is enough.
    fn take<'a>(&mut self, names: impl Iterator<Item = &'a str>) -> bool {
        let (count, bytes) = names.fold((0, 0), |(count, bytes), name| (count + 1, bytes + name.len() + 4));
        match (self.count.checked_sub(count), self.bytes.checked_sub(bytes)) {
            (Some(count), Some(bytes)) => {
                *self = Self { count, bytes };
                true
            }
            _ => false,
        }
    }
}
