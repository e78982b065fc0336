//! Check-ins that are wrong, foreign or from the future: each with its clear answer, and nothing kept of them.

use bytes::{Buf, BufMut};
use identity::caller::Caller;
use identity::csr::{key_make, request_make};
use identity::issue::{Authority, chain_of_pem};
use identity::tls;
use model::digest::Digest;
use model::id::DeviceId;
use model::section::SectionKind;
use model::time::Timestamp;
use prost::Message;
use prost::encoding::{DecodeContext, WireType};
use std::path::Path;
use std::time::Duration;
use tests::caller::connect;
use tests::process::ServerProcess;
use tests::reporter::{Fleet, Reporter, hardware, health, operator, operator_identity, show};
use tonic::transport::Channel;
use tonic::{Code, Status};
use wire::convert::section_parts;
use wire::v1::admin_client::AdminClient;
use wire::v1::device_client::DeviceClient;
use wire::v1::{CheckInRequest, CheckInResponse, Condition, Encoding, Observed, SectionPart, ServerStatusRequest};

const DAY: Duration = Duration::from_secs(86_400);

fn part(kind: SectionKind, body: &[u8]) -> SectionPart {
    section_parts(kind, body, Timestamp::from_unix_seconds(1)).remove(0)
}

fn with(reporter: &Reporter, parts: Vec<SectionPart>) -> CheckInRequest {
    CheckInRequest { parts, report: true, sequence: reporter.sequence + 1, ..reporter.request() }
}

