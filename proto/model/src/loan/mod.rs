//! A loan: where it stands, and which acts lead from one place to the next (domain.md, "Loan").

mod condition;
mod due;
mod exam;
mod id;
mod policy;
mod signature;
mod wear;

pub use condition::{ConditionReport, Difference, Grade, Part};
pub use due::{Reminder, overdue_by, reminder_next};
pub use exam::{EXAM_DAYS_MAX, ExamDays, ExamDaysError};
pub use id::{ActId, LoanId, LoanIdError};
pub use policy::{LoanPolicy, PRICES_MAX, PolicyError, TransferRule, kind_read};
pub use signature::{Signature, SignatureMode, Signer, signed_enough};
pub use wear::{DamageScale, WearScale, WearStep};

use serde::{Deserialize, Serialize};

/// Where a loan stands. That it is overdue is worked out each time it is asked for, and kept nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LoanState {
    /// It has been asked for.
    Draft,
    /// It is to be.
    Approved,
    /// The agreement is made out and waits to be signed.
    AgreementPending,
    /// The agreement is signed; the device waits.
    Ready,
    /// The borrower has the device.
    Active,
    /// The device is back, and what came back has not been looked at.
    ReturnedUnchecked,
    /// It is over.
    Closed,
    /// It never began.
    Cancelled,
    /// The device was lost.
    ClosedLost,
    /// The device was stolen.
    ClosedStolen,
    /// The device came back damaged, or did not outlive the loan.
    ClosedDamaged,
}

/// An act on a loan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LoanStep {
    /// Somebody decides that it is to be.
    Approve,
    /// The agreement is made out, and made out anew when something in it changes: signatures are then given again.
    Prepare,
    /// Somebody signs, and a signature is still lacking.
    Sign,
    /// Somebody signs, and that was the last signature.
    SignLast,
    /// The device is handed over.
    HandOver,
    /// It lasts longer.
    Extend,
    /// A part comes back, the device does not.
    ReturnPart,
    /// The device comes back.
    Return,
    /// Another device takes the place of the first; the loan goes on.
    Swap,
    /// A breakage, a failure, a loss, a theft.
    Incident,
    /// The borrower is reminded.
    Remind,
    /// A person decides to show the return screen.
    Decide,
    /// A person takes that back.
    Undecide,
    /// An exam is noted, which restricts nothing.
    Exam,
    /// That is taken back.
    ExamCancel,
    /// The borrower moves to another establishment.
    Transfer,
    /// It ends as it should.
    Close,
    /// It ends without the device, which was lost.
    CloseLost,
    /// It ends without the device, which was stolen.
    CloseStolen,
    /// It ends with a damaged device.
    CloseDamaged,
    /// It is given up before it began.
    Cancel,
}

/// Who borrows, and what somebody is to a school.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BorrowerKind {
    /// A pupil, with their guardians jointly when a minor.
    #[default]
    Pupil,
    /// A teacher.
    Teacher,
    /// Another member of staff.
    Staff,
}

/// What went wrong with what was lent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IncidentKind {
    /// Somebody broke it.
    Breakage,
    /// It broke by itself.
    Failure,
    /// Nobody knows where it is.
    Loss,
    /// It was stolen; a complaint has a number.
    Theft,
}

/// An act that does not follow from where a loan stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a loan that is {from} cannot be {done}", from = from.name(), done = step.done())]
pub struct LoanError {
    /// Where it stands.
    pub from: LoanState,
    /// What was asked.
    pub step: LoanStep,
}

impl LoanState {
    /// Every place.
    pub const ALL: [Self; 11] = [
        Self::Draft,
        Self::Approved,
        Self::AgreementPending,
        Self::Ready,
        Self::Active,
        Self::ReturnedUnchecked,
        Self::Closed,
        Self::Cancelled,
        Self::ClosedLost,
        Self::ClosedStolen,
        Self::ClosedDamaged,
    ];

    /// Where an act leads.
    ///
    /// # Errors
    /// [`LoanError`] when it does not follow from here.
    pub const fn after(self, step: LoanStep) -> Result<Self, LoanError> {
        use LoanState as S;
        use LoanStep as T;
        Ok(match (step, self) {
            (T::Approve, S::Draft) => S::Approved,
            (T::Prepare, S::Approved | S::AgreementPending | S::Ready) | (T::Sign, S::AgreementPending) => {
                S::AgreementPending
            }
            (T::SignLast, S::AgreementPending) => S::Ready,
            (T::HandOver, S::Ready)
            | (
                T::Extend
                | T::ReturnPart
                | T::Swap
                | T::Incident
                | T::Remind
                | T::Decide
                | T::Undecide
                | T::Exam
                | T::ExamCancel
                | T::Transfer,
                S::Active,
            ) => S::Active,
            // What was forgotten at the return desk may come later, until somebody has closed the loan.
            (T::ReturnPart, S::ReturnedUnchecked) | (T::Return, S::Active) => S::ReturnedUnchecked,
            (T::Close, S::ReturnedUnchecked) => S::Closed,
            (T::CloseLost, S::Active) => S::ClosedLost,
            (T::CloseStolen, S::Active) => S::ClosedStolen,
            (T::CloseDamaged, S::ReturnedUnchecked) => S::ClosedDamaged,
            (T::Cancel, S::Draft | S::Approved | S::AgreementPending | S::Ready) => S::Cancelled,
            _ => return Err(LoanError { from: self, step }),
        })
    }

