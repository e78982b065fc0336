//! Any bytes, read as an archive of lists: for whoever brings the bytes, the tests here and a fuzzer.

use super::archive::Archive;
use super::source::{DEPTH_MAX, MEMBERS_MAX, io_fault};
use super::tree::Tree;
use crate::error::Result;
use crate::progress::Progress;
use filter::{Format, Reader};
use std::collections::BTreeSet;
use std::io::Cursor;

/// As much is read at once.
const READ_BYTES: usize = 1 << 12;

/// What must hold of any bytes that are read as an archive: refused, or names out of it that lie within it.
///
/// # Errors
/// What did not hold.
pub fn archive(bytes: &[u8]) -> std::result::Result<(), String> {
    let read = archive_read(bytes);
    match read {
        Ok(paths) if paths.len() > MEMBERS_MAX => Err(format!("{} members", paths.len())),
        Ok(paths) => match paths.iter().find(|path| !is_within(path)) {
            Some(path) => Err(format!("{path:?} leads out")),
            None => Ok(()),
        },
        Err(_) => Ok(()),
    }
}

/// Each path that is looked at, with those that categories are read from read to their end.
fn archive_read(bytes: &[u8]) -> Result<BTreeSet<String>> {
    let bar = Progress::hidden();
    let mut archive = Archive::of(Cursor::new(bytes), bytes.len() as u64);
    let members = archive.members(&bar)?;
    let tree = Tree::of(&members)?;
    let wanted: BTreeSet<&str> = tree.files.keys().map(String::as_str).collect();
    archive.read(&wanted, &bar, &mut |path, contents| {
        let (mut reader, mut buffer) = (Reader::new(Format::Domains), [0; READ_BYTES]);
        loop {
            let count = contents.read(&mut buffer).map_err(io_fault(path))?;
            if count == 0 {
                return Ok(reader.end(|_| Ok(())).map(drop)?);
            }
            reader.read(buffer.get(..count).unwrap_or_default(), |_| Ok(()))?;
        }
    })?;
    let aliases = tree.categories.values().flatten().cloned();
    Ok(members.into_keys().chain(aliases).collect())
}

fn is_within(path: &str) -> bool {
    let parts: Vec<&str> = path.split('/').collect();
    let plain = |part: &&str| !["..", "."].contains(part) && !part.chars().any(char::is_control);
    !path.starts_with('/') && parts.len() <= DEPTH_MAX && parts.iter().all(plain)
}
