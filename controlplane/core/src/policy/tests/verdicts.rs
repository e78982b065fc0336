//! What becomes of a name by all that decides on a device.

use super::*;
use model::filtering::{Filtering, Lesson, LessonKind, Unblocked};
use std::collections::BTreeMap;

fn told(text: &str) -> Filtering {
    let facts = Facts::bare(DeviceId::new(Timestamp::default(), [1; 10]));
    filtering(&Rules::default(), &composed(&[("national", text)]), &facts)
}

fn list() -> List {
    let of = |name: &str, categories: &[&str]| (host(name), categories.iter().map(|c| category(c)).collect());
    let names = [
        of("bad.example", &["adult"]),
        of("play.example", &["games"]),
        of("deep.play.example", &["games", "adult"]),
        of("bank.example", &["adult"]),
    ];
    List::given(&BTreeMap::from(names), None).unwrap()
}

fn floor() -> Floor {
    let text = r#"{"version":4,"blocked":["adult"],"open":["bank.example"],"lesson_minutes":60,"unblock_days":1}"#;
    serde_json::from_str(text).unwrap()
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix_seconds(seconds)
}

fn lesson(kind: LessonKind) -> Lesson {
    Lesson {
        id: "l1".parse().unwrap(),
        kind,
        from: at(0),
        until: at(3_000),
        only_open: false,
        opens: [category("games")].into(),
        blocks: [].into(),
        names_open: [].into(),
        names_blocked: [host("chat.example")].into(),
    }
}

/// Whether it is blocked, by what, and whose word that is.
fn said(told: &Filtering, regime: Regime, name: &str) -> (bool, String, String) {
    let scales = Scales::new(told, &floor(), Some(&list()), regime, at(100)).unwrap();
    let verdict = scales.verdict(&host(name));
    let because = format!("{} {}", verdict.because.code(), verdict.because.item().unwrap_or_default());
    (verdict.blocked, because, verdict.whose.code().to_owned())
}

fn is(blocked: bool, because: &str, whose: &str) -> (bool, String, String) {
    (blocked, because.to_owned(), whose.to_owned())
}

#[test]
fn the_list_and_the_floor_decide_with_the_policy() {
    let told =
        told("[in_school]\nblock = [\"all\"]\nopen_names = [\"bad.example\"]\n[out_of_school]\nblock = [\"games\"]");
    use Regime::{InSchool, OutOfSchool};
    assert_eq!(
        said(&told, InSchool, "www.bad.example"),
        is(true, "category adult", "floor"),
        "whatever a policy opens"
    );
    assert_eq!(said(&told, InSchool, "bank.example"), is(false, "name bank.example", "floor"), "whatever a list says");
    assert_eq!(said(&told, InSchool, "a.play.example"), is(true, "all games", "policy"));
    assert_eq!(said(&told, OutOfSchool, "a.play.example"), is(true, "category games", "policy"));
    assert_eq!(said(&told, OutOfSchool, "other.example"), is(false, "nothing ", ""));
    let scales = Scales::new(&told, &floor(), Some(&list()), InSchool, at(100)).unwrap();
    assert_eq!(scales.verdict(&host("a.play.example")).listed.as_deref(), Some("play.example"));
    let covering = list().covering(&host("x.deep.play.example"));
    assert_eq!(covering[0], ("deep.play.example".to_owned(), vec!["adult".to_owned(), "games".to_owned()]));
    assert_eq!(covering[1], ("play.example".to_owned(), vec!["games".to_owned()]));
    // Without a list nothing is made of categories.
    let bare = Scales::new(&told, &floor(), None, InSchool, at(100)).unwrap();
    assert!(!bare.verdict(&host("play.example")).blocked);
}

#[test]
fn lessons_and_unblocked_names_decide_within_the_floor() {
    let mut told = told("[both]\nblock = [\"games\"]\nblock_names = [\"atlas.example\"]");
    told.lessons = vec![lesson(LessonKind::Lesson)];
    use Regime::{InSchool, OutOfSchool};
    assert_eq!(said(&told, InSchool, "play.example"), is(false, "category games", "lesson"));
    assert_eq!(said(&told, InSchool, "chat.example"), is(true, "name chat.example", "lesson"));
    assert_eq!(said(&told, OutOfSchool, "play.example"), is(true, "category games", "policy"), "a lesson is in school");
    told.lessons = vec![Lesson { only_open: true, ..lesson(LessonKind::Exam) }];
    assert_eq!(said(&told, OutOfSchool, "other.example"), is(true, "only_open ", "lesson"), "an exam is everywhere");
    told.lessons.clear();
    let unblocked = |name: &str, until| Unblocked { name: host(name), from: at(0), until };
    told.unblocked = vec![unblocked("atlas.example", at(80_000)), unblocked("bad.example", at(80_000))];
    assert_eq!(said(&told, InSchool, "atlas.example"), is(false, "name atlas.example", "unblock"));
    assert_eq!(said(&told, InSchool, "bad.example"), is(false, "name bad.example", "unblock"), "for a day");
    let none = Floor { unblock_days: 0, ..floor() };
    let scales = Scales::new(&told, &none, Some(&list()), InSchool, at(100)).unwrap();
    assert!(scales.verdict(&host("bad.example")).blocked && !scales.verdict(&host("atlas.example")).blocked);
}

#[test]
fn a_category_that_nobody_knows_is_named_with_those_that_may_be_meant() {
    let document = Document::read(
        "[both]\nblock = [\"aduld\", \"games\", \"all\", \"drogue\"]\n[negotiable]\ncategories = [\"porn\", \"gmaes\"]",
        &Layer::National,
    );
    let document = document.unwrap();
    let mut manifest: model::lists::ListManifest = serde_json::from_value(serde_json::json!({
        "format": 1, "version": "2026.11.30", "made": "2026-11-30", "entries": 1, "attribution": "x",
        "image": {"file": "image", "sha256": model::digest::Digest::of(b""), "bytes": 1}, "overlays": [],
        "categories": [{"name": "games", "white": false, "label_fr": "x", "label_en": "x"}], "never": [], "must": [],
    }))
    .unwrap();
    manifest.categories[0].aliases.insert("porn".to_owned());
    let found = unknown(categories_of(&document), &[&manifest], Some(&floor()));
    let found: Vec<(&str, Vec<&str>)> =
        found.iter().map(|one| (one.category.as_str(), one.near.iter().map(String::as_str).collect())).collect();
    assert_eq!(found, [("aduld", vec!["adult"]), ("drogue", vec![]), ("gmaes", vec!["games"])]);
}
