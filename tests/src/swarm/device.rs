//! A device of the swarm: real keys and a real certificate, the agent's own rules for heads, reports and waits, and little else.

use super::line::{Line, Road};
use super::seed::Seed;
use crate::caller::{Attempt, TestDevice};
use crate::reporter::{hardware, health};
use crate::returning::recovered;
use agent_core::backoff::Backoff;
use agent_core::ledger::{Accepted, Ledger};
use agent_core::report::{Sequence, sections_due};
use controlplane::clock::{Clock, SystemClock};
use identity::tls::{self, Anchor, Dates};
use model::desired::{Cadence, Generation, Head};
use model::digest::Digest;
use model::inventory::{Package, Packages};
use model::section::{SectionKind, Sections, sections_root};
use model::signed::Signed;
use model::uai::Uai;
use rustls::ClientConfig;
use rustls::client::Resumption;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;
use tonic::{Code, Status};
use wire::convert::{Trust, head_decode, packages_encode, plan_decode, section_parts, ticket_decode, trust_decode};
use wire::v1::enrolment_client::EnrolmentClient;
use wire::v1::{CheckInRequest, CheckInResponse, Condition, ConditionState, Observed};

/// How the server says when to try again (gRPC proposal A6).
const PUSHBACK: &str = "grpc-retry-pushback-ms";
/// Packages of a device: with their versions some 2 KiB that hardly compress.
const PACKAGES: usize = 40;

/// What all devices trust is kept once.
pub type SharedTrust = Mutex<Option<Arc<Trust>>>;

/// A device.
pub struct Device {
    /// Which one it is.
    pub nth: u64,
    /// Keys and certificate.
    pub own: TestDevice,
    /// Its chance.
    pub seed: Seed,
    /// After a failure.
    pub backoff: Backoff,
    /// Over how long the server would have its devices come back.
    pub spread: Duration,
    /// How it is to keep in touch.
    pub cadence: Cadence,
    /// Since when it has not been heard.
    pub silent: Option<Instant>,
    /// Reports and sections that the server said were durable and does not know any more.
    pub lost: u64,
    tls: Arc<ClientConfig>,
    trust: Arc<Trust>,
    ledger: Ledger,
    sequence: Sequence,
    /// What is acknowledged, by digest.
    acknowledged: Sections,
    /// How often each section has changed; its bytes are made of that.
    changes: BTreeMap<SectionKind, u64>,
    /// Their digests.
    current: Sections,
    wanted: BTreeSet<SectionKind>,
    /// The generation of which the server has heard that it is held.
    told: Option<Generation>,
    acts_upto: Generation,
    ticket: (i64, String),
}

/// A call that did not work.
#[derive(Debug)]
pub struct Failed {
    /// Why.
    pub why: String,
    /// How long the server asked to be left alone; the line stands then.
    pub wait: Option<Duration>,
}

impl From<String> for Failed {
    fn from(why: String) -> Self {
        Self { why, wait: None }
    }
}

impl From<Status> for Failed {
    fn from(status: Status) -> Self {
        let wait = status.metadata().get(PUSHBACK).and_then(|text| text.to_str().ok()?.parse().ok());
        let why = match status.code() {
            _ if std::error::Error::source(&status).is_some() => "the line was cut".to_owned(),
            Code::Unknown | Code::Cancelled => "the line was cut".to_owned(),
            code => format!("{code:?}: {}", status.message()),
        };
        Self { why, wait: wait.map(Duration::from_millis) }
    }
}

/// What came of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heard {
    /// A newer head was taken.
    pub news: bool,
    /// The server asks for so long a pause.
    pub wait: Option<Duration>,
}

impl Device {
    /// Joins over a line of its own, as the agent does.
    ///
    /// # Errors
    /// Why not, as text.
    pub async fn enrol(
        nth: u64,
        attempt: Attempt,
        road: &Road,
        shared: &SharedTrust,
        mut seed: Seed,
    ) -> Result<Self, String> {
        let said = |status: Status| Failed::from(status).why;
        let config = tls::enrolling(attempt.token.pin, tls::system_time()).map_err(|e| e.to_string())?;
        let line = road.connect(nth, &Arc::new(config), seed.draw_u32()).await?;
        let mut client = EnrolmentClient::new(line.channel.clone());
        let challenge = attempt.start(&mut client).await.map_err(said)?;
        let answer = client.finish(attempt.finish(&line.server, &challenge)).await.map_err(said)?.into_inner();
        let chain = answer.chain.clone();
        Self::new(nth, TestDevice { signer: attempt.signer, key_pem: attempt.key_pem, chain, answer }, shared, seed)
    }

