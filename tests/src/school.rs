//! A school whose devices are real agents behind one narrow line, and a control plane on the other side of it.

use crate::classroom::{Classroom, SERVER_ADDRESS};
use crate::process::{AgentProcess, ServerProcess};
use crate::publishing::Typed;
use crate::resources::{Edition, Resource};
use serde_json::Value;
use std::fs;
use std::path::PathBuf;

/// The school.
pub const SCHOOL: &str = "0951099D";
const BUNDLE: &str = "cycle-de-l-eau";

/// A school with its devices, a control plane on the other side of the line, and a publisher's repository.
pub struct School {
    /// Namespaces and the line.
    pub room: Classroom,
    /// The devices, by their seats.
    pub agents: Vec<AgentProcess>,
    /// The control plane.
    pub server: ServerProcess,
    typed: Typed,
    folder: tempfile::TempDir,
}

impl School {
    /// One whose devices are enrolled and running; nothing is assigned yet.
    #[must_use]
    pub fn open(devices: usize, kilobits: u32) -> Option<Self> {
        Self::open_with(devices, kilobits, "")
    }

    /// The same with more in the configuration of its devices.
    #[must_use]
    pub fn open_with(devices: usize, kilobits: u32, more: &str) -> Option<Self> {
        let room = Classroom::new(devices, kilobits)?;
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().join("publisher");
        fs::create_dir(&home).unwrap();
        let typed = Typed::new(&home);
        let mut server = ServerProcess::init_everywhere(folder.path(), SERVER_ADDRESS, 8_443);
        let root = typed.folder().join("public/metadata/1.root.json");
        server.command("ca", &["publisher", root.to_str().unwrap()]);
        // One person decides here, be the class as large as it will.
        let config = server.data.join("server.toml");
        let text = fs::read_to_string(&config).unwrap();
        let alone = text.replace("second_person_above = 10", "second_person_above = 1000");
        assert_ne!(alone, text);
        fs::write(&config, alone).unwrap();
        server.place = room.outside();
        server.start();
        let mut school = Self { room, agents: Vec::new(), server, typed, folder };
        let uses = devices.to_string();
        let token = school.server.token(&["--kind", "kit", "--uses", &uses, "--school", SCHOOL]);
        let bare = school.folder.path().join("root");
        fs::create_dir(&bare).unwrap();
        for seat in 0..devices {
            let more = format!("root = {:?}\n{more}", bare.to_str().unwrap());
            let mut agent = AgentProcess::new(school.folder.path(), &format!("device-{seat}"), &more);
            agent.place = school.room.seat(seat);
            agent.enrol_at(&format!("https://{SERVER_ADDRESS}:8443"), &token);
            agent.start();
            // Nobody listed it; a person looks, and admits it.
            school.server.json(&["device", "approve", &agent.id()]);
            school.agents.push(agent);
        }
        Some(school)
    }

    /// Publishes a version and brings it to the server; its size as it lies there, in bytes.
    #[must_use]
    pub fn publish(&self, thousandths: u64, edition: Edition, version: &str) -> u64 {
        let source = self.folder.path().join(format!("source-{version}"));
        Resource::of(thousandths).write(&source, edition, version);
        let packed = self.typed.bundle(&source);
        self.server.json(&["bundle", "push", self.typed.folder().to_str().unwrap()]);
        packed["first_bytes"].as_u64().unwrap()
    }

    /// Writes a version to a stick, and gives its folder.
    #[must_use]
    pub fn export(&self, version: &str) -> PathBuf {
        let stick = self.folder.path().join("stick");
        self.server.json(&["bundle", "export", &format!("{BUNDLE}@{version}"), "--to", stick.to_str().unwrap()]);
        stick
    }

    /// Plans and starts a rollout for the school; its id.
    #[must_use]
    pub fn rollout(&self, version: &str, more: &[&str]) -> String {
        self.rolled(&format!("{BUNDLE}@{version}"), more)
    }

    /// The same of any bundle, or of the agent.
    #[must_use]
    pub fn rolled(&self, bundle: &str, more: &[&str]) -> String {
        let scope = format!("school:{SCHOOL}");
        let plan = ["rollout", "plan", "--bundle", bundle, "--scope", &scope, "--urgent"];
        let planned = self.server.json(&[&plan, more].concat());
        let id = planned["id"].as_str().unwrap().to_owned();
        self.server.json(&["rollout", "start", &id, "--yes"]);
        id
    }

    /// How a rollout ends, by the lines that `watch` prints of it.
    #[must_use]
    pub fn over(&self, rollout: &str) -> Value {
        // A watch has no end while a rollout goes on, and a test must have one.
        let place = [&["timeout".to_owned(), "600".to_owned()], &self.server.place[..]].concat();
        let place: Vec<&str> = place.iter().map(String::as_str).collect();
        let watched = self.server.within(&place, &["--output", "csv", "rollout", "watch", rollout]);
        println!("{}", String::from_utf8_lossy(&watched.stdout));
        let shown = self.server.json(&["rollout", "show", rollout]);
        assert!(watched.status.success(), "{} {shown}", String::from_utf8_lossy(&watched.stderr));
        shown
    }

    /// The version that lies in place on a device.
    #[must_use]
    pub fn in_place(&self, seat: usize) -> Option<String> {
        let current = fs::read_link(self.resources(seat).join(BUNDLE).join("current")).ok()?;
        Some(current.to_str().unwrap().to_owned())
    }

    /// Where its resources lie.
    #[must_use]
    pub fn resources(&self, seat: usize) -> PathBuf {
        self.agents[seat].state.with_file_name(format!("device-{seat}-resources"))
    }
}
