//! A device that reports over raw gRPC and keeps its own list of what the server acknowledged: the oracle.

use crate::caller::{Attempt, TestDevice};
use crate::process::ServerProcess;
use identity::issue::{chain_of_pem, chain_to_pem};
use identity::tls;
use model::digest::Digest;
use model::health::{Check, CheckKind, Health, Reason, Status, Unit};
use model::inventory::Hardware;
use model::section::{SectionKind, Sections, sections_root};
use model::time::Timestamp;
use model::token::Token;
use std::collections::BTreeMap;
use std::path::Path;
use tonic::transport::Channel;
use wire::convert::{hardware_encode, health_encode, section_parts};
use wire::v1::admin_client::AdminClient;
use wire::v1::device_client::DeviceClient;
use wire::v1::{
    CheckInRequest, CheckInResponse, DeviceShowRequest, DeviceShowResponse, SectionPart, TokenCreateRequest, TokenKind,
};

/// A running server in a temporary folder, with devices that have reported.
pub struct Fleet {
    /// The folder, for as long as it is needed.
    pub folder: tempfile::TempDir,
    /// The server.
    pub server: ServerProcess,
    /// The devices.
    pub reporters: Vec<Reporter>,
}

impl Fleet {
    /// Starts one with so many devices.
    ///
    /// # Panics
    /// When that fails.
    pub async fn start(count: u32) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut server = ServerProcess::init(folder.path());
        server.start();
        let mut reporters = Reporter::enrol(&server, count).await;
        for reporter in &mut reporters {
            reporter.change();
            let mut client = reporter.client(server.port).await.expect("a connection");
            assert!(reporter.tell(&mut client).await.expect("an answer").wanted.is_empty());
        }
        Self { folder, server, reporters }
    }
}

/// One device with its sections.
pub struct Reporter {
    /// Keys, certificate, and what enrolment told it.
    pub device: TestDevice,
    /// Its id as text.
    pub id: String,
    /// The last sequence that the server said is durable.
    pub sequence: u64,
    /// Each acknowledged section, in the order of the answers, with the number of its content.
    pub acknowledged: Vec<(SectionKind, u64)>,
    /// The number of each content ever sent.
    sent: BTreeMap<(SectionKind, Digest), u64>,
    bodies: BTreeMap<SectionKind, Vec<u8>>,
    held: Sections,
    contents: u64,
    changes: u64,
}

impl Reporter {
    /// A device that has reported nothing.
    ///
    /// # Panics
    /// When its id is none.
    #[must_use]
    pub fn new(device: TestDevice) -> Self {
        let id = uuid::Uuid::from_slice(&device.answer.device).expect("an id").to_string();
        Self {
            device,
            id,
            sequence: 0,
            acknowledged: Vec::new(),
            sent: BTreeMap::new(),
            bodies: BTreeMap::new(),
            held: Sections::new(),
            contents: 0,
            changes: 0,
        }
    }

    /// Enrols so many devices with one token, active at once.
    ///
    /// # Panics
    /// When that fails.
    pub async fn enrol(server: &ServerProcess, count: u32) -> Vec<Self> {
        let serials: Vec<String> = (0..count).map(|n| format!("PF-{n:04}")).collect();
        let wish = TokenCreateRequest {
            kind: if count == 1 { TokenKind::Unit } else { TokenKind::Kit }.into(),
            uses: count,
            serials: if count == 1 { Vec::new() } else { serials.clone() },
            ..TokenCreateRequest::default()
        };
        let made = operator(server).await.token_create(wish).await.expect("a token").into_inner();
        let token: Token = made.secret.parse().expect("a token");
        let mut reporters = Vec::new();
        for serial in &serials {
            let device = Attempt::new(&token, serial).enrol(server.port, &server.data).await.expect("enrolled");
            assert!(!device.answer.quarantined);
            reporters.push(Self::new(device));
        }
        reporters
    }

    /// A client in its name.
    pub async fn client(&self, port: u16) -> Result<DeviceClient<Channel>, String> {
        self.device.connect(port).await.map(DeviceClient::new)
    }

    /// Gives a section this content.
    pub fn set(&mut self, kind: SectionKind, body: Vec<u8>) {
        self.contents += 1;
        self.sent.entry((kind, Digest::of(&body))).or_insert(self.contents);
        self.bodies.insert(kind, body);
    }

    /// Gives health a new content, and hardware every third time.
    pub fn change(&mut self) {
        self.changes += 1;
        if self.changes % 3 == 1 {
            self.set(SectionKind::Hardware, hardware(self.changes));
        }
        self.set(SectionKind::Health, health(self.changes));
    }

    /// The digests of its sections.
    #[must_use]
    pub fn sections(&self) -> Sections {
        self.bodies.iter().map(|(kind, body)| (*kind, Digest::of(body))).collect()
    }

    /// A check-in that carries no report.
    #[must_use]
    pub fn request(&self) -> CheckInRequest {
        CheckInRequest {
            boot: vec![7; 16],
            sequence: self.sequence,
            sections_root: sections_root(&self.sections()).as_bytes().to_vec(),
            agent_version: "0.0.0-test".to_owned(),
            ..CheckInRequest::default()
        }
    }

    /// An empty check-in that may be held, of a device that holds what enrolment told it.
    ///
    /// # Panics
    /// When enrolment told it nothing.
    #[must_use]
    pub fn hold(&self, milliseconds: u32) -> CheckInRequest {
        let head = self.device.answer.head.as_ref().expect("a head");
        let head = wire::convert::head_decode(&head.payload).expect("a head");
        CheckInRequest {
            generation: Some(head.generation.into()),
            plan: head.plan.as_bytes().to_vec(),
            hold_ms: milliseconds,
            ..self.request()
        }
    }

