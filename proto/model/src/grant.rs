//! The loan grant: what a device knows of its loan, signed with its head, so that it can keep to it without a network.

use crate::digest::Digest;
use crate::loan::EXAM_DAYS_MAX;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The longest text that says whom to contact, in characters.
pub const CONTACT_CHARS_MAX: usize = 200;
/// The longest number of a loan, in characters.
pub const LOAN_CHARS_MAX: usize = 64;
/// The longest exam: its days, and the hour that summer time may add.
const EXAM_MAX: Duration = Duration::from_secs(EXAM_DAYS_MAX as u64 * 86_400 + 3_600);

/// What holds for one device because of its loan (domain.md, "Loan").
///
/// It is for the holder of one identity key: a device that was reinstalled has another key, and nothing meant for the one before it
/// holds for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// The fingerprint of the identity key it is for.
    pub key: Digest,
    /// Counts what this device was lent, assigned, missed and freed: what was said under a lower one is void.
    pub epoch: u64,
    /// In whose hands it is.
    pub hold: Hold,
    /// Whom to contact, as shown to whoever has the device; at most [`CONTACT_CHARS_MAX`] characters.
    pub contact: String,
}

/// Why a grant is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the grant's {0} does not hold")]
pub struct GrantError(pub &'static str);

impl Grant {
    /// Whether it is one that a device may be held to.
    ///
    /// # Errors
    /// [`GrantError`] when a text is too long or holds what a terminal would obey, or its dates contradict each other.
    pub fn checked(self) -> Result<Self, GrantError> {
        if !plain(&self.contact, CONTACT_CHARS_MAX) {
            return Err(GrantError("contact"));
        }
        if let Hold::Lent(term) = &self.hold {
            if term.loan.is_empty() || !plain(&term.loan, LOAN_CHARS_MAX) {
                return Err(GrantError("loan"));
            }
            // What is restricted is late, and nothing is late that is not due.
            if term.restricted.is_some_and(|restricted| term.due.is_none_or(|due| restricted < due)) {
                return Err(GrantError("restricted"));
            }
            if term.due.is_some_and(|due| due < term.start) {
                return Err(GrantError("due"));
            }
            // Whoever could make it longer would be rid of the loan.
            if term.exam.is_some_and(|exam| exam.until <= exam.from || exam.until > exam.from.after(EXAM_MAX)) {
                return Err(GrantError("exam"));
            }
        }
        Ok(self)
    }
}

fn plain(text: &str, chars_max: usize) -> bool {
    text.chars().count() <= chars_max && !text.chars().any(char::is_control)
}

/// In whose hands a device is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Hold {
    /// Nobody's: in stock, in a kit, in repair.
    Free,
    /// Somebody's for a while.
    Lent(Term),
    /// It is said to be lost or stolen.
    Missing,
}

/// The dates of a loan, as moments: the end of a day is the end in the school's time zone, which a device need not know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Term {
    /// The loan's number, as it stands on the agreement.
    pub loan: String,
    /// When it began.
    pub start: Timestamp,
    /// From when its user is told that it is to be returned.
    pub notice: Timestamp,
    /// When it is due: the end of the last day. `None` where no end is known, as for a member of staff.
    pub due: Option<Timestamp>,
    /// From when the device is restricted, if it was not returned: after the grace.
    pub restricted: Option<Timestamp>,
    /// That a person decided to show the return screen, and when; never without one.
    pub decided: Option<Timestamp>,
    /// An exam, during which nothing is restricted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exam: Option<Exam>,
}

/// An exam, as moments: whole days in the school's time zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exam {
    /// From this moment on.
    pub from: Timestamp,
    /// Until just before this one.
    pub until: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_contradicts_itself_or_would_move_a_cursor_is_no_grant() {
        let at = Timestamp::from_unix_seconds;
        let grant = |contact: &str, loan: &str, due: Option<i64>, restricted: Option<i64>| Grant {
            key: Digest::of(b"key"),
            epoch: 1,
            hold: Hold::Lent(Term {
                loan: loan.to_owned(),
                start: at(10),
                notice: at(20),
                due: due.map(at),
                restricted: restricted.map(at),
                decided: None,
                exam: None,
            }),
            contact: contact.to_owned(),
        };
        let examined = |from: i64, until: i64| {
            let mut grant = grant("", "P-1", Some(30), None);
            if let Hold::Lent(term) = &mut grant.hold {
                term.exam = Some(Exam { from: at(from), until: at(until) });
            }
            grant
        };
        assert!(examined(7, 8).checked().is_ok());
        assert!(examined(0, 14 * 86_400 + 3_600).checked().is_ok());
        assert!(grant("Ecole des Tilleuls, 01 00 00 00 00", "P-1", Some(30), Some(40)).checked().is_ok());
        assert!(grant("", "P-1", None, None).checked().is_ok());
        for (bad, what) in [
            (grant(&"x".repeat(201), "P-1", None, None), "contact"),
            (grant("\u{1b}[2J", "P-1", None, None), "contact"),
            (grant("", "", None, None), "loan"),
            (grant("", "P-1\n", None, None), "loan"),
            (grant("", "P-1", None, Some(40)), "restricted"),
            (grant("", "P-1", Some(50), Some(40)), "restricted"),
            (grant("", "P-1", Some(5), None), "due"),
            (examined(8, 8), "exam"),
            (examined(0, 15 * 86_400), "exam"),
        ] {
            assert_eq!(bad.checked(), Err(GrantError(what)));
        }
    }
}
