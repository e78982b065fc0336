//! A copy of the store while it is in use: its newest whole export and its journal, from which [`crate::rebuild()`] makes a store elsewhere.
//!
//! Nothing is locked and nobody waits. Files are opened first and read afterwards, so that what the server removes meanwhile stays
//! readable; what it writes meanwhile is in the copy up to the last whole commit.

use crate::error::{Error, Result};
use crate::export::{Snapshot, export_read, snapshots};
use crate::folder::Folder;
use crate::journal::{Segment, journal_scan, segments};
use bytes::Bytes;
use controlplane_core::store::Revision;
use std::fs::File;
use std::io::{self, ErrorKind, Read, Seek, SeekFrom};
use std::path::Path;

/// The server drops old files seldom, minutes apart; a second look nearly always finds all of them.
const TRIES: usize = 8;
/// A journal file is closed at 8 MiB, by earlier servers at 64, after the group that reached it.
const SEGMENT_BYTES_MAX: u64 = 256 * 1024 * 1024;

/// What another place can be built from.
#[derive(Debug)]
pub struct StoreCopy {
    /// Everything acknowledged up to here is in it.
    pub revision: Revision,
    /// The store's epoch.
    pub epoch: u32,
    /// The files, by their names within the store's folder.
    pub files: Vec<CopyFile>,
}

/// One file of a copy.
#[derive(Debug)]
pub struct CopyFile {
    /// Its name within the store's folder, with `/`.
    pub name: String,
    /// How many bytes belong to the copy.
    pub bytes: u64,
    content: Content,
}

#[derive(Debug)]
enum Content {
    /// Never changed again.
    File(File),
    /// Still being written.
    Bytes(Bytes),
}

impl CopyFile {
    /// Reads it from its beginning.
    ///
    /// # Errors
    /// What the system says.
    pub fn open(&mut self) -> io::Result<Box<dyn Read + '_>> {
        Ok(match &mut self.content {
            Content::File(file) => {
                file.seek(SeekFrom::Start(0))?;
                Box::new(file.take(self.bytes))
            }
            Content::Bytes(bytes) => Box::new(&bytes[..]),
        })
    }
}

/// Takes a copy of the store in a folder, whether a server uses it or not. It blocks, and reads everything once to see that it is whole.
///
/// # Errors
/// [`Error::NoCopy`] when export and journal do not hold everything, [`Error::Newer`], and [`Error::Io`].
pub fn copy_take(folder: &Path) -> Result<StoreCopy> {
    let folder = Folder::new(folder);
    let mut tried = 1;
    loop {
        match copy_try(&folder) {
            // The server has dropped a file between the look at the folder and the opening.
            Err(Error::Io { source, .. }) if source.kind() == ErrorKind::NotFound && tried < TRIES => tried += 1,
            Err(Error::NoCopy { .. }) if tried < TRIES => tried += 1,
            done => return done,
        }
    }
}

fn copy_try(folder: &Folder) -> Result<StoreCopy> {
    let epoch = folder.epoch()?.unwrap_or(1);
    // In this order: whatever an export holds, the journal held before, and the journal is looked at afterwards.
    let exports = opened(snapshots(folder)?, |snapshot| &snapshot.path)?;
    let journal = opened(segments(&folder.journal())?, |segment: &Segment| &segment.path)?;
    let export = export_newest(exports)?;
    let (base, until) = export.as_ref().map_or((0, 0), |(snapshot, _, until)| (snapshot.revision, *until));

    let mut newest = Bytes::new();
    let (names, mut handles): (Vec<Segment>, Vec<File>) = journal.into_iter().unzip();
    let mut at = 0;
    let reading = journal_scan(
        &names,
        |segment| {
            let read = handles.get_mut(at).map(segment_read).transpose();
            at += 1;
            newest = read.map_err(Error::io("reading", &segment.path))?.unwrap_or_default();
            Ok(newest.clone())
        },
        |_| Ok(()),
    )?;
    let no = |why: String| Err(Error::NoCopy { path: folder.path().to_owned(), why });
    if let Some(gap) = reading.gaps.iter().find(|gap| gap.last > base) {
        return no(format!("the commits {} to {} are missing", gap.first.max(base + 1), gap.last));
    }
    if let Some(first) = reading.first.filter(|first| *first > base + 1) {
        return no(format!("the commits {} to {} are missing", base + 1, first - 1));
    }
    let revision = reading.last.unwrap_or(0).max(base);
    if until > revision {
        return no(format!("the commits {} to {until} are missing", revision + 1));
    }
    if revision == 0 && folder.entries().exists() && names.is_empty() {
        return no("it has neither export nor journal".to_owned());
    }

    let mut files = Vec::new();
    if let Some((snapshot, file, _)) = export {
        files.push(copy_file(&snapshot.path, "exports", file)?);
    }
    let last = names.len().saturating_sub(1);
    for (at, (segment, file)) in names.into_iter().zip(handles).enumerate() {
        let mut copied = copy_file(&segment.path, "journal", file)?;
        if at == last {
            // What was never finished stays behind; a file that has not even its header does so whole.
            let Some((_, end)) = &reading.end else { break };
            let whole = usize::try_from(*end).unwrap_or(usize::MAX).min(newest.len());
            copied.bytes = whole as u64;
            copied.content = Content::Bytes(newest.slice(..whole));
        }
        files.push(copied);
    }
    Ok(StoreCopy { revision, epoch, files })
}

/// Opens all of them at once, from when on nobody can take them away.
fn opened<T>(all: Vec<T>, path: impl Fn(&T) -> &Path) -> Result<Vec<(T, File)>> {
    let open = |one: T| {
        let at = path(&one);
        match File::open(at) {
            Ok(file) => Ok((one, file)),
            Err(source) => Err(Error::io("opening", at)(source)),
        }
    };
    all.into_iter().map(open).collect()
}

/// The newest export that is whole, with the newest revision it may hold.
fn export_newest(mut exports: Vec<(Snapshot, File)>) -> Result<Option<(Snapshot, File, Revision)>> {
    while let Some((snapshot, mut file)) = exports.pop() {
        let read = snapshot.lines(&mut file).and_then(|mut lines| export_read(&mut *lines, |_, _| Ok(())));
        match read {
            Ok((_, until)) => return Ok(Some((snapshot, file, until))),
            Err(Error::Export { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(None)
}

fn segment_read(file: &mut File) -> io::Result<Bytes> {
    let mut bytes = Vec::new();
    file.take(SEGMENT_BYTES_MAX).read_to_end(&mut bytes)?;
    Ok(bytes.into())
}

fn copy_file(path: &Path, folder: &str, file: File) -> Result<CopyFile> {
    let bytes = file.metadata().map_err(Error::io("asking the size of", path))?.len();
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    Ok(CopyFile { name: format!("{folder}/{name}"), bytes, content: Content::File(file) })
}
