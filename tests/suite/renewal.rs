//! Renewal against a real server whose clock is moved by hand: two phases, proof of the identity key, replaced certificates.

use controlplane::clock::Clock;
use controlplane::config::Config;
use controlplane::folder::Folder;
use controlplane::init::{Wish, init};
use controlplane::{Server, ca::Ca};
use controlplane_core::audit::{AUDIT, Person};
use controlplane_core::device::{Device, device_decide, device_get};
use controlplane_core::memory::Memory;
use controlplane_core::role::Role;
use controlplane_core::store::{PAGE_MAX, Scope, SharedStore};
use controlplane_core::token::{TokenKind, TokenWish, token_create};
use identity::caller::certificate_read;
use identity::csr::{key_make, request_make};
use identity::key::IdentitySigner;
use identity::tls;
use model::device::JoinState;
use model::digest::Digest;
use model::id::{DeviceId, TerritoryId};
use model::renewal::RenewalTranscript;
use model::section::{Sections, sections_root};
use model::time::Timestamp;
use model::token::Token;
use rustls::pki_types::UnixTime;
use rustls::time_provider::TimeProvider;
use std::sync::Arc;
use std::time::Duration;
use tests::caller::{Attempt, connect, server_leaf};
use tokio::sync::{oneshot, watch};
use tonic::transport::Channel;
use tonic::{Code, Status};
use wire::v1::device_client::DeviceClient;
use wire::v1::enrolment_client::EnrolmentClient;
use wire::v1::{CheckInRequest, CheckInResponse, RenewRequest, RenewResponse};

pub(super) const DAY: Duration = Duration::from_secs(86_400);
const START: Timestamp = Timestamp::from_unix_seconds(1_795_000_000);

/// A clock moved by hand.
#[derive(Debug)]
pub(super) struct HandClock(watch::Sender<Duration>);

impl HandClock {
    pub(super) fn forward(&self, by: Duration) {
        self.0.send_modify(|at| *at += by);
    }
}

#[tonic::async_trait]
impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        START.after(*self.0.borrow())
    }

    fn ticks(&self) -> Duration {
        *self.0.borrow()
    }

    async fn sleep(&self, while_: Duration) {
        // What a refusal waits for on purpose is no matter here; holds and upkeep wait for the hand.
        if while_ <= Duration::from_secs(1) {
            return;
        }
        let mut at = self.0.subscribe();
        let end = at.borrow().saturating_add(while_);
        let _ = at.wait_for(|at| *at >= end).await;
    }
}

/// The device's time, by which it judges the server.
impl TimeProvider for HandClock {
    fn current_time(&self) -> Option<UnixTime> {
        let seconds = u64::try_from(Clock::now(self).unix_seconds()).ok()?;
        Some(UnixTime::since_unix_epoch(Duration::from_secs(seconds)))
    }
}

pub(super) fn admin() -> Person {
    Person { name: "admin".to_owned(), role: Role::Admin }
}

/// A server in this process.
pub(super) struct World {
    folder: tempfile::TempDir,
    pub(super) clock: Arc<HandClock>,
    pub(super) store: SharedStore,
    pub(super) territory: TerritoryId,
    pub(super) token: Token,
    port: u16,
    stop: Option<oneshot::Sender<()>>,
    running: tokio::task::JoinHandle<()>,
}

