//! The journal: what was acknowledged is in it, fsynced, before anything else knows.

mod reading;
mod record;
mod segment;

pub(crate) use reading::{Reading, journal_read, journal_read_after, journal_scan};
pub(crate) use record::{Record, record_write};
pub(crate) use segment::{Segment, segments};

use crate::error::{Error, Result};
use crate::folder::sync_folder;
use controlplane_core::store::Revision;
use segment::{HEADER_BYTES, segment_make};
use std::fs::{self, File};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// The journal's writing end.
pub(crate) struct Journal {
    folder: PathBuf,
    segment_bytes: u64,
    open: Option<Open>,
}

struct Open {
    segment: Segment,
    file: File,
    length: u64,
}

/// Why a group is not in the journal.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AppendError {
    /// Nothing of it is, and the next may succeed.
    #[error("{0}")]
    Refused(#[source] Error),
    /// Whether it is cannot be known: only a restart, which reads the journal again, can tell.
    #[error("{0}")]
    Unknown(#[source] Error),
}

impl Journal {
    /// Goes on in a folder that was read.
    pub(crate) fn new(folder: &Path, segment_bytes: u64) -> Result<Self> {
        fs::create_dir_all(folder).map_err(Error::io("making", folder))?;
        Ok(Self { folder: folder.to_owned(), segment_bytes, open: None })
    }

    /// Goes on at the end of the newest segment, dropping a torn tail.
    pub(crate) fn resume(&mut self, reading: &Reading) -> Result<()> {
        if let (Some(tail), None) = (&reading.torn, &reading.end) {
            fs::remove_file(&tail.path).map_err(Error::io("removing", &tail.path))?;
            return sync_folder(&self.folder);
        }
        let Some((segment, length)) = reading.end.clone() else { return Ok(()) };
        if usize::try_from(length).is_ok_and(|length| length <= HEADER_BYTES) {
            fs::remove_file(&segment.path).map_err(Error::io("removing", &segment.path))?;
            return sync_folder(&self.folder);
        }
        let opened = File::options().write(true).open(&segment.path).and_then(|mut file| {
            file.set_len(length)?;
            file.seek(SeekFrom::Start(length))?;
            file.sync_all()?;
            Ok(file)
        });
        let file = opened.map_err(Error::io("resuming", &segment.path))?;
        self.open = Some(Open { segment, file, length });
        Ok(())
    }

    /// Takes every segment away, because an export stands for all of them: removed, or kept under another name when damaged.
    pub(crate) fn restart(&mut self, keep: bool) -> Result<()> {
        self.open = None;
        for segment in segments(&self.folder)? {
            let done = if keep {
                fs::rename(&segment.path, segment.path.with_extension("damaged"))
            } else {
                fs::remove_file(&segment.path)
            };
            done.map_err(Error::io("removing", &segment.path))?;
        }
        sync_folder(&self.folder)
    }

    /// Writes and fsyncs the records of one group; answers whether a new segment was begun for it.
    pub(crate) fn append(&mut self, first: Revision, group: &[u8]) -> std::result::Result<bool, AppendError> {
        let full = self.open.as_ref().is_none_or(|open| open.length >= self.segment_bytes);
        if full {
            let (segment, file) = segment_make(&self.folder, first).map_err(AppendError::Refused)?;
            let length = u64::try_from(HEADER_BYTES).unwrap_or(u64::MAX);
            self.open = Some(Open { segment, file, length });
        }
        match &mut self.open {
            Some(open) => open.append(group).map(|()| full),
            None => Err(AppendError::Unknown(Error::Ended)),
        }
    }

    /// Takes back the last group, which nobody was told of.
    pub(crate) fn undo(&mut self, group: &[u8]) -> Result<()> {
        let Some(open) = &mut self.open else { return Ok(()) };
        open.length -= u64::try_from(group.len()).unwrap_or(0);
        open.cut().map_err(Error::io("truncating", &open.segment.path))
    }
}

impl Open {
    fn append(&mut self, group: &[u8]) -> std::result::Result<(), AppendError> {
        if let Err(source) = self.file.write_all(group) {
            let refused = Error::io("writing", &self.segment.path)(source);
            return Err(match self.cut() {
                Ok(()) => AppendError::Refused(refused),
                Err(source) => AppendError::Unknown(Error::io("truncating", &self.segment.path)(source)),
            });
        }
        // After a failed fsync the kernel may have dropped the pages and a second one says yes (fsync(2), and LWN 752063): not tried again.
        let synced = self.file.sync_data().map_err(Error::io("syncing", &self.segment.path));
        if let Err(error) = synced {
            let _ = self.cut();
            return Err(AppendError::Unknown(error));
        }
        self.length += u64::try_from(group.len()).unwrap_or(u64::MAX);
        Ok(())
    }

    fn cut(&mut self) -> io::Result<()> {
        self.file.set_len(self.length)?;
        self.file.seek(SeekFrom::Start(self.length))?;
        self.file.sync_all()
    }
}

/// Removes the segments that hold nothing after a revision; never the newest.
pub(crate) fn segments_forget(folder: &Path, upto: Revision) -> Result<usize> {
    let segments = segments(folder)?;
    let mut removed = 0;
    for pair in segments.windows(2) {
        if pair[1].first > upto.saturating_add(1) {
            break;
        }
        fs::remove_file(&pair[0].path).map_err(Error::io("removing", &pair[0].path))?;
        removed += 1;
    }
    if removed > 0 {
        sync_folder(folder)?;
    }
    Ok(removed)
}