    /// A report of what is not acknowledged.
    #[must_use]
    pub fn report(&self) -> CheckInRequest {
        let due = self.bodies.iter().filter(|(kind, body)| self.held.get(kind) != Some(&Digest::of(body)));
        let parts: Vec<SectionPart> = due
            .flat_map(|(kind, body)| section_parts(*kind, body, Timestamp::from_unix_seconds(1_700_000_000)))
            .collect();
        CheckInRequest { sequence: self.sequence + 1, parts, report: true, ..self.request() }
    }

    /// Takes nothing for acknowledged any more, as a device does that is asked for everything.
    pub fn forget(&mut self) {
        self.held.clear();
    }

    /// The number of the content that the server keeps of a section; 0 for none.
    ///
    /// # Panics
    /// When it is none of those that were sent.
    pub async fn kept(&self, server: &ServerProcess, kind: SectionKind) -> u64 {
        let shown = show(server, &self.id).await;
        let wire_kind = i32::from(wire::v1::SectionKind::from(kind));
        let kept = shown.sections.iter().find(|section| section.kind == wire_kind);
        kept.map_or(0, |kept| self.sent[&(kind, Digest::of(&kept.body))])
    }

    /// Sends a report and notes what is acknowledged.
    ///
    /// # Panics
    /// When the answer does not fit the report.
    pub async fn tell(&mut self, client: &mut DeviceClient<Channel>) -> Result<CheckInResponse, tonic::Status> {
        let request = self.report();
        let sequence = request.sequence;
        let answer = client.check_in(request).await?.into_inner();
        assert_eq!(answer.sequence, sequence, "an answer says which report is durable");
        self.sequence = sequence;
        for (kind, digest) in self.sections() {
            if answer.stored.iter().any(|stored| stored[..] == digest.as_bytes()[..]) {
                self.held.insert(kind, digest);
                self.acknowledged.push((kind, self.sent[&(kind, digest)]));
            }
        }
        Ok(answer)
    }

    /// Asks the server what it keeps and checks it against the list: of each section the last acknowledged content or one
    /// sent later.
    ///
    /// # Panics
    /// When something acknowledged is lost, or something is kept that was never sent.
    pub async fn check(&self, server: &ServerProcess) {
        let shown = show(server, &self.id).await;
        for kind in SectionKind::ALL {
            let last = self.acknowledged.iter().rev().find(|(k, _)| *k == kind).map(|(_, n)| *n);
            let wire_kind = i32::from(wire::v1::SectionKind::from(kind));
            let kept = shown.sections.iter().find(|section| section.kind == wire_kind);
            let Some(kept) = kept else {
                assert_eq!(last, None, "{kind} of {} was acknowledged and is not kept", self.id);
                continue;
            };
            let digest = Digest::of(&kept.body);
            assert_eq!(kept.digest, digest.as_bytes(), "{kind} of {} is kept under another digest", self.id);
            let number = self.sent.get(&(kind, digest)).copied();
            assert!(number.is_some(), "{kind} of {} is kept and was never sent", self.id);
            assert!(number >= last, "{kind} of {}: content {number:?} is kept, {last:?} was acknowledged", self.id);
        }
    }
}

/// What the server shows of a device.
///
/// # Panics
/// When it does not.
pub async fn show(server: &ServerProcess, device: &str) -> DeviceShowResponse {
    let asked = DeviceShowRequest { device: device.to_owned() };
    operator(server).await.device_show(asked).await.expect("the device is shown").into_inner()
}

/// A client with the first operator's certificate.
///
/// # Panics
/// When the server cannot be reached.
pub async fn operator(server: &ServerProcess) -> AdminClient<Channel> {
    let (chain, key) = operator_identity(&server.data);
    let root = chain.last().expect("a root").clone();
    let config = tls::client(&root, chain, &key, tls::system_time()).expect("settings");
    AdminClient::new(crate::caller::connect(server.port, config).await.expect("a connection"))
}

/// The first operator's certificate with those above it, DER, and the key, PEM.
///
/// # Panics
/// When the data folder holds none.
#[must_use]
pub fn operator_identity(data: &Path) -> (Vec<Vec<u8>>, String) {
    let text = |file: &str| std::fs::read_to_string(data.join("operator").join(file)).expect("a file of the operator");
    let mut chain = chain_of_pem(&text("operator.pem")).expect("a chain");
    let root = chain_of_pem(&text("root.pem")).expect("a root");
    if !chain_to_pem(&chain).ends_with(&chain_to_pem(&root)) {
        chain.extend(root);
    }
    (chain, text("operator.key"))
}

/// A hardware section with a number in it.
#[must_use]
pub fn hardware(n: u64) -> Vec<u8> {
    hardware_encode(&Hardware { model: Some(format!("Machine {n}")), ..Hardware::default() })
}

/// A health section with a number in it.
///
/// # Panics
/// When the number is beyond all measure.
#[must_use]
pub fn health(n: u64) -> Vec<u8> {
    let check = Check {
        kind: CheckKind::Uptime,
        status: Status::Ok,
        reason: Reason::WithinLimits,
        value: Some(i64::try_from(n).expect("a small number")),
        unit: Unit::Days,
        threshold: None,
    };
    health_encode(&Health { checks: vec![check], volumes: Vec::new() })
}
