//! A folder made from a backup: it is either not there, marked as unfinished, or whole.

use super::archive::archive_read;
use super::note::owner_like;
use super::{End, Head};
use crate::ca::Ca;
use crate::config::Config;
use crate::ends::ends_read;
use crate::error::{BackupFault, Error, Result};
use crate::folder::{Folder, folder_make, folder_sync};
use controlplane_core::ends::{Applied, Ended, Subject, ends_apply};
use controlplane_core::store::SharedStore;
use controlplane_store::{Config as StoreConfig, Embedded, Rebuilt, rebuild};
use model::time::Timestamp;
use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::sync::Arc;

/// What was restored.
#[derive(Debug)]
pub(crate) struct Restored {
    pub(crate) head: Head,
    pub(crate) end: End,
    /// The store as it was built again; none when the server it was taken from had never run.
    pub(crate) rebuilt: Option<Rebuilt>,
    /// What was ended since the backup, where a file of ends was given, and the tokens that were closed.
    pub(crate) ended: Applied,
    /// Whether a file of ends was given.
    pub(crate) ends: bool,
}

/// Where a backup is read.
pub(crate) enum Source<'a> {
    Pipe,
    File(&'a Path),
}

/// Reads a backup to its end and says what is in it. `progress` is told the bytes read now and then.
///
/// # Errors
/// [`BackupFault`] that says what is wrong with it.
pub(crate) fn backup_verify(source: &Source<'_>, progress: &mut dyn FnMut(u64)) -> Result<(Head, End)> {
    let mut done = 0;
    archive_read(source.open()?, |_, _, bytes, _| {
        done += bytes;
        progress(done);
        Ok(())
    })
}

/// Makes a data folder from a backup, in a place that is absent, empty, or was left unfinished by a restore.
///
/// A file is verified before anything is written. From a pipe it is verified while it is written, and the marker stays until it is.
///
/// # Errors
/// [`Error::NotEmpty`] and [`BackupFault`]; what was written is then removed, and where even that fails, the marker stays.
pub(crate) fn restore(
    source: &Source<'_>,
    folder: &Folder,
    now: Timestamp,
    ends: Option<&Path>,
    progress: &mut dyn FnMut(u64),
) -> Result<Restored> {
    let known = ends.map(ends_read).transpose()?;
    if matches!(source, Source::File(_)) {
        backup_verify(source, progress)?;
    }
    let marker = begin(folder)?;
    let restored = fill(source, folder, now, known, progress);
    match restored {
        Ok(restored) => {
            owner_all(folder.root(), folder.root())?;
            finish(folder, marker)?;
            Ok(restored)
        }
        Err(error) => {
            // As before; if even that fails, the marker goes on standing for it.
            let _ = clear(folder).and_then(|()| finish(folder, marker));
            Err(error)
        }
    }
}

fn fill(
    source: &Source<'_>,
    folder: &Folder,
    now: Timestamp,
    known: Option<BTreeMap<Subject, Ended>>,
    progress: &mut dyn FnMut(u64),
) -> Result<Restored> {
    let mut done = 0;
    let (head, end) = archive_read(source.open()?, |_, name, bytes, input| {
        let path = folder.root().join(name);
        if let Some(parent) = path.parent() {
            folder_make(parent)?;
        }
        file_copy(&path, input)?;
        done += bytes;
        progress(done);
        Ok(())
    })?;
    let config = Config::read_unfinished(folder)?;
    if config.territory != head.territory {
        return Err(Error::Backup(BackupFault::Damaged("its configuration is for another territory".to_owned())));
    }
    Ca::read(folder, &config.territory)?;
    let store = folder.store();
    let built = end.revision > 0;
    let rebuilt = if built { Some(rebuild(&store, now)?) } else { None };
    if let Some(rebuilt) = &rebuilt
        && (!rebuilt.lost.is_empty() || rebuilt.revision < end.revision)
    {
        return Err(Error::Backup(BackupFault::Damaged("its journal does not reach its end".to_owned())));
    }
    // The configuration says where they are noted, and forgetting to say it again must let nobody back in.
    let known = match (known, &config.backup.ends) {
        (None, Some(path)) if path.exists() => Some(ends_read(path)?),
        (known, _) => known,
    };
    let ends = known.is_some();
    let ended = if built { end_all(&store, &config, &known.unwrap_or_default(), now)? } else { Applied::default() };
    let vault = folder.vault();
    if vault.exists() {
        let rebuilt = rebuild(&vault, now)?;
        if !rebuilt.lost.is_empty() {
            return Err(Error::Backup(BackupFault::Damaged("the vault's journal does not reach its end".to_owned())));
        }
    }
    let stores = [store, vault].into_iter().flat_map(|store| [store.join("journal"), store.join("exports"), store]);
    for part in [folder.ca(""), folder.operator("")].into_iter().chain(stores) {
        if part.exists() {
            folder_sync(&part)?;
        }
    }
    Ok(Restored { head, end, rebuilt, ended, ends })
}

