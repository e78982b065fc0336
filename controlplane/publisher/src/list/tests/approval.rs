//! What a person is shown before saying yes, and that nothing else is published.

use super::*;
use crate::list::terms::terms_changes;

impl Desk {
    fn guarded(&self, guard: &str, omitted: &[&str]) -> Import {
        fs::write(self.path("guard.toml"), guard).unwrap();
        let omitted = omitted.iter().map(|name| (*name).to_owned()).collect();
        Import { sentinels: Some(self.path("guard.toml")), omitted, ..self.import() }
    }

    fn difference(&self) -> Difference {
        list_difference(&self.path("work"), 0, &mut |_, _| Progress::hidden()).unwrap()
    }
}

fn guard(guard: Guard, name: &str, came: bool) -> TermChange {
    TermChange::Guard { guard, name: name.to_owned(), came }
}

fn omitted(name: &str, came: bool) -> TermChange {
    TermChange::Omitted { name: name.to_owned(), came }
}

#[test]
fn names_that_stand_guard_or_are_left_out_do_not_change_unseen() {
    let (desk, world) = (Desk::new(), World::new());
    let import = desk.guarded("must = [\"adult1.example\"]\nnever = [\"ent.example\"]\n", &["adult2.example"]);
    desk.imported(&import).unwrap();
    let first = desk.difference();
    assert!(first.with.is_none());
    let expected = [
        guard(Guard::Never, "ent.example", true),
        guard(Guard::Must, "adult1.example", true),
        omitted("adult2.example", true),
    ];
    assert_eq!(first.terms, expected);
    desk.approved(&[], None).unwrap();
    desk.published(&world);

    // Others stand guard, others are left out: no name came or went but those.
    let import = desk.guarded("must = [\"adult3.example\"]\n", &["adult4.example"]);
    let imported = desk.imported(&import).unwrap();
    let unguarded = |guard, name: &str| Objection::Unguarded { guard, name: name.to_owned() };
    let held = [unguarded(Guard::Never, "ent.example"), unguarded(Guard::Must, "adult1.example")];
    assert_eq!(imported.about.objections, held);
    let second = desk.difference();
    assert_eq!(second.objections, held);
    let expected = [
        guard(Guard::Never, "ent.example", false),
        guard(Guard::Must, "adult1.example", false),
        guard(Guard::Must, "adult3.example", true),
        omitted("adult2.example", false),
        omitted("adult4.example", true),
    ];
    assert_eq!(second.terms, expected);
    assert!(matches!(desk.approved(&[], Some("x")), Err(Error::ListHeld(objections)) if objections == held));
    let accepted = ["ent.example", "adult1.example"].map(str::to_owned).into();
    let yes = Yes { by: "someone", accepted: &accepted, why: Some("it closed"), digest: Some(second.digest) };
    let approved = list_approve(&desk.path("work"), yes, start()).unwrap();
    assert_eq!(approved.terms, second.terms);
    let journal = fs::read_to_string(desk.path("work/approvals.jsonl")).unwrap();
    assert!(journal.lines().last().unwrap().contains(r#"{"term":"omitted","name":"adult4.example","came":true}"#));

    // It was never published: what was accepted then is asked of the next person too, and who says so is shown.
    let again = desk.imported(&Import { omitted: import.omitted, ..desk.import() }).unwrap();
    assert_eq!(again.about.objections, held);
    assert!(desk.difference().with.unwrap().packed);
    desk.approved(&["ent.example", "adult1.example"], Some("it closed")).unwrap();
    desk.published(&world);
    let unchanged = desk.imported(&Import { omitted: vec!["adult4.example".to_owned()], ..desk.import() }).unwrap();
    assert_eq!(unchanged.about.objections, []);
    let with = desk.difference().with.unwrap();
    assert_eq!(with.approval.unwrap().accepted, accepted);
    assert_eq!(desk.difference().terms, []);
}

#[test]
fn nothing_is_published_but_what_was_approved() {
    let (desk, world) = (Desk::new(), World::new());
    desk.imported(&desk.import()).unwrap();
    let shown = desk.difference().digest;
    // Another takes its place between the two.
    let import = desk.guarded("", &["adult2.example"]);
    desk.imported(&import).unwrap();
    let none = BTreeSet::new();
    let yes = Yes { by: "someone", accepted: &none, why: None, digest: Some(shown) };
    let other = desk.difference().digest;
    assert!(matches!(list_approve(&desk.path("work"), yes, start()), Err(Error::ListOther(is)) if is == other));
    list_approve(&desk.path("work"), Yes { digest: Some(other), ..yes }, start()).unwrap();

    let about = desk.path("work/approved/about.json");
    let whole = fs::read_to_string(&about).unwrap();
    let spoilt: [&dyn Fn(&mut serde_json::Value); 5] = [
        &|json| json["sentinels"]["never"] = serde_json::json!(["adult1.example"]),
        &|json| json["omitted"] = serde_json::json!([]),
        &|json| json["categories"][0]["aliases"] = serde_json::json!(["bank2"]),
        &|json| json["categories"][1]["label_fr"] = "Autre".into(),
        &|json| drop(json["approval"].as_object_mut().unwrap().remove("digest")),
    ];
    for spoil in spoilt {
        let mut json: serde_json::Value = serde_json::from_str(&whole).unwrap();
        spoil(&mut json);
        fs::write(&about, json.to_string()).unwrap();
        assert!(matches!(desk.packed(&world), Err(Error::ListUnapproved)), "{json}");
    }
    fs::write(&about, whole).unwrap();
    desk.published(&world);
}

#[test]
fn other_names_of_categories_are_held_back_as_categories_are() {
    let (desk, world) = (Desk::new(), World::new());
    desk.taken();
    desk.published(&world);
    // One that went, one that means another category, and a category that is another's name now.
    fs::remove_file(desk.path("ut1/porn")).unwrap();
    desk.put("play", "bank");
    fs::remove_dir_all(desk.path("ut1/games")).unwrap();
    symlink("adult", desk.path("ut1/games")).unwrap();
    let about = desk.imported(&desk.import()).unwrap().about;
    let unnamed = |name: &str, category: &str, now: Option<&str>| Objection::Unnamed {
        name: name.to_owned(),
        category: category.to_owned(),
        now: now.map(str::to_owned),
    };
    let expected = [
        Objection::Grown { category: "games".to_owned(), before: 50, now: 104 },
        Objection::Merged { category: "games".to_owned(), into: "adult".to_owned() },
        unnamed("play", "games", Some("bank")),
        unnamed("porn", "adult", None),
    ];
    assert_eq!(about.objections, expected);
    let terms = desk.difference().terms;
    let name = |category: &str, name: &str, came| TermChange::OtherName {
        category: category.to_owned(),
        name: name.to_owned(),
        came,
    };
    let kept = TermChange::Kept { category: "adult".to_owned(), name: "porn".to_owned() };
    for change in [&kept, &name("bank", "play", true), &name("games", "play", false)] {
        assert!(terms.contains(change), "{change:?} in {terms:?}");
    }
    assert!(matches!(desk.approved(&["games", "play"], Some("x")), Err(Error::ListHeld(held)) if held.len() == 1));
    let about = desk.approved(&["games", "play", "porn"], Some("the source was rearranged")).unwrap();
    let packed = desk.published(&world);
    assert!(packed.overlays == 1, "{packed:?}");
    // A policy that says what it said before goes on closing it.
    let manifest = fs::read(desk.path("work/packed/bundle/list.json")).unwrap();
    let manifest = ListManifest::decode(&manifest).unwrap();
    assert_eq!(manifest.category("porn").map(|one| &*one.name), Some("adult"));
    assert_eq!(manifest.category("play").map(|one| &*one.name), Some("bank"));
    assert_eq!(category(&about, "games").names, 104);
    // What was said yes to is not asked again; one that is a category of its own now is.
    assert_eq!(desk.imported(&desk.import()).unwrap().about.objections, []);
    desk.put("porn/domains", "one.example\n");
    let about = desk.imported(&desk.import()).unwrap().about;
    assert_eq!(about.objections, [unnamed("porn", "adult", Some("porn"))]);
    assert_eq!(terms_changes(Some(&about), &about), []);
}

#[test]
fn no_category_is_called_all() {
    let reserved = |make: &dyn Fn(&Desk) -> Import| {
        let desk = Desk::new();
        let import = make(&desk);
        let said = desk.imported(&import).unwrap_err();
        assert!(matches!(&said, Error::CategoryReserved(name) if name == "all"), "{said}");
        assert!(!desk.path("work/candidate").exists());
    };
    reserved(&|desk| {
        desk.put("all/domains", "one.example\n");
        desk.import()
    });
    reserved(&|desk| {
        symlink("adult", desk.path("ut1/all")).unwrap();
        desk.import()
    });
    reserved(&|desk| {
        fs::write(desk.path("own"), "one.example\n").unwrap();
        Import { own: vec![Own { category: "all".to_owned(), file: desk.path("own") }], ..desk.import() }
    });
}
