//! A name as resolvers ask for it: ASCII, lower case, without the dot at its end.

use crate::limits::{LABEL_BYTES_MAX, LABELS_MAX, NAME_BYTES_MAX};
use std::fmt;
use std::str::FromStr;

/// A host name, valid by construction.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(String);

/// Why a text is no name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum NameFault {
    /// Nothing there.
    #[error("empty")]
    Empty,
    /// Two dots in a row, or one at the beginning.
    #[error("a label is empty")]
    LabelEmpty,
    /// A label that DNS cannot carry.
    #[error("a label has more than {LABEL_BYTES_MAX} bytes")]
    LabelLong,
    /// A name that DNS cannot carry.
    #[error("more than {NAME_BYTES_MAX} bytes")]
    Long,
    /// Deeper than any list needs.
    #[error("more than {LABELS_MAX} labels")]
    Deep,
    /// Something else than letters, digits, hyphens and underscores.
    #[error("a sign that no name has")]
    Sign,
    /// Letters outside ASCII that make no international name.
    #[error("no international name (UTS 46)")]
    International,
    /// A last label of digits alone: an address, or nothing.
    #[error("the last label is a number")]
    Number,
}

impl Name {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// As people read it: international labels in their own letters, where these mean this name and no other.
    #[must_use]
    pub fn unicode(&self) -> String {
        let (text, _) = idna::domain_to_unicode(&self.0);
        if text.parse().as_ref() == Ok(self) { text } else { self.0.clone() }
    }

    /// How many labels it has.
    #[must_use]
    pub fn depth(&self) -> usize {
        self.0.split('.').count()
    }

    /// Whether `other` is this name or lies beneath it.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        other.0.strip_suffix(self.0.as_str()).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    }
}

impl FromStr for Name {
    type Err = NameFault;

    /// Takes upper case, a dot at the end and international names, which become A-labels (UTS 46, as browsers do).
    ///
    /// Hyphens may stand anywhere and underscores too: such names are resolved, and lists are full of them.
    fn from_str(text: &str) -> Result<Self, NameFault> {
        let text = text.strip_suffix('.').unwrap_or(text);
        // A sign of text is at most four bytes, and at least one of the name.
        if text.len() > 4 * NAME_BYTES_MAX {
            return Err(NameFault::Long);
        }
        if text.is_ascii() {
            return checked(text.to_ascii_lowercase());
        }
        let ascii = idna::domain_to_ascii(text).map_err(|_| NameFault::International)?;
        // An ideographic full stop at the end became a dot.
        checked(ascii.strip_suffix('.').map_or_else(|| ascii.clone(), str::to_owned))
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn checked(name: String) -> Result<Name, NameFault> {
    if name.is_empty() {
        return Err(NameFault::Empty);
    }
    if name.len() > NAME_BYTES_MAX {
        return Err(NameFault::Long);
    }
    let (mut label, mut labels, mut numeric) = (0, 1, true);
    for b in name.bytes() {
        match b {
            b'.' if label == 0 => return Err(NameFault::LabelEmpty),
            b'.' if labels == LABELS_MAX => return Err(NameFault::Deep),
            b'.' => (label, labels, numeric) = (0, labels + 1, true),
            b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' if label == LABEL_BYTES_MAX => return Err(NameFault::LabelLong),
            b'0'..=b'9' => label += 1,
            b'a'..=b'z' | b'-' | b'_' => (label, numeric) = (label + 1, false),
            _ => return Err(NameFault::Sign),
        }
    }
    match (label, numeric) {
        (0, _) => Err(NameFault::LabelEmpty),
        (_, true) => Err(NameFault::Number),
        (_, false) => Ok(Name(name)),
    }
}
