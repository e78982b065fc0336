//! Releases of the agent, with real processes: signed in the product's repository, assigned by the territory, tried, kept or given back.

use serde_json::Value;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tests::process::{AgentProcess, ServerProcess, until};
use tests::programs::program;

/// A trial that was started so often is over; as `agent_core::release` has it.
const STARTS: usize = 3;
/// So often one release is tried.
const TRIES: usize = 2;

/// The product's own repository on its publisher's machine, a control plane that mirrors it, and an agent.
struct Place {
    folder: tempfile::TempDir,
    server: ServerProcess,
    agent: AgentProcess,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let publish = |line: &str| publish(folder.path(), line);
        publish("key new --to key");
        publish("repository init --kind product --repository product --root key.pub --targets key.pub --to first");
        signed(folder.path(), "first");
        let mut server = ServerProcess::init(folder.path());
        server.start();
        // As the package brings it.
        fs::copy(folder.path().join("product/public/metadata/1.root.json"), folder.path().join("root.json")).unwrap();
        let root = folder.path().join("root.json");
        let agent =
            AgentProcess::new(folder.path(), "agent", &format!("release_root = {:?}\n", root.to_str().unwrap()));
        agent.enrol(&server, &server.token(&[]));
        let cadence = ["cadence", "set", "--poll", "5s", "--hold", "60s", "--health", "5m", "--inventory", "5m"];
        server.json(&cadence);
        Self { folder, server, agent }
    }

    /// Publishes a program as a release, mirrors it, and has the territory want it.
    fn wanted(&self, version: &str, program: &Path) {
        let line = format!(
            "release pack --number {version} --program linux/{}={} --repository product --to release",
            std::env::consts::ARCH,
            program.display()
        );
        let said = publish(self.folder.path(), &line);
        signed(self.folder.path(), "release");
        let mirror = self.server.data.join("repository/releases");
        fs::create_dir_all(mirror.parent().unwrap()).unwrap();
        let copied = Command::new("cp").arg("-rT").arg(self.folder.path().join("product/public")).arg(mirror).status();
        assert!(copied.unwrap().success());
        let digest = said["release"]["index_sha256"].as_str().unwrap();
        self.server.json(&["agent", "release", "set", version, "--digest", digest]);
    }

    /// Somebody else's repository of releases in the place of the product's, and the wish for what it lists.
    fn usurped(&self, version: &str, program: &Path) {
        let other = self.folder.path().join("other");
        fs::create_dir(&other).unwrap();
        publish(&other, "key new --to key");
        publish(
            &other,
            "repository init --kind product --repository product --root key.pub --targets key.pub --to first",
        );
        signed(&other, "first");
        let machine = std::env::consts::ARCH;
        let program = program.display();
        let said = publish(
            &other,
            &format!(
                "release pack --number {version} --program linux/{machine}={program} --repository product --to release"
            ),
        );
        signed(&other, "release");
        let mirror = self.server.data.join("repository/releases");
        fs::remove_dir_all(&mirror).unwrap();
        assert!(
            Command::new("cp").arg("-rT").arg(other.join("product/public")).arg(mirror).status().unwrap().success()
        );
        let digest = said["release"]["index_sha256"].as_str().unwrap();
        self.server.json(&["agent", "release", "set", version, "--digest", digest]);
    }

    /// The next build of the agent, without what only debuggers read: compressing that takes minutes.
    fn next(&self) -> PathBuf {
        let path = self.folder.path().join("agent-next");
        fs::copy(program("agent-next"), &path).unwrap();
        // Where there is no such tool it is packed as it is.
        let _ = Command::new("strip").arg(&path).status();
        path
    }

    /// A program of these lines.
    fn script(&self, name: &str, lines: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        fs::write(&path, format!("#!/bin/sh\n{lines}\n")).unwrap();
        path
    }

    /// What the device says of its agent: state, reason, version.
    fn condition(&self) -> Option<(String, String)> {
        let status = self.agent.run(&["status", "--output", "json"]);
        let status: Value = serde_json::from_slice(&status.stdout).unwrap();
        let conditions = status["live"]["conditions"].as_array()?.clone();
        let agent = conditions.into_iter().find(|condition| condition["item"] == "agent")?;
        Some((agent["state"].as_str()?.to_owned(), agent["reason"].as_str()?.to_owned()))
    }

    fn until_condition(&self, state: &str, reason: &str) {
        until(120, &format!("the agent's release is {state} {reason}"), || {
            self.condition() == Some((state.to_owned(), reason.to_owned()))
        });
    }

    /// What program runs as the agent.
    fn runs(&self) -> PathBuf {
        fs::read_link(format!("/proc/{}/exe", self.agent.pid())).unwrap_or_default()
    }

    fn slot(&self, name: &str) -> PathBuf {
        self.agent.state.join("releases").join(name).join("cartable-agent")
    }

    fn slots(&self) -> Value {
        let read = fs::read(self.agent.state.join("releases/slots.json"));
        read.ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default()
    }
}

