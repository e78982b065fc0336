//! What clients that share no code with us make of what we publish: python-tuf, tuf-js and tough, by one and the same tests.

use super::{Edition, NAME, Publisher};
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tests::python::python;
use tests::required;

/// One that reads a repository of The Update Framework.
struct Client {
    name: &'static str,
    program: PathBuf,
    script: Option<&'static str>,
}

impl Client {
    /// Those that this machine has.
    fn all() -> Vec<Self> {
        let python = python("tuf", "tuf.ngclient").map(|program| Self {
            name: "python-tuf",
            program,
            script: Some("repository.py"),
        });
        let node = node().map(|program| Self { name: "tuf-js", program, script: Some("repository.cjs") });
        let tough = tough().map(|program| Self { name: "tough", program, script: None });
        [python, node, tough].into_iter().flatten().collect()
    }

    /// What it makes of targets, as a device that knows the first root, or what it has learnt since.
    fn read(&self, publisher: &Publisher, repository: &str, state: &str, names: &[&str]) -> Value {
        let mut command = Command::new(&self.program);
        for name in ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"] {
            command.env_remove(name);
        }
        if let Some(folder) = std::env::var_os("CARTABLE_NODE_PATH") {
            command.env("NODE_PATH", folder);
        }
        if let Some(script) = self.script {
            command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("foreign").join(script));
        }
        let state = publisher.path(&format!("{}-{state}", self.name));
        command
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .arg(publisher.path(repository).join("public"))
            .arg(state)
            .args(names);
        let out = command.stdin(Stdio::null()).output().unwrap();
        assert!(out.status.success(), "{}: {}", self.name, String::from_utf8_lossy(&out.stderr));
        let said = serde_json::from_slice(&out.stdout).unwrap();
        eprintln!("{}: {said}", self.name);
        said
    }
}

#[test]
fn clients_read_what_was_published_and_refuse_what_was_changed() {
    let clients = Client::all();
    let publisher = Publisher::new();
    let (_, first) = publisher.published(Edition::First, "1");
    let index = format!("{NAME}.1.index");
    for client in &clients {
        let said = client.read(&publisher, "repo", "device", &[&index, "bundle.other.1.index", "elsewhere"]);
        assert_eq!(said["targets"][&index], first["index_sha256"], "{said}");
        let (other, elsewhere) = (&said["targets"]["bundle.other.1.index"], &said["targets"]["elsewhere"]);
        assert_eq!((other, elsewhere), (&Value::Null, &Value::Null));
    }
    // Every key has changed, and they follow.
    for (role, add, remove, signers) in [
        ("root", "bundles-a.pub", "root-a", vec!["root-a", "root-b", "bundles-a"]),
        ("targets", "root-a.pub", "targets-a", vec!["root-b", "bundles-a", "root-a"]),
        ("bundles", "targets-a.pub", "bundles-b", vec!["root-a", "bundles-a", "targets-a"]),
    ] {
        let id = publisher.say(&["key", "show", remove])["id"].as_str().unwrap().to_owned();
        let line = format!("key rotate --repository repo {role} --add {add} --remove {id} --to rotation");
        publisher.say(&line.split(' ').collect::<Vec<_>>());
        publisher.signed("rotation", &signers);
    }
    for role in ["snapshot", "timestamp"] {
        publisher.say(&["key", "rotate", "--repository", "repo", role, "--to", "rotation"]);
        publisher.signed("rotation", &["root-b", "bundles-a"]);
    }
    publisher.say(&["repository", "refresh", "--repository", "repo"]);
    for client in &clients {
        for state in ["device", "new-device"] {
            let said = client.read(&publisher, "repo", state, &[&index]);
            assert_eq!((&said["root"], &said["targets"][&index]), (&5.into(), &first["index_sha256"]), "{said}");
        }
    }
    // A mirror changes a byte of the index, then of the list.
    for (folder, ends, state) in
        [("targets", index.as_str(), "third-device"), ("metadata", ".bundles.json", "fourth-device")]
    {
        spoil(&publisher.path("repo/public").join(folder), ends);
        for client in &clients {
            let said = client.read(&publisher, "repo", state, &[&index]);
            let refused = said["refused"].as_str().or(said["targets"][&index].as_str());
            assert!(refused.is_some_and(|error| error.contains("Error")), "{said}");
        }
    }
}

