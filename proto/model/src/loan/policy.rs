//! How a territory lends: its notice, its grace, its reminders, its wear scale.

use super::wear::WearScale;
use serde::{Deserialize, Serialize};

/// The most reminders.
pub(super) const REMINDERS_MAX: usize = 6;

/// A territory's rules of lending.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoanPolicy {
    /// So many days before the due day the device says that it is to be returned.
    pub notice_days: u16,
    /// So many days after the due day it becomes restricted.
    pub grace_days: u16,
    /// So many days after the due day there is a reminder, in order.
    pub reminder_days: Vec<u16>,
    /// What is proposed for what does not come back, or comes back damaged.
    pub wear: WearScale,
    /// What becomes of a device whose borrower, of the staff, moves to another establishment.
    pub transfer: TransferRule,
}

/// What becomes of a device when a teacher or another member of staff moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TransferRule {
    /// It goes with the person; the loan goes on under the new establishment.
    Follow,
    /// It is to be returned by the day of the move.
    End,
}

/// Why a policy cannot be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// Days beyond a year.
    #[error("notice and grace are at most 365 days")]
    Days,
    /// None, too many, or out of order.
    #[error("reminders are 1 to {REMINDERS_MAX} numbers of days between 1 and 365, each greater than the one before")]
    Reminders,
    /// See [`WearScale::is_sound`].
    #[error("a wear scale has a version, begins at 0 months with at most 100 %, and never rises with age")]
    Wear,
}

impl LoanPolicy {
    /// Whether it can be.
    ///
    /// # Errors
    /// [`PolicyError`] with what cannot.
    pub fn check(&self) -> Result<(), PolicyError> {
        if self.notice_days > 365 || self.grace_days > 365 {
            return Err(PolicyError::Days);
        }
        let within = self.reminder_days.iter().all(|day| (1..=365).contains(day));
        let rises = self.reminder_days.windows(2).all(|pair| pair[0] < pair[1]);
        if !(1..=REMINDERS_MAX).contains(&self.reminder_days.len()) || !within || !rises {
            return Err(PolicyError::Reminders);
        }
        if self.wear.is_sound() { Ok(()) } else { Err(PolicyError::Wear) }
    }
}

impl Default for LoanPolicy {
    fn default() -> Self {
        Self {
            notice_days: 14,
            grace_days: 14,
            reminder_days: vec![7, 21, 45],
            wear: WearScale::default(),
            transfer: TransferRule::Follow,
        }
    }
}

impl TransferRule {
    /// The name in tables and messages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Follow => "follow",
            Self::End => "end",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_one_can_be_and_odd_ones_cannot() {
        let usual = LoanPolicy::default();
        assert_eq!(usual.check(), Ok(()));
        for days in [vec![], vec![0], vec![7, 7], vec![21, 7], vec![366], (1..=7).collect()] {
            assert_eq!(LoanPolicy { reminder_days: days, ..usual.clone() }.check(), Err(PolicyError::Reminders));
        }
        assert_eq!(LoanPolicy { grace_days: 366, ..usual }.check(), Err(PolicyError::Days));
    }
}
