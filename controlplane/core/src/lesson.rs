//! Lessons and exams: what is opened or blocked for a class or a school for a while. Devices end them by themselves.

use crate::assignment::{Target, target_check};
use crate::audit::{Act, Person, WHY_CHARS_MAX};
use crate::class::class_serves;
use crate::error::{Error, Result};
use crate::facts::Facts;
use crate::scope::Reach;
use crate::store::{Expect, PAGE_MAX, Revision, SharedStore, Store};
use crate::table::{Intent, Row, Table, Writes};
use model::filtering::{LESSON_MINUTES_MAX, LESSONS_MAX, Lesson};
use model::host::CategoryName;
use model::id::TerritoryId;
use model::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::time::Duration;

/// Lessons and exams by their ids.
pub static LESSONS: Table<LessonHeld, Intent> = Table::new("lesson");

/// The most names and categories of one.
pub const LESSON_NAMES_MAX: usize = 40;
/// How many days before it begins one may be announced: what is further away is a policy's or a calendar's.
pub const LESSON_AHEAD_DAYS_MAX: u64 = 14;
/// One that is over is forgotten after so long, when another one begins; at most so many at once.
const KEPT: Duration = Duration::from_secs(86_400);
const OLD_MAX: usize = 100;

/// A lesson or an exam, and for whom it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LessonHeld {
    /// What it is.
    pub lesson: Lesson,
    /// For whom: a class or a school.
    pub scope: Target,
    /// Who began it.
    pub by: String,
    /// Why.
    pub why: String,
    /// When it was stopped, where it was before its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stopped: Option<Timestamp>,
}

/// The lessons and exams that were not stopped, by whom they are for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lessons(BTreeMap<Target, Vec<Lesson>>);

impl LessonHeld {
    /// Whether it is announced and has not begun.
    #[must_use]
    pub fn is_ahead(&self, now: Timestamp) -> bool {
        self.stopped.is_none() && now < self.lesson.from
    }

    /// Whether it is over.
    #[must_use]
    pub fn is_over(&self, now: Timestamp) -> bool {
        self.stopped.is_some() || self.lesson.until <= now
    }

    /// Whether it opens what may be blocked.
    #[must_use]
    pub fn opens(&self) -> bool {
        !self.lesson.opens.is_empty() || !self.lesson.names_open.is_empty()
    }

    fn check(&self) -> Result<()> {
        let bad = |text: String| Err(Error::Invalid(text));
        let Lesson { from, until, opens, blocks, names_open, names_blocked, only_open, .. } = &self.lesson;
        if from >= until || until.since(*from) > Duration::from_secs(u64::from(LESSON_MINUTES_MAX) * 60) {
            return bad(format!("a lesson lasts 1 to {LESSON_MINUTES_MAX} minutes"));
        }
        let count = opens.len() + blocks.len() + names_open.len() + names_blocked.len();
        if count > LESSON_NAMES_MAX {
            return bad(format!("a lesson names at most {LESSON_NAMES_MAX} names and categories"));
        }
        if count == 0 && !only_open {
            return bad("a lesson opens or blocks something".to_owned());
        }
        if opens.iter().any(CategoryName::is_all) {
            return bad("a lesson opens categories by their names, not all of them".to_owned());
        }
        match self.scope {
            Target::School(_) | Target::Class(_) => Ok(()),
            _ => bad("a lesson is for a class or a school".to_owned()),
        }
    }
}

