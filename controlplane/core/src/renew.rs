//! Renewal in two phases: a candidate is issued beside the certificate in force, and takes its place when it was used.
//!
//! Until then both work, so that a device whose power is cut between the two is not taken for a clone (security.md).

use crate::audit::{Act, Author};
use crate::clones::clone_superseded;
use crate::device::{Certificate, Device, Standing, device_get, standing, state_check};
use crate::enrol::Issuer;
use crate::error::{Error, Result};
use crate::store::{Expect, SharedStore};
use crate::table::{Row, Writes};
use model::id::{DeviceId, TerritoryId};
use model::renewal::RenewalTranscript;
use model::time::Timestamp;
use std::time::Duration;

/// A device whose clock is ahead may renew so long before its window begins.
const EARLY: Duration = Duration::from_secs(86_400);
/// How often a write that met another one is tried again.
const TRIES: usize = 8;

/// What the holder of a replaced certificate is told.
pub const SUPERSEDED: &str = "this certificate was replaced by a newer one of the same device; if the device's disk or state \
                              folder was copied, enrol this machine again with a new token";

/// What a device asks with.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// The device that the certificate shown names.
    pub device: DeviceId,
    /// The certificate shown.
    pub shown: &'a Certificate,
    /// The beginning of that certificate's renewal window.
    pub from: Timestamp,
    /// What the signature is over; its serial is that of the certificate shown.
    pub transcript: RenewalTranscript<'a>,
    /// The identity key's signature.
    pub signature: &'a [u8],
}

/// Judges a request and issues the candidate; an earlier one that was not used is forgotten.
///
/// # Errors
/// `Denied` for a device that is not known or revoked, a certificate that was replaced, or a signature that is not the identity
/// key's; `Invalid` before the window, or for a certificate request that is none.
pub async fn renew(
    store: &SharedStore,
    territory: &TerritoryId,
    issuer: &dyn Issuer,
    asked: &Asked<'_>,
    now: Timestamp,
) -> Result<(Certificate, Vec<Vec<u8>>)> {
    let mut met = None;
    for _ in 0..TRIES {
        let row = row_of(store, territory, asked.device).await?;
        let mut device = row.value.clone();
        state_check(device.state)?;
        if standing(&device.certificate, device.candidate.as_ref(), asked.shown) == Standing::Superseded {
            // Only who holds the identity key shows that it is in two hands.
            if signed_check(&device, asked).is_ok() {
                clone_superseded(store, territory, device.id, asked.shown, now).await?;
            }
            return Err(Error::Denied(SUPERSEDED.to_owned()));
        }
        renewal_check(&device, asked, now)?;
        in_force_set(&mut device, asked.shown, now);
        let number = device.certificate_next();
        let (certificate, chain) = issuer.issue(asked.transcript.csr, asked.device, number, now)?;
        device.candidate = Some(certificate.clone());
        match device_write(store, territory, &row, &device, "certificate_renew", now).await {
            Err(Error::Conflict(key)) => met = Some(key),
            done => return done.map(|()| (certificate, chain)),
        }
    }
    Err(met.map_or_else(|| Error::Denied(SUPERSEDED.to_owned()), Error::Conflict))
}

/// The first use of a candidate, or of a certificate newer than the record: from here on it is in force, and the one before it no
/// longer.
///
/// # Errors
/// `Unavailable` when it could not be made durable: the old one is still in force then.
pub async fn renewal_settle(
    store: &SharedStore,
    territory: &TerritoryId,
    id: DeviceId,
    shown: &Certificate,
    now: Timestamp,
) -> Result<()> {
    let mut met = None;
    for _ in 0..TRIES {
        let row = row_of(store, territory, id).await?;
        let mut device = row.value.clone();
        state_check(device.state)?;
        let verb = match standing(&device.certificate, device.candidate.as_ref(), shown) {
            Standing::InForce => return Ok(()),
            Standing::Candidate => "certificate_switch",
            Standing::Newer => "certificate_adopt",
            // Replaced by a later one since it was looked up.
            Standing::Superseded => return Err(Error::Denied(SUPERSEDED.to_owned())),
        };
        in_force_set(&mut device, shown, now);
        match device_write(store, territory, &row, &device, verb, now).await {
            Err(Error::Conflict(key)) => met = Some(key),
            done => return done,
        }
    }
    Err(met.map_or_else(|| Error::Denied(SUPERSEDED.to_owned()), Error::Conflict))
}

fn renewal_check(device: &Device, asked: &Asked<'_>, now: Timestamp) -> Result<()> {
    // A stolen TLS key alone must not live on: only the identity key renews.
    signed_check(device, asked)?;
    if now < asked.from.before(EARLY) {
        let early = asked.from.since(now).as_secs();
        return Err(Error::Invalid(format!("too early: this certificate may be renewed in {early} s")));
    }
    Ok(())
}

fn signed_check(device: &Device, asked: &Asked<'_>) -> Result<()> {
    device
        .identity_key
        .verify(&asked.transcript.to_bytes(), asked.signature)
        .map_err(|_| Error::Denied("the renewal is not signed by this device's identity key".to_owned()))
}

/// What asks is in use, whatever the record says: the candidate, or one issued after the copy this record was restored from.
fn in_force_set(device: &mut Device, shown: &Certificate, now: Timestamp) {
    if device.certificate.serial != shown.serial {
        device.certificate = shown.clone();
        device.candidate = None;
        device.switched = Some(now);
    }
}

