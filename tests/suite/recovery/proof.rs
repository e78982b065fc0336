//! The exchange on the wire: what lets a device in, what makes it wait, and everything that must not pass.

use controlplane_core::device::{Decision, Reason};
use identity::caller::certificate_read;
use identity::csr::{key_make, request_make};
use identity::tls::{self, Anchor, Dates};
use model::device::JoinState;
use model::digest::Digest;
use model::id::DeviceId;
use model::recovery::RecoveryTranscript;
use model::section::{Sections, sections_root};
use std::time::Duration;
use tests::caller::{Attempt, TestDevice, connect};
use tests::world::{DAY, World};
use tonic::transport::Channel;
use tonic::{Code, Status};
use wire::v1::device_client::DeviceClient;
use wire::v1::enrolment_client::EnrolmentClient;
use wire::v1::recovery_client::RecoveryClient;
use wire::v1::{
    CheckInRequest, CheckInResponse, RecoveryFinishRequest, RecoveryFinishResponse, RecoveryStartRequest,
    RecoveryStartResponse,
};

/// A device that joined in the world.
pub(crate) struct Joined {
    id: DeviceId,
    device: TestDevice,
}

pub(crate) async fn joined(world: &World) -> Joined {
    let token = world.token().await;
    let attempt = Attempt::new(&token, &format!("PF-{}", token.id));
    let config = tls::enrolling(attempt.token.pin, world.clock.clone()).unwrap();
    let mut client = EnrolmentClient::new(connect(world.port, config).await.unwrap());
    let challenge = attempt.start(&mut client).await.unwrap();
    let answer = client.finish(attempt.finish(&world.leaf(), &challenge)).await.unwrap().into_inner();
    let id = uuid::Uuid::from_slice(&answer.device).unwrap().to_string().parse().unwrap();
    let Attempt { signer, key_pem, .. } = attempt;
    Joined { id, device: TestDevice { signer, key_pem, chain: answer.chain.clone(), answer } }
}

async fn client(world: &World) -> RecoveryClient<Channel> {
    let config = tls::anonymous(Anchor::Root(world.root()), Dates::Judged, world.clock.clone()).unwrap();
    RecoveryClient::new(connect(world.port, config).await.unwrap())
}

async fn challenge(world: &World) -> RecoveryStartResponse {
    client(world).await.start(RecoveryStartRequest {}).await.unwrap().into_inner()
}

async fn finish(world: &World, said: RecoveryFinishRequest) -> Result<RecoveryFinishResponse, Status> {
    client(world).await.finish(said).await.map(tonic::Response::into_inner)
}

impl Joined {
    /// What an honest device says.
    fn proof(&self, world: &World, challenge: &RecoveryStartResponse, key_pem: &str) -> RecoveryFinishRequest {
        self.proof_of(self.id, 1, &world.leaf(), challenge, key_pem)
    }

    fn proof_of(
        &self,
        device: DeviceId,
        generation: u32,
        leaf: &[u8],
        challenge: &RecoveryStartResponse,
        key_pem: &str,
    ) -> RecoveryFinishRequest {
        let csr = request_make(key_pem).unwrap();
        let binding = Digest::of(leaf);
        let transcript = RecoveryTranscript {
            nonce: &challenge.nonce,
            device,
            generation,
            csr: &csr,
            channel_binding: binding.as_bytes(),
        };
        let signature = self.device.signer.sign(&transcript.to_bytes()).unwrap();
        RecoveryFinishRequest {
            challenge: challenge.challenge.clone(),
            nonce: challenge.nonce.clone(),
            device: device.as_bytes().to_vec(),
            identity_generation: generation,
            csr,
            signature,
        }
    }

    pub(crate) async fn recovered(&self, world: &World) -> Result<(RecoveryFinishResponse, String), Status> {
        let key_pem = key_make().unwrap();
        let answer = finish(world, self.proof(world, &challenge(world).await, &key_pem)).await?;
        Ok((answer, key_pem))
    }

    /// A check-in with what a recovery gave.
    async fn check_in(
        &self,
        world: &World,
        (given, key_pem): &(RecoveryFinishResponse, String),
    ) -> Result<CheckInResponse, Status> {
        let config = tls::client(&world.root(), given.chain.clone(), key_pem, world.clock.clone()).unwrap();
        let request = CheckInRequest {
            boot: vec![7; 16],
            sections_root: sections_root(&Sections::new()).as_bytes().to_vec(),
            agent_version: "0.0.0-test".to_owned(),
            ..CheckInRequest::default()
        };
        let mut client = DeviceClient::new(connect(world.port, config).await.unwrap());
        client.check_in(request).await.map(tonic::Response::into_inner)
    }
}

