//! What contents are called, and where they are read.

use crate::{Error, Result};
use std::fmt;
use std::str::FromStr;

/// The BLAKE3 (version 1, 256 bits) of a file's or chunk's contents, as they are on a device's disk.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContentId([u8; 32]);

/// Names contents that come one part after another, as those of a large file.
#[derive(Clone, Debug, Default)]
pub struct ContentHasher(blake3::Hasher);

impl ContentHasher {
    /// Takes the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// What all of them are called.
    #[must_use]
    pub fn finish(&self) -> ContentId {
        ContentId::finish(&self.0)
    }
}

/// The files of a version that somebody has, in the order of its index.
pub trait Contents {
    /// Reads a part of a file; all of it, or an error.
    ///
    /// # Errors
    /// What the disk says.
    fn read(&mut self, file: usize, offset: u64, length: usize) -> std::io::Result<Vec<u8>>;
}

impl ContentId {
    /// Of some bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(*blake3::hash(bytes).as_bytes())
    }

    /// From the 32 bytes of one made elsewhere.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    pub(crate) fn finish(hasher: &blake3::Hasher) -> Self {
        Self(*hasher.finalize().as_bytes())
    }
}

impl fmt::Display for ContentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&blake3::Hash::from_bytes(self.0).to_hex())
    }
}

impl fmt::Debug for ContentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ContentId({self})")
    }
}

impl FromStr for ContentId {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self> {
        let hash = blake3::Hash::from_hex(text).map_err(|_| Error::Damaged("a content id is 64 hexadecimal digits"))?;
        Ok(Self(*hash.as_bytes()))
    }
}
