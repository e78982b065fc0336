//! Which of the files of a list are what: categories, other names of them, and what is passed over.

use super::source::{BLOB_BYTES_MAX, Member, Members, SourceFault, fault, path_plain};
use crate::error::Result;
use filter::Format;
use model::lists::is_category;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The most links one behind another.
const HOPS_MAX: usize = 8;
/// What UT1 calls files of expressions; `teen` and `sex` in them would close Middlesex and what school teaches.
const EXPRESSIONS: [&str; 2] = ["expressions", "very_restrictive_expression"];

/// A list as UT1 lays it out.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Tree {
    /// Each category with other names of it.
    pub(super) categories: BTreeMap<String, BTreeSet<String>>,
    /// Files of names, each with what it is and the categories it is for.
    pub(super) files: BTreeMap<String, (Format, BTreeSet<String>)>,
    /// What `usage` says, by category.
    pub(super) usage: BTreeMap<String, Vec<u8>>,
    /// What `global_usage` says.
    pub(super) global_usage: Vec<u8>,
    pub(super) passed: Passed,
}

/// Files that are not read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Passed {
    /// Of expressions.
    pub expressions: u64,
    /// Links that lead to nothing of the list.
    pub links: u64,
    /// All others.
    pub others: u64,
}

impl Tree {
    pub(super) fn of(members: &Members) -> Result<Self> {
        for (path, member) in members {
            if let Member::Link(_) = member {
                resolved(members, path)?;
            }
        }
        let mut tree = Self::default();
        let root = root(members)?;
        let within = |path: &str| match path.strip_prefix(&*root) {
            Some(rest) if root.is_empty() => Some(rest.to_owned()),
            Some(rest) => rest.strip_prefix('/').map(str::to_owned),
            None => None,
        };
        let mut single = Vec::new();
        for path in members.keys() {
            let Some(below) = within(path) else {
                tree.passed.others += 1;
                continue;
            };
            match below.split_once('/') {
                Some((category, file)) => tree.file_put(members, path, category, file)?,
                None => single.push((path, below)),
            }
        }
        for (path, name) in single {
            tree.single_put(members, path, &name, &root)?;
        }
        if tree.files.is_empty() { Err(fault(&root, SourceFault::Nothing)) } else { Ok(tree) }
    }

    /// Makes what links call another name of a category one of its own, with that one's names, where it is known as one.
    pub(super) fn parted(&mut self, is_known: impl Fn(&str) -> bool) -> BTreeMap<String, String> {
        let mut parted = BTreeMap::new();
        for (category, aliases) in &mut self.categories {
            let known: Vec<String> = aliases.iter().filter(|name| is_known(name)).cloned().collect();
            for name in known {
                aliases.remove(&name);
                parted.insert(name, category.clone());
            }
        }
        for (name, into) in &parted {
            self.categories.insert(name.clone(), BTreeSet::new());
            for (_, of) in self.files.values_mut().filter(|(_, of)| of.contains(into)) {
                of.insert(name.clone());
            }
            if let Some(usage) = self.usage.get(into).cloned() {
                self.usage.insert(name.clone(), usage);
            }
        }
        parted
    }

    /// A file below a category's folder.
    fn file_put(&mut self, members: &Members, path: &str, category: &str, file: &str) -> Result<()> {
        if let Some(format) = format(file) {
            let to = resolved(members, path)?;
            if !matches!(members.get(&to), Some(Member::File(_))) {
                self.passed.links += 1;
                return Ok(());
            }
            self.categories.entry(category.to_owned()).or_default();
            let of = self.files.entry(to).or_insert_with(|| (format, BTreeSet::new()));
            of.1.insert(category.to_owned());
        } else if let ("usage", Some(Member::File(Some(text)))) = (file, members.get(path)) {
            self.usage.insert(category.to_owned(), text.clone());
        } else if EXPRESSIONS.contains(&file) {
            self.passed.expressions += 1;
        } else {
            self.passed.others += 1;
        }
        Ok(())
    }

    /// A file or link beside the categories: another name of one, or what describes them all.
    fn single_put(&mut self, members: &Members, path: &str, name: &str, root: &str) -> Result<()> {
        let to = match members.get(path) {
            Some(Member::File(Some(text))) if name == "global_usage" => {
                self.global_usage.clone_from(text);
                return Ok(());
            }
            Some(Member::Link(_)) => {
                let to = resolved(members, path)?;
                to.strip_prefix(root).map(|to| to.trim_start_matches('/').to_owned())
            }
            // A link where there are none, as archives of a site that keeps versions have it.
            Some(Member::File(Some(text))) if text.len() as u64 <= BLOB_BYTES_MAX => {
                std::str::from_utf8(text).ok().map(|text| text.trim().to_owned())
            }
            _ => None,
        };
        let free = is_category(name) && !self.categories.contains_key(name);
        match to.and_then(|to| self.categories.get_mut(&to)).filter(|_| free) {
            Some(aliases) => drop(aliases.insert(name.to_owned())),
            None if matches!(members.get(path), Some(Member::Link(_))) => self.passed.links += 1,
            None => self.passed.others += 1,
        }
        Ok(())
    }
}

/// Where all categories lie.
fn root(members: &Members) -> Result<String> {
    let folder = |path: &str| {
        let (category, file) = path.rsplit_once('/')?;
        format(file)?;
        Some(category.rsplit_once('/').map_or("", |(root, _)| root).to_owned())
    };
    let roots: BTreeSet<String> = members.keys().filter_map(|path| folder(path)).collect();
    let mut roots = roots.into_iter();
    match (roots.next(), roots.next()) {
        (None, _) => Err(fault("", SourceFault::Nothing)),
        (Some(root), None) => Ok(root),
        (Some(_), Some(other)) => Err(fault(&other, SourceFault::Places)),
    }
}

/// What a path stands for once links are followed, within the list alone.
fn resolved(members: &Members, path: &str) -> Result<String> {
    let mut at = path.to_owned();
    for _ in 0..HOPS_MAX {
        let Some(Member::Link(to)) = members.get(&at) else { return Ok(at) };
        let folder = at.rsplit_once('/').map_or("", |(folder, _)| folder);
        at = path_plain(folder, to).map_err(|why| fault(path, why))?;
    }
    Err(fault(path, SourceFault::Circle))
}

fn format(file: &str) -> Option<Format> {
    match file {
        "domains" | "domains.gz" => Some(Format::Domains),
        "urls" | "urls.gz" => Some(Format::Urls),
        _ => None,
    }
}
