//! Joining: a token and a fresh key in, a certificate and the first desired state out.

pub(crate) mod file;

use crate::clock::{JudgingTime, within};
use crate::connect::{Connection, Server, message_limit, status_error};
use crate::error::Error;
use crate::machine::Machine;
use crate::platform::Platform;
use crate::signed_time::Stranger;
use crate::state::{Certificate, Enrolled, Enrolment, Held, Progress, State, enrolled_read, key_point, trust_open};
use crate::{Agent, sent};
use agent_core::ledger::Ledger;
use identity::caller::{Caller, certificate_read};
use identity::key::IdentitySigner;
use identity::tls::{Anchor, Dates};
use identity::{csr, issue};
use model::desired::Head;
use model::digest::Digest;
use model::id::DeviceId;
use model::key::IdentityKey;
use model::signed::Signed;
use model::time::Timestamp;
use model::token::{Token, Transcript};
use rustls::RootCertStore;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::WebPkiClientVerifier;
use std::sync::Arc;
use std::time::Duration;
use wire::convert::{Trust, head_decode, plan_decode};
use wire::v1;
use wire::v1::enrolment_client::EnrolmentClient;

/// How long the server may take for one answer.
const ANSWER_LIMIT: Duration = Duration::from_secs(30);
/// The length of the server's nonce, in bytes.
const NONCE_BYTES: usize = 32;
/// The longest chain taken, in certificates.
pub(crate) const CHAIN_MAX: usize = 5;

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Joined {
    /// This device.
    pub device: DeviceId,
    /// The control plane's address.
    pub server: String,
    /// Whether a person has yet to decide.
    pub quarantined: bool,
}

pub(crate) async fn enrol(agent: &Agent, server: &str, token: &str) -> Result<Joined, Error> {
    let (server, token) = (server.parse()?, token.parse()?);
    let state = State::open(&agent.folder())?;
    if crate::state::enrolment_read(state.folder())?.is_some() {
        return Err(Error::AlreadyEnrolled(state.folder().root().to_owned()));
    }
    joined(agent, &server, &token, &state, state.clock_floor()).await
}

/// Makes a new identity for a device that may have one, which holds until the new one is whole.
pub(crate) async fn enrol_again(agent: &Agent, server: &str, token: &str) -> Result<Joined, Error> {
    let (server, token) = (server.parse()?, token.parse()?);
    let place = State::open(&agent.folder())?;
    if place.settled()
        && let Some(made) = crate::state::enrolment_read(place.folder())?
    {
        // An earlier call was cut after the new identity was whole; its token is used.
        return Ok(Joined { device: made.device, server: made.server, quarantined: false });
    }
    let state = place.again()?;
    let joined = joined(agent, &server, &token, &state, place.clock_floor()).await;
    match &joined {
        Ok(_) => {
            place.again_settle()?;
        }
        // The key goes with the token that was refused: the next token is not kept out by it.
        Err(Error::Refused { code: "permission_denied", .. } | Error::Damaged { .. }) => place.again_forget()?,
        Err(_) => {}
    }
    joined
}

