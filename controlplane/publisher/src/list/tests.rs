//! Lists that come in, are judged, approved and published; and sources that want something else.

mod approval;
mod hostile;

use super::*;
use crate::error::{Error, Result};
use crate::tests::{World, start};
use crate::{Holders, Progress, Proposal, Rotation, SigningKey, bundle_pack, publish, rotate};
use filter::{Decision, Filter, FilterSet, Mask, Sheet};
use model::digest::Digest;
use model::lists::ListManifest;
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

/// A list in the layout of UT1, and a folder to work in.
struct Desk {
    home: tempfile::TempDir,
}

impl Desk {
    fn new() -> Self {
        let desk = Self { home: tempfile::tempdir().unwrap() };
        let names = |kind: &str, count: usize| (0..count).map(|n| format!("{kind}{n}.example\n")).collect::<String>();
        desk.put(
            "adult/domains",
            &(names("adult", 100) + "bad_name.example\n192.0.2.7\nBÜCHER.example\n*.wild.example\n"),
        );
        desk.put("adult/urls", "adult-page.example/some/page\nhttps://adult-host.example/\n");
        desk.put("adult/expressions", "(sex|teen)\n");
        desk.put("adult/usage", "# comment\nblack\nadult\n");
        desk.put("bank/domains", &names("bank", 30));
        desk.put("bank/usage", "# comment\nwhite\nbank\n");
        desk.put("games/domains", &names("games", 50));
        desk.put(
            "global_usage",
            "NAME: adult\nDEFAULT_TYPE: black\nNAME FR: Adulte\nNAME EN: Adult\n\nNAME: games\nDEFAULT_TYPE: black\nDESC FR: Jeux\n",
        );
        desk.put("README", "Some words about the list\n");
        symlink("adult", desk.path("ut1/porn")).unwrap();
        desk.put("play", "games");
        desk
    }

    fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    fn put(&self, name: &str, text: &str) {
        let path = self.path("ut1").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn import(&self) -> Import {
        Import { path: self.path("ut1"), work: self.path("work"), ..Import::default() }
    }

    fn imported(&self, import: &Import) -> Result<Imported> {
        list_import(import, start(), &mut |_, _| Progress::hidden())
    }

    fn approved(&self, accepted: &[&str], why: Option<&str>) -> Result<About> {
        let accepted = accepted.iter().map(|name| (*name).to_owned()).collect();
        let yes = Yes { by: "someone", accepted: &accepted, why, digest: None };
        list_approve(&self.path("work"), yes, start()).map(|approved| approved.about)
    }

    /// Imports and approves what nothing speaks against.
    fn taken(&self) -> About {
        let imported = self.imported(&self.import()).unwrap();
        assert_eq!(imported.about.objections, []);
        self.approved(&[], None).unwrap()
    }

    fn packed(&self, world: &World) -> Result<(Proposal, ListPacked)> {
        list_publish(&self.path("work"), &world.folder, start(), &mut |_, _| Progress::hidden())
    }

    fn published(&self, world: &World) -> ListPacked {
        let (mut proposal, packed) = self.packed(world).unwrap();
        // Who signs resources signs no lists.
        assert!(matches!(proposal.sign(&world.bundles), Err(Error::KeyUnasked)));
        proposal.sign(&world.targets).unwrap();
        publish(&world.folder, &proposal, start()).unwrap();
        packed
    }

    /// What a device that holds the last bundle decides of a name, where all is blocked that a list blocks.
    fn decides(&self, name: &str) -> Decision {
        let folder = self.path("work/packed/bundle");
        let manifest = ListManifest::decode(&fs::read(folder.join("list.json")).unwrap()).unwrap();
        let read = |file: &str| fs::read(folder.join(file)).unwrap();
        let digest = |bytes: &[u8]| *Digest::of(bytes).as_bytes();
        let overlays: Vec<Vec<u8>> = manifest.overlays.iter().map(|one| read(&one.file)).collect();
        let overlays: Vec<(&[u8], filter::Digest)> = overlays.iter().map(|one| (&**one, digest(one))).collect();
        let image = read(&manifest.image.file);
        let set = FilterSet::stack(&image[..], digest(&image), &overlays).unwrap();
        let block = set.categories().black();
        let sheet = Sheet { set: set.into(), block, allow: Mask::NONE, rank: 0 };
        Filter::new(vec![sheet]).unwrap().verdict(name.as_bytes()).decision
    }
}

fn category<'a>(about: &'a About, name: &str) -> &'a stored::CategoryAbout {
    about.categories.iter().find(|one| one.name == name).unwrap()
}

