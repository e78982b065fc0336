//! Names of hosts as people type them.

use model::host::{Host, HostError};
use serde::{Deserialize, Deserializer};
use std::collections::BTreeSet;

/// The longest text of a message about one, in characters.
const SHOWN_CHARS_MAX: usize = 80;

/// A name as somebody typed it, as devices match it: international names as A-labels, upper case, a dot at the end and dots of other scripts taken
/// as browsers take them.
///
/// The engine reads it as it reads lists ([`filter::Name`]): what a policy names and what a list names is then one name, written however.
///
/// # Errors
/// [`HostError::Host`] for what is no name, such as an address of a page.
pub fn host_typed(text: &str) -> Result<Host, HostError> {
    let name: Result<filter::Name, _> = text.trim().parse();
    let host = name.ok().and_then(|name| name.as_str().parse().ok());
    host.ok_or_else(|| HostError::Host(text.chars().take(SHOWN_CHARS_MAX).collect()))
}

/// The names of a key in a document.
pub(super) fn hosts_read<'de, D: Deserializer<'de>>(from: D) -> Result<BTreeSet<Host>, D::Error> {
    #[derive(PartialEq, Eq, PartialOrd, Ord, Deserialize)]
    #[serde(try_from = "String")]
    struct Typed(Host);

    impl TryFrom<String> for Typed {
        type Error = HostError;
        fn try_from(text: String) -> Result<Self, HostError> {
            host_typed(&text).map(Self)
        }
    }

    let read: BTreeSet<Typed> = Deserialize::deserialize(from)?;
    Ok(read.into_iter().map(|typed| typed.0).collect())
}
