//! How files of a repository are called, by whoever asks for one and whoever gives it.

use crate::{Name, Version};

/// The longest name, in bytes.
pub const ITEM_BYTES_MAX: usize = 300;

/// Whether a name stays within a repository, on whatever system its folder lies.
#[must_use]
pub fn item_is_plain(item: &str) -> bool {
    let sign = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let part = |part: &str| !part.is_empty() && !part.starts_with('.') && part.chars().all(sign);
    item.len() <= ITEM_BYTES_MAX && item.split('/').all(part)
}

/// A bundle and its version, where a target's name is that of an index: `bundle.NAME.VERSION.index`.
#[must_use]
pub fn index_named(target: &str) -> Option<(Name, Version)> {
    let (name, version) = target.strip_prefix("bundle.")?.strip_suffix(".index")?.split_once('.')?;
    Some((name.parse().ok()?, version.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_leaves_a_repository() {
        for good in ["metadata/timestamp.json", "chunks/ab/ab01", "1.root.json"] {
            assert!(item_is_plain(good), "{good}");
        }
        for bad in
            ["", "/etc/passwd", "../a", "a/../b", "a//b", "a/.b", "a/", "a\\b", "a\0b", "C:/a", "é", &"a/".repeat(200)]
        {
            assert!(!item_is_plain(bad), "{bad}");
        }
    }

    #[test]
    fn an_index_is_known_by_its_name() {
        assert!(index_named("bundle.eau-1.2026.9.1.index").is_some());
        let named = index_named("bundle.eau.2026.9.index").unwrap();
        assert_eq!((named.0.as_str(), named.1.to_string().as_str()), ("eau", "2026.9"));
        for bad in [
            "bundle.eau.index",
            "bundle.eau.2026.9.from.1.patch",
            "bundle../x.1.index",
            "bundle..1.index",
            "eau.1.index",
        ] {
            assert_eq!(index_named(bad), None, "{bad}");
        }
    }
}
