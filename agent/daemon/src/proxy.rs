//! Through an HTTP proxy by CONNECT (RFC 9110, 9.3.6), with basic authentication (RFC 7617).

use crate::error::Error;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::fmt;
use std::str::FromStr;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// The largest head of a proxy's answer, in bytes.
const HEAD_BYTES_MAX: usize = 8 * 1024;

/// A proxy's address. Its text form never shows the password.
#[derive(Clone, PartialEq, Eq)]
pub struct Proxy {
    /// Its name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// What follows `Basic` in `Proxy-Authorization`.
    credentials: Option<String>,
}

/// Which names are reached through which proxy.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    proxy: Option<Proxy>,
    direct: Vec<String>,
}

impl Rules {
    /// One proxy for all but the names in a `NO_PROXY` list.
    #[must_use]
    pub fn new(proxy: Option<Proxy>, no_proxy: &str) -> Self {
        let direct = no_proxy.split(',').map(|n| n.trim().trim_start_matches('.').to_ascii_lowercase());
        Self { proxy, direct: direct.filter(|n| !n.is_empty()).collect() }
    }

    /// The proxy for this host, if one is needed.
    #[must_use]
    pub fn proxy_for(&self, host: &str) -> Option<&Proxy> {
        let host = host.to_ascii_lowercase();
        let covers = |name: &String| {
            name == "*" || *name == host || host.strip_suffix(name.as_str()).is_some_and(|rest| rest.ends_with('.'))
        };
        self.proxy.as_ref().filter(|_| !self.direct.iter().any(covers))
    }
}

/// Asks the proxy on this stream for a tunnel; afterwards the stream leads to the target.
///
/// # Errors
/// [`Error::Proxy`] with its status when it refuses, [`Error::Unreachable`] when what it answers is no HTTP head or too long.
pub(crate) async fn tunnel<S>(stream: &mut S, proxy: &Proxy, target: &str) -> Result<(), Error>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let unreachable = |why: &str| Error::Unreachable { target: proxy.to_string(), why: why.to_owned() };
    let mut request = format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n");
    if let Some(credentials) = &proxy.credentials {
        request.push_str(&format!("Proxy-Authorization: Basic {credentials}\r\n"));
    }
    request.push_str("\r\n");
    stream.write_all(request.as_bytes()).await.map_err(|e| unreachable(&e.to_string()))?;
    let mut head = Vec::with_capacity(256);
    // Byte by byte: what follows the head belongs to TLS and must stay in the stream.
    while !head.ends_with(b"\r\n\r\n") {
        if head.len() == HEAD_BYTES_MAX {
            return Err(unreachable("its answer has no end"));
        }
        head.push(stream.read_u8().await.map_err(|_| unreachable("it hangs up without an answer"))?);
    }
    match status_of(&head) {
        Some(200..=299) => Ok(()),
        Some(status) => Err(Error::Proxy { status }),
        None => Err(unreachable("its answer is not HTTP")),
    }
}

/// The status of an HTTP/1 head (RFC 9112, 4).
fn status_of(head: &[u8]) -> Option<u16> {
    let line = head.split(|b| *b == b'\r').next()?;
    let mut words = std::str::from_utf8(line).ok()?.splitn(3, ' ');
    let (version, status) = (words.next()?, words.next()?);
    let valid = matches!(version, "HTTP/1.1" | "HTTP/1.0") && status.len() == 3;
    valid.then(|| status.parse().ok()).flatten().filter(|s| (100..=599).contains(s))
}

impl Proxy {
    /// The same proxy, with these credentials (`user:password`, as they are).
    #[must_use]
    pub fn with_credentials(self, credentials: &str) -> Self {
        Self { credentials: Some(STANDARD.encode(credentials)), ..self }
    }

    /// Whether it is told a name and a password.
    #[must_use]
    pub const fn has_credentials(&self) -> bool {
        self.credentials.is_some()
    }
}

impl FromStr for Proxy {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self, Error> {
        let bad = || Error::ProxyAddress("proxy");
        // `https_proxy=proxy:3128` is widespread, and curl takes it for HTTP, too.
        let rest = match text.split_once("://") {
            Some((scheme, rest)) => scheme.eq_ignore_ascii_case("http").then_some(rest).ok_or_else(bad)?,
            None => text,
        };
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let (credentials, address) = match rest.rsplit_once('@') {
            Some((credentials, address)) => (Some(credentials), address),
            None => (None, rest),
        };
        let authority: http::uri::Authority = address.parse().map_err(|_| bad())?;
        let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
        let port = authority.port_u16().ok_or_else(bad)?;
        if host.is_empty() {
            return Err(bad());
        }
        let credentials = credentials.map(|c| {
            let (user, password) = c.split_once(':').unwrap_or((c, ""));
            Ok::<_, Error>(STANDARD.encode([&percent_decoded(user)?[..], b":", &percent_decoded(password)?].concat()))
        });
        Ok(Self { host, port, credentials: credentials.transpose()? })
    }
}

