//! The import gate: what speaks against a list, and which names stand guard.

use super::stored::{About, CategoryAbout};
use super::terms::{Guard, guards_changes};
use crate::error::{Error, Result, read_failed};
use filter::{Gate, Listing, Name, Refusal, Share};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// The largest file of sentinels that is read, in bytes.
const SENTINELS_BYTES_MAX: u64 = 256 << 10;
/// The most names against which the same is said.
const NAMED_MAX: usize = 20;
/// Nothing at or beneath these is ever blocked, whoever makes lists: schools' own services.
const BENEATH: [&str; 5] = ["education.gouv.fr", "education.fr", "eduscol.education.fr", "pix.fr", "pix.org"];
/// Nor these, by which systems are kept whole.
const NEVER: [&str; 10] = [
    "archive.ubuntu.com",
    "deb.debian.org",
    "download.windowsupdate.com",
    "firefox.settings.services.mozilla.com",
    "ftp.debian.org",
    "ftp.fr.debian.org",
    "packages.microsoft.com",
    "security.debian.org",
    "security.ubuntu.com",
    "update.microsoft.com",
];

/// Names that stand guard.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Sentinels {
    /// Never blocked.
    pub never: BTreeSet<String>,
    /// Never blocked, and nothing beneath them either.
    pub never_beneath: BTreeSet<String>,
    /// Always blocked.
    pub must: BTreeSet<String>,
}

/// What speaks against a list.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Objection {
    /// A category has far fewer names than in the list that was approved last.
    Shrunk {
        /// The category.
        category: String,
        /// Its names before.
        before: u64,
        /// Its names now.
        now: u64,
    },
    /// Far more.
    Grown {
        /// The category.
        category: String,
        /// Its names before.
        before: u64,
        /// Its names now.
        now: u64,
    },
    /// It held names to block and now holds names to allow, or the reverse.
    Turned {
        /// The category.
        category: String,
        /// What it is now.
        white: bool,
    },
    /// A category that had names of its own is another name of one at the source.
    Merged {
        /// The category.
        category: String,
        /// Of which.
        into: String,
    },
    /// Another name of a category is no longer one at the source, or means something else there.
    Unnamed {
        /// The other name.
        name: String,
        /// What it meant.
        category: String,
        /// What it means now; nothing: it goes on meaning the same to devices.
        now: Option<String>,
    },
    /// A name no longer stands guard.
    Unguarded {
        /// How it did.
        guard: Guard,
        /// The name.
        name: String,
    },
    /// A name would be blocked that must never be.
    Never {
        /// The name.
        name: String,
    },
    /// A name that must be blocked no longer is.
    Must {
        /// The name.
        name: String,
    },
}

impl Objection {
    /// What a person may accept all the same, by its name; against a name that stands guard nobody can.
    #[must_use]
    pub fn subject(&self) -> Option<&str> {
        match self {
            Self::Shrunk { category, .. }
            | Self::Grown { category, .. }
            | Self::Turned { category, .. }
            | Self::Merged { category, .. } => Some(category),
            Self::Unnamed { name, .. } | Self::Unguarded { name, .. } => Some(name),
            Self::Never { .. } | Self::Must { .. } => None,
        }
    }
}

impl Sentinels {
    /// Those that every list has.
    pub(super) fn own() -> Self {
        let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Self { never: set(&NEVER), never_beneath: set(&BENEATH), must: BTreeSet::new() }
    }

    /// Those of a file, and those that every list has.
    pub(super) fn read(path: &Path) -> Result<Self> {
        let length = fs::metadata(path).map_err(read_failed(path))?.len();
        let bad = |why: String| Error::Sentinels { path: path.to_owned(), why };
        if length > SENTINELS_BYTES_MAX {
            return Err(bad(format!("> {SENTINELS_BYTES_MAX}")));
        }
        let text = fs::read_to_string(path).map_err(read_failed(path))?;
        let read: Self = toml::from_str(&text).map_err(|error| bad(error.message().to_owned()))?;
        let mut all = Self::own();
        for (into, names) in
            [(&mut all.never, &read.never), (&mut all.never_beneath, &read.never_beneath), (&mut all.must, &read.must)]
        {
            for name in names {
                let name: Name = name.parse().map_err(|why| bad(format!("{name:?}: {why}")))?;
                into.insert(name.to_string());
            }
        }
        Ok(all)
    }

    /// As the engine takes them.
    pub(super) fn gate(&self) -> Gate {
        Gate { never: names(&self.never), never_beneath: names(&self.never_beneath), always: names(&self.must) }
    }

