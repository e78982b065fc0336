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

/// What all targets of a bundle begin with: `bundle.NAME.`, and of the filter's lists, which another role signs, `lists.NAME.`.
#[must_use]
pub fn target_prefix(name: &Name) -> String {
    format!("{}.{name}.", if name.is_lists() { "lists" } else { "bundle" })
}

/// The target that is a version's index.
#[must_use]
pub fn index_target(name: &Name, version: &Version) -> String {
    format!("{}{version}.index", target_prefix(name))
}

/// The target that leads from one version to another.
#[must_use]
pub fn patch_target(name: &Name, from: &Version, to: &Version) -> String {
    format!("{}{to}.from.{from}.patch", target_prefix(name))
}

/// A bundle and its version, where a target's name is that of an index.
#[must_use]
pub fn index_named(target: &str) -> Option<(Name, Version)> {
    let (_, below) = target.split_once('.')?;
    let (name, version) = below.strip_suffix(".index")?.split_once('.')?;
    let (name, version) = (name.parse().ok()?, version.parse().ok()?);
    // A name has one prefix, and so one role that may sign it.
    (index_target(&name, &version) == target).then_some((name, version))
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
        let (lists, version) = index_named("lists.cartable-lists.2026.11.30.1.index").unwrap();
        assert!(lists.is_lists());
        let patch = patch_target(&lists, &"1".parse().unwrap(), &version);
        assert_eq!(patch, "lists.cartable-lists.2026.11.30.1.from.1.patch");
        for bad in [
            "bundle.cartable-lists.1.index",
            "lists.eau.1.index",
            "floor.eau.1.index",
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
