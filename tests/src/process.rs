//! Real servers and agents as processes, each in a folder of its own, ended when dropped.

mod agent;

pub use agent::AgentProcess;

use crate::programs::program;
use std::io::{BufRead, BufReader};
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tokio::net::TcpSocket;

/// A control plane in its folder; started and stopped at will.
pub struct ServerProcess {
    /// The data folder.
    pub data: PathBuf,
    /// The port on loopback.
    pub port: u16,
    /// Whose profile the CLI uses, instead of the first operator's.
    profile: Option<PathBuf>,
    /// Words before the server and the CLI, such as those that enter a network namespace.
    pub place: Vec<String>,
    child: Option<Child>,
}

impl ServerProcess {
    /// Makes a control plane for the territory `doubs` on a free port of loopback.
    ///
    /// # Panics
    /// When `init` fails.
    #[must_use]
    pub fn init(folder: &Path) -> Self {
        Self::init_at(folder, "127.0.0.1", "127.0.0.1", free_port())
    }

    /// The same on every address of a machine, of which its certificate names one besides `localhost`.
    #[must_use]
    pub fn init_everywhere(folder: &Path, address: &str, port: u16) -> Self {
        Self::init_at(folder, "0.0.0.0", address, port)
    }

    fn init_at(folder: &Path, listen: &str, address: &str, port: u16) -> Self {
        let data = folder.join("server");
        let made = Command::new(program("cartable-server"))
            .args(["init", "--lang", "en", "--territory", "doubs", "--name", "localhost", "--name", address])
            .arg("--listen")
            .arg(format!("{listen}:{port}"))
            .arg("--data")
            .arg(&data)
            .output()
            .expect("cartable-server runs");
        assert!(made.status.success(), "init: {}", String::from_utf8_lossy(&made.stderr));
        Self::made(data, port)
    }

    /// One whose folder is made.
    pub(crate) fn made(data: PathBuf, port: u16) -> Self {
        // Tests and figures call as fast as they can; what the limit does has a test of its own.
        let config = std::fs::read_to_string(data.join("server.toml")).expect("a configuration");
        let config = config.replace("device_burst = 120", "device_burst = 1000000");
        std::fs::write(data.join("server.toml"), config).expect("a configuration");
        Self { data, port, profile: None, place: Vec::new(), child: None }
    }

    /// One that somebody else runs, on this port of loopback; it is neither started nor ended here.
    #[must_use]
    pub const fn foreign(data: PathBuf, port: u16) -> Self {
        Self { data, port, profile: None, place: Vec::new(), child: None }
    }

    /// The same server in another folder, which holds its configuration and keys; not started.
    #[must_use]
    pub fn moved(&self, data: PathBuf) -> Self {
        Self { data, port: self.port, profile: self.profile.clone(), place: self.place.clone(), child: None }
    }

    /// Where it is reached.
    #[must_use]
    pub fn url(&self) -> String {
        format!("https://localhost:{}", self.port)
    }

    /// Starts it and waits until it listens; `wrap` may put a program such as strace before it.
    ///
    /// # Panics
    /// When it ends instead of listening.
    pub fn start_with(&mut self, wrap: &[&str]) {
        assert!(self.start_tried(wrap), "it did not start: {}", self.log_text());
    }

    /// The same, where it may end instead of listening; says whether it listens.
    ///
    /// # Panics
    /// When it cannot be run at all.
    pub fn start_tried(&mut self, wrap: &[&str]) -> bool {
        let exe = program("cartable-server");
        let log = std::fs::OpenOptions::new().create(true).append(true).open(self.log()).expect("a log");
        let place: Vec<&str> = self.place.iter().map(String::as_str).chain(wrap.iter().copied()).collect();
        let mut command = placed(&place, &exe);
        let mut child = command
            .args(["run", "--lang", "en", "--data"])
            .arg(&self.data)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .expect("cartable-server runs");
        let mut line = String::new();
        let out = child.stdout.as_mut().expect("piped");
        BufReader::new(out).read_line(&mut line).expect("a line");
        if !line.contains("listens on") {
            let _ = child.wait();
            return false;
        }
        self.child = Some(child);
        true
    }

