//! Resources on a medium: written by the command, carried to a device without a network, believed in nothing, told of later.

use crate::disk::Mounted;
use crate::resources::{Class, NAME, Published, fetch_policy};
use agent::{Clock, Error, Imported, Part, SystemClock};
use controlplane_core::assignment::{Edition, Word};
use controlplane_core::fetching::FetchPolicy;
use controlplane_core::presence::PRESENCES;
use model::resource::Fetching;
use serde_json::{Value, json};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;
use tests::process::{AgentProcess, ServerProcess, until};
use tests::programs::program;
use tests::publishing::Publisher;
use tests::reporter::Fleet;
use tests::resources::Edition as Text;

/// A class in its lessons: what is not urgent waits for the afternoon's end.
async fn at_school(urgent: bool) -> (Class, Published) {
    let class = Class::new().await;
    let policy = FetchPolicy {
        fetching: Fetching { free_floor_bytes: 0, ..Fetching::default() },
        quiet: Some((8 * 60, 18 * 60)),
        ..FetchPolicy::default()
    };
    fetch_policy(&class.world, policy).await;
    let first = class.published(Text::First, "1", |_| {});
    let edition = Edition { version: "1".parse().unwrap(), index: first.index };
    class.say(Word::Hold { edition, urgent }).await;
    class.told("waiting", |state, reason, _| (state, reason) == ("Pending", "waiting_hours")).await;
    (class, first)
}

/// What `cartable bundle export` writes of a publisher's folder.
fn exported(class: &Class, name: &str, more: &[&str]) -> PathBuf {
    let to = class.world.folder.path().join(name);
    let from = class.publisher.folder.public();
    let mut command = Command::new(program("cartable"));
    command.args(["bundle", "export", "--output", "json", "--from"]).arg(from).arg("--to").arg(&to).args(more);
    let out = command.stdin(Stdio::null()).output().unwrap();
    assert!(out.status.success(), "{}", said(&out));
    to
}

fn said(out: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr))
}

async fn imported(class: &Class, stick: &Path) -> Imported {
    let done = tokio::time::timeout(Duration::from_secs(60), class.machine.agent.import(stick, |_| {}));
    done.await.expect("an import ends").unwrap()
}

fn part(imported: &Imported, name: &str) -> (Part, String) {
    let one = imported.bundles.iter().find(|one| one.name == name).unwrap();
    (one.part, one.wanted.as_ref().map(|wanted| wanted.reason.clone()).unwrap_or_default())
}

/// The chunks on a stick.
fn chunks(stick: &Path) -> Vec<PathBuf> {
    let folders = fs::read_dir(stick.join("chunks")).unwrap().map(|entry| entry.unwrap().path());
    folders.flat_map(|folder| fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path())).collect()
}

#[tokio::test]
async fn a_device_without_a_network_takes_what_is_its_own_and_tells_of_it_later() {
    let (mut class, first) = at_school(false).await;
    let foreign = class.published(Text::First, "7", |folder| {
        let manifest = folder.join("bundle.toml");
        let text = fs::read_to_string(&manifest).unwrap().replace(NAME, "les-volcans");
        fs::write(manifest, text).unwrap();
        fs::write(folder.join("lave.html"), "<h1>La lave</h1>").unwrap();
    });
    let stick = exported(&class, "stick", &[]);
    class.world.stop().await;
    let told = imported(&class, &stick).await;
    assert_eq!(part(&told, NAME), (Part::InPlace, String::new()));
    assert_eq!(part(&told, "les-volcans"), (Part::Unassigned, String::new()));
    assert!(told.well() && told.bytes > 0, "{told:?}");
    class.reads(&first);
    let one = class.resource();
    assert_eq!((one.state.as_str(), one.wan_bytes, one.lan_bytes), ("held", 0, 0));
    assert!(one.medium_bytes >= first.first_bytes / 2 && one.medium_bytes <= told.bytes, "{one:?} of {told:?}");
    assert!(!class.machine.agent.resources_place().join("les-volcans").exists(), "{}", foreign.version);
    // Once more changes nothing.
    let again = imported(&class, &stick).await;
    assert_eq!(part(&again, NAME), (Part::Already, String::new()));
    assert_eq!(again.bytes, 0);

    // Later, and after a restart of the machine, the server hears by which road it came.
    class.machine.start().await;
    class.world.start().await;
    class.world.pass(Duration::from_secs(600)).await;
    class.told("held", |state, reason, version| (state, reason, version) == ("Held", "", "1")).await;
    let id = class.device.to_string();
    let presence = PRESENCES.get(class.world.store.as_ref(), &class.world.territory, &*id).await.unwrap().unwrap();
    let conditions = presence.value.observed.unwrap().conditions;
    let ours = conditions.iter().find(|one| one.item == format!("bundle {NAME}")).unwrap();
    assert_eq!((ours.medium_bytes, ours.wan_bytes), (one.medium_bytes, 0));
}