/// Percent-encoding undone (RFC 3986, 2.1).
fn percent_decoded(text: &str) -> Result<Vec<u8>, Error> {
    let mut bytes = text.bytes();
    let mut out = Vec::with_capacity(text.len());
    let digit = |b: Option<u8>| b.and_then(|b| char::from(b).to_digit(16)).and_then(|d| u8::try_from(d).ok());
    while let Some(byte) = bytes.next() {
        out.push(match byte {
            b'%' => {
                let pair = digit(bytes.next()).zip(digit(bytes.next()));
                pair.map(|(high, low)| high << 4 | low).ok_or(Error::ProxyAddress("proxy"))?
            }
            other => other,
        });
    }
    Ok(out)
}

impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "http://{}:{}", self.host, self.port)
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Proxy({self}{})", if self.credentials.is_some() { ", with credentials" } else { "" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_read_and_passwords_do_not_show() {
        let proxy: Proxy = "http://me:s%40fe@proxy.example:3128/".parse().unwrap();
        assert_eq!((proxy.host.as_str(), proxy.port), ("proxy.example", 3128));
        assert_eq!(proxy.credentials.as_deref(), Some(STANDARD.encode("me:s@fe").as_str()));
        assert!(!format!("{proxy} {proxy:?}").contains("fe@") && !format!("{proxy:?}").contains("s@fe"));
        assert_eq!("proxy:3128".parse::<Proxy>().unwrap().to_string(), "http://proxy:3128");
        assert!("u:p@proxy:3128/".parse::<Proxy>().unwrap().has_credentials());
        assert_eq!("http://[::1]:8080".parse::<Proxy>().unwrap().host, "::1");
        for bad in [
            "",
            "proxy",
            "socks5://p:1",
            "https://p:1",
            "http://p",
            "http://:3128",
            "http://u%4@p:1",
            "http://p:99999",
            "http://a b:1",
        ] {
            assert!(bad.parse::<Proxy>().is_err(), "{bad}");
        }
    }

    #[test]
    fn names_outside_the_proxy() {
        let rules = Rules::new("http://p:1".parse().ok(), "localhost, .intra.example,10.0.0.1");
        for (host, through) in [
            ("localhost", false),
            ("a.INTRA.example", false),
            ("intra.example", false),
            ("xintra.example", true),
            ("10.0.0.1", false),
            ("10.0.0.12", true),
        ] {
            assert_eq!(rules.proxy_for(host).is_some(), through, "{host}");
        }
        assert!(Rules::new("http://p:1".parse().ok(), "*").proxy_for("x").is_none());
        assert!(Rules::default().proxy_for("x").is_none());
    }

    async fn asked(answer: Vec<u8>) -> (Result<(), Error>, Vec<u8>) {
        let (mut near, mut far) = tokio::io::duplex(64 * 1024);
        far.write_all(&answer).await.unwrap();
        let proxy: Proxy = "http://u:p@proxy:3128".parse().unwrap();
        let wait = tunnel(&mut near, &proxy, "server.example:8443");
        let closed = async {
            let mut request = vec![0; 4096];
            let n = far.read(&mut request).await.unwrap();
            request.truncate(n);
            // What is not answered by now never will be.
            far.shutdown().await.unwrap();
            request
        };
        let (result, request) = tokio::join!(wait, closed);
        let mut rest = Vec::new();
        near.read_to_end(&mut rest).await.unwrap();
        assert!(request.starts_with(
            b"CONNECT server.example:8443 HTTP/1.1\r\nHost: server.example:8443\r\nProxy-Authorization: Basic dTpw\r\n"
        ));
        (result, rest)
    }

    #[tokio::test]
    async fn a_tunnel_leaves_what_follows_the_head() {
        let (result, rest) = asked(b"HTTP/1.1 200 Connection established\r\nVia: x\r\n\r\n\x16\x03".to_vec()).await;
        assert!(result.is_ok());
        assert_eq!(rest, b"\x16\x03");
    }

    #[tokio::test]
    async fn hostile_and_refusing_proxies_are_answered() {
        assert!(matches!(asked(b"HTTP/1.1 407 Auth\r\n\r\n".to_vec()).await.0, Err(Error::Proxy { status: 407 })));
        assert!(matches!(asked(b"HTTP/1.0 403 No\r\n\r\n".to_vec()).await.0, Err(Error::Proxy { status: 403 })));
        for hostile in [
            Vec::new(),
            b"HTTP/1.1 200".to_vec(),
            b"220 smtp\r\n\r\n".to_vec(),
            b"HTTP/1.1 20 x\r\n\r\n".to_vec(),
            b"HTTP/1.1 +99 x\r\n\r\n".to_vec(),
            b"HTTP/1.1 2000 x\r\n\r\n".to_vec(),
            b"HTTP/2 200 x\r\n\r\n".to_vec(),
            b"\xff\xfe\r\n\r\n".to_vec(),
            [b"HTTP/1.1 200 OK\r\nX: ".to_vec(), vec![b'a'; 9000]].concat(),
        ] {
            assert!(
                matches!(asked(hostile.clone()).await.0, Err(Error::Unreachable { .. })),
                "{:?}",
                String::from_utf8_lossy(&hostile)
            );
        }
    }
}
