//! How the filter meets its surroundings: the section `[filter]` of the configuration.

use serde::Deserialize;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;

/// How names are answered.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FilterConfig {
    /// The folder of what the filter keeps, if not in the usual place.
    pub state: Option<PathBuf>,
    /// Where it answers names, UDP and TCP.
    pub listen: Vec<SocketAddr>,
    /// Where it shows the page that says why a name is closed.
    pub page: Vec<SocketAddr>,
    /// Whom it asks for what is not closed; none: whom the network offers.
    pub upstream: Vec<SocketAddr>,
    /// Whom it asks over TLS instead, and never in the open; none: nobody. What only the network can know it asks of the others.
    pub secure: Vec<SecureServer>,
    /// Whether it takes over the system's settings; for those who try it out, not.
    pub system: bool,
}

/// A server that speaks TLS: `tls://NAME` (RFC 7858) or `https://NAME/PATH` (RFC 8484), a space, and its address, since nobody could be
/// asked for that.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct SecureServer {
    /// What it is called.
    pub url: String,
    /// Where it is.
    pub address: IpAddr,
}

impl TryFrom<String> for SecureServer {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        let wrong = || "a server is named as \"tls://NAME ADDRESS\" or \"https://NAME/PATH ADDRESS\"".to_owned();
        let (url, address) = text.split_once(' ').ok_or_else(wrong)?;
        let address = address.trim().parse().map_err(|_| wrong())?;
        // Nobody is asked elsewhere.
        #[cfg(unix)]
        resolver::Server::new(url, address).map_err(|_| wrong())?;
        Ok(Self { url: url.to_owned(), address })
    }
}

impl Default for FilterConfig {
    fn default() -> Self {
        let loopback = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];
        let on = |port| loopback.map(|address| SocketAddr::new(address, port)).to_vec();
        Self { state: None, listen: on(53), page: on(80), upstream: Vec::new(), secure: Vec::new(), system: true }
    }
}
