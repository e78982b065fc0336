//! Who owns equipment: a commune, a département, a région, an association.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// The longest owner's slug, in bytes.
pub const OWNER_MAX: usize = 64;

/// An owner of equipment, written as a short slug such as `commune-besancon`.
///
/// A school is not the owner: communes own the equipment of primary schools, départements that of collèges, régions that of lycées.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct OwnerId(String);

/// Why a text is not an owner's slug.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an owner is 1 to {OWNER_MAX} of a-z, 0-9 and -, not {0:?}")]
pub struct OwnerError(String);

impl FromStr for OwnerId {
    type Err = OwnerError;
    fn from_str(text: &str) -> Result<Self, OwnerError> {
        let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        let edge = |b: Option<&u8>| b.is_some_and(u8::is_ascii_alphanumeric);
        let bytes = text.as_bytes();
        let valid =
            bytes.len() <= OWNER_MAX && edge(bytes.first()) && edge(bytes.last()) && bytes.iter().copied().all(fits);
        if valid { Ok(Self(text.to_owned())) } else { Err(OwnerError(text.chars().take(OWNER_MAX).collect())) }
    }
}

impl TryFrom<String> for OwnerId {
    type Error = OwnerError;
    fn try_from(text: String) -> Result<Self, OwnerError> {
        text.parse()
    }
}

impl From<OwnerId> for String {
    fn from(id: OwnerId) -> Self {
        id.0
    }
}

impl fmt::Display for OwnerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn owners_are_slugs() {
        for good in ["commune-besancon", "departement-25", "x", "9"] {
            assert_eq!(good.parse::<OwnerId>().map(|o| o.to_string()), Ok(good.to_owned()));
        }
        for bad in ["", "-x", "x-", "Besançon", "a b", "a/b", &"x".repeat(65)] {
            assert!(bad.parse::<OwnerId>().is_err(), "{bad}");
        }
    }
}
