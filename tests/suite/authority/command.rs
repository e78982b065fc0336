//! `cartable-server ca`: what an administrator does with keys and certificates, right and wrong, and cut short at any instant.

use controlplane::ca::Ca;
use controlplane::folder::Folder;
use model::id::TerritoryId;
use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tests::process::ServerProcess;
use tests::programs::program;
use tests::{required, system_program};
use wire::convert::trust_decode;

fn territory() -> TerritoryId {
    "doubs".parse().unwrap()
}

fn ca(arguments: &[&str]) -> Output {
    Command::new(program("cartable-server")).args(["ca", "--lang", "en"]).args(arguments).output().unwrap()
}

fn done(arguments: &[&str]) -> String {
    let out = ca(arguments);
    assert!(out.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8(out.stdout).unwrap()
}

fn refused(arguments: &[&str], why: &str) {
    let out = ca(arguments);
    let said = String::from_utf8_lossy(&out.stderr);
    assert_eq!(out.status.code(), Some(1), "{arguments:?}: {said}");
    assert!(said.contains(why), "{arguments:?}: {said:?} instead of {why:?}");
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn init(folder: &Path, territory: &str) -> PathBuf {
    let data = folder.join(territory);
    let out = Command::new(program("cartable-server"))
        .args(["init", "--territory", territory, "--name", "localhost", "--data"])
        .arg(&data)
        .output()
        .unwrap();
    assert!(out.status.success());
    data
}

/// A status without what changes by itself: a second after it was made, a certificate of 365 days has 364 whole ones left.
fn lasting(mut status: serde_json::Value) -> serde_json::Value {
    for certificate in status["certificates"].as_array_mut().unwrap() {
        assert!(certificate.as_object_mut().unwrap().remove("days_left").is_some_and(|days| days.is_i64()));
    }
    status
}

#[test]
fn the_root_is_taken_away_and_brought_back_for_a_new_intermediate() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let (data, jura) = (init(folder.path(), "doubs"), init(folder.path(), "jura"));
    let (d, stick) = (text(&data), at("stick"));
    let status = |data: &str| -> serde_json::Value {
        serde_json::from_str(&done(&["status", "--output", "json", "--data", data])).unwrap()
    };
    let before = status(d);
    assert_eq!(before["advice"], serde_json::json!(["root_key_here"]));
    assert_eq!(before["certificates"][1]["name"], "intermediate");
    assert!(before["certificates"][2]["days_left"].as_i64().unwrap() >= 363);
    assert!(done(&["status", "--data", d]).contains("Cartable intermediate doubs"));

    refused(&["export-root", "--data", d, "--to", text(&stick), "--remove"], "--with-key");
    assert!(done(&["export-root", "--data", d, "--to", text(&stick)]).contains("Fingerprint"));
    assert!(!stick.join("root.key").exists());
    // A copy that is the original under another name is none.
    let (there, again) = (data.join("ca"), at("again"));
    std::os::unix::fs::symlink(&there, &again).unwrap();
    for to in [&there, &again] {
        refused(&["export-root", "--data", d, "--to", text(to), "--with-key", "--remove"], "another medium");
        assert!(data.join("ca/root.key").exists());
    }
    done(&["export-root", "--data", d, "--to", text(&stick), "--with-key", "--remove"]);
    assert_eq!(std::fs::metadata(stick.join("root.key")).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(!data.join("ca/root.key").exists());
    assert_eq!(status(d)["advice"], serde_json::json!([]));
    // Another root's stick is not written over.
    refused(&["export-root", "--data", text(&jura), "--to", text(&stick), "--with-key"], "something else");

    refused(&["rotate", "intermediate", "--data", d], "--root-key");
    let (key, foreign) = (stick.join("root.key"), jura.join("ca/root.key"));
    refused(&["rotate", "intermediate", "--data", d, "--root-key", text(&foreign)], "not the key of this root");
    let junk = at("junk");
    std::fs::write(&junk, &std::fs::read(&key).unwrap()[..90]).unwrap();
    refused(&["rotate", "intermediate", "--data", d, "--root-key", text(&junk)], "not a private key");
    refused(&["rotate", "intermediate", "--data", d, "--root-key", text(&at("nowhere"))], "cannot be read");
    done(&["rotate", "intermediate", "--data", d, "--root-key", text(&key), "--dry-run"]);
    assert_eq!(lasting(status(d)), {
        let mut same = lasting(before.clone());
        same["advice"] = serde_json::json!([]);
        same["root_key"] = serde_json::Value::Null;
        same
    });
    done(&["rotate", "intermediate", "--data", d, "--root-key", text(&key)]);
    let after = status(d);
    assert_ne!(before["certificates"][1]["serial"], after["certificates"][1]["serial"]);
    assert_eq!(before["certificates"][2]["serial"], after["certificates"][2]["serial"]);
    done(&["rotate", "server", "--data", d]);
    assert_ne!(before["certificates"][2]["serial"], status(d)["certificates"][2]["serial"]);
    Ca::read(&Folder::new(&data), &territory()).unwrap();
}

#[test]
fn an_intermediate_is_asked_for_signed_elsewhere_and_taken_and_nothing_else_is() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let (data, jura) = (init(folder.path(), "doubs"), init(folder.path(), "jura"));
    let (d, j) = (text(&data), text(&jura));
    let (root, key) = (data.join("ca/root.pem"), data.join("ca/root.key"));
    let (request, signed) = (at("request.pem"), at("signed.pem"));
    refused(&["import", "--data", d, "--from", text(&root)], "ca request");
    done(&["request", "--data", d, "--to", text(&request)]);
    refused(&["request", "--data", d, "--to", text(&request)], "cannot be written");
    let sign = |root: &Path, key: &Path, request: &Path, to: &Path| -> Vec<String> {
        let named = [("--root", root), ("--root-key", key), ("--request", request), ("--to", to)];
        let words = named.iter().flat_map(|(name, path)| [(*name).to_owned(), text(path).to_owned()]);
        std::iter::once("sign".to_owned()).chain(words).collect()
    };
    let refused_all = |words: &[String], why: &str| refused(&words.iter().map(String::as_str).collect::<Vec<_>>(), why);
    let done_all = |words: &[String]| done(&words.iter().map(String::as_str).collect::<Vec<_>>());
    // A request that was changed on its way, one that is none, the wrong key, the wrong root.
    let whole = std::fs::read_to_string(&request).unwrap();
    let spoilt = at("spoilt.pem");
    let middle = whole.len() / 2;
    let other = if whole.as_bytes()[middle] == b'A' { "B" } else { "A" };
    for (text, why) in [
        (format!("{}{other}{}", &whole[..middle], &whole[middle + 1..]), "spoilt.pem is damaged"),
        (whole[..middle].to_owned(), "no certificate request"),
        (String::new(), "no certificate request"),
        (std::fs::read_to_string(&root).unwrap(), "no certificate request"),
    ] {
        std::fs::write(&spoilt, text).unwrap();
        refused_all(&sign(&root, &key, &spoilt, &signed), why);
    }
    refused_all(&sign(&root, &jura.join("ca/root.key"), &request, &signed), "not the key of this root");
    refused_all(&sign(&data.join("ca/server.pem"), &key, &request, &signed), "no root of a control plane");
    assert!(!signed.exists());

    let foreign = at("foreign.pem");
    done_all(&sign(&jura.join("ca/root.pem"), &jura.join("ca/root.key"), &request, &foreign));
    refused(&["import", "--data", d, "--from", text(&foreign)], "not signed by the root");
    // Somebody else's request, signed by our root.
    let (theirs, other) = (at("theirs.pem"), at("other.pem"));
    done(&["request", "--data", j, "--to", text(&theirs)]);
    done_all(&sign(&root, &key, &theirs, &other));
    refused(&["import", "--data", d, "--from", text(&other)], "another key");
    for (file, why) in [(data.join("ca/server.pem"), "not signed by the root"), (root.clone(), "another key")] {
        refused(&["import", "--data", d, "--from", text(&file)], why);
    }
    done_all(&sign(&root, &key, &request, &signed));
    let cut = at("cut.pem");
    let whole = std::fs::read_to_string(&signed).unwrap();
    std::fs::write(&cut, &whole[..200]).unwrap();
    refused(&["import", "--data", d, "--from", text(&cut)], "is damaged");
    let serial = |data: &Path| Ca::read(&Folder::new(data), &territory()).unwrap().intermediate()[0].clone();
    let before = serial(&data);
    done(&["import", "--data", d, "--from", text(&signed)]);
    assert_ne!(serial(&data), before);
    refused(&["import", "--data", d, "--from", text(&signed)], "ca request");
}

#[test]
fn a_running_server_takes_a_new_certificate_up_when_told() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = ServerProcess::init(folder.path());
    server.start();
    done(&["rotate", "server", "--data", text(&server.data)]);
    rustix::process::kill_process(
        rustix::process::Pid::from_raw(server.pid().try_into().unwrap()).unwrap(),
        rustix::process::Signal::HUP,
    )
    .unwrap();
    tests::process::until(20, "it is taken up", || server.log_text().contains("new keys and certificates are in use"));
    assert!(server.stop().success());
}

