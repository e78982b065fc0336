//! One line of a list, in whichever of the usual ways it is written.

use crate::name::{Name, NameFault};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What a list's lines are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Names: one a line, with or without `*.` before it, as `||name^`, or after an address as in a hosts file.
    Domains,
    /// Addresses of pages, as in UT1's `urls`: one that is a whole host is a name, all others are beyond DNS and only counted.
    Urls,
}

/// Why a line is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum Reason {
    /// Too long; it was not held.
    #[error("the line is too long")]
    Long,
    /// Not text.
    #[error("no UTF-8")]
    Encoding,
    /// No name.
    #[error(transparent)]
    Name(#[from] NameFault),
    /// A list of names to block cannot decide over a whole top-level domain.
    #[error("a single label")]
    Single,
    /// A hosts file's line that leads somewhere.
    #[error("the address is neither 0.0.0.0 nor loopback")]
    Leads,
    /// A rule that lets through, in a list that blocks.
    #[error("a rule that makes an exception")]
    Exception,
    /// A rule for more or less than a whole host.
    #[error("a rule that is not for a whole host")]
    Rule,
}

/// What stands in a line.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Part<'a> {
    /// A name.
    Name(Name),
    /// An address, which no name leads to.
    Address(IpAddr),
    /// A page.
    Url(&'a str),
    /// A name that hosts files list for the machine itself.
    Local,
}

/// What hosts files say of the machine itself.
const LOCAL: &[&str] = &[
    "localhost",
    "localhost.localdomain",
    "localhost6",
    "localhost6.localdomain6",
    "local",
    "broadcasthost",
    "ip6-localhost",
    "ip6-loopback",
    "ip6-localnet",
    "ip6-mcastprefix",
    "ip6-allnodes",
    "ip6-allrouters",
    "ip6-allhosts",
    "0.0.0.0",
];

/// Reads a line that is neither empty nor a comment, and hands out what stands in it.
pub(crate) fn line_read<'a, E>(
    format: Format,
    line: &'a str,
    each: &mut impl FnMut(Result<Part<'a>, Reason>) -> Result<(), E>,
) -> Result<(), E> {
    match format {
        Format::Urls => each(url(line)),
        Format::Domains => match host_words(line) {
            Some(words) => words.into_iter().try_for_each(each),
            None => each(domain(line)),
        },
    }
}

/// Whether nothing stands there for us: a comment of any of these formats, or AdBlock's first line.
pub(crate) fn line_is_idle(line: &str) -> bool {
    line.is_empty() || line.starts_with('#') || line.starts_with('!') || line.starts_with("[Adblock")
}

/// The names of a line of a hosts file; none when it is no such line.
fn host_words(line: &str) -> Option<Vec<Result<Part<'_>, Reason>>> {
    let mut words = line.split_ascii_whitespace();
    let address = address(words.next()?)?;
    let blocks = address.is_loopback() || address.is_unspecified();
    let named = words.take_while(|word| !word.starts_with('#')).map(|word| match word {
        local if LOCAL.contains(&local) => Ok(Part::Local),
        _ if !blocks => Err(Reason::Leads),
        name => listed(name),
    });
    let named: Vec<_> = named.collect();
    // An address alone is an address.
    (!named.is_empty()).then_some(named)
}

fn domain(line: &str) -> Result<Part<'_>, Reason> {
    if line.starts_with("@@") {
        return Err(Reason::Exception);
    }
    // A comment may follow a name.
    let word = line.split_once([' ', '\t']).map_or(
        line,
        |(word, rest)| {
            if rest.trim_start().starts_with('#') { word } else { line }
        },
    );
    if let Some(rule) = word.strip_prefix("||") {
        return listed(rule.strip_suffix('^').ok_or(Reason::Rule)?);
    }
    match address(word) {
        Some(address) => Ok(Part::Address(address)),
        None => listed(word),
    }
}

fn url(line: &str) -> Result<Part<'_>, Reason> {
    let rest = line.split_once("://").map_or(line, |(scheme, rest)| {
        if scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https") { rest } else { line }
    });
    let host = rest.strip_suffix('/').unwrap_or(rest);
    if host.contains(['/', '?', '#', '@', ':', '%']) && address(host).is_none() {
        return Ok(Part::Url(line));
    }
    match address(host) {
        Some(address) => Ok(Part::Address(address)),
        None => listed(host),
    }
}

/// A name that a list may hold; what it says of all names beneath is said of the name too.
fn listed(word: &str) -> Result<Part<'_>, Reason> {
    let name: Name = word.strip_prefix("*.").or_else(|| word.strip_prefix('.')).unwrap_or(word).parse()?;
    if name.depth() < 2 { Err(Reason::Single) } else { Ok(Part::Name(name)) }
}

fn address(word: &str) -> Option<IpAddr> {
    let bare = word.strip_prefix('[').and_then(|word| word.strip_suffix(']'));
    if let Some(bare) = bare {
        return bare.parse::<Ipv6Addr>().ok().map(IpAddr::V6);
    }
    // Most words are names: an address begins with a digit or has a colon.
    if word.contains(':') {
        let plain = word.split_once('%').map_or(word, |(plain, _)| plain);
        return plain.parse::<Ipv6Addr>().ok().map(IpAddr::V6);
    }
    if word.starts_with(|c: char| c.is_ascii_digit()) { word.parse::<Ipv4Addr>().ok().map(IpAddr::V4) } else { None }
}
