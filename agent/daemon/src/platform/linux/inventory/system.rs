//! The operating system, and whether it waits for a restart.

use super::root::Root;
use crate::platform::evidence::evidence;
use model::inventory::System;
use std::cmp::Ordering;

pub(super) fn read(root: &Root) -> System {
    let release = root.text("etc/os-release").or_else(|| root.text("usr/lib/os-release")).unwrap_or_default();
    let kernel = root.evidence("proc/sys/kernel/osrelease");
    System {
        os_id: release_field(&release, "ID"),
        os_name: release_field(&release, "NAME"),
        os_version: release_field(&release, "VERSION_ID"),
        os_build: release_field(&release, "BUILD_ID"),
        architecture: root.evidence("proc/sys/kernel/arch"),
        time_zone: time_zone(root),
        reboot_pending: reboot_pending(root, kernel.as_deref()),
        agent_version: evidence(env!("CARGO_PKG_VERSION")),
        kernel,
    }
}

/// One field of os-release(5): shell quoting, without expansions.
fn release_field(text: &str, field: &str) -> Option<String> {
    let value = text.lines().rev().find_map(|line| line.trim().strip_prefix(field)?.strip_prefix('='))?;
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''));
    let bare = quote.map_or(value, |quote| value.trim_matches(quote));
    evidence(&bare.replace('\\', ""))
}

/// The name that /etc/localtime links to, else what /etc/timezone says.
fn time_zone(root: &Root) -> Option<String> {
    let linked = root.link("etc/localtime").and_then(|to| to.split_once("zoneinfo/").map(|(_, name)| name.to_owned()));
    let name = linked.or_else(|| Some(root.text("etc/timezone")?.trim().to_owned()))?;
    let plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || b"/_+-".contains(&b));
    (plain && (1..=64).contains(&name.len())).then_some(name)
}

/// The mark that packages leave (`/run/reboot-required`), or a newer kernel of the same flavour than the one that runs.
///
/// Unknown where neither can be told: without the running kernel's file in /boot, something else decides what starts.
fn reboot_pending(root: &Root, running: Option<&str>) -> Option<bool> {
    if root.exists("run/reboot-required") || root.exists("var/run/reboot-required") {
        return Some(true);
    }
    let names = root.names("boot");
    let kernels: Vec<&str> = names.iter().filter_map(|name| name.strip_prefix("vmlinuz-")).collect();
    let running = running.filter(|running| kernels.contains(running))?;
    let newer = |other: &&str| flavour(other) == flavour(running) && version_order(other, running) == Ordering::Greater;
    Some(kernels.iter().any(newer))
}

/// `amd64` of `6.1.0-18-amd64`.
fn flavour(release: &str) -> &str {
    release.rsplit('-').next().filter(|last| last.starts_with(|c: char| c.is_ascii_alphabetic())).unwrap_or("")
}

/// Numbers by size, the rest by letter.
fn version_order(one: &str, other: &str) -> Ordering {
    let pieces = |text: &str| -> Vec<(u64, String)> {
        text.split(['.', '-', '+', '~', '_'])
            .map(|piece| (piece.parse().unwrap_or(0), piece.chars().filter(|c| !c.is_ascii_digit()).collect()))
            .collect()
    };
    pieces(one).cmp(&pieces(other))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kernels_are_ordered_by_number() {
        assert_eq!(version_order("6.1.0-18-amd64", "6.1.0-9-amd64"), Ordering::Greater);
        assert_eq!(version_order("6.1.0-9-amd64", "6.1.0-9-amd64"), Ordering::Equal);
        assert_eq!((flavour("6.8.0-45-generic"), flavour("6.8.0")), ("generic", ""));
    }

    #[test]
    fn os_release_is_unquoted() {
        let text = "ID=debian\nNAME=\"Debian GNU/Linux\"\nVERSION_ID='12'\nBUILD_ID=\n";
        let field = |name| release_field(text, name);
        assert_eq!(field("NAME").as_deref(), Some("Debian GNU/Linux"));
        assert_eq!((field("ID").as_deref(), field("VERSION_ID").as_deref()), (Some("debian"), Some("12")));
        assert_eq!((field("BUILD_ID"), field("VERSION")), (None, None));
    }
}