/// What must hold whenever a command was cut: the server would run, and no version of the trust roots ever means two things.
fn sound(data: &Path, trusts: &mut BTreeMap<u64, Vec<u8>>) {
    let ca = Ca::read(&Folder::new(data), &territory()).unwrap();
    let version = trust_decode(&ca.trust.payload).unwrap().version;
    assert_eq!(*trusts.entry(version).or_insert_with(|| ca.trust.payload.to_vec()), ca.trust.payload);
    assert_eq!(Some(&version), trusts.keys().last(), "it goes back");
}

fn copy(from: &Path, to: &Path) {
    let out = Command::new("cp").arg("-a").arg(from).arg(to).output().unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
}

#[test]
fn cut_at_any_instant_a_rotation_leaves_the_old_or_the_new_and_can_be_gone_on_with() {
    let Some(strace) = system_program("strace") else { return };
    let traces = Command::new(&strace).args(["-o", "/dev/null", "true"]).output();
    if !traces.is_ok_and(|out| out.status.success()) {
        assert!(!required("strace"), "strace is required and may not trace here");
        eprintln!("skipped: strace may not trace here");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let base = init(folder.path(), "doubs");
    let begun = folder.path().join("begun");
    copy(&base, &begun);
    done(&["rotate", "online-key", "--data", text(&begun)]);
    let mut cuts = 0;
    for (from, verb) in [
        (&base, &["rotate", "server"][..]),
        (&base, &["rotate", "intermediate"]),
        (&base, &["rotate", "online-key"]),
        (&begun, &["rotate", "online-key", "--finish"]),
        (&base, &["rotate", "online-key", "--stolen"]),
        (&begun, &["rotate", "online-key", "--stolen"]),
    ] {
        for call in ["rename", "fsync", "unlink"] {
            for nth in 1.. {
                let data = folder.path().join("cut");
                let _ = std::fs::remove_dir_all(&data);
                copy(from, &data);
                let mut trusts = BTreeMap::new();
                sound(&data, &mut trusts);
                let out = Command::new(&strace)
                    .args(["-f", "-o", "/dev/null", "-e", &format!("trace={call}")])
                    .args(["-e", &format!("inject={call}:signal=KILL:when={nth}")])
                    .arg(program("cartable-server"))
                    .arg("ca")
                    .args(verb)
                    .arg("--data")
                    .arg(&data)
                    .output()
                    .unwrap();
                sound(&data, &mut trusts);
                let cut = out.status.signal() == Some(9) || out.status.code() == Some(137);
                assert!(cut || out.status.success(), "{verb:?}: {}", String::from_utf8_lossy(&out.stderr));
                // Given again, it is done or says that it was done or is to be finished; then there is an end to it.
                let mut again = verb.to_vec();
                again.extend(["--data", text(&data)]);
                let said = String::from_utf8_lossy(&ca(&again).stderr).into_owned();
                assert!(said.is_empty() || said.contains("under way") || said.contains("being replaced"), "{said}");
                sound(&data, &mut trusts);
                let _ = ca(&["rotate", "online-key", "--finish", "--data", text(&data)]);
                sound(&data, &mut trusts);
                done(&["rotate", "online-key", "--data", text(&data)]);
                done(&["rotate", "online-key", "--finish", "--data", text(&data)]);
                sound(&data, &mut trusts);
                if !cut {
                    break;
                }
                cuts += 1;
            }
        }
    }
    assert!(cuts >= 30, "only {cuts} cuts");
}
