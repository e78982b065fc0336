//! The loop against a server that does what each test says, over real TLS.

use super::*;
use crate::Config;
use crate::fixture::{HandClock, Made, made};
use std::collections::BTreeSet;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status};
use wire::v1::device_server::{Device, DeviceServer};

type Reply = oneshot::Sender<Result<v1::CheckInResponse, Status>>;

/// Hands each call to the test.
struct Script(mpsc::Sender<(v1::CheckInRequest, Reply)>);

#[tonic::async_trait]
impl Device for Script {
    async fn check_in(&self, request: Request<v1::CheckInRequest>) -> Result<Response<v1::CheckInResponse>, Status> {
        let (reply, answer) = oneshot::channel();
        self.0.send((request.into_inner(), reply)).await.unwrap();
        answer.await.unwrap_or_else(|_| Err(Status::unavailable("the test has ended"))).map(Response::new)
    }
}

struct Wire(TlsStream<TcpStream>);

impl tonic::transport::server::Connected for Wire {
    type ConnectInfo = ();
    fn connect_info(&self) {}
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
struct World {
    made: Made,
    clock: Arc<HandClock>,
    agent: Agent,
    calls: mpsc::Receiver<(v1::CheckInRequest, Reply)>,
    running: JoinHandle<()>,
    _server: JoinHandle<()>,
}

impl World {
    async fn new(cutting: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut port = listener.local_addr().unwrap().port();
        if cutting {
            port = cutter(port).await;
        }
        let made = made(port);
        let clock = Arc::new(HandClock::new());
        let (to, calls) = mpsc::channel(1);
        let server = tokio::spawn(serve(listener, &made, clock.clone(), to));
        let root = made.temporary.path().join("root");
        let acknowledgements = Some(made.temporary.path().join("acknowledgements"));
        let config = Config { state: made.temporary.path().to_owned(), root, acknowledgements, ..Config::default() };
        let agent = Agent::new(config, clock.clone());
        let running = tokio::spawn(async {});
        Self { made, clock, agent, calls, running, _server: server }
    }

    /// Starts the agent, as after kill -9 when it ran before.
    async fn started() -> Self {
        let mut world = Self::new(false).await;
        world.start().await;
        world
    }

    async fn start(&mut self) {
        self.running.abort();
        let _ = (&mut self.running).await;
        let agent = self.agent.clone();
        // The fixture's own hold on the folder stands for the files only.
        let folder = self.agent.folder();
        std::fs::remove_file(folder.path("lock")).unwrap();
        std::fs::remove_file(folder.path("running")).unwrap();
        self.running = tokio::spawn(async move { agent.run(std::future::pending()).await.unwrap() });
    }

    async fn call(&mut self) -> (v1::CheckInRequest, Reply) {
        tokio::time::timeout(Duration::from_secs(20), self.calls.recv()).await.unwrap().unwrap()
    }

    /// Takes a whole report as a server does, and returns the kinds it carried.
    async fn report(&mut self) -> BTreeSet<String> {
        let (request, reply) = self.call().await;
        assert!(request.report && request.hold_ms == 0);
        let kinds = request.parts.iter().map(|p| format!("{:?}", p.kind())).collect();
        reply.send(Ok(stored(&request))).unwrap();
        kinds
    }

    /// The held check-in that follows when all is told.
    async fn held(&mut self) -> (v1::CheckInRequest, Reply) {
        let (request, reply) = self.call().await;
        assert!(!request.report && request.parts.is_empty(), "a report of {:?}", request.parts.len());
        (request, reply)
    }

    /// Until the agent notes this of itself. It notes before it waits, and both in one go, so that the clock may then be moved.
    async fn until(&self, noted: impl Fn(&Live) -> bool) {
        until(&self.agent, noted).await;
    }

