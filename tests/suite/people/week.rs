//! A week of work for three operators with different scopes: nobody sees or changes a foreign school's device, and the audit tells
//! the whole story.

use super::staff::{Staff, owner, schools, whole};
use controlplane_core::device::device_get;
use controlplane_core::role::Role;
use controlplane_core::token::{TokenKind, TokenWish, token_create};
use identity::tls;
use std::time::Duration;
use tests::caller::{Attempt, connect};
use tests::world::{World, admin, standing_time};
use tonic::Code;
use wire::v1::enrolment_client::EnrolmentClient;
use wire::v1::{
    AuditListRequest, AuditVerifyRequest, DeviceDecideRequest, DeviceListRequest, DeviceShowRequest,
    DeviceWatchRequest, JoinState, TokenCreateRequest, TokenListRequest, TokenRevokeRequest,
};

const DAY: Duration = Duration::from_secs(86_400);
const A: &str = "0951099D";
const B: &str = "0750654D";
const C: &str = "0752524L";

/// Enrols so many devices of a school; their ids.
pub(crate) async fn enrolled(world: &World, school: &str, count: u8) -> Vec<String> {
    filed(world, Some(school), None, count).await
}

/// How each device stands.
pub(super) async fn states(world: &World, ids: &[String]) -> Vec<String> {
    let mut states = Vec::new();
    for id in ids {
        let row = device_get(world.store.as_ref(), &world.territory, id.parse().unwrap()).await.unwrap();
        states.push(row.value.state.name().to_owned());
    }
    states
}

async fn filed(world: &World, school: Option<&str>, owner: Option<&str>, count: u8) -> Vec<String> {
    let mut ids = Vec::new();
    for n in 0..count {
        let wish = TokenWish {
            kind: TokenKind::Unit,
            uses: 1,
            life: None,
            school: school.map(|uai| uai.parse().unwrap()),
            owner: owner.map(|slug| slug.parse().unwrap()),
            kit: None,
            serials: Vec::new(),
            device: None,
            note: String::new(),
        };
        let by = admin();
        let place = school.or(owner).unwrap_or("none");
        let random: [u8; 31] = std::array::from_fn(|at| place.as_bytes()[at % place.len()].wrapping_add(n));
        let now = controlplane::clock::Clock::now(world.clock.as_ref());
        let made = token_create(&world.store, &world.territory, wish, &by, world.pin(), &random, now);
        let token = made.await.unwrap().0;
        let attempt = Attempt::new(&token, &format!("PF-{place}-{n}"));
        let config = tls::enrolling(token.pin, standing_time()).unwrap();
        let mut client = EnrolmentClient::new(connect(world.port, config).await.unwrap());
        let challenge = attempt.start(&mut client).await.unwrap();
        let answer = client.finish(attempt.finish(&world.leaf(), &challenge)).await.unwrap().into_inner();
        ids.push(uuid::Uuid::from_slice(&answer.device).unwrap().to_string());
    }
    ids
}

/// One of the three, with the devices that are theirs and some that are not.
struct Desk {
    staff: Staff,
    own: Vec<String>,
    foreign: Vec<String>,
    token: TokenCreateRequest,
}

