//! Packing: folders in, chunks into the repository, a proposal out.

use crate::contents::Stored;
use crate::error::{Error, Result, read_failed, write_failed};
use crate::folder::{Folder, chunk_put};
use crate::kind::{LISTS_ROLE, role_of};
use crate::progress::Progress;
use crate::proposal::Proposal;
use crate::repository::{BUNDLES, Repository, list_next, versions};
use crate::source::Source;
use crate::target::target_put;
use crate::tuf::Targets;
use bundle::{ContentId, Index, Packer, Packing, index_target, patch_make, patch_target, target_prefix};
use model::time::Timestamp as Moment;
use serde::Serialize;
use serde_json::json;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

/// So many versions of a bundle are offered: the last one, one to return to, one for whoever was away.
const VERSIONS_KEPT: usize = 3;
/// As much is read at once.
const READ_BYTES: usize = 1 << 20;

/// What packing one bundle came to.
#[derive(Clone, Debug, Serialize)]
pub struct Packed {
    /// The bundle.
    pub bundle: String,
    /// Its version.
    pub version: String,
    /// How many files.
    pub files: usize,
    /// All files together, in bytes.
    pub bytes: u64,
    /// The first installation over the wire, in bytes: each chunk once, and the index.
    pub first_bytes: u64,
    /// The digest of the index, for who packs the same folder to compare.
    pub index_sha256: String,
    /// The last version that a patch leads on from.
    pub patch_from: Option<String>,
    /// That patch over the wire, in bytes.
    pub patch_bytes: Option<u64>,
}

/// Packs folders, one bundle each, and proposes them.
///
/// Chunks are put where they will be served: nobody asks for one that no signed index names.
///
/// # Errors
/// [`Error::VersionOld`], [`Error::Twice`]; what the folders and the repository say.
pub fn bundle_pack(
    folder: &Folder,
    sources: &[PathBuf],
    now: Moment,
    progress: &mut dyn FnMut(u64, &str) -> Progress,
) -> Result<(Proposal, Vec<Packed>)> {
    pack(folder, BUNDLES, sources, now, progress)
}

/// The same of the filter's lists, which another role signs.
///
/// # Errors
/// As [`bundle_pack`].
pub(crate) fn lists_pack(
    folder: &Folder,
    source: &Path,
    now: Moment,
    progress: &mut dyn FnMut(u64, &str) -> Progress,
) -> Result<(Proposal, Vec<Packed>)> {
    pack(folder, LISTS_ROLE, &[source.to_owned()], now, progress)
}
/// The index that a folder would have, and nothing kept: for who is to sign, and packs for themselves.
///
/// # Errors
/// What the folder says.
pub fn bundle_pack_dry(source: &Path, progress: &mut dyn FnMut(u64, &str) -> Progress) -> Result<Index> {
    let source = Source::read(source)?;
    let bar = progress(source.size(), source.manifest.name.as_str());
    source_feed(source, &bar, &mut |_, _| Ok(()))
}

