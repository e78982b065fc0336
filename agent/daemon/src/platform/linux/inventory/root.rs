//! The folder all readers start from.

use crate::platform::evidence::evidence;
use rustix::fs::OFlags;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType};
use std::fs::{File, OpenOptions};
use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// The most bytes of a file that are read; what /sys and /proc tell is a page or a few.
const FILE_BYTES_MAX: u64 = 64 * 1024;
/// The most entries of a folder that are looked at.
const FOLDER_ENTRIES_MAX: usize = 32_768;

/// Where the machine's files are: `/`, or a tree that a test made.
pub(crate) struct Root {
    path: PathBuf,
    space: Box<dyn Space>,
}

/// Tells the room on a volume: the one fact that is in no file.
pub(crate) trait Space: Send + Sync {
    /// Size and free bytes of the volume mounted there.
    fn room(&self, mount: &Path) -> Option<agent_core::health::Room>;
}

/// Asks the kernel about what lies under a folder.
struct Statvfs(PathBuf);

impl Space for Statvfs {
    fn room(&self, mount: &Path) -> Option<agent_core::health::Room> {
        let seen = rustix::fs::statvfs(self.0.join(mount.strip_prefix("/").unwrap_or(mount))).ok()?;
        Some(agent_core::health::Room {
            size_bytes: seen.f_blocks.checked_mul(seen.f_frsize)?,
            free_bytes: seen.f_bavail.checked_mul(seen.f_frsize)?,
        })
    }
}

impl Root {
    /// The machine whose files lie under this folder: `/` is this one.
    #[must_use]
    pub(crate) fn new(path: impl Into<PathBuf>) -> Self {
        let path = path.into();
        Self::at(path.clone(), Box::new(Statvfs(path)))
    }

    /// The same, with something else that tells the room on its volumes.
    #[must_use]
    pub(crate) fn at(path: PathBuf, space: Box<dyn Space>) -> Self {
        Self { path, space }
    }

    /// Size and free bytes of the volume mounted there; nothing when they make no sense.
    #[must_use]
    pub(crate) fn room(&self, mount: &str) -> Option<agent_core::health::Room> {
        self.space.room(Path::new(mount)).filter(|room| room.size_bytes > 0 && room.free_bytes <= room.size_bytes)
    }

    /// Opens a regular file; a pipe or a device left in its place is not touched.
    pub(crate) fn open(&self, path: &str) -> Option<File> {
        // Without it, opening a pipe waits for its other end for ever.
        let nonblock = i32::try_from(OFlags::NONBLOCK.bits()).ok()?;
        let file = OpenOptions::new().read(true).custom_flags(nonblock).open(self.path.join(path)).ok()?;
        file.metadata().ok()?.is_file().then_some(file)
    }

    /// A connection to a service of the machine; none to one that lets callers wait.
    pub(crate) fn socket(&self, path: &str) -> Option<UnixStream> {
        // A blocking one would wait for ever for a service that stands still while its queue is full.
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let socket = rustix::net::socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None).ok()?;
        rustix::net::connect(&socket, &SocketAddrUnix::new(self.path.join(path)).ok()?).ok()?;
        let socket = UnixStream::from(socket);
        socket.set_nonblocking(false).ok()?;
        Some(socket)
    }

    /// The file's first bytes, at most this many.
    pub(crate) fn bytes(&self, path: &str, max: u64) -> Option<Vec<u8>> {
        let mut bytes = Vec::new();
        self.open(path)?.take(max).read_to_end(&mut bytes).ok()?;
        Some(bytes)
    }

    /// The file's text; what is not UTF-8 is replaced.
    pub(crate) fn text(&self, path: &str) -> Option<String> {
        self.text_of(path, FILE_BYTES_MAX)
    }

    /// The text of a file that may be longer than most.
    pub(crate) fn text_of(&self, path: &str, max: u64) -> Option<String> {
        Some(String::from_utf8_lossy(&self.bytes(path, max)?).into_owned())
    }

    /// The file's text as evidence: trimmed, cut, and nothing when it is a placeholder.
    pub(crate) fn evidence(&self, path: &str) -> Option<String> {
        evidence(&self.text(path)?)
    }

    /// The number that is all the file says.
    pub(crate) fn number<N: FromStr>(&self, path: &str) -> Option<N> {
        self.text(path)?.trim().parse().ok()
    }

    /// The hexadecimal number that is all the file says.
    pub(crate) fn hex(&self, path: &str) -> Option<u16> {
        let text = self.text(path)?;
        let digits = text.trim().trim_start_matches("0x");
        let plain = (1..=4).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_hexdigit());
        if plain { u16::from_str_radix(digits, 16).ok() } else { None }
    }

    /// The names in a folder, in order; none when there is no such folder.
    pub(crate) fn names(&self, folder: &str) -> Vec<String> {
        let Ok(entries) = std::fs::read_dir(self.path.join(folder)) else { return Vec::new() };
        let names = entries.take(FOLDER_ENTRIES_MAX).filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        let mut names: Vec<String> = names.collect();
        names.sort();
        names
    }

    /// Whether there is such a file or folder.
    pub(crate) fn exists(&self, path: &str) -> bool {
        self.path.join(path).exists()
    }

    /// Where a link points to, as it is written.
    pub(crate) fn link(&self, path: &str) -> Option<String> {
        std::fs::read_link(self.path.join(path)).ok()?.into_os_string().into_string().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::net::{bind, listen, socket};

    #[test]
    fn a_service_that_stands_still_is_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let stuck = socket(AddressFamily::UNIX, SocketType::STREAM, None).unwrap();
        bind(&stuck, &SocketAddrUnix::new(folder.path().join("bus")).unwrap()).unwrap();
        listen(&stuck, 0).unwrap();
        let root = Root::new(folder.path());
        let waiting: Vec<_> = std::iter::repeat_with(|| root.socket("bus")).take(8).collect();
        assert!(waiting[0].is_some() && waiting[7].is_none());
    }
}
