//! A device whose agent runs, and a server that does what each test says, over real TLS.

use super::super::*;
use crate::Config;
use crate::fixture::{HandClock, Made, made};
use identity::tls;
use std::collections::BTreeSet;
use std::pin::Pin;
use std::sync::Mutex;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status};
use wire::v1::device_server::{Device, DeviceServer};

pub(super) type Reply = oneshot::Sender<Result<v1::CheckInResponse, Status>>;

pub(super) type RenewReply = oneshot::Sender<Result<v1::RenewResponse, Status>>;

/// Hands each call to the test.
pub(super) struct Script {
    calls: mpsc::Sender<(v1::CheckInRequest, Reply)>,
    renewals: mpsc::Sender<(v1::RenewRequest, RenewReply)>,
    /// The certificate that the last call showed, DER.
    shown: Arc<Mutex<Vec<u8>>>,
}

impl Script {
    fn note<T>(&self, request: &Request<T>) {
        self.shown.lock().unwrap().clone_from(&request.extensions().get::<Shown>().unwrap().0);
    }
}

/// The certificate that the other end of a connection shows, DER.
#[derive(Clone)]
pub(super) struct Shown(Vec<u8>);

#[tonic::async_trait]
impl Device for Script {
    async fn check_in(&self, request: Request<v1::CheckInRequest>) -> Result<Response<v1::CheckInResponse>, Status> {
        self.note(&request);
        let (reply, answer) = oneshot::channel();
        self.calls.send((request.into_inner(), reply)).await.unwrap();
        answer.await.unwrap_or_else(|_| Err(Status::unavailable("the test has ended"))).map(Response::new)
    }

    async fn renew(&self, request: Request<v1::RenewRequest>) -> Result<Response<v1::RenewResponse>, Status> {
        self.note(&request);
        let (reply, answer) = oneshot::channel();
        self.renewals.send((request.into_inner(), reply)).await.unwrap();
        answer.await.unwrap_or_else(|_| Err(Status::unavailable("the test has ended"))).map(Response::new)
    }

    async fn fetch(&self, _: Request<v1::FetchRequest>) -> Result<Response<v1::FetchResponse>, Status> {
        Ok(Response::new(v1::FetchResponse::default()))
    }
}

pub(super) struct Wire(TlsStream<TcpStream>);

impl tonic::transport::server::Connected for Wire {
    type ConnectInfo = Shown;
    fn connect_info(&self) -> Shown {
        let shown = self.0.get_ref().1.peer_certificates().and_then(<[_]>::first);
        Shown(shown.map(|own| own.to_vec()).unwrap_or_default())
    }
}

impl AsyncRead for Wire {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buf)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, buf)
    }
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

/// A device whose agent runs, and the other end of its line.
pub(super) struct World {
    pub(super) made: Made,
    pub(super) apart: tempfile::TempDir,
    pub(super) clock: Arc<HandClock>,
    pub(super) agent: Agent,
    pub(super) calls: mpsc::Receiver<(v1::CheckInRequest, Reply)>,
    pub(super) renewals: mpsc::Receiver<(v1::RenewRequest, RenewReply)>,
    shown: Arc<Mutex<Vec<u8>>>,
    /// Cuts the line that stands.
    pub(super) scissors: Arc<Notify>,
    running: JoinHandle<()>,
    _server: JoinHandle<()>,
}

impl World {
    pub(super) async fn new(cutting: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut port = listener.local_addr().unwrap().port();
        let scissors = Arc::new(Notify::new());
        port = if cutting { cutter(port).await } else { relay(port, scissors.clone()).await };
        let made = made(port);
        let clock = Arc::new(HandClock::new());
        let (to, calls) = mpsc::channel(1);
        let (renewing, renewals) = mpsc::channel(1);
        let shown = Arc::<Mutex<Vec<u8>>>::default();
        let script = Script { calls: to, renewals: renewing, shown: shown.clone() };
        let server = tokio::spawn(serve(listener, &made, clock.clone(), script));
        let apart = tempfile::tempdir().unwrap();
        let root = apart.path().join("root");
        let acknowledgements = Some(apart.path().join("acknowledgements"));
        let config = Config { state: made.temporary.path().to_owned(), root, acknowledgements, ..Config::default() };
        let agent = Agent::new(config, clock.clone());
        let running = tokio::spawn(async {});
        Self { made, apart, clock, agent, calls, renewals, shown, scissors, running, _server: server }
    }

    /// Starts the agent, as after kill -9 when it ran before.
    pub(super) async fn started() -> Self {
        let mut world = Self::new(false).await;
        world.start().await;
        world
    }

    pub(super) async fn start(&mut self) {
        self.kill().await;
        let agent = self.agent.clone();
        self.free_folder();
        self.running = tokio::spawn(async move { agent.run(std::future::pending()).await.map(|_| ()).unwrap() });
    }

    /// The fixture's own hold on the folder stands for the files only.
    pub(super) fn free_folder(&self) {
        let folder = self.agent.folder();
        std::fs::remove_file(folder.path("lock")).unwrap();
        std::fs::remove_file(folder.path("running")).unwrap();
    }

    pub(super) async fn call(&mut self) -> (v1::CheckInRequest, Reply) {
        tokio::time::timeout(Duration::from_secs(20), self.calls.recv()).await.unwrap().unwrap()
    }

    /// Ends the agent as kill -9 does.
    pub(super) async fn kill(&mut self) {
        self.running.abort();
        let _ = (&mut self.running).await;
        self.running = tokio::spawn(async {});
    }