    /// Starts it.
    pub fn start(&mut self) {
        self.start_with(&[]);
    }

    /// Its process id.
    ///
    /// # Panics
    /// When it is not running.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.as_ref().expect("it runs").id()
    }

    /// Kills it as `kill -9` does.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Whether it has ended by itself.
    pub fn has_ended(&mut self) -> bool {
        self.child.as_mut().is_some_and(|child| !matches!(child.try_wait(), Ok(None)))
    }

    /// Asks it to stop and waits for it.
    ///
    /// # Panics
    /// When it is not running.
    pub fn stop(&mut self) -> ExitStatus {
        let mut child = self.child.take().expect("it runs");
        terminate(&child);
        child.wait().expect("it ends")
    }

    /// Where its log goes.
    #[must_use]
    pub fn log(&self) -> PathBuf {
        self.data.with_extension("log")
    }

    /// Its log so far.
    #[must_use]
    pub fn log_text(&self) -> String {
        std::fs::read_to_string(self.log()).unwrap_or_default()
    }

    /// Runs another command of `cartable-server` on the data folder, in English; the server is stopped.
    ///
    /// # Panics
    /// When it fails.
    pub fn command(&self, verb: &str, arguments: &[&str]) {
        let mut command = Command::new(program("cartable-server"));
        command.arg(verb).args(arguments).args(["--lang", "en", "--data"]).arg(&self.data).stdin(Stdio::null());
        let out = command.output().expect("cartable-server runs");
        assert!(out.status.success(), "{verb}: {}", String::from_utf8_lossy(&out.stderr));
    }

    /// Runs it where it must not start, to its end, and gives what it says on standard error.
    #[must_use]
    pub fn start_refused(&self) -> String {
        let mut command = Command::new(program("cartable-server"));
        command.args(["run", "--lang", "en", "--data"]).arg(&self.data).stdin(Stdio::null());
        let out = command.output().expect("cartable-server runs");
        assert_eq!(out.status.code(), Some(1), "{}", String::from_utf8_lossy(&out.stdout));
        assert!(out.stdout.is_empty(), "it says that it listens");
        String::from_utf8(out.stderr).expect("UTF-8")
    }

    /// Lets the CLI be used from now on by somebody who answers for the whole and lends: an admin alone reads no identity.
    ///
    /// # Panics
    /// When it does not run, or the invitation is not accepted.
    pub fn desk(&mut self) {
        let both = ["--role", "admin", "--role", "loan-desk", "--why", "lends, too"];
        let invited = self.json(&[&["operator", "invite", "guichet"], &both[..]].concat());
        let secret = invited["secret"].as_str().expect("a secret").to_owned();
        self.profile = Some(self.data.with_extension("desk").join("cartable.toml"));
        self.json(&["operator", "accept", "--server", &self.url(), "--invitation", &secret]);
    }

    /// Runs the CLI as the first operator, or as who [`ServerProcess::desk`] made, in English.
    ///
    /// # Panics
    /// When `cartable` cannot be run.
    pub fn cartable(&self, arguments: &[&str]) -> Output {
        let place: Vec<&str> = self.place.iter().map(String::as_str).collect();
        self.within(&place, arguments)
    }

    /// The same with other words before it.
    ///
    /// # Panics
    /// When `cartable` cannot be run.
    pub fn within(&self, place: &[&str], arguments: &[&str]) -> Output {
        placed(place, &program("cartable"))
            .args(["--lang", "en", "--config"])
            .arg(self.config())
            .args(arguments)
            .stdin(Stdio::null())
            .output()
            .expect("cartable runs")
    }

    /// Runs the CLI with `--output json` and reads what it prints.
    ///
    /// # Panics
    /// When it fails or prints no JSON.
    pub fn json(&self, arguments: &[&str]) -> serde_json::Value {
        let place: Vec<&str> = self.place.iter().map(String::as_str).collect();
        self.shifted_json(&place, arguments)
    }

    /// The same with a program before it that shifts the clock.
    ///
    /// # Panics
    /// When it fails or prints no JSON.
    pub fn shifted_json(&self, shift: &[&str], arguments: &[&str]) -> serde_json::Value {
        let out = self.within(shift, &[&["--output", "json"], arguments].concat());
        assert!(out.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&out.stderr));
        serde_json::from_slice(&out.stdout).expect("JSON on standard output")
    }

    /// Makes a kit with one slot, whose parts run the agent.
    ///
    /// # Panics
    /// When it is not made.
    pub fn kit(&self, label: &str, slot: &str) {
        let file = self.data.with_extension("template.toml");
        let template = format!(
            "name = \"t-{}\"\n[[slots]]\nslot = {slot:?}\nrole = \"laptop\"\nmin = 1\nmax = 40\nmanaged = true\n",
            label.to_lowercase()
        );
        std::fs::write(&file, template).expect("a file");
        self.json(&["kit", "template", "add", file.to_str().expect("UTF-8")]);
        self.json(&["kit", "create", label, "--template", &format!("t-{}", label.to_lowercase()), "--measure", "base"]);
    }

    /// A fresh token's text.
    ///
    /// # Panics
    /// When none is made.
    pub fn token(&self, arguments: &[&str]) -> String {
        let made = self.json(&[&["token", "create"], arguments].concat());
        made["secret"].as_str().or_else(|| made["token"].as_str()).expect("a token").to_owned()
    }
}

