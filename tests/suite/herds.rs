//! More than a server can do: what it leaves undone first, what never, and how those come back who are sent away together.

use crate::recovery::proof as recovery;
use controlplane::clock::{Clock, SystemClock};
use controlplane_core::Result;
use controlplane_core::memory::Memory;
use controlplane_core::store::{Batch, Changes, Entry, Key, Revision, Scope, Store};
use identity::tls;
use model::device::JoinState;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use tests::caller::{Attempt, connect};
use tests::process::until;
use tests::reporter::{Fleet, Reporter, operator, operator_identity};
use tests::world::World;
use tokio::sync::watch;
use tonic::async_trait;
use tonic::{Code, Status};
use wire::v1::admin_client::AdminClient;
use wire::v1::{CheckInRequest, CheckInResponse, ServerStatusRequest};

/// A disk that can be made to stand still.
struct Stuck {
    memory: Memory,
    still: watch::Sender<bool>,
    waiting: watch::Sender<u32>,
}

#[async_trait]
impl Store for Stuck {
    async fn get(&self, key: &Key) -> Result<Option<Entry>> {
        self.memory.get(key).await
    }

    async fn scan(&self, scope: &Scope, after: &str, limit: usize) -> Result<Vec<(Key, Entry)>> {
        self.memory.scan(scope, after, limit).await
    }

    async fn commit(&self, batch: Batch) -> Result<Revision> {
        self.waiting.send_modify(|waiting| *waiting += 1);
        let _ = self.still.subscribe().wait_for(|still| !still).await;
        self.waiting.send_modify(|waiting| *waiting -= 1);
        self.memory.commit(batch).await
    }

    async fn changes(&self, scope: &Scope, since: Revision, limit: usize) -> Result<Changes> {
        self.memory.changes(scope, since, limit).await
    }

    async fn revision(&self) -> Result<Revision> {
        self.memory.revision().await
    }

    fn epoch(&self) -> u32 {
        self.memory.epoch()
    }
}

async fn call(
    world: &World,
    reporter: &Reporter,
    request: CheckInRequest,
) -> std::result::Result<CheckInResponse, Status> {
    reporter.client(world.port).await.unwrap().check_in(request).await.map(tonic::Response::into_inner)
}

/// The retry delay of a refusal, in seconds.
fn pushed_back(refused: std::result::Result<CheckInResponse, Status>) -> u64 {
    let refused = refused.unwrap_err();
    assert_eq!(refused.code(), Code::Unavailable, "{refused:?}");
    let delay = refused.metadata().get("grpc-retry-pushback-ms").expect("a delay");
    delay.to_str().unwrap().parse::<u64>().unwrap() / 1000
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn inventories_wait_before_heartbeats_before_desired_state_and_revocation_and_recovery_never() {
    let store =
        Arc::new(Stuck { memory: Memory::new(), still: watch::Sender::new(false), waiting: watch::Sender::new(0) });
    // Devices here judge certificates by the system's clock.
    let world = World::over(store.clone(), SystemClock.now()).await;
    let mut devices = Vec::new();
    for n in 0..4 {
        let attempt = Attempt::new(&world.token().await, &format!("PF-{n}"));
        let mut reporter = Reporter::new(attempt.enrol(world.port, &world.data()).await.unwrap());
        call(&world, &reporter, reporter.hold(0)).await.unwrap();
        reporter.change();
        devices.push(reporter);
    }
    let long_away = recovery::joined(&world).await;
    world.decide(devices[3].id.parse().unwrap(), JoinState::Revoked).await;
    let [writer, reporting, other, revoked] = &devices[..] else { panic!("four") };
    let report = || CheckInRequest {
        generation: reporting.hold(0).generation,
        plan: reporting.hold(0).plan,
        ..reporting.report()
    };

    store.still.send_replace(true);
    let mut client = writer.client(world.port).await.unwrap();
    let request = writer.report();
    let written = tokio::spawn(async move { client.check_in(request).await });
    let _ = store.waiting.subscribe().wait_for(|waiting| *waiting > 0).await;

    world.clock.forward(Duration::from_secs(3));
    let answer = call(&world, reporting, report()).await.unwrap();
    assert!((60_000..120_000).contains(&answer.wait_ms), "{answer:?}");
    assert!(answer.stored.is_empty() && answer.wanted.is_empty() && answer.sequence == 0, "{answer:?}");
    let heartbeat = call(&world, reporting, reporting.hold(0)).await.unwrap();
    assert_eq!(heartbeat.wait_ms, 0);

    world.clock.forward(Duration::from_secs(3));
    assert!((30..60).contains(&pushed_back(call(&world, reporting, reporting.hold(0)).await)));
    assert!((30..60).contains(&pushed_back(call(&world, reporting, report()).await)));
    // One that lacks what it should hold is told.
    let told = call(&world, other, other.request()).await.unwrap();
    assert!(told.head.is_some() && !told.plan.is_empty(), "{told:?}");

    world.clock.forward(Duration::from_secs(10));
    assert!((10..20).contains(&pushed_back(call(&world, other, other.request()).await)));
    let refused = call(&world, revoked, revoked.request()).await.unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied, "{refused:?}");
    let (chain, key) = operator_identity(&world.data());
    let config = tls::client(&chain[chain.len() - 1].clone(), chain, &key, tls::system_time()).unwrap();
    let mut admin = AdminClient::new(connect(world.port, config).await.unwrap());
    admin.server_status(ServerStatusRequest {}).await.unwrap();

    // Who was away for a summer is let in as soon as the disk moves, and not sent away meanwhile.
    let before = *store.waiting.borrow();
    let moves = async {
        let _ = store.waiting.subscribe().wait_for(|waiting| *waiting > before).await;
        store.still.send_replace(false);
        Ok(())
    };
    let (recovered, ()) = tokio::try_join!(long_away.recovered(&world), moves).unwrap();
    assert!(!recovered.0.quarantined);
    written.await.unwrap().unwrap();
    let answer = call(&world, reporting, report()).await.unwrap();
    assert!(answer.wait_ms == 0 && answer.stored.len() == 2 && answer.sequence == 1, "{answer:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_spreads_those_who_are_held_and_lets_nobody_new_in() {
    const HERD: u32 = 24;
    let Fleet { folder: _folder, mut server, reporters } = Fleet::start(HERD).await;
    let mut calls = Vec::new();
    for reporter in &reporters {
        let mut client = reporter.client(server.port).await.unwrap();
        let request = reporter.hold(600_000);
        calls.push(tokio::spawn(async move { client.check_in(request).await.map(tonic::Response::into_inner) }));
    }
    let mut admin = operator(&server).await;
    let held = async {
        while admin.server_status(ServerStatusRequest {}).await.unwrap().into_inner().held != u64::from(HERD) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), held).await.expect("all are held");
    let port = server.port;
    let status = tokio::task::spawn_blocking(move || (server.stop(), server)).await.unwrap();
    assert!(status.0.success(), "{}", status.1.log_text());
    let mut waits = BTreeSet::new();
    for call in calls {
        waits.insert(call.await.unwrap().unwrap().wait_ms);
    }
    // So few come back within a second, each at a moment of its own.
    assert!(waits.len() > 16 && waits.iter().all(|wait| (1..=1_000).contains(wait)), "{waits:?}");
    assert!(waits.last().unwrap() - waits.first().unwrap() > 500, "{waits:?}");
    until(5, "nobody is let in", || std::net::TcpStream::connect(("127.0.0.1", port)).is_err());
}
