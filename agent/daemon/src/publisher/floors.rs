//! The oldest versions that may still be taken.
//!
//! They lie beside the metadata they come from, in a file of their own: a cache that was torn or deleted must not make a device
//! believe what it had outgrown.

use super::error::PublisherError;
use model::digest::Digest;
use serde::{Deserialize, Serialize};
use sigstore_tuf::{RoleKeys, Root, Snapshot, Timestamp};
use std::collections::BTreeMap;

/// What has been seen, signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Floors {
    /// The digest of each root that was trusted, by its version.
    roots: BTreeMap<u64, Digest>,
    /// Whose signatures the versions below are of.
    authority: Digest,
    timestamp: u64,
    snapshot: u64,
    /// The versions that a snapshot listed, by file name.
    listed: BTreeMap<String, u64>,
}

impl Floors {
    /// Those of a device that knows one root and nothing else.
    pub(crate) fn new(root: &Root, bytes: &[u8]) -> Self {
        let (timestamp, snapshot, listed) = (0, 0, BTreeMap::new());
        let roots = [(root.version, Digest::of(bytes))].into();
        Self { roots, authority: authority(root), timestamp, snapshot, listed }
    }

    /// Whether a root that this device is told to begin with belongs to what it has seen: one of those roots, or a later one.
    /// Another one of their versions is another repository, begun anew by the word of the territory's root.
    pub(crate) fn belongs(&self, root: &Root, bytes: &[u8]) -> bool {
        self.last() < root.version || self.roots.get(&root.version) == Some(&Digest::of(bytes))
    }

    /// Takes a root that is trusted. With other keys for what is signed daily the versions begin anew: so those who publish get
    /// out of numbers that a thief drove up. A root that was outgrown changes nothing.
    pub(crate) fn root_raise(&mut self, root: &Root, bytes: &[u8]) {
        let newer = self.last() < root.version;
        self.roots.entry(root.version).or_insert_with(|| Digest::of(bytes));
        let authority = authority(root);
        if newer && self.authority != authority {
            (self.authority, self.timestamp, self.snapshot, self.listed) = (authority, 0, 0, BTreeMap::new());
        }
    }

    /// Refuses to stay with a root when a later one was seen.
    pub(crate) fn root_check(&self, root: &Root) -> Result<(), PublisherError> {
        older("root", root.version, self.last())
    }

    /// Takes a timestamp whose signatures hold.
    pub(crate) fn timestamp_take(&mut self, timestamp: &Timestamp) -> Result<(), PublisherError> {
        let snapshot = timestamp.snapshot_meta().map_or(0, |meta| meta.version);
        older("timestamp", timestamp.version, self.timestamp)?;
        older("snapshot", snapshot, self.snapshot)?;
        (self.timestamp, self.snapshot) = (timestamp.version, snapshot);
        Ok(())
    }

    /// Takes a snapshot that its timestamp names.
    pub(crate) fn snapshot_take(&mut self, snapshot: &Snapshot) -> Result<(), PublisherError> {
        for (name, seen) in &self.listed {
            let now = snapshot.meta.get(name).ok_or_else(|| PublisherError::RolledBack(format!("{name} is gone")))?;
            older(name, now.version, *seen)?;
        }
        self.listed = snapshot.meta.iter().map(|(name, meta)| (name.clone(), meta.version)).collect();
        Ok(())
    }

    fn last(&self) -> u64 {
        self.roots.last_key_value().map_or(0, |(last, _)| *last)
    }
}

fn older(what: &str, now: u64, seen: u64) -> Result<(), PublisherError> {
    if now >= seen {
        return Ok(());
    }
    Err(PublisherError::RolledBack(format!("{what} {now}, when {seen} was seen")))
}

