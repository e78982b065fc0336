//! A resolver on a port of loopback before upstreams that are made up.

use crate::{Block, Judge, Name, Resolver, Ruling, Settings, Upstream};
use hickory_proto::op::{Edns, Message, MessageType, OpCode, Query, ResponseCode};
use hickory_proto::rr::rdata::{A, AAAA, CNAME, SOA};
use hickory_proto::rr::{Name as Dns, RData, Record, RecordType};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, UdpSocket};
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// No answer within this is none.
const LONG: Duration = Duration::from_secs(8);

/// A resolver that serves, with its clock.
pub(super) struct Bed {
    pub(super) resolver: Arc<Resolver>,
    pub(super) address: SocketAddr,
    seconds: Arc<AtomicU64>,
    serving: JoinHandle<()>,
}

/// What an upstream sends back, for a question and the road it came by.
type Answering = dyn Fn(&Message, bool) -> Vec<Vec<u8>> + Send + Sync;

/// An upstream on loopback.
pub(super) struct Fake {
    pub(super) address: SocketAddr,
    asked: Arc<AtomicUsize>,
    tasks: [JoinHandle<()>; 2],
}

impl Bed {
    pub(super) async fn new(upstreams: &[&Fake]) -> Self {
        Self::with(Upstream::network(upstreams.iter().map(|fake| fake.address).collect())).await
    }

    pub(super) async fn with(upstream: Upstream) -> Self {
        Self::patient(upstream, Duration::from_millis(400)).await
    }

    /// One that waits as long as told for each server.
    pub(super) async fn patient(upstream: Upstream, patience: Duration) -> Self {
        let seconds = Arc::new(AtomicU64::new(1_000));
        let clock = Arc::clone(&seconds);
        let clock = Arc::new(move || Duration::from_secs(clock.load(Ordering::Relaxed)));
        let settings =
            Settings { listen: vec!["127.0.0.1:0".parse().unwrap()], patience, ..Settings::new(upstream, clock) };
        let resolver = Arc::new(Resolver::bind(settings, judge()).await.unwrap());
        let address = resolver.addresses()[0];
        let serving = Arc::clone(&resolver);
        let serving = tokio::spawn(async move { serving.serve().await.unwrap() });
        Self { resolver, address, seconds, serving }
    }

    pub(super) fn later(&self, seconds: u64) {
        self.seconds.fetch_add(seconds, Ordering::Relaxed);
    }

    /// Asks over UDP.
    pub(super) async fn ask(&self, name: &str, kind: RecordType) -> Message {
        let asked = question(name, kind);
        let said = self.say(&asked.to_vec().unwrap()).await.expect("an answer");
        let said = Message::from_vec(&said).expect("hickory reads it");
        assert_eq!((said.metadata.id, &said.queries), (asked.metadata.id, &asked.queries));
        assert_eq!(said.metadata.message_type, MessageType::Response);
        said
    }

    /// Sends bytes over UDP, and hears what comes back.
    pub(super) async fn say(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        socket.connect(self.address).await.unwrap();
        socket.send(bytes).await.unwrap();
        let mut out = vec![0; 65_536];
        let length = timeout(LONG, socket.recv(&mut out)).await.ok()?.unwrap();
        out.truncate(length);
        Some(out)
    }

    /// Asks as with EDNS and signatures.
    pub(super) async fn ask_secure(&self, name: &str, kind: RecordType) -> Message {
        let mut asked = question(name, kind);
        let mut edns = Edns::new();
        edns.set_max_payload(4096).set_dnssec_ok(true);
        asked.set_edns(edns);
        Message::from_vec(&self.say(&asked.to_vec().unwrap()).await.expect("an answer")).expect("hickory reads it")
    }
}

