//! Devices that meet over real sockets on loopback, and those that pretend.

mod keeping;
mod proving;
mod strangers;

use super::Proofs;
use super::pass::{Pass, Side};
use super::serve::{GUESTS_MAX, Host, IDLE_LIMIT};
use super::shelf::Shelf;
use super::source::{ANSWER_LIMIT, PeerSource};
use crate::clock::JudgingTime;
use crate::fixture::{HandClock, NOW};
use crate::frame;
use crate::source::{Fetched, PIECES_MAX, Piece, Source, SourceError};
use crate::ticket::Own;
use agent_core::peer::Shown;
use bytes::Bytes;
use identity::caller::Caller;
use identity::csr::{key_make, request_make};
use identity::issue::{Authority, root_make};
use identity::key::OnlineSigner;
use identity::peer::ends;
use model::id::{DeviceId, TerritoryId};
use model::resource::{Fetching, PeerTicket, TICKET_LIFE};
use model::signed::Signed;
use model::time::Timestamp;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_rustls::server::TlsStream;
use wire::convert::ticket_encode;
use wire::v1::{FetchRequest, FetchResponse, FetchedPiece};

const HERE: &str = "0951099D";
const THERE: &str = "0750654D";

/// A territory's keys.
pub(crate) struct Territory {
    root: Vec<u8>,
    authority: Authority,
    online: OnlineSigner,
    clock: Arc<HandClock>,
}

impl Territory {
    pub(crate) fn new() -> Self {
        let root = root_make("doubs", NOW).unwrap();
        let top = Authority::new(&root.key_pem, root.chain.clone()).unwrap();
        let middle = top.intermediate_issue("doubs", NOW, [1; 16]).unwrap();
        let authority = Authority::new(&middle.key_pem, middle.chain).unwrap();
        let online = OnlineSigner::generate().unwrap().0;
        Self { root: root.chain[0].clone(), authority, online, clock: Arc::new(HandClock::new()) }
    }

    /// A ticket for the device with this number.
    fn ticket(&self, device: u8) -> PeerTicket {
        PeerTicket {
            device: DeviceId::new(NOW, [device; 10]),
            territory: territory(),
            school: HERE.parse().unwrap(),
            certificate_from: 1,
            rendezvous: vec![[7; 10], [8; 10]],
            site_node: false,
            from: NOW,
            until: NOW.after(TICKET_LIFE),
        }
    }

    /// The pass of the device with this number, which shows this ticket.
    fn pass(&self, device: u8, ticket: PeerTicket) -> Pass {
        let id = DeviceId::new(NOW, [device; 10]);
        let key_pem = key_make().unwrap();
        let caller = Caller::Device { territory: territory(), device: id };
        let chain =
            self.authority.device_issue(&request_make(&key_pem).unwrap(), &caller, NOW, 3, [device; 16]).unwrap();
        let time = Arc::new(JudgingTime::new(self.clock.clone(), None));
        Pass {
            ends: ends(&self.root, &chain, &key_pem, &territory(), time.clone()).unwrap(),
            shown: Shown { device: id, territory: territory(), number: 3 },
            own: Own { envelope: (&self.online.sign::<PeerTicket>(ticket_encode(&ticket))).into(), ticket },
            trusted: vec![self.online.public().clone()],
            time,
            fetching: Fetching::default(),
        }
    }

    /// The honest pass of a device.
    pub(crate) fn device(&self, device: u8) -> Pass {
        self.pass(device, self.ticket(device))
    }

    pub(crate) fn source(&self, pass: Pass, address: SocketAddr) -> PeerSource {
        PeerSource::new(address, self.clock.clone(), held(pass))
    }