/// Joins, and keeps what is given in this state.
async fn joined(
    agent: &Agent,
    server: &Server,
    token: &Token,
    state: &State,
    floor: Option<Timestamp>,
) -> Result<Joined, Error> {
    let time = Arc::new(JudgingTime::new(agent.clock.clone(), floor));
    let proxies = agent.config.proxy_rules()?;
    let stranger = Stranger {
        server,
        proxies: &proxies,
        clock: &*agent.clock,
        time: time.clone(),
        anchor: Anchor::Pin(token.pin),
        folder: state.folder(),
        trust: None,
    };
    let connection = match stranger.connected(Dates::Judged).await {
        Err(Error::Dates { .. }) => {
            time.told(stranger.time(&stranger.connected(Dates::Ignored).await?).await?);
            stranger.connected(Dates::Judged).await?
        }
        connected => connected?,
    };
    // Kept before the server hears of them: ended anywhere below, the next try is the same device to it. Not before there is a server:
    // a disk image that is made where none can be reached must not hold a key that all its copies would share.
    state.keys_own(&Machine::from(&agent.machine().claims()))?;
    let identity = state.identity_key()?;
    let key_pem = state.tls_key_next()?;
    let request = csr::request_make(&key_pem)?;
    let (said, answer) = exchange(agent, server, &connection, token, &identity, &request).await?;
    // The certificate was made just now, by the server's clock: by one that is off by a few weeks it would not hold.
    time.told(said);
    let quarantined = answer.quarantined;
    let given = Given::checked(answer, token, (&key_pem, identity.public()), time.now())?;
    given.keep(state, server)?;
    // Read back: what a later start would refuse must not be called an enrolment.
    let Enrolled { enrolment, .. } =
        enrolled_read(state.folder())?.ok_or_else(|| Error::NotEnrolled(state.folder().root().to_owned()))?;
    tracing::info!(device = %enrolment.device, server = %server, quarantined, "enrolled");
    Ok(Joined { device: enrolment.device, server: server.to_string(), quarantined })
}

async fn exchange(
    agent: &Agent,
    server: &Server,
    connection: &Connection,
    token: &Token,
    identity: &IdentitySigner,
    request: &[u8],
) -> Result<(Timestamp, v1::FinishResponse), Error> {
    let mut client = EnrolmentClient::new(connection.channel.clone())
        .max_decoding_message_size(message_limit())
        .max_encoding_message_size(message_limit());
    let late = || Error::Unreachable { target: server.to_string(), why: "it does not answer".to_owned() };
    let said = |status: tonic::Status| status_error(server, &status);
    let start = v1::StartRequest {
        token_id: token.id.to_string(),
        identity_key: identity.public().as_bytes().to_vec(),
        claims: Some(agent.machine().claims().into()),
        agent_version: agent.config.version().to_owned(),
    };
    sent::note(&agent.folder(), "StartRequest", &start);
    let challenge = within(&*agent.clock, ANSWER_LIMIT, client.start(start)).await.ok_or_else(late)?;
    let challenge = challenge.map_err(said)?.into_inner();
    if challenge.nonce.len() != NONCE_BYTES {
        return Err(Error::Answer("the nonce"));
    }
    let transcript =
        Transcript { nonce: &challenge.nonce, csr: request, channel_binding: connection.server_certificate.as_bytes() };
    let finish = v1::FinishRequest {
        challenge: challenge.challenge.clone(),
        csr: request.to_vec(),
        signature: identity.sign(&transcript.to_bytes())?,
        proof: token.key().proof(&transcript, identity.public()),
    };
    sent::note(&agent.folder(), "FinishRequest", &finish);
    let answer = within(&*agent.clock, ANSWER_LIMIT, client.finish(finish)).await.ok_or_else(late)?;
    Ok((Timestamp::from_unix_millis(challenge.server_unix_ms), answer.map_err(said)?.into_inner()))
}

/// What the server gave, found to hold together.
struct Given {
    certificate: Certificate,
    trust: (v1::Envelope, Trust),
    head: v1::Envelope,
    held: Held,
    plan: bytes::Bytes,
    device: DeviceId,
    identity_generation: u32,
    renew: (Timestamp, Timestamp),
}

