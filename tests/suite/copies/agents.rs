//! The same with real agents and a real server, each in a folder of its own.

use serde_json::Value;
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;
use tests::process::{AgentProcess, ServerProcess, until};

#[test]
fn an_agent_enrols_again_and_goes_on_as_the_same_device() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = ServerProcess::init(folder.path());
    server.start();
    let mut agent = AgentProcess::new(folder.path(), "agent", &machine(folder.path(), "one", "PF-1"));
    agent.enrol(&server, &server.token(&["--kind", "unit", "--school", "0951099D"]));
    let key = || std::fs::read(folder.path().join("agent/identity.key")).unwrap();
    let (device, before) = (server.json(&["device", "list"])[0]["id"].as_str().unwrap().to_owned(), key());
    agent.start();
    let seen = || server.json(&["device", "show", &device])["reports"].as_array().map_or(0, Vec::len);
    until(20, "the first report", || seen() == 5);
    let token = server.token(&["--device", &device]);
    let enrol = |agent: &AgentProcess, more: &[&str]| {
        let out = agent.run(&[&["enrol", "--server", &server.url(), "--token", &token], more].concat());
        (out.status.code(), String::from_utf8_lossy(&out.stderr).into_owned())
    };
    // Not while it runs, and not by accident.
    let (code, said) = enrol(&agent, &["--again"]);
    assert!(code == Some(1) && said.contains("another agent"), "{said}");
    assert!(agent.stop().success());
    let (code, said) = enrol(&agent, &[]);
    assert!(code == Some(1) && said.contains("--again"), "{said}");
    assert_eq!(key(), before);
    let (code, said) = enrol(&agent, &["--again"]);
    assert_eq!(code, Some(0), "{said}");
    assert_ne!(key(), before);
    assert!(!folder.path().join("agent/again").exists());
    agent.start();
    let listed = server.json(&["device", "list"]);
    assert_eq!((listed.as_array().unwrap().len(), &listed[0]["state"]), (1, &"active".into()));
    assert_eq!((listed[0]["id"].as_str(), &listed[0]["school"]), (Some(&*device), &"0951099D".into()));
    until(20, "the new identity is connected", || server.json(&["device", "show", &device])["connected"] == true);
    assert!(agent.stop().success());
    // A token that is used up does the new identity no harm.
    let (code, _) = enrol(&agent, &["--again"]);
    assert_eq!(code, Some(4));
    assert!(agent.run(&["status"]).status.success());
}

#[test]
fn an_agent_killed_while_it_enrols_again_has_one_identity_or_the_other() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = ServerProcess::init(folder.path());
    server.start();
    let mut agent = AgentProcess::new(folder.path(), "agent", &machine(folder.path(), "one", "PF-1"));
    agent.enrol(&server, &server.token(&["--kind", "unit"]));
    let device = server.json(&["device", "list"])[0]["id"].as_str().unwrap().to_owned();
    let mut killed = 0;
    for step in 1..=10 {
        let token = server.token(&["--device", &device]);
        let files = || std::fs::read_dir(agent.state.join("again")).map_or(0, Iterator::count);
        killed += i32::from(!agent.enrol_killed(&server, &token, &["--again"], || files() >= step));
        // Whichever it is, it is whole.
        let status = agent.run(&["status", "--output", "json"]);
        assert!(status.status.success(), "{step}: {}", String::from_utf8_lossy(&status.stderr));
        let again = agent.run(&["enrol", "--server", &server.url(), "--token", &token, "--again"]);
        let text = String::from_utf8_lossy(&again.stderr);
        assert!(again.status.success() || text.contains("refuse"), "{step}: {text}");
        agent.start();
        until(20, "it is connected", || server.json(&["device", "show", &device])["connected"] == true);
        agent.kill();
        assert_eq!(server.json(&["device", "list"]).as_array().unwrap().len(), 1);
    }
    assert!(killed >= 5, "only {killed} of 10 were killed midway");
}

