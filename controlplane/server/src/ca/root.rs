//! The root taken away: copied, the copy verified, and only then its key removed here.

use super::files::{ROOT, ROOT_KEY, certificate_read, lock, remove};
use super::rotate::{root, root_open};
use crate::error::{CaFault, Error, Result};
use crate::folder::{Folder, file_write, folder_make, folder_sync, text_read};
use identity::issue::point_of;
use model::digest::Digest;
use model::key::IdentityKey;
use std::path::Path;

/// What the key of a copy signs to show that it is whole.
const PROBE: &[u8] = b"cartable root copy";

/// Copies the root's certificate to a folder, with its key if wished; says its fingerprint.
///
/// # Errors
/// [`CaFault`] when the key is not here or no copy of it would remain, [`Error`] when something cannot be written or the copy is
/// not what was written.
pub fn root_export(folder: &Folder, to: &Path, (with_key, remove_here): (bool, bool)) -> Result<Digest> {
    if remove_here && !with_key {
        return Err(CaFault::NoCopy.into());
    }
    let _lock = lock(folder)?;
    let certificate = certificate_read(folder.ca(ROOT))?;
    let key = if with_key {
        root(folder, None)?;
        Some(text_read(&folder.ca(ROOT_KEY))?)
    } else {
        None
    };
    folder_make(to)?;
    copy(&to.join(ROOT), &text_read(&folder.ca(ROOT))?, false)?;
    if let Some(key) = key {
        let copied = to.join(ROOT_KEY);
        copy(&copied, &key, true)?;
        folder_sync(to)?;
        copy_check(&copied, &certificate)?;
        if remove_here && same_file(&copied, &folder.ca(ROOT_KEY))? {
            return Err(CaFault::SameCopy.into());
        }
        if remove_here {
            remove(folder, ROOT_KEY)?;
        }
    }
    folder_sync(to)?;
    Ok(Digest::of(&certificate))
}

/// A copy that is there already is good if it is the same: the second medium, or the second try.
fn copy(path: &Path, text: &str, secret: bool) -> Result<()> {
    if !path.exists() {
        file_write(path, text.as_bytes(), secret)?;
    }
    if text_read(path)? == text {
        return Ok(());
    }
    Err(Error::Damaged { path: path.to_owned(), why: "it is there already and holds something else".to_owned() })
}

/// Whether two names are one file, by whatever links: what is removed under one is gone under the other.
fn same_file(one: &Path, other: &Path) -> Result<bool> {
    use std::os::unix::fs::MetadataExt;
    let read = |path: &Path| {
        let failed = |source| Error::File { what: "read", path: path.to_owned(), source };
        std::fs::metadata(path).map(|meta| (meta.dev(), meta.ino())).map_err(failed)
    };
    Ok(read(one)? == read(other)?)
}

/// Read back from where it was written, the key signs what the root's certificate verifies.
fn copy_check(key: &Path, certificate: &[u8]) -> Result<()> {
    let signature = root_open(key, certificate.to_vec())?.sign(PROBE)?;
    let point = IdentityKey::try_from(point_of(certificate)?);
    let holds = point.is_ok_and(|point| point.verify(PROBE, &signature).is_ok());
    if holds { Ok(()) } else { Err(CaFault::RootKeyOther.into()) }
}