    /// One that has joined.
    ///
    /// # Errors
    /// What is wrong with what it was told.
    pub fn new(nth: u64, mut own: TestDevice, shared: &SharedTrust, seed: Seed) -> Result<Self, String> {
        if own.answer.quarantined {
            return Err("a device was quarantined instead of let in".to_owned());
        }
        let text = |error: &dyn std::error::Error| error.to_string();
        let envelope = own.answer.trust.take().ok_or("no trust roots")?;
        let mut trust = Arc::new(trust_decode(&envelope.payload).map_err(|e| text(&e))?);
        let mut known = shared.lock().unwrap_or_else(PoisonError::into_inner);
        match &*known {
            Some(known) if *known == trust => trust = Arc::clone(known),
            _ => *known = Some(Arc::clone(&trust)),
        }
        drop(known);
        let id = wire::convert::device_id(&own.answer.device).map_err(|e| text(&e))?;
        let mut device = Self {
            nth,
            tls: settings(&own)?,
            ledger: Ledger::new(id, own.signer.public().fingerprint()),
            seed,
            backoff: Backoff::default(),
            spread: Duration::ZERO,
            cadence: Cadence::default(),
            silent: None,
            lost: 0,
            trust,
            sequence: Sequence::default(),
            acknowledged: Sections::new(),
            changes: BTreeMap::new(),
            current: Sections::new(),
            wanted: BTreeSet::new(),
            told: None,
            acts_upto: Generation::default(),
            ticket: (0, String::new()),
            own: TestDevice {
                signer: Arc::clone(&own.signer),
                key_pem: std::mem::take(&mut own.key_pem),
                chain: std::mem::take(&mut own.chain),
                answer: std::mem::take(&mut own.answer),
            },
        };
        let (head, plan) = (device.own.answer.head.take(), std::mem::take(&mut device.own.answer.plan));
        device.own.answer.chain = Vec::new();
        device.head_take(head, &plan)?;
        [SectionKind::Hardware, SectionKind::Packages, SectionKind::Health]
            .into_iter()
            .for_each(|kind| device.change(kind));
        Ok(device)
    }

    /// Its id as text.
    #[must_use]
    pub fn id(&self) -> String {
        uuid::Uuid::from_slice(&self.own.answer.device).map(|id| id.to_string()).unwrap_or_default()
    }

    /// Finds back by its identity key and takes the new certificate; the sessions of the old one are over.
    ///
    /// # Errors
    /// [`Failed`]
    pub async fn recover(&mut self, road: &Road) -> Result<(), Failed> {
        let root = Anchor::Root(self.own.chain.last().cloned().unwrap_or_default());
        let config = tls::anonymous(root, Dates::Judged, tls::system_time()).map_err(|error| error.to_string())?;
        let line = road.connect(self.nth, &Arc::new(config), self.seed.draw_u32()).await?;
        let (key_pem, chain) = recovered(&self.own, line.channel.clone(), &line.server).await?;
        self.own = self.own.with(key_pem, chain);
        self.tls = settings(&self.own)?;
        Ok(())
    }

    /// Forgets its TLS sessions: the next handshake is a full one.
    ///
    /// # Errors
    /// When its certificate cannot be used.
    pub fn sessions_forget(&mut self) -> Result<(), String> {
        self.tls = settings(&self.own)?;
        Ok(())
    }

    /// A line in its name.
    ///
    /// # Errors
    /// Why there is none.
    pub async fn connect(&mut self, road: &Road) -> Result<Line, Failed> {
        let random = self.seed.draw_u32();
        Ok(road.connect(self.nth, &self.tls, random).await?)
    }

    /// Something of this section has changed.
    pub fn change(&mut self, kind: SectionKind) {
        *self.changes.entry(kind).or_default() += 1;
        self.current.insert(kind, Digest::of(&self.body(kind)));
    }

