//! What whoever runs a server sees of it: figures, health, the list of calls, and a log that names nobody.

use identity::tls;
use model::section::SectionKind;
use model::token::Token;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;
use tests::caller::{Attempt, connect};
use tests::process::{AgentProcess, ServerProcess, free_port, until};
use tests::programs::program;
use tests::reporter::{Fleet, Reporter, operator, operator_identity};
use tonic::Code;
use tonic::transport::Channel;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_reflection::pb::v1::ServerReflectionRequest;
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;
use wire::v1::ServerStatusRequest;
use wire::v1::admin_client::AdminClient;

const LONG: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn prometheus_reads_what_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = ServerProcess::init(folder.path());
    let port = free_port();
    metrics_listen(&server, &format!("127.0.0.1:{port}"));
    server.start();
    let mut reporters = Reporter::enrol(&server, 2).await;
    for reporter in &mut reporters {
        reporter.change();
        let mut client = reporter.client(server.port).await.unwrap();
        reporter.tell(&mut client).await.unwrap();
    }
    let channel = reporters[0].device.connect(server.port).await.unwrap();
    let refused = AdminClient::new(channel).server_status(ServerStatusRequest {}).await.unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied);
    let mut stranger = TcpStream::connect(("127.0.0.1", server.port)).unwrap();
    stranger.write_all(b"GET / HTTP/1.0\r\n\r\n").unwrap();
    let mut client = reporters[1].client(server.port).await.unwrap();
    let request = reporters[1].hold(60_000);
    let held = tokio::spawn(async move { client.check_in(request).await });
    let figure = |name: &str| figure(&scrape(port), name);
    until(60, "a held check-in and a failed handshake", || {
        figure("cartable_held") == 1.0 && figure("cartable_handshakes_total{outcome=\"failed\"}") == 1.0
    });
    let text = scrape(port);
    assert!(text.starts_with("HTTP/1.1 200 OK\r\n"), "{text}");
    assert!(text.contains("content-type: application/openmetrics-text; version=1.0.0; charset=utf-8\r\n"), "{text}");
    assert!(text.ends_with("# EOF\n"), "{text}");
    assert!(figure("cartable_check_ins_total{outcome=\"answered\"}") >= 2.0, "{text}");
    assert_eq!(figure("cartable_check_ins_total{outcome=\"left\"}"), 0.0, "{text}");
    assert_eq!(figure("cartable_refusals_total{act=\"admin_call\",reason=\"not_allowed\"}"), 1.0, "{text}");
    assert!(figure("cartable_handshakes_total{outcome=\"done\"}") >= 4.0, "{text}");
    assert!(figure("cartable_connections") >= 1.0, "{text}");
    assert!(figure("cartable_store_commit_seconds_count") >= 4.0, "{text}");
    assert!(figure("cartable_store_commit_seconds_sum") > 0.0, "{text}");
    assert_eq!(figure("cartable_store_commit_failures_total"), 0.0, "{text}");
    assert!(figure("cartable_certificate_days_left{certificate=\"server\"}") > 30.0, "{text}");
    assert!(figure("cartable_certificate_days_left{certificate=\"intermediate\"}") > 365.0, "{text}");
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(figure(&format!("cartable_build_info{{version=\"{version}\"}}")), 1.0, "{text}");
    // The fleet may have been counted before both had joined: it is counted once a minute. The server's next life counts again.
    held.abort();
    assert!(held.await.unwrap_err().is_cancelled());
    until(60, "the check-in whose caller left", || figure("cartable_check_ins_total{outcome=\"left\"}") == 1.0);
    assert!(server.stop().success());
    server.start();
    let text = scrape(port);
    for (state, count) in [("active", 2.0), ("quarantined", 0.0), ("revoked", 0.0)] {
        assert_eq!(self::figure(&text, &format!("cartable_devices{{state=\"{state}\"}}")), count, "{text}");
    }
    let days = text.lines().filter_map(|line| line.strip_prefix("cartable_device_certificates{days_left="));
    assert_eq!(days.filter_map(|line| line.split(' ').nth(1)?.parse::<u32>().ok()).sum::<u32>(), 2, "{text}");
    assert!(!text.contains(&reporters[0].id), "it names a device: {text}");
    for (request, status) in [("GET / HTTP/1.1", "404"), ("POST /metrics HTTP/1.1", "405"), ("nonsense", "400")] {
        let answer = ask(port, request);
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{request}: {answer}");
    }
}

