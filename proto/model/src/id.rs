//! Names that identify: territory, device, token, boot.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use uuid::Uuid;

/// The tenant: one département project, written as a short slug such as `doubs`.
///
/// It stands in every store key and every certificate, so its alphabet is narrow: 1 to 32 of `a-z`, `0-9` and `-`,
/// beginning and ending with a letter or digit.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TerritoryId(String);

/// The longest territory slug, in bytes.
pub const TERRITORY_MAX: usize = 32;

/// Why a written identifier is not one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// Not a territory slug.
    #[error("a territory is 1 to 32 of a-z, 0-9 and -, not {0:?}")]
    Territory(String),
    /// Not a UUID of version 7.
    #[error("a device id is a UUID of version 7, not {0:?}")]
    Device(String),
    /// Not a UUID.
    #[error("a boot id is a UUID, not {0:?}")]
    Boot(String),
}

impl TerritoryId {
    /// The slug as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for TerritoryId {
    type Error = IdError;
    fn try_from(text: String) -> Result<Self, IdError> {
        let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        let valid = (1..=TERRITORY_MAX).contains(&text.len())
            && text.bytes().all(inner)
            && !text.starts_with('-')
            && !text.ends_with('-');
        if valid { Ok(Self(text)) } else { Err(IdError::Territory(text.chars().take(64).collect())) }
    }
}

impl From<TerritoryId> for String {
    fn from(id: TerritoryId) -> Self {
        id.0
    }
}

impl FromStr for TerritoryId {
    type Err = IdError;
    fn from_str(text: &str) -> Result<Self, IdError> {
        Self::try_from(text.to_owned())
    }
}

impl fmt::Display for TerritoryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A device, for the control plane: a UUID of version 7 (RFC 9562), given at enrolment and never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DeviceId(Uuid);

impl DeviceId {
    /// Makes an id from its time and 74 random bits; what is random comes from the caller, so that rules stay repeatable.
    #[must_use]
    pub fn new(at: crate::time::Timestamp, random: [u8; 10]) -> Self {
        Self(uuid::Builder::from_unix_timestamp_millis(at.unix_millis().max(0).unsigned_abs(), &random).into_uuid())
    }

    /// The sixteen bytes of the UUID.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }
}

impl TryFrom<Uuid> for DeviceId {
    type Error = IdError;
    fn try_from(uuid: Uuid) -> Result<Self, IdError> {
        if uuid.get_version_num() == 7 { Ok(Self(uuid)) } else { Err(IdError::Device(uuid.to_string())) }
    }
}

impl TryFrom<String> for DeviceId {
    type Error = IdError;
    fn try_from(text: String) -> Result<Self, IdError> {
        text.parse()
    }
}

impl From<DeviceId> for String {
    fn from(id: DeviceId) -> Self {
        id.to_string()
    }
}

impl FromStr for DeviceId {
    type Err = IdError;
    fn from_str(text: &str) -> Result<Self, IdError> {
        let bad = || IdError::Device(text.chars().take(64).collect());
        Self::try_from(Uuid::try_parse(text).map_err(|_| bad())?).map_err(|_| bad())
    }
}

impl fmt::Display for DeviceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

/// One run of a machine between two boots, as the kernel names it; two live ones for one device betray a clone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct BootId(Uuid);

impl BootId {
    /// From the sixteen bytes of a UUID.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(Uuid::from_bytes(bytes))
    }

    /// The sixteen bytes of the UUID.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }
}

impl fmt::Display for BootId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

impl TryFrom<String> for BootId {
    type Error = IdError;
    fn try_from(text: String) -> Result<Self, IdError> {
        text.parse()
    }
}

impl From<BootId> for String {
    fn from(id: BootId) -> Self {
        id.0.to_string()
    }
}

impl FromStr for BootId {
    type Err = IdError;
    fn from_str(text: &str) -> Result<Self, IdError> {
        Uuid::try_parse(text.trim()).map(Self).map_err(|_| IdError::Boot(text.chars().take(64).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Timestamp;

    #[test]
    fn territory_alphabet_is_narrow() {
        for good in ["doubs", "val-d-oise", "2a", "x"] {
            assert!(good.parse::<TerritoryId>().is_ok(), "{good}");
        }
        for bad in ["", "-x", "x-", "Doubs", "a/b", "a b", "é", &"x".repeat(33)] {
            assert!(bad.parse::<TerritoryId>().is_err(), "{bad}");
        }
    }

    #[test]
    fn device_ids_sort_by_time_and_read_back() {
        let a = DeviceId::new(Timestamp::from_unix_millis(1_000), [255; 10]);
        let b = DeviceId::new(Timestamp::from_unix_millis(2_000), [0; 10]);
        assert!(a < b);
        assert_eq!(a.to_string().parse::<DeviceId>(), Ok(a));
        assert!("00000000-0000-4000-8000-000000000000".parse::<DeviceId>().is_err());
    }
}
