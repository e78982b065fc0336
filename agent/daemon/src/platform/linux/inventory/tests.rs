//! Thirteen machines as trees of files (`tests/data/machines`), and this one.

use super::root::Space;
use super::*;
use crate::platform::linux::health;
use agent_core::health::{Room, assess};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// The rooms that a tree tells of.
struct Rooms(BTreeMap<PathBuf, Room>);

impl Space for Rooms {
    fn room(&self, mount: &Path) -> Option<Room> {
        self.0.get(mount).copied()
    }
}

fn machines() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/machines")
}

fn unpack(tree: &str) -> (TempDir, Root) {
    let folder = tempfile::tempdir().unwrap();
    let mut rooms = BTreeMap::new();
    for line in tree.lines().filter(|line| !line.starts_with('#')) {
        let (path, content) = line.split_once('\t').unwrap();
        if path == "@room" {
            let words: Vec<&str> = content.split('\t').collect();
            let room = Room { size_bytes: words[1].parse().unwrap(), free_bytes: words[2].parse().unwrap() };
            rooms.insert(PathBuf::from(words[0]), room);
            continue;
        }
        let at = folder.path().join(path);
        fs::create_dir_all(at.parent().unwrap()).unwrap();
        if let Some(to) = content.strip_prefix("link:") {
            symlink(to, at).unwrap();
        } else if content == "pipe:" {
            rustix::fs::mknodat(rustix::fs::CWD, &at, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
        } else {
            fs::write(at, bytes(content)).unwrap();
        }
    }
    let root = Root::at(folder.path().to_owned(), Box::new(Rooms(rooms)));
    (folder, root)
}

fn bytes(content: &str) -> Vec<u8> {
    if let Some(hex) = content.strip_prefix("hex:") {
        return (0..hex.len() / 2).map(|n| u8::from_str_radix(&hex[n * 2..n * 2 + 2], 16).unwrap()).collect();
    }
    if let Some((count, character)) = content.strip_prefix("big:").and_then(|rest| rest.split_once(':')) {
        return character.repeat(count.parse().unwrap()).into_bytes();
    }
    let mut out = String::new();
    let mut characters = content.chars();
    while let Some(character) = characters.next() {
        out.push(match character {
            '\\' => match characters.next().unwrap() {
                'n' => '\n',
                't' => '\t',
                '0' => '\0',
                other => other,
            },
            other => other,
        });
    }
    out.into_bytes()
}

fn told(root: &Root) -> Value {
    let collected = collect(root);
    json!({
        "hardware": collected.hardware,
        "peripherals": collected.peripherals,
        "system": collected.system,
        "packages": collected.packages,
        "health": assess(&health::read(root, Some(1_500)), None),
    })
}

/// Without what is absent, so that what is expected can be read at a glance.
fn pruned(value: Value) -> Value {
    match value {
        Value::Object(map) => Value::Object(
            map.into_iter().map(|(k, v)| (k, pruned(v))).filter(|(_, v)| !v.is_null() && *v != json!([])).collect(),
        ),
        Value::Array(list) => Value::Array(list.into_iter().map(pruned).collect()),
        other => other,
    }
}

#[test]
fn each_machine_tells_what_it_is_and_no_more() {
    let mut seen = 0;
    for entry in fs::read_dir(machines()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|e| e != "tree") {
            continue;
        }
        seen += 1;
        let (_folder, root) = unpack(&fs::read_to_string(&path).unwrap());
        let mut told = pruned(told(&root));
        let system = told["system"].as_object_mut().unwrap();
        assert_eq!(system.remove("agent_version"), Some(json!(env!("CARGO_PKG_VERSION"))));
        let text = serde_json::to_string_pretty(&told).unwrap();
        for personal in ["lea", "1ea0", "1e:a0"] {
            assert!(!text.to_lowercase().contains(personal), "{}: {personal} in {text}", path.display());
        }
        let expected: Value = serde_json::from_slice(&fs::read(path.with_extension("json")).unwrap()).unwrap();
        assert_eq!(told, expected, "{}: {text}", path.display());
    }
    assert!(seen >= 12, "{seen} machines");
}

/// What is collected can be sent, and is the same bytes when collected again.
#[test]
fn each_machine_fits_the_wire() {
    use wire::convert::{Section, section_decode, section_encode};
    for entry in fs::read_dir(machines()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|e| e != "tree") {
            continue;
        }
        let (_folder, root) = unpack(&fs::read_to_string(&path).unwrap());
        let sections = || {
            let all = collect(&root);
            [
                Section::Hardware(all.hardware),
                Section::Peripherals(all.peripherals),
                Section::System(all.system),
                Section::Packages(all.packages),
                Section::Health(assess(&health::read(&root, None), None)),
            ]
        };
        for (section, again) in sections().iter().zip(&sections()) {
            let bytes = section_encode(section);
            assert_eq!(bytes, section_encode(again), "{}", path.display());
            assert_eq!(&section_decode(section.kind(), &bytes).unwrap(), section, "{}", path.display());
        }
    }
}

/// This machine, whatever it is, tells something and nothing of its people.
#[test]
fn this_machine_is_read() {
    let root = Root::new("/");
    let told = told(&root).to_string();
    for file in ["/proc/sys/kernel/hostname", "/sys/class/net/eth0/address"] {
        if let Ok(text) = fs::read_to_string(file)
            && text.trim().len() > 3
            && text.trim() != "localhost"
        {
            assert!(!told.contains(text.trim()), "{file}");
        }
    }
    assert!(collect(&root).system.kernel.is_some());
    assert_eq!(claims(&root).serial, collect(&root).hardware.serial);
}
