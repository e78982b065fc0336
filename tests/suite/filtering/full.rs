//! A device whose disk is full: what was good last holds, it is said, and what came meanwhile holds once there is room.

use super::Scene;
use crate::disk::Mounted;
use serde_json::{Value, json};
use std::fs::{self, File};
use std::io::Write;
use std::path::PathBuf;
use tests::filtering::{FilterProcess, active, everywhere, list_write, side};
use tests::names::Upstream;
use tests::process::until;

/// A small disk for a device.
struct Disk {
    _mounted: Mounted,
    place: PathBuf,
}

impl Disk {
    /// None where mounting is not permitted.
    fn new(place: PathBuf) -> Option<Self> {
        fs::create_dir(&place).unwrap();
        let mounted = Mounted::mount(&["-t", "tmpfs", "-o", "size=8m,mode=700", "tmpfs"], &place)?;
        Some(Self { _mounted: mounted, place })
    }

    /// Fills it to the last byte.
    fn fill(&self) {
        let mut file = File::create(self.place.join("filler")).unwrap();
        for piece in [64 * 1024, 1024, 1] {
            while file.write_all(&vec![1; piece]).is_ok() {}
        }
    }

    fn empty(&self) {
        fs::remove_file(self.place.join("filler")).unwrap();
    }
}

#[test]
fn while_the_disk_is_full_the_last_good_policy_holds_and_the_next_one_does_once_there_is_room() {
    let folder = tempfile::tempdir().unwrap();
    let Some(disk) = Disk::new(folder.path().join("disk")) else { return };
    let mut scene = Scene::enrolled_at(folder.path(), &disk.place, &[], |_| {});
    scene.filter.start();
    // What a device does not take it asks for again with its next poll.
    scene.server.json(&["cadence", "set", "--poll", "5s", "--why", "a test"]);
    scene.apply("one.toml", "name = \"T\"\n[both]\nblock_names = [\"games.example\"]\n");
    assert!(scene.filter.answers(30_000, "games.example", true), "{}", scene.logs());
    until(30, "it is told", || scene.condition_of("filter")["reason"] == json!("list_missing"));

    disk.fill();
    let two = "name = \"T\"\n[both]\nblock_names = [\"games.example\", \"chat.example\"]\n";
    scene.apply("two.toml", two);
    let said = || {
        let head = scene.condition_of("head");
        head["state"] == json!("failed") && head["reason"] == json!("head_not_kept")
    };
    until(60, "that there is no room is said", said);
    let holds = |scene: &Scene, chat: bool| {
        for (name, closed) in [("games.example", true), ("nobody.example", false), ("chat.example", chat)] {
            assert!(scene.filter.answers(20_000, name, closed), "{name} {closed}: {}", scene.logs());
        }
    };
    holds(&scene, false);
    // Killed and started with not a byte to write, too.
    scene.filter.kill();
    scene.filter.start();
    holds(&scene, false);

    disk.empty();
    assert!(scene.filter.answers(60_000, "chat.example", true), "{}", scene.logs());
    holds(&scene, true);
    until(30, "that is told, too", || scene.condition_of("head") == Value::Null);
}

#[test]
fn a_list_that_there_is_no_room_to_keep_holds_and_at_a_start_the_one_before() {
    let folder = tempfile::tempdir().unwrap();
    let upstream = Upstream::start();
    let mut filter = FilterProcess::new(folder.path(), &upstream);
    let Some(disk) = Disk::new(filter.folder()) else { return };
    let list = |name: &str, version: &str, closed: &str| {
        let to = folder.path().join(name);
        let digest = list_write(&to, version, &[("games", closed)]);
        (to, digest)
    };
    let policy = everywhere(&side(&["games"], &["chat.example"]));
    let (old, new) = (list("old", "2026.11.30", "old.example"), list("new", "2026.12.1", "new.example"));
    filter.tell(&active(Some(&policy), Some((&old.0, old.1))));
    filter.start();
    assert!(filter.answers(10_000, "old.example", true), "{}", filter.log_text());
    disk.fill();
    filter.tell(&active(Some(&policy), Some((&new.0, new.1))));
    assert!(filter.answers(10_000, "new.example", true), "{}", filter.log_text());
    until(10, "that it cannot be kept is said", || filter.log_text().contains("cannot be kept for the next start"));
    // Nobody tells it anything any more, and what came last could not be kept: what was kept before holds, and nothing is open that was not.
    fs::write(filter.agent.state.join("enrolment.json"), "{}").unwrap();
    fs::remove_file(filter.agent.state.join("filter/active.json")).unwrap();
    filter.kill();
    filter.start();
    for closed in ["old.example", "chat.example"] {
        assert!(filter.answers(10_000, closed, true), "{closed}: {}", filter.log_text());
    }
    assert!(filter.answers(1_000, "nobody.example", false));
    assert!(filter.answers(1_000, "new.example", false), "the test proves nothing");
    disk.empty();
    filter.tell(&active(Some(&policy), Some((&new.0, new.1))));
    assert!(filter.answers(20_000, "new.example", true), "{}", filter.log_text());
}
