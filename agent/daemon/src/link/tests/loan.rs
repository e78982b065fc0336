//! The grant of a loan: taken, kept to by its own dates, voided by the next, and silence of a device that is missing.

use super::world::*;
use super::*;
use crate::fixture::NOW;
use model::digest::Digest;
use model::grant::{Grant, Hold, Term};

const DAY: Duration = Duration::from_secs(86_400);

fn lent(world: &World, epoch: u64, due_in: u32) -> Grant {
    lent_until(world, epoch, NOW.after(DAY * due_in))
}

fn lent_until(world: &World, epoch: u64, due: Timestamp) -> Grant {
    let hold = Hold::Lent(Term {
        loan: format!("P-{epoch}"),
        start: NOW,
        notice: due.before(DAY * 7),
        due: Some(due),
        restricted: Some(due.after(DAY * 10)),
        decided: None,
        exam: None,
    });
    Grant { key: world.made.key(), epoch, hold, contact: "Mairie".to_owned() }
}

fn granted(world: &World, revision: u64, grant: Grant) -> v1::CheckInResponse {
    let (head, _, plan) = world.made.granted(revision, Some(grant));
    v1::CheckInResponse { head: Some(head), plan, ..answer() }
}

/// The report that follows, and what it says of the loan and of the head.
async fn said(world: &mut World) -> Vec<(String, String, u64)> {
    let (request, reply) = world.call().await;
    let conditions = request.observed.clone().map(|observed| observed.conditions).unwrap_or_default();
    reply.send(Ok(stored(&request))).unwrap();
    let said = conditions.into_iter().filter(|c| c.item != "cadence");
    said.map(|c| (c.item, c.reason, c.epoch)).collect()
}

fn loan(stage: &str, epoch: u64) -> (String, String, u64) {
    ("loan".to_owned(), stage.to_owned(), epoch)
}

fn stage(world: &World) -> (&'static str, u64) {
    let loan = world.agent.status().unwrap().loan.unwrap();
    (loan.stage, loan.epoch)
}

/// What lies where people see it.
fn seen(world: &World) -> Vec<&'static str> {
    let root = world.apart.path().join("root");
    let all = [
        "etc/issue.d/cartable.issue",
        "etc/motd.d/cartable",
        "run/cartable-agent/session",
        "run/cartable-agent/screen",
    ];
    all.into_iter().filter(|name| root.join(name).exists()).collect()
}

const BANNERS: [&str; 2] = ["etc/issue.d/cartable.issue", "etc/motd.d/cartable"];

#[tokio::test]
async fn a_loan_is_kept_to_by_its_dates_and_each_stage_is_told() {
    let mut world = World::started().await;
    world.reports().await;
    let (_, reply) = world.held().await;
    let soon = Duration::from_secs(300);
    reply.send(Ok(granted(&world, 5, lent_until(&world, 1, NOW.after(DAY * 7 + soon))))).unwrap();
    assert_eq!(said(&mut world).await, [loan("lent", 1)]);
    let (_, reply) = world.held().await;
    assert_eq!((stage(&world), seen(&world)), (("lent", 1), vec![]));
    // In the middle of a hold.
    world.clock.forward(soon);
    assert_eq!(said(&mut world).await, [loan("notice", 1)]);
    assert_eq!((stage(&world), seen(&world)), (("notice", 1), BANNERS.to_vec()));
    drop(reply);
}

