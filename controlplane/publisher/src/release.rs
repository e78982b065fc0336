//! Releases of the agent, for the product's own repository.

use crate::error::{Error, Result, read_failed};
use crate::folder::Folder;
use crate::kind::RELEASES;
use crate::proposal::Proposal;
use crate::repository::{Repository, list_next};
use crate::target::{target_put, target_read};
use crate::tuf::Targets;
use bundle::{Architecture, PROGRAM_BYTES_MAX, Program, Release, System, Version};
use model::time::Timestamp as Moment;
use serde::Serialize;
use serde_json::json;
use std::fs;
use std::path::PathBuf;

/// So many releases are offered: the last one, and two to return to.
const RELEASES_KEPT: usize = 3;

/// A program to pack.
#[derive(Clone, Debug)]
pub struct Built {
    /// For which system.
    pub system: System,
    /// For which processor.
    pub architecture: Architecture,
    /// Where it lies.
    pub path: PathBuf,
}

/// What packing a release came to.
#[derive(Clone, Debug, Serialize)]
pub struct Released {
    /// What it consists of.
    pub release: Release,
    /// The digest of its index: what is assigned to devices.
    pub index_sha256: String,
    /// Its programs over the wire, in bytes, in the order of the release.
    pub stored_bytes: Vec<u64>,
}

/// Packs the programs of a release, and proposes it.
///
/// Its minimum is at least that of the releases before it: what devices have seen cannot be taken back.
///
/// # Errors
/// [`Error::VersionOld`]; what the files and the repository say.
pub fn release_pack(
    folder: &Folder,
    version: Version,
    minimum: Option<Version>,
    built: &[Built],
    now: Moment,
) -> Result<(Proposal, Released)> {
    let _lock = folder.lock()?;
    let repository = Repository::read(folder)?;
    let published = repository.published(folder)?;
    let mut list = list_next(published.list(RELEASES)?, now);
    let before = releases(folder, &list)?;
    if let Some(last) = before.last().filter(|last| last.version >= version) {
        let (version, last) = (version.to_string(), last.version.to_string());
        return Err(Error::VersionOld { bundle: "cartable-agent".to_owned(), version, last });
    }
    let demanded = before.iter().map(|release| release.minimum.clone()).max();
    let lowest = before.first().map_or_else(|| version.clone(), |first| first.version.clone());
    let minimum = minimum.max(demanded).unwrap_or(lowest);
    let (mut programs, mut stored) = (Vec::new(), Vec::new());
    for one in built {
        let length = fs::metadata(&one.path).map_err(read_failed(&one.path))?.len();
        if length > PROGRAM_BYTES_MAX {
            return Err(bundle::Error::Limit { what: "a program", limit: PROGRAM_BYTES_MAX }.into());
        }
        let bytes = fs::read(&one.path).map_err(read_failed(&one.path))?;
        let program = Program::of(one.system, one.architecture, &bytes);
        stored.push((program.clone(), Program::store(&bytes)?));
        programs.push(program);
    }
    stored.sort();
    let release = Release::new(version, minimum, programs)?;
    for (program, bytes) in &stored {
        let about = json!({"kind": "program", "version": release.version, "bytes": program.bytes});
        target_put(folder, &mut list, &program.target_name(&release.version), bytes, &about)?;
    }
    let about = json!({"kind": "release", "version": release.version, "minimum": release.minimum});
    let name = Release::index_name(&release.version);
    let index = target_put(folder, &mut list, &name, &release.encode()?, &about)?;
    let kept = before.len().saturating_sub(RELEASES_KEPT - 1);
    for old in &before[..kept] {
        list.targets.remove(&Release::index_name(&old.version));
        for program in &old.programs {
            list.targets.remove(&program.target_name(&old.version));
        }
    }
    folder.sync()?;
    let mut proposal = Proposal::of(&repository, published);
    proposal.add(RELEASES, &list)?;
    let index_sha256 = index.hashes.get("sha256").cloned().unwrap_or_default();
    let stored_bytes = stored.iter().map(|(_, bytes)| bytes.len() as u64).collect();
    Ok((proposal, Released { release, index_sha256, stored_bytes }))
}

/// What is offered, the last one last.
fn releases(folder: &Folder, list: &Targets) -> Result<Vec<Release>> {
    let indexes = list.targets.iter().filter(|(name, _)| name.ends_with(".index"));
    let mut releases = indexes
        .map(|(name, target)| Ok(Release::decode(&target_read(folder, name, target)?)?))
        .collect::<Result<Vec<_>>>()?;
    releases.sort_by(|one, other| one.version.cmp(&other.version));
    Ok(releases)
}
