//! Releases of the agent, with real processes: signed in the product's repository, assigned by the territory, tried, kept or given back.

mod roads;
mod waves;

use crate::service::{Manager, words};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::fs;
use std::ops::Deref;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;
use tests::process::{AgentProcess, ServerProcess, until};
use tests::programs::program;

/// A trial that was started so often is over; as `agent_core::release` has it.
const STARTS: u64 = 3;
/// So often one release is tried.
const TRIES: u64 = 2;

/// The product's own repository on its publisher's machine, and a control plane that mirrors it.
struct Product {
    folder: tempfile::TempDir,
    server: ServerProcess,
    /// What agents are configured with.
    more: String,
}

/// The same with an agent.
struct Place {
    product: Product,
    agent: AgentProcess,
}

impl Deref for Place {
    type Target = Product;
    fn deref(&self) -> &Product {
        &self.product
    }
}

impl Product {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        product(folder.path());
        let mut server = ServerProcess::init(folder.path());
        server.start();
        // As the package brings it.
        let root = folder.path().join("root.json");
        fs::copy(folder.path().join("product/public/metadata/1.root.json"), &root).unwrap();
        let more = format!("release_root = {:?}\n", root.to_str().unwrap());
        let cadence = ["cadence", "set", "--poll", "5s", "--hold", "60s", "--health", "5m", "--inventory", "5m"];
        server.json(&cadence);
        // Each waits for nobody beside it.
        server.json(&["fetch", "set", "--peers", "no"]);
        Self { folder, server, more }
    }

    /// An agent as the product's package brings it, enrolled.
    fn agent(&self, name: &str, token: &[&str]) -> AgentProcess {
        let agent = AgentProcess::new(self.folder.path(), name, &self.more);
        agent.enrol(&self.server, &self.server.token(token));
        agent
    }

    /// Publishes a program as a release and mirrors it; the digest by which it is wanted.
    fn published(&self, version: &str, program: &Path, more: &str) -> String {
        let digest = packed(self.folder.path(), version, program, more);
        self.mirrored(self.folder.path());
        digest
    }

    /// The server's copy becomes what a publisher has.
    fn mirrored(&self, publisher: &Path) {
        copied(publisher, &self.server.data.join("repository"));
    }

    fn want(&self, version: &str, digest: &str) {
        let set = self.server.json(&["release", "set", version, "--digest", digest]);
        assert_eq!((set["version"].as_str(), set["index"].as_str()), (Some(version), Some(digest)), "{set}");
    }

    /// The next build of the agent, without what only debuggers read: compressing that takes minutes.
    fn next(&self) -> PathBuf {
        next(self.folder.path())
    }

    /// A program of these lines.
    fn script(&self, name: &str, lines: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        fs::write(&path, format!("#!/bin/sh\n{lines}\n")).unwrap();
        path
    }

    /// A program of these lines, which then becomes the next build under this name, which says what it is.
    fn script_of(&self, name: &str, lines: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        if !path.exists() {
            std::os::unix::fs::symlink(program("agent-next"), &path).unwrap();
        }
        self.script(&format!("{name}.sh"), &format!("{lines}\nexec {} \"$@\"", path.display()))
    }

    /// What the server has heard of a device's agent: state, reason, version.
    fn told(&self, agent: &AgentProcess) -> Option<[String; 3]> {
        let shown = self.server.json(&["device", "show", &agent.id()]);
        let conditions = shown["observed"]["conditions"].as_array()?;
        let agent = conditions.iter().find(|condition| condition["item"] == "agent")?;
        let text = |key: &str| agent[key].as_str().map_or_else(String::new, str::to_owned);
        Some(["state", "reason", "version"].map(text))
    }
}

/// What the program that runs says it is.
fn version(agent: &AgentProcess) -> String {
    let status = agent.run(&["status", "--output", "json"]);
    let status: Value = serde_json::from_slice(&status.stdout).unwrap();
    status["live"]["version"].as_str().unwrap_or_default().to_owned()
}

/// What an agent has written down of its slots.
fn slots(agent: &AgentProcess) -> Value {
    let read = fs::read(agent.state.join("releases/slots.json"));
    read.ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default()
}

impl Place {
    fn new() -> Self {
        let product = Product::new();
        let agent = product.agent("agent", &[]);
        Self { product, agent }
    }

    fn told(&self) -> Option<[String; 3]> {
        self.product.told(&self.agent)
    }

    /// Waits until the server has heard that; whatever ends meanwhile is started anew, as by its supervisor.
    fn until_told(&mut self, state: &str, reason: &str, version: &str) {
        self.supervised(&format!("the server hears of {version}: {state} {reason}"), |place| {
            place.told() == Some([state, reason, version].map(str::to_owned))
        });
        assert_eq!(self.version(), version);
    }

