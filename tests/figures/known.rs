//! Devices that are known but away: what they cost in memory and on the disk, how soon a server that knows many is there, and how soon it
//! lists them.

#![allow(clippy::disallowed_methods, reason = "a measurement reads the clock")]

mod fill;
mod polling;
mod year;

use crate::meter::{anonymous_mib, cpu, resident_mib};
use crate::row::{Report, Row};
use controlplane_core::store::SharedStore;
use controlplane_store::{Config, Embedded};
use fill::{Fill, school};
use identity::issue::chain_of_pem;
use identity::tls;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tests::caller::connect;
use tests::process::ServerProcess;
use tonic::transport::Channel;
use wire::v1::admin_client::AdminClient;
use wire::v1::{DeviceListRequest, DeviceListResponse, PolicyCheckRequest, ServerStatusRequest};

/// How many devices are known; the last with `--full` only.
const KNOWN: [usize; 3] = [10_000, 100_000, 1_000_000];
/// Takes the place of these numbers: for a look that need not be the figure.
const VARIABLE: &str = "CARTABLE_FIGURES_KNOWN";
/// One of `lists`, `year`, `polling`: only its rows.
const ONLY: &str = "CARTABLE_FIGURES_KNOWN_ONLY";
/// How often a list is asked for.
const ASKED: usize = 50;
/// Whether a server does anything by itself is looked at so often.
const LOOK: Duration = Duration::from_millis(500);

/// The area by itself.
pub(crate) fn measure(full: bool) -> Report {
    Report { area: "known", rows: known(full) }
}

/// The rows of devices that are known but away.
pub(crate) fn known(full: bool) -> Vec<Row> {
    let only = std::env::var(ONLY).ok();
    let wanted = |name: &str| only.as_deref().is_none_or(|only| only == name);
    let mut rows = Vec::new();
    if wanted("lists") {
        rows.extend(lists(full));
    }
    if wanted("year") {
        rows.extend(year::rows(full));
    }
    if wanted("polling") {
        rows.extend(polling::rows());
    }
    rows
}

fn numbers(full: bool) -> Vec<usize> {
    match std::env::var(VARIABLE) {
        Ok(text) => text.split(',').map(|n| n.trim().parse().expect("numbers of devices")).collect(),
        Err(_) => KNOWN[..if full { 3 } else { 2 }].to_vec(),
    }
}

fn lists(full: bool) -> Vec<Row> {
    let mut rows = Vec::new();
    let empty = memory_of(0, &mut rows);
    for known in numbers(full) {
        let mib = memory_of(known, &mut rows);
        // The last ones are the most, and say most of what one costs.
        let each = (mib - empty) * 1024.0 * 1024.0 / known as f64;
        rows.push(Row::less(of(known, "server memory for each"), each, "B").within(600.0, 200.0));
    }
    rows
}

/// Fills a folder with so many devices, starts a server on it and asks; what it holds in the end, in MiB.
fn memory_of(known: usize, rows: &mut Vec<Row>) -> f64 {
    let runtime = runtime();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut server = ServerProcess::init(folder.path());
    if known > 0 {
        eprintln!("{known} devices are written …");
        let began = Instant::now();
        runtime.block_on(filled(&server.data.join("store"), known));
        rows.push(Row::less(of(known, "written, with their inventory"), began.elapsed().as_secs_f64(), "s"));
        let kib = folder_bytes(&server.data.join("store")) as f64 / 1024.0 / known as f64;
        rows.push(Row::less(of(known, "disk for each, just written"), kib, "KiB"));
        // What the fill left in the journal is replayed by nobody, and the index is there before anybody asks.
        server.start();
        runtime.block_on(indexed(&server, known));
        assert!(server.stop().success());
    }
    eprintln!("{known} devices are known …");
    let began = Instant::now();
    server.start();
    let mut client = runtime.block_on(client(&server));
    let page = runtime.block_on(list(&mut client, DeviceListRequest::default()));
    let there = began.elapsed();
    assert_eq!(page.devices.len(), known.min(100));
    if known > 0 {
        rows.push(Row::less(of(known, "start, to the first list"), there.as_secs_f64(), "s").within(15.0, 3.0));
        runtime.block_on(asked(&mut client, known, rows));
    }
    let pid = server.pid();
    quiet(pid);
    let (resident, own) = (resident_mib(pid), anonymous_mib(pid));
    eprintln!("{known} known: {resident:.1} MiB resident, {own:.1} of its own");
    rows.push(Row::less(of(known, "server memory, all in all"), resident, "MiB"));
    if known > 0 {
        let before = cpu(pid);
        let began = Instant::now();
        let status = runtime.block_on(client_status(&mut client));
        assert_eq!(status, known as u64);
        rows.push(Row::less(of(known, "counted by state"), began.elapsed().as_secs_f64() * 1e3, "ms"));
        rows.push(Row::less(
            of(known, "counted by state"),
            cpu(pid).saturating_sub(before).as_secs_f64() * 1e3,
            "ms CPU",
        ));
    }
    drop(client);
    if known > 0 {
        server.kill();
        let began = Instant::now();
        server.start();
        runtime.block_on(async { list(&mut self::client(&server).await, DeviceListRequest::default()).await });
        rows.push(Row::less(of(known, "start after kill -9"), began.elapsed().as_secs_f64(), "s"));
    }
    server.kill();
    resident
}

