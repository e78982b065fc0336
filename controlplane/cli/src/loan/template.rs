//! Templates of papers: TOML with fields in braces, each with its version.

use super::agreement::Left;
use crate::Error;
use crate::config::file_read;
use clap::ValueEnum;
use paper::{Agreement, Footer, Part};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;

/// The version of the agreement that is used when no other is named.
pub(super) const DEFAULT_VERSION: &str = "fr-1";
/// The most sections, and the most paragraphs or fields of one.
const ENTRIES_MAX: usize = 100;
/// The templates that come with the program.
const OURS: [(Kind, &str, &str); 6] = [
    (Kind::Agreement, "fr-1", include_str!("../../templates/agreement-fr-1.toml")),
    (Kind::Agreement, "en-1", include_str!("../../templates/agreement-en-1.toml")),
    (Kind::HandOver, "fr-1", include_str!("../../templates/hand-over-fr-1.toml")),
    (Kind::HandOver, "en-1", include_str!("../../templates/hand-over-en-1.toml")),
    (Kind::Return, "fr-1", include_str!("../../templates/return-fr-1.toml")),
    (Kind::Return, "en-1", include_str!("../../templates/return-en-1.toml")),
];

/// Which paper.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Kind {
    Agreement,
    HandOver,
    Return,
}

/// A template.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Template {
    /// Where it was read from, for messages.
    #[serde(skip)]
    name: String,
    pub(super) version: String,
    pub(super) lang: String,
    title: String,
    #[serde(default)]
    below: String,
    #[serde(default)]
    footer: String,
    #[serde(default)]
    of: String,
    #[serde(default)]
    section: Vec<Section>,
    #[serde(default)]
    signature: Vec<Signature>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Section {
    when: Option<When>,
    heading: Option<String>,
    #[serde(default)]
    fields: Vec<(String, String)>,
    #[serde(default)]
    text: Vec<String>,
    list: Option<List>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Signature {
    when: Option<When>,
    text: String,
}

/// For whom a piece is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum When {
    Minor,
    Adult,
}

/// A table that is made of the loan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum List {
    /// The device and what comes with it.
    Equipment,
    /// The condition at hand-over and at return.
    Condition,
    /// What might be asked for what is missing or damaged.
    Amounts,
}

/// What a template is filled with.
pub(super) struct Filling {
    pub(super) code: String,
    pub(super) minor: bool,
    pub(super) fields: BTreeMap<&'static str, String>,
    pub(super) tables: BTreeMap<List, Part>,
}

/// A template that somebody wrote.
pub(super) fn template_file(path: &Path) -> Result<Template, Error> {
    let path_shown = path.display().to_string();
    let template = Template::read(&path_shown, &file_read(path)?)?;
    // Two texts of one version: which of them was signed, nobody could tell.
    if OURS.iter().any(|(_, known, _)| *known == template.version) {
        return Err(Error::usage("error-loan-template-ours", &[("path", &path_shown), ("value", &template.version)]));
    }
    Ok(template)
}

impl Kind {
    /// What a file of it ends with, before its extension.
    pub(super) const fn suffix(self) -> &'static str {
        match self {
            Self::Agreement => "",
            Self::HandOver => "-hand-over",
            Self::Return => "-return",
        }
    }
}

impl Template {
    /// The one for a loan: what was signed is what is printed, so that another version than the loan names is none for its agreement.
    ///
    /// A loan names no version of its slips; they speak the agreement's language.
    pub(super) fn of(kind: Kind, named: Option<&str>, own: Option<&Self>) -> Result<Result<Self, Left>, Error> {
        let agreement = kind == Kind::Agreement;
        let left = |given: String| Left::Template { named: named.unwrap_or_default().to_owned(), given };
        if let Some(own) = own {
            let other = agreement && named.is_some_and(|named| named != own.version);
            return Ok(if other { Err(left(own.version.clone())) } else { Ok(own.clone()) });
        }
        let version = match named.unwrap_or(DEFAULT_VERSION) {
            version if agreement => version,
            version if version.starts_with("en-") => "en-1",
            _ => DEFAULT_VERSION,
        };
        match OURS.iter().find(|(paper, known, _)| *paper == kind && *known == version) {
            Some((_, _, text)) => Self::read(version, text).map(Ok),
            None => {
                let known = OURS.iter().filter(|(paper, ..)| *paper == kind).map(|(_, known, _)| *known);
                Ok(Err(left(known.collect::<Vec<_>>().join(", "))))
            }
        }
    }

    /// Reads one.
    pub(super) fn read(name: &str, text: &str) -> Result<Self, Error> {
        let bad = |why: String| Error::usage("error-loan-template", &[("path", name), ("why", &why)]);
        let mut template: Self = toml::from_str(text).map_err(|error| bad(error.message().to_owned()))?;
        let large = template.section.iter().any(|s| s.fields.len() > ENTRIES_MAX || s.text.len() > ENTRIES_MAX);
        if large || template.section.len() > ENTRIES_MAX || template.signature.len() > ENTRIES_MAX {
            return Err(bad(format!("> {ENTRIES_MAX}")));
        }
        name.clone_into(&mut template.name);
        Ok(template)
    }

