//! What a device keeps about itself: keys, enrolment, trust, and the desired state it holds.
//!
//! Everything is verified again whenever it is read: a file is no better than the network.
//!
//! | file | what | written |
//! | --- | --- | --- |
//! | `identity.key` | the identity key, PKCS #8 | before the first word to a server |
//! | `tls.next.key` | the TLS key a certificate is being asked for, PEM | before it is asked for |
//! | `tls.pem` | TLS key and chain, in one file so that they change together | when a certificate came |
//! | `renewal.json` | the renewal window of a renewed certificate | before that certificate |
//! | `tls.next.pem` | the next TLS key and chain, until the server answered them once | when a renewal was answered |
//! | `trust`, `head` | envelopes as received | when verified |
//! | `plan-<digest>` | a plan's bytes as received | before the head that names it |
//! | `enrolment.json` | server, device, territory: with it the device is enrolled | last of an enrolment |
//! | `again/` | the same files of a new identity, until it is whole and takes the place of this one | while enrolling again |
//! | `machine.json` | digests of what the machine says it is | before the enrolment |
//! | `acts.json` | what was done to the device from afar | when the server tells of it |
//! | `sent-<message>` | what was sent last, as it was sent | when it was sent |
//! | `loan_epoch` | the newest loan epoch that was held | after the head that says it |
//! | `ticket` | the peer ticket, an envelope as received | when verified |
//! | `publisher/` | the signed list of resources, and the oldest versions of it that may be taken | when verified |
//! | `indexes/` | the index of each version of a bundle that lies here, as it was signed | before the version |
//! | `resources.json` | where resources stand, for people | as they move |
//! | `door` | the socket by which a command speaks to the agent | when the agent starts |
//! | `releases/` | programs of the agent in two slots, which of them runs, what is signed of them | each step before the next |
//! | `filter/` | what is to be filtered, for the process that does it; the proof of school | when either changes |
//! | `progress.json`, `clock_floor` | how far reporting is; the earliest time it can be | as they move |

mod again;
mod forget;
mod keys;
mod loan;
mod own;
mod ticket;

pub(crate) use forget::forget;
pub(crate) use own::own;
use own::plan_named;

use crate::error::{Advice, Error};
use crate::folder::{Folder, Lock};
use crate::machine::Machine;
use bytes::Bytes;
use identity::key::IdentitySigner;
use identity::pki_types::pem::PemObject;
use identity::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use identity::{issue, pki_types};
use model::desired::{Head, Plan};
use model::digest::Digest;
use model::id::{DeviceId, TerritoryId};
use model::key::IdentityKey;
use model::section::Sections;
use model::signed::{Signed, SignedError};
use model::time::Timestamp;
use prost::Message;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use wire::convert::{TRUST_PURPOSE, Trust, head_decode, plan_decode, trust_decode};
use wire::v1;

const IDENTITY_KEY: &str = "identity.key";
const TLS_NEXT_KEY: &str = "tls.next.key";
const TLS: &str = "tls.pem";
const TLS_NEXT: &str = "tls.next.pem";
const RENEWAL: &str = "renewal.json";
const TRUST: &str = "trust";
const HEAD: &str = "head";
const PLAN_PREFIX: &str = "plan-";
const ENROLMENT: &str = "enrolment.json";
const MACHINE: &str = "machine.json";
const PROGRESS: &str = "progress.json";
const CLOCK_FLOOR: &str = "clock_floor";
/// Written and deleted by `doctor`, which may be ended between the two.
pub(crate) const DOCTOR: &str = "doctor";

/// The version of `enrolment.json`.
const VERSION: u32 = 1;

/// How a device joined.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enrolment {
    /// The version of this file's form.
    pub version: u32,
    /// The control plane's address.
    pub server: String,
    /// This device.
    pub device: DeviceId,
    /// Whose it is.
    pub territory: TerritoryId,
    /// Grows with every new identity of the same device.
    pub identity_generation: u32,
    /// Renew the certificate not before.
    pub renew_from_unix_ms: Timestamp,
    /// Renew the certificate not after.
    pub renew_until_unix_ms: Timestamp,
    /// The digest of the root's certificate, the last of the chain in `tls.pem`.
    pub root: Digest,
}

impl Enrolment {
    /// With this version's form.
    pub(crate) const VERSION: u32 = VERSION;
}