fn refused<T: std::fmt::Debug>(answer: Result<T, Status>, code: Code, words: &str) {
    let status = answer.unwrap_err();
    assert_eq!(status.code(), code, "{status:?}");
    assert!(status.message().contains(words), "{status:?}");
}

#[tokio::test]
async fn by_its_identity_key_alone_a_device_gets_a_certificate_that_is_in_force_when_it_was_used() {
    let mut world = World::new().await;
    let joined = joined(&world).await;
    world.clock.forward(40 * DAY);
    let given = joined.recovered(&world).await.unwrap();
    assert!(!given.0.quarantined);
    let serial = certificate_read(&given.0.chain[0]).unwrap().serial;
    let record = world.record(joined.id).await;
    assert_eq!(record.candidate.unwrap().serial, serial);
    assert_ne!(record.certificate.serial, serial);
    assert!(!joined.check_in(&world, &given).await.unwrap().quarantined);
    let record = world.record(joined.id).await;
    assert_eq!((record.certificate.serial, record.candidate), (serial, None));
    let audit = world.audit().await;
    assert_eq!(audit.matches("\"device_recover\"").count(), 1, "{audit}");
    assert_eq!(audit.matches("\"certificate_switch\"").count(), 1, "{audit}");
}

#[tokio::test]
async fn a_proof_passes_once_on_the_connection_it_was_made_for_and_for_what_it_says() {
    let world = World::new().await;
    let joined = joined(&world).await;
    world.clock.forward(40 * DAY);
    let key_pem = key_make().unwrap();
    let challenge = challenge(&world).await;
    let honest = joined.proof(&world, &challenge, &key_pem);
    // Relayed by another server, which has a certificate of its own.
    let relayed = joined.proof_of(joined.id, 1, b"another server", &challenge, &key_pem);
    let other_csr = RecoveryFinishRequest { csr: request_make(&key_make().unwrap()).unwrap(), ..honest.clone() };
    let other_generation = RecoveryFinishRequest { identity_generation: 2, ..honest.clone() };
    let unsigned = RecoveryFinishRequest { signature: Vec::new(), ..honest.clone() };
    for bad in [relayed, other_csr, other_generation, unsigned] {
        refused(finish(&world, bad).await, Code::PermissionDenied, "not known here");
    }
    // A challenge of nobody, another's nonce, one that is too old.
    let invented = RecoveryFinishRequest { challenge: vec![0; 40], ..honest.clone() };
    let moved = RecoveryFinishRequest { nonce: vec![0; 32], ..honest.clone() };
    for bad in [invented, moved] {
        refused(finish(&world, bad).await, Code::FailedPrecondition, "start again");
    }
    // The answer was lost: the same again gives another certificate for the same key, and counts once.
    let lost = finish(&world, honest.clone()).await.unwrap();
    world.clock.forward(Duration::from_secs(2));
    let given = finish(&world, honest.clone()).await.unwrap();
    assert_eq!(world.record(joined.id).await.recoveries.len(), 1);
    refused(joined.check_in(&world, &(lost, key_pem.clone())).await, Code::PermissionDenied, "replaced by a newer one");
    joined.check_in(&world, &(given, key_pem)).await.unwrap();
    // Replayed once its certificate was used, within the life of the challenge and after it.
    refused(finish(&world, honest.clone()).await, Code::FailedPrecondition, "given and used");
    world.clock.forward(Duration::from_secs(121));
    refused(finish(&world, honest).await, Code::FailedPrecondition, "start again");
}

#[tokio::test]
async fn an_unknown_device_and_a_wrong_key_are_told_the_same_and_counted_without_inventing_names() {
    let mut world = World::new().await;
    let (one, other) = (joined(&world).await, joined(&world).await);
    let unknown = DeviceId::new(world.now(), [9; 10]);
    let challenge = challenge(&world).await;
    let key_pem = key_make().unwrap();
    let mut told = Vec::new();
    for device in [other.id, unknown] {
        let said = one.proof_of(device, 1, &world.leaf(), &challenge, &key_pem);
        let status = finish(&world, said).await.unwrap_err();
        told.push((status.code(), status.message().to_owned()));
    }
    assert_eq!(told[0], told[1]);
    assert_eq!(told[0].0, Code::PermissionDenied);
    assert_eq!(world.record(other.id).await.candidate, None);
    let audit = world.audit().await;
    let refusals: Vec<_> = audit.lines().filter(|line| line.contains("\"device_recover\"")).collect();
    assert_eq!(refusals.len(), 2, "{audit}");
    assert!(refusals.iter().all(|line| line.contains("\"refused\":true")), "{audit}");
    assert!(audit.contains(&format!("\"device_recover\",\"subject\":\"{}\"", other.id)), "{audit}");
    assert!(!audit.contains(&unknown.to_string()), "{audit}");
}

