//! Real servers and agents as processes, each in a folder of its own, ended when dropped.

use crate::programs::program;
use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};

/// A control plane in its folder; started and stopped at will.
pub struct ServerProcess {
    /// The data folder.
    pub data: PathBuf,
    /// The port on loopback.
    pub port: u16,
    /// Whose profile the CLI uses, instead of the first operator's.
    profile: Option<PathBuf>,
    child: Option<Child>,
}

impl ServerProcess {
    /// Makes a control plane for the territory `doubs` on a free port of loopback.
    ///
    /// # Panics
    /// When `init` fails.
    #[must_use]
    pub fn init(folder: &Path) -> Self {
        let port = free_port();
        let data = folder.join("server");
        let made = Command::new(program("cartable-server"))
            .args(["init", "--lang", "en", "--territory", "doubs", "--name", "localhost", "--name", "127.0.0.1"])
            .arg("--listen")
            .arg(format!("127.0.0.1:{port}"))
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
        Self { data, port, profile: None, child: None }
    }

    /// The same server in another folder, which holds its configuration and keys; not started.
    #[must_use]
    pub fn moved(&self, data: PathBuf) -> Self {
        Self { data, port: self.port, profile: self.profile.clone(), child: None }
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
        let exe = program("cartable-server");
        let log = std::fs::OpenOptions::new().create(true).append(true).open(self.log()).expect("a log");
        let mut command = match wrap {
            [] => Command::new(&exe),
            [first, rest @ ..] => {
                let mut command = Command::new(first);
                command.args(rest).arg(&exe);
                command
            }
        };
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
        assert!(line.contains("listens on"), "it did not start: {}", self.log_text());
        self.child = Some(child);
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
        command.args([verb, "--lang", "en", "--data"]).arg(&self.data).args(arguments).stdin(Stdio::null());
        let out = command.output().expect("cartable-server runs");
        assert!(out.status.success(), "{verb}: {}", String::from_utf8_lossy(&out.stderr));
    }

    /// Runs it where it must not start, to its end, and gives what it says on standard error.
    ///
    /// # Panics
    /// When it starts, or ends well.
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
        Command::new(program("cartable"))
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
        let out = self.cartable(&[&["--output", "json"], arguments].concat());
        assert!(out.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&out.stderr));
        serde_json::from_slice(&out.stdout).expect("JSON on standard output")
    }

    /// The same with a program before it that shifts the clock.
    ///
    /// # Panics
    /// When it fails or prints no JSON.
    pub fn shifted_json(&self, shift: &[&str], arguments: &[&str]) -> serde_json::Value {
        let (first, rest) = shift.split_first().expect("a program");
        let out = Command::new(first)
            .args(rest)
            .arg(program("cartable"))
            .args(["--lang", "en", "--output", "json", "--config"])
            .arg(self.config())
            .args(arguments)
            .stdin(Stdio::null())
            .output()
            .expect("cartable runs");
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
    fn config(&self) -> PathBuf {
        self.profile.clone().unwrap_or_else(|| self.data.join("operator/cartable.toml"))
    }
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        self.kill();
    }
}

/// An agent in its state folder.
pub struct AgentProcess {
    /// The state folder.
    pub state: PathBuf,
    /// Its configuration.
    pub config: PathBuf,
    child: Option<Child>,
}

