//! Heads, plans and trust roots.

use super::ConvertError;
use super::resource::bundles_read;
use crate::v1;
use bytes::Bytes;
use model::desired::{Cadence, Generation, Head, Plan};
use model::digest::Digest;
use model::filtering::Filtering;
use model::grant::Grant;
use model::id::{DeviceId, TerritoryId};
use model::key::OnlineKey;
use model::resource::{Fetching, ReleaseWanted};
use model::signed::{Payload, Signed};
use prost::Message;

/// The most online keys a device trusts at a time: the current one, the next one, and room for an overlap.
const ONLINE_KEYS_MAX: usize = 8;
/// The largest root metadata of the repository, in bytes.
pub const PUBLISHER_ROOT_MAX: usize = 32 << 10;

/// What a device trusts to sign heads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trust {
    /// Grows with each change.
    pub version: u64,
    /// Whose it is.
    pub territory: TerritoryId,
    /// Keys that may sign heads.
    pub online: Vec<OnlineKey>,
    /// The first root metadata of the repository of resources; empty while the territory has none.
    pub publisher: Bytes,
}

/// What the root signs trust roots for, before the zero byte and the payload.
pub const TRUST_PURPOSE: &str = "cartable trust v1";

/// A head's bytes, to be signed.
#[must_use]
pub fn head_encode(head: &Head) -> Bytes {
    let message = v1::Head {
        device: head.device.as_bytes().to_vec(),
        generation: Some(head.generation.into()),
        plan: head.plan.as_bytes().to_vec(),
        grant: head.grant.as_ref().map(Into::into),
    };
    message.encode_to_vec().into()
}

/// A head of bytes whose signature was checked.
///
/// # Errors
/// [`ConvertError`] when they are no head.
pub fn head_decode(bytes: &[u8]) -> Result<Head, ConvertError> {
    let message = v1::Head::decode(bytes)?;
    Ok(Head {
        device: device_id(&message.device)?,
        generation: message.generation.ok_or(ConvertError::invalid("head.generation"))?.into(),
        plan: digest(&message.plan, "head.plan")?,
        grant: message.grant.map(Grant::try_from).transpose()?,
    })
}

/// A plan's bytes; equal plans give equal bytes, which are named by their digest.
#[must_use]
pub fn plan_encode(plan: &Plan) -> Bytes {
    let message = v1::Plan {
        check_in: Some(plan.check_in.into()),
        bundles: plan.bundles.iter().map(Into::into).collect(),
        fetching: (plan.fetching != Fetching::default()).then(|| (&plan.fetching).into()),
        release: plan.release.as_ref().map(Into::into),
        measure: plan.measure.map(|measure| measure.name().to_owned()).unwrap_or_default(),
        filtering: plan.filtering.as_deref().map(Into::into),
    };
    message.encode_to_vec().into()
}

/// A plan of bytes whose digest was checked; what this version does not know is left out.
///
/// # Errors
/// [`ConvertError`] when they are no plan.
pub fn plan_decode(bytes: &[u8]) -> Result<Plan, ConvertError> {
    let message = v1::Plan::decode(bytes)?;
    let check_in = message.check_in.ok_or(ConvertError::invalid("plan.check_in"))?;
    let bundles = bundles_read(message.bundles)?;
    let fetching = message.fetching.map(Fetching::try_from).transpose()?.unwrap_or_default();
    let release = message.release.map(ReleaseWanted::try_from).transpose()?;
    // One that a later version knows is none of those that are known here.
    let measure = message.measure.parse().ok();
    let filtering = message.filtering.map(Filtering::try_from).transpose()?.map(Box::new);
    Ok(Plan { check_in: check_in.try_into()?, bundles, fetching, release, measure, filtering })
}

/// The bytes of trust roots, to be signed by the root.
#[must_use]
pub fn trust_encode(trust: &Trust) -> Bytes {
    let message = v1::TrustRoots {
        version: trust.version,
        territory: trust.territory.to_string(),
        online_keys: trust.online.iter().map(|k| k.as_bytes().to_vec()).collect(),
        publisher_root: trust.publisher.clone(),
    };
    message.encode_to_vec().into()
}

/// Trust roots of bytes whose signature was checked.
///
/// # Errors
/// [`ConvertError`] when they are none, or hold no key or too many.
pub fn trust_decode(bytes: &[u8]) -> Result<Trust, ConvertError> {
    let message = v1::TrustRoots::decode(bytes)?;
    if !(1..=ONLINE_KEYS_MAX).contains(&message.online_keys.len()) {
        return Err(ConvertError::invalid("trust.online_keys"));
    }
    if message.publisher_root.len() > PUBLISHER_ROOT_MAX {
        return Err(ConvertError::invalid("trust.publisher_root"));
    }
    let online = message.online_keys.into_iter().map(OnlineKey::try_from).collect::<Result<_, _>>();
    Ok(Trust {
        version: message.version,
        territory: message.territory.parse().map_err(|_| ConvertError::invalid("trust.territory"))?,
        online: online.map_err(|_| ConvertError::invalid("trust.online_keys"))?,
        publisher: message.publisher_root,
    })
}

impl From<Generation> for v1::Generation {
    fn from(g: Generation) -> Self {
        Self { epoch: g.epoch, revision: g.revision }
    }
}

impl From<v1::Generation> for Generation {
    fn from(g: v1::Generation) -> Self {
        Self { epoch: g.epoch, revision: g.revision }
    }
}

impl From<Cadence> for v1::Cadence {
    fn from(c: Cadence) -> Self {
        Self {
            poll_seconds: c.poll_seconds,
            hold_seconds: c.hold_seconds,
            health_seconds: c.health_seconds,
            inventory_seconds: c.inventory_seconds,
        }
    }
}

impl TryFrom<v1::Cadence> for Cadence {
    type Error = ConvertError;
    fn try_from(c: v1::Cadence) -> Result<Self, ConvertError> {
        let cadence = Self {
            poll_seconds: c.poll_seconds,
            hold_seconds: c.hold_seconds,
            health_seconds: c.health_seconds,
            inventory_seconds: c.inventory_seconds,
        };
        cadence.checked().map_err(|e| ConvertError::invalid(e.field))
    }
}

impl<T: Payload> From<&Signed<T>> for v1::Envelope {
    fn from(signed: &Signed<T>) -> Self {
        let (payload, key, signature) = signed.parts();
        Self { payload: payload.clone(), key: key.as_bytes().to_vec().into(), signature: signature.clone() }
    }
}

impl<T: Payload> TryFrom<v1::Envelope> for Signed<T> {
    type Error = ConvertError;
    fn try_from(envelope: v1::Envelope) -> Result<Self, ConvertError> {
        let key = digest(&envelope.key, "envelope.key")?;
        Ok(Self::from_parts(envelope.payload, key, envelope.signature))
    }
}

/// A device id of its sixteen bytes.
///
/// # Errors
/// [`ConvertError`] when they are not a UUID of version 7.
pub fn device_id(bytes: &[u8]) -> Result<DeviceId, ConvertError> {
    let bytes = uuid::Uuid::from_slice(bytes).map_err(|_| ConvertError::invalid("device"))?;
    DeviceId::try_from(bytes).map_err(|_| ConvertError::invalid("device"))
}

/// A digest of its 32 bytes.
pub(crate) fn digest(bytes: &[u8], field: &'static str) -> Result<Digest, ConvertError> {
    <[u8; 32]>::try_from(bytes).map(Digest::from_bytes).map_err(|_| ConvertError::invalid(field))
}
