//! Installed programs, as Windows lists them for all users; what people installed for themselves alone is theirs and is not read.

use super::registry;
use agent_core::windows::{Program, programs};
use model::inventory::Packages;

/// Of this system and of 32-bit programs on it.
const LISTS: [&str; 2] = [
    r"SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall",
    r"SOFTWARE\WOW6432Node\Microsoft\Windows\CurrentVersion\Uninstall",
];
/// More than the section may hold, so that what is left out can be counted, and an end to hostile lists.
const ENTRIES_MAX: usize = 100_000;

pub(super) fn read() -> Packages {
    let mut all = Vec::new();
    let mut readable = false;
    for list in LISTS {
        let Some(key) = registry::key(list) else { continue };
        let Ok(names) = key.keys() else { continue };
        readable = true;
        let entries = names.take(ENTRIES_MAX - all.len().min(ENTRIES_MAX)).filter_map(|name| key.open(name).ok());
        all.extend(entries.map(|entry| Program {
            name: entry.get_string("DisplayName").ok(),
            version: entry.get_string("DisplayVersion").ok(),
            part_of_system: registry::number(&entry, "SystemComponent") == Some(1),
            part_of_another: entry.get_string("ParentKeyName").is_ok(),
        }));
    }
    programs(readable.then_some(all))
}
