//! The system's files, under a root; each change is whole or not there.

use crate::GuardError;
use serde::{Deserialize, Serialize};
use std::fs::{self, File, Permissions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Component, Path, PathBuf};

/// The largest file of the system that is read; the largest honest one is a policy of a browser.
const FILE_BYTES_MAX: u64 = 1 << 20;
/// So many links may lead to a file (Linux takes 40).
const LINKS_MAX: usize = 8;
/// The mode of what everybody reads, whatever the umask of this process.
pub(crate) const READABLE: u32 = 0o644;

/// Where the system lies, and where is kept what was there before.
#[derive(Debug)]
pub struct System {
    root: PathBuf,
    state: PathBuf,
    /// Changes that are still made before one fails, as if the power had gone.
    #[cfg(test)]
    pub(crate) fuse: std::cell::Cell<Option<usize>>,
}

/// What is at a path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Was {
    /// Nothing.
    Absent,
    /// A link to somewhere.
    Link(Vec<u8>),
    /// A file.
    File { mode: u32, bytes: Vec<u8> },
}

impl System {
    /// The system under a root, `/` in real life, with a folder for what was there before, which is made when it is needed.
    #[must_use]
    pub fn new(root: impl Into<PathBuf>, state: impl Into<PathBuf>) -> Self {
        Self {
            root: root.into(),
            state: state.into(),
            #[cfg(test)]
            fuse: std::cell::Cell::new(None),
        }
    }

    /// Where a path such as `/etc/resolv.conf` lies.
    pub(crate) fn at(&self, path: &str) -> PathBuf {
        self.root.join(path.trim_start_matches('/'))
    }

    /// Where a file of the state folder lies.
    pub(crate) fn kept(&self, name: &str) -> PathBuf {
        self.state.join(name)
    }

    /// What is at a path, without following it.
    pub(crate) fn look(&self, path: &str) -> Result<Was, GuardError> {
        let at = self.at(path);
        was(&at).map_err(|error| GuardError::file(&at, error))
    }

    /// The contents of a file, through links, which stay under the root; nothing where there is none.
    pub(crate) fn read(&self, path: &str) -> Option<Vec<u8>> {
        let mut at = PathBuf::from(path);
        for _ in 0..LINKS_MAX {
            match was(&self.at(&at.to_string_lossy())) {
                Ok(Was::File { bytes, .. }) => return Some(bytes),
                Ok(Was::Link(target)) => {
                    let target = PathBuf::from(std::ffi::OsString::from_vec(target));
                    at = flat(&at.parent().unwrap_or(Path::new("/")).join(target));
                }
                Ok(Was::Absent) | Err(_) => return None,
            }
        }
        None
    }

    /// The same as text, with what is no UTF-8 replaced.
    pub(crate) fn text(&self, path: &str) -> Option<String> {
        self.read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
    }

    /// What is known of the file at a path, through links of folders; nothing where there is none.
    pub(crate) fn meta(&self, path: &str) -> Option<fs::Metadata> {
        fs::symlink_metadata(self.at(path)).ok()
    }

    /// Whether there is anything at a path.
    pub(crate) fn is_there(&self, path: &str) -> bool {
        self.meta(path).is_some()
    }

    /// The names in a folder, in order.
    pub(crate) fn names(&self, path: &str) -> Vec<String> {
        let entries = fs::read_dir(self.at(path)).into_iter().flatten().flatten();
        let mut names: Vec<String> = entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
        names.sort();
        names
    }

    /// The folders above a path that are missing, the outermost first.
    pub(crate) fn missing(&self, path: &str) -> Vec<String> {
        let above = Path::new(path).ancestors().skip(1).map(|folder| folder.to_string_lossy().into_owned());
        let mut missing: Vec<String> = above.take_while(|folder| !self.is_there(folder)).collect();
        missing.reverse();
        missing
    }

    /// Puts something at a path: whole, and durable when this returns.
    pub(crate) fn put(&self, path: &str, what: &Was) -> Result<(), GuardError> {
        for folder in self.missing(path) {
            self.step()?;
            let at = self.at(&folder);
            let made = fs::create_dir(&at).and_then(|()| fs::set_permissions(&at, Permissions::from_mode(0o755)));
            made.map_err(|error| GuardError::file(&at, error))?;
        }
        let at = self.at(path);
        let beside = self.at(&beside(path));
        self.replace(&at, &beside, what).map_err(|error| GuardError::file(&at, error))
    }

    /// Removes what a change that was cut off has left beside a path.
    pub(crate) fn tidy(&self, path: &str) -> Result<(), GuardError> {
        let beside = self.at(&beside(path));
        self.step()?;
        gone(fs::remove_file(&beside)).map_err(|error| GuardError::file(&beside, error))
    }

