//! A new identity for a device that is known: a reinstalled one, or the right one of two copies.
//!
//! It keeps its id and all that was decided about it. Key and certificates of the earlier identity are of no use from then on.

use crate::asset::wiped_by_identity;
use crate::audit::{Act, Author};
use crate::device::{Device, EVIDENCE, IDENTITIES, Reason, device_get, evidence_of};
use crate::enrol::{Issuer, Joined, Proof, REFUSED, reason_alike};
use crate::error::{Error, Result};
use crate::store::{Expect, SharedStore};
use crate::table::{Row, Writes};
use crate::token::{TOKENS, TokenRecord};
use model::device::JoinState;
use model::id::{DeviceId, TerritoryId};
use model::time::Timestamp;

/// Gives the device its token names the identity that was proven; token and proof have been judged.
pub(crate) async fn reenrol(
    store: &SharedStore,
    territory: &TerritoryId,
    issuer: &dyn Issuer,
    proof: &Proof<'_>,
    token: Row<TokenRecord>,
    id: DeviceId,
    now: Timestamp,
) -> Result<Joined> {
    let row = device_get(store.as_ref(), territory, id).await.map_err(|error| match error {
        Error::NotFound(_) => Error::Denied(REFUSED.to_owned()),
        other => other,
    })?;
    if row.value.state == JoinState::Revoked {
        return Err(Error::Denied(REFUSED.to_owned()));
    }
    let (before, after) = (evidence_of(&row.value.claims), evidence_of(&proof.claims));
    let fresh: Vec<String> = after.iter().filter(|prefix| !before.contains(prefix)).cloned().collect();
    let alike = reason_alike(store.as_ref(), territory, &fresh, id).await?;
    let number = row.value.certificate_next();
    let (certificate, chain) = issuer.issue(proof.transcript.csr, id, number, now)?;
    let until = certificate.until;
    let mut device = Device {
        claims: proof.claims.clone(),
        identity_key: proof.key.clone(),
        identity_generation: row.value.identity_generation.saturating_add(1),
        identity_from: number,
        certificate,
        switched: Some(now),
        candidate: None,
        token: token.value.id,
        ..row.value.clone()
    };
    copy_settled(&mut device, &token.value);
    if let (JoinState::Active, Some(reason)) = (device.state, alike) {
        (device.state, device.reason) = (JoinState::Quarantined, Some(reason));
    }
    let mut used = token.value;
    used.used += 1;
    let act = Act::new(now, Author::from(used.id), "device_reenrol", id.to_string());
    let mut writes = Writes::by(territory, &act)?
        .put(&TOKENS, used.id.to_string(), &used, Expect::At(token.revision))?
        .device(Some(&row.value), &device, Expect::At(row.revision))?
        .remove(&IDENTITIES, row.value.identity_key.fingerprint().to_string(), Expect::Any)
        .put(&IDENTITIES, proof.key.fingerprint().to_string(), &id, Expect::Absent)?;
    for prefix in fresh {
        writes = writes.put(&EVIDENCE, format!("{prefix}{id}"), &id, Expect::Any)?;
    }
    for gone in before.iter().filter(|prefix| !after.contains(prefix)) {
        writes = writes.remove(&EVIDENCE, format!("{gone}{id}"), Expect::Any);
    }
    wiped_by_identity(store.as_ref(), territory, writes, &device, now).await?.commit(store).await?;
    Ok(Joined { device, until, chain })
}

/// Who makes a token for a device that is there twice decides which of the two it is; a token from before has decided nothing.
fn copy_settled(device: &mut Device, token: &TokenRecord) {
    if device.cloned.is_some_and(|noticed| token.created < noticed) {
        return;
    }
    device.cloned = None;
    if device.reason == Some(Reason::Cloned) {
        (device.state, device.reason) = (JoinState::Active, None);
    }
}