#[test]
fn an_image_cloned_before_it_is_enrolled_becomes_two_devices_and_the_second_waits() {
    let (folder, server) = server();
    let config = machine(folder.path(), "one", "PF-1");
    let (first, second) =
        (AgentProcess::new(folder.path(), "a", &config), AgentProcess::new(folder.path(), "b", &config));
    first.enrol(&server, &server.token(&["--kind", "unit"]));
    second.enrol(&server, &server.token(&["--kind", "unit"]));
    let (a, b) = (device_of(&first), device_of(&second));
    assert_ne!(a, b);
    let key = |agent: &AgentProcess| std::fs::read(agent.state.join("identity.key")).unwrap();
    assert_ne!(key(&first), key(&second));
    let (shown, other) = (show(&server, &a), show(&server, &b));
    assert_eq!(shown["state"], "active");
    assert_eq!((&other["state"], &other["reason"]), (&"quarantined".into(), &"same_serial".into()));
    assert_eq!((&shown["alike"][0], &other["alike"][0]), (&b.clone().into(), &a.clone().into()));
    // A person has looked: both belong.
    assert!(server.cartable(&["device", "approve", &b, "--why", "two machines, one serial"]).status.success());
    assert_eq!(show(&server, &b)["state"], "active");
}

#[test]
fn an_image_cloned_after_it_was_enrolled_locks_both_until_a_token_says_which_is_right() {
    let (folder, server) = server();
    let mut right = AgentProcess::new(folder.path(), "right", &machine(folder.path(), "one", "PF-1"));
    right.enrol(&server, &server.token(&["--kind", "unit"]));
    let device = device_of(&right);
    right.start();
    until(20, "it is connected", || show(&server, &device)["connected"] == true);
    let mut copy = copied(&folder, &right, "copy", &machine(folder.path(), "two", "PF-2"));
    copy.start();
    until(60, "it is locked", || show(&server, &device)["reason"] == "cloned");
    for agent in [&right, &copy] {
        until(60, "both know", || status(agent)["live"]["quarantined"] == true);
    }
    assert_eq!(status(&copy)["live"]["other_machine"], true);
    assert_eq!(status(&right)["live"]["other_machine"], false);
    assert!(flags(&server, &device).contains(&"cloned".to_owned()));
    let audited = server.json(&["audit", "list", "--verb", "device_cloned"]);
    assert_eq!(audited.as_array().unwrap().len(), 1, "{audited}");
    assert_eq!((&audited[0]["subject"], &audited[0]["why"]), (&device.clone().into(), &"two_boots".into()));
    // The right one is enrolled again; the copy is kept out, and no longer locks anything.
    assert!(right.stop().success());
    let token = server.token(&["--device", &device]);
    let again = right.run(&["enrol", "--again", "--server", &server.url(), "--token", &token]);
    assert!(again.status.success(), "{}", String::from_utf8_lossy(&again.stderr));
    right.start();
    until(20, "it is back", || show(&server, &device)["connected"] == true);
    copy.kill();
    copy.start();
    until(60, "the copy is refused", || status(&copy)["live"]["refused"] == true);
    let shown = show(&server, &device);
    assert_eq!((&shown["state"], &shown["reason"]), (&"active".into(), &Value::Null));
    assert!(!flags(&server, &device).contains(&"cloned".to_owned()));
    assert_eq!(server.json(&["device", "list"]).as_array().unwrap().len(), 1);
}

#[test]
fn with_the_copy_gone_a_person_may_approve_what_is_left() {
    let (folder, server) = server();
    let mut right = AgentProcess::new(folder.path(), "right", &machine(folder.path(), "one", "PF-1"));
    right.enrol(&server, &server.token(&["--kind", "unit"]));
    let device = device_of(&right);
    right.start();
    until(20, "it is connected", || show(&server, &device)["connected"] == true);
    let mut copy = copied(&folder, &right, "copy", &machine(folder.path(), "two", "PF-2"));
    copy.start();
    until(60, "it is locked", || show(&server, &device)["reason"] == "cloned");
    copy.kill();
    right.kill();
    assert!(server.cartable(&["device", "approve", &device, "--why", "the copy was wiped"]).status.success());
    // The last to call may have been the copy: what was heard before the decision counts no more.
    right.start();
    until(20, "it is connected", || show(&server, &device)["connected"] == true);
    assert_eq!(show(&server, &device)["state"], "active");
}