#[test]
fn a_list_is_read_with_its_other_names_labels_and_colours() {
    let desk = Desk::new();
    let about = desk.taken();
    let names: Vec<(&str, bool, u64)> = about.categories.iter().map(|one| (&*one.name, one.white, one.names)).collect();
    assert_eq!(names, [("adult", false, 104), ("bank", true, 30), ("games", false, 50)]);
    let adult = category(&about, "adult");
    assert_eq!((&*adult.label_fr, &*adult.label_en), ("Adulte", "Adult"));
    assert_eq!((&*category(&about, "games").label_fr, &*category(&about, "games").label_en), ("Jeux", "games"));
    assert_eq!(adult.aliases, ["porn".to_owned()].into());
    assert_eq!(category(&about, "games").aliases, ["play".to_owned()].into());
    let report = &about.report;
    assert_eq!((report.files, report.addresses, report.urls, report.refused), (4, 1, 1, 0));
    assert_eq!((report.passed.expressions, report.passed.links, report.passed.others), (1, 0, 1));
    assert_eq!(about.entries, 184);
}

#[test]
fn what_is_for_an_exam_alone_is_no_part_of_all() {
    let desk = Desk::new();
    desk.put("examen_pix/domains", "seek.example\n");
    desk.put("examen_pix/usage", "black\n");
    assert!(category(&desk.taken(), "examen_pix").white);
}

#[test]
fn lists_of_ones_own_come_in_any_usual_form() {
    let desk = Desk::new();
    let file = |name: &str, text: &[u8]| {
        fs::write(desk.path(name), text).unwrap();
        desk.path(name)
    };
    let hosts = file("hosts", b"127.0.0.1 localhost\n0.0.0.0 tracker.example ads.example # both\n");
    let rules = hostile::gzipped(b"! rules\n||rule.example^\n@@||let.example^\n");
    let rules = file("rules.gz", &rules);
    let seeds = file("seeds", b"open.example\n");
    let own = |category: &str, file: &Path| Own { category: category.to_owned(), file: file.to_owned() };
    let import = Import {
        own: vec![own("ads", &hosts), own("ads", &rules), own("seed", &seeds)],
        white: vec!["seed".to_owned()],
        attribution: Some("Listes d'exemple".to_owned()),
        ..desk.import()
    };
    let about = desk.imported(&import).unwrap().about;
    assert_eq!((category(&about, "ads").names, category(&about, "ads").white), (3, false));
    assert_eq!((category(&about, "seed").names, category(&about, "seed").white), (1, true));
    assert_eq!((about.report.refused, &*about.attribution), (1, "Listes d'exemple"));
    // A name that no category may have.
    let bad = Import { own: vec![own("A b", &seeds)], ..desk.import() };
    assert!(matches!(desk.imported(&bad), Err(Error::Filter(filter::Error::CategoryName(_)))));
}