#[tokio::test]
async fn what_is_outside_the_limits_waits_for_a_person_and_works_then() {
    let mut world = World::new().await;
    let lost = joined(&world).await;
    world.decide(lost.id, Decision::Lost).await;
    let old = joined(&world).await;
    let generation = joined(&world).await;
    let revoked = joined(&world).await;
    world.decide(revoked.id, JoinState::Revoked).await;
    let often = joined(&world).await;
    for _ in 0..3 {
        world.clock.forward(31 * DAY);
        let given = often.recovered(&world).await.unwrap();
        assert!(!given.0.quarantined);
        often.check_in(&world, &given).await.unwrap();
    }
    world.clock.forward(31 * DAY);
    let fourth = often.recovered(&world).await.unwrap();
    let lost_one = lost.recovered(&world).await.unwrap();
    refused(revoked.recovered(&world).await, Code::PermissionDenied, "revoked");
    let key_pem = key_make().unwrap();
    let said = generation.proof_of(generation.id, 2, &world.leaf(), &challenge(&world).await, &key_pem);
    let other_generation = (finish(&world, said).await.unwrap(), key_pem);
    world.clock.forward((401 - 4 * 31) * DAY);
    world.server_certificate_renew().await;
    let late = old.recovered(&world).await.unwrap();
    let fourth_again = often.recovered(&world).await.unwrap();
    assert!(fourth.0.quarantined && fourth_again.0.quarantined);
    let waiting = [
        (&lost, lost_one, Reason::Lost),
        (&generation, other_generation, Reason::Generation),
        (&old, late, Reason::TooLongAway),
        (&often, fourth_again, Reason::TooManyRecoveries),
    ];
    for (device, given, reason) in waiting {
        assert!(given.0.quarantined, "{reason:?}");
        let record = world.record(device.id).await;
        assert_eq!((record.state, record.reason), (JoinState::Quarantined, Some(reason)));
        // The first two certificates have ended by now, too: given again, and it still waits.
        let given = device.recovered(&world).await.unwrap();
        assert!(device.check_in(&world, &given).await.unwrap().quarantined);
        world.decide(device.id, JoinState::Active).await;
        assert!(!device.check_in(&world, &given).await.unwrap().quarantined, "{reason:?}");
        assert_eq!(world.record(device.id).await.reason, None);
    }
    let audit = world.audit().await;
    for why in ["too_long_away", "too_many_recoveries", "generation", "lost"] {
        assert!(audit.contains(&format!("\"why\":\"{why}\"")), "{why}: {audit}");
    }
    assert!(audit.contains("\"device_lost\"") && audit.contains("\"device_approve\""), "{audit}");
}

#[tokio::test]
async fn what_is_too_large_or_no_request_is_said_before_anything_is_looked_up() {
    let world = World::new().await;
    let joined = joined(&world).await;
    let honest = joined.proof(&world, &challenge(&world).await, &key_make().unwrap());
    let bad = [
        (RecoveryFinishRequest { csr: vec![0; 5_000], ..honest.clone() }, "too large"),
        (RecoveryFinishRequest { csr: vec![0; 50], ..honest.clone() }, "not valid"),
        (RecoveryFinishRequest { signature: vec![0; 73], ..honest.clone() }, "too large"),
        (RecoveryFinishRequest { device: vec![0; 15], ..honest.clone() }, "device"),
    ];
    for (said, words) in bad {
        refused(finish(&world, said).await, Code::InvalidArgument, words);
    }
    let huge = RecoveryFinishRequest { challenge: vec![0; 9_000], ..honest };
    assert!(finish(&world, huge).await.is_err());
    let mut client = client(&world).await;
    let short = client.time(wire::v1::TimeRequest { nonce: vec![1; 31] }).await;
    refused(short, Code::InvalidArgument, "32 bytes");
}

#[tokio::test]
async fn the_time_is_signed_over_the_callers_nonce() {
    use model::recovery::ServerTime;
    use model::signed::Signed;
    let world = World::new().await;
    let mut client = client(&world).await;
    let answer = client.time(wire::v1::TimeRequest { nonce: vec![5; 32] }).await.unwrap().into_inner();
    let trust = wire::convert::trust_decode(&answer.trust.unwrap().payload).unwrap();
    let signed = Signed::<ServerTime>::try_from(answer.time.unwrap()).unwrap();
    let time = wire::convert::time_decode(signed.bytes(&trust.online).unwrap()).unwrap();
    assert_eq!(time, ServerTime { nonce: [5; 32], at: world.now(), territory: world.territory.clone() });
    // Nothing else that this key signs can be taken for a time.
    let (bytes, key, signature) = signed.parts();
    let head = Signed::<model::desired::Head>::from_parts(bytes.clone(), *key, signature.clone());
    assert!(head.bytes(&trust.online).is_err());
}
