//! Classes over real mTLS: what a kit, a loan or a device serves, and the resources that follow from it.

use super::assets::Fleet;
use super::rollouts::{Device, Fate};
use super::tickets::file;
use controlplane_core::assignment::{Edition, Wish, Word, assignment_writes};
use controlplane_core::audit::Act;
use controlplane_core::class::{ClassWish, class_writes};
use controlplane_core::device::DEVICES;
use controlplane_core::device::KitSlot;
use controlplane_core::kit::{KITS, Kit, KitPart};
use controlplane_core::scope::Reach;
use controlplane_core::store::Expect;
use controlplane_core::table::Writes;
use model::digest::Digest;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Duration;
use tests::publishing::Typed;
use tests::resources::{Edition as Published, Resource};
use tests::world::{Machine, World, admin};
use wire::convert::plan_decode;

const TEMPLATE: &str = r#"
name = "classe-mobile"
title = "Classe mobile"
[[slots]]
slot = "pc"
role = "mini-pc"
managed = true
"#;
const CLASS: &str = "0951099D/CM2 A";
const BUNDLE: &str = "cycle-de-l-eau";

/// What a device wants after it has called.
async fn wants(device: &mut Device, port: u16) -> Option<String> {
    device.calls(port).await;
    device.wants()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kit_and_then_a_loan_serve_a_class_and_only_their_devices_get_what_is_for_it() {
    let fleet = Fleet::new();
    let (server, port) = (&fleet.server, fleet.server.port);
    let typed = Typed::new(std::path::Path::new(&fleet.path("")));
    Resource::of(1).write(std::path::Path::new(&fleet.path("source")), Published::First, "2026.9");
    typed.bundle(std::path::Path::new(&fleet.path("source")));
    server.json(&["bundle", "push", typed.folder().to_str().unwrap()]);

    fleet.said(&["kit", "template", "add", &fleet.file("modele.toml", TEMPLATE.as_bytes())]);
    let kit = ["kit", "create", "K-1", "--template", "classe-mobile", "--measure", "hybrid-kit"];
    let elsewhere = [&kit[..], &["--school", "0750654D", "--class", CLASS]].concat();
    assert!(fleet.refused(2, &elsewhere).contains("K-1 is not filed under 0951099D, the school of class CM2 A"));
    fleet.said(&[&kit[..], &["--school", "0951099D"]].concat());
    fleet.said(&["asset", "receive", "A-1", "--serial", "PC-2", "--school", "0951099D", "--measure", "pupil-loan"]);
    for step in ["prepare", "ready"] {
        fleet.said(&["asset", step, "A-1"]);
    }
    let token = ["--kit", "K-1", "--slot", "pc"];
    let (in_kit, first) = fleet.enrol("PC-1", &token).await;
    let (to_lend, second) = fleet.enrol("PC-2", &["--school", "0951099D"]).await;
    let mut first = Device::of(first, in_kit.parse().unwrap(), Fate::Works);
    let mut second = Device::of(second, to_lend.parse().unwrap(), Fate::Works);

    // For a class before anything serves it: nobody is told.
    let assigned = server.json(&["bundle", "assign", BUNDLE, "--class", " 0951099d/CM2  A", "--urgent"]);
    assert_eq!((&assigned["targets"], &assigned["devices"]), (&json!([format!("class:{CLASS}")]), &json!(0)));
    assert_eq!((wants(&mut first, port).await, wants(&mut second, port).await), (None, None));
    let refused = fleet.refused(2, &["class", "put", "0951099A/CM2 A", "--kit", "K-1"]);
    assert!(refused.contains("is no class"), "{refused}");
    fleet.refused(2, &["class", "put", CLASS, "--kit", "K-1", "--loan", "1"]);
    fleet.refused(2, &["class", "put", CLASS]);
    fleet.refused(3, &["class", "put", CLASS, "--kit", "K-9"]);
    fleet.refused(3, &["class", "show", CLASS]);

    let put = server.json(&["class", "put", CLASS, "--kit", "K-1"]);
    assert_eq!((&put["class"], &put["told"]), (&json!(CLASS), &json!(1)));
    assert!(fleet.refused(2, &["class", "put", CLASS, "--kit", "K-1"]).contains("in that class already"));
    assert_eq!(wants(&mut first, port).await.as_deref(), Some("2026.9"));
    assert_eq!(wants(&mut second, port).await, None);
    let why = server.json(&["bundle", "explain", &in_kit]);
    assert_eq!((&why["class"], &why["bundles"][0]["target"]), (&json!(CLASS), &json!(format!("class:{CLASS}"))));
    assert_eq!(server.json(&["kit", "show", "K-1"])["class"], CLASS);

    // A loan is for a class until it is over.
    let create = ["loan", "create", "--school", "0951099D", "--borrower", "0123456789abcdef0123456789abcdef"];
    let create = [&create[..], &["--due", "2099-06-30", "--class", CLASS]].concat();
    let loan = server.json(&create)["number"].as_str().unwrap().to_owned();
    server.json(&["loan", "approve", &loan]);
    server.json(&["loan", "prepare", &loan, "--asset", "A-1"]);
    server.json(&["loan", "sign", &loan, "--by", "guardian1", "--on", "2026-09-05"]);
    assert_eq!(wants(&mut second, port).await, None, "it is in nobody's hands yet");
    assert_eq!(server.json(&["loan", "hand-over", &loan])["class"], CLASS);
    assert_eq!(wants(&mut second, port).await.as_deref(), Some("2026.9"));
    assert_eq!(
        server.json(&["class", "list", "--school", "0951099D"]),
        json!([{"class": CLASS, "kits": 1, "loans": 1, "devices": 2}])
    );
    assert_eq!(server.json(&["class", "list", "--school", "0750654D"]), json!([]));
    let members = server.json(&["class", "show", CLASS]);
    let member = |kind: &str, name: &str, through: Value| json!({"kind": kind, "name": name, "through": through});
    let all = [
        member("kit", "K-1", Value::Null),
        member("loan", &loan, Value::Null),
        member("device", &in_kit, json!("kit")),
        member("device", &to_lend, json!("loan")),
    ];
    assert_eq!(members.as_array().unwrap()[..], all);
    assert!(fleet.said(&["class", "show", CLASS]).contains("K-1"));
    let reach = server.json(&["bundle", "reach", BUNDLE, "--by-class"]);
    assert_eq!((&reach[0]["place"], &reach[0]["targeted"]), (&json!(CLASS), &json!(2)));
    server.json(&["class", "remove", "--loan", &loan]);
    assert_eq!(wants(&mut second, port).await, None);
    server.json(&["class", "put", CLASS, "--loan", &loan]);
    assert_eq!(wants(&mut second, port).await.as_deref(), Some("2026.9"));
    server.json(&["loan", "return", &loan]);
    assert_eq!(server.json(&["class", "list"])[0]["devices"], 1);
    assert_eq!(wants(&mut second, port).await, None);

    // A rollout for the class alone.
    server.json(&["bundle", "unassign", BUNDLE, "--class", CLASS]);
    assert_eq!(wants(&mut first, port).await, None);
    let scope = format!("class:{CLASS}");
    let plan = ["rollout", "plan", "--bundle", "cycle-de-l-eau@2026.9", "--scope", &scope, "--urgent"];
    let planned = server.json(&plan);
    assert_eq!((&planned["devices"], &planned["scope"]), (&json!(1), &json!([scope])));
    let id = planned["id"].as_str().unwrap();
    server.json(&["rollout", "start", id, "--yes"]);
    let opens = async {
        while server.json(&["rollout", "show", id])["open_waves"] == 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), opens).await.unwrap();
    assert_eq!(wants(&mut first, port).await.as_deref(), Some("2026.9"));
    assert_eq!(wants(&mut second, port).await, None);
    let why = server.json(&["bundle", "explain", &in_kit]);
    assert_eq!((&why["bundles"][0]["rollout"], &why["bundles"][0]["target"]), (&json!(id), &json!(scope)));
    server.json(&["class", "remove", "--kit", "K-1"]);
    assert_eq!(wants(&mut first, port).await, None);
    server.json(&["loan", "close", &loan]);
    assert_eq!(server.json(&["class", "list"]), json!([]));
}

