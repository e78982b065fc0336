//! What a device makes of metadata: each folder of `tests/data/publisher`, and what can happen to a cache and a clock.

use super::*;
use crate::fixture::NOW;
use crate::source::folder::FolderSource;
use std::fs;
use std::path::{Path, PathBuf};

mod foreign;

const DAY: Duration = Duration::from_secs(86_400);

/// Each folder, and what a device that knows `same-second` says of it.
const CASES: &[(&str, Result<(), &str>)] = &[
    ("deep", Err("damaged")),
    ("dropped-bundles", Err("damaged")),
    ("endless-root", Err("damaged")),
    ("endless-timestamp", Err("damaged")),
    ("expired-bundles", Err("metadata_expired")),
    ("expired-root", Err("metadata_expired")),
    ("expired-snapshot", Err("metadata_expired")),
    ("expired-targets", Err("metadata_expired")),
    ("expired-timestamp", Err("metadata_expired")),
    ("good", Err("metadata_rolled_back")),
    ("mixed-bundles", Err("damaged")),
    ("mixed-snapshot", Err("damaged")),
    ("one-key-two-names", Err("not_signed")),
    ("other-role", Ok(())),
    ("other-type", Err("damaged")),
    ("out-of-scope", Ok(())),
    ("recovered", Ok(())),
    ("recovered-falsely", Err("metadata_rolled_back")),
    ("rolled-back", Err("metadata_rolled_back")),
    ("rolled-back-bundles", Err("metadata_rolled_back")),
    ("rolled-back-snapshot", Err("metadata_rolled_back")),
    ("root-again", Err("metadata_rolled_back")),
    ("root-skipped", Err("damaged")),
    ("root-without-itself", Err("not_signed")),
    ("same-second", Ok(())),
    ("stolen-root", Err("not_signed")),
    ("third", Ok(())),
    ("too-few-signatures", Err("not_signed")),
    ("wrong-digest", Err("damaged")),
    ("wrong-digest-snapshot", Err("damaged")),
    ("wrong-length", Err("damaged")),
    ("wrong-length-snapshot", Err("damaged")),
    ("wrong-signature-bundles", Err("not_signed")),
    ("wrong-signature-snapshot", Err("not_signed")),
    ("wrong-signature-targets", Err("not_signed")),
    ("wrong-signature-timestamp", Err("not_signed")),
];

/// Folders whose list holds, but does not authorise the bundle in it.
const NOT_FOR_BUNDLES: &[&str] = &["other-role", "out-of-scope"];

/// A device with an empty state folder.
struct Device(tempfile::TempDir);

impl Device {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// The agent starts.
    fn publisher(&self) -> Publisher {
        Publisher::open(&Folder::new(self.0.path()), &root()).unwrap()
    }

    /// The agent starts and asks a repository.
    async fn asks(&self, case: &str) -> Result<(), &'static str> {
        refreshed(&mut self.publisher(), case, NOW).await
    }

    /// One that knows `good` and then `same-second`.
    async fn knowing() -> Self {
        let device = Self::new();
        device.asks("good").await.unwrap();
        device.asks("same-second").await.unwrap();
        device
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(FOLDER).join(name)
    }

    fn file(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap()
    }
}

fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/publisher")
}

fn root() -> Vec<u8> {
    fs::read(data().join("good/metadata/1.root.json")).unwrap()
}

/// A case's files, and what it lacks of `good`.
fn repository(case: &str) -> (tempfile::TempDir, FolderSource) {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("metadata")).unwrap();
    for from in ["good", case] {
        for entry in fs::read_dir(data().join(from).join("metadata")).unwrap() {
            let entry = entry.unwrap();
            fs::copy(entry.path(), folder.path().join("metadata").join(entry.file_name())).unwrap();
        }
    }
    let source = FolderSource::new(folder.path());
    (folder, source)
}

async fn refreshed(publisher: &mut Publisher, case: &str, now: Timestamp) -> Result<(), &'static str> {
    let (_folder, source) = repository(case);
    publisher.refresh(&source, now).await.map_err(|error| error.code())
}

/// A version of the one bundle there is.
fn wanted(version: &str, body: &[u8]) -> BundleWanted {
    BundleWanted {
        name: "eau".parse().unwrap(),
        version: version.parse().unwrap(),
        index: Digest::of(body),
        urgent: false,
        hold: false,
    }
}

fn second(publisher: &Publisher, now: Timestamp) -> Result<Signed, &'static str> {
    publisher.index(&wanted("2", b"two"), now).map_err(|error| error.code())
}

