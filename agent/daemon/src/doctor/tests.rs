use super::*;
use crate::fixture::{NOW, made};
use crate::{Clock, Config};
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

/// A clock that stands.
#[derive(Debug)]
struct At(Timestamp);

#[async_trait::async_trait]
impl Clock for At {
    fn now(&self) -> Timestamp {
        self.0
    }

    fn elapsed(&self) -> Duration {
        Duration::ZERO
    }

    async fn sleep(&self, _while: Duration) {
        std::future::pending().await
    }
}

fn agent(state: &std::path::Path, at: Timestamp) -> Agent {
    Agent::new(Config { state: state.to_owned(), ..Config::default() }, Arc::new(At(at)))
}

fn of(diagnosis: &Diagnosis, check: Check) -> (Outcome, &'static str) {
    let found = diagnosis.findings.iter().find(|finding| finding.check == check).unwrap();
    (found.outcome, found.code)
}

/// A port of loopback where nothing listens.
fn closed_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

#[tokio::test]
async fn every_check_is_named_once_whatever_fails_and_what_depends_on_it_is_not_tried() {
    let made = made(closed_port());
    let seen = agent(made.temporary.path(), NOW).doctor(None).await.unwrap();
    let checks: Vec<_> = seen.findings.iter().map(|finding| finding.check.name()).collect();
    assert_eq!(
        checks,
        ["folder", "disk", "certificate", "name", "reach", "proxy", "trust", "clock", "answer"],
        "{seen:?}"
    );
    assert!(!seen.well());
    assert_eq!(of(&seen, Check::Folder), (Outcome::Ok, "sound"));
    assert_eq!(of(&seen, Check::Certificate), (Outcome::Ok, "valid"));
    assert_eq!(of(&seen, Check::Reach), (Outcome::Fail, "closed"));
    for check in [Check::Proxy, Check::Trust, Check::Clock, Check::Answer] {
        assert_eq!(of(&seen, check), (Outcome::NotTried, "after"));
    }
    // Nothing stays behind.
    assert!(!made.temporary.path().join(crate::state::DOCTOR).exists());
}

#[tokio::test]
async fn clock_and_certificate_are_judged_without_a_network() {
    let made = made(closed_port());
    let path = made.temporary.path();
    let early = agent(path, Timestamp::from_unix_seconds(0)).doctor(None).await.unwrap();
    assert_eq!(of(&early, Check::Clock), (Outcome::Fail, "past"));
    // By what is known to have passed, the certificate holds.
    assert_eq!(of(&early, Check::Certificate).0, Outcome::Ok);
    let day = Duration::from_secs(86_400);
    let late = agent(path, NOW.after(400 * day)).doctor(None).await.unwrap();
    assert_eq!(of(&late, Check::Certificate), (Outcome::Fail, "ended"));
    let soon = agent(path, NOW.after(27 * day)).doctor(None).await.unwrap();
    assert_eq!(of(&soon, Check::Certificate), (Outcome::Warn, "ends_soon"));
}

#[tokio::test]
async fn an_open_folder_and_a_damaged_one_are_named_and_stop_what_depends_on_them() {
    let made = made(closed_port());
    let path = made.temporary.path();
    std::fs::write(path.join("tls.pem"), b"x").unwrap();
    let seen = agent(path, NOW).doctor(None).await.unwrap();
    assert!(matches!(seen.findings[0].error, Some(Error::Damaged { .. })), "{seen:?}");
    assert_eq!(of(&seen, Check::Certificate), (Outcome::NotTried, "after"));
    assert_eq!(seen.findings[8].values, [("check", Fact::Check(Check::Folder))]);
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
    let seen = agent(path, NOW).doctor(None).await.unwrap();
    assert!(matches!(seen.findings[0].error, Some(Error::Open(_))), "{seen:?}");
}

