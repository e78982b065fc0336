//! What the network offers: resolvers, and domains that are searched.

use crate::disk::{System, Was};
use std::net::{IpAddr, Ipv6Addr, SocketAddr, SocketAddrV6};

/// So many resolvers are asked at most.
const SERVERS_MAX: usize = 8;
/// glibc searched so many domains, of so many characters together, before it had no limit (resolv.conf(5)).
const SEARCH_MAX: usize = 6;
const SEARCH_CHARS_MAX: usize = 256;
/// The port of DNS.
const PORT: u16 = 53;
/// Who looks after the network writes here what it offers, the first who names a resolver being believed.
pub(super) const FILES: [&str; 3] =
    ["/run/NetworkManager/no-stub-resolv.conf", "/run/NetworkManager/resolv.conf", "/run/systemd/resolve/resolv.conf"];
/// And here, where none of them does.
pub(super) const LATER_FILE: &str = "/run/resolvconf/resolv.conf";

/// What the network offers; equal while nothing has changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Offered {
    /// Resolvers in the order in which they are offered; none of them on loopback.
    pub servers: Vec<SocketAddr>,
    /// Domains that are tried after a short name.
    pub search: Vec<String>,
}

impl Offered {
    /// Reads what those who look after the network write, the first who names a resolver: NetworkManager (which writes its own file
    /// whatever it does with /etc, NetworkManager.conf(5) `rc-manager`), systemd-resolved, systemd-networkd, resolvconf, and the file that was
    /// there before.
    pub(crate) fn read(system: &System, was: Option<&Was>) -> Self {
        let mut sources = FILES.iter().map(|file| system.text(file));
        let first = sources.find_map(|text| Self::of(system, &text?));
        let first = first.or_else(|| Self::of(system, &networkd(system)));
        let first = first.or_else(|| Self::of(system, &system.text(LATER_FILE)?));
        first.or_else(|| Self::of(system, &before(system, was?)?)).unwrap_or_default()
    }

    /// What a resolv.conf offers, if it names a resolver that is not on loopback.
    fn of(system: &System, text: &str) -> Option<Self> {
        let mut offered = Self::default();
        for line in text.lines() {
            let mut words = line.split_ascii_whitespace();
            match words.next() {
                Some("nameserver") => {
                    let server = words.next().and_then(|word| server(system, word));
                    let known = server.is_none_or(|server| offered.servers.contains(&server));
                    if !known && offered.servers.len() < SERVERS_MAX {
                        offered.servers.extend(server);
                    }
                }
                // The last of them counts (resolv.conf(5)).
                Some("search" | "domain") => offered.search = searched(words),
                _ => {}
            }
        }
        (!offered.servers.is_empty()).then_some(offered)
    }
}

/// What systemd-networkd has from leases and configuration, as lines of a resolv.conf.
fn networkd(system: &System) -> String {
    let mut lines = String::new();
    for folder in ["/run/systemd/netif/leases", "/run/systemd/netif/links"] {
        for name in system.names(folder) {
            let text = system.text(&format!("{folder}/{name}")).unwrap_or_default();
            let servers = text.lines().filter_map(|line| line.strip_prefix("DNS="));
            for server in servers.flat_map(str::split_ascii_whitespace) {
                lines.push_str(&format!("nameserver {server}\n"));
            }
        }
    }
    lines
}

/// The text of what was there before, through a link.
fn before(system: &System, was: &Was) -> Option<String> {
    match was {
        Was::Absent => None,
        Was::File { bytes, .. } => Some(String::from_utf8_lossy(bytes).into_owned()),
        Was::Link(target) => {
            let target = String::from_utf8_lossy(target);
            system.text(&if target.starts_with('/') { target.into_owned() } else { format!("/etc/{target}") })
        }
    }
}

/// An address, with the link that one of IPv6 may need (RFC 4007, section 11).
fn server(system: &System, word: &str) -> Option<SocketAddr> {
    let (address, zone) = word.split_once('%').map_or((word, None), |(address, zone)| (address, Some(zone)));
    let address: IpAddr = address.parse().ok()?;
    let usable = !address.is_loopback() && !address.is_unspecified() && !address.is_multicast();
    let address = usable.then_some(address)?;
    match (address, zone) {
        (IpAddr::V4(_), None) => Some(SocketAddr::new(address, PORT)),
        (IpAddr::V4(_), Some(_)) => None,
        (IpAddr::V6(address), zone) => {
            let scope = zone.map(|zone| link_index(system, zone));
            match scope {
                None if is_link_local(address) => None,
                None => Some(SocketAddrV6::new(address, PORT, 0, 0).into()),
                Some(scope) => Some(SocketAddrV6::new(address, PORT, 0, scope?).into()),
            }
        }
    }
}

fn is_link_local(address: Ipv6Addr) -> bool {
    address.segments()[0] & 0xffc0 == 0xfe80
}

/// The number of a link, which may be given by it or by its name.
fn link_index(system: &System, zone: &str) -> Option<u32> {
    let named = zone.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_:@".contains(&b));
    let file = || system.text(&format!("/sys/class/net/{zone}/ifindex"));
    zone.parse().ok().or_else(|| named.then(file)??.trim().parse().ok())
}

/// Domains as a network may name them; what is none is left out, so that nothing else gets into a file of the system.
fn searched<'a>(words: impl Iterator<Item = &'a str>) -> Vec<String> {
    let sign = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'.' || b == b'_';
    let mut chars = 0;
    let good = words.filter(|word| word.bytes().all(sign) && *word != ".").take_while(|word| {
        chars += word.len() + 1;
        chars <= SEARCH_CHARS_MAX
    });
    good.take(SEARCH_MAX).map(str::to_owned).collect()
}
