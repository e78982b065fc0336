use super::*;
use crate::filter::active::ListPlace;
use filter::{Collector, FilterSet, Seed};
use jiff::civil::date;
use model::digest::Digest;
use model::filtering::{Filtering, Lesson, LessonKind, Moment, Side, Unblocked, holding};
use model::floor::Floor;
use model::lists::{LIST_FILE, ListCategory, ListFile, ListManifest};
use model::time::Timestamp;
use std::fs;
use std::path::Path;
use std::str::FromStr;

fn set<T: FromStr + Ord>(names: &[&str]) -> BTreeSet<T> {
    names.iter().map(|name| name.parse().ok().unwrap()).collect()
}

/// A list on the disk: two categories that block, one that allows.
pub(crate) fn list_write(folder: &Path, names: &[(&str, &str)], never: &[&str]) -> ListPlace {
    let mut collector = Collector::new(Seed::new([3; 16]), filter::Categories::new());
    for (category, name) in names {
        let id = collector.category(category, *category == "press").unwrap();
        collector.add(id, &name.parse().unwrap()).unwrap();
    }
    let listing = collector.finish().unwrap();
    let image = listing.image(&[]).unwrap();
    fs::create_dir_all(folder).unwrap();
    fs::write(folder.join("image"), &image).unwrap();
    let file = ListFile { file: "image".to_owned(), sha256: Digest::of(&image), bytes: image.len() as u64 };
    let mut manifest = ListManifest::new("2026.11.30".parse().unwrap(), date(2026, 11, 30), file);
    let category = |name: &str, white| ListCategory {
        name: name.to_owned(),
        white,
        label_fr: format!("Catégorie {name}"),
        label_en: format!("Category {name}"),
        aliases: BTreeSet::new(),
    };
    let categories = listing.image(&[]).map(FilterSet::open).unwrap().unwrap();
    manifest.categories = categories.categories().all().iter().map(|c| category(&c.name, c.white)).collect();
    manifest.attribution = "Listes d'exemple".to_owned();
    manifest.never = set(never);
    let bytes = manifest.encode().unwrap();
    fs::write(folder.join(LIST_FILE), &bytes).unwrap();
    ListPlace { folder: folder.to_owned(), manifest: Digest::of(&bytes) }
}

const NAMES: [(&str, &str); 8] = [
    ("adult", "adult.example"),
    ("adult", "deep.under.open.example"),
    ("games", "games.example"),
    ("games", "shared.example"),
    ("press", "shared.example"),
    ("press", "paper.example"),
    ("adult", "ministry.example"),
    ("games", "school.games.example"),
];

fn list(folder: &Path) -> List {
    List::open(&list_write(folder, &NAMES, &["quiet.example"])).unwrap()
}

fn side() -> Side {
    Side {
        blocked: set(&["all"]),
        open: set(&["press"]),
        names_blocked: set(&["closed.example", "adult.example"]),
        names_open: set(&["school.games.example", "under.open.example", "adult.example"]),
        safe_search: true,
        youtube: YouTube::Moderate,
        ..Side::default()
    }
}

fn floor() -> Floor {
    Floor {
        version: 1,
        blocked: ["adult".to_owned()].into(),
        open: ["ministry.example".to_owned()].into(),
        lesson_opens: BTreeSet::new(),
        lesson_minutes: 60,
        unblock_days: 5,
        rollback_days: 0,
    }
}

fn policy(change: impl FnOnce(&mut Filtering), folder: Option<&Path>) -> Policy {
    let mut filtering = Filtering {
        in_school: Side::default(),
        out_of_school: side(),
        hours: None,
        lessons: vec![],
        unblocked: vec![],
        contact: String::new(),
    };
    change(&mut filtering);
    let at =
        Moment { now: Timestamp::from_unix_seconds(100), local: date(2026, 11, 30).at(9, 0, 0, 0), proven_until: None };
    let list = folder.map(list);
    let held = holding(&filtering, &floor(), &at);
    let (policy, unknown) = Policy::new(&held, &set(&["control.example"]), list.as_ref()).unwrap();
    assert_eq!(unknown, Unknown::default());
    policy
}