/// A TLS key with its certificate.
#[derive(Clone)]
pub(crate) struct Certificate {
    pub(crate) key_pem: String,
    /// The device's own first, the root last; DER.
    pub(crate) chain: Vec<Vec<u8>>,
}

impl Certificate {
    /// The device's own certificate, DER.
    pub(crate) fn own(&self) -> &[u8] {
        self.chain.first().map(Vec::as_slice).unwrap_or_default()
    }
}

/// When a renewed certificate is to be renewed in its turn.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Window {
    /// The digest of that certificate: the window of another one says nothing.
    pub(crate) certificate: Digest,
    /// Not before.
    pub(crate) renew_from_unix_ms: Timestamp,
    /// Not after.
    pub(crate) renew_until_unix_ms: Timestamp,
}

/// The desired state that is held.
#[derive(Clone, Debug)]
pub(crate) struct Held {
    pub(crate) head: Head,
    pub(crate) plan: Plan,
}

/// An enrolled device.
pub(crate) struct Enrolled {
    pub(crate) enrolment: Enrolment,
    pub(crate) certificate: Certificate,
    /// The one that takes its place once the server answered it.
    pub(crate) candidate: Option<Certificate>,
    pub(crate) trust: Trust,
    pub(crate) held: Option<Held>,
}

/// How far reporting is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Progress {
    /// The number of the last report the server holds.
    pub(crate) sequence: u64,
    /// The digests of the sections the server holds.
    pub(crate) acknowledged: Sections,
}

/// The state folder, taken by this process.
pub(crate) struct State {
    folder: Folder,
    lock: Arc<Lock>,
    settled: bool,
}

impl State {
    /// Makes the folder if need be and takes it.
    pub(crate) fn open(folder: &Folder) -> Result<Self, Error> {
        folder.make()?;
        usable_check(folder)?;
        let lock = folder.lock()?;
        // Leftovers of a cut write go.
        folder.names(own)?;
        let mut state = Self { folder: folder.clone(), lock: Arc::new(lock), settled: false };
        state.settled = state.again_settle()?;
        Ok(state)
    }

    /// Whether a new identity took its place when the folder was taken.
    pub(crate) const fn settled(&self) -> bool {
        self.settled
    }

    pub(crate) const fn folder(&self) -> &Folder {
        &self.folder
    }

    /// The identity key; made, and kept before anyone hears of it, when there is none.
    pub(crate) fn identity_key(&self) -> Result<IdentitySigner, Error> {
        if let Some(bytes) = self.folder.read(IDENTITY_KEY)? {
            return IdentitySigner::from_pkcs8(&bytes)
                .map_err(|e| damaged(&self.folder, IDENTITY_KEY, e, Advice::Enrol));
        }
        let (signer, bytes) = IdentitySigner::generate()?;
        self.folder.write(IDENTITY_KEY, &bytes)?;
        Ok(signer)
    }

    /// The identity key of a device that has one: a new one would prove nothing.
    pub(crate) fn identity_key_held(&self) -> Result<IdentitySigner, Error> {
        if self.folder.read(IDENTITY_KEY)?.is_none() {
            return Err(damaged(&self.folder, IDENTITY_KEY, "missing", Advice::Enrol));
        }
        self.identity_key()
    }

    /// The TLS key a certificate is asked for, PEM; the same until one came, so that a repeated finish fits.
    pub(crate) fn tls_key_next(&self) -> Result<String, Error> {
        if let Some(bytes) = self.folder.read(TLS_NEXT_KEY)? {
            let pem = String::from_utf8(bytes).ok().filter(|pem| key_point(pem).is_some());
            return pem.ok_or_else(|| damaged(&self.folder, TLS_NEXT_KEY, "not a key", Advice::Enrol));
        }
        let pem = identity::csr::key_make()?;
        self.folder.write(TLS_NEXT_KEY, pem.as_bytes())?;
        Ok(pem)
    }

    /// Deletes what a cut end of an enrolment left: the next certificate is asked for with a new key.
    pub(crate) fn tls_key_next_forget(&self, current: &Certificate) -> Result<(), Error> {
        match self.folder.read(TLS_NEXT_KEY)? {
            Some(bytes) if bytes == current.key_pem.as_bytes() => self.folder.remove(TLS_NEXT_KEY),
            _ => Ok(()),
        }
    }

