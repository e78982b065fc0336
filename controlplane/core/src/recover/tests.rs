//! The limits, one after the other, on a store in memory; the proof itself is tried over the wire, in `tests/suite/recovery.rs`.

use super::*;
use crate::audit::Person;
use crate::device::{Decision, device_decide, device_get};
use crate::memory::Memory;
use crate::presence::CONTACTS;
use crate::role::Role;
use model::device::Claims;
use std::sync::Arc;

const DAY: Duration = Duration::from_secs(86_400);
const START: Timestamp = Timestamp::from_unix_seconds(1_795_000_000);

/// Issues what the rules do not look into.
struct Numbers;

impl Issuer for Numbers {
    fn issue(&self, _: &[u8], _: DeviceId, number: u32, now: Timestamp) -> Result<(Certificate, Vec<Vec<u8>>)> {
        Ok((Certificate { serial: format!("{number:02x}"), number, until: now.after(30 * DAY) }, Vec::new()))
    }
}

struct World {
    store: SharedStore,
    territory: TerritoryId,
    issuer: Numbers,
    id: DeviceId,
}

impl World {
    /// A device that joined at the start.
    async fn new() -> Self {
        let (store, territory): (SharedStore, TerritoryId) = (Arc::new(Memory::new()), "doubs".parse().unwrap());
        let issuer = Numbers;
        let id = DeviceId::new(START, [7; 10]);
        let (certificate, _) = issuer.issue(b"", id, 1, START).unwrap();
        let device = Device {
            id,
            state: JoinState::Active,
            reason: None,
            school: None,
            owner: None,
            class: None,
            kit: None,
            claims: Claims::default(),
            identity_key: IdentityKey::try_from(NOBODY.to_vec()).unwrap(),
            identity_generation: 1,
            identity_from: 1,
            certificate,
            switched: None,
            candidate: None,
            cloned: None,
            merged: None,
            absorbed: Vec::new(),
            token: "ABCDEFGH".parse().unwrap(),
            enrolled: START,
            recoveries: Vec::new(),
        };
        let act = Act::new(START, Author::Rule("a test".to_owned()), "device_enrol", id.to_string());
        let writes = Writes::by(&territory, &act).unwrap();
        writes.put(&DEVICES, id.to_string(), &device, Expect::Absent).unwrap().commit(&store).await.unwrap();
        Self { store, territory, issuer, id }
    }

    async fn ask(&self, generation: u32, key: &[u8], now: Timestamp) -> Result<Recovered> {
        let transcript =
            RecoveryTranscript { nonce: b"n", device: self.id, generation, csr: key, channel_binding: b"b" };
        let asked = Asked { key: Digest::of(key), transcript, signature: b"" };
        let proven = Proven(self.id);
        recover(&self.store, &self.territory, &self.issuer, &proven, &asked, None, now).await
    }

    /// What it is told, and the reason on its record.
    async fn asked(&self, key: &[u8], now: Timestamp) -> (JoinState, Option<Reason>) {
        let device = self.ask(1, key, now).await.unwrap().device;
        assert_eq!(device, self.record().await);
        (device.state, device.reason)
    }

    async fn record(&self) -> Device {
        device_get(self.store.as_ref(), &self.territory, self.id).await.unwrap().value
    }

    async fn decide(&self, decision: impl Into<Decision> + Send) {
        let admin = Person { name: "admin".to_owned(), role: Role::Admin };
        device_decide(&self.store, &self.territory, self.id, decision, &admin, "a test", START).await.unwrap();
    }

    /// The first check-in with the certificate that was given.
    async fn used(&self, now: Timestamp) {
        let candidate = self.record().await.candidate.unwrap();
        crate::renew::renewal_settle(&self.store, &self.territory, self.id, &candidate, now).await.unwrap();
    }

    async fn heard(&self, at: Timestamp) {
        let writes = Writes::observed(&self.territory).put(&CONTACTS, self.id.to_string(), &at, Expect::Any);
        writes.unwrap().commit(&self.store).await.unwrap();
    }
}

const ACTIVE: (JoinState, Option<Reason>) = (JoinState::Active, None);

fn waits(reason: Reason) -> (JoinState, Option<Reason>) {
    (JoinState::Quarantined, Some(reason))
}

#[tokio::test]
async fn four_hundred_days_of_absence_are_taken_and_no_more_until_a_person_says_so() {
    for (days, told) in [(40, ACTIVE), (90, ACTIVE), (399, ACTIVE), (400, ACTIVE), (401, waits(Reason::TooLongAway))] {
        let world = World::new().await;
        assert_eq!(world.asked(b"k", START.after(days * DAY)).await, told, "{days}");
    }
    let world = World::new().await;
    world.heard(START.after(2 * DAY)).await;
    assert_eq!(world.asked(b"k", START.after(402 * DAY)).await, ACTIVE);
    let world = World::new().await;
    let late = START.after(500 * DAY);
    assert_eq!(world.asked(b"k", late).await, waits(Reason::TooLongAway));
    world.decide(JoinState::Active).await;
    // The answer was lost; what a person decided since holds.
    assert_eq!(world.asked(b"k", late).await, ACTIVE);
    assert_eq!(world.asked(b"l", late.after(300 * DAY)).await, ACTIVE);
}

