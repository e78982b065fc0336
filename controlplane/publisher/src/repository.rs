//! What a repository says now: each document verified from the first root on.

use crate::error::{Error, Result};
use crate::folder::Folder;
use crate::key::{PublicKey, SigningKey};
use crate::kind::{Kind, ListRole, kind_of, role_of};
use crate::proposal::Proposal;
use crate::tuf::{Delegations, Document, Key, MetaFile, RoleKeys, Root, Snapshot, Targets, Timestamp, key_id, moment};
use bundle::{Index, Version, index_named, index_target};
use model::time::Timestamp as Moment;
use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

/// Long enough that a school year's holidays do not end it, short enough that its holders meet once a year.
pub(crate) const OFFLINE_LIFE: Duration = Duration::from_secs(400 * 86_400);
/// Until then a device may be shown an old list without knowing; beyond it, it installs nothing and says so.
pub(crate) const SNAPSHOT_LIFE: Duration = Duration::from_secs(30 * 86_400);
pub(crate) const TIMESTAMP_LIFE: Duration = Duration::from_secs(7 * 86_400);
/// The role that may sign bundles.
pub(crate) const BUNDLES: &str = "bundles";
/// Roles whose keys lie on the publishing machine.
pub(crate) const ONLINE: [&str; 2] = ["snapshot", "timestamp"];

/// Who signs a role offline.
#[derive(Clone, Debug)]
pub struct Holders {
    /// Their keys.
    pub keys: Vec<PublicKey>,
    /// How many of them must sign.
    pub threshold: usize,
}

/// Who signs a new repository's documents offline.
#[derive(Clone, Debug)]
pub struct Founders {
    /// Who says whose keys hold.
    pub root: Holders,
    /// Who says who may publish what.
    pub targets: Holders,
    /// Who publishes what, by role; for the roles of its kind that are not named here, those of targets do.
    pub lists: BTreeMap<String, Holders>,
}

/// A repository whose documents hold.
pub struct Repository {
    pub(crate) root: Root,
    pub(crate) root_document: Document,
    /// None until the first proposal is published.
    pub(crate) published: Option<Published>,
    /// A later root lies there already, and all else is not of it: publishing it was cut.
    pub(crate) cut: bool,
}

pub(crate) struct Published {
    pub(crate) targets: Targets,
    pub(crate) targets_document: Document,
    /// Those that list targets, by role.
    pub(crate) lists: BTreeMap<String, List>,
    pub(crate) snapshot: Snapshot,
    pub(crate) timestamp: Timestamp,
}

/// A document that lists targets.
pub(crate) struct List {
    pub(crate) targets: Targets,
    pub(crate) document: Document,
}

impl Repository {
    /// Reads and verifies one; what has expired is read too, since only so can it be renewed.
    ///
    /// # Errors
    /// [`Error::NotRepository`], [`Error::Metadata`], [`Error::Threshold`].
    pub fn read(folder: &Folder) -> Result<Self> {
        let none = || Error::NotRepository(folder.root().to_owned());
        let first = root_read(folder, 1).ok().flatten().ok_or_else(none)?;
        let mut root: Root = first.role()?;
        first.verify("root", &root.keys, root_keys(&root, "root")?)?;
        let mut roots = vec![(root.clone(), first)];
        while let Some(document) = root_read(folder, root.version + 1)? {
            let next: Root = document.role()?;
            root_verify(&root, &document, &next)?;
            if next.version != root.version + 1 {
                return Err(Error::Metadata { name: "root".to_owned(), why: "its version is not that of its file" });
            }
            root = next.clone();
            roots.push((next, document));
        }
        let whole = |(root, root_document), published| Self { root, root_document, published, cut: false };
        let last = roots.pop().ok_or_else(none)?;
        if !folder.metadata("timestamp", 0).exists() {
            return Ok(whole(last, None));
        }
        match (Published::read(folder, &last.0), roots.pop()) {
            (Ok(published), _) => Ok(whole(last, Some(published))),
            // A root that was written just before publishing was cut: the one before it is still that of all else.
            (Err(error), Some(before)) => match Published::read(folder, &before.0) {
                Ok(published) => Ok(Self { cut: true, ..whole(before, Some(published)) }),
                Err(_) => Err(error),
            },
            (Err(error), None) => Err(error),
        }
    }