fn pack(
    folder: &Folder,
    role: &str,
    sources: &[PathBuf],
    now: Moment,
    progress: &mut dyn FnMut(u64, &str) -> Progress,
) -> Result<(Proposal, Vec<Packed>)> {
    let _lock = folder.lock()?;
    let repository = Repository::read(folder)?;
    let published = repository.published(folder)?;
    let mut bundles = list_next(published.list(role)?, now);
    let mut all = Vec::new();
    for path in sources {
        let source = Source::read(path)?;
        let (name, version) = (source.manifest.name.clone(), source.manifest.version.clone());
        if all.iter().any(|one: &Packed| one.bundle == name.as_str()) {
            return Err(Error::Twice(name.to_string()));
        }
        if role_of(&name) != role {
            return Err(Error::NameReserved(name.to_string()));
        }
        let before = published.last(folder, &name, VERSIONS_KEPT - 1)?;
        if let Some((last, _)) = before.last().filter(|(last, _)| *last >= version) {
            let (bundle, version, last) = (name.to_string(), version.to_string(), last.to_string());
            return Err(Error::VersionOld { bundle, version, last });
        }
        let bar = progress(source.size(), name.as_str());
        let (index, first_bytes) = chunks_store(folder, source, &bar)?;
        let bytes = index.encode();
        let first_bytes = first_bytes + bytes.len() as u64;
        let about = json!({"kind": "bundle", "bundle": name, "version": version, "bytes": index.size(), "first_bytes": first_bytes});
        let target = target_put(folder, &mut bundles, &index_target(&name, &version), &bytes, &about)?;
        let mut packed = Packed {
            bundle: name.to_string(),
            version: version.to_string(),
            files: index.files().len(),
            bytes: index.size(),
            first_bytes,
            index_sha256: target.hashes.get("sha256").cloned().unwrap_or_default(),
            patch_from: None,
            patch_bytes: None,
        };
        // Who was away for a version takes one patch, too: two in a row would bring what both changed twice.
        for (from, old) in before {
            let (mut old_contents, mut new_contents) = (Stored::new(folder, &old), Stored::new(folder, &index));
            bar.text(format!("{name} {from} → {version}"));
            if let Some(patch) = patch_make((&old, &mut old_contents), (&index, &mut new_contents))? {
                let about = json!({"kind": "patch", "bundle": name, "version": version, "from": from});
                target_put(folder, &mut bundles, &patch_target(&name, &from, &version), &patch, &about)?;
                (packed.patch_from, packed.patch_bytes) = (Some(from.to_string()), Some(patch.len() as u64));
            }
        }
        old_drop(&mut bundles, &name);
        all.push(packed);
    }
    folder.sync()?;
    let mut proposal = Proposal::of(&repository, published);
    proposal.add(role, &bundles)?;
    Ok((proposal, all))
}

/// Stores what is new of a folder; its index, and what all its chunks come to.
fn chunks_store(folder: &Folder, source: Source, bar: &Progress) -> Result<(Index, u64)> {
    let mut packing = Packing::new()?;
    let mut first_bytes = std::collections::BTreeMap::new();
    let index = source_feed(source, bar, &mut |id, contents| {
        if first_bytes.contains_key(&id) {
            return Ok(());
        }
        let path = folder.chunk(id);
        // One that a crash or the disk has spoilt is made again.
        let length = fs::metadata(&path).map(|about| about.len()).ok();
        let there = length.filter(|&length| length <= contents.len() as u64 && chunk_holds(&path, contents, id));
        let length = match there {
            Some(length) => length,
            None => {
                let stored = packing.chunk_store(contents)?;
                let above = path.parent().unwrap_or(folder.root());
                fs::create_dir_all(above).map_err(write_failed(above))?;
                chunk_put(&path, &stored)?;
                stored.len() as u64
            }
        };
        first_bytes.insert(id, length);
        Ok(())
    })?;
    Ok((index, first_bytes.values().sum()))
}

fn chunk_holds(path: &Path, contents: &[u8], id: ContentId) -> bool {
    fs::read(path).is_ok_and(|stored| bundle::chunk_open(&stored, contents.len(), id).is_ok())
}

/// Reads a folder's files in the packer's order.
fn source_feed(
    mut source: Source,
    bar: &Progress,
    sink: &mut impl FnMut(ContentId, &[u8]) -> Result<()>,
) -> Result<Index> {
    let mut packer = Packer::new(source.manifest.clone(), std::mem::take(&mut source.entries))?;
    let mut buffer = vec![0; READ_BYTES];
    for at in 0..packer.entries().len() {
        let path = source.path(&packer.entries()[at].path);
        let mut file = File::open(&path).map_err(read_failed(&path))?;
        loop {
            let count = file.read(&mut buffer).map_err(read_failed(&path))?;
            if count == 0 {
                break;
            }
            packer.feed(&buffer[..count], sink)?;
            bar.more(count);
        }
        packer.file_end(sink)?;
    }
    Ok(packer.finish()?)
}

/// Offers no more than the last few versions, and patches between those alone.
fn old_drop(bundles: &mut Targets, name: &bundle::Name) {
    let versions = versions(bundles, name);
    let (_, kept) = versions.split_at(versions.len().saturating_sub(VERSIONS_KEPT));
    let mut names: Vec<String> = kept.iter().map(|version| index_target(name, version)).collect();
    for (at, to) in kept.iter().enumerate() {
        names.extend(kept[..at].iter().map(|from| patch_target(name, from, to)));
    }
    let prefix = target_prefix(name);
    bundles.targets.retain(|target, _| !target.starts_with(&prefix) || names.contains(target));
}
