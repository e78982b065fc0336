//! `cargo demo`: the main job on this very machine, with the real programs, over mutual TLS on loopback.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a demonstration that fails says so and ends"
)]

use std::io::Write;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use tests::process::{AgentProcess, ServerProcess, until};
use tests::programs::program;

/// The first report is here well within a second; a slow machine gets more.
const PATIENCE_SECONDS: u64 = 60;

const USAGE: &str = "usage: cargo demo [--keep | --json]
  --keep   leave the server and the agent running, and say how to use them
  --json   print the device as JSON and nothing else on standard output";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (mut keep, mut json) = (false, false);
    for argument in &arguments {
        match argument.as_str() {
            "--keep" => keep = true,
            "--json" => json = true,
            // `cargo demo -- --keep` means the same.
            "--" => {}
            "--help" | "-h" => {
                println!("{USAGE}");
                return ExitCode::SUCCESS;
            }
            other => {
                eprintln!("unknown argument {other}\n{USAGE}");
                return ExitCode::from(2);
            }
        }
    }
    demonstrate(keep, json)
}

fn demonstrate(keep: bool, json: bool) -> ExitCode {
    say("Building the three programs (the first time takes some minutes) …");
    let _ = program("cartable");
    let folder = tempfile::Builder::new().prefix("cartable-demo-").tempdir().expect("a temporary folder");
    let mut server = ServerProcess::init(folder.path());
    server.start();
    say(&format!("A control plane with an empty embedded store listens on {}.", server.url()));
    let token = server.token(&["--kind", "unit", "--note", "demo"]);
    say("An operator has made a token for one device.");
    let mut agent = AgentProcess::new(folder.path(), "agent", "");
    agent.enrol(&server, &token);
    say("This machine has enrolled: it proved the token and its own key, and got a certificate.");
    agent.start();
    let device = first_report(&server);
    say("Its agent has checked in over mutual TLS and its first report is durable. What staff see:\n");
    let ok = show(&server, &device, json);
    if keep {
        let guide = guide(&server, &agent, &device);
        // Dropping them would end them.
        std::mem::forget((server, agent, folder));
        say(&guide);
    } else {
        agent.stop();
        server.stop();
        say("\nBoth programs have been stopped and their folder removed; `cargo demo --keep` leaves them running.");
    }
    if ok { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Waits until hardware, system, packages and health are kept, and gives the device's id.
fn first_report(server: &ServerProcess) -> String {
    let mut id = String::new();
    until(PATIENCE_SECONDS, "the first report", || {
        let devices = server.json(&["device", "list"]);
        let Some(found) = devices[0]["id"].as_str() else { return false };
        id = found.to_owned();
        let shown = server.json(&["device", "show", found]);
        let sections = ["hardware", "peripherals", "system", "packages", "health_report"];
        let checks = shown["health_report"]["checks"].as_array().cloned().unwrap_or_default();
        // The clock is judged by the server's time, which the device hears with its first answer.
        let clock = checks.iter().any(|check| check["kind"] == "clock_skew" && check["reason"] != "too_early");
        clock && sections.iter().all(|section| !shown[section].is_null())
    });
    id
}

/// Prints what `cartable device show` prints, in the reader's language.
fn show(server: &ServerProcess, device: &str, json: bool) -> bool {
    let mut command = Command::new(program("cartable"));
    command.arg("--config").arg(server.data.join("operator/cartable.toml"));
    if json {
        command.args(["--output", "json"]);
    }
    let status = command.args(["device", "show", device]).stdin(Stdio::null()).status();
    status.expect("cartable runs").success()
}

fn guide(server: &ServerProcess, agent: &AgentProcess, device: &str) -> String {
    let bin = program("cartable");
    let bin = bin.parent().expect("a folder");
    let show = |path: &Path| path.display().to_string();
    format!(
        "\nBoth programs go on running (the server is process {server_pid}, the agent {agent_pid}). Try:\n\
         \n  alias cartable='{cartable} --config {profile}'\
         \n  cartable device list\
         \n  cartable device show {device}\
         \n  cartable device watch\
         \n  cartable token create --kind kit --uses 30 --school 0951099D\
         \n  cartable server status\
         \n  {agent_bin} status --config {config}\
         \n\nTo stop: kill {agent_pid} {server_pid} && rm -r {folder}\n",
        server_pid = server.pid(),
        agent_pid = agent.pid(),
        cartable = show(&bin.join("cartable")),
        profile = show(&server.data.join("operator/cartable.toml")),
        agent_bin = show(&bin.join("cartable-agent")),
        config = show(&agent.config),
        folder = show(server.data.parent().expect("a folder")),
    )
}

/// What goes on is said on standard error, so that standard output holds the device and nothing else.
fn say(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}
