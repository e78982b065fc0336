//! A new server certificate, intermediate or online key, each in such an order that a kill at any instant leaves a control plane
//! that runs, and a rotation that can be begun or finished again.

use super::files::{
    INTERMEDIATE, INTERMEDIATE_NEXT, ONLINE, ONLINE_NEXT, Pair, ROOT, ROOT_KEY, SERVER, TRUST, TRUST_NEXT,
    certificate_read, lock, online_read, pair_read, pair_replace, remove, rename, replace, trust_read,
};
use super::{Ca, trust_open, trust_sign};
use crate::error::{CaFault, Error, Result};
use crate::folder::{Folder, text_read};
use crate::random;
use identity::intermediate::names_of;
use identity::issue::{Authority, SERVER_LIFE};
use identity::key::OnlineSigner;
use model::id::TerritoryId;
use model::time::Timestamp;
use prost::Message;
use std::path::Path;
use std::time::Duration;
use wire::convert::{Trust, trust_encode};

/// A server certificate is renewed when so much of its life is left.
const SERVER_LEFT: Duration = Duration::from_secs(SERVER_LIFE.as_secs() / 3);
/// A renewal that would win less is none: the intermediate ends.
const GAIN_MIN: Duration = Duration::from_secs(7 * 86_400);

/// Whether the server's certificate is to be renewed now.
pub(crate) fn server_due(ca: &Ca, now: Timestamp) -> bool {
    let could = now.after(SERVER_LIFE).min(ca.intermediate_until());
    ca.server_until < now.after(SERVER_LEFT) && could >= ca.server_until.after(GAIN_MIN)
}

/// A new certificate for the server, with a new key, under these names; under those of the one it has when none are given.
///
/// # Errors
/// [`Error`] when a name is none, the intermediate cannot sign it, or it cannot be written.
pub fn server_rotate(folder: &Folder, names: &[String], now: Timestamp) -> Result<()> {
    let _lock = lock(folder)?;
    let intermediate = pair_read(folder, INTERMEDIATE)?;
    let kept = names_of(&pair_read(folder, SERVER)?.chain[0])?;
    super::names_check(names)?;
    let names = if names.is_empty() { kept.as_slice() } else { names };
    let authority = Authority::new(&intermediate.key_pem, intermediate.chain)?;
    if authority.until <= now {
        return Err(CaFault::IntermediateEnded.into());
    }
    let issued = authority.server_issue(names, now, random::bytes()?).map_err(|_| Error::Name(names.join(", ")))?;
    pair_replace(folder, SERVER, &Pair { key_pem: issued.key_pem, chain: issued.chain })
}

/// A new intermediate with a new key, signed by the root's key.
///
/// # Errors
/// [`CaFault`] when the root's key is not at hand or is another's.
pub fn intermediate_rotate(
    folder: &Folder,
    territory: &TerritoryId,
    root_key: Option<&Path>,
    now: Timestamp,
) -> Result<()> {
    let _lock = lock(folder)?;
    let issued = root(folder, root_key)?.intermediate_issue(territory.as_str(), now, random::bytes()?)?;
    pair_replace(folder, INTERMEDIATE, &Pair { key_pem: issued.key_pem, chain: issued.chain })?;
    // What was asked for before is of no use any more.
    remove(folder, INTERMEDIATE_NEXT)
}

/// Begins the rotation of the online key: devices learn to trust the next one beside the present one, which goes on signing.
///
/// The root signs at once what is to hold when the rotation is finished, so that its key is needed only now.
///
/// # Errors
/// [`CaFault`] when a rotation is under way, or the root's key is not at hand.
pub fn online_begin(folder: &Folder, territory: &TerritoryId, root_key: Option<&Path>) -> Result<u64> {
    let _lock = lock(folder)?;
    let (root, held) = (root(folder, root_key)?, trust_held(folder, territory)?);
    if online_next(folder, &held)?.is_some() || held.online.len() > 1 {
        return Err(CaFault::UnderWay.into());
    }
    let (next, pkcs8) = OnlineSigner::generate()?;
    let both = held.online.iter().chain([next.public()]).cloned().collect();
    let version = held.version + 1;
    replace(folder, ONLINE_NEXT, &pkcs8, true)?;
    let then = Trust { version: version + 1, online: vec![next.public().clone()], ..held.clone() };
    trust_write(folder, TRUST_NEXT, &root, &then)?;
    // From here on it is under way.
    trust_write(folder, TRUST, &root, &Trust { version, online: both, ..held })?;
    Ok(version)
}

