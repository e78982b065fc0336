//! The condition of a device at hand-over and at return (*état des lieux*), and what differs.

use serde::{Deserialize, Serialize};

/// How one part is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Grade {
    /// As it should be.
    Good,
    /// Used, and of use.
    Worn,
    /// Broken or cracked.
    Damaged,
}

/// What is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// The screen.
    Screen,
    /// The keyboard.
    Keyboard,
    /// The case.
    Case,
    /// The battery, by the device's own report.
    Battery,
    /// The disk, by the device's own report.
    Disk,
}

/// A condition report: what a person saw, and what the device itself says of its wear.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConditionReport {
    /// The screen.
    pub screen: Grade,
    /// The keyboard.
    pub keyboard: Grade,
    /// The case.
    pub case: Grade,
    /// What the battery has lost of its design capacity, in hundredths.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub battery_wear: Option<u8>,
    /// What the disk has used of its life, in hundredths.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disk_wear: Option<u8>,
}

/// What is worse than it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// What.
    pub part: Part,
    /// How it was: a grade's place in its order, or hundredths of wear.
    pub was: u8,
    /// How it is.
    pub is: u8,
}

/// So many hundredths of wear more count as a difference; a battery's gauge wavers.
const BATTERY_WEAR_MORE: u8 = 10;
/// Of a disk more than ten: soldered flash speaks in tenths of its life, so that one step may be a two-hundredth of use.
const DISK_WEAR_MORE: u8 = 11;

impl ConditionReport {
    /// What is worse here than it was at the hand-over; what was not known then or is not known now is left out.
    #[must_use]
    pub fn worse_than(&self, before: &Self) -> Vec<Difference> {
        let grade =
            |part, was: Grade, is: Grade| (is > was).then_some(Difference { part, was: was as u8, is: is as u8 });
        let wear = |part, more: u8, was: Option<u8>, is: Option<u8>| {
            let (was, is) = was.zip(is)?;
            (is >= was.saturating_add(more)).then_some(Difference { part, was, is })
        };
        let all = [
            grade(Part::Screen, before.screen, self.screen),
            grade(Part::Keyboard, before.keyboard, self.keyboard),
            grade(Part::Case, before.case, self.case),
            wear(Part::Battery, BATTERY_WEAR_MORE, before.battery_wear, self.battery_wear),
            wear(Part::Disk, DISK_WEAR_MORE, before.disk_wear, self.disk_wear),
        ];
        all.into_iter().flatten().collect()
    }

    /// The worst grade of what a person saw to be worse than at the hand-over; nothing where all of it is as it was. What a battery or
    /// a disk wears is nobody's fault.
    #[must_use]
    pub fn worst_since(&self, before: &Self) -> Option<Grade> {
        let pairs = [(self.screen, before.screen), (self.keyboard, before.keyboard), (self.case, before.case)];
        pairs.into_iter().filter(|(is, was)| is > was).map(|(is, _)| is).max()
    }
}

impl Grade {
    /// Every grade, best first.
    pub const ALL: [Self; 3] = [Self::Good, Self::Worn, Self::Damaged];

    /// The name in tables and messages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Worn => "worn",
            Self::Damaged => "damaged",
        }
    }
}

impl Part {
    /// The name in tables and messages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Screen => "screen",
            Self::Keyboard => "keyboard",
            Self::Case => "case",
            Self::Battery => "battery",
            Self::Disk => "disk",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_worse_and_known_twice_differs() {
        let out = ConditionReport {
            screen: Grade::Good,
            keyboard: Grade::Worn,
            case: Grade::Damaged,
            battery_wear: Some(8),
            disk_wear: None,
        };
        let back = ConditionReport {
            screen: Grade::Damaged,
            keyboard: Grade::Good,
            case: Grade::Damaged,
            battery_wear: Some(17),
            disk_wear: Some(90),
        };
        assert_eq!(back.worse_than(&out), [Difference { part: Part::Screen, was: 0, is: 2 }]);
        let worn = ConditionReport { battery_wear: Some(18), ..out };
        assert_eq!(worn.worse_than(&out), [Difference { part: Part::Battery, was: 8, is: 18 }]);
        assert!(out.worse_than(&out).is_empty());
    }

    #[test]
    fn one_step_of_soldered_flash_is_no_difference() {
        let of = |disk_wear| ConditionReport {
            screen: Grade::Good,
            keyboard: Grade::Good,
            case: Grade::Good,
            battery_wear: None,
            disk_wear: Some(disk_wear),
        };
        assert!(of(10).worse_than(&of(0)).is_empty());
        assert_eq!(of(20).worse_than(&of(0)), [Difference { part: Part::Disk, was: 0, is: 20 }]);
    }
}
