//! A publisher's machine with one key for everything: bundles are packed, signed and published as the program does it.

use model::digest::Digest;
use model::time::Timestamp;
use publisher::{Folder, Founders, Holders, Kind, Packed, Progress, SigningKey, bundle_pack, init, publish};
use std::path::{Path, PathBuf};

/// The machine.
pub struct Publisher {
    /// Its repository; `public` in it is what devices see.
    pub folder: Folder,
    /// The key that signs all of it.
    pub key: SigningKey,
}

impl Publisher {
    /// One with a repository without bundles, at this time.
    pub fn new(home: &Path, now: Timestamp) -> Self {
        let key = SigningKey::create(&home.join("publisher-key")).unwrap();
        let folder = Folder::new(home.join("publisher"));
        let holders = Holders { keys: vec![key.public()], threshold: 1 };
        let founders = Founders { root: holders.clone(), targets: holders, lists: [].into() };
        let mut proposal = init(&folder, Kind::Territory, &founders, now).unwrap();
        proposal.sign(&key).unwrap();
        publish(&folder, &proposal, now).unwrap();
        Self { folder, key }
    }

    /// Packs folders, one bundle each, signs and publishes them.
    pub fn published(&self, sources: &[PathBuf], now: Timestamp) -> Vec<Packed> {
        let (mut proposal, packed) = bundle_pack(&self.folder, sources, now, &mut |_, _| Progress::hidden()).unwrap();
        proposal.sign(&self.key).unwrap();
        publish(&self.folder, &proposal, now).unwrap();
        packed
    }

    /// The first root, where devices begin.
    #[must_use]
    pub fn root(&self) -> Vec<u8> {
        std::fs::read(self.folder.public().join("metadata/1.root.json")).unwrap()
    }
}

/// The digest of what was packed, as plans name it.
#[must_use]
pub fn index_digest(packed: &Packed) -> Digest {
    packed.index_sha256.parse().unwrap()
}
