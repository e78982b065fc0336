//! Mirrors over real TLS on loopback: honest, mute, endless, slow, foreign.

use super::*;
use crate::clock::JudgingTime;
use crate::fixture::{HandClock, Made, made};
use bytes::Bytes;
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

const FILE: &[u8] = b"0123456789abcdef";

/// A web server that answers by what the path ends with.
struct Web {
    made: Made,
    port: u16,
    connections: Arc<AtomicUsize>,
    clock: Arc<HandClock>,
}

impl Web {
    async fn new() -> Self {
        let made = made(1);
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let clock = Arc::new(HandClock::new());
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let time = Arc::new(JudgingTime::new(clock.clone(), None));
        let chain = made.server.chain.iter().map(|der| CertificateDer::from(der.clone())).collect();
        let key = PrivateKeyDer::from_pem_slice(made.server.key_pem.as_bytes()).unwrap();
        let config = ServerConfig::builder_with_details(provider, time).with_safe_default_protocol_versions().unwrap();
        let config = config.with_no_client_auth().with_single_cert(chain, key).unwrap();
        let (acceptor, connections) = (TlsAcceptor::from(Arc::new(config)), Arc::new(AtomicUsize::new(0)));
        let count = connections.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(answer(acceptor.clone(), stream));
            }
        });
        Self { made, port, connections, clock }
    }

    fn source(&self, path: &str) -> MirrorSource {
        let roots = self.made.temporary.path().join("roots.pem");
        let root = self.made.server.chain.last().unwrap();
        std::fs::write(&roots, pem(root)).unwrap();
        self.source_of(path, &roots)
    }

    fn source_of(&self, path: &str, roots: &Path) -> MirrorSource {
        let tls = mirror_tls(Some(roots), Arc::new(JudgingTime::new(self.clock.clone(), None))).unwrap();
        let address = format!("https://127.0.0.1:{}/{path}", self.port);
        MirrorSource::new(&address, Rules::new(None, ""), tls, self.clock.clone()).unwrap()
    }
}

fn pem(der: &[u8]) -> String {
    use base64::Engine;
    let text = base64::engine::general_purpose::STANDARD.encode(der);
    format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n")
}

async fn answer(acceptor: TlsAcceptor, stream: TcpStream) {
    let Ok(mut stream) = acceptor.accept(stream).await else { return };
    loop {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            match stream.read_u8().await {
                Ok(byte) => head.push(byte),
                Err(_) => return,
            }
        }
        let head = String::from_utf8(head).unwrap().to_lowercase();
        let range = head.split("range: bytes=").nth(1).unwrap().lines().next().unwrap();
        let (from, to) = range.split_once('-').unwrap();
        let (from, to): (usize, usize) = (from.parse().unwrap(), to.parse().unwrap());
        let said = match head.split(' ').nth(1).unwrap() {
            "/base/chunks/ab/good" if from >= FILE.len() => {
                format!("HTTP/1.1 416 no\r\ncontent-range: bytes */{}\r\ncontent-length: 0\r\n\r\n", FILE.len())
            }
            "/base/chunks/ab/good" => {
                let part = &FILE[from..FILE.len().min(to + 1)];
                let last = from + part.len() - 1;
                format!(
                    "HTTP/1.1 206 part\r\ncontent-range: bytes {from}-{last}/{}\r\ncontent-length: {}\r\n\r\n{}",
                    FILE.len(),
                    part.len(),
                    std::str::from_utf8(part).unwrap()
                )
            }
            "/base/whole" => format!(
                "HTTP/1.1 200 ok\r\ncontent-length: {}\r\n\r\n{}",
                FILE.len(),
                std::str::from_utf8(FILE).unwrap()
            ),
            "/base/endless" => {
                let _ = stream.write_all(b"HTTP/1.1 200 ok\r\ntransfer-encoding: chunked\r\n\r\n").await;
                while stream.write_all(b"5\r\nabcde\r\n").await.is_ok() {}
                return;
            }
            "/base/longer" => {
                let _ = stream.write_all(b"HTTP/1.1 206 part\r\ncontent-range: bytes 0-3/4\r\n\r\n0123").await;
                while stream.write_all(&[b'x'; 4096]).await.is_ok() {}
                return;
            }
            "/base/heads" => {
                let _ = stream.write_all(b"HTTP/1.1 200 ok\r\n").await;
                while stream.write_all(b"x: yyyyyyyyyyyyyyyyyyyyyyyy\r\n").await.is_ok() {}
                return;
            }
            "/base/garbage" => {
                let _ = stream.write_all(b"\x16\x03\x01 no HTTP at all\r\n\r\n").await;
                return;
            }
            "/base/cut" => {
                let _ = stream.write_all(b"HTTP/1.1 200 ok\r\ncontent-length: 16\r\n\r\n0123").await;
                return;
            }
            "/base/mute" => return std::future::pending().await,
            "/base/busy" => "HTTP/1.1 503 later\r\nretry-after: 9\r\ncontent-length: 0\r\n\r\n".to_owned(),
            "/base/moved" => {
                "HTTP/1.1 302 there\r\nlocation: https://127.0.0.1/\r\ncontent-length: 0\r\n\r\n".to_owned()
            }
            _ => "HTTP/1.1 404 none\r\ncontent-length: 0\r\n\r\n".to_owned(),
        };
        if stream.write_all(said.as_bytes()).await.is_err() {
            return;
        }
    }
}

