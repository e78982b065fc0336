//! How a territory lends: its notice, its grace, its reminders, its wear scale.

use super::wear::{DamageScale, WearScale};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The most reminders.
pub(super) const REMINDERS_MAX: usize = 6;

/// The most kinds of accessories with a price.
pub const PRICES_MAX: usize = 50;
/// The longest kind, in characters.
const KIND_CHARS_MAX: usize = 32;

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
    /// Which part of what is left is proposed for what comes back worse than it was.
    #[serde(default)]
    pub damage: DamageScale,
    /// What an accessory of a kind costs, in cents, where it has no price of its own; kinds as [`kind_read`] gives them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub prices: BTreeMap<String, u32>,
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
    /// See [`DamageScale::is_sound`].
    #[error("for damage at most 100 % is proposed, and not less than for wear")]
    Damage,
    /// A kind that is none, or too many.
    #[error("at most {PRICES_MAX} kinds of accessories have a price; a kind is 1 to {KIND_CHARS_MAX} characters")]
    Prices,
}

/// A kind of accessory as it is compared: in small letters, without spaces around it.
#[must_use]
pub fn kind_read(text: &str) -> String {
    text.trim().to_lowercase()
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
        if !self.wear.is_sound() {
            return Err(PolicyError::Wear);
        }
        if !self.damage.is_sound() {
            return Err(PolicyError::Damage);
        }
        let named = |kind: &String| {
            (1..=KIND_CHARS_MAX).contains(&kind.chars().count())
                && !kind.chars().any(char::is_control)
                && *kind == kind_read(kind)
        };
        if self.prices.len() > PRICES_MAX || !self.prices.keys().all(named) {
            return Err(PolicyError::Prices);
        }
        Ok(())
    }
}

impl Default for LoanPolicy {
    fn default() -> Self {
        Self {
            notice_days: 14,
            grace_days: 14,
            reminder_days: vec![7, 21, 45],
            wear: WearScale::default(),
            damage: DamageScale::default(),
            prices: BTreeMap::new(),
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
        assert_eq!(LoanPolicy { grace_days: 366, ..usual.clone() }.check(), Err(PolicyError::Days));
        let damage = DamageScale { worn_percent: 60, damaged_percent: 50 };
        assert_eq!(LoanPolicy { damage, ..usual.clone() }.check(), Err(PolicyError::Damage));
        let priced = |kinds: Vec<String>| {
            let prices = kinds.into_iter().map(|kind| (kind, 3_900)).collect();
            LoanPolicy { prices, ..usual.clone() }.check()
        };
        assert_eq!(priced(vec!["charger".to_owned(), "souris sans fil".to_owned()]), Ok(()));
        for kind in ["", "Charger", " charger", "a\u{7}", &"x".repeat(33)] {
            assert_eq!(priced(vec![kind.to_owned()]), Err(PolicyError::Prices), "{kind:?}");
        }
        assert_eq!(priced((0..51).map(|n| n.to_string()).collect()), Err(PolicyError::Prices));
    }

    #[test]
    fn a_policy_of_before_has_the_usual_shares_and_no_prices() {
        let mut of_old = serde_json::to_value(LoanPolicy::default()).unwrap();
        of_old.as_object_mut().unwrap().remove("damage");
        assert_eq!(serde_json::from_value::<LoanPolicy>(of_old).unwrap(), LoanPolicy::default());
    }
}
