//! The loop against a server that does what each test says.

mod changes;
mod loan;
mod renewal;
mod world;

use super::rounds::{CHANGES_MAX, ROUNDS_MAX};
use super::*;
use model::digest::Digest;
use std::collections::BTreeSet;
use tonic::Status;
use world::{World, answer, health, stored, until};

#[tokio::test]
async fn a_first_report_then_silence_and_after_a_restart_nothing_again() {
    let mut world = World::started().await;
    let kinds = world.reports().await;
    assert_eq!(kinds.len(), 5, "{kinds:?}");
    let (held, reply) = world.held().await;
    assert_eq!((held.sequence, held.hold_ms), (2, 600_000));
    assert_eq!(world.acknowledged(), 6);
    let status = world.agent.status().unwrap();
    let live = status.live.unwrap();
    assert!(status.running && live.connected && live.waiting == 0 && live.fault.is_none());
    drop(reply);
    world.start().await;
    // What it makes of its desired state is told again, its sections are not, but for the clock, of which it knows nothing yet.
    assert_eq!(world.reports().await, health());
    assert_eq!(world.held().await.0.sequence, 4);
}

#[tokio::test]
async fn a_report_that_was_not_answered_is_sent_again_under_its_number() {
    let mut world = World::started().await;
    let (first, reply) = world.call().await;
    drop(reply);
    world.until(|live| live.fault.is_some()).await;
    world.clock.forward(Duration::from_secs(1));
    let (second, reply) = world.call().await;
    assert_eq!((first.sequence, second.sequence), (1, 1));
    assert_eq!(first.parts, second.parts);
    assert_eq!(world.acknowledged(), 0);
    // kill -9 before the answer: it is still there, from the spool.
    drop(reply);
    world.start().await;
    let (third, reply) = world.call().await;
    assert_eq!(third.parts.len(), first.parts.len());
    reply.send(Ok(stored(&third))).unwrap();
    assert_eq!(world.report().await, health());
    world.held().await;
    assert_eq!(world.acknowledged(), 6);
}

#[tokio::test]
async fn a_newer_head_is_held_and_told_a_foreign_or_older_one_is_refused() {
    let mut world = World::started().await;
    world.reports().await;
    let (_, reply) = world.held().await;
    let (head, _, plan) = world.made.told(world.made.device, 5);
    reply.send(Ok(v1::CheckInResponse { head: Some(head), plan, ..answer() })).unwrap();
    let (told, reply) = world.call().await;
    assert_eq!(told.observed.as_ref().unwrap().generation.unwrap().revision, 5);
    reply.send(Ok(stored(&told))).unwrap();
    let foreign = model::id::DeviceId::new(crate::fixture::NOW, [9; 10]);
    let plan_of_six = world.made.told(world.made.device, 6).2;
    let mut forged = world.made.told(world.made.device, 9);
    forged.0.signature = bytes::Bytes::from_static(&[0; 64]);
    for (head, plan, reason) in [
        (world.made.told(foreign, 8).0, bytes::Bytes::new(), "head_not_mine"),
        (world.made.told(world.made.device, 2).0, bytes::Bytes::new(), "head_stale"),
        (forged.0, forged.2, "head_signature"),
        (world.made.told(world.made.device, 9).0, plan_of_six, "plan_digest"),
        (world.made.told(world.made.device, 9).0, bytes::Bytes::new(), "plan_missing"),
    ] {
        let (_, reply) = world.held().await;
        reply.send(Ok(v1::CheckInResponse { head: Some(head), plan, ..answer() })).unwrap();
        // A refused head is no reason to hurry.
        world.until(|live| live.conditions.last().is_some_and(|c| c.reason == reason)).await;
        world.clock.forward(Duration::from_secs(120));
        let (told, reply) = world.call().await;
        let observed = told.observed.clone().unwrap();
        assert_eq!((observed.generation.unwrap().revision, observed.conditions[1].reason.as_str()), (5, reason));
        reply.send(Ok(stored(&told))).unwrap();
    }
    let _held = world.held().await;
    assert_eq!(world.agent.status().unwrap().generation.map(|g| g.revision), Some(5));
}

