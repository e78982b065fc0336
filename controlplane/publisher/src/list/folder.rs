//! A list in a folder, as an archive leaves it.

use super::meter::Meter;
use super::source::{Member, Members, SourceFault, fault, io_fault, is_held, member_put, path_plain, unpacked};
use crate::error::{Result, read_failed};
use crate::progress::Progress;
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

pub(super) fn members(root: &Path) -> Result<Members> {
    let mut members = Members::new();
    walk(root, "", &mut members)?;
    Ok(members)
}

pub(super) fn read(
    root: &Path,
    wanted: &BTreeSet<&str>,
    bar: &Progress,
    each: &mut dyn FnMut(&str, &mut dyn Read) -> Result<()>,
) -> Result<()> {
    let meter = Meter::default();
    for path in wanted {
        let file = root.join(path);
        let file = File::open(&file).map_err(read_failed(&file))?;
        let contents = meter.bounded(meter.counted(file, bar));
        each(path, &mut *unpacked(path, contents, &meter))?;
    }
    Ok(())
}

/// No link is followed: what one leads to is looked for among what was found.
fn walk(root: &Path, below: &str, members: &mut Members) -> Result<()> {
    let folder = root.join(below);
    for entry in fs::read_dir(&folder).map_err(read_failed(&folder))? {
        let path = entry.map_err(read_failed(&folder))?.path();
        let name = path.file_name().and_then(|name| name.to_str());
        let shown = path.display().to_string();
        let named = path_plain(below, name.ok_or_else(|| fault(&shown, SourceFault::Path))?);
        let named = named.map_err(|why| fault(&shown, why))?;
        let about = fs::symlink_metadata(&path).map_err(read_failed(&path))?;
        if about.is_dir() {
            walk(root, &named, members)?;
        } else if about.is_symlink() {
            let to = fs::read_link(&path).map_err(read_failed(&path))?;
            let to = to.to_str().ok_or_else(|| fault(&shown, SourceFault::Path))?.to_owned();
            member_put(members, named, Member::Link(to))?;
        } else if about.is_file() {
            let mut held = None;
            if is_held(&named, about.len()) {
                let mut bytes = Vec::new();
                let file = File::open(&path).map_err(read_failed(&path))?;
                file.take(about.len()).read_to_end(&mut bytes).map_err(io_fault(&named))?;
                held = Some(bytes);
            }
            member_put(members, named, Member::File(held))?;
        } else {
            return Err(fault(&shown, SourceFault::Kind));
        }
    }
    Ok(())
}
