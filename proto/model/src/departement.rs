//! The départements of France, by the codes that INSEE gives them.

use crate::calendar::Zone;
use crate::uai::WrittenUai;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// A département's code as INSEE writes it: `01`, `25`, `2A`, `974`.
///
/// Open data writes `025` and `02A`, spreadsheets write `1`, and Corsica's UAIs begin with 620 and 720: all of these are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Departement(u16);

/// Why a text names no département.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a département is a code such as 25, 025, 2A or 974, not {0:?}")]
pub struct DepartementError(String);

/// Corsica's two are counted as the old 20 and what no code is.
const SOUTH: u16 = 620;
const NORTH: u16 = 720;

/// The metropolitan départements of each holiday zone, by their académies; Corsica has a calendar of its own.
const ZONE_A: &[u16] = &[
    25, 39, 70, 90, 24, 33, 40, 47, 64, 3, 15, 43, 63, 21, 58, 71, 89, 7, 26, 38, 73, 74, 19, 23, 87, 1, 42, 69, 16,
    17, 79, 86,
];
const ZONE_B: &[u16] = &[
    4, 5, 13, 84, 2, 60, 80, 59, 62, 54, 55, 57, 88, 44, 49, 53, 72, 85, 6, 83, 14, 50, 61, 27, 76, 18, 28, 36, 37, 41,
    45, 8, 10, 51, 52, 22, 29, 35, 56, 67, 68,
];
const ZONE_C: &[u16] = &[77, 93, 94, 11, 30, 34, 48, 66, 75, 9, 12, 31, 32, 46, 65, 81, 82, 78, 91, 92, 95];

impl Departement {
    /// The département that a UAI's first digits name; none for what lies elsewhere.
    #[must_use]
    pub fn of_uai(uai: impl Into<WrittenUai>) -> Option<Self> {
        let prefix = u16::try_from(uai.into().prefix()).ok()?;
        Self::known(prefix).then_some(Self(prefix))
    }

    /// The school-holiday zone it is in.
    #[must_use]
    pub fn zone(self) -> Option<Zone> {
        let code = self.0;
        Some(match code {
            SOUTH | NORTH => Zone::Corsica,
            971 => Zone::Guadeloupe,
            972 => Zone::Martinique,
            973 => Zone::Guyane,
            974 => Zone::Reunion,
            976 => Zone::Mayotte,
            _ if ZONE_A.contains(&code) => Zone::A,
            _ if ZONE_B.contains(&code) => Zone::B,
            _ if ZONE_C.contains(&code) => Zone::C,
            _ => return None,
        })
    }

    fn known(code: u16) -> bool {
        matches!(code, 1..=19 | 21..=95 | 971..=978 | 986..=988 | SOUTH | NORTH)
    }
}

impl FromStr for Departement {
    type Err = DepartementError;
    fn from_str(text: &str) -> Result<Self, DepartementError> {
        let error = || DepartementError(text.chars().take(16).collect());
        let code = match text.trim().to_ascii_uppercase().as_str() {
            "2A" | "02A" => SOUTH,
            "2B" | "02B" => NORTH,
            digits if (1..=3).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit()) => {
                digits.parse().map_err(|_| error())?
            }
            _ => return Err(error()),
        };
        if Self::known(code) { Ok(Self(code)) } else { Err(error()) }
    }
}

impl fmt::Display for Departement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            SOUTH => f.write_str("2A"),
            NORTH => f.write_str("2B"),
            code => write!(f, "{code:02}"),
        }
    }
}

impl TryFrom<String> for Departement {
    type Error = DepartementError;
    fn try_from(text: String) -> Result<Self, DepartementError> {
        text.parse()
    }
}

impl From<Departement> for String {
    fn from(departement: Departement) -> Self {
        departement.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_of_writing_is_one_code() {
        for (written, code) in [
            ("25", "25"),
            ("025", "25"),
            ("1", "01"),
            ("001", "01"),
            ("02A", "2A"),
            ("2b", "2B"),
            ("620", "2A"),
            ("720", "2B"),
            ("974", "974"),
        ] {
            assert_eq!(written.parse::<Departement>().map(|d| d.to_string()), Ok(code.to_owned()));
        }
        for bad in ["", "0", "20", "96", "2C", "1000", "Doubs", "-1", "9é"] {
            assert!(bad.parse::<Departement>().is_err(), "{bad}");
        }
        let of = |uai: &str| Departement::of_uai(uai.parse::<WrittenUai>().unwrap()).map(|d| d.to_string());
        assert_eq!(of("6200088B").as_deref(), Some("2A"));
        assert_eq!(of("590121L").as_deref(), Some("59"));
        assert_eq!(of("0200001A"), None);
    }

    #[test]
    fn each_metropolitan_departement_has_one_zone() {
        for code in (1..=95).filter(|code| *code != 20) {
            let within = [ZONE_A, ZONE_B, ZONE_C].iter().filter(|zone| zone.contains(&code)).count();
            assert_eq!(within, 1, "{code}");
        }
        assert_eq!([ZONE_A.len(), ZONE_B.len(), ZONE_C.len()], [32, 41, 21]);
        assert_eq!("2A".parse::<Departement>().unwrap().zone(), Some(Zone::Corsica));
    }
}
