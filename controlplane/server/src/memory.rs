//! Whether one more connection fits into the memory that this server may have.
//!
//! A service manager or a container ends whoever takes more. Then all devices come back at once, and the server is ended again: better those
//! who are here are served, and others come again later.

use rustix::process::{Resource, getrlimit};
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// In how many hundredths of the limit connections may stand; what calls need for a moment is the rest.
const PART: u64 = 85;
/// It is looked at for each so many-th connection: to look takes as long as a twentieth of a handshake.
const EACH: usize = 16;
/// A group without a limit says so with a number near the largest there is.
const NO_LIMIT: u64 = 1 << 60;
const GROUPS: &str = "/sys/fs/cgroup";

/// The memory that there may be, by what it is held against.
pub(crate) struct Memory {
    /// Of all that lies in memory and cannot be read from a file again (control group).
    group: Option<u64>,
    /// Of what may be written (ulimit -d).
    data: Option<u64>,
    /// Of all addresses (ulimit -v).
    addresses: Option<u64>,
    /// How many connections there were when memory ran short: what the allocator has and does not give back is as good as free.
    room: AtomicUsize,
    asked: AtomicUsize,
    short: AtomicBool,
}

/// What this process takes, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Taken {
    addresses: u64,
    own: u64,
    data: u64,
}

impl Memory {
    /// By the limits of this process.
    pub(crate) fn read() -> Self {
        let groups = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
        let group = group_limit(&groups, Path::new(GROUPS));
        Self::new(group, getrlimit(Resource::Data).current, getrlimit(Resource::As).current)
    }

    fn new(group: Option<u64>, data: Option<u64>, addresses: Option<u64>) -> Self {
        let (room, asked) = (AtomicUsize::new(usize::MAX), AtomicUsize::new(0));
        Self { group, data, addresses, room, asked, short: AtomicBool::new(false) }
    }

    /// Whether there is room for a connection besides so many.
    pub(crate) fn fits(&self, open: usize) -> bool {
        if self.group.or(self.data).or(self.addresses).is_none() {
            return true;
        }
        if self.asked.fetch_add(1, Ordering::Relaxed).is_multiple_of(EACH) {
            self.look(open, taken(&fs::read_to_string("/proc/self/status").unwrap_or_default()));
        }
        self.has_room(open)
    }

    fn look(&self, open: usize, taken: Taken) {
        let over = |limit: Option<u64>, taken: u64| limit.is_some_and(|limit| taken > limit / 100 * PART);
        let short = over(self.group, taken.own) || over(self.data, taken.data) || over(self.addresses, taken.addresses);
        match (self.short.swap(short, Ordering::Relaxed), short) {
            (false, true) => {
                tracing::warn!(connections = open, "memory is short: nobody is let in until some have gone");
                self.room.store(open, Ordering::Relaxed);
            }
            (true, false) => {
                tracing::info!(connections = open, "there is memory again");
                self.room.store(usize::MAX, Ordering::Relaxed);
            }
            _ => {}
        }
    }

    fn has_room(&self, open: usize) -> bool {
        open < self.room.load(Ordering::Relaxed)
    }
}

/// From `/proc/self/status`.
fn taken(status: &str) -> Taken {
    let of = |field: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(field));
        let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
        kib.unwrap_or_default() * 1024
    };
    Taken { addresses: of("VmSize:"), own: of("RssAnon:"), data: of("VmData:") }
}

/// The least limit of the group that a process is in, and of those above it: version 2, else version 1.
fn group_limit(groups: &str, root: &Path) -> Option<u64> {
    let limits = groups.lines().filter_map(|line| {
        let (controllers, path) = line.split_once(':')?.1.split_once(':')?;
        let (folder, file) = match controllers {
            "" => (root.to_owned(), "memory.max"),
            some if some.split(',').any(|one| one == "memory") => (root.join("memory"), "memory.limit_in_bytes"),
            _ => return None,
        };
        // In a container its own group is mounted as the first, whatever its path is outside.
        let within = folder.join(path.trim_start_matches('/'));
        let limits = within.ancestors().take_while(|above| above.starts_with(&folder)).filter_map(|group| {
            let limit: u64 = fs::read_to_string(group.join(file)).ok()?.trim().parse().ok()?;
            (limit < NO_LIMIT).then_some(limit)
        });
        limits.min()
    });
    limits.min()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;

    #[test]
    fn the_least_limit_above_a_process_counts() {
        let root = tempfile::tempdir().unwrap();
        let group = |path: &str, file: &str, limit: &str| {
            fs::create_dir_all(root.path().join(path)).unwrap();
            fs::write(root.path().join(path).join(file), limit).unwrap();
        };
        group("system.slice/a.service", "memory.max", "max\n");
        assert_eq!(group_limit("0::/system.slice/a.service\n", root.path()), None);
        group("system.slice", "memory.max", "1048576\n");
        assert_eq!(group_limit("0::/system.slice/a.service\n", root.path()), Some(MIB));
        group("memory", "memory.limit_in_bytes", "9223372036854771712\n");
        assert_eq!(group_limit("4:cpu,memory:/docker/a\n0::/\n", root.path()), None);
        group("memory", "memory.limit_in_bytes", "4096\n");
        assert_eq!(group_limit("4:cpu,memory:/docker/a\n0::/\n", root.path()), Some(4_096));
    }

    #[test]
    fn what_a_process_takes_is_read() {
        let read = taken("Name:\ta\nVmSize:\t     900 kB\nRssAnon:\t     400 kB\nVmData:\t     300 kB\n");
        assert_eq!(read, Taken { addresses: 900 << 10, own: 400 << 10, data: 300 << 10 });
        let own = taken(&fs::read_to_string("/proc/self/status").unwrap());
        assert!(own.own > 0 && own.data > 0 && own.addresses > own.data, "{own:?}");
    }

    #[test]
    fn who_is_here_stays_and_makes_room_by_going() {
        let limit = |group| Memory::new(group, None, None);
        let fits = |memory: &Memory, open: usize, mib: u64| {
            memory.look(open, Taken { own: mib * MIB, ..Taken::default() });
            memory.has_room(open)
        };
        let memory = limit(Some(100 * MIB));
        assert!(fits(&memory, 10, 84) && fits(&limit(None), 10, 1 << 20));
        assert!(!fits(&memory, 1_000, 86) && !fits(&memory, 1_001, 86));
        // The allocator keeps what those had who went.
        assert!(fits(&memory, 999, 86) && !fits(&memory, 1_000, 86));
        // There is room again, and then less than before.
        assert!(fits(&memory, 1_000, 80) && !fits(&memory, 700, 86) && fits(&memory, 699, 86));
        let data = Memory::new(None, Some(100 * MIB), None);
        data.look(7, Taken { data: 90 * MIB, ..Taken::default() });
        assert!(!data.has_room(7));
    }
}
