//! What is mounted where.

use super::root::Root;

/// Hundreds of lines on a machine with many snaps.
const MOUNTS_BYTES_MAX: u64 = 256 * 1024;

/// One mounted volume of a local block device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mount {
    /// The device under /dev, such as `sda2` or `mapper/root`.
    pub(crate) device: String,
    /// Where it is mounted.
    pub(crate) at: String,
}

/// The mounted local volumes; network file systems are left out, since asking them may hang.
#[must_use]
pub(crate) fn mounts(root: &Root) -> Vec<Mount> {
    let Some(text) = root.text_of("proc/self/mounts", MOUNTS_BYTES_MAX) else { return Vec::new() };
    let mount = |line: &str| {
        let mut words = line.split(' ');
        let device = words.next()?.strip_prefix("/dev/")?.to_owned();
        Some(Mount { device, at: words.next()?.to_owned() })
    };
    text.lines().filter_map(mount).collect()
}
