//! What a teacher or an examiner changes for a while, and what a person unblocks; each ends by itself, without a network too.

use super::{FilteringError, fault};
use crate::host::{CategoryName, Host};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// The longest lesson or exam, in minutes: a school day.
pub const LESSON_MINUTES_MAX: u32 = 600;
/// The longest name of one, in bytes.
const ID_BYTES_MAX: usize = 60;
/// How long a name may be unblocked, in days: a school year.
pub const UNBLOCK_DAYS_MAX: u32 = 366;

/// What names a lesson: `a-z`, `0-9` and `-`, at most 60 of them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct LessonId(String);

/// What kind of override it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LessonKind {
    /// A lesson: it holds in school alone.
    Lesson,
    /// An exam: it holds wherever the device is, before lessons.
    Exam,
}

/// An override that begins and ends by itself.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Lesson {
    /// Which.
    pub id: LessonId,
    /// Of which kind.
    pub kind: LessonKind,
    /// From this moment.
    pub from: Timestamp,
    /// Until just before this one, at most [`LESSON_MINUTES_MAX`] later.
    pub until: Timestamp,
    /// Whether everything is blocked that it or the floor does not open by name or category; in a lesson the policy's own open names stay so
    /// too, in an exam they do not.
    pub only_open: bool,
    /// Categories that it opens.
    pub opens: BTreeSet<CategoryName>,
    /// Categories that it blocks.
    pub blocks: BTreeSet<CategoryName>,
    /// Names that it opens.
    pub names_open: BTreeSet<Host>,
    /// Names that it blocks.
    pub names_blocked: BTreeSet<Host>,
}

/// A name that a person has unblocked, with all beneath it, unless a longer one is listed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Unblocked {
    /// Which.
    pub name: Host,
    /// From this moment.
    pub from: Timestamp,
    /// Until just before this one, at most a school year later.
    pub until: Timestamp,
}

impl Lesson {
    pub(super) fn check(&self) -> Result<(), FilteringError> {
        let most = Duration::from_secs(u64::from(LESSON_MINUTES_MAX) * 60);
        if self.from >= self.until || self.until.since(self.from) > most {
            return Err(fault("lessons", format!("one lasts 1 to {LESSON_MINUTES_MAX} minutes")));
        }
        Ok(())
    }

    /// Whether it has begun and not ended.
    #[must_use]
    pub fn holds(&self, now: Timestamp) -> bool {
        self.from <= now && now < self.until
    }

    pub(super) fn texts(&self, each: &mut dyn FnMut(&str)) {
        self.opens.iter().chain(&self.blocks).for_each(|name| each(name.as_str()));
        self.names_open.iter().chain(&self.names_blocked).for_each(|name| each(name.as_str()));
    }
}

impl Unblocked {
    pub(super) fn check(&self) -> Result<(), FilteringError> {
        if self.from >= self.until
            || self.until.since(self.from) > Duration::from_secs(u64::from(UNBLOCK_DAYS_MAX) * 86_400)
        {
            return Err(fault("unblocked", format!("a name is unblocked for at most {UNBLOCK_DAYS_MAX} days")));
        }
        Ok(())
    }

    /// Whether it has begun and not ended.
    #[must_use]
    pub fn holds(&self, now: Timestamp) -> bool {
        self.from <= now && now < self.until
    }
}

impl LessonId {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl LessonKind {
    /// The name in messages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Lesson => "lesson",
            Self::Exam => "exam",
        }
    }
}

impl FromStr for LessonKind {
    type Err = FilteringError;
    fn from_str(text: &str) -> Result<Self, FilteringError> {
        let found = [Self::Lesson, Self::Exam].into_iter().find(|one| one.name() == text);
        found.ok_or_else(|| fault("lessons", "lesson or exam".to_owned()))
    }
}

impl FromStr for LessonId {
    type Err = FilteringError;
    fn from_str(text: &str) -> Result<Self, FilteringError> {
        let sign = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        let good = (1..=ID_BYTES_MAX).contains(&text.len()) && text.chars().all(sign);
        if good { Ok(Self(text.to_owned())) } else { Err(fault("lessons", "1-60 × a-z 0-9 -".to_owned())) }
    }
}

impl fmt::Display for LessonId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for LessonId {
    type Error = FilteringError;
    fn try_from(text: String) -> Result<Self, FilteringError> {
        text.parse()
    }
}

impl From<LessonId> for String {
    fn from(id: LessonId) -> Self {
        id.0
    }
}
