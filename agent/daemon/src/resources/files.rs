//! Files and folders that everybody on the device may read, and only the agent writes.

use crate::platform::{Here, Platform};
use bundle::{ContentHasher, ContentId};
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read};
use std::path::Path;

/// A file is read in parts of so many bytes.
const PART: usize = 256 << 10;

/// Makes a folder that everybody may enter, and those above it that are missing; one that is there is opened.
pub(super) fn folder_make(at: &Path) -> io::Result<()> {
    match fs::create_dir(at) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            if let Some(above) = at.parent() {
                folder_make(above)?;
            }
            fs::create_dir(at)?;
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
        done => done?,
    }
    Here::readable_make(at, true)
}

/// The names in a folder, in order; none where there is no folder.
pub(super) fn folder_names(at: &Path) -> io::Result<Vec<String>> {
    let entries = match fs::read_dir(at) {
        Err(error) if [ErrorKind::NotFound, ErrorKind::NotADirectory].contains(&error.kind()) => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut names = Vec::new();
    for entry in entries {
        names.extend(entry?.file_name().into_string());
    }
    names.sort();
    Ok(names)
}

/// A whole file of at most so many bytes; nothing where there is none.
pub(super) fn file_read(at: &Path, bytes_max: u64) -> io::Result<Option<Vec<u8>>> {
    let file = match File::open(at) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        file => file?,
    };
    let mut bytes = Vec::new();
    file.take(bytes_max + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > bytes_max { Err(ErrorKind::FileTooLarge.into()) } else { Ok(Some(bytes)) }
}

/// Deletes a file, a link or a folder with all that is in it, if it is there.
pub(super) fn tree_remove(at: &Path) -> io::Result<()> {
    let folder = match fs::symlink_metadata(at) {
        Err(error) if [ErrorKind::NotFound, ErrorKind::NotADirectory].contains(&error.kind()) => return Ok(()),
        about => about?.is_dir(),
    };
    let gone = if folder { fs::remove_dir_all(at) } else { fs::remove_file(at) };
    match gone {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        done => done,
    }
}

/// Whether a file has these contents; `buffer` is taken again and again.
pub(super) fn file_is(at: &Path, size: u64, id: ContentId, buffer: &mut Vec<u8>) -> io::Result<bool> {
    // Never followed: a link in the folder was made by nobody we know.
    let about = match fs::symlink_metadata(at) {
        Err(error) if [ErrorKind::NotFound, ErrorKind::NotADirectory].contains(&error.kind()) => return Ok(false),
        about => about?,
    };
    if !about.is_file() || about.len() != size {
        return Ok(false);
    }
    let mut file = File::open(at)?;
    let mut hasher = ContentHasher::default();
    buffer.resize(PART, 0);
    loop {
        match file.read(buffer)? {
            0 => return Ok(hasher.finish() == id),
            count => hasher.update(&buffer[..count]),
        }
    }
}