    /// Whether there is something that the server does not know, counting its own word of what it holds if that is to be told.
    #[must_use]
    pub fn has_news(&self, observed: bool) -> bool {
        !sections_due(&self.current, &self.acknowledged, &self.wanted).is_empty()
            || (observed && self.told != self.generation())
    }

    /// The digest of a section that the server acknowledged.
    #[must_use]
    pub fn acknowledged(&self, kind: SectionKind) -> Option<Digest> {
        self.acknowledged.get(&kind).copied()
    }

    /// A report of what the server does not know.
    ///
    /// # Errors
    /// [`Failed`]
    pub async fn report(&mut self, line: &Line) -> Result<Heard, Failed> {
        let now = SystemClock.now();
        let due = sections_due(&self.current, &self.acknowledged, &self.wanted);
        let parts = due.iter().flat_map(|kind| section_parts(*kind, &self.body(*kind), now)).collect();
        let generation = self.generation();
        let held = |item: &str| Condition {
            item: item.to_owned(),
            state: ConditionState::Held.into(),
            ..Condition::default()
        };
        let observed = (self.told != generation)
            .then(|| Observed { generation: generation.map(Into::into), conditions: vec![held("cadence")] });
        let speaks = observed.is_some();
        let request = CheckInRequest {
            sequence: self.sequence.next(),
            parts,
            observed,
            report: true,
            ..self.request(Duration::ZERO)
        };
        let sequence = request.sequence;
        let answer = line.client().check_in(request).await?.into_inner();
        if answer.sequence >= sequence && speaks {
            self.told = generation;
        }
        let stored = |digest: &Digest| answer.stored.iter().any(|stored| stored[..] == digest.as_bytes()[..]);
        for kind in due {
            let digest = self.current.get(&kind).copied().filter(stored);
            if let Some(digest) = digest {
                self.acknowledged.insert(kind, digest);
                self.wanted.remove(&kind);
            }
        }
        self.heard(answer)
    }

    /// A check-in that brings nothing, which the server may hold back for so long.
    ///
    /// # Errors
    /// [`Failed`]
    pub async fn ask(&mut self, line: &Line, hold: Duration) -> Result<Heard, Failed> {
        let request = self.request(hold);
        let answer = line.client().check_in(request).await?.into_inner();
        self.heard(answer)
    }

    /// The empty check-in alone, for whoever waits for something else beside it.
    #[must_use]
    pub fn held_request(&self, hold: Duration) -> CheckInRequest {
        self.request(hold)
    }

    /// Takes an answer, as the agent does.
    ///
    /// # Errors
    /// [`Failed`] when it does not hold together.
    pub fn heard(&mut self, answer: CheckInResponse) -> Result<Heard, Failed> {
        if answer.quarantined {
            return Err("quarantined".to_owned().into());
        }
        self.backoff.succeeded();
        self.spread = Duration::from_millis(answer.spread_ms.into());
        // A server that keeps less than it said has lost something; it is asked for again, which must not hide it.
        let known = |kind: &SectionKind| self.acknowledged.contains_key(kind) && !self.wanted.contains(kind);
        let wanted: BTreeSet<_> = answer.wanted().filter_map(|kind| SectionKind::try_from(kind).ok()).collect();
        self.lost += u64::from(answer.sequence < self.sequence.held() || wanted.iter().any(known));
        self.sequence.answered(answer.sequence);
        self.wanted.extend(wanted.into_iter().filter(|kind| self.changes.contains_key(kind)));
        if let Some(upto) = answer.acts_upto {
            self.acts_upto = upto.into();
        }
        if let Some(envelope) = &answer.trust {
            self.trust = Arc::new(trust_decode(&envelope.payload).map_err(|error| error.to_string())?);
        }
        if let Some(envelope) = &answer.ticket {
            let ticket = ticket_decode(&envelope.payload).map_err(|error| error.to_string())?;
            self.ticket = (ticket.until.unix_millis(), ticket.school.to_string());
        }
        let news = self.head_take(answer.head, &answer.plan)?;
        Ok(Heard { news, wait: (answer.wait_ms > 0).then(|| Duration::from_millis(answer.wait_ms.into())) })
    }

