//! An intermediate signed elsewhere: its key is made here and stays here, only the request and the certificate travel.

use super::files::{
    INTERMEDIATE, INTERMEDIATE_NEXT, Pair, ROOT, certificate_read, lock, pair_replace, remove, replace,
};
use super::rotate::root_open;
use crate::error::{CaFault, Error, Result};
use crate::folder::{Folder, file_read, file_write, text_read};
use crate::random;
use identity::csr::{key_make, pem_of_request, request_make, request_of_pem, request_point};
use identity::intermediate::{intermediate_check, territory_of};
use identity::issue::{chain_of_pem, chain_to_pem};
use model::time::Timestamp;
use std::path::Path;

/// Writes a request for a new intermediate; its key is kept until the certificate comes.
///
/// # Errors
/// [`Error`] when the file is there already or something cannot be written.
pub fn intermediate_request(folder: &Folder, to: &Path) -> Result<()> {
    let _lock = lock(folder)?;
    let kept = folder.ca(INTERMEDIATE_NEXT);
    // Asked for again, it is the same key: a certificate that is on its way still fits.
    let key_pem = if kept.exists() { text_read(&kept)? } else { key_make()? };
    let request = request_make(&key_pem)?;
    if !kept.exists() {
        replace(folder, INTERMEDIATE_NEXT, key_pem.as_bytes(), true)?;
    }
    file_write(to, pem_of_request(&request).as_bytes(), false)
}

/// Signs a request where the root's key lies; a control plane is not needed there.
///
/// # Errors
/// [`Error`] when the key is not that of the root, or the request is not valid.
pub fn intermediate_sign(root: &Path, key: &Path, request: &Path, to: &Path, now: Timestamp) -> Result<()> {
    let root_der = certificate_read(root.to_owned())?;
    let damaged = |path: &Path, e: identity::Error| Error::Damaged { path: path.to_owned(), why: e.to_string() };
    let territory = territory_of(&root_der).map_err(|e| damaged(root, e))?;
    let authority = root_open(key, root_der)?;
    let request_der = request_of_pem(&file_read(request)?).map_err(|e| damaged(request, e))?;
    let chain = authority.intermediate_certify(&request_der, &territory, now, random::bytes()?);
    let chain = chain.map_err(|e| damaged(request, e))?;
    file_write(to, chain_to_pem(&chain).as_bytes(), false)
}

/// Takes the certificate that was asked for: from here on it signs.
///
/// # Errors
/// [`CaFault::NotAsked`], [`Error::Damaged`] when it is not what was asked for, or not by this root.
pub fn intermediate_import(folder: &Folder, from: &Path, now: Timestamp) -> Result<()> {
    let _lock = lock(folder)?;
    let kept = folder.ca(INTERMEDIATE_NEXT);
    if !kept.exists() {
        return Err(CaFault::NotAsked.into());
    }
    let damaged = |e: identity::Error| Error::Damaged { path: from.to_owned(), why: e.to_string() };
    let key_pem = text_read(&kept)?;
    let point = request_point(&request_make(&key_pem)?)?;
    let certificate = chain_of_pem(&text_read(from)?).map_err(damaged)?.into_iter().next().unwrap_or_default();
    let root = certificate_read(folder.ca(ROOT))?;
    intermediate_check(&certificate, &root, &point, now).map_err(damaged)?;
    pair_replace(folder, INTERMEDIATE, &Pair { key_pem, chain: vec![certificate, root] })?;
    remove(folder, INTERMEDIATE_NEXT)
}