#[test]
fn the_gate_holds_back_what_a_person_has_not_accepted() {
    let desk = Desk::new();
    fs::write(desk.path("guard.toml"), "must = [\"adult1.example\"]\nnever_beneath = [\"ENT.example\"]\n").unwrap();
    let import = Import { sentinels: Some(desk.path("guard.toml")), ..desk.import() };
    assert_eq!(desk.imported(&import).unwrap().about.objections, []);
    desk.approved(&[], None).unwrap();
    // A category that lost nearly all, one that is called otherwise now, one that turned, and names that stand guard.
    desk.put("adult/domains", "adult0.example\nwww.ent.example\ngouv.fr\n");
    desk.put("bank/usage", "black\nbank\n");
    fs::rename(desk.path("ut1/games"), desk.path("ut1/play-now")).unwrap();
    fs::remove_file(desk.path("ut1/play")).unwrap();
    let objections = desk.imported(&desk.import()).unwrap().about.objections;
    let held = |category: &str, before, now| Objection::Shrunk { category: category.to_owned(), before, now };
    let never = |name: &str| Objection::Never { name: name.to_owned() };
    let unnamed = Objection::Unnamed { name: "play".to_owned(), category: "games".to_owned(), now: None };
    let expected = [
        held("adult", 104, 4),
        held("games", 50, 0),
        Objection::Turned { category: "bank".to_owned(), white: false },
        unnamed,
        never("education.gouv.fr"),
        never("www.ent.example"),
        Objection::Must { name: "adult1.example".to_owned() },
    ];
    assert_eq!(objections, expected);
    assert!(matches!(desk.approved(&[], None), Err(Error::ListHeld(held)) if held.len() == 7));
    assert!(matches!(desk.approved(&["adult"], None), Err(Error::ListReason)));
    assert!(matches!(desk.approved(&["press"], Some("x")), Err(Error::ListNeedless(_))));
    // A category can be accepted, a name that stands guard cannot.
    let all = ["adult", "games", "bank"];
    assert!(matches!(desk.approved(&all, Some("x")), Err(Error::ListHeld(held)) if held.len() == 4));
    fs::write(desk.path("guard.toml"), "never_beneath = [\"ent.example\"]\n").unwrap();
    let omitted = vec!["www.ent.example".to_owned(), "gouv.fr".to_owned()];
    let import = Import { omitted, sentinels: Some(desk.path("guard.toml")), ..desk.import() };
    let unguarded = Objection::Unguarded { guard: Guard::Must, name: "adult1.example".to_owned() };
    // Nor can it leave its guard unseen.
    assert!(desk.imported(&import).unwrap().about.objections.contains(&unguarded));
    let gone = "play".to_owned();
    let unnamed = Objection::Unnamed { name: gone, category: "games".to_owned(), now: None };
    assert!(desk.imported(&import).unwrap().about.objections.contains(&unnamed));
    assert!(matches!(desk.approved(&all, Some("x")), Err(Error::ListHeld(held)) if held == [unnamed, unguarded]));
    let all = [&all[..], &["adult1.example", "play"]].concat();
    let about = desk.approved(&all, Some("the source began anew")).unwrap();
    // A category that went is still one: no policy fails for it.
    assert_eq!(category(&about, "games").names, 0);
    let journal = fs::read_to_string(desk.path("work/approvals.jsonl")).unwrap();
    assert_eq!(journal.lines().count(), 2);
    assert!(journal.lines().last().unwrap().contains("the source began anew"), "{journal}");
    assert!(matches!(desk.approved(&[], None), Err(Error::ListNone(_))));
}

#[test]
fn a_change_is_shown_name_by_name() {
    let desk = Desk::new();
    desk.taken();
    desk.put("games/domains", &(2..52).map(|n| format!("games{n}.example\n")).collect::<String>());
    desk.put("news/domains", "news.example\nnews.example\n");
    desk.imported(&desk.import()).unwrap();
    let difference = list_difference(&desk.path("work"), 1, &mut |_, _| Progress::hidden()).unwrap();
    let games = CategoryChange {
        category: "games".to_owned(),
        before: 50,
        after: 50,
        added: 2,
        removed: 2,
        added_names: vec!["games50.example".to_owned()],
        removed_names: vec!["games0.example".to_owned()],
    };
    assert_eq!(difference.changes[0], games);
    assert_eq!((&*difference.changes[1].category, difference.changes[1].added), ("news", 1));
    assert_eq!(difference.changes.len(), 2);
    let none = list_difference(&desk.path("elsewhere"), 1, &mut |_, _| Progress::hidden());
    assert!(matches!(none, Err(Error::ListNone(_))));
}

