//! A device that is there twice, or a second time: new identities for known devices, and copies that are noticed.

mod agents;

use super::renewal::{DAY, Held, World, admin, refused};
use controlplane_core::Error;
use controlplane_core::device::{DEVICES, Reason, device_decide};
use controlplane_core::store::{Batch, Expect, Write};
use controlplane_core::token::{TokenKind, TokenWish, token_create};
use identity::csr::key_make;
use identity::key::IdentitySigner;
use model::device::JoinState;
use model::id::DeviceId;
use model::token::Token;
use std::sync::Arc;
use std::time::Duration;
use tests::caller::Attempt;
use tonic::Code;

impl World {
    /// A token for a new identity of a device.
    async fn token_again(&self, device: DeviceId, random: u8) -> Result<Token, Error> {
        self.token_made(TokenKind::ReEnrol, Some(device), random).await
    }

    /// A token for a new device.
    async fn token_unit(&self, random: u8) -> Token {
        self.token_made(TokenKind::Unit, None, random).await.unwrap()
    }

    async fn token_made(&self, kind: TokenKind, device: Option<DeviceId>, random: u8) -> Result<Token, Error> {
        use controlplane::clock::Clock;
        let wish = TokenWish {
            kind,
            uses: 1,
            life: None,
            school: None,
            owner: None,
            kit: None,
            serials: Vec::new(),
            device,
            note: String::new(),
        };
        let (pin, now) = (self.token.pin, self.clock.now());
        Ok(token_create(&self.store, &self.territory, wish, &admin(), pin, &[random; 31], now).await?.0)
    }

    async fn again(&self, token: &Token, serial: &str) -> Result<Held, tonic::Status> {
        self.join(Attempt::new(token, serial), 1).await.map(|mut given| given.remove(0))
    }

    async fn decide(&self, device: DeviceId, state: JoinState) {
        use controlplane::clock::Clock;
        let now = self.clock.now();
        device_decide(&self.store, &self.territory, device, state, &admin(), "a test", now).await.unwrap();
    }
}

#[tokio::test]
async fn enrolled_again_a_device_keeps_its_place_and_its_former_certificates_are_nothing() {
    let world = World::new().await;
    let old = world.enrol().await;
    world.check_in(&old).await.unwrap();
    world.clock.forward(16 * DAY);
    let candidate = world.renewed(&old).await;
    let before = world.record(&old).await;
    let token = world.token_again(old.id, 1).await.unwrap();
    let new = world.again(&token, "PF-2").await.unwrap();
    assert_eq!(new.id, old.id);
    let after = world.record(&old).await;
    assert_eq!((after.identity_generation, after.state, after.enrolled), (2, JoinState::Active, before.enrolled));
    assert_eq!(after.identity_key, *new.signer.public());
    assert_eq!((after.certificate.serial, after.candidate), (new.serial(), None));
    world.check_in(&new).await.unwrap();
    for former in [&old, &candidate] {
        refused(world.check_in(former).await, Code::PermissionDenied, "replaced by a newer one");
        let request = world.request(former, &key_make().unwrap());
        refused(world.renew(former, request).await, Code::PermissionDenied, "replaced by a newer one");
    }
    // An earlier identity that comes back accuses nobody: a person has settled it.
    assert_eq!((world.record(&old).await.state, world.record(&old).await.cloned), (JoinState::Active, None));
    // What it claims now is how it is found; what it claimed is free.
    let reach = controlplane_core::scope::Reach::territory();
    let find =
        async |text| controlplane_core::device::device_find(world.store.as_ref(), &world.territory, &reach, text).await;
    assert_eq!(find("PF-2").await.unwrap().value.id, old.id);
    assert!(matches!(find("PF-1").await, Err(Error::NotFound(_))));
    // The key it had is nobody's: with a token for a new device it is one, and waits for what it claims.
    let unit = world.token_unit(9).await;
    let stranger = Attempt { signer: old.signer.clone(), ..Attempt::new(&unit, "PF-2") };
    let stranger = world.join(stranger, 1).await.unwrap().remove(0);
    assert_ne!(stranger.id, old.id);
    assert_eq!(world.record(&stranger).await.reason, Some(Reason::SameSerial));
    assert!(world.audit().await.contains("\"device_reenrol\""));
}

