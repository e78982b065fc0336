//! Three real agents against one server, one of them behind an HTTP proxy, one revoked while it is held.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use tests::process::{AgentProcess, ServerProcess, free_port, until, within};
use tests::system_program;

/// A tinyproxy of our own, ended when dropped.
struct Tinyproxy {
    child: Child,
    port: u16,
    log: std::path::PathBuf,
}

impl Tinyproxy {
    /// Starts it, letting CONNECT through to one port, for those who know the password.
    fn start(folder: &Path, program: &Path, to: u16) -> Self {
        let (port, config, log) = (free_port(), folder.join("tinyproxy.conf"), folder.join("tinyproxy.log"));
        let text = format!(
            "Port {port}\nListen 127.0.0.1\nAllow 127.0.0.1\nTimeout 600\nMaxClients 20\nConnectPort {to}\n\
             BasicAuth school s3cret\nLogLevel Info\nLogFile {log:?}\nPidFile {:?}\n",
            folder.join("tinyproxy.pid")
        );
        std::fs::write(&config, text).unwrap();
        let mut command = Command::new(program);
        let child = command.args(["-d", "-c"]).arg(&config).stdin(Stdio::null()).stdout(Stdio::null()).spawn().unwrap();
        let proxy = Self { child, port, log };
        until(10, "tinyproxy listens", || std::net::TcpStream::connect(("127.0.0.1", port)).is_ok());
        proxy
    }
}

impl Drop for Tinyproxy {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What a running agent notes about itself.
fn noted(agent: &AgentProcess) -> serde_json::Value {
    let text = std::fs::read_to_string(agent.state.join("status.json")).unwrap_or_default();
    serde_json::from_str(&text).unwrap_or_default()
}

fn device_of(agent: &AgentProcess) -> String {
    let out = agent.run(&["status", "--output", "json"]);
    let status: serde_json::Value = serde_json::from_slice(&out.stdout).unwrap();
    status["enrolment"]["device"].as_str().unwrap().to_owned()
}

/// Runs one agent against its server from enrolment to its first held check-in.
fn join(server: &ServerProcess, agent: &mut AgentProcess) {
    agent.enrol(server, &server.token(&["--kind", "unit"]));
    agent.start();
}

fn held(server: &ServerProcess) -> u64 {
    server.json(&["server", "status"])["held"].as_u64().unwrap()
}

fn reported(server: &ServerProcess, id: &str) -> bool {
    server.json(&["device", "show", id])["reports"].as_array().unwrap().len() == 5
}

#[test]
fn three_agents_one_behind_a_proxy_and_one_revoked_while_held() {
    let Some(program) = system_program("tinyproxy") else { return };
    let folder = tempfile::tempdir().unwrap();
    let mut server = ServerProcess::init(folder.path());
    server.start();
    let proxy = Tinyproxy::start(folder.path(), &program, server.port);
    let through = format!("proxy = \"http://school:s3cret@127.0.0.1:{}\"\nno_proxy = \"\"\n", proxy.port);
    let mut agents: Vec<_> = [("direct", ""), ("behind", through.as_str()), ("revoked", "")]
        .map(|(name, more)| AgentProcess::new(folder.path(), name, more))
        .into();
    agents.iter_mut().for_each(|agent| join(&server, agent));
    let ids: Vec<String> = agents.iter().map(device_of).collect();
    until(60, "all three have reported and are held", || {
        ids.iter().all(|id| reported(&server, id)) && held(&server) == 3
    });

    let log = std::fs::read_to_string(&proxy.log).unwrap();
    let asked = format!("CONNECT localhost:{}", server.port);
    // Once to enrol, once to run.
    assert!(log.matches(&asked).count() >= 2, "{log}");
    assert!(!log.contains("s3cret"));

    let decided = server.cartable(&["device", "revoke", &ids[2], "--yes", "--why", "stolen"]);
    assert!(decided.status.success(), "{}", String::from_utf8_lossy(&decided.stderr));
    let cut = within(2_000, || noted(&agents[2])["refused"] == true);
    assert!(cut, "not cut within 2 s: {}", agents[2].log_text());
    let status = agents[2].run(&["status"]);
    assert!(String::from_utf8_lossy(&status.stdout).contains("refused by the server"), "{status:?}");
    // Nobody else is.
    assert_eq!(held(&server), 2);
    assert!(agents[..2].iter().all(|agent| noted(agent)["connected"] == true));
    for mut agent in agents {
        assert!(agent.stop().success());
    }
}

#[test]
fn a_proxy_that_wants_another_password_is_named() {
    let Some(program) = system_program("tinyproxy") else { return };
    let folder = tempfile::tempdir().unwrap();
    let mut server = ServerProcess::init(folder.path());
    server.start();
    let proxy = Tinyproxy::start(folder.path(), &program, server.port);
    let token = server.token(&["--kind", "unit"]);
    // Tinyproxy says 407 to who names no password, and 401 to who names a wrong one.
    for (name, credentials, said) in
        [("wrong", "school:guessed@", "(status 401)"), ("none", "", "asks for a user name and a password")]
    {
        let more = format!("proxy = \"http://{credentials}127.0.0.1:{}\"\nno_proxy = \"\"\n", proxy.port);
        let agent = AgentProcess::new(folder.path(), name, &more);
        refused(&agent, &server, &token, said);
    }
    let more = format!("proxy = \"http://school:s3cret@127.0.0.1:{}\"\nno_proxy = \"\"\n", proxy.port);
    AgentProcess::new(folder.path(), "right", &more).enrol(&server, &token);
}

#[test]
fn a_proxy_that_answers_anything_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = ServerProcess::init(folder.path());
    server.start();
    let token = server.token(&["--kind", "unit"]);
    for (n, (answer, said)) in [
        (
            "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\n\r\n",
            "the proxy asks for a user name and a password",
        ),
        ("HTTP/1.1 403 Forbidden\r\n\r\n", "the proxy refuses the connection (status 403)"),
        ("SSH-2.0-OpenSSH_9.2\r\n\r\n", "its answer is not HTTP"),
        ("", "hangs up"),
    ]
    .into_iter()
    .enumerate()
    {
        let (port, answered) = fake(answer, 1);
        let more = format!("proxy = \"http://school:s3cret@127.0.0.1:{port}\"\nno_proxy = \"\"\n");
        refused(&AgentProcess::new(folder.path(), &format!("agent-{n}"), &more), &server, &token, said);
        answered.join().unwrap();
    }
    // The token never left.
    assert_eq!(server.json(&["token", "list"])[0]["used"], 0);
}

/// A proxy that hears a request out, answers it so, and hangs up; so many times.
pub(crate) fn fake(answer: &'static str, times: usize) -> (u16, std::thread::JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let answering = std::thread::spawn(move || {
        for _ in 0..times {
            let (mut stream, _) = listener.accept().unwrap();
            let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
            while lines.next().is_some_and(|line| line.is_ok_and(|line| !line.is_empty())) {}
            // Whoever has hung up meanwhile wanted no answer.
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    (port, answering)
}

fn refused(agent: &AgentProcess, server: &ServerProcess, token: &str, said: &str) {
    let out = agent.run(&["enrol", "--server", &server.url(), "--token", token]);
    let text = String::from_utf8_lossy(&out.stderr);
    assert_eq!(out.status.code(), Some(6), "{text}");
    assert!(text.contains(said), "{text}");
    assert!(!text.contains("s3cret") && !text.contains("guessed"), "{text}");
}
