//! The loan grant: what a device knows of its loan, signed with its head, so that it can keep to it without a network.

use crate::digest::Digest;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// The longest text that says whom to contact, in characters.
pub const CONTACT_CHARS_MAX: usize = 200;

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
}
