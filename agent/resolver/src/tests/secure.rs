//! Upstreams that speak TLS, with certificates of an authority made for the test.

use super::bed::{Bed, Fake, a, reply, said};
use crate::{Server, Upstream};
use bytes::Bytes;
use hickory_proto::op::{Message, ResponseCode};
use hickory_proto::rr::RecordType;
use http_body_util::{BodyExt, Full};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use identity::issue::{Authority, root_make};
use identity::tls::{self, Anchor, Dates};
use model::time::Timestamp;
use rustls::{ClientConfig, ServerConfig};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

const NAME: &str = "names.example";
/// 2026-11-30.
const NOW: Timestamp = Timestamp::from_unix_seconds(1_796_000_000);

/// How a server that speaks TLS goes on after the handshake.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Tls,
    Https,
    /// Each connection ends after one answer.
    TlsOnce,
    /// It takes questions and says nothing.
    Silent,
}

struct Secure {
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
    /// What came was filled up to a whole block.
    padded: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl Drop for Secure {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A clock that is moved by hand, in seconds since 1970.
#[derive(Debug)]
struct Hand(AtomicI64);

impl rustls::time_provider::TimeProvider for Hand {
    fn current_time(&self) -> Option<rustls::pki_types::UnixTime> {
        let seconds = u64::try_from(self.0.load(Ordering::Relaxed)).ok()?;
        Some(rustls::pki_types::UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds)))
    }
}

fn right() -> Arc<Hand> {
    Arc::new(Hand(AtomicI64::new(NOW.unix_seconds())))
}

/// Settings of a server of this name, and of those who know its root.
fn settings() -> (Arc<ServerConfig>, Arc<ClientConfig>) {
    settings_by(right())
}

/// The same where whoever asks goes by this clock.
fn settings_by(clock: Arc<Hand>) -> (Arc<ServerConfig>, Arc<ClientConfig>) {
    let root = root_make("Essai", NOW).unwrap();
    let der = root.chain[0].clone();
    let authority = Authority::new(&root.key_pem, root.chain).unwrap();
    let middle = authority.intermediate_issue("Essai", NOW, [1; 16]).unwrap();
    let authority = Authority::new(&middle.key_pem, middle.chain).unwrap();
    let issued = authority.server_issue(&[NAME.to_owned()], NOW, [2; 16]).unwrap();
    let server = tls::server(&der, issued.chain, &issued.key_pem, right()).unwrap();
    let client = tls::anonymous(Anchor::Root(der), Dates::Judged, clock).unwrap();
    (Arc::new(server), Arc::new(client))
}

fn answer(bytes: &[u8]) -> Vec<u8> {
    let asked = Message::from_vec(bytes).unwrap();
    let name = asked.queries[0].name.to_ascii();
    reply(&asked, ResponseCode::NoError, &[a(&name, 60, [192, 0, 2, 53])]).to_vec().unwrap()
}

impl Secure {
    async fn new(way: Way, config: Arc<ServerConfig>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (connections, padded) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let (count, blocks) = (Arc::clone(&connections), Arc::clone(&padded));
        let task = tokio::spawn(async move {
            let acceptor = TlsAcceptor::from(config);
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (acceptor, blocks) = (acceptor.clone(), Arc::clone(&blocks));
                count.fetch_add(1, Ordering::Relaxed);
                tokio::spawn(async move {
                    let Ok(mut stream) = acceptor.accept(stream).await else { return };
                    if way == Way::Https {
                        let service = service_fn(move |request: http::Request<hyper::body::Incoming>| async move {
                            assert_eq!((request.method(), request.uri().path()), (&http::Method::POST, "/dns-query"));
                            let body = request.into_body().collect().await?.to_bytes();
                            let response = http::Response::builder().header("content-type", "application/dns-message");
                            Ok::<_, hyper::Error>(response.body(Full::new(Bytes::from(answer(&body)))).unwrap())
                        });
                        let builder = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
                        let _ = builder.serve_connection(TokioIo::new(stream), service).await;
                        return;
                    }
                    while let Ok(length) = stream.read_u16().await {
                        let mut bytes = vec![0; usize::from(length)];
                        stream.read_exact(&mut bytes).await.unwrap();
                        blocks.fetch_add(usize::from(length % 128 == 0), Ordering::Relaxed);
                        if way == Way::Silent {
                            continue;
                        }
                        let said = answer(&bytes);
                        stream.write_u16(u16::try_from(said.len()).unwrap()).await.unwrap();
                        stream.write_all(&said).await.unwrap();
                        stream.flush().await.unwrap();
                        if way == Way::TlsOnce {
                            let _ = stream.shutdown().await;
                            return;
                        }
                    }
                });
            }
        });
        Self { address, connections, padded, task }
    }

    fn server(&self, scheme: &str, name: &str) -> Server {
        let path = if scheme == "https" { "/dns-query" } else { "" };
        Server::new(&format!("{scheme}://{name}:{}{path}", self.address.port()), self.address.ip()).unwrap()
    }
}

