//! The filter as a process, and what an agent would tell it.

use crate::lists;
use crate::names::Upstream;
use crate::process::{AgentProcess, free_port, terminate, within};
use filter::{Collector, Seed};
use model::digest::Digest;
use model::filtering::{Filtering, Side, YouTube};
use model::floor::Floor;
use model::lists::{LIST_FILE, ListCategory, ListFile, ListManifest};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs;
use std::io::{Read, Write};
use std::net::SocketAddr;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, ExitStatus, Stdio};
use std::str::FromStr;

/// A filter on ports of its own.
pub struct FilterProcess {
    /// Its configuration and its agent's state folder.
    pub agent: AgentProcess,
    /// Where it answers.
    pub at: SocketAddr,
    child: Option<Child>,
}

impl FilterProcess {
    /// One that is not started, before this upstream.
    ///
    /// # Panics
    /// When its folder cannot be made.
    #[must_use]
    pub fn new(folder: &Path, upstream: &Upstream) -> Self {
        let (at, more) = Self::place(upstream);
        Self::of(AgentProcess::new(folder, "device", &more), at)
    }

    /// Where one answers, and what its agent's configuration says of that.
    #[must_use]
    pub fn place(upstream: &Upstream) -> (SocketAddr, String) {
        let at: SocketAddr = ([127, 0, 0, 1], free_port()).into();
        let listen = format!("[filter]\nlisten = [\"{at}\"]\npage = []\nsystem = false\n");
        (at, format!("{listen}upstream = [\"{}\"]\n", upstream.address))
    }

    /// The filter of an agent with that in its configuration.
    #[must_use]
    pub const fn of(agent: AgentProcess, at: SocketAddr) -> Self {
        Self { agent, at, child: None }
    }

    /// Starts it.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn start(&mut self) {
        self.start_with(&[]);
    }

    /// The same with a program such as faketime before it.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn start_with(&mut self, wrap: &[&str]) {
        let log = fs::OpenOptions::new().create(true).append(true).open(self.log()).expect("a log");
        let mut command = self.agent.wrapped(wrap, &["filter"]);
        self.child = Some(command.stdout(Stdio::null()).stderr(log).spawn().expect("it runs"));
    }

    /// Kills it as `kill -9` does.
    ///
    /// # Panics
    /// When it does not run.
    pub fn kill(&mut self) {
        let mut child = self.child.take().expect("a filter that runs");
        child.kill().expect("it can be killed");
        child.wait().expect("it ends");
    }

    /// Asks it to stop and waits for it.
    ///
    /// # Panics
    /// When it does not run.
    pub fn stop(&mut self) -> ExitStatus {
        let mut child = self.child.take().expect("a filter that runs");
        terminate(&child);
        child.wait().expect("it ends")
    }

    /// The folder of what is its own.
    #[must_use]
    pub fn folder(&self) -> PathBuf {
        let name = self.agent.state.file_name().unwrap_or_default().to_string_lossy().into_owned();
        self.agent.state.with_file_name(format!("{name}-filter"))
    }

    /// Its process.
    ///
    /// # Panics
    /// When it does not run.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.as_ref().expect("a filter that runs").id()
    }

    /// Its log.
    #[must_use]
    pub fn log(&self) -> PathBuf {
        self.agent.state.with_file_name("filter.log")
    }

    /// What its log says.
    #[must_use]
    pub fn log_text(&self) -> String {
        fs::read_to_string(self.log()).unwrap_or_default()
    }

    /// Has it look, as an agent does: a message of four bytes of length and a field that says so. A filter that does not run looks when it starts.
    ///
    /// # Panics
    /// When a filter that listens does not hear.
    pub fn nudge(&self) {
        if let Ok(mut filter) = UnixStream::connect(self.folder().join("control")) {
            filter.write_all(&[0, 0, 0, 2, 8, 1]).expect("it hears");
            // It answers with how it stands: so it is there, and reads.
            filter.read_exact(&mut [0; 4]).expect("it speaks");
        }
    }

    /// How often it has said that it does not take what it was told.
    #[must_use]
    pub fn refusals(&self) -> usize {
        self.log_text().matches("what was held stays").count()
    }

    /// Says what an agent would say.
    ///
    /// # Panics
    /// When it cannot be written.
    pub fn tell(&self, active: &Value) {
        let folder = self.agent.state.join("filter");
        fs::create_dir_all(&folder).expect("a folder");
        let (new, path) = (folder.join("new"), folder.join("active.json"));
        fs::write(&new, active.to_string()).expect("a file");
        fs::rename(new, path).expect("its place");
        self.nudge();
    }

    /// Waits until it answers a name with this, or says that it never does.
    #[must_use]
    pub fn answers(&self, milliseconds: u64, name: &str, closed: bool) -> bool {
        within(milliseconds, || {
            crate::names::address(self.at, name).is_some_and(|address| address.is_loopback() == closed)
        })
    }
}

