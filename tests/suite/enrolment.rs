//! Joining, and everything that must not let a device in: each with the clear answer it gets.

use identity::tls;
use model::token::{Pin, Token};
use rcgen::{CertificateParams, KeyPair, SanType};
use tempfile::TempDir;
use tests::caller::{Attempt, TestDevice, connect, server_leaf};
use tests::process::ServerProcess;
use tonic::Code;
use wire::v1::enrolment_client::EnrolmentClient;

/// A running server in a temporary folder.
fn server() -> (TempDir, ServerProcess) {
    let folder = tempfile::tempdir().unwrap();
    let mut server = ServerProcess::init(folder.path());
    server.start();
    (folder, server)
}

async fn enrol(server: &ServerProcess, token: &Token, serial: &str) -> Result<TestDevice, tonic::Status> {
    Attempt::new(token, serial).enrol(server.port, &server.data).await
}

fn token(server: &ServerProcess, arguments: &[&str]) -> Token {
    server.token(arguments).parse().unwrap()
}

fn tokens(server: &ServerProcess) -> serde_json::Value {
    server.json(&["token", "list", "--all"])
}

#[tokio::test]
async fn a_unit_token_makes_one_active_device() {
    let (_folder, server) = server();
    let token = token(&server, &["--kind", "unit", "--school", "0951099D"]);
    let device = enrol(&server, &token, "PF-0001").await.unwrap();
    assert!(!device.answer.quarantined);
    let listed = server.json(&["device", "list", "--school", "951099d"]);
    assert_eq!(listed[0]["state"], "active");
    assert_eq!(listed[0]["serial"], "PF-0001");
    // Used up: the same answer as for any other token that is not valid.
    let refused = enrol(&server, &token, "PF-0002").await.map(|_| ()).unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied);
    assert_eq!(tokens(&server)[0]["state"], "used_up");
}

#[tokio::test]
async fn every_bad_token_gets_the_same_answer() {
    let (_folder, server) = server();
    let good = token(&server, &["--kind", "unit"]);
    let revoked = token(&server, &["--kind", "unit"]);
    assert!(server.cartable(&["token", "revoke", &revoked.id.to_string()]).status.success());
    let unknown = Token::new(&[7; 31], good.pin);
    // Right id, wrong secret.
    let mut random = [9; 31];
    random[..5].copy_from_slice(&[0; 5]);
    let text = format!(
        "{}{}",
        &good.to_string().replace('-', "")[..8],
        &Token::new(&random, good.pin).to_string().replace('-', "")[8..54]
    );
    let wrong = with_check(&text);
    let mut answers = Vec::new();
    for bad in [&unknown, &revoked, &wrong] {
        let refused = enrol(&server, bad, "PF-1").await.map(|_| ()).unwrap_err();
        answers.push((refused.code(), refused.message().to_owned()));
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:?}");
    assert_eq!(answers[0].0, Code::PermissionDenied);
    // Ten bad proofs lock the token, even for the one who knows it.
    for _ in 0..9 {
        enrol(&server, &wrong, "PF-1").await.map(|_| ()).unwrap_err();
    }
    let locked = tokens(&server);
    let state = |id: &str| locked.as_array().unwrap().iter().find(|t| t["id"] == id).unwrap()["state"].clone();
    assert_eq!(state(&good.id.to_string()), "locked");
    assert_eq!(enrol(&server, &good, "PF-1").await.map(|_| ()).unwrap_err().message(), answers[0].1);
    assert!(server.json(&["device", "list"]).as_array().unwrap().is_empty());
}

/// Appends the check characters that fit, found by trying.
fn with_check(body: &str) -> Token {
    let alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    let tries = alphabet.chars().flat_map(|a| alphabet.chars().map(move |b| format!("{body}{a}{b}")));
    tries.filter_map(|text| text.parse().ok()).next().expect("one of 1,024 fits")
}

#[tokio::test]
async fn a_wrong_pin_never_gets_as_far_as_a_call() {
    let (_folder, server) = server();
    let good = token(&server, &["--kind", "unit"]);
    let other = Token::new(&[1; 31], Pin::of(b"another root"));
    let refused = connect(server.port, tls::enrolling(other.pin, tls::system_time()).unwrap()).await.unwrap_err();
    assert!(refused.contains("UnknownIssuer"), "{refused}");
    assert!(enrol(&server, &good, "PF-1").await.is_ok());
}

#[tokio::test]
async fn names_in_a_request_are_ignored() {
    let (_folder, server) = server();
    let token = token(&server, &["--kind", "unit"]);
    let mut attempt = Attempt::new(&token, "PF-1");
    let pair = KeyPair::from_pem(&attempt.key_pem).unwrap();
    let mut params = CertificateParams::new(vec!["admin.example".to_owned()]).unwrap();
    params.subject_alt_names.push(SanType::URI("spiffe://cartable/o/doubs/operator/admin".try_into().unwrap()));
    attempt.csr = params.serialize_request(&pair).unwrap().der().to_vec();
    let device = attempt.enrol(server.port, &server.data).await.unwrap();
    let read = identity::caller::certificate_read(&device.chain[0]).unwrap();
    assert!(matches!(read.caller, identity::caller::Caller::Device { .. }), "{read:?}");
}

