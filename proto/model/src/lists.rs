//! The filter's lists as devices get them: one bundle with an image, what changed since, and this file, which says what they are.
//!
//! It is signed with all else in the bundle, under a role of its own. `docs/decisions/0029-lists.md` says how it is made.

use crate::digest::Digest;
use crate::host::{CategoryName, Host};
use crate::resource::BundleVersion;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// What it is called within the bundle.
pub const LIST_FILE: &str = "list.json";
/// The largest one, in bytes.
pub const LIST_BYTES_MAX: usize = 256 << 10;
/// What is read here; another number is another format.
const FORMAT: u32 = 1;
/// The most overlays on an image, as the engine takes them.
pub const OVERLAYS_MAX: usize = 40;
/// The most categories, as the engine takes them.
pub const CATEGORIES_MAX: usize = 128;
/// The most names of each kind that stand guard.
pub const SENTINELS_MAX: usize = 200;
/// The most other names of one category.
const ALIASES_MAX: usize = 16;
/// The largest image, in bytes, as the engine takes it.
const IMAGE_BYTES_MAX: u64 = 160 << 20;
/// The longest label of a category, in signs.
pub const LABEL_SIGNS_MAX: usize = 120;
/// The longest attribution, in signs.
pub const ATTRIBUTION_SIGNS_MAX: usize = 400;

/// What a version of the lists consists of, and what it is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListManifest {
    format: u32,
    /// Which version: that of the bundle.
    pub version: BundleVersion,
    /// The day it was made (UTC).
    pub made: Date,
    /// The image of names.
    pub image: ListFile,
    /// What changed since, each on the one before.
    pub overlays: Vec<ListFile>,
    /// How many names are listed.
    pub entries: u64,
    /// Categories in the engine's order.
    pub categories: Vec<ListCategory>,
    /// Whose lists they are, as their licence demands it to be said.
    pub attribution: String,
    /// Names that the lists must never block: a device that finds one blocked keeps the version before.
    pub never: BTreeSet<String>,
    /// Names that they must block, likewise.
    pub must: BTreeSet<String>,
}

/// A file beside it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListFile {
    /// Its name, without folders.
    pub file: String,
    /// Of its contents.
    pub sha256: Digest,
    /// How long it is.
    pub bytes: u64,
}

/// A category, in the words of those who make policies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListCategory {
    /// As lists and policies call it.
    pub name: String,
    /// Whether it holds names to allow; such a category is no part of "all".
    pub white: bool,
    /// What people read, in French.
    pub label_fr: String,
    /// And in English.
    pub label_en: String,
    /// Other names of the same category.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub aliases: BTreeSet<String>,
}

/// Why a file is not believed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ListError {
    /// A later release made it.
    #[error("format {0} of {LIST_FILE} is newer than this program")]
    Newer(u64),
    /// A field is not as it must be.
    #[error("{field}: {why}")]
    Field {
        /// The field.
        field: &'static str,
        /// What is wrong.
        why: String,
    },
}

impl ListManifest {
    /// One of the format that is written here; [`ListManifest::encode`] judges the rest.
    #[must_use]
    pub const fn new(version: BundleVersion, made: Date, image: ListFile) -> Self {
        Self {
            format: FORMAT,
            version,
            made,
            image,
            overlays: Vec::new(),
            entries: 0,
            categories: Vec::new(),
            attribution: String::new(),
            never: BTreeSet::new(),
            must: BTreeSet::new(),
        }
    }

    /// The one writing of it: JSON, its fields in their order, sets sorted.
    ///
    /// # Errors
    /// [`ListError`] with the first field that is not as it must be.
    pub fn encode(&self) -> Result<Vec<u8>, ListError> {
        self.check()?;
        let bytes = serde_json::to_vec(self).map_err(|error| fault("list", error.to_string()))?;
        size_check(&bytes)?;
        Ok(bytes)
    }

    /// Reads what [`ListManifest::encode`] wrote. A field that is not known might be a limit: such a list is not half used.
    ///
    /// # Errors
    /// [`ListError`].
    pub fn decode(bytes: &[u8]) -> Result<Self, ListError> {
        #[derive(Deserialize)]
        struct Format {
            format: u64,
        }
        size_check(bytes)?;
        let read = |error: serde_json::Error| fault("list", error.to_string());
        let format: Format = serde_json::from_slice(bytes).map_err(read)?;
        if format.format > u64::from(FORMAT) {
            return Err(ListError::Newer(format.format));
        }
        let manifest: Self = serde_json::from_slice(bytes).map_err(read)?;
        manifest.check()?;
        Ok(manifest)
    }