impl World {
    pub(super) async fn new() -> Self {
        let temporary = tempfile::tempdir().unwrap();
        let clock = Arc::new(HandClock(watch::Sender::new(Duration::ZERO)));
        let territory: TerritoryId = "doubs".parse().unwrap();
        let wish = Wish {
            territory: territory.clone(),
            listen: "127.0.0.1:0".parse().unwrap(),
            names: vec!["localhost".to_owned()],
            operator: "admin".to_owned(),
        };
        let folder: Folder = init(&temporary.path().join("data"), &wish, START).unwrap();
        let store: SharedStore = Arc::new(Memory::new());
        let config = Config::read(&folder).unwrap();
        let pin = Ca::read(&folder, &territory).unwrap().pin;
        let wish = TokenWish {
            kind: TokenKind::Unit,
            uses: 1,
            life: None,
            school: None,
            owner: None,
            kit: None,
            serials: Vec::new(),
            device: None,
            note: String::new(),
        };
        let (token, _) = token_create(&store, &territory, wish, &admin(), pin, &[7; 31], START).await.unwrap();
        let server = Server::build(config, &folder, store.clone(), clock.clone()).await.unwrap();
        let port = server.address().unwrap().port();
        let (stop, stopped) = oneshot::channel::<()>();
        let running = tokio::spawn(async move {
            server.run(async { stopped.await.unwrap_or(()) }).await.unwrap();
        });
        Self { folder: temporary, clock, store, territory, token, port, stop: Some(stop), running }
    }

    fn leaf(&self) -> Vec<u8> {
        server_leaf(&self.folder.path().join("data"))
    }

    pub(super) async fn enrol(&self) -> Held {
        self.enrol_times(1).await.remove(0)
    }

    /// A finish said so many times; what each answer gave.
    async fn enrol_times(&self, times: u32) -> Vec<Held> {
        self.join(Attempt::new(&self.token, "PF-1"), times).await.unwrap()
    }

    /// The same with this token, identity and claims.
    pub(super) async fn join(&self, attempt: Attempt, times: u32) -> Result<Vec<Held>, Status> {
        let config = tls::enrolling(attempt.token.pin, self.clock.clone()).unwrap();
        let mut client = EnrolmentClient::new(connect(self.port, config).await.unwrap());
        let challenge = attempt.start(&mut client).await.unwrap();
        let finish = attempt.finish(&self.leaf(), &challenge);
        let signer = attempt.signer;
        let mut given = Vec::new();
        for _ in 0..times {
            let answer = client.finish(finish.clone()).await?.into_inner();
            let id = uuid::Uuid::from_slice(&answer.device).unwrap().to_string().parse().unwrap();
            given.push(Held { id, signer: signer.clone(), key_pem: attempt.key_pem.clone(), chain: answer.chain });
            self.clock.forward(Duration::from_secs(2));
        }
        Ok(given)
    }

    async fn client(&self, held: &Held) -> DeviceClient<Channel> {
        let root = held.chain.last().unwrap();
        let config = tls::client(root, held.chain.clone(), &held.key_pem, self.clock.clone()).unwrap();
        DeviceClient::new(connect(self.port, config).await.unwrap())
    }

    pub(super) async fn check_in(&self, held: &Held) -> Result<CheckInResponse, Status> {
        self.check_in_from(held, 7).await
    }

    /// The same from a boot of this name.
    pub(super) async fn check_in_from(&self, held: &Held, boot: u8) -> Result<CheckInResponse, Status> {
        let request = CheckInRequest {
            boot: vec![boot; 16],
            sections_root: sections_root(&Sections::new()).as_bytes().to_vec(),
            agent_version: "0.0.0-test".to_owned(),
            ..CheckInRequest::default()
        };
        self.client(held).await.check_in(request).await.map(tonic::Response::into_inner)
    }

    pub(super) async fn renew(&self, held: &Held, request: RenewRequest) -> Result<RenewResponse, Status> {
        self.client(held).await.renew(request).await.map(tonic::Response::into_inner)
    }

    /// What an honest device asks, with the next TLS key.
    pub(super) fn request(&self, held: &Held, key_pem: &str) -> RenewRequest {
        let csr = request_make(key_pem).unwrap();
        let binding = Digest::of(&self.leaf());
        let serial = held.serial();
        let transcript = RenewalTranscript { serial: &serial, csr: &csr, channel_binding: binding.as_bytes() };
        RenewRequest { signature: held.signer.sign(&transcript.to_bytes()).unwrap(), csr }
    }

