//! `Enrolment`: challenge and proof.

use crate::ca::Ca;
use crate::caller::binding_of;
use crate::live::Seat;
use crate::ruling::Encoded;
use crate::shared::Shared;
use crate::status::invalid;
use crate::telling::{Telling, told};
use crate::{clones, random};
use bytes::Bytes;
use controlplane_core::Error;
use controlplane_core::audit::Author;
use controlplane_core::enrol::{Proof, REFUSED, enrol};
use controlplane_core::grant::Standing;
use identity::csr::REQUEST_BYTES_MAX;
use identity::issue::renewal_window;
use model::desired::Head;
use model::device::{Claims, JoinState};
use model::key::IdentityKey;
use model::section::MESSAGE_BYTES_MAX;
use model::time::Timestamp;
use model::token::{TokenId, Transcript};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tonic::{Request, Response, Status};
use wire::v1::enrolment_server::{Enrolment, EnrolmentServer};
use wire::v1::{FinishRequest, FinishResponse, StartRequest, StartResponse};

/// A challenge not answered within so long is forgotten.
const CHALLENGE_LIFE: Duration = Duration::from_secs(120);
/// The most challenges that wait; the oldest goes first, so that a flood costs memory to nobody.
const CHALLENGES_MAX: usize = 10_000;

/// The enrolment service.
pub(crate) struct EnrolmentService {
    shared: Arc<Shared>,
    challenges: Mutex<Challenges>,
}

#[derive(Default)]
struct Challenges {
    waiting: BTreeMap<[u8; 16], Arc<Challenge>>,
    oldest: BTreeSet<(Timestamp, [u8; 16])>,
}

/// What was said when a challenge was asked for.
struct Challenge {
    nonce: [u8; 32],
    /// `None` when what was said is no token id: it is refused like any other.
    token: Option<TokenId>,
    key: IdentityKey,
    claims: Claims,
    asked: Timestamp,
}

impl EnrolmentService {
    /// The service, with its message limit.
    pub(crate) fn server(shared: Arc<Shared>) -> EnrolmentServer<Self> {
        let service = Self { shared, challenges: Mutex::default() };
        EnrolmentServer::new(service).max_decoding_message_size(MESSAGE_BYTES_MAX)
    }

    fn challenge_put(&self, id: [u8; 16], challenge: Challenge) {
        let mut challenges = self.challenges.lock().unwrap_or_else(PoisonError::into_inner);
        let now = challenge.asked;
        while let Some((asked, oldest)) = challenges.oldest.first().copied() {
            if now.since(asked) < CHALLENGE_LIFE && challenges.waiting.len() < CHALLENGES_MAX {
                break;
            }
            challenges.oldest.remove(&(asked, oldest));
            challenges.waiting.remove(&oldest);
        }
        challenges.oldest.insert((now, id));
        challenges.waiting.insert(id, Arc::new(challenge));
    }

    /// The challenge of this name; it stays, so that a finish whose answer was lost can be repeated.
    fn challenge_get(&self, id: &[u8], now: Timestamp) -> Option<Arc<Challenge>> {
        let id = <[u8; 16]>::try_from(id).ok()?;
        let challenges = self.challenges.lock().unwrap_or_else(PoisonError::into_inner);
        challenges.waiting.get(&id).filter(|c| now.since(c.asked) < CHALLENGE_LIFE).cloned()
    }
}

#[tonic::async_trait]
impl Enrolment for EnrolmentService {
    async fn start(&self, request: Request<StartRequest>) -> Result<Response<StartResponse>, Status> {
        let said = request.into_inner();
        let now = self.shared.clock.now();
        let unavailable = crate::status::status;
        let (id, nonce) = (random::bytes().map_err(unavailable)?, random::bytes().map_err(unavailable)?);
        let challenge = Challenge {
            nonce,
            token: said.token_id.parse().ok(),
            key: IdentityKey::try_from(said.identity_key).map_err(invalid)?,
            claims: said.claims.unwrap_or_default().into(),
            asked: now,
        };
        self.challenge_put(id, challenge);
        Ok(Response::new(StartResponse {
            challenge: id.to_vec(),
            nonce: nonce.to_vec(),
            server_unix_ms: now.unix_millis(),
        }))
    }

    async fn finish(&self, request: Request<FinishRequest>) -> Result<Response<FinishResponse>, Status> {
        let shared = self.shared.as_ref();
        let binding = binding_of(&request)?;
        let said = request.into_inner();
        let now = shared.clock.now();
        if said.csr.len() > REQUEST_BYTES_MAX {
            return Err(invalid("the certificate request is too large"));
        }
        let challenge = self.challenge_get(&said.challenge, now).ok_or_else(|| {
            Status::failed_precondition("the challenge is unknown or older than two minutes; start again")
        })?;
        // Counted together: a caller may invent any token's name, and a real one is named where its bad proof is counted.
        let refuse = shared.refuse(Author::Rule("enrolment".to_owned()), "enrol", "");
        let began = shared.clock.ticks();
        let ca = shared.ca();
        let Some(token) = challenge.token else {
            shared.refusal_wait(began).await;
            return Err(refuse(Error::Denied(REFUSED.to_owned())));
        };
        let proof = Proof {
            token,
            key: challenge.key.clone(),
            claims: challenge.claims.clone(),
            transcript: Transcript { nonce: &challenge.nonce, csr: &said.csr, channel_binding: binding.as_bytes() },
            signature: &said.signature,
            hmac: &said.proof,
        };
        let random = random::bytes().map_err(crate::status::status)?;
        let (store, territory) = (&shared.store, shared.territory());
        let joined = match enrol(store, territory, ca.as_ref(), shared, &proof, random, now).await {
            Ok(joined) => joined,
            Err(error) => {
                shared.refusal_wait(began).await;
                return Err(refuse(error));
            }
        };
        clones::settled(shared, [&joined.device]);
        let ruling = Arc::clone(&shared.ruling.borrow());
        // Its key is another one now, and it may be filed elsewhere: what is remembered was of the one before.
        shared.live.with(joined.device.id, Seat::forget);
        let Telling { told, grant, planned } = told(shared, joined.device.id, None, &ruling).await?;
        if told.plan != planned.plan.digest {
            return Err(Status::unavailable("the rules are changing at this moment; try again"));
        }
        tracing::info!(device = %joined.device.id, state = joined.device.state.name(), "a device has joined");
        Ok(Response::new(answer(&ca, &joined, (told, grant.as_deref()), &planned.plan)))
    }
}

fn answer(
    ca: &Ca,
    joined: &controlplane_core::enrol::Joined,
    (told, granted): (controlplane_core::plan::Told, Option<&Standing>),
    plan: &Encoded,
) -> FinishResponse {
    let (from, until) = renewal_window(joined.until);
    let grant = granted.map(|standing| standing.grant.clone());
    let head = Head { device: joined.device.id, generation: told.generation, plan: told.plan, grant };
    FinishResponse {
        chain: joined.chain.clone(),
        device: joined.device.id.as_bytes().to_vec(),
        identity_generation: joined.device.identity_generation,
        quarantined: joined.device.state == JoinState::Quarantined,
        renew_from_unix_ms: from.unix_millis(),
        renew_until_unix_ms: until.unix_millis(),
        trust: Some(ca.trust.clone()),
        head: Some((&ca.head_sign(&head)).into()),
        plan: Bytes::clone(&plan.bytes),
    }
}