#[tokio::test]
async fn after_a_restore_the_newest_certificate_is_in_force_again_and_the_older_ones_are_not() {
    let world = World::new().await;
    let first = world.enrol().await;
    let key = DEVICES.key(&world.territory, first.id.to_string());
    let backup = world.store.get(&key).await.unwrap().unwrap().value;
    world.clock.forward(16 * DAY);
    let second = world.renewed(&first).await;
    world.check_in(&second).await.unwrap();
    world.clock.forward(16 * DAY);
    let third = world.renewed(&second).await;
    world.check_in(&third).await.unwrap();
    let write = Write { key, expect: Expect::Any, value: Some(backup), intent: true };
    world.store.commit(Batch { writes: vec![write], appends: Vec::new() }).await.unwrap();
    world.check_in(&third).await.unwrap();
    assert_eq!(world.record(&first).await.certificate.serial, third.serial());
    refused(world.check_in(&second).await, Code::PermissionDenied, "replaced by a newer one");
    // And it goes on from there.
    world.clock.forward(16 * DAY);
    let fourth = world.renewed(&third).await;
    world.check_in(&fourth).await.unwrap();
    assert_eq!(world.record(&first).await.certificate.number, 4);
    assert!(world.audit().await.contains("\"certificate_adopt\""));
}

#[tokio::test]
async fn a_re_enrol_token_is_for_one_use_of_one_device_and_may_be_said_twice() {
    let world = World::new().await;
    let old = world.enrol().await;
    let token = world.token_again(old.id, 1).await.unwrap();
    // The key that is the device's already may be in other hands, too: a new identity has a new key.
    let known = Attempt { signer: old.signer.clone(), ..Attempt::new(&token, "PF-1") };
    refused(world.join(known, 1).await.map(|_| ()), Code::PermissionDenied, "not valid here");
    let given = world.join(Attempt::new(&token, "PF-1"), 2).await.unwrap();
    assert!(given.iter().all(|held| held.id == old.id));
    for held in &given {
        world.check_in(held).await.unwrap();
    }
    assert_eq!(world.record(&old).await.identity_generation, 2);
    refused(world.again(&token, "PF-1").await.map(|_| ()), Code::PermissionDenied, "not valid here");
}

#[tokio::test]
async fn a_revoked_device_stays_revoked_and_a_quarantined_one_in_quarantine() {
    let world = World::new().await;
    let old = world.enrol().await;
    let (first, second) = (world.token_again(old.id, 1).await.unwrap(), world.token_again(old.id, 2).await.unwrap());
    world.decide(old.id, JoinState::Quarantined).await;
    let new = world.again(&first, "PF-1").await.unwrap();
    let record = world.record(&old).await;
    assert_eq!((record.state, record.reason), (JoinState::Quarantined, Some(Reason::ByOperator)));
    assert!(world.check_in(&new).await.unwrap().quarantined);
    world.decide(old.id, JoinState::Revoked).await;
    refused(world.again(&second, "PF-1").await.map(|_| ()), Code::PermissionDenied, "not valid here");
    assert!(
        matches!(world.token_again(old.id, 3).await, Err(Error::Invalid(text)) if text.contains("revoked for good"))
    );
    assert_eq!(world.record(&old).await.state, JoinState::Revoked);
}

#[tokio::test]
async fn a_new_identity_with_another_machines_serial_waits_for_a_person() {
    let world = World::new().await;
    let old = world.enrol().await;
    let reporter = world.token_again(old.id, 1).await.unwrap();
    let other = world.token_unit(9).await;
    world.again(&other, "PF-9").await.unwrap();
    world.again(&reporter, "PF-9").await.unwrap();
    let record = world.record(&old).await;
    assert_eq!((record.state, record.reason), (JoinState::Quarantined, Some(Reason::SameSerial)));
}

const LATE: Duration = Duration::from_secs(180);
const CLONED: (JoinState, Option<Reason>) = (JoinState::Quarantined, Some(Reason::Cloned));

impl World {
    async fn standing(&self, held: &Held) -> (JoinState, Option<Reason>) {
        let record = self.record(held).await;
        (record.state, record.reason)
    }

    /// Two copies of which one has renewed, and the switch is some time ago.
    async fn copied(&self) -> (Held, Held) {
        let old = self.enrol().await;
        self.check_in(&old).await.unwrap();
        self.clock.forward(16 * DAY);
        let new = self.renewed(&old).await;
        self.check_in(&new).await.unwrap();
        self.clock.forward(LATE);
        (old, new)
    }
}

