//! The command line, as the people who invite and are invited type it.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use tests::process::ServerProcess;
use tests::programs::program;

fn said(out: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr))
}

/// Runs `cartable` as somebody with this home folder, who types `input`.
fn typed(home: &Path, arguments: &[&str], input: &str) -> Output {
    let mut child = Command::new(program("cartable"))
        .args(["--lang", "en"])
        .args(arguments)
        .env_clear()
        .env("HOME", home)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

#[test]
fn an_invitation_becomes_a_profile_that_works_and_ends() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = ServerProcess::init(folder.path());
    server.start();
    let home = folder.path().join("paul");
    let invite = ["operator", "invite", "paul", "--role", "technician", "--school", "951099d", "--why", "arrives"];
    let shown = server.cartable(&invite);
    let text = said(&shown);
    assert!(text.contains("technician (0951099D)") && text.contains("operator accept --server https://"), "{text}");
    let invited = server.json(&["operator", "invite", "marie", "--role", "auditor"]);
    let listed = server.json(&["operator", "list"]);
    assert_eq!(listed.as_array().unwrap().len(), 3, "{listed}");
    let secret = invited["secret"].as_str().unwrap();

    let accept = |profile: &str| ["--profile", profile, "operator", "accept", "--server"].map(str::to_owned);
    let url = server.url();
    let line: Vec<String> = accept("doubs").into_iter().chain([url.clone()]).collect();
    let line: Vec<&str> = line.iter().map(String::as_str).collect();
    let wrong = typed(&home, &line, "ABCD-EFGH\n");
    assert_eq!(wrong.status.code(), Some(2), "{}", said(&wrong));
    assert!(said(&wrong).contains("paste it whole"), "{}", said(&wrong));
    let done = typed(&home, &line, &format!("{secret}\n"));
    assert!(done.status.success() && said(&done).contains("You are the operator marie"), "{}", said(&done));
    let config = home.join(".config/cartable");
    for file in ["doubs.key", "doubs.pem", "doubs.root.pem", "config.toml"] {
        let mode = fs::metadata(config.join(file)).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{file}");
    }
    // Once: whoever finds the invitation later has nothing.
    let thief = typed(&folder.path().join("thief"), &line, &format!("{secret}\n"));
    assert_eq!(thief.status.code(), Some(4), "{}", said(&thief));
    let taken = typed(&home, &line, "");
    assert!(taken.status.code() == Some(2) && said(&taken).contains("--replace"), "{}", said(&taken));

    assert!(!typed(&home, &["operator", "self"], "").status.success(), "no profile is the default yet");
    assert!(typed(&home, &["profile", "use", "doubs"], "").status.success());
    let profiles = typed(&home, &["profile", "list"], "");
    assert!(said(&profiles).contains("marie (doubs)"), "{}", said(&profiles));
    let itself = typed(&home, &["operator", "self"], "");
    assert!(said(&itself).contains("auditor (the whole territory)"), "{}", said(&itself));
    let before = fs::read(config.join("doubs.key")).unwrap();
    let renewed = typed(&home, &["operator", "renew"], "");
    assert!(renewed.status.success(), "{}", said(&renewed));
    assert_ne!(fs::read(config.join("doubs.key")).unwrap(), before);
    assert!(typed(&home, &["audit", "list"], "").status.success());
    let denied = typed(&home, &["device", "revoke", "--yes", "01a203c9"], "");
    assert!(
        denied.status.code() == Some(4) && said(&denied).contains("your role does not allow this"),
        "{}",
        said(&denied)
    );

    let revoked = server.cartable(&["operator", "revoke", "marie", "--yes", "--why", "left"]);
    assert!(revoked.status.success(), "{}", said(&revoked));
    let ended = typed(&home, &["audit", "list"], "");
    assert!(ended.status.code() == Some(4) && said(&ended).contains("has ended"), "{}", said(&ended));
    let last = server.cartable(&["operator", "revoke", "admin", "--yes"]);
    assert!(!last.status.success() && said(&last).contains("invite another one first"), "{}", said(&last));
    // A server that is not the invitation's.
    let mut other = ServerProcess::init(&folder.path().join("elsewhere"));
    other.start();
    let invited = server.json(&["operator", "invite", "jean", "--role", "evaluator"]);
    let (profile, url) = (["--profile", "x", "operator", "accept", "--server"], other.url());
    let line: Vec<&str> = profile.into_iter().chain([url.as_str()]).collect();
    let foreign = typed(&home, &line, invited["secret"].as_str().unwrap());
    assert!(foreign.status.code() == Some(4), "{}", said(&foreign));
}

