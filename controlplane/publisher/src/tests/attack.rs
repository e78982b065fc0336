//! Proposals that are meant to do harm, and runs that end where they must not.

use super::*;
use crate::repository::root_read;
use serde_json::{Value, json};

impl World {
    /// A proposal of other keys for some role, as enough holders signed it.
    fn rotated(&self, role: &str, rotation: &Rotation) -> Proposal {
        let mut proposal = rotate(&self.folder, role, rotation, start()).unwrap();
        for key in [&self.root[0], &self.root[1]] {
            proposal.sign(key).unwrap();
        }
        proposal
    }

    fn refused(&self, proposal: &Proposal) -> Error {
        let before = fs::read(self.folder.metadata("timestamp", 0)).unwrap();
        let said = publish(&self.folder, proposal, start()).unwrap_err();
        assert_eq!(fs::read(self.folder.metadata("timestamp", 0)).unwrap(), before, "devices see what they saw");
        said
    }

    /// A proposal of bundles that somebody changed before it was signed.
    fn spoilt(&self, proposal: &Proposal, change: impl FnOnce(&mut Targets)) -> Error {
        let mut bad = forged(proposal, change);
        bad.sign(&self.bundles).unwrap();
        self.refused(&bad)
    }
}

fn edited(proposal: &Proposal, edit: impl FnOnce(&mut Value)) -> Proposal {
    let mut whole = serde_json::to_value(proposal).unwrap();
    edit(&mut whole);
    serde_json::from_value(whole).unwrap()
}

#[test]
fn a_root_that_lies_there_is_never_written_over() {
    let world = World::new();
    let proposal = world.rotated("timestamp", &Rotation::default());
    publish(&world.folder, &proposal, start()).unwrap();
    let path = world.folder.metadata("root", 2);
    let there = fs::read(&path).unwrap();
    let unsigned = edited(&proposal, |whole| whole["documents"]["root"]["signatures"] = json!([]));
    assert!(matches!(world.refused(&unsigned), Error::Threshold { have: 0, need: 2, .. }));
    assert_eq!(fs::read(&path).unwrap(), there);
    // One more signature is no reason either: some device has read the other.
    let mut more = proposal;
    more.sign(&world.root[2]).unwrap();
    publish(&world.folder, &more, start()).unwrap();
    assert_eq!(fs::read(&path).unwrap(), there);
}

#[test]
fn a_root_is_written_when_all_it_leads_to_is() {
    let world = World::new();
    let new = SigningKey::create(&world.home.path().join("targets-2")).unwrap();
    let rotation = Rotation { add: vec![new.public()], remove: vec![world.targets.public().id()], threshold: None };
    let mut proposal = world.rotated("targets", &rotation);
    proposal.sign(&new).unwrap();
    for role in ["targets", "snapshot", "timestamp"] {
        let path = world.folder.metadata(role, 2);
        // A folder where the draft would be: the run ends here.
        let draft = PathBuf::from(format!("{}.{}.draft", path.display(), std::process::id()));
        fs::create_dir(&draft).unwrap();
        assert!(matches!(world.refused(&proposal), Error::File { .. }));
        fs::remove_dir(&draft).unwrap();
        assert_eq!(world.folder.metadata("root", 2).exists(), role == "timestamp", "{role}");
    }
    // Devices follow the second root; nothing else is offered under the first.
    assert!(matches!(refresh(&world.folder, start()), Err(Error::Metadata { .. })));
    assert!(matches!(world.refused(&world.packed("1").0), Error::Metadata { .. }));
    let other = edited(&world.rotated("snapshot", &Rotation::default()), |_| ());
    assert!(matches!(world.refused(&other), Error::Metadata { .. }));
    publish(&world.folder, &proposal, start()).unwrap();
    refresh(&world.folder, start()).unwrap();
}

#[test]
fn a_last_root_that_is_half_written_counts_for_nothing() {
    let world = World::new();
    let proposal = world.rotated("snapshot", &Rotation::default());
    fs::write(world.folder.metadata("root", 2), "").unwrap();
    assert_eq!(Repository::read(&world.folder).unwrap().root.version, 1);
    publish(&world.folder, &proposal, start()).unwrap();
    assert_eq!(Repository::read(&world.folder).unwrap().root.version, 2);
    // One that others follow does not.
    publish(&world.folder, &world.rotated("snapshot", &Rotation::default()), start()).unwrap();
    fs::write(world.folder.metadata("root", 2), "").unwrap();
    assert!(root_read(&world.folder, 2).is_err() && Repository::read(&world.folder).is_err());
    // Nor is a root another one than its file's name says, or reading would not end.
    fs::copy(world.folder.metadata("root", 1), world.folder.metadata("root", 2)).unwrap();
    assert!(matches!(Repository::read(&world.folder), Err(Error::Metadata { .. })));
}

