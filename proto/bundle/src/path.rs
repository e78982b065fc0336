//! Paths within a bundle: what is safe below any folder, on each system that an agent runs on.

use crate::error::limit_check;
use crate::limits::{PATH_BYTES_MAX, PATH_DEPTH_MAX, PATHS_MAX};
use crate::{Error, Result};
use std::collections::BTreeMap;
use std::fmt;

/// A relative path with `/` between its parts, that stays below the folder it is put into.
///
/// A bundle is packed on one system and unpacked on another, so the rules are those of all: what Windows cannot hold is refused
/// where it is packed, not on a thousand laptops. Links and devices have no form here at all.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SafePath(String);

/// What is wrong with a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PathFault {
    /// Longer than `PATH_BYTES_MAX`.
    #[error("it is too long")]
    Long,
    /// Deeper than `PATH_DEPTH_MAX`.
    #[error("it has too many folders")]
    Deep,
    /// Absolute paths begin with an empty part, too.
    #[error("a part of it is empty")]
    Empty,
    /// `.` or `..`.
    #[error("it leads out of its folder")]
    Upwards,
    /// `\\ : * ? " < > |`, or one that cannot be printed.
    #[error("it has a sign that Windows does not allow")]
    Sign,
    /// A part ends in a dot or a space.
    #[error("a part of it ends in a dot or a space, which Windows leaves out")]
    End,
    /// `con`, `nul`, `com1` and their like.
    #[error("a part of it is a device's name on Windows")]
    Reserved,
}

/// Names that Windows gives to devices, whatever follows a dot (Microsoft, "Naming Files, Paths, and Namespaces").
const RESERVED: [&str; 6] = ["con", "prn", "aux", "nul", "conin$", "conout$"];

impl SafePath {
    /// Judges a path.
    ///
    /// # Errors
    /// [`Error::Path`] when it is absolute, leads upwards, or some system cannot hold it.
    pub fn new(path: &str) -> Result<Self> {
        match path_fault(path) {
            None => Ok(Self(path.to_owned())),
            Some(why) => Err(Error::Path { path: path.chars().take(PATH_BYTES_MAX).collect(), why }),
        }
    }

    /// The path.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Its parts, from the top down.
    pub fn parts(&self) -> impl Iterator<Item = &str> {
        self.0.split('/')
    }

    /// The last part.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }

    /// What follows the last dot of its name; empty when there is none.
    #[must_use]
    pub fn extension(&self) -> &str {
        self.name().rsplit_once('.').map_or("", |(_, extension)| extension)
    }
}

impl fmt::Display for SafePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for SafePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0)
    }
}

/// Judges paths beside each other: none may be twice there, be a folder of another, or differ by case alone.
///
/// # Errors
/// [`Error::Collision`] with the two; [`Error::Limit`] when folders are too many.
pub fn paths_check<'a>(paths: impl Iterator<Item = &'a SafePath>) -> Result<()> {
    // Each path and each folder above it, without case; folders may be shared when they are written alike. Digests, since a device
    // that reads an index has little memory: two of them that are equal by chance refuse a bundle, and never let one pass.
    let mut seen: BTreeMap<u64, (&str, bool)> = BTreeMap::new();
    for path in paths {
        let ends = path.0.match_indices('/').map(|(at, _)| (at, false));
        for (end, is_file) in ends.chain([(path.0.len(), true)]) {
            let written = &path.0[..end];
            match seen.insert(digest(&folded(written)), (written, is_file)) {
                Some((other, other_file)) if is_file || other_file || other != written => {
                    return Err(Error::Collision { first: other.to_owned(), second: path.0.clone() });
                }
                _ => {}
            }
        }
        limit_check("paths with their folders", seen.len() as u64, PATHS_MAX as u64)?;
    }
    Ok(())
}

fn digest(text: &str) -> u64 {
    let mut bytes = [0; 8];
    blake3::Hasher::new().update(text.as_bytes()).finalize_xof().fill(&mut bytes);
    u64::from_le_bytes(bytes)
}

fn path_fault(path: &str) -> Option<PathFault> {
    if path.len() > PATH_BYTES_MAX {
        return Some(PathFault::Long);
    }
    if path.split('/').count() > PATH_DEPTH_MAX {
        return Some(PathFault::Deep);
    }
    path.split('/').find_map(part_fault)
}

