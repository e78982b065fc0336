//! A class of a school, as it is written on what serves it: no register of who is in it.

use crate::uai::Uai;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// The longest label of a class, in characters.
pub const CLASS_CHARS_MAX: usize = 40;

/// A class: its school, and what it is called there; written `0951099D/CM2 A`.
///
/// Labels are a school's own, so that two schools have a `CM2 A` each. Who is in it stands in the vault and nowhere else.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Class {
    /// Whose class it is.
    pub school: Uai,
    /// What it is called there.
    pub label: ClassLabel,
}

/// What a class is called in its school: 1 to 40 characters, with single spaces between words.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClassLabel(String);

/// Why a text is not a class.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a class is a UAI and a label of 1 to {CLASS_CHARS_MAX} characters, such as 0951099D/CM2 A, not {0:?}")]
pub struct ClassError(String);

impl FromStr for Class {
    type Err = ClassError;
    fn from_str(text: &str) -> Result<Self, ClassError> {
        let wrong = || ClassError(text.chars().take(2 * CLASS_CHARS_MAX).collect());
        let (school, label) = text.split_once('/').ok_or_else(wrong)?;
        let school = school.trim().parse().map_err(|_| wrong())?;
        Ok(Self { school, label: label.parse().map_err(|_| wrong())? })
    }
}

impl FromStr for ClassLabel {
    type Err = ClassError;
    fn from_str(text: &str) -> Result<Self, ClassError> {
        let wrong = || ClassError(text.chars().take(2 * CLASS_CHARS_MAX).collect());
        if text.chars().any(is_barred) {
            return Err(wrong());
        }
        // Two spaces look like one, and would be another class.
        let label = text.split_whitespace().collect::<Vec<_>>().join(" ");
        if (1..=CLASS_CHARS_MAX).contains(&label.chars().count()) { Ok(Self(label)) } else { Err(wrong()) }
    }
}

/// What no label holds: what ends it in a text, and what nobody sees, or what turns around what one sees.
const fn is_barred(sign: char) -> bool {
    matches!(sign, '/' | '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{ad}' | '\u{feff}')
        || matches!(sign, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}')
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.school, self.label)
    }
}

impl fmt::Display for ClassLabel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Class {
    type Error = ClassError;
    fn try_from(text: String) -> Result<Self, ClassError> {
        text.parse()
    }
}

impl From<Class> for String {
    fn from(class: Class) -> Self {
        class.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_class_is_a_school_and_what_it_is_called_there() {
        let class: Class = " 951099d/ CM2   A\u{a0}".parse().unwrap();
        assert_eq!(class.to_string(), "0951099D/CM2 A");
        assert_eq!(Class::try_from(String::from(class.clone())), Ok(class));
        assert!(format!("0951099D/{}", "é".repeat(CLASS_CHARS_MAX)).parse::<Class>().is_ok());
        let long = format!("0951099D/{}", "x".repeat(CLASS_CHARS_MAX + 1));
        for bad in [
            "",
            "/",
            "0951099D",
            "0951099D/",
            "0951099D/  ",
            "0951099A/CM2 A",
            "CM2 A",
            "0951099D/CM2/A",
            "0951099D/CM2\tA",
            "0951099D/CM2\n",
            "0951099D/\u{202e}A 2MC",
            "0951099D/CM2\u{200b}A",
            &long,
        ] {
            assert!(bad.parse::<Class>().is_err(), "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_a_class_is_read_as_it_is_written(text in "\\PC{0,60}") {
            if let Ok(class) = format!("0951099D/{text}").parse::<Class>() {
                prop_assert_eq!(class.to_string().parse::<Class>(), Ok(class.clone()));
                let shown = class.label.to_string();
                prop_assert!(!shown.contains("  ") && shown.trim() == shown && shown.chars().count() <= CLASS_CHARS_MAX);
            }
        }
    }
}
