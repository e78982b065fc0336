//! A name, in lower case: hickory's, with what judges ask of it.

use hickory_proto::ProtoError;
use hickory_proto::rr::Name as Dns;
use hickory_proto::rr::domain::LabelIter;
use hickory_proto::serialize::binary::BinEncodable;
use std::fmt;
use std::str::FromStr;

/// A name of up to 127 labels; what it holds may be any byte but capital letters. It has no text: what a device asks for stands nowhere.
#[derive(Clone, PartialEq, Eq)]
pub struct Name(Dns);

/// The text is no name: a label is empty or has more than 63 bytes, or it does not fit a message (RFC 1035, 2.3.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("labels have 1 to 63 bytes, a name 253 in all")]
pub struct NameFault;

/// The labels of a name, the last one first, as lists are asked.
pub struct Upward<'a> {
    name: &'a Dns,
    left: LabelIter<'a>,
    gone: usize,
}

impl Name {
    /// As it stands in a message, the root's zero at its end.
    #[must_use]
    pub fn wire(&self) -> Vec<u8> {
        // Whatever is a name can be written.
        self.0.to_bytes().unwrap_or_default()
    }

    /// Its labels, without the root.
    pub fn labels(&self) -> impl Iterator<Item = &[u8]> {
        self.0.iter()
    }

    /// Its labels, the last one first, without the root.
    #[must_use]
    pub fn labels_upward(&self) -> Upward<'_> {
        Upward { name: &self.0, left: self.0.iter(), gone: 0 }
    }

    /// Whether it is this one, which has no dot at its end.
    pub(crate) fn is(&self, text: &str) -> bool {
        self.labels().eq(text.split('.').map(str::as_bytes))
    }

    /// Whether it is this one, or lies beneath it.
    pub(crate) fn within(&self, zone: &str) -> bool {
        let mut labels = self.0.iter().rev();
        zone.rsplit('.').all(|label| labels.next() == Some(label.as_bytes()))
    }

    /// Whether another one is this one, or lies beneath it.
    pub(crate) fn zone_of(&self, name: &Self) -> bool {
        self.0.zone_of(&name.0)
    }

    /// As hickory has it.
    pub(crate) const fn dns(&self) -> &Dns {
        &self.0
    }
}

impl From<&Dns> for Name {
    fn from(name: &Dns) -> Self {
        // Nearly all are asked in small letters, and a copy is cheaper.
        let capitals = name.iter().any(|label| label.iter().any(u8::is_ascii_uppercase));
        Self(if capitals { name.to_lowercase() } else { name.clone() })
    }
}

impl FromStr for Name {
    type Err = NameFault;

    /// Takes ASCII as it stands, without escapes; a dot at the end may be there; the empty text is the root.
    fn from_str(text: &str) -> Result<Self, NameFault> {
        let text = text.strip_suffix('.').unwrap_or(text);
        let labels = text.split('.').map(str::as_bytes).filter(|_| !text.is_empty());
        let name = Dns::from_labels(labels).map_err(|_: ProtoError| NameFault)?;
        Ok(Self::from(&name))
    }
}

impl<'a> Iterator for Upward<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let label = self.left.next_back()?;
        self.gone += 1;
        Some(label)
    }
}

impl Clone for Upward<'_> {
    fn clone(&self) -> Self {
        let mut left = self.name.iter();
        for _ in 0..self.gone {
            left.next_back();
        }
        Self { left, ..*self }
    }
}

impl fmt::Debug for Upward<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Upward({} labels gone)", self.gone)
    }
}

impl fmt::Debug for Name {
    /// What a device asks for stands in no log, by mistake neither.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Name({} bytes)", self.0.len())
    }
}