    /// All that must never be blocked.
    pub(super) fn open(&self) -> BTreeSet<String> {
        self.never.union(&self.never_beneath).cloned().collect()
    }
}

/// All that its own names say against a list; `beneath` are names found where nothing may be listed.
pub(super) fn names_objections(gate: &Gate, listing: &Listing, beneath: &BTreeSet<String>) -> Vec<Objection> {
    let mut found = BTreeSet::new();
    found.extend(beneath.iter().map(|name| Objection::Never { name: name.clone() }));
    let refusals = gate.names_check(listing).into_iter().take(2 * NAMED_MAX);
    found.extend(refusals.filter_map(|refusal| match refusal {
        Refusal::Never(name) => Some(Objection::Never { name: name.to_string() }),
        Refusal::Always(name) => Some(Objection::Must { name: name.to_string() }),
        Refusal::Shrunk { .. } | Refusal::Grown { .. } => None,
    }));
    found.into_iter().collect()
}

/// The same, and all that the list before says against it: that one may be another by now than when this one was imported.
pub(super) fn objections(before: Option<&About>, now: &About) -> Vec<Objection> {
    let of_names = |one: &&Objection| matches!(one, Objection::Never { .. } | Objection::Must { .. });
    let mut found: BTreeSet<Objection> = now.objections.iter().filter(of_names).cloned().collect();
    if let Some(before) = before {
        found.extend(changes(&before.categories, &now.categories));
        found.extend(unnamed(&before.categories, &now.categories));
        let gone = guards_changes(&before.sentinels, &now.sentinels).into_iter().filter(|(.., came)| !came);
        found.extend(gone.map(|(guard, name, _)| Objection::Unguarded { guard, name }));
    }
    found.into_iter().collect()
}

/// Keeps the first of the names that lie where nothing may be listed.
pub(super) fn beneath_note(beneath: &mut BTreeSet<String>, name: &Name) {
    if beneath.len() < NAMED_MAX {
        beneath.insert(name.to_string());
    }
}

fn changes(before: &[CategoryAbout], now: &[CategoryAbout]) -> Vec<Objection> {
    let share = |one: &CategoryAbout| Share { category: one.name.clone(), names: one.names };
    let (was, is): (Vec<Share>, Vec<Share>) = (before.iter().map(share).collect(), now.iter().map(share).collect());
    let mut found: Vec<Objection> = Vec::new();
    for refusal in Gate::shares_check(&was, &is) {
        match refusal {
            Refusal::Shrunk { now, before } => {
                found.push(Objection::Shrunk { category: now.category, before, now: now.names });
            }
            Refusal::Grown { now, before } => {
                found.push(Objection::Grown { category: now.category, before, now: now.names });
            }
            Refusal::Never(_) | Refusal::Always(_) => {}
        }
    }
    let white: BTreeMap<&str, bool> = before.iter().map(|one| (one.name.as_str(), one.white)).collect();
    let turned = now.iter().filter(|one| white.get(one.name.as_str()).is_some_and(|was| *was != one.white));
    found.extend(turned.map(|one| Objection::Turned { category: one.name.clone(), white: one.white }));
    let merged: BTreeMap<&str, Option<&String>> =
        before.iter().map(|one| (one.name.as_str(), one.merged.as_ref())).collect();
    found.extend(now.iter().filter_map(|one| {
        let into = one.merged.clone()?;
        let new = merged.get(one.name.as_str()).is_some_and(|was| *was != Some(&into));
        new.then(|| Objection::Merged { category: one.name.clone(), into })
    }));
    found
}

/// Other names of categories that mean less, or something else, than they did.
fn unnamed(before: &[CategoryAbout], now: &[CategoryAbout]) -> Vec<Objection> {
    let mut found = Vec::new();
    for was in before {
        for name in was.called() {
            let means =
                now.iter().find(|one| one.name == name || one.aliases.contains(&name) || one.kept.contains(&name));
            let moved = means.is_none_or(|one| one.name != was.name);
            let left = means.is_some_and(|one| one.kept.contains(&name) && !was.kept.contains(&name));
            if moved || left {
                let now = means.filter(|_| moved).map(|one| one.name.clone());
                found.push(Objection::Unnamed { name, category: was.name.clone(), now });
            }
        }
    }
    found
}

fn names(names: &BTreeSet<String>) -> Vec<Name> {
    names.iter().filter_map(|name| name.parse().ok()).collect()
}
