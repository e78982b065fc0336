//! What was read of a school's file, before anything is sent.

use jiff::civil::Date;
use wire::v1::{VaultGuardianLine, VaultIncoming};

/// More characters than any name or line of an address may have.
const TEXT_CHARS_MAX: usize = 200;

/// A school's file.
#[derive(Default)]
pub(super) struct SchoolFile {
    pub(super) persons: Vec<VaultIncoming>,
    pub(super) guardians: Vec<VaultGuardianLine>,
    /// Lines that are not sent at all.
    pub(super) refused: Vec<Refused>,
    /// The line that was taken for the file's own last words.
    pub(super) footer: Option<u32>,
    /// Whether it holds addresses.
    pub(super) addresses: bool,
}

/// A line that is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Refused {
    pub(super) line: u32,
    pub(super) fault: Fault,
}

/// Why this side leaves a line out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// It has fewer columns than the heading.
    Columns,
    /// What stands for a date of birth is none.
    Birth,
    /// It says neither teacher nor staff.
    Kind,
    /// What stands for a school is none, or another than the whole file's.
    School,
    /// It joins somebody to a person who is not in the file.
    Link,
}

impl Fault {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Columns => "columns",
            Self::Birth => "birth",
            Self::Kind => "kind",
            Self::School => "school",
            Self::Link => "link",
        }
    }
}

/// A text without the blanks around it, and no longer than what is refused for its length anyway.
pub(super) fn text_cut(text: &str) -> String {
    text.trim().chars().take(TEXT_CHARS_MAX).collect()
}

/// A date as one of the two kinds of software writes it, as the wire has it.
pub(super) fn birth_read(text: &str) -> Result<String, ()> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(String::new());
    }
    let parts: Vec<&str> = text.split('/').collect();
    let text = match parts[..] {
        [day, month, year] => format!("{year}-{month:0>2}-{day:0>2}"),
        _ => text.to_owned(),
    };
    let date: Date = text.parse().map_err(|_| ())?;
    if (1900..=2100).contains(&date.year()) { Ok(date.to_string()) } else { Err(()) }
}
