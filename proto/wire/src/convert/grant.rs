//! Loan grants.

use super::ConvertError;
use super::desired::digest;
use crate::v1;
use crate::v1::loan_grant::Hold as Held;
use model::grant::{Exam, Grant, Hold, Term};
use model::time::Timestamp;

impl From<&Grant> for v1::LoanGrant {
    fn from(grant: &Grant) -> Self {
        let hold = match &grant.hold {
            Hold::Free => Held::Free(v1::LoanFree {}),
            Hold::Missing => Held::Missing(v1::LoanMissing {}),
            Hold::Lent(term) => Held::Lent(v1::LoanTerm {
                loan: term.loan.clone(),
                start_unix_ms: term.start.unix_millis(),
                notice_unix_ms: term.notice.unix_millis(),
                due_unix_ms: millis(term.due),
                restricted_unix_ms: millis(term.restricted),
                decided_unix_ms: millis(term.decided),
                exam_from_unix_ms: millis(term.exam.map(|exam| exam.from)),
                exam_until_unix_ms: millis(term.exam.map(|exam| exam.until)),
            }),
        };
        Self {
            key: grant.key.as_bytes().to_vec(),
            epoch: grant.epoch,
            hold: Some(hold),
            contact: grant.contact.clone(),
        }
    }
}

impl TryFrom<v1::LoanGrant> for Grant {
    type Error = ConvertError;
    fn try_from(message: v1::LoanGrant) -> Result<Self, ConvertError> {
        let hold = match message.hold.ok_or(ConvertError::invalid("grant.hold"))? {
            Held::Free(_) => Hold::Free,
            Held::Missing(_) => Hold::Missing,
            Held::Lent(term) => Hold::Lent(Term {
                loan: term.loan,
                start: Timestamp::from_unix_millis(term.start_unix_ms),
                notice: Timestamp::from_unix_millis(term.notice_unix_ms),
                due: moment(term.due_unix_ms),
                restricted: moment(term.restricted_unix_ms),
                decided: moment(term.decided_unix_ms),
                exam: moment(term.exam_from_unix_ms)
                    .zip(moment(term.exam_until_unix_ms))
                    .map(|(from, until)| Exam { from, until }),
            }),
        };
        let key = digest(&message.key, "grant.key")?;
        let grant = Self { key, epoch: message.epoch, hold, contact: message.contact };
        grant.checked().map_err(|error| ConvertError::invalid(error.0))
    }
}

fn millis(at: Option<Timestamp>) -> i64 {
    at.map_or(0, Timestamp::unix_millis)
}

fn moment(millis: i64) -> Option<Timestamp> {
    (millis != 0).then(|| Timestamp::from_unix_millis(millis))
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::digest::Digest;

    #[test]
    fn a_grant_comes_back_as_it_went_and_a_malformed_one_is_refused() {
        let at = Timestamp::from_unix_seconds;
        let term = Term {
            loan: "P-2026-7".to_owned(),
            start: at(1),
            notice: at(2),
            due: Some(at(3)),
            restricted: Some(at(4)),
            decided: None,
            exam: None,
        };
        let examined = Term { exam: Some(Exam { from: at(5), until: at(6) }), ..term.clone() };
        for hold in [Hold::Free, Hold::Missing, Hold::Lent(term), Hold::Lent(examined)] {
            let grant = Grant { key: Digest::of(b"key"), epoch: 7, hold, contact: "Mairie".to_owned() };
            assert_eq!(Grant::try_from(v1::LoanGrant::from(&grant)).unwrap(), grant);
            for spoil in [
                |g: &mut v1::LoanGrant| g.hold = None,
                |g: &mut v1::LoanGrant| g.key = vec![1],
                |g: &mut v1::LoanGrant| g.contact = "x".repeat(201),
                |g: &mut v1::LoanGrant| g.contact = "\u{1b}c".to_owned(),
            ] {
                let mut bad = v1::LoanGrant::from(&grant);
                spoil(&mut bad);
                assert!(Grant::try_from(bad).is_err());
            }
        }
    }
}