#[tokio::test]
async fn an_older_certificate_that_was_in_force_locks_both_copies() {
    let world = World::new().await;
    let (old, new) = world.copied().await;
    assert_eq!(world.standing(&old).await, (JoinState::Active, None));
    refused(world.check_in(&old).await, Code::PermissionDenied, "replaced by a newer one");
    assert_eq!(world.standing(&old).await, CLONED);
    assert!(world.check_in(&new).await.unwrap().quarantined);
    // Said again and again it is no news.
    for _ in 0..3 {
        refused(world.check_in(&old).await, Code::PermissionDenied, "replaced by a newer one");
    }
    assert_eq!(world.audit().await.matches("device_cloned").count(), 1);
}

#[tokio::test]
async fn a_renewal_by_an_older_certificate_locks_if_the_identity_key_signs_it() {
    let world = World::new().await;
    let (old, _) = world.copied().await;
    let foreign = Held {
        signer: Arc::new(IdentitySigner::generate().unwrap().0),
        ..old.with(old.key_pem.clone(), old.chain.clone())
    };
    let request = world.request(&foreign, &key_make().unwrap());
    refused(world.renew(&foreign, request).await, Code::PermissionDenied, "replaced by a newer one");
    assert_eq!(world.standing(&old).await, (JoinState::Active, None));
    let request = world.request(&old, &key_make().unwrap());
    refused(world.renew(&old, request).await, Code::PermissionDenied, "replaced by a newer one");
    assert_eq!(world.standing(&old).await, CLONED);
}

#[tokio::test]
async fn a_power_cut_and_an_answer_that_was_overtaken_are_no_copies() {
    let world = World::new().await;
    let old = world.enrol().await;
    world.clock.forward(16 * DAY);
    let lost = world.renewed(&old).await;
    let new = world.renewed(&old).await;
    world.clock.forward(LATE);
    // Cut before the switch, the old one goes on; the first answer came after the second, and is given up for the old one.
    world.check_in(&old).await.unwrap();
    refused(world.check_in(&lost).await, Code::PermissionDenied, "replaced by a newer one");
    world.check_in(&old).await.unwrap();
    world.check_in(&new).await.unwrap();
    // What was on its way while the switch was made.
    refused(world.check_in(&old).await, Code::PermissionDenied, "replaced by a newer one");
    assert_eq!(world.standing(&old).await, (JoinState::Active, None));
}

#[tokio::test]
async fn two_boots_in_turn_lock_and_a_restart_does_not() {
    let world = World::new().await;
    let held = world.enrol().await;
    for boot in [1, 1, 2, 2, 3] {
        assert!(!world.check_in_from(&held, boot).await.unwrap().quarantined);
    }
    assert!(world.check_in_from(&held, 2).await.unwrap().quarantined);
    assert_eq!(world.standing(&held).await, CLONED);
    assert!(world.check_in_from(&held, 3).await.unwrap().quarantined);
    assert_eq!(world.audit().await.matches("two_boots").count(), 1);
}

#[tokio::test]
async fn a_re_enrol_token_made_after_the_lock_brings_the_right_one_back_and_keeps_the_copy_out() {
    let world = World::new().await;
    let (old, new) = world.copied().await;
    let before = world.token_again(old.id, 1).await.unwrap();
    world.clock.forward(LATE);
    refused(world.check_in(&old).await, Code::PermissionDenied, "replaced");
    // Made when nobody knew of a copy, it decides nothing about one.
    let uncertain = world.again(&before, "PF-1").await.unwrap();
    assert_eq!(world.standing(&old).await, CLONED);
    world.clock.forward(LATE);
    let after = world.token_again(old.id, 2).await.unwrap();
    let right = world.again(&after, "PF-1").await.unwrap();
    assert_eq!(world.standing(&old).await, (JoinState::Active, None));
    world.clock.forward(LATE);
    for copy in [&old, &new, &uncertain] {
        refused(world.check_in(copy).await, Code::PermissionDenied, "replaced");
    }
    assert!(!world.check_in(&right).await.unwrap().quarantined);
    assert_eq!(world.standing(&old).await, (JoinState::Active, None));
}

#[tokio::test]
async fn what_a_person_quarantined_stays_so_whatever_the_copies_do() {
    let world = World::new().await;
    let (old, _) = world.copied().await;
    world.decide(old.id, JoinState::Quarantined).await;
    refused(world.check_in(&old).await, Code::PermissionDenied, "replaced");
    assert_eq!(world.standing(&old).await, (JoinState::Quarantined, Some(Reason::ByOperator)));
    assert!(world.record(&old).await.cloned.is_some());
    let token = world.token_again(old.id, 1).await.unwrap();
    world.again(&token, "PF-1").await.unwrap();
    assert_eq!(world.standing(&old).await, (JoinState::Quarantined, Some(Reason::ByOperator)));
}
