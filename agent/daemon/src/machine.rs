//! Which machine a state was made on: digests of what its firmware says, kept so that a copied folder or a moved disk is noticed.
//!
//! It is noticed and told, and nothing is refused for it: a disk goes on working after a new mainboard.

use model::device::Claims;
use model::digest::Digest;
use serde::{Deserialize, Serialize};

/// A machine as its state remembers it; what it does not tell is absent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Machine {
    serial: Option<Digest>,
    system_uuid: Option<Digest>,
}

impl From<&Claims> for Machine {
    fn from(claims: &Claims) -> Self {
        let digest = |text: &Option<String>| text.as_ref().map(|text| Digest::of(text.to_lowercase().as_bytes()));
        Self { serial: digest(&claims.serial), system_uuid: digest(&claims.system_uuid) }
    }
}

impl Machine {
    /// What this tells, and where it tells nothing what the other does.
    pub(crate) fn or(&self, other: &Self) -> Self {
        Self { serial: self.serial.or(other.serial), system_uuid: self.system_uuid.or(other.system_uuid) }
    }

    /// Whether the other is another machine: something that both tell is not the same.
    pub(crate) fn differs(&self, other: &Self) -> bool {
        let differ = |a: Option<Digest>, b: Option<Digest>| a.zip(b).is_some_and(|(a, b)| a != b);
        differ(self.serial, other.serial) || differ(self.system_uuid, other.system_uuid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machine(serial: Option<&str>, uuid: Option<&str>) -> Machine {
        let text = |text: Option<&str>| text.map(str::to_owned);
        Machine::from(&Claims { serial: text(serial), system_uuid: text(uuid), ..Claims::default() })
    }

    #[test]
    fn only_what_both_tell_makes_a_difference() {
        let kept = machine(Some("PF-1"), Some("0a"));
        for same in [machine(Some("pf-1"), Some("0A")), machine(None, Some("0a")), machine(Some("PF-1"), None)] {
            assert!(!kept.differs(&same) && !same.differs(&kept));
        }
        assert!(!kept.differs(&Machine::default()) && !Machine::default().differs(&kept));
        for other in [machine(Some("PF-2"), Some("0a")), machine(Some("PF-1"), Some("0b")), machine(None, Some("0b"))] {
            assert!(kept.differs(&other) && other.differs(&kept));
        }
        let bytes = serde_json::to_vec(&kept).unwrap();
        assert!(!String::from_utf8_lossy(&bytes).contains("PF-1"));
        assert_eq!(serde_json::from_slice::<Machine>(&bytes).unwrap(), kept);
    }
}