    pub(super) async fn renewed(&self, held: &Held) -> Held {
        let key_pem = key_make().unwrap();
        let answer = self.renew(held, self.request(held, &key_pem)).await.unwrap();
        held.with(key_pem, answer.chain)
    }

    pub(super) async fn record(&self, held: &Held) -> Device {
        device_get(self.store.as_ref(), &self.territory, held.id).await.unwrap().value
    }

    /// The server stopped, which writes what it had yet to write; then how often each thing stands in the audit.
    pub(super) async fn audit(mut self) -> String {
        let _ = self.stop.take().unwrap().send(());
        self.running.await.unwrap();
        let scope = Scope { territory: self.territory.clone(), tables: vec![AUDIT], prefix: String::new() };
        let page = self.store.scan(&scope, "", PAGE_MAX).await.unwrap();
        page.iter().map(|(_, entry)| String::from_utf8_lossy(&entry.value).into_owned() + "\n").collect()
    }
}

/// What a device holds.
pub(super) struct Held {
    pub(super) id: DeviceId,
    pub(super) signer: Arc<IdentitySigner>,
    pub(super) key_pem: String,
    pub(super) chain: Vec<Vec<u8>>,
}

impl Held {
    pub(super) fn serial(&self) -> String {
        certificate_read(&self.chain[0]).unwrap().serial
    }

    pub(super) fn with(&self, key_pem: String, chain: Vec<Vec<u8>>) -> Self {
        Self { id: self.id, signer: self.signer.clone(), key_pem, chain }
    }
}

pub(super) fn refused<T: std::fmt::Debug>(answer: Result<T, Status>, code: Code, word: &str) {
    let status = answer.unwrap_err();
    assert_eq!(status.code(), code, "{status:?}");
    assert!(status.message().contains(word), "{status:?}");
}

#[tokio::test]
async fn both_certificates_work_until_the_new_one_was_used_and_then_the_old_one_is_refused() {
    let world = World::new().await;
    let old = world.enrol().await;
    world.check_in(&old).await.unwrap();
    world.clock.forward(16 * DAY);
    let new = world.renewed(&old).await;
    assert_ne!(old.serial(), new.serial());
    // A power cut before the switch is not a clone.
    world.check_in(&old).await.unwrap();
    assert_eq!(world.record(&old).await.candidate.unwrap().serial, new.serial());
    world.check_in(&new).await.unwrap();
    let record = world.record(&old).await;
    assert_eq!((record.certificate.serial, record.candidate), (new.serial(), None));
    refused(world.check_in(&old).await, Code::PermissionDenied, "replaced by a newer one");
    let request = world.request(&old, &key_make().unwrap());
    refused(world.renew(&old, request).await, Code::PermissionDenied, "replaced by a newer one");
    world.check_in(&new).await.unwrap();
    // Past the old one's end.
    world.clock.forward(20 * DAY);
    world.check_in(&new).await.unwrap();
    let audit = world.audit().await;
    for verb in ["certificate_renew", "certificate_switch", "certificate_superseded"] {
        assert!(audit.contains(&format!("\"{verb}\"")), "{verb}: {audit}");
    }
}

#[tokio::test]
async fn of_a_finish_said_twice_both_answers_hold_until_the_second_was_used() {
    let world = World::new().await;
    let given = world.enrol_times(2).await;
    world.check_in(&given[0]).await.unwrap();
    world.check_in(&given[1]).await.unwrap();
    refused(world.check_in(&given[0]).await, Code::PermissionDenied, "replaced by a newer one");
}

