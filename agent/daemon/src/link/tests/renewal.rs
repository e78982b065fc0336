//! Renewal against a server that does what each test says, cut at every step.

use super::world::{RenewReply, World, answer, stored};
use crate::fixture::NOW;
use model::renewal::RenewalTranscript;
use std::fs;
use std::time::Duration;
use tonic::Status;
use wire::v1;

const DAY: Duration = Duration::from_secs(86_400);
const NEW: [u8; 16] = [0x55; 16];
const OLD: &str = "4200000001020202020202020202020202020202";

/// A device in its window whose agent runs.
async fn due() -> World {
    let mut world = World::new(false).await;
    world.clock.forward(20 * DAY);
    world.start().await;
    world
}

/// As the second certificate of a device bears it.
fn serial(random: [u8; 16]) -> String {
    let rest = random[1..].iter().map(|b| format!("{b:02x}")).collect::<String>();
    format!("{:02x}00000002{rest}", random[0])
}

fn grant(world: &World, request: &v1::RenewRequest, reply: RenewReply) {
    reply.send(Ok(world.made.renewed(&request.csr, NOW.after(20 * DAY), NEW))).unwrap();
}

/// Answers check-ins until the agent is held, and gives the certificate that the last one showed.
async fn settled(world: &mut World) -> String {
    loop {
        let (request, reply) = world.call().await;
        if request.hold_ms > 0 {
            return world.shown();
        }
        reply.send(Ok(stored(&request))).unwrap();
    }
}

fn files(world: &World) -> Vec<String> {
    let mut names = world.made.names();
    names.retain(|name| name.starts_with("tls.") || name == "renewal.json");
    names
}

fn in_force(world: &World) -> String {
    let held = world.made.read().unwrap().unwrap().certificate;
    identity::caller::certificate_read(held.own()).unwrap().serial
}

#[tokio::test]
async fn in_its_window_a_device_renews_and_the_old_certificate_stays_until_the_new_one_was_answered() {
    let mut world = due().await;
    let (request, reply) = world.renewal().await;
    assert_eq!(world.shown(), OLD);
    let binding = model::digest::Digest::of(&world.made.server.chain[0]);
    let transcript = RenewalTranscript { serial: OLD, csr: &request.csr, channel_binding: binding.as_bytes() };
    let identity = world.made.state.identity_key().unwrap();
    identity.public().verify(&transcript.to_bytes(), &request.signature).unwrap();
    assert_eq!(files(&world), ["tls.next.key", "tls.pem"]);
    grant(&world, &request, reply);
    let (first, reply) = world.call().await;
    assert_eq!((world.shown(), in_force(&world).as_str()), (serial(NEW), OLD));
    assert_eq!(files(&world), ["renewal.json", "tls.next.key", "tls.next.pem", "tls.pem"]);
    reply.send(Ok(stored(&first))).unwrap();
    assert_eq!(settled(&mut world).await, serial(NEW));
    assert_eq!((files(&world), in_force(&world)), (vec!["renewal.json".to_owned(), "tls.pem".to_owned()], serial(NEW)));
    // The new one's window holds after a restart, too.
    let status = world.agent.status().unwrap();
    assert_eq!(status.enrolment.unwrap().renew_from_unix_ms, NOW.after(35 * DAY));
    world.start().await;
    assert_eq!(settled(&mut world).await, serial(NEW));
    assert!(world.renewals.try_recv().is_err());
}

#[tokio::test]
async fn before_its_window_a_device_does_not_ask() {
    let mut world = World::new(false).await;
    world.clock.forward(14 * DAY);
    world.start().await;
    assert_eq!(settled(&mut world).await, OLD);
    assert!(world.renewals.try_recv().is_err());
}

#[tokio::test]
async fn killed_before_the_answer_it_asks_again_with_the_same_key() {
    let mut world = due().await;
    let (first, _reply) = world.renewal().await;
    world.start().await;
    let (second, reply) = world.renewal().await;
    let key = |csr: &[u8]| format!("{:?}", identity::csr::request_read(csr).unwrap());
    assert_eq!(key(&first.csr), key(&second.csr));
    grant(&world, &second, reply);
    assert_eq!(settled(&mut world).await, serial(NEW));
}

