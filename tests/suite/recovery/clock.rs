//! Devices whose clock is wrong: they join, renew and find back, and are none the worse when it is put right.

use model::time::Timestamp;
use std::time::Duration;
use tests::world::{DAY, Machine, World};

/// Where a clock goes when its battery is flat, and where a mistaken hand puts it.
fn wrong(world: &World) -> [(&'static str, Timestamp); 4] {
    [
        ("1970", Timestamp::from_unix_seconds(60)),
        ("behind by hours", world.now().before(Duration::from_secs(5 * 3_600))),
        ("ahead by 40 days", world.now().after(40 * DAY)),
        ("ahead by 400 days", world.now().after(400 * DAY)),
    ]
}

/// The earliest time that the device will ever take for the present.
fn floor(machine: &Machine) -> Option<Timestamp> {
    let text = std::fs::read_to_string(machine.state.join("clock_floor")).ok()?;
    text.trim().parse().ok().map(Timestamp::from_unix_millis)
}

/// Nothing that it kept is later than the truth.
fn unpoisoned(world: &World, machine: &Machine, which: &str) {
    let floor = floor(machine);
    assert!(floor.is_none_or(|floor| floor <= world.now()), "{which}: {floor:?}");
}

/// Settled, however often it has to ask.
async fn settled(world: &World, machine: &Machine) {
    for _ in 0..20 {
        let live = machine.agent.status().unwrap().live;
        if live.is_some_and(|live| live.connected && live.waiting == 0 && live.fault.is_none()) {
            return;
        }
        machine
            .until("settled or refused once", |live| live.fault.is_some() || live.connected && live.waiting == 0)
            .await;
        // What it waits for after a failure.
        world.clock.forward(Duration::from_secs(2));
    }
    machine.settled().await;
}

#[tokio::test]
async fn with_a_wrong_clock_a_device_joins_reports_and_is_well_when_it_is_put_right() {
    for at in 0..4 {
        let world = World::new().await;
        let (which, to) = wrong(&world)[at];
        let mut machine = world.agent("agent");
        machine.clock.set(to);
        let id = machine.enrol(&world).await;
        machine.start().await;
        settled(&world, &machine).await;
        unpoisoned(&world, &machine, which);
        assert!(!machine.agent.status().unwrap().certificate_expired, "{which}");
        // Put right while it runs, and again for one that starts anew.
        machine.clock.right();
        world.clock.forward(Duration::from_secs(1_000));
        settled(&world, &machine).await;
        machine.start().await;
        settled(&world, &machine).await;
        unpoisoned(&world, &machine, which);
        assert!(world.record(id).await.recoveries.is_empty(), "{which}: it was never away");
    }
}

#[tokio::test]
async fn with_a_wrong_clock_a_device_renews() {
    for at in 0..4 {
        let mut world = World::new().await;
        let mut machine = world.agent("agent");
        let id = machine.enrol(&world).await;
        machine.start().await;
        machine.settled().await;
        machine.kill().await;
        let before = world.record(id).await.certificate;
        world.clock.forward(20 * DAY);
        let (which, to) = wrong(&world)[at];
        machine.clock.set(to);
        machine.start().await;
        settled(&world, &machine).await;
        let renewed = async {
            while world.record(id).await.certificate == before {
                // The next check-in, and with it the next look at the certificate.
                world.clock.forward(Duration::from_secs(60));
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(120), renewed).await.expect(which);
        unpoisoned(&world, &machine, which);
        machine.kill().await;
        machine.clock.right();
        machine.start().await;
        settled(&world, &machine).await;
        assert!(world.record(id).await.recoveries.is_empty(), "{which}: renewed, not recovered");
        assert!(!world.audit().await.contains("\"certificate_superseded\""), "{which}");
    }
}

#[tokio::test]
async fn with_a_wrong_clock_a_device_finds_back() {
    for at in 0..4 {
        let mut world = World::new().await;
        let mut machine = world.agent("agent");
        let id = machine.enrol(&world).await;
        machine.start().await;
        machine.settled().await;
        machine.kill().await;
        world.clock.forward(60 * DAY);
        let (which, to) = wrong(&world)[at];
        machine.clock.set(to);
        machine.start().await;
        settled(&world, &machine).await;
        let record = world.record(id).await;
        assert_eq!((record.recoveries.len(), record.candidate), (1, None), "{which}");
        unpoisoned(&world, &machine, which);
        machine.kill().await;
        machine.clock.right();
        machine.start().await;
        settled(&world, &machine).await;
        assert_eq!(world.record(id).await.recoveries.len(), 1, "{which}: once is enough");
        assert!(!world.audit().await.contains("\"certificate_superseded\""), "{which}");
    }
}
