//! Keys that sign what devices install: Ed25519 (RFC 8032), a file each.

use crate::error::{Error, Result, read_failed, write_failed};
use crate::folder::file_create;
use crate::tuf::{Key, key_id};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::fs;
use std::path::{Path, PathBuf};

/// RFC 7468, section 10.
const PEM_BEGIN: &str = "-----BEGIN PRIVATE KEY-----";
const PEM_END: &str = "-----END PRIVATE KEY-----";
/// The largest file that is looked into for a key, in bytes.
const FILE_BYTES_MAX: u64 = 16 << 10;

/// A private key.
pub struct SigningKey(Ed25519KeyPair);

/// The public half of a key, as metadata names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey(pub(crate) Key);

impl SigningKey {
    /// Makes a key: `path`, which only its owner may read, and `path.pub` beside it, which anybody may.
    ///
    /// # Errors
    /// [`Error::File`] when either is there already or cannot be written.
    pub fn create(path: &Path) -> Result<Self> {
        let made = || {
            let pair = Ed25519KeyPair::generate().ok()?;
            let document = pair.to_pkcs8v1().ok()?;
            Some((pair, STANDARD.encode(document.as_ref())))
        };
        let (pair, text) = made().ok_or_else(|| Error::NotKey(path.to_owned()))?;
        let lines: Vec<&str> = text.as_bytes().chunks(64).filter_map(|line| std::str::from_utf8(line).ok()).collect();
        let key = Self(pair);
        let public = public_path(path);
        if public.exists() {
            return Err(write_failed(&public)(std::io::ErrorKind::AlreadyExists.into()));
        }
        file_create(path, format!("{PEM_BEGIN}\n{}\n{PEM_END}\n", lines.join("\n")).as_bytes(), 0o600)?;
        file_create(&public, key.public().text().as_bytes(), 0o644)?;
        Ok(key)
    }

    /// Reads a key.
    ///
    /// # Errors
    /// [`Error::File`], or [`Error::NotKey`] when something else stands in the file.
    pub fn read(path: &Path) -> Result<Self> {
        let text = text_read(path)?;
        let bad = || Error::NotKey(path.to_owned());
        let body = text.trim().strip_prefix(PEM_BEGIN).and_then(|rest| rest.strip_suffix(PEM_END)).ok_or_else(bad)?;
        let document = STANDARD.decode(body.split_whitespace().collect::<String>()).map_err(|_| bad())?;
        Ed25519KeyPair::from_pkcs8(&document).map(Self).map_err(|_| bad())
    }

    /// Its public half.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        PublicKey(Key::ed25519(self.0.public_key().as_ref()))
    }

    pub(crate) fn sign(&self, bytes: &[u8]) -> Vec<u8> {
        self.0.sign(bytes).as_ref().to_vec()
    }
}

impl PublicKey {
    /// Reads the public half beside a private key, or takes that of the private key itself.
    ///
    /// # Errors
    /// [`Error::File`], or [`Error::NotKey`] when the file holds neither.
    pub fn read(path: &Path) -> Result<Self> {
        let text = text_read(path)?;
        if text.trim_start().starts_with(PEM_BEGIN) {
            return SigningKey::read(path).map(|key| key.public());
        }
        let key: Key = serde_json::from_str(&text).map_err(|_| Error::NotKey(path.to_owned()))?;
        if key.is_ed25519() { Ok(Self(key)) } else { Err(Error::NotKey(path.to_owned())) }
    }

    /// Its name in metadata: the SHA-256 of its canonical form.
    #[must_use]
    pub fn id(&self) -> String {
        key_id(&self.0)
    }

    /// As it stands in a file.
    #[must_use]
    pub fn text(&self) -> String {
        serde_json::to_string(&self.0).unwrap_or_default() + "\n"
    }
}

/// Where a key's public half lies.
pub(crate) fn public_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".pub");
    name.into()
}

fn text_read(path: &Path) -> Result<String> {
    let length = fs::metadata(path).map_err(read_failed(path))?.len();
    if length > FILE_BYTES_MAX {
        return Err(Error::NotKey(path.to_owned()));
    }
    fs::read_to_string(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::InvalidData => Error::NotKey(path.to_owned()),
        _ => read_failed(path)(error),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_key_is_read_as_it_was_made_and_nothing_else_is_a_key() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("root-a");
        let key = SigningKey::create(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(SigningKey::read(&path).unwrap().public(), key.public());
        assert_eq!(PublicKey::read(&path).unwrap(), key.public());
        assert_eq!(PublicKey::read(&public_path(&path)).unwrap(), key.public());
        assert!(matches!(SigningKey::create(&path), Err(Error::File { .. })));
        for bad in
            ["", "{}", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "\u{0}", &"x".repeat(20_000)]
        {
            fs::write(&path, bad).unwrap();
            assert!(matches!(SigningKey::read(&path), Err(Error::NotKey(_))), "{bad:?}");
            assert!(matches!(PublicKey::read(&path), Err(Error::NotKey(_))), "{bad:?}");
        }
        fs::write(&path, [0xff, 0xfe]).unwrap();
        assert!(matches!(PublicKey::read(&path), Err(Error::NotKey(_))));
    }
}
