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
    until(60, "the first report", || seen() == 5);
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
    until(60, "the new identity is connected", || server.json(&["device", "show", &device])["connected"] == true);
    assert!(agent.stop().success());
    // A token that is used up does the new identity no harm.
    let (code, _) = enrol(&agent, &["--again"]);
    assert_eq!(code, Some(4));
    assert!(agent.run(&["status"]).status.success());
    // Nor does it stand in the way of the next one, which also mends a folder that cannot be read any more.
    std::fs::write(agent.state.join("enrolment.json"), "{").unwrap();
    assert!(!agent.run(&["status"]).status.success());
    let token = server.token(&["--device", &device]);
    let out = agent.run(&["enrol", "--again", "--server", &server.url(), "--token", &token]);
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    assert_eq!(device_of(&agent), device);
    // What was removed stays removed when the server's store is opened again.
    server.kill();
    server.start();
    agent.start();
    until(60, "it is connected again", || show(&server, &device)["connected"] == true);
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
        until(60, "it is connected", || server.json(&["device", "show", &device])["connected"] == true);
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
    until(60, "it is connected", || show(&server, &device)["connected"] == true);
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
    until(60, "it is back", || show(&server, &device)["connected"] == true);
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
    until(60, "it is connected", || show(&server, &device)["connected"] == true);
    let mut copy = copied(&folder, &right, "copy", &machine(folder.path(), "two", "PF-2"));
    copy.start();
    until(60, "it is locked", || show(&server, &device)["reason"] == "cloned");
    copy.kill();
    right.kill();
    assert!(server.cartable(&["device", "approve", &device, "--why", "the copy was wiped"]).status.success());
    // The last to call may have been the copy: what was heard before the decision counts no more.
    right.start();
    until(60, "it is connected", || show(&server, &device)["connected"] == true);
    assert_eq!(show(&server, &device)["state"], "active");
}

#[test]
fn a_disk_in_another_machine_goes_on_working_and_is_flagged() {
    let (folder, server) = server();
    let mut agent = AgentProcess::new(folder.path(), "agent", &machine(folder.path(), "one", "PF-1"));
    agent.enrol(&server, &server.token(&["--kind", "unit"]));
    let device = device_of(&agent);
    agent.start();
    until(60, "its report is kept", || show(&server, &device)["hardware"]["serial"] == "PF-1");
    assert!(flags(&server, &device).is_empty());
    assert!(agent.stop().success());
    let mut moved = copied(&folder, &agent, "moved", &machine(folder.path(), "two", "PF-2"));
    moved.start();
    until(60, "its report is kept", || show(&server, &device)["hardware"]["serial"] == "PF-2");
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
    until(60, "nothing is left to be looked at", || flags(&server, &device).is_empty());
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

#[test]
fn a_reinstalled_machine_takes_the_place_of_what_it_was_and_gives_it_back() {
    let (folder, server) = server();
    let config = machine(folder.path(), "one", "PF-1");
    let (old, mut new) =
        (AgentProcess::new(folder.path(), "old", &config), AgentProcess::new(folder.path(), "new", &config));
    server.kit("K7", "12");
    old.enrol(&server, &server.token(&["--kind", "unit", "--school", "0951099D", "--kit", "K7", "--slot", "12"]));
    new.enrol(&server, &server.token(&["--kind", "unit"]));
    let (a, b) = (device_of(&old), device_of(&new));
    new.start();
    until(60, "its report is kept", || show(&server, &b)["hardware"]["serial"] == "PF-1");
    // Side by side, in three forms.
    let compared = server.json(&["device", "compare", &a]);
    assert_eq!(compared["devices"], serde_json::json!([a, b]));
    let fact = |name: &str| {
        let facts = compared["facts"].as_array().unwrap();
        facts.iter().find(|fact| fact["fact"] == name).unwrap_or_else(|| panic!("{name}")).clone()
    };
    assert_eq!(fact("claims.serial")["differs"], false);
    assert_eq!(fact("school")["values"], serde_json::json!(["0951099D", null]));
    assert_eq!(fact("reason")["values"], serde_json::json!([null, "same_serial"]));
    assert_eq!(fact("hardware.serial")["values"], serde_json::json!([null, "PF-1"]));
    for name in ["token", "agent_version", "boot"] {
        assert_eq!(fact(name)["differs"], true, "{name}");
    }
    let said = |arguments: &[&str]| {
        let out = server.cartable(arguments);
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
        String::from_utf8(out.stdout).unwrap()
    };
    let table = said(&["device", "compare", &a, &b]);
    assert!(table.contains(&a) && table.contains(&b) && table.contains("≠ Establishment"), "{table}");
    let csv = said(&["--output", "csv", "device", "compare", &a, &b]);
    assert!(csv.starts_with("fact,differs,device,value\n") && csv.contains(&format!("claims.serial,false,{b},PF-1")));
    // The new identity takes the old one's place, and the old one gets nothing any more.
    let (before, beside) = (show(&server, &a), show(&server, &b));
    let merge = ["device", "merge", &a, "--into", &b, "--why", "reinstalled", "--yes"];
    assert!(said(&merge).contains("has taken the place of"));
    let (merged, heir) = (show(&server, &a), show(&server, &b));
    assert_eq!((&merged["state"], &merged["reason"]), (&"revoked".into(), &"merged".into()));
    assert_eq!((&heir["school"], &heir["kit"], &heir["slot"]), (&"0951099D".into(), &"K7".into(), &"12".into()));
    assert_eq!((&heir["absorbed"][0]["id"], &merged["merged_into"]), (&a.clone().into(), &b.clone().into()));
    assert!(said(&["device", "show", &b]).contains("In the place of"));
    assert!(said(&["device", "approve", &b]).contains("active"));
    // By its serial number it is the new one; what was merged is merged once and decided about no more.
    assert_eq!(show(&server, "PF-1")["id"], Value::from(b.clone()));
    for refused in [&merge[..], &["device", "merge", &b, "--into", &a, "--yes"], &["device", "revoke", &a, "--yes"]] {
        let out = server.cartable(refused);
        assert!(!out.status.success(), "{refused:?}");
    }
    let mut back = copied(&folder, &old, "back", &config);
    back.start();
    until(60, "the old one is refused", || status(&back)["live"]["refused"] == true);
    back.kill();
    // Undone, both are as before, but for the approval.
    said(&["device", "unmerge", &a, "--why", "two machines after all"]);
    let (after, other) = (show(&server, &a), show(&server, &b));
    for name in ["state", "reason", "school", "kit", "slot", "merged_into", "enrolled", "certificate_until"] {
        assert_eq!(after[name], before[name], "{name}");
    }
    for name in ["school", "kit", "slot", "absorbed"] {
        assert_eq!(other[name], beside[name], "{name}");
    }
    assert!(!server.cartable(&["device", "unmerge", &a]).status.success());
    back.start();
    until(60, "the old one is back", || status(&back)["live"]["refused"] == false);
    let audited = server.json(&["audit", "list", "--device", &a]);
    let verbs: Vec<&str> = audited.as_array().unwrap().iter().map(|e| e["verb"].as_str().unwrap()).collect();
    assert!(verbs.contains(&"device_merge") && verbs.contains(&"device_unmerge"), "{verbs:?}");
}
