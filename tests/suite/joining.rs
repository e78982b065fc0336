//! The rules of joining, on the store in memory with the clock moved by hand.

use controlplane_core::audit::{Person, audit_verify};
use controlplane_core::device::{Certificate, DEVICES, IDENTITIES, Reason, device_decide, device_find};
use controlplane_core::enrol::{Issuer, Joined, Proof, REFUSED, enrol};
use controlplane_core::loan::LocalDays;
use controlplane_core::memory::Memory;
use controlplane_core::role::Role;
use controlplane_core::scope::Reach;
use controlplane_core::store::{Batch, Changes, Entry, Key, Revision, Scope, SharedStore, Store};
use controlplane_core::token::{FAILURES_MAX, TokenKind, TokenWish, token_create, token_list, token_revoke};
use controlplane_core::{Error, Result};
use identity::key::IdentitySigner;
use jiff::civil::Date;
use model::chain::Tip;
use model::device::{Claims, JoinState};
use model::id::{DeviceId, TerritoryId};
use model::time::Timestamp;
use model::token::{Pin, Token, Transcript};
use std::sync::{Arc, LazyLock};
use std::time::Duration;
use tokio::task::JoinSet;

static JEANNE: LazyLock<Person> = LazyLock::new(|| Person { name: "jeanne".to_owned(), role: Role::Technician });

struct Paper;

impl Issuer for Paper {
    fn issue(
        &self,
        request: &[u8],
        device: DeviceId,
        number: u32,
        now: Timestamp,
    ) -> Result<(Certificate, Vec<Vec<u8>>)> {
        let until = now.after(Duration::from_secs(30 * 86_400));
        Ok((Certificate { serial: format!("{device}-{number}"), number, until }, vec![request.to_vec()]))
    }
}

struct World {
    store: SharedStore,
    territory: TerritoryId,
    now: Timestamp,
}

impl World {
    fn new() -> Self {
        Self {
            store: Arc::new(Memory::new()),
            territory: "doubs".parse().unwrap(),
            now: Timestamp::from_unix_seconds(1),
        }
    }

    async fn token(&self, kind: TokenKind, uses: u32, serials: &[&str]) -> Token {
        self.token_for(kind, uses, serials, None).await
    }

    async fn token_for(&self, kind: TokenKind, uses: u32, serials: &[&str], device: Option<DeviceId>) -> Token {
        let wish = TokenWish {
            kind,
            uses,
            life: None,
            school: None,
            owner: None,
            kit: None,
            serials: serials.iter().map(|s| (*s).to_owned()).collect(),
            device,
            note: String::new(),
        };
        let random = [u8::try_from(serials.len() + uses as usize * 7 + usize::from(device.is_some())).unwrap(); 31];
        let made = token_create(&self.store, &self.territory, wish, &JEANNE, Pin::of(b"root"), &random, self.now);
        made.await.unwrap().0
    }

    async fn join(&self, token: &Token, key: &IdentitySigner, serial: &str) -> Result<Joined> {
        let public = key.public().clone();
        let transcript = Transcript { nonce: b"nonce", csr: b"request", channel_binding: b"binding" };
        let signature = key.sign(&transcript.to_bytes()).unwrap();
        let proof = Proof {
            token: token.id,
            key: public.clone(),
            claims: Claims { serial: Some(serial.to_owned()), ..Claims::default() },
            transcript,
            signature: &signature,
            hmac: &token.key().proof(&transcript, &public),
        };
        let random = public.fingerprint().as_bytes()[..10].try_into().unwrap();
        enrol(&self.store, &self.territory, &Paper, &NoLoans, &proof, random, self.now).await
    }
}

/// No loan is made here whose days could matter.
struct NoLoans;

impl LocalDays for NoLoans {
    fn day_of(&self, _: Timestamp) -> Date {
        Date::default()
    }

    fn day_end(&self, _: Date) -> Timestamp {
        Timestamp::default()
    }
}

