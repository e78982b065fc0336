//! What a thing is still worth: a proposal for a person, never a debt.

use super::condition::Grade;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// A wear scale (*grille de vétusté*): which part of the price is left at which age.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WearScale {
    /// Which version of it, such as `2026-1`; stands beside each amount that came of it.
    pub version: String,
    /// The steps, by age.
    pub steps: Vec<WearStep>,
}

/// From an age on, so much is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WearStep {
    /// From so many whole months after the purchase.
    pub from_months: u16,
    /// So many hundredths of the price.
    pub percent: u8,
}

/// Which part of what a thing is still worth is proposed when it comes back worse than it was handed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DamageScale {
    /// For what was good and is worn, in hundredths.
    pub worn_percent: u8,
    /// For what is damaged, in hundredths.
    pub damaged_percent: u8,
}

impl DamageScale {
    /// Whether it never gives more than all, nor more for less.
    #[must_use]
    pub const fn is_sound(&self) -> bool {
        self.worn_percent <= self.damaged_percent && self.damaged_percent <= 100
    }

    /// The part of an amount for a thing in that grade, in cents, rounded down.
    #[must_use]
    pub fn share_cents(&self, cents: u32, grade: Grade) -> u32 {
        let percent = match grade {
            Grade::Good => 0,
            Grade::Worn => self.worn_percent,
            Grade::Damaged => self.damaged_percent,
        };
        u32::try_from(u64::from(cents) * u64::from(percent) / 100).unwrap_or(u32::MAX)
    }
}

impl Default for DamageScale {
    fn default() -> Self {
        Self { worn_percent: 10, damaged_percent: 50 }
    }
}

impl WearScale {
    /// Whether it begins with the new thing, goes on in order of age, and never gives more for an older one.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        let named = (1..=32).contains(&self.version.chars().count()) && !self.version.chars().any(char::is_control);
        let falls = |pair: &[WearStep]| pair[0].from_months < pair[1].from_months && pair[0].percent >= pair[1].percent;
        named
            && (1..=40).contains(&self.steps.len())
            && self.steps[0].from_months == 0
            && self.steps[0].percent <= 100
            && self.steps.windows(2).all(falls)
    }

    /// What is left of a price on a day, in cents, rounded down; nothing where the day of purchase is not known.
    #[must_use]
    pub fn left_cents(&self, price_cents: u32, purchased_on: Option<Date>, on: Date) -> Option<u32> {
        let purchased = purchased_on?;
        let months = months_between(purchased, on);
        let step = self.steps.iter().rev().find(|step| u32::from(step.from_months) <= months)?;
        u32::try_from(u64::from(price_cents) * u64::from(step.percent) / 100).ok()
    }
}

impl Default for WearScale {
    fn default() -> Self {
        let step = |(from_months, percent)| WearStep { from_months, percent };
        let steps = [(0, 100), (12, 80), (24, 60), (36, 40), (48, 20), (60, 10)];
        Self { version: "1".to_owned(), steps: steps.into_iter().map(step).collect() }
    }
}

/// Whole months; none when the second day comes first.
fn months_between(from: Date, to: Date) -> u32 {
    let months = (i32::from(to.year()) - i32::from(from.year())) * 12 + i32::from(to.month()) - i32::from(from.month());
    let whole = months - i32::from(to.day() < from.day());
    u32::try_from(whole).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn what_is_left_falls_with_age() {
        let scale = WearScale::default();
        assert!(scale.is_sound());
        let left = |y, m, d| scale.left_cents(40_000, Some(date(2024, 9, 15)), date(y, m, d));
        assert_eq!(left(2024, 9, 15), Some(40_000));
        assert_eq!(left(2025, 9, 14), Some(40_000));
        assert_eq!(left(2025, 9, 15), Some(32_000));
        assert_eq!(left(2040, 1, 1), Some(4_000));
        assert_eq!(left(2020, 1, 1), Some(40_000));
        assert_eq!(scale.left_cents(40_000, None, date(2026, 1, 1)), None);
    }

    #[test]
    fn damage_is_a_share_of_what_is_left() {
        let scale = DamageScale::default();
        let share = |grade| scale.share_cents(32_001, grade);
        assert_eq!([Grade::Good, Grade::Worn, Grade::Damaged].map(share), [0, 3_200, 16_000]);
        assert_eq!(DamageScale { damaged_percent: 100, ..scale }.share_cents(u32::MAX, Grade::Damaged), u32::MAX);
    }

    #[test]
    fn a_scale_that_rises_or_begins_late_is_not_sound() {
        let with = |steps: &[(u16, u8)]| WearScale {
            version: "x".to_owned(),
            steps: steps
                .iter()
                .map(|(from_months, percent)| WearStep { from_months: *from_months, percent: *percent })
                .collect(),
        };
        for bad in [&[][..], &[(1, 100)], &[(0, 101)], &[(0, 50), (12, 60)], &[(0, 50), (0, 40)]] {
            assert!(!with(bad).is_sound(), "{bad:?}");
        }
        assert!(with(&[(0, 0)]).is_sound());
    }
}