    fn acknowledged(&self) -> usize {
        std::fs::read_to_string(self.made.temporary.path().join("acknowledgements")).unwrap_or_default().lines().count()
    }
}

async fn until(agent: &Agent, noted: impl Fn(&Live) -> bool) {
    while !agent.status().unwrap().live.is_some_and(|live| noted(&live)) {
        tokio::task::yield_now().await;
    }
}

fn serve(
    listener: TcpListener,
    made: &Made,
    clock: Arc<HandClock>,
    to: mpsc::Sender<(v1::CheckInRequest, Reply)>,
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
    let server = tonic::transport::Server::builder().add_service(DeviceServer::new(Script(to)));
    async move { server.serve_with_incoming(ReceiverStream::new(incoming)).await.unwrap() }
}

/// A line to the server that is cut after so many bytes, a few more each time.
async fn cutter(to: u16) -> u16 {
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
async fn carried(near: TcpStream, far: TcpStream, mut budget: usize) {
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

fn answer() -> v1::CheckInResponse {
    v1::CheckInResponse { server_unix_ms: crate::fixture::NOW.unix_millis(), ..v1::CheckInResponse::default() }
}

fn stored(request: &v1::CheckInRequest) -> v1::CheckInResponse {
    let stored = request.parts.iter().map(|part| part.digest.clone()).collect();
    v1::CheckInResponse { stored, sequence: request.sequence, ..answer() }
}

#[tokio::test]
async fn a_first_report_then_silence_and_after_a_restart_nothing_again() {
    let mut world = World::started().await;
    let kinds = world.report().await;
    assert_eq!(kinds.len(), 5, "{kinds:?}");
    let (held, reply) = world.held().await;
    assert_eq!((held.sequence, held.hold_ms), (1, 600_000));
    assert_eq!(world.acknowledged(), 5);
    let status = world.agent.status().unwrap();
    let live = status.live.unwrap();
    assert!(status.running && live.connected && live.waiting == 0 && live.fault.is_none());
    drop(reply);
    world.start().await;
    // What it makes of its desired state is told again, its sections are not.
    assert!(world.report().await.is_empty());
    assert_eq!(world.held().await.0.sequence, 2);
}

#[tokio::test]
async fn a_report_that_was_not_answered_is_sent_again_under_its_number() {
    let mut world = World::started().await;
    let (first, reply) = world.call().await;
    drop(reply);
    world.until(|live| live.fault.is_some()).await;
    world.clock.forward(Duration::from_secs(1));
    let (second, reply) = world.call().await;
    assert_eq!((first.sequence, second.sequence), (1, 1));
    assert_eq!(first.parts, second.parts);
    assert_eq!(world.acknowledged(), 0);
    // kill -9 before the answer: it is still there, from the spool.
    drop(reply);
    world.start().await;
    let (third, reply) = world.call().await;
    assert_eq!(third.parts.len(), first.parts.len());
    reply.send(Ok(stored(&third))).unwrap();
    world.held().await;
    assert_eq!(world.acknowledged(), 5);
}

#[tokio::test]
async fn a_newer_head_is_held_and_told_a_foreign_or_older_one_is_refused() {
    let mut world = World::started().await;
    world.report().await;
    let (_, reply) = world.held().await;
    let (head, _, plan) = world.made.told(world.made.device, 5);
    reply.send(Ok(v1::CheckInResponse { head: Some(head), plan, ..answer() })).unwrap();
    let (told, reply) = world.call().await;
    assert_eq!(told.observed.as_ref().unwrap().generation.unwrap().revision, 5);
    reply.send(Ok(stored(&told))).unwrap();
    let foreign = model::id::DeviceId::new(crate::fixture::NOW, [9; 10]);
    let plan_of_six = world.made.told(world.made.device, 6).2;
    let mut forged = world.made.told(world.made.device, 9);
    forged.0.signature = bytes::Bytes::from_static(&[0; 64]);
    for (head, plan, reason) in [
        (world.made.told(foreign, 8).0, bytes::Bytes::new(), "head_not_mine"),
        (world.made.told(world.made.device, 2).0, bytes::Bytes::new(), "head_stale"),
        (forged.0, forged.2, "head_signature"),
        (world.made.told(world.made.device, 9).0, plan_of_six, "plan_digest"),
        (world.made.told(world.made.device, 9).0, bytes::Bytes::new(), "plan_missing"),
    ] {
        let (_, reply) = world.held().await;
        reply.send(Ok(v1::CheckInResponse { head: Some(head), plan, ..answer() })).unwrap();
        // A refused head is no reason to hurry.
        world.until(|live| live.conditions.last().is_some_and(|c| c.reason == reason)).await;
        world.clock.forward(Duration::from_secs(120));
        let (told, reply) = world.call().await;
        let observed = told.observed.clone().unwrap();
        assert_eq!((observed.generation.unwrap().revision, observed.conditions[1].reason.as_str()), (5, reason));
        reply.send(Ok(stored(&told))).unwrap();
    }
    let _held = world.held().await;
    assert_eq!(world.agent.status().unwrap().generation.map(|g| g.revision), Some(5));
}

#[tokio::test]
async fn what_the_server_wants_is_sent_and_what_nobody_knows_is_passed_over() {
    let mut world = World::started().await;
    world.report().await;
    let (_, reply) = world.held().await;
    let wanted = vec![v1::SectionKind::System.into(), 99, 0];
    reply.send(Ok(v1::CheckInResponse { wanted, stored: vec![vec![1], vec![2; 32]], ..answer() })).unwrap();
    assert_eq!(world.report().await, BTreeSet::from(["System".to_owned()]));
    let (_, reply) = world.held().await;
    // As a mark by which the test knows that this answer was taken.
    let server_unix_ms = crate::fixture::NOW.unix_millis() - 7;
    let last = v1::CheckInResponse { wanted: vec![77], wait_ms: 5_000, server_unix_ms, ..answer() };
    reply.send(Ok(last)).unwrap();
    world.until(|live| live.clock_ahead_ms == Some(7)).await;
    world.clock.forward(Duration::from_millis(4_999));
    assert!(world.calls.try_recv().is_err());
    world.clock.forward(Duration::from_millis(1));
    world.held().await;
}

#[tokio::test]
async fn a_revoked_device_stays_quiet_for_a_long_while_and_says_so() {
    let mut world = World::started().await;
    world.report().await;
    let (_, reply) = world.held().await;
    reply.send(Err(Status::permission_denied("revoked"))).unwrap();
    world.until(|live| live.refused).await;
    let status = world.agent.status().unwrap().live.unwrap();
    assert_eq!(status.fault.map(|f| f.code).as_deref(), Some("refused"));
    world.clock.forward(Duration::from_secs(11 * 60));
    for _ in 0..50 {
        tokio::task::yield_now().await;
    }
    assert!(world.calls.try_recv().is_err());
    world.clock.forward(Duration::from_secs(5 * 60));
    let (_, reply) = world.call().await;
    reply.send(Ok(answer())).unwrap();
    world.until(|live| !live.refused).await;
}

#[tokio::test]
async fn a_hold_that_outlives_its_time_is_given_up() {
    let mut world = World::started().await;
    world.report().await;
    let (_, _reply) = world.held().await;
    world.clock.forward(Duration::from_secs(661));
    world.until(|live| live.fault.is_some()).await;
    world.clock.forward(Duration::from_secs(2));
    let (again, _reply) = world.held().await;
    assert_eq!(again.sequence, 1);
}

#[tokio::test]
async fn a_line_cut_anywhere_loses_nothing_and_doubles_nothing() {
    let mut world = World::new(true).await;
    world.start().await;
    let mut answered = Vec::new();
    let (agent, mut seen) = (world.agent.clone(), None);
    loop {
        tokio::select! {
            call = world.calls.recv() => {
                let (request, reply) = call.unwrap();
                if !request.report {
                    break;
                }
                answered.push((request.sequence, request.parts.len()));
                // The answer may be lost on the way back.
                let _ = reply.send(Ok(stored(&request)));
            }
            () = until(&agent, |live| live.fault.is_some() && live.fault != seen) => {
                seen = agent.status().unwrap().live.unwrap().fault;
                // Past this back-off, far from the end of anything else.
                world.clock.forward(Duration::from_secs(900));
            }
        }
    }
    assert_eq!(world.acknowledged(), 5, "{answered:?}");
    assert!(answered.len() > 1, "no answer was lost");
    let (last, before) = answered.split_last().unwrap();
    assert!(before.iter().all(|(sequence, parts)| sequence <= &last.0 && *parts == 5), "{answered:?}");
    assert_eq!(world.agent.status().unwrap().live.unwrap().waiting, 0);
}