#[tokio::test]
async fn questions_share_a_connection() {
    let (server, client) = settings();
    for (way, scheme) in [(Way::Tls, "tls"), (Way::Https, "https")] {
        let secure = Secure::new(way, Arc::clone(&server)).await;
        let open = Fake::saying(|name| vec![a(name, 60, [192, 0, 2, 66])]).await;
        let upstream = Upstream::secure(vec![secure.server(scheme, NAME)], vec![open.address], Arc::clone(&client));
        let bed = Bed::with(upstream).await;
        let names: Vec<String> = (0..8).map(|n| format!("n{n}.test.")).collect();
        for name in &names {
            assert_eq!(said(&bed.ask(name, RecordType::A).await), [format!("{name} A 192.0.2.53")]);
        }
        assert_eq!((secure.connections.load(Ordering::Relaxed), open.asked()), (1, 0));
        if way == Way::Tls {
            assert_eq!(secure.padded.load(Ordering::Relaxed), names.len());
        }
        // What only the network can know is asked of it.
        assert_eq!(said(&bed.ask("nas.home.arpa.", RecordType::A).await), ["nas.home.arpa. A 192.0.2.66"]);
        // So is everything while it wants to be greeted.
        bed.resolver.portal(std::time::Duration::from_secs(60));
        assert_eq!(said(&bed.ask("n0.test.", RecordType::A).await), ["n0.test. A 192.0.2.66"]);
        bed.resolver.portal(std::time::Duration::ZERO);
        assert_eq!(said(&bed.ask("n0.test.", RecordType::A).await), ["n0.test. A 192.0.2.53"]);
    }
}

#[tokio::test]
async fn a_connection_that_ended_is_made_anew() {
    let (server, client) = settings();
    let secure = Secure::new(Way::TlsOnce, server).await;
    let bed = Bed::with(Upstream::secure(vec![secure.server("tls", NAME)], Vec::new(), client)).await;
    for name in ["one.test.", "two.test.", "three.test."] {
        assert_eq!(said(&bed.ask(name, RecordType::A).await), [format!("{name} A 192.0.2.53")]);
    }
    assert_eq!(secure.connections.load(Ordering::Relaxed), 3);
}

#[tokio::test]
async fn nobody_else_is_asked_when_it_cannot_be() {
    let (server, client) = settings();
    let (stranger, _) = settings();
    let open = Fake::saying(|name| vec![a(name, 60, [192, 0, 2, 66])]).await;
    let other_name = Secure::new(Way::Tls, Arc::clone(&server)).await;
    let other_root = Secure::new(Way::Tls, stranger).await;
    let silent = Secure::new(Way::Silent, Arc::clone(&server)).await;
    let closed = {
        let gone = Secure::new(Way::Tls, server).await;
        gone.server("tls", NAME)
    };
    for server in [
        other_name.server("tls", "other.example"),
        other_root.server("tls", NAME),
        other_root.server("https", NAME),
        silent.server("tls", NAME),
        closed,
    ] {
        let upstream = Upstream::secure(vec![server], vec![open.address], Arc::clone(&client));
        let bed = Bed::with(upstream).await;
        assert_eq!(bed.ask("open.test.", RecordType::A).await.metadata.response_code, ResponseCode::ServFail);
    }
    assert_eq!(open.asked(), 0);
}

#[tokio::test]
async fn a_clock_that_is_wrong_is_told_from_a_server_that_is_away() {
    let clock = right();
    let (server, client) = settings_by(clock.clone());
    let secure = Secure::new(Way::Tls, server).await;
    let bed = Bed::with(Upstream::secure(vec![secure.server("tls", NAME)], Vec::new(), client)).await;
    let mut names = (0..).map(|n| format!("n{n}.test."));
    let mut asked = async |seconds: i64| {
        clock.0.store(seconds, Ordering::Relaxed);
        let code = bed.ask(&names.next().unwrap(), RecordType::A).await.metadata.response_code;
        (code, bed.resolver.dates_at_fault())
    };
    let (found, not) = (ResponseCode::NoError, ResponseCode::ServFail);
    assert_eq!(asked(0).await, (not, true), "an empty battery");
    assert_eq!(asked(NOW.unix_seconds() + 30 * 365 * 86_400).await, (not, true));
    assert_eq!(asked(NOW.unix_seconds()).await, (found, false), "put right");
    let gone = secure.server("tls", NAME);
    drop(secure);
    bed.resolver.upstream_set(Upstream::secure(vec![gone], Vec::new(), settings_by(clock.clone()).1));
    assert_eq!(asked(0).await, (not, false));
}

#[test]
fn a_server_that_is_none_is_refused() {
    let loopback = std::net::IpAddr::from([127, 0, 0, 1]);
    for good in
        ["tls://names.example", "tls://names.example:8853", "https://names.example/dns-query", "tls://192.0.2.1"]
    {
        assert!(Server::new(good, loopback).is_ok(), "{good}");
    }
    for bad in ["", "names.example", "http://names.example/", "tls://names.example/path", "https://a_b..c/", "tls://"] {
        assert!(Server::new(bad, loopback).is_err(), "{bad}");
    }
}
