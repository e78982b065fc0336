//! Loans on devices: the register says in whose hands one is, and the device keeps to it by its own dates, with or without a network.

use controlplane_core::presence::PRESENCES;
use controlplane_core::report::SECTIONS;
use controlplane_core::store::PAGE_MAX;
use controlplane_core::token::{TokenKind, TokenWish, token_create};
use model::grant::{Hold, Term};
use model::id::DeviceId;
use model::time::Timestamp;
use std::path::Path;
use std::time::Duration;
use tests::world::{DAY, Machine, World, admin};

const CONTACT: &str = "Ecole des Tilleuls, 01 00 00 00 00";
/// Where people see it: the log-in of a console, after a log-in, each new session, the whole screen.
const PLACES: [&str; 4] =
    ["etc/issue.d/cartable.issue", "etc/motd.d/cartable", "run/cartable-agent/session", "run/cartable-agent/screen"];

/// A loan that is due so many days after this moment: the notice comes a week before, the restriction ten days after.
fn lent(from: Timestamp, days: u32, decided: Option<Timestamp>) -> Hold {
    let due = from.after(DAY * days);
    Hold::Lent(Term {
        loan: "P-2026-0007".to_owned(),
        start: from,
        notice: due.before(DAY * 7),
        due: Some(due),
        restricted: Some(due.after(DAY * 10)),
        decided,
        exam: None,
    })
}

/// The stage the device says it is in, and the epoch it follows from.
pub(crate) fn stage(machine: &Machine) -> (&'static str, u64) {
    machine.agent.status().unwrap().loan.map_or(("none", 0), |loan| (loan.stage, loan.epoch))
}

/// In how many of the places people see something, in their order.
pub(crate) fn places(root: &Path) -> usize {
    let there: Vec<bool> = PLACES.iter().map(|place| root.join(place).exists()).collect();
    let count = there.iter().filter(|there| **there).count();
    assert!(there[..count].iter().all(|there| *there), "{there:?}");
    count
}

