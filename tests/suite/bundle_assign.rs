//! Assignments: each device is told of the bundles of its own school, loan and name, as soon as anything of that changes.

use controlplane_core::assignment::{Edition, Target, Wish, Word, assignment_writes};
use controlplane_core::audit::Act;
use controlplane_core::device::DEVICES;
use controlplane_core::store::Expect;
use controlplane_core::table::Writes;
use model::desired::Plan;
use model::digest::Digest;
use model::id::DeviceId;
use std::collections::BTreeSet;
use std::time::Duration;
use tests::world::{Machine, World, admin};
use wire::convert::plan_decode;

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

/// Files a device under a school, as moving its asset does.
async fn file(world: &World, device: DeviceId, school: &str) {
    let mut record = world.record(device).await;
    record.school = Some(school.parse().unwrap());
    let act = Act::of(world.now(), &admin(), "device_move", device.to_string(), "a test");
    let writes = Writes::by(&world.territory, &act).unwrap();
    let writes = writes.put(&DEVICES, device.to_string(), &record, Expect::Any).unwrap();
    writes.commit(&world.store).await.unwrap();
}

#[tokio::test]
async fn two_schools_are_told_of_different_bundles_and_a_device_that_moves_of_the_other_ones() {
    let world = World::new().await;
    let (mut one, mut two) = (world.agent("one"), world.agent("two"));
    let (first, second) = (one.enrol(&world).await, two.enrol(&world).await);
    file(&world, first, TILLEULS).await;
    file(&world, second, PLATANES).await;
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
    file(&world, second, TILLEULS).await;
    becomes(&two, &["air@2026.9", "eau@1"]).await;
    file(&world, first, PLATANES).await;
    becomes(&one, &["air@2026.9"]).await;
}