impl Given {
    fn checked(
        answer: v1::FinishResponse,
        token: &Token,
        (key_pem, identity): (&str, &IdentityKey),
        now: Timestamp,
    ) -> Result<Self, Error> {
        let no = Error::Answer;
        let (Some(own), Some(root)) = (answer.chain.first(), answer.chain.last()) else {
            return Err(no("no certificate"));
        };
        if answer.chain.len() > CHAIN_MAX {
            return Err(no("too many certificates"));
        }
        if issue::pin_of(root)? != token.pin {
            return Err(no("a root that is not the token's"));
        }
        let key = key_point(key_pem).ok_or(no("the TLS key"))?;
        if issue::point_of(own)? != key.as_bytes() {
            return Err(no("a certificate for another key"));
        }
        chain_checked(&answer.chain, now)?;
        let Caller::Device { territory, device } = certificate_read(own)?.caller else {
            return Err(no("a certificate that is not a device's"));
        };
        if answer.device != device.as_bytes() {
            return Err(no("a certificate for another device"));
        }
        let envelope = answer.trust.ok_or(no("no trust roots"))?;
        let trust = trust_open(&envelope, root).map_err(no)?;
        if trust.territory != territory {
            return Err(no("trust roots of another territory"));
        }
        let head = answer.head.ok_or(no("no head"))?;
        let held = held_checked(&head, &answer.plan, &trust, (device, identity))?;
        Ok(Self {
            certificate: Certificate { key_pem: key_pem.to_owned(), chain: answer.chain },
            trust: (envelope, trust),
            head,
            held,
            plan: answer.plan,
            device,
            identity_generation: answer.identity_generation,
            renew: (
                Timestamp::from_unix_millis(answer.renew_from_unix_ms),
                Timestamp::from_unix_millis(answer.renew_until_unix_ms),
            ),
        })
    }

    /// Writes it down, what makes the device enrolled last.
    fn keep(self, state: &State, server: &Server) -> Result<(), Error> {
        let root = Digest::of(self.certificate.chain.last().map(Vec::as_slice).unwrap_or_default());
        state.certificate_write(&self.certificate)?;
        state.trust_write(&self.trust.0)?;
        state.held_write(&self.head, &self.held.head.plan, &self.plan)?;
        // Of an earlier identity, if any: this one has reported nothing yet.
        state.progress_write(&Progress::default())?;
        state.enrolment_write(&Enrolment {
            version: Enrolment::VERSION,
            server: server.to_string(),
            device: self.device,
            territory: self.trust.1.territory,
            identity_generation: self.identity_generation,
            renew_from_unix_ms: self.renew.0,
            renew_until_unix_ms: self.renew.1,
            root,
        })
    }
}

/// Checks that the chain leads from the device's certificate to its root, as the server will when the device calls.
pub(crate) fn chain_checked(chain: &[Vec<u8>], now: Timestamp) -> Result<(), Error> {
    let no = || Error::Answer("a certificate chain that does not hold");
    let [own, issuers @ ..] = chain else { return Err(no()) };
    let root = issuers.last().ok_or_else(no)?;
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from(root.as_slice())).map_err(|_| no())?;
    let provider = Arc::new(aws_lc_rs::default_provider());
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build().map_err(|_| no())?;
    let issuers: Vec<_> = issuers.iter().map(|der| CertificateDer::from(der.as_slice())).collect();
    let at = UnixTime::since_unix_epoch(Duration::from_secs(u64::try_from(now.unix_seconds()).unwrap_or(0)));
    verifier.verify_client_cert(&CertificateDer::from(own.as_slice()), &issuers, at).map_err(|_| no())?;
    Ok(())
}

fn held_checked(
    head: &v1::Envelope,
    plan: &[u8],
    trust: &Trust,
    (device, identity): (DeviceId, &IdentityKey),
) -> Result<Held, Error> {
    let no = Error::Answer;
    let signed = Signed::<Head>::try_from(head.clone()).map_err(|_| no("the head"))?;
    let bytes = signed.bytes(&trust.online).map_err(|_| no("the head's signature"))?;
    let head = head_decode(bytes).map_err(|_| no("the head"))?;
    Ledger::new(device, identity.fingerprint()).judge(&head).map_err(|_| no("the head is for another device"))?;
    if Digest::of(plan) != head.plan {
        return Err(no("a plan that does not match its digest"));
    }
    Ok(Held { head, plan: plan_decode(plan).map_err(|_| no("the plan"))? })
}

#[cfg(test)]
mod tests;
