//! `Recovery`: the way back for a device whose certificate has ended or whose clock is wrong.
//!
//! Whoever shows no certificate is one of a bounded number of strangers (`listen`). Nothing is kept of a call before the identity
//! key is proven: no challenge waits in memory, no name that a caller may have invented is noted.

use crate::caller::binding_of;
use crate::device::busy;
use crate::random;
use crate::shared::Shared;
use crate::status::{convert_status, invalid, status};
use controlplane_core::Error;
use controlplane_core::audit::Author;
use controlplane_core::device::DEVICES;
use controlplane_core::recover::{Asked, Proven, Recovered, recover, recovery_prove};
use identity::challenge::ChallengeKey;
use identity::csr::{REQUEST_BYTES_MAX, request_point};
use identity::issue::renewal_window;
use model::device::JoinState;
use model::digest::Digest;
use model::recovery::{NONCE_BYTES, RecoveryTranscript, ServerTime};
use model::time::Timestamp;
use std::sync::Arc;
use std::time::Duration;
use tonic::{Request, Response, Status};
use wire::convert::device_id;
use wire::v1::recovery_server::{Recovery, RecoveryServer};
use wire::v1::{
    RecoveryFinishRequest, RecoveryFinishResponse, RecoveryStartRequest, RecoveryStartResponse, TimeRequest,
    TimeResponse,
};

/// A challenge holds for so long.
const CHALLENGE_LIFE: Duration = Duration::from_secs(120);
/// As many check-ins as a recovery is worth: it signs, and writes durably.
const COST: u64 = 10;
/// The largest message, in bytes: a certificate request and a few short fields.
const MESSAGE_BYTES_MAX: usize = 8 * 1024;
/// The longest ASN.1 ECDSA signature on P-256, in bytes (two integers of at most 33).
const SIGNATURE_BYTES_MAX: usize = 72;

/// The recovery service.
pub(crate) struct RecoveryService {
    shared: Arc<Shared>,
    challenges: ChallengeKey,
}

impl RecoveryService {
    /// The service, with its message limit.
    ///
    /// # Errors
    /// `Unavailable` when the system gives no randomness.
    pub(crate) fn server(shared: Arc<Shared>) -> controlplane_core::Result<RecoveryServer<Self>> {
        let challenges = ChallengeKey::new(&random::bytes()?);
        Ok(RecoveryServer::new(Self { shared, challenges }).max_decoding_message_size(MESSAGE_BYTES_MAX))
    }

    /// Whether a challenge is one of this run, and not too old.
    fn challenge_check(&self, said: &RecoveryFinishRequest, now: Timestamp) -> Result<(), Status> {
        let made = self.challenges.made(&said.challenge, &said.nonce);
        made.filter(|made| now.since(*made) < CHALLENGE_LIFE).map(|_| ()).ok_or_else(|| {
            Status::failed_precondition("the challenge is unknown or older than two minutes; start again")
        })
    }
}

#[tonic::async_trait]
impl Recovery for RecoveryService {
    async fn time(&self, request: Request<TimeRequest>) -> Result<Response<TimeResponse>, Status> {
        let shared = self.shared.as_ref();
        let nonce = request.into_inner().nonce;
        let nonce: [u8; NONCE_BYTES] = nonce.try_into().map_err(|_| invalid("the nonce is 32 bytes"))?;
        let time = ServerTime { nonce, at: shared.clock.now(), territory: shared.territory().clone() };
        let ca = shared.ca();
        let time = Some((&ca.time_sign(&time)).into());
        Ok(Response::new(TimeResponse { time, trust: Some(ca.trust.clone()) }))
    }

    async fn start(&self, _: Request<RecoveryStartRequest>) -> Result<Response<RecoveryStartResponse>, Status> {
        let now = self.shared.clock.now();
        let nonce: [u8; NONCE_BYTES] = random::bytes().map_err(status)?;
        Ok(Response::new(RecoveryStartResponse {
            challenge: self.challenges.challenge(&nonce, now),
            nonce: nonce.to_vec(),
            server_unix_ms: now.unix_millis(),
        }))
    }

    async fn finish(
        &self,
        request: Request<RecoveryFinishRequest>,
    ) -> Result<Response<RecoveryFinishResponse>, Status> {
        let shared = self.shared.as_ref();
        let binding = binding_of(&request)?;
        let said = request.into_inner();
        let now = shared.clock.now();
        if said.csr.len() > REQUEST_BYTES_MAX {
            return Err(invalid("the certificate request is too large"));
        }
        if said.signature.len() > SIGNATURE_BYTES_MAX {
            return Err(invalid("the signature is too large"));
        }
        let device = device_id(&said.device).map_err(convert_status)?;
        let key = Digest::of(&request_point(&said.csr).map_err(invalid)?);
        self.challenge_check(&said, now)?;
        let transcript = RecoveryTranscript {
            nonce: &said.nonce,
            device,
            generation: said.identity_generation,
            csr: &said.csr,
            channel_binding: binding.as_bytes(),
        };
        let asked = Asked { key, transcript, signature: &said.signature };
        let began = shared.clock.ticks();
        let proven = match recovery_prove(shared.store.as_ref(), shared.territory(), &asked).await {
            Ok(proven) => proven,
            Err(error) => {
                let refused = refuse(shared, &asked, error).await;
                shared.refusal_wait(began).await;
                return Err(refused);
            }
        };
        let recovered = certified(shared, &proven, &asked, now).await?;
        let quarantined = recovered.device.state == JoinState::Quarantined;
        tracing::info!(%device, quarantined, "a device has found back");
        let (from, until) = renewal_window(recovered.certificate.until);
        Ok(Response::new(RecoveryFinishResponse {
            server_unix_ms: now.unix_millis(),
            chain: recovered.chain,
            renew_from_unix_ms: from.unix_millis(),
            renew_until_unix_ms: until.unix_millis(),
            trust: Some(shared.ca().trust.clone()),
            quarantined,
        }))
    }
}

async fn certified(shared: &Shared, proven: &Proven, asked: &Asked<'_>, now: Timestamp) -> Result<Recovered, Status> {
    let device = asked.transcript.device;
    // Asking is no contact: only a check-in is.
    let heard = shared.live.heard(device).map(|(at, _)| at);
    let limits = &shared.config.limits;
    if !shared.live.spend(device, COST, now, limits.device_burst, limits.device_calls_per_minute) {
        return Err(busy());
    }
    let recovered = recover(&shared.store, shared.territory(), shared.ca().as_ref(), proven, asked, heard, now).await;
    recovered.map_err(shared.refuse(Author::Rule("recovery".to_owned()), "device_recover", &device.to_string()))
}

/// A refusal, counted under the device's name if there is such a device: others a caller may invent without end.
async fn refuse(shared: &Shared, asked: &Asked<'_>, error: Error) -> Status {
    let device = asked.transcript.device.to_string();
    let known = DEVICES.get(shared.store.as_ref(), shared.territory(), device.clone()).await.ok().flatten();
    let subject = known.map_or_else(String::new, |_| device);
    shared.refuse(Author::Rule("recovery".to_owned()), "device_recover", &subject)(error)
}
