//! What each role says.

use super::canonical;
use aws_lc_rs::digest::{SHA512, digest};
use model::digest::{Digest, hex, unhex};
use model::time::Timestamp as Moment;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

const SPECIFICATION: &str = "1.0.31";

/// What all roles have.
pub(crate) trait Role: Serialize + DeserializeOwned {
    const TYPE: &'static str;
    fn kind(&self) -> &str;
}

macro_rules! role {
    ($name:ident, $type:literal) => {
        impl Role for $name {
            const TYPE: &'static str = $type;
            fn kind(&self) -> &str {
                &self.kind
            }
        }
    };
}

/// A public key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Key {
    pub(crate) keytype: String,
    pub(crate) keyval: KeyValue,
    pub(crate) scheme: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct KeyValue {
    /// Hexadecimal.
    pub(crate) public: String,
}

/// Who signs for a role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RoleKeys {
    pub(crate) keyids: Vec<String>,
    pub(crate) threshold: usize,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Root {
    #[serde(rename = "_type")]
    pub(crate) kind: String,
    pub(crate) spec_version: String,
    pub(crate) consistent_snapshot: bool,
    pub(crate) version: u64,
    pub(crate) expires: String,
    pub(crate) keys: BTreeMap<String, Key>,
    pub(crate) roles: BTreeMap<String, RoleKeys>,
}

/// A file that may be installed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Target {
    pub(crate) length: u64,
    pub(crate) hashes: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) custom: Option<Value>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Delegations {
    pub(crate) keys: BTreeMap<String, Key>,
    pub(crate) roles: Vec<DelegatedRole>,
}

/// A role that signs for the names of some paths, and no others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DelegatedRole {
    pub(crate) name: String,
    #[serde(flatten)]
    pub(crate) keys: RoleKeys,
    pub(crate) paths: Vec<String>,
    pub(crate) terminating: bool,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Targets {
    #[serde(rename = "_type")]
    pub(crate) kind: String,
    pub(crate) spec_version: String,
    pub(crate) version: u64,
    pub(crate) expires: String,
    pub(crate) targets: BTreeMap<String, Target>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) delegations: Option<Delegations>,
}

/// Which version of a metadata file holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct MetaFile {
    pub(crate) version: u64,
    pub(crate) length: u64,
    pub(crate) hashes: BTreeMap<String, String>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Snapshot {
    #[serde(rename = "_type")]
    pub(crate) kind: String,
    pub(crate) spec_version: String,
    pub(crate) version: u64,
    pub(crate) expires: String,
    pub(crate) meta: BTreeMap<String, MetaFile>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Timestamp {
    #[serde(rename = "_type")]
    pub(crate) kind: String,
    pub(crate) spec_version: String,
    pub(crate) version: u64,
    pub(crate) expires: String,
    pub(crate) meta: BTreeMap<String, MetaFile>,
}

role!(Root, "root");
role!(Targets, "targets");
role!(Snapshot, "snapshot");
role!(Timestamp, "timestamp");

impl Key {
    pub(crate) fn ed25519(public: &[u8]) -> Self {
        let keyval = KeyValue { public: hex(public) };
        Self { keytype: "ed25519".to_owned(), keyval, scheme: "ed25519".to_owned() }
    }

    pub(crate) fn is_ed25519(&self) -> bool {
        self.keytype == "ed25519" && self.scheme == "ed25519" && self.public().is_some_and(|key| key.len() == 32)
    }

    pub(crate) fn public(&self) -> Option<Vec<u8>> {
        unhex(&self.keyval.public)
    }
}

impl Root {
    pub(crate) fn new(expires: String, keys: BTreeMap<String, Key>, roles: BTreeMap<String, RoleKeys>) -> Self {
        let (kind, spec_version) = (Self::TYPE.to_owned(), SPECIFICATION.to_owned());
        Self { kind, spec_version, consistent_snapshot: true, version: 1, expires, keys, roles }
    }
}

impl Targets {
    pub(crate) fn new(expires: String, delegations: Option<Delegations>) -> Self {
        let (kind, spec_version) = (Self::TYPE.to_owned(), SPECIFICATION.to_owned());
        Self { kind, spec_version, version: 1, expires, targets: BTreeMap::new(), delegations }
    }
}

impl Snapshot {
    pub(crate) fn new(version: u64, expires: String, meta: BTreeMap<String, MetaFile>) -> Self {
        Self { kind: Self::TYPE.to_owned(), spec_version: SPECIFICATION.to_owned(), version, expires, meta }
    }
}

impl Timestamp {
    pub(crate) fn new(version: u64, expires: String, meta: BTreeMap<String, MetaFile>) -> Self {
        Self { kind: Self::TYPE.to_owned(), spec_version: SPECIFICATION.to_owned(), version, expires, meta }
    }
}

impl Target {
    /// Of some bytes; both digests, since clients differ in which they ask for.
    pub(crate) fn of(bytes: &[u8], custom: Option<Value>) -> Self {
        let hashes = [("sha256".to_owned(), sha256(bytes)), ("sha512".to_owned(), sha512(bytes))].into();
        Self { length: bytes.len() as u64, hashes, custom }
    }
}

impl MetaFile {
    pub(crate) fn of(version: u64, bytes: &[u8]) -> Self {
        Self { version, length: bytes.len() as u64, hashes: [("sha256".to_owned(), sha256(bytes))].into() }
    }

    pub(crate) fn is_of(&self, bytes: &[u8]) -> bool {
        self.length == bytes.len() as u64 && self.hashes.get("sha256") == Some(&sha256(bytes))
    }
}

/// A key's name: the SHA-256 of its canonical form, as clients that insist want it.
pub(crate) fn key_id(key: &Key) -> String {
    let form = serde_json::to_value(key).ok().and_then(|value| canonical(&value)).unwrap_or_default();
    sha256(&form)
}

pub(crate) fn sha256(bytes: &[u8]) -> String {
    Digest::of(bytes).to_string()
}

pub(crate) fn sha512(bytes: &[u8]) -> String {
    hex(digest(&SHA512, bytes).as_ref())
}

/// A moment as metadata says it: whole seconds, UTC.
pub(crate) fn moment(at: Moment) -> String {
    let second = jiff::Timestamp::from_second(at.unix_seconds()).unwrap_or(jiff::Timestamp::MAX);
    second.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Whether a moment is written so: only then is the order of texts that of time.
pub(crate) fn is_moment(text: &str) -> bool {
    let read = text.parse().ok().map(|second: jiff::Timestamp| second.strftime("%Y-%m-%dT%H:%M:%SZ").to_string());
    read.as_deref() == Some(text)
}