/// In the restored store, before anybody is served by it.
fn end_all(store: &Path, config: &Config, ends: &BTreeMap<Subject, Ended>, now: Timestamp) -> Result<Applied> {
    let failed = |source| Error::File { what: "run", path: store.to_owned(), source };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
    let (opened, _) = Embedded::open(StoreConfig::new(store))?;
    let opened = Arc::new(opened);
    runtime.block_on(async {
        let shared: SharedStore = opened.clone();
        let applied = ends_apply(&shared, &config.territory, ends, now).await?;
        drop(shared);
        opened.close().await?;
        Ok(applied)
    })
}

impl Source<'_> {
    fn open(&self) -> Result<Box<dyn Read>> {
        match self {
            Self::Pipe => Ok(Box::new(io::stdin().lock())),
            Self::File(path) => {
                let file = File::open(path);
                let file = file.map_err(|source| Error::File { what: "read", path: (*path).to_owned(), source })?;
                Ok(Box::new(BufReader::with_capacity(256 * 1024, file)))
            }
        }
    }
}

/// Takes the folder: from here on it is marked.
fn begin(folder: &Folder) -> Result<File> {
    let root = folder.root();
    let failed = |source| Error::File { what: "written", path: root.to_owned(), source };
    let marker = folder.unfinished();
    let mut options = OpenOptions::new();
    options.write(true).mode(0o600);
    if !marker.exists() {
        options.create_new(true);
        match fs::read_dir(root) {
            // A disk of its own brings this one along.
            Ok(entries) => {
                let others = entries.flatten().filter(|entry| entry.file_name() != "lost+found");
                if others.count() > 0 {
                    return Err(Error::NotEmpty(root.to_owned()));
                }
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => folder_make(root)?,
            Err(error) => return Err(failed(error)),
        }
    }
    let busy = |error: io::Error| match error.kind() {
        // Another one has begun, or just ended, between the two looks.
        io::ErrorKind::AlreadyExists | io::ErrorKind::NotFound => Error::Backup(BackupFault::Busy),
        _ => failed(error),
    };
    let file = options.open(&marker).map_err(busy)?;
    match rustix::fs::flock(&file, rustix::fs::FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => {}
        Err(rustix::io::Errno::WOULDBLOCK) => return Err(Error::Backup(BackupFault::Busy)),
        Err(error) => return Err(failed(error.into())),
    }
    // Whoever held it before may have ended and taken the marker away: then this is no marker any more.
    let (held, named) = (file.metadata().map_err(failed)?, fs::metadata(&marker).map_err(busy)?);
    if (held.dev(), held.ino()) != (named.dev(), named.ino()) {
        return Err(Error::Backup(BackupFault::Busy));
    }
    file.sync_all().map_err(failed)?;
    folder_sync(root)?;
    clear(folder)?;
    Ok(file)
}

/// Removes what an unfinished restore has made, and nothing else.
fn clear(folder: &Folder) -> Result<()> {
    let failed = |source| Error::File { what: "written", path: folder.root().to_owned(), source };
    let gone = |done: io::Result<()>| match done {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed(error)),
        _ => Ok(()),
    };
    for part in [folder.ca(""), folder.operator(""), folder.store(), folder.vault()] {
        gone(fs::remove_dir_all(part))?;
    }
    gone(fs::remove_file(folder.config()))
}

fn finish(folder: &Folder, marker: File) -> Result<()> {
    let path = folder.unfinished();
    folder_sync(folder.root())?;
    fs::remove_file(&path).map_err(|source| Error::File { what: "removed", path, source })?;
    drop(marker);
    folder_sync(folder.root())?;
    match folder.root().parent().filter(|parent| !parent.as_os_str().is_empty()) {
        Some(parent) => folder_sync(parent),
        None => folder_sync(Path::new(".")),
    }
}

fn file_copy(path: &Path, input: &mut dyn Read) -> Result<()> {
    let failed = |source| Error::File { what: "written", path: path.to_owned(), source };
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(failed)?;
    let mut buffer = vec![0; 256 * 1024];
    loop {
        let read = match input.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) => return Err(Error::Backup(BackupFault::Damaged(error.to_string()))),
        };
        file.write_all(&buffer[..read]).map_err(failed)?;
    }
    file.sync_all().map_err(failed)
}

/// What root has made belongs to whom the folder belongs, so that the server's user can run it.
pub(crate) fn owner_all(of: &Path, path: &Path) -> Result<()> {
    owner_like(of, path)?;
    for entry in fs::read_dir(path).into_iter().flatten().flatten() {
        let kind = entry.file_type();
        if kind.as_ref().is_ok_and(fs::FileType::is_dir) && entry.file_name() != "lost+found" {
            owner_all(of, &entry.path())?;
        } else if kind.is_ok_and(|kind| kind.is_file()) {
            owner_like(of, &entry.path())?;
        }
    }
    Ok(())
}