#[tokio::test]
async fn a_stick_that_is_pulled_out_loses_nothing_and_goes_on() {
    let (mut class, first) = at_school(false).await;
    let stick = exported(&class, "stick", &[NAME]);
    class.world.stop().await;
    let away = stick.with_extension("away");
    let pull = |bytes: u64| {
        if bytes > first.first_bytes / 3 && stick.exists() {
            fs::rename(&stick, &away).unwrap();
        }
    };
    let told = class.machine.agent.import(&stick, pull).await.unwrap();
    assert!(told.broken.is_some() && !told.well(), "{told:?}");
    assert_eq!(part(&told, NAME).0, Part::Partly, "{told:?}");
    assert!(!class.machine.agent.resources_place().join(NAME).exists());
    let before = class.resource().medium_bytes;
    assert!(before >= first.first_bytes / 4, "{before} of {}", first.first_bytes);

    fs::rename(&away, &stick).unwrap();
    let told = imported(&class, &stick).await;
    assert_eq!(part(&told, NAME), (Part::InPlace, String::new()), "{told:?}");
    class.reads(&first);
    let twice = class.resource().medium_bytes.saturating_sub(first.first_bytes);
    assert!(twice <= first.first_bytes / 20, "{twice} bytes again of {}", first.first_bytes);
}

#[tokio::test]
async fn a_stick_that_holds_part_is_used_and_the_server_gives_the_rest() {
    let (mut class, first) = at_school(false).await;
    let stick = exported(&class, "stick", &[NAME]);
    let all = chunks(&stick);
    for chunk in all.iter().take(all.len() / 2) {
        fs::remove_file(chunk).unwrap();
    }
    class.world.stop().await;
    let told = imported(&class, &stick).await;
    assert_eq!(part(&told, NAME), (Part::Partly, "unreachable".to_owned()), "{told:?}");
    assert!(told.well());
    class.world.start().await;
    for _ in 0..100 {
        class.world.pass(Duration::from_secs(300)).await;
    }
    let one = class.held("1").await;
    class.reads(&first);
    assert!(one.medium_bytes > 0 && one.wan_bytes > 0 && one.wan_bytes < first.first_bytes, "{one:?}");
}

#[tokio::test]
async fn a_hostile_stick_puts_nothing_in_place_and_harms_nothing() {
    let (mut class, first) = at_school(false).await;
    class.world.stop().await;
    let good = exported(&class, "good", &[NAME]);
    let index = fs::read_dir(good.join("targets")).unwrap().next().unwrap().unwrap().file_name();
    let strange = class.world.folder.path().join("stranger");
    fs::create_dir(&strange).unwrap();
    let stranger = Publisher::new(&strange, class.world.now());
    let pipe = |at: &Path| assert!(Command::new("mkfifo").arg(at).status().unwrap().success());
    let link = |to: &Path, at: &Path| std::os::unix::fs::symlink(to, at).unwrap();
    let each = |stick: &Path, spoil: &dyn Fn(&Path)| {
        for chunk in chunks(stick) {
            fs::remove_file(&chunk).unwrap();
            spoil(&chunk);
        }
    };
    type Spoil<'a> = (&'a str, Part, &'a str, Box<dyn Fn(&Path) + 'a>);
    let hostile: Vec<Spoil<'_>> = vec![
        // Nothing of the list is known yet.
        (
            "metadata without an end",
            Part::Refused,
            "damaged",
            Box::new(|stick| {
                let at = stick.join("metadata/timestamp.json");
                File::options().write(true).open(at).unwrap().set_len(1 << 40).unwrap();
            }),
        ),
        (
            "another publisher",
            Part::Refused,
            "not_signed",
            Box::new(|stick| {
                fs::remove_dir_all(stick.join("metadata")).unwrap();
                let from = stranger.folder.public().join("metadata");
                let copied = Command::new("cp").arg("-r").arg(from).arg(stick.join("metadata")).status();
                assert!(copied.unwrap().success());
            }),
        ),
        (
            "an old list",
            Part::Refused,
            "metadata_expired",
            Box::new(|stick| fs::write(stick.join("medium.json"), "{\"made\":\"2026-08-01T00:00:00Z\"}").unwrap()),
        ),
        (
            "an index without an end",
            Part::Refused,
            "damaged",
            Box::new(|stick| File::create(stick.join("targets").join(&index)).unwrap().set_len(1 << 40).unwrap()),
        ),
        // The index is known from here on.
        ("pipes", Part::Absent, "unreachable", Box::new(|stick| each(stick, &pipe))),
        ("devices", Part::Absent, "unreachable", Box::new(|stick| each(stick, &|at| link(Path::new("/dev/zero"), at)))),
        ("garbage", Part::Refused, "damaged", Box::new(|stick| each(stick, &|at| fs::write(at, [7; 9_000]).unwrap()))),
        (
            "endless",
            Part::Refused,
            "damaged",
            Box::new(|stick| each(stick, &|at| File::create(at).unwrap().set_len(1 << 40).unwrap())),
        ),
        (
            "a folder that leads elsewhere",
            Part::Absent,
            "unreachable",
            Box::new(|stick| {
                fs::remove_dir_all(stick.join("chunks")).unwrap();
                link(&good.join("chunks"), &stick.join("chunks"));
            }),
        ),
    ];
    for (what, part_expected, reason, spoil) in hostile {
        let stick = class.world.folder.path().join("hostile");
        let copied = Command::new("cp").args(["-r"]).arg(&good).arg(&stick).status();
        assert!(copied.unwrap().success());
        spoil(&stick);
        let told = imported(&class, &stick).await;
        assert_eq!(part(&told, NAME), (part_expected, reason.to_owned()), "{what}: {told:?}");
        assert!(told.bytes < 64 << 20, "{what}: {}", told.bytes);
        assert!(!class.machine.agent.resources_place().join(NAME).exists(), "{what}");
        fs::remove_dir_all(&stick).unwrap();
    }
    assert_eq!(part(&imported(&class, &good).await, NAME), (Part::InPlace, String::new()));
    class.reads(&first);
    // What is no such folder, and where nobody is.
    let none = class.machine.agent.import(&class.world.folder.path().join("none"), |_| {}).await;
    assert!(matches!(none, Err(Error::ImportNone(_))), "{none:?}");
    class.machine.kill().await;
    let nobody = class.machine.agent.import(&good, |_| {}).await;
    assert!(matches!(nobody, Err(Error::NotRunning(_))), "{nobody:?}");
}

