//! The vault's key: 32 bytes in a file of their own, from which the sealing key is derived.

use crate::error::{Error, Result};
use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::{hkdf, rand};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;
use zeroize::{Zeroize, Zeroizing};

const HEAD: &str = "cartable-vault-key-1 ";
const FILE_BYTES_MAX: u64 = 4_096;

/// Why a key cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The file holds something else.
    #[error("it is no key of a vault")]
    Shape,
    /// Others than its owner can read it.
    #[error("others than its owner may read it: chmod 600")]
    Open,
    /// The system gives no randomness, or the derivation fails.
    #[error("the system gives no randomness")]
    Random,
}

/// A vault's key.
#[derive(Clone)]
pub struct VaultKey(pub(super) [u8; 32]);

impl VaultKey {
    /// A new one.
    ///
    /// # Errors
    /// [`KeyError::Random`].
    pub fn make() -> std::result::Result<Self, KeyError> {
        Ok(Self(random()?))
    }

    /// Reads a key's file.
    ///
    /// # Errors
    /// [`Error::Io`] and [`Error::ReadOnly`] when it cannot be read, [`Error::Key`] when it is not as it must be.
    pub fn read(path: &Path) -> Result<Self> {
        let failed = |why| Error::Key { path: path.to_owned(), why };
        let about = fs::metadata(path).map_err(Error::io("reading", path))?;
        if about.permissions().mode() & 0o077 != 0 {
            return Err(failed(KeyError::Open));
        }
        if about.len() > FILE_BYTES_MAX {
            return Err(failed(KeyError::Shape));
        }
        let text = Zeroizing::new(fs::read_to_string(path).map_err(Error::io("reading", path))?);
        Self::parse(&text).ok_or_else(|| failed(KeyError::Shape))
    }

    /// Writes it to a new file that only its owner reads, durably.
    ///
    /// # Errors
    /// [`Error::Io`] and [`Error::ReadOnly`]; a file that is there is never overwritten.
    pub fn write(&self, path: &Path) -> Result<()> {
        let failed = || Error::io("writing", path);
        let text = Zeroizing::new(format!("{HEAD}{}\n", STANDARD.encode(self.0)));
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(failed())?;
        file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(failed())?;
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        File::open(parent).and_then(|folder| folder.sync_all()).map_err(failed())
    }

    pub(super) fn sealer(&self) -> Result<Sealer> {
        let broken = || Error::Key { path: Path::new("").to_owned(), why: KeyError::Random };
        let salt = hkdf::Salt::new(hkdf::HKDF_SHA256, b"cartable vault v1");
        let secret = salt.extract(&self.0);
        let derived = secret.expand(&[b"seal"], &AES_256_GCM_SIV).map_err(|_| broken())?;
        Ok(Sealer(LessSafeKey::new(UnboundKey::from(derived))))
    }

    fn parse(text: &str) -> Option<Self> {
        let bytes = Zeroizing::new(STANDARD.decode(text.strip_prefix(HEAD)?.trim_end()).ok()?);
        bytes.as_slice().try_into().ok().map(Self)
    }
}

impl Drop for VaultKey {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for VaultKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("VaultKey(…)")
    }
}

/// Seals with AES-256-GCM-SIV (RFC 8452): a nonce that came twice would tell only that two values are equal.
pub(super) struct Sealer(LessSafeKey);

impl Sealer {
    /// Nonce, sealed bytes, tag.
    pub(super) fn seal(&self, place: &[u8], plain: Vec<u8>) -> Option<Vec<u8>> {
        let nonce: [u8; NONCE_LEN] = random().ok()?;
        let mut bytes = plain;
        self.0.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(place), &mut bytes).ok()?;
        let mut sealed = nonce.to_vec();
        sealed.append(&mut bytes);
        Some(sealed)
    }

    pub(super) fn open(&self, place: &[u8], mut sealed: Vec<u8>) -> Option<Zeroizing<Vec<u8>>> {
        let (nonce, bytes) = sealed.split_first_chunk_mut::<NONCE_LEN>()?;
        let opened = self.0.open_in_place(Nonce::assume_unique_for_key(*nonce), Aad::from(place), bytes).ok()?;
        let plain = Zeroizing::new(opened.to_vec());
        sealed.zeroize();
        Some(plain)
    }
}

fn random<const N: usize>() -> std::result::Result<[u8; N], KeyError> {
    let mut bytes = [0; N];
    rand::fill(&mut bytes).map_err(|_| KeyError::Random)?;
    Ok(bytes)
}
