//! Off all summer: a device whose certificate has ended gets another by its identity key alone, within limits.
//!
//! Within them it is back by itself; outside them it is let in quarantined, and a person decides (security.md, "Off all summer").
//! The certificate is a candidate, as in a renewal: what is in force stays so until the first check-in made with it.

use crate::audit::{Act, Author};
use crate::device::{Certificate, DEVICES, Device, Reason, Recovery, state_check};
use crate::enrol::Issuer;
use crate::error::{Error, Result};
use crate::presence::last_seen;
use crate::store::{Expect, SharedStore, Store};
use crate::table::{Row, Writes};
use model::device::JoinState;
use model::digest::Digest;
use model::id::{DeviceId, TerritoryId};
use model::key::IdentityKey;
use model::recovery::RecoveryTranscript;
use model::time::Timestamp;
use std::time::Duration;

/// Who was heard within so long is back by itself.
pub const AWAY_MAX: Duration = Duration::from_secs(400 * 86_400);
/// A device finds back by itself so often within [`COUNTED`].
pub const RECOVERIES_MAX: usize = 3;
/// The span in which recoveries are counted.
pub const COUNTED: Duration = Duration::from_secs(365 * 86_400);
/// An answer that was lost is asked for again within so long.
const AGAIN: Duration = Duration::from_secs(3_600);
/// How often a write that met another one is tried again.
const TRIES: usize = 8;

/// What an unknown device and a wrong key are told, both the same: who tries must not learn which device there is.
pub const UNPROVEN: &str =
    "this device is not known here, or its key is not the one on record; enrol it again with a new token";

/// The base point of P-256 (FIPS 186-4, D.1.2.3): a key to verify with where there is no device; whatever it
/// verifies is refused all the same.
const NOBODY: [u8; 65] = *b"\x04\
    \x6b\x17\xd1\xf2\xe1\x2c\x42\x47\xf8\xbc\xe6\xe5\x63\xa4\x40\xf2\
    \x77\x03\x7d\x81\x2d\xeb\x33\xa0\xf4\xa1\x39\x45\xd8\x98\xc2\x96\
    \x4f\xe3\x42\xe2\xfe\x1a\x7f\x9b\x8e\xe7\xeb\x4a\x7c\x0f\x9e\x16\
    \x2b\xce\x33\x57\x6b\x31\x5e\xce\xcb\xb6\x40\x68\x37\xbf\x51\xf5";

/// What a device asks with.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// The digest of the TLS key in the request.
    pub key: Digest,
    /// What the signature is over.
    pub transcript: RecoveryTranscript<'a>,
    /// The identity key's signature.
    pub signature: &'a [u8],
}

/// A device that was found to be the one it says.
#[derive(Clone, Debug)]
pub struct Proven(DeviceId);

/// A device that has found back.
#[derive(Clone, Debug)]
pub struct Recovered {
    /// Its record as it is now.
    pub device: Device,
    /// The certificate it is given.
    pub certificate: Certificate,
    /// That and those above it, DER.
    pub chain: Vec<Vec<u8>>,
}

/// Whether it is the device that asks. Nothing is written yet, so that whoever has no key costs a signature's check and no more.
///
/// # Errors
/// `Denied`: with [`UNPROVEN`] for a device that is not known or a signature that is not its key's, else when it is revoked.
pub async fn recovery_prove(store: &dyn Store, territory: &TerritoryId, asked: &Asked<'_>) -> Result<Proven> {
    let unproven = || Error::Denied(UNPROVEN.to_owned());
    let id = asked.transcript.device;
    let known = DEVICES.get(store, territory, id.to_string()).await?.map(|row| row.value);
    let nobody = IdentityKey::try_from(NOBODY.to_vec()).map_err(|_| unproven())?;
    let key = known.as_ref().map_or(&nobody, |device| &device.identity_key);
    key.verify(&asked.transcript.to_bytes(), asked.signature).map_err(|_| unproven())?;
    state_check(known.ok_or_else(unproven)?.state)?;
    Ok(Proven(id))
}