/// A policy with its list in a folder of its own.
pub(crate) fn policy_for(folder: &Path, only_open: bool) -> Policy {
    let place = list_write(folder, &[("games", "games.example"), ("publicite", "adverts.example")], &[]);
    let side = Side { only_open, ..side() };
    let filtering = Filtering {
        in_school: Side::default(),
        out_of_school: side,
        hours: None,
        lessons: vec![],
        unblocked: vec![],
        contact: String::new(),
    };
    let at = Moment { now: Timestamp::default(), local: date(2026, 11, 30).at(9, 0, 0, 0), proven_until: None };
    let held = holding(&filtering, &floor(), &at);
    Policy::new(&held, &BTreeSet::new(), Some(&List::open(&place).unwrap())).unwrap().0
}

fn ruled(policy: &Policy, name: &str) -> Ruling {
    policy.ruling(&name.parse().unwrap(), resolver::kind::A)
}

#[test]
fn each_rank_stands_above_the_next() {
    let folder = tempfile::tempdir().unwrap();
    let policy = policy(|_| {}, Some(folder.path()));
    let said = |name: &str| ruled(&policy, name);
    let (blocked, floor) = (Ruling::Block(Block::Listed), Ruling::Block(Block::Floor));
    assert_eq!(said("www.ministry.example"), Ruling::Free, "the floor opens what the list blocks");
    assert_eq!(said("control.example"), Ruling::Free, "the device's own");
    assert_eq!(said("adult.example"), floor, "no policy opens what the floor blocks");
    assert_eq!(said("a.deep.under.open.example"), floor);
    assert_eq!(said("b.under.open.example"), Ruling::Allow);
    assert_eq!(said("x.games.example"), blocked);
    assert_eq!(said("x.school.games.example"), Ruling::Allow, "a name as long as the list's, allowed by the policy");
    assert_eq!(said("shared.example"), Ruling::Allow, "a category that is open before one that is blocked");
    assert_eq!(said("a.closed.example"), blocked);
    assert_eq!(said("nobody.example"), Ruling::Pass);
    assert_eq!(said("use-application-dns.net"), Ruling::NoSuchName);
    let leads = |name: &str, to: &str| assert_eq!(said(name), Ruling::Rewrite(Box::new(to.parse().unwrap())));
    leads("www.google.fr", "forcesafesearch.google.com");
    leads("www.youtube.com", "restrictmoderate.youtube.com");
    let why = |name: &str| policy.why(name);
    let category =
        |name: &str| Why::Category(Label { fr: format!("Catégorie {name}"), en: format!("Category {name}") });
    assert_eq!((why("adult.example"), why("x.games.example")), (category("adult"), category("games")));
    assert_eq!((why("Closed.Example"), why("nobody.example")), (Why::Named, Why::Open));
}

#[test]
fn a_lesson_of_an_allow_list_lets_that_list_through_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let exam = |minutes: i64| Lesson {
        id: "exam".parse().unwrap(),
        kind: LessonKind::Exam,
        from: Timestamp::from_unix_seconds(0),
        until: Timestamp::from_unix_seconds(minutes * 60),
        only_open: true,
        opens: set(&["press"]),
        blocks: set(&[]),
        names_open: set(&["pix.example", "adult.example"]),
        names_blocked: set(&[]),
    };
    let policy = policy(|f| f.lessons = vec![exam(90)], Some(folder.path()));
    let said = |name: &str| ruled(&policy, name);
    for open in ["pix.example", "paper.example"] {
        assert_eq!(said(open), Ruling::Allow, "{open}");
    }
    for open in ["ministry.example", "control.example"] {
        assert_eq!(said(open), Ruling::Free, "{open}");
    }
    for closed in ["nobody.example", "x.school.games.example", "www.google.fr"] {
        assert!(matches!(said(closed), Ruling::Block(_)), "{closed}");
    }
    assert_eq!(said("adult.example"), Ruling::Block(Block::Floor), "nor does an exam open it");
    assert_eq!(policy.why("nobody.example"), Why::Exam);
}

