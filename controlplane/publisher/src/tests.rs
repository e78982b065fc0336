//! Repositories that are made, published, rotated, renewed, and lied to.

mod attack;
mod holder;
mod kinds;

use crate::error::Error;
use crate::repository::BUNDLES;
use crate::tuf::{Document, Target, Targets};
use crate::*;
use model::time::Timestamp;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

const DAY: Duration = Duration::from_secs(86_400);

pub(crate) fn start() -> Timestamp {
    Timestamp::from_unix_seconds(1_788_000_000)
}

/// A repository with two holders of three for the root, and one each for the rest.
pub(crate) struct World {
    pub(crate) folder: Folder,
    home: tempfile::TempDir,
    root: Vec<SigningKey>,
    pub(crate) targets: SigningKey,
    pub(crate) bundles: SigningKey,
}

impl World {
    pub(crate) fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let key = |name: &str| SigningKey::create(&home.path().join(name)).unwrap();
        let root = vec![key("root-a"), key("root-b"), key("root-c")];
        let (targets, bundles) = (key("targets"), key("bundles"));
        let world = Self { folder: Folder::new(home.path().join("repository")), home, root, targets, bundles };
        let held = |keys: &[&SigningKey], threshold| Holders {
            keys: keys.iter().map(|key| key.public()).collect(),
            threshold,
        };
        let root = held(&world.root.iter().collect::<Vec<_>>(), 2);
        let lists = [(BUNDLES.to_owned(), held(&[&world.bundles], 1))].into();
        let founders = Founders { root, targets: held(&[&world.targets], 1), lists };
        let mut proposal = init(&world.folder, Kind::Territory, &founders, start()).unwrap();
        // Nothing holds before enough have signed.
        for key in [&world.root[0], &world.targets, &world.bundles] {
            proposal.sign(key).unwrap();
        }
        let said = publish(&world.folder, &proposal, start()).unwrap_err();
        assert!(matches!(said, Error::Threshold { have: 1, need: 2, .. }), "{said}");
        proposal.sign(&world.root[2]).unwrap();
        let done = publish(&world.folder, &proposal, start()).unwrap();
        assert!(done.versions.values().all(|version| *version == 1) && done.versions.len() == 7, "{done:?}");
        world
    }

    /// A folder with a manifest and a file that differs by version.
    pub(crate) fn source(&self, version: &str) -> PathBuf {
        let folder = self.home.path().join(format!("source-{version}"));
        fs::create_dir_all(folder.join("img")).unwrap();
        let manifest = format!(
            "name = \"eau\"\nversion = \"{version}\"\ntitle = \"L'eau\"\ndescription = \"Six séances\"\nlanguage = \"fr\"\nlicence = \"CC0-1.0\"\npublisher = \"Exemple\"\nlevels = [\"cm1\"]\n"
        );
        fs::write(folder.join("bundle.toml"), manifest).unwrap();
        fs::write(folder.join("index.html"), format!("<h1>L'eau, version {version}</h1>").repeat(50)).unwrap();
        fs::write(folder.join("img/a.svg"), "<svg/>").unwrap();
        folder
    }

    fn pack(&self, sources: &[PathBuf]) -> error::Result<(Proposal, Vec<Packed>)> {
        bundle_pack(&self.folder, sources, start(), &mut |_, _| Progress::hidden())
    }

    pub(crate) fn packed(&self, version: &str) -> (Proposal, Packed) {
        let (mut proposal, mut packed) = self.pack(&[self.source(version)]).unwrap();
        proposal.sign(&self.bundles).unwrap();
        (proposal, packed.remove(0))
    }

    fn bundles_now(&self) -> Vec<String> {
        let repository = Repository::read(&self.folder).unwrap();
        repository.published.unwrap().list(BUNDLES).unwrap().targets.keys().cloned().collect()
    }
}

/// A proposal whose bundles somebody has changed.
fn forged(proposal: &Proposal, change: impl FnOnce(&mut Targets)) -> Proposal {
    let mut targets: Targets = proposal.document(BUNDLES).unwrap().role().unwrap();
    change(&mut targets);
    let mut forged = proposal.clone();
    let signatures = proposal.document(BUNDLES).unwrap().signatures.clone();
    forged.add(BUNDLES, &targets).unwrap();
    let mut whole: serde_json::Value = serde_json::to_value(&forged).unwrap();
    whole["documents"][BUNDLES]["signatures"] = serde_json::to_value(signatures).unwrap();
    serde_json::from_value(whole).unwrap()
}

