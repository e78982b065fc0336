//! An agent that starts before it is enrolled: it waits, takes what is placed for it, and goes on.

use crate::disk::Mounted;
use crate::service::{Manager, words};
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tests::process::{AgentProcess, ServerProcess, free_port, until};

struct Place {
    folder: tempfile::TempDir,
    server: ServerProcess,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut server = ServerProcess::init(folder.path());
        server.start();
        Self { folder, server }
    }

    /// An agent whose installer's file is at this path.
    fn agent(&self, file: &Path) -> AgentProcess {
        AgentProcess::new(self.folder.path(), "agent", &format!("enrolment_file = {:?}\n", file.to_str().unwrap()))
    }

    fn etc(&self) -> PathBuf {
        let etc = self.folder.path().join("etc");
        fs::create_dir_all(&etc).unwrap();
        etc.join("enrol.toml")
    }

    fn text(&self, token: &str) -> String {
        format!("# placed by a test\nserver = {:?}\ntoken = \"{token}\"\n", self.server.url())
    }
}

/// Writes a file as installers do: closed, and whole at once.
fn placed(path: &Path, text: &str, mode: u32) {
    let beside = path.with_extension("new");
    fs::write(&beside, text).unwrap();
    fs::set_permissions(&beside, Permissions::from_mode(mode)).unwrap();
    fs::rename(beside, path).unwrap();
}

fn reported(agent: &AgentProcess) -> bool {
    fs::read_to_string(agent.acknowledgements()).is_ok_and(|text| text.lines().count() >= 5)
}

#[test]
fn it_waits_for_an_enrolment_beside_it_and_goes_on_without_a_restart() {
    let place = Place::new();
    let manager = Manager::new(place.folder.path());
    let environment = manager.environment(Duration::from_secs(60));
    let mut agent = place.agent(&place.etc());
    // The folder is made by the first who needs it.
    fs::remove_dir(&agent.state).unwrap();
    agent.start_with(&words(&environment));
    let said = manager.upto("READY=1");
    assert!(said.iter().all(|line| !line.starts_with("STATUS=in touch")), "{said:?}");
    manager.upto("STATUS=not enrolled; enrol it with: cartable-agent enrol");
    manager.upto("WATCHDOG=1");
    let log = agent.log_text();
    assert_eq!(log.lines().count(), 1, "{log}");
    assert!(log.contains("cartable-agent enrol --server URL") && log.contains("etc/enrol.toml"), "{log}");
    let status = agent.run(&["status"]);
    assert_eq!(status.status.code(), Some(3));
    assert!(!agent.state.exists(), "waiting leaves no trace");
    let pid = agent.pid();
    agent.enrol(&place.server, &place.server.token(&[]));
    until(30, "the waiting agent reports", || reported(&agent));
    manager.upto("STATUS=in touch with");
    assert_eq!(agent.pid(), pid);
    assert!(agent.stop().success());
    manager.upto("STOPPING=1");
    // One that is asked to stop while it waits does so.
    let mut other = AgentProcess::new(place.folder.path(), "other", "");
    other.start_with(&words(&environment));
    manager.upto("READY=1");
    assert!(other.stop().success());
    manager.upto("STOPPING=1");
}

#[test]
fn the_installers_file_is_taken_when_it_appears_and_its_token_does_not_stay() {
    let place = Place::new();
    let file = place.etc();
    let mut agent = place.agent(&file);
    agent.start();
    until(30, "it waits", || agent.log_text().contains("not enrolled"));
    let token = place.server.token(&["--kind", "kit", "--uses", "2"]);
    // What others may read is no secret: it is left alone, and a person is told in their language.
    placed(&file, &place.text(&token), 0o644);
    let status = |agent: &AgentProcess| String::from_utf8(agent.run_in_french(&["status"]).stdout).unwrap();
    until(30, "the exposed file is told", || status(&agent).contains("d'autres personnes peuvent le lire"));
    assert!(agent.log_text().contains("waiting for another file"));
    fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
    until(30, "it reports", || reported(&agent));
    assert!(!file.exists());
    assert_eq!(place.server.json(&["device", "list"]).as_array().unwrap().len(), 1);
    // Another one is of no use to an enrolled device, nor is one that a cut left.
    assert!(agent.stop().success());
    placed(&file, &place.text(&token), 0o600);
    agent.start();
    until(30, "it is deleted", || !file.exists());
    // What is no such file stays, whatever the configuration says.
    assert!(agent.stop().success());
    placed(&file, "mine = true\n", 0o600);
    let before = agent.log_text().len();
    agent.start();
    until(30, "it is in touch again", || agent.log_text()[before..].contains("\"connected\""));
    assert!(file.exists());
    assert!(!agent.log_text().contains(&token[..14]));
}