#[test]
fn what_a_person_unblocks_is_open_within_the_floor_and_no_further() {
    let folder = tempfile::tempdir().unwrap();
    let one = |name: &str, from: i64, days: i64| Unblocked {
        name: name.parse().unwrap(),
        from: Timestamp::from_unix_seconds(from),
        until: Timestamp::from_unix_seconds(from + days * 86_400),
    };
    let unblocked = |list: Vec<Unblocked>| policy(|f| f.unblocked = list, Some(folder.path()));
    let soon = unblocked(vec![one("adult.example", 0, 2), one("open.example", 0, 2)]);
    // What the floor lets a person open is open with what it is an alias of, whether the floor closes the name itself or not.
    assert_eq!((ruled(&soon, "adult.example"), ruled(&soon, "www.open.example")), (Ruling::Free, Ruling::Free));
    assert_eq!(ruled(&soon, "deep.under.open.example"), Ruling::Block(Block::Floor), "a longer name is listed");
    assert_eq!(ruled(&soon, "b.under.open.example"), Ruling::Allow, "which the policy opens, and no person");
    let beneath = policy(
        |f| {
            f.unblocked = vec![one("games.example", 0, 2)];
            f.out_of_school.names_open.clear();
        },
        Some(folder.path()),
    );
    assert_eq!(ruled(&beneath, "x.games.example"), Ruling::Free);
    assert!(
        matches!(ruled(&beneath, "school.games.example"), Ruling::Block(_)),
        "listed beneath it, by the policy alone"
    );
    // Given five days ago for a year, it is above the policy, and no longer above the floor.
    let late = unblocked(vec![one("adult.example", -6 * 86_400, 300), one("closed.example", -6 * 86_400, 300)]);
    assert_eq!(ruled(&late, "adult.example"), Ruling::Block(Block::Floor));
    assert_eq!(ruled(&late, "closed.example"), Ruling::Allow);
}

#[test]
fn without_a_list_names_and_safe_search_hold() {
    let policy = policy(|f| f.out_of_school.youtube = YouTube::Off, None);
    assert_eq!(ruled(&policy, "closed.example"), Ruling::Block(Block::Listed));
    assert_eq!(ruled(&policy, "www.youtube.com"), Ruling::Pass);
    assert!(matches!(ruled(&policy, "www.google.com"), Ruling::Rewrite(_)));
    assert_eq!(ruled(&policy, "games.example"), Ruling::Pass);
}

#[test]
fn a_category_that_the_list_does_not_have_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let list = list(folder.path());
    let at = Moment { now: Timestamp::default(), local: date(2026, 11, 30).at(9, 0, 0, 0), proven_until: None };
    let filtering = |blocked: &[&str]| Filtering {
        in_school: Side::default(),
        out_of_school: Side { blocked: set(blocked), ..Side::default() },
        hours: None,
        lessons: vec![],
        unblocked: vec![],
        contact: String::new(),
    };
    let judged = |blocked: &[&str], floor: &Floor| {
        let held = holding(&filtering(blocked), floor, &at);
        Policy::new(&held, &BTreeSet::new(), Some(&list)).unwrap()
    };
    let warez: Vec<CategoryName> = vec!["warez".parse().unwrap()];
    let (policy, unknown) = judged(&["warez", "games"], &floor());
    assert_eq!((unknown.policy, unknown.floor.len()), (warez.clone(), 0));
    assert_eq!(ruled(&policy, "games.example"), Ruling::Block(Block::Listed), "the rest of it holds");
    let strict = Floor { blocked: ["adult", "warez"].map(str::to_owned).into(), ..floor() };
    let (policy, unknown) = judged(&["games"], &strict);
    assert_eq!((unknown.floor, unknown.policy.len()), (warez, 0));
    assert_eq!(ruled(&policy, "adult.example"), Ruling::Block(Block::Floor));
}
