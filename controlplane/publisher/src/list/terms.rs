//! What a list promises beside its names: who stands guard, what is left out, how categories are called. A person reads each change of it.

use super::gate::Sentinels;
use super::stored::{About, CategoryAbout};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// What changed beside the names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "term")]
pub enum TermChange {
    /// A name stands guard, or no longer does.
    Guard {
        /// How.
        guard: Guard,
        /// The name.
        name: String,
        /// Whether it does now.
        came: bool,
    },
    /// A name is left out, or no longer is.
    Omitted {
        /// The name.
        name: String,
        /// Whether it is now.
        came: bool,
    },
    /// A category has another name, or no longer has it.
    OtherName {
        /// The category.
        category: String,
        /// Its other name.
        name: String,
        /// Whether it has it now.
        came: bool,
    },
    /// The source no longer gives a category this other name; devices go on knowing it.
    Kept {
        /// The category.
        category: String,
        /// Its other name.
        name: String,
    },
    /// A category became another name of one, or is one of its own again.
    Merged {
        /// The category.
        category: String,
        /// Of which.
        into: Option<String>,
    },
    /// It holds names to allow now, or names to block.
    Colour {
        /// The category.
        category: String,
        /// Whether to allow.
        white: bool,
    },
    /// People read something else.
    Label {
        /// The category.
        category: String,
        /// In French.
        fr: String,
        /// In English.
        en: String,
    },
    /// Others are named as those whose lists they are.
    Attribution {
        /// Who.
        text: String,
    },
}

/// How a name stands guard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Guard {
    /// Never blocked.
    Never,
    /// Nor anything beneath it.
    NeverBeneath,
    /// Always blocked.
    Must,
}

/// All that changed beside the names; before the first list nobody stands guard but those that every list has.
pub(super) fn terms_changes(before: Option<&About>, after: &About) -> Vec<TermChange> {
    let (own, none) = (Sentinels::own(), BTreeSet::new());
    let mut changes = Vec::new();
    let guards = guards_changes(before.map_or(&own, |before| &before.sentinels), &after.sentinels);
    changes.extend(guards.into_iter().map(|(guard, name, came)| TermChange::Guard { guard, name, came }));
    let omitted = moved(before.map_or(&none, |before| &before.omitted), &after.omitted);
    changes.extend(omitted.into_iter().map(|(name, came)| TermChange::Omitted { name, came }));
    let Some(before) = before else { return changes };
    let was: BTreeMap<&str, &CategoryAbout> = before.categories.iter().map(|one| (one.name.as_str(), one)).collect();
    for now in &after.categories {
        let Some(was) = was.get(now.name.as_str()) else { continue };
        category_changes(was, now, &mut changes);
    }
    if before.attribution != after.attribution {
        changes.push(TermChange::Attribution { text: after.attribution.clone() });
    }
    changes
}

/// Names that stand guard otherwise than they did.
pub(super) fn guards_changes(before: &Sentinels, after: &Sentinels) -> Vec<(Guard, String, bool)> {
    let sets = [
        (Guard::Never, &before.never, &after.never),
        (Guard::NeverBeneath, &before.never_beneath, &after.never_beneath),
        (Guard::Must, &before.must, &after.must),
    ];
    let each = sets.into_iter().flat_map(|(guard, before, after)| {
        moved(before, after).into_iter().map(move |(name, came)| (guard, name, came))
    });
    each.collect()
}

fn category_changes(was: &CategoryAbout, now: &CategoryAbout, changes: &mut Vec<TermChange>) {
    let category = || now.name.clone();
    let names = moved(&was.called(), &now.called()).into_iter();
    changes.extend(names.map(|(name, came)| TermChange::OtherName { category: category(), name, came }));
    let kept = now.kept.difference(&was.kept).cloned();
    changes.extend(kept.map(|name| TermChange::Kept { category: category(), name }));
    if was.merged != now.merged {
        changes.push(TermChange::Merged { category: category(), into: now.merged.clone() });
    }
    if was.white != now.white {
        changes.push(TermChange::Colour { category: category(), white: now.white });
    }
    if (&was.label_fr, &was.label_en) != (&now.label_fr, &now.label_en) {
        changes.push(TermChange::Label { category: category(), fr: now.label_fr.clone(), en: now.label_en.clone() });
    }
}

/// What one set lacks of the other: those that went, then those that came.
fn moved(before: &BTreeSet<String>, after: &BTreeSet<String>) -> Vec<(String, bool)> {
    let gone = before.difference(after).map(|name| (name.clone(), false));
    gone.chain(after.difference(before).map(|name| (name.clone(), true))).collect()
}
