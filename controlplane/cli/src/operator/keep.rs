//! An operator's key and certificate on their own machine: written so that a crash leaves the old pair or the new one.
//!
//! The key is kept before anyone hears of it, as `….next`; the certificate's own `….next` says that it was given; then both take
//! their places, and whoever finds that unfinished finishes it.

use crate::Error;
use crate::config::{Profile, file_read};
use identity::issue::point_of;
use identity::key::IdentitySigner;
use identity::pki_types::PrivatePkcs8KeyDer;
use identity::pki_types::pem::PemObject;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// The key of a certificate to be asked for: made now, or left by a run that was cut.
pub(super) fn key_next(key: &Path) -> Result<String, Error> {
    let path = next(key);
    if path.exists() {
        let pem = file_read(&path)?;
        // A torn file is no key; nobody can have been told of it.
        if identity::csr::request_make(&pem).is_ok() {
            return Ok(pem);
        }
    }
    let pem = identity::csr::key_make()?;
    write(&path, pem.as_bytes())?;
    Ok(pem)
}

/// Keeps the certificate that was given for that key, and puts both in place.
pub(super) fn pair_put(profile: &Profile, chain_pem: &str) -> Result<(), Error> {
    write(&next(&profile.certificate), chain_pem.as_bytes())?;
    pending_finish(profile)
}

/// Checks that a certificate is for this key.
pub(super) fn key_check(key_pem: &str, certificate: &[u8]) -> Result<(), Error> {
    let malformed = |what| Error::Credentials(identity::Error::Malformed(what));
    let der =
        PrivatePkcs8KeyDer::from_pem_slice(key_pem.as_bytes()).map_err(|_| malformed("the key cannot be read"))?;
    let signer = IdentitySigner::from_pkcs8(der.secret_pkcs8_der())?;
    if point_of(certificate)? == signer.public().as_bytes() {
        return Ok(());
    }
    Err(malformed("the answer's certificate is not for this key"))
}

/// Puts a pair in place that a cut run has left.
pub(crate) fn pending_finish(profile: &Profile) -> Result<(), Error> {
    let (key, certificate) = (next(&profile.key), next(&profile.certificate));
    if !certificate.exists() {
        return Ok(());
    }
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| Error::FileWrite { path, source }
    };
    if key.exists() {
        fs::rename(&key, &profile.key).map_err(failed(&profile.key))?;
        // The certificate's own name must not reach the disk before the key's.
        folder_sync(&profile.key)?;
    }
    fs::rename(&certificate, &profile.certificate).map_err(failed(&profile.certificate))?;
    folder_sync(&profile.certificate)
}

/// Writes a file that only its owner reads, whole or not at all.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let failed = |source| Error::FileWrite { path: path.to_owned(), source };
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(failed)?;
    }
    let draft = path.with_extension(format!("{}.draft", std::process::id()));
    let written = (|| {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&draft, path)
    })();
    if written.is_err() {
        let _ = fs::remove_file(&draft);
    }
    written.map_err(failed)?;
    folder_sync(path)
}

fn folder_sync(path: &Path) -> Result<(), Error> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let synced: io::Result<()> = File::open(folder).and_then(|folder| folder.sync_all());
    synced.map_err(|source| Error::FileWrite { path: path.to_owned(), source })
}

fn next(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".next");
    path.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn profile(folder: &Path) -> Profile {
        let path = |name: &str| folder.join(name);
        Profile { server: String::new(), certificate: path("a.pem"), key: path("a.key"), root: path("root.pem") }
    }

    /// Each state in which a run can be cut, and what the next one makes of it.
    #[test]
    fn a_cut_anywhere_leaves_the_old_pair_or_the_new_one() {
        let folder = tempfile::tempdir().unwrap();
        let profile = profile(folder.path());
        let read = |path: &Path| fs::read_to_string(path).ok();
        write(&profile.key, b"old key").unwrap();
        write(&profile.certificate, b"old").unwrap();
        let key = key_next(&profile.key).unwrap();
        assert_eq!(key_next(&profile.key).unwrap(), key, "asked for again with the same key");
        // Cut before an answer: the old pair holds.
        pending_finish(&profile).unwrap();
        assert_eq!((read(&profile.key), read(&profile.certificate)), (Some("old key".into()), Some("old".into())));
        // Cut when the certificate was kept, and between the two renames.
        write(&next(&profile.certificate), b"new").unwrap();
        fs::rename(next(&profile.key), &profile.key).unwrap();
        pending_finish(&profile).unwrap();
        assert_eq!((read(&profile.key), read(&profile.certificate)), (Some(key), Some("new".into())));
        pending_finish(&profile).unwrap();
        // Torn before it was ever said.
        fs::write(next(&profile.key), b"-----BEGIN PRIV").unwrap();
        assert!(key_next(&profile.key).unwrap().contains("PRIVATE KEY-----\n"));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 3, "no drafts are left");
    }
}