    /// Keeps a certificate with its key, as one file.
    pub(crate) fn certificate_write(&self, certificate: &Certificate) -> Result<(), Error> {
        self.folder.write(TLS, certificate_text(certificate).as_bytes())
    }

    /// Keeps a candidate beside the certificate in force, and before it its window.
    pub(crate) fn candidate_write(&self, candidate: &Certificate, window: &Window) -> Result<(), Error> {
        self.folder.write(RENEWAL, &json(window)?)?;
        self.folder.write(TLS_NEXT, certificate_text(candidate).as_bytes())
    }

    /// The candidate has been answered: it takes the place of the certificate in force. May be repeated.
    pub(crate) fn candidate_settle(&self) -> Result<(), Error> {
        if self.folder.read(TLS_NEXT)?.is_some() {
            self.folder.rename(TLS_NEXT, TLS)?;
        }
        self.folder.remove(TLS_NEXT_KEY)
    }

    /// Forgets a candidate that has ended, with its key: the server may have seen it used, and gives no other for that key.
    pub(crate) fn candidate_end(&self) -> Result<(), Error> {
        self.folder.remove(TLS_NEXT_KEY)?;
        self.folder.remove(TLS_NEXT)
    }

    /// Forgets a candidate that is of no use; the key stays, and is asked for again.
    pub(crate) fn candidate_forget(&self) -> Result<(), Error> {
        self.folder.remove(TLS_NEXT)
    }

    /// Keeps which machine this is.
    pub(crate) fn machine_write(&self, machine: &Machine) -> Result<(), Error> {
        self.folder.write(MACHINE, &json(machine)?)
    }

    /// The machine this state was made on; nothing in one from before that was noted, and a damaged note is forgotten.
    pub(crate) fn machine(&self) -> Option<Machine> {
        self.folder.read(MACHINE).ok().flatten().and_then(|bytes| serde_json::from_slice(&bytes).ok())
    }

    /// Whether the head that is kept was signed by a key that is trusted.
    pub(crate) fn head_trusted(&self, trust: &Trust) -> bool {
        let envelope = self.folder.read(HEAD).ok().flatten().and_then(|bytes| v1::Envelope::decode(&bytes[..]).ok());
        let signed = envelope.and_then(|envelope| Signed::<Head>::try_from(envelope).ok());
        signed.is_some_and(|signed| signed.bytes(&trust.online).is_ok())
    }

    pub(crate) fn trust_write(&self, envelope: &v1::Envelope) -> Result<(), Error> {
        self.folder.write(TRUST, &envelope.encode_to_vec())
    }

    /// Keeps a head, and before it the plan it names; plans that nothing names any more go.
    pub(crate) fn held_write(&self, envelope: &v1::Envelope, plan: &Digest, bytes: &[u8]) -> Result<(), Error> {
        let name = plan_name(plan);
        self.folder.write(&name, bytes)?;
        self.folder.write(HEAD, &envelope.encode_to_vec())?;
        let mut others = self.folder.names(plan_named)?.into_iter().filter(|other| *other != name);
        others.try_for_each(|other| self.folder.remove(&other))
    }

    /// The bytes of a plan that is held.
    pub(crate) fn plan_bytes(&self, plan: &Digest) -> Option<Bytes> {
        self.folder.read(&plan_name(plan)).ok().flatten().map(Bytes::from)
    }

    /// Ends an enrolment: from here on the device is enrolled.
    pub(crate) fn enrolment_write(&self, enrolment: &Enrolment) -> Result<(), Error> {
        self.folder.write(ENROLMENT, &json(enrolment)?)?;
        self.folder.remove(TLS_NEXT_KEY)
    }

    /// How far reporting is; a damaged note is forgotten, the server then asks for what it lacks.
    pub(crate) fn progress(&self) -> Progress {
        let read = self.folder.read(PROGRESS).ok().flatten();
        read.and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default()
    }

    pub(crate) fn progress_write(&self, progress: &Progress) -> Result<(), Error> {
        self.folder.write(PROGRESS, &json(progress)?)
    }

    /// The earliest time it can be; a damaged note is forgotten.
    pub(crate) fn clock_floor(&self) -> Option<Timestamp> {
        clock_floor_read(&self.folder)
    }

    pub(crate) fn clock_floor_write(&self, floor: Timestamp) -> Result<(), Error> {
        self.folder.write(CLOCK_FLOOR, format!("{}\n", floor.unix_millis()).as_bytes())
    }
}

