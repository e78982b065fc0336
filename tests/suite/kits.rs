//! Kits: composed by scan and at enrolment, complete or not, and what turned up elsewhere.

use super::assets::{Fleet, pdf_text};
use controlplane_core::asset::{AssetWish, CODE_CHARS, Receiving, asset_receive, asset_step};
use controlplane_core::kit::{KitWish, kit_bind, kit_create, kit_find, template_put};
use controlplane_core::scope::Reach;
use model::kit::{PartRole, Slot, Template};
use model::lifecycle::Step;
use model::measure::Measure;
use tests::world::World;

const TEMPLATE: &str = r#"
name = "hybride-doubs"
title = "Kit hybride de classe"

[[slots]]
slot = "pc"
title = "Mini-PC"
role = "mini-pc"
managed = true
serial = true

[[slots]]
slot = "camera"
title = "Caméra de salle"
role = "camera"
max = 2
serial = true

[[slots]]
slot = "cables"
title = "Câbles HDMI"
role = "cable"
min = 2
max = 4
"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kit_is_composed_by_scan_and_at_enrolment_and_says_what_it_lacks() {
    let fleet = Fleet::new();
    let file = fleet.file("modele.toml", TEMPLATE.as_bytes());
    fleet.said(&["kit", "template", "add", &file]);
    let again = fleet.said(&["kit", "template", "add", &file]);
    assert!(again.contains("version 1 is the same already"), "{again}");
    let wider = fleet.file("modele.toml", TEMPLATE.replace("max = 4", "max = 6").as_bytes());
    let next = fleet.said(&["kit", "template", "add", &wider]);
    assert!(next.contains("version 2: added"), "{next}");
    assert_eq!(fleet.server.json(&["kit", "template", "list"]).as_array().unwrap().len(), 2);
    let slots = fleet.server.json(&["kit", "template", "show", "hybride-doubs"]);
    assert_eq!((&slots[2]["max"], &slots[0]["managed"]), (&6.into(), &true.into()));
    let broken = fleet.file("faux.toml", b"name = \"x\"\n[[slots]]\nslot = \"a\"\nrole = \"printer\"\n");
    fleet.refused(2, &["kit", "template", "add", &broken]);

    let create = ["kit", "create", "kh25-001", "--template", "hybride-doubs", "--school", "0951099D"];
    let said = fleet.refused(2, &create);
    assert!(said.contains("names no measure") && said.contains("--measure"), "{said}");
    let create = [&create[..], &["--owner", "commune-besancon", "--measure", "hybrid-kit"]].concat();
    let said = fleet.refused(2, &create);
    assert!(said.contains("no organisation is called commune-besancon") && said.contains("cartable org add"), "{said}");
    fleet.said(&["org", "add", "commune-besancon", "--name", "Commune A", "--kind", "commune"]);
    fleet.said(&["org", "add", "syndicat-a", "--name", "Syndicat A", "--kind", "syndicat"]);
    let create = [&create[..], &["--operator", "syndicat-a"]].concat();
    fleet.said(&create);
    assert_eq!(fleet.server.json(&["kit", "show", "KH25-001"])["operator"], "syndicat-a");
    fleet.refused(5, &create);
    fleet.refused(3, &["kit", "create", "KH25-002", "--template", "nothing"]);
    let kit = |fleet: &Fleet| fleet.server.json(&["kit", "show", "KH25-001"]);
    assert_eq!(kit(&fleet)["lacking"], "pc: missing 0/1; camera: missing 0/1; cables: missing 0/2");

    // Tokens name kits and slots that there are, and whose parts run the agent.
    for (code, kit, slot) in [(3, "KH25-009", "pc"), (2, "KH25-001", "nothing"), (2, "KH25-001", "camera")] {
        fleet.refused(code, &["token", "create", "--kit", kit, "--slot", slot]);
    }
    fleet.said(&[
        "asset",
        "receive",
        "N-1",
        "--serial",
        "PC-1",
        "--kind",
        "mini-pc",
        "--school",
        "0951099D",
        "--measure",
        "hybrid-kit",
    ]);
    fleet.said(&[
        "asset",
        "receive",
        "C-1",
        "--serial",
        "CAM-1",
        "--kind",
        "camera",
        "--school",
        "0951099D",
        "--measure",
        "hybrid-kit",
    ]);
    fleet.said(&["asset", "receive", "C-2", "--kind", "camera", "--measure", "hybrid-kit"]);
    // One act: received, enrolled, in its kit.
    let (device, _) = fleet.enrol("PC-1", &["--kit", "kh25-001", "--slot", "PC"]).await;
    let pc = fleet.asset("N-1");
    assert_eq!((&pc["lifecycle"], &pc["kit"], &pc["slot"]), (&"in_kit".into(), &"KH25-001".into(), &"pc".into()));
    let shown = fleet.server.json(&["device", "show", &device]);
    assert_eq!((&shown["kit"], &shown["school"]), (&"KH25-001".into(), &"0951099D".into()));
    // What is not available, has no serial number, or is lent, does not go in.
    let said = fleet.refused(2, &["kit", "bind", "KH25-001", "camera", "C-1"]);
    assert!(said.contains("C-1 is received and cannot be put in a kit"), "{said}");
    for asset in ["C-1", "C-2"] {
        fleet.said(&["asset", "prepare", asset]);
        fleet.said(&["asset", "ready", asset]);
    }
    let said = fleet.refused(2, &["kit", "bind", "KH25-001", "camera", "C-2"]);
    assert!(said.contains("needs a part with a serial number"), "{said}");
    let code = kit(&fleet)["code"].as_str().unwrap().to_owned();
    let label = fleet.asset("C-1")["label"].as_str().unwrap().to_owned();
    // By scan: the code on the case, the slot, the code on the part.
    fleet.said(&["kit", "bind", &code, "camera", &label]);
    fleet.refused(2, &["kit", "bind", "KH25-001", "cables", "--count", "7"]);
    fleet.refused(2, &["kit", "bind", "KH25-001", "camera", "--count", "1"]);
    let done = fleet.said(&["kit", "bind", "KH25-001", "cables", "--count", "2"]);
    assert!(done.contains("KH25-001: complete"), "{done}");
    assert_eq!(fleet.server.json(&["kit", "list", "--incomplete"]).as_array().unwrap().len(), 0);

    for (verb, name) in [("sheet", "Case sheet"), ("record", "Acceptance record")] {
        let to = fleet.path(&format!("{verb}.pdf"));
        fleet.said(&["kit", verb, "KH25-001", "-o", &to]);
        if let Some(text) = pdf_text(&to) {
            for part in [name, "KH25-001", "Kit hybride de classe", "Caméra de salle", "C-1", "CAM-1"] {
                assert!(text.contains(part), "{part} in {text}");
            }
        }
    }

    // Carried over to another kit in one act; a device of which nothing is known as equipment is a part as well, and has a way out.
    let second = ["kit", "create", "KH25-002", "--template", "hybride-doubs", "--school", "0951099D"];
    fleet.said(&[&second[..], &["--measure", "hybrid-kit"]].concat());
    let both = fleet.server.json(&["kit", "move", "C-1", "--to", "KH25-002", "--why", "a new room"]);
    assert_eq!(both["from"]["lacking"], "camera: missing 0/1");
    assert_eq!(both["to"]["lacking"], "pc: missing 0/1; cables: missing 0/2");
    assert_eq!(fleet.asset("C-1")["kit"], "KH25-002");
    let (stray, _) = fleet.enrol("PC-9", &["--kit", "KH25-002", "--slot", "pc"]).await;
    let other = |fleet: &Fleet| fleet.server.json(&["kit", "show", "KH25-002"]);
    assert_eq!(other(&fleet)["lacking"], "cables: missing 0/2");
    let said = fleet.refused(2, &["kit", "move", &stray, "--to", "KH25-001"]);
    assert!(said.contains("takes at most 1 parts") && said.contains("cartable kit unbind"), "{said}");
    fleet.refused(2, &["kit", "move", "C-1", "--to", "KH25-002"]);
    fleet.said(&["kit", "unbind", &stray]);
    assert_eq!(other(&fleet)["lacking"], "pc: missing 0/1; cables: missing 0/2");
    assert_eq!(fleet.server.json(&["device", "show", &stray])["kit"], serde_json::Value::Null);
    let said = fleet.refused(2, &["kit", "unbind", &stray]);
    assert!(said.contains("is in no kit"), "{said}");
    fleet.said(&["kit", "move", "C-1", "--to", "KH25-001", "--slot", "camera"]);
    assert!(kit(&fleet)["lacks"].as_array().is_none_or(Vec::is_empty));

    // A part that goes to repair, is lost or is taken out leaves its place.
    fleet.said(&["asset", "repair", "C-1"]);
    assert_eq!(kit(&fleet)["lacking"], "camera: missing 0/1");
    fleet.said(&["asset", "lose", "N-1"]);
    assert_eq!(kit(&fleet)["lacking"], "pc: missing 0/1; camera: missing 0/1");
    let incomplete = fleet.said(&["kit", "list", "--incomplete"]);
    assert!(incomplete.contains("pc: 0 of 1"), "{incomplete}");
    let said = fleet.refused(2, &["kit", "unbind", "C-1"]);
    assert!(said.contains("C-1 is in repair"), "{said}");
    // What was used in a kit is available again only once it is wiped.
    fleet.said(&["asset", "prepare", "C-1"]);
    let said = fleet.refused(2, &["asset", "ready", "C-1"]);
    assert!(said.contains("was in use and was not wiped"), "{said}");
    fleet.said(&["asset", "wipe", "C-1", "--why", "has no memory"]);
    fleet.said(&["asset", "ready", "C-1"]);
    fleet.said(&["kit", "bind", "KH25-001", "camera", "C-1"]);
    fleet.said(&["kit", "unbind", "C-1"]);
    assert_eq!(fleet.asset("C-1")["lifecycle"], "returned_unchecked");
    assert!(fleet.said(&["kit", "moves", "--output", "json"]).starts_with("[]"));
}