#[tokio::test]
async fn killed_before_the_candidate_was_whole_it_goes_on_with_the_old_one_and_asks_again() {
    for cut in [Some(0), Some(400), None] {
        let mut world = due().await;
        let (request, reply) = world.renewal().await;
        grant(&world, &request, reply);
        let (_, reply) = world.call().await;
        world.kill().await;
        drop(reply);
        // As it is when the power goes while the file is written: not there, or by another's hand damaged.
        let path = world.made.temporary.path().join("tls.next.pem");
        let whole = fs::read(&path).unwrap();
        match cut {
            Some(length) => fs::write(&path, &whole[..length]).unwrap(),
            None => {
                fs::remove_file(&path).unwrap();
                fs::write(world.made.temporary.path().join("tls.next.pem.tmp"), &whole[..300]).unwrap();
            }
        }
        world.start().await;
        let (again, reply) = world.renewal().await;
        assert_eq!(world.shown(), OLD, "{cut:?}");
        grant(&world, &again, reply);
        assert_eq!(settled(&mut world).await, serial(NEW), "{cut:?}");
        assert_eq!(files(&world), ["renewal.json", "tls.pem"], "{cut:?}");
    }
}

#[tokio::test]
async fn killed_with_a_candidate_it_uses_it() {
    let mut world = due().await;
    let (request, reply) = world.renewal().await;
    grant(&world, &request, reply);
    let (_, reply) = world.call().await;
    // Before the answer to the first check-in: whether the server switched is not known.
    world.kill().await;
    drop(reply);
    let folder = world.made.temporary.path().to_owned();
    let candidate = fs::read(folder.join("tls.next.pem")).unwrap();
    let key = fs::read(folder.join("tls.next.key")).unwrap();
    world.start().await;
    assert_eq!(settled(&mut world).await, serial(NEW));
    // Between the new name and the deletion of the key.
    world.kill().await;
    fs::write(folder.join("tls.next.key"), key).unwrap();
    world.start().await;
    assert_eq!(settled(&mut world).await, serial(NEW));
    assert_eq!(files(&world), ["renewal.json", "tls.pem"]);
    assert_eq!(fs::read(folder.join("tls.pem")).unwrap(), candidate);
    assert!(world.renewals.try_recv().is_err());
}

#[tokio::test]
async fn a_renewal_that_fails_costs_no_check_in_and_is_tried_again() {
    let mut world = due().await;
    for _ in 0..3 {
        let (_, reply) = world.renewal().await;
        reply.send(Err(Status::invalid_argument("too early"))).unwrap();
        assert_eq!(settled(&mut world).await, OLD);
        // The held check-in was dropped; later than any wait for a renewal.
        world.until(|live| live.fault.is_some()).await;
        world.clock.forward(Duration::from_secs(2 * 3_600));
    }
    let (request, reply) = world.renewal().await;
    // A certificate for another key is not taken.
    let other = identity::csr::request_make(&identity::csr::key_make().unwrap()).unwrap();
    grant(&world, &v1::RenewRequest { csr: other, ..request }, reply);
    assert_eq!(settled(&mut world).await, OLD);
    assert_eq!(files(&world), ["tls.next.key", "tls.pem"]);
}

#[tokio::test]
async fn a_candidate_that_the_server_refuses_gives_way_to_the_old_certificate() {
    let mut world = due().await;
    let (request, reply) = world.renewal().await;
    grant(&world, &request, reply);
    let (_, reply) = world.call().await;
    reply.send(Err(Status::permission_denied("replaced"))).unwrap();
    world.until(|live| live.refused).await;
    world.clock.forward(Duration::from_secs(16 * 60));
    let (request, reply) = world.call().await;
    assert_eq!(world.shown(), OLD);
    reply.send(Ok(v1::CheckInResponse { server_unix_ms: NOW.unix_millis(), ..stored(&request) })).unwrap();
    assert_eq!(settled(&mut world).await, OLD);
    assert_eq!(files(&world), ["renewal.json", "tls.next.key", "tls.pem"]);
}

#[tokio::test]
async fn with_nothing_to_say_the_new_certificate_is_in_force_at_once_and_not_when_a_hold_is_over() {
    let mut world = due().await;
    let (_, reply) = world.renewal().await;
    reply.send(Err(Status::invalid_argument("too early"))).unwrap();
    assert_eq!(settled(&mut world).await, OLD);
    world.until(|live| live.fault.is_some()).await;
    // Later than any wait for a renewal, sooner than anything is looked at.
    world.clock.forward(Duration::from_secs(2 * 3_600));
    let (request, reply) = world.renewal().await;
    grant(&world, &request, reply);
    let (first, reply) = world.call().await;
    assert_eq!((first.report, first.hold_ms, world.shown()), (false, 0, serial(NEW)));
    reply.send(Ok(answer())).unwrap();
    let (next, _reply) = world.call().await;
    assert_eq!((next.report, next.hold_ms, in_force(&world)), (false, 600_000, serial(NEW)));
}
