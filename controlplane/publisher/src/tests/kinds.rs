//! Repositories for data and for programs: what each may list, and that neither becomes the other.

use super::*;
use crate::kind::{FLOOR, RELEASES};
use crate::tuf::{DelegatedRole, RoleKeys};
use bundle::{Architecture, Program, Release, System};

/// The product's own repository, with one key for all.
struct Product {
    folder: Folder,
    home: tempfile::TempDir,
    key: SigningKey,
}

impl Product {
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let key = SigningKey::create(&home.path().join("key")).unwrap();
        let product = Self { folder: Folder::new(home.path().join("repository")), home, key };
        let held = Holders { keys: vec![product.key.public()], threshold: 1 };
        let founders = Founders { root: held.clone(), targets: held, lists: [].into() };
        product.publish(init(&product.folder, Kind::Product, &founders, start()).unwrap()).unwrap();
        product
    }

    fn publish(&self, mut proposal: Proposal) -> error::Result<Done> {
        proposal.sign(&self.key)?;
        publish(&self.folder, &proposal, start())
    }

    fn pack(&self, version: &str, minimum: Option<&str>) -> error::Result<(Proposal, Released)> {
        let built = |architecture, name: &str| {
            let path = self.home.path().join(name);
            fs::write(&path, format!("program {version} for {name} ").repeat(500)).unwrap();
            Built { system: System::Linux, architecture, path }
        };
        let built = [built(Architecture::Arm, "arm"), built(Architecture::X86, "x86")];
        let minimum = minimum.map(|minimum| minimum.parse().unwrap());
        release_pack(&self.folder, version.parse().unwrap(), minimum, &built, start())
    }

    fn listed(&self) -> Vec<String> {
        let published = Repository::read(&self.folder).unwrap().published.unwrap();
        published.list(RELEASES).unwrap().targets.keys().cloned().collect()
    }
}

fn floor(world: &World, version: u32) -> PathBuf {
    let path = world.home.path().join("floor.toml");
    let text = format!("version = {version}\nblocked = [\"adult\"]\nopen = [\"pix.fr\"]\nunblock_days = 30\n");
    fs::write(&path, text).unwrap();
    path
}

#[test]
fn releases_follow_each_other_and_their_minimum_never_falls() {
    let product = Product::new();
    let (proposal, released) = product.pack("1.9", None).unwrap();
    assert_eq!(released.release.minimum, released.release.version);
    product.publish(proposal).unwrap();
    for (version, minimum, said) in
        [("1.10", None, "1.9"), ("1.11", Some("1.10"), "1.10"), ("1.12", Some("1.9"), "1.10")]
    {
        let (proposal, released) = product.pack(version, minimum).unwrap();
        assert_eq!(released.release.minimum.to_string(), said, "{version}");
        product.publish(proposal).unwrap();
    }
    let of = |version: &str| {
        ["index", "linux.aarch64.zst", "linux.x86-64.zst"].map(|end| format!("release.{version}.{end}"))
    };
    assert_eq!(product.listed(), [of("1.10"), of("1.11"), of("1.12")].concat());
    assert!(matches!(product.pack("1.12", None), Err(Error::VersionOld { .. })));
    assert!(matches!(product.pack("1.13", Some("1.14")), Err(Error::Bundle(bundle::Error::Damaged(_)))));
}

#[test]
fn a_release_is_offered_when_every_program_is_the_one_it_names() {
    let product = Product::new();
    let (proposal, released) = product.pack("2", None).unwrap();
    let name = released.release.programs[0].target_name(&released.release.version);
    let refused = |change: &dyn Fn(&mut Targets)| {
        let mut list: Targets = proposal.document(RELEASES).unwrap().role().unwrap();
        change(&mut list);
        let mut bad = proposal.clone();
        bad.add(RELEASES, &list).unwrap();
        product.publish(bad).unwrap_err()
    };
    let said = refused(&|list| drop(list.targets.remove(&name)));
    assert!(matches!(said, Error::TargetBad(_)), "{said}");
    // Another program, well listed.
    let other = Program::store(b"something else").unwrap();
    let said = refused(&|list| {
        target::target_put(&product.folder, list, &name, &other, &serde_json::Value::Null).unwrap();
    });
    assert!(matches!(&said, Error::TargetBad(bad) if *bad == name), "{said}");
    // An index under another release's name.
    let said = refused(&|list| {
        let bytes = released.release.encode().unwrap();
        let other = Release::index_name(&"3".parse().unwrap());
        target::target_put(&product.folder, list, &other, &bytes, &serde_json::Value::Null).unwrap();
    });
    assert!(matches!(said, Error::TargetBad(_)), "{said}");
    product.publish(proposal).unwrap();
}

