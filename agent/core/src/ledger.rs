//! Which desired state this device holds, and which it takes in its place.

use model::desired::Head;
use model::digest::Digest;
use model::id::DeviceId;

/// The head a device holds, and the rule by which the next one replaces it.
///
/// Heads are judged after their signature was; an old one that was once signed for this device stays validly signed for ever.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ledger {
    device: DeviceId,
    /// The fingerprint of its identity key: a grant is for whoever holds that.
    key: Digest,
    held: Option<Head>,
    floor: LoanFloor,
}

/// The newest loan epoch that was ever held: what was said under an older one is void, whatever else of it still holds.
///
/// It stands below the epoch of the control plane, which grows with a restore: a control plane that was put back may count its loans
/// again from where it stood.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct LoanFloor {
    /// The epoch of the head's generation.
    pub generation_epoch: u32,
    /// The grant's epoch.
    pub loan_epoch: u64,
}

impl LoanFloor {
    /// Where a head stands.
    #[must_use]
    pub fn of(head: &Head) -> Option<Self> {
        let generation_epoch = head.generation.epoch;
        head.grant.as_ref().map(|grant| Self { generation_epoch, loan_epoch: grant.epoch })
    }
}

/// What came of a head that was not refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accepted {
    /// It is newer and is now held.
    New,
    /// It is the one that is held.
    Same,
}

/// Why a head is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It is for another device.
    #[error("the head is for another device")]
    NotMine,
    /// It is older than the one that is held.
    #[error("the head is older than the one held")]
    Stale,
    /// It has the generation of the one that is held and says something else.
    #[error("the head has the generation of the one held, and other content")]
    Changed,
    /// Its grant is for another identity key.
    #[error("the head's grant is for another identity key")]
    GrantNotMine,
    /// Its grant is of a loan epoch that is over.
    #[error("the head's grant is of a loan epoch that is over")]
    GrantStale,
}

impl Refused {
    /// The code under which it is reported.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::NotMine => "head_not_mine",
            Self::Stale => "head_stale",
            Self::Changed => "head_changed",
            Self::GrantNotMine => "grant_not_mine",
            Self::GrantStale => "grant_stale",
        }
    }
}

impl Ledger {
    /// The ledger of a device that holds nothing yet.
    #[must_use]
    pub fn new(device: DeviceId, key: Digest) -> Self {
        Self { device, key, held: None, floor: LoanFloor::default() }
    }

    /// The same that has seen this loan epoch, and takes none from before it.
    #[must_use]
    pub fn above(mut self, floor: LoanFloor) -> Self {
        self.floor = self.floor.max(floor);
        self
    }

    /// The newest loan epoch that was held.
    #[must_use]
    pub const fn floor(&self) -> LoanFloor {
        self.floor
    }

    /// Forgets the head that is held, and not how new its loan was.
    pub fn forget(&mut self) {
        self.held = None;
    }

    /// The head that is held.
    #[must_use]
    pub const fn held(&self) -> Option<&Head> {
        self.held.as_ref()
    }

    /// Judges a head without taking it, so that it can be written down before it holds.
    ///
    /// # Errors
    /// [`Refused`] when it is not this device's, is older, or differs at the same generation; or when its grant is not for this
    /// device's key, or of an older loan epoch.
    pub fn judge(&self, head: &Head) -> Result<Accepted, Refused> {
        if head.device != self.device {
            return Err(Refused::NotMine);
        }
        if head.grant.as_ref().is_some_and(|grant| grant.key != self.key) {
            return Err(Refused::GrantNotMine);
        }
        if LoanFloor::of(head).is_some_and(|stands| stands < self.floor) {
            return Err(Refused::GrantStale);
        }
        match &self.held {
            Some(held) if head.generation < held.generation => Err(Refused::Stale),
            Some(held) if head == held => Ok(Accepted::Same),
            Some(held) if head.generation == held.generation => Err(Refused::Changed),
            _ => Ok(Accepted::New),
        }
    }

