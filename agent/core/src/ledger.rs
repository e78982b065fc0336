//! Which desired state this device holds, and which it takes in its place.

use model::desired::Head;
use model::id::DeviceId;

/// The head a device holds, and the rule by which the next one replaces it.
///
/// Heads are judged after their signature was; an old one that was once signed for this device stays validly signed for ever.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ledger {
    device: DeviceId,
    held: Option<Head>,
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
}

impl Refused {
    /// The code under which it is reported.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::NotMine => "head_not_mine",
            Self::Stale => "head_stale",
            Self::Changed => "head_changed",
        }
    }
}

impl Ledger {
    /// The ledger of a device that holds nothing yet.
    #[must_use]
    pub const fn new(device: DeviceId) -> Self {
        Self { device, held: None }
    }

    /// The head that is held.
    #[must_use]
    pub const fn held(&self) -> Option<&Head> {
        self.held.as_ref()
    }

    /// Judges a head without taking it, so that it can be written down before it holds.
    ///
    /// # Errors
    /// [`Refused`] when it is not this device's, is older, or differs at the same generation.
    pub fn judge(&self, head: &Head) -> Result<Accepted, Refused> {
        if head.device != self.device {
            return Err(Refused::NotMine);
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
        self.held = Some(head);
        Ok(accepted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::desired::Generation;
    use model::digest::Digest;
    use model::time::Timestamp;
    use proptest::prelude::*;

    fn device(n: u8) -> DeviceId {
        DeviceId::new(Timestamp::from_unix_seconds(1), [n; 10])
    }

    fn heads() -> impl Strategy<Value = Head> {
        (0u8..2, 0u32..3, 0u64..4, 0u8..3).prop_map(|(n, epoch, revision, plan)| Head {
            device: device(n),
            generation: Generation { epoch, revision },
            plan: Digest::of(&[plan]),
        })
    }

    proptest! {
        #[test]
        fn what_is_held_only_grows_and_is_ones_own(heads in prop::collection::vec(heads(), 0..40)) {
            let mut ledger = Ledger::new(device(0));
            for head in heads {
                let before = ledger.held().cloned();
                let result = ledger.accept(head.clone());
                let newer = before.as_ref().is_none_or(|b| head.generation > b.generation);
                let expected = match &before {
                    _ if head.device != device(0) => Err(Refused::NotMine),
                    _ if newer => Ok(Accepted::New),
                    Some(b) if *b == head => Ok(Accepted::Same),
                    Some(b) if b.generation == head.generation => Err(Refused::Changed),
                    _ => Err(Refused::Stale),
                };
                prop_assert_eq!(result, expected);
                prop_assert_eq!(ledger.held(), if result.is_ok() { Some(&head) } else { before.as_ref() });
            }
        }

        #[test]
        fn the_newest_wins_in_whatever_order_they_come(mut heads in prop::collection::vec(heads(), 1..12)) {
            let own = |heads: &[Head]| heads.iter().filter(|h| h.device == device(0)).map(|h| h.generation).max();
            let mut ledger = Ledger::new(device(0));
            heads.iter().for_each(|h| { let _ = ledger.accept(h.clone()); });
            prop_assert_eq!(ledger.held().map(|h| h.generation), own(&heads));
            heads.reverse();
            let mut other = Ledger::new(device(0));
            heads.iter().for_each(|h| { let _ = other.accept(h.clone()); });
            prop_assert_eq!(other.held().map(|h| h.generation), own(&heads));
        }
    }
}
