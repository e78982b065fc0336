//! What was read of a school's file, before anything is sent.

use jiff::civil::Date;
use std::collections::BTreeMap;
use wire::v1::{VaultGuardianLine, VaultGuardianName, VaultIncoming, VaultPupilName};

/// More characters than any name or line of an address may have.
const TEXT_CHARS_MAX: usize = 200;

/// A school's file.
#[derive(Default)]
pub(super) struct SchoolFile {
    pub(super) persons: Vec<VaultIncoming>,
    pub(super) guardians: Vec<VaultGuardianLine>,
    /// Whether all who sign for its pupils are in it.
    pub(super) whole: bool,
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
    /// It has somebody at a second school.
    Schools,
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
            Self::Schools => "schools",
            Self::Link => "link",
        }
    }
}

impl SchoolFile {
    /// Says of each pupil who signs for them by this file, so that others sign no more; nothing of a file of which a line was left out.
    pub(super) fn guardians_close(&mut self) {
        if !self.whole || !self.refused.is_empty() {
            return;
        }
        let key =
            |pupil: &VaultPupilName| (pupil.local_id.clone(), name_key(&pupil.surname), name_key(&pupil.first_name));
        let name = |line: &VaultGuardianLine| {
            let guardian = line.guardian.clone().unwrap_or_default();
            VaultGuardianName { surname: guardian.surname, first_name: guardian.first_name }
        };
        let mut signing: BTreeMap<_, Vec<VaultGuardianName>> = BTreeMap::new();
        for line in &self.guardians {
            for pupil in &line.pupils {
                let names = signing.entry(key(pupil)).or_default();
                if !names.contains(&name(line)) {
                    names.push(name(line));
                }
            }
        }
        let mut lines = Vec::with_capacity(self.guardians.len());
        for mut line in std::mem::take(&mut self.guardians) {
            // Brothers and sisters need not have the same two.
            let mut groups: Vec<(Vec<VaultGuardianName>, Vec<VaultPupilName>)> = Vec::new();
            for pupil in std::mem::take(&mut line.pupils) {
                let whole = signing.get(&key(&pupil)).cloned().unwrap_or_default();
                match groups.iter_mut().find(|(other, _)| *other == whole) {
                    Some((_, pupils)) => pupils.push(pupil),
                    None => groups.push((whole, vec![pupil])),
                }
            }
            lines.extend(groups.into_iter().map(|(whole, pupils)| VaultGuardianLine { whole, pupils, ..line.clone() }));
        }
        self.guardians = lines;
    }
}

fn name_key(name: &str) -> String {
    name.to_lowercase()
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