#[test]
fn a_refused_token_is_not_tried_again_until_its_file_changes() {
    let place = Place::new();
    let manager = Manager::new(place.folder.path());
    // So far apart that no sign of life comes within this test.
    let environment = manager.environment(Duration::from_secs(600));
    let file = place.etc();
    let token = place.server.token(&[]);
    let revoked = place.server.cartable(&["token", "revoke", &token[..8].replace('-', ""), "--why", "a test"]);
    if !revoked.status.success() {
        let id = place.server.json(&["token", "list"])[0]["id"].as_str().unwrap().to_owned();
        assert!(place.server.cartable(&["token", "revoke", &id, "--why", "a test"]).status.success());
    }
    placed(&file, &place.text(&token), 0o600);
    let mut agent = place.agent(&file);
    agent.start_with(&words(&environment));
    let said = manager.upto(&format!("STATUS=not enrolled, {}", file.display()));
    assert!(said.last().unwrap().ends_with("waiting for another file"), "{said:?}");
    let refused = || place.server.json(&["server", "status"])["refused"].as_u64().unwrap();
    let before = refused();
    let status = String::from_utf8(agent.run(&["status"]).stdout).unwrap();
    assert!(status.contains("token refused: waiting for another file"), "{status}");
    // Two looks pass.
    assert!(manager.silent(Duration::from_secs(7)));
    assert_eq!(refused(), before);
    // A file that is another one, though not a right one.
    placed(&file, "server = 3\n", 0o600);
    manager.upto("STATUS=enrolling with");
    manager.upto(&format!("STATUS=not enrolled, {}: line 1: ", file.display()));
    fs::remove_file(&file).unwrap();
    manager.upto("STATUS=not enrolled; enrol it with");
    assert_eq!(refused(), before);
    placed(&file, &place.text(&place.server.token(&[])), 0o600);
    until(30, "it reports", || reported(&agent));
    assert!(!file.exists());
}

#[test]
fn a_server_that_is_away_is_waited_for_and_a_disk_that_cannot_be_written_is_told_once() {
    let mut place = Place::new();
    let file = place.etc();
    let token = place.server.token(&[]);
    assert!(place.server.stop().success());
    let Some(disk) = Mounted::mount(&["-t", "tmpfs", "-o", "size=1m", "tmpfs"], file.parent().unwrap()) else { return };
    placed(&file, &place.text(&token), 0o600);
    disk.again("remount,ro");
    let mut agent = place.agent(&file);
    agent.start();
    until(30, "it cannot reach the server", || agent.log_text().contains("could not be enrolled; trying again"));
    assert!(!agent.state.join("identity.key").exists(), "a key is made only for a server that is there");
    place.server.start();
    until(60, "it reports", || reported(&agent));
    assert!(file.exists());
    assert_eq!(agent.log_text().matches("cannot be deleted").count(), 1);
    assert!(agent.run(&["status"]).status.success());
}

#[test]
fn one_stick_enrols_many_and_is_not_written_to() {
    let place = Place::new();
    let stick = place.folder.path().join("stick");
    fs::create_dir(&stick).unwrap();
    let from = stick.to_str().unwrap();
    let agents: Vec<_> = ["a", "b", "c"].iter().map(|name| AgentProcess::new(place.folder.path(), name, "")).collect();
    let said = |agent: &AgentProcess, verb: &[&str]| {
        let out = agent.run(verb);
        (out.status.code(), String::from_utf8_lossy(&out.stderr).into_owned())
    };
    let (code, text) = said(&agents[0], &["enrol", "--from", from]);
    assert!(code == Some(1) && text.contains("enrol.toml"), "{text}");
    let token = place.server.token(&["--kind", "kit", "--uses", "3"]);
    // As a FAT stick has it: everybody may read.
    fs::write(stick.join("enrol.toml"), place.text(&token).replace(&token, &token[..30])).unwrap();
    let (code, text) = said(&agents[0], &["enrol", "--from", from]);
    assert!(code == Some(1) && text.contains("56 characters") && !text.contains(&token[..14]), "{text}");
    fs::write(stick.join("enrol.toml"), place.text(&token)).unwrap();
    let before = fs::metadata(stick.join("enrol.toml")).unwrap().modified().unwrap();
    for agent in &agents {
        let (code, text) = said(agent, &["enrol", "--from", from]);
        assert_eq!(code, Some(0), "{text}");
    }
    assert_eq!(place.server.json(&["device", "list"]).as_array().unwrap().len(), 3);
    let names: Vec<_> = fs::read_dir(&stick).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["enrol.toml"]);
    assert_eq!(fs::metadata(stick.join("enrol.toml")).unwrap().modified().unwrap(), before);
    // The token is used up: a clear word, and a usage error where two sources are named or none.
    let fourth = AgentProcess::new(place.folder.path(), "d", "");
    assert_eq!(said(&fourth, &["enrol", "--from", from]).0, Some(4));
    let url = format!("https://localhost:{}", free_port());
    assert_eq!(said(&fourth, &["enrol", "--from", from, "--server", &url]).0, Some(2));
    let nothing = AgentProcess::new(place.folder.path(), "e", "enrolment_file = \"/nowhere/enrol.toml\"\n");
    let (code, text) = said(&nothing, &["enrol"]);
    assert!(code == Some(2) && text.contains("--from"), "{text}");
    // Without either, the installer's file is taken by hand, too.
    let etc = place.etc();
    placed(&etc, &place.text(&place.server.token(&[])), 0o600);
    let by_hand = place.agent(&etc);
    assert_eq!(said(&by_hand, &["enrol"]).0, Some(0));
    assert!(!etc.exists());
}

