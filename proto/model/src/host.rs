//! Names of hosts and of categories of names, as policies and lists speak of them.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// The longest name of a host, in bytes (RFC 1035, section 2.3.4, without the last dot).
pub const HOST_BYTES_MAX: usize = 253;
/// The most labels of one: what a device matches a name by takes no more.
pub const HOST_LABELS_MAX: usize = 32;
/// The longest name of a category, in bytes.
pub const CATEGORY_BYTES_MAX: usize = 60;

/// A host and all beneath it: lower case, A-labels, two labels at least, since nobody means a whole top-level domain.
///
/// Hyphens and underscores may stand anywhere: such names are resolved. What people type is made into one by whoever has the engine
/// (`filter::Name`); here it is only judged.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Host(String);

/// A category as the lists call it: `a-z`, `0-9`, `-` and `_`, at most 60 of them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CategoryName(String);

/// Why a text names no host, or no category.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HostError {
    /// Not a host.
    #[error("{0:?} is not a name such as example.org: letters, digits, - _ and dots, two labels at least")]
    Host(String),
    /// Not a category.
    #[error("{0:?} is not a category: 1-60 × a-z 0-9 - _")]
    Category(String),
}

impl Host {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a name is this one or beneath it.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        let above = other.0.strip_suffix(&self.0);
        above.is_some_and(|above| above.is_empty() || above.ends_with('.'))
    }
}

impl CategoryName {
    /// What stands for all categories that a list does not mean as allowed.
    pub const ALL: &str = "all";

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What stands for all that a list does not mean as allowed.
    #[must_use]
    pub fn all() -> Self {
        Self(Self::ALL.to_owned())
    }

    /// Whether it stands for all that a list does not mean as allowed.
    #[must_use]
    pub fn is_all(&self) -> bool {
        self.0 == Self::ALL
    }
}

impl FromStr for Host {
    type Err = HostError;
    fn from_str(text: &str) -> Result<Self, HostError> {
        let sign = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
        let label = |label: &str| (1..=63).contains(&label.len()) && label.chars().all(sign);
        let labels = || text.split('.');
        let good =
            text.len() <= HOST_BYTES_MAX && (2..=HOST_LABELS_MAX).contains(&labels().count()) && labels().all(label);
        // Digits alone at the end are an address, which no resolver is asked for (WHATWG URL, "ends in a number").
        let address = text.rsplit('.').next().is_some_and(|last| last.bytes().all(|b| b.is_ascii_digit()));
        if good && !address { Ok(Self(text.to_owned())) } else { Err(HostError::Host(text.chars().take(80).collect())) }
    }
}

impl FromStr for CategoryName {
    type Err = HostError;
    fn from_str(text: &str) -> Result<Self, HostError> {
        let sign = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
        let good = (1..=CATEGORY_BYTES_MAX).contains(&text.len()) && text.chars().all(sign);
        if good { Ok(Self(text.to_owned())) } else { Err(HostError::Category(text.chars().take(80).collect())) }
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for CategoryName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Host {
    type Error = HostError;
    fn try_from(text: String) -> Result<Self, HostError> {
        text.parse()
    }
}

impl TryFrom<String> for CategoryName {
    type Error = HostError;
    fn try_from(text: String) -> Result<Self, HostError> {
        text.parse()
    }
}

impl From<Host> for String {
    fn from(host: Host) -> Self {
        host.0
    }
}

impl From<CategoryName> for String {
    fn from(name: CategoryName) -> Self {
        name.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_covers_what_is_beneath_it() {
        let host = |text: &str| text.parse::<Host>().unwrap();
        assert!(host("example.org").covers(&host("example.org")));
        assert!(host("example.org").covers(&host("a.b.example.org")));
        assert!(!host("example.org").covers(&host("badexample.org")));
        assert!(!host("a.example.org").covers(&host("example.org")));
    }

    #[test]
    fn what_is_no_name_is_refused() {
        for bad in ["", "fr", ".fr", "a..fr", "a b.fr", "A.fr", "https://a.fr", "1.2.3.4", "é.fr", "a.fr."] {
            assert!(bad.parse::<Host>().is_err(), "{bad}");
        }
        for good in ["xn--caf-dma.example", "_dmarc.a_b.fr", "-a-.fr"] {
            assert!(good.parse::<Host>().is_ok(), "{good}");
        }
        let deep = |labels: usize| format!("{}fr", "a.".repeat(labels - 1)).parse::<Host>();
        assert!(deep(HOST_LABELS_MAX).is_ok() && deep(HOST_LABELS_MAX + 1).is_err());
        assert!(format!("{}.fr", "a".repeat(64)).parse::<Host>().is_err());
        for bad in ["", "Adult", "a b", "é", "../a"] {
            assert!(bad.parse::<CategoryName>().is_err(), "{bad}");
        }
        assert!("all".parse::<CategoryName>().unwrap().is_all());
    }
}