async fn filled(folder: &Path, known: usize) {
    let (store, _) = Embedded::open(Config::new(folder)).expect("a store");
    let embedded = Arc::new(store);
    let store: SharedStore = Arc::<Embedded>::clone(&embedded);
    Fill::of(known).write(&store).await;
    drop(store);
    embedded.close().await.expect("it closes");
}

/// Waits until a list by school finds all of a school: the index of a store that was written past the server is built.
async fn indexed(server: &ServerProcess, known: usize) {
    let mut client = client(server).await;
    let request = DeviceListRequest { school: school(1, known).to_string(), ..Default::default() };
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(600) {
        quiet(server.pid());
        if list(&mut client, request.clone()).await.devices.len() == 100.min(known) {
            return;
        }
    }
    panic!("the index is not built");
}

/// How soon a server that knows so many answers.
async fn asked(client: &mut AdminClient<Channel>, known: usize, rows: &mut Vec<Row>) {
    let first = DeviceListRequest::default();
    let (_, (median, slowest)) = often(client, &first).await;
    rows.push(Row::less(of(known, "first page of 100"), median, "ms").within(100.0, 20.0));
    rows.push(Row::less(of(known, "first page of 100, slowest"), slowest, "ms"));
    let cold = DeviceListRequest { school: school(2, known).to_string(), ..first.clone() };
    let began = Instant::now();
    let page = list(client, cold).await;
    rows.push(Row::less(
        of(known, "first page of a school nobody looked at"),
        began.elapsed().as_secs_f64() * 1e3,
        "ms",
    ));
    assert_eq!(page.devices.len(), 100);
    let by_school = DeviceListRequest { school: school(1, known).to_string(), ..first.clone() };
    let (page, (median, slowest)) = often(client, &by_school).await;
    assert!(page.devices.len() == 100 && page.devices.iter().all(|device| device.school == by_school.school));
    rows.push(Row::less(of(known, "first page of a school"), median, "ms").within(100.0, 20.0));
    rows.push(Row::less(of(known, "first page of a school, slowest"), slowest, "ms"));
    let next = DeviceListRequest { after: page.next, ..by_school.clone() };
    rows.push(Row::less(of(known, "second page of a school"), often(client, &next).await.1.0, "ms"));
    for (name, layer) in [
        ("policy plan of a school", format!("school:{}", by_school.school)),
        ("policy plan of all", "territory".to_owned()),
    ] {
        let text = "[both]\nblock = [\"adult\"]".to_owned();
        let request = PolicyCheckRequest { layer, text, ..Default::default() };
        let began = Instant::now();
        client.policy_check(request).await.expect("a plan");
        rows.push(Row::less(of(known, name), began.elapsed().as_secs_f64() * 1e3, "ms"));
    }
}

async fn often(client: &mut AdminClient<Channel>, request: &DeviceListRequest) -> (DeviceListResponse, (f64, f64)) {
    let (mut times, mut last) = (Vec::new(), None);
    for _ in 0..ASKED {
        let began = Instant::now();
        last = Some(list(client, request.clone()).await);
        times.push(began.elapsed().as_secs_f64() * 1e3);
    }
    times.sort_by(f64::total_cmp);
    (last.expect("asked above"), (times[times.len() / 2], times[times.len() - 1]))
}

async fn list(client: &mut AdminClient<Channel>, request: DeviceListRequest) -> DeviceListResponse {
    client.device_list(request).await.expect("an answer").into_inner()
}

async fn client_status(client: &mut AdminClient<Channel>) -> u64 {
    client.server_status(ServerStatusRequest {}).await.expect("an answer").into_inner().devices_active
}

async fn client(server: &ServerProcess) -> AdminClient<Channel> {
    let read = |file: &str| std::fs::read_to_string(server.data.join("operator").join(file)).expect("a file");
    let chain = chain_of_pem(&read("operator.pem")).expect("a chain");
    let root = chain.last().expect("a root").clone();
    let config = tls::client(&root, chain, &read("operator.key"), tls::system_time()).expect("a configuration");
    let channel = connect(server.port, config).await.expect("a connection");
    AdminClient::new(channel).max_decoding_message_size(8 * 1024 * 1024)
}

/// Waits until a process has done next to nothing for a second: what it does at its start is over. Threads that end take their time with them.
fn quiet(pid: u32) {
    let mut calm = 0;
    while calm < 2 {
        let before = cpu(pid);
        std::thread::sleep(LOOK);
        calm = if cpu(pid).saturating_sub(before) < LOOK / 50 { calm + 1 } else { 0 };
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime")
}

/// What a folder's files take on the disk.
fn folder_bytes(folder: &Path) -> u64 {
    use std::os::unix::fs::MetadataExt;
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let bytes = entries.map(|entry| match entry.metadata() {
        Ok(meta) if meta.is_dir() => folder_bytes(&entry.path()),
        Ok(meta) => meta.blocks() * 512,
        Err(_) => 0,
    });
    bytes.sum()
}

/// A row's name.
fn of(known: usize, what: &str) -> &'static str {
    let known = match known {
        0 => "no device".to_owned(),
        n if n.is_multiple_of(1_000_000) => format!("{} M known", n / 1_000_000),
        n if n.is_multiple_of(1_000) => format!("{} k known", n / 1_000),
        n => format!("{n} known"),
    };
    Box::leak(format!("{known}: {what}").into_boxed_str())
}
