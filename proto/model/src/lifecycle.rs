//! Where a device stands in its life as equipment, and which acts lead from one place to the next.

use serde::{Deserialize, Serialize};

/// A device's place in its life as equipment (domain.md, "Device").
///
/// Whether it talks, and whether it is in good order, are other questions with other answers: silence never moves it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lifecycle {
    /// It has been delivered.
    Received,
    /// It is being made ready.
    InPreparation,
    /// It may be lent, put in a kit, or given to staff.
    Available,
    /// It is set aside for a loan.
    Reserved,
    /// A pupil has it.
    OnLoan,
    /// It is part of a kit.
    InKit,
    /// A teacher or another member of staff has it.
    AssignedStaff,
    /// It is back, and nobody has looked at it.
    ReturnedUnchecked,
    /// It is to be wiped and made ready again.
    ToRecondition,
    /// It is being repaired.
    InRepair,
    /// Nobody knows where it is.
    Lost,
    /// It was stolen.
    Stolen,
    /// It is equipment no more.
    Retired,
}

/// An act on a device as equipment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// It is taken into preparation.
    Prepare,
    /// It is ready for use; after a use, only with a wipe certificate later than that use.
    Ready,
    /// It is set aside for a loan.
    Reserve,
    /// The reservation ends without a loan.
    Release,
    /// It is handed to a pupil.
    Lend,
    /// It becomes part of a kit.
    Bind,
    /// It leaves its kit.
    Unbind,
    /// It is handed to a member of staff.
    Assign,
    /// It came back.
    Return,
    /// Somebody looked at it: it is to be made ready again.
    Check,
    /// It goes to be repaired.
    Repair,
    /// It is said to be lost.
    Lose,
    /// It is said to be stolen.
    Steal,
    /// It was found again.
    Find,
    /// It is put out of use for good.
    Retire,
}

/// An act that does not follow from where a device stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a device that is {from} cannot be {done}", from = from.name(), done = step.done())]
pub struct LifecycleError {
    /// Where it stands.
    pub from: Lifecycle,
    /// What was asked.
    pub step: Step,
}

impl Lifecycle {
    /// Every place.
    pub const ALL: [Self; 13] = [
        Self::Received,
        Self::InPreparation,
        Self::Available,
        Self::Reserved,
        Self::OnLoan,
        Self::InKit,
        Self::AssignedStaff,
        Self::ReturnedUnchecked,
        Self::ToRecondition,
        Self::InRepair,
        Self::Lost,
        Self::Stolen,
        Self::Retired,
    ];

    /// Where an act leads.
    ///
    /// # Errors
    /// [`LifecycleError`] when it does not follow from here.
    pub const fn after(self, step: Step) -> Result<Self, LifecycleError> {
        use Lifecycle as L;
        Ok(match (step, self) {
            (Step::Prepare, L::Received | L::Available | L::ToRecondition | L::InRepair) => L::InPreparation,
            (Step::Ready, L::InPreparation) | (Step::Release, L::Reserved) => L::Available,
            (Step::Reserve, L::Available) => L::Reserved,
            (Step::Lend, L::Available | L::Reserved) => L::OnLoan,
            (Step::Bind, L::Available) => L::InKit,
            (Step::Assign, L::Available | L::Reserved) => L::AssignedStaff,
            (Step::Unbind, L::InKit) | (Step::Return, L::OnLoan | L::AssignedStaff) => L::ReturnedUnchecked,
            (Step::Find, L::Lost | L::Stolen) => L::ReturnedUnchecked,
            (Step::Check, L::ReturnedUnchecked | L::InRepair) => L::ToRecondition,
            (Step::Repair, L::Received | L::InPreparation | L::Available | L::InKit | L::ReturnedUnchecked) => {
                L::InRepair
            }
            (Step::Repair, L::ToRecondition) => L::InRepair,
            // What is out of use is nobody's any more, and what is missing stays so until it is found.
            (Step::Lose, L::Lost | L::Stolen | L::Retired) | (Step::Steal, L::Stolen | L::Retired) => {
                return Err(LifecycleError { from: self, step });
            }
            (Step::Lose, _) => L::Lost,
            (Step::Steal, _) => L::Stolen,
            // In somebody's hands it is returned first.
            (
                Step::Retire,
                L::Received
                | L::InPreparation
                | L::Available
                | L::ReturnedUnchecked
                | L::ToRecondition
                | L::InRepair
                | L::Lost
                | L::Stolen,
            ) => L::Retired,
            _ => return Err(LifecycleError { from: self, step }),
        })
    }