#[tokio::test]
async fn what_the_server_wants_is_sent_and_what_nobody_knows_is_passed_over() {
    let mut world = World::started().await;
    world.reports().await;
    let (_, reply) = world.held().await;
    let wanted = vec![v1::SectionKind::System.into(), 99, 0];
    reply.send(Ok(v1::CheckInResponse { wanted, stored: vec![vec![1], vec![2; 32]], ..answer() })).unwrap();
    assert_eq!(world.report().await, BTreeSet::from(["System".to_owned()]));
    let (_, reply) = world.held().await;
    // As a mark by which the test knows that this answer was taken.
    let server_unix_ms = crate::fixture::NOW.unix_millis() - 7;
    let last = v1::CheckInResponse { wanted: vec![77], wait_ms: 5_000, server_unix_ms, ..answer() };
    reply.send(Ok(last)).unwrap();
    world.until(|live| live.clock_ahead_ms == Some(7)).await;
    world.clock.forward(Duration::from_millis(4_999));
    assert!(world.calls.try_recv().is_err());
    world.clock.forward(Duration::from_millis(1));
    world.held().await;
}

#[tokio::test]
async fn a_revoked_device_stays_quiet_for_a_long_while_and_says_so() {
    let mut world = World::started().await;
    world.reports().await;
    let (_, reply) = world.held().await;
    reply.send(Err(Status::permission_denied("revoked"))).unwrap();
    world.until(|live| live.refused).await;
    let status = world.agent.status().unwrap().live.unwrap();
    assert_eq!(status.fault.map(|f| f.code).as_deref(), Some("refused"));
    world.clock.forward(Duration::from_secs(11 * 60));
    world.quiet().await;
    world.clock.forward(Duration::from_secs(5 * 60));
    let (_, reply) = world.call().await;
    reply.send(Ok(answer())).unwrap();
    world.until(|live| !live.refused).await;
}

#[tokio::test]
async fn a_hold_that_outlives_its_time_is_given_up() {
    let mut world = World::started().await;
    world.reports().await;
    let (_, _reply) = world.held().await;
    world.clock.forward(Duration::from_secs(661));
    world.until(|live| live.fault.is_some()).await;
    world.clock.forward(Duration::from_secs(2));
    let (again, _reply) = world.held().await;
    assert_eq!(again.sequence, 2);
}

#[tokio::test]
async fn a_line_cut_anywhere_loses_nothing_and_doubles_nothing() {
    let mut world = World::new(true).await;
    world.start().await;
    let mut answered = Vec::new();
    let (agent, mut seen) = (world.agent.clone(), None);
    loop {
        tokio::select! {
            call = world.calls.recv() => {
                let (request, reply) = call.unwrap();
                if !request.report {
                    break;
                }
                answered.push((request.sequence, request.parts.len()));
                // The answer may be lost on the way back.
                let server_unix_ms = world.clock.now().unix_millis();
                let _ = reply.send(Ok(v1::CheckInResponse { server_unix_ms, ..stored(&request) }));
            }
            () = until(&agent, |live| live.fault.is_some() && live.fault != seen) => {
                seen = agent.status().unwrap().live.unwrap().fault;
                // Past this back-off, far from the end of anything else.
                world.clock.forward(Duration::from_secs(900));
            }
        }
    }
    assert_eq!(world.acknowledged(), 6, "{answered:?}");
    assert!(answered.len() > 2, "no answer was lost");
    // All of it until it was acknowledged, then the clock.
    assert!(answered.is_sorted_by(|a, b| a.0 <= b.0 && a.1 >= b.1), "{answered:?}");
    assert_eq!((answered.first().map(|a| a.1), answered.last().map(|a| a.1)), (Some(5), Some(1)));
    assert_eq!(world.agent.status().unwrap().live.unwrap().waiting, 0);
}