/// Finishes the rotation: the next key signs, and devices trust no other.
///
/// # Errors
/// [`CaFault::NotUnderWay`] when there is nothing to finish.
pub fn online_finish(folder: &Folder, territory: &TerritoryId) -> Result<u64> {
    let _lock = lock(folder)?;
    let held = trust_held(folder, territory)?;
    let begun = online_next(folder, &held)?.is_some();
    if begun {
        // The trust roots that are held name both keys.
        rename(folder, ONLINE_NEXT, ONLINE)?;
    }
    let Some(next) = trust_next(folder, territory, &held)? else {
        return if begun { Ok(held.version) } else { Err(CaFault::NotUnderWay.into()) };
    };
    rename(folder, TRUST_NEXT, TRUST)?;
    Ok(next.version)
}

/// Puts a stolen online key out at once: devices trust a new one and no other from their next contact on.
///
/// # Errors
/// [`CaFault`] when the root's key is not at hand.
pub fn online_stolen(folder: &Folder, territory: &TerritoryId, root_key: Option<&Path>) -> Result<u64> {
    let _lock = lock(folder)?;
    let (root, held) = (root(folder, root_key)?, trust_held(folder, territory)?);
    // A version never means two things, and what waits may have been stolen too.
    let waits = trust_next(folder, territory, &held)?.map_or(held.version, |next| next.version);
    if online_next(folder, &held)?.is_some() {
        rename(folder, ONLINE_NEXT, ONLINE)?;
    }
    let (next, pkcs8) = OnlineSigner::generate()?;
    replace(folder, ONLINE_NEXT, &pkcs8, true)?;
    // From here on the new key signs.
    let trust = Trust { version: waits + 1, online: vec![next.public().clone()], ..held };
    trust_write(folder, TRUST, &root, &trust)?;
    // Only now: cut before, the next try must count from it again. What is overtaken is not used.
    remove(folder, TRUST_NEXT)?;
    rename(folder, ONLINE_NEXT, ONLINE)?;
    Ok(waits + 1)
}

/// The root with its key: the one that was brought, else the one that lies here.
///
/// # Errors
/// [`CaFault::RootKeyMissing`], [`CaFault::RootKeyOther`].
pub(crate) fn root(folder: &Folder, key: Option<&Path>) -> Result<Authority> {
    let here = folder.ca(ROOT_KEY);
    let path = match key {
        Some(path) => path,
        None if here.exists() => &here,
        None => return Err(CaFault::RootKeyMissing.into()),
    };
    root_open(path, certificate_read(folder.ca(ROOT))?)
}

/// A root of its key file and its certificate.
///
/// # Errors
/// [`CaFault::RootKeyOther`] when the key is not that certificate's.
pub(crate) fn root_open(key: &Path, certificate: Vec<u8>) -> Result<Authority> {
    let text = text_read(key)?;
    Authority::new(&text, vec![certificate]).map_err(|e| match e {
        identity::Error::Malformed(_) => CaFault::RootKeyOther.into(),
        _ => Error::Damaged { path: key.to_owned(), why: "not a private key of P-256 in PEM form".to_owned() },
    })
}

/// The next online key, if the trust roots name it: a rotation is then under way.
pub(crate) fn online_next(folder: &Folder, held: &Trust) -> Result<Option<OnlineSigner>> {
    Ok(online_read(folder, ONLINE_NEXT)?.filter(|next| held.online.contains(next.public())))
}

/// The trust roots that take the place of those held when a rotation is finished: newer, and for keys that are trusted already.
fn trust_next(folder: &Folder, territory: &TerritoryId, held: &Trust) -> Result<Option<Trust>> {
    if !folder.ca(TRUST_NEXT).exists() {
        return Ok(None);
    }
    let root = certificate_read(folder.ca(ROOT))?;
    let next = trust_open(&trust_read(folder, TRUST_NEXT)?, territory, &root)
        .map_err(|why| Error::Damaged { path: folder.ca(TRUST_NEXT), why: why.to_owned() })?;
    // Left by a beginning that was cut, or overtaken.
    let fits = next.version > held.version && next.online.iter().all(|key| held.online.contains(key));
    Ok(fits.then_some(next))
}

pub(crate) fn trust_held(folder: &Folder, territory: &TerritoryId) -> Result<Trust> {
    let root = certificate_read(folder.ca(ROOT))?;
    trust_open(&trust_read(folder, TRUST)?, territory, &root)
        .map_err(|why| Error::Damaged { path: folder.ca(TRUST), why: why.to_owned() })
}

pub(crate) fn trust_write(folder: &Folder, name: &str, root: &Authority, trust: &Trust) -> Result<()> {
    replace(folder, name, &trust_sign(root, trust_encode(trust))?.encode_to_vec(), false)
}