#[tokio::test]
async fn every_attack_is_refused_and_leaves_what_was_known() {
    let mut folders: Vec<String> =
        fs::read_dir(data()).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    folders.retain(|name| name != "README.md");
    folders.sort();
    assert_eq!(folders, CASES.iter().map(|(name, _)| (*name).to_owned()).collect::<Vec<_>>());
    let about = fs::read_to_string(data().join("README.md")).unwrap();
    for (case, expected) in CASES {
        assert!(about.contains(&format!("- `{case}`: ")), "{case} is not in README.md");
        let device = Device::knowing().await;
        assert_eq!(device.asks(case).await, *expected, "{case}");
        // Whatever was said, an honest repository is believed again, and what was known is known: also by an agent that starts anew.
        let known = second(&device.publisher(), NOW);
        match (expected, NOT_FOR_BUNDLES.contains(case)) {
            (Ok(()), true) => assert_eq!(known, Err("not_signed"), "{case}"),
            // A root that holds is kept; what holds under it is asked for.
            (Err(_), _) if ["expired-root", "recovered-falsely"].contains(case) => {}
            _ => assert!(known.is_ok(), "{case}: {known:?}"),
        }
        if expected.is_err() && *case != "expired-root" {
            assert_eq!(device.asks("third").await, Ok(()), "after {case}");
        }
    }
}

#[tokio::test]
async fn only_what_is_signed_is_given_out() {
    let device = Device::knowing().await;
    let publisher = device.publisher();
    let signed = second(&publisher, NOW).unwrap();
    let digest = Digest::of(b"two");
    assert_eq!(signed, Signed { item: format!("targets/{digest}.bundle.eau.2.index"), length: 3, sha256: digest });
    let refused = |wanted: &BundleWanted| publisher.index(wanted, NOW).unwrap_err().code();
    // The control plane wants what nobody signed.
    assert_eq!(refused(&wanted("2", b"another")), "not_signed");
    assert_eq!(refused(&wanted("3", b"three")), "not_signed");
    let version = |text: &str| text.parse::<BundleVersion>().unwrap();
    let patch = |to: &str, from: &str| publisher.patch(&"eau".parse().unwrap(), &version(to), &version(from), NOW);
    assert_eq!(patch("2", "1").unwrap().unwrap().sha256, Digest::of(b"one to two"));
    assert_eq!(patch("1", "2").unwrap(), None);
    // What it gives to devices beside it is what it was given.
    let (folder, _source) = repository("same-second");
    for entry in fs::read_dir(folder.path().join("metadata")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let file = fs::read(folder.path().join("metadata").join(&name)).unwrap();
        let held = publisher.documents().document(&format!("metadata/{name}"));
        let old = ["1.snapshot.json", "1.bundles.json"].contains(&&*name);
        assert_eq!(held.as_deref(), (!old).then_some(&file[..]), "{name}");
    }
    assert_eq!(publisher.documents().document("metadata/2.root.json"), None);
    assert_eq!(publisher.documents().document("../metadata"), None);
}

#[tokio::test]
async fn a_torn_or_deleted_cache_brings_nothing_old_back() {
    type Spoil = fn(&Device);
    let spoils: [Spoil; 6] = [
        |device| fs::write(device.path("metadata"), &device.file("metadata")[..999]).unwrap(),
        |device| fs::write(device.path("metadata"), b"").unwrap(),
        |device| fs::remove_file(device.path("metadata")).unwrap(),
        |device| {
            fs::remove_file(device.path("metadata")).unwrap();
            fs::remove_file(device.path("metadata.before")).unwrap();
        },
        |device| fs::write(device.path("floors"), b"torn").unwrap(),
        // An older file, whole, in the place of the newer.
        |device| assert!(fs::copy(device.path("metadata.before"), device.path("metadata")).is_ok()),
    ];
    for (at, spoil) in spoils.iter().enumerate() {
        let device = Device::knowing().await;
        spoil(&device);
        let floors_alone = at != 4;
        // Of the older list that is left, nothing is installed.
        assert_eq!(second(&device.publisher(), NOW).is_err(), floors_alone, "{at}");
        assert_eq!(device.publisher().index(&wanted("1", b"one"), NOW).is_err(), floors_alone, "{at}");
        for old in ["good", "rolled-back-bundles", "rolled-back-snapshot", "dropped-bundles"] {
            let refused = device.asks(old).await;
            let damaged = old == "dropped-bundles" && !floors_alone;
            assert_eq!(refused, Err(if damaged { "damaged" } else { "metadata_rolled_back" }), "{at}: {old}");
        }
        assert_eq!(device.asks("same-second").await, Ok(()), "{at}");
        assert!(second(&device.publisher(), NOW).is_ok(), "{at}");
        // And the files are whole again.
        assert!(device.publisher().written == (true, true), "{at}");
    }
}

