//! Hostile HTTP/2 against a real server, made by hand in Python (`tests/foreign/attack.py`), while an honest device goes on calling.
//!
//! Each attack ends with the connection closed or with an answer, within a bound; the server's memory stays what it was; and nobody
//! else waits.

use identity::issue::{chain_to_pem, pin_of};
use identity::tls;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tests::caller::{connect, connect_again};
use tests::process::ServerProcess;
use tests::python::python;
use tests::reporter::{Fleet, Reporter};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use wire::v1::device_client::DeviceClient;

/// The longest that an honest device may wait while everything else goes on; this machine builds and tests at the same time.
const HONEST_MAX: Duration = Duration::from_secs(5);
/// What the server may grow by, at any moment and in the end.
const GROWTH_KIB: u64 = 48 * 1024;
/// Pings that a device's budget of two spans of four seconds pays for: 17 bytes each, without what TLS adds.
const PINGS_MAX: u64 = 2 * 1024 * 1024 / 17;
/// As many attacks at a time as make sense on two processors.
const AT_A_TIME: usize = 4;

/// How an attack has to end.
#[derive(Clone, Copy, Debug)]
enum End {
    /// Closed within so many seconds.
    Closed(f64),
    /// Closed, with an HTTP/2 error code if the answer came through before the reset.
    Goaway(u64),
    /// Answered with a gRPC status.
    Grpc(&'static str),
    /// Answered with an HTTP status.
    Http(&'static str),
    /// Answered no more often than the budget allows.
    Pings,
}

/// Who attacks.
#[derive(Clone, Copy, Debug)]
enum By {
    Stranger,
    Device,
}

use By::{Device, Stranger};
use End::{Closed, Goaway, Grpc, Http, Pings};

/// Those which last are begun first.
const ATTACKS: &[(&str, By, f64, End)] = &[
    ("slow_body", Device, 30.0, Grpc("4")),
    ("slow_headers", Device, 30.0, Goaway(11)),
    ("headers_unended", Device, 20.0, Closed(12.0)),
    ("preface_only", Device, 20.0, Closed(12.0)),
    ("preface_only", Stranger, 20.0, Closed(12.0)),
    ("silence", Stranger, 20.0, Closed(12.0)),
    ("rapid_reset", Device, 10.0, Goaway(11)),
    ("rapid_reset", Stranger, 10.0, Goaway(11)),
    ("made_you_reset", Device, 10.0, Closed(5.0)),
    ("continuation_flood", Device, 10.0, Closed(8.0)),
    ("continuation_flood", Stranger, 10.0, Closed(8.0)),
    ("continuation_empty", Device, 10.0, Goaway(11)),
    ("headers_large", Device, 10.0, Http("431")),
    ("header_bomb", Device, 10.0, Goaway(11)),
    ("streams_many", Device, 10.0, Goaway(11)),
    ("message_large", Device, 10.0, Grpc("11")),
    ("message_lies", Device, 10.0, Grpc("11")),
    ("window_overflow", Device, 10.0, Goaway(3)),
    ("window_ignored", Device, 10.0, Goaway(3)),
    ("data_empty", Device, 10.0, Goaway(11)),
    ("ping_flood", Stranger, 10.0, Closed(8.0)),
    ("ping_unread", Stranger, 10.0, Closed(8.0)),
    ("settings_flood", Stranger, 10.0, Closed(8.0)),
    ("settings_unread", Stranger, 10.0, Closed(8.0)),
    ("window_flood", Stranger, 10.0, Closed(8.0)),
    ("priority_flood", Stranger, 10.0, Closed(8.0)),
    ("ping_flood", Device, 6.0, Pings),
    ("http_1", Stranger, 10.0, Closed(5.0)),
    ("rubbish", Stranger, 10.0, Closed(5.0)),
];

/// Where the attacks find what they need.
struct Ground {
    python: PathBuf,
    folder: PathBuf,
    port: u16,
}

impl Ground {
    async fn attack(&self, name: &'static str, seconds: f64, device: Option<&Reporter>) -> Value {
        let mut command = Command::new(&self.python);
        command.env("PYTHONDONTWRITEBYTECODE", "1");
        command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("foreign/attack.py"));
        command.args(["--port", &self.port.to_string(), "--seconds", &seconds.to_string(), "--root"]);
        command.arg(self.folder.join("server/operator/root.pem"));
        if let Some(device) = device {
            let (chain, key) = (self.folder.join(&device.id), self.folder.join(format!("{}.key", device.id)));
            std::fs::write(&chain, chain_to_pem(&device.device.chain)).unwrap();
            std::fs::write(&key, &device.device.key_pem).unwrap();
            command.arg("--chain").arg(chain).arg("--key").arg(key);
        }
        command.arg(name);
        let out = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
        assert!(out.status.success(), "{name}: {}", String::from_utf8_lossy(&out.stderr));
        serde_json::from_slice(&out.stdout).unwrap()
    }
}

fn judge(what: &str, end: End, came: &Value) {
    let closed = came["closed"].as_f64();
    match end {
        Closed(most) => assert!(closed.is_some_and(|closed| closed <= most), "{what}: {came}"),
        Goaway(code) => {
            let said = came["goaway"].as_u64();
            assert!(closed.is_some() && said.is_none_or(|said| said == code), "{what}: {came}");
        }
        Grpc(status) => assert_eq!(came["grpc"], status, "{what}: {came}"),
        Http(status) => assert_eq!(came["status"], status, "{what}: {came}"),
        Pings => {
            let answered = came["got"]["PingFrame"].as_u64().unwrap();
            assert!((1_000..=PINGS_MAX).contains(&answered), "{what}: {came}");
        }
    }
}

/// A field of `/proc/PID/status`, in KiB.
fn memory_kib(server: &ServerProcess, field: &str) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{}/status", server.pid())).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix(field)).unwrap();
    line.trim_matches(|c: char| !c.is_ascii_digit()).parse().unwrap()
}