/// Whose timestamps and snapshots hold under a root.
fn authority(root: &Root) -> Digest {
    let keys = |role: &RoleKeys| {
        let mut keys: Vec<&str> =
            role.keyids.iter().filter_map(|id| Some(root.keys.get(id)?.keyval.public.as_str())).collect();
        keys.sort_unstable();
        format!("{} of {}\n", role.threshold, keys.join(" "))
    };
    let roles = ["timestamp", "snapshot"].map(|role| root.role(role).map(keys).unwrap_or_default());
    Digest::of(roles.concat().as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root(version: u64, key: &str) -> Root {
        let role = serde_json::json!({ "keyids": ["k"], "threshold": 1 });
        let root = serde_json::json!({
            "_type": "root", "spec_version": "1.0.31", "version": version, "expires": "2027-01-01T00:00:00Z",
            "keys": { "k": { "keytype": "ed25519", "scheme": "ed25519", "keyval": { "public": key } } },
            "roles": { "timestamp": role, "snapshot": role },
        });
        serde_json::from_value(root).unwrap()
    }

    fn timestamp(version: u64, snapshot: u64) -> Timestamp {
        let timestamp = serde_json::json!({
            "_type": "timestamp", "spec_version": "1.0.31", "version": version, "expires": "2027-01-01T00:00:00Z",
            "meta": { "snapshot.json": { "version": snapshot } },
        });
        serde_json::from_value(timestamp).unwrap()
    }

    fn snapshot(listed: &[(&str, u64)]) -> Snapshot {
        let meta: BTreeMap<_, _> =
            listed.iter().map(|(name, version)| (name, serde_json::json!({ "version": version }))).collect();
        let snapshot = serde_json::json!({
            "_type": "snapshot", "spec_version": "1.0.31", "version": 1, "expires": "2027-01-01T00:00:00Z", "meta": meta,
        });
        serde_json::from_value(snapshot).unwrap()
    }

    #[test]
    fn versions_only_grow_until_their_keys_change() {
        let mut floors = Floors::new(&root(1, "aa"), b"one");
        floors.timestamp_take(&timestamp(5, 3)).unwrap();
        floors.snapshot_take(&snapshot(&[("targets.json", 2), ("bundles.json", 4)])).unwrap();
        floors.timestamp_take(&timestamp(5, 3)).unwrap();
        let kept = floors.clone();
        for refused in [timestamp(4, 3), timestamp(6, 2)] {
            assert_eq!(floors.timestamp_take(&refused).unwrap_err().code(), "metadata_rolled_back");
        }
        for refused in [&[("targets.json", 2)][..], &[("targets.json", 2), ("bundles.json", 3)]] {
            assert_eq!(floors.snapshot_take(&snapshot(refused)).unwrap_err().code(), "metadata_rolled_back");
        }
        assert_eq!(floors, kept);
        floors.root_raise(&root(2, "aa"), b"two");
        assert!(floors.timestamp_take(&timestamp(4, 3)).is_err());
        floors.root_raise(&root(3, "bb"), b"three");
        floors.timestamp_take(&timestamp(1, 1)).unwrap();
        floors.snapshot_take(&snapshot(&[("targets.json", 1)])).unwrap();
        assert_eq!(floors.root_check(&root(2, "aa")).unwrap_err().code(), "metadata_rolled_back");
        // The way from the first root is walked again, by whoever lost the chain.
        let kept = floors.clone();
        [(1, "aa"), (2, "aa"), (3, "bb")]
            .iter()
            .for_each(|(version, key)| floors.root_raise(&root(*version, key), b"again"));
        assert_eq!(floors, kept);
    }

    #[test]
    fn a_root_of_the_same_version_is_another_repository() {
        let mut floors = Floors::new(&root(1, "aa"), b"one");
        floors.root_raise(&root(2, "aa"), b"two");
        assert!(floors.belongs(&root(1, "aa"), b"one") && floors.belongs(&root(3, "cc"), b"three"));
        assert!(!floors.belongs(&root(1, "bb"), b"other") && !floors.belongs(&root(2, "bb"), b"other"));
    }
}
