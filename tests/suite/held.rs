//! Check-ins that are held: answered when something changes, ended by the next one, by a revocation, by a stop.

use identity::tls;
use model::desired::{Cadence, Generation, Head};
use model::digest::Digest;
use model::signed::Signed;
use rustls::HandshakeKind;
use std::sync::Arc;
use std::time::Duration;
use tests::caller::connect_again;
use tests::process::{ServerProcess, until};
use tests::reporter::{Fleet, Reporter, operator};
use tokio::task::JoinHandle;
use tonic::{Code, Status};
use wire::convert::{head_decode, plan_decode, trust_decode};
use wire::v1::device_client::DeviceClient;
use wire::v1::{
    CadenceSetRequest, CheckInRequest, CheckInResponse, DeviceDecideRequest, JoinState, ServerStatusRequest,
};

/// The longest that a test waits, and the server holds.
const LONG: Duration = Duration::from_secs(60);
/// What the issue promises for a revocation.
const SOON: Duration = Duration::from_secs(2);

type Held = JoinHandle<Result<CheckInResponse, Status>>;

/// Begins a check-in that will be held, on a connection of its own, and waits until so many are.
async fn hold(server: &ServerProcess, reporter: &Reporter, request: CheckInRequest, held: u64) -> Held {
    let mut client = reporter.client(server.port).await.unwrap();
    let call = tokio::spawn(async move { client.check_in(request).await.map(tonic::Response::into_inner) });
    held_until(server, held).await;
    call
}