fn key() -> IdentitySigner {
    IdentitySigner::generate().unwrap().0
}

fn is_refused(result: &Result<Joined>) -> bool {
    matches!(result, Err(Error::Denied(text)) if text == REFUSED)
}

#[tokio::test]
async fn a_token_ends_with_its_time_and_its_devices_stay() {
    let mut world = World::new();
    let token = world.token(TokenKind::Kit, 3, &[]).await;
    let (first, second) = (key(), key());
    let joined = world.join(&token, &first, "A-1").await.unwrap();
    assert_eq!(joined.device.reason, Some(Reason::NotListed));
    world.now = world.now.after(TokenKind::Kit.life().0);
    assert!(is_refused(&world.join(&token, &second, "A-2").await));
    // Even the first may not repeat its finish any more: its answer was lost three days ago.
    assert!(is_refused(&world.join(&token, &first, "A-1").await));
    let (open, _) = token_list(world.store.as_ref(), &world.territory, &Reach::territory(), false, "", 10, world.now)
        .await
        .unwrap();
    assert!(open.is_empty());
    assert!(device_find(world.store.as_ref(), &world.territory, &Reach::territory(), "a-1").await.is_ok());
}

#[tokio::test]
async fn a_repeated_finish_finds_its_device_until_it_is_revoked() {
    let world = World::new();
    let token = world.token(TokenKind::Unit, 1, &[]).await;
    let own = key();
    let first = world.join(&token, &own, "A-1").await.unwrap().device;
    assert_eq!(world.join(&token, &own, "A-1").await.unwrap().device.id, first.id);
    assert!(is_refused(&world.join(&token, &key(), "A-2").await));
    let decided =
        device_decide(&world.store, &world.territory, first.id, JoinState::Revoked, &JEANNE, "lost", world.now);
    assert_eq!(decided.await.unwrap().state, JoinState::Revoked);
    assert!(is_refused(&world.join(&token, &own, "A-1").await));
    let revived =
        device_decide(&world.store, &world.territory, first.id, JoinState::Active, &JEANNE, "found", world.now);
    assert!(matches!(revived.await, Err(Error::Invalid(_))));
    assert!(audit_verify(&world.store, &world.territory, Tip::default(), None).await.unwrap().unwrap().length >= 4);
}

#[tokio::test]
async fn ten_bad_proofs_lock_and_a_revoked_token_is_no_token() {
    let world = World::new();
    let token = world.token(TokenKind::Unit, 1, &[]).await;
    let mut random = [9; 31];
    random[30] = 1;
    let mut stranger = Token::new(&random, token.pin);
    stranger.id = token.id;
    for n in 0..FAILURES_MAX {
        assert!(is_refused(&world.join(&stranger, &key(), "A-1").await), "{n}");
    }
    assert!(is_refused(&world.join(&token, &key(), "A-1").await));
    let other = world.token(TokenKind::Kit, 2, &["B-1"]).await;
    token_revoke(&world.store, &world.territory, &Reach::territory(), other.id, &JEANNE, "", world.now).await.unwrap();
    assert!(is_refused(&world.join(&other, &key(), "B-1").await));
}

#[tokio::test]
async fn the_same_serial_twice_waits_for_a_person() {
    let world = World::new();
    let token = world.token(TokenKind::Kit, 4, &["C-1"]).await;
    let first = world.join(&token, &key(), "C-1").await.unwrap().device;
    assert_eq!((first.state, first.reason), (JoinState::Active, None));
    let second = world.join(&token, &key(), "c-1").await.unwrap().device;
    assert_eq!((second.state, second.reason), (JoinState::Quarantined, Some(Reason::SameSerial)));
    assert!(matches!(
        device_find(world.store.as_ref(), &world.territory, &Reach::territory(), "C-1").await,
        Err(Error::Invalid(_))
    ));
}

/// The store in memory, giving way before each call: between any two steps of one caller the others take theirs.
struct Crowded(Memory);

