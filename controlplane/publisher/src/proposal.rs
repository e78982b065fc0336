//! What waits for signatures: one file, carried to each key's holder and back.

use crate::difference::{Line, lines, signed_before};
use crate::error::{Error, Result, read_failed, write_failed};
use crate::folder::file_put;
use crate::key::{PublicKey, SigningKey};
use crate::kind::{ListRole, kind_kept};
use crate::repository::{Published, Repository, contents_check, delegated, keys_check, root_keys};
use crate::tuf::{Document, Key, Role, RoleKeys, Root, Targets, Threshold, key_id};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// The largest file that is read as one, in bytes.
const FILE_BYTES_MAX: u64 = 32 << 20;
const FORMAT: &str = "cartable-proposal 2";

/// Documents that would hold next, with those that hold now: enough to see, on a machine without a network, what a key signs.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proposal {
    format: String,
    /// The root that holds now; none before the first.
    root: Option<Document>,
    /// The targets that hold now.
    targets: Option<Document>,
    /// What lists targets now, by role.
    #[serde(default)]
    lists: BTreeMap<String, Document>,
    /// What is proposed, by role.
    documents: BTreeMap<String, Document>,
}

/// How far a document is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Standing {
    /// Its role.
    pub role: String,
    /// Its version.
    pub version: u64,
    /// Until when it would hold.
    pub expires: String,
    /// Signatures that hold.
    pub have: usize,
    /// How many there must be.
    pub need: usize,
    /// The keys that may sign.
    pub keys: Vec<String>,
    /// All that it says, and what the one before it said besides.
    pub lines: Vec<Line>,
}

impl Proposal {
    pub(crate) fn new(root: Option<Document>, targets: Option<Document>) -> Self {
        Self { format: FORMAT.to_owned(), root, targets, lists: BTreeMap::new(), documents: BTreeMap::new() }
    }

    pub(crate) fn of(repository: &Repository, published: &Published) -> Self {
        let now = Self::new(Some(repository.root_document.clone()), Some(published.targets_document.clone()));
        let lists = published.lists.iter().map(|(role, list)| (role.clone(), list.document.clone())).collect();
        Self { lists, ..now }
    }

    pub(crate) fn add(&mut self, role: &str, document: &impl Role) -> Result<()> {
        self.documents.insert(role.to_owned(), Document::new(document)?);
        Ok(())
    }

    /// Reads one.
    ///
    /// # Errors
    /// [`Error::File`], [`Error::NotProposal`].
    pub fn read(path: &Path) -> Result<Self> {
        let bad = |why: &str| Error::NotProposal { path: path.to_owned(), why: why.to_owned() };
        let length = fs::metadata(path).map_err(read_failed(path))?.len();
        if length > FILE_BYTES_MAX {
            return Err(bad("too large"));
        }
        let bytes = fs::read(path).map_err(read_failed(path))?;
        let proposal: Self = serde_json::from_slice(&bytes).map_err(|error| bad(&error.to_string()))?;
        let mut roles = proposal.documents.keys().chain(proposal.lists.keys()).map(String::as_str);
        let known = roles.all(|role| ["root", "targets"].contains(&role) || ListRole::named(role).is_some());
        if proposal.format != FORMAT || !known || proposal.documents.is_empty() {
            return Err(bad("of another format"));
        }
        proposal.check().map_err(|error| bad(&error.to_string()))?;
        Ok(proposal)
    }

    /// Writes it, in the place of what was there.
    ///
    /// # Errors
    /// [`Error::File`].
    pub fn write(&self, path: &Path) -> Result<()> {
        let text = serde_json::to_vec_pretty(self).map_err(|error| write_failed(path)(error.into()))?;
        file_put(path, &text)
    }

    /// Signs whatever this key may sign; the roles it signed.
    ///
    /// # Errors
    /// [`Error::KeyUnasked`] when that is nothing.
    pub fn sign(&mut self, key: &SigningKey) -> Result<Vec<String>> {
        let id = key.public().id();
        let mut signed = Vec::new();
        for role in self.documents.keys().cloned().collect::<Vec<_>>() {
            if !self.signers(&role)?.iter().any(|(_, keys)| keys.keyids.contains(&id)) {
                continue;
            }
            if let Some(document) = self.documents.get_mut(&role) {
                document.sign(key)?;
            }
            signed.push(role);
        }
        if signed.is_empty() { Err(Error::KeyUnasked) } else { Ok(signed) }
    }

