//! A role with its signatures, as it lies in a file.

use super::{Key, Role, RoleKeys, canonical, key_id};
use crate::error::{Error, Result};
use crate::key::SigningKey;
use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use model::digest::{hex, unhex};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The largest metadata file, in bytes.
const BYTES_MAX: usize = 8 << 20;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Document {
    pub(crate) signatures: Vec<Signature>,
    /// As it was read, so that what we do not know stays signed.
    pub(crate) signed: Value,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Signature {
    pub(crate) keyid: String,
    /// Hexadecimal.
    pub(crate) sig: String,
}

/// Who must sign a document, and how many of them did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Threshold {
    pub(crate) have: usize,
    pub(crate) need: usize,
}

impl Document {
    pub(crate) fn new(role: &impl Role) -> Result<Self> {
        let signed = serde_json::to_value(role).map_err(|_| bad("role", "it has no JSON form"))?;
        Ok(Self { signatures: Vec::new(), signed })
    }

    pub(crate) fn parse(name: &str, bytes: &[u8]) -> Result<Self> {
        if bytes.len() > BYTES_MAX {
            return Err(bad(name, "too large"));
        }
        serde_json::from_slice(bytes).map_err(|_| bad(name, "not signed metadata"))
    }

    /// As it lies in a file.
    pub(crate) fn bytes(&self) -> Result<Vec<u8>> {
        let value = serde_json::to_value(self).ok().and_then(|value| canonical(&value));
        value
            .map(|mut bytes| {
                bytes.push(b'\n');
                bytes
            })
            .ok_or_else(|| bad("role", "it has no canonical form"))
    }

    /// What it says, whether or not it is signed.
    pub(crate) fn role<R: Role>(&self) -> Result<R> {
        let role: R =
            serde_json::from_value(self.signed.clone()).map_err(|_| bad(R::TYPE, "not this role's metadata"))?;
        if role.kind() == R::TYPE { Ok(role) } else { Err(bad(R::TYPE, "another role's metadata")) }
    }

    pub(crate) fn sign(&mut self, key: &SigningKey) -> Result<()> {
        let form = canonical(&self.signed).ok_or_else(|| bad("role", "it has no canonical form"))?;
        let keyid = key_id(&key.public().0);
        self.signatures.retain(|signature| signature.keyid != keyid);
        self.signatures.push(Signature { keyid, sig: hex(&key.sign(&form)) });
        self.signatures.sort_by(|one, other| one.keyid.cmp(&other.keyid));
        Ok(())
    }

    /// How many of a role's keys signed this; each key counts once, under whatever names.
    pub(crate) fn threshold(&self, keys: &BTreeMap<String, Key>, role: &RoleKeys) -> Threshold {
        let need = role.threshold.max(1);
        let Some(form) = canonical(&self.signed) else { return Threshold { have: 0, need } };
        let mut have = BTreeSet::new();
        for signature in self.signatures.iter().filter(|signature| role.keyids.contains(&signature.keyid)) {
            let key = keys.get(&signature.keyid).filter(|key| key.is_ed25519());
            let Some((public, sig)) = key.and_then(Key::public).zip(unhex(&signature.sig)) else { continue };
            if UnparsedPublicKey::new(&ED25519, &public).verify(&form, &sig).is_ok() {
                have.insert(public);
            }
        }
        Threshold { have: have.len(), need }
    }

    /// Refuses too few signatures, and two under one name: there are clients that would not read such a file.
    pub(crate) fn verify(&self, name: &str, keys: &BTreeMap<String, Key>, role: &RoleKeys) -> Result<()> {
        let distinct: BTreeSet<_> = self.signatures.iter().map(|signature| &signature.keyid).collect();
        if distinct.len() != self.signatures.len() {
            return Err(bad(name, "two signatures bear one key's name"));
        }
        let Threshold { have, need } = self.threshold(keys, role);
        if have >= need { Ok(()) } else { Err(Error::Threshold { role: name.to_owned(), have, need }) }
    }
}

fn bad(name: &str, why: &'static str) -> Error {
    Error::Metadata { name: name.to_owned(), why }
}