#[tokio::test]
async fn a_hold_that_ends_quietly_is_followed_by_another_and_an_early_answer_by_a_pause() {
    let mut world = World::started().await;
    world.reports().await;
    for _ in 0..2 * ROUNDS_MAX {
        let (held, reply) = world.held().await;
        assert_eq!(held.hold_ms, 600_000);
        world.clock.forward(Duration::from_secs(597));
        reply.send(Ok(v1::CheckInResponse { server_unix_ms: world.clock.now().unix_millis(), ..answer() })).unwrap();
    }
    let (_, reply) = world.held().await;
    assert!(world.agent.status().unwrap().live.unwrap().connected);
    reply.send(Ok(answer())).unwrap();
    // The connection stands, but nobody is spoken to.
    world.until(|live| !live.connected).await;
    world.clock.forward(Duration::from_secs(700));
    world.quiet().await;
    world.clock.forward(Duration::from_secs(400));
    world.held().await;
}

#[tokio::test]
async fn a_server_that_asks_for_haste_is_given_a_second_and_soon_the_plans_pause() {
    let mut world = World::started().await;
    world.reports().await;
    // Two reports went before.
    for round in 3..=ROUNDS_MAX {
        let (_, reply) = world.held().await;
        let server_unix_ms = crate::fixture::NOW.unix_millis() - i64::from(round);
        reply.send(Ok(v1::CheckInResponse { wait_ms: 1, server_unix_ms, ..answer() })).unwrap();
        world.until(|live| live.clock_ahead_ms.is_some_and(|ahead| ahead > 0) && !live.connected).await;
        world.clock.forward(Duration::from_millis(999));
        world.quiet().await;
        world.clock.forward(Duration::from_millis(1));
    }
    let (_, reply) = world.held().await;
    reply.send(Ok(v1::CheckInResponse { wait_ms: 1, ..answer() })).unwrap();
    world.until(|live| !live.connected).await;
    world.clock.forward(Duration::from_secs(400));
    world.quiet().await;
}

#[tokio::test]
async fn much_that_happens_at_once_is_followed_by_a_breath_and_not_by_the_plans_pause() {
    let mut world = World::started().await;
    world.reports().await;
    let revisions = 50..50 + u64::from(ROUNDS_MAX + CHANGES_MAX);
    for revision in revisions {
        let call = tokio::time::timeout(Duration::from_millis(500), world.calls.recv()).await;
        let Ok(Some((request, reply))) = call else { break };
        let (head, _, plan) = world.made.told(world.made.device, revision);
        let server_unix_ms = world.clock.now().unix_millis();
        let told = v1::CheckInResponse { head: Some(head), plan, server_unix_ms, ..stored(&request) };
        reply.send(Ok(told)).unwrap();
    }
    world.quiet().await;
    world.clock.forward(Duration::from_secs(11));
    let called = tokio::time::timeout(Duration::from_secs(20), world.calls.recv()).await;
    assert!(called.is_ok_and(|call| call.is_some()), "what happened meanwhile is not told");
}

#[tokio::test]
async fn what_cuts_held_check_ins_gets_shorter_ones() {
    let mut world = World::started().await;
    world.reports().await;
    for hold_ms in [600_000, 300_000, 150_000] {
        let (held, _reply) = world.held().await;
        assert_eq!(held.hold_ms, hold_ms);
        world.clock.forward(Duration::from_secs(61));
        world.scissors.notify_one();
        world.until(|live| !live.connected).await;
        assert_eq!(world.agent.status().unwrap().live.unwrap().fault, None);
        world.clock.forward(Duration::from_secs(1));
    }
    // Cut at once, it is a fault, and the hold stays.
    let (held, _reply) = world.held().await;
    assert_eq!(held.hold_ms, 75_000);
    world.scissors.notify_one();
    world.until(|live| live.fault.is_some()).await;
    world.clock.forward(Duration::from_secs(1));
    assert_eq!(world.held().await.0.hold_ms, 75_000);
}

