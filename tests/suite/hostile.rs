//! Callers that mean to keep the server from others.

use model::desired::Plan;
use model::filtering::Filtering;
use std::net::TcpStream;
use std::time::Duration;
use tests::caller::Attempt;
use tests::process::ServerProcess;
use tests::reporter::{Fleet, Reporter, operator};
use tonic::Code;
use wire::v1::{DeviceDecideRequest, JoinState, ServerStatusRequest};

const LONG: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn silent_connections_take_nobodys_turn() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = ServerProcess::init(folder.path());
    // Two handshakes at a time, and forty who begin none.
    let config = std::fs::read_to_string(server.data.join("server.toml")).unwrap();
    std::fs::write(server.data.join("server.toml"), config.replace("handshakes = 256", "handshakes = 2")).unwrap();
    server.start();
    let silent: Vec<TcpStream> = (0..40).map(|_| TcpStream::connect(("127.0.0.1", server.port)).unwrap()).collect();
    let token = server.token(&["--kind", "unit"]).parse().unwrap();
    let joined = Attempt::new(&token, "PF-1").enrol(server.port, &server.data);
    assert!(tokio::time::timeout(Duration::from_secs(8), joined).await.expect("in time").is_ok());
    assert_eq!(silent.len(), 40);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_device_that_calls_too_often_is_told_when_to_come_back() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = ServerProcess::init(folder.path());
    let config = std::fs::read_to_string(server.data.join("server.toml")).unwrap();
    std::fs::write(server.data.join("server.toml"), config.replace("device_burst = 1000000", "device_burst = 5"))
        .unwrap();
    server.start();
    let reporters = Reporter::enrol(&server, 2).await;
    let mut client = reporters[0].client(server.port).await.unwrap();
    for _ in 0..5 {
        client.check_in(reporters[0].request()).await.unwrap();
    }
    let refused = client.check_in(reporters[0].request()).await.unwrap_err();
    assert_eq!(refused.code(), Code::ResourceExhausted);
    assert_eq!(refused.metadata().get("grpc-retry-pushback-ms").unwrap(), "60000");
    // The other one is not kept from anything.
    let mut other = reporters[1].client(server.port).await.unwrap();
    assert!(other.check_in(reporters[1].request()).await.is_ok());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_decision_reaches_a_held_device_at_once() {
    let mut fleet = Fleet::start(1).await;
    let (reporter, server) = (&mut fleet.reporters[0], &fleet.server);
    let id = reporter.id.clone();
    let decide = |state: JoinState| DeviceDecideRequest {
        device: id.clone(),
        state: state.into(),
        why: "test".to_owned(),
        lost: false,
    };
    for (state, quarantined) in [(JoinState::Quarantined, true), (JoinState::Active, false)] {
        let mut client = reporter.client(server.port).await.unwrap();
        // It holds what it was told, or nobody would hold its call.
        while let Some(head) = client.check_in(reporter.hold(0)).await.unwrap().into_inner().head {
            reporter.device.answer.head = Some(head);
        }
        let request = reporter.hold(60_000);
        let call = tokio::spawn(async move { client.check_in(request).await.map(tonic::Response::into_inner) });
        let mut admin = operator(server).await;
        let held = async {
            while admin.server_status(ServerStatusRequest {}).await.unwrap().into_inner().held != 1 {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(LONG, held).await.expect("it is held");
        operator(server).await.device_decide(decide(state)).await.unwrap();
        let answer = tokio::time::timeout(Duration::from_secs(2), call).await.expect("at once").unwrap().unwrap();
        assert_eq!(answer.quarantined, quarantined);
        let plan = client_told(reporter, server).await;
        assert_eq!(
            plan.filtering,
            quarantined.then(|| Box::new(Filtering::strict())),
            "a stranger holds to the strict filter"
        );
    }
}

/// The plan that a device is told which holds none.
async fn client_told(reporter: &Reporter, server: &ServerProcess) -> Plan {
    let mut client = reporter.client(server.port).await.unwrap();
    wire::convert::plan_decode(&client.check_in(reporter.request()).await.unwrap().into_inner().plan).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_calls_what_is_not_for_them_stands_in_the_audit() {
    let mut fleet = Fleet::start(1).await;
    let channel = fleet.reporters[0].device.connect(fleet.server.port).await.unwrap();
    let mut admin = wire::v1::admin_client::AdminClient::new(channel);
    assert_eq!(admin.server_status(ServerStatusRequest {}).await.unwrap_err().code(), Code::PermissionDenied);
    // Refusals are written once a minute and at the end.
    assert!(fleet.server.stop().success());
    let export = fleet.folder.path().join("export.jsonl");
    let made = std::process::Command::new(tests::programs::program("cartable-server"))
        .args(["export", "--lang", "en", "--data"])
        .arg(&fleet.server.data)
        .arg("--to")
        .arg(&export)
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let text = std::fs::read_to_string(&export).unwrap();
    let refusal = text.lines().find(|line| line.contains("admin_call")).expect("an entry");
    assert!(refusal.contains(&fleet.reporters[0].id) && refusal.contains("\"refused\":true"), "{refusal}");
    // Nobody else may read what holds every token's key.
    use std::os::unix::fs::PermissionsExt;
    assert_eq!(std::fs::metadata(&export).unwrap().permissions().mode() & 0o777, 0o600);
}
