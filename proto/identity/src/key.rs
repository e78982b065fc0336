//! Private keys: a device's identity key, the control plane's online key.

use crate::Error;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair};
use bytes::Bytes;
use model::key::{IdentityKey, OnlineKey};
use model::signed::{Payload, Signed};

/// A device's identity key: ECDSA P-256, made on the device, never leaving it.
pub struct IdentitySigner {
    pair: EcdsaKeyPair,
    public: IdentityKey,
}

impl IdentitySigner {
    /// Makes a key; the bytes are PKCS #8 and are to be kept with mode 0600.
    ///
    /// # Errors
    /// [`Error::Key`] when the system gives no randomness.
    pub fn generate() -> Result<(Self, Vec<u8>), Error> {
        let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &SystemRandom::new())
            .map_err(|_| Error::Key("identity"))?;
        let bytes = document.as_ref().to_vec();
        Ok((Self::from_pkcs8(&bytes)?, bytes))
    }

    /// Reads a kept key.
    ///
    /// # Errors
    /// [`Error::Key`] when the bytes are no P-256 key.
    pub fn from_pkcs8(bytes: &[u8]) -> Result<Self, Error> {
        let pair =
            EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, bytes).map_err(|_| Error::Key("identity"))?;
        let public = IdentityKey::try_from(pair.public_key().as_ref().to_vec()).map_err(|_| Error::Key("identity"))?;
        Ok(Self { pair, public })
    }

    /// The public half.
    #[must_use]
    pub fn public(&self) -> &IdentityKey {
        &self.public
    }

    /// Signs: ECDSA with SHA-256, ASN.1.
    ///
    /// # Errors
    /// [`Error::Key`] when the system gives no randomness.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        let signature = self.pair.sign(&SystemRandom::new(), message).map_err(|_| Error::Key("identity"))?;
        Ok(signature.as_ref().to_vec())
    }

    /// Puts bytes into an envelope.
    ///
    /// # Errors
    /// As [`IdentitySigner::sign`].
    pub fn seal<T: Payload>(&self, bytes: Bytes) -> Result<Signed<T>, Error> {
        let signature = self.sign(&Signed::<T>::message(&bytes))?;
        Ok(Signed::from_parts(bytes, self.public.fingerprint(), signature.into()))
    }
}

impl std::fmt::Debug for IdentitySigner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("IdentitySigner").field("public", &self.public).finish_non_exhaustive()
    }
}

/// The control plane's online key: Ed25519; signs heads and grants, never content.
pub struct OnlineSigner {
    pair: Ed25519KeyPair,
    public: OnlineKey,
}

impl OnlineSigner {
    /// Makes a key; the bytes are PKCS #8 and are to be kept with mode 0600.
    ///
    /// # Errors
    /// [`Error::Key`] when the system gives no randomness.
    pub fn generate() -> Result<(Self, Vec<u8>), Error> {
        let document = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).map_err(|_| Error::Key("online"))?;
        let bytes = document.as_ref().to_vec();
        Ok((Self::from_pkcs8(&bytes)?, bytes))
    }

    /// Reads a kept key.
    ///
    /// # Errors
    /// [`Error::Key`] when the bytes are no Ed25519 key.
    pub fn from_pkcs8(bytes: &[u8]) -> Result<Self, Error> {
        let pair = Ed25519KeyPair::from_pkcs8(bytes).map_err(|_| Error::Key("online"))?;
        let public = OnlineKey::try_from(pair.public_key().as_ref().to_vec()).map_err(|_| Error::Key("online"))?;
        Ok(Self { pair, public })
    }

    /// The public half.
    #[must_use]
    pub fn public(&self) -> &OnlineKey {
        &self.public
    }

    /// Puts bytes into an envelope for their purpose.
    #[must_use]
    pub fn sign<T: Payload>(&self, bytes: Bytes) -> Signed<T> {
        let signature = self.pair.sign(&Signed::<T>::message(&bytes));
        Signed::from_parts(bytes, self.public.fingerprint(), Bytes::copy_from_slice(signature.as_ref()))
    }
}
