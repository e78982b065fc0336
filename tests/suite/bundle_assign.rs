//! Assignments: each device is told of the bundles of its own school, loan and name, as soon as anything of that changes.

use crate::tickets::file;
use controlplane_core::assignment::{Edition, Target, Wish, Word, assignment_writes};
use model::desired::Plan;
use model::digest::Digest;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Duration;
use tests::publishing::Typed;
use tests::reporter::{Fleet, operator};
use tests::resources::{Edition as Published, Resource};
use tests::world::{Machine, World, admin};
use tonic::transport::Channel;
use wire::convert::plan_decode;
use wire::v1::admin_client::AdminClient;
use wire::v1::{
    CheckInRequest, Condition, ConditionState, FetchPolicySetRequest, FetchPolicyShowRequest, FetchRequest, FilePiece,
    Observed,
};

const TILLEULS: &str = "0951099D";
const PLATANES: &str = "0750654D";

/// The plan that a device keeps.
fn plan(machine: &Machine) -> Plan {
    let name = machine.files().into_iter().find(|name| name.starts_with("plan-")).expect("a plan");
    plan_decode(&std::fs::read(machine.state.join(name)).unwrap()).unwrap()
}

fn bundles(machine: &Machine) -> Vec<String> {
    plan(machine).bundles.iter().map(|b| format!("{}@{}", b.name, b.version)).collect()
}

/// Until a device keeps a plan with these bundles; nothing moves the clock, so it was told at once.
async fn becomes(machine: &Machine, wanted: &[&str]) {
    let seen = async {
        // The plan before goes when the new one is there.
        while machine.files().iter().filter(|name| name.starts_with("plan-")).count() != 1 || bundles(machine) != wanted
        {
            tokio::task::yield_now().await;
        }
    };
    let seen = tokio::time::timeout(Duration::from_secs(20), seen).await;
    assert!(seen.is_ok(), "{wanted:?}: {:?}", bundles(machine));
}

async fn say(world: &World, bundle: &str, targets: &[&str], word: Word) {
    let targets: BTreeSet<Target> = targets.iter().map(|target| target.parse().unwrap()).collect();
    let wish = Wish { bundle: bundle.parse().unwrap(), targets, word };
    let store = world.store.as_ref();
    let writes = assignment_writes(store, &world.territory, &wish, &admin(), None, "a test", world.now()).await;
    writes.unwrap().commit(&world.store).await.unwrap();
}

fn hold(version: &str) -> Word {
    let edition = Edition { version: version.parse().unwrap(), index: Digest::of(version.as_bytes()) };
    Word::Hold { edition, urgent: false }
}