#[tokio::test]
async fn three_times_a_year_by_itself_and_an_answer_that_was_lost_is_asked_for_again() {
    let world = World::new().await;
    let at = |days: u32| START.after(days * DAY);
    for (days, key) in [(100, b"1"), (200, b"2"), (300, b"3")] {
        for _ in 0..5 {
            assert_eq!(world.asked(key, at(days)).await, ACTIVE);
        }
        world.used(at(days)).await;
        assert!(matches!(world.ask(1, key, at(days)).await, Err(Error::Expired(_))), "a key recovers once");
    }
    assert_eq!(world.asked(b"4", at(464)).await, waits(Reason::TooManyRecoveries));
    // Over and over changes nothing, and its record does not grow.
    for n in 0..20 {
        assert_eq!(world.asked(&[b'x', n], at(464)).await, waits(Reason::TooManyRecoveries));
    }
    assert!(world.record().await.recoveries.len() <= RECOVERIES_MAX + 1);
    world.decide(JoinState::Active).await;
    assert_eq!(world.asked(b"5", at(470)).await, waits(Reason::TooManyRecoveries));
    // The first is a year ago, and the flood above as well.
    world.decide(JoinState::Active).await;
    assert_eq!(world.asked(b"6", at(836)).await, ACTIVE);
}

/// A key that was asked for once is no pass: an hour later it is judged and counted like any other.
#[tokio::test]
async fn a_repetition_is_for_an_answer_that_was_lost_and_not_for_ever() {
    let world = World::new().await;
    let at = |days: u32| START.after(days * DAY);
    assert_eq!(world.asked(b"k", at(10)).await, ACTIVE);
    assert_eq!(world.asked(b"k", at(10).after(Duration::from_secs(3_599))).await, ACTIVE);
    assert_eq!(world.record().await.recoveries.len(), 1);
    for n in 1..=2 {
        assert_eq!(world.asked(b"k", at(10 + n)).await, ACTIVE);
    }
    assert_eq!(world.asked(b"k", at(13)).await, waits(Reason::TooManyRecoveries));
    let world = World::new().await;
    assert_eq!(world.asked(b"k", at(10)).await, ACTIVE);
    assert_eq!(world.asked(b"k", at(500)).await, waits(Reason::TooLongAway));
    // Another key's certificate has overtaken this one's.
    let world = World::new().await;
    assert_eq!(world.asked(b"k", at(10)).await, ACTIVE);
    assert_eq!(world.asked(b"l", at(10)).await, ACTIVE);
    assert!(matches!(world.ask(1, b"k", at(10)).await, Err(Error::Expired(_))));
}

#[tokio::test]
async fn a_year_later_the_first_counts_no_more() {
    let world = World::new().await;
    let at = |days: u32| START.after(days * DAY);
    for (days, key) in [(100, b"1"), (200, b"2"), (300, b"3"), (465, b"4"), (565, b"5")] {
        assert_eq!(world.asked(key, at(days)).await, ACTIVE, "{days}");
        world.used(at(days)).await;
    }
    assert_eq!(world.asked(b"6", at(600)).await, waits(Reason::TooManyRecoveries));
}

#[tokio::test]
async fn lost_quarantined_revoked_or_of_another_generation_it_does_not_come_back_by_itself() {
    let now = START.after(40 * DAY);
    let world = World::new().await;
    let device = world.ask(2, b"k", now).await.unwrap().device;
    assert_eq!((device.state, device.reason), waits(Reason::Generation));
    let world = World::new().await;
    world.decide(Decision::Lost).await;
    assert_eq!(world.asked(b"k", now).await, waits(Reason::Lost));
    // Neither makes it less lost.
    world.decide(JoinState::Quarantined).await;
    world.decide(Decision::Lost).await;
    assert_eq!(world.record().await.reason, Some(Reason::Lost));
    world.decide(JoinState::Active).await;
    assert_eq!(world.asked(b"l", now).await, ACTIVE);
    world.decide(JoinState::Quarantined).await;
    world.decide(Decision::Lost).await;
    assert_eq!(world.record().await.reason, Some(Reason::Lost));
    world.decide(JoinState::Revoked).await;
    let refused = world.ask(1, b"m", now).await.unwrap_err();
    assert!(matches!(&refused, Error::Denied(why) if why.contains("revoked")), "{refused:?}");
}
