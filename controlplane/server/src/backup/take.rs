//! Taking a backup, from a folder that a server may be using.

use super::archive::Writer;
use super::keep::{Draft, name_of};
use super::note::{Note, note_write};
use super::{End, member_limit};
use crate::ca::Ca;
use crate::ca::files::ROOT_KEY;
use crate::config::Config;
use crate::error::{Error, Result};
use crate::folder::{Folder, file_read};
use controlplane_store::{StoreCopy, copy_take};
use model::time::Timestamp;
use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

/// Keys are changed one file at a time, by hand or once in months.
const TRIES: usize = 8;

/// Where it goes.
#[derive(Clone, Debug)]
pub(crate) enum Place {
    /// To whoever reads standard output.
    Pipe,
    /// Into a file that is not there yet.
    File(PathBuf),
    /// Into a folder, under a name that tells the moment; of all that lie there so many are kept.
    Folder(PathBuf, Option<usize>),
}

/// What was made.
#[derive(Debug)]
pub(crate) struct Taken {
    pub(crate) territory: String,
    pub(crate) made: Timestamp,
    pub(crate) end: End,
    /// Where it lies; nowhere known for a pipe.
    pub(crate) path: Option<PathBuf>,
    /// How long it is, compressed.
    pub(crate) bytes: u64,
    /// Older ones that were removed.
    pub(crate) removed: Vec<PathBuf>,
    /// Why the folder does not know of it, so that the server's figures do not either.
    pub(crate) unnoted: Option<Error>,
    /// Whether the root's key is in it.
    pub(crate) root_key: bool,
}

/// Takes a backup. `progress` is told the bytes read now and then.
///
/// # Errors
/// [`Error`] that says what cannot be read, is not whole, or cannot be written.
pub(crate) fn backup_take(
    folder: &Folder,
    place: Place,
    root_key: bool,
    now: Timestamp,
    progress: &mut dyn FnMut(u64),
) -> Result<Taken> {
    let config = Config::read(folder)?;
    let small = small_files(folder, root_key)?;
    // A backup of keys that do not belong together would be found out when it is needed.
    Ca::read(folder, &config.territory)?;
    let store = copy_take(&folder.store())?;
    // Sealed as it lies; its key is elsewhere and stays there.
    let vault = if folder.vault().exists() { Some(copy_take(&folder.vault())?) } else { None };
    let root_key = small.contains_key(&format!("ca/{ROOT_KEY}"));
    let write = |out: &mut dyn Write, path: &Path, progress: &mut dyn FnMut(u64)| {
        let failed = |source| Error::File { what: "written", path: path.to_owned(), source };
        let mut out = Counting { out, bytes: 0 };
        let writer = Writer::new(&mut out, &config.territory, now).map_err(failed)?;
        let end = archive_fill(writer, &small, store, vault, progress).map_err(failed)?;
        Ok::<_, Error>((end, out.bytes))
    };
    let mut removed = Vec::new();
    let ((end, bytes), path) = match place {
        Place::Pipe => {
            let written = write(&mut io::stdout().lock(), Path::new("-"), progress)?;
            (written, None)
        }
        Place::File(path) => {
            let mut draft = Draft::new(&path)?;
            let written = write(&mut draft.file, &path, progress)?;
            draft.keep()?;
            (written, Some(path))
        }
        Place::Folder(to, keep) => {
            super::keep::drafts_remove(&to);
            let path = to.join(name_of(&config.territory, now));
            let mut draft = Draft::new(&path)?;
            let written = write(&mut draft.file, &path, progress)?;
            draft.keep()?;
            if let Some(keep) = keep {
                removed = super::keep::older_remove(&to, &config.territory, &path, keep)?;
            }
            (written, Some(path))
        }
    };
    let note = Note { made_unix_ms: now.unix_millis(), revision: end.revision, bytes };
    let unnoted = note_write(folder, &note).err();
    let territory = config.territory.to_string();
    Ok(Taken { territory, made: now, end, path, bytes, removed, unnoted, root_key })
}

fn archive_fill<W: Write>(
    mut writer: Writer<W>,
    small: &BTreeMap<String, Vec<u8>>,
    store: StoreCopy,
    vault: Option<StoreCopy>,
    progress: &mut dyn FnMut(u64),
) -> io::Result<End> {
    for (name, bytes) in small {
        writer.add(name, bytes.len() as u64, &mut bytes.as_slice())?;
    }
    let (revision, epoch) = (store.revision, store.epoch);
    let mut done = 0;
    for (place, mut copy) in [Some(("store", store)), vault.map(|vault| ("vault", vault))].into_iter().flatten() {
        let epoch = format!("{}\n", copy.epoch);
        writer.add(&format!("{place}/epoch"), epoch.len() as u64, &mut epoch.as_bytes())?;
        for file in &mut copy.files {
            let (name, bytes) = (format!("{place}/{}", file.name), file.bytes);
            let mut input = Watched { input: file.open()?, done: &mut done, progress };
            writer.add(&name, bytes, &mut input)?;
        }
    }
    writer.finish(revision, epoch).map(|(end, _)| end)
}

/// Configuration, keys and certificates as they all were at one moment: read until two readings agree.
fn small_files(folder: &Folder, root_key: bool) -> Result<BTreeMap<String, Vec<u8>>> {
    let mut before = small_read(folder, root_key)?;
    for _ in 0..TRIES {
        let again = small_read(folder, root_key)?;
        if again == before {
            return Ok(again);
        }
        before = again;
    }
    Err(Error::CaBusy)
}

fn small_read(folder: &Folder, root_key: bool) -> Result<BTreeMap<String, Vec<u8>>> {
    let mut files = BTreeMap::from([("server.toml".to_owned(), file_read(&folder.config())?)]);
    for (part, path) in [("ca", folder.ca("")), ("operator", folder.operator(""))] {
        let failed = |source| Error::File { what: "read", path: path.clone(), source };
        let listing = match fs::read_dir(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound && part == "operator" => continue,
            listing => listing.map_err(failed)?,
        };
        for entry in listing {
            let path = entry.map_err(failed)?.path();
            let Some(file) = path.file_name().and_then(|file| file.to_str()) else { continue };
            let name = format!("{part}/{file}");
            let passing = file == "lock" || file.ends_with(".draft") || (file == ROOT_KEY && !root_key);
            if passing || member_limit(&name).is_none() || !path.is_file() {
                continue;
            }
            match file_read(&path) {
                // A file that a change of keys has just taken away; the second reading will tell.
                Err(Error::File { source, .. }) if source.kind() == io::ErrorKind::NotFound => {}
                read => drop(files.insert(name, read?)),
            }
        }
    }
    Ok(files)
}

/// Counts what is written.
struct Counting<'a> {
    out: &'a mut dyn Write,
    bytes: u64,
}

impl Write for Counting<'_> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let written = self.out.write(buffer)?;
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Tells how much has been read.
struct Watched<'a, R> {
    input: R,
    done: &'a mut u64,
    progress: &'a mut dyn FnMut(u64),
}

impl<R: Read> Read for Watched<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.input.read(buffer)?;
        *self.done += read as u64;
        (self.progress)(*self.done);
        Ok(read)
    }
}