#[tokio::test]
async fn a_clock_that_was_ahead_and_is_put_right_stops_nothing() {
    let device = Device::knowing().await;
    let far = NOW.after(DAY * 4_000);
    assert_eq!(refreshed(&mut device.publisher(), "third", far).await, Err("metadata_expired"));
    assert_eq!(second(&device.publisher(), far), Err("metadata_expired"));
    assert_eq!(device.asks("third").await, Ok(()));
    assert!(second(&device.publisher(), NOW).is_ok());
    // A new device likewise.
    let device = Device::new();
    assert_eq!(refreshed(&mut device.publisher(), "good", far).await, Err("metadata_expired"));
    assert_eq!(device.asks("good").await, Ok(()));
}

#[tokio::test]
async fn who_is_shown_the_same_for_ever_installs_nothing_more() {
    let device = Device::knowing().await;
    let mut publisher = device.publisher();
    let (within, beyond) = (NOW.after(DAY * 6), NOW.after(DAY * 8));
    assert_eq!(refreshed(&mut publisher, "same-second", within).await, Ok(()));
    assert!(second(&publisher, within).is_ok());
    assert_eq!(refreshed(&mut publisher, "same-second", beyond).await, Err("metadata_expired"));
    assert_eq!(second(&publisher, beyond), Err("metadata_expired"));
}

#[tokio::test]
async fn a_medium_is_as_of_its_date_for_ninety_days() {
    let device = Device::knowing().await;
    let (_folder, medium) = repository("third");
    let mut publisher = device.publisher();
    let later = NOW.after(DAY * 60);
    let code = |result: Result<(), PublisherError>| result.map_err(|error| error.code());
    assert_eq!(code(publisher.refresh(&medium, later).await), Err("metadata_expired"));
    assert_eq!(code(publisher.refresh_from_medium(&medium, NOW, later).await), Ok(()));
    // The agent that starts anew knows where the list came from.
    for publisher in [&publisher, &device.publisher()] {
        assert!(second(publisher, later).is_ok());
        assert_eq!(second(publisher, NOW.after(DAY * 91)), Err("metadata_expired"));
    }
    let too_old = publisher.refresh_from_medium(&medium, NOW, NOW.after(DAY * 91)).await;
    assert_eq!(code(too_old), Err("metadata_expired"));
    // A medium from before is a roll-back like any other, and a date to come is today.
    let (_folder, old) = repository("good");
    assert_eq!(code(publisher.refresh_from_medium(&old, NOW, NOW).await), Err("metadata_rolled_back"));
    let (_folder, expired) = repository("expired-root");
    assert_eq!(code(publisher.refresh_from_medium(&expired, NOW.before(DAY), NOW).await), Err("metadata_expired"));
    let dated = publisher.refresh_from_medium(&medium, NOW.after(DAY * 900), later).await;
    assert_eq!(code(dated), Err("metadata_expired"));
}

#[tokio::test]
async fn another_root_of_the_territory_begins_anew() {
    let device = Device::knowing().await;
    // A later root of the same repository goes on.
    device.asks("recovered").await.unwrap();
    let second_root = fs::read(data().join("recovered/metadata/2.root.json")).unwrap();
    let later = Publisher::open(&Folder::new(device.0.path()), &second_root).unwrap();
    assert!(second(&later, NOW).is_ok());
    assert_eq!(device.asks("third").await, Err("not_signed"), "that is signed with keys put out");
    // A root that is of no repository known here.
    let foreign = fs::read(data().join("stolen-root/metadata/2.root.json")).unwrap();
    let mut anew = Publisher::open(&Folder::new(device.0.path()), &foreign).unwrap();
    assert_eq!(second(&anew, NOW), Err("unreachable"));
    assert!(refreshed(&mut anew, "third", NOW).await.is_err());
    assert!(Publisher::open(&Folder::new(device.0.path()), b"{}").is_err());
    assert!(Publisher::open(&Folder::new(device.0.path()), &[0xff; 40]).is_err());
}