    /// A device that serves this.
    async fn serving(&self, pass: Pass, files: &[(&str, &'static [u8])]) -> SocketAddr {
        let files = files.iter().map(|(name, body)| ((*name).to_owned(), Bytes::from_static(body))).collect();
        self.serving_from(pass, Arc::new(Files(files))).await
    }

    /// A device that serves what is on its shelf.
    pub(crate) async fn serving_from(&self, pass: Pass, shelf: Arc<dyn Shelf>) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let host = Host::new(self.clock.clone(), shelf, held(pass));
        tokio::spawn(Arc::new(host).serve(listener));
        address
    }
}

#[derive(Debug)]
struct Files(BTreeMap<String, Bytes>);

impl Shelf for Files {
    fn read(&self, item: &str, offset: u64, length: usize) -> Option<(Bytes, u64)> {
        let body = self.0.get(item)?;
        let from = usize::try_from(offset).unwrap().min(body.len());
        Some((body.slice(from..(from + length).min(body.len())), body.len() as u64))
    }
}

/// Until when school is proven, in memory.
#[derive(Debug, Default)]
struct Noted(Mutex<Option<Timestamp>>);

impl Proofs for Noted {
    fn until(&self) -> Option<Timestamp> {
        *self.0.lock().unwrap()
    }

    fn keep(&self, until: Option<Timestamp>) {
        *self.0.lock().unwrap() = until;
    }
}

fn territory() -> TerritoryId {
    "doubs".parse().unwrap()
}

fn held(pass: Pass) -> watch::Receiver<Option<Arc<Pass>>> {
    let (to, held) = watch::channel(Some(Arc::new(pass)));
    // As long as the test lasts.
    std::mem::forget(to);
    held
}

fn piece(item: &str, offset: u64, length: u32) -> Piece {
    Piece { item: item.to_owned(), offset, length }
}

fn found(body: &'static [u8], size: u64) -> Fetched {
    Fetched::Found { body: Bytes::from_static(body), size }
}

/// A device that was met and then does what the test says, once for each that connects.
async fn pretender<F>(pass: Pass, act: impl Fn(TlsStream<TcpStream>) -> F + Send + 'static) -> SocketAddr
where
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (tcp, _) = listener.accept().await.unwrap();
            let acceptor = tokio_rustls::TlsAcceptor::from(pass.ends.listening.clone());
            let mut stream = acceptor.accept(tcp).await.unwrap();
            let own = stream.get_ref().1.peer_certificates().unwrap()[0].to_vec();
            pass.met(&mut stream, Some(&own), Side::Second).await.unwrap();
            tokio::spawn(act(stream));
        }
    });
    address
}

#[tokio::test]
async fn a_device_gives_another_of_its_school_what_it_has() {
    let territory = Territory::new();
    let address = territory.serving(territory.device(1), &[("metadata/timestamp.json", b"0123456789")]).await;
    let source = territory.source(territory.device(2), address);
    let asked = [
        piece("metadata/timestamp.json", 2, 3),
        piece("chunks/ab/abcd", 0, 9),
        piece("metadata/timestamp.json", 8, 99),
        piece("metadata/timestamp.json", u64::from(u32::MAX), 1),
    ];
    let said = source.fetch(&asked).await.unwrap();
    assert_eq!(said, [found(b"234", 10), Fetched::Missing, found(b"89", 10), found(b"", 10)]);
    // Over the same connection, and over another when that was closed for its silence.
    assert_eq!(source.fetch(&asked[..1]).await.unwrap(), [found(b"234", 10)]);
    territory.clock.forward(IDLE_LIMIT);
    for _ in 0..3 {
        assert_eq!(source.fetch(&asked[..1]).await.unwrap(), [found(b"234", 10)]);
    }
}

#[tokio::test]
async fn who_asks_for_more_than_a_repository_holds_is_left() {
    let territory = Territory::new();
    let address = territory.serving(territory.device(1), &[("a", b"0123456789")]).await;
    let source = territory.source(territory.device(2), address);
    for bad in [vec![piece("../identity.key", 0, 9)], vec![piece("a", 0, 1); PIECES_MAX + 1], Vec::new()] {
        assert!(matches!(source.fetch(&bad).await, Err(SourceError::Unreachable(_))), "{}", bad.len());
    }
    assert_eq!(source.fetch(&[piece("a", 0, 1)]).await.unwrap(), [found(b"0", 10)]);
}