#[test]
fn versions_follow_each_other_with_patches_between_the_last_ones() {
    let world = World::new();
    for version in ["1", "2", "3", "4"] {
        let (proposal, packed) = world.packed(version);
        assert_eq!((packed.files, packed.patch_from.is_some()), (2, version != "1"), "{packed:?}");
        publish(&world.folder, &proposal, start()).unwrap();
    }
    let offered = [
        "bundle.eau.2.index",
        "bundle.eau.3.from.2.patch",
        "bundle.eau.3.index",
        "bundle.eau.4.from.2.patch",
        "bundle.eau.4.from.3.patch",
        "bundle.eau.4.index",
    ];
    assert_eq!(world.bundles_now(), offered);
    for old in ["4", "3.9"] {
        assert!(matches!(world.pack(&[world.source(old)]), Err(Error::VersionOld { .. })));
    }
    assert!(matches!(world.pack(&[world.source("5"), world.source("6")]), Err(Error::Twice(_))));
}

#[test]
fn who_packs_the_same_folder_gets_the_same_index() {
    let world = World::new();
    let (proposal, packed) = world.packed("1");
    let index = bundle_pack_dry(&world.source("1"), &mut |_, _| Progress::hidden()).unwrap();
    assert_eq!(tuf::sha256(&index.encode()), packed.index_sha256);
    let name = "bundle.eau.1.index";
    assert!(proposal.names(name, &packed.index_sha256).unwrap());
    assert!(!proposal.names("bundle.eau.2.index", &packed.index_sha256).unwrap());
    let other = bundle_pack_dry(&world.source("2"), &mut |_, _| Progress::hidden()).unwrap();
    assert!(!proposal.names(name, &tuf::sha256(&other.encode())).unwrap());
}

#[test]
fn the_file_is_carried_to_the_key_and_back() {
    let world = World::new();
    let (proposal, _) = world.pack(&[world.source("1")]).unwrap();
    let path = world.home.path().join("stick.json");
    proposal.write(&path).unwrap();
    let mut carried = Proposal::read(&path).unwrap();
    assert!(matches!(carried.sign(&world.root[0]), Err(Error::KeyUnasked)));
    assert_eq!(carried.sign(&world.bundles).unwrap(), [BUNDLES]);
    // Signing again adds nothing.
    carried.sign(&world.bundles).unwrap();
    let standing = &carried.standings(None).unwrap()[0];
    assert_eq!((standing.have, standing.need, standing.version), (1, 1, 2));
    carried.write(&path).unwrap();
    publish(&world.folder, &Proposal::read(&path).unwrap(), start()).unwrap();
    for bad in ["", "{}", "[]", "{\"format\":\"cartable-proposal 1\",\"root\":null,\"targets\":null,\"documents\":{}}"]
    {
        fs::write(&path, bad).unwrap();
        assert!(matches!(Proposal::read(&path), Err(Error::NotProposal { .. })), "{bad}");
    }
}

#[test]
fn what_was_not_signed_is_not_published() {
    let world = World::new();
    let (proposal, _) = world.packed("1");
    let before = fs::read(world.folder.metadata("timestamp", 1)).unwrap();
    let refused = |proposal: &Proposal| publish(&world.folder, proposal, start()).unwrap_err();
    // Another target under a good signature.
    let bad = forged(&proposal, |targets| {
        drop(targets.targets.insert("bundle.x.1.index".to_owned(), Target::of(b"x", None)))
    });
    assert!(matches!(refused(&bad), Error::Threshold { have: 0, .. }));
    // Signed by a key that may not, under the name of one that may.
    let mut bad = forged(&proposal, |targets| targets.version = 2);
    let mut whole = serde_json::to_value(&bad).unwrap();
    let mut document: Document = serde_json::from_value(whole["documents"][BUNDLES].clone()).unwrap();
    document.signatures.clear();
    document.sign(&world.root[0]).unwrap();
    document.signatures[0].keyid = world.bundles.public().id();
    whole["documents"][BUNDLES] = serde_json::to_value(&document).unwrap();
    bad = serde_json::from_value(whole).unwrap();
    assert!(matches!(refused(&bad), Error::Threshold { have: 0, .. }));
    // Well signed, but of another version, or naming what is not there.
    for version in [0, 1, 3, u64::MAX] {
        let mut bad = forged(&proposal, |targets| targets.version = version);
        bad.sign(&world.bundles).unwrap();
        assert!(matches!(refused(&bad), Error::Stale { expected: 2, .. }), "{version}");
    }
    let mut bad = forged(&proposal, |targets| {
        drop(targets.targets.insert("bundle.y.1.index".to_owned(), Target::of(b"y", None)))
    });
    bad.sign(&world.bundles).unwrap();
    assert!(matches!(refused(&bad), Error::TargetBad(_)));
    assert_eq!(fs::read(world.folder.metadata("timestamp", 1)).unwrap(), before, "devices see what they saw");
    publish(&world.folder, &proposal, start()).unwrap();
    assert!(matches!(refused(&proposal), Error::Stale { version: 2, expected: 3, .. }));
}