#[test]
fn an_image_is_followed_by_overlays_until_it_takes_a_new_one() {
    let (desk, world) = (Desk::new(), World::new());
    assert!(matches!(desk.packed(&world), Err(Error::ListNone(_))));
    desk.taken();
    let first = desk.published(&world);
    assert!(first.new_image && first.overlays == 0 && first.bundle.bundle == "cartable-lists", "{first:?}");
    assert_eq!(desk.decides("www.adult7.example"), Decision::Blocked);
    // Names to allow are no part of all.
    assert_eq!(desk.decides("bank7.example"), Decision::Unlisted);
    assert!(matches!(desk.packed(&world), Err(Error::ListSame)));
    desk.put("games/domains", &(1..52).map(|n| format!("games{n}.example\n")).collect::<String>());
    desk.put("news/domains", "news.example\n");
    desk.taken();
    // A proposal that is lost is made once more, of the same bytes.
    let lost = desk.packed(&world).unwrap().1;
    let second = desk.published(&world);
    assert_eq!(lost.bundle.index_sha256, second.bundle.index_sha256);
    assert!(!second.new_image && second.overlays == 1 && second.overlay_bytes < 1_000, "{second:?}");
    assert!(second.bundle.version > first.bundle.version);
    let decided = ["games0.example", "games51.example", "news.example"].map(|name| desk.decides(name));
    assert_eq!(decided, [Decision::Unlisted, Decision::Blocked, Decision::Blocked]);
    // Labels alone change no name.
    desk.put("global_usage", "NAME: adult\nDEFAULT_TYPE: black\nNAME FR: Pour adultes\n");
    desk.taken();
    assert_eq!(desk.published(&world).overlays, 2);
    // Of another colour, masks made before would mean something else.
    desk.put("news/usage", "white\n");
    desk.imported(&desk.import()).unwrap();
    desk.approved(&["news"], Some("an example")).unwrap();
    let last = desk.published(&world);
    assert!(last.new_image && last.overlays == 0, "{last:?}");
    assert_eq!(desk.decides("news.example"), Decision::Unlisted);
}

#[test]
fn too_much_change_takes_a_new_image() {
    let (desk, world) = (Desk::new(), World::new());
    desk.put("games/domains", &(0..20_000).map(|n| format!("games{n}.example\n")).collect::<String>());
    desk.taken();
    desk.published(&world);
    desk.put("games/domains", &(0..29_000).map(|n| format!("games{n}.example\n")).collect::<String>());
    desk.taken();
    assert!(desk.published(&world).new_image);
}

#[test]
fn no_other_role_gives_out_lists_and_they_give_out_nothing_else() {
    let (desk, world) = (Desk::new(), World::new());
    let source = world.source("1");
    let manifest = fs::read_to_string(source.join("bundle.toml")).unwrap().replace("\"eau\"", "\"cartable-lists\"");
    fs::write(source.join("bundle.toml"), manifest).unwrap();
    let said = bundle_pack(&world.folder, &[source], start(), &mut |_, _| Progress::hidden()).unwrap_err();
    assert!(matches!(&said, Error::NameReserved(name) if name == "cartable-lists"), "{said}");
    desk.taken();
    let (proposal, _) = desk.packed(&world).unwrap();
    let list: crate::tuf::Targets = proposal.document("lists").unwrap().role().unwrap();
    let (name, target) = list.targets.iter().next().unwrap();
    assert_eq!(name, "lists.cartable-lists.2026.8.29.index");
    // Under the role of resources, with all its signatures.
    let (mut packed, _) = world.packed("1");
    let bundles: crate::tuf::Targets = packed.document("bundles").unwrap().role().unwrap();
    for other in ["lists.cartable-lists.2026.8.29.index", "bundle.cartable-lists.2026.8.29.index"] {
        let mut forged = bundles.clone();
        forged.targets.insert(other.to_owned(), target.clone());
        for digest in target.hashes.values() {
            fs::copy(world.folder.target(name, digest), world.folder.target(other, digest)).ok();
        }
        packed.add("bundles", &forged).unwrap();
        packed.sign(&world.bundles).unwrap();
        let said = publish(&world.folder, &packed, start()).unwrap_err();
        assert!(matches!(said, Error::Metadata { .. } | Error::TargetBad(_)), "{other}: {said}");
    }
}

