//! Publishing: what enough holders signed becomes what devices are offered, in one rename.

use crate::error::{Error, Result, read_failed};
use crate::folder::{Folder, file_put};
use crate::key::SigningKey;
use crate::proposal::Proposal;
use crate::repository::{BUNDLES, Repository, SNAPSHOT_LIFE, TIMESTAMP_LIFE, delegated, root_keys, root_verify};
use crate::tuf::{Document, MetaFile, Root, Snapshot, Target, Targets, Timestamp, key_id, moment};
use bundle::Index;
use model::time::Timestamp as Moment;
use std::collections::BTreeMap;
use std::fs;

/// What was published.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Done {
    /// The version of each role, as devices will see them.
    pub versions: BTreeMap<String, u64>,
}

/// Verifies a proposal as a device would, and everything it names; then offers it.
///
/// Until the timestamp is replaced, at the very end, devices see what they saw before: a run that was cut is run again.
///
/// # Errors
/// [`Error::Threshold`], [`Error::Stale`], [`Error::TargetBad`].
pub fn publish(folder: &Folder, proposal: &Proposal, now: Moment) -> Result<Done> {
    let _lock = folder.lock()?;
    let before = match folder.metadata("root", 1).exists() {
        true => Some(Repository::read(folder)?),
        false => None,
    };
    let published = before.as_ref().and_then(|before| before.published.as_ref());
    let lacking = |name: &str| Error::Metadata { name: name.to_owned(), why: "it is neither proposed nor published" };
    let root = match proposal.document("root") {
        Some(document) => root_judge(before.as_ref(), document)?,
        None => before.as_ref().map(|before| before.root.clone()).ok_or_else(|| lacking("root"))?,
    };
    let targets: Targets = match proposal.document("targets") {
        Some(document) => document.role()?,
        None => published.map(|published| published.targets.clone()).ok_or_else(|| lacking("targets"))?,
    };
    if let Some(document) = proposal.document("targets") {
        document.verify("targets", &root.keys, root_keys(&root, "targets")?)?;
        version_check("targets", targets.version, published.map(|published| published.targets.version))?;
    } else if let Some(published) = published {
        // Its keys may have changed with the root.
        published.targets_document.verify("targets", &root.keys, root_keys(&root, "targets")?)?;
    }
    let bundles: Targets = match proposal.document(BUNDLES) {
        Some(document) => document.role()?,
        None => published.map(|published| published.bundles.clone()).ok_or_else(|| lacking(BUNDLES))?,
    };
    if let Some(document) = proposal.document(BUNDLES) {
        let (keys, role) = delegated(&targets, BUNDLES)?;
        document.verify(BUNDLES, keys, role)?;
        version_check(BUNDLES, bundles.version, published.map(|published| published.bundles.version))?;
        let known = published.map(|published| &published.bundles.targets);
        for (name, target) in &bundles.targets {
            // What is offered already was looked at then.
            if known.and_then(|known| known.get(name)) != Some(target) {
                target_check(folder, name, target)?;
            }
        }
    } else if let Some(published) = published {
        // Whom the targets name may have changed.
        let (keys, role) = delegated(&targets, BUNDLES)?;
        published.bundles_document.verify(BUNDLES, keys, role)?;
    }
    let mut meta = published.map(|published| published.snapshot.meta.clone()).unwrap_or_default();
    for (role, version) in [("root", root.version), ("targets", targets.version), (BUNDLES, bundles.version)] {
        let Some(document) = proposal.document(role) else { continue };
        let bytes = document.bytes()?;
        file_put(&folder.metadata(role, version), &bytes)?;
        if role != "root" {
            meta.insert(format!("{role}.json"), MetaFile::of(version, &bytes));
        }
    }
    let last = published.map(|published| (published.snapshot.version, published.timestamp.version));
    offer(folder, &root, meta, last.unwrap_or((0, 0)), now)
}