impl Drop for Bed {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Fake {
    /// One that answers as told, over UDP and TCP.
    pub(super) async fn new(answering: impl Fn(&Message, bool) -> Vec<Vec<u8>> + Send + Sync + 'static) -> Self {
        let answering: Arc<Answering> = Arc::new(answering);
        let asked = Arc::new(AtomicUsize::new(0));
        let (udp, tcp) = loop {
            let udp = UdpSocket::bind("127.0.0.1:0").await.unwrap();
            if let Ok(tcp) = TcpListener::bind(udp.local_addr().unwrap()).await {
                break (udp, tcp);
            }
        };
        let address = udp.local_addr().unwrap();
        let (told, count) = (Arc::clone(&answering), Arc::clone(&asked));
        let datagrams = tokio::spawn(async move {
            let mut bytes = vec![0; 65_536];
            loop {
                let (length, from) = udp.recv_from(&mut bytes).await.unwrap();
                count.fetch_add(1, Ordering::Relaxed);
                for answer in told(&Message::from_vec(&bytes[..length]).unwrap(), false) {
                    udp.send_to(&answer, from).await.unwrap();
                }
            }
        });
        let count = Arc::clone(&asked);
        let streams = tokio::spawn(async move {
            loop {
                let (mut stream, _) = tcp.accept().await.unwrap();
                count.fetch_add(1, Ordering::Relaxed);
                let mut bytes = vec![0; usize::from(stream.read_u16().await.unwrap())];
                stream.read_exact(&mut bytes).await.unwrap();
                for answer in answering(&Message::from_vec(&bytes).unwrap(), true) {
                    stream.write_u16(u16::try_from(answer.len()).unwrap()).await.unwrap();
                    stream.write_all(&answer).await.unwrap();
                }
            }
        });
        Self { address, asked, tasks: [datagrams, streams] }
    }

    /// One that says the same of each name.
    pub(super) async fn saying(records: impl Fn(&str) -> Vec<Record> + Send + Sync + 'static) -> Self {
        Self::new(move |asked, _| {
            let records = records(&asked.queries[0].name.to_lowercase().to_ascii());
            vec![reply(asked, ResponseCode::NoError, &records).to_vec().unwrap()]
        })
        .await
    }

    /// How often it was asked.
    pub(super) fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

/// The text of a name, for the policies of tests alone.
pub(super) fn text(name: &Name) -> String {
    let labels: Vec<_> = name.labels().map(String::from_utf8_lossy).collect();
    labels.join(".")
}

/// The policy of all tests.
pub(super) fn judge() -> Arc<dyn Judge> {
    Arc::new(|name: &Name, _: u16| {
        let text = text(name);
        let of = |zone: &str| text == zone || text.ends_with(&format!(".{zone}"));
        if of("floor.blocked.test") {
            Ruling::Block(Block::Floor)
        } else if of("blocked.test") {
            Ruling::Block(Block::Listed)
        } else if of("lesson.test") {
            Ruling::Block(Block::Unlisted)
        } else if of("allowed.test") {
            Ruling::Allow
        } else if of("kept.test") {
            Ruling::Free
        } else if of("canary.test") {
            Ruling::NoSuchName
        } else if of("search.test") {
            Ruling::Rewrite(Box::new("safe.test".parse().unwrap()))
        } else {
            Ruling::Pass
        }
    })
}

pub(super) fn question(name: &str, kind: RecordType) -> Message {
    let mut message = Message::new(rand::random(), MessageType::Query, OpCode::Query);
    message.metadata.recursion_desired = true;
    message.add_query(Query::query(dns(name), kind));
    message
}

/// What a server says to a question.
pub(super) fn reply(asked: &Message, code: ResponseCode, answers: &[Record]) -> Message {
    let mut message = Message::response(asked.metadata.id, OpCode::Query);
    message.metadata.response_code = code;
    message.metadata.recursion_available = true;
    message.add_queries(asked.queries.clone());
    message.add_answers(answers.iter().cloned());
    if asked.edns.is_some() {
        message.set_edns(Edns::new());
    }
    message
}

pub(super) fn dns(name: &str) -> Dns {
    Dns::from_ascii(name).unwrap()
}

pub(super) fn a(name: &str, ttl: u32, address: [u8; 4]) -> Record {
    Record::from_rdata(dns(name), ttl, RData::A(A(Ipv4Addr::from(address))))
}

pub(super) fn aaaa(name: &str, ttl: u32, address: Ipv6Addr) -> Record {
    Record::from_rdata(dns(name), ttl, RData::AAAA(AAAA(address)))
}

pub(super) fn alias(name: &str, ttl: u32, target: &str) -> Record {
    Record::from_rdata(dns(name), ttl, RData::CNAME(CNAME(dns(target))))
}

pub(super) fn zone(name: &str, ttl: u32, minimum: u32) -> Record {
    Record::from_rdata(dns(name), ttl, RData::SOA(SOA::new(dns("ns.test"), dns("nobody.test"), 1, 1, 1, 1, minimum)))
}

/// What the records of an answer say, each in a line.
pub(super) fn said(message: &Message) -> Vec<String> {
    message.answers.iter().map(|record| format!("{} {} {}", record.name, record.record_type(), record.data)).collect()
}
