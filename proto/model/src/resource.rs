//! Resources as devices are told of them: which bundles to hold, and how to fetch them.

use crate::digest::Digest;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// The most bundles one device holds; each is a line of what it reports.
pub const BUNDLES_MAX: usize = 48;
/// The most mirrors a device is told of.
pub const MIRRORS_MAX: usize = 8;
/// The longest address of a mirror, in bytes.
pub const MIRROR_BYTES_MAX: usize = 300;
/// The most breaks a device is told of: some three years of one zone.
pub const DAYS_OFF_MAX: usize = 40;

/// A bundle's name: `a-z`, `0-9` and `-`, at most 60 of them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct BundleName(String);

/// One to four numbers with dots between them, compared number by number, such as `2026.9.1`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct BundleVersion(Vec<u32>);

/// Why a text names no bundle, or no version.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Not a name.
    #[error("{0:?} is not 1-60 × a-z 0-9 -")]
    Name(String),
    /// Not a version.
    #[error("{0:?} is not one to four numbers with dots, such as 2026.9.1")]
    Version(String),
}

/// A bundle that a device is to hold, in one version; those that it is not told of, it removes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct BundleWanted {
    /// Which.
    pub name: BundleName,
    /// In which version.
    pub version: BundleVersion,
    /// SHA-256 of the version's index, which must be signed under this name and version.
    pub index: Digest,
    /// Whether it is fetched and put in place in quiet hours too.
    pub urgent: bool,
    /// Whether it is fetched and verified, and waits to be put in place until this is no longer said.
    pub hold: bool,
}

/// The release of the agent that a device is to run, by the word of the territory; who made it is another's word.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ReleaseWanted {
    /// Which.
    pub version: BundleVersion,
    /// SHA-256 of its index, which must be signed under this version in the product's own repository.
    pub index: Digest,
    /// Whether a device waits for no other one to fetch it first.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub urgent: bool,
    /// Whether it is not begun until this is no longer said.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub hold: bool,
}

/// How a device fetches.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Fetching {
    /// All bundles together, in bytes; 0: no quota of its own.
    pub quota_bytes: u64,
    /// What stays free on the volume, in bytes.
    pub free_floor_bytes: u64,
    /// From outside the school, in bytes a second; 0: as fast as it comes.
    pub bytes_per_second: u64,
    /// To devices of the same school, in bytes a second; 0: nothing is served.
    pub upload_bytes_per_second: u64,
    /// Whether a metered link may be used.
    pub metered: bool,
    /// Below this charge nothing is fetched or served on battery, in percent; 0 to 100.
    pub battery_floor_percent: u8,
    /// Whether devices of the same school are asked first.
    pub peers: bool,
    /// Whether this device fetches first for its school, and keeps.
    pub site_node: bool,
    /// Where else than at the control plane the repository lies: `https://…/`.
    pub mirrors: Vec<String>,
    /// When nothing that is not urgent is done.
    pub quiet: Option<Quiet>,
}

/// Hours of school days in which a device is left to its user.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Quiet {
    /// The time zone, such as `Europe/Paris`.
    pub zone: String,
    /// From this minute of the day, 0 to 1,440.
    pub from_minute: u16,
    /// Until just before this one, more than `from_minute`.
    pub until_minute: u16,
    /// Days without school beside Saturday and Sunday: first and last, in order.
    pub days_off: Vec<(Date, Date)>,
}

/// A word of the control plane by which devices of one school know each other, since they cannot ask whether another was revoked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerTicket {
    /// Whose it is.
    pub device: crate::id::DeviceId,
    /// Of which territory.
    pub territory: crate::id::TerritoryId,
    /// Of which school.
    pub school: crate::uai::Uai,
    /// The number of the first certificate of the device's present identity: one of an earlier identity does not go with it, so that
    /// whoever has a device's old key has no use for the ticket of who took its place.
    pub certificate_from: u32,
    /// What devices of the school call themselves on the local network, for each day (UTC) that the ticket touches, in order: who is of no
    /// school learns nothing from it.
    pub rendezvous: Vec<Rendezvous>,
    /// Whether it may say of others that they are in school.
    pub site_node: bool,
    /// When it was given.
    pub from: crate::time::Timestamp,
    /// Until when it holds; at most [`TICKET_LIFE`] later.
    pub until: crate::time::Timestamp,
}

/// What devices of one school call themselves on one day.
pub type Rendezvous = [u8; 10];

/// The most days that a ticket touches.
pub const RENDEZVOUS_MAX: usize = 2;

/// How long a ticket holds at most.
pub const TICKET_LIFE: std::time::Duration = std::time::Duration::from_secs(24 * 3_600);

impl crate::signed::Payload for PeerTicket {
    const PURPOSE: &'static str = "cartable peer ticket v1";
}

const EPOCH: Date = Date::constant(1970, 1, 1);

/// A day as days since 1970-01-01.
#[must_use]
pub fn day_count(day: Date) -> i32 {
    EPOCH.until(day).map_or(0, |span| span.get_days())
}

/// The day that is so many days after 1970-01-01; `None` outside the years a date may have.
#[must_use]
pub fn day_of(count: i32) -> Option<Date> {
    EPOCH.checked_add(jiff::Span::new().try_days(count).ok()?).ok()
}

