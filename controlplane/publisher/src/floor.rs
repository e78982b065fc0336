//! The policy floor of a territory: one file, written by people, judged field by field, signed as resources are.

use crate::error::{Error, Result, read_failed};
use crate::folder::Folder;
use crate::kind::FLOOR;
use crate::proposal::Proposal;
use crate::repository::{Repository, list_next};
use crate::target::{floor_name, target_put, target_read};
use model::floor::{FLOOR_BYTES_MAX, Floor};
use model::time::Timestamp as Moment;
use serde_json::json;
use std::fs;
use std::path::Path;

/// Packs a floor, and proposes it in the place of the one before.
///
/// # Errors
/// [`Error::Floor`], [`Error::VersionOld`]; what the repository says.
pub fn floor_pack(folder: &Folder, path: &Path, now: Moment) -> Result<(Proposal, Floor)> {
    let floor = floor_read(path)?;
    let _lock = folder.lock()?;
    let repository = Repository::read(folder)?;
    let published = repository.published(folder)?;
    let mut list = list_next(published.list(FLOOR)?, now);
    for (name, target) in &list.targets {
        let last = Floor::decode(&target_read(folder, name, target)?).map_err(Error::Floor)?;
        if last.version >= floor.version {
            let (version, last) = (floor.version.to_string(), last.version.to_string());
            return Err(Error::VersionOld { bundle: FLOOR.to_owned(), version, last });
        }
    }
    // One floor holds; an older one is nothing to return to.
    list.targets.clear();
    let about = json!({"kind": "floor", "version": floor.version});
    target_put(folder, &mut list, &floor_name(floor.version), &floor.encode().map_err(Error::Floor)?, &about)?;
    folder.sync()?;
    let mut proposal = Proposal::of(&repository, published);
    proposal.add(FLOOR, &list)?;
    Ok((proposal, floor))
}

fn floor_read(path: &Path) -> Result<Floor> {
    let length = fs::metadata(path).map_err(read_failed(path))?.len();
    let bad = |why: String| Error::Manifest { path: path.to_owned(), why };
    if length > FLOOR_BYTES_MAX as u64 {
        return Err(bad(format!("> {FLOOR_BYTES_MAX}")));
    }
    let text = fs::read_to_string(path).map_err(read_failed(path))?;
    let mut floor: Floor = toml::from_str(&text).map_err(|error| bad(error.message().to_owned()))?;
    // A person wrote them; what is none is refused below as it was written.
    let typed = |name: &String| name.parse().map_or_else(|_| name.clone(), |name: filter::Name| name.to_string());
    floor.open = floor.open.iter().map(typed).collect();
    floor.check().map_err(Error::Floor)?;
    Ok(floor)
}
