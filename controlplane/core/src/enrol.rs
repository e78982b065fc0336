//! Joining: a proof is judged, a device made, a certificate issued, all in one batch.

use crate::asset::{asset_expected, bound};
use crate::audit::{Act, Author};
use crate::device::{Certificate, Device, EVIDENCE, IDENTITIES, Reason, evidence_of};
use crate::error::{Error, Result};
use crate::kit::kit_place;
use crate::loan::LocalDays;
use crate::reenrol::reenrol;
use crate::store::{Expect, SharedStore, Store};
use crate::table::{Row, Writes};
use crate::token::{TOKENS, TokenKind, TokenRecord, TokenState, token_get};
use model::device::{Claims, JoinState};
use model::id::{DeviceId, TerritoryId};
use model::key::IdentityKey;
use model::time::Timestamp;
use model::token::{TokenId, TokenKey, Transcript};

/// How often a finish that met another one on the same token is tried again.
const TRIES: usize = 64;

/// The number of a device's first certificate.
const FIRST: u32 = 1;

/// What every refused token is told, whatever is wrong with it: who tries must not learn which.
pub const REFUSED: &str =
    "this token is not valid here: wrong, expired, used up, locked or revoked; ask for `cartable token list`";

/// What a device has said and proven.
#[derive(Clone, Debug)]
pub struct Proof<'a> {
    /// The token it names.
    pub token: TokenId,
    /// Its identity key.
    pub key: IdentityKey,
    /// Its evidence.
    pub claims: Claims,
    /// What the proofs are over.
    pub transcript: Transcript<'a>,
    /// The identity key's signature.
    pub signature: &'a [u8],
    /// The token key's proof.
    pub hmac: &'a [u8],
}

/// Issues certificates; the outer crate holds the keys.
pub trait Issuer: Send + Sync {
    /// A certificate for the key of a request, in this device's name and with this number: the record of it, and the chain as DER.
    ///
    /// # Errors
    /// `Invalid` when the request is not valid.
    fn issue(
        &self,
        request: &[u8],
        device: DeviceId,
        number: u32,
        now: Timestamp,
    ) -> Result<(Certificate, Vec<Vec<u8>>)>;
}

/// A device that has joined.
#[derive(Clone, Debug)]
pub struct Joined {
    /// The device.
    pub device: Device,
    /// The end of the certificate it is given.
    pub until: Timestamp,
    /// Its certificate and those above it, DER.
    pub chain: Vec<Vec<u8>>,
}

/// Judges a proof and lets the device in.
///
/// A repeated finish with the same identity key finds its device and gets a new certificate for it, so an answer that was lost costs nothing.
///
/// # Errors
/// `Denied` with [`REFUSED`] for any token that does not let it in, `Invalid` for a certificate request that is none.
pub async fn enrol(
    store: &SharedStore,
    territory: &TerritoryId,
    issuer: &dyn Issuer,
    days: &dyn LocalDays,
    proof: &Proof<'_>,
    random: [u8; 10],
    now: Timestamp,
) -> Result<Joined> {
    for _ in 0..TRIES {
        match enrol_once(store, territory, issuer, days, proof, random, now).await {
            Err(Error::Conflict(_)) => {}
            done => return done,
        }
    }
    Err(Error::Unavailable {
        reason: "too many devices use this token at this moment; try again".to_owned(),
        source: None,
    })
}

async fn enrol_once(
    store: &SharedStore,
    territory: &TerritoryId,
    issuer: &dyn Issuer,
    days: &dyn LocalDays,
    proof: &Proof<'_>,
    random: [u8; 10],
    now: Timestamp,
) -> Result<Joined> {
    let denied = || Error::Denied(REFUSED.to_owned());
    let token = token_get(store.as_ref(), territory, proof.token).await?;
    let known = IDENTITIES.get(store.as_ref(), territory, proof.key.fingerprint().to_string()).await?;
    // An unknown token is judged by a key nobody has, so that it takes the same time.
    let nobody = TokenKey::try_from(vec![0; 32]).map_err(|_| denied())?;
    let key = token.as_ref().map_or(&nobody, |row| &row.value.key);
    let signed = proof.key.verify(&proof.transcript.to_bytes(), proof.signature).is_ok();
    let proven = key.proves(&proof.transcript, &proof.key, proof.hmac);
    let Some(token) = token else { return Err(denied()) };
    if !(signed && proven) {
        token_fail(store, territory, token, now).await?;
        return Err(denied());
    }
    if let Some(known) = known {
        return enrol_again(store, territory, issuer, proof, &token.value, known.value, now).await;
    }
    if token.value.state(now) != TokenState::Open {
        return Err(denied());
    }
    if let Some(id) = token.value.device {
        return reenrol(store, territory, issuer, proof, token, id, now).await;
    }
    enrol_new(store, territory, issuer, days, proof, token, random, now).await
}