#[test]
fn a_damaged_chunk_or_index_is_not_offered() {
    fn first_file(folder: &Path) -> PathBuf {
        let entry = fs::read_dir(folder).unwrap().next().unwrap().unwrap().path();
        if entry.is_dir() { first_file(&entry) } else { entry }
    }
    let world = World::new();
    for part in ["chunks", "targets"] {
        let (proposal, _) = world.packed("1");
        let path = first_file(&world.folder.public().join(part));
        let mut bytes = fs::read(&path).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        fs::write(&path, bytes).unwrap();
        let said = publish(&world.folder, &proposal, start()).unwrap_err();
        assert!(matches!(said, Error::TargetBad(_)), "{part}: {said}");
    }
    // Packed again, it is whole again.
    publish(&world.folder, &world.packed("1").0, start()).unwrap();
}

#[test]
fn keys_come_and_go() {
    let world = World::new();
    let new = SigningKey::create(&world.home.path().join("root-d")).unwrap();
    let rotation = Rotation {
        add: vec![new.public()],
        remove: vec![world.root[0].public().id()[..10].to_owned()],
        threshold: None,
    };
    let mut proposal = rotate(&world.folder, "root", &rotation, start()).unwrap();
    // Two of the new holders are one of the old: the old ones must agree, too.
    proposal.sign(&new).unwrap();
    proposal.sign(&world.root[1]).unwrap();
    assert!(matches!(publish(&world.folder, &proposal, start()), Err(Error::Threshold { have: 1, need: 2, .. })));
    proposal.sign(&world.root[0]).unwrap();
    let done = publish(&world.folder, &proposal, start()).unwrap();
    assert_eq!((done.versions["root"], done.versions["timestamp"]), (2, 2));

    let other = SigningKey::create(&world.home.path().join("bundles-2")).unwrap();
    let rotation = Rotation { add: vec![other.public()], remove: vec![world.bundles.public().id()], threshold: None };
    let mut proposal = rotate(&world.folder, BUNDLES, &rotation, start()).unwrap();
    proposal.sign(&world.targets).unwrap();
    assert!(matches!(proposal.sign(&world.bundles), Err(Error::KeyUnasked)));
    // Without what the new key signed, nobody could follow.
    let mut alone: serde_json::Value = serde_json::to_value(&proposal).unwrap();
    alone["documents"].as_object_mut().unwrap().remove(BUNDLES);
    let said = publish(&world.folder, &serde_json::from_value(alone).unwrap(), start()).unwrap_err();
    assert!(matches!(said, Error::Threshold { have: 0, need: 1, .. }), "{said}");
    proposal.sign(&other).unwrap();
    publish(&world.folder, &proposal, start()).unwrap();
    let (mut proposal, _) = world.pack(&[world.source("1")]).unwrap();
    assert!(matches!(proposal.sign(&world.bundles), Err(Error::KeyUnasked)));
    proposal.sign(&other).unwrap();
    publish(&world.folder, &proposal, start()).unwrap();

    for role in ["snapshot", "timestamp"] {
        let mut proposal = rotate(&world.folder, role, &Rotation::default(), start()).unwrap();
        proposal.sign(&world.root[1]).unwrap();
        proposal.sign(&world.root[2]).unwrap();
        publish(&world.folder, &proposal, start()).unwrap();
        // What was cut is run again.
        publish(&world.folder, &proposal, start()).unwrap();
    }
    let refused = |role: &str, rotation| rotate(&world.folder, role, &rotation, start()).unwrap_err();
    let threshold = Rotation { threshold: Some(4), ..Rotation::default() };
    assert!(matches!(refused("root", threshold.clone()), Error::ThresholdBad { threshold: 4, keys: 3, .. }));
    assert!(matches!(
        refused("root", Rotation { threshold: Some(0), ..Rotation::default() }),
        Error::ThresholdBad { .. }
    ));
    assert!(matches!(refused("timestamp", threshold), Error::RoleOnline(_)));
    assert!(matches!(
        refused("root", Rotation { remove: vec!["ffffffff".to_owned()], ..Rotation::default() }),
        Error::KeyUnknown { .. }
    ));
    // One key under two names is one key.
    let twice = Rotation { add: vec![new.public()], ..Rotation::default() };
    assert!(matches!(refused("root", twice), Error::ThresholdBad { .. }));
}

