//! Where lists are read from, a folder or an archive: the same is seen of both, and nothing is ever unpacked to a disk.

use super::archive::Archive;
use super::folder;
use super::meter::Meter;
use crate::error::{Error, Result, read_failed};
use crate::progress::Progress;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// The most files, folders and links.
pub(super) const MEMBERS_MAX: usize = 10_000;
/// The most parts of a path.
pub(super) const DEPTH_MAX: usize = 8;
/// The longest path, in bytes.
const PATH_BYTES_MAX: usize = 300;
/// The largest of the small files that are held, in bytes.
const TEXT_BYTES_MAX: u64 = 1 << 20;
/// A file of at most so many bytes may be what a link became where there are none.
pub(super) const BLOB_BYTES_MAX: u64 = 100;

/// Why something is not read as a list.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SourceFault {
    /// A path that leads out of its folder.
    #[error("it leads out of the list's folder")]
    Outside,
    /// A path that no list has.
    #[error("a path that is too long or too deep, or has signs that no list has")]
    Path,
    /// One path twice.
    #[error("it is there twice")]
    Twice,
    /// A device, a pipe, a socket, a sparse file.
    #[error("neither a file nor a folder nor a link")]
    Kind,
    /// A link that leads to itself.
    #[error("links lead in a circle")]
    Circle,
    /// More than [`MEMBERS_MAX`].
    #[error("more than {0} files")]
    Many(usize),
    /// More contents than any list has.
    #[error("more than {0} bytes")]
    Large(u64),
    /// Far more contents than the compressed file can honestly hold.
    #[error("it swells to over {0} times its size")]
    Bomb(u64),
    /// Compressed data, or an archive, that ends too soon or is none.
    #[error("damaged: {0}")]
    Damaged(String),
    /// No category.
    #[error("no category with a file named domains or urls")]
    Nothing,
    /// Categories in two places.
    #[error("categories in two folders")]
    Places,
}

/// A file or a link of it, by its path within.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Member {
    /// With its contents, where they are small and say something of the list.
    File(Option<Vec<u8>>),
    /// With where it leads to.
    Link(String),
}

/// All of them.
pub(super) type Members = BTreeMap<String, Member>;

/// What is read.
pub(super) enum Source {
    Folder(PathBuf),
    Archive(Archive),
}

impl Source {
    pub(super) fn open(path: &Path) -> Result<Self> {
        let about = fs::metadata(path).map_err(read_failed(path))?;
        if about.is_dir() {
            return Ok(Self::Folder(path.to_owned()));
        }
        if about.is_file() { Ok(Self::Archive(Archive::open(path)?)) } else { Err(Error::NotRegular(path.to_owned())) }
    }

    /// As much as a bar shows while all of it is read.
    pub(super) fn size(&self) -> u64 {
        match self {
            // It is not walked for that alone.
            Self::Folder(_) => 0,
            // Once for what is in it, once for the names.
            Self::Archive(archive) => 2 * archive.size(),
        }
    }

    /// What is there.
    pub(super) fn members(&mut self, bar: &Progress) -> Result<Members> {
        match self {
            Self::Folder(root) => folder::members(root),
            Self::Archive(archive) => archive.members(bar),
        }
    }

    /// Hands out the contents of these files, in whatever order they come.
    pub(super) fn read(
        &mut self,
        wanted: &BTreeSet<&str>,
        bar: &Progress,
        each: &mut dyn FnMut(&str, &mut dyn Read) -> Result<()>,
    ) -> Result<()> {
        match self {
            Self::Folder(root) => folder::read(root, wanted, bar, each),
            Self::Archive(archive) => archive.read(wanted, bar, each),
        }
    }
}

/// Puts a member among the others.
pub(super) fn member_put(members: &mut Members, path: String, member: Member) -> Result<()> {
    if members.len() >= MEMBERS_MAX {
        return Err(fault(&path, SourceFault::Many(MEMBERS_MAX)));
    }
    if members.contains_key(&path) {
        return Err(fault(&path, SourceFault::Twice));
    }
    members.insert(path, member);
    Ok(())
}

/// Whether the contents of a file are held when the members are looked at.
pub(super) fn is_held(path: &str, bytes: u64) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    bytes <= BLOB_BYTES_MAX || (["usage", "global_usage"].contains(&name) && bytes <= TEXT_BYTES_MAX)
}

/// A path as it stands in an archive or a link, beginning in a folder; without `.`, and never out of where it all lies.
pub(super) fn path_plain(folder: &str, path: &str) -> std::result::Result<String, SourceFault> {
    if path.starts_with('/') {
        return Err(SourceFault::Outside);
    }
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/').filter(|part| !part.is_empty() && *part != ".") {
        if part == ".." {
            parts.pop().ok_or(SourceFault::Outside)?;
        } else if part.chars().any(|c| c.is_control() || c == '\\') {
            return Err(SourceFault::Path);
        } else {
            parts.push(part);
        }
    }
    let plain = parts.join("/");
    if parts.len() > DEPTH_MAX || plain.len() > PATH_BYTES_MAX { Err(SourceFault::Path) } else { Ok(plain) }
}

/// Opens what is compressed within a list, by its name.
pub(super) fn unpacked<'a>(path: &str, contents: impl Read + 'a, meter: &Meter) -> Box<dyn Read + 'a> {
    if path.ends_with(".gz") {
        return Box::new(meter.bounded(flate2::read::MultiGzDecoder::new(contents)));
    }
    Box::new(contents)
}

pub(super) fn fault(path: &str, why: SourceFault) -> Error {
    Error::Source { path: path.to_owned(), why }
}

/// Of an error while something is read: one of ours, or the system's.
pub(super) fn io_fault(path: &str) -> impl Fn(io::Error) -> Error + '_ {
    move |error| {
        let ours = error.get_ref().and_then(|inner| inner.downcast_ref::<SourceFault>()).cloned();
        fault(path, ours.unwrap_or_else(|| SourceFault::Damaged(error.to_string())))
    }
}
