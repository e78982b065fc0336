//! Names of loans and of acts on them, which a desk without a network makes for itself.

use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use uuid::Uuid;

/// A loan: a UUID of version 7 (RFC 9562), made by whoever begins it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct LoanId(Uuid);

/// An act, named by whoever does it, so that sending it twice does it once: any UUID but the one of zeros.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ActId(Uuid);

/// Why a text names no loan, or no act.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LoanIdError {
    /// Not a UUID of version 7.
    #[error("a loan id is a UUID of version 7, not {0:?}")]
    Loan(String),
    /// Not a UUID.
    #[error("an act id is a UUID, not {0:?}")]
    Act(String),
}

impl LoanId {
    /// Makes an id from its time and 74 random bits; what is random comes from the caller.
    #[must_use]
    pub fn new(at: Timestamp, random: [u8; 10]) -> Self {
        Self(uuid::Builder::from_unix_timestamp_millis(at.unix_millis().max(0).unsigned_abs(), &random).into_uuid())
    }
}

impl ActId {
    /// Makes an id from its time and 74 random bits.
    #[must_use]
    pub fn new(at: Timestamp, random: [u8; 10]) -> Self {
        Self(LoanId::new(at, random).0)
    }
}

impl FromStr for LoanId {
    type Err = LoanIdError;
    fn from_str(text: &str) -> Result<Self, LoanIdError> {
        let uuid = Uuid::try_parse(text).ok().filter(|uuid| uuid.get_version_num() == 7);
        uuid.map(Self).ok_or_else(|| LoanIdError::Loan(text.chars().take(64).collect()))
    }
}

impl FromStr for ActId {
    type Err = LoanIdError;
    fn from_str(text: &str) -> Result<Self, LoanIdError> {
        let uuid = Uuid::try_parse(text).ok().filter(|uuid| !uuid.is_nil());
        uuid.map(Self).ok_or_else(|| LoanIdError::Act(text.chars().take(64).collect()))
    }
}

impl TryFrom<String> for LoanId {
    type Error = LoanIdError;
    fn try_from(text: String) -> Result<Self, LoanIdError> {
        text.parse()
    }
}

impl TryFrom<String> for ActId {
    type Error = LoanIdError;
    fn try_from(text: String) -> Result<Self, LoanIdError> {
        text.parse()
    }
}

impl From<LoanId> for String {
    fn from(id: LoanId) -> Self {
        id.to_string()
    }
}

impl From<ActId> for String {
    fn from(id: ActId) -> Self {
        id.to_string()
    }
}

impl fmt::Display for LoanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

impl fmt::Display for ActId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}
