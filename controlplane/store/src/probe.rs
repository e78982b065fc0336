//! The probe: reads everything once, in a process of its own, since a damaged sled may panic, abort or never come back.

use crate::error::Result;
use crate::folder::Folder;
use crate::journal::segments;
use crate::tree::Tree;
use controlplane_core::store::Revision;
use std::path::Path;

const CACHE_BYTES: u64 = 64 * 1024 * 1024;

/// A store that could be read to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Probed {
    /// How far its entries are; the journal may hold more.
    pub revision: Revision,
    /// How many entries it holds.
    pub entries: u64,
}

/// Whether a folder holds a store that was not closed in order, so that it must be probed before it is opened.
///
/// # Errors
/// [`crate::Error::Io`].
pub fn probe_due(folder: &Path) -> Result<bool> {
    let folder = Folder::new(folder);
    let there = folder.entries().exists() || !segments(&folder.journal())?.is_empty();
    Ok(there && folder.clean()?.is_none())
}

/// When everything is to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// It is not: the store was closed in order.
    Not,
    /// While it is in use: the process was killed, and the machine went on, so that all that was written is there.
    Later,
    /// Before it is opened: the machine itself stopped, or an opening without a probe did not last.
    Now,
}

/// When a folder's store is to be probed.
///
/// # Errors
/// [`crate::Error::Io`].
pub fn probe_need(folder: &Path) -> Result<Need> {
    let due = probe_due(folder)?;
    let folder = Folder::new(folder);
    Ok(match (due, folder.doubt()) {
        (false, false) => Need::Not,
        (false, true) => Need::Later,
        (true, false) if folder.boot_same()? => Need::Later,
        (true, _) => Need::Now,
    })
}

/// Reads every entry and compares their number and revisions with what was written. Run it in a child process: any other end than `Ok`,
/// a signal too, means that the store is to be rebuilt, but for [`crate::Error::InUse`], [`crate::Error::ReadOnly`] and
/// [`crate::Error::Newer`], which rebuilding does not cure.
///
/// # Errors
/// [`crate::Error::Damaged`], and those named above.
pub fn probe(folder: &Path) -> Result<Probed> {
    let folder = Folder::new(folder);
    let _lock = folder.lock()?;
    let applied = Tree::open(&folder.entries(), CACHE_BYTES)?.verify()?;
    Ok(Probed { revision: applied.revision, entries: applied.tally.count })
}
