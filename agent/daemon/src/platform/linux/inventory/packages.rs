//! Packages of the system's own manager, from its list and never by running it.

use super::root::Root;
use model::inventory::{Package, PackageManager, Packages, package_text};
use std::io::{BufRead, BufReader, Read};

const DPKG: &str = "var/lib/dpkg/status";
const APK: &str = "lib/apk/db/installed";
const PACMAN: &str = "var/lib/pacman/local";
const RPM: [&str; 2] = ["var/lib/rpm", "usr/lib/sysimage/rpm"];
/// Ten times the list of a full desktop.
const LIST_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// What is kept of a line; names and versions are far shorter.
const LINE_BYTES_MAX: usize = 512;
/// More than the section may hold, so that what is left out can be counted, and an end to hostile lists.
const ENTRIES_MAX: usize = 100_000;

pub(super) fn read(root: &Root) -> Packages {
    let (manager, installed) = if let Some(file) = root.open(DPKG) {
        (Some(PackageManager::Dpkg), Some(stanzas(file, &["Package: ", "Version: ", "Status: "])))
    } else if let Some(file) = root.open(APK) {
        (Some(PackageManager::Apk), Some(stanzas(file, &["P:", "V:"])))
    } else if root.exists(PACMAN) {
        (Some(PackageManager::Pacman), Some(root.names(PACMAN).iter().filter_map(|n| pacman_package(n)).collect()))
    } else if RPM.iter().any(|folder| root.exists(folder)) {
        // Its list is a database of its own.
        (Some(PackageManager::Rpm), None)
    } else {
        (None, None)
    };
    Packages { manager, installed, left_out: 0 }.canonical()
}

/// The installed packages of a list in stanzas with an empty line between.
///
/// `keys` begin the lines with name, version and, where the list also holds removed packages, state.
fn stanzas(file: impl Read, keys: &[&str]) -> Vec<Package> {
    let mut lines = Lines { reader: BufReader::with_capacity(64 * 1024, file.take(LIST_BYTES_MAX)), line: Vec::new() };
    let mut found = Vec::new();
    let mut values: [Option<String>; 3] = [None, None, None];
    loop {
        let line = lines.next_line();
        if line.is_none_or(<[u8]>::is_empty) {
            let [name, version, state] = std::mem::take(&mut values);
            let installed = keys.len() < 3 || state.is_some_and(|state| state.ends_with(" installed"));
            if let (true, Some(name), Some(version)) = (installed, name, version) {
                found.push(Package { name, version });
            }
        }
        let Some(line) = line else { return found };
        if found.len() == ENTRIES_MAX {
            return found;
        }
        for (value, key) in values.iter_mut().zip(keys) {
            if let Some(rest) = line.strip_prefix(key.as_bytes()) {
                let text = std::str::from_utf8(rest).ok().map(str::trim);
                // The state is three words.
                *value = text.filter(|text| package_text(&text.replace(' ', "")).is_some()).map(str::to_owned);
                *value = value.take().filter(|text| key.starts_with("Status") || package_text(text).is_some());
            }
        }
    }
}

/// `name-version-release`.
fn pacman_package(folder: &str) -> Option<Package> {
    let (rest, release) = folder.rsplit_once('-')?;
    let (name, version) = rest.rsplit_once('-')?;
    let version = format!("{version}-{release}");
    Some(Package { name: package_text(name)?.to_owned(), version: package_text(&version)?.to_owned() })
}

/// Lines of any length, of which the beginning is kept.
struct Lines<R> {
    reader: BufReader<R>,
    line: Vec<u8>,
}

impl<R: Read> Lines<R> {
    /// The next line without its end; nothing at the end of the file or when it cannot be read further.
    fn next_line(&mut self) -> Option<&[u8]> {
        self.line.clear();
        let mut any = false;
        loop {
            let buffer = self.reader.fill_buf().ok()?;
            if buffer.is_empty() {
                return any.then_some(self.line.as_slice());
            }
            any = true;
            let end = buffer.iter().position(|byte| *byte == b'\n');
            let piece = &buffer[..end.unwrap_or(buffer.len())];
            self.line.extend_from_slice(&piece[..piece.len().min(LINE_BYTES_MAX - self.line.len())]);
            let used = end.map_or(buffer.len(), |end| end + 1);
            self.reader.consume(used);
            if end.is_some() {
                return Some(self.line.as_slice());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_read_stanza_by_stanza() {
        let list = b"Package: a\nStatus: install ok installed\nVersion: 1:2~b\n\nPackage: gone\nStatus: deinstall ok config-files\n\
            Version: 1\n\nPackage: b c\nStatus: install ok installed\nVersion: 1\n\nStatus: install ok installed\nPackage: z\n\
            Description: \xff\xfe\n Package: not\nVersion: 3";
        let seen = stanzas(&list[..], &["Package: ", "Version: ", "Status: "]);
        let package = |name: &str, version: &str| Package { name: name.into(), version: version.into() };
        assert_eq!(seen, [package("a", "1:2~b"), package("z", "3")]);
        assert_eq!(stanzas(&b"P:musl\nV:1.2.5-r0\n\n"[..], &["P:", "V:"]), [package("musl", "1.2.5-r0")]);
        assert_eq!(
            pacman_package("gtk-update-icon-cache-1:4.16-1"),
            Some(package("gtk-update-icon-cache", "1:4.16-1"))
        );
        assert_eq!(pacman_package("ALPM_DB_VERSION"), None);
    }

    #[test]
    fn a_line_without_end_costs_little() {
        let list =
            [b"Package: a".as_slice(), &vec![b'x'; 1 << 20], b"\n\nPackage: b\nVersion: 1\nStatus: i ok installed"]
                .concat();
        assert_eq!(stanzas(&list[..], &["Package: ", "Version: ", "Status: "]).len(), 1);
    }
}
