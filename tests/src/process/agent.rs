//! The agent as a process.

use super::{ServerProcess, placed, terminate};
use crate::programs::program;
use std::io::Read;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};

/// An agent in its state folder.
pub struct AgentProcess {
    /// The state folder.
    pub state: PathBuf,
    /// Its configuration.
    pub config: PathBuf,
    /// Words before each program, such as those that enter a network namespace.
    pub place: Vec<String>,
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
        Self { state, config, place: Vec::new(), child: None }
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
        self.command_in("fr", arguments).output().expect("cartable-agent runs")
    }

    /// Enrols it.
    ///
    /// # Panics
    /// When that fails.
    pub fn enrol(&self, server: &ServerProcess, token: &str) {
        self.enrol_at(&server.url(), token);
    }

    /// The same with a server under another name.
    pub fn enrol_at(&self, url: &str, token: &str) {
        let out = self.run(&["enrol", "--server", url, "--token", token]);
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
        let mut command = placed(wrap, Path::new(plain.get_program()));
        command.args(plain.get_args()).stdin(Stdio::null());
        unproxied(&mut command);
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

    /// Starts it anew if it has ended, as its supervisor does.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn restart(&mut self) {
        if self.child.as_mut().is_none_or(|child| child.try_wait().expect("a child").is_some()) {
            self.start();
        }
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
        self.command_in("en", arguments)
    }

    fn command_in(&self, language: &str, arguments: &[&str]) -> Command {
        let place: Vec<&str> = self.place.iter().map(String::as_str).collect();
        let mut command = placed(&place, &program("cartable-agent"));
        let (verb, rest) = arguments.split_first().expect("a verb");
        command.arg(verb).args(["--lang", language, "--config"]).arg(&self.config).args(rest).stdin(Stdio::null());
        unproxied(&mut command);
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

/// Without what the environment says of proxies.
fn unproxied(command: &mut Command) {
    for variable in ["https_proxy", "HTTPS_PROXY", "no_proxy", "NO_PROXY"] {
        command.env_remove(variable);
    }
}