#[tokio::test]
async fn a_finish_can_be_repeated_and_not_moved() {
    let (_folder, server) = server();
    let token = token(&server, &["--kind", "unit"]);
    let config = || tls::enrolling(token.pin, tls::system_time()).unwrap();
    let mut client = EnrolmentClient::new(connect(server.port, config()).await.unwrap());
    let attempt = Attempt::new(&token, "PF-1");
    let challenge = attempt.start(&mut client).await.unwrap();
    let finish = attempt.finish(&server_leaf(&server.data), &challenge);
    let first = client.finish(finish.clone()).await.unwrap().into_inner();
    // The answer was lost: the same again, on another connection, finds the same device and uses up nothing.
    let mut again = EnrolmentClient::new(connect(server.port, config()).await.unwrap());
    assert_eq!(again.finish(finish.clone()).await.unwrap().into_inner().device, first.device);
    assert_eq!(tokens(&server)[0]["used"], 1);
    // A proof over another server's certificate, another challenge, another request: refused.
    let mut moved = Attempt::new(&token, "PF-2");
    moved.binding = Some(vec![0; 32]);
    let challenge = moved.start(&mut client).await.unwrap();
    let refused = client.finish(moved.finish(&server_leaf(&server.data), &challenge)).await.unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied);
    let mut swapped = finish.clone();
    swapped.csr = Attempt::new(&token, "PF-3").csr;
    assert_eq!(client.finish(swapped).await.unwrap_err().code(), Code::PermissionDenied);
    let mut stale = finish;
    stale.challenge = vec![0; 16];
    assert_eq!(client.finish(stale).await.unwrap_err().code(), Code::FailedPrecondition);
    assert_eq!(server.json(&["device", "list"]).as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_kit_token_lets_the_listed_in_and_the_others_wait() {
    let (_folder, server) = server();
    server.kit("K-12", "laptop");
    let kit = ["--kind", "kit", "--uses", "3", "--kit", "K-12", "--slot", "laptop", "--serial", "PF-1"];
    let token = token(&server, &kit);
    assert!(!enrol(&server, &token, "pf-1").await.unwrap().answer.quarantined);
    let waiting = enrol(&server, &token, "PF-9").await.unwrap();
    assert!(waiting.answer.quarantined);
    // The same serial again is a collision, whatever the list says.
    assert!(enrol(&server, &token, "PF-1").await.unwrap().answer.quarantined);
    let reasons = server.json(&["device", "list", "--state", "quarantined"]);
    let mut reasons: Vec<&str> = reasons.as_array().unwrap().iter().filter_map(|d| d["reason"].as_str()).collect();
    reasons.sort_unstable();
    assert_eq!(reasons, ["not_listed", "same_serial"]);
    let id = server.json(&["device", "list", "--state", "quarantined"])[0]["id"].as_str().unwrap().to_owned();
    assert!(server.cartable(&["device", "approve", &id, "--why", "seen at the desk"]).status.success());
    assert_eq!(server.json(&["device", "show", &id])["state"], "active");
}

/// P6: one token use makes at most one device.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_at_once_on_one_token_make_one_device() {
    let (_folder, server) = server();
    let token = token(&server, &["--kind", "unit"]);
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..32 {
        let (attempt, data, port) = (Attempt::new(&token, &format!("PF-{n}")), server.data.clone(), server.port);
        tasks.spawn(async move { attempt.enrol(port, &data).await.is_ok() });
    }
    let joined = tasks.join_all().await;
    assert_eq!(joined.iter().filter(|ok| **ok).count(), 1);
    assert_eq!(server.json(&["device", "list"]).as_array().unwrap().len(), 1);
}

/// The same over real connections and a store on disk; `joining` does it a thousand times in memory.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sixty_four_devices_with_one_unit_token_become_one() {
    let (_folder, server) = server();
    for round in 1..=5 {
        let token = token(&server, &["--kind", "unit"]);
        let mut uses = tokio::task::JoinSet::new();
        for n in 0..64 {
            let (attempt, port, data) =
                (Attempt::new(&token, &format!("PF-{round}-{n}")), server.port, server.data.clone());
            uses.spawn(async move { attempt.enrol(port, &data).await.map(|_| ()) });
        }
        let (joined, refused): (Vec<_>, Vec<_>) = uses.join_all().await.into_iter().partition(Result::is_ok);
        assert_eq!(joined.len(), 1, "round {round}");
        assert!(refused.iter().all(|r| r.as_ref().is_err_and(|s| s.code() == Code::PermissionDenied)), "{refused:?}");
        assert_eq!(server.json(&["device", "list"]).as_array().unwrap().len(), round);
    }
}