impl ServerProcess {
    /// With which configuration the CLI calls it.
    #[must_use]
    pub fn config(&self) -> PathBuf {
        self.profile.clone().unwrap_or_else(|| self.data.join("operator/cartable.toml"))
    }
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A port of loopback that is free, and that neither another test nor a connection of any is given.
///
/// # Panics
/// When there is none.
#[must_use]
pub fn free_port() -> u16 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    // Below those that the system gives to connections, and elsewhere for each process of tests.
    let (first, count) = (10_000, 20_000);
    let mut ports = std::iter::repeat_with(|| {
        let nth = std::process::id().wrapping_mul(97).wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed)) % count;
        u16::try_from(first + nth).expect("a port")
    });
    // Bound and never listening: a program that another test is starting may have a copy of this for a moment, which is in nobody's way then.
    let free = |port: &u16| {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.set_reuseaddr(true).is_ok() && socket.bind((Ipv4Addr::LOCALHOST, *port).into()).is_ok()
    };
    ports.by_ref().take(1_000).find(free).expect("loopback has a free port")
}

/// A machine that builds and tests at once can stall for this many times what a quiet one takes; who comes in time loses nothing.
const PATIENCE: u64 = 6;

/// Waits until something holds, looking again at each change of time; gives up after so many seconds of a quiet machine.
///
/// Processes and files give no event to wait for.
///
/// # Panics
/// When it does not come to hold.
pub fn until(seconds: u64, what: &str, holds: impl FnMut() -> bool) {
    assert!(within(seconds * PATIENCE * 1000, holds), "not within {seconds} s of a quiet machine: {what}");
}

/// Waits until something holds or so many milliseconds have passed; says which.
pub fn within(milliseconds: u64, mut holds: impl FnMut() -> bool) -> bool {
    // By the time that passes: a look may itself take longer than the pause after it.
    #[allow(clippy::disallowed_methods, reason = "processes are waited for, which no clock of ours moves")]
    let begun = std::time::Instant::now();
    while !holds() {
        if begun.elapsed() > Duration::from_millis(milliseconds) {
            return false;
        }
        std::thread::park_timeout(Duration::from_millis(20));
    }
    true
}

/// A program with words before it.
fn placed(place: &[&str], program: &Path) -> Command {
    let [first, rest @ ..] = place else { return Command::new(program) };
    let mut command = Command::new(first);
    command.args(rest).arg(program);
    command
}

pub(crate) fn terminate(child: &Child) {
    let pid = rustix::process::Pid::from_raw(i32::try_from(child.id()).expect("a process id")).expect("not zero");
    let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
}