impl AgentProcess {
    /// An agent that is not enrolled; `more` is added to its configuration.
    ///
    /// # Panics
    /// When its folder cannot be made.
    #[must_use]
    pub fn new(folder: &Path, name: &str, more: &str) -> Self {
        let state = folder.join(name);
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&state).expect("a folder");
        let config = folder.join(format!("{name}.toml"));
        std::fs::write(&config, format!("state = {:?}\n{more}", state.to_str().expect("UTF-8"))).expect("a file");
        // A proxy's password may stand in it.
        std::fs::set_permissions(&config, std::fs::Permissions::from_mode(0o600)).expect("its permissions");
        Self { state, config, child: None }
    }

    /// Runs `cartable-agent` with its configuration, in English.
    ///
    /// # Panics
    /// When it cannot be run.
    pub fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("cartable-agent runs")
    }

    /// The same in French.
    ///
    /// # Panics
    /// When it cannot be run.
    pub fn run_in_french(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(program("cartable-agent"));
        command.args(["--lang", "fr", "--config"]).arg(&self.config).args(arguments).stdin(Stdio::null());
        command.output().expect("cartable-agent runs")
    }

    /// Enrols it.
    ///
    /// # Panics
    /// When that fails.
    pub fn enrol(&self, server: &ServerProcess, token: &str) {
        let out = self.run(&["enrol", "--server", &server.url(), "--token", token]);
        assert!(out.status.success(), "enrol: {}", String::from_utf8_lossy(&out.stderr));
    }

    /// Begins to enrol and kills it as `kill -9` does once `when` holds; says whether it had ended before.
    ///
    /// # Panics
    /// When it cannot be run.
    pub fn enrol_killed(
        &self,
        server: &ServerProcess,
        token: &str,
        more: &[&str],
        mut when: impl FnMut() -> bool,
    ) -> bool {
        let url = server.url();
        let arguments = [&["enrol", "--server", &url, "--token", token], more].concat();
        let mut child = self.command(&arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it runs");
        let mut ended = false;
        while !ended && !when() {
            ended = child.try_wait().expect("a child").is_some();
            std::thread::yield_now();
        }
        let _ = child.kill();
        let _ = child.wait();
        ended
    }

    /// Starts it; its acknowledgements go to [`AgentProcess::acknowledgements`].
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
        let log = std::fs::OpenOptions::new().create(true).append(true).open(self.log()).expect("a log");
        let list = self.acknowledgements();
        let arguments = ["run", "--acknowledgements", list.to_str().expect("UTF-8")];
        let mut command = self.wrapped(wrap, &arguments);
        self.child = Some(command.stdout(Stdio::null()).stderr(log).spawn().expect("it runs"));
    }

    /// A command line of `cartable-agent` with its configuration, in English, and a program such as faketime before it.
    ///
    /// # Panics
    /// When there is no verb.
    #[must_use]
    pub fn wrapped(&self, wrap: &[&str], arguments: &[&str]) -> Command {
        let plain = self.command(arguments);
        let [first, rest @ ..] = wrap else { return plain };
        let mut command = Command::new(first);
        command.args(rest).arg(plain.get_program()).args(plain.get_args()).stdin(Stdio::null());
        for variable in ["https_proxy", "HTTPS_PROXY", "no_proxy", "NO_PROXY"] {
            command.env_remove(variable);
        }
        command
    }

    /// Its device's id, by its own account.
    ///
    /// # Panics
    /// When it is not enrolled.
    #[must_use]
    pub fn id(&self) -> String {
        let status: serde_json::Value =
            serde_json::from_slice(&self.run(&["status", "--output", "json"]).stdout).expect("JSON");
        status["enrolment"]["device"].as_str().expect("a device").to_owned()
    }

    /// Its certificate in force, as kept.
    ///
    /// # Panics
    /// When there is none.
    #[must_use]
    pub fn certificate(&self) -> Vec<u8> {
        std::fs::read(self.state.join("tls.pem")).expect("a certificate")
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
        self.state.with_extension("log")
    }

    /// Its log so far.
    #[must_use]
    pub fn log_text(&self) -> String {
        let mut text = String::new();
        if let Ok(mut file) = std::fs::File::open(self.log()) {
            let _ = file.read_to_string(&mut text);
        }
        text
    }

    /// Its list of what the server acknowledged as durable.
    #[must_use]
    pub fn acknowledgements(&self) -> PathBuf {
        self.state.with_extension("acknowledged")
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(program("cartable-agent"));
        let (verb, rest) = arguments.split_first().expect("a verb");
        command.arg(verb).args(["--lang", "en", "--config"]).arg(&self.config).args(rest).stdin(Stdio::null());
        command.env_remove("https_proxy").env_remove("HTTPS_PROXY");
        command.env_remove("no_proxy").env_remove("NO_PROXY");
        // As its unit starts it.
        command.env("MALLOC_ARENA_MAX", "1");
        command
    }
}

impl Drop for AgentProcess {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A port of loopback that is free at this moment.
///
/// # Panics
/// When there is none.
#[must_use]
pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    listener.local_addr().expect("an address").port()
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
    for _ in 0..=milliseconds / 20 {
        if holds() {
            return true;
        }
        std::thread::park_timeout(std::time::Duration::from_millis(20));
    }
    false
}

fn terminate(child: &Child) {
    let pid = rustix::process::Pid::from_raw(i32::try_from(child.id()).expect("a process id")).expect("not zero");
    let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
}