    pub(crate) fn published(&self, folder: &Folder) -> Result<&Published> {
        self.published.as_ref().ok_or_else(|| Error::NotRepository(folder.root().to_owned()))
    }

    /// Names and expiry of each role.
    pub(crate) fn roles(&self) -> Vec<(&str, u64, &str)> {
        let mut roles = vec![("root", self.root.version, self.root.expires.as_str())];
        if let Some(published) = &self.published {
            roles.push(("targets", published.targets.version, &published.targets.expires));
            let lists = published.lists.iter();
            roles
                .extend(lists.map(|(role, list)| (role.as_str(), list.targets.version, list.targets.expires.as_str())));
            roles.push(("snapshot", published.snapshot.version, &published.snapshot.expires));
            roles.push(("timestamp", published.timestamp.version, &published.timestamp.expires));
        }
        roles
    }
}

impl Published {
    fn read(folder: &Folder, root: &Root) -> Result<Self> {
        Self::judge(root, &|role, version| folder.metadata_read(role, version))
    }

    /// From the timestamp down, each document by the one that names it, as a device would; `read` gives their bytes.
    pub(crate) fn judge(root: &Root, read: &dyn Fn(&str, u64) -> Result<Vec<u8>>) -> Result<Self> {
        let timestamp = Document::parse("timestamp", &read("timestamp", 0)?)?;
        timestamp.verify("timestamp", &root.keys, root_keys(root, "timestamp")?)?;
        let timestamp: Timestamp = timestamp.role()?;
        let snapshot = listed_read(read, &timestamp.meta, "snapshot")?;
        snapshot.verify("snapshot", &root.keys, root_keys(root, "snapshot")?)?;
        let snapshot: Snapshot = snapshot.role()?;
        let targets_document = listed_read(read, &snapshot.meta, "targets")?;
        targets_document.verify("targets", &root.keys, root_keys(root, "targets")?)?;
        let targets: Targets = targets_document.role()?;
        contents_check("targets", &targets)?;
        let mut lists = BTreeMap::new();
        for role in delegated_roles(&targets) {
            let document = listed_read(read, &snapshot.meta, role)?;
            let (keys, keyed) = delegated(&targets, role)?;
            document.verify(role, keys, keyed)?;
            let list: Targets = document.role()?;
            contents_check(role, &list)?;
            lists.insert(role.to_owned(), List { targets: list, document });
        }
        Ok(Self { targets, targets_document, lists, snapshot, timestamp })
    }

    /// What one role lists.
    pub(crate) fn list(&self, role: &str) -> Result<&Targets> {
        self.lists.get(role).map(|list| &list.targets).ok_or_else(|| undelegated(role))
    }

    /// The last versions of a bundle, at most so many, each with its index; oldest first.
    pub(crate) fn last(&self, folder: &Folder, name: &bundle::Name, most: usize) -> Result<Vec<(Version, Index)>> {
        let list = self.list(role_of(name))?;
        let mut versions = versions(list, name);
        let read = |version: Version| {
            let target_name = index_target(name, &version);
            let bytes = list.targets.get(&target_name).and_then(|target| {
                let path = folder.target(&target_name, target.hashes.get("sha256")?);
                fs::read(path).ok().filter(|bytes| crate::tuf::Target::of(bytes, target.custom.clone()) == *target)
            });
            let bytes = bytes.ok_or(Error::TargetBad(target_name))?;
            Ok((version, Index::decode(&bytes)?))
        };
        versions.split_off(versions.len().saturating_sub(most)).into_iter().map(read).collect()
    }
}