    /// Whether nothing can be done to it any more.
    #[must_use]
    pub const fn is_over(self) -> bool {
        matches!(self, Self::Closed | Self::Cancelled | Self::ClosedLost | Self::ClosedStolen | Self::ClosedDamaged)
    }

    /// The name in tables and messages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Approved => "approved",
            Self::AgreementPending => "agreement_pending",
            Self::Ready => "ready",
            Self::Active => "active",
            Self::ReturnedUnchecked => "returned_unchecked",
            Self::Closed => "closed",
            Self::Cancelled => "cancelled",
            Self::ClosedLost => "closed_lost",
            Self::ClosedStolen => "closed_stolen",
            Self::ClosedDamaged => "closed_damaged",
        }
    }
}

impl LoanStep {
    /// Every act.
    pub const ALL: [Self; 21] = [
        Self::Approve,
        Self::Prepare,
        Self::Sign,
        Self::SignLast,
        Self::HandOver,
        Self::Extend,
        Self::ReturnPart,
        Self::Return,
        Self::Swap,
        Self::Incident,
        Self::Remind,
        Self::Decide,
        Self::Undecide,
        Self::Exam,
        Self::ExamCancel,
        Self::Transfer,
        Self::Close,
        Self::CloseLost,
        Self::CloseStolen,
        Self::CloseDamaged,
        Self::Cancel,
    ];

    /// What was done, as it stands in a sentence.
    #[must_use]
    pub const fn done(self) -> &'static str {
        match self {
            Self::Approve => "approved",
            Self::Prepare => "made out",
            Self::Sign | Self::SignLast => "signed",
            Self::HandOver => "handed over",
            Self::Extend => "extended",
            Self::ReturnPart => "returned in part",
            Self::Return => "returned",
            Self::Swap => "given another device",
            Self::Incident => "given an incident",
            Self::Remind => "reminded of",
            Self::Decide => "given the return screen",
            Self::Undecide => "relieved of the return screen",
            Self::Exam => "given an exam",
            Self::ExamCancel => "relieved of an exam",
            Self::Transfer => "transferred",
            Self::Close | Self::CloseLost | Self::CloseStolen | Self::CloseDamaged => "closed",
            Self::Cancel => "cancelled",
        }
    }
}

impl BorrowerKind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Pupil, Self::Teacher, Self::Staff];

    /// The name in tables and messages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pupil => "pupil",
            Self::Teacher => "teacher",
            Self::Staff => "staff",
        }
    }
}

impl IncidentKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Breakage, Self::Failure, Self::Loss, Self::Theft];

    /// The name in tables and messages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Breakage => "breakage",
            Self::Failure => "failure",
            Self::Loss => "loss",
            Self::Theft => "theft",
        }
    }

    /// Whether the device is no longer where it can be handed back.
    #[must_use]
    pub const fn takes_the_device(self) -> bool {
        matches!(self, Self::Loss | Self::Theft)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_over_stays_so_and_every_place_is_reached() {
        for state in LoanState::ALL {
            let ends = LoanStep::ALL.iter().all(|step| state.after(*step).is_err());
            assert_eq!(ends, state.is_over(), "{state:?}");
        }
        let mut reached = vec![LoanState::Draft];
        let mut at = 0;
        while let Some(from) = reached.get(at).copied() {
            for to in LoanStep::ALL.into_iter().filter_map(|step| from.after(step).ok()) {
                if !reached.contains(&to) {
                    reached.push(to);
                }
            }
            at += 1;
        }
        assert_eq!(reached.len(), LoanState::ALL.len());
    }

    #[test]
    fn active_follows_only_from_a_signed_agreement_and_is_never_cancelled() {
        for from in LoanState::ALL {
            for step in LoanStep::ALL {
                if from.after(step) == Ok(LoanState::Active) {
                    assert!(from == LoanState::Active || (from, step) == (LoanState::Ready, LoanStep::HandOver));
                }
            }
        }
        assert!(LoanState::Active.after(LoanStep::Cancel).is_err());
        let error = LoanState::Closed.after(LoanStep::Return).unwrap_err();
        assert_eq!(error.to_string(), "a loan that is closed cannot be returned");
    }
}
