//! Names that no upstream is asked for, and names that only the network can know (IANA, "Special-Use Domain Names").

use crate::name::Name;

/// A name that is answered here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Special {
    /// This machine (RFC 6761, 6.3), the page of this product among it.
    Here,
    /// The address of this machine, asked for its name.
    HereReverse,
    /// Nothing has such a name.
    Nowhere,
}

const HERE: &str = "localhost";

/// `invalid` (RFC 6761), `onion` (RFC 7686), `alt` (RFC 9476).
const NOWHERE: &[&str] = &["invalid", "onion", "alt"];

const REVERSE: &str = "arpa";
const REVERSE_HERE: &[&str] =
    &["127.in-addr.arpa", "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.ip6.arpa"];
/// Addresses that nothing has (RFC 6303, 4.2 and 4.3).
const REVERSE_NOWHERE: &[&str] = &["0.in-addr.arpa", "255.255.255.255.in-addr.arpa"];

/// Names that mean something in one network alone: `home.arpa` (RFC 8375), `internal` (ICANN, 2024), what routers and schools call theirs.
///
/// `local` belongs to multicast, and servers are not to be asked for it (RFC 6762, 22.1); but domains of Active Directory are named so, and what the
/// system finds by multicast does not come here.
const NETWORK: &[&str] = &["home.arpa", "internal", "local", "home", "lan", "corp", "intranet"];
/// Private addresses (RFC 1918, 3927, 6598, 4193, 4291); those of two numbers are in [`private_pair`].
const NETWORK_REVERSE: &[&str] = &[
    "10.in-addr.arpa",
    "168.192.in-addr.arpa",
    "254.169.in-addr.arpa",
    "c.f.ip6.arpa",
    "d.f.ip6.arpa",
    "8.e.f.ip6.arpa",
    "9.e.f.ip6.arpa",
    "a.e.f.ip6.arpa",
    "b.e.f.ip6.arpa",
];

/// What systems and browsers ask for to see whether a network wants to be greeted first.
const PORTAL: &[&str] = &[
    "nmcheck.gnome.org",
    "detectportal.firefox.com",
    "connectivity-check.ubuntu.com",
    "connectivitycheck.gstatic.com",
    "network-test.debian.org",
    "ping.archlinux.org",
    "conncheck.opensuse.org",
    "captive.apple.com",
    "www.msftconnecttest.com",
    "neverssl.com",
];

/// How a name is answered here, if it is.
pub(crate) fn special(name: &Name) -> Option<Special> {
    if name.within(HERE) {
        return Some(Special::Here);
    }
    if NOWHERE.iter().any(|zone| name.within(zone)) {
        return Some(Special::Nowhere);
    }
    if !name.within(REVERSE) {
        return None;
    }
    if REVERSE_HERE.iter().any(|zone| name.within(zone)) {
        return Some(Special::HereReverse);
    }
    REVERSE_NOWHERE.iter().any(|zone| name.within(zone)).then_some(Special::Nowhere)
}

/// Whether only the network's own servers can know a name: a single label too.
pub(crate) fn of_network(name: &Name) -> bool {
    name.labels().count() == 1
        || NETWORK.iter().any(|zone| name.within(zone))
        || name.within(REVERSE) && (NETWORK_REVERSE.iter().any(|zone| name.within(zone)) || private_pair(name))
}

/// Whether a network that wants to be greeted first is looked for by this name.
pub(crate) fn of_portal(name: &Name) -> bool {
    PORTAL.iter().any(|one| name.is(one))
}

/// 172.16.0.0/12 (RFC 1918) and 100.64.0.0/10 (RFC 6598).
fn private_pair(name: &Name) -> bool {
    let depth = name.labels().count();
    let mut labels = name.labels().skip(depth.saturating_sub(4));
    let (Some(second), Some(first)) = (labels.next(), labels.next()) else { return false };
    if !name.within("in-addr.arpa") || depth < 4 {
        return false;
    }
    let second = std::str::from_utf8(second).ok().and_then(|text| text.parse::<u8>().ok());
    matches!((first, second), (b"172", Some(16..=31)) | (b"100", Some(64..=127)))
}