#[tokio::test]
async fn a_report_that_is_always_found_wrong_is_made_anew_once_an_hour() {
    let mut world = World::started().await;
    world.reports().await;
    let wrong = || Err(Status::invalid_argument("no"));
    world.held().await.1.send(wrong()).unwrap();
    world.until(|live| live.fault.is_some()).await;
    world.clock.forward(Duration::from_secs(1));
    assert_eq!(world.report().await.len(), 5);
    world.held().await.1.send(wrong()).unwrap();
    world.until(|live| live.fault.is_some()).await;
    world.clock.forward(Duration::from_secs(1));
    let (_, reply) = world.held().await;
    reply.send(Ok(v1::CheckInResponse { wait_ms: 3_600_000, ..answer() })).unwrap();
    world.until(|live| live.fault.is_none() && !live.connected).await;
    world.clock.forward(Duration::from_secs(3_600));
    world.held().await.1.send(wrong()).unwrap();
    world.until(|live| live.fault.is_some()).await;
    world.clock.forward(Duration::from_secs(1));
    assert_eq!(world.report().await.len(), 5);
}

#[tokio::test]
async fn back_off_grows_while_no_turn_comes_to_its_end() {
    let mut world = World::new(false).await;
    // Names that no compression makes small: the report takes two messages.
    let folder = world.apart.path().join("root/var/lib/dpkg");
    std::fs::create_dir_all(&folder).unwrap();
    let name = |n: u32| Digest::of(&n.to_le_bytes());
    let package =
        |n| format!("Package: p{}\nStatus: install ok installed\nVersion: {}\n\n", name(n), name(n + 100_000));
    std::fs::write(folder.join("status"), (0..1_500).map(package).collect::<String>()).unwrap();
    world.start().await;
    for times in 1..6 {
        let (first, reply) = world.call().await;
        assert!(first.report && !first.parts.is_empty());
        reply.send(Ok(answer())).unwrap();
        let (second, reply) = world.call().await;
        assert!(second.report && !second.parts.is_empty());
        reply.send(Err(Status::unavailable("cut"))).unwrap();
        world.until(|live| live.fault.as_ref().is_some_and(|fault| fault.times == times)).await;
        world.clock.forward(Duration::from_secs(32));
    }
}

#[tokio::test]
async fn a_restart_forgets_nothing_that_the_server_said() {
    let mut world = World::started().await;
    world.reports().await;
    let (_, reply) = world.held().await;
    reply.send(Ok(v1::CheckInResponse { quarantined: true, ..answer() })).unwrap();
    world.until(|live| live.quarantined).await;
    let before = world.agent.status().unwrap().live.unwrap();
    world.clock.forward(Duration::from_secs(60));
    world.start().await;
    // A server that does not answer.
    let (_, _reply) = world.call().await;
    let after = world.agent.status().unwrap().live.unwrap();
    assert!(after.started_unix_ms > before.started_unix_ms && after.quarantined);
    assert!(after.last_contact_unix_ms >= before.last_contact_unix_ms);
}

#[tokio::test]
async fn a_line_that_is_cut_is_drawn_again_over_the_servers_spread() {
    let world = World::new(false).await;
    world.free_folder();
    let mut link = Link::open(&world.agent).unwrap();
    let longest = |link: &mut Link| {
        let pause = |_| {
            link.backoff.succeeded();
            link.failed(link.late().into())
        };
        (0..40).map(pause).max().unwrap()
    };
    assert!(longest(&mut link) <= Duration::from_secs(1));
    link.answered(v1::CheckInResponse { spread_ms: 600_000, ..answer() }, false);
    // Forty draws from ten minutes, all within the first tenth: one in 10^40.
    let longest = longest(&mut link);
    assert!(longest > Duration::from_secs(60) && longest <= Duration::from_secs(600), "{longest:?}");
}