    /// A category by its name, or by another name that it has.
    #[must_use]
    pub fn category(&self, name: &str) -> Option<&ListCategory> {
        self.categories.iter().find(|one| one.name == name || one.aliases.contains(name))
    }

    fn check(&self) -> Result<(), ListError> {
        if self.format != FORMAT {
            return Err(fault("format", format!("{} is none", self.format)));
        }
        limit_check("overlays", self.overlays.len(), OVERLAYS_MAX)?;
        let mut files = BTreeSet::new();
        for file in std::iter::once(&self.image).chain(&self.overlays) {
            let field = if *file == self.image { "image" } else { "overlays" };
            if !is_file(&file.file) || !files.insert(&file.file) {
                return Err(fault(field, format!("{:?} is no name of a file of its own", cut(&file.file))));
            }
            if file.bytes == 0 || file.bytes > IMAGE_BYTES_MAX {
                return Err(fault(field, format!("{} bytes", file.bytes)));
            }
        }
        limit_check("categories", self.categories.len(), CATEGORIES_MAX)?;
        let mut names = BTreeSet::new();
        for category in &self.categories {
            limit_check("aliases", category.aliases.len(), ALIASES_MAX)?;
            for name in std::iter::once(&category.name).chain(&category.aliases) {
                if name == CategoryName::ALL {
                    return Err(fault("categories", format!("{name:?} means all of them")));
                }
                if !is_category(name) || !names.insert(name) {
                    return Err(fault("categories", format!("{:?} is no name, or stands there twice", cut(name))));
                }
            }
            text_check("label_fr", &category.label_fr, LABEL_SIGNS_MAX)?;
            text_check("label_en", &category.label_en, LABEL_SIGNS_MAX)?;
        }
        text_check("attribution", &self.attribution, ATTRIBUTION_SIGNS_MAX)?;
        for (field, names) in [("never", &self.never), ("must", &self.must)] {
            limit_check(field, names.len(), SENTINELS_MAX)?;
            if let Some(name) = names.iter().find(|name| name.parse::<Host>().is_err()) {
                return Err(fault(field, format!("{:?} is no host", cut(name))));
            }
        }
        match self.never.intersection(&self.must).next() {
            Some(name) => Err(fault("must", format!("{name} must never be blocked, too"))),
            None => Ok(()),
        }
    }
}

/// Whether a text may name a category.
#[must_use]
pub fn is_category(name: &str) -> bool {
    let sign = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '-';
    (1..=40).contains(&name.len()) && name.chars().all(sign)
}

fn is_file(name: &str) -> bool {
    let sign = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    (1..=40).contains(&name.len()) && name.chars().all(sign) && !name.starts_with('-')
}

fn text_check(field: &'static str, text: &str, max: usize) -> Result<(), ListError> {
    let signs = text.chars().count();
    if signs == 0 || signs > max || text.trim() != text || text.chars().any(char::is_control) {
        return Err(fault(field, format!("{:?} is not 1 to {max} signs on one line", cut(text))));
    }
    Ok(())
}

fn limit_check(field: &'static str, amount: usize, limit: usize) -> Result<(), ListError> {
    if amount > limit { Err(fault(field, format!("more than {limit}"))) } else { Ok(()) }
}

fn size_check(bytes: &[u8]) -> Result<(), ListError> {
    if bytes.len() > LIST_BYTES_MAX {
        return Err(fault("list", format!("more than {LIST_BYTES_MAX} bytes")));
    }
    Ok(())
}

fn cut(text: &str) -> String {
    text.chars().take(80).collect()
}

