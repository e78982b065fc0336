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
use words::Language;

/// The first report is here well within a second; a slow machine gets more.
const PATIENCE_SECONDS: u64 = 60;

const USAGE_EN: &str = "usage: cargo demo [--keep | --json]
  --keep   leave the server and the agent running, and say how to use them
  --json   print the device as JSON and nothing else on standard output";
const USAGE_FR: &str = "usage : cargo demo [--keep | --json]
  --keep   laisser le serveur et l'agent en marche, et dire comment s'en servir
  --json   écrire l'appareil en JSON, et rien d'autre sur la sortie standard";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    // The device is shown in the reader's language, and so is all that is said around it.
    let variables = ["LC_ALL", "LC_MESSAGES", "LANG"].map(|name| std::env::var(name).ok());
    let told = Told(Language::choose(None, &variables.each_ref().map(Option::as_deref)));
    let usage = told.one_of(USAGE_FR, USAGE_EN);
    let (mut keep, mut json) = (false, false);
    for argument in &arguments {
        match argument.as_str() {
            "--keep" => keep = true,
            "--json" => json = true,
            // `cargo demo -- --keep` means the same.
            "--" => {}
            "--help" | "-h" => {
                println!("{usage}");
                return ExitCode::SUCCESS;
            }
            other => {
                eprintln!("{} {other}\n{usage}", told.one_of("argument inconnu :", "unknown argument"));
                return ExitCode::from(2);
            }
        }
    }
    demonstrate(told, keep, json)
}

fn demonstrate(told: Told, keep: bool, json: bool) -> ExitCode {
    told.say(
        "Les trois programmes sont compilés (quelques minutes la première fois) …",
        "Building the three programs (the first time takes some minutes) …",
    );
    let _ = program("cartable");
    let folder = tempfile::Builder::new().prefix("cartable-demo-").tempdir().expect("a temporary folder");
    let mut server = ServerProcess::init(folder.path());
    server.start();
    let url = server.url();
    told.say(
        &format!("Un serveur, avec une base embarquée vide, écoute sur {url}."),
        &format!("A control plane with an empty embedded store listens on {url}."),
    );
    let token = server.token(&["--kind", "unit", "--note", "demo"]);
    told.say("Un opérateur a créé un jeton pour un appareil.", "An operator has made a token for one device.");
    let mut agent = AgentProcess::new(folder.path(), "agent", "");
    agent.enrol(&server, &token);
    told.say(
        "Cette machine s'est inscrite : elle a prouvé le jeton et sa propre clé, et a reçu un certificat.",
        "This machine has enrolled: it proved the token and its own key, and got a certificate.",
    );
    agent.start();
    let device = first_report(&server);
    told.say(
        "Son agent s'est annoncé en TLS mutuel et son premier rapport est conservé. Ce que voit l'équipe :\n",
        "Its agent has checked in over mutual TLS and its first report is durable. What staff see:\n",
    );
    let ok = show(&server, &device, json);
    if keep {
        let guide = guide(told, &server, &agent, &device);
        // Dropping them would end them.
        std::mem::forget((server, agent, folder));
        say(&guide);
    } else {
        agent.stop();
        server.stop();
        told.say(
            "\nLes deux programmes sont arrêtés et leur dossier est effacé ; `cargo demo --keep` les laisse en marche.",
            "\nBoth programs have been stopped and their folder removed; `cargo demo --keep` leaves them running.",
        );
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

fn guide(told: Told, server: &ServerProcess, agent: &AgentProcess, device: &str) -> String {
    let bin = program("cartable");
    let bin = bin.parent().expect("a folder");
    let show = |path: &Path| path.display().to_string();
    let (server_pid, agent_pid) = (server.pid(), agent.pid());
    let runs = told.one_of(
        &format!("Les deux programmes restent en marche (le serveur est le processus {server_pid}, l'agent {agent_pid}). Essayez :"),
        &format!("Both programs go on running (the server is process {server_pid}, the agent {agent_pid}). Try:"),
    )
    .to_owned();
    format!(
        "\n{runs}\n\
         \n  alias cartable='{cartable} --config {profile}'\
         \n  cartable device list\
         \n  cartable device show {device}\
         \n  cartable device watch\
         \n  cartable token create --kind kit --uses 30 --school 0951099D\
         \n  cartable server status\
         \n  {agent_bin} status --config {config}\
         \n\n{stop} kill {agent_pid} {server_pid} && rm -r {folder}\n",
        cartable = show(&bin.join("cartable")),
        profile = show(&server.data.join("operator/cartable.toml")),
        agent_bin = show(&bin.join("cartable-agent")),
        config = show(&agent.config),
        stop = told.one_of("Pour arrêter :", "To stop:"),
        folder = show(server.data.parent().expect("a folder")),
    )
}

/// In which language it is told what goes on.
#[derive(Clone, Copy)]
struct Told(Language);

impl Told {
    const fn one_of<'a>(self, fr: &'a str, en: &'a str) -> &'a str {
        match self.0 {
            Language::Fr => fr,
            Language::En => en,
        }
    }

    fn say(self, fr: &str, en: &str) {
        say(self.one_of(fr, en));
    }
}

/// What goes on is said on standard error, so that standard output holds the device and nothing else.
fn say(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}