#[test]
fn a_run_that_was_cut_is_run_again() {
    let world = World::new();
    // New keys for targets, and the run ends after the root was written.
    let new = SigningKey::create(&world.home.path().join("targets-2")).unwrap();
    let rotation = Rotation { add: vec![new.public()], remove: vec![world.targets.public().id()], threshold: None };
    let mut proposal = rotate(&world.folder, "targets", &rotation, start()).unwrap();
    for key in [&world.root[0], &world.root[1], &new] {
        proposal.sign(key).unwrap();
    }
    fs::write(world.folder.metadata("root", 2), proposal.document("root").unwrap().bytes().unwrap()).unwrap();
    assert_eq!(Repository::read(&world.folder).unwrap().root.version, 1);
    let done = publish(&world.folder, &proposal, start()).unwrap();
    assert_eq!((done.versions["root"], done.versions["targets"]), (2, 2));
    assert_eq!(Repository::read(&world.folder).unwrap().root.version, 2);
}

#[test]
fn what_ends_is_renewed() {
    let world = World::new();
    let expires = |world: &World| {
        let repository = Repository::read(&world.folder).unwrap();
        repository
            .roles()
            .into_iter()
            .map(|(role, _, expires)| (role.to_owned(), expires.to_owned()))
            .collect::<Vec<_>>()
    };
    assert_eq!(expires(&world)[6], ("timestamp".to_owned(), tuf::moment(start().after(7 * DAY))));
    let later = start().after(6 * DAY);
    assert_eq!(refresh(&world.folder, later).unwrap().versions["timestamp"], 2);
    assert_eq!(expires(&world)[6].1, tuf::moment(later.after(7 * DAY)));
    let later = start().after(390 * DAY);
    let mut proposal = renew(&world.folder, later).unwrap();
    for key in [&world.root[1], &world.root[2], &world.targets, &world.bundles] {
        proposal.sign(key).unwrap();
    }
    publish(&world.folder, &proposal, later).unwrap();
    assert!(expires(&world)[..5].iter().all(|(_, expires)| *expires == tuf::moment(later.after(400 * DAY))));
}

#[test]
fn folders_that_are_no_bundle_are_refused() {
    let world = World::new();
    let refused = |spoil: &dyn Fn(&Path)| {
        let source = world.source("1");
        spoil(&source);
        let said = world.pack(std::slice::from_ref(&source)).unwrap_err();
        fs::remove_dir_all(source).unwrap();
        said
    };
    let link = |to: &'static str| move |folder: &Path| std::os::unix::fs::symlink(to, folder.join("x")).unwrap();
    assert!(matches!(refused(&link("/etc/passwd")), Error::NotRegular(_)));
    assert!(matches!(refused(&link("img")), Error::NotRegular(_)));
    let pipe = |folder: &Path| {
        rustix::fs::mknodat(rustix::fs::CWD, folder.join("x"), rustix::fs::FileType::Fifo, rustix::fs::Mode::RUSR, 0)
            .unwrap();
    };
    assert!(matches!(refused(&pipe), Error::NotRegular(_)));
    let file = |name: &'static str| move |folder: &Path| fs::write(folder.join(name), "x").unwrap();
    assert!(matches!(refused(&file("nul.txt")), Error::Bundle(bundle::Error::Path { .. })));
    assert!(matches!(refused(&file("IMG")), Error::Bundle(bundle::Error::Collision { .. })));
    let manifest = |text: &'static str| move |folder: &Path| fs::write(folder.join("bundle.toml"), text).unwrap();
    assert!(matches!(refused(&manifest("name = ")), Error::Manifest { .. }));
    assert!(matches!(refused(&manifest("name = \"a\"")), Error::Manifest { .. }));
    assert!(matches!(refused(&manifest("titel = \"a\"")), Error::Field { .. }));
    assert!(matches!(refused(&|folder| fs::remove_file(folder.join("bundle.toml")).unwrap()), Error::File { .. }));
    assert!(matches!(world.folder.lock().and_then(|_lock| world.folder.lock()), Err(Error::Busy(_))));
}