impl Default for Fetching {
    fn default() -> Self {
        Self {
            quota_bytes: 0,
            free_floor_bytes: 2 << 30,
            bytes_per_second: 0,
            upload_bytes_per_second: 4 << 20,
            metered: false,
            battery_floor_percent: 30,
            peers: true,
            site_node: false,
            mirrors: Vec::new(),
            quiet: None,
        }
    }
}

/// What the items begin with under which devices report bundles.
pub const BUNDLE_ITEM: &str = "bundle ";
/// The item under which devices report the release of the agent.
pub const RELEASE_ITEM: &str = "agent";
/// The name under which a release of the agent is assigned and rolled out; no bundle has it.
const RELEASE_NAME: &str = "cartable-agent";
/// The name under which the filter's lists travel; another role signs them.
const LISTS_NAME: &str = "cartable-lists";

impl BundleName {
    /// The agent itself, whose releases are assigned as bundles are.
    #[must_use]
    pub fn agent() -> Self {
        Self(RELEASE_NAME.to_owned())
    }

    /// Whether it is the agent itself.
    #[must_use]
    pub fn is_agent(&self) -> bool {
        self.0 == RELEASE_NAME
    }

    /// The filter's lists, a bundle that only the role of lists may sign.
    #[must_use]
    pub fn lists() -> Self {
        Self(LISTS_NAME.to_owned())
    }

    /// Whether it is the filter's lists.
    #[must_use]
    pub fn is_lists(&self) -> bool {
        self.0 == LISTS_NAME
    }

    /// The item under which a device reports it.
    #[must_use]
    pub fn item(&self) -> String {
        if self.is_agent() { RELEASE_ITEM.to_owned() } else { format!("{BUNDLE_ITEM}{self}") }
    }

    /// What is reported under an item; nothing where that is something else.
    #[must_use]
    pub fn of_item(item: &str) -> Option<Self> {
        if item == RELEASE_ITEM { Some(Self::agent()) } else { item.strip_prefix(BUNDLE_ITEM)?.parse().ok() }
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl BundleVersion {
    /// Older than any other.
    #[must_use]
    pub fn zero() -> Self {
        Self(vec![0])
    }
}

impl FromStr for BundleName {
    type Err = NameError;
    fn from_str(text: &str) -> Result<Self, NameError> {
        let sign = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        let good = (1..=60).contains(&text.len()) && text.chars().all(sign) && !text.starts_with('-');
        if good { Ok(Self(text.to_owned())) } else { Err(NameError::Name(text.chars().take(80).collect())) }
    }
}

impl FromStr for BundleVersion {
    type Err = NameError;
    fn from_str(text: &str) -> Result<Self, NameError> {
        let number = |part: &str| {
            let plain =
                part.len() <= 9 && part.chars().all(|c| c.is_ascii_digit()) && (part == "0" || !part.starts_with('0'));
            part.parse().ok().filter(|_| plain)
        };
        let numbers: Option<Vec<u32>> = text.split('.').take(5).map(number).collect();
        match numbers {
            Some(numbers) if numbers.len() <= 4 => Ok(Self(numbers)),
            _ => Err(NameError::Version(text.chars().take(80).collect())),
        }
    }
}

impl fmt::Display for BundleName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for BundleVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let numbers: Vec<String> = self.0.iter().map(u32::to_string).collect();
        f.write_str(&numbers.join("."))
    }
}

impl TryFrom<String> for BundleName {
    type Error = NameError;
    fn try_from(text: String) -> Result<Self, NameError> {
        text.parse()
    }
}

impl TryFrom<String> for BundleVersion {
    type Error = NameError;
    fn try_from(text: String) -> Result<Self, NameError> {
        text.parse()
    }
}

impl From<BundleName> for String {
    fn from(name: BundleName) -> Self {
        name.0
    }
}

impl From<BundleVersion> for String {
    fn from(version: BundleVersion) -> Self {
        version.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_agent_is_no_bundle_and_each_is_found_by_its_item() {
        for name in ["cartable-agent", "cartable-agent-2", "agent"] {
            let name: BundleName = name.parse().unwrap();
            assert_eq!(BundleName::of_item(&name.item()), Some(name));
        }
        assert!(BundleName::agent().is_agent() && BundleName::agent().item() == "agent");
        assert_eq!(BundleName::of_item("loan"), None);
        let lists: BundleName = "cartable-lists".parse().unwrap();
        assert!(lists == BundleName::lists() && lists.is_lists() && lists.item() == "bundle cartable-lists");
    }

    #[test]
    fn versions_are_compared_number_by_number() {
        let version = |text: &str| text.parse::<BundleVersion>().unwrap();
        assert!(version("2026.10") > version("2026.9.1") && version("2") < version("2.0"));
        assert_eq!(version("2026.9.1").to_string(), "2026.9.1");
        for bad in ["", "1.", ".1", "01", "1.2.3.4.5", "v1", "1-2", "+1", "4294967296", "9999999999"] {
            assert!(bad.parse::<BundleVersion>().is_err(), "{bad}");
        }
        for bad in ["", "-a", "A", "a.b", "é", "a/b", "../a"] {
            assert!(bad.parse::<BundleName>().is_err(), "{bad}");
        }
    }
}
