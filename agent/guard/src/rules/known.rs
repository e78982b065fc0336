//! Addresses of well-known public resolvers that speak HTTPS, so that a browser that was told of one by number does not reach it.
//!
//! From what each of them publishes: developers.cloudflare.com/1.1.1.1, developers.google.com/speed/public-dns, quad9.net/service,
//! adguard-dns.io, opendns.com/setupguide, cleanbrowsing.org/filters, mullvad.net/help/dns-over-https-and-dns-over-tls, nextdns.io,
//! controld.com/free-dns, fdn.fr/actions/dns, joindns4.eu, meta.wikimedia.org/wiki/Wikimedia_DNS. Names of resolvers are a matter of lists; this one is
//! short, and holds what belongs to resolvers alone.

use std::net::{Ipv4Addr, Ipv6Addr};

const fn v4(a: u8, b: u8, c: u8, d: u8) -> (Ipv4Addr, u8) {
    (Ipv4Addr::new(a, b, c, d), 32)
}

const fn v6(s: [u16; 8]) -> (Ipv6Addr, u8) {
    (Ipv6Addr::new(s[0], s[1], s[2], s[3], s[4], s[5], s[6], s[7]), 128)
}

/// Networks of IPv4.
pub const KNOWN_V4: &[(Ipv4Addr, u8)] = &[
    // Cloudflare, with what it gives browsers
    v4(1, 1, 1, 1),
    v4(1, 0, 0, 1),
    v4(1, 1, 1, 2),
    v4(1, 0, 0, 2),
    v4(1, 1, 1, 3),
    v4(1, 0, 0, 3),
    v4(104, 16, 248, 249),
    v4(104, 16, 249, 249),
    v4(162, 159, 61, 3),
    v4(172, 64, 41, 3),
    v4(162, 159, 61, 4),
    v4(172, 64, 41, 4),
    // Google
    v4(8, 8, 8, 8),
    v4(8, 8, 4, 4),
    // Quad9
    v4(9, 9, 9, 9),
    v4(9, 9, 9, 10),
    v4(9, 9, 9, 11),
    v4(9, 9, 9, 12),
    v4(149, 112, 112, 112),
    v4(149, 112, 112, 9),
    v4(149, 112, 112, 10),
    v4(149, 112, 112, 11),
    v4(149, 112, 112, 12),
    // AdGuard
    v4(94, 140, 14, 14),
    v4(94, 140, 15, 15),
    v4(94, 140, 14, 15),
    v4(94, 140, 15, 16),
    v4(94, 140, 14, 140),
    v4(94, 140, 14, 141),
    // OpenDNS
    v4(208, 67, 222, 222),
    v4(208, 67, 220, 220),
    v4(208, 67, 222, 123),
    v4(208, 67, 220, 123),
    v4(146, 112, 41, 2),
    v4(146, 112, 41, 3),
    // CleanBrowsing
    v4(185, 228, 168, 9),
    v4(185, 228, 169, 9),
    v4(185, 228, 168, 10),
    v4(185, 228, 169, 11),
    v4(185, 228, 168, 168),
    v4(185, 228, 169, 168),
    // Mullvad
    (Ipv4Addr::new(194, 242, 2, 0), 28),
    // NextDNS
    (Ipv4Addr::new(45, 90, 28, 0), 24),
    (Ipv4Addr::new(45, 90, 30, 0), 24),
    // Control D
    (Ipv4Addr::new(76, 76, 2, 0), 24),
    (Ipv4Addr::new(76, 76, 10, 0), 24),
    // FDN
    v4(80, 67, 169, 12),
    v4(80, 67, 169, 40),
    // DNS4EU
    (Ipv4Addr::new(86, 54, 11, 0), 24),
    // Wikimedia
    v4(185, 71, 138, 138),
];

