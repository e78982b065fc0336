//! A real server with a repository, and real agents that fetch from it through a relay that counts.

use super::peer;
use crate::meter::{Relay, peak_mib, resident_mib, spent};
use controlplane::ca::publisher::publisher_set;
use controlplane::folder::Folder;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tests::process::{AgentProcess, ServerProcess, until};
use tests::publishing::Publisher;
use tokio::runtime::Runtime;

const NAME: &str = "cycle-de-l-eau";

/// The server, and where agents are made.
pub(super) struct Site {
    server: ServerProcess,
    folder: PathBuf,
    runtime: Runtime,
}

/// An agent that is enrolled, and what passes between it and the server.
pub(super) struct Device {
    agent: AgentProcess,
    /// None where nothing is to stand between the two, since it is time that is measured.
    relay: Option<Relay>,
    id: String,
}

/// What it took to have a version in place.
pub(super) struct Taken {
    /// Bytes both ways, with TLS and with what the agent reports meanwhile.
    pub(super) bytes: u64,
    pub(super) wall: Duration,
    /// Memory resident at most, and before it began, in MiB.
    pub(super) peak: f64,
    pub(super) before: f64,
    pub(super) cpu: Duration,
}

impl Site {
    /// A server that mirrors the publisher's repository.
    pub(super) fn new(folder: &Path, publisher: &Publisher) -> Self {
        let mut server = ServerProcess::init(folder);
        let repository = server.data.join("repository");
        let _ = fs::remove_dir(&repository);
        std::os::unix::fs::symlink(publisher.folder.public(), repository).expect("a link");
        let root = String::from_utf8(publisher.root()).expect("UTF-8");
        let territory = "doubs".parse().expect("a territory");
        publisher_set(&Folder::new(server.data.clone()), &territory, None, &root).expect("trust roots");
        server.start();
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let site = Self { server, folder: folder.to_owned(), runtime: runtime.expect("a runtime") };
        site.said(&["fetch", "set", "--peers", "no", "--free-floor", "0", "--why", "figures"]);
        site
    }

    /// An agent that is enrolled and has told what it is, through a relay that counts.
    pub(super) fn device(&self, name: &str) -> Device {
        let relay = self.runtime.block_on(Relay::before(self.server.port));
        self.enrolled(name, Some(relay))
    }

    /// The same without anything between it and the server.
    pub(super) fn direct(&self, name: &str) -> Device {
        self.enrolled(name, None)
    }

    fn enrolled(&self, name: &str, relay: Option<Relay>) -> Device {
        let place = self.folder.join(format!("{name}-resources"));
        let agent =
            AgentProcess::new(&self.folder, name, &format!("resources = {:?}\n", place.to_str().expect("UTF-8")));
        let token = self.server.token(&["--kind", "unit"]);
        let port = relay.as_ref().map_or(self.server.port, |relay| relay.port);
        let url = format!("https://localhost:{port}");
        let enrolled = agent.run(&["enrol", "--server", &url, "--token", &token]);
        assert!(enrolled.status.success(), "{}", String::from_utf8_lossy(&enrolled.stderr));
        let id = agent.id();
        let mut device = Device { agent, relay, id };
        device.begins();
        device
    }

    /// Assigns a version to a device, and waits until it is in place; looked at as often as a file can be, while `meanwhile` may act.
    pub(super) fn brings(&self, device: &mut Device, version: &str, mut meanwhile: impl FnMut(&mut Device)) -> Taken {
        let (bytes, before, used) = (device.bytes(), resident_mib(device.agent.pid()), spent(device.agent.pid()));
        let began = peer::now();
        let bundle = format!("{NAME}@{version}");
        self.said(&["bundle", "assign", &bundle, "--device", &device.id, "--urgent", "--why", "figures"]);
        until(600, version, || {
            meanwhile(device);
            device.holds(version)
        });
        let (wall, pid) = (began.elapsed(), device.agent.pid());
        Taken { bytes: device.bytes() - bytes, wall, peak: peak_mib(pid), before, cpu: spent(pid).saturating_sub(used) }
    }

    fn said(&self, arguments: &[&str]) {
        let out = self.server.cartable(arguments);
        assert!(out.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&out.stderr));
    }
}

impl Device {
    /// Begins anew, so that its peak of memory is of what follows.
    pub(super) fn restart(&mut self) {
        self.agent.stop();
        self.begins();
    }

    /// Is killed as `kill -9` does, and started again.
    pub(super) fn die(&mut self) {
        self.agent.kill();
        self.agent.start();
    }

    /// Bytes both ways so far.
    pub(super) fn bytes(&self) -> u64 {
        self.relay.as_ref().map_or(0, Relay::bytes)
    }

    /// Where a version's files lie.
    pub(super) fn current(&self) -> PathBuf {
        self.agent.state.with_file_name(format!("{}-resources", self.name())).join(NAME).join("current")
    }

    /// What it notes of the bundle: a state, and why.
    pub(super) fn noted(&self) -> Option<(String, String)> {
        let one = self.note()?;
        Some((one["state"].as_str()?.to_owned(), one["reason"].as_str()?.to_owned()))
    }

    fn holds(&self, version: &str) -> bool {
        self.note().is_some_and(|one| one["state"] == "held" && one["wanted"] == version && one["version"] == version)
    }

    fn note(&self) -> Option<Value> {
        let all: Value = serde_json::from_slice(&fs::read(self.agent.state.join("resources.json")).ok()?).ok()?;
        all.as_array()?.iter().find(|one| one["name"] == NAME).cloned()
    }

    fn name(&self) -> &str {
        self.agent.state.file_name().and_then(|name| name.to_str()).expect("UTF-8")
    }

    /// Starts it, until it has talked to the server and has nothing more to tell.
    fn begins(&mut self) {
        let first = self.bytes();
        self.agent.start();
        let (mut last, mut still) = (first, 0);
        until(120, "a conversation that rests", || {
            let now = self.bytes();
            still = if now == last && (now > first || (self.relay.is_none() && acknowledged(&self.agent) >= 5)) {
                still + 1
            } else {
                0
            };
            last = now;
            still > 100
        });
    }
}

fn acknowledged(agent: &AgentProcess) -> usize {
    fs::read_to_string(agent.acknowledgements()).map_or(0, |text| text.lines().count())
}
