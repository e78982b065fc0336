//! The online key is replaced through the trust roots: nobody is stranded, and a stolen key is put out.

use controlplane::ca::Ca;
use controlplane::ca::rotate::{online_begin, online_finish, online_stolen};
use controlplane::folder::Folder;
use identity::key::OnlineSigner;
use model::desired::{Generation, Head};
use model::digest::Digest;
use std::time::Duration;
use tests::world::{DAY, Machine, World};
use wire::convert::{head_encode, trust_decode};
use wire::v1::Envelope;

pub(super) fn folder(world: &World) -> Folder {
    Folder::new(world.folder.path().join("data"))
}

pub(super) fn online_key(world: &World) -> OnlineSigner {
    OnlineSigner::from_pkcs8(&std::fs::read(folder(world).ca("online.key")).unwrap()).unwrap()
}

pub(super) fn envelope(machine: &Machine, name: &str) -> Envelope {
    prost::Message::decode(std::fs::read(machine.state.join(name)).unwrap().as_slice()).unwrap()
}

fn trusted(machine: &Machine) -> u64 {
    trust_decode(&envelope(machine, "trust").payload).unwrap().version
}

/// Until the server has taken up what lies in its folder, and the device has heard of it.
pub(super) async fn learned(world: &World, machine: &Machine, version: u64) {
    let learned = async {
        while trusted(machine) < version {
            world.pass(Duration::from_secs(61)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(120), learned).await.expect("trust roots are learned");
    assert_eq!(trusted(machine), version);
}

/// Until the head that the device keeps is signed by this key.
async fn told_by(world: &World, machine: &Machine, key: &OnlineSigner) {
    let name = key.public().fingerprint();
    let told = async {
        while &envelope(machine, "head").key[..] != name.as_bytes() {
            world.pass(Duration::from_secs(61)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(120), told).await.expect("a head by the new key");
}

#[tokio::test]
async fn a_device_that_was_away_across_the_rotation_comes_back_and_the_old_key_is_out() {
    let world = World::new().await;
    let (mut here, mut away) = (world.agent("here"), world.agent("away"));
    here.enrol(&world).await;
    away.enrol(&world).await;
    for machine in [&mut here, &mut away] {
        machine.start().await;
        machine.settled().await;
        assert_eq!(trusted(machine), 1);
    }
    away.kill().await;
    let old = online_key(&world);
    assert_eq!(online_begin(&folder(&world), &world.territory, None).unwrap(), 2);
    assert!(online_begin(&folder(&world), &world.territory, None).is_err(), "one at a time");
    learned(&world, &here, 2).await;
    // The old key signs as before.
    assert_eq!(Ca::read(&folder(&world), &world.territory).unwrap().online(), old.public().fingerprint());
    assert_eq!(online_finish(&folder(&world), &world.territory).unwrap(), 3);
    assert!(online_finish(&folder(&world), &world.territory).is_err(), "once");
    let new = online_key(&world);
    assert_ne!(old.public(), new.public());
    learned(&world, &here, 3).await;
    told_by(&world, &here, &new).await;

    world.clock.forward(20 * DAY);
    away.start().await;
    learned(&world, &away, 3).await;
    told_by(&world, &away, &new).await;
    // After a restart, what is kept still holds.
    away.start().await;
    away.sometime(&world, "settled", |live| live.connected && live.waiting == 0 && live.fault.is_none()).await;
    let conditions = away.agent.status().unwrap().live.unwrap().conditions;
    assert!(conditions.iter().all(|condition| condition.state == "held"), "{conditions:?}");
}

#[tokio::test]
async fn a_stolen_key_is_put_out_with_the_next_contact_and_never_comes_back() {
    let mut world = World::new().await;
    let mut machine = world.agent("device");
    let device = machine.enrol(&world).await;
    machine.start().await;
    machine.settled().await;
    let (stolen, before) = (online_key(&world), envelope(&machine, "trust"));
    assert_eq!(online_stolen(&folder(&world), &world.territory, None).unwrap(), 2);
    learned(&world, &machine, 2).await;
    told_by(&world, &machine, &online_key(&world)).await;
    machine.kill().await;

    // The thief's head, newer than any, and the trust roots of before: neither is taken from the network or from the disk.
    let held = envelope(&machine, "head");
    let plan = wire::convert::head_decode(&held.payload).unwrap().plan;
    let forged = Head { device, generation: Generation { epoch: 9, revision: 9 }, plan, grant: None };
    let forged = Envelope::from(&stolen.sign::<Head>(head_encode(&forged)));
    std::fs::write(machine.state.join("head"), prost::Message::encode_to_vec(&forged)).unwrap();
    machine.start().await;
    told_by(&world, &machine, &online_key(&world)).await;
    assert_ne!(Digest::of(&envelope(&machine, "head").payload), Digest::of(&forged.payload));

    // A server put back to its state of before cannot bring the key back.
    let trust = std::fs::read(folder(&world).ca("trust.bin")).unwrap();
    std::fs::write(folder(&world).ca("trust.bin"), prost::Message::encode_to_vec(&before)).unwrap();
    assert!(Ca::read(&folder(&world), &world.territory).is_err(), "its key is not the one of before");
    std::fs::write(folder(&world).ca("trust.bin"), trust).unwrap();
    world.restart().await;
    assert_eq!(trusted(&machine), 2);
    let audit = world.audit().await;
    for verb in ["online_key_change", "trust_roots_change"] {
        assert!(audit.contains(verb), "{verb}: {audit}");
    }
}
