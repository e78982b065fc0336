//! Whose resources devices install is said by the territory's root alone: a device learns it, and a stolen server cannot change it.

use super::online::{envelope, folder, learned, online_key};
use controlplane::ca::Ca;
use controlplane::ca::publisher::{publisher_root_read, publisher_set};
use controlplane::ca::rotate::{online_begin, online_finish};
use model::desired::Head;
use std::path::{Path, PathBuf};
use std::process::Command;
use tests::programs::program;
use tests::world::{DAY, Machine, START, World};
use wire::convert::{Trust, trust_decode, trust_encode};
use wire::v1::Envelope;

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("data/publisher").join(name)
}

fn trust(machine: &Machine) -> Trust {
    trust_decode(&envelope(machine, "trust").payload).unwrap()
}

#[tokio::test]
async fn a_device_learns_whose_resources_to_install_and_a_thief_of_the_server_cannot_say() {
    let world = World::new().await;
    let mut machine = world.agent("device");
    machine.enrol(&world).await;
    machine.start().await;
    machine.settled().await;
    assert!(trust(&machine).publisher.is_empty());
    let (root, read) = publisher_root_read(&data("good/metadata/1.root.json"), START).unwrap();
    assert_eq!((read.version, read.threshold, read.keys.len()), (1, 2, 2));
    assert_eq!(publisher_set(&folder(&world), &world.territory, None, &root).unwrap(), 2);
    learned(&world, &machine, 2).await;
    assert_eq!(trust(&machine).publisher, root);
    assert_eq!(publisher_set(&folder(&world), &world.territory, None, &root).unwrap(), 2, "the same is no change");

    // It stays across a new online key, and waits while one is under way.
    assert_eq!(online_begin(&folder(&world), &world.territory, None).unwrap(), 3);
    let (other, _) = publisher_root_read(&data("stolen-root/metadata/2.root.json"), START).unwrap();
    let under_way = publisher_set(&folder(&world), &world.territory, None, &other).unwrap_err();
    assert!(under_way.to_string().contains("under way"), "{under_way}");
    assert_eq!(online_finish(&folder(&world), &world.territory).unwrap(), 4);
    learned(&world, &machine, 4).await;
    assert_eq!(trust(&machine).publisher, root);

    // A thief has all that lies on the server, and the root's key does not.
    let key = folder(&world).ca("root.key");
    let away = world.folder.path().join("stick.key");
    std::fs::rename(&key, &away).unwrap();
    let missing = publisher_set(&folder(&world), &world.territory, None, &other).unwrap_err();
    assert!(missing.to_string().contains("--root-key"), "{missing}");
    let path = folder(&world).ca("trust.bin");
    let honest = std::fs::read(&path).unwrap();
    let payload = trust_encode(&Trust { version: 9, publisher: other.clone().into(), ..trust(&machine) });
    let forged = Envelope::from(&online_key(&world).sign::<Head>(payload));
    std::fs::write(&path, prost::Message::encode_to_vec(&forged)).unwrap();
    assert!(Ca::read(&folder(&world), &world.territory).is_err(), "an honest server does not take it up");
    std::fs::write(&path, honest).unwrap();
    assert_eq!(publisher_set(&folder(&world), &world.territory, Some(&away), &other).unwrap(), 5);
    learned(&world, &machine, 5).await;
    assert_eq!(trust(&machine).publisher, other);
}

#[test]
fn a_root_is_shown_and_what_no_device_would_begin_with_is_refused() {
    let refused = |file: &Path, now| publisher_root_read(file, now).unwrap_err().to_string();
    for none in [
        "good/metadata/timestamp.json",
        "root-without-itself/metadata/2.root.json",
        "endless-root/metadata/2.root.json",
    ] {
        assert!(refused(&data(none), START).contains("not the signed root"), "{none}");
    }
    assert!(refused(&data("expired-root/metadata/2.root.json"), START).contains("expired"));
    assert!(refused(&data("good/metadata/1.root.json"), START.after(401 * DAY)).contains("expired"));
    let folder = tempfile::tempdir().unwrap();
    let root = std::fs::read_to_string(data("good/metadata/1.root.json")).unwrap();
    let changed = folder.path().join("root.json");
    for (was, is) in [("\"version\":1", "\"version\":2"), ("\"threshold\":2", "\"threshold\":1"), ("{", "[")] {
        std::fs::write(&changed, root.replace(was, is)).unwrap();
        assert!(refused(&changed, START).contains("not the signed root"), "{was}");
    }
    // Shown to who runs the program, and dry is dry.
    let home = folder.path().join("data");
    let run = |arguments: &[&str]| {
        let out = Command::new(program("cartable-server")).args(arguments).arg("--data").arg(&home).output().unwrap();
        (out.status.success(), String::from_utf8([out.stdout, out.stderr].concat()).unwrap())
    };
    assert!(run(&["init", "--territory", "doubs", "--name", "localhost"]).0);
    let good = data("good/metadata/1.root.json");
    let publisher = ["ca", "--lang", "en", "publisher", good.to_str().unwrap()];
    let trust = || std::fs::read(home.join("ca/trust.bin")).unwrap();
    let before = trust();
    let (done, said) = run(&[&publisher[..], &["--dry-run"]].concat());
    assert!(done && said.contains(&model::digest::Digest::of(root.as_bytes()).to_string()), "{said}");
    assert!(said.contains("2 of 2") && said.contains("Nothing has changed"), "{said}");
    assert!(trust() == before);
    let (done, said) = run(&publisher);
    assert!(done && said.contains("trust roots version 2") && trust() != before, "{said}");
}
