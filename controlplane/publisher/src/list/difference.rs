//! What a list changes, category by category: what a person looks at before saying yes.

use super::approve::Approval;
use super::gate::objections;
use super::stored::{About, Stored};
use super::terms::{TermChange, terms_changes};
use super::work::Work;
use crate::error::{Error, Result};
use crate::progress::Progress;
use model::digest::Digest;
use serde::Serialize;
use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;

/// Two lists beside each other.
#[derive(Clone, Debug, Serialize)]
pub struct Difference {
    /// What the later one is compared with; the first of all with nothing.
    pub with: Option<With>,
    /// Categories that changed.
    pub changes: Vec<CategoryChange>,
    /// What changed beside names.
    pub terms: Vec<TermChange>,
    /// What the gate says against the later one.
    pub objections: Vec<super::Objection>,
    /// Of all that is approved with the later one.
    pub digest: Digest,
}

/// The earlier of two lists.
#[derive(Clone, Debug, Serialize)]
pub struct With {
    /// When it was imported.
    pub imported: String,
    /// Whether it was packed for devices.
    pub packed: bool,
    /// Who approved it, and what was accepted then.
    pub approval: Option<Approval>,
}

/// What changed in a category.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct CategoryChange {
    /// The category.
    pub category: String,
    /// How many names it had.
    pub before: u64,
    /// How many it has.
    pub after: u64,
    /// How many came.
    pub added: u64,
    /// How many went.
    pub removed: u64,
    /// The first of those that came, as many as were asked for.
    pub added_names: Vec<String>,
    /// The first of those that went.
    pub removed_names: Vec<String>,
}

/// Compares the candidate, else the list that was approved last, with what was packed last; where nothing was, the candidate with the approved list.
///
/// # Errors
/// [`Error::ListNone`] when there is nothing to look at; what the folders say.
pub fn list_difference(
    root: &Path,
    names: usize,
    progress: &mut dyn FnMut(u64, &str) -> Progress,
) -> Result<Difference> {
    let work = Work::open(root, false)?;
    let ((before, packed), after) = match work.candidate().is_there() {
        true => (work.before(), work.candidate()),
        false => ((Some(work.packed()).filter(Stored::is_there), true), work.approved()),
    };
    if !after.is_there() {
        return Err(Error::ListNone(after.folder().to_owned()));
    }
    let read = |stored: &Stored| Ok::<_, Error>((stored.about()?, stored.names_bytes()?));
    let (about, size) = read(&after)?;
    let (about_before, size_before) = before.as_ref().map(read).transpose()?.unzip();
    let bar = progress(2 * (size + size_before.unwrap_or(0)), &root.display().to_string());
    let mut changes = BTreeMap::<String, CategoryChange>::new();
    for (of, after) in about_before.iter().map(|about| (about, false)).chain([(&about, true)]) {
        for category in &of.categories {
            let change = changes.entry(category.name.clone()).or_default();
            change.category.clone_from(&category.name);
            *(if after { &mut change.after } else { &mut change.before }) = category.names;
        }
    }
    let was = match (&before, &about_before) {
        (Some(stored), Some(about)) => marks(stored, about, &bar)?,
        _ => Vec::new(),
    };
    let is = marks(&after, &about, &bar)?;
    if let (Some(stored), Some(about)) = (&before, &about_before) {
        each_once(stored, about, missing(&was, &is), &bar, &mut |category, name| {
            let change = changes.entry(category.to_owned()).or_default();
            change.removed += 1;
            note(&mut change.removed_names, name, names);
        })?;
    }
    each_once(&after, &about, missing(&is, &was), &bar, &mut |category, name| {
        let change = changes.entry(category.to_owned()).or_default();
        change.added += 1;
        note(&mut change.added_names, name, names);
    })?;
    let changes = changes.into_values().filter(|one| one.added + one.removed > 0 || one.before != one.after);
    Ok(Difference {
        changes: changes.collect(),
        terms: terms_changes(about_before.as_ref(), &about),
        objections: objections(about_before.as_ref(), &about),
        digest: about.digest(),
        with: about_before.map(|before| With { imported: before.imported, packed, approval: before.approval }),
    })
}

/// A number for each name in each category, sorted: two lists of millions of names are compared in little memory.
fn marks(stored: &Stored, about: &About, bar: &Progress) -> Result<Vec<u64>> {
    let mut marks = Vec::new();
    stored.names_read(about, bar, &mut |places, name| {
        marks.extend(places.iter().filter_map(|at| about.categories.get(*at)).map(|one| mark(&one.name, name)));
        Ok(())
    })?;
    marks.sort_unstable();
    marks.dedup();
    Ok(marks)
}

/// Those of one that the other lacks, each not met yet.
fn missing(of: &[u64], other: &[u64]) -> Vec<(u64, bool)> {
    of.iter().filter(|mark| other.binary_search(mark).is_err()).map(|mark| (*mark, false)).collect()
}

/// Hands out the names of these marks.
fn each_once(
    stored: &Stored,
    about: &About,
    mut marks: Vec<(u64, bool)>,
    bar: &Progress,
    each: &mut dyn FnMut(&str, &str),
) -> Result<()> {
    if marks.is_empty() {
        return Ok(());
    }
    stored.names_read(about, bar, &mut |places, name| {
        for category in places.iter().filter_map(|at| about.categories.get(*at)) {
            let at = marks.binary_search_by_key(&mark(&category.name, name), |(mark, _)| *mark);
            if let Some((_, met)) = at.ok().and_then(|at| marks.get_mut(at)).filter(|(_, met)| !*met) {
                *met = true;
                each(&category.name, name);
            }
        }
        Ok(())
    })
}

fn mark(category: &str, name: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    (category, name).hash(&mut hasher);
    hasher.finish()
}

fn note(names: &mut Vec<String>, name: &str, most: usize) {
    if names.len() < most {
        names.push(name.to_owned());
    }
}
