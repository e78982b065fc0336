//! What a device has to give: files of the repository that it holds and that are signed.

use bytes::Bytes;
use std::fmt::Debug;

/// How names begin by which a device says what it has: short, and answered at once.
pub(crate) const HELD: &str = "held/";

/// Files that may be served; nothing else of the machine is reached through it.
pub(crate) trait Shelf: Debug + Send + Sync {
    /// A part of a file and the file's size; nothing when it is not here.
    fn read(&self, item: &str, offset: u64, length: usize) -> Option<(Bytes, u64)>;
}
