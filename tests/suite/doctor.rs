//! `cartable-agent doctor`: each failure provoked, and the words that are said of it.

use crate::disk::Mounted;
use crate::proxy::fake;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Output;
use tests::process::{AgentProcess, ServerProcess, free_port, until};

fn text(out: &Output) -> String {
    String::from_utf8(out.stdout.clone()).unwrap()
}

/// Outcome and code of each check.
fn checks(agent: &AgentProcess, more: &[&str]) -> Vec<(String, String, String)> {
    let out = agent.run(&[&["doctor", "--output", "json"], more].concat());
    let read: serde_json::Value = serde_json::from_slice(&out.stdout).unwrap();
    assert_eq!(read["well"], out.status.success());
    let part = |check: &serde_json::Value, name: &str| check[name].as_str().unwrap().to_owned();
    let checks = read["checks"].as_array().unwrap().iter();
    checks.map(|check| (part(check, "check"), part(check, "outcome"), part(check, "code"))).collect()
}

/// The one check that fails; those before it must not, those after it are not tried.
fn failing(agent: &AgentProcess, more: &[&str]) -> (String, String) {
    let checks = checks(agent, more);
    let failing: Vec<_> = checks.iter().filter(|(_, outcome, _)| outcome == "fail").collect();
    assert_eq!(failing.len(), 1, "{checks:?}");
    (failing[0].0.clone(), failing[0].2.clone())
}

#[test]
fn a_device_that_is_well_is_called_well_while_its_agent_runs() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = ServerProcess::init(folder.path());
    server.start();
    let mut agent = AgentProcess::new(folder.path(), "agent", "");
    // Before the enrolment: all there is to see, and no more.
    let before = agent.run(&["doctor", "--server", &server.url()]);
    let said = text(&before);
    assert!(before.status.success(), "{said}");
    assert!(said.contains("this device is not enrolled") && said.contains("enrolment will compare it"), "{said}");
    agent.enrol(&server, &server.token(&["--kind", "unit"]));
    agent.start();
    until(30, "it has reported", || {
        let note = fs::read_to_string(agent.state.join("status.json")).unwrap_or_default();
        note.contains("\"connected\": true")
    });
    let out = agent.run(&["doctor"]);
    let said = text(&out);
    assert!(out.status.success(), "{said}");
    assert!(said.trim_end().ends_with("All is well."), "{said}");
    assert!(!said.contains('\x1b'), "colours are for terminals: {said}");
    assert_eq!(said.lines().filter(|line| line.starts_with("ok ")).count(), 9, "{said}");
    let french = text(&agent.run_in_french(&["doctor"]));
    assert!(french.trim_end().ends_with("Tout va bien."), "{french}");
    // Revoked: the server serves, though not this device.
    let id = server.json(&["device", "list"])[0]["id"].as_str().unwrap().to_owned();
    assert!(server.cartable(&["device", "revoke", &id, "--yes", "--why", "stolen"]).status.success());
    until(10, "it knows", || {
        fs::read_to_string(agent.state.join("status.json")).unwrap_or_default().contains("\"refused\": true")
    });
    assert_eq!(failing(&agent, &[]), ("answer".to_owned(), "refused".to_owned()));
    server.stop();
    let out = agent.run(&["doctor"]);
    assert_eq!(out.status.code(), Some(1));
    let said = text(&out);
    assert!(said.contains("nothing listens there") && said.contains("What to do: check address and port"), "{said}");
    assert!(said.contains("not tried: depends on “Way to the server”"), "{said}");
    assert!(said.trim_end().ends_with("See to this first: “Way to the server”."), "{said}");
}

#[test]
fn names_ports_proxies_and_foreign_servers_are_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = ServerProcess::init(folder.path());
    server.start();
    let direct = AgentProcess::new(folder.path(), "direct", "");
    let (check, code) = failing(&direct, &["--server", "https://nowhere.invalid:8443"]);
    assert!(check == "name" && ["unknown", "resolver"].contains(&code.as_str()), "{check} {code}");
    let said = text(&direct.run_in_french(&["doctor", "--server", "https://nowhere.invalid:8443"]));
    assert!(said.contains("nowhere.invalid") && said.contains("Que faire"), "{said}");
    let closed = format!("https://localhost:{}", free_port());
    assert_eq!(failing(&direct, &["--server", &closed]), ("reach".to_owned(), "closed".to_owned()));
    assert_eq!(direct.run(&["doctor", "--server", "localhost"]).status.code(), Some(2));

    for (n, (answer, code, words)) in [
        ("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", "password", "asks for a user name and a password"),
        ("HTTP/1.1 403 Forbidden\r\n\r\n", "refuses", "refuses the connection (status 403)"),
        ("SSH-2.0-OpenSSH_9.2\r\n\r\n", "odd", "does not behave like a proxy (its answer is not HTTP)"),
    ]
    .into_iter()
    .enumerate()
    {
        // The first connection only knocks, to see whether something listens; the second asks.
        let (port, answering) = fake(answer, 2);
        let more = format!("proxy = \"http://school:s3cret@127.0.0.1:{port}\"\nno_proxy = \"\"\n");
        let agent = AgentProcess::new(folder.path(), &format!("proxied-{n}"), &more);
        let out = agent.run(&["doctor", "--server", &server.url()]);
        let said = text(&out);
        assert!(said.contains(words) && said.contains("See to this first: “Proxy”"), "{code}: {said}");
        assert!(!said.contains("s3cret"), "{said}");
        answering.join().unwrap();
    }

    let mut enrolled = AgentProcess::new(folder.path(), "enrolled", "");
    enrolled.enrol(&server, &server.token(&["--kind", "unit"]));
    let mut other = ServerProcess::init(&folder.path().join("elsewhere"));
    other.start();
    assert_eq!(failing(&enrolled, &["--server", &other.url()]), ("trust".to_owned(), "foreign".to_owned()));
    enrolled.kill();
}

#[test]
fn an_open_folder_and_a_full_disk_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = ServerProcess::init(folder.path());
    server.start();
    let agent = AgentProcess::new(folder.path(), "agent", "");
    fs::set_permissions(&agent.state, fs::Permissions::from_mode(0o755)).unwrap();
    let said = text(&agent.run(&["doctor", "--server", &server.url()]));
    assert!(said.contains("chmod 700") && said.contains("See to this first: “State folder”"), "{said}");
    fs::set_permissions(&agent.state, fs::Permissions::from_mode(0o700)).unwrap();
    let options = ["-t", "tmpfs", "-o", "size=64k,mode=0700", "tmpfs"];
    let Some(_disk) = Mounted::mount(&options, &agent.state) else { return };
    let filler = agent.state.join("spool");
    fs::create_dir(&filler).unwrap();
    let _ = fs::write(filler.join("hardware"), vec![0; 128 * 1024]);
    let said = text(&agent.run(&["doctor", "--server", &server.url()]));
    assert!(said.contains("no room left in") && said.contains("delete files you do not need"), "{said}");
}
