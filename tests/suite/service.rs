//! What a service manager is told by the real programs, over a real datagram socket.

use std::net::TcpStream;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tests::filtering::{FilterProcess, active, everywhere, side};
use tests::names::Upstream;
use tests::process::{AgentProcess, ServerProcess, until};

/// How long anything may take before a test gives up.
const LONG: Duration = Duration::from_secs(60);

/// The other end of `NOTIFY_SOCKET`.
pub(crate) struct Manager {
    socket: UnixDatagram,
    path: PathBuf,
}

impl Manager {
    pub(crate) fn new(folder: &Path) -> Self {
        let path = folder.join("notify");
        let socket = UnixDatagram::bind(&path).unwrap();
        socket.set_read_timeout(Some(LONG)).unwrap();
        Self { socket, path }
    }

    /// A program that sets the variables for the one after it.
    pub(crate) fn environment(&self, watchdog: Duration) -> [String; 3] {
        let socket = format!("NOTIFY_SOCKET={}", self.path.display());
        ["env".to_owned(), socket, format!("WATCHDOG_USEC={}", watchdog.as_micros())]
    }

    /// The next message's lines.
    pub(crate) fn next(&self) -> Vec<String> {
        let mut bytes = [0; 4096];
        let length = self.socket.recv(&mut bytes).expect("a message");
        String::from_utf8(bytes[..length].to_vec()).unwrap().lines().map(str::to_owned).collect()
    }

    /// All lines up to the first that begins so, which is the last of them.
    pub(crate) fn upto(&self, begin: &str) -> Vec<String> {
        let mut lines = Vec::new();
        loop {
            lines.extend(self.next());
            if lines.iter().any(|line| line.starts_with(begin)) {
                return lines;
            }
        }
    }

    /// Forgets what was said so far.
    fn forget(&self) {
        self.socket.set_nonblocking(true).unwrap();
        while self.socket.recv(&mut [0; 4096]).is_ok() {}
        self.socket.set_nonblocking(false).unwrap();
    }

    /// Whether nothing is said for so long.
    pub(super) fn silent(&self, while_: Duration) -> bool {
        self.socket.set_read_timeout(Some(while_)).unwrap();
        let silent = self.socket.recv(&mut [0; 4096]).is_err();
        self.socket.set_read_timeout(Some(LONG)).unwrap();
        silent
    }
}

/// The same environment as words.
pub(crate) fn words(environment: &[String; 3]) -> [&str; 3] {
    environment.each_ref().map(String::as_str)
}

fn signalled(pid: u32, signal: rustix::process::Signal) {
    let pid = rustix::process::Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
    rustix::process::kill_process(pid, signal).unwrap();
}

/// Stops every thread of a process, and waits until each stands still.
fn stopped(pid: u32) {
    signalled(pid, rustix::process::Signal::STOP);
    let still = |stat: String| stat.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with('T'));
    until(10, "it stands still", || {
        let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).unwrap();
        tasks.flatten().all(|task| std::fs::read_to_string(task.path().join("stat")).is_ok_and(still))
    });
}

#[test]
fn a_server_says_that_it_listens_that_it_lives_and_that_it_stops() {
    let folder = tempfile::tempdir().unwrap();
    let manager = Manager::new(folder.path());
    let environment = manager.environment(Duration::from_millis(200));
    let mut server = ServerProcess::init(folder.path());
    server.start_with(&words(&environment));
    let first = manager.next();
    assert!(first.iter().any(|line| line.starts_with("STATUS=opening the store")), "{first:?}");
    assert!(first.contains(&"EXTEND_TIMEOUT_USEC=30000000".to_owned()), "{first:?}");
    let ready = manager.upto("READY=1");
    assert!(TcpStream::connect(("127.0.0.1", server.port)).is_ok());
    assert!(ready.iter().all(|line| line != "WATCHDOG=1"), "alive before it is ready: {ready:?}");
    assert!(ready.contains(&format!("STATUS=listening on 127.0.0.1:{}", server.port)), "{ready:?}");
    for _ in 0..3 {
        assert_eq!(manager.next(), ["WATCHDOG=1"]);
    }
    // A process that stands still gives no sign.
    stopped(server.pid());
    manager.forget();
    assert!(manager.silent(Duration::from_millis(600)));
    signalled(server.pid(), rustix::process::Signal::CONT);
    manager.upto("WATCHDOG=1");
    assert!(server.stop().success());
    assert!(manager.upto("STOPPING=1").iter().all(|line| line != "READY=1"));

    // Cut, and its store probed by a child that must not speak for it.
    server.start_with(&words(&environment));
    manager.upto("READY=1");
    server.kill();
    manager.forget();
    server.start_with(&words(&environment));
    let said = manager.upto("READY=1");
    assert_eq!(said.iter().filter(|line| *line == "READY=1").count(), 1, "{said:?}");
    assert!(said.iter().any(|line| line.starts_with("EXTEND_TIMEOUT_USEC=")), "{said:?}");
}

#[test]
fn an_agent_says_that_it_holds_its_folder_how_it_is_that_it_lives_and_that_it_stops() {
    let folder = tempfile::tempdir().unwrap();
    let manager = Manager::new(folder.path());
    let environment = manager.environment(Duration::from_millis(200));
    let mut server = ServerProcess::init(folder.path());
    server.start();
    let mut agent = AgentProcess::new(folder.path(), "agent", "");
    agent.enrol(&server, &server.token(&[]));
    agent.start_with(&words(&environment));
    manager.upto("READY=1");
    manager.upto(&format!("STATUS=in touch with {}", server.url()));
    manager.upto("WATCHDOG=1");
    server.kill();
    let away = manager.upto(&format!("STATUS={}: ", server.url()));
    assert!(away.last().unwrap().ends_with("trying again"), "{away:?}");
    // Without a server it is as alive as with one.
    manager.upto("WATCHDOG=1");
    stopped(agent.pid());
    manager.forget();
    assert!(manager.silent(Duration::from_millis(600)));
    signalled(agent.pid(), rustix::process::Signal::CONT);
    manager.upto("WATCHDOG=1");
    assert!(agent.stop().success());
    manager.upto("STOPPING=1");
    // Another agent on a folder that is not closed says no such thing.
    let open = AgentProcess::new(folder.path(), "open", "");
    std::fs::set_permissions(&open.state, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    manager.forget();
    let refused = open.wrapped(&words(&environment), &["run"]).output().unwrap();
    assert!(!refused.status.success() && manager.silent(Duration::from_millis(50)));
}

#[test]
fn a_filter_says_that_it_lives_while_it_answers() {
    let folder = tempfile::tempdir().unwrap();
    let manager = Manager::new(folder.path());
    let environment = manager.environment(Duration::from_millis(400));
    let upstream = Upstream::start();
    let mut filter = FilterProcess::new(folder.path(), &upstream);
    filter.tell(&active(Some(&everywhere(&side(&[], &["chat.example"]))), None));
    filter.start_with(&words(&environment));
    manager.upto("READY=1");
    assert!(filter.answers(10_000, "chat.example", true), "{}", filter.log_text());
    for _ in 0..3 {
        manager.upto("WATCHDOG=1");
    }
    stopped(filter.pid());
    manager.forget();
    assert!(manager.silent(Duration::from_millis(800)));
    signalled(filter.pid(), rustix::process::Signal::CONT);
    manager.upto("WATCHDOG=1");
    assert!(filter.stop().success());
    manager.upto("STOPPING=1");
}