#[tokio::test]
async fn only_the_identity_key_renews() {
    let world = World::new().await;
    let held = world.enrol().await;
    world.clock.forward(16 * DAY);
    let key_pem = key_make().unwrap();
    let honest = world.request(&held, &key_pem);
    let foreign = Held {
        signer: Arc::new(IdentitySigner::generate().unwrap().0),
        ..held.with(held.key_pem.clone(), held.chain.clone())
    };
    let by_foreign = world.request(&foreign, &key_pem);
    let unsigned = RenewRequest { signature: Vec::new(), ..honest.clone() };
    let other_key = RenewRequest { csr: request_make(&key_make().unwrap()).unwrap(), ..honest.clone() };
    for bad in [by_foreign, unsigned, other_key] {
        refused(world.renew(&held, bad).await, Code::PermissionDenied, "identity key");
    }
    let huge = RenewRequest { signature: vec![0; 73], ..honest.clone() };
    refused(world.renew(&held, huge).await, Code::InvalidArgument, "too large");
    let huge = RenewRequest { csr: vec![0; 5_000], ..honest.clone() };
    refused(world.renew(&held, huge).await, Code::InvalidArgument, "too large");
    assert_eq!(world.record(&held).await.candidate, None);
    world.renew(&held, honest).await.unwrap();
}

#[tokio::test]
async fn a_lost_answer_is_asked_for_again_and_the_last_one_counts() {
    let world = World::new().await;
    let held = world.enrol().await;
    world.clock.forward(16 * DAY);
    let key_pem = key_make().unwrap();
    let request = world.request(&held, &key_pem);
    let lost = world.renew(&held, request.clone()).await.unwrap();
    world.clock.forward(Duration::from_secs(60));
    let answer = world.renew(&held, request.clone()).await.unwrap();
    let (lost, new) = (held.with(key_pem.clone(), lost.chain), held.with(key_pem, answer.chain));
    refused(world.check_in(&lost).await, Code::PermissionDenied, "replaced by a newer one");
    world.check_in(&new).await.unwrap();
    // What was signed for the old certificate is nothing for the new one.
    world.clock.forward(16 * DAY);
    refused(world.renew(&new, request).await, Code::PermissionDenied, "identity key");
}

#[tokio::test]
async fn too_early_or_revoked_nothing_is_renewed_and_in_quarantine_it_is() {
    let world = World::new().await;
    let held = world.enrol().await;
    world.clock.forward(13 * DAY);
    let request = world.request(&held, &key_make().unwrap());
    refused(world.renew(&held, request.clone()).await, Code::InvalidArgument, "too early");
    world.clock.forward(3 * DAY);
    let decide = async |state| {
        let now = world.clock.now();
        device_decide(&world.store, &world.territory, held.id, state, &admin(), "a test", now).await.unwrap();
    };
    decide(JoinState::Quarantined).await;
    let new = world.renewed(&held).await;
    decide(JoinState::Revoked).await;
    refused(world.renew(&held, request).await, Code::PermissionDenied, "revoked");
    // Its candidate is no way back.
    refused(world.check_in(&new).await, Code::PermissionDenied, "revoked");
}

/// Two for each certificate, the answer to the first being lost: the authority itself lives for three years only.
#[tokio::test]
async fn a_hundred_renewals_in_a_row() {
    let world = World::new().await;
    let mut held = world.enrol().await;
    for _ in 0..50 {
        world.clock.forward(16 * DAY);
        let key_pem = key_make().unwrap();
        // In two years the server renews its own certificate too; a request bound to the one before is refused.
        let asked = async {
            loop {
                let request = world.request(&held, &key_pem);
                if world.renew(&held, request.clone()).await.is_ok()
                    && let Ok(answer) = world.renew(&held, request).await
                {
                    break answer.chain;
                }
                tokio::task::yield_now().await;
            }
        };
        let chain = tokio::time::timeout(Duration::from_secs(120), asked).await.unwrap();
        held = held.with(key_pem, chain);
        world.check_in(&held).await.unwrap();
    }
    let record = world.record(&held).await;
    assert_eq!((record.certificate.serial, record.candidate), (held.serial(), None));
    assert_eq!(world.audit().await.matches("\"certificate_switch\"").count(), 50);
}
