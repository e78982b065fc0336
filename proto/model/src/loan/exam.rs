//! The days of an exam, on which a loan restricts nothing.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// The most days of one exam: enough for the longest sessions, too few to put off a return with it.
pub const EXAM_DAYS_MAX: u16 = 14;

/// The days of an exam: the first and the last, both whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Days")]
pub struct ExamDays {
    from: Date,
    until: Date,
}

/// Days that are no exam's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an exam has 1 to {EXAM_DAYS_MAX} days, the first one first")]
pub struct ExamDaysError;

impl ExamDays {
    /// The days from the first to the last.
    ///
    /// # Errors
    /// [`ExamDaysError`] when the last lies before the first, or too long after it.
    pub fn new(from: Date, until: Date) -> Result<Self, ExamDaysError> {
        let days = until.since(from).map_err(|_| ExamDaysError)?.get_days();
        if (0..i32::from(EXAM_DAYS_MAX)).contains(&days) { Ok(Self { from, until }) } else { Err(ExamDaysError) }
    }

    /// The first day.
    #[must_use]
    pub const fn from(&self) -> Date {
        self.from
    }

    /// The last day.
    #[must_use]
    pub const fn until(&self) -> Date {
        self.until
    }
}

/// The days as they are kept.
#[derive(Deserialize)]
struct Days {
    from: Date,
    until: Date,
}

impl TryFrom<Days> for ExamDays {
    type Error = ExamDaysError;
    fn try_from(days: Days) -> Result<Self, ExamDaysError> {
        Self::new(days.from, days.until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn an_exam_ends_after_it_begins_and_soon() {
        let first = date(2027, 6, 14);
        for (last, right) in [(13, false), (14, true), (27, true), (28, false)] {
            let days = ExamDays::new(first, date(2027, 6, last));
            assert_eq!(days.is_ok(), right, "{last}");
            let kept = format!(r#"{{"from":"2027-06-14","until":"2027-06-{last}"}}"#);
            assert_eq!(serde_json::from_str::<ExamDays>(&kept).ok(), days.ok());
        }
        assert!(ExamDays::new(Date::MIN, Date::MAX).is_err());
        let days = ExamDays::new(first, first).unwrap();
        assert_eq!(serde_json::to_string(&days).unwrap(), r#"{"from":"2027-06-14","until":"2027-06-14"}"#);
    }
}