impl Lessons {
    /// Reads them, with the newest revision at which any was written.
    ///
    /// # Errors
    /// `Unavailable` when the store fails.
    pub async fn load(store: &dyn Store, territory: &TerritoryId) -> Result<(Self, Revision)> {
        let (mut all, mut newest) = (Self::default(), 0);
        for row in rows(store, territory).await? {
            newest = newest.max(row.revision);
            if row.value.stopped.is_none() {
                all.0.entry(row.value.scope).or_default().push(row.value.lesson);
            }
        }
        Ok((all, newest))
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// For whom those are that a device with these facts has.
    pub fn targets(&self, facts: &Facts) -> impl Iterator<Item = Target> {
        let targets = (!self.0.is_empty()).then(|| Target::of(facts));
        targets.into_iter().flatten().filter(|target| self.0.contains_key(target))
    }

    /// For whom others are here than there.
    pub fn differing<'a>(&'a self, other: &'a Self) -> impl Iterator<Item = Target> + 'a {
        let differs = |target: &&Target| self.0.get(*target) != other.0.get(*target);
        self.0.keys().chain(other.0.keys()).filter(differs).cloned()
    }

    /// Those for a device with these facts.
    pub fn of(&self, facts: &Facts) -> impl Iterator<Item = &Lesson> {
        // Nothing is looked for where there is none, as on most days of most devices.
        let targets = (!self.0.is_empty()).then(|| Target::of(facts));
        targets.into_iter().flatten().filter_map(|target| self.0.get(&target)).flatten()
    }
}

/// Begins a lesson or an exam, or announces it: devices begin it by themselves.
///
/// # Errors
/// `Invalid` for one that cannot be meant, or begins in the past or too far ahead, for a class that nothing serves, or where as many are open for them as a device takes; `NotFound` for a target outside the
/// reach; `Exists` for an id that is taken.
pub async fn lesson_start(
    store: &SharedStore,
    territory: &TerritoryId,
    reach: &Reach,
    mut held: LessonHeld,
    by: &Person,
    now: Timestamp,
) -> Result<LessonHeld> {
    held.check()?;
    let from = held.lesson.from;
    if from < now || from.since(now) > Duration::from_secs(LESSON_AHEAD_DAYS_MAX * 86_400) {
        return Err(Error::Invalid(format!("a lesson begins now or within {LESSON_AHEAD_DAYS_MAX} days")));
    }
    held.why = held.why.chars().take(WHY_CHARS_MAX).collect();
    target_check(store.as_ref(), territory, reach, &held.scope).await?;
    if let Target::Class(class) = &held.scope {
        class_serves(store.as_ref(), territory, class).await?;
    }
    let (mut open, mut old) = (0, Vec::new());
    for row in rows(store.as_ref(), territory).await? {
        if row.value.lesson.until.after(KEPT) <= now {
            old.push((row.id, row.revision));
        } else if row.value.scope == held.scope && !row.value.is_over(now) {
            open += 1;
        }
    }
    if open >= LESSONS_MAX / 2 {
        return Err(Error::Invalid(format!("{open} lessons are open or announced for them; stop one first")));
    }
    let id = held.lesson.id.to_string();
    let act = Act::of(now, by, "lesson_start", format!("lesson:{id}"), &held.why);
    let mut writes = Writes::by(territory, &act)?.put(&LESSONS, id.as_str(), &held, Expect::Absent)?;
    // What is gone leaves no revision behind: the one that comes stands for it.
    for (id, revision) in old.into_iter().take(OLD_MAX) {
        writes = writes.remove(&LESSONS, id, Expect::At(revision));
    }
    match writes.commit(store).await {
        Ok(_) => Ok(held),
        Err(Error::Conflict(key)) if key.id == id => Err(Error::Exists(format!("lesson {id}"))),
        Err(error) => Err(error),
    }
}

/// Ends one before its time.
///
/// # Errors
/// `NotFound` for one that is not there or lies outside the reach; `Expired` for one that is over.
pub async fn lesson_stop(
    store: &SharedStore,
    territory: &TerritoryId,
    reach: &Reach,
    id: &str,
    by: &Person,
    why: &str,
    now: Timestamp,
) -> Result<LessonHeld> {
    let missing = || Error::NotFound(format!("lesson {:?}", id.chars().take(64).collect::<String>()));
    let row = LESSONS.get(store.as_ref(), territory, id).await?.ok_or_else(missing)?;
    target_check(store.as_ref(), territory, reach, &row.value.scope).await.map_err(|_| missing())?;
    if row.value.is_over(now) {
        return Err(Error::Expired("this lesson is over".to_owned()));
    }
    let held = LessonHeld { stopped: Some(now), ..row.value };
    let act = Act::of(now, by, "lesson_stop", format!("lesson:{id}"), why);
    Writes::by(territory, &act)?.put(&LESSONS, id, &held, Expect::At(row.revision))?.commit(store).await?;
    Ok(held)
}

/// A page of those within a reach, as [`lesson_list`] has them, and after which the next one begins; empty: there is none.
///
/// # Errors
/// `Invalid` for an `after` that no page gave; `Unavailable` when the store fails.
pub async fn lesson_page(
    store: &dyn Store,
    territory: &TerritoryId,
    reach: &Reach,
    all: bool,
    after: &str,
    limit: usize,
    now: Timestamp,
) -> Result<(Vec<LessonHeld>, String)> {
    let wrong = || Error::Invalid("there is no such page".to_owned());
    let place = |held: &LessonHeld| (Reverse(held.lesson.from.unix_millis()), held.lesson.id.to_string());
    let begins = match after.split_once('/') {
        Some((from, id)) => Some((Reverse(from.parse::<i64>().map_err(|_| wrong())?), id.to_owned())),
        None if after.is_empty() => None,
        None => return Err(wrong()),
    };
    let mut found = lesson_list(store, territory, reach, all, now).await?;
    found.retain(|held| begins.as_ref().is_none_or(|begins| place(held) > *begins));
    let more = found.len() > limit;
    found.truncate(limit);
    let last =
        found.last().filter(|_| more).map(|held| format!("{}/{}", held.lesson.from.unix_millis(), held.lesson.id));
    Ok((found, last.unwrap_or_default()))
}

/// Those within a reach, the newest first; those that are over too when `all`.
///
/// # Errors
/// `Unavailable` when the store fails.
pub async fn lesson_list(
    store: &dyn Store,
    territory: &TerritoryId,
    reach: &Reach,
    all: bool,
    now: Timestamp,
) -> Result<Vec<LessonHeld>> {
    let mut found = Vec::new();
    for row in rows(store, territory).await? {
        let shown = all || !row.value.is_over(now);
        if shown && target_check(store, territory, reach, &row.value.scope).await.is_ok() {
            found.push(row.value);
        }
    }
    found.sort_by(|a, b| b.lesson.from.cmp(&a.lesson.from).then_with(|| a.lesson.id.cmp(&b.lesson.id)));
    Ok(found)
}

async fn rows(store: &dyn Store, territory: &TerritoryId) -> Result<Vec<Row<LessonHeld>>> {
    let scope = LESSONS.scope(territory, "");
    let (mut rows, mut after) = (Vec::new(), String::new());
    loop {
        let page = LESSONS.page(store, &scope, &after, PAGE_MAX).await?;
        let Some(last) = page.last() else { return Ok(rows) };
        after.clone_from(&last.id);
        rows.extend(page);
    }
}

#[cfg(test)]
mod tests;