#[test]
fn a_repository_from_before_gets_the_role() {
    let world = World::new();
    // As an earlier release made it.
    let other = Desk::new();
    let folder = crate::Folder::new(other.path("repository"));
    let held = |key: &SigningKey| Holders { keys: vec![key.public()], threshold: 1 };
    let founders = crate::Founders { root: held(&world.targets), targets: held(&world.targets), lists: [].into() };
    let first = crate::init(&folder, crate::Kind::Territory, &founders, start()).unwrap();
    let mut old: crate::tuf::Targets = first.document("targets").unwrap().role().unwrap();
    old.delegations.as_mut().unwrap().roles.retain(|role| role.name != "lists");
    let mut first = serde_json::to_value(&first).unwrap();
    first["documents"].as_object_mut().unwrap().remove("lists");
    let mut first: Proposal = serde_json::from_value(first).unwrap();
    first.add("targets", &old).unwrap();
    first.sign(&world.targets).unwrap();
    publish(&folder, &first, start()).unwrap();
    other.taken();
    let packed = |folder| list_publish(&other.path("work"), folder, start(), &mut |_, _| Progress::hidden());
    assert!(matches!(packed(&folder), Err(Error::NotDelegated(role)) if role == "lists"));
    // Without a key there is nobody to sign.
    let none = rotate(&folder, "lists", &Rotation::default(), start());
    assert!(matches!(none, Err(Error::ThresholdBad { .. })));
    let rotation = Rotation { add: vec![world.bundles.public()], ..Rotation::default() };
    let mut proposal = rotate(&folder, "lists", &rotation, start()).unwrap();
    proposal.sign(&world.targets).unwrap();
    assert!(matches!(publish(&folder, &proposal, start()), Err(Error::Threshold { .. })));
    proposal.sign(&world.bundles).unwrap();
    publish(&folder, &proposal, start()).unwrap();
    let (mut proposal, _) = packed(&folder).unwrap();
    proposal.sign(&world.bundles).unwrap();
    publish(&folder, &proposal, start()).unwrap();
}

#[test]
fn what_is_kept_between_commands_is_held_against_its_digest() {
    let (desk, world) = (Desk::new(), World::new());
    desk.taken();
    let names = desk.path("work/approved/names.gz");
    let whole = fs::read(&names).unwrap();
    for spoilt in [hostile::gzipped(b"cartable-names 1\n[adult]\nother.example\n"), whole[..whole.len() / 2].to_vec()] {
        fs::write(&names, spoilt).unwrap();
        assert!(matches!(desk.packed(&world), Err(Error::ListDamaged(_))));
    }
    fs::write(&names, whole).unwrap();
    // A run that was cut between two names of a folder.
    fs::rename(desk.path("work/approved"), desk.path("work/approved.old")).unwrap();
    desk.published(&world);
    let image = desk.path("work/packed/bundle/image");
    let mut bytes = fs::read(&image).unwrap();
    bytes[40] ^= 1;
    fs::write(&image, bytes).unwrap();
    assert!(matches!(desk.packed(&world), Err(Error::ListDamaged(_))));
    fs::write(desk.path("work/approved/about.json"), "{}").unwrap();
    assert!(matches!(desk.packed(&world), Err(Error::ListDamaged(_))));
    let taken = BTreeSet::new();
    let yes = Yes { by: "x", accepted: &taken, why: None, digest: None };
    assert!(matches!(list_approve(&desk.path("work"), yes, start()), Err(Error::ListNone(_))));
}