    /// How far each document is, and what it says; `key` is who is to sign.
    ///
    /// What holds now was carried with the proposal, by whoever made it. Of root and targets all is said, so that nothing is hidden by
    /// it; of lists only what the very key signed in the version before counts as known.
    ///
    /// # Errors
    /// [`Error::Metadata`] for documents that are none.
    pub fn standings(&self, key: Option<&PublicKey>) -> Result<Vec<Standing>> {
        let mut standings = Vec::new();
        for (role, document) in &self.documents {
            let (version, expires) = if role == "root" {
                let root: Root = document.role()?;
                (root.version, root.expires)
            } else {
                let targets: Targets = document.role()?;
                (targets.version, targets.expires)
            };
            let before = match (role.as_str(), self.lists.get(role), key) {
                ("root", ..) => self.root.as_ref(),
                ("targets", ..) => self.targets.as_ref(),
                (_, Some(before), Some(key)) => signed_before(role, before, document, key)?,
                (_, before, _) => before,
            };
            let lines = lines(role, before, document)?;
            let signers = self.signers(role)?;
            // Of two groups that must both sign, the one that lacks more is told.
            let far: Vec<Threshold> = signers.iter().map(|(keys, role)| document.threshold(keys, role)).collect();
            let worst = far.iter().max_by_key(|one| one.need.saturating_sub(one.have));
            let (have, need) = worst.map_or((0, 1), |one| (one.have, one.need));
            let mut keys: Vec<String> = signers.iter().flat_map(|(_, role)| role.keyids.clone()).collect();
            keys.sort();
            keys.dedup();
            standings.push(Standing { role: role.clone(), version, expires, have, need, keys, lines });
        }
        Ok(standings)
    }

    pub(crate) fn roles(&self) -> impl Iterator<Item = &str> {
        self.documents.keys().map(String::as_str)
    }

    pub(crate) fn document(&self, role: &str) -> Option<&Document> {
        self.documents.get(role)
    }

    /// Whether these bytes are proposed under this name.
    pub(crate) fn names(&self, name: &str, sha256: &str) -> Result<bool> {
        for (role, document) in &self.documents {
            if ListRole::named(role).is_none() {
                continue;
            }
            let list: Targets = document.role()?;
            let digest = list.targets.get(name).and_then(|target| target.hashes.get("sha256"));
            if digest.is_some_and(|digest| digest == sha256) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Refuses what no key should sign, whatever its holder answers.
    fn check(&self) -> Result<()> {
        for (role, document) in &self.documents {
            if role == "root" {
                keys_check(role, &document.role::<Root>()?.keys)?;
            } else {
                contents_check(role, &document.role()?)?;
            }
        }
        if let (Some(before), Some(next)) = (&self.targets, self.documents.get("targets")) {
            kind_kept(&before.role()?, &next.role()?)?;
        }
        self.standings(None).map(drop)
    }

    /// The groups of keys that must sign a document.
    fn signers(&self, role: &str) -> Result<Vec<(BTreeMap<String, Key>, RoleKeys)>> {
        let before: Option<Root> = self.root.as_ref().map(Document::role).transpose()?;
        let next: Option<Root> = self.documents.get("root").map(Document::role).transpose()?;
        let of_root = |root: &Root, role: &str| Ok((own_names(&root.keys), root_keys(root, role)?.clone()));
        let none = || Error::Metadata { name: role.to_owned(), why: "nobody is named who may sign it" };
        if role == "root" {
            return before.iter().chain(&next).map(|root| of_root(root, "root")).collect();
        }
        if role == "targets" {
            let root = next.or(before).ok_or_else(none)?;
            return Ok(vec![of_root(&root, "targets")?]);
        }
        let document = self.documents.get("targets").or(self.targets.as_ref()).ok_or_else(none)?;
        let targets: Targets = document.role()?;
        let (keys, role) = delegated(&targets, role)?;
        Ok(vec![(own_names(keys), role.clone())])
    }
}

/// Only keys under their own names: a proposal that calls one key by another's name would have the wrong holder sign.
fn own_names(keys: &BTreeMap<String, Key>) -> BTreeMap<String, Key> {
    keys.iter().filter(|(id, key)| key_id(key) == **id).map(|(id, key)| (id.clone(), key.clone())).collect()
}
