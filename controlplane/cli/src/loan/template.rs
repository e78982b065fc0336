//! Templates of papers: TOML with fields in braces, each with its version.

use crate::Error;
use paper::{Agreement, Footer, Part};
use serde::Deserialize;
use std::collections::BTreeMap;

/// The version of the agreement that is used when no other is named.
pub(super) const DEFAULT_VERSION: &str = "fr-1";
/// The most sections, and the most paragraphs or fields of one.
const ENTRIES_MAX: usize = 100;

/// A template.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Template {
    pub(super) version: String,
    lang: String,
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

#[derive(Debug, Deserialize)]
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

#[derive(Debug, Deserialize)]
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
}

/// What a template is filled with.
pub(super) struct Filling {
    pub(super) code: String,
    pub(super) minor: bool,
    pub(super) fields: BTreeMap<&'static str, String>,
    pub(super) tables: BTreeMap<List, Part>,
}

impl Template {
    /// Reads one.
    pub(super) fn read(name: &str, text: &str) -> Result<Self, Error> {
        let bad = |why: String| Error::usage("error-loan-template", &[("path", name), ("why", &why)]);
        let template: Self = toml::from_str(text).map_err(|error| bad(error.message().to_owned()))?;
        let large = template.section.iter().any(|s| s.fields.len() > ENTRIES_MAX || s.text.len() > ENTRIES_MAX);
        if large || template.section.len() > ENTRIES_MAX || template.signature.len() > ENTRIES_MAX {
            return Err(bad(format!("> {ENTRIES_MAX}")));
        }
        Ok(template)
    }

    /// The paper, with every field in its place; a name in braces that is none is refused, so that none stays on the paper.
    pub(super) fn filled(&self, name: &str, filling: &Filling) -> Result<Agreement, Error> {
        let fill = |text: &str| fill(text, &filling.fields, name);
        let here = |when: Option<When>| when.is_none_or(|when| (when == When::Minor) == filling.minor);
        let mut parts = Vec::new();
        for section in self.section.iter().filter(|section| here(section.when)) {
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