/// Makes a repository's folder with the keys of this machine, and proposes its first documents.
///
/// # Errors
/// [`Error::NotEmpty`], [`Error::ThresholdBad`], [`Error::File`].
pub fn init(folder: &Folder, kind: Kind, founders: &Founders, now: Moment) -> Result<Proposal> {
    let Founders { root, targets, lists } = founders;
    if let Some(role) = lists.keys().find(|role| !ListRole::of(kind).any(|one| one.name == **role)) {
        return Err(Error::Metadata { name: role.clone(), why: "no role of such a repository" });
    }
    let named = lists.iter().map(|(role, holders)| (role.as_str(), holders));
    for (role, holders) in [("root", root), ("targets", targets)].into_iter().chain(named) {
        threshold_check(role, holders.threshold, &ids(holders))?;
    }
    folder.create()?;
    let mut keys = BTreeMap::new();
    let mut roles = BTreeMap::new();
    for (role, holders) in [("root", root), ("targets", targets)] {
        keys.extend(keys_of(holders));
        roles.insert(role.to_owned(), RoleKeys { keyids: ids(holders), threshold: holders.threshold });
    }
    for role in ONLINE {
        let key = online_create(folder, role)?;
        roles.insert(role.to_owned(), RoleKeys { keyids: vec![key.id()], threshold: 1 });
        keys.insert(key.id(), key.0);
    }
    let expires = moment(now.after(OFFLINE_LIFE));
    let mut delegations = Delegations { keys: BTreeMap::new(), roles: Vec::new() };
    let mut proposal = Proposal::new(None, None);
    for role in ListRole::of(kind) {
        // Who may say who publishes may publish, until somebody else is named.
        let holders = lists.get(role.name).unwrap_or(targets);
        delegations.keys.extend(keys_of(holders));
        delegations.roles.push(role.delegation(RoleKeys { keyids: ids(holders), threshold: holders.threshold }));
        proposal.add(role.name, &Targets::new(expires.clone(), None))?;
    }
    proposal.add("root", &Root::new(expires.clone(), keys, roles))?;
    proposal.add("targets", &Targets::new(expires, Some(delegations)))?;
    Ok(proposal)
}

/// Proposes what is signed offline anew, to last longer.
///
/// # Errors
/// What reading the repository says.
pub fn renew(folder: &Folder, now: Moment) -> Result<Proposal> {
    let repository = Repository::read(folder)?;
    let published = repository.published(folder)?;
    let expires = moment(now.after(OFFLINE_LIFE));
    let mut proposal = Proposal::of(&repository, published);
    let (mut root, mut targets) = (repository.root.clone(), published.targets.clone());
    (root.version, root.expires) = (root.version + 1, expires.clone());
    (targets.version, targets.expires) = (targets.version + 1, expires);
    proposal.add("root", &root)?;
    proposal.add("targets", &targets)?;
    for (role, list) in &published.lists {
        proposal.add(role, &list_next(&list.targets, now))?;
    }
    Ok(proposal)
}

/// The next version of a list, which says the same until it is changed.
pub(crate) fn list_next(list: &Targets, now: Moment) -> Targets {
    Targets { version: list.version + 1, expires: moment(now.after(OFFLINE_LIFE)), ..list.clone() }
}

/// A root holds when those of the one before it signed it, and those it names.
pub(crate) fn root_verify(before: &Root, document: &Document, root: &Root) -> Result<()> {
    document.verify("root", &before.keys, root_keys(before, "root")?)?;
    document.verify("root", &root.keys, root_keys(root, "root")?)
}

pub(crate) fn root_keys<'a>(root: &'a Root, role: &str) -> Result<&'a RoleKeys> {
    root.roles.get(role).ok_or(Error::Metadata { name: role.to_owned(), why: "the root names no keys for it" })
}

/// The keys of a delegated role.
pub(crate) fn delegated<'a>(targets: &'a Targets, role: &str) -> Result<(&'a BTreeMap<String, Key>, &'a RoleKeys)> {
    let found = targets.delegations.as_ref().and_then(|delegations| {
        let role = delegations.roles.iter().find(|one| one.name == role)?;
        Some((&delegations.keys, &role.keys))
    });
    found.ok_or_else(|| undelegated(role))
}

/// The roles that targets let sign.
pub(crate) fn delegated_roles(targets: &Targets) -> impl Iterator<Item = &str> {
    targets.delegations.iter().flat_map(|delegations| &delegations.roles).map(|role| role.name.as_str())
}