/// Whether the folder holds an enrolment, without taking the folder.
pub(crate) fn enrolment_read(folder: &Folder) -> Result<Option<Enrolment>, Error> {
    let Some(bytes) = folder.read(ENROLMENT)? else { return Ok(None) };
    let read: Enrolment = serde_json::from_slice(&bytes).map_err(|e| damaged(folder, ENROLMENT, e, Advice::Enrol))?;
    if read.version > VERSION {
        return Err(damaged(
            folder,
            ENROLMENT,
            format!("version {}: written by a newer agent", read.version),
            Advice::Enrol,
        ));
    }
    Ok(Some(read))
}

/// The earliest time it can be, without taking the folder.
pub(crate) fn clock_floor_read(folder: &Folder) -> Option<Timestamp> {
    let bytes = folder.read(CLOCK_FLOOR).ok().flatten()?;
    std::str::from_utf8(&bytes).ok()?.trim().parse().ok().map(Timestamp::from_unix_millis)
}

/// Everything an enrolled device holds, verified; nothing when it is not enrolled.
pub(crate) fn enrolled_read(folder: &Folder) -> Result<Option<Enrolled>, Error> {
    let Some(mut enrolment) = enrolment_read(folder)? else { return Ok(None) };
    let certificate = certificate_read(folder, TLS, &enrolment)?;
    // A candidate that cannot be used is none: the certificate in force still holds, and another can be asked for.
    let candidate = match folder.read(TLS_NEXT)? {
        Some(_) => certificate_read(folder, TLS_NEXT, &enrolment)
            .inspect_err(|error| tracing::warn!(%error, "the next certificate cannot be used"))
            .ok(),
        None => None,
    };
    if let Some(window) = window_read(folder)
        && [Some(&certificate), candidate.as_ref()]
            .into_iter()
            .flatten()
            .any(|c| Digest::of(c.own()) == window.certificate)
    {
        enrolment.renew_from_unix_ms = window.renew_from_unix_ms;
        enrolment.renew_until_unix_ms = window.renew_until_unix_ms;
    }
    let root = certificate.chain.last().map(Vec::as_slice).unwrap_or_default();
    let bad = |why: &str| damaged(folder, TRUST, why, Advice::Enrol);
    let envelope = folder.read(TRUST)?.and_then(|bytes| v1::Envelope::decode(&bytes[..]).ok());
    let trust = trust_open(&envelope.ok_or_else(|| bad("missing or unreadable"))?, root).map_err(bad)?;
    if trust.territory != enrolment.territory {
        return Err(bad("of another territory"));
    }
    let held = held_read(folder, &enrolment, &trust)?;
    Ok(Some(Enrolled { enrolment, certificate, candidate, trust, held }))
}

/// The trust roots in an envelope, if this root signed them.
pub(crate) fn trust_open(envelope: &v1::Envelope, root: &[u8]) -> Result<Trust, &'static str> {
    let point = issue::point_of(root).map_err(|_| "the root is no certificate")?;
    let key = IdentityKey::try_from(point).map_err(|_| "the root's key is not P-256")?;
    let message = [TRUST_PURPOSE.as_bytes(), &[0], &envelope.payload].concat();
    key.verify(&message, &envelope.signature).map_err(|_| "not signed by the root")?;
    trust_decode(&envelope.payload).map_err(|_| "no trust roots")
}

/// The public point of a PEM key, if it is P-256.
pub(crate) fn key_point(pem: &str) -> Option<IdentityKey> {
    let der = PrivatePkcs8KeyDer::from_pem_slice(pem.as_bytes()).ok()?;
    IdentitySigner::from_pkcs8(der.secret_pkcs8_der()).ok().map(|signer| signer.public().clone())
}

/// The window of a renewed certificate; a damaged note is forgotten, the renewal is then due by the enrolment's.
fn window_read(folder: &Folder) -> Option<Window> {
    folder.read(RENEWAL).ok().flatten().and_then(|bytes| serde_json::from_slice(&bytes).ok())
}

fn certificate_text(certificate: &Certificate) -> String {
    format!("{}{}", certificate.key_pem, issue::chain_to_pem(&certificate.chain))
}