/// A device that finished before, with the same key and token: the answer was lost on the way.
async fn enrol_again(
    store: &SharedStore,
    territory: &TerritoryId,
    issuer: &dyn Issuer,
    proof: &Proof<'_>,
    token: &TokenRecord,
    id: DeviceId,
    now: Timestamp,
) -> Result<Joined> {
    let row = crate::device::device_get(store.as_ref(), territory, id).await?;
    let mut device = row.value.clone();
    let open = !token.revoked && now < token.expires && token.state(now) != TokenState::Locked;
    if device.token != token.id || device.state == JoinState::Revoked || !open {
        return Err(Error::Denied(REFUSED.to_owned()));
    }
    let (certificate, chain) = issuer.issue(proof.transcript.csr, id, device.certificate_next(), now)?;
    // Which of the two arrived is not known: the first stays in force until the second was used.
    let until = certificate.until;
    device.candidate = Some(certificate);
    let act = Act::new(now, Author::from(token.id), "device_enrol_again", id.to_string());
    Writes::by(territory, &act)?.device(Some(&row.value), &device, Expect::At(row.revision))?.commit(store).await?;
    Ok(Joined { device, until, chain })
}

#[allow(clippy::too_many_arguments, reason = "each is a plain value of one call")]
async fn enrol_new(
    store: &SharedStore,
    territory: &TerritoryId,
    issuer: &dyn Issuer,
    days: &dyn LocalDays,
    proof: &Proof<'_>,
    token: Row<TokenRecord>,
    random: [u8; 10],
    now: Timestamp,
) -> Result<Joined> {
    let id = DeviceId::new(now, random);
    let evidence = evidence_of(&proof.claims);
    let reason = match reason_alike(store.as_ref(), territory, &evidence, id).await? {
        None => reason_unlisted(&proof.claims, &token.value),
        alike => alike,
    };
    let (certificate, chain) = issuer.issue(proof.transcript.csr, id, FIRST, now)?;
    let until = certificate.until;
    let device = Device {
        id,
        state: if reason.is_some() { JoinState::Quarantined } else { JoinState::Active },
        reason,
        school: token.value.school,
        owner: token.value.owner.clone(),
        class: None,
        kit: token.value.kit.clone(),
        claims: proof.claims.clone(),
        identity_key: proof.key.clone(),
        identity_generation: 1,
        identity_from: FIRST,
        certificate,
        switched: None,
        candidate: None,
        cloned: None,
        merged: None,
        absorbed: Vec::new(),
        token: token.value.id,
        enrolled: now,
        recoveries: Vec::new(),
    };
    let expected = match reason {
        // What looks like another device is for a person to tell.
        Some(Reason::SameSerial | Reason::SameUuid) => None,
        _ => asset_expected(store.as_ref(), territory, &proof.claims, &token.value.filed()).await?,
    };
    let mut used = token.value;
    used.used += 1;
    let act = Act::new(now, Author::from(used.id), "device_enrol", id.to_string());
    let mut writes = Writes::by(territory, &act)?;
    let device = match expected {
        Some(row) => {
            let act = Act::new(now, Author::from(used.id), "asset_bind", row.id.clone());
            let (more, _, bound) =
                bound(store.as_ref(), territory, days, writes.also(&act)?, &row, device, now).await?;
            writes = more;
            bound
        }
        None => {
            let (more, placed) = kit_place(store.as_ref(), territory, writes, device, now).await?;
            writes = more;
            placed
        }
    };
    writes = writes
        .put(&TOKENS, used.id.to_string(), &used, Expect::At(token.revision))?
        .device(None, &device, Expect::Absent)?
        .put(&IDENTITIES, proof.key.fingerprint().to_string(), &id, Expect::Absent)?;
    for prefix in evidence {
        writes = writes.put(&EVIDENCE, format!("{prefix}{id}"), &id, Expect::Absent)?;
    }
    writes.commit(store).await?;
    Ok(Joined { device, until, chain })
}

/// Why a person must look at this device first: another one that is not put out claims the same.
pub(crate) async fn reason_alike(
    store: &dyn Store,
    territory: &TerritoryId,
    evidence: &[String],
    own: DeviceId,
) -> Result<Option<Reason>> {
    for prefix in evidence {
        for row in EVIDENCE.page(store, &EVIDENCE.scope(territory, prefix.clone()), "", 50).await? {
            if row.value == own {
                continue;
            }
            let other = crate::device::device_get(store, territory, row.value).await?;
            if other.value.state != JoinState::Revoked {
                let serial = prefix.starts_with("serial:");
                return Ok(Some(if serial { Reason::SameSerial } else { Reason::SameUuid }));
            }
        }
    }
    Ok(None)
}

/// Why a person must look at this device first: its kit does not name it.
fn reason_unlisted(claims: &Claims, token: &TokenRecord) -> Option<Reason> {
    let listed = claims.serial.as_deref().is_some_and(|serial| token.lists(serial));
    match token.kind {
        TokenKind::Unit | TokenKind::ReEnrol => None,
        TokenKind::Kit => (!listed).then_some(Reason::NotListed),
    }
}

/// Counts a bad proof; the tenth locks the token.
async fn token_fail(store: &SharedStore, territory: &TerritoryId, row: Row<TokenRecord>, now: Timestamp) -> Result<()> {
    let mut record = row.value;
    if record.state(now) != TokenState::Open {
        return Ok(());
    }
    record.failures += 1;
    let act = Act::new(now, Author::from(record.id), "token_proof", record.id.to_string()).refused();
    let writes = Writes::by(territory, &act)?.put(&TOKENS, record.id.to_string(), &record, Expect::At(row.revision))?;
    match writes.commit(store).await {
        // Another bad proof was counted at the same moment; one uncounted guess at 130 bits gives nothing away.
        Ok(_) | Err(Error::Conflict(_)) => Ok(()),
        Err(error) => Err(error),
    }
}
