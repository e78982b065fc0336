//! What kind of repository it is: that decides which roles list targets, and under which names.
//!
//! A territory's repository holds data; programs are in the product's own alone. No proposal makes one of the other.

use crate::error::{Error, Result};
use crate::repository::{BUNDLES, keys_check};
use crate::tuf::{DelegatedRole, RoleKeys, Targets};
use serde::Serialize;

/// The role that signs releases of the agent.
pub(crate) const RELEASES: &str = "releases";
/// The role that signs the policy floor.
pub(crate) const FLOOR: &str = "floor";

/// The role that signs the filter's lists.
pub(crate) const LISTS_ROLE: &str = "lists";

/// Whose repository it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A territory's: resources, and the policy floor.
    Territory,
    /// The product's own: the agent's releases.
    Product,
}

/// A role that lists targets; names are flat, since clients differ in how they ask for folders.
pub(crate) struct ListRole {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    /// What the names of its targets begin with.
    pub(crate) prefix: &'static str,
    /// The same, as a delegation says it.
    path: &'static str,
}

/// All roles that list targets, of all kinds.
pub(crate) const LISTS: [ListRole; 4] = [
    ListRole { name: BUNDLES, kind: Kind::Territory, prefix: "bundle.", path: "bundle.*" },
    ListRole { name: FLOOR, kind: Kind::Territory, prefix: "floor.", path: "floor.*" },
    ListRole { name: LISTS_ROLE, kind: Kind::Territory, prefix: "lists.", path: "lists.*" },
    ListRole { name: RELEASES, kind: Kind::Product, prefix: "release.", path: "release.*" },
];

/// The role that lists a bundle.
pub(crate) fn role_of(name: &bundle::Name) -> &'static str {
    if name.is_lists() { LISTS_ROLE } else { BUNDLES }
}

impl ListRole {
    pub(crate) fn named(name: &str) -> Option<&'static Self> {
        LISTS.iter().find(|one| one.name == name)
    }

    /// The roles of a kind.
    pub(crate) fn of(kind: Kind) -> impl Iterator<Item = &'static Self> {
        LISTS.iter().filter(move |one| one.kind == kind)
    }

    pub(crate) fn delegation(&self, keys: RoleKeys) -> DelegatedRole {
        DelegatedRole { name: self.name.to_owned(), keys, paths: vec![self.path.to_owned()], terminating: true }
    }
}

/// The kind that targets make a repository, by whom they let sign what; and nothing but that.
pub(crate) fn kind_of(targets: &Targets) -> Result<Kind> {
    let bad = |why| Error::Metadata { name: "targets".to_owned(), why };
    let delegations = targets.delegations.as_ref().ok_or_else(|| bad("it lets nobody sign"))?;
    keys_check("targets", &delegations.keys)?;
    let mut kind = None;
    for (at, role) in delegations.roles.iter().enumerate() {
        let known = ListRole::named(&role.name).filter(|known| known.delegation(role.keys.clone()) == *role);
        let known = known.ok_or_else(|| bad("it lets sign what no repository of ours has"))?;
        if delegations.roles[..at].iter().any(|before| before.name == role.name) {
            return Err(bad("it names a role twice"));
        }
        if kind.replace(known.kind).is_some_and(|kind| kind != known.kind) {
            return Err(bad("a territory's repository holds no programs, and the product's holds nothing else"));
        }
    }
    kind.ok_or_else(|| bad("it lets nobody sign"))
}

/// Refuses targets that would make another kind of repository of it.
pub(crate) fn kind_kept(before: &Targets, next: &Targets) -> Result<()> {
    if kind_of(before)? == kind_of(next)? {
        return Ok(());
    }
    Err(Error::Metadata {
        name: "targets".to_owned(),
        why: "it would make a repository for programs of one for data, or the reverse",
    })
}