#[tokio::test]
async fn a_new_epoch_voids_the_one_before_and_no_older_one_comes_back() {
    let mut world = World::started().await;
    world.reports().await;
    let (_, reply) = world.held().await;
    reply.send(Ok(granted(&world, 5, lent(&world, 7, 2)))).unwrap();
    assert_eq!(said(&mut world).await, [loan("notice", 7)]);
    assert_eq!(seen(&world), BANNERS);
    // Returned and lent to somebody else: nothing of the first is left.
    let (_, reply) = world.held().await;
    reply.send(Ok(granted(&world, 6, lent(&world, 8, 100)))).unwrap();
    assert_eq!(said(&mut world).await, [loan("lent", 8)]);
    assert_eq!((stage(&world), seen(&world)), (("lent", 8), vec![]));
    assert_eq!(world.made.state.folder().read("loan_epoch").unwrap().unwrap(), b"1 8\n");
    let other = Grant { key: Digest::of(b"another"), ..lent(&world, 9, 2) };
    for (grant, revision, code) in [(lent(&world, 7, 2), 9, "grant_stale"), (other, 10, "grant_not_mine")] {
        let (_, reply) = world.held().await;
        reply.send(Ok(granted(&world, revision, grant))).unwrap();
        world.until(|live| live.conditions.last().is_some_and(|c| c.reason == code)).await;
        world.clock.forward(Duration::from_secs(120));
        assert_eq!(said(&mut world).await, [loan("lent", 8), ("head".to_owned(), code.to_owned(), 0)]);
        assert_eq!((stage(&world), seen(&world)), (("lent", 8), vec![]));
    }
}

#[tokio::test]
async fn killed_between_any_two_writes_an_epoch_that_is_over_stays_over() {
    let mut world = World::started().await;
    world.reports().await;
    let (_, reply) = world.held().await;
    reply.send(Ok(granted(&world, 5, lent(&world, 7, 2)))).unwrap();
    said(&mut world).await;
    world.kill().await;
    let path = world.made.temporary.path().to_owned();
    let (head, epoch) = (std::fs::read(path.join("head")).unwrap(), std::fs::read(path.join("loan_epoch")).unwrap());
    // Killed after the head and before the epoch: the head says it again.
    std::fs::remove_file(path.join("loan_epoch")).unwrap();
    world.start().await;
    let (request, reply) = world.call().await;
    assert_eq!(request.generation.unwrap().revision, 5);
    reply.send(Ok(granted(&world, 6, lent(&world, 6, 50)))).unwrap();
    world.until(|live| live.conditions.last().is_some_and(|c| c.reason == "grant_stale")).await;
    assert_eq!(stage(&world), ("notice", 7));
    world.kill().await;
    // The head of before laid back under a newer epoch: it is not held, and is asked for again.
    std::fs::write(path.join("loan_epoch"), b"1 8\n").unwrap();
    std::fs::write(path.join("head"), head).unwrap();
    world.start().await;
    let (request, reply) = world.call().await;
    assert_eq!(request.generation, None);
    assert_eq!(seen(&world), Vec::<&str>::new());
    reply.send(Ok(granted(&world, 9, lent(&world, 8, 2)))).unwrap();
    world.until(|live| live.conditions.iter().any(|c| c.item == "loan" && c.reason == "notice")).await;
    assert_eq!(epoch, b"1 7\n");
    assert_eq!(std::fs::read(path.join("loan_epoch")).unwrap(), b"1 8\n");
}

#[tokio::test]
async fn a_device_that_is_missing_shows_whom_to_contact_and_says_nothing() {
    let mut world = World::started().await;
    world.reports().await;
    let (_, reply) = world.held().await;
    let missing = Grant { hold: Hold::Missing, ..lent(&world, 3, 10) };
    reply.send(Ok(granted(&world, 5, missing))).unwrap();
    for day in 0..4 {
        let (request, reply) = world.held().await;
        assert!(request.observed.is_none() && !request.report, "day {day}: {request:?}");
        assert_eq!(stage(&world), ("missing", 3));
        assert_eq!(seen(&world).len(), 4);
        reply.send(Ok(v1::CheckInResponse { wanted: vec![1, 5], ..answer() })).unwrap();
        world.until(|live| !live.connected).await;
        world.clock.forward(DAY);
    }
    // Found: it shows nothing, and speaks again.
    let (_, reply) = world.held().await;
    let found = Grant { hold: Hold::Free, ..lent(&world, 4, 10) };
    reply.send(Ok(granted(&world, 6, found))).unwrap();
    assert_eq!(said(&mut world).await, [loan("free", 4)]);
    assert_eq!(seen(&world), Vec::<&str>::new());
}