/// Signs snapshot and timestamp anew, so that devices know the list is of today. To be run each day.
///
/// # Errors
/// What reading the repository says.
pub fn refresh(folder: &Folder, now: Moment) -> Result<Done> {
    let _lock = folder.lock()?;
    let repository = Repository::read(folder)?;
    let published = repository.published(folder)?;
    let last = (published.snapshot.version, published.timestamp.version);
    offer(folder, &repository.root, published.snapshot.meta.clone(), last, now)
}

fn offer(
    folder: &Folder,
    root: &Root,
    meta: BTreeMap<String, MetaFile>,
    last: (u64, u64),
    now: Moment,
) -> Result<Done> {
    let keys = folder.online_keys()?;
    let mut versions: BTreeMap<String, u64> =
        meta.iter().map(|(name, meta)| (name.trim_end_matches(".json").to_owned(), meta.version)).collect();
    let (snapshot, timestamp) = (last.0 + 1, last.1 + 1);
    let mut document = Document::new(&Snapshot::new(snapshot, moment(now.after(SNAPSHOT_LIFE)), meta))?;
    online_sign(&mut document, "snapshot", root, &keys)?;
    let bytes = document.bytes()?;
    file_put(&folder.metadata("snapshot", snapshot), &bytes)?;
    let meta = [("snapshot.json".to_owned(), MetaFile::of(snapshot, &bytes))].into();
    let mut document = Document::new(&Timestamp::new(timestamp, moment(now.after(TIMESTAMP_LIFE)), meta))?;
    online_sign(&mut document, "timestamp", root, &keys)?;
    // What it leads to is durable before it is.
    folder.sync()?;
    file_put(&folder.metadata("timestamp", timestamp), &document.bytes()?)?;
    folder.sync()?;
    versions.extend([
        ("root".to_owned(), root.version),
        ("snapshot".to_owned(), snapshot),
        ("timestamp".to_owned(), timestamp),
    ]);
    Ok(Done { versions })
}

fn online_sign(document: &mut Document, role: &str, root: &Root, keys: &[SigningKey]) -> Result<()> {
    let allowed = root_keys(root, role)?;
    for key in keys.iter().filter(|key| allowed.keyids.contains(&key_id(&key.public().0))) {
        document.sign(key)?;
    }
    document.verify(role, &root.keys, allowed)
}

fn root_judge(before: Option<&Repository>, document: &Document) -> Result<Root> {
    let root: Root = document.role()?;
    match before {
        // It was written by a run that was cut.
        Some(before) if before.root_document.signed == document.signed => return Ok(root),
        Some(before) => root_verify(&before.root, document, &root)?,
        None => document.verify("root", &root.keys, root_keys(&root, "root")?)?,
    }
    version_check("root", root.version, before.map(|before| before.root.version))?;
    Ok(root)
}

fn version_check(role: &str, version: u64, last: Option<u64>) -> Result<()> {
    let expected = last.unwrap_or(0) + 1;
    if version == expected { Ok(()) } else { Err(Error::Stale { role: role.to_owned(), version, expected }) }
}

/// A target is there under both its names, and each chunk of an index with it.
fn target_check(folder: &Folder, name: &str, target: &Target) -> Result<()> {
    let bad = || Error::TargetBad(name.to_owned());
    if name.contains('/') {
        return Err(bad());
    }
    let mut bytes = Vec::new();
    for digest in target.hashes.values() {
        let path = folder.target(name, digest);
        if fs::metadata(&path).map_err(|_| bad())?.len() != target.length {
            return Err(bad());
        }
        bytes = fs::read(&path).map_err(read_failed(&path))?;
        if Target::of(&bytes, target.custom.clone()) != *target {
            return Err(bad());
        }
    }
    if name.ends_with(".index") {
        let index = Index::decode(&bytes)?;
        index.chunks().iter().try_for_each(|chunk| folder.chunk_read(chunk).map(drop).map_err(|_| bad()))?;
    }
    Ok(())
}