/// Calls again and again, on a new connection and on the same; the longest that it waited, and how often it called.
async fn honest(reporter: Reporter, port: u16, over: Arc<AtomicBool>) -> (Duration, u32) {
    let mut kept = reporter.client(port).await.unwrap();
    let (mut longest, mut count) = (Duration::ZERO, 0);
    while !over.load(Ordering::Relaxed) {
        let begun = tokio::time::Instant::now();
        let mut fresh = reporter.client(port).await.unwrap();
        fresh.check_in(reporter.request()).await.unwrap();
        kept.check_in(reporter.request()).await.unwrap();
        longest = longest.max(begun.elapsed());
        count += 1;
        tokio::task::yield_now().await;
    }
    (longest, count)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_frames_keep_the_server_from_honest_devices() {
    let Some(python) = python("h2", "hyperframe.frame, hpack") else { return };
    // Each attacker is a device of its own: what one does with several connections is another matter.
    let attackers = u32::try_from(ATTACKS.len()).unwrap();
    let Fleet { folder, server, mut reporters } = Fleet::start(attackers + 1).await;
    let over = Arc::new(AtomicBool::new(false));
    let honest = tokio::spawn(honest(reporters.pop().unwrap(), server.port, over.clone()));
    let before = memory_kib(&server, "VmRSS:");
    let ground = Arc::new(Ground { python, folder: folder.path().to_owned(), port: server.port });
    let turns = Arc::new(Semaphore::new(AT_A_TIME));
    let mut attacks = JoinSet::new();
    for ((name, by, seconds, end), reporter) in ATTACKS.iter().copied().zip(reporters) {
        let (ground, turns) = (ground.clone(), turns.clone());
        attacks.spawn(async move {
            // Whoever only waits takes nobody's turn.
            let _turn = if seconds > 15.0 { None } else { Some(turns.acquire().await.unwrap()) };
            let device = matches!(by, Device).then_some(&reporter);
            judge(&format!("{name} by {by:?}"), end, &ground.attack(name, seconds, device).await);
        });
    }
    while let Some(attack) = attacks.join_next().await {
        attack.unwrap();
    }
    over.store(true, Ordering::Relaxed);
    let (longest, count) = honest.await.unwrap();
    assert!(longest < HONEST_MAX && count >= 20, "an honest device called {count} times and waited {longest:?}");
    for field in ["VmRSS:", "VmHWM:"] {
        let after = memory_kib(&server, field);
        assert!(after < before + GROWTH_KIB, "{field} {before} KiB before, {after} after");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_one_device_the_oldest_connections_give_way() {
    let Fleet { folder: _folder, server, reporters } = Fleet::start(2).await;
    let mut other = reporters[1].client(server.port).await.unwrap();
    let device = &reporters[0].device;
    let config = tls::client(device.chain.last().unwrap(), device.chain.clone(), &device.key_pem, tls::system_time());
    let config = Arc::new(config.unwrap());
    let mut clients = Vec::new();
    for _ in 0..6 {
        // Unlike others, this one does not connect again by itself.
        let mut client = DeviceClient::new(connect_again(server.port, &config).await.unwrap().0);
        client.check_in(reporters[0].request()).await.unwrap();
        clients.push(client);
    }
    for (n, client) in clients.iter_mut().enumerate() {
        assert_eq!(client.check_in(reporters[0].request()).await.is_ok(), n >= 2, "connection {n}");
    }
    other.check_in(reporters[1].request()).await.unwrap();
}

/// More who say nothing than a quarter of all connections, and more without a certificate than there is room for.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn strangers_leave_room_for_devices() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = ServerProcess::init(folder.path());
    let config = std::fs::read_to_string(server.data.join("server.toml")).unwrap();
    let config = config.replace("connections = 19000", "connections = 400");
    std::fs::write(server.data.join("server.toml"), config).unwrap();
    server.start();
    let reporters = Reporter::enrol(&server, 1).await;
    let silent: Vec<_> = (0..300).map(|_| std::net::TcpStream::connect(("127.0.0.1", server.port)).unwrap()).collect();
    let pin = reporters[0].device.chain.last().map(|root| pin_of(root).unwrap()).unwrap();
    let mut strangers = Vec::new();
    for _ in 0..300 {
        let config = tls::enrolling(pin, tls::system_time()).unwrap();
        strangers.extend(connect(server.port, config).await);
    }
    let called = async {
        let mut client = reporters[0].client(server.port).await.unwrap();
        client.check_in(reporters[0].request()).await.unwrap();
    };
    tokio::time::timeout(HONEST_MAX, called).await.expect("a device is served meanwhile");
    assert_eq!(silent.len(), 300);
}