    /// Takes a head, if it is this device's and newer.
    ///
    /// # Errors
    /// [`Refused`] as [`Ledger::judge`] says; what is held stays.
    pub fn accept(&mut self, head: Head) -> Result<Accepted, Refused> {
        let accepted = self.judge(&head)?;
        self.floor = self.floor.max(LoanFloor::of(&head).unwrap_or_default());
        self.held = Some(head);
        Ok(accepted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::desired::Generation;
    use model::grant::{Grant, Hold};
    use model::time::Timestamp;
    use proptest::prelude::*;

    fn device(n: u8) -> DeviceId {
        DeviceId::new(Timestamp::from_unix_seconds(1), [n; 10])
    }

    fn ledger() -> Ledger {
        Ledger::new(device(0), Digest::of(&[0]))
    }

    fn grants() -> impl Strategy<Value = Option<Grant>> {
        let grant = (0u8..2, 0u64..4).prop_map(|(key, epoch)| Grant {
            key: Digest::of(&[key]),
            epoch,
            hold: Hold::Free,
            contact: String::new(),
        });
        prop::option::of(grant)
    }

    fn heads() -> impl Strategy<Value = Head> {
        (0u8..2, 0u32..3, 0u64..4, 0u8..3, grants()).prop_map(|(n, epoch, revision, plan, grant)| Head {
            device: device(n),
            generation: Generation { epoch, revision },
            plan: Digest::of(&[plan]),
            grant,
        })
    }

    proptest! {
        #[test]
        fn what_is_held_only_grows_and_is_ones_own(heads in prop::collection::vec(heads(), 0..40)) {
            let mut ledger = ledger();
            for head in heads {
                let (before, floor) = (ledger.held().cloned(), ledger.floor());
                let result = ledger.accept(head.clone());
                let newer = before.as_ref().is_none_or(|b| head.generation > b.generation);
                let grant = head.grant.as_ref();
                let expected = match &before {
                    _ if head.device != device(0) => Err(Refused::NotMine),
                    _ if grant.is_some_and(|g| g.key != Digest::of(&[0])) => Err(Refused::GrantNotMine),
                    _ if LoanFloor::of(&head).is_some_and(|at| at < floor) => Err(Refused::GrantStale),
                    _ if newer => Ok(Accepted::New),
                    Some(b) if *b == head => Ok(Accepted::Same),
                    Some(b) if b.generation == head.generation => Err(Refused::Changed),
                    _ => Err(Refused::Stale),
                };
                prop_assert_eq!(result, expected);
                prop_assert_eq!(ledger.held(), if result.is_ok() { Some(&head) } else { before.as_ref() });
                prop_assert!(ledger.floor() >= floor);
            }
        }

        /// Whatever was held and forgotten since, a loan epoch that is over never comes back, unless the control plane was restored.
        #[test]
        fn an_epoch_that_is_over_stays_void(heads in prop::collection::vec(heads(), 0..40), forget: u64) {
            let (mut ledger, mut newest) = (ledger(), LoanFloor::default());
            for (n, head) in heads.into_iter().enumerate() {
                if forget & (1 << (n % 64)) != 0 {
                    // After newer trust roots, or a start.
                    ledger = Ledger::new(device(0), Digest::of(&[0])).above(ledger.floor());
                }
                if ledger.accept(head.clone()).is_ok() && let Some(at) = LoanFloor::of(&head) {
                    prop_assert!(at >= newest);
                    newest = at;
                }
            }
        }

        #[test]
        fn the_newest_wins_in_whatever_order_they_come(mut heads in prop::collection::vec(heads(), 1..12)) {
            heads.iter_mut().for_each(|head| head.grant = None);
            let own = |heads: &[Head]| heads.iter().filter(|h| h.device == device(0)).map(|h| h.generation).max();
            let mut one = ledger();
            heads.iter().for_each(|h| { let _ = one.accept(h.clone()); });
            prop_assert_eq!(one.held().map(|h| h.generation), own(&heads));
            heads.reverse();
            let mut other = ledger();
            heads.iter().for_each(|h| { let _ = other.accept(h.clone()); });
            prop_assert_eq!(other.held().map(|h| h.generation), own(&heads));
        }
    }
}
