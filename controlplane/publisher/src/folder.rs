//! A repository's folder: what any web server carries in `public`, the machine's own keys beside it.

use crate::error::{Error, Result, read_failed, write_failed};
use crate::key::SigningKey;
use bundle::{Chunk, ContentId, chunk_open};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Where everything of a repository lies.
#[derive(Clone, Debug)]
pub struct Folder(PathBuf);

/// Held while something is published; another program is told to wait.
#[derive(Debug)]
pub(crate) struct Lock(File);

impl Lock {
    /// Takes what lies in a folder for this program alone.
    ///
    /// # Errors
    /// `Busy` where another has it, or what the system says.
    pub(crate) fn take(folder: &Path) -> Result<Self> {
        let path = folder.join("lock");
        let file =
            OpenOptions::new().create(true).truncate(false).write(true).open(&path).map_err(write_failed(&path))?;
        file.try_lock().map_err(|_| Error::Busy(folder.to_owned()))?;
        Ok(Self(file))
    }
}

impl Drop for Lock {
    /// Closing it would do, but for programs that are being started at this moment: until they are, they have it open, too.
    fn drop(&mut self) {
        let _ = self.0.unlock();
    }
}

impl Folder {
    /// A repository's folder, whether or not it is there yet.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// The folder.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.0
    }

    /// What is to be carried by a web server.
    #[must_use]
    pub fn public(&self) -> PathBuf {
        self.0.join("public")
    }

    pub(crate) fn keys(&self) -> PathBuf {
        self.0.join("keys")
    }

    /// A metadata file. All but the timestamp bear their version, so that none is ever changed.
    pub(crate) fn metadata(&self, role: &str, version: u64) -> PathBuf {
        let name = if role == "timestamp" { "timestamp.json".to_owned() } else { format!("{version}.{role}.json") };
        self.public().join("metadata").join(name)
    }

    pub(crate) fn metadata_read(&self, role: &str, version: u64) -> Result<Vec<u8>> {
        let path = self.metadata(role, version);
        fs::read(&path).map_err(read_failed(&path))
    }

    /// A target under the name that clients of consistent snapshots ask for.
    pub(crate) fn target(&self, name: &str, digest: &str) -> PathBuf {
        self.public().join("targets").join(format!("{digest}.{name}"))
    }

    pub(crate) fn chunk(&self, id: ContentId) -> PathBuf {
        let name = id.to_string();
        self.public().join("chunks").join(&name[..2]).join(name)
    }

    /// A stored chunk's contents.
    pub(crate) fn chunk_read(&self, chunk: &Chunk) -> Result<Vec<u8>> {
        let path = self.chunk(chunk.id);
        let stored = fs::read(&path).map_err(read_failed(&path))?;
        Ok(chunk_open(&stored, chunk.length, chunk.id)?)
    }

    /// Makes the folders of a repository.
    pub(crate) fn create(&self) -> Result<()> {
        let entries = match fs::read_dir(&self.0) {
            Ok(mut entries) => entries.next().is_some(),
            Err(_) => false,
        };
        if entries {
            return Err(Error::NotEmpty(self.0.clone()));
        }
        for folder in
            [self.keys(), self.public().join("metadata"), self.public().join("targets"), self.public().join("chunks")]
        {
            fs::create_dir_all(&folder).map_err(write_failed(&folder))?;
        }
        Ok(())
    }

    pub(crate) fn lock(&self) -> Result<Lock> {
        if !self.keys().is_dir() {
            return Err(Error::NotRepository(self.0.clone()));
        }
        Lock::take(&self.0)
    }

    /// The keys of this machine.
    pub(crate) fn online_keys(&self) -> Result<Vec<SigningKey>> {
        let folder = self.keys();
        let mut paths = Vec::new();
        for entry in fs::read_dir(&folder).map_err(|_| Error::NotRepository(self.0.clone()))? {
            let path = entry.map_err(read_failed(&folder))?.path();
            if path.extension().is_some_and(|extension| extension == "key") {
                paths.push(path);
            }
        }
        paths.sort();
        paths.iter().map(|path| SigningKey::read(path)).collect()
    }

    /// Makes everything that was written below the repository durable, thousands of files at once.
    pub(crate) fn sync(&self) -> Result<()> {
        let folder = File::open(&self.0).map_err(read_failed(&self.0))?;
        rustix::fs::syncfs(&folder).map_err(|error| write_failed(&self.0)(error.into()))
    }
}

/// Writes a new file.
pub(crate) fn file_create(path: &Path, bytes: &[u8], mode: u32) -> Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(path).map_err(write_failed(path))?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(write_failed(path))
}

/// Writes a file whole or not at all, and durably: a power cut leaves what was there before, or this.
pub(crate) fn file_put(path: &Path, bytes: &[u8]) -> Result<()> {
    let draft = draft_path(path);
    let written = File::create(&draft).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()
    });
    written.and_then(|()| fs::rename(&draft, path)).and_then(|()| above_sync(path)).map_err(write_failed(path))
}

/// Writes one of thousands of files; only [`Folder::sync`] makes it durable, and whoever meets it after a crash reads it first.
pub(crate) fn chunk_put(path: &Path, bytes: &[u8]) -> Result<()> {
    let draft = draft_path(path);
    fs::write(&draft, bytes).and_then(|()| fs::rename(&draft, path)).map_err(write_failed(path))
}

fn draft_path(path: &Path) -> PathBuf {
    let mut draft = path.as_os_str().to_owned();
    draft.push(format!(".{}.draft", std::process::id()));
    draft.into()
}

/// A new name is durable when its folder is; some sticks' file systems know no such thing.
fn above_sync(path: &Path) -> io::Result<()> {
    let above = path.parent().filter(|above| !above.as_os_str().is_empty()).unwrap_or(Path::new("."));
    match File::open(above)?.sync_all() {
        Err(error) if [io::ErrorKind::InvalidInput, io::ErrorKind::Unsupported].contains(&error.kind()) => Ok(()),
        done => done,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_is_being_started_keeps_no_lock() {
        let folder = tempfile::tempdir().unwrap();
        let lock = Lock::take(folder.path()).unwrap();
        // As a process has it between fork and exec.
        let inherited = lock.0.try_clone().unwrap();
        assert!(matches!(Lock::take(folder.path()), Err(Error::Busy(_))));
        drop(lock);
        Lock::take(folder.path()).unwrap();
        drop(inherited);
    }
}
