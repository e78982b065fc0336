//! The one envelope: bytes as sent, whose key, and the signature over both with the purpose.

use crate::digest::Digest;
use crate::key::{IdentityKey, KeyError, OnlineKey};
use bytes::Bytes;
use std::marker::PhantomData;

/// A thing that travels signed: its purpose keeps a signature made for one kind from serving another.
pub trait Payload: Sized {
    /// What is signed besides the bytes, unique to the kind and its format's version.
    const PURPOSE: &'static str;
}

/// A signed payload, kept as the bytes that were signed; nothing in it is believed before [`Signed::bytes`] said yes.
#[derive(Debug, PartialEq, Eq)]
pub struct Signed<T> {
    bytes: Bytes,
    key: Digest,
    signature: Bytes,
    kind: PhantomData<fn() -> T>,
}

impl<T> Clone for Signed<T> {
    fn clone(&self) -> Self {
        Self { bytes: self.bytes.clone(), key: self.key, signature: self.signature.clone(), kind: PhantomData }
    }
}

/// Why an envelope is not opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignedError {
    /// No trusted key has that name.
    #[error("signed by a key that is not trusted here ({})", .0.short())]
    Unknown(Digest),
    /// The signature does not hold.
    #[error(transparent)]
    Key(#[from] KeyError),
}

impl<T: Payload> Signed<T> {
    /// Puts parts received or kept together again; they are checked when opened.
    #[must_use]
    pub fn from_parts(bytes: Bytes, key: Digest, signature: Bytes) -> Self {
        Self { bytes, key, signature, kind: PhantomData }
    }

    /// What a signer signs for these bytes: purpose, a zero byte, the bytes.
    #[must_use]
    pub fn message(bytes: &[u8]) -> Vec<u8> {
        [T::PURPOSE.as_bytes(), &[0], bytes].concat()
    }

    /// The bytes, once one of the trusted keys is found to have signed them for this purpose.
    ///
    /// # Errors
    /// [`SignedError`] when the key is not trusted or the signature does not hold.
    pub fn bytes(&self, trusted: &[OnlineKey]) -> Result<&Bytes, SignedError> {
        let key = trusted.iter().find(|k| k.fingerprint() == self.key).ok_or(SignedError::Unknown(self.key))?;
        key.verify(&Self::message(&self.bytes), &self.signature)?;
        Ok(&self.bytes)
    }

    /// The bytes, once this device is found to have signed them for this purpose.
    ///
    /// # Errors
    /// [`SignedError`] when another key signed, or the signature does not hold.
    pub fn bytes_of(&self, key: &IdentityKey) -> Result<&Bytes, SignedError> {
        if key.fingerprint() != self.key {
            return Err(SignedError::Unknown(self.key));
        }
        key.verify(&Self::message(&self.bytes), &self.signature)?;
        Ok(&self.bytes)
    }

    /// The parts as they travel: bytes, key name, signature.
    #[must_use]
    pub fn parts(&self) -> (&Bytes, &Digest, &Bytes) {
        (&self.bytes, &self.key, &self.signature)
    }
}
