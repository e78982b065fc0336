//! Schools and other establishments, as the register of the ministry knows them.

use crate::departement::Departement;
use crate::uai::WrittenUai;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use std::str::FromStr;

/// The longest name, in characters.
pub const NAME_CHARS_MAX: usize = 160;
/// The longest name of a commune, in characters.
pub const COMMUNE_CHARS_MAX: usize = 80;
/// The most communes of one establishment.
pub const COMMUNES_MAX: usize = 24;
/// The longest of the other texts, in characters.
pub const TEXT_CHARS_MAX: usize = 64;

/// An establishment: it holds devices and kits, and is not their owner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Establishment {
    /// Its UAI as the register writes it.
    pub uai: WrittenUai,
    /// What it is called.
    pub name: String,
    /// What it is.
    pub kind: Kind,
    /// Public or private.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sector: Option<Sector>,
    /// Where it lies; several when it is spread over them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub communes: Vec<Commune>,
    /// In which département.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub departement: Option<Departement>,
    /// The académie it belongs to.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub academie: String,
    /// The 14 digits of a SIRET: of a public primary school, its commune's.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub siret: String,
    /// How many pupils it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pupils: Option<u32>,
    /// Its standing in priority education, such as `REP+`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub priority: String,
    /// Its telephone number.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub phone: String,
    /// When it was opened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opened: Option<Date>,
    /// Where it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<Position>,
    /// Whether several sites share its UAI.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub several_sites: bool,
    /// Whether it is one school spread over several communes (*RPI dispersé*), each of which owns equipment of it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub dispersed: bool,
    /// Whether it is no longer open.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub closed: bool,
}

/// A commune by its INSEE code.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Commune {
    /// Five characters, such as `25056` or `2A041`.
    pub code: String,
    /// Its name.
    pub name: String,
}

/// A place, in hundred-thousandths of a degree: about a metre.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// North is positive.
    pub latitude_e5: i32,
    /// East is positive.
    pub longitude_e5: i32,
}

/// What an establishment is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// *École* maternelle, élémentaire or primaire.
    Primary,
    /// *Collège*.
    College,
    /// *Lycée* of any kind.
    Lycee,
    /// *Établissement régional d'enseignement adapté*.
    Erea,
    /// *Établissement médico-social*.
    MedicoSocial,
    /// *Service administratif*.
    Administrative,
    /// *Centre d'information et d'orientation*.
    Guidance,
    /// Anything else.
    Other,
}

/// First or second degree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the names say what they are")]
pub enum Degree {
    First,
    Second,
}

/// Public or private.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the names say what they are")]
pub enum Sector {
    Public,
    Private,
}

/// Why an establishment is left out of indicators.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Flag {
    /// The check letter of its UAI is wrong.
    Letter,
    /// It is no longer open.
    Closed,
}

/// A name of none of the kinds, sectors or degrees there are.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not known here")]
pub struct Unknown(String);

impl Establishment {
    /// Why it is left out of indicators; nothing when it is counted.
    #[must_use]
    pub fn flag(&self) -> Option<Flag> {
        if self.uai.uai().is_none() { Some(Flag::Letter) } else { self.closed.then_some(Flag::Closed) }
    }

    /// Takes what another row of the same establishment adds: its communes, and the pupils of the larger count.
    pub fn join(&mut self, other: Self) {
        for commune in other.communes {
            if self.communes.len() < COMMUNES_MAX && !self.communes.iter().any(|known| known.code == commune.code) {
                self.communes.push(commune);
            }
        }
        self.pupils = self.pupils.max(other.pupils);
        self.several_sites |= other.several_sites;
        self.dispersed |= other.dispersed;
        // Open as long as one of its sites is.
        self.closed &= other.closed;
    }