#[test]
fn a_disk_in_another_machine_goes_on_working_and_is_flagged() {
    let (folder, server) = server();
    let mut agent = AgentProcess::new(folder.path(), "agent", &machine(folder.path(), "one", "PF-1"));
    agent.enrol(&server, &server.token(&["--kind", "unit"]));
    let device = device_of(&agent);
    agent.start();
    until(20, "its report is kept", || show(&server, &device)["hardware"]["serial"] == "PF-1");
    assert!(flags(&server, &device).is_empty());
    assert!(agent.stop().success());
    let mut moved = copied(&folder, &agent, "moved", &machine(folder.path(), "two", "PF-2"));
    moved.start();
    until(20, "its report is kept", || show(&server, &device)["hardware"]["serial"] == "PF-2");
    assert_eq!(flags(&server, &device), ["serial", "system_uuid", "other_machine"]);
    assert_eq!(show(&server, &device)["state"], "active");
    let said = String::from_utf8(moved.run(&["status"]).stdout).unwrap();
    assert!(said.contains("not the one that was enrolled"), "{said}");
    assert!(moved.log_text().contains("not the machine that was enrolled"));
    // Enrolled again where it is now, it is at home there.
    assert!(moved.stop().success());
    let token = server.token(&["--device", &device]);
    let again = moved.run(&["enrol", "--again", "--server", &server.url(), "--token", &token]);
    assert!(again.status.success(), "{}", String::from_utf8_lossy(&again.stderr));
    moved.start();
    until(20, "nothing is left to be looked at", || flags(&server, &device).is_empty());
    assert_eq!(status(&moved)["live"]["other_machine"], false);
}

fn server() -> (TempDir, ServerProcess) {
    let folder = tempfile::tempdir().unwrap();
    let mut server = ServerProcess::init(folder.path());
    server.start();
    (folder, server)
}

/// The configuration of an agent on a machine of this name and serial number, in a boot of its own.
fn machine(folder: &Path, name: &str, serial: &str) -> String {
    let root = folder.join(format!("machine-{name}"));
    let digits: u8 = name.bytes().fold(0, u8::wrapping_add);
    let uuid = format!("4c4c4544-0050-4610-8051-c3c04f3132{digits:02x}");
    for (file, text) in [
        ("sys/class/dmi/id/product_serial", serial),
        ("sys/class/dmi/id/product_uuid", uuid.as_str()),
        ("proc/sys/kernel/random/boot_id", &format!("7d0f5a1e-9a51-4e6b-8f1e-3d5a5c6b7e{digits:02x}")),
    ] {
        let path = root.join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, format!("{text}\n")).unwrap();
    }
    format!("root = {:?}\n", root.to_str().unwrap())
}

/// An agent with a copy of the state folder, on the machine of this configuration.
fn copied(folder: &TempDir, agent: &AgentProcess, name: &str, config: &str) -> AgentProcess {
    let copy = AgentProcess::new(folder.path(), name, config);
    let done = Command::new("cp").arg("-a").arg(agent.state.join(".")).arg(&copy.state).status().unwrap();
    assert!(done.success());
    copy
}

fn status(agent: &AgentProcess) -> Value {
    serde_json::from_slice(&agent.run(&["status", "--output", "json"]).stdout).unwrap()
}

fn device_of(agent: &AgentProcess) -> String {
    status(agent)["enrolment"]["device"].as_str().unwrap().to_owned()
}

fn show(server: &ServerProcess, device: &str) -> Value {
    server.json(&["device", "show", device])
}

fn flags(server: &ServerProcess, device: &str) -> Vec<String> {
    serde_json::from_value(show(server, device)["flags"].clone()).unwrap()
}