impl Desk {
    /// A day's work, and a day's attempts at what is not theirs.
    async fn work(&self, world: &World, day: usize) {
        let mut client = self.staff.client(world).await;
        let list = client.device_list(DeviceListRequest::default()).await.unwrap().into_inner();
        let mut seen: Vec<String> = list.devices.into_iter().map(|device| device.id).collect();
        seen.sort();
        let mut own = self.own.clone();
        own.sort();
        assert_eq!(seen, own, "each sees their own devices and no other");
        let one = &self.own[day % self.own.len()];
        let decide = |device: &str, state: JoinState| DeviceDecideRequest {
            device: device.to_owned(),
            state: state.into(),
            why: format!("day {day}"),
            lost: false,
        };
        client.device_show(DeviceShowRequest { device: one.clone() }).await.unwrap();
        client.device_decide(decide(one, JoinState::Quarantined)).await.unwrap();
        client.device_decide(decide(one, JoinState::Active)).await.unwrap();
        let made = client.token_create(self.token.clone()).await.unwrap().into_inner().token.unwrap();
        let tokens =
            client.token_list(TokenListRequest { all: true, ..Default::default() }).await.unwrap().into_inner();
        assert!(tokens.tokens.iter().all(|t| t.school == self.token.school && t.owner == self.token.owner));
        client.token_revoke(TokenRevokeRequest { id: made.id, why: "trial".to_owned() }).await.unwrap();

        for foreign in &self.foreign {
            // By its id, the beginning of it, and its serial number.
            let row = device_get(world.store.as_ref(), &world.territory, foreign.parse().unwrap()).await.unwrap();
            let serial = row.value.claims.serial.unwrap();
            for name in [foreign.as_str(), &foreign[..18], &serial] {
                let shown = client.device_show(DeviceShowRequest { device: name.to_owned() }).await.unwrap_err();
                // As for a device that is not there at all.
                assert_eq!((shown.code(), shown.message().contains("no such device")), (Code::NotFound, true));
            }
            let decided = client.device_decide(decide(foreign, JoinState::Revoked)).await.unwrap_err();
            assert_eq!(decided.code(), Code::NotFound);
        }
        let elsewhere = TokenCreateRequest { school: C.to_owned(), owner: String::new(), ..self.token.clone() };
        assert_eq!(client.token_create(elsewhere).await.unwrap_err().code(), Code::PermissionDenied);
        let nowhere = TokenCreateRequest { school: String::new(), owner: String::new(), ..self.token.clone() };
        assert_eq!(client.token_create(nowhere).await.unwrap_err().code(), Code::PermissionDenied);
        let asked = DeviceListRequest { school: C.to_owned(), ..Default::default() };
        assert!(client.device_list(asked).await.unwrap().into_inner().devices.is_empty());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_week_of_work_stays_within_three_scopes_and_the_audit_tells_it() {
    let mut world = World::new().await;
    let (a, b, c) =
        (filed(&world, Some(A), None, 3).await, filed(&world, Some(B), None, 2).await, enrolled(&world, C, 2).await);
    let commune = filed(&world, None, Some("commune-a"), 2).await;
    let token = |school: &str, owner: &str| TokenCreateRequest {
        kind: wire::v1::TokenKind::Unit.into(),
        uses: 1,
        school: school.to_owned(),
        owner: owner.to_owned(),
        ..Default::default()
    };
    let desks = [
        Desk {
            staff: Staff::invited(&world, "paul", vec![schools(Role::Technician, &[A])]).await,
            own: a.clone(),
            foreign: vec![b[0].clone(), c[0].clone(), commune[0].clone()],
            token: token(A, ""),
        },
        Desk {
            staff: Staff::invited(&world, "marie", vec![schools(Role::Technician, &[B])]).await,
            own: b.clone(),
            foreign: vec![a[0].clone(), c[1].clone()],
            token: token(B, ""),
        },
        Desk {
            staff: Staff::invited(&world, "commune", vec![owner(Role::Admin, "commune-a")]).await,
            own: commune.clone(),
            foreign: vec![a[1].clone(), b[1].clone(), c[0].clone()],
            token: token("", "commune-a"),
        },
    ];
    let mut watch = desks[0].staff.client(&world).await;
    let mut watch = watch.device_watch(DeviceWatchRequest::default()).await.unwrap().into_inner();
    for day in 0..5 {
        for desk in &desks {
            desk.work(&world, day).await;
        }
        world.clock.forward(DAY);
    }
    // The watch of one school shows that school's devices and no other.
    for _ in 0..4 {
        let seen = watch.message().await.unwrap().unwrap();
        assert!(a.contains(&seen.id), "{}", seen.id);
    }
    let everything: Vec<String> = [a.clone(), b.clone(), c, commune].concat();
    assert!(
        states(&world, &everything).await.iter().all(|state| state == "active"),
        "no foreign hand changed anything"
    );

    // An auditor of one school reads what was done to its devices; the territory's auditor reads all of it, and verifies.
    let of_a = Staff::invited(&world, "auditor-a", vec![schools(Role::Auditor, &[A])]).await;
    let read = AuditListRequest { limit: 1_000, ..Default::default() };
    let page = of_a.client(&world).await.audit_list(read.clone()).await.unwrap().into_inner();
    assert!(!page.entries.is_empty());
    assert!(page.entries.iter().all(|entry| a.contains(&entry.subject)), "{:?}", page.entries);
    let denied = of_a.client(&world).await.audit_verify(AuditVerifyRequest::default()).await.unwrap_err();
    assert_eq!(denied.code(), Code::PermissionDenied);
    // Nor does where a page ends tell of what is not shown, nor what one has reached for oneself.
    let probe = AuditListRequest { limit: 1, subject: b[0].clone(), ..Default::default() };
    let page = of_a.client(&world).await.audit_list(probe).await.unwrap().into_inner();
    assert_eq!((page.entries.len(), page.next.as_str()), (0, ""));
    let mut own = desks[2].staff.client(&world).await;
    let page = own.audit_list(read.clone()).await.unwrap().into_inner();
    let foreign: Vec<_> = page.entries.iter().filter(|entry| desks[2].foreign.contains(&entry.subject)).collect();
    assert!(foreign.is_empty(), "{foreign:?}");
    let auditor = Staff::invited(&world, "auditor", vec![whole(Role::Auditor)]).await;
    let mut auditor = auditor.client(&world).await;
    let verified = auditor.audit_verify(AuditVerifyRequest::default()).await.unwrap().into_inner();
    assert!(verified.broken.is_none());
    let story = auditor.audit_list(read).await.unwrap().into_inner().entries;
    for (name, own) in [("paul", &a), ("marie", &b)] {
        let acts: Vec<_> = story.iter().filter(|entry| entry.by == name && !entry.refused).collect();
        let decided = acts.iter().filter(|entry| entry.verb == "device_quarantine" || entry.verb == "device_approve");
        assert_eq!(decided.clone().count(), 10, "two decisions a day");
        assert!(decided.clone().all(|entry| own.contains(&entry.subject) && entry.role == "technician"));
        assert!(decided.clone().all(|entry| entry.why.starts_with("day ")));
    }
    let audit = world.audit().await;
    for name in ["paul", "marie", "commune"] {
        let tried: Vec<&str> = audit
            .lines()
            .filter(|line| line.contains("\"out_of_scope\"") && line.contains(&format!("{{\"operator\":\"{name}\"}}")))
            .collect();
        assert!(!tried.is_empty(), "{name} reached for what is not theirs, and nothing tells");
    }
    let refused = |line: &&str| line.contains("\"token_create\"") && line.contains("\"refused\":true");
    assert!(audit.lines().filter(refused).count() >= 3, "tokens for elsewhere were refused, and nothing tells");
}

/// Devices enrolled in one season begin alike: the beginning of an id must not end one by chance.
#[tokio::test]
async fn the_beginning_of_an_id_that_fits_several_names_none() {
    let world = World::new().await;
    enrolled(&world, B, 60).await;
    let own = enrolled(&world, A, 2).await;
    let paul = Staff::invited(&world, "paul", vec![schools(Role::Technician, &[A])]).await;
    let revoke = |device: &str| DeviceDecideRequest {
        device: device.to_owned(),
        state: JoinState::Revoked.into(),
        why: String::new(),
        lost: false,
    };
    let mut client = paul.client(&world).await;
    let several = client.device_decide(revoke(&own[0][..4])).await.unwrap_err();
    assert!(
        several.code() == Code::InvalidArgument && several.message().contains("several devices fit"),
        "{several:?}"
    );
    assert_eq!(states(&world, &own).await, ["active", "active"]);
    let one = enrolled(&world, C, 1).await;
    let marie = Staff::invited(&world, "marie", vec![schools(Role::Technician, &[C])]).await;
    // Behind sixty of others, the only one that is hers.
    let shown = marie.client(&world).await.device_show(DeviceShowRequest { device: one[0][..4].to_owned() }).await;
    assert_eq!(shown.unwrap().into_inner().device.unwrap().id, one[0]);
}