#[tokio::test]
async fn two_schools_are_told_of_different_bundles_and_a_device_that_moves_of_the_other_ones() {
    let mut world = World::new().await;
    let (mut one, mut two) = (world.agent("one"), world.agent("two"));
    let (first, second) = (one.enrol(&world).await, two.enrol(&world).await);
    file(&world, first, Some(TILLEULS)).await;
    file(&world, second, Some(PLATANES)).await;
    one.start().await;
    two.start().await;
    one.settled().await;
    two.settled().await;
    assert_eq!((bundles(&one), plan(&one)), (Vec::new(), plan(&two)));
    let quiet = plan(&one).fetching.quiet.expect("school days are left to lessons");
    assert_eq!((quiet.zone.as_str(), quiet.from_minute, quiet.until_minute), ("Europe/Paris", 480, 1_080));

    say(&world, "eau", &["school:0951099D"], hold("1")).await;
    say(&world, "air", &["territory"], hold("2026.9")).await;
    becomes(&one, &["air@2026.9", "eau@1"]).await;
    becomes(&two, &["air@2026.9"]).await;
    let before = plan(&two);

    // More particular words win, and are taken back.
    say(&world, "air", &["school:0750654D"], Word::Absent).await;
    say(&world, "eau", &[&format!("device:{first}")], hold("2")).await;
    becomes(&two, &[]).await;
    becomes(&one, &["air@2026.9", "eau@2"]).await;
    say(&world, "eau", &[&format!("device:{first}")], Word::Nothing).await;
    say(&world, "air", &["school:0750654D"], Word::Nothing).await;
    becomes(&one, &["air@2026.9", "eau@1"]).await;
    becomes(&two, &["air@2026.9"]).await;
    assert_eq!(plan(&two), before);

    // It is filed elsewhere: nothing else has changed, and it is told at once.
    file(&world, second, Some(TILLEULS)).await;
    becomes(&two, &["air@2026.9", "eau@1"]).await;
    file(&world, first, Some(PLATANES)).await;
    becomes(&one, &["air@2026.9"]).await;

    // A server that remembers none of this tells the same.
    world.restart().await;
    say(&world, "eau", &["territory"], hold("3")).await;
    for machine in [&one, &two] {
        machine.sometime(&world, "back", |live| live.connected && live.waiting == 0).await;
    }
    becomes(&one, &["air@2026.9", "eau@3"]).await;
    becomes(&two, &["air@2026.9", "eau@1"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_repository_is_brought_assigned_and_followed_until_it_is_in_place() {
    let Fleet { folder, server, mut reporters } = Fleet::start(2).await;
    let home = folder.path().join("publisher");
    std::fs::create_dir(&home).unwrap();
    let typed = Typed::new(&home);
    Resource::of(1).write(&home.join("source"), Published::First, "2026.9");
    typed.bundle(&home.join("source"));
    let repository = typed.folder();
    let repository = repository.to_str().unwrap();

    let pushed = server.json(&["bundle", "push", repository]);
    assert!(pushed["files_sent"].as_u64() > Some(5) && pushed["files_sent"] == pushed["files"], "{pushed}");
    let again = server.json(&["bundle", "push", repository]);
    assert_eq!(again["files_sent"], 1, "the timestamp alone: {again}");
    let offered = server.json(&["bundle", "list"]);
    assert_eq!((&offered[0]["bundle"], &offered[0]["version"]), (&json!("cycle-de-l-eau"), &json!("2026.9")));
    assert_eq!(offered[0]["title"], "Le cycle de l'eau");

    let none = server.cartable(&["bundle", "assign", "cycle-de-l-eau@2027", "--territory", "--lang", "en"]);
    let none = String::from_utf8_lossy(&none.stderr).into_owned();
    assert!(none.contains("offers no bundle cycle-de-l-eau@2027"), "{none}");
    let (first, second) = (reporters[0].id.clone(), reporters[1].id.clone());
    let done = server.json(&["bundle", "assign", "cycle-de-l-eau", "--device", &first, "--urgent"]);
    assert_eq!((&done["version"], &done["devices"]), (&json!("2026.9"), &json!(1)));

    // A rollout takes the digest from what is offered, and a device by the beginning of its id.
    let scope = format!("device:{}", &first[..13]);
    let planned = ["rollout", "plan", "--bundle", "cycle-de-l-eau@2026.9", "--scope", &scope, "--dry"];
    let planned = server.json(&planned);
    assert_eq!((&planned["index"], &planned["scope"]), (&offered[0]["index"], &json!([format!("device:{first}")])));

    // The one it is for is told of it, under the digest that is signed; the other is not.
    let mut client = reporters[0].client(server.port).await.unwrap();
    let told = client.check_in(reporters[0].hold(20_000)).await.unwrap().into_inner();
    let wanted = plan_decode(&told.plan).unwrap().bundles;
    assert_eq!(
        (wanted.len(), wanted[0].urgent, wanted[0].index.to_string().into()),
        (1, true, offered[0]["index"].clone())
    );
    let mut other = reporters[1].client(server.port).await.unwrap();
    assert!(other.check_in(reporters[1].hold(0)).await.unwrap().into_inner().plan.is_empty());
    let pieces = vec![FilePiece { item: "metadata/timestamp.json".to_owned(), offset: 0, length: 10 }];
    let fetched = client.fetch(FetchRequest { pieces }).await.unwrap().into_inner();
    assert!(fetched.pieces[0].found, "what was brought is served");

    let reach = || server.json(&["bundle", "reach", "cycle-de-l-eau"])[0].clone();
    assert_eq!((&reach()["targeted"], &reach()["waiting"], &reach()["in_place"]), (&json!(1), &json!(1), &json!(0)));
    let held = Condition {
        item: "bundle cycle-de-l-eau".to_owned(),
        state: ConditionState::Held.into(),
        version: "2026.9".to_owned(),
        wan_bytes: 7,
        ..Condition::default()
    };
    let observed = Some(Observed { conditions: vec![held], ..Observed::default() });
    let report = CheckInRequest { observed, ..reporters[0].report() };
    client.check_in(report).await.unwrap();
    reporters[0].sequence += 1;
    assert_eq!((&reach()["in_place"], &reach()["wan_bytes"]), (&json!(1), &json!(7)));
    let why = server.json(&["bundle", "explain", &first]);
    assert_eq!(why["bundles"][0]["target"], format!("device:{first}"));
    assert_eq!((&why["bundles"][0]["seen"], &why["bundles"][0]["state"]), (&json!("2026.9"), &json!("held")));
    assert_eq!(server.json(&["bundle", "explain", &second])["bundles"], json!([]));

    let said = server.json(&["bundle", "assignments"]);
    assert_eq!((said.as_array().unwrap().len(), &said[0]["urgent"]), (1, &json!(true)));
    server.json(&["bundle", "unassign", "cycle-de-l-eau", "--device", &first]);
    assert_eq!(server.json(&["bundle", "assignments"]), json!([]));
    let fetching =
        server.json(&["fetch", "set", "--quiet", "none", "--bandwidth", "2M", "--mirror", "https://miroir.example/"]);
    assert_eq!((&fetching["quiet"], &fetching["bytes_per_second"]), (&Value::Null, &json!(2 << 20)));
    assert_eq!(server.json(&["fetch", "show"]), fetching);
    // Somebody who began before that would undo it.
    let mut admin = operator(&server).await;
    let shown = async |admin: &mut AdminClient<Channel>| {
        admin.fetch_policy_show(FetchPolicyShowRequest {}).await.unwrap().into_inner().policy
    };
    let before = shown(&mut admin).await;
    server.json(&["fetch", "set", "--bandwidth", "1M"]);
    let (mut policy, why) = (before.clone(), "a test".to_owned());
    policy.as_mut().unwrap().fetching.as_mut().unwrap().battery_floor_percent = 41;
    let asked = FetchPolicySetRequest { policy, why, before };
    let refused = admin.fetch_policy_set(asked).await.unwrap_err();
    assert_eq!(refused.code(), tonic::Code::Aborted, "{refused}");
    assert_eq!(server.json(&["fetch", "show"])["bytes_per_second"], 1 << 20);
}