#[tokio::test]
async fn a_few_devices_are_served_at_a_time() {
    let territory = Territory::new();
    let address = territory.serving(territory.device(1), &[("a", b"0123456789")]).await;
    let asked = [piece("a", 0, 1)];
    let mut guests = Vec::new();
    let most = u8::try_from(GUESTS_MAX).unwrap();
    for guest in 0..most {
        let source = territory.source(territory.device(10 + guest), address);
        source.fetch(&asked).await.unwrap();
        guests.push(source);
    }
    let late = territory.source(territory.device(99), address);
    assert!(matches!(late.fetch(&asked).await, Err(SourceError::Unreachable(_))));
    // One of those that are served may have a second connection, and no third.
    let [second, third] = [(); 2].map(|()| territory.source(territory.device(10), address));
    second.fetch(&asked).await.unwrap();
    assert!(matches!(third.fetch(&asked).await, Err(SourceError::Unreachable(_))));
    drop((guests, second));
    let served = async {
        while late.fetch(&asked).await.is_err() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), served).await.unwrap();
}

#[tokio::test]
async fn no_more_is_given_than_the_plan_allows() {
    let territory = Territory::new();
    let mut host = territory.device(1);
    host.fetching.upload_bytes_per_second = 10;
    let address = territory.serving(host, &[("a", &[1; 1_000])]).await;
    let source = territory.source(territory.device(2), address);
    source.fetch(&[piece("a", 0, 1_000)]).await.unwrap();
    assert!(matches!(source.fetch(&[piece("a", 0, 1)]).await, Err(SourceError::Busy { .. })));
    territory.clock.forward(Duration::from_secs(200));
    source.fetch(&[piece("a", 0, 1)]).await.unwrap();
    let mut mute = territory.device(3);
    mute.fetching.upload_bytes_per_second = 0;
    let address = territory.serving(mute, &[("a", b"0")]).await;
    assert!(territory.source(territory.device(2), address).fetch(&[piece("a", 0, 1)]).await.is_err());
}

#[tokio::test]
async fn a_device_that_stalls_closes_or_gives_too_much_costs_little() {
    let territory = Territory::new();
    let asked = [piece("a", 0, 4)];
    let taken = |mut stream: TlsStream<TcpStream>| async move {
        let _: FetchRequest = frame::take(&mut stream, 1 << 16).await.unwrap();
        stream
    };
    let stalls = pretender(territory.device(1), move |stream| async move {
        let _stream = taken(stream).await;
        std::future::pending::<()>().await;
    });
    let source = Arc::new(territory.source(territory.device(2), stalls.await));
    let asking = tokio::spawn({
        let source = source.clone();
        async move { source.fetch(&[piece("a", 0, 4)]).await }
    });
    while !asking.is_finished() {
        territory.clock.forward(ANSWER_LIMIT);
        tokio::time::timeout(Duration::from_millis(1), std::future::pending::<()>()).await.unwrap_err();
    }
    assert!(matches!(asking.await.unwrap(), Err(SourceError::Unreachable(_))));
    let closes = pretender(territory.device(1), move |stream| async move {
        let mut stream = taken(stream).await;
        stream.write_all(&[0, 0, 0, 9, 1]).await.unwrap();
    });
    let source = territory.source(territory.device(2), closes.await);
    assert!(matches!(source.fetch(&asked).await, Err(SourceError::Unreachable(_))));
    let endless = pretender(territory.device(1), move |stream| async move {
        let mut stream = taken(stream).await;
        stream.write_all(&u32::MAX.to_be_bytes()).await.unwrap();
        std::future::pending::<()>().await;
    });
    let source = territory.source(territory.device(2), endless.await);
    assert!(matches!(source.fetch(&asked).await, Err(SourceError::Unreachable(_))));
    for pieces in [vec![b"12345".as_slice()], vec![b"1", b"1"]] {
        let generous = pretender(territory.device(1), move |stream| {
            let pieces = pieces.clone();
            async move {
                let mut stream = taken(stream).await;
                let piece = |body| FetchedPiece { found: true, body: Bytes::from_static(body), size: 5 };
                let answer = FetchResponse { pieces: pieces.into_iter().map(piece).collect() };
                frame::put(&mut stream, &answer).await.unwrap();
            }
        });
        let source = territory.source(territory.device(2), generous.await);
        assert!(matches!(source.fetch(&asked).await, Err(SourceError::Refused(_))));
    }
}
