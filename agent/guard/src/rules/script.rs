//! The rules as a script for `nft -f`, one transaction.

use super::TABLE;
use std::fmt::{self, Write};
use std::net::{Ipv4Addr, Ipv6Addr};

/// Ways out through somebody else's network: IKE and its packets through NAT (RFC 7296, RFC 3948), OpenVPN (IANA, 1194), L2TP (RFC 2661),
/// PPTP (RFC 2637), `WireGuard`'s usual port (wg(8)), and the protocols GRE, ESP and AH themselves, by their numbers, which small systems
/// have no names for. One on port 443 is known by its name alone.
const VPN: &str = "        tcp dport { 1194, 1723 } reject with tcp reset
        udp dport { 500, 1194, 1701, 4500, 51820 } reject
        meta l4proto { 47, 50, 51 } reject
";

/// What the rules say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wall {
    /// By what the resolver's own packets are known.
    pub own: Own,
    /// The port on which the resolver answers, on 127.0.0.1 and on ::1.
    pub port: u16,
    /// Whether virtual private networks may be used.
    pub vpn: bool,
    /// Networks of resolvers that speak HTTPS, with the length of the prefix.
    pub known_v4: Vec<(Ipv4Addr, u8)>,
    /// The same of IPv6.
    pub known_v6: Vec<(Ipv6Addr, u8)>,
}

/// By what the resolver's own packets are known; a user can set neither.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Own {
    /// By a mark on its sockets, which only `CAP_NET_ADMIN` sets (socket(7), `SO_MARK`).
    Mark(u32),
    /// By the user it runs as; everything else of that user passes, too.
    User(u32),
}

impl Wall {
    /// The rules with the addresses that are known here; no virtual private network may be used.
    #[must_use]
    pub fn new(own: Own, port: u16) -> Self {
        Self { own, port, vpn: false, known_v4: super::KNOWN_V4.to_vec(), known_v6: super::KNOWN_V6.to_vec() }
    }

    /// The transaction that puts them in place, whatever is there.
    ///
    /// Ports: 53 (RFC 1035), 853 (RFC 7858, RFC 9250), 443 (RFC 8484), 5053 (Quad9 answers HTTPS there, too). Marked packets pass in
    /// both chains; what stays on this device is nobody's way out, and a redirected question has become that by then. Only the first packet
    /// of a flow meets a chain of nat (nft(8)): one that is older than the table is refused on its way out.
    pub(super) fn script(&self) -> String {
        let (own, port) = (self.own, self.port);
        let vpn = if self.vpn { "" } else { VPN };
        let mut script = gone();
        let _ = write!(
            script,
            "table inet {TABLE} {{
    set known_v4 {{
        type ipv4_addr
        flags interval
        auto-merge
{}    }}
    set known_v6 {{
        type ipv6_addr
        flags interval
        auto-merge
{}    }}
    chain ask {{
        type nat hook output priority -100; policy accept;
        {own} return
        ip daddr 127.0.0.0/8 return
        ip6 daddr ::1 return
        meta l4proto {{ tcp, udp }} th dport 53 redirect to :{port}
    }}
    chain leave {{
        type filter hook output priority 0; policy accept;
        {own} return
        oifname \"lo\" return
        ip daddr 127.0.0.0/8 return
        ip6 daddr ::1 return
        tcp dport {{ 53, 853 }} reject with tcp reset
        udp dport {{ 53, 853 }} reject
{vpn}        ip daddr @known_v4 tcp dport {{ 443, 5053 }} reject with tcp reset
        ip daddr @known_v4 udp dport {{ 443, 5053 }} reject
        ip6 daddr @known_v6 tcp dport {{ 443, 5053 }} reject with tcp reset
        ip6 daddr @known_v6 udp dport {{ 443, 5053 }} reject
    }}
}}
",
            elements(&self.known_v4),
            elements(&self.known_v6),
        );
        script
    }
}

impl fmt::Display for Own {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mark(mark) => write!(f, "meta mark {mark:#x}"),
            Self::User(user) => write!(f, "meta skuid {user}"),
        }
    }
}

/// The transaction that removes the table, whether or not it is there.
pub(super) fn gone() -> String {
    format!("table inet {TABLE}\ndelete table inet {TABLE}\n")
}

fn elements(networks: &[(impl fmt::Display, u8)]) -> String {
    if networks.is_empty() {
        return String::new();
    }
    let words: Vec<String> = networks.iter().map(|(address, length)| format!("{address}/{length}")).collect();
    format!("        elements = {{ {} }}\n", words.join(", "))
}
