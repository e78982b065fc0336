//! A device as the register knows it: how it joined, and what speaks for it.

use serde::{Deserialize, Serialize};

/// The longest piece of evidence kept, in characters.
pub const EVIDENCE_CHARS_MAX: usize = 96;

/// Whether a device belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JoinState {
    /// It belongs.
    Active,
    /// It may report; a person has yet to decide.
    Quarantined,
    /// It gets nothing any more.
    Revoked,
}

impl JoinState {
    /// The name in tables and messages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Quarantined => "quarantined",
            Self::Revoked => "revoked",
        }
    }
}

/// What a machine says of itself when it enrols: evidence for a person, never a key.
///
/// Cloned images, placeholder serials and duplicate UUIDs are everyday facts; each field is empty when the machine does not
/// tell or tells a placeholder.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// Who made it.
    pub maker: Option<String>,
    /// The product's name.
    pub model: Option<String>,
    /// The maker's serial number.
    pub serial: Option<String>,
    /// The firmware's system UUID (SMBIOS type 1).
    pub system_uuid: Option<String>,
}

impl Claims {
    /// The claims with every placeholder left out and every text cut to [`EVIDENCE_CHARS_MAX`].
    #[must_use]
    pub fn cleaned(self) -> Self {
        let clean = |text: Option<String>| text.as_deref().and_then(evidence);
        Self {
            maker: clean(self.maker),
            model: clean(self.model),
            serial: clean(self.serial),
            system_uuid: self.system_uuid.as_deref().and_then(evidence).map(|u| u.to_ascii_lowercase()),
        }
    }
}

/// What firmware authors leave in a field they did not fill, in lower case.
///
/// Collected by the open inventory agents (GLPI Agent, OCS Inventory) and the `dmidecode` FAQ.
const PLACEHOLDERS: &[&str] = &[
    "default string",
    "to be filled by o.e.m.",
    "to be filled by o.e.m",
    "to be filled",
    "system manufacturer",
    "system product name",
    "system serial number",
    "system version",
    "base board serial number",
    "chassis serial number",
    "chassis manufacture",
    "not specified",
    "not applicable",
    "not available",
    "not defined",
    "no enclosure",
    "o.e.m.",
    "oem",
    "oem string",
    "none",
    "n/a",
    "na",
    "null",
    "unknown",
    "undefined",
    "invalid",
    "empty",
    "serial",
    "serial number",
    "xxxxxxxx",
    "123456789",
    "0123456789",
    "1234567890",
    "03000200-0400-0500-0006-000700080009",
    "12345678-1234-5678-90ab-cddeefaabbcc",
    "fefefefe-fefe-fefe-fefe-fefefefefefe",
];

/// The text as evidence: trimmed, without control characters, cut; nothing when it is a placeholder or one character repeated.
#[must_use]
pub fn evidence(text: &str) -> Option<String> {
    let text: String = text.chars().filter(|c| !c.is_control()).take(EVIDENCE_CHARS_MAX).collect();
    let text = text.trim();
    // Each check-in says a version: nothing is copied to look at it.
    let lower = || text.chars().flat_map(char::to_lowercase);
    let mut letters = lower().filter(|c| c.is_alphanumeric());
    let first = letters.next()?;
    let alike = letters.all(|c| c == first) && (lower().nth(1).is_some() || first == '0');
    if alike || PLACEHOLDERS.iter().any(|placeholder| lower().eq(placeholder.chars())) {
        None
    } else {
        Some(text.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_not_evidence() {
        for empty in [
            "",
            "  ",
            "Default string",
            "To Be Filled By O.E.M.",
            "00000000",
            "0",
            "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF",
            "00000000-0000-0000-0000-000000000000",
            "................",
            "None",
            "xxxx",
        ] {
            assert_eq!(evidence(empty), None, "{empty:?}");
        }
        assert_eq!(evidence(" PF3Q9X2B\0\n").as_deref(), Some("PF3Q9X2B"));
        assert_eq!(evidence(&"ab".repeat(200)).map(|t| t.chars().count()), Some(EVIDENCE_CHARS_MAX));
    }
}
