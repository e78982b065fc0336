//! The agent: its first inventory, its unchanged check-ins, its idle life.

use crate::meter::{Relay, anonymous_mib, cpu, resident_mib};
use crate::row::Row;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;
use tests::process::{AgentProcess, ServerProcess, until};
use tests::programs::program;

/// Check-ins counted for the figures of an unchanged one.
const CHECK_INS: u64 = 8;

/// First inventory, unchanged check-ins, and then so long idle with the cadence of a new territory.
pub(crate) async fn measure(folder: &Path, idle: Duration) -> Vec<Row> {
    let mut server = ServerProcess::init(folder);
    server.start();
    let relay = Relay::before(server.port).await;
    let mut agent = AgentProcess::new(folder, "agent", "");
    let token = server.token(&["--kind", "unit"]);
    let url = format!("https://localhost:{}", relay.port);
    let enrolled = agent.run(&["enrol", "--server", &url, "--token", &token]);
    assert!(enrolled.status.success(), "{}", String::from_utf8_lossy(&enrolled.stderr));
    let before = relay.bytes();
    agent.start();
    until(60, "five sections acknowledged", || acknowledged(&agent) >= 5);
    let mut rows = vec![
        Row::less("agent: first inventory, processor time", cpu(agent.pid()).as_secs_f64(), "s CPU").within(0.3, 0.1),
        Row::less(
            "agent: first inventory, on the wire with its handshake",
            (relay.bytes() - before) as f64 / 1e3,
            "kB",
        )
        .within(40.0, 20.0),
    ];
    rows.extend(peer());
    rows.extend(unchanged(&server, &agent, &relay).await);
    rows.extend(quiet(&server, &agent, &relay, idle).await);
    agent.stop();
    server.stop();
    rows
}

/// What the newest package in `target/packages` weighs, and what it installs.
pub(crate) fn package() -> Vec<Row> {
    let own = program("cartable-agent");
    let packages = own.ancestors().nth(2).expect("profiles lie in the target folder").join("packages");
    let found = std::fs::read_dir(&packages).into_iter().flatten().flatten().map(|entry| entry.path());
    let found = found.filter(|path| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        name.starts_with("cartable-agent_") && name.ends_with("_amd64.deb")
    });
    let Some(package) = found.max_by_key(|path| path.metadata().and_then(|of| of.modified()).ok()) else {
        eprintln!("no package in {}: deploy/linux/build makes it; its rows are left out", packages.display());
        return Vec::new();
    };
    let megabytes = package.metadata().expect("its size").len() as f64 / 1e6;
    let mut rows = vec![Row::less("agent: package (deb)", megabytes, "MB").within(6.0, 4.0)];
    // What stands in the archive, not the rounded figure of its control file.
    match Command::new("dpkg-deb").arg("--fsys-tarfile").arg(&package).output() {
        Ok(out) if out.status.success() => {
            let installed = out.stdout.len() as f64 / 1e6;
            rows.push(Row::less("agent: installed, all its files", installed, "MB").within(12.0, 9.0));
        }
        _ => eprintln!("dpkg-deb is not on this machine; what the package installs is not measured"),
    }
    rows
}

/// Check-ins in which nothing changed, at the fastest cadence there is.
async fn unchanged(server: &ServerProcess, agent: &AgentProcess, relay: &Relay) -> Vec<Row> {
    let set = server.cartable(&["cadence", "set", "--poll", "5s", "--hold", "0s", "--why", "figures"]);
    assert!(set.status.success(), "{}", String::from_utf8_lossy(&set.stderr));
    let served = || server.json(&["server", "status"])["check_ins"].as_u64().expect("a number");
    // The change itself is a check-in with a head and a plan; the ones after it are counted.
    let settled = served() + 3;
    until(60, "the new cadence", || served() >= settled);
    let (first, used, bytes) = (served(), cpu(agent.pid()), relay.bytes());
    until(120, "some check-ins", || served() >= first + CHECK_INS);
    let count = (served() - first) as f64;
    vec![
        Row::less(
            "agent: unchanged check-in, processor time",
            (cpu(agent.pid()) - used).as_secs_f64() * 1e3 / count,
            "ms CPU",
        )
        .within(5.0, 2.0),
        Row::less("agent: unchanged check-in, on the wire", (relay.bytes() - bytes) as f64 / count, "bytes")
            .within(1_000.0, 500.0),
    ]
}

/// A while in which nothing happens.
async fn quiet(server: &ServerProcess, agent: &AgentProcess, relay: &Relay, idle: Duration) -> Vec<Row> {
    let set = server.cartable(&["cadence", "set", "--poll", "15m", "--hold", "10m", "--why", "figures"]);
    assert!(set.status.success(), "{}", String::from_utf8_lossy(&set.stderr));
    until(60, "a held check-in", || server.json(&["server", "status"])["held"].as_u64() == Some(1));
    let (used, bytes) = (cpu(agent.pid()), relay.bytes());
    tokio::time::sleep(idle).await;
    let minutes = idle.as_secs_f64() / 60.0;
    let seconds = (cpu(agent.pid()) - used).as_secs_f64();
    vec![
        Row::less("agent: memory resident, idle", resident_mib(agent.pid()), "MiB").within(12.0, 10.0),
        Row::less("agent: memory of its own (not mapped from files)", anonymous_mib(agent.pid()), "MiB"),
        Row::less("agent: processor time, idle, for ten minutes", seconds / minutes * 10.0, "s CPU").within(0.1, 0.05),
        Row::less(
            "agent: on the wire, idle, for a day",
            (relay.bytes() - bytes) as f64 / 1024.0 / minutes * 1440.0,
            "KiB",
        )
        .within(200.0, 100.0),
    ]
}

fn acknowledged(agent: &AgentProcess) -> usize {
    std::fs::read_to_string(agent.acknowledgements()).map_or(0, |text| text.lines().count())
}

/// The inventory of another agent on this machine, when it is installed.
fn peer() -> Vec<Row> {
    let Some((name, program)) = [
        ("peer: glpi-agent, inventory, processor time", "glpi-inventory"),
        ("peer: fusioninventory-agent, inventory, processor time", "fusioninventory-inventory"),
    ]
    .into_iter()
    .find(|(_, p)| Command::new(p).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok()) else {
        eprintln!("no peer agent is installed (Debian: glpi-agent or fusioninventory-agent); its rows are left out");
        return Vec::new();
    };
    // The shell's `times` gives the processor time of its children: the last line, user and system.
    let script = format!("{program} > /dev/null 2>&1; times");
    let out = Command::new("bash").args(["-c", &script]).output().expect("bash runs");
    let text = String::from_utf8_lossy(&out.stdout).into_owned();
    let seconds = |word: &str| -> f64 {
        let (minutes, rest) = word.trim_end_matches('s').split_once('m').unwrap_or(("0", "0"));
        minutes.parse::<f64>().unwrap_or(0.0) * 60.0 + rest.replace(',', ".").parse::<f64>().unwrap_or(0.0)
    };
    let used: f64 = text.lines().last().map_or(0.0, |line| line.split_whitespace().map(seconds).sum());
    let size = Command::new(program).output().map_or(0, |o| o.stdout.len());
    vec![
        Row::less(name, used, "s CPU"),
        Row::less("peer: the same inventory, as it is sent, uncompressed", size as f64 / 1e3, "kB"),
    ]
}