fn bundles(machine: &Machine) -> Vec<String> {
    let plans: Vec<String> = machine.files().into_iter().filter(|name| name.starts_with("plan-")).collect();
    // The plan before goes when the new one is there.
    let [plan] = &plans[..] else { return vec!["none yet".to_owned()] };
    let plan = plan_decode(&std::fs::read(machine.state.join(plan)).unwrap()).unwrap();
    plan.bundles.iter().map(|bundle| bundle.name.to_string()).collect()
}

/// Until a device keeps a plan with these bundles; nothing moves the clock, so it was told at once.
async fn becomes(machine: &Machine, wanted: &[&str]) {
    let seen = async {
        while bundles(machine) != wanted {
            tokio::task::yield_now().await;
        }
    };
    let seen = tokio::time::timeout(Duration::from_secs(20), seen).await;
    assert!(seen.is_ok(), "{wanted:?}: {:?}", bundles(machine));
}

#[tokio::test]
async fn devices_that_are_held_are_told_at_once_when_their_kit_changes_its_class() {
    let world = World::new().await;
    let (mut one, mut two) = (world.agent("one"), world.agent("two"));
    let (first, second) = (one.enrol(&world).await, two.enrol(&world).await);
    for device in [first, second] {
        file(&world, device, Some("0951099D")).await;
    }
    let mut record = world.record(first).await;
    record.kit = Some(KitSlot { kit: "K-1".to_owned(), slot: "pc".to_owned() });
    let kit = Kit {
        school: record.school,
        parts: vec![KitPart { slot: "pc".to_owned(), number: None, device: Some(first), at: world.now() }],
        ..serde_json::from_str(r#"{"label":"K-1","code":"c","template":"t","version":1,"created":0}"#).unwrap()
    };
    let act = Act::of(world.now(), &admin(), "kit_test", "K-1", "a test");
    let writes = Writes::by(&world.territory, &act).unwrap();
    let writes = writes.put(&DEVICES, first.to_string(), &record, Expect::Any).unwrap();
    writes.put(&KITS, "K-1", &kit, Expect::Absent).unwrap().commit(&world.store).await.unwrap();
    let edition = Edition { version: "1".parse().unwrap(), index: Digest::of(b"1") };
    let targets = BTreeSet::from([format!("class:{CLASS}").parse().unwrap()]);
    let wish = Wish { bundle: "eau".parse().unwrap(), targets, word: Word::Hold { edition, urgent: false } };
    let store = world.store.as_ref();
    let writes = assignment_writes(store, &world.territory, &wish, &admin(), None, "a test", world.now()).await;
    writes.unwrap().commit(&world.store).await.unwrap();
    one.start().await;
    two.start().await;
    one.settled().await;
    two.settled().await;
    becomes(&one, &[]).await;

    let put = async |class: Option<&str>| {
        let class = class.map(|class| class.parse().unwrap());
        let wish = ClassWish { class, kits: ["K-1".to_owned()].into(), ..ClassWish::default() };
        let (all, by) = (Reach::territory(), admin());
        let writes = class_writes(store, &world.territory, &all, &wish, &by, None, "a test", world.now()).await;
        writes.unwrap().commit(&world.store).await.unwrap();
    };
    put(Some(CLASS)).await;
    becomes(&one, &["eau"]).await;
    put(Some("0951099D/CM2 B")).await;
    becomes(&one, &[]).await;
    put(Some(CLASS)).await;
    becomes(&one, &["eau"]).await;
    assert_eq!(bundles(&two), Vec::<String>::new());
    // It moves: what is for a class of the school it has left is for it no more.
    file(&world, first, Some("0750654D")).await;
    becomes(&one, &[]).await;
    file(&world, first, Some("0951099D")).await;
    becomes(&one, &["eau"]).await;
    put(None).await;
    becomes(&one, &[]).await;
}