/// A frame of Zstandard (RFC 8878, 3.1.1) that says nothing of its size and unpacks to 64 × 128 KiB of zeros.
fn bomb() -> Vec<u8> {
    let mut frame = vec![0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x58];
    for block in 1..=64_u32 {
        let header = (128 * 1024) << 3 | 1 << 1 | u32::from(block == 64);
        frame.extend_from_slice(&header.to_le_bytes()[..3]);
        frame.push(0);
    }
    frame
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_report_is_refused_whole() {
    let Fleet { folder: _folder, server, mut reporters } = Fleet::start(1).await;
    let reporter = &mut reporters[0];
    let mut client = reporter.client(server.port).await.unwrap();
    let good = part(SectionKind::Health, &health(900));
    let spoilt = |spoil: &dyn Fn(&mut SectionPart)| {
        let mut part = part(SectionKind::Hardware, &hardware(901));
        spoil(&mut part);
        // A good section in the same message is not kept either.
        with(reporter, vec![good.clone(), part])
    };
    let zeros = Digest::of(&vec![0; 64 * 128 * 1024]);
    let wrong = [
        ("another digest", spoilt(&|p| p.digest = Digest::of(b"other").as_bytes().to_vec())),
        ("a short digest", spoilt(&|p| p.digest.truncate(31))),
        (
            "a bomb",
            spoilt(&|p| {
                (p.encoding, p.body, p.digest) = (Encoding::Zstd.into(), bomb().into(), zeros.as_bytes().to_vec());
            }),
        ),
        ("no frame", spoilt(&|p| p.encoding = Encoding::Zstd.into())),
        ("an unknown encoding", spoilt(&|p| p.encoding = 9)),
        ("no pieces", spoilt(&|p| p.count = 0)),
        ("too many pieces", spoilt(&|p| p.count = u32::MAX)),
        ("the second piece first", spoilt(&|p| (p.index, p.count) = (1, 2))),
        ("a piece beyond the last", spoilt(&|p| p.index = 7)),
        ("bytes that are no hardware", with(reporter, vec![good.clone(), part(SectionKind::Hardware, &[0xff; 40])])),
        ("a health section as hardware", spoilt(&|p| p.body = vec![0x0a; 3].into())),
        ("seventeen pieces", with(reporter, vec![good.clone(); 17])),
        ("a short boot", CheckInRequest { boot: vec![1; 15], ..spoilt(&|_| {}) }),
        ("no root", CheckInRequest { sections_root: Vec::new(), ..spoilt(&|_| {}) }),
        (
            "many conditions",
            CheckInRequest {
                observed: Some(Observed { generation: None, conditions: vec![Condition::default(); 65] }),
                ..spoilt(&|_| {})
            },
        ),
    ];
    let kept = || async { show(&server, &reporter.id).await.sections };
    let before = kept().await;
    for (what, request) in wrong {
        let refused = client.check_in(request).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument, "{what}: {refused:?}");
        assert!(refused.message().len() > 10, "{what}: {refused:?}");
        assert_eq!(kept().await, before, "{what}");
    }
    let large = CheckInRequest { agent_version: "9".repeat(70_000), ..with(reporter, vec![good.clone()]) };
    let refused = client.check_in(large).await.unwrap_err();
    assert!(matches!(refused.code(), Code::OutOfRange | Code::ResourceExhausted), "{refused:?}");
    assert!(refused.message().contains("too large"), "{refused:?}");
    assert_eq!(kept().await, before);
    // The same connection goes on.
    reporter.change();
    reporter.tell(&mut client).await.unwrap();
    reporter.check(&server).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pieces_that_are_interrupted_begin_again() {
    let Fleet { folder: _folder, server, mut reporters } = Fleet::start(1).await;
    let reporter = &mut reporters[0];
    let mut client = reporter.client(server.port).await.unwrap();
    let body = hardware(7);
    let piece = |index: usize| SectionPart {
        index: u32::try_from(index).unwrap(),
        count: 2,
        body: if index == 0 { body[..4].to_vec() } else { body[4..].to_vec() }.into(),
        ..part(SectionKind::Hardware, &body)
    };
    let before = show(&server, &reporter.id).await.sections;
    // The first, then one of another section: the rest no longer follows.
    assert!(client.check_in(with(reporter, vec![piece(0)])).await.unwrap().into_inner().stored.is_empty());
    client.check_in(with(reporter, vec![piece(0)])).await.unwrap();
    let between =
        client.check_in(with(reporter, vec![SectionPart { index: 1, count: 3, ..piece(1) }])).await.unwrap_err();
    assert!(between.message().contains("is missing"), "{between:?}");
    assert_eq!(client.check_in(with(reporter, vec![piece(1)])).await.unwrap_err().code(), Code::InvalidArgument);
    assert_eq!(show(&server, &reporter.id).await.sections, before);
    // In order, over two messages.
    reporter.set(SectionKind::Hardware, body.clone());
    client.check_in(with(reporter, vec![piece(0)])).await.unwrap();
    let answer = client.check_in(with(reporter, vec![piece(1)])).await.unwrap().into_inner();
    assert_eq!(answer.stored, [Digest::of(&body).as_bytes().to_vec()]);
    assert!(answer.wanted.is_empty());
    reporter.check(&server).await;
}

/// A request with fields that this version does not know.
#[derive(Clone, Debug, Default, PartialEq)]
struct Newer(Vec<u8>);

impl Message for Newer {
    fn encode_raw(&self, buf: &mut impl BufMut) {
        buf.put_slice(&self.0);
    }

    fn merge_field(
        &mut self,
        tag: u32,
        wire: WireType,
        buf: &mut impl Buf,
        ctx: DecodeContext,
    ) -> Result<(), prost::DecodeError> {
        prost::encoding::skip_field(wire, tag, buf, ctx)
    }

    fn encoded_len(&self) -> usize {
        self.0.len()
    }

    fn clear(&mut self) {
        self.0.clear();
    }
}

/// Field 2,000 as a varint, and field 2,001 as bytes.
fn unknown_fields() -> Vec<u8> {
    let mut bytes = Vec::new();
    prost::encoding::uint64::encode(2000, &77, &mut bytes);
    prost::encoding::string::encode(2001, &"from the future".to_owned(), &mut bytes);
    bytes
}

async fn check_in_newer(channel: &Channel, request: &CheckInRequest) -> Result<CheckInResponse, Status> {
    let mut grpc = tonic::client::Grpc::new(channel.clone());
    grpc.ready().await.map_err(|e| Status::unknown(e.to_string()))?;
    let bytes = Newer([request.encode_to_vec(), unknown_fields()].concat());
    let codec = wire::codec::SmallCodec::<Newer, CheckInResponse>::default();
    let path = http::uri::PathAndQuery::from_static("/cartable.v1.Device/CheckIn");
    grpc.unary(tonic::Request::new(bytes), path, codec).await.map(tonic::Response::into_inner)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_newer_agent_says_is_kept_as_far_as_it_is_known() {
    let Fleet { folder: _folder, server, mut reporters } = Fleet::start(1).await;
    let reporter = &mut reporters[0];
    let channel = reporter.device.connect(server.port).await.unwrap();
    // Unknown fields within a section too: kept as sent.
    let body = [hardware(12), unknown_fields()].concat();
    reporter.set(SectionKind::Hardware, body.clone());
    let future = b"a section of a kind to come";
    let known: Vec<u8> =
        reporter.sections().iter().flat_map(|(k, d)| [k.name().as_bytes(), &[0], d.as_bytes()].concat()).collect();
    let root = Digest::of(&[&known[..], b"future", &[0], Digest::of(future).as_bytes()].concat());
    let stranger = SectionPart { kind: 99, ..part(SectionKind::Packages, future) };
    let request = CheckInRequest {
        sections_root: root.as_bytes().to_vec(),
        ..with(reporter, vec![stranger.clone(), part(SectionKind::Hardware, &body), stranger])
    };
    let answer = check_in_newer(&channel, &request).await.unwrap();
    assert_eq!(answer.stored, [Digest::of(&body).as_bytes().to_vec()]);
    assert_eq!(answer.sequence, request.sequence);
    let mut asked = u32::from(!answer.wanted.is_empty());
    // The roots differ for ever: the server asks once.
    for _ in 0..5 {
        let again = CheckInRequest { parts: Vec::new(), report: false, hold_ms: 0, ..request.clone() };
        asked += u32::from(!check_in_newer(&channel, &again).await.unwrap().wanted.is_empty());
    }
    assert_eq!(asked, 1);
    let shown = show(&server, &reporter.id).await;
    assert!(shown.sections.iter().any(|section| section.body == body), "the unknown field of the section is kept");
    assert_eq!(shown.sections.len(), 2);
    let sheet = server.json(&["device", "show", &reporter.id]);
    assert_eq!(sheet["hardware"]["model"], "Machine 12");
}

/// A control plane's intermediate.
fn authority(data: &Path) -> Authority {
    let text = |file: &str| std::fs::read_to_string(data.join("ca").join(file)).unwrap();
    let mut chain = chain_of_pem(&text("intermediate.pem")).unwrap();
    chain.truncate(1);
    chain.extend(chain_of_pem(&text("root.pem")).unwrap());
    Authority::new(&text("intermediate.key"), chain).unwrap()
}

/// A connection with a certificate of this authority; the server is judged by its own root.
async fn connection(
    server: &ServerProcess,
    authority: &Authority,
    caller: &Caller,
    now: Timestamp,
) -> Result<Channel, String> {
    let key = key_make().unwrap();
    let chain = authority.device_issue(&request_make(&key).unwrap(), caller, now, 2, [9; 16]).unwrap();
    let root = chain_of_pem(&std::fs::read_to_string(server.data.join("ca/root.pem")).unwrap()).unwrap();
    connect(server.port, tls::client(&root[0], chain, &key, tls::system_time()).unwrap()).await
}

/// How TLS refuses a certificate: in 1.3 the client learns of it with its first call.
async fn shut_out(channel: Result<Channel, String>, request: CheckInRequest) -> String {
    match channel {
        Err(text) => text,
        Ok(channel) => {
            let status = DeviceClient::new(channel).check_in(request).await.unwrap_err();
            assert!(
                matches!(status.code(), Code::Unavailable | Code::Unknown | Code::Cancelled | Code::Internal),
                "{status:?}"
            );
            format!("{status:?}")
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_that_does_not_hold_ends_the_handshake() {
    let Fleet { folder, server, reporters } = Fleet::start(1).await;
    let reporter = &reporters[0];
    let status = operator(&server).await.server_status(ServerStatusRequest {}).await.unwrap().into_inner();
    let now = Timestamp::from_unix_millis(status.server_unix_ms);
    let device: DeviceId = reporter.id.parse().unwrap();
    let caller = Caller::Device { territory: "doubs".parse().unwrap(), device };
    let own = authority(&server.data);
    // As a control: the authority's certificates are taken.
    let channel = connection(&server, &own, &caller, now).await.unwrap();
    DeviceClient::new(channel).check_in(reporter.request()).await.unwrap();

    let elsewhere = folder.path().join("elsewhere");
    std::fs::create_dir(&elsewhere).unwrap();
    let foreign = authority(&ServerProcess::init(&elsewhere).data);
    for (what, authority, at) in [
        ("another CA", &foreign, now),
        ("expired", &own, now.before(40 * DAY)),
        ("not yet valid", &own, now.after(2 * DAY)),
    ] {
        let said = shut_out(connection(&server, authority, &caller, at).await, reporter.request()).await;
        assert!(!said.is_empty(), "{what}");
    }
    let counted = operator(&server).await.server_status(ServerStatusRequest {}).await.unwrap().into_inner();
    assert_eq!(counted.check_ins, status.check_ins + 1, "only the control got as far as a call");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_says_who_may_call_what() {
    let Fleet { folder: _folder, server, reporters } = Fleet::start(1).await;
    let reporter = &reporters[0];
    let status = |client: Channel| async move { AdminClient::new(client).server_status(ServerStatusRequest {}).await };
    let check_in = |channel: Channel| async move { DeviceClient::new(channel).check_in(reporter.request()).await };

    let now = status(operator_channel(&server).await).await.unwrap().into_inner().server_unix_ms;
    let now = Timestamp::from_unix_millis(now);
    let own = authority(&server.data);
    let device: DeviceId = reporter.id.parse().unwrap();
    let called = |caller: Caller| {
        let (server, own) = (&server, &own);
        async move { connection(server, own, &caller, now).await.unwrap() }
    };
    let (doubs, jura) = ("doubs".parse().unwrap(), "jura".parse().unwrap());
    let stranger = DeviceId::new(now, [3; 10]);
    let root = reporter.device.chain.last().unwrap();
    let nobody =
        connect(server.port, tls::enrolling(identity::issue::pin_of(root).unwrap(), tls::system_time()).unwrap());
    let nobody = nobody.await.unwrap();

    for (what, refused, code) in [
        (
            "a device as staff",
            status(reporter.device.connect(server.port).await.unwrap()).await.map(drop),
            Code::PermissionDenied,
        ),
        ("staff as a device", check_in(operator_channel(&server).await).await.map(drop), Code::PermissionDenied),
        ("nobody as staff", status(nobody.clone()).await.map(drop), Code::Unauthenticated),
        ("nobody as a device", check_in(nobody).await.map(drop), Code::Unauthenticated),
        (
            "a device of another territory",
            check_in(called(Caller::Device { territory: jura, device }).await).await.map(drop),
            Code::PermissionDenied,
        ),
        (
            "a device that never enrolled",
            check_in(called(Caller::Device { territory: doubs, device: stranger }).await).await.map(drop),
            Code::PermissionDenied,
        ),
    ] {
        let refused = refused.unwrap_err();
        assert_eq!(refused.code(), code, "{what}: {refused:?}");
        assert!(!refused.message().is_empty(), "{what}");
    }
    check_in(reporter.device.connect(server.port).await.unwrap()).await.unwrap();
}

async fn operator_channel(server: &ServerProcess) -> Channel {
    let (chain, key) = operator_identity(&server.data);
    let root = chain.last().unwrap().clone();
    connect(server.port, tls::client(&root, chain, &key, tls::system_time()).unwrap()).await.unwrap()
}