    pub(super) async fn renewal(&mut self) -> (v1::RenewRequest, RenewReply) {
        tokio::time::timeout(Duration::from_secs(20), self.renewals.recv()).await.unwrap().unwrap()
    }

    /// The serial number of the certificate that the last call showed.
    pub(super) fn shown(&self) -> String {
        identity::caller::certificate_read(&self.shown.lock().unwrap()).unwrap().serial
    }

    /// Takes a whole report as a server does, and returns the kinds it carried.
    pub(super) async fn report(&mut self) -> BTreeSet<String> {
        let (request, reply) = self.call().await;
        assert!(request.report && request.hold_ms == 0);
        let kinds = request.parts.iter().map(|p| format!("{:?}", p.kind())).collect();
        reply.send(Ok(stored(&request))).unwrap();
        kinds
    }

    /// The first report, and the one that says how the clock is, which the first answer told.
    pub(super) async fn reports(&mut self) -> BTreeSet<String> {
        let kinds = self.report().await;
        assert_eq!(self.report().await, health());
        kinds
    }

    /// Nothing is sent while the clock stands.
    pub(super) async fn quiet(&mut self) {
        for _ in 0..50 {
            tokio::task::yield_now().await;
        }
        assert!(self.calls.try_recv().is_err());
    }

    /// The held check-in that follows when all is told.
    pub(super) async fn held(&mut self) -> (v1::CheckInRequest, Reply) {
        let (request, reply) = self.call().await;
        assert!(!request.report && request.parts.is_empty(), "a report of {:?}", request.parts.len());
        (request, reply)
    }

    /// Until the agent notes this of itself. It notes before it waits, and both in one go, so that the clock may then be moved.
    pub(super) async fn until(&self, noted: impl Fn(&Live) -> bool) {
        until(&self.agent, noted).await;
    }

    pub(super) fn acknowledged(&self) -> usize {
        std::fs::read_to_string(self.apart.path().join("acknowledgements")).unwrap_or_default().lines().count()
    }
}

pub(super) async fn until(agent: &Agent, noted: impl Fn(&Live) -> bool) {
    while !agent.status().unwrap().live.is_some_and(|live| noted(&live)) {
        tokio::task::yield_now().await;
    }
}

pub(super) fn serve(
    listener: TcpListener,
    made: &Made,
    clock: Arc<HandClock>,
    script: Script,
) -> impl Future<Output = ()> + use<> {
    let time = Arc::new(JudgingTime::new(clock, None));
    let root = made.server.chain.last().unwrap();
    let config = tls::server(root, made.server.chain.clone(), &made.server.key_pem, time).unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let (ready, incoming) = mpsc::channel(1);
    tokio::spawn(async move {
        loop {
            let (tcp, _) = listener.accept().await.unwrap();
            if let Ok(stream) = acceptor.accept(tcp).await
                && ready.send(std::io::Result::Ok(Wire(stream))).await.is_err()
            {
                return;
            }
        }
    });
    let server = tonic::transport::Server::builder().add_service(DeviceServer::new(script));
    async move { server.serve_with_incoming(ReceiverStream::new(incoming)).await.unwrap() }
}

/// A line to the server that is cut when told.
pub(super) async fn relay(to: u16, scissors: Arc<Notify>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        loop {
            let (near, _) = listener.accept().await.unwrap();
            let far = TcpStream::connect(("127.0.0.1", to)).await.unwrap();
            let scissors = scissors.clone();
            tokio::spawn(async move {
                tokio::select! {
                    () = carried(near, far, usize::MAX) => {}
                    () = scissors.notified() => {}
                }
            });
        }
    });
    port
}

/// A line to the server that is cut after so many bytes, a few more each time.
pub(super) async fn cutter(to: u16) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        for budget in (0..).step_by(211) {
            let (near, _) = listener.accept().await.unwrap();
            let far = TcpStream::connect(("127.0.0.1", to)).await.unwrap();
            tokio::spawn(carried(near, far, budget));
        }
    });
    port
}

/// Carries bytes both ways until the budget, of both together, is spent; then both ends are closed.
pub(super) async fn carried(near: TcpStream, far: TcpStream, mut budget: usize) {
    let mut buffers = ([0; 64], [0; 64]);
    loop {
        tokio::select! {
            ready = near.readable() => ready.unwrap(),
            ready = far.readable() => ready.unwrap(),
        }
        for (from, to, buffer) in [(&near, &far, &mut buffers.0), (&far, &near, &mut buffers.1)] {
            let most = budget.min(buffer.len());
            let read = match from.try_read(&mut buffer[..most]) {
                Ok(0) => return,
                Ok(read) => read,
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => continue,
                Err(_) => return,
            };
            budget -= read;
            let mut rest = &buffer[..read];
            while !rest.is_empty() {
                match to.try_write(rest) {
                    Ok(written) => rest = &rest[written..],
                    Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => to.writable().await.unwrap(),
                    Err(_) => return,
                }
            }
        }
    }
}

pub(super) fn health() -> BTreeSet<String> {
    BTreeSet::from(["Health".to_owned()])
}

pub(super) fn answer() -> v1::CheckInResponse {
    v1::CheckInResponse { server_unix_ms: crate::fixture::NOW.unix_millis(), ..v1::CheckInResponse::default() }
}

pub(super) fn stored(request: &v1::CheckInRequest) -> v1::CheckInResponse {
    let stored = request.parts.iter().map(|part| part.digest.clone()).collect();
    v1::CheckInResponse { stored, sequence: request.sequence, ..answer() }
}