#[test]
fn what_some_client_would_refuse_is_not_published() {
    let world = World::new();
    let (proposal, _) = world.packed("1");
    let name = "bundle.eau.1.index";
    for hashes in [&[][..], &["sha256"], &["sha512"]] {
        let said = world.spoilt(&proposal, |targets| {
            targets.targets.get_mut(name).unwrap().hashes.retain(|known, _| hashes.contains(&known.as_str()));
        });
        assert!(matches!(said, Error::TargetBad(_)), "{hashes:?}: {said}");
    }
    for other in ["bundle.eau.1/index", "eau.1.index", "bundle.Eau.1.index", "bundle.eau.1\u{202e}.index"] {
        let said = world.spoilt(&proposal, |targets| {
            let target = targets.targets.remove(name).unwrap();
            targets.targets.insert(other.to_owned(), target);
        });
        assert!(matches!(said, Error::Metadata { .. }), "{other}: {said}");
    }
    let delegations = Repository::read(&world.folder).unwrap().published.unwrap().targets.delegations;
    let said = world.spoilt(&proposal, |targets| targets.delegations = delegations);
    assert!(matches!(said, Error::Metadata { .. }), "{said}");
    for custom in [json!("x".repeat(9 << 20)), json!("a\nb")] {
        let mut bad = forged(&proposal, |targets| targets.targets.get_mut(name).unwrap().custom = Some(custom));
        // A control character has no form that could be signed.
        if bad.sign(&world.bundles).is_ok() {
            assert!(matches!(world.refused(&bad), Error::Metadata { .. }));
        }
    }
    let twice = edited(&proposal, |whole| {
        let signatures = whole["documents"][BUNDLES]["signatures"].as_array_mut().unwrap();
        signatures.push(signatures[0].clone());
    });
    assert!(matches!(world.refused(&twice), Error::Metadata { .. }));
    publish(&world.folder, &proposal, start()).unwrap();
}

#[test]
fn an_index_is_offered_under_its_own_name_alone() {
    let world = World::new();
    let (proposal, _) = world.packed("1");
    let said = world.spoilt(&proposal, |targets| {
        let target = targets.targets.remove("bundle.eau.1.index").unwrap();
        for digest in target.hashes.values() {
            let path = |name: &str| world.folder.target(name, digest);
            fs::copy(path("bundle.eau.1.index"), path("bundle.feu.1.index")).unwrap();
        }
        targets.targets.insert("bundle.feu.1.index".to_owned(), target);
    });
    assert!(matches!(&said, Error::TargetBad(name) if name == "bundle.feu.1.index"), "{said}");
}

#[test]
fn what_has_expired_is_not_offered_and_the_date_never_goes_back() {
    let world = World::new();
    let (proposal, _) = world.packed("1");
    let late = start().after(400 * DAY);
    assert!(matches!(publish(&world.folder, &proposal, late), Err(Error::Metadata { .. })));
    assert!(matches!(refresh(&world.folder, late), Err(Error::Metadata { .. })));
    for expires in ["2020-01-01T00:00:00Z", "9999", "", "2099-01-01T00:00:00+00:00"] {
        let said = world.spoilt(&proposal, |targets| targets.expires = expires.to_owned());
        assert!(matches!(said, Error::Metadata { .. }), "{expires}: {said}");
    }
    refresh(&world.folder, start().after(DAY)).unwrap();
    assert!(matches!(refresh(&world.folder, start()), Err(Error::Metadata { .. })));
    refresh(&world.folder, start().after(DAY)).unwrap();
}

#[test]
fn a_spoilt_chunk_of_the_right_length_is_stored_anew() {
    let world = World::new();
    let source = world.source("1");
    // Noise does not compress: it lies as it is.
    let mut noise = vec![0_u8; 40_000];
    let mut state = 1_u64;
    for byte in &mut noise {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        *byte = state.to_be_bytes()[0];
    }
    for file in ["index.html", "img/a.svg"] {
        fs::write(source.join(file), &noise).unwrap();
    }
    let (mut proposal, _) = world.pack(std::slice::from_ref(&source)).unwrap();
    proposal.sign(&world.bundles).unwrap();
    for folder in fs::read_dir(world.folder.public().join("chunks")).unwrap() {
        for chunk in fs::read_dir(folder.unwrap().path()).unwrap() {
            let path = chunk.unwrap().path();
            let length = fs::metadata(&path).unwrap().len();
            fs::write(&path, vec![0; usize::try_from(length).unwrap()]).unwrap();
        }
    }
    assert!(matches!(world.refused(&proposal), Error::TargetBad(_)));
    world.pack(&[source]).unwrap();
    publish(&world.folder, &proposal, start()).unwrap();
}