    /// Removes a folder if nothing is in it any more.
    pub(crate) fn folder_remove(&self, path: &str) -> Result<(), GuardError> {
        self.step()?;
        // Not empty, or gone: then it is not ours to remove.
        let _ = fs::remove_dir(self.at(path));
        Ok(())
    }

    /// Writes a file of the state folder, durably; for nobody else to read.
    pub(crate) fn keep(&self, name: &str, bytes: &[u8]) -> Result<(), GuardError> {
        let at = self.kept(name);
        let what = Was::File { mode: 0o600, bytes: bytes.to_vec() };
        let made = fs::create_dir_all(&self.state);
        made.and_then(|()| self.replace(&at, &self.kept(&format!("{name}.new")), &what))
            .map_err(|error| GuardError::file(&at, error))
    }

    /// Removes a file of the state folder, if it is there.
    pub(crate) fn forget(&self, name: &str) -> Result<(), GuardError> {
        let at = self.kept(name);
        if !at.exists() {
            return Ok(());
        }
        self.replace(&at, &at, &Was::Absent).map_err(|error| GuardError::file(&at, error))
    }

    fn replace(&self, at: &Path, beside: &Path, what: &Was) -> io::Result<()> {
        match what {
            Was::Absent => {
                self.step_io()?;
                gone(fs::remove_file(at))?;
            }
            Was::Link(target) => {
                self.step_io()?;
                gone(fs::remove_file(beside))?;
                symlink(std::ffi::OsStr::from_bytes(target), beside)?;
                self.step_io()?;
                fs::rename(beside, at)?;
            }
            Was::File { mode, bytes } => {
                self.step_io()?;
                // Never through a link that somebody put there.
                gone(fs::remove_file(beside))?;
                let mut file = File::create_new(beside)?;
                file.set_permissions(Permissions::from_mode(*mode))?;
                file.write_all(bytes)?;
                file.sync_all()?;
                self.step_io()?;
                fs::rename(beside, at)?;
            }
        }
        if let Some(folder) = at.parent() {
            File::open(folder)?.sync_all()?;
        }
        Ok(())
    }

    fn step(&self) -> Result<(), GuardError> {
        self.step_io().map_err(|error| GuardError::file(&self.root, error))
    }

    #[cfg(not(test))]
    #[allow(clippy::unused_self, clippy::unnecessary_wraps, reason = "tests let it fail")]
    const fn step_io(&self) -> io::Result<()> {
        Ok(())
    }

    #[cfg(test)]
    fn step_io(&self) -> io::Result<()> {
        match self.fuse.get() {
            Some(0) => Err(ErrorKind::Interrupted.into()),
            left => {
                self.fuse.set(left.map(|left| left - 1));
                Ok(())
            }
        }
    }
}

/// What lies at a path of the real system.
fn was(at: &Path) -> io::Result<Was> {
    let about = match fs::symlink_metadata(at) {
        Err(error) if [ErrorKind::NotFound, ErrorKind::NotADirectory].contains(&error.kind()) => {
            return Ok(Was::Absent);
        }
        about => about?,
    };
    if about.is_symlink() {
        return Ok(Was::Link(fs::read_link(at)?.into_os_string().into_vec()));
    }
    if !about.is_file() {
        return Err(io::Error::other("neither a file nor a link"));
    }
    let mut bytes = Vec::new();
    File::open(at)?.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > FILE_BYTES_MAX {
        return Err(ErrorKind::FileTooLarge.into());
    }
    Ok(Was::File { mode: about.permissions().mode() & 0o7777, bytes })
}

fn gone(removed: io::Result<()>) -> io::Result<()> {
    match removed {
        Err(error) if [ErrorKind::NotFound, ErrorKind::NotADirectory].contains(&error.kind()) => Ok(()),
        removed => removed,
    }
}

/// A path without `.` and `..`, which lead nowhere above the root.
fn flat(path: &Path) -> PathBuf {
    let mut flat = PathBuf::from("/");
    for part in path.components() {
        match part {
            Component::Normal(name) => flat.push(name),
            Component::ParentDir => {
                flat.pop();
            }
            Component::RootDir | Component::CurDir | Component::Prefix(_) => {}
        }
    }
    flat
}

/// Where a file is written before it takes its place, on the same volume.
///
/// Not in a folder `managed`: Chromium reads every file there, whatever its name (`ConfigDirPolicyLoader`).
fn beside(path: &str) -> String {
    let path = Path::new(path);
    let folder = path.parent().unwrap_or(Path::new("/"));
    let folder = if folder.ends_with("managed") { folder.parent().unwrap_or(folder) } else { folder };
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    folder.join(format!(".{name}.cartable")).to_string_lossy().into_owned()
}