    /// The paper, with every field in its place; a name in braces that is none is refused, so that none stays on the paper.
    pub(super) fn filled(&self, filling: &Filling) -> Result<Agreement, Error> {
        let fill = |text: &str| fill(text, &filling.fields, &self.name);
        let here = |when: Option<When>| when.is_none_or(|when| (when == When::Minor) == filling.minor);
        let mut parts = Vec::new();
        // What is about a table that there is not is left out with it.
        let there = |list: Option<List>| list.is_none_or(|list| filling.tables.contains_key(&list));
        for section in self.section.iter().filter(|section| here(section.when) && there(section.list)) {
            parts.extend(section.heading.as_deref().map(|text| fill(text).map(Part::Heading)).transpose()?);
            if !section.fields.is_empty() {
                let fields = section.fields.iter().map(|(name, value)| Ok((fill(name)?, fill(value)?)));
                parts.push(Part::Fields(fields.collect::<Result<_, Error>>()?));
            }
            for text in &section.text {
                parts.push(Part::Text(fill(text)?));
            }
            parts.extend(section.list.and_then(|list| filling.tables.get(&list)).cloned());
        }
        let signatures = self.signature.iter().filter(|signature| here(signature.when));
        Ok(Agreement {
            lang: self.lang.clone(),
            title: fill(&self.title)?,
            below: fill(&self.below)?,
            code: filling.code.clone(),
            parts,
            signatures: signatures.map(|signature| fill(&signature.text)).collect::<Result<_, _>>()?,
            footer: Footer { left: fill(&self.footer)?, of: self.of.clone() },
        })
    }
}

fn fill(text: &str, fields: &BTreeMap<&'static str, String>, template: &str) -> Result<String, Error> {
    let mut filled = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        let named = after.split_once('}').map(|(name, after)| (fields.get(name), name, after));
        let Some((Some(value), _, after)) = named else {
            let name = named.map_or(after, |(_, name, _)| name);
            return Err(Error::usage("error-loan-field", &[("path", template), ("value", name)]));
        };
        filled.push_str(before);
        filled.push_str(value);
        rest = after;
    }
    filled.push_str(rest);
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_that_a_loan_names_is_the_one_that_is_printed() {
        let of = |kind, named, own: Option<&Template>| match Template::of(kind, named, own).unwrap() {
            Ok(template) => template.version,
            Err(Left::Template { named, given }) => format!("{named}, not {given}"),
            Err(Left::Unnamed) => "unnamed".to_owned(),
        };
        let text = "version = \"ville-3\"\nlang = \"fr\"\ntitle = \"t\"";
        let own = Template::read("x", text).unwrap();
        assert_eq!(of(Kind::Agreement, None, None), "fr-1");
        assert_eq!(of(Kind::Agreement, Some("en-1"), None), "en-1");
        assert_eq!(of(Kind::Agreement, Some("ville-3"), None), "ville-3, not fr-1, en-1");
        assert_eq!(of(Kind::Agreement, Some("ville-3"), Some(&own)), "ville-3");
        assert_eq!(of(Kind::Agreement, Some("fr-1"), Some(&own)), "fr-1, not ville-3");
        assert_eq!(of(Kind::Return, Some("fr-1"), Some(&own)), "ville-3");
        assert_eq!(of(Kind::HandOver, Some("en-2"), None), "en-1");
        assert_eq!(of(Kind::HandOver, Some("ville-3"), None), "fr-1");
    }

    #[test]
    fn a_text_of_ones_own_bears_no_version_of_ours() {
        let folder = tempfile::tempdir().unwrap();
        let read = |version: &str| {
            let path = folder.path().join("own.toml");
            std::fs::write(&path, format!("version = \"{version}\"\nlang = \"fr\"\ntitle = \"t\"")).unwrap();
            template_file(&path)
        };
        assert!(read("ville-3").is_ok());
        for version in ["fr-1", "en-1"] {
            assert!(matches!(read(version), Err(Error::Usage { key: "error-loan-template-ours", .. })), "{version}");
        }
    }

    #[test]
    fn a_field_is_filled_and_one_that_is_none_is_refused() {
        let fields = BTreeMap::from([("number", "7".to_owned())]);
        assert_eq!(fill("n° {number}.", &fields, "x").unwrap(), "n° 7.");
        assert_eq!(fill("sans", &fields, "x").unwrap(), "sans");
        for bad in ["{nombre}", "{", "{}", "{number"] {
            assert!(fill(bad, &fields, "x").is_err(), "{bad}");
        }
        assert!(Template::read("x", "version = 1").is_err());
        assert!(Template::read("x", "version = \"1\"\nlang = \"fr\"\ntitle = \"t\"\nodd = 1").is_err());
    }
}
