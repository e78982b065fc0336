//! Publishing: what enough holders signed is judged and made whole in memory, then becomes what devices are offered.

use crate::error::{Error, Result};
use crate::folder::{Folder, file_put};
use crate::key::SigningKey;
use crate::kind::kind_kept;
use crate::proposal::Proposal;
use crate::repository::{
    List, Published, Repository, SNAPSHOT_LIFE, TIMESTAMP_LIFE, contents_check, delegated, delegated_roles, keys_check,
    root_keys, root_read, root_verify,
};
use crate::target::target_check;
use crate::tuf::{Document, MetaFile, Root, Snapshot, Targets, Timestamp, is_moment, key_id, moment};
use model::time::Timestamp as Moment;
use std::collections::BTreeMap;

/// What was published.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Done {
    /// The version of each role, as devices will see them.
    pub versions: BTreeMap<String, u64>,
}

/// Documents that are not written yet, by role and version.
type Drafts = BTreeMap<(String, u64), Vec<u8>>;

/// Verifies a proposal as a device would, and everything it names; then offers it.
///
/// Nothing is written before all of it was judged. Devices take a new root as soon as it lies there, whatever the timestamp says, so
/// the root is written last but one, and the timestamp at once after it; a run that was cut is run again.
///
/// # Errors
/// [`Error::Threshold`], [`Error::Stale`], [`Error::TargetBad`]; [`Error::Metadata`] for what some device would refuse.
pub fn publish(folder: &Folder, proposal: &Proposal, now: Moment) -> Result<Done> {
    let _lock = folder.lock()?;
    let before = match root_read(folder, 1)? {
        Some(_) => Some(Repository::read(folder)?),
        None => None,
    };
    let published = before.as_ref().and_then(|before| before.published.as_ref());
    let lacking = |name: &str| Error::Metadata { name: name.to_owned(), why: "it is neither proposed nor published" };
    let root = match proposal.document("root") {
        Some(document) => root_judge(before.as_ref(), document)?,
        None => whole(before.as_ref().ok_or_else(|| lacking("root"))?)?.root.clone(),
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
    contents_check("targets", &targets)?;
    if let Some(published) = published {
        kind_kept(&published.targets, &targets)?;
        if published.lists.keys().any(|role| !delegated_roles(&targets).any(|one| one == role)) {
            return Err(bad("targets", "a role that lists targets would be lost"));
        }
    }
    let mut versions = vec![("root".to_owned(), root.version), ("targets".to_owned(), targets.version)];
    for role in delegated_roles(&targets) {
        let before = published.and_then(|published| published.lists.get(role));
        let list = list_judge(folder, role, &targets, proposal.document(role), before)?;
        versions.push((role.to_owned(), list.version));
    }
    if let Some(role) = proposal.roles().find(|role| !versions.iter().any(|(known, _)| known == role)) {
        return Err(Error::NotDelegated(role.to_owned()));
    }
    let mut meta = published.map(|published| published.snapshot.meta.clone()).unwrap_or_default();
    let mut drafts = Drafts::new();
    for (role, version) in versions {
        let role = role.as_str();
        let Some(document) = proposal.document(role) else { continue };
        let bytes = document.bytes()?;
        if Document::parse(role, &bytes)? != *document {
            return Err(bad(role, "it does not read as it was written"));
        }
        if role != "root" {
            meta.insert(format!("{role}.json"), MetaFile::of(version, &bytes));
        } else if let Some(there) = root_read(folder, version)? {
            // What lies there has its signatures, and devices may have read it.
            if there.signed != document.signed {
                return Err(bad(role, "another one of this version lies in the repository already"));
            }
            continue;
        }
        drafts.insert((role.to_owned(), version), bytes);
    }
    offer(folder, &root, drafts, meta, published, now)
}

/// Signs snapshot and timestamp anew, so that devices know the list is of today. To be run each day.
///
/// # Errors
/// What reading the repository says; [`Error::Metadata`] when publishing a root was cut, or something has expired.
pub fn refresh(folder: &Folder, now: Moment) -> Result<Done> {
    let _lock = folder.lock()?;
    let repository = Repository::read(folder)?;
    let published = whole(&repository)?.published(folder)?;
    offer(folder, &repository.root, Drafts::new(), published.snapshot.meta.clone(), Some(published), now)
}

/// Devices follow the later root already: nothing is offered under the one before it.
fn whole(repository: &Repository) -> Result<&Repository> {
    if repository.cut {
        return Err(bad("root", "publishing a later one was cut; publish its proposal once more"));
    }
    Ok(repository)
}

fn offer(
    folder: &Folder,
    root: &Root,
    mut drafts: Drafts,
    meta: BTreeMap<String, MetaFile>,
    last: Option<&Published>,
    now: Moment,
) -> Result<Done> {
    let keys = folder.online_keys()?;
    let mut versions: BTreeMap<String, u64> =
        meta.iter().map(|(name, meta)| (name.trim_end_matches(".json").to_owned(), meta.version)).collect();
    let snapshot = last.map_or(0, |last| last.snapshot.version) + 1;
    let timestamp = last.map_or(0, |last| last.timestamp.version) + 1;
    let mut document = Document::new(&Snapshot::new(snapshot, moment(now.after(SNAPSHOT_LIFE)), meta))?;
    online_sign(&mut document, "snapshot", root, &keys)?;
    let bytes = document.bytes()?;
    let meta = [("snapshot.json".to_owned(), MetaFile::of(snapshot, &bytes))].into();
    drafts.insert(("snapshot".to_owned(), snapshot), bytes);
    let mut document = Document::new(&Timestamp::new(timestamp, moment(now.after(TIMESTAMP_LIFE)), meta))?;
    online_sign(&mut document, "timestamp", root, &keys)?;
    drafts.insert(("timestamp".to_owned(), 0), document.bytes()?);
    drafts_judge(folder, root, &drafts, last, now)?;
    drafts_write(folder, &drafts)?;
    versions.extend([
        ("root".to_owned(), root.version),
        ("snapshot".to_owned(), snapshot),
        ("timestamp".to_owned(), timestamp),
    ]);
    Ok(Done { versions })
}

/// Reads what is about to be written as a device will, from the very bytes, with today's date.
fn drafts_judge(folder: &Folder, root: &Root, drafts: &Drafts, last: Option<&Published>, now: Moment) -> Result<()> {
    let made = Published::judge(root, &|role, version| match drafts.get(&(role.to_owned(), version)) {
        Some(bytes) => Ok(bytes.clone()),
        None => folder.metadata_read(role, version),
    })?;
    let now = moment(now);
    let lists = made.lists.iter().map(|(role, list)| (role.as_str(), &list.targets.expires));
    for (role, expires) in [
        ("root", &root.expires),
        ("targets", &made.targets.expires),
        ("snapshot", &made.snapshot.expires),
        ("timestamp", &made.timestamp.expires),
    ]
    .into_iter()
    .chain(lists)
    {
        if !is_moment(expires) || *expires <= now {
            return Err(bad(role, "it has expired; propose to renew it first"));
        }
    }
    if last.is_some_and(|last| made.timestamp.expires < last.timestamp.expires) {
        return Err(bad("timestamp", "it would end before the one that is published: this machine's clock is wrong"));
    }
    Ok(())
}

/// First what is seen only when something else names it, then the root, then the timestamp; each durable before the next.
fn drafts_write(folder: &Folder, drafts: &Drafts) -> Result<()> {
    let rank = |role: &str| ["root", "timestamp"].iter().position(|last| *last == role).map_or(0, |at| at + 1);
    let mut ordered: Vec<_> = drafts.iter().collect();
    ordered.sort_by_key(|((role, _), _)| rank(role));
    // Chunks that were packed, too.
    folder.sync()?;
    ordered.into_iter().try_for_each(|((role, version), bytes)| file_put(&folder.metadata(role, *version), bytes))
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
    keys_check("root", &root.keys)?;
    if !root.consistent_snapshot {
        return Err(bad("root", "files would have other names than they have"));
    }
    match before {
        // A run that was cut wrote it. What is proposed is judged all the same: signatures are not part of what is compared.
        Some(before) if before.root_document.signed == document.signed => {
            document.verify("root", &root.keys, root_keys(&root, "root")?)?;
            return Ok(root);
        }
        Some(before) => root_verify(&before.root, document, &root)?,
        None => document.verify("root", &root.keys, root_keys(&root, "root")?)?,
    }
    version_check("root", root.version, before.map(|before| before.root.version))?;
    Ok(root)
}

/// What a role is to list: proposed, signed and whole, or as it is published.
fn list_judge(
    folder: &Folder,
    role: &str,
    targets: &Targets,
    proposed: Option<&Document>,
    before: Option<&List>,
) -> Result<Targets> {
    let (keys, keyed) = delegated(targets, role)?;
    let Some(document) = proposed else {
        let before = before.ok_or_else(|| bad(role, "it is neither proposed nor published"))?;
        // Whom the targets name may have changed.
        before.document.verify(role, keys, keyed)?;
        return Ok(before.targets.clone());
    };
    document.verify(role, keys, keyed)?;
    let list: Targets = document.role()?;
    contents_check(role, &list)?;
    version_check(role, list.version, before.map(|before| before.targets.version))?;
    for (name, target) in &list.targets {
        // What is offered already was looked at then.
        if before.and_then(|before| before.targets.targets.get(name)) != Some(target) {
            target_check(folder, &list, name, target)?;
        }
    }
    Ok(list)
}

fn version_check(role: &str, version: u64, last: Option<u64>) -> Result<()> {
    let expected = last.unwrap_or(0) + 1;
    if version == expected { Ok(()) } else { Err(Error::Stale { role: role.to_owned(), version, expected }) }
}

fn bad(name: &str, why: &'static str) -> Error {
    Error::Metadata { name: name.to_owned(), why }
}