async fn row_of(store: &SharedStore, territory: &TerritoryId, id: DeviceId) -> Result<Row<Device>> {
    device_get(store.as_ref(), territory, id).await.map_err(|error| match error {
        Error::NotFound(_) => Error::Denied("this device is not known here; enrol it again".to_owned()),
        other => other,
    })
}

async fn device_write(
    store: &SharedStore,
    territory: &TerritoryId,
    row: &Row<Device>,
    device: &Device,
    verb: &str,
    now: Timestamp,
) -> Result<()> {
    let act = Act::new(now, Author::Rule("renewal".to_owned()), verb, device.id.to_string());
    let writes = Writes::by(territory, &act)?.device(Some(&row.value), device, Expect::At(row.revision))?;
    writes.commit(store).await.map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn certificate(serial: &str, number: u32, until: i64) -> Certificate {
        Certificate { serial: serial.to_owned(), number, until: Timestamp::from_unix_seconds(until) }
    }

    #[test]
    fn both_work_until_the_candidate_is_in_force_and_only_older_ones_are_superseded() {
        let (old, new) = (certificate("0a", 4, 100), certificate("0b", 6, 200));
        assert_eq!(standing(&old, Some(&new), &old), Standing::InForce);
        assert_eq!(standing(&old, Some(&new), &new), Standing::Candidate);
        assert_eq!(standing(&new, None, &old), Standing::Superseded);
        // Issued between the two, and its answer lost.
        assert_eq!(standing(&old, Some(&new), &certificate("0c", 5, 150)), Standing::Superseded);
        // The record was restored from a copy older than this certificate.
        assert_eq!(standing(&old, Some(&new), &certificate("0d", 7, 150)), Standing::Newer);
    }

    /// What decision 0004 left open: the ends say nothing there.
    #[test]
    fn numbers_tell_apart_what_was_issued_within_a_second_or_ends_with_the_authority() {
        let (old, new) = (certificate("0a", 4, 100), certificate("0b", 5, 100));
        assert_eq!(standing(&new, None, &old), Standing::Superseded);
        assert_eq!(standing(&old, None, &new), Standing::Newer);
        assert_eq!(standing(&old, None, &certificate("0c", 4, 900)), Standing::Superseded);
        // From before they were counted, the ends go on deciding; against a counted one they do not.
        let (first, second) = (certificate("0d", 0, 100), certificate("0e", 0, 101));
        assert_eq!(standing(&second, None, &first), Standing::Superseded);
        assert_eq!(standing(&first, None, &second), Standing::Newer);
        assert_eq!(standing(&first, None, &certificate("0f", 0, 100)), Standing::Superseded);
        assert_eq!(standing(&old, None, &certificate("10", 0, 900)), Standing::Superseded);
        assert_eq!(standing(&first, None, &certificate("11", 1, 50)), Standing::Newer);
    }

    proptest! {
        /// However a device renews, loses answers and switches, and whatever copy of its record is restored on the way: what is
        /// newest is never refused, and once something newer was used, nothing older is in force until the next restore.
        #[test]
        fn nothing_older_passes_and_the_newest_is_never_stranded(steps in proptest::collection::vec((0u8..4, 0usize..8), 1..60)) {
            let first = certificate("1", 1, 100);
            let (mut in_force, mut candidate): (Certificate, Option<Certificate>) = (first.clone(), None);
            // What the device has used last, and every certificate there is with it.
            let (mut newest, mut issued) = (first.clone(), vec![first]);
            let mut backup = (in_force.clone(), candidate.clone());
            for (step, which) in steps {
                match step {
                    0 => {
                        let number = in_force.number.max(candidate.as_ref().map_or(0, |c| c.number)) + 1;
                        // All end alike, as in an authority's last days.
                        let next = certificate(&format!("{number}-{}", issued.len()), number, 100);
                        issued.push(next.clone());
                        candidate = Some(next);
                    }
                    1 => {
                        let Some(shown) = candidate.clone() else { continue };
                        prop_assert_eq!(standing(&in_force, candidate.as_ref(), &shown), Standing::Candidate);
                        (in_force, candidate, newest) = (shown.clone(), None, shown);
                        for old in issued.iter().filter(|old| old.number < in_force.number) {
                            prop_assert_eq!(standing(&in_force, None, old), Standing::Superseded);
                        }
                    }
                    2 => backup = (in_force.clone(), candidate.clone()),
                    _ if which == 0 => {
                        (in_force, candidate) = backup.clone();
                        let stands = standing(&in_force, candidate.as_ref(), &newest);
                        prop_assert_ne!(stands, Standing::Superseded);
                        // The device calls before anything else is issued, and the record follows it.
                        if stands != Standing::InForce {
                            (in_force, candidate) = (newest.clone(), None);
                        }
                    }
                    _ => {}
                }
            }
        }
    }

    #[test]
    fn a_record_without_a_candidate_still_reads() {
        let text = r#"{"state":"active","certificate":{"serial":"0a","until":5},"school":null}"#;
        let read: crate::device::Admission = serde_json::from_str(text).unwrap();
        assert_eq!(
            (read.candidate, read.certificate),
            (None, Certificate { serial: "0a".to_owned(), number: 0, until: Timestamp::from_unix_millis(5) })
        );
    }
}