fn part_fault(part: &str) -> Option<PathFault> {
    let stem = part.split('.').next().unwrap_or(part).trim_end_matches(' ').to_lowercase();
    let digit = |rest: &str| rest.chars().count() == 1 && rest.contains(|c: char| "0123456789¹²³".contains(c));
    let port = ["com", "lpt"].iter().any(|port| stem.strip_prefix(port).is_some_and(digit));
    if part.is_empty() {
        Some(PathFault::Empty)
    } else if part == "." || part == ".." {
        Some(PathFault::Upwards)
    } else if part.contains(|c: char| c.is_control() || "\\:*?\"<>|".contains(c)) {
        Some(PathFault::Sign)
    } else if part.ends_with(['.', ' ']) {
        Some(PathFault::End)
    } else if RESERVED.contains(&stem.as_str()) || port {
        Some(PathFault::Reserved)
    } else {
        None
    }
}

/// Both ways, since some letters have several small or capital forms.
fn folded(path: &str) -> String {
    path.to_uppercase().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::path::{Component, Path};

    #[test]
    fn bad_paths_are_refused() {
        for bad in [
            "",
            "/etc/passwd",
            "../x",
            "a/../x",
            "a/./x",
            "a//x",
            "a/",
            "C:/x",
            "c:x",
            "a\\..\\x",
            "\\\\host\\x",
            "nul",
            "NUL.txt",
            "a/con",
            "a/Aux.html",
            "com1",
            "LPT9.svg",
            "com\u{b9}",
            "CONIN$",
            "nul .txt",
            "a.",
            "a ",
            "a/b./c",
            "a\0b",
            "a\nb",
            "x?y",
            "x*",
            "a|b",
            "\"a\"",
            "<a>",
            "file:stream",
        ] {
            assert!(SafePath::new(bad).is_err(), "{bad:?} was taken");
        }
    }

    #[test]
    fn a_path_is_at_most_so_long_and_so_deep() {
        let why = |path: String| match SafePath::new(&path) {
            Ok(_) => None,
            Err(Error::Path { why, .. }) => Some(why),
            Err(other) => panic!("{other}"),
        };
        assert_eq!((why("a".repeat(180)), why("a".repeat(181))), (None, Some(PathFault::Long)));
        assert_eq!((why(["a"; 24].join("/")), why(["a"; 25].join("/"))), (None, Some(PathFault::Deep)));
    }

    #[test]
    fn good_paths_are_taken() {
        for good in [
            "index.html",
            "leçons/l'eau, l'air.html",
            ".htaccess",
            "a/b/c.tar.gz",
            "console.js",
            "com10",
            "a..b",
            "été",
            "lpt",
        ] {
            assert_eq!(SafePath::new(good).unwrap().as_str(), good);
        }
        let path = SafePath::new("a/b.tar.gz").unwrap();
        assert_eq!((path.name(), path.extension()), ("b.tar.gz", "gz"));
    }

    #[test]
    fn paths_that_are_one_somewhere_collide() {
        let check = |paths: &[&str]| {
            let paths: Vec<SafePath> = paths.iter().map(|path| SafePath::new(path).unwrap()).collect();
            paths_check(paths.iter())
        };
        for bad in
            [["a", "a"], ["a", "A"], ["a/b", "A/c"], ["a", "a/b"], ["A", "a/b"], ["a/b", "a"], ["é", "É"], ["ſ", "s"]]
        {
            assert!(matches!(check(&bad), Err(Error::Collision { .. })), "{bad:?}");
        }
        check(&["a/b", "a/c", "b", "ab"]).unwrap();
    }

    proptest! {
        #[test]
        fn what_is_taken_stays_below(path in "\\PC{0,40}|[./\\\\a:]{0,12}") {
            if let Ok(path) = SafePath::new(&path) {
                let mut parts = Path::new(path.as_str()).components();
                prop_assert!(parts.all(|part| matches!(part, Component::Normal(_))));
                prop_assert_eq!(Path::new(path.as_str()).components().count(), path.parts().count());
            }
        }
    }
}
