//! The establishment key of French schools.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// An establishment's *unité administrative immatriculée*: seven digits and a check letter.
///
/// The letter is `"ABCDEFGHJKLMNPRSTUVWXYZ"[number mod 23]`. Spreadsheets drop leading zeros and lower the case; both are
/// repaired when reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Uai {
    number: u32,
}

/// Why a text is not a UAI.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UaiError {
    /// Not one to seven digits and a letter.
    #[error("a UAI is seven digits and a letter, not {0:?}")]
    Shape(String),
    /// The letter does not fit the number.
    #[error("the check letter of {written} should be {expected}")]
    Letter {
        /// What was written.
        written: String,
        /// The letter that fits.
        expected: char,
    },
}

/// A UAI as a register writes it: of the right shape, and its letter as it stands there, which may be wrong.
///
/// Real exports hold wrong letters. What bears one is known by what is written, for the number alone is somebody else's as likely.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct WrittenUai {
    number: u32,
    letter: char,
}

impl WrittenUai {
    /// The UAI, if the letter is right.
    #[must_use]
    pub fn uai(self) -> Option<Uai> {
        (self.letter == self.expected()).then_some(Uai { number: self.number })
    }

    /// The letter that fits the number.
    #[must_use]
    pub fn expected(self) -> char {
        letter_of(self.number)
    }

    /// Its first three digits, which say where it was registered.
    #[must_use]
    pub const fn prefix(self) -> u32 {
        self.number / 10_000
    }
}

impl Uai {
    /// Its first three digits, which say where it was registered.
    #[must_use]
    pub const fn prefix(self) -> u32 {
        self.number / 10_000
    }
}

impl From<Uai> for WrittenUai {
    fn from(uai: Uai) -> Self {
        Self { number: uai.number, letter: letter_of(uai.number) }
    }
}

impl FromStr for WrittenUai {
    type Err = UaiError;
    fn from_str(text: &str) -> Result<Self, UaiError> {
        let shape = || UaiError::Shape(text.chars().take(16).collect());
        let upper = text.trim().to_ascii_uppercase();
        let Some((digits, letter)) = upper.len().checked_sub(1).and_then(|at| upper.split_at_checked(at)) else {
            return Err(shape());
        };
        let letter = letter.chars().next().filter(char::is_ascii_uppercase).ok_or_else(shape)?;
        if !(1..=7).contains(&digits.len()) || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(shape());
        }
        Ok(Self { number: digits.parse().map_err(|_| shape())?, letter })
    }
}

impl fmt::Display for WrittenUai {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:07}{}", self.number, self.letter)
    }
}

impl TryFrom<String> for WrittenUai {
    type Error = UaiError;
    fn try_from(text: String) -> Result<Self, UaiError> {
        text.parse()
    }
}

impl From<WrittenUai> for String {
    fn from(uai: WrittenUai) -> Self {
        uai.to_string()
    }
}

fn letter_of(number: u32) -> char {
    char::from(LETTERS[number as usize % LETTERS.len()])
}

const LETTERS: &[u8; 23] = b"ABCDEFGHJKLMNPRSTUVWXYZ";

impl FromStr for Uai {
    type Err = UaiError;
    fn from_str(text: &str) -> Result<Self, UaiError> {
        let written: WrittenUai = text.parse()?;
        let upper = || text.trim().to_ascii_uppercase();
        written.uai().ok_or_else(|| UaiError::Letter { written: upper(), expected: written.expected() })
    }
}

impl fmt::Display for Uai {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        WrittenUai::from(*self).fmt(f)
    }
}

impl TryFrom<String> for Uai {
    type Error = UaiError;
    fn try_from(text: String) -> Result<Self, UaiError> {
        text.parse()
    }
}

impl From<Uai> for String {
    fn from(uai: Uai) -> Self {
        uai.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The vectors of `domain.md`.
    #[test]
    fn known_vectors() {
        for good in ["0951099D", "0750654D", "0752524L", "0920131T", "6200088B", "0301674G", "0590121L"] {
            assert_eq!(good.parse::<Uai>().map(|u| u.to_string()), Ok(good.to_owned()));
        }
        assert_eq!("590121l".parse::<Uai>().map(|u| u.to_string()), Ok("0590121L".to_owned()));
        for (bad, letter) in [("0699990Z", 'J'), ("0690079K", 'L')] {
            assert!(matches!(bad.parse::<Uai>(), Err(UaiError::Letter { expected, .. }) if expected == letter));
        }
        for bad in ["", "é", "L", "12345678L", "0951099", "09 1099D", "0951099é"] {
            assert!(matches!(bad.parse::<Uai>(), Err(UaiError::Shape(_))), "{bad}");
        }
    }
}
