//! Which network this is, so that another one is noticed.

use super::Offered;
use super::offered::{FILES, LATER_FILE};
use crate::disk::System;
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;

/// By what a network is known: equal while it is the same one, and to nobody a description of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Network {
    /// What it offers.
    pub offered: Offered,
    /// When the files that say so were written: many networks offer the same addresses.
    written: Vec<Option<(u64, i64, i64)>>,
    /// The ways out of here, of both kinds of addresses.
    pub(super) ways: Vec<String>,
}

impl Network {
    /// As it is now.
    pub(super) fn read(system: &System, offered: Offered) -> Self {
        // Leases of networkd are written anew with each renewal, and are known by what they say.
        let files = FILES.iter().chain(&[LATER_FILE]);
        let written =
            files.map(|path| system.meta(path).map(|meta: Metadata| (meta.ino(), meta.mtime(), meta.mtime_nsec())));
        Self { offered, written: written.collect(), ways: ways(system) }
    }

    /// Whether there is anything that could want to be greeted.
    #[must_use]
    pub const fn is_there(&self) -> bool {
        !self.offered.servers.is_empty() || !self.ways.is_empty()
    }
}

/// Default routes: their link and who takes what goes there (proc(5), `/proc/net/route`; the kernel's `ipv6_route_seq_show`). The other columns
/// count how often they are used.
fn ways(system: &System) -> Vec<String> {
    let four = system.text("/proc/net/route").unwrap_or_default();
    let four = four.lines().filter_map(|line| {
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        (words.get(1) == Some(&"00000000")).then(|| format!("{} {}", words[0], words.get(2).unwrap_or(&"")))
    });
    let six = system.text("/proc/net/ipv6_route").unwrap_or_default();
    let six = six.lines().filter_map(|line| {
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        let link = words.last().filter(|link| **link != "lo")?;
        (words.get(1) == Some(&"00")).then(|| format!("{link} {}", words.get(4).unwrap_or(&"")))
    });
    let mut ways: Vec<String> = four.chain(six).collect();
    ways.sort();
    ways
}
