//! Public keys and what they say yes to; private halves live in `identity`.

use crate::digest::{Digest, hex, unhex};
use aws_lc_rs::signature::{self, UnparsedPublicKey};
use serde::{Deserialize, Serialize};

/// The length of an uncompressed P-256 point (SEC 1, 2.3.3), in bytes.
pub const IDENTITY_KEY_BYTES: usize = 65;

/// The public half of a device's identity key: ECDSA on P-256, an uncompressed SEC 1 point.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct IdentityKey(Vec<u8>);

/// The public half of the control plane's online key: Ed25519 (RFC 8032), 32 bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct OnlineKey(Vec<u8>);

/// Why bytes are no key or a signature does not hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Not an uncompressed P-256 point.
    #[error("an identity key is an uncompressed P-256 point of 65 bytes")]
    Identity,
    /// Not an Ed25519 key.
    #[error("an online key is 32 bytes")]
    Online,
    /// The signature is not this key's over these bytes.
    #[error("the signature does not hold")]
    Signature,
}

impl IdentityKey {
    /// The SEC 1 point.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The key's name in tables: the digest of its point.
    #[must_use]
    pub fn fingerprint(&self) -> Digest {
        Digest::of(&self.0)
    }

    /// Checks an ASN.1 ECDSA signature with SHA-256.
    ///
    /// # Errors
    /// [`KeyError::Signature`] when it is not this key's, or the point is not on the curve.
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), KeyError> {
        UnparsedPublicKey::new(&signature::ECDSA_P256_SHA256_ASN1, &self.0)
            .verify(message, signature)
            .map_err(|_| KeyError::Signature)
    }
}

impl TryFrom<Vec<u8>> for IdentityKey {
    type Error = KeyError;
    fn try_from(bytes: Vec<u8>) -> Result<Self, KeyError> {
        if bytes.len() == IDENTITY_KEY_BYTES && bytes[0] == 4 { Ok(Self(bytes)) } else { Err(KeyError::Identity) }
    }
}

impl TryFrom<String> for IdentityKey {
    type Error = KeyError;
    fn try_from(hex: String) -> Result<Self, KeyError> {
        unhex(&hex).ok_or(KeyError::Identity)?.try_into()
    }
}

impl From<IdentityKey> for String {
    fn from(key: IdentityKey) -> Self {
        hex(&key.0)
    }
}

impl OnlineKey {
    /// The 32 bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The key's name in an envelope: the digest of its bytes.
    #[must_use]
    pub fn fingerprint(&self) -> Digest {
        Digest::of(&self.0)
    }

    /// Checks an Ed25519 signature.
    ///
    /// # Errors
    /// [`KeyError::Signature`] when it is not this key's.
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), KeyError> {
        UnparsedPublicKey::new(&signature::ED25519, &self.0).verify(message, signature).map_err(|_| KeyError::Signature)
    }
}

impl TryFrom<Vec<u8>> for OnlineKey {
    type Error = KeyError;
    fn try_from(bytes: Vec<u8>) -> Result<Self, KeyError> {
        if bytes.len() == 32 { Ok(Self(bytes)) } else { Err(KeyError::Online) }
    }
}

impl TryFrom<String> for OnlineKey {
    type Error = KeyError;
    fn try_from(hex: String) -> Result<Self, KeyError> {
        unhex(&hex).ok_or(KeyError::Online)?.try_into()
    }
}

impl From<OnlineKey> for String {
    fn from(key: OnlineKey) -> Self {
        hex(&key.0)
    }
}