    /// Whether somebody or something has it: a loan, a kit, a member of staff.
    #[must_use]
    pub const fn is_in_use(self) -> bool {
        matches!(self, Self::OnLoan | Self::InKit | Self::AssignedStaff)
    }

    /// The name in tables and messages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Received => "received",
            Self::InPreparation => "in_preparation",
            Self::Available => "available",
            Self::Reserved => "reserved",
            Self::OnLoan => "on_loan",
            Self::InKit => "in_kit",
            Self::AssignedStaff => "assigned_staff",
            Self::ReturnedUnchecked => "returned_unchecked",
            Self::ToRecondition => "to_recondition",
            Self::InRepair => "in_repair",
            Self::Lost => "lost",
            Self::Stolen => "stolen",
            Self::Retired => "retired",
        }
    }
}

impl Step {
    /// Every act.
    pub const ALL: [Self; 15] = [
        Self::Prepare,
        Self::Ready,
        Self::Reserve,
        Self::Release,
        Self::Lend,
        Self::Bind,
        Self::Unbind,
        Self::Assign,
        Self::Return,
        Self::Check,
        Self::Repair,
        Self::Lose,
        Self::Steal,
        Self::Find,
        Self::Retire,
    ];

    /// What was done, as it stands in a sentence.
    #[must_use]
    pub const fn done(self) -> &'static str {
        match self {
            Self::Prepare => "taken into preparation",
            Self::Ready => "made available",
            Self::Reserve => "reserved",
            Self::Release => "released",
            Self::Lend => "lent",
            Self::Bind => "put in a kit",
            Self::Unbind => "taken out of a kit",
            Self::Assign => "assigned to staff",
            Self::Return => "returned",
            Self::Check => "checked",
            Self::Repair => "sent to repair",
            Self::Lose => "said to be lost",
            Self::Steal => "said to be stolen",
            Self::Find => "found",
            Self::Retire => "retired",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_retired_stays_so_and_every_place_but_the_first_is_reached() {
        for step in Step::ALL {
            assert!(Lifecycle::Retired.after(step).is_err(), "{step:?}");
        }
        let mut reached = vec![Lifecycle::Received];
        let mut at = 0;
        while let Some(from) = reached.get(at).copied() {
            for to in Step::ALL.into_iter().filter_map(|step| from.after(step).ok()) {
                if !reached.contains(&to) {
                    reached.push(to);
                }
            }
            at += 1;
        }
        assert_eq!(reached.len(), Lifecycle::ALL.len());
    }

    proptest! {
        /// Whatever is done: nothing passes from one use to the next without having been made ready in between, and what is missing
        /// comes back only by being found.
        #[test]
        fn between_two_uses_a_device_was_made_ready(steps in proptest::collection::vec(0usize..Step::ALL.len(), 1..200)) {
            let mut at = Lifecycle::Received;
            let mut ready = false;
            for step in steps.into_iter().map(|n| Step::ALL[n]) {
                let Ok(next) = at.after(step) else { continue };
                prop_assert!(!(matches!(at, Lifecycle::Lost | Lifecycle::Stolen)) || matches!(step, Step::Find | Step::Retire | Step::Steal));
                if step == Step::Ready {
                    ready = true;
                }
                if next.is_in_use() {
                    prop_assert!(ready, "{at:?} {step:?}");
                    ready = false;
                }
                at = next;
            }
        }
    }
}