    /// Waits as long as the supervisor starts anew what has ended, and nothing else happens.
    fn supervised(&mut self, what: &str, mut holds: impl FnMut(&Self) -> bool) {
        until(180, what, || {
            self.agent.restart();
            holds(self)
        });
    }

    /// What the program that runs says it is.
    fn version(&self) -> String {
        version(&self.agent)
    }

    /// What program runs as the agent.
    fn runs(&self) -> PathBuf {
        fs::read_link(format!("/proc/{}/exe", self.agent.pid())).unwrap_or_default()
    }

    fn slot(&self, name: &str) -> PathBuf {
        self.agent.state.join("releases").join(name).join("cartable-agent")
    }

    fn slots(&self) -> Value {
        slots(&self.agent)
    }

    /// How often this release is on trial and was started; nothing while it is not on trial.
    fn starts(&self, version: &str) -> Option<u64> {
        let slots = self.slots();
        if slots["trial"]["version"] == version { slots["trial_starts"].as_u64() } else { None }
    }
}

/// A repository of the product, or of somebody who would like to be it.
fn product(folder: &Path) {
    publish(folder, "key new --to key");
    publish(folder, "repository init --kind product --repository product --root key.pub --targets key.pub --to first");
    signed(folder, "first");
}

/// What a publisher has, below a repository of a territory.
fn copied(publisher: &Path, repository: &Path) {
    let mirror = repository.join("releases");
    let _ = fs::remove_dir_all(&mirror);
    fs::create_dir_all(repository).unwrap();
    let copied = Command::new("cp").arg("-rT").arg(publisher.join("product/public")).arg(mirror).status();
    assert!(copied.unwrap().success());
}

fn next(folder: &Path) -> PathBuf {
    let path = folder.join("agent-next");
    fs::copy(program("agent-next"), &path).unwrap();
    // Where there is no such tool it is packed as it is.
    let _ = Command::new("strip").arg(&path).status();
    path
}

/// The stored program of a release in a repository of a territory.
fn frame(repository: &Path, version: &str) -> PathBuf {
    let program = format!(".release.{version}.linux.{}.zst", std::env::consts::ARCH.replace('_', "-"));
    let sha256 = |path: &Path| path.file_name().is_some_and(|name| name.len() == 64 + program.len());
    let mut files = fs::read_dir(repository.join("releases/targets")).unwrap().map(|file| file.unwrap().path());
    files.find(|path| path.to_string_lossy().ends_with(&program) && sha256(path)).unwrap()
}