const fn fault(field: &'static str, why: String) -> ListError {
    ListError::Field { field, why }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str) -> ListFile {
        ListFile { file: name.to_owned(), sha256: Digest::of(name.as_bytes()), bytes: 21_000_000 }
    }

    fn category(name: &str, white: bool) -> ListCategory {
        let (label_fr, label_en) = (format!("Catégorie {name}"), format!("Category {name}"));
        ListCategory { name: name.to_owned(), white, label_fr, label_en, aliases: BTreeSet::new() }
    }

    fn manifest() -> ListManifest {
        let mut adult = category("adult", false);
        adult.aliases.insert("porn".to_owned());
        ListManifest {
            overlays: vec![file("overlay-1"), file("overlay-2")],
            entries: 4_600_000,
            categories: vec![adult, category("liste_bu", true)],
            attribution: "Listes d'exemple, CC BY-SA".to_owned(),
            never: ["education.gouv.fr".to_owned()].into(),
            must: ["bad_one.example".to_owned()].into(),
            ..ListManifest::new("2026.11.30".parse().unwrap(), Date::constant(2026, 11, 30), file("image"))
        }
    }

    #[test]
    fn a_list_is_read_as_it_was_written() {
        let bytes = manifest().encode().unwrap();
        let read = ListManifest::decode(&bytes).unwrap();
        assert_eq!((&read, &read.encode().unwrap()), (&manifest(), &bytes));
        assert_eq!(read.category("porn").map(|one| &*one.name), Some("adult"));
        assert!(read.category("press").is_none());
    }

    #[test]
    fn a_later_format_says_so_and_an_unknown_field_is_refused() {
        let changed = |key: &str, value: serde_json::Value| {
            let mut json: serde_json::Value = serde_json::from_slice(&manifest().encode().unwrap()).unwrap();
            json[key] = value;
            ListManifest::decode(json.to_string().as_bytes()).unwrap_err()
        };
        assert_eq!(changed("format", 2.into()), ListError::Newer(2));
        assert_eq!(changed("format", u64::MAX.into()), ListError::Newer(u64::MAX));
        for (key, value) in [("format", 0.into()), ("also", 1.into()), ("made", "soon".into()), ("version", "x".into())]
        {
            assert!(matches!(changed(key, value), ListError::Field { .. }), "{key}");
        }
        assert!(ListManifest::decode(&vec![b' '; LIST_BYTES_MAX + 1]).is_err());
    }

    #[test]
    fn each_field_is_judged() {
        let said = |spoil: &dyn Fn(&mut ListManifest)| {
            let mut bad = manifest();
            spoil(&mut bad);
            match bad.encode().unwrap_err() {
                ListError::Field { field, .. } => field,
                ListError::Newer(_) => "newer",
            }
        };
        for name in ["", "../image", "a/b", "Image", "-a", "é"] {
            assert_eq!(said(&|m| m.image.file = name.to_owned()), "image", "{name}");
        }
        assert_eq!(said(&|m| m.image.bytes = 0), "image");
        assert_eq!(said(&|m| m.overlays[0].file = "image".to_owned()), "overlays");
        assert_eq!(said(&|m| m.overlays[1].bytes = 1 << 40), "overlays");
        assert_eq!(said(&|m| m.overlays = (0..41).map(|n| file(&format!("overlay-{n}"))).collect()), "overlays");
        assert_eq!(said(&|m| m.categories[1].name = "adult".to_owned()), "categories");
        assert_eq!(said(&|m| m.categories[1].name = "porn".to_owned()), "categories");
        assert_eq!(said(&|m| m.categories[1].name = "Press".to_owned()), "categories");
        assert_eq!(said(&|m| m.categories[1].name = "all".to_owned()), "categories");
        assert_eq!(
            said(&|m| m.categories = (0..129).map(|n| category(&format!("c{n}"), false)).collect()),
            "categories"
        );
        assert_eq!(said(&|m| m.categories[0].aliases = (0..17).map(|n| format!("a{n}")).collect()), "aliases");
        assert_eq!(said(&|m| m.categories[0].label_fr = "a\u{7}".to_owned()), "label_fr");
        assert_eq!(said(&|m| m.categories[0].label_en = "é".repeat(121)), "label_en");
        assert_eq!(said(&|m| m.attribution.clear()), "attribution");
        for name in ["fr", "A.fr", "a..fr", "https://a.fr", &format!("{}.fr", "a".repeat(64)), &"a.".repeat(127)] {
            assert_eq!(said(&|m| m.never.extend([name.to_owned()])), "never", "{name}");
            assert_eq!(said(&|m| m.must.extend([name.to_owned()])), "must", "{name}");
        }
        assert_eq!(said(&|m| m.must.extend(m.never.clone())), "must");
        assert_eq!(said(&|m| m.never.extend((0..200).map(|n| format!("h{n}.example")))), "never");
    }
}