#[test]
fn what_a_configuration_names_is_checked_with_it() {
    let made = made(1);
    let path = made.temporary.path();
    agent(path, NOW).check().unwrap();
    agent(&path.join("nowhere"), NOW).check().unwrap();
    let proxied = |credentials: &str| {
        let config = Config {
            state: path.to_owned(),
            proxy: Some("proxy:3128".to_owned()),
            proxy_credentials: Some(credentials.into()),
            ..Config::default()
        };
        Agent::new(config, Arc::new(At(NOW))).check()
    };
    assert!(matches!(proxied("/nowhere/credentials"), Err(Error::File { .. })));
    std::fs::write(path.join("tls.pem"), b"x").unwrap();
    assert!(matches!(agent(path, NOW).check(), Err(Error::Damaged { .. })));
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o711)).unwrap();
    assert!(matches!(agent(path, NOW).check(), Err(Error::Open(_))));
    let foreign = tempfile::Builder::new().permissions(std::fs::Permissions::from_mode(0o700)).tempdir().unwrap();
    std::fs::write(foreign.path().join("thesis.odt"), b"mine").unwrap();
    assert!(matches!(agent(foreign.path(), NOW).check(), Err(Error::Foreign { .. })));
}

#[tokio::test]
async fn before_an_enrolment_a_server_must_be_named() {
    let temporary = tempfile::tempdir().unwrap();
    let state = temporary.path().join("state");
    let seen = agent(&state, NOW).doctor(None).await.unwrap();
    assert_eq!(of(&seen, Check::Folder), (Outcome::Warn, "absent"));
    assert_eq!(of(&seen, Check::Certificate), (Outcome::Fail, "none"));
    assert_eq!(of(&seen, Check::Answer), (Outcome::NotTried, "after"));
    let server = format!("https://127.0.0.1:{}", closed_port());
    let seen = agent(&state, NOW).doctor(Some(&server)).await.unwrap();
    assert_eq!(of(&seen, Check::Certificate), (Outcome::Warn, "none"));
    assert_eq!(of(&seen, Check::Reach), (Outcome::Fail, "closed"));
    assert!(!state.exists());
    assert!(matches!(agent(&state, NOW).doctor(Some("x")).await, Err(Error::Server(_))));
}

/// A server that shakes hands with this certificate, and hangs up.
async fn greeting(listener: tokio::net::TcpListener, server: identity::issue::Issued, at: Timestamp) {
    let time = Arc::new(JudgingTime::new(Arc::new(At(at)), None));
    let root = server.chain.last().unwrap().clone();
    let config = identity::tls::server(&root, server.chain, &server.key_pem, time).unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    while let Ok((stream, _)) = listener.accept().await {
        // Whoever only knocks hangs up first.
        let _ = acceptor.accept(stream).await;
    }
}

#[tokio::test]
async fn a_foreign_and_an_expired_certificate_are_told_apart() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let made = made(port);
    let late = NOW.after(Duration::from_secs(400 * 86_400));
    let serving = tokio::spawn(greeting(listener, made.server, late));
    let path = made.temporary.path();
    let seen = agent(path, late).doctor(None).await.unwrap();
    assert_eq!(of(&seen, Check::Trust), (Outcome::Fail, "dates"), "{seen:?}");
    // The time is asked for all the same; this server hangs up instead.
    assert_eq!(of(&seen, Check::Clock), (Outcome::Warn, "untold"));
    assert_eq!(of(&seen, Check::Answer), (Outcome::NotTried, "after"));
    // Another name for the same server.
    let server = format!("https://localhost:{port}");
    let seen = agent(path, NOW).doctor(Some(&server)).await.unwrap();
    assert_eq!(of(&seen, Check::Trust), (Outcome::Fail, "name"), "{seen:?}");
    serving.abort();

    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server = format!("https://127.0.0.1:{}", listener.local_addr().unwrap().port());
    let serving = tokio::spawn(greeting(listener, crate::fixture::made(1).server, NOW));
    let seen = agent(path, NOW).doctor(Some(&server)).await.unwrap();
    assert_eq!(of(&seen, Check::Trust), (Outcome::Fail, "foreign"), "{seen:?}");
    assert_eq!(of(&seen, Check::Clock), (Outcome::NotTried, "after"));
    serving.abort();
}
