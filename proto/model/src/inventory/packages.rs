//! What the system's own package manager has installed.

use serde::{Deserialize, Serialize};

/// The most packages listed; the largest desktop installations have some 6,000.
pub const PACKAGES_MAX: usize = 20_000;
/// The most bytes of names and versions listed, so that the section stays below
/// [`SECTION_BYTES_MAX`](crate::section::SECTION_BYTES_MAX) with what surrounds them.
pub const PACKAGES_BYTES_MAX: usize = 640 * 1024;
/// The longest name or version, in characters.
pub const PACKAGE_CHARS_MAX: usize = 128;

/// Which program keeps the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PackageManager {
    /// Debian's and Ubuntu's.
    Dpkg,
    /// Red Hat's and SUSE's.
    Rpm,
    /// Alpine's.
    Apk,
    /// Arch's.
    Pacman,
    /// The list of installed programs that Windows keeps for all users.
    Windows,
}

/// The packages of the system's own manager; nothing that a person installed beside it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Packages {
    /// Which program keeps the list.
    pub manager: Option<PackageManager>,
    /// The installed packages by name; nothing when the list cannot be read.
    pub installed: Option<Vec<Package>>,
    /// How many more there are than the limits let through.
    pub left_out: u32,
}

/// One installed package.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// Its full version.
    pub version: String,
}

/// A package's name or version as it is kept: printable ASCII without spaces, at most [`PACKAGE_CHARS_MAX`]; nothing otherwise.
#[must_use]
pub fn package_text(text: &str) -> Option<&str> {
    let fits = (1..=PACKAGE_CHARS_MAX).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic());
    fits.then_some(text)
}

/// The name or version of a program as it is kept, which people wrote for people: characters that show themselves, at most
/// [`PACKAGE_CHARS_MAX`], none but single spaces within; nothing otherwise.
#[must_use]
pub fn program_text(text: &str) -> Option<&str> {
    let spaced = text.starts_with(' ') || text.ends_with(' ') || text.contains("  ");
    let shows = |c: char| super::is_shown(c) && (c == ' ' || !c.is_whitespace());
    let fits = (1..=PACKAGE_CHARS_MAX).contains(&text.chars().count());
    (fits && !spaced && text.chars().all(shows)).then_some(text)
}

impl Packages {
    /// The same list in order, without repetitions, cut to its limits; what is cut is counted.
    #[must_use]
    pub fn canonical(mut self) -> Self {
        if let Some(list) = &mut self.installed {
            list.sort();
            list.dedup();
            let mut room = PACKAGES_BYTES_MAX;
            let kept = list
                .iter()
                .take(PACKAGES_MAX)
                .take_while(|package| match room.checked_sub(package.name.len() + package.version.len()) {
                    Some(left) => {
                        room = left;
                        true
                    }
                    None => false,
                })
                .count();
            self.left_out = self.left_out.saturating_add(u32::try_from(list.len() - kept).unwrap_or(u32::MAX));
            list.truncate(kept);
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_named_for_people_and_hides_nothing() {
        for good in ["Mozilla Firefox (x64 fr)", "Éditeur d'équations", &"é".repeat(PACKAGE_CHARS_MAX)] {
            assert_eq!(program_text(good), Some(good));
        }
        let long = "a".repeat(PACKAGE_CHARS_MAX + 1);
        for bad in ["", " ", " a", "a ", "a  b", "a\u{a0}b", "a\tb", "a\u{202e}b", "a\u{0}", &long] {
            assert_eq!(program_text(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn a_list_that_is_too_long_is_cut_and_counted() {
        let package = |n: usize| Package { name: format!("p{n:05}"), version: "1".into() };
        let many =
            Packages { installed: Some((0..PACKAGES_MAX + 7).rev().map(package).collect()), ..Packages::default() };
        let kept = many.canonical();
        assert_eq!(kept.left_out, 7);
        assert_eq!(kept.installed.as_ref().map(Vec::len), Some(PACKAGES_MAX));
        assert_eq!(kept.installed.unwrap()[0], package(0));
        let long = |n: usize| Package { name: format!("{n:0128}"), version: "2".repeat(128) };
        let large = Packages { installed: Some((0..4000).map(long).collect()), ..Packages::default() }.canonical();
        assert_eq!(large.installed.unwrap().len() * 256, PACKAGES_BYTES_MAX);
        assert_eq!(large.left_out, 4000 - 2560);
    }
}