#[test]
fn a_floor_takes_the_place_of_the_one_before() {
    let world = World::new();
    for version in [1, 4] {
        let (mut proposal, packed) = floor_pack(&world.folder, &floor(&world, version), start()).unwrap();
        assert_eq!(packed.version, version);
        // Who signs resources signs no floor.
        assert!(matches!(proposal.sign(&world.bundles), Err(Error::KeyUnasked)));
        proposal.sign(&world.targets).unwrap();
        publish(&world.folder, &proposal, start()).unwrap();
        let published = Repository::read(&world.folder).unwrap().published.unwrap();
        let listed: Vec<_> = published.list(FLOOR).unwrap().targets.keys().cloned().collect();
        assert_eq!(listed, [format!("floor.{version}.json")]);
    }
    assert!(matches!(floor_pack(&world.folder, &floor(&world, 4), start()), Err(Error::VersionOld { .. })));
    let path = floor(&world, 5);
    for (bad, field) in [
        ("version = 5\nblocked = [\"A b\"]\nopen = []\n", Some("blocked")),
        ("version = 5\nblocked = []\nopen = [\"fr\"]\n", Some("open")),
        ("version = 5\nblocked = []\nopen = []\nlesson = 3\n", None),
        ("version = ", None),
    ] {
        fs::write(&path, bad).unwrap();
        match floor_pack(&world.folder, &path, start()).unwrap_err() {
            Error::Floor(error) => assert_eq!(Some(error.field), field, "{bad}"),
            error => assert!(matches!(error, Error::Manifest { .. }) && field.is_none(), "{bad}: {error}"),
        }
    }
}

#[test]
fn a_territory_publishes_no_program_and_the_product_nothing_else() {
    let (world, product) = (World::new(), Product::new());
    let none = |said: Error| assert!(matches!(&said, Error::Metadata { .. } | Error::NotDelegated(_)), "{said}");
    let program = [Built { system: System::Linux, architecture: Architecture::X86, path: floor(&world, 1) }];
    none(release_pack(&world.folder, "1".parse().unwrap(), None, &program, start()).unwrap_err());
    none(bundle_pack(&product.folder, &[world.source("1")], start(), &mut |_, _| Progress::hidden()).unwrap_err());
    none(floor_pack(&product.folder, &floor(&world, 1), start()).unwrap_err());
    // Under another role's name, signed by whoever may sign it.
    let path = world.home.path().join("stick");
    let unread = |proposal: &Proposal| {
        proposal.write(&path).unwrap();
        assert!(matches!(Proposal::read(&path), Err(Error::NotProposal { .. })));
    };
    let (packed, _) = world.packed("1");
    for name in ["release.1.index", "release.1.linux.x86-64.zst", "floor.1.json"] {
        let mut bad = forged(&packed, |list| drop(list.targets.insert(name.to_owned(), Target::of(b"x", None))));
        unread(&bad);
        bad.sign(&world.bundles).unwrap();
        none(publish(&world.folder, &bad, start()).unwrap_err());
    }
    // The role itself, beside the others or in their place, however many sign it.
    let published = Repository::read(&world.folder).unwrap().published.unwrap();
    let releases = |only: bool| {
        let mut targets = published.targets.clone();
        targets.version += 1;
        let delegations = targets.delegations.as_mut().unwrap();
        let keys = RoleKeys { keyids: vec![world.targets.public().id()], threshold: 1 };
        let paths = vec!["release.*".to_owned()];
        let role = DelegatedRole { name: RELEASES.to_owned(), keys, paths, terminating: true };
        if only {
            delegations.roles.clear();
        }
        delegations.roles.push(role);
        targets
    };
    let wider = |change: &dyn Fn(&mut DelegatedRole)| {
        let mut targets = published.targets.clone();
        targets.version += 1;
        change(&mut targets.delegations.as_mut().unwrap().roles[0]);
        targets
    };
    let everything = |role: &mut DelegatedRole| role.paths = vec!["*".to_owned()];
    let going_on = |role: &mut DelegatedRole| role.terminating = false;
    let renamed = |role: &mut DelegatedRole| role.name = "other".to_owned();
    for targets in [releases(false), releases(true), wider(&everything), wider(&going_on), wider(&renamed)] {
        let mut bad = rotate(&world.folder, "targets", &Rotation::default(), start()).unwrap();
        bad.add("targets", &targets).unwrap();
        unread(&bad);
        for key in [&world.root[0], &world.root[1], &world.targets] {
            bad.sign(key).unwrap();
        }
        none(publish(&world.folder, &bad, start()).unwrap_err());
    }
    let held = Holders { keys: vec![world.targets.public()], threshold: 1 };
    let lists = [(RELEASES.to_owned(), held.clone())].into();
    let founders = Founders { root: held.clone(), targets: held, lists };
    none(init(&Folder::new(world.home.path().join("other")), Kind::Territory, &founders, start()).unwrap_err());
}