fn publish(folder: &Path, line: &str) -> Value {
    let mut command = Command::new(program("cartable-publish"));
    command.args(line.split(' ')).args(["--lang", "en", "--output", "json"]).current_dir(folder);
    let out = command.stdin(Stdio::null()).output().unwrap();
    assert!(out.status.success(), "{line}: {}", String::from_utf8_lossy(&out.stderr));
    serde_json::from_slice(&out.stdout).unwrap()
}

fn signed(folder: &Path, proposal: &str) {
    publish(folder, &format!("bundle sign {proposal} --key key --yes"));
    publish(folder, &format!("bundle publish {proposal} --repository product"));
}

#[test]
fn a_release_is_taken_and_one_that_does_not_work_is_given_back() {
    let mut place = Place::new();
    place.agent.start();
    let packaged = program("cartable-agent");
    until(60, "the packaged agent runs", || place.runs() == packaged.canonicalize().unwrap());
    let pid = place.agent.pid();

    // Another build of the agent: the process becomes it, and keeps it once the server answered.
    place.wanted("0.9.1", &place.next());
    until(180, "the next release runs", || place.runs() == place.slot("a").canonicalize().unwrap_or_default());
    place.until_condition("held", "");
    assert_eq!(place.agent.pid(), pid, "its supervisor sees one process");
    assert_eq!(place.slots()["in_force"]["version"], "0.9.1");
    let id = place.agent.id();
    until(60, "the server sees it", || place.server.json(&["device", "show", &id]).to_string().contains("0.9.1"));

    // Killed and started anew, as by its supervisor, it is the same.
    place.agent.kill();
    place.agent.start();
    until(60, "it runs after a start", || place.runs() == place.slot("a").canonicalize().unwrap());

    // One that ends at once; one that stands still is ended by its supervisor.
    for (version, lines) in [("0.9.2", "exit 1"), ("0.9.3", "exec sleep 600")] {
        let broken = place.script(version, lines);
        place.wanted(version, &broken);
        for tried in 1..=TRIES {
            until(180, "the broken release is tried", || place.slots()["trial"]["version"] == version);
            let running = place.slot("a").canonicalize().unwrap();
            until(60, "the agent has become it", || place.runs() != running);
            for _ in 0..STARTS {
                let starts = |slots: &Value| slots["trial_starts"].as_u64().filter(|_| !slots["trial"].is_null());
                let Some(before) = starts(&place.slots()) else { break };
                place.agent.kill();
                place.agent.start();
                until(60, "it is started", || starts(&place.slots()).is_none_or(|starts| starts > before));
            }
            // By itself: it may be tried once more before anybody looks.
            until(60, "it is given back", || place.slots()["returned_tries"] == tried);
        }
        place.until_condition("failed", "returned");
        assert_eq!(place.runs(), place.slot("a").canonicalize().unwrap());
        assert_eq!(place.slots()["in_force"]["version"], "0.9.1");
    }

    // Nobody can lead it below the least version that was signed, nor to what nobody signed.
    let unsigned = "00".repeat(32);
    place.server.json(&["agent", "release", "set", "0.9.1", "--digest", &unsigned]);
    place.until_condition("failed", "not_signed");
    place.server.json(&["agent", "release", "set", "0.8", "--digest", &unsigned]);
    place.until_condition("failed", "minimum");
    // Nor does the server's word make a program of what it signed itself.
    place.usurped("0.9.9", &place.script("usurper", "exec sleep 600"));
    until(120, "it is refused", || {
        place.condition().is_some_and(|(state, reason)| state == "failed" && reason != "minimum")
    });
    place.server.json(&["agent", "release", "unset"]);
    until(60, "nothing is said of it any more", || place.condition().is_none());
    assert_eq!(place.runs(), place.slot("a").canonicalize().unwrap());

    // A slot that is spoilt is not started.
    place.agent.kill();
    fs::write(place.slot("a"), "spoilt").unwrap();
    fs::set_permissions(place.slot("a"), fs::Permissions::from_mode(0o700)).unwrap();
    place.agent.start();
    until(60, "the packaged agent runs", || place.runs() == packaged.canonicalize().unwrap());
}