    /// Whether every text is within its limits and every code of its shape.
    #[must_use]
    pub fn fits(&self) -> bool {
        let text = |text: &str, most: usize| text.chars().count() <= most && !text.chars().any(char::is_control);
        let commune = |c: &Commune| commune_code(&c.code).as_ref() == Some(&c.code) && text(&c.name, COMMUNE_CHARS_MAX);
        !self.name.is_empty()
            && text(&self.name, NAME_CHARS_MAX)
            && self.communes.len() <= COMMUNES_MAX
            && self.communes.iter().all(commune)
            && [&self.academie, &self.priority, &self.phone].iter().all(|t| text(t, TEXT_CHARS_MAX))
            && (self.siret.is_empty() || siret_is_valid(&self.siret))
    }
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 8] = [
        Self::Primary,
        Self::College,
        Self::Lycee,
        Self::Erea,
        Self::MedicoSocial,
        Self::Administrative,
        Self::Guidance,
        Self::Other,
    ];

    /// The name in tables and messages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Primary => "primary",
            Self::College => "college",
            Self::Lycee => "lycee",
            Self::Erea => "erea",
            Self::MedicoSocial => "medico_social",
            Self::Administrative => "administrative",
            Self::Guidance => "guidance",
            Self::Other => "other",
        }
    }

    /// The degree it teaches.
    #[must_use]
    pub const fn degree(self) -> Option<Degree> {
        match self {
            Self::Primary => Some(Degree::First),
            Self::College | Self::Lycee | Self::Erea => Some(Degree::Second),
            Self::MedicoSocial | Self::Administrative | Self::Guidance | Self::Other => None,
        }
    }
}

impl Degree {
    /// The name in messages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Second => "second",
        }
    }
}

impl Sector {
    /// The name in tables and messages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Private => "private",
        }
    }
}

impl Flag {
    /// The name in messages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Letter => "letter",
            Self::Closed => "closed",
        }
    }
}

impl FromStr for Kind {
    type Err = Unknown;
    fn from_str(text: &str) -> Result<Self, Unknown> {
        Self::ALL.into_iter().find(|kind| kind.name() == text).ok_or_else(|| unknown(text))
    }
}

impl FromStr for Sector {
    type Err = Unknown;
    fn from_str(text: &str) -> Result<Self, Unknown> {
        [Self::Public, Self::Private].into_iter().find(|sector| sector.name() == text).ok_or_else(|| unknown(text))
    }
}

/// A commune's INSEE code with the zeros and the case that spreadsheets take away: `1004` is `01004`, `2a041` is `2A041`.
#[must_use]
pub fn commune_code(text: &str) -> Option<String> {
    let upper = text.trim().to_ascii_uppercase();
    let corsican = upper.strip_prefix("2A").or_else(|| upper.strip_prefix("2B"));
    let digits = corsican.unwrap_or(&upper);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    match (corsican, upper.len()) {
        (Some(_), 5) | (None, 5) => Some(upper),
        (None, 4) => Some(format!("0{upper}")),
        _ => None,
    }
}

/// Whether a text is a SIRET: 14 digits, the last by Luhn's rule; La Poste's are exempt (its sum is a multiple of five).
#[must_use]
pub fn siret_is_valid(text: &str) -> bool {
    text.len() == 14 && digits_fit(text, text.starts_with("356000000"))
}

/// Whether a text is a SIREN: 9 digits, the last by Luhn's rule.
#[must_use]
pub fn siren_is_valid(text: &str) -> bool {
    text.len() == 9 && digits_fit(text, false)
}

fn digits_fit(text: &str, plain: bool) -> bool {
    if !text.bytes().all(|b| b.is_ascii_digit()) || text.bytes().all(|b| b == b'0') {
        return false;
    }
    let digits = text.bytes().rev().map(|b| u32::from(b - b'0'));
    let sum: u32 = if plain {
        return digits.sum::<u32>().is_multiple_of(5);
    } else {
        digits.enumerate().map(|(at, d)| if at % 2 == 1 { d * 2 / 10 + d * 2 % 10 } else { d }).sum()
    };
    sum.is_multiple_of(10)
}

fn unknown(text: &str) -> Unknown {
    Unknown(text.chars().take(32).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_repaired_or_refused() {
        for (written, code) in [("1004", "01004"), ("25056", "25056"), ("2a041", "2A041")] {
            assert_eq!(commune_code(written).as_deref(), Some(code));
        }
        for bad in ["", "2A", "2A04", "123", "250561", "2C041", "é2504"] {
            assert_eq!(commune_code(bad), None, "{bad}");
        }
        // The example of the open data, a commune's; and one digit off.
        assert!(siret_is_valid("21200041800047") && !siret_is_valid("21200041800048"));
        assert!(siren_is_valid("212000418") && !siren_is_valid("212000419") && !siren_is_valid("000000000"));
    }

    #[test]
    fn names_read_back() {
        for kind in Kind::ALL {
            assert_eq!(kind.name().parse(), Ok(kind));
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.name());
        }
        assert_eq!("private".parse(), Ok(Sector::Private));
        assert!("école".parse::<Kind>().is_err());
    }
}