async fn held_until(server: &ServerProcess, count: u64) {
    let mut admin = operator(server).await;
    let counted = async {
        while admin.server_status(ServerStatusRequest {}).await.unwrap().into_inner().held != count {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(LONG, counted).await.expect("so many check-ins are held");
}

async fn ended(call: Held, within: Duration) -> Result<CheckInResponse, Status> {
    tokio::time::timeout(within, call).await.expect("the held check-in ends in time").unwrap()
}

async fn decide(server: &ServerProcess, id: &str, state: JoinState) {
    let request =
        DeviceDecideRequest { device: id.to_owned(), state: state.into(), why: "a test".to_owned(), lost: false };
    operator(server).await.device_decide(request).await.unwrap();
}

async fn cadence_set(server: &ServerProcess, poll_seconds: u32) {
    let cadence = Cadence { poll_seconds, ..Cadence::default() };
    let request = CadenceSetRequest { cadence: Some(cadence.into()), why: "a test".to_owned() };
    operator(server).await.cadence_set(request).await.unwrap();
}

/// The head of an answer, its signature checked with the keys that enrolment told the device to trust.
fn head(reporter: &Reporter, answer: &CheckInResponse) -> Head {
    let trust = trust_decode(&reporter.device.answer.trust.as_ref().unwrap().payload).unwrap();
    let signed = Signed::<Head>::try_from(answer.head.clone().expect("a head")).unwrap();
    head_decode(signed.bytes(&trust.online).expect("signed by the online key")).unwrap()
}

fn first(reporter: &Reporter) -> Generation {
    head_decode(&reporter.device.answer.head.as_ref().unwrap().payload).unwrap().generation
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_of_the_cadence_is_told_to_whom_is_held() {
    let Fleet { folder: _folder, server, reporters } = Fleet::start(2).await;
    let mut calls = Vec::new();
    for (n, reporter) in (1..).zip(&reporters) {
        calls.push(hold(&server, reporter, reporter.hold(600_000), n).await);
    }
    cadence_set(&server, 77).await;
    let mut plans = Vec::new();
    for (call, reporter) in calls.into_iter().zip(&reporters) {
        let answer = ended(call, SOON).await.unwrap();
        let head = head(reporter, &answer);
        assert_eq!(head.device.to_string(), reporter.id);
        assert!(head.generation > first(reporter), "{head:?}");
        assert_eq!(head.plan, Digest::of(&answer.plan));
        assert_eq!(plan_decode(&answer.plan).unwrap().check_in.poll_seconds, 77);
        // Whoever holds the plan is not sent it again, and whoever holds the head is held.
        let knows = CheckInRequest { plan: head.plan.as_bytes().to_vec(), hold_ms: 0, ..reporter.hold(0) };
        let mut client = reporter.client(server.port).await.unwrap();
        let again = client.check_in(knows.clone()).await.unwrap().into_inner();
        assert!(again.head.is_some() && again.plan.is_empty(), "{again:?}");
        let knows = CheckInRequest { generation: Some(head.generation.into()), ..knows };
        let nothing = client.check_in(knows).await.unwrap().into_inner();
        assert!(nothing.head.is_none() && nothing.plan.is_empty(), "{nothing:?}");
        plans.push(answer.plan);
    }
    assert_eq!(plans[0], plans[1], "equal devices share their plan's bytes");
    // A head of one device is none for the other.
    let mut ledger = agent_core::ledger::Ledger::new(reporters[0].id.parse().unwrap(), Digest::of(b"key"));
    let foreign = head_decode(&reporters[1].device.answer.head.as_ref().unwrap().payload).unwrap();
    assert_eq!(ledger.accept(foreign), Err(agent_core::ledger::Refused::NotMine));
    assert_eq!(ledger.held(), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_many_are_told_is_written_for_all_of_them_together() {
    // Of more, a second person would have to agree.
    const MANY: u64 = 9;
    let Fleet { folder: _folder, server, reporters } = Fleet::start(9).await;
    let mut calls = Vec::new();
    for (n, reporter) in (1..).zip(&reporters) {
        calls.push(hold(&server, reporter, reporter.hold(600_000), n).await);
    }
    let mut admin = operator(&server).await;
    let mut revision = async || admin.server_status(ServerStatusRequest {}).await.unwrap().into_inner().revision;
    let before = revision().await;
    cadence_set(&server, 77).await;
    for (call, reporter) in calls.into_iter().zip(&reporters) {
        let answer = ended(call, LONG).await.unwrap();
        assert!(head(reporter, &answer).generation > first(reporter));
    }
    // The change, and what all were told; contacts may be written meanwhile.
    let commits = revision().await - before;
    assert!((2..MANY / 2).contains(&commits), "{commits} commits");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_check_in_ends_the_first() {
    let Fleet { folder: _folder, server, reporters } = Fleet::start(1).await;
    let reporter = &reporters[0];
    let earlier = hold(&server, reporter, reporter.hold(600_000), 1).await;
    let mut client = reporter.client(server.port).await.unwrap();
    let request = reporter.hold(600_000);
    let later = tokio::spawn(async move { client.check_in(request).await.map(tonic::Response::into_inner) });
    assert_eq!(ended(earlier, SOON).await.unwrap_err().code(), Code::Aborted);
    held_until(&server, 1).await;
    assert!(!later.is_finished());
    later.abort();
    let _ = later.await;
    // Gone with its connection.
    held_until(&server, 0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hold_ends_when_it_is_over() {
    let Fleet { folder: _folder, server, reporters } = Fleet::start(1).await;
    let mut client = reporters[0].client(server.port).await.unwrap();
    let answer = client.check_in(reporters[0].hold(300)).await.unwrap().into_inner();
    assert!(answer.head.is_none() && answer.wait_ms == 0 && answer.server_unix_ms > 0, "{answer:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_device_revoked_while_held_is_cut_and_no_session_revives_it() {
    let Fleet { folder: _folder, server, reporters } = Fleet::start(2).await;
    let reporter = &reporters[0];
    let root = reporter.device.chain.last().unwrap();
    let config = tls::client(root, reporter.device.chain.clone(), &reporter.device.key_pem, tls::system_time());
    let config = Arc::new(config.unwrap());
    // The first call brings the ticket.
    let (channel, kind) = connect_again(server.port, &config).await.unwrap();
    assert_eq!(kind, HandshakeKind::Full);
    DeviceClient::new(channel).check_in(reporter.request()).await.unwrap();
    let (channel, kind) = connect_again(server.port, &config).await.unwrap();
    assert_eq!(kind, HandshakeKind::Resumed);
    DeviceClient::new(channel).check_in(reporter.request()).await.unwrap();

    let mine = hold(&server, reporter, reporter.hold(600_000), 1).await;
    let other = hold(&server, &reporters[1], reporters[1].hold(600_000), 2).await;
    decide(&server, &reporter.id, JoinState::Revoked).await;
    let cut = ended(mine, SOON).await.unwrap_err();
    assert_eq!(cut.code(), Code::PermissionDenied, "{cut:?}");
    assert!(cut.message().contains("revoked"), "{cut:?}");

    let (channel, kind) = connect_again(server.port, &config).await.unwrap();
    assert_eq!(kind, HandshakeKind::Resumed);
    let mut client = DeviceClient::new(channel);
    for request in [reporter.request(), reporter.hold(600_000), reporter.report()] {
        let refused = client.check_in(request).await.unwrap_err();
        assert_eq!(refused.code(), Code::PermissionDenied, "{refused:?}");
    }
    assert!(!other.is_finished(), "nobody else is cut");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_tells_whom_is_held_when_to_come_back() {
    let Fleet { folder: _folder, mut server, reporters } = Fleet::start(3).await;
    let mut calls = Vec::new();
    for (n, reporter) in (1..).zip(&reporters) {
        calls.push(hold(&server, reporter, reporter.hold(600_000), n).await);
    }
    let stopped = tokio::task::spawn_blocking(move || {
        let status = server.stop();
        (server, status)
    });
    for call in calls {
        let answer = ended(call, LONG).await.unwrap();
        assert!((1..=60_000).contains(&answer.wait_ms), "{answer:?}");
    }
    let (mut server, status) = stopped.await.unwrap();
    assert!(status.success(), "{}", server.log_text());
    until(5, "the log says so", || server.log_text().contains("held devices are told when to come back"));
    assert!(!server.log_text().contains("were cut"), "{}", server.log_text());
    server.start();
    for reporter in &reporters {
        reporter.check(&server).await;
    }
}