/// Two administrators at one slot in the same moment: one gets it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slot_is_taken_once_however_many_reach_for_it() {
    let world = World::new().await;
    let (store, territory, by, now) = (&world.store, &world.territory, tests::world::admin(), world.now());
    let slot = Slot {
        slot: "hub".to_owned(),
        title: String::new(),
        role: PartRole::Hub,
        min: 1,
        max: 1,
        managed: false,
        serial: false,
        plugged: false,
    };
    let template = Template { name: "t".to_owned(), version: 0, title: String::new(), slots: vec![slot] };
    template_put(store, territory, template, &by, now).await.unwrap();
    let wish = KitWish {
        label: "K".to_owned(),
        template: "t".to_owned(),
        measure: Some(Measure::HybridKit),
        ..KitWish::default()
    };
    let reach = Reach::territory();
    kit_create(store, territory, &reach, &wish, &by, &[1; CODE_CHARS], now).await.unwrap();
    let wish = |n: u8| AssetWish {
        number: format!("H-{n}"),
        kind: "hub".to_owned(),
        measure: Some(Measure::HybridKit),
        ..AssetWish::default()
    };
    let wishes: Vec<AssetWish> = (0..8).map(wish).collect();
    let codes: Vec<[u8; CODE_CHARS]> = (10..18).map(|n| [n; CODE_CHARS]).collect();
    asset_receive(store, territory, &reach, &wishes, Receiving::default(), &by, &codes, now).await.unwrap();
    for wish in &wishes {
        for step in [Step::Prepare, Step::Ready] {
            asset_step(store, territory, &wish.number, step, &by, "", now).await.unwrap();
        }
    }
    let mut tasks = tokio::task::JoinSet::new();
    for wish in wishes {
        let (store, territory, by) = (store.clone(), territory.clone(), by.clone());
        tasks.spawn(async move {
            let kit = kit_find(store.as_ref(), &territory, &Reach::territory(), "K").await.unwrap();
            let asset = controlplane_core::asset::asset_get(store.as_ref(), &territory, &wish.number).await.unwrap();
            kit_bind(&store, &territory, kit, "hub", asset, &by, "", now).await.is_ok()
        });
    }
    let bound = tasks.join_all().await.into_iter().filter(|bound| *bound).count();
    assert_eq!(bound, 1);
    let kit = kit_find(store.as_ref(), territory, &reach, "K").await.unwrap().value;
    assert_eq!(kit.parts.len(), 1);
}
