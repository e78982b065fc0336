//! Peer tickets: who belongs to a school is given one in its check-in's answer, and nobody else.

use controlplane_core::audit::Act;
use controlplane_core::device::DEVICES;
use controlplane_core::store::Expect;
use controlplane_core::table::Writes;
use identity::issue::chain_of_pem;
use identity::tls;
use model::device::JoinState;
use model::digest::Digest;
use model::grant::Hold;
use model::id::DeviceId;
use model::key::OnlineKey;
use model::resource::PeerTicket;
use model::signed::Signed;
use model::time::Timestamp;
use std::time::Duration;
use tests::caller::connect;
use tests::world::{Machine, World, admin};
use tonic::Code;
use wire::convert::{ticket_decode, trust_decode};
use wire::v1::device_client::DeviceClient;
use wire::v1::{CheckInRequest, CheckInResponse, Envelope};

const HOUR: Duration = Duration::from_secs(3_600);
const HERE: &str = "0951099D";
const THERE: &str = "0750654D";

/// Files a device under a school, as an act of the register does.
pub(crate) async fn file(world: &World, device: DeviceId, school: Option<&str>) {
    let row = DEVICES.get(world.store.as_ref(), &world.territory, device.to_string()).await.unwrap().unwrap();
    let mut record = row.value;
    record.school = school.map(|school| school.parse().unwrap());
    let act = Act::of(world.now(), &admin(), "device_test", device.to_string(), "a test");
    let writes = Writes::by(&world.territory, &act).unwrap();
    let writes = writes.put(&DEVICES, device.to_string(), &record, Expect::At(row.revision)).unwrap();
    writes.commit(&world.store).await.unwrap();
}

/// What a device that says this of its ticket is answered.
async fn answered(
    world: &World,
    machine: &Machine,
    until: Option<Timestamp>,
    school: &str,
) -> Result<CheckInResponse, tonic::Status> {
    let pem = std::fs::read_to_string(machine.state.join("tls.pem")).unwrap();
    let chain = chain_of_pem(&pem).unwrap();
    let tls = tls::client(chain.last().unwrap(), chain.clone(), &pem, world.callers_time()).unwrap();
    let request = CheckInRequest {
        boot: vec![1; 16],
        sections_root: Digest::of(b"").as_bytes().to_vec(),
        ticket_until_unix_ms: until.map(Timestamp::unix_millis),
        ticket_school: school.to_owned(),
        ..CheckInRequest::default()
    };
    let mut client = DeviceClient::new(connect(world.port, tls).await.unwrap());
    client.check_in(request).await.map(tonic::Response::into_inner)
}

fn keys(machine: &Machine) -> Vec<OnlineKey> {
    let envelope = std::fs::read(machine.state.join("trust")).unwrap();
    let envelope: Envelope = prost::Message::decode(&envelope[..]).unwrap();
    trust_decode(&envelope.payload).unwrap().online
}

fn opened(machine: &Machine, envelope: Envelope) -> PeerTicket {
    let signed = Signed::<PeerTicket>::try_from(envelope).unwrap();
    ticket_decode(signed.bytes(&keys(machine)).unwrap()).unwrap()
}

#[tokio::test]
async fn a_device_of_a_school_has_a_ticket_and_a_new_one_in_time_and_after_a_move() {
    let world = World::new().await;
    let machine = world.agent("one");
    let device = machine.enrol(&world).await;
    let none = Some(Timestamp::default());
    let ticket = async |until, school: &str| {
        answered(&world, &machine, until, school).await.unwrap().ticket.map(|ticket| opened(&machine, ticket))
    };
    assert_eq!(ticket(none, "").await, None, "it is of no school");
    file(&world, device, Some(HERE)).await;
    assert_eq!(ticket(None, "").await, None, "it asks for none");
    let first = ticket(none, "").await.unwrap();
    assert_eq!((first.device, &first.territory, first.school.to_string()), (device, &world.territory, HERE.to_owned()));
    let again = ticket(none, "").await.unwrap();
    assert_eq!((again.rendezvous.len(), &again.rendezvous), (2, &first.rendezvous));
    assert_eq!(first.certificate_from, world.record(device).await.identity_from);
    assert!(first.until > world.now().after(23 * HOUR) && first.until.since(first.from) <= 24 * HOUR);
    assert_eq!(ticket(Some(first.until), HERE).await, None, "it is good for long");
    assert!(ticket(Some(first.until.before(12 * HOUR)), HERE).await.is_some(), "half of it is over");
    file(&world, device, Some(THERE)).await;
    // Heard of in its time, like every change.
    let moved = async {
        loop {
            if let Some(ticket) = ticket(Some(first.until), HERE).await {
                return ticket;
            }
        }
    };
    let moved = tokio::time::timeout(Duration::from_secs(20), moved).await.unwrap();
    assert_eq!(moved.school.to_string(), THERE);
    assert!(moved.rendezvous.iter().all(|name| !first.rendezvous.contains(name)));
    assert_eq!(ticket(Some(moved.until), THERE).await, None);
}

#[tokio::test]
async fn who_does_not_plainly_belong_has_none() {
    let world = World::new().await;
    let machine = world.agent("one");
    let device = machine.enrol(&world).await;
    file(&world, device, Some(HERE)).await;
    let none = Some(Timestamp::default());
    let has = async || answered(&world, &machine, none, "").await.unwrap().ticket.is_some();
    assert!(has().await);
    world.decide(device, JoinState::Quarantined).await;
    assert!(!has().await);
    world.decide(device, JoinState::Active).await;
    assert!(has().await);
    world.grant(device, Hold::Missing, "").await;
    let gone = async {
        while has().await {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), gone).await.unwrap();
    world.grant(device, Hold::Free, "").await;
    world.decide(device, JoinState::Revoked).await;
    let refused = answered(&world, &machine, none, "").await.unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied);
}

#[tokio::test]
async fn an_agent_keeps_its_ticket_and_asks_for_another_when_it_ends_soon() {
    let world = World::new().await;
    let mut machine = world.agent("one");
    let device = machine.enrol(&world).await;
    file(&world, device, Some(HERE)).await;
    machine.start().await;
    machine.settled().await;
    let kept = |machine: &Machine| {
        let bytes = std::fs::read(machine.state.join("ticket")).ok()?;
        Some(opened(machine, prost::Message::decode(&bytes[..]).unwrap()))
    };
    let first = kept(&machine).unwrap();
    assert_eq!((first.device, first.school.to_string()), (device, HERE.to_owned()));
    let later = async {
        while kept(&machine) == Some(first.clone()) {
            world.pass(Duration::from_secs(600)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), later).await.unwrap();
    let next = kept(&machine).unwrap();
    assert!(next.until.since(first.until) > 11 * HOUR && next.until.since(first.until) < 14 * HOUR, "{next:?}");
    // Started again it knows it, and asks for none.
    machine.kill().await;
    machine.start().await;
    machine.settled().await;
    assert_eq!(kept(&machine).unwrap(), next);
    // One that was spoilt on the disk, or is another's, is none.
    machine.kill().await;
    std::fs::write(machine.state.join("ticket"), b"\x0a\x03abc").unwrap();
    machine.start().await;
    machine.settled().await;
    assert!(kept(&machine).unwrap().until > world.now());
}
