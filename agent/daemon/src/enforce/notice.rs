//! What people who use the device are told of its loan, and in which words.

use agent_core::loan::Stage;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use model::grant::{Grant, Hold};
use model::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::time::Duration;
use words::{Catalogue, Value};

/// What is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Notice {
    /// The stage's code.
    pub(crate) stage: String,
    /// The epoch of the grant it follows from.
    pub(crate) epoch: u64,
    /// The loan's number; nothing of a device that is missing.
    pub(crate) loan: Option<String>,
    /// The last day, as it is called where the device is.
    pub(crate) due: Option<Date>,
    /// How many days are left of it; negative when it is late by so many.
    pub(crate) days_left: Option<i32>,
    /// Whom to contact; empty where nobody said.
    pub(crate) contact: String,
    /// Whether each session begins with it.
    pub(crate) session: bool,
    /// Whether it fills the screen.
    pub(crate) screen: bool,
}

impl Notice {
    /// What is told at this stage and time; nothing where there is nothing to tell.
    pub(crate) fn of(stage: Stage, grant: &Grant, now: Timestamp) -> Option<Self> {
        let term = match &grant.hold {
            Hold::Lent(term) => Some(term),
            Hold::Free | Hold::Missing => None,
        };
        let due = term.and_then(|term| last_day(term.due?));
        stage.speaks().then(|| Self {
            stage: stage.code().to_owned(),
            epoch: grant.epoch,
            loan: term.map(|term| term.loan.clone()),
            due,
            days_left: due.and_then(|due| days_left(due, now)),
            contact: grant.contact.clone(),
            session: stage.restricts(),
            screen: stage.fills_the_screen(),
        })
    }

    /// The text in one language, a paragraph a line.
    pub(crate) fn lines(&self, catalogue: &Catalogue) -> Vec<String> {
        let late = self.days_left.is_some_and(|days| days < 0);
        let key = match (self.stage.as_str(), self.due, late) {
            ("notice", Some(_), false) => "loan-told-due",
            ("notice", Some(_), true) => "loan-told-late",
            ("notice", None, _) => "loan-told-open",
            ("restricted", ..) => "loan-told-restricted",
            ("missing", ..) => "loan-told-missing",
            _ => "loan-told-return",
        };
        let due = self.due.map_or_else(String::new, |due| date_text(due, catalogue));
        let days = u64::from(self.days_left.unwrap_or(0).unsigned_abs());
        let loan = self.loan.clone().unwrap_or_default();
        let values = [("loan", loan.into()), ("due", due.into()), ("n", Value::count(days))];
        let contact = match self.contact.as_str() {
            "" => catalogue.text("loan-contact-none"),
            contact => catalogue.text_with("loan-contact", &[("contact", contact.into())]),
        };
        vec![catalogue.text_with(key, &values), contact]
    }
}

/// A day, as it is written.
pub(crate) fn date_text(day: Date, catalogue: &Catalogue) -> String {
    let pattern = catalogue.language().date_pattern();
    let pattern = pattern.split([',', 'H']).next().unwrap_or(pattern).trim_end_matches(['%', ' ']);
    day.strftime(pattern).to_string()
}

/// The day that ends at this moment, where the device is.
pub(crate) fn last_day(end: Timestamp) -> Option<Date> {
    day_of(end.before(Duration::from_millis(1)))
}

/// The day that begins at this moment where the school is, whichever zone the device believes itself in: it has the same noon.
pub(crate) fn first_day(start: Timestamp) -> Option<Date> {
    day_of(start.after(Duration::from_secs(12 * 3_600)))
}

/// How many days are left of it; negative when so many have passed since.
pub(crate) fn days_left(due: Date, now: Timestamp) -> Option<i32> {
    due.since(day_of(now)?).ok().map(|span| span.get_days())
}

fn day_of(at: Timestamp) -> Option<Date> {
    let at = jiff::Timestamp::from_millisecond(at.unix_millis()).ok()?;
    Some(at.to_zoned(TimeZone::system()).date())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{EN, FR};
    use model::digest::Digest;
    use model::grant::Term;
    use words::Language;

    fn grant(hold: Hold, contact: &str) -> Grant {
        Grant { key: Digest::of(b"key"), epoch: 3, hold, contact: contact.to_owned() }
    }

    fn lent(due: Option<Timestamp>) -> Grant {
        let at = Timestamp::from_unix_seconds;
        let term = Term {
            loan: "P-7".to_owned(),
            start: at(0),
            notice: at(0),
            due,
            restricted: None,
            decided: None,
            exam: None,
        };
        grant(Hold::Lent(term), "École des Tilleuls, 01 23 45 67 89")
    }

    #[test]
    fn each_stage_has_its_words_in_both_languages() {
        let noon = Timestamp::from_unix_seconds(1_795_000_000);
        let due = |days: i64| {
            let today = day_of(noon).unwrap();
            let next = today.checked_add(jiff::Span::new().days(days + 1)).unwrap();
            let end = next.to_zoned(TimeZone::system()).unwrap().timestamp();
            Some(Timestamp::from_unix_millis(end.as_millisecond()))
        };
        let mut seen = std::collections::BTreeSet::new();
        for (stage, grant) in [
            (Stage::Notice, lent(due(0))),
            (Stage::Notice, lent(due(1))),
            (Stage::Notice, lent(due(5))),
            (Stage::Notice, lent(due(-3))),
            (Stage::Notice, lent(None)),
            (Stage::Restricted, lent(due(-20))),
            (Stage::ReturnScreen, lent(due(-50))),
            (Stage::Missing, grant(Hold::Missing, "")),
        ] {
            let notice = Notice::of(stage, &grant, noon).unwrap();
            for language in [Language::Fr, Language::En] {
                let text = notice.lines(&Catalogue::new(language, FR, EN)).join("\n");
                assert!(!text.contains("loan-") && !text.contains("{$"), "{text}");
                assert!(seen.insert(text.clone()), "said twice: {text}");
            }
        }
        for quiet in [Stage::Free, Stage::Lent] {
            assert_eq!(Notice::of(quiet, &lent(due(9)), noon), None);
        }
        let notice = Notice::of(Stage::Notice, &lent(due(5)), noon).unwrap();
        assert_eq!(notice.days_left, Some(5));
        let text = notice.lines(&Catalogue::new(Language::Fr, FR, EN)).join(" ");
        assert!(text.contains("P-7") && text.contains("01 23 45 67 89"), "{text}");
        assert!(text.contains(&notice.due.unwrap().strftime("%d/%m/%Y").to_string()), "{text}");
    }
}
