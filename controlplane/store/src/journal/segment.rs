//! The journal's files: `<first revision>.log`, each with a header of magic, version, first revision and CRC-32.

use crate::encoding::take;
use crate::error::{Error, Result};
use crate::folder::sync_folder;
use controlplane_core::store::Revision;
use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

const MAGIC: &[u8; 8] = b"CARTJRNL";
const VERSION: u32 = 1;
pub(crate) const HEADER_BYTES: usize = 8 + 4 + 8 + 4;

/// One file of the journal.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Segment {
    pub(crate) first: Revision,
    pub(crate) path: PathBuf,
}

/// The journal's files, oldest first; whatever else lies there is left alone.
pub(crate) fn segments(folder: &Path) -> Result<Vec<Segment>> {
    let listing = match fs::read_dir(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        listing => listing.map_err(Error::io("listing", folder))?,
    };
    let mut found = Vec::new();
    for entry in listing {
        let path = entry.map_err(Error::io("listing", folder))?.path();
        let name = path.file_name().and_then(|name| name.to_str()).and_then(|name| name.strip_suffix(".log"));
        if let Some(first) = name.filter(|name| name.len() == 20).and_then(|name| name.parse().ok()) {
            found.push(Segment { first, path });
        }
    }
    found.sort();
    Ok(found)
}

/// Makes a segment whose header and name outlive a power cut.
pub(crate) fn segment_make(folder: &Path, first: Revision) -> Result<(Segment, File)> {
    let path = folder.join(format!("{first:020}.log"));
    let mut header = [MAGIC.as_slice(), &VERSION.to_le_bytes(), &first.to_le_bytes()].concat();
    header.extend(crc32fast::hash(&header).to_le_bytes());
    let made = File::create(&path).and_then(|mut file| {
        file.write_all(&header)?;
        file.sync_all()?;
        Ok(file)
    });
    let file = made.map_err(Error::io("making", &path))?;
    sync_folder(folder)?;
    Ok((Segment { first, path }, file))
}

/// The first revision that a segment's header names; none when the header is not whole.
pub(crate) fn header_first(path: &Path, bytes: &[u8]) -> Result<Option<Revision>> {
    let Some(header) = bytes.get(..HEADER_BYTES) else { return Ok(None) };
    let (fields, crc) = header.split_at(HEADER_BYTES - 4);
    if crc32fast::hash(fields).to_le_bytes() != crc || !fields.starts_with(MAGIC) {
        return Ok(None);
    }
    let mut rest = &fields[MAGIC.len()..];
    let (Some(version), Some(first)) = (take(&mut rest), take(&mut rest)) else { return Ok(None) };
    let found = u32::from_le_bytes(*version);
    if found > VERSION {
        return Err(Error::Newer { path: path.to_owned(), found, known: VERSION });
    }
    Ok(Some(u64::from_le_bytes(*first)))
}
