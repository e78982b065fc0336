//! Whose resources devices install: the publisher's root metadata, in the trust roots that the territory's root signs.
//!
//! The server knows no key of the publisher's and reads nothing else of the repository, so its thief can neither change this nor sign
//! a bundle.

use super::files::{TRUST, lock};
use super::rotate::{online_next, root, trust_held, trust_write};
use crate::error::{CaFault, Result};
use crate::folder::{Folder, text_read};
use model::digest::Digest;
use model::id::TerritoryId;
use model::key::OnlineKey;
use model::time::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use wire::convert::{PUBLISHER_ROOT_MAX, Trust};

/// A root of a repository, as a person compares it with the publisher's word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublisherRoot {
    /// SHA-256 of the file.
    pub sha256: Digest,
    /// Its version.
    pub version: u64,
    /// The names of the keys that sign it.
    pub keys: Vec<String>,
    /// How many of them must.
    pub threshold: usize,
}

#[derive(Deserialize)]
struct Document<'a> {
    #[serde(borrow)]
    signed: &'a RawValue,
    signatures: Vec<Signature>,
}

#[derive(Deserialize)]
struct Signature {
    keyid: String,
    sig: String,
}

#[derive(Deserialize)]
struct Root {
    #[serde(rename = "_type")]
    kind: String,
    version: u64,
    consistent_snapshot: bool,
    expires: jiff::Timestamp,
    keys: BTreeMap<String, Key>,
    roles: BTreeMap<String, Role>,
}

#[derive(Deserialize)]
struct Key {
    keytype: String,
    keyval: Value,
}

#[derive(Deserialize)]
struct Value {
    public: String,
}

#[derive(Deserialize)]
struct Role {
    keyids: BTreeSet<String>,
    threshold: usize,
}

/// Reads a root as `cartable-publish` writes it, and says whose it is.
///
/// # Errors
/// [`CaFault::PublisherRoot`] when it is none that devices would believe, [`CaFault::PublisherRootEnded`].
pub fn publisher_root_read(file: &Path, now: Timestamp) -> Result<(String, PublisherRoot)> {
    let text = text_read(file)?;
    let (read, expires) = root_judge(&text).ok_or(CaFault::PublisherRoot)?;
    if expires.as_millisecond() <= now.unix_millis() {
        return Err(CaFault::PublisherRootEnded.into());
    }
    Ok((text, read))
}

/// Tells devices to believe this root from their next contact on; the version of the trust roots.
///
/// # Errors
/// [`CaFault`] when the root's key is not at hand, or a rotation is under way: what it ends with is signed already, and would take
/// this back.
pub fn publisher_set(
    folder: &Folder,
    territory: &TerritoryId,
    root_key: Option<&Path>,
    publisher: &str,
) -> Result<u64> {
    let _lock = lock(folder)?;
    let (root, held) = (root(folder, root_key)?, trust_held(folder, territory)?);
    if online_next(folder, &held)?.is_some() || held.online.len() > 1 {
        return Err(CaFault::UnderWay.into());
    }
    if held.publisher == publisher.as_bytes() {
        return Ok(held.version);
    }
    let version = held.version + 1;
    let publisher = publisher.to_owned().into();
    trust_write(folder, TRUST, &root, &Trust { version, publisher, ..held })?;
    Ok(version)
}

/// Whose a root is and when it ends; nothing where a device would not begin with it. The file is in the one form that is signed, so
/// the bytes that were signed are a part of it.
fn root_judge(text: &str) -> Option<(PublisherRoot, jiff::Timestamp)> {
    let document: Document<'_> = serde_json::from_str(text).ok().filter(|_| text.len() <= PUBLISHER_ROOT_MAX)?;
    let root: Root = serde_json::from_str(document.signed.get()).ok()?;
    let role = root.roles.get("root").filter(|role| role.threshold > 0)?;
    let key = |key: &Key| OnlineKey::try_from(key.keyval.public.clone()).ok().filter(|_| key.keytype == "ed25519");
    let keys: Option<BTreeMap<&String, OnlineKey>> = root.keys.iter().map(|(id, it)| Some((id, key(it)?))).collect();
    let keys = keys?;
    let different: BTreeSet<&[u8]> = keys.values().map(OnlineKey::as_bytes).collect();
    let signed = |signature: &&Signature| {
        let bytes = model::digest::unhex(&signature.sig).unwrap_or_default();
        let key = keys.get(&signature.keyid).filter(|_| role.keyids.contains(&signature.keyid));
        key.is_some_and(|key| key.verify(document.signed.get().as_bytes(), &bytes).is_ok())
    };
    let signers: BTreeSet<&str> = document.signatures.iter().filter(signed).map(|it| it.keyid.as_str()).collect();
    let good = root.kind == "root"
        && root.consistent_snapshot
        && different.len() == keys.len()
        && signers.len() >= role.threshold
        && ["targets", "snapshot", "timestamp"].iter().all(|name| root.roles.contains_key(*name));
    let (sha256, keys) = (Digest::of(text.as_bytes()), role.keyids.iter().cloned().collect());
    good.then_some((PublisherRoot { sha256, version: root.version, keys, threshold: role.threshold }, root.expires))
}
