//! The policy floor: what the control plane cannot loosen, whoever holds it.
//!
//! It is signed offline by the publisher, as bundles are; the control plane moves freely above it and nowhere else.

use crate::host::Host;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The largest floor, in bytes.
pub const FLOOR_BYTES_MAX: usize = 64 << 10;
/// The most names of one kind.
const NAMES_MAX: usize = 1_000;
/// The longest lesson or exam, in minutes: a school day.
const LESSON_MINUTES_MAX: u32 = 600;
/// How long an unblocked name stays so at most, in days: a school year.
const UNBLOCK_DAYS_MAX: u32 = 366;
/// How old a list may be that is returned to, in days.
const ROLLBACK_DAYS_MAX: u32 = 366;

/// What must hold on every device of a territory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Floor {
    /// Counts up: a device takes no older one.
    pub version: u32,
    /// Categories that stay blocked, as the lists call them.
    pub blocked: BTreeSet<String>,
    /// Names that no list blocks, with all below them.
    pub open: BTreeSet<String>,
    /// Categories that a lesson may open though they are blocked.
    #[serde(default)]
    pub lesson_opens: BTreeSet<String>,
    /// How long a lesson may loosen, in minutes; 0: not at all.
    #[serde(default)]
    pub lesson_minutes: u32,
    /// How long a name that a person unblocks stays so, in days; 0: nobody unblocks below the floor.
    #[serde(default)]
    pub unblock_days: u32,
    /// How old the list may be that a rollback returns to, in days; 0: none.
    #[serde(default)]
    pub rollback_days: u32,
}

/// Which field of a floor is not as it must be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {why}")]
pub struct FloorError {
    /// The field.
    pub field: &'static str,
    /// What is wrong.
    pub why: String,
}

impl Floor {
    /// What holds where no floor has been published: the package's own.
    ///
    /// Circulaire 2004-035 asks for adult content to be closed to pupils; the ministry's own names and those of its exams stay open.
    #[must_use]
    pub fn built_in() -> Self {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Self {
            version: 0,
            blocked: names(&["adult"]),
            open: names(&["education.gouv.fr", "eduscol.education.fr", "pix.fr"]),
            lesson_opens: BTreeSet::new(),
            lesson_minutes: LESSON_MINUTES_MAX,
            unblock_days: UNBLOCK_DAYS_MAX,
            rollback_days: 30,
        }
    }

    /// Judges each field.
    ///
    /// # Errors
    /// [`FloorError`] with the first that is not as it must be.
    pub fn check(&self) -> Result<(), FloorError> {
        if self.version == 0 {
            return Err(fault("version", "it counts from 1".to_owned()));
        }
        for (field, names) in [("blocked", &self.blocked), ("lesson_opens", &self.lesson_opens)] {
            names_check(field, names, &|name| {
                let sign = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '-';
                (1..=60).contains(&name.len()) && name.chars().all(sign)
            })?;
        }
        names_check("open", &self.open, &|name| name.parse::<Host>().is_ok())?;
        for (field, value, most) in [
            ("lesson_minutes", self.lesson_minutes, LESSON_MINUTES_MAX),
            ("unblock_days", self.unblock_days, UNBLOCK_DAYS_MAX),
            ("rollback_days", self.rollback_days, ROLLBACK_DAYS_MAX),
        ] {
            if value > most {
                return Err(fault(field, format!("{value} is more than {most}")));
            }
        }
        // What stays blocked in every lesson is named by leaving it out.
        match self.lesson_opens.iter().find(|name| !self.blocked.contains(*name)) {
            Some(name) => Err(fault("lesson_opens", format!("{name:?} is not blocked"))),
            None => Ok(()),
        }
    }