/// Networks of IPv6.
pub const KNOWN_V6: &[(Ipv6Addr, u8)] = &[
    // Cloudflare, with what it gives browsers
    v6([0x2606, 0x4700, 0x4700, 0, 0, 0, 0, 0x1111]),
    v6([0x2606, 0x4700, 0x4700, 0, 0, 0, 0, 0x1001]),
    v6([0x2606, 0x4700, 0x4700, 0, 0, 0, 0, 0x1112]),
    v6([0x2606, 0x4700, 0x4700, 0, 0, 0, 0, 0x1002]),
    v6([0x2606, 0x4700, 0x4700, 0, 0, 0, 0, 0x1113]),
    v6([0x2606, 0x4700, 0x4700, 0, 0, 0, 0, 0x1003]),
    v6([0x2606, 0x4700, 0, 0, 0, 0, 0x6810, 0xf8f9]),
    v6([0x2606, 0x4700, 0, 0, 0, 0, 0x6810, 0xf9f9]),
    v6([0x2803, 0xf800, 0x53, 0, 0, 0, 0, 3]),
    v6([0x2803, 0xf800, 0x53, 0, 0, 0, 0, 4]),
    v6([0x2a06, 0x98c1, 0x52, 0, 0, 0, 0, 3]),
    v6([0x2a06, 0x98c1, 0x52, 0, 0, 0, 0, 4]),
    // Google
    v6([0x2001, 0x4860, 0x4860, 0, 0, 0, 0, 0x8888]),
    v6([0x2001, 0x4860, 0x4860, 0, 0, 0, 0, 0x8844]),
    v6([0x2001, 0x4860, 0x4860, 0, 0, 0, 0, 0x64]),
    v6([0x2001, 0x4860, 0x4860, 0, 0, 0, 0, 0x6464]),
    // Quad9
    v6([0x2620, 0xfe, 0, 0, 0, 0, 0, 0xfe]),
    v6([0x2620, 0xfe, 0, 0, 0, 0, 0, 9]),
    v6([0x2620, 0xfe, 0, 0, 0, 0, 0, 0x10]),
    v6([0x2620, 0xfe, 0, 0, 0, 0, 0, 0x11]),
    v6([0x2620, 0xfe, 0, 0, 0, 0, 0, 0x12]),
    v6([0x2620, 0xfe, 0, 0, 0, 0, 0xfe, 9]),
    v6([0x2620, 0xfe, 0, 0, 0, 0, 0xfe, 0x10]),
    v6([0x2620, 0xfe, 0, 0, 0, 0, 0xfe, 0x11]),
    v6([0x2620, 0xfe, 0, 0, 0, 0, 0xfe, 0x12]),
    // AdGuard
    v6([0x2a10, 0x50c0, 0, 0, 0, 0, 0xad1, 0xff]),
    v6([0x2a10, 0x50c0, 0, 0, 0, 0, 0xad2, 0xff]),
    v6([0x2a10, 0x50c0, 0, 0, 0, 0, 0xbad1, 0xff]),
    v6([0x2a10, 0x50c0, 0, 0, 0, 0, 0xbad2, 0xff]),
    v6([0x2a10, 0x50c0, 0, 0, 0, 0, 1, 0xff]),
    v6([0x2a10, 0x50c0, 0, 0, 0, 0, 2, 0xff]),
    // OpenDNS
    v6([0x2620, 0x119, 0x35, 0, 0, 0, 0, 0x35]),
    v6([0x2620, 0x119, 0x53, 0, 0, 0, 0, 0x53]),
    v6([0x2620, 0x119, 0xfc, 0, 0, 0, 0, 2]),
    v6([0x2620, 0x119, 0xfc, 0, 0, 0, 0, 3]),
    // CleanBrowsing
    (Ipv6Addr::new(0x2a0d, 0x2a00, 1, 0, 0, 0, 0, 0), 126),
    (Ipv6Addr::new(0x2a0d, 0x2a00, 2, 0, 0, 0, 0, 0), 126),
    // Mullvad
    (Ipv6Addr::new(0x2a07, 0xe340, 0, 0, 0, 0, 0, 0), 124),
    // NextDNS
    (Ipv6Addr::new(0x2a07, 0xa8c0, 0, 0, 0, 0, 0, 0), 32),
    (Ipv6Addr::new(0x2a07, 0xa8c1, 0, 0, 0, 0, 0, 0), 32),
    // Control D
    (Ipv6Addr::new(0x2606, 0x1a40, 0, 0, 0, 0, 0, 0), 47),
    // FDN
    v6([0x2001, 0x910, 0x800, 0, 0, 0, 0, 0x12]),
    v6([0x2001, 0x910, 0x800, 0, 0, 0, 0, 0x40]),
    // DNS4EU
    (Ipv6Addr::new(0x2a13, 0x1001, 0, 0, 0, 0, 0, 0), 48),
    // Wikimedia
    v6([0x2001, 0x67c, 0x930, 0, 0, 0, 0, 1]),
];