    /// Which desired state it holds.
    #[must_use]
    pub fn generation(&self) -> Option<Generation> {
        self.ledger.held().map(|head| head.generation)
    }

    fn head_take(&mut self, envelope: Option<wire::v1::Envelope>, plan: &[u8]) -> Result<bool, String> {
        let Some(envelope) = envelope else { return Ok(false) };
        let text = |error: &dyn std::error::Error| error.to_string();
        let signed = Signed::<Head>::try_from(envelope).map_err(|e| text(&e))?;
        let head = head_decode(signed.bytes(&self.trust.online).map_err(|e| text(&e))?).map_err(|e| text(&e))?;
        let same = self.ledger.held().is_some_and(|held| held.plan == head.plan);
        if !same {
            if Digest::of(plan) != head.plan {
                return Err("a plan that does not match its digest".to_owned());
            }
            self.cadence = plan_decode(plan).map_err(|e| text(&e))?.check_in;
        }
        Ok(self.ledger.accept(head).map_err(|e| text(&e))? == Accepted::New)
    }

    fn request(&self, hold: Duration) -> CheckInRequest {
        let held = self.ledger.held();
        CheckInRequest {
            boot: [&self.nth.to_be_bytes()[..], &[7; 8]].concat(),
            sequence: self.sequence.held(),
            generation: held.map(|head| head.generation.into()),
            plan: held.map(|head| head.plan.as_bytes().to_vec()).unwrap_or_default(),
            sections_root: sections_root(&self.current).as_bytes().to_vec(),
            hold_ms: u32::try_from(hold.as_millis()).unwrap_or(u32::MAX),
            agent_version: "0.1.0".to_owned(),
            device_unix_ms: SystemClock.now().unix_millis(),
            acts_upto: Some(self.acts_upto.into()),
            ticket_until_unix_ms: Some(self.ticket.0),
            ticket_school: self.ticket.1.clone(),
            trust_version: self.trust.version,
            ..CheckInRequest::default()
        }
    }

    /// A section's bytes: the same for the same device and count of changes.
    fn body(&self, kind: SectionKind) -> Vec<u8> {
        let change = self.changes.get(&kind).copied().unwrap_or_default();
        match kind {
            SectionKind::Packages => packages(Seed::new(self.nth).of(change)),
            SectionKind::Health => health(change),
            _ => hardware(self.nth.wrapping_add(change)),
        }
    }
}

/// The school of the nth device, of the Doubs.
#[must_use]
pub fn school_of(nth: u64) -> Uai {
    let number = 251_000 + (nth / 40) % 8_999;
    let letter = char::from(b"ABCDEFGHJKLMNPRSTUVWXYZ"[usize::try_from(number % 23).unwrap_or(0)]);
    format!("{number:07}{letter}").parse().expect("a school's number")
}

/// A section of about 2 KiB that hardly compresses.
#[must_use]
pub fn packages(mut seed: Seed) -> Vec<u8> {
    let mut package = |_| Package {
        name: format!("{:016x}", seed.draw()),
        version: format!("{:016x}{:016x}", seed.draw(), seed.draw()),
    };
    packages_encode(&Packages { installed: Some((0..PACKAGES).map(&mut package).collect()), ..Packages::default() })
}

/// One session is enough for one server.
fn settings(own: &TestDevice) -> Result<Arc<ClientConfig>, String> {
    let root = own.chain.last().ok_or("no root")?;
    let mut config =
        tls::client(root, own.chain.clone(), &own.key_pem, tls::system_time()).map_err(|e| e.to_string())?;
    config.resumption = Resumption::in_memory_sessions(1);
    Ok(Arc::new(config))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contents_are_of_the_seed_and_as_large_as_they_should_be() {
        let first = packages(Seed::new(1).of(1));
        assert_eq!(first, packages(Seed::new(1).of(1)));
        assert_ne!(first, packages(Seed::new(1).of(2)));
        assert!((2_048..2_200).contains(&first.len()), "{}", first.len());
        let schools: BTreeSet<String> = (0..20_000).map(|nth| school_of(nth).to_string()).collect();
        assert_eq!(schools.len(), 500);
    }
}
