//! What a device filters: one policy for school and one for elsewhere, with what a lesson or an unblocking changes for a while.
//!
//! The control plane makes it of its layers and puts it into the plan; the device never sees layers. Dates and hours are in it, so that a
//! device without a network goes on doing right, and what ends does so by itself.

mod begun;
mod holding;
mod hours;
mod lesson;
mod side;

pub use begun::{Begun, Spell};
pub use holding::{Holding, LOOK_EVERY, Moment, Rank, holding, holding_since};
pub use hours::{Days, Hours, SLOTS_MAX, Slot};
pub use lesson::{LESSON_MINUTES_MAX, Lesson, LessonId, LessonKind, UNBLOCK_DAYS_MAX, Unblocked};
pub use side::{Browser, EXTENSIONS_MAX, Engine, Side, YouTube};

use crate::host::CategoryName;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fmt;

/// The item under which devices report how the filter stands.
pub const FILTER_ITEM: &str = "filter";
/// The most lessons and exams that a device is told of at once.
pub const LESSONS_MAX: usize = 16;
/// The most names that are unblocked at once.
pub const UNBLOCKED_MAX: usize = 200;
/// The most names and categories that all parts of it hold together: what is more is a list.
pub const NAMES_MAX: usize = 1_500;
/// What all these names take at most, in bytes: a plan travels in one message.
pub const NAMES_BYTES_MAX: usize = 36 << 10;
/// The longest word of whom to ask, in characters.
pub const CONTACT_CHARS_MAX: usize = 200;

/// Where a device is, as far as filtering goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Regime {
    /// In school, at school hours, by the proof of a site node.
    InSchool,
    /// Anywhere else, and wherever nothing is proven.
    OutOfSchool,
}

/// What a device filters.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Filtering {
    /// What holds in school.
    pub in_school: Side,
    /// What holds elsewhere.
    pub out_of_school: Side,
    /// When school is; none: whenever a site node proves it.
    pub hours: Option<Hours>,
    /// Lessons and exams that are known of, by their beginning.
    pub lessons: Vec<Lesson>,
    /// Names that a person has unblocked for a while, by name.
    pub unblocked: Vec<Unblocked>,
    /// Whom a user asks about it, in the policy's words; may be empty.
    pub contact: String,
}

/// Which field of it is not as it must be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {why}")]
pub struct FilteringError {
    /// The field.
    pub field: &'static str,
    /// What is wrong.
    pub why: String,
}

impl Filtering {
    /// What holds on a device of which nobody has said yet that it belongs here: as tight as can be without closing everything.
    #[must_use]
    pub fn strict() -> Self {
        let side = Side {
            blocked: BTreeSet::from([CategoryName::all()]),
            safe_search: true,
            youtube: YouTube::Strict,
            browser: Browser {
                private_windows: false,
                developer_tools: false,
                any_extension: false,
                extensions: BTreeSet::new(),
                sign_in: false,
            },
            ..Side::default()
        };
        Self {
            in_school: side.clone(),
            out_of_school: side,
            hours: None,
            lessons: Vec::new(),
            unblocked: Vec::new(),
            contact: String::new(),
        }
    }

    /// What a floor alone holds to, where no policy speaks: everything else is left.
    #[must_use]
    pub fn bare() -> Self {
        let side = Side { other_resolvers: true, vpn: true, ..Side::default() };
        Self {
            in_school: side.clone(),
            out_of_school: side,
            hours: None,
            lessons: Vec::new(),
            unblocked: Vec::new(),
            contact: String::new(),
        }
    }

    /// The side that a regime means.
    #[must_use]
    pub const fn side(&self, regime: Regime) -> &Side {
        match regime {
            Regime::InSchool => &self.in_school,
            Regime::OutOfSchool => &self.out_of_school,
        }
    }

    /// Judges what single values cannot: counts, orders, spans.
    ///
    /// # Errors
    /// [`FilteringError`] with the first field that is not as it must be.
    pub fn check(&self) -> Result<(), FilteringError> {
        let many = |field, most: usize| fault(field, format!("more than {most}"));
        if self.lessons.len() > LESSONS_MAX {
            return Err(many("lessons", LESSONS_MAX));
        }
        if self.unblocked.len() > UNBLOCKED_MAX {
            return Err(many("unblocked", UNBLOCKED_MAX));
        }
        let (mut count, mut bytes) = (0, 0);
        let mut weigh = |text: &str| {
            count += 1;
            bytes += text.len() + 4;
        };
        for side in [&self.in_school, &self.out_of_school] {
            side.check()?;
            side.texts(&mut weigh);
        }
        for lesson in &self.lessons {
            lesson.check()?;
            lesson.texts(&mut weigh);
        }
        for unblocked in &self.unblocked {
            unblocked.check()?;
            weigh(unblocked.name.as_str());
        }
        if count > NAMES_MAX || bytes > NAMES_BYTES_MAX {
            return Err(fault(
                "names",
                format!("{count} in {bytes} bytes: more than {NAMES_MAX} or {NAMES_BYTES_MAX}"),
            ));
        }
        if let Some(hours) = &self.hours {
            hours.check()?;
        }
        if self.contact.chars().count() > CONTACT_CHARS_MAX || self.contact.chars().any(char::is_control) {
            return Err(fault("contact", format!("more than {CONTACT_CHARS_MAX} characters, or not plain text")));
        }
        Ok(())
    }
}

impl Regime {
    /// The code by which it is reported.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::InSchool => "in_school",
            Self::OutOfSchool => "out_of_school",
        }
    }
}

impl fmt::Display for Regime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

pub(crate) const fn fault(field: &'static str, why: String) -> FilteringError {
    FilteringError { field, why }
}