impl Drop for FilterProcess {
    fn drop(&mut self) {
        if self.child.is_some() {
            self.kill();
        }
    }
}

/// A policy that is the same everywhere.
#[must_use]
pub fn everywhere(side: &Side) -> Filtering {
    Filtering {
        in_school: side.clone(),
        out_of_school: side.clone(),
        hours: None,
        lessons: Vec::new(),
        unblocked: Vec::new(),
        contact: "Le collège".to_owned(),
    }
}

/// A side that blocks these categories and these names, and leads engines to their safe answers.
#[must_use]
pub fn side(blocked: &[&str], names: &[&str]) -> Side {
    Side {
        blocked: set(blocked),
        names_blocked: set(names),
        safe_search: true,
        youtube: YouTube::Strict,
        ..Side::default()
    }
}

/// What an agent says: this policy, the package's floor, and the list in a folder.
#[must_use]
pub fn active(filtering: Option<&Filtering>, list: Option<(&Path, Digest)>) -> Value {
    let list = list.map(|(folder, manifest)| json!({"folder": folder, "manifest": manifest}));
    json!({"filtering": filtering, "floor": Floor::built_in(), "own": [], "list": list})
}

/// Writes a list in the form of a bundle's folder; its digest, and the names of a category in it.
///
/// # Panics
/// When it cannot be written.
#[must_use]
pub fn list_write(folder: &Path, version: &str, names: &[(&str, &str)]) -> Digest {
    let mut collector = Collector::new(Seed::new([9; 16]), filter::Categories::new());
    for (name, white, _) in lists::CATEGORIES {
        let _ = collector.category(name, *white).expect("a category");
    }
    for (category, name) in names {
        let id = collector.categories().find(category).expect("a category");
        collector.add(id, &name.parse().expect("a name")).expect("room");
    }
    let listing = collector.finish().expect("a listing");
    let image = listing.image(&[]).expect("an image");
    fs::create_dir_all(folder).expect("a folder");
    fs::write(folder.join("image"), &image).expect("a file");
    let file = ListFile { file: "image".to_owned(), sha256: Digest::of(&image), bytes: image.len() as u64 };
    let made = jiff::civil::date(2026, 11, 30);
    let mut manifest = ListManifest::new(version.parse().expect("a version"), made, file);
    manifest.entries = names.len() as u64;
    manifest.attribution = "Listes inventées".to_owned();
    manifest.categories = lists::CATEGORIES
        .iter()
        .map(|(name, white, _)| ListCategory {
            name: (*name).to_owned(),
            white: *white,
            label_fr: format!("Catégorie {name}"),
            label_en: format!("Category {name}"),
            aliases: BTreeSet::new(),
        })
        .collect();
    manifest.never = ["education.gouv.fr".to_owned()].into();
    let bytes = manifest.encode().expect("a manifest");
    fs::write(folder.join(LIST_FILE), &bytes).expect("a file");
    Digest::of(&bytes)
}

fn set<T: FromStr + Ord>(names: &[&str]) -> BTreeSet<T> {
    names.iter().map(|name| name.parse().ok().expect("a name")).collect()
}