fn undelegated(role: &str) -> Error {
    Error::NotDelegated(role.to_owned())
}

/// Targets under names that all clients ask for alike, in the one role that lists them; and nobody signs in that role's place.
pub(crate) fn contents_check(role: &str, targets: &Targets) -> Result<()> {
    let bad = |why| Err(Error::Metadata { name: role.to_owned(), why });
    let Some(list) = ListRole::named(role) else {
        kind_of(targets)?;
        return if targets.targets.is_empty() { Ok(()) } else { bad("it may not list targets itself") };
    };
    if targets.delegations.is_some() {
        return bad("it may not let others sign");
    }
    let known = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || ".-".contains(c);
    if !targets.targets.keys().all(|name| name.starts_with(list.prefix) && name.chars().all(known)) {
        return bad("a target's name does not begin as this role's do, or has others than a-z, 0-9, dots and hyphens");
    }
    Ok(())
}

/// Each key under its own name: holders are shown names, and devices count keys.
pub(crate) fn keys_check(role: &str, keys: &BTreeMap<String, Key>) -> Result<()> {
    if keys.iter().all(|(id, key)| key_id(key) == *id) {
        return Ok(());
    }
    Err(Error::Metadata { name: role.to_owned(), why: "a key bears another one's name" })
}

/// Keys that are there, distinct, and enough.
pub(crate) fn threshold_check(role: &str, threshold: usize, keys: &[String]) -> Result<()> {
    let distinct: std::collections::BTreeSet<_> = keys.iter().collect();
    if threshold == 0 || threshold > distinct.len() || distinct.len() != keys.len() {
        return Err(Error::ThresholdBad { role: role.to_owned(), threshold, keys: distinct.len() });
    }
    Ok(())
}

/// A new key of this machine.
pub(crate) fn online_create(folder: &Folder, role: &str) -> Result<PublicKey> {
    let free = (1..).map(|n| folder.keys().join(format!("{role}-{n}.key"))).find(|path| !path.exists());
    SigningKey::create(&free.unwrap_or_default()).map(|key| key.public())
}

/// The versions of a bundle that are offered, the latest last.
pub(crate) fn versions(bundles: &Targets, name: &bundle::Name) -> Vec<Version> {
    let named = bundles.targets.keys().filter_map(|target| index_named(target));
    let mut versions: Vec<Version> = named.filter(|(one, _)| one == name).map(|(_, version)| version).collect();
    versions.sort();
    versions
}

/// A root that lies there. The last one counts for nothing while it is no metadata at all: writing it was cut.
pub(crate) fn root_read(folder: &Folder, version: u64) -> Result<Option<Document>> {
    let there = |version| folder.metadata("root", version).exists();
    if !there(version) {
        return Ok(None);
    }
    match Document::parse("root", &folder.metadata_read("root", version)?) {
        Err(_) if !there(version + 1) => Ok(None),
        document => document.map(Some),
    }
}

/// A document that another one lists, in the very bytes it lists.
fn listed_read(
    read: &dyn Fn(&str, u64) -> Result<Vec<u8>>,
    meta: &BTreeMap<String, MetaFile>,
    role: &str,
) -> Result<Document> {
    let bad = |why| Error::Metadata { name: role.to_owned(), why };
    let listed = meta.get(&format!("{role}.json")).ok_or_else(|| bad("it is not listed"))?;
    let bytes = read(role, listed.version)?;
    let document = Document::parse(role, &bytes)?;
    let version = document.signed.get("version").and_then(serde_json::Value::as_u64);
    if listed.is_of(&bytes) && version == Some(listed.version) {
        Ok(document)
    } else {
        Err(bad("it is not the one that is listed"))
    }
}

fn ids(holders: &Holders) -> Vec<String> {
    holders.keys.iter().map(PublicKey::id).collect()
}

fn keys_of(holders: &Holders) -> impl Iterator<Item = (String, Key)> {
    holders.keys.iter().map(|key| (key.id(), key.0.clone()))
}
