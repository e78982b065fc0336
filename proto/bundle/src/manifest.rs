//! What a bundle is, in the words of a school: a subset of ScoLOMFR (the French profile of IEEE 1484.12.1, learning object metadata).

use crate::limits::MANIFEST_BYTES_MAX;
use crate::{Error, Result};
use model::measure::Measure;
pub use model::resource::{BundleName as Name, BundleVersion as Version};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Where a bundle may be used, by whom, and who made it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Which bundle it is, over all its versions.
    pub name: Name,
    /// Which version.
    pub version: Version,
    /// What people read in lists.
    pub title: String,
    /// What is in it, and for what.
    pub description: String,
    /// A language tag (BCP 47), such as `fr` or `oc-gascon`.
    pub language: String,
    /// For which levels, of [`Manifest::LEVELS`]; none means all.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub levels: BTreeSet<String>,
    /// Which subjects.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub subjects: BTreeSet<String>,
    /// The licence, by its SPDX identifier where it has one.
    pub licence: String,
    /// Who publishes it.
    pub publisher: String,
    /// For which systems; none means all.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub systems: BTreeSet<System>,
    /// For which processors; none means all.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub architectures: BTreeSet<Architecture>,
    /// For devices of which measures; none means all.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub measures: BTreeSet<Measure>,
}

/// An operating system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs, reason = "their names say it")]
pub enum System {
    Linux,
    Windows,
}

/// A processor, as Rust's targets call it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[allow(missing_docs, reason = "their names say it")]
pub enum Architecture {
    #[serde(rename = "x86_64")]
    X86,
    #[serde(rename = "aarch64")]
    Arm,
}

impl System {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Linux, Self::Windows];

    /// As Rust calls it, and as it is written.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Linux => "linux",
            Self::Windows => "windows",
        }
    }
}

impl Architecture {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::X86, Self::Arm];

    /// As Rust calls it, and as it is written.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::X86 => "x86_64",
            Self::Arm => "aarch64",
        }
    }
}

impl Manifest {
    /// The fields, as they are written.
    pub const FIELDS: [&str; 12] = [
        "name",
        "version",
        "title",
        "description",
        "language",
        "levels",
        "subjects",
        "licence",
        "publisher",
        "systems",
        "architectures",
        "measures",
    ];

    /// The levels there are, from ScoLOMFR's vocabulary 022 in short forms.
    pub const LEVELS: [&str; 20] = [
        "maternelle",
        "cp",
        "ce1",
        "ce2",
        "cm1",
        "cm2",
        "6e",
        "5e",
        "4e",
        "3e",
        "2de",
        "1re",
        "terminale",
        "cap",
        "cycle-1",
        "cycle-2",
        "cycle-3",
        "cycle-4",
        "lycee",
        "adultes",
    ];

    /// Judges each field.
    ///
    /// # Errors
    /// [`Error::Manifest`] with the first that is not as it must be.
    pub fn check(&self) -> Result<()> {
        if self.name.is_agent() {
            return Err(fault("name", format!("{} is what releases of the agent are assigned as", self.name)));
        }
        let texts = [
            ("title", &self.title, 200),
            ("description", &self.description, 4_000),
            ("licence", &self.licence, 100),
            ("publisher", &self.publisher, 200),
        ];
        for (field, text, max) in texts {
            text_check(field, text, max)?;
        }
        let part = |part: &str| (1..=8).contains(&part.len()) && part.chars().all(|c| c.is_ascii_alphanumeric());
        let language =
            self.language.split('-').all(part)
                && self.language.len() <= 35
                && self.language.split('-').next().is_some_and(|first| {
                    (2..=3).contains(&first.len()) && first.chars().all(|c| c.is_ascii_lowercase())
                });
        if !language {
            return Err(fault("language", format!("{:?} is no language tag, such as fr", self.language)));
        }
        if let Some(level) = self.levels.iter().find(|level| !Self::LEVELS.contains(&level.as_str())) {
            return Err(fault("levels", format!("{level:?} is none of {}", Self::LEVELS.join(", "))));
        }
        if self.subjects.len() > 20 {
            return Err(fault("subjects", "more than 20".to_owned()));
        }
        self.subjects.iter().try_for_each(|subject| text_check("subjects", subject, 100))
    }

    /// The one writing of this manifest: JSON, its fields in their order, sets sorted.
    pub(crate) fn encode(&self) -> Result<Vec<u8>> {
        serde_json::to_vec(self).map_err(|error| fault("manifest", error.to_string()))
    }

    /// Reads what [`Manifest::encode`] wrote; fields of later versions are passed over.
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self> {
        if bytes.len() > MANIFEST_BYTES_MAX {
            return Err(Error::Limit { what: "manifest bytes", limit: MANIFEST_BYTES_MAX as u64 });
        }
        let manifest: Self = serde_json::from_slice(bytes).map_err(|error| fault("manifest", error.to_string()))?;
        manifest.check()?;
        Ok(manifest)
    }
}

const fn fault(field: &'static str, why: String) -> Error {
    Error::Manifest { field, why }
}

fn text_check(field: &'static str, text: &str, max: usize) -> Result<()> {
    if text.trim().is_empty() || text.trim() != text {
        return Err(fault(field, "it is empty, or has space around it".to_owned()));
    }
    if text.chars().count() > max || text.contains(|c: char| c.is_control() && c != '\n') {
        return Err(fault(field, format!("more than {max} characters, or one that cannot be printed")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_field_is_named() {
        let good = crate::tests::manifest("1");
        good.check().unwrap();
        assert_eq!(Manifest::decode(&good.encode().unwrap()).unwrap(), good);
        let said = |spoil: &dyn Fn(&mut Manifest)| {
            let mut bad = good.clone();
            spoil(&mut bad);
            bad.check().unwrap_err().to_string()
        };
        assert!(said(&|m| m.name = "cartable-agent".parse().unwrap()).starts_with("name"), "that is the agent itself");
        assert!(said(&|m| m.title = " ".to_owned()).starts_with("title"));
        assert!(said(&|m| m.description = "x".repeat(4_001)).starts_with("description"));
        assert!(said(&|m| m.publisher = "a\u{7}".to_owned()).starts_with("publisher"));
        assert!(said(&|m| m.language = "French".to_owned()).starts_with("language"));
        assert!(said(&|m| m.language = "x-".to_owned()).starts_with("language"));
        assert!(said(&|m| m.levels = ["CM7".to_owned()].into()).starts_with("levels"));
        assert!(said(&|m| m.subjects = (0..21).map(|n| n.to_string()).collect()).starts_with("subjects"));
    }

    #[test]
    fn fields_of_later_versions_are_passed_over() {
        let good = crate::tests::manifest("1");
        let mut later: serde_json::Value = serde_json::from_slice(&good.encode().unwrap()).unwrap();
        later["duration"] = 45.into();
        assert_eq!(Manifest::decode(later.to_string().as_bytes()).unwrap(), good);
    }

    #[test]
    fn every_field_is_named() {
        let whole = Manifest {
            systems: [System::Linux].into(),
            architectures: [Architecture::X86].into(),
            measures: [Measure::Base].into(),
            ..crate::tests::manifest("1")
        };
        let written = serde_json::to_value(&whole).unwrap();
        let written: BTreeSet<&str> = written.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(written, Manifest::FIELDS.into());
    }
}
