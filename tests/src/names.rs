//! Names asked and answered over real sockets: an upstream that knows every name, and questions to a resolver.

use hickory_proto::op::{Message, MessageType, OpCode, Query, ResponseCode};
use hickory_proto::rr::rdata::{A, AAAA};
use hickory_proto::rr::{Name, RData, Record, RecordType};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

/// Where the upstream says that everything is.
pub const ELSEWHERE: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 80);
const ELSEWHERE_V6: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0x80);
/// No answer within this is none.
const PATIENCE: Duration = Duration::from_secs(5);

/// A server that knows every name, on a port of loopback.
#[derive(Debug)]
pub struct Upstream {
    /// Where it answers.
    pub address: SocketAddr,
    asked: Arc<AtomicUsize>,
    over: Arc<AtomicBool>,
}

/// What was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The response code.
    pub code: ResponseCode,
    /// All addresses, in their order.
    pub addresses: Vec<IpAddr>,
    /// The names it is an alias of.
    pub aliases: Vec<String>,
}

impl Upstream {
    /// Begins to answer.
    ///
    /// # Panics
    /// When there is no port.
    #[must_use]
    pub fn start() -> Self {
        Self::start_at("127.0.0.1:0".parse().expect("an address"))
    }

    /// The same at an address.
    ///
    /// # Panics
    /// When it cannot be had.
    #[must_use]
    pub fn start_at(address: SocketAddr) -> Self {
        let socket = UdpSocket::bind(address).expect("a port");
        let address = socket.local_addr().expect("an address");
        socket.set_read_timeout(Some(Duration::from_millis(200))).expect("a timeout");
        let (asked, over) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
        let (count, end) = (asked.clone(), over.clone());
        std::thread::spawn(move || {
            let mut bytes = vec![0; 4_096];
            while !end.load(Ordering::Relaxed) {
                let Ok((length, from)) = socket.recv_from(&mut bytes) else { continue };
                let Ok(question) = Message::from_vec(&bytes[..length]) else { continue };
                count.fetch_add(1, Ordering::Relaxed);
                let _ = socket.send_to(&answered(&question), from);
            }
        });
        Self { address, asked, over }
    }

    /// How often it was asked.
    #[must_use]
    pub fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
    }
}

/// Asks a resolver for an address of this kind over UDP; nothing when it does not answer.
///
/// # Panics
/// When no question can be sent at all.
#[must_use]
pub fn ask(at: SocketAddr, name: &str, kind: RecordType) -> Option<Answer> {
    let from: SocketAddr = if at.is_ipv4() { ([127, 0, 0, 1], 0).into() } else { (Ipv6Addr::LOCALHOST, 0).into() };
    let socket = UdpSocket::bind(from).expect("a port");
    socket.connect(at).expect("an address");
    socket.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    let mut question = Message::new(rand::random(), MessageType::Query, OpCode::Query);
    question.metadata.recursion_desired = true;
    question.add_query(Query::query(format!("{name}.").parse::<Name>().expect("a name"), kind));
    socket.send(&question.to_vec().expect("a message")).ok()?;
    let mut bytes = vec![0; 4_096];
    let length = socket.recv(&mut bytes).ok()?;
    let said = Message::from_vec(&bytes[..length]).ok()?;
    assert_eq!((said.metadata.id, &said.queries), (question.metadata.id, &question.queries));
    let address = |record: &Record| match &record.data {
        RData::A(address) => Some(IpAddr::V4(address.0)),
        RData::AAAA(address) => Some(IpAddr::V6(address.0)),
        _ => None,
    };
    let alias = |record: &Record| match &record.data {
        RData::CNAME(to) => Some(to.0.to_utf8().trim_end_matches('.').to_owned()),
        _ => None,
    };
    Some(Answer {
        code: said.metadata.response_code,
        addresses: said.answers.iter().filter_map(address).collect(),
        aliases: said.answers.iter().filter_map(alias).collect(),
    })
}

/// The first address of a name, over IPv4.
#[must_use]
pub fn address(at: SocketAddr, name: &str) -> Option<IpAddr> {
    ask(at, name, RecordType::A)?.addresses.first().copied()
}

/// What a server that knows every name says.
#[must_use]
pub fn answered(question: &Message) -> Vec<u8> {
    let mut answer = Message::new(question.metadata.id, MessageType::Response, OpCode::Query);
    answer.metadata.recursion_desired = true;
    answer.metadata.recursion_available = true;
    for query in &question.queries {
        answer.add_query(query.clone());
        let data = match query.query_type() {
            RecordType::A => RData::A(A(ELSEWHERE)),
            RecordType::AAAA => RData::AAAA(AAAA(ELSEWHERE_V6)),
            _ => continue,
        };
        answer.add_answer(Record::from_rdata(query.name().clone(), 60, data));
    }
    answer.to_vec().unwrap_or_default()
}