fn packed(folder: &Path, version: &str, program: &Path, more: &str) -> String {
    let (machine, program) = (std::env::consts::ARCH, program.display());
    let line = format!(
        "release pack --number {version} --program linux/{machine}={program} --repository product --to {version}{more}"
    );
    let said = publish(folder, &line);
    signed(folder, version);
    said["release"]["index_sha256"].as_str().unwrap().to_owned()
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
fn a_release_is_taken_kept_and_taken_back() {
    let mut place = Place::new();
    let packaged = program("cartable-agent").canonicalize().unwrap();
    let first = place.published("0.9.1", &place.next(), "");
    let manager = Manager::new(place.folder.path());
    place.agent.start_with(&words(&manager.environment(Duration::from_secs(180))));
    manager.upto("READY=1");
    assert_eq!(place.runs(), packaged);
    let pid = place.agent.pid();

    // Another build of the agent: the process becomes it, and keeps it once the server answered.
    place.want("0.9.1", &first);
    assert_eq!(place.server.json(&["release", "show"])["version"], "0.9.1");
    let said = manager.upto("READY=1");
    assert!(!said.contains(&"STOPPING=1".to_owned()), "systemd would end the process: {said:?}");
    assert_eq!(place.runs(), place.slot("a").canonicalize().unwrap());
    place.until_told("held", "", "0.9.1");
    assert_eq!(place.agent.pid(), pid, "its supervisor sees one process");
    assert_eq!(place.slots()["in_force"]["version"], "0.9.1");
    // Killed and started anew, as by its supervisor, it is the same.
    place.agent.kill();
    place.agent.start();
    until(60, "it runs after a start", || place.runs() == place.slot("a").canonicalize().unwrap());

    // A newer one, and back again: whoever published a bad one takes it back so.
    let second = place.published("0.9.5", &place.script_of("agent-0.9.5", ""), "");
    place.want("0.9.5", &second);
    place.until_told("held", "", "0.9.5");
    place.want("0.9.1", &first);
    place.until_told("held", "", "0.9.1");
    assert_eq!(place.runs(), place.slot("a").canonicalize().unwrap());

    // Never below the least version that was signed, signed as the older one is.
    let third = place.published("0.9.6", &place.script_of("agent-0.9.6", ""), " --minimum 0.9.5");
    place.want("0.9.6", &third);
    place.until_told("held", "", "0.9.6");
    place.want("0.9.1", &first);
    place.until_told("failed", "minimum", "0.9.6");
    place.want("0.9.5", &second);
    place.until_told("held", "", "0.9.5");

    // Nor to what was altered on the way: a program of which one byte is another.
    let altered = place.published("0.9.7", &place.script("altered", "exec sleep 600"), "");
    let file = frame(&place.server.data.join("repository"), "0.9.7");
    let mut bytes = fs::read(&file).unwrap();
    bytes[0] ^= 1;
    fs::write(&file, bytes).unwrap();
    place.want("0.9.7", &altered);
    place.until_told("failed", "damaged", "0.9.5");

    // Nor to what nobody signed, nor to what somebody else did in the product's place.
    place.want("0.9.8", &"00".repeat(32));
    place.until_told("failed", "not_signed", "0.9.5");
    let other = place.folder.path().join("other");
    fs::create_dir(&other).unwrap();
    product(&other);
    let theirs = packed(&other, "0.9.9", &place.script("usurper", "exec sleep 600"), "");
    place.mirrored(&other);
    place.want("0.9.9", &theirs);
    place.supervised("it is refused", |place| place.agent.log_text().contains(r#""version":"0.9.9""#));
    // Being looked at it is neither held nor refused yet.
    place.supervised("the server hears of it", |place| {
        place.told().is_some_and(|[state, _, version]| state == "failed" && version == "0.9.5")
    });
    place.server.json(&["release", "unset"]);
    place.supervised("nothing is said of it any more", |place| place.told().is_none());
    assert_eq!((place.version().as_str(), &place.slots()["trial"]), ("0.9.5", &Value::Null));

    // A slot that is spoilt is not started.
    let slot = place.slot(place.slots()["in_force"]["slot"].as_str().unwrap());
    place.agent.kill();
    fs::write(&slot, "spoilt").unwrap();
    fs::set_permissions(&slot, fs::Permissions::from_mode(0o700)).unwrap();
    place.agent.start();
    until(60, "the packaged agent runs", || place.runs() == packaged);
}

#[test]
fn a_release_that_does_not_work_is_given_back() {
    let mut place = Place::new();
    place.agent.start();
    let sleep = Path::new("/bin/sleep").canonicalize().unwrap();
    let good = place.published("0.9.1", &place.script_of("agent-0.9.1", ""), "");
    place.want("0.9.1", &good);
    place.until_told("held", "", "0.9.1");

    // It ends at once: its supervisor starts it anew, and nobody does anything else.
    let digest = place.published("0.9.2", &place.script("crashes", "exit 1"), "");
    place.want("0.9.2", &digest);
    place.supervised("it is given back each time", |place| place.slots()["returned_tries"] == TRIES);
    place.until_told("failed", "returned", "0.9.1");
    assert_eq!(place.slots()["in_force"]["version"], "0.9.1");

    // It stands still: the supervisor's watchdog ends it.
    let digest = place.published("0.9.3", &place.script("hangs", &format!("exec {} 600", sleep.display())), "");
    place.want("0.9.3", &digest);
    for tried in 1..=TRIES {
        for started in 1..=STARTS {
            until(180, "it stands still", || place.starts("0.9.3") == Some(started) && place.runs() == sleep);
            place.agent.kill();
            place.agent.start();
        }
        until(60, "it is given back", || place.slots()["returned_tries"] == tried);
    }
    place.until_told("failed", "returned", "0.9.1");

    // It lives, and the server never answers it: its time is up. The server stands still before it is started.
    let server = Pid::from_raw(i32::try_from(place.server.pid()).unwrap()).unwrap();
    let lines = format!("kill -STOP {}", server.as_raw_nonzero());
    let digest = place.published("0.9.4", &place.script_of("hasty-0.9.4", &lines), "");
    place.want("0.9.4", &digest);
    for tried in 1..=TRIES {
        until(180, "its time is up", || place.slots()["returned_tries"] == tried && place.version() == "0.9.1");
        kill_process(server, Signal::CONT).unwrap();
    }
    place.until_told("failed", "returned", "0.9.1");
    assert!(place.agent.log_text().contains("is given back"));

    // Killed in the middle of its trial, it is tried on, and stays.
    let marker = place.folder.path().join("begun");
    let (begun, sleep_at) = (marker.display(), sleep.display());
    let lines = format!("if [ ! -e {begun} ]; then : > {begun}; exec {sleep_at} 600; fi");
    let digest = place.published("0.9.5", &place.script_of("agent-0.9.5", &lines), "");
    place.want("0.9.5", &digest);
    until(180, "it is on trial", || place.starts("0.9.5") == Some(1) && place.runs() == sleep);
    place.agent.kill();
    place.agent.start();
    place.until_told("held", "", "0.9.5");
    assert_eq!((&place.slots()["trial"], &place.slots()["returned"]), (&Value::Null, &Value::Null));
}