/// Until it is in this stage and shows it in so many places, at once.
async fn becomes(machine: &Machine, wanted: (&'static str, u64), shown: usize) {
    let seen = async {
        while (stage(machine), places(&machine.root)) != (wanted, shown) {
            tokio::task::yield_now().await;
        }
    };
    let seen = tokio::time::timeout(Duration::from_secs(20), seen).await;
    assert!(seen.is_ok(), "{wanted:?} {shown}: {:?} {}", stage(machine), places(&machine.root));
}

/// The same while time passes.
pub(crate) async fn comes_to(world: &World, machine: &Machine, wanted: (&'static str, u64), shown: usize) {
    let seen = async {
        while (stage(machine), places(&machine.root)) != (wanted, shown) {
            world.pass(Duration::from_secs(1_800)).await;
        }
    };
    let seen = tokio::time::timeout(Duration::from_secs(60), seen).await;
    assert!(seen.is_ok(), "{wanted:?} {shown}: {:?} {}", stage(machine), places(&machine.root));
}

/// Until the server knows this.
async fn knows(world: &World, device: DeviceId, stage: &str, epoch: u64) {
    let told = async {
        while known(world, device).await != Some((stage.to_owned(), epoch)) {
            tokio::task::yield_now().await;
        }
    };
    let told = tokio::time::timeout(Duration::from_secs(20), told).await;
    assert!(told.is_ok(), "{stage} {epoch}: {:?}", known(world, device).await);
}

/// What the server knows of how the loan stands on the device.
async fn known(world: &World, device: DeviceId) -> Option<(String, u64)> {
    let presence = PRESENCES.get(world.store.as_ref(), &world.territory, device.to_string()).await.unwrap()?.value;
    let conditions = presence.observed?.conditions;
    conditions.into_iter().find(|c| c.item == "loan").map(|c| (c.reason, c.epoch))
}

pub(crate) async fn joined(world: &World, name: &str) -> (Machine, DeviceId) {
    let mut machine = world.agent(name);
    let device = machine.enrol(world).await;
    machine.start().await;
    machine.settled().await;
    assert_eq!((stage(&machine), places(&machine.root)), (("none", 0), 0));
    (machine, device)
}

#[tokio::test]
async fn a_held_device_hears_of_its_loan_at_once_and_goes_on_by_itself() {
    let mut world = World::new().await;
    let (machine, device) = joined(&world, "one").await;
    let (other, _) = joined(&world, "two").await;
    world.grant(device, lent(world.now(), 8, None), CONTACT).await;
    becomes(&machine, ("lent", 1), 0).await;
    machine.settled().await;
    knows(&world, device, "lent", 1).await;
    assert_eq!(stage(&other), ("none", 0), "nobody else is told");

    // From here on there is no network.
    world.stop().await;
    comes_to(&world, &machine, ("notice", 1), 2).await;
    let loan = machine.agent.status().unwrap().loan.unwrap();
    assert!(loan.days_left.is_some_and(|days| (5..=7).contains(&days)), "{loan:?}");
    let banner = std::fs::read_to_string(machine.root.join(PLACES[0])).unwrap();
    assert!(banner.contains("P-2026-0007") && banner.contains(CONTACT), "{banner}");
    comes_to(&world, &machine, ("restricted", 1), 3).await;
    // No person decided: there it stays.
    for _ in 0..40 {
        world.pass(DAY / 2).await;
    }
    assert_eq!((stage(&machine), places(&machine.root)), (("restricted", 1), 3));
    // An extension, once the network is back: released by itself.
    world.start().await;
    world.grant(device, lent(world.now(), 60, None), CONTACT).await;
    comes_to(&world, &machine, ("lent", 2), 0).await;
}

#[tokio::test]
async fn the_return_screen_needs_a_decision_comes_without_a_network_and_goes_with_the_return() {
    let mut world = World::new().await;
    let (mut machine, device) = joined(&world, "one").await;
    let began = world.now();
    world.grant(device, lent(began, 2, None), CONTACT).await;
    becomes(&machine, ("notice", 1), 2).await;
    // Decided in advance, it still waits for the grace to be over; by then the network is gone.
    world.grant(device, lent(began, 2, Some(began)), CONTACT).await;
    becomes(&machine, ("notice", 2), 2).await;
    machine.settled().await;
    world.stop().await;
    comes_to(&world, &machine, ("return_screen", 2), 4).await;
    // Killed and started again, still without a network: it is there at once.
    machine.start().await;
    becomes(&machine, ("return_screen", 2), 4).await;
    // A clock that is set back does not free it beyond the last time a server was heard.
    machine.kill().await;
    machine.clock.set(Timestamp::from_unix_seconds(0));
    machine.start().await;
    becomes(&machine, ("notice", 2), 2).await;
    machine.kill().await;
    machine.clock.right();
    machine.start().await;
    becomes(&machine, ("return_screen", 2), 4).await;
    // Nor does one that runs years ahead shut anybody out.
    machine.kill().await;
    machine.clock.set(began.after(DAY * 3_000));
    machine.start().await;
    becomes(&machine, ("notice", 2), 2).await;
    machine.kill().await;
    machine.clock.right();
    world.start().await;
    world.grant(device, Hold::Free, CONTACT).await;
    machine.start().await;
    comes_to(&world, &machine, ("free", 3), 0).await;
    machine.settled().await;
    knows(&world, device, "free", 3).await;
}

#[tokio::test]
async fn of_a_device_that_is_missing_nothing_is_taken() {
    let world = World::new().await;
    let (mut machine, device) = joined(&world, "one").await;
    let kept = async || {
        let scope = SECTIONS.scope(&world.territory, device.to_string());
        let sections = world.store.scan(&scope, "", PAGE_MAX).await.unwrap();
        let presence = PRESENCES.get(world.store.as_ref(), &world.territory, device.to_string()).await.unwrap();
        let revisions: Vec<_> = sections.into_iter().map(|(_, entry)| entry.revision).collect();
        (revisions, presence.map(|row| row.revision))
    };
    let before = kept().await;
    assert_eq!(before.0.len(), 5);
    world.grant(device, Hold::Missing, CONTACT).await;
    becomes(&machine, ("missing", 1), 4).await;
    let screen = std::fs::read_to_string(machine.root.join(PLACES[3])).unwrap();
    assert!(screen.contains(CONTACT) && !screen.contains("P-2026"), "{screen}");
    for _ in 0..20 {
        world.pass(Duration::from_secs(3_600)).await;
    }
    // Even with a new folder of reports it has nothing to say.
    machine.kill().await;
    std::fs::remove_file(machine.state.join("progress.json")).unwrap();
    machine.start().await;
    machine.until("held", |live| live.connected).await;
    world.pass(Duration::from_secs(3_600)).await;
    assert_eq!(kept().await, before, "nothing of it is kept");
    // Found: it goes on where it was.
    world.grant(device, lent(world.now(), 90, None), CONTACT).await;
    comes_to(&world, &machine, ("lent", 2), 0).await;
    machine.settled().await;
    knows(&world, device, "lent", 2).await;
    assert_ne!(kept().await, before);
}

#[tokio::test]
async fn one_that_did_not_know_it_was_missing_is_told_and_its_report_is_not_taken() {
    let world = World::new().await;
    let mut machine = world.agent("one");
    let device = machine.enrol(&world).await;
    world.grant(device, Hold::Missing, CONTACT).await;
    machine.start().await;
    comes_to(&world, &machine, ("missing", 1), 4).await;
    let scope = SECTIONS.scope(&world.territory, device.to_string());
    assert!(world.store.scan(&scope, "", PAGE_MAX).await.unwrap().is_empty());
    assert_eq!(known(&world, device).await, None);
}

#[tokio::test]
async fn a_grant_follows_a_device_to_its_new_identity_and_the_old_one_means_nothing() {
    let world = World::new().await;
    let (mut machine, device) = joined(&world, "one").await;
    world.grant(device, lent(world.now(), 5, None), CONTACT).await;
    becomes(&machine, ("notice", 1), 2).await;
    machine.settled().await;
    machine.kill().await;
    let wish = TokenWish {
        kind: TokenKind::ReEnrol,
        uses: 1,
        life: None,
        school: None,
        owner: None,
        kit: None,
        serials: Vec::new(),
        device: Some(device),
        note: String::new(),
    };
    let made = token_create(&world.store, &world.territory, wish, &admin(), world.pin(), &[3; 31], world.now()).await;
    let before = std::fs::read(machine.state.join("head")).unwrap();
    machine.agent.enrol_again(&world.url(), &made.unwrap().0.to_string()).await.unwrap();
    assert_eq!(stage(&machine), ("notice", 1), "the same loan, for another key");
    machine.start().await;
    machine.settled().await;
    becomes(&machine, ("notice", 1), 2).await;
    // The head of before, laid back: its grant is for a key that this device no longer has.
    machine.kill().await;
    std::fs::write(machine.state.join("head"), before).unwrap();
    machine.start().await;
    machine.settled().await;
    assert_ne!(known(&world, device).await, None);
    world.grant(device, Hold::Free, CONTACT).await;
    becomes(&machine, ("free", 2), 0).await;
}