#[tonic::async_trait]
impl Store for Crowded {
    async fn get(&self, key: &Key) -> Result<Option<Entry>> {
        tokio::task::yield_now().await;
        self.0.get(key).await
    }

    async fn scan(&self, scope: &Scope, after: &str, limit: usize) -> Result<Vec<(Key, Entry)>> {
        tokio::task::yield_now().await;
        self.0.scan(scope, after, limit).await
    }

    async fn commit(&self, batch: Batch) -> Result<Revision> {
        tokio::task::yield_now().await;
        self.0.commit(batch).await
    }

    async fn changes(&self, scope: &Scope, since: Revision, limit: usize) -> Result<Changes> {
        self.0.changes(scope, since, limit).await
    }

    async fn revision(&self) -> Result<Revision> {
        self.0.revision().await
    }

    fn epoch(&self) -> u32 {
        self.0.epoch()
    }
}

/// P6: one use of a token makes at most one device, whoever else uses it at the same moment.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sixty_four_uses_at_once_make_one_device_a_thousand_times() {
    const USES: usize = 64;
    let keys: Arc<Vec<IdentitySigner>> = Arc::new((0..USES).map(|_| key()).collect());
    for round in 0..1_000 {
        let world = Arc::new(World { store: Arc::new(Crowded(Memory::new())), ..World::new() });
        let token = world.token(TokenKind::Unit, 1, &[]).await;
        let mut uses = JoinSet::new();
        for n in 0..USES {
            let (world, keys, token) = (Arc::clone(&world), Arc::clone(&keys), token.clone());
            uses.spawn(async move { world.join(&token, &keys[n], &format!("A-{n}")).await });
        }
        let uses = uses.join_all().await;
        let (joined, refused): (Vec<_>, Vec<_>) = uses.into_iter().partition(Result::is_ok);
        assert_eq!(joined.len(), 1, "round {round}");
        assert!(refused.iter().all(is_refused), "round {round}: {refused:?}");
        let devices = DEVICES.page(world.store.as_ref(), &DEVICES.scope(&world.territory, ""), "", 10).await.unwrap();
        assert_eq!(devices.len(), 1, "round {round}");
        let (tokens, _) =
            token_list(world.store.as_ref(), &world.territory, &Reach::territory(), true, "", 10, world.now)
                .await
                .unwrap();
        assert_eq!(tokens[0].used, 1, "round {round}");
    }
}

/// The same for a new identity of a device that is known: it gets one, not one after another.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sixty_four_new_identities_at_once_are_one() {
    const USES: usize = 64;
    let keys: Arc<Vec<IdentitySigner>> = Arc::new((0..=USES).map(|_| key()).collect());
    for round in 0..100 {
        let world = Arc::new(World { store: Arc::new(Crowded(Memory::new())), ..World::new() });
        let unit = world.token(TokenKind::Unit, 1, &[]).await;
        let device = world.join(&unit, &keys[USES], "A-1").await.unwrap().device.id;
        let token = world.token_for(TokenKind::ReEnrol, 1, &[], Some(device)).await;
        let mut uses = JoinSet::new();
        for n in 0..USES {
            let (world, keys, token) = (Arc::clone(&world), Arc::clone(&keys), token.clone());
            uses.spawn(async move { world.join(&token, &keys[n], "A-1").await });
        }
        let (joined, refused): (Vec<_>, Vec<_>) = uses.join_all().await.into_iter().partition(Result::is_ok);
        assert_eq!(joined.len(), 1, "round {round}");
        assert!(refused.iter().all(is_refused), "round {round}: {refused:?}");
        let joined = joined.into_iter().next().unwrap().unwrap().device;
        assert_eq!((joined.id, joined.identity_generation), (device, 2));
        let all = IDENTITIES.page(world.store.as_ref(), &IDENTITIES.scope(&world.territory, ""), "", 10).await.unwrap();
        assert_eq!(
            all.iter().map(|row| row.id.clone()).collect::<Vec<_>>(),
            [joined.identity_key.fingerprint().to_string()]
        );
    }
}
