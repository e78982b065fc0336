//! More layers than a page holds, and the longest document.

use super::super::desk::bench::{self, Shell};
use cartable::Exit;
use controlplane_core::audit::Act;
use controlplane_core::device::{DEVICES, Device};
use controlplane_core::policy::{Held, POLICIES, POLICY_BYTES_MAX};
use controlplane_core::store::Expect;
use controlplane_core::table::Writes;
use model::digest::Digest;
use model::id::DeviceId;
use serde_json::json;
use std::collections::BTreeSet;
use tests::world::{World, admin};

/// More than two pages of the command line's.
const SCHOOLS: u32 = 1_203;
/// The check letter of a UAI is one of these, by its number.
const LETTERS: &[u8; 23] = b"ABCDEFGHJKLMNPRSTUVWXYZ";

fn school(n: u32) -> String {
    let number = 950_000 + n;
    format!("school:{number:07}{}", char::from(LETTERS[number as usize % LETTERS.len()]))
}

async fn put(world: &World, layer: &str, text: &str) {
    let held = Held {
        layer: layer.parse().unwrap(),
        version: 1,
        text: Some(text.to_owned()),
        digest: Digest::of(text.as_bytes()),
        by: "jeanne".to_owned(),
        second: Some("marie".to_owned()),
        // As long as any may be.
        why: "𝒂".repeat(400),
        at: world.now(),
        of: None,
    };
    let act = Act::of(world.now(), &admin(), "test", layer, "");
    let writes = Writes::by(&world.territory, &act).unwrap();
    writes.put(&POLICIES, layer, &held, Expect::Absent).unwrap().commit(&world.store).await.unwrap();
}

/// A device of a school.
async fn device(world: &World, n: u32) {
    let mut random = [0; 10];
    random[..4].copy_from_slice(&n.to_be_bytes());
    let id = DeviceId::new(world.now(), random);
    let text = r#"{"id":"ID","state":"active","claims":{},"identity_key":"KEY","identity_generation":1,
        "certificate":{"serial":"0a","number":1,"until":9},"token":"ABCDEFGH","enrolled":1}"#;
    let text = text.replace("ID", &id.to_string()).replace("KEY", &format!("04{}", "11".repeat(64)));
    let uai = school(n).trim_start_matches("school:").parse().unwrap();
    let device = Device { school: Some(uai), ..serde_json::from_str(&text).unwrap() };
    let act = Act::of(world.now(), &admin(), "test", "device", "");
    let writes = Writes::by(&world.territory, &act).unwrap();
    let writes = writes.put(&DEVICES, id.to_string(), &device, Expect::Absent).unwrap();
    writes.commit(&world.store).await.unwrap();
}

/// A document of `both` that names as much as its layer may, with names of its own.
fn full(layer: &str, names: usize, length: usize) -> String {
    let listed = |kind: &str| {
        let name = |n: usize| format!("{:?}", format!("{kind}{n:03}{}.example", "x".repeat(length - 12)));
        (0..names / 4).map(name).collect::<Vec<_>>().join(", ")
    };
    format!("name = {layer:?}\n[both]\nblock_names = [{}]\nopen_names = [{}]\n", listed("b"), listed("o"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_layers_are_shown_and_a_document_whole() {
    let world = bench::world().await;
    let shell = Shell::first(&world);
    let name = "𝒂".repeat(100);
    for n in 0..SCHOOLS {
        put(&world, &school(n), &format!("name = {name:?}\n[both]\nblock = [\"games\"]\n")).await;
    }
    let mut longest = full("national", 500, 20);
    longest.push_str("# à lire\n");
    longest.push_str(&"#".repeat(POLICY_BYTES_MAX - 1 - longest.len()));
    longest.push('\n');
    assert_eq!(longest.len(), POLICY_BYTES_MAX);
    put(&world, "national", &longest).await;
    put(&world, "territory", &full("territory", 400, 18)).await;

    let shown = shell.json(&["policy", "show"]).await;
    let layers: Vec<&str> = shown.as_array().unwrap().iter().map(|one| one["layer"].as_str().unwrap()).collect();
    let wanted: BTreeSet<String> =
        (0..SCHOOLS).map(school).chain(["national", "territory"].map(str::to_owned)).collect();
    assert_eq!(layers.len(), wanted.len());
    assert_eq!(layers.iter().map(|layer| (*layer).to_owned()).collect::<BTreeSet<_>>(), wanted);
    assert_eq!(shown[2]["name"].as_str(), Some(&*name));
    let (exit, out, err) = shell.ran(&["policy", "show"]).await;
    assert_eq!((exit, err.as_str()), (Exit::Done, ""));
    assert!(wanted.iter().all(|layer| out.contains(layer.as_str())));

    let (exit, out, _) = shell.ran(&["policy", "show", "--layer", "national"]).await;
    assert!(exit == Exit::Done && out == longest, "as it was written, to its last byte");
    let whole = shell.json(&["policy", "show", "--layer", "national"]).await;
    assert_eq!(whole[0]["text"], longest.as_str());

    let school = school(7);
    let together =
        shell.json(&["policy", "show", "--composed", "--school", school.trim_start_matches("school:")]).await;
    // Each name of each layer in each regime, and the one category of the school.
    let named = |key: &str| together.as_array().unwrap().iter().filter(|one| one["key"] == key).count();
    assert_eq!((named("name"), named("category")), (500 + 400, 2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_an_answer_leaves_out_is_counted() {
    let world = bench::world().await;
    let shell = Shell::first(&world);
    let folder = tempfile::tempdir().unwrap();
    for n in 0..SCHOOLS {
        put(&world, &school(n), "[both]\nopen = [\"games\"]\nblock = [\"press\"]\n").await;
        device(&world, n).await;
    }
    let file = folder.path().join("national.toml");
    std::fs::write(&file, "[both]\nblock = [\"games\", \"adult\"]\n").unwrap();
    let file = file.to_str().unwrap();
    let planned = shell.json(&["policy", "plan", file, "--layer", "national"]).await;
    let shown = planned["ignored"].as_array().unwrap().len();
    assert_eq!(shown, 1_000);
    let more = planned["more"]["ignored"].as_u64().unwrap();
    assert_eq!(more + 1_000, 2 * u64::from(SCHOOLS), "no school may open games, in neither regime");
    let (_, said) = shell.says(&["policy", "plan", file, "--layer", "national"]).await;
    assert!(said.contains("more, not shown"), "{said}");
    assert_eq!((&planned["devices"], &planned["more"]["schools"]), (&json!(SCHOOLS), &json!(SCHOOLS - 1_000)));
    let counted = |line: &&str| line.trim_start().starts_with("Schools");
    let counted = said.lines().find(counted).unwrap().chars().filter(char::is_ascii_digit).collect::<String>();
    assert_eq!(counted, SCHOOLS.to_string(), "{said}");
}