#[tokio::test]
async fn one_medium_is_taken_at_a_time() {
    let (mut class, first) = at_school(false).await;
    let stick = exported(&class, "stick", &[NAME]);
    class.world.stop().await;
    let agent = &class.machine.agent;
    let (one, other) = tokio::join!(agent.import(&stick, |_| {}), agent.import(&stick, |_| {}));
    let busy = [&one, &other].iter().filter(|done| matches!(done, Err(Error::ImportBusy))).count();
    let good = [&one, &other].iter().filter(|done| done.as_ref().is_ok_and(Imported::well)).count();
    assert_eq!((busy, good), (1, 1), "{one:?} {other:?}");
    class.reads(&first);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_servers_repository_goes_onto_a_stick_and_nothing_is_copied_twice() {
    let Fleet { folder, server, reporters } = Fleet::start(1).await;
    let export = |more: &[&str]| {
        let to = folder.path().join("stick/ressources");
        server.cartable(&[&["bundle", "export", "--to", to.to_str().unwrap(), "--output", "json"], more].concat())
    };
    let none = export(&["--lang", "en"]);
    assert!(said(&none).contains("no repository of resources yet"), "{}", said(&none));
    let home = folder.path().join("publisher-home");
    fs::create_dir(&home).unwrap();
    let now = SystemClock.now();
    let publisher = Publisher::new(&home, now);
    let source = home.join("source");
    tests::resources::Resource::of(2).write(&source, Text::First, "2026.9");
    publisher.published(std::slice::from_ref(&source), now);
    server.json(&["bundle", "push", publisher.folder.public().to_str().unwrap()]);

    let unassigned = export(&["--lang", "en"]);
    assert!(
        said(&unassigned).contains(&format!("name those to copy (in the repository: {NAME})")),
        "{}",
        said(&unassigned)
    );
    assert!(said(&export(&["nuages", "--lang", "en"])).contains("nuages"));
    server.json(&["bundle", "assign", NAME, "--device", &reporters[0].id]);
    let exported = |more: &[&str]| -> Value {
        let out = export(more);
        assert!(out.status.success(), "{}", said(&out));
        serde_json::from_slice(&out.stdout).unwrap()
    };
    let first = exported(&[]);
    assert_eq!((&first["bundles"][0]["bundle"], &first["bundles"][0]["version"]), (&json!(NAME), &json!("2026.9")));
    assert!(first["bytes_copied"].as_u64() > Some(10_000), "{first}");
    let again = exported(&[&format!("{NAME}@2026.9")]);
    assert_eq!((&again["files_copied"], &again["bytes_copied"]), (&json!(0), &json!(0)));
    // A stick that was pulled out may hold a file that is half: it is seen, and copied anew.
    let stick = folder.path().join("stick/ressources");
    let chunk = chunks(&stick).remove(0);
    let bytes = fs::read(&chunk).unwrap();
    fs::write(&chunk, &bytes[..bytes.len() / 2]).unwrap();
    assert_eq!(exported(&[])["files_copied"], 1);
    assert_eq!(fs::read(&chunk).unwrap(), bytes);
    // The stick is a repository: another one is made of it.
    let copy = folder.path().join("copy");
    let copied = server.json(&["bundle", "export", "--from", stick.to_str().unwrap(), "--to", copy.to_str().unwrap()]);
    assert_eq!(copied["bytes"], first["bytes"]);
    assert_eq!(chunks(&copy).len(), chunks(&stick).len());
}

#[tokio::test]
async fn a_stick_with_too_little_room_is_left_as_it_was() {
    let (class, _) = at_school(false).await;
    let at = class.world.folder.path().join("small");
    fs::create_dir(&at).unwrap();
    let Some(_small) = Mounted::mount(&["-t", "tmpfs", "-o", "size=64k", "tmpfs"], &at) else { return };
    let mut command = Command::new(program("cartable"));
    command.args(["bundle", "export", "--lang", "en", "--from"]).arg(class.publisher.folder.public());
    let out = command.arg("--to").arg(&at).stdin(Stdio::null()).output().unwrap();
    assert_eq!(out.status.code(), Some(1));
    assert!(said(&out).contains("are needed") && said(&out).contains("are free"), "{}", said(&out));
    assert_eq!(fs::read_dir(&at).unwrap().count(), 0);
}

#[test]
fn the_whole_road_by_stick_with_the_real_programs() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = ServerProcess::init(folder.path());
    let publisher = Publisher::new(folder.path(), SystemClock.now());
    let source = folder.path().join("source");
    tests::resources::Resource::of(2).write(&source, Text::First, "2026.9");
    publisher.published(std::slice::from_ref(&source), SystemClock.now());
    let root = publisher.folder.public().join("metadata/1.root.json");
    let out = Command::new(program("cartable-server"))
        .args(["ca", "--lang", "en", "publisher"])
        .arg(root)
        .arg("--data")
        .arg(&server.data)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(out.status.success(), "{}", said(&out));
    server.start();
    let mut agent = AgentProcess::new(folder.path(), "device", "");
    agent.enrol(&server, &server.token(&[]));
    server.json(&["bundle", "push", publisher.folder.public().to_str().unwrap()]);
    let stick = folder.path().join("stick");
    let stick_name = stick.to_str().unwrap();
    server.json(&["bundle", "export", NAME, "--to", stick_name]);
    // The server has no chunk any more: what comes, comes on the stick.
    fs::remove_dir_all(server.data.join("repository/chunks")).unwrap();
    let early = agent.run(&["import", stick_name]);
    assert!(!early.status.success() && said(&early).contains("no agent runs"), "{}", said(&early));
    server.json(&["bundle", "assign", NAME, "--device", &agent.id(), "--urgent"]);
    agent.start();
    let resource = |agent: &AgentProcess| -> Value {
        let told = agent.run(&["resources", "--output", "json"]);
        serde_json::from_slice::<Value>(&told.stdout).unwrap_or_default()[0].clone()
    };
    until(60, "the device knows what it is to hold", || resource(&agent)["wanted"] == "2026.9");
    assert!(server.stop().success());

    let done = agent.run_in_french(&["import", stick_name]);
    assert!(done.status.success() && said(&done).contains(&format!("{NAME} 2026.9")), "{}", said(&done));
    assert!(said(&done).contains("en place"), "{}", said(&done));
    assert_eq!(resource(&agent)["state"], "held");
    let page = folder.path().join("device-resources").join(NAME).join("current");
    assert!(page.is_dir(), "{}", page.display());
    let again: Value = serde_json::from_slice(&agent.run(&["import", stick_name, "--output", "json"]).stdout).unwrap();
    assert_eq!((&again["bundles"][0]["part"], &again["bytes"]), (&json!("already"), &json!(0)), "{again}");

    server.start();
    let why = || server.json(&["bundle", "explain", &agent.id()])["bundles"][0].clone();
    until(120, "the server hears of it", || why()["state"] == "held");
    assert!(why()["medium_bytes"].as_u64() > Some(10_000), "{}", why());
    assert!(server.json(&["bundle", "reach", NAME])[0]["medium_bytes"].as_u64() > Some(10_000));
    assert!(agent.stop().success());
}