    /// As it is signed: JSON, its fields in their order, sets sorted.
    ///
    /// # Errors
    /// [`FloorError`] for one that is not as it must be, or too large.
    pub fn encode(&self) -> Result<Vec<u8>, FloorError> {
        self.check()?;
        let bytes = serde_json::to_vec(self).map_err(|error| fault("floor", error.to_string()))?;
        if bytes.len() > FLOOR_BYTES_MAX {
            return Err(fault("floor", format!("more than {FLOOR_BYTES_MAX} bytes")));
        }
        Ok(bytes)
    }

    /// Reads what [`Floor::encode`] wrote. A field that is not known might be a limit: such a floor is not half obeyed.
    ///
    /// # Errors
    /// [`FloorError`].
    pub fn decode(bytes: &[u8]) -> Result<Self, FloorError> {
        if bytes.len() > FLOOR_BYTES_MAX {
            return Err(fault("floor", format!("more than {FLOOR_BYTES_MAX} bytes")));
        }
        let floor: Self = serde_json::from_slice(bytes).map_err(|error| fault("floor", error.to_string()))?;
        floor.check()?;
        Ok(floor)
    }
}

fn names_check(field: &'static str, names: &BTreeSet<String>, good: &dyn Fn(&str) -> bool) -> Result<(), FloorError> {
    if names.len() > NAMES_MAX {
        return Err(fault(field, format!("more than {NAMES_MAX}")));
    }
    match names.iter().find(|name| !good(name)) {
        Some(name) => Err(fault(field, format!("{:?}", name.chars().take(80).collect::<String>()))),
        None => Ok(()),
    }
}

const fn fault(field: &'static str, why: String) -> FloorError {
    FloorError { field, why }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn floor() -> Floor {
        Floor {
            version: 3,
            blocked: ["adult", "gambling"].map(str::to_owned).into(),
            open: ["education.gouv.fr".to_owned()].into(),
            lesson_opens: ["gambling".to_owned()].into(),
            lesson_minutes: 120,
            unblock_days: 30,
            rollback_days: 14,
        }
    }

    #[test]
    fn a_floor_is_read_as_it_was_written() {
        let bytes = floor().encode().unwrap();
        assert_eq!(Floor::decode(&bytes).unwrap(), floor());
        let shortest = br#"{"version":1,"blocked":["adult"],"open":[]}"#;
        let shortest = Floor::decode(shortest).unwrap();
        assert_eq!((shortest.lesson_minutes, shortest.unblock_days, shortest.rollback_days), (0, 0, 0));
    }

    #[test]
    fn each_field_is_judged() {
        let said = |spoil: &dyn Fn(&mut Floor)| {
            let mut bad = floor();
            spoil(&mut bad);
            bad.encode().unwrap_err().field
        };
        assert_eq!(said(&|f| f.version = 0), "version");
        assert_eq!(said(&|f| f.lesson_minutes = 601), "lesson_minutes");
        assert_eq!(said(&|f| f.unblock_days = u32::MAX), "unblock_days");
        assert_eq!(said(&|f| f.rollback_days = 367), "rollback_days");
        assert_eq!(said(&|f| f.lesson_opens.extend(["press".to_owned()])), "lesson_opens");
        assert_eq!(said(&|f| f.blocked.extend((0..1_001).map(|n| format!("c{n}")))), "blocked");
        for name in ["", "Adult", "a b", "é", "../a"] {
            assert_eq!(said(&|f| f.blocked.extend([name.to_owned()])), "blocked", "{name}");
        }
        for name in ["fr", "", ".fr", "a..fr", "a b.fr", "EDUCATION.fr", "é.fr", "1.2.3.4", "https://a.fr"] {
            assert_eq!(said(&|f| f.open.extend([name.to_owned()])), "open", "{name}");
        }
        let mut later: serde_json::Value = serde_json::from_slice(&floor().encode().unwrap()).unwrap();
        later["also"] = 1.into();
        assert_eq!(Floor::decode(later.to_string().as_bytes()).unwrap_err().field, "floor");
        assert_eq!(Floor::decode(&vec![b' '; FLOOR_BYTES_MAX + 1]).unwrap_err().field, "floor");
    }
}
