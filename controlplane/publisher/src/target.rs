//! Targets: the files that a list names, as they are put into the repository and looked at before they are offered.

use crate::error::{Error, Result, read_failed};
use crate::folder::{Folder, file_put};
use crate::tuf::{Target, Targets};
use bundle::{Index, Release, index_target};
use model::floor::Floor;
use serde_json::{Value, json};
use std::fs;

/// What a floor's file is called.
pub(crate) fn floor_name(version: u32) -> String {
    format!("floor.{version}.json")
}

/// Puts a file where it will be served, and into a list.
pub(crate) fn target_put(
    folder: &Folder,
    list: &mut Targets,
    name: &str,
    bytes: &[u8],
    about: &Value,
) -> Result<Target> {
    let target = Target::of(bytes, Some(json!({"cartable": about})));
    // Clients choose the digest that they ask by.
    for digest in target.hashes.values() {
        file_put(&folder.target(name, digest), bytes)?;
    }
    list.targets.insert(name.to_owned(), target.clone());
    Ok(target)
}

/// A target that lies there, whole.
pub(crate) fn target_read(folder: &Folder, name: &str, target: &Target) -> Result<Vec<u8>> {
    let bad = || Error::TargetBad(name.to_owned());
    let path = folder.target(name, target.hashes.get("sha256").ok_or_else(bad)?);
    let bytes = fs::read(path).map_err(|_| bad())?;
    if Target::of(&bytes, target.custom.clone()) == *target { Ok(bytes) } else { Err(bad()) }
}

/// A target is there under both its names, is what its name says, and all that it names is there with it.
pub(crate) fn target_check(folder: &Folder, list: &Targets, name: &str, target: &Target) -> Result<()> {
    let bad = || Error::TargetBad(name.to_owned());
    // Of other digests, or none at all, there would be nothing to look at.
    if target.hashes.keys().ne(["sha256", "sha512"]) {
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
    // What is installed under one name is not what another name was signed for.
    let named = |expected: String| if expected == name { Ok(()) } else { Err(bad()) };
    if name.starts_with("floor.") {
        let floor = Floor::decode(&bytes).map_err(Error::Floor)?;
        return named(floor_name(floor.version));
    }
    if !name.ends_with(".index") {
        return Ok(());
    }
    if name.starts_with("release.") {
        let release = Release::decode(&bytes)?;
        named(Release::index_name(&release.version))?;
        return release.programs.iter().try_for_each(|program| {
            let name = program.target_name(&release.version);
            let stored = target_read(folder, &name, list.targets.get(&name).ok_or_else(bad)?)?;
            program.open(&stored).map(drop).map_err(|_| Error::TargetBad(name))
        });
    }
    let index = Index::decode(&bytes)?;
    named(index_target(&index.manifest().name, &index.manifest().version))?;
    index.chunks().iter().try_for_each(|chunk| folder.chunk_read(chunk).map(drop).map_err(|_| bad()))
}