#[test]
fn clients_read_a_floor_and_a_release_each_in_its_own_repository() {
    let publisher = Publisher::new();
    publisher.say(&["floor", "init", "floor.toml"]);
    let said = publisher.say(&["floor", "pack", "floor.toml", "--repository", "repo", "--to", "proposal"]);
    assert_eq!(said["floor"]["blocked"], json!(["adult"]), "a floor to fill in is one that packs");
    // Nobody was named for it: who says who publishes signs it.
    let refused = publisher.refused(&["bundle", "sign", "proposal", "--key", "bundles-a", "--yes"]);
    assert!(refused.contains("nothing to sign"), "{refused}");
    publisher.signed("proposal", &["targets-a"]);

    let init = "repository init --kind product --repository product --root root-a.pub --targets targets-a.pub --releases bundles-a.pub --to first-product";
    publisher.say(&init.split(' ').collect::<Vec<_>>());
    publisher.signed_in("product", "first-product", &["root-a", "targets-a", "bundles-a"]);
    fs::write(publisher.path("agent"), b"not really a program ".repeat(2_000)).unwrap();
    let pack = |repository: &str| {
        let line = "release pack --number 1.4 --program linux/x86_64=agent --program linux/aarch64=agent --to release --repository";
        format!("{line} {repository}")
    };
    let refused = publisher.refused(&pack("repo").split(' ').collect::<Vec<_>>());
    assert!(refused.contains("releases"), "{refused}");
    let said = publisher.say(&pack("product").split(' ').collect::<Vec<_>>());
    publisher.signed_in("product", "release", &["bundles-a"]);

    let names = ["release.1.4.index", "release.1.4.linux.x86-64.zst", "floor.1.json"];
    let is_digest = |value: &Value| value.as_str().is_some_and(|digest| digest.len() == 64);
    for client in Client::all() {
        let read = client.read(&publisher, "product", "device", &names);
        assert_eq!(read["targets"][names[0]], said["release"]["index_sha256"], "{read}");
        assert!(is_digest(&read["targets"][names[1]]), "{read}");
        assert_eq!(read["targets"][names[2]], Value::Null, "{read}");
        let read = client.read(&publisher, "repo", "other-device", &names);
        assert_eq!((&read["targets"][names[0]], &read["targets"][names[1]]), (&Value::Null, &Value::Null), "{read}");
        assert!(is_digest(&read["targets"][names[2]]), "{read}");
    }
    let status = publisher.say(&["repository", "status", "--repository", "repo"]);
    assert_eq!(status["others"], json!(["floor.1.json"]), "{status}");
}

/// A node that finds tuf-js, in `CARTABLE_NODE_PATH` where `.ci/run` put it.
///
/// # Panics
/// When it is required and missing.
fn node() -> Option<PathBuf> {
    let mut command = Command::new("node");
    if let Some(folder) = std::env::var_os("CARTABLE_NODE_PATH") {
        command.env("NODE_PATH", folder);
    }
    command.args(["-e", "require('tuf-js')"]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let found = command.status().is_ok_and(|status| status.success());
    or_skipped("tuf-js", "npm", found.then(|| "node".into()))
}

/// What `.ci/run` built of `foreign/tough`, as `CARTABLE_TOUGH` says.
///
/// # Panics
/// When it is required and missing.
fn tough() -> Option<PathBuf> {
    or_skipped(
        "tough",
        "tests/foreign/tough, which CARTABLE_TOUGH names",
        std::env::var_os("CARTABLE_TOUGH").map(PathBuf::from),
    )
}

fn or_skipped(thing: &str, from: &str, found: Option<PathBuf>) -> Option<PathBuf> {
    if found.is_none() {
        assert!(!required(thing), "{thing} is required by CARTABLE_REQUIRE and not on this machine");
        eprintln!("skipped: {thing} ({from}) is not on this machine");
    }
    found
}

/// Changes a byte in the middle of each file whose name ends so.
fn spoil(folder: &Path, ends: &str) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.to_str().unwrap().ends_with(ends) {
            let mut bytes = fs::read(&path).unwrap();
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
            fs::write(&path, bytes).unwrap();
        }
    }
}