#[test]
fn metrics_leave_the_machine_on_no_address() {
    let folder = tempfile::tempdir().unwrap();
    let server = ServerProcess::init(folder.path());
    let text = std::fs::read_to_string(server.data.join("server.toml")).unwrap();
    for address in ["0.0.0.0:9464", "[::]:9464", "192.0.2.1:9464"] {
        metrics_listen(&server, address);
        let said = server.start_refused();
        assert!(said.contains("metrics.listen") && said.contains("loopback") && said.contains(address), "{said}");
        std::fs::write(server.data.join("server.toml"), &text).unwrap();
    }
    // A port that is taken is said before anybody is served.
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    metrics_listen(&server, &address);
    let said = server.start_refused();
    assert!(said.contains(&address), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_watches_its_health_is_told_that_it_stops() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = ServerProcess::init(folder.path());
    server.start();
    let token: Token = server.token(&["--kind", "unit"]).parse().unwrap();
    // Without a certificate, as a load balancer asks.
    let mut client = HealthClient::new(stranger(&server, &token).await);
    let about = |service: &str| HealthCheckRequest { service: service.to_owned() };
    for service in ["", "cartable.v1.Device", "cartable.v1.Enrolment", "cartable.v1.Admin"] {
        let health = client.check(about(service)).await.unwrap().into_inner();
        assert_eq!(health.status(), ServingStatus::Serving, "{service}");
    }
    assert_eq!(client.check(about("cartable.v1.Nothing")).await.unwrap_err().code(), Code::NotFound);
    let mut watched = client.watch(about("")).await.unwrap().into_inner();
    let mut unknown = client.watch(about("cartable.v1.Nothing")).await.unwrap().into_inner();
    assert_eq!(watched.message().await.unwrap().unwrap().status(), ServingStatus::Serving);
    assert_eq!(unknown.message().await.unwrap().unwrap().status(), ServingStatus::ServiceUnknown);
    let stopped = tokio::task::spawn_blocking(move || server.stop());
    let last = tokio::time::timeout(LONG, watched.message()).await.expect("in time").unwrap().unwrap();
    assert_eq!(last.status(), ServingStatus::NotServing);
    assert_eq!(watched.message().await.unwrap(), None);
    // Less than the server waits for calls that do not end: a watcher keeps it from nothing.
    assert!(tokio::time::timeout(Duration::from_secs(15), stopped).await.expect("in time").unwrap().success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_staff_are_told_what_may_be_called() {
    let fleet = Fleet::start(1).await;
    let (chain, key) = operator_identity(&fleet.server.data);
    let root = chain.last().unwrap().clone();
    let config = tls::client(&root, chain, &key, tls::system_time()).unwrap();
    let staff = connect(fleet.server.port, config).await.unwrap();
    let services = match reflect(staff.clone(), MessageRequest::ListServices(String::new())).await.unwrap() {
        MessageResponse::ListServicesResponse(list) => list.service.into_iter().map(|service| service.name).collect(),
        _ => Vec::new(),
    };
    for service in ["cartable.v1.Device", "cartable.v1.Enrolment", "cartable.v1.Admin", "grpc.health.v1.Health"] {
        assert!(services.iter().any(|name| name == service), "{service} is not in {services:?}");
    }
    let symbol = MessageRequest::FileContainingSymbol("cartable.v1.Device.CheckIn".to_owned());
    assert!(matches!(reflect(staff, symbol).await, Ok(MessageResponse::FileDescriptorResponse(_))));
    let list = || MessageRequest::ListServices(String::new());
    let device = fleet.reporters[0].device.connect(fleet.server.port).await.unwrap();
    assert_eq!(reflect(device, list()).await.unwrap_err(), Code::PermissionDenied);
    let token: Token = fleet.server.token(&["--kind", "unit"]).parse().unwrap();
    let nobody = stranger(&fleet.server, &token).await;
    assert_eq!(reflect(nobody, list()).await.unwrap_err(), Code::Unauthenticated);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_log_of_a_whole_life_names_nobody() {
    const SERIAL: &str = "ZQ8-SERIAL-41";
    const PERSON: &str = "Camille Dupont";
    let folder = tempfile::tempdir().unwrap();
    let mut server = ServerProcess::init(folder.path());
    // More than an operator sees; what goes wrong on the way is logged only so.
    server.start_with(&["env", "RUST_LOG=debug"]);
    let token: Token = server.token(&["--kind", "unit", "--note", PERSON]).parse().unwrap();
    let mut forged: Token = server.token(&["--kind", "unit"]).parse().unwrap();
    forged.id = token.id;
    assert!(Attempt::new(&forged, SERIAL).enrol(server.port, &server.data).await.is_err());
    let device = Attempt::new(&token, SERIAL).enrol(server.port, &server.data).await.unwrap();
    let mut reporter = Reporter::new(device);
    reporter.change();
    let hardware = model::inventory::Hardware { serial: Some(SERIAL.to_owned()), ..Default::default() };
    reporter.set(SectionKind::Hardware, wire::convert::hardware_encode(&hardware));
    let mut client = reporter.client(server.port).await.unwrap();
    reporter.tell(&mut client).await.unwrap();
    // What a device sends may be senseless, and may itself hold names.
    let senseless = wire::v1::CheckInRequest { boot: PERSON.as_bytes().to_vec(), ..reporter.request() };
    assert_eq!(client.check_in(senseless).await.unwrap_err().code(), Code::InvalidArgument);
    let channel = reporter.device.connect(server.port).await.unwrap();
    assert!(AdminClient::new(channel).server_status(ServerStatusRequest {}).await.is_err());
    // A real agent on this very machine, with all it knows of it.
    let mut agent = AgentProcess::new(folder.path(), "agent", "");
    agent.enrol(&server, &server.token(&["--kind", "unit"]));
    agent.start();
    until(60, "the agent's report is durable", || {
        std::fs::read_to_string(agent.acknowledgements()).is_ok_and(|text| text.lines().count() >= 3)
    });
    assert!(operator(&server).await.server_status(ServerStatusRequest {}).await.is_ok());
    for verb in ["quarantine", "approve", "revoke"] {
        let why = format!("lent to {PERSON}");
        let confirmed: &[&str] = if verb == "revoke" { &["--yes"] } else { &[] };
        let done = server.cartable(&[&["device", verb, &reporter.id, "--why", &why], confirmed].concat());
        assert!(done.status.success(), "{verb}: {}", String::from_utf8_lossy(&done.stderr));
    }
    assert_eq!(client.check_in(reporter.request()).await.unwrap_err().code(), Code::PermissionDenied);
    assert!(server.stop().success());
    let log = server.log_text();
    assert!(log.contains("\"level\":\"DEBUG\"") && log.contains("stopped"), "{log}");
    let mut names = vec![SERIAL.to_owned(), PERSON.to_owned(), "Dupont".to_owned()];
    let system = ["/etc/hostname", "/sys/class/dmi/id/product_serial", "/sys/class/dmi/id/board_serial"];
    names.extend(system.iter().filter_map(|path| std::fs::read_to_string(path).ok()));
    names.extend(["USER", "LOGNAME"].iter().filter_map(|name| std::env::var(name).ok()));
    // What every machine has is nobody's name.
    let common = ["", "localhost", "root", "None", "0", "Not Specified"];
    for name in names.iter().map(|name| name.trim()).filter(|name| !common.contains(name)) {
        assert!(!log.contains(name), "the log holds {name:?}: {log}");
    }
    let address = log.lines().find(|line| addresses(line) > 0);
    assert_eq!(address, None, "the log holds an address");
}

#[test]
fn an_address_is_found_wherever_it_stands() {
    for (line, count) in [
        ("{\"peer\":\"127.0.0.1:41234\"}", 1),
        ("from [2001:db8::7]:443 and 10.0.0.1.", 2),
        ("fe80::1 went away", 1),
        ("version 0.1.0 at 12:31:07.5, controlplane::listen, 2026-11-22T16:11:18.123456Z", 0),
    ] {
        assert_eq!(addresses(line), count, "{line}");
    }
}

#[test]
fn shells_and_manuals_know_the_server() {
    let folder = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| {
        let out = std::process::Command::new(program("cartable-server")).args(arguments).output().unwrap();
        assert!(out.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&out.stderr));
        String::from_utf8(out.stdout).unwrap()
    };
    assert!(run(&["completion", "fish"]).contains("complete -c cartable-server"));
    let to = folder.path().join("man");
    run(&["man", "--lang", "fr", "--to", to.to_str().unwrap()]);
    assert!(page(&to, "cartable-server.1").contains("serveur"));
    run(&["man", "--lang", "en", "--to", to.to_str().unwrap()]);
    assert!(page(&to, "cartable-server-export.1").contains("JSON lines"));
}

/// How many IP addresses stand in a text.
fn addresses(text: &str) -> usize {
    let parts = text.split(|c: char| !(c.is_ascii_hexdigit() || ".:".contains(c)));
    let parts = parts.map(|part| part.trim_end_matches(['.', ':']));
    let is_one = |part: &str| {
        let host = part.split_once(':').map_or(part, |(host, _)| host);
        // `::` alone is how Rust names modules, and no address of anybody.
        host.parse::<std::net::Ipv4Addr>().is_ok()
            || part.parse::<std::net::Ipv6Addr>().is_ok_and(|address| !address.is_unspecified())
    };
    parts.filter(|part| part.len() > 3 && is_one(part)).count()
}

async fn reflect(channel: Channel, ask: MessageRequest) -> Result<MessageResponse, Code> {
    let request = ServerReflectionRequest { host: String::new(), message_request: Some(ask) };
    let mut client = ServerReflectionClient::new(channel);
    let answers = client.server_reflection_info(once(request)).await.map_err(|status| status.code())?;
    let answer = answers.into_inner().message().await.map_err(|status| status.code())?.expect("an answer");
    Ok(answer.message_response.expect("a message"))
}

/// One question as a stream.
fn once<T: Send + 'static>(one: T) -> impl tonic::IntoStreamingRequest<Message = T> {
    tonic::codegen::tokio_stream::once(one)
}

/// A connection without a certificate.
async fn stranger(server: &ServerProcess, token: &Token) -> Channel {
    connect(server.port, tls::enrolling(token.pin, tls::system_time()).unwrap()).await.unwrap()
}

pub(crate) fn metrics_listen(server: &ServerProcess, address: &str) {
    let path = server.data.join("server.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.contains("[metrics]\n"), "{text}");
    std::fs::write(&path, text.replace("[metrics]\n", &format!("[metrics]\nlisten = \"{address}\"\n"))).unwrap();
}

pub(crate) fn scrape(port: u16) -> String {
    ask(port, "GET /metrics HTTP/1.1")
}

fn ask(port: u16, request: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.write_all(format!("{request}\r\nHost: localhost\r\n\r\n").as_bytes()).unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    text
}

/// The figure of this name with these labels; zero when it was never counted.
fn figure(text: &str, name: &str) -> f64 {
    let lines = text.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    lines.map(|figure| figure.parse::<f64>().unwrap()).next().unwrap_or_default()
}

fn page(folder: &Path, name: &str) -> String {
    std::fs::read_to_string(folder.join(name)).unwrap()
}

/// What `run` would fail over, `--check-config` says beforehand.
#[test]
fn check_config_looks_at_keys_and_dates() {
    use std::process::Command;
    let folder = tempfile::tempdir().unwrap();
    let server = ServerProcess::init(folder.path());
    let other = ServerProcess::init(&folder.path().join("other"));
    let checked = || {
        let mut command = Command::new(program("cartable-server"));
        command.args(["run", "--check-config", "--lang", "en", "--data"]).arg(&server.data);
        let out = command.output().unwrap();
        (out.status.success(), String::from_utf8_lossy(&out.stderr).into_owned())
    };
    assert!(checked().0);
    let key = server.data.join("ca/server.key");
    let own = std::fs::read(&key).unwrap();
    std::fs::copy(other.data.join("ca/server.key"), &key).unwrap();
    let (good, said) = checked();
    assert!(!good && said.contains("server"), "{said}");
    std::fs::write(&key, own).unwrap();
    assert!(checked().0);
}