#[test]
fn a_technician_makes_the_stick_with_one_command() {
    let place = Place::new();
    let stick = place.folder.path().join("clé 1");
    fs::create_dir(&stick).unwrap();
    let create = |more: &[&str]| {
        let out = place.server.cartable(&[&["token", "create", "--to", stick.to_str().unwrap()], more].concat());
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        (out.status.code(), text(&out.stdout), text(&out.stderr))
    };
    let (code, said, noted) = create(&["--kind", "kit", "--uses", "2", "--note", "kit 7"]);
    assert_eq!(code, Some(0), "{noted}");
    let file = stick.join("enrol.toml");
    let text = fs::read_to_string(&file).unwrap();
    let token = text.lines().find_map(|line| line.strip_prefix("token = ")).unwrap().trim_matches('"').to_owned();
    assert!(!said.contains(&token) && said.contains("--from '"), "{said}");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    for name in ["a", "b"] {
        let agent = AgentProcess::new(place.folder.path(), name, "");
        let out = agent.run(&["enrol", "--from", stick.to_str().unwrap()]);
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    }
    // The next kit's takes its place, aloud; what is somebody's stays, and no token is made for it.
    let (code, _, noted) = create(&["--output", "json"]);
    assert!(code == Some(0) && noted.contains("replaced"), "{noted}");
    assert_ne!(fs::read_to_string(&file).unwrap(), text);
    fs::write(&file, "mine = true\n").unwrap();
    let tokens = place.server.json(&["token", "list", "--all"]).as_array().unwrap().len();
    let (code, _, noted) = create(&[]);
    assert!(code == Some(2) && noted.contains("no enrolment file"), "{noted}");
    assert_eq!(fs::read_to_string(&file).unwrap(), "mine = true\n");
    assert_eq!(place.server.json(&["token", "list", "--all"]).as_array().unwrap().len(), tokens);
}

#[test]
fn a_credential_of_the_service_is_taken_and_one_that_is_empty_is_none() {
    let place = Place::new();
    let manager = Manager::new(place.folder.path());
    let credentials = place.folder.path().join("credentials");
    fs::create_dir(&credentials).unwrap();
    placed(&credentials.join("enrol.toml"), "", 0o400);
    let mut agent = place.agent(&place.etc());
    let directory = format!("CREDENTIALS_DIRECTORY={}", credentials.display());
    let [env, socket, watchdog] = manager.environment(Duration::from_secs(60));
    agent.start_with(&[&env, &socket, &watchdog, &directory]);
    manager.upto("STATUS=not enrolled; enrol it with");
    placed(&credentials.join("enrol.toml"), &place.text(&place.server.token(&[])), 0o400);
    until(30, "it reports", || reported(&agent));
    assert!(credentials.join("enrol.toml").exists());
}

#[test]
fn a_folder_that_is_not_for_it_ends_it_at_once() {
    let folder = tempfile::tempdir().unwrap();
    for (name, mode, stray, said) in
        [("open", 0o755, false, "other people may enter"), ("foreign", 0o700, true, "something else")]
    {
        let agent = AgentProcess::new(folder.path(), name, "");
        fs::set_permissions(&agent.state, Permissions::from_mode(mode)).unwrap();
        if stray {
            fs::write(agent.state.join("thesis.odt"), "mine").unwrap();
        }
        let out = agent.run(&["run"]);
        let text = String::from_utf8_lossy(&out.stderr).into_owned();
        assert!(out.status.code() == Some(1) && !text.contains("panicked"), "{text}");
        assert!(text.contains(said), "{text}");
    }
}
