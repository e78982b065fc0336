//! For which measure of the programme something was bought, and from which money.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// The longest funding line, in characters.
pub const FUNDING_CHARS_MAX: usize = 64;

/// A measure of the *Territoires numériques éducatifs* (domain.md, "The programme").
///
/// Every device, kit and loan is tagged with it: "how many, for which measure" is the evaluator's first question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Measure {
    /// A minimum of equipment for each elementary class (*socle*).
    Base,
    /// A hybrid-teaching kit for each class.
    HybridKit,
    /// A laptop lent to a pupil in digital divide.
    PupilLoan,
    /// A device for each newly tenured teacher.
    NewTeacher,
}

/// Whose money it was, such as `PIA4-2025`: 1 to 64 printable characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct FundingLine(String);

/// Why a text names no measure, or no funding line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MeasureError {
    /// Not one of the four.
    #[error("a measure is base, hybrid-kit, pupil-loan or new-teacher, not {0:?}")]
    Measure(String),
    /// Empty, too long, or not printable.
    #[error("a funding line is 1 to {FUNDING_CHARS_MAX} printable characters, not {0:?}")]
    Funding(String),
}

impl Measure {
    /// Every measure.
    pub const ALL: [Self; 4] = [Self::Base, Self::HybridKit, Self::PupilLoan, Self::NewTeacher];

    /// The name in tables and messages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Base => "base",
            Self::HybridKit => "hybrid-kit",
            Self::PupilLoan => "pupil-loan",
            Self::NewTeacher => "new-teacher",
        }
    }
}

impl FromStr for Measure {
    type Err = MeasureError;
    fn from_str(text: &str) -> Result<Self, MeasureError> {
        let found = Self::ALL.into_iter().find(|measure| measure.name() == text);
        found.ok_or_else(|| MeasureError::Measure(text.chars().take(32).collect()))
    }
}

impl FromStr for FundingLine {
    type Err = MeasureError;
    fn from_str(text: &str) -> Result<Self, MeasureError> {
        let text = text.trim();
        let fits = (1..=FUNDING_CHARS_MAX).contains(&text.chars().count()) && !text.chars().any(char::is_control);
        if fits {
            Ok(Self(text.to_owned()))
        } else {
            Err(MeasureError::Funding(text.chars().take(FUNDING_CHARS_MAX).collect()))
        }
    }
}

impl TryFrom<String> for FundingLine {
    type Error = MeasureError;
    fn try_from(text: String) -> Result<Self, MeasureError> {
        text.parse()
    }
}

impl From<FundingLine> for String {
    fn from(line: FundingLine) -> Self {
        line.0
    }
}

impl fmt::Display for FundingLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_back() {
        for measure in Measure::ALL {
            assert_eq!(measure.name().parse(), Ok(measure));
            assert_eq!(serde_json::to_value(measure).unwrap(), measure.name());
        }
        assert!("socle".parse::<Measure>().is_err());
        assert_eq!(" PIA4 ".parse::<FundingLine>().map(|f| f.to_string()), Ok("PIA4".to_owned()));
        for bad in ["", "a\nb", &"x".repeat(65)] {
            assert!(bad.parse::<FundingLine>().is_err(), "{bad:?}");
        }
    }
}