/// Issues the candidate; `heard` is the device's last contact where memory is ahead of the store.
///
/// A key may be asked for again for an hour, until its certificate was used, for an answer that was lost; that counts as one recovery.
///
/// # Errors
/// `Denied` for a device revoked meanwhile, `Expired` for a key whose certificate was used, `Invalid` for a certificate
/// request that is none.
pub async fn recover(
    store: &SharedStore,
    territory: &TerritoryId,
    issuer: &dyn Issuer,
    proven: &Proven,
    asked: &Asked<'_>,
    heard: Option<Timestamp>,
    now: Timestamp,
) -> Result<Recovered> {
    let id = proven.0;
    let mut met = None;
    for _ in 0..TRIES {
        let row = DEVICES.get(store.as_ref(), territory, id.to_string()).await?;
        let Row { value: before, revision, .. } = row.ok_or_else(|| Error::Denied(UNPROVEN.to_owned()))?;
        let mut device = before.clone();
        state_check(device.state)?;
        let seen = last_seen(store.as_ref(), territory, id).await?.max(heard.unwrap_or_default());
        let waits = recovery_note(&mut device, asked, seen, now)?;
        let (certificate, chain) = issuer.issue(asked.transcript.csr, id, device.certificate_next(), now)?;
        device.candidate = Some(certificate.clone());
        let this = device.recoveries.iter_mut().filter(|recovery| recovery.key == asked.key);
        this.for_each(|recovery| recovery.number = certificate.number);
        let act = Act::new(now, Author::Rule("recovery".to_owned()), "device_recover", id.to_string());
        let act = waits.into_iter().fold(act, |act, reason| act.because(reason.name()));
        let writes = Writes::by(territory, &act)?.device(Some(&before), &device, Expect::At(revision))?;
        match writes.commit(store).await {
            Err(Error::Conflict(key)) => met = Some(key),
            done => return done.map(|_| Recovered { device, certificate, chain }),
        }
    }
    Err(met.map_or_else(|| Error::Denied(UNPROVEN.to_owned()), Error::Conflict))
}

/// Notes the recovery on the record; why a person must decide, if one must.
fn recovery_note(device: &mut Device, asked: &Asked<'_>, seen: Timestamp, now: Timestamp) -> Result<Option<Reason>> {
    if let Some(at) = device.recoveries.iter().position(|recovery| recovery.key == asked.key) {
        let before = &device.recoveries[at];
        if device.candidate.as_ref().is_none_or(|candidate| candidate.number != before.number) {
            return Err(Error::Expired("a certificate for this key was given and used; make another key".to_owned()));
        }
        if now.since(before.at) < AGAIN {
            // Judged when it was asked for first; a person may have decided since.
            return Ok(device.reason.filter(|_| device.state == JoinState::Quarantined));
        }
        // So much later it is no answer that was lost: it is judged and counted like any other.
    }
    if device.state == JoinState::Active
        && let Some(reason) = reason_to_wait(device, asked.transcript.generation, seen, now)
    {
        device.state = JoinState::Quarantined;
        device.reason = Some(reason);
    }
    device.recoveries.retain(|recovery| counted(recovery, now));
    // As many as it takes to say no to one more.
    let over = (device.recoveries.len() + 1).saturating_sub(RECOVERIES_MAX + 1);
    device.recoveries.drain(..over);
    device.recoveries.push(Recovery { at: now, key: asked.key, number: 0 });
    Ok(device.reason.filter(|_| device.state == JoinState::Quarantined))
}

/// Why a person must look at this device first, if one must.
fn reason_to_wait(device: &Device, generation: u32, seen: Timestamp, now: Timestamp) -> Option<Reason> {
    let seen = device.recoveries.iter().map(|recovery| recovery.at).fold(seen.max(device.enrolled), Timestamp::max);
    if generation != device.identity_generation {
        return Some(Reason::Generation);
    }
    if now.since(seen) > AWAY_MAX {
        return Some(Reason::TooLongAway);
    }
    let of_late = device.recoveries.iter().filter(|recovery| counted(recovery, now)).count();
    (of_late >= RECOVERIES_MAX).then_some(Reason::TooManyRecoveries)
}

fn counted(recovery: &Recovery, now: Timestamp) -> bool {
    now.since(recovery.at) < COUNTED
}

#[cfg(test)]
mod tests;