fn certificate_read(folder: &Folder, name: &str, enrolment: &Enrolment) -> Result<Certificate, Error> {
    let bad = |why: &str| damaged(folder, name, why, Advice::Enrol);
    let text =
        folder.read(name)?.and_then(|bytes| String::from_utf8(bytes).ok()).ok_or_else(|| bad("missing or not text"))?;
    let chain: Result<Vec<_>, pki_types::pem::Error> =
        CertificateDer::pem_slice_iter(text.as_bytes()).map(|der| der.map(|d| d.to_vec())).collect();
    let chain = chain.map_err(|_| bad("its certificates cannot be read"))?;
    let (Some(own), Some(root)) = (chain.first(), chain.last()) else { return Err(bad("it holds no certificate")) };
    let end = text.find("-----BEGIN CERTIFICATE").unwrap_or(text.len());
    let key_pem = text[..end].to_owned();
    let point = key_point(&key_pem).ok_or_else(|| bad("it holds no key"))?;
    if issue::point_of(own).ok().as_deref() != Some(point.as_bytes()) {
        return Err(bad("the key does not belong to the certificate"));
    }
    if Digest::of(root) != enrolment.root {
        return Err(bad("its root is not the one of the enrolment"));
    }
    Ok(Certificate { key_pem, chain })
}

/// Who does not hold the folder reads while an agent writes: a head that was there a moment ago may name a plan that has gone since.
fn held_read(folder: &Folder, enrolment: &Enrolment, trust: &Trust) -> Result<Option<Held>, Error> {
    let mut said = folder.read(HEAD)?;
    loop {
        let Some(bytes) = &said else { return Ok(None) };
        let held = held_open(folder, bytes, enrolment, trust);
        if held.is_ok() {
            return held;
        }
        let again = folder.read(HEAD)?;
        if again == said {
            return held;
        }
        said = again;
    }
}

/// What a head says, with the plan it names.
fn held_open(folder: &Folder, bytes: &[u8], enrolment: &Enrolment, trust: &Trust) -> Result<Option<Held>, Error> {
    let bad = |why: &str| damaged(folder, HEAD, why, Advice::Delete);
    let envelope = v1::Envelope::decode(bytes).map_err(|_| bad("unreadable"))?;
    let signed = Signed::<Head>::try_from(envelope).map_err(|_| bad("unreadable"))?;
    let bytes = match signed.bytes(&trust.online) {
        // Newer trust roots put its key out: it is as if there were none, and the server says it again.
        Err(SignedError::Unknown(_)) => return Ok(None),
        read => read.map_err(|_| bad("its signature does not hold"))?,
    };
    let head = head_decode(bytes);
    let head = head.map_err(|_| bad("unreadable"))?;
    if head.device != enrolment.device {
        return Err(bad("for another device"));
    }
    let name = plan_name(&head.plan);
    let bad = |why: &str| damaged(folder, &name, why, Advice::Delete);
    let bytes = Bytes::from(folder.read(&name)?.ok_or_else(|| bad("missing"))?);
    if Digest::of(&bytes) != head.plan {
        return Err(bad("it does not match its digest"));
    }
    let plan = plan_decode(&bytes).map_err(|_| bad("unreadable"))?;
    Ok(Some(Held { head, plan }))
}

/// Whether the folder holds an enrolment, be it one that has yet to take its place.
pub(crate) fn enrolment_there(folder: &Folder) -> Result<bool, Error> {
    Ok(enrolment_read(folder)?.is_some() || enrolment_read(&folder.inner(again::FOLDER))?.is_some())
}

/// Refuses a folder that is there and open to others, or that holds what is not an agent's.
pub(crate) fn usable_check(folder: &Folder) -> Result<(), Error> {
    if !folder.root().try_exists().map_err(Error::file(folder.root()))? {
        return Ok(());
    }
    // Where a key of ours lies the folder is ours, and a file that strayed into it must not stop the agent.
    if folder.read(IDENTITY_KEY)?.is_none() {
        folder.own_check(own)?;
    }
    folder.closed_check()
}

fn plan_name(digest: &Digest) -> String {
    format!("{PLAN_PREFIX}{digest}")
}

fn json(value: &impl Serialize) -> Result<Vec<u8>, Error> {
    let mut bytes = serde_json::to_vec_pretty(value).map_err(|_| Error::Answer("a note that cannot be written"))?;
    bytes.push(b'\n');
    Ok(bytes)
}

fn damaged(folder: &Folder, name: &str, why: impl ToString, advice: Advice) -> Error {
    Error::Damaged { path: folder.path(name), why: why.to_string(), advice }
}

#[cfg(test)]
mod tests;