/// A folder made anew by `init` knows its own operator, whatever an imported store says of others.
#[test]
fn an_imported_store_lets_the_new_folders_operator_in_and_not_the_old_ones() {
    let folder = tempfile::tempdir().unwrap();
    let mut old = ServerProcess::init(&folder.path().join("old"));
    old.start();
    old.json(&["operator", "invite", "paul", "--role", "technician"]);
    old.stop();
    let export = folder.path().join("export.jsonl");
    old.command("export", &["--to", export.to_str().unwrap()]);
    let mut new = ServerProcess::init(&folder.path().join("new"));
    new.command("import", &["--from", export.to_str().unwrap()]);
    new.start();
    let names = new.json(&["operator", "list"]);
    assert_eq!(names.as_array().unwrap().len(), 2, "{names}");
    new.stop();
    new.start();
    new.json(&["operator", "list"]);
}

/// Who takes a second role up in the folder's own profile keeps it over a restart, and an end that somebody put to them stays one.
#[test]
fn the_folders_operator_keeps_the_roles_that_somebody_gave_them() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = ServerProcess::init(folder.path());
    server.start();
    let both =
        ["operator", "invite", "admin", "--again", "--role", "admin", "--role", "loan-desk", "--why", "lends too"];
    let secret = server.json(&both)["secret"].as_str().unwrap().to_owned();
    let accept = ["operator", "accept", "--replace", "--server", &server.url(), "--invitation", &secret];
    server.json(&accept);
    let roles =
        |server: &ServerProcess| server.json(&["operator", "self"])["grants"].as_str().unwrap().split(' ').count();
    assert_eq!(roles(&server), 2);
    for _ in 0..2 {
        server.stop();
        server.start();
        assert_eq!(roles(&server), 2);
    }
    server.json(&["operator", "renew"]);
    server.stop();
    server.start();
    assert_eq!(roles(&server), 2);
}

#[test]
fn who_owns_the_folder_gets_back_in_when_every_key_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = ServerProcess::init(folder.path());
    server.start();
    server.json(&["operator", "self"]);
    let lost = folder.path().join("lost");
    fs::rename(server.data.join("operator"), &lost).unwrap();
    fs::create_dir(server.data.join("operator")).unwrap();
    fs::copy(lost.join("cartable.toml"), server.data.join("operator/cartable.toml")).unwrap();
    server.command("operator", &[]);
    let early = server.cartable(&["operator", "self"]);
    assert!(early.status.code() == Some(4) && said(&early).contains("was replaced"), "{}", said(&early));
    server.stop();
    server.start();
    server.json(&["operator", "self"]);
    // The key that was lost, found by somebody.
    let thief = Command::new(program("cartable"))
        .args(["--lang", "en", "--config"])
        .arg(lost.join("cartable.toml"))
        .args(["operator", "self"])
        .output()
        .unwrap();
    assert!(thief.status.code() == Some(4) && said(&thief).contains("was replaced"), "{}", said(&thief));
    let verbs = server.json(&["audit", "list", "--verb", "operator_begin"]);
    assert_eq!(verbs.as_array().unwrap().len(), 2, "{verbs}");
}