fn piece(item: &str, offset: u64, length: u32) -> Piece {
    Piece { item: item.to_owned(), offset, length }
}

fn found(body: &'static [u8]) -> Fetched {
    Fetched::Found { body: Bytes::from_static(body), size: FILE.len() as u64 }
}

#[tokio::test]
async fn pieces_come_over_one_connection() {
    let web = Web::new().await;
    let source = web.source("base/");
    let good = |offset, length| piece("chunks/ab/good", offset, length);
    let fetched = source.fetch(&[good(0, 4), good(14, 9), piece("chunks/ab/none", 0, 1), good(16, 4)]).await.unwrap();
    assert_eq!(fetched, [found(b"0123"), found(b"ef"), Fetched::Missing, found(b"")]);
    assert_eq!(source.fetch(&[piece("whole", 0, 16)]).await.unwrap(), [found(FILE)]);
    assert_eq!(web.connections.load(Ordering::SeqCst), 1);
    // Of a server that cannot part files, the beginning is taken and the rest left.
    assert_eq!(source.fetch(&[piece("whole", 0, 4)]).await.unwrap(), [found(b"0123")]);
    assert!(matches!(source.fetch(&[piece("whole", 4, 4)]).await, Err(SourceError::Refused(_))));
    assert_eq!(source.fetch(&[good(1, 2)]).await.unwrap(), [found(b"12")]);
    assert_eq!(web.source("base").fetch(&[good(0, 1)]).await.unwrap(), [found(b"0")]);
    assert_eq!(source.road(), Road::Mirror);
}

#[tokio::test]
async fn a_mirror_that_misbehaves_costs_little() {
    let web = Web::new().await;
    let source = web.source("base/");
    for item in ["endless", "moved"] {
        assert!(matches!(source.fetch(&[piece(item, 0, 16)]).await, Err(SourceError::Refused(_))), "{item}");
    }
    for item in ["garbage", "cut", "heads"] {
        assert!(matches!(source.fetch(&[piece(item, 0, 16)]).await, Err(SourceError::Unreachable(_))), "{item}");
    }
    let longer = source.fetch(&[piece("longer", 0, 16)]).await.unwrap();
    assert_eq!(longer, [Fetched::Found { body: Bytes::from_static(b"0123"), size: 4 }]);
    let busy = source.fetch(&[piece("busy", 0, 16)]).await;
    assert_eq!(busy, Err(SourceError::Busy { again: Duration::from_secs(9) }));
    // What came before is given; the rest is asked for again.
    let some = source.fetch(&[piece("whole", 0, 16), piece("garbage", 0, 1)]).await;
    assert_eq!(some.unwrap(), [found(FILE)]);
    for bad in [piece("../whole", 0, 1), piece("a b", 0, 1), piece("whole", 0, 0)] {
        assert!(matches!(source.fetch(&[bad]).await, Err(SourceError::Refused(_))));
    }
    // A mute one is given up by the clock.
    let mute = [piece("mute", 0, 1)];
    let mut asked = std::pin::pin!(source.fetch(&mute));
    let given_up = async {
        loop {
            tokio::task::yield_now().await;
            web.clock.forward(Duration::from_secs(1));
        }
    };
    let answer = tokio::select! { answer = &mut asked => answer, () = given_up => unreachable!() };
    assert!(matches!(answer, Err(SourceError::Unreachable(_))), "{answer:?}");
}

#[tokio::test]
async fn a_mirror_is_known_by_its_authorities() {
    let web = Web::new().await;
    let foreign = made(1);
    let roots = foreign.temporary.path().join("roots.pem");
    std::fs::write(&roots, pem(foreign.server.chain.last().unwrap())).unwrap();
    let refused = web.source_of("base/", &roots).fetch(&[piece("whole", 0, 1)]).await;
    assert!(matches!(refused, Err(SourceError::Unreachable(_))), "{refused:?}");
    std::fs::write(&roots, "nothing").unwrap();
    let time = || Arc::new(JudgingTime::new(web.clock.clone(), None));
    assert!(mirror_tls(Some(&roots), time()).is_err());
    assert!(mirror_tls(Some(&roots.join("none")), time()).is_err());
    let tls = web.source("base/").tls;
    for bad in ["http://x/", "https://", "https://u@x/", "https://x/?q", "x", "ftp://x/"] {
        assert!(MirrorSource::new(bad, Rules::new(None, ""), tls.clone(), web.clock.clone()).is_err(), "{bad}");
    }
}
