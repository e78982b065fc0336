//! Area `core`: the main job on the server and on the device.

use crate::fleet::{Member, all, enrol};
use crate::meter::{cpu, resident_mib};
use crate::row::{Report, Row};
use crate::{agent, durable, planning};
use model::inventory::{Package, Packages};
use std::time::Duration;
use tests::process::ServerProcess;
use tests::programs::program;
use wire::convert::packages_encode;

/// Devices that call at the same time: what a server carries matters when many do.
const FLEET: usize = 256;
const COLD_EACH: usize = 6;
const WARM_EACH: usize = 120;
const REPORTS_EACH: usize = 30;

/// Measures everything, one thing at a time.
pub(crate) fn measure(full: bool) -> Report {
    let _ = program("cartable");
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    let idle = Duration::from_secs(if full { 600 } else { 120 });
    let rows = runtime.block_on(async {
        let mut rows = Vec::new();
        eprintln!("planning …");
        rows.extend(planning::measure().await);
        eprintln!("store …");
        rows.push(durable::measure().await);
        eprintln!("server …");
        let folder = tempfile::tempdir().expect("a temporary folder");
        rows.extend(server(folder.path()).await);
        eprintln!("agent, {} idle minutes …", idle.as_secs() / 60);
        let folder = tempfile::tempdir().expect("a temporary folder");
        rows.extend(agent::measure(folder.path(), idle).await);
        rows
    });
    Report { area: "core", rows }
}

/// Planning alone.
pub(crate) fn measure_planning() -> Report {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    Report { area: "planning", rows: runtime.block_on(planning::measure()) }
}

/// The agent's part alone, with what its package weighs.
pub(crate) fn measure_agent(full: bool) -> Report {
    let _ = program("cartable");
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    let idle = Duration::from_secs(if full { 600 } else { 120 });
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut rows = agent::package();
    eprintln!("agent, {} idle minutes …", idle.as_secs() / 60);
    rows.extend(runtime.block_on(agent::measure(folder.path(), idle)));
    Report { area: "agent", rows }
}

/// The server's part alone.
pub(crate) fn measure_server() -> Report {
    let _ = program("cartable");
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    let folder = tempfile::tempdir().expect("a temporary folder");
    Report { area: "server", rows: runtime.block_on(server(folder.path())) }
}

/// The server's processor time for cold, warm and reporting check-ins, over real mutual TLS.
async fn server(folder: &std::path::Path) -> Vec<Row> {
    let mut server = ServerProcess::init(folder);
    server.start();
    let (port, pid) = (server.port, server.pid());
    let started = resident_mib(pid);
    let members = enrol(&server, FLEET).await;

    let before = cpu(pid);
    let members = all(members, move |mut member| async move {
        for _ in 0..COLD_EACH {
            let mut client = member.connect(port).await;
            member.check_in(&mut client, Vec::new()).await;
        }
        member
    })
    .await;
    let cold = micros(cpu(pid) - before, FLEET * COLD_EACH);

    let held = resident_mib(pid);
    let members = all(members, move |mut member| async move {
        let mut client = member.connect(port).await;
        member.check_in(&mut client, Vec::new()).await;
        member
    })
    .await;
    let connected = all_connected(members, port).await;
    let before = cpu(pid);
    let connected = warm(connected).await;
    let warm_cost = micros(cpu(pid) - before, FLEET * WARM_EACH);

    let before = cpu(pid);
    reports(connected).await;
    let report = micros(cpu(pid) - before, FLEET * REPORTS_EACH);
    let end = resident_mib(pid);
    server.stop();
    vec![
        Row::less("server: cold check-in with its full handshake", cold, "us CPU").within(700.0, 500.0),
        Row::less("server: warm check-in, nothing changed, 256 devices at once", warm_cost, "us CPU")
            .within(67.0, 50.0),
        Row::less("server: the same with a changed 2 KiB section, durable", report, "us CPU").within(200.0, 120.0),
        Row::more("server: such check-ins", 1e6 / report, "/core-s").within(5_000.0, 8_000.0),
        Row::less("server: memory at start", started, "MiB"),
        Row::less("server: memory after the cold check-ins", held, "MiB"),
        Row::less("server: memory at the end", end, "MiB"),
    ]
}

type Connected = (Member, wire::v1::device_client::DeviceClient<tonic::transport::Channel>);

async fn all_connected(members: Vec<Member>, port: u16) -> Vec<Connected> {
    let mut connected = Vec::new();
    for member in members {
        let client = member.connect(port).await;
        connected.push((member, client));
    }
    // One call each, so that no handshake is left for the measurement.
    each(connected, |_| Vec::new(), 1).await
}

async fn warm(connected: Vec<Connected>) -> Vec<Connected> {
    each(connected, |_| Vec::new(), WARM_EACH).await
}

async fn reports(connected: Vec<Connected>) -> Vec<Connected> {
    each(connected, |_| section(), REPORTS_EACH).await
}

async fn each(connected: Vec<Connected>, body: fn(usize) -> Vec<u8>, times: usize) -> Vec<Connected> {
    let mut tasks = tokio::task::JoinSet::new();
    for (mut member, mut client) in connected {
        tasks.spawn(async move {
            for n in 0..times {
                let _ = member.check_in(&mut client, body(n)).await;
            }
            (member, client)
        });
    }
    tasks.join_all().await
}

/// A section of about 2 KiB that is another one each time and hardly compresses.
pub(crate) fn section() -> Vec<u8> {
    let package = |_| Package {
        name: format!("{:016x}", rand::random::<u64>()),
        version: format!("{:032x}", rand::random::<u128>()),
    };
    packages_encode(&Packages { installed: Some((0..36).map(package).collect()), ..Packages::default() })
}

fn micros(used: Duration, count: usize) -> f64 {
    used.as_secs_f64() * 1e6 / count as f64
}
