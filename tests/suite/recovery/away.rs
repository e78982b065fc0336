//! Real agents that were away, against a real server whose clock is moved by hand.

use controlplane_core::device::{Decision, Reason};
use model::device::JoinState;
use model::id::DeviceId;
use std::time::Duration;
use tests::world::{DAY, Machine, World};

/// An agent that joined and reported, then was switched off.
async fn known(world: &World, name: &str) -> (Machine, DeviceId) {
    let mut machine = world.agent(name);
    let id = machine.enrol(world).await;
    machine.start().await;
    machine.settled().await;
    machine.kill().await;
    (machine, id)
}

/// What lies in a state folder when no certificate is on its way.
const AT_REST: [&str; 2] = ["renewal.json", "tls.pem"];

fn certificates(machine: &Machine) -> Vec<String> {
    machine.files().into_iter().filter(|name| name.starts_with("tls.") || name == "renewal.json").collect()
}

/// "Three agents whose certificates expire (clock moved 40, 90, 399, 401 days)".
#[tokio::test]
async fn away_for_40_90_and_399_days_they_are_back_by_themselves_and_after_401_a_person_decides() {
    for (days, alone) in [(40, true), (90, true), (399, true), (401, false)] {
        let mut world = World::new().await;
        let (mut machine, id) = known(&world, "agent").await;
        let before = world.record(id).await;
        // Last contacts are written once a minute.
        world.restart().await;
        world.clock.forward(days * DAY);
        if days > 360 {
            world.server_certificate_renew().await;
        }
        machine.start().await;
        machine.settled().await;
        let record = world.record(id).await;
        assert_ne!(record.certificate.serial, before.certificate.serial, "{days}");
        assert_eq!((record.candidate, record.recoveries.len()), (None, 1), "{days}");
        assert_eq!(certificates(&machine), AT_REST, "{days}");
        let status = machine.agent.status().unwrap();
        assert!(!status.certificate_expired, "{days}");
        if alone {
            assert_eq!((record.state, record.reason), (JoinState::Active, None), "{days}");
            assert!(!status.live.unwrap().quarantined, "{days}");
        } else {
            assert_eq!((record.state, record.reason), (JoinState::Quarantined, Some(Reason::TooLongAway)));
            assert!(status.live.unwrap().quarantined, "the device says that it waits");
            world.decide(id, JoinState::Active).await;
            // Its check-in may begin after the decision, and is then held for as long as ever.
            machine.sometime(&world, "admitted", |live| !live.quarantined && live.connected).await;
        }
        // And from there it lives on as ever.
        machine.kill().await;
        world.clock.forward(20 * DAY);
        machine.start().await;
        machine.settled().await;
        let renewed = world.record(id).await;
        assert_ne!(renewed.certificate.serial, record.certificate.serial, "{days}");
        assert_eq!(renewed.recoveries.len(), 1, "{days}");
        let audit = world.audit().await;
        assert!(!audit.contains("\"certificate_superseded\""), "{days}: {audit}");
    }
}

#[tokio::test]
async fn a_lost_device_waits_and_a_revoked_one_asks_once_an_hour() {
    let mut world = World::new().await;
    let (mut lost, lost_id) = known(&world, "lost").await;
    let (mut revoked, revoked_id) = known(&world, "revoked").await;
    world.decide(lost_id, Decision::Lost).await;
    world.decide(revoked_id, JoinState::Revoked).await;
    world.clock.forward(40 * DAY);
    lost.start().await;
    lost.settled().await;
    assert!(lost.agent.status().unwrap().live.unwrap().quarantined);
    revoked.start().await;
    let times = |n: u32| move |live: &agent::Live| live.refused && live.fault.as_ref().is_some_and(|f| f.times == n);
    revoked.until("refused", times(1)).await;
    let status = revoked.agent.status().unwrap();
    assert!(status.certificate_expired);
    assert!(status.live.unwrap().fault.unwrap().text.contains("revoked"));
    world.clock.forward(Duration::from_secs(3_200));
    revoked.until("still refused", times(1)).await;
    world.clock.forward(Duration::from_secs(800));
    revoked.until("refused again", times(2)).await;
    revoked.kill().await;
    assert!(world.audit().await.contains(&format!("\"device_recover\",\"subject\":\"{revoked_id}\"")));
}

/// The folder of a stolen laptop's disk image, tried on another machine, is an answer of the detection of clones; here: a folder
/// whose key is not the one on record.
#[tokio::test]
async fn another_key_in_the_folder_is_no_way_back() {
    let world = World::new().await;
    let (mut machine, id) = known(&world, "agent").await;
    let (other, _) = known(&world, "other").await;
    std::fs::copy(other.state.join("identity.key"), machine.state.join("identity.key")).unwrap();
    world.clock.forward(40 * DAY);
    machine.start().await;
    machine.until("refused", |live| live.refused).await;
    let fault = machine.agent.status().unwrap().live.unwrap().fault.unwrap();
    assert!(fault.text.contains("not known here"), "{fault:?}");
    assert!(world.record(id).await.recoveries.is_empty());
}
