//! Who stands behind a reference: no more than a loan and its agreement need.

use super::name::folded;
use crate::error::{Error, Result};
use crate::scope::Filed;
use jiff::civil::Date;
use model::borrower::BorrowerRef;
use model::loan::BorrowerKind;
use model::time::Timestamp;
use model::uai::Uai;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The most guardians a pupil has here: those who sign.
pub const GUARDIANS_MAX: usize = 2;
/// The longest name, class or line of an address, in characters.
pub(super) const TEXT_CHARS_MAX: usize = 120;
/// The most lines of an address, and the most telephone numbers.
pub(super) const LINES_MAX: usize = 5;

/// Where an identity came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// A primary school's export.
    Onde,
    /// A secondary school's export.
    Siecle,
    /// A list of those who work at schools.
    Staff,
    /// Somebody typed it in.
    Hand,
}

impl Source {
    /// The name in the audit.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Onde => "onde",
            Self::Siecle => "siecle",
            Self::Staff => "staff",
            Self::Hand => "hand",
        }
    }
}

/// Somebody's identity.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// What they are to the school.
    #[serde(default)]
    pub kind: BorrowerKind,
    /// The surname at birth.
    pub surname: String,
    /// The surname in use, when it is another.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub usage_name: String,
    /// The first name.
    pub first_name: String,
    /// The date of birth.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub birth: Option<Date>,
    /// The class; of who works there, what they do.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub class: String,
    /// The school.
    pub school: Uai,
    /// Who signs for a minor, two at most.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub guardians: Vec<Guardian>,
    /// Where it came from.
    pub source: Source,
    /// When it was first imported.
    pub added: Timestamp,
    /// When a file last had it.
    pub imported: Timestamp,
    /// Other references that lead here: an identifier of the school's, when the INE came later.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<BorrowerRef>,
}

/// A legal guardian.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Guardian {
    /// `M.`, `Mme`, or nothing.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub title: String,
    /// The surname.
    pub surname: String,
    /// The first name.
    pub first_name: String,
    /// The address, line by line, the postcode and town last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub address: Vec<String>,
    /// Telephone numbers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub phones: Vec<String>,
    /// The e-mail address.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub email: String,
}

impl Person {
    /// Where it is filed, as far as scopes are concerned: identities follow schools, not the owners of equipment.
    #[must_use]
    pub fn filed(&self) -> Filed {
        Filed { owner: None, school: Some(self.school) }
    }

    /// Whether every text is within its limits and the names are there.
    ///
    /// # Errors
    /// `Invalid`, which names the field and never what it holds.
    pub fn check(&self) -> Result<()> {
        name_check("a surname", &self.surname)?;
        name_check("a first name", &self.first_name)?;
        text_check("a surname in use", &self.usage_name)?;
        text_check("a class", &self.class)?;
        if self.guardians.len() > GUARDIANS_MAX {
            return Err(Error::Invalid(format!("a pupil has at most {GUARDIANS_MAX} guardians here")));
        }
        self.guardians.iter().try_for_each(Guardian::check)
    }

    /// Every word by which this person or their guardians can be known, folded.
    #[must_use]
    pub fn words(&self) -> Vec<String> {
        let own = [&self.surname, &self.usage_name, &self.first_name];
        let guardians = self.guardians.iter().flat_map(|guardian| [&guardian.surname, &guardian.first_name]);
        own.into_iter()
            .chain(guardians)
            .flat_map(|name| folded(name).split(' ').map(str::to_owned).collect::<Vec<_>>())
            .collect()
    }

    /// Whether the names are these, whatever accents and hyphens a program writes.
    #[must_use]
    pub fn is_named(&self, surname: &str, first_name: &str) -> bool {
        let surname = folded(surname);
        let fits =
            folded(&self.surname) == surname || (!self.usage_name.is_empty() && folded(&self.usage_name) == surname);
        fits && folded(&self.first_name) == folded(first_name)
    }
}

impl Guardian {
    /// Whether every text is within its limits and the surname is there.
    ///
    /// # Errors
    /// `Invalid`, which names the field and never what it holds.
    pub fn check(&self) -> Result<()> {
        name_check("a guardian's surname", &self.surname)?;
        for (what, text) in [
            ("a guardian's title", &self.title),
            ("a guardian's first name", &self.first_name),
            ("an e-mail address", &self.email),
        ] {
            text_check(what, text)?;
        }
        if self.address.len() > LINES_MAX || self.phones.len() > LINES_MAX {
            return Err(Error::Invalid(format!(
                "an address has at most {LINES_MAX} lines, a guardian as many numbers"
            )));
        }
        self.address.iter().try_for_each(|line| text_check("a line of an address", line))?;
        self.phones.iter().try_for_each(|phone| text_check("a telephone number", phone))
    }

    /// Whether this is the same person as another one, by name.
    #[must_use]
    pub fn is(&self, other: &Self) -> bool {
        folded(&self.surname) == folded(&other.surname) && folded(&self.first_name) == folded(&other.first_name)
    }
}

/// Says nothing: what is printed for a developer ends in a log.
impl fmt::Debug for Person {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Person(…)")
    }
}

impl fmt::Debug for Guardian {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Guardian(…)")
    }
}

fn name_check(what: &str, text: &str) -> Result<()> {
    if folded(text).is_empty() {
        return Err(Error::Invalid(format!("{what} is missing")));
    }
    text_check(what, text)
}

fn text_check(what: &str, text: &str) -> Result<()> {
    if text.chars().count() <= TEXT_CHARS_MAX && !text.chars().any(char::is_control) {
        return Ok(());
    }
    Err(Error::Invalid(format!("{what} has at most {TEXT_CHARS_MAX} characters and none that steers a terminal")))
}
