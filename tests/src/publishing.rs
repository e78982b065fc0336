//! A publisher's machine: bundles are packed, signed and published, by the program's library with one key, or by the program itself
//! with a key for each role.

use crate::programs::program;
use model::digest::Digest;
use model::time::Timestamp;
use publisher::{Folder, Founders, Holders, Kind, Packed, Progress, SigningKey, bundle_pack, init, publish};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

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

/// A repository that was made, signed and published by typing commands, each role's key in a file of its own.
pub struct Typed {
    home: PathBuf,
}

impl Typed {
    /// One without bundles, in a folder that exists.
    pub fn new(home: &Path) -> Self {
        let typed = Self { home: home.to_owned() };
        for key in ["root", "targets", "bundles", "lists"] {
            typed.publish(&["key", "new", "--to", key]);
        }
        let init = "repository init --repository repo --root root.pub --targets targets.pub --bundles bundles.pub --lists lists.pub --to first";
        typed.publish(&init.split(' ').collect::<Vec<_>>());
        typed.sign("first", &["root", "targets", "bundles", "lists"]);
        typed
    }

    /// Packs a folder, signs and publishes it; what the program says of the bundle.
    pub fn bundle(&self, source: &Path) -> Value {
        let proposal = format!("proposal-{}", source.file_name().unwrap().to_str().unwrap());
        let pack = ["bundle", "pack", source.to_str().unwrap(), "--repository", "repo", "--to", &proposal];
        let packed = self.publish(&pack);
        self.sign(&proposal, &["bundles"]);
        packed["bundles"][0].clone()
    }

    /// The repository's folder, as it is brought to a server.
    #[must_use]
    pub fn folder(&self) -> PathBuf {
        self.home.join("repo")
    }

    /// Signs a proposal with keys, and publishes it.
    pub fn sign(&self, proposal: &str, keys: &[&str]) {
        for key in keys {
            self.publish(&["bundle", "sign", proposal, "--key", key, "--yes"]);
        }
        self.publish(&["bundle", "publish", proposal, "--repository", "repo"]);
    }

    /// What the program answers.
    pub fn publish(&self, arguments: &[&str]) -> Value {
        let mut command = Command::new(program("cartable-publish"));
        command.args(arguments).args(["--lang", "en", "--output", "json"]).current_dir(&self.home);
        let out = command.stdin(Stdio::null()).output().unwrap();
        assert!(out.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&out.stderr));
        serde_json::from_slice(&out.stdout).unwrap()
    }
}
