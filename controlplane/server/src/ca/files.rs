//! The files of `ca/`: what changes together lies in one file, so that a crash leaves the old or the new.
//!
//! | file | what |
//! | --- | --- |
//! | `root.pem`, `root.key` | the root; its key only until it was taken away |
//! | `intermediate.pem`, `server.pem` | key and chain; where a folder is as `init` made it, the key lies beside in `.key` |
//! | `intermediate-next.key` | the key of an intermediate that was asked for |
//! | `online.key`, `trust.bin` | the key that signs, and the trust roots that name it |
//! | `online-next.key`, `trust-next.bin` | what takes their place when a rotation is finished |
//! | `lock` | held while one of them is being changed |

use crate::error::{Error, Result};
use crate::folder::{Folder, file_read, file_replace, folder_sync, text_read};
use identity::issue::{chain_of_pem, chain_to_pem};
use identity::key::OnlineSigner;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

pub(crate) const ROOT: &str = "root.pem";
pub(crate) const ROOT_KEY: &str = "root.key";
pub(crate) const INTERMEDIATE: &str = "intermediate";
pub(crate) const INTERMEDIATE_NEXT: &str = "intermediate-next.key";
pub(crate) const SERVER: &str = "server";
pub(crate) const ONLINE: &str = "online.key";
pub(crate) const ONLINE_NEXT: &str = "online-next.key";
pub(crate) const TRUST: &str = "trust.bin";
pub(crate) const TRUST_NEXT: &str = "trust-next.bin";
const LOCK: &str = "lock";

/// A key, PKCS #8 PEM, with its certificate and those above it, DER.
pub(crate) struct Pair {
    pub(crate) key_pem: String,
    pub(crate) chain: Vec<Vec<u8>>,
}

/// Reads a key with its chain.
///
/// # Errors
/// [`Error`] that names the file which is missing or damaged.
pub(crate) fn pair_read(folder: &Folder, name: &str) -> Result<Pair> {
    let path = folder.ca(&format!("{name}.pem"));
    let text = text_read(&path)?;
    let chain = chain_of_pem(&text).map_err(|e| damaged(path, &e))?;
    let end = text.find("-----BEGIN CERTIFICATE").unwrap_or(text.len());
    let key_pem = match text[..end].trim() {
        "" => text_read(&folder.ca(&format!("{name}.key")))?,
        key => key.to_owned(),
    };
    Ok(Pair { key_pem, chain })
}

/// Puts a key with its chain in the place of the one that was there.
///
/// # Errors
/// [`Error::File`] when the system says no.
pub(crate) fn pair_replace(folder: &Folder, name: &str, pair: &Pair) -> Result<()> {
    let text = format!("{}\n{}", pair.key_pem.trim(), chain_to_pem(&pair.chain));
    file_replace(&folder.ca(&format!("{name}.pem")), text.as_bytes(), true)?;
    folder_sync(&folder.ca(""))?;
    // Of the one before; nothing reads it any more.
    remove(folder, &format!("{name}.key"))
}

/// Reads a certificate that lies alone in its file.
///
/// # Errors
/// [`Error`] that names the file which is missing or damaged.
pub(crate) fn certificate_read(path: PathBuf) -> Result<Vec<u8>> {
    let chain = chain_of_pem(&text_read(&path)?).map_err(|e| damaged(path, &e))?;
    Ok(chain.into_iter().next().unwrap_or_default())
}

/// Reads a key that signs heads; `None` where there is none.
///
/// # Errors
/// [`Error`] that names the file which is damaged.
pub(crate) fn online_read(folder: &Folder, name: &str) -> Result<Option<OnlineSigner>> {
    let path = folder.ca(name);
    if !path.exists() {
        return Ok(None);
    }
    OnlineSigner::from_pkcs8(&file_read(&path)?).map(Some).map_err(|e| damaged(path, &e))
}

/// Reads trust roots as they are kept; nothing in them is believed yet.
///
/// # Errors
/// [`Error`] that names the file which is missing or damaged.
pub(crate) fn trust_read(folder: &Folder, name: &str) -> Result<wire::v1::Envelope> {
    let path = folder.ca(name);
    prost::Message::decode(file_read(&path)?.as_slice()).map_err(|_| damaged(path, &"not trust roots"))
}

/// Writes a file whole or not at all, durably.
///
/// # Errors
/// [`Error::File`] when the system says no.
pub(crate) fn replace(folder: &Folder, name: &str, bytes: &[u8], secret: bool) -> Result<()> {
    file_replace(&folder.ca(name), bytes, secret)?;
    folder_sync(&folder.ca(""))
}

/// Puts a file in the place of another one, durably.
///
/// # Errors
/// [`Error::File`] when the system says no.
pub(crate) fn rename(folder: &Folder, from: &str, to: &str) -> Result<()> {
    let path = folder.ca(to);
    fs::rename(folder.ca(from), &path).map_err(|source| Error::File { what: "written", path, source })?;
    folder_sync(&folder.ca(""))
}

/// Deletes a file if it is there.
///
/// # Errors
/// [`Error::File`] when the system says no.
pub(crate) fn remove(folder: &Folder, name: &str) -> Result<()> {
    let path = folder.ca(name);
    match fs::remove_file(&path) {
        Ok(()) => folder_sync(&folder.ca("")),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(source) => Err(Error::File { what: "written", path, source }),
    }
}

/// Takes the folder for a change; let go when dropped, or when the process ends in any way.
///
/// # Errors
/// [`Error::CaBusy`] when another one has it.
pub(crate) fn lock(folder: &Folder) -> Result<File> {
    let path = folder.ca(LOCK);
    let failed = |source| Error::File { what: "written", path: path.clone(), source };
    let file = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&path).map_err(failed)?;
    match rustix::fs::flock(&file, rustix::fs::FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(file),
        Err(rustix::io::Errno::WOULDBLOCK) => Err(Error::CaBusy),
        Err(error) => Err(failed(error.into())),
    }
}

fn damaged(path: PathBuf, why: &dyn std::fmt::Display) -> Error {
    Error::Damaged { path, why: why.to_string() }
}
