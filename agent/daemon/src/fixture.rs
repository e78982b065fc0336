//! An enrolled device and the authority over it, made without a server: for tests.

use crate::folder::Folder;
use crate::state::{Certificate, Enrolled, Enrolment, State, enrolled_read};
use crate::{Clock, Error};
use bytes::Bytes;
use identity::caller::Caller;
use identity::issue::{Authority, Issued, root_make};
use identity::key::OnlineSigner;
use model::desired::{Cadence, Generation, Head, Plan};
use model::digest::Digest;
use model::grant::Grant;
use model::id::{DeviceId, TerritoryId};
use model::time::Timestamp;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;
use tokio::sync::watch;
use wire::convert::{TRUST_PURPOSE, Trust, head_encode, plan_encode, trust_encode};
use wire::v1;

/// The time at which everything was made.
pub(crate) const NOW: Timestamp = Timestamp::from_unix_seconds(1_795_000_000);

const DAY: Duration = Duration::from_secs(86_400);

/// An enrolled device's folder, and what the control plane over it signs with.
pub(crate) struct Made {
    pub(crate) temporary: tempfile::TempDir,
    pub(crate) state: State,
    pub(crate) online: OnlineSigner,
    pub(crate) device: DeviceId,
    /// The server's key and chain.
    pub(crate) server: Issued,
    /// What signs certificates.
    pub(crate) authority: Authority,
}

/// A device enrolled with the server at this port.
pub(crate) fn made(port: u16) -> Made {
    let closed = std::fs::Permissions::from_mode(0o700);
    let temporary = tempfile::Builder::new().permissions(closed).tempdir().unwrap();
    let state = State::open(&Folder::new(temporary.path())).unwrap();
    let root = root_make("doubs", NOW).unwrap();
    let top = Authority::new(&root.key_pem, root.chain.clone()).unwrap();
    let middle = top.intermediate_issue("doubs", NOW, [1; 16]).unwrap();
    let middle = Authority::new(&middle.key_pem, middle.chain).unwrap();
    let server = middle.server_issue(&["127.0.0.1".to_owned()], NOW, [3; 16]).unwrap();
    let territory: TerritoryId = "doubs".parse().unwrap();
    let device = DeviceId::new(NOW, [7; 10]);
    let key_pem = state.tls_key_next().unwrap();
    let request = identity::csr::request_make(&key_pem).unwrap();
    let caller = Caller::Device { territory: territory.clone(), device };
    let chain = middle.device_issue(&request, &caller, NOW, 1, [2; 16]).unwrap();
    let (online, _) = OnlineSigner::generate().unwrap();
    let payload = trust_encode(&Trust {
        version: 1,
        territory: territory.clone(),
        online: vec![online.public().clone()],
        publisher: Bytes::new(),
    });
    let signature = top.sign(&[TRUST_PURPOSE.as_bytes(), &[0], &payload].concat()).unwrap();
    let root = Digest::of(chain.last().unwrap());
    state.identity_key().unwrap();
    state.certificate_write(&Certificate { key_pem, chain }).unwrap();
    state.trust_write(&v1::Envelope { payload, key: Bytes::new(), signature: signature.into() }).unwrap();
    let made = Made { temporary, state, online, device, server, authority: middle };
    made.hold(device, 1);
    let enrolment = Enrolment {
        version: Enrolment::VERSION,
        server: format!("https://127.0.0.1:{port}"),
        device,
        territory,
        identity_generation: 1,
        renew_from_unix_ms: NOW.after(15 * DAY),
        renew_until_unix_ms: NOW.after(20 * DAY),
        root,
    };
    made.state.enrolment_write(&enrolment).unwrap();
    made
}

impl Made {
    /// A signed head of this revision, with its plan, whose cadence follows from the revision.
    pub(crate) fn told(&self, device: DeviceId, revision: u64) -> (v1::Envelope, Digest, Bytes) {
        let poll_seconds = 60 + u32::try_from(revision).unwrap();
        let plan = Plan { check_in: Cadence { poll_seconds, ..Cadence::default() }, ..Plan::default() };
        self.told_plan(device, revision, &plan)
    }

    /// The same with this plan.
    pub(crate) fn told_plan(&self, device: DeviceId, revision: u64, plan: &Plan) -> (v1::Envelope, Digest, Bytes) {
        let plan = plan_encode(plan);
        let head = Head { device, generation: Generation { epoch: 1, revision }, plan: Digest::of(&plan), grant: None };
        let signed = self.online.sign::<Head>(head_encode(&head));
        (v1::Envelope::from(&signed), head.plan, plan)
    }

    /// The same for this device, with a grant.
    pub(crate) fn granted(&self, revision: u64, grant: Option<Grant>) -> (v1::Envelope, Digest, Bytes) {
        let (_, digest, plan) = self.told(self.device, revision);
        let head = Head { device: self.device, generation: Generation { epoch: 1, revision }, plan: digest, grant };
        let signed = self.online.sign::<Head>(head_encode(&head));
        (v1::Envelope::from(&signed), digest, plan)
    }

    /// The fingerprint of this device's identity key.
    pub(crate) fn key(&self) -> Digest {
        self.state.identity_key().unwrap().public().fingerprint()
    }

    pub(crate) fn hold(&self, device: DeviceId, revision: u64) {
        let (head, digest, plan) = self.told(device, revision);
        self.state.held_write(&head, &digest, &plan).unwrap();
    }

    /// What a server answers to a renewal at this time.
    pub(crate) fn renewed(&self, csr: &[u8], at: Timestamp, serial: [u8; 16]) -> v1::RenewResponse {
        let enrolled = self.read().unwrap().unwrap();
        let caller = Caller::Device { territory: enrolled.enrolment.territory, device: self.device };
        let chain = self.authority.device_issue(csr, &caller, at, 2, serial).unwrap();
        let trust = self.state.folder().read("trust").unwrap().unwrap();
        v1::RenewResponse {
            server_unix_ms: at.unix_millis(),
            chain,
            renew_from_unix_ms: at.after(15 * DAY).unix_millis(),
            renew_until_unix_ms: at.after(20 * DAY).unix_millis(),
            trust: Some(prost::Message::decode(&trust[..]).unwrap()),
        }
    }

    pub(crate) fn read(&self) -> Result<Option<Enrolled>, Error> {
        enrolled_read(self.state.folder())
    }

    pub(crate) fn names(&self) -> Vec<String> {
        self.state.folder().names(|_| true).unwrap()
    }
}

/// A clock moved by hand; it starts an hour after the machine was switched on.
#[derive(Debug)]
pub(crate) struct HandClock(watch::Sender<Duration>);

const START: Duration = Duration::from_secs(3_600);

impl HandClock {
    pub(crate) fn new() -> Self {
        Self(watch::Sender::new(START))
    }

    pub(crate) fn forward(&self, by: Duration) {
        self.0.send_modify(|at| *at += by);
    }
}

#[async_trait::async_trait]
impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        NOW.after(*self.0.borrow() - START)
    }

    fn elapsed(&self) -> Duration {
        *self.0.borrow()
    }

    async fn sleep(&self, while_: Duration) {
        let mut at = self.0.subscribe();
        let end = at.borrow().saturating_add(while_);
        let _ = at.wait_for(|at| *at >= end).await;
    }
}
