//! A second person: nothing is done to many devices on one person's word.

use super::staff::{Staff, schools, whole};
use super::week::{enrolled, states};
use controlplane_core::device::Decision;
use controlplane_core::role::Role;
use std::time::Duration;
use tests::world::World;
use tonic::Code;
use wire::v1::{
    BundleAssignRequest, BundleWord, Cadence, CadenceSetRequest, CadenceShowRequest, ClassListRequest, ClassPutRequest,
    ClassShowRequest, DeviceDecideManyRequest, DeviceDecideRequest, JoinState, OperatorRevokeRequest,
    ProposalDecideRequest, ProposalListRequest, ProposalState, ReleaseSetRequest, ReleaseShowRequest, ReleaseWanted,
    RolloutActRequest, RolloutDeed, RolloutPlanRequest, RolloutWish,
};

const A: &str = "0951099D";
const B: &str = "0750654D";

fn revoke(school: &str) -> DeviceDecideManyRequest {
    DeviceDecideManyRequest {
        school: school.to_owned(),
        state: JoinState::Revoked.into(),
        why: "stolen van".to_owned(),
        ..Default::default()
    }
}

fn decide(id: &str, agree: bool) -> ProposalDecideRequest {
    ProposalDecideRequest { id: id.to_owned(), agree, why: "seen".to_owned() }
}

#[tokio::test]
async fn a_mass_revocation_waits_for_a_second_person_who_may_do_it_too() {
    let mut world = World::new().await;
    let devices = enrolled(&world, A, 12).await;
    let elsewhere = enrolled(&world, B, 1).await;
    let first = Staff::first(&world);
    let tech = Staff::invited(&world, "tech", vec![schools(Role::Technician, &[A])]).await;
    let other = Staff::invited(&world, "other", vec![schools(Role::Technician, &[B])]).await;
    let colleague = Staff::invited(&world, "colleague", vec![schools(Role::Technician, &[A, B])]).await;
    let mut by = tech.client(&world).await;
    let answer = by.device_decide_many(revoke(A)).await.unwrap().into_inner();
    let proposal = answer.proposal.unwrap();
    assert_eq!((proposal.device_count, answer.devices.len(), proposal.state()), (12, 0, ProposalState::Open));
    assert!(states(&world, &devices).await.iter().all(|s| s == "active"), "nothing is done yet");

    let own = by.proposal_decide(decide(&proposal.id, true)).await.unwrap_err();
    assert!(own.code() == Code::PermissionDenied && own.message().contains("a second person"), "{own:?}");
    let mut stranger = other.client(&world).await;
    assert!(
        stranger
            .proposal_list(ProposalListRequest { all: true, id: String::new() })
            .await
            .unwrap()
            .into_inner()
            .proposals
            .is_empty()
    );
    assert_eq!(stranger.proposal_decide(decide(&proposal.id, true)).await.unwrap_err().code(), Code::NotFound);
    let mut second = colleague.client(&world).await;
    let one = ProposalListRequest { all: false, id: proposal.id.clone() };
    let shown = second.proposal_list(one.clone()).await.unwrap().into_inner().proposals.remove(0);
    assert_eq!(shown.devices.len(), 12, "who agrees sees to what");
    assert_eq!(stranger.proposal_list(one).await.unwrap_err().code(), Code::NotFound);
    assert_eq!(second.proposal_list(ProposalListRequest::default()).await.unwrap().into_inner().proposals.len(), 1);
    let done = second.proposal_decide(decide(&proposal.id, true)).await.unwrap().into_inner().proposal.unwrap();
    assert_eq!((done.state(), done.second.as_str()), (ProposalState::Done, "colleague"));
    assert!(states(&world, &devices).await.iter().all(|s| s == "revoked"));
    assert_eq!(states(&world, &elsewhere).await, ["active"]);
    assert_eq!(second.proposal_decide(decide(&proposal.id, true)).await.unwrap_err().code(), Code::AlreadyExists);
    let _ = first;
    let audit = world.audit().await;
    let revoked: Vec<&str> = audit.lines().filter(|line| line.contains("\"device_revoke\"")).collect();
    assert_eq!(revoked.len(), 12, "one entry a device");
    assert!(
        revoked
            .iter()
            .all(|line| line.contains("{\"operator\":\"tech\"}") && line.contains("\"second\":\"colleague\""))
    );
}

#[tokio::test]
async fn up_to_the_limit_one_person_is_enough_and_all_or_none_are_decided() {
    let world = World::new().await;
    let devices = enrolled(&world, A, 10).await;
    let foreign = enrolled(&world, B, 1).await;
    let tech = Staff::invited(&world, "tech", vec![schools(Role::Technician, &[A])]).await;
    let mut by = tech.client(&world).await;
    let mut mixed = revoke("");
    mixed.devices = devices[..2].iter().chain(&foreign).cloned().collect();
    assert_eq!(by.device_decide_many(mixed).await.unwrap_err().code(), Code::NotFound);
    assert!(states(&world, &devices).await.iter().all(|s| s == "active"));
    let done = by.device_decide_many(revoke(A)).await.unwrap().into_inner();
    assert!(done.proposal.is_none() && done.devices.len() == 10);
    let again = by.device_decide_many(revoke(A)).await.unwrap_err();
    assert_eq!(again.code(), Code::InvalidArgument);
    let too_many = DeviceDecideManyRequest { devices: vec!["x".to_owned(); 501], ..revoke("") };
    assert_eq!(by.device_decide_many(too_many).await.unwrap_err().code(), Code::InvalidArgument);
}

#[tokio::test]
async fn a_proposal_lapses_is_refused_and_ends_with_the_one_who_made_it() {
    let world = World::new().await;
    let devices = enrolled(&world, A, 11).await;
    let first = Staff::first(&world);
    let author = Staff::invited(&world, "author", vec![whole(Role::PolicyAuthor)]).await;
    let cadence = Cadence { poll_seconds: 77, hold_seconds: 5, health_seconds: 900, inventory_seconds: 900 };
    let set = CadenceSetRequest { cadence: Some(cadence), why: "trial".to_owned() };
    let propose = async || {
        let answer = author.client(&world).await.cadence_set(set.clone()).await.unwrap().into_inner();
        assert_eq!(answer.cadence.unwrap().poll_seconds, 900, "what holds stays");
        answer.proposal.unwrap().id
    };
    let mut admin = first.client(&world).await;
    let shown = async || {
        let shown = first.client(&world).await.cadence_show(CadenceShowRequest {}).await.unwrap();
        shown.into_inner().cadence.unwrap().poll_seconds
    };
    let refused = propose().await;
    assert_eq!(
        admin.proposal_decide(decide(&refused, false)).await.unwrap().into_inner().proposal.unwrap().state(),
        ProposalState::Refused
    );
    assert_eq!(admin.proposal_decide(decide(&refused, true)).await.unwrap_err().code(), Code::AlreadyExists);
    let lapsed = propose().await;
    world.clock.forward(Duration::from_secs(7 * 86_400));
    assert_eq!(admin.proposal_decide(decide(&lapsed, true)).await.unwrap_err().code(), Code::FailedPrecondition);
    let good = propose().await;
    admin.proposal_decide(decide(&good, true)).await.unwrap();
    assert_eq!(shown().await, 77);
    let orphan = DeviceDecideManyRequest { devices: devices.clone(), ..revoke("") };
    let tech = Staff::invited(&world, "tech", vec![whole(Role::Technician)]).await;
    let orphan = tech.client(&world).await.device_decide_many(orphan).await.unwrap().into_inner().proposal.unwrap();
    let gone = OperatorRevokeRequest { name: "tech".to_owned(), why: "left".to_owned() };
    admin.operator_revoke(gone).await.unwrap();
    let refused = admin.proposal_decide(decide(&orphan.id, true)).await.unwrap_err();
    assert!(refused.message().contains("may no longer"), "{refused:?}");
    assert!(states(&world, &devices).await.iter().all(|s| s == "active"));
}

/// What was decided about a device since an act was proposed is not undone by agreeing to it.
#[tokio::test]
async fn what_has_changed_since_it_was_proposed_is_not_done() {
    let world = World::new().await;
    let devices = enrolled(&world, A, 11).await;
    let first = Staff::first(&world);
    let mut admin = first.client(&world).await;
    for device in &devices {
        world.decide(device.parse().unwrap(), model::device::JoinState::Quarantined).await;
    }
    let tech = Staff::invited(&world, "tech", vec![schools(Role::Technician, &[A])]).await;
    let approve = DeviceDecideManyRequest { state: JoinState::Active.into(), ..revoke(A) };
    let proposal = tech.client(&world).await.device_decide_many(approve).await.unwrap().into_inner().proposal.unwrap();
    world.decide(devices[3].parse().unwrap(), Decision::Lost).await;
    let changed = admin.proposal_decide(decide(&proposal.id, true)).await.unwrap_err();
    assert!(changed.message().contains("was changed since"), "{changed:?}");
    assert!(states(&world, &devices).await.iter().all(|s| s == "quarantined"));
    admin.proposal_decide(decide(&proposal.id, false)).await.unwrap();
}

/// Which program all devices run, least of all on one person's word.
#[tokio::test]
async fn a_release_waits_for_a_second_person_and_takes_nobody_elses_word_back() {
    let world = World::new().await;
    enrolled(&world, A, 11).await;
    let first = Staff::first(&world);
    let second = Staff::invited(&world, "second", vec![whole(Role::Admin)]).await;
    let (mut one, mut other) = (first.client(&world).await, second.client(&world).await);
    let release =
        |version: &str| ReleaseWanted { version: version.to_owned(), index: vec![1; 32], ..ReleaseWanted::default() };
    let mut proposed = Vec::new();
    for version in ["0.2", "0.3"] {
        let set = ReleaseSetRequest { release: Some(release(version)), why: "better".to_owned() };
        let answer = one.release_set(set).await.unwrap().into_inner();
        let proposal = answer.proposal.unwrap();
        assert_eq!((answer.release, proposal.verb.as_str()), (None, "release_set"));
        assert!(proposal.detail.starts_with(&format!("{version} --digest 0101")), "{}", proposal.detail);
        proposed.push(proposal.id);
    }
    assert!(one.proposal_decide(decide(&proposed[0], true)).await.is_err(), "one's own");
    other.proposal_decide(decide(&proposed[0], true)).await.unwrap();
    let shown = other.release_show(ReleaseShowRequest {}).await.unwrap().into_inner();
    assert_eq!(shown.release, Some(release("0.2")));
    let changed = other.proposal_decide(decide(&proposed[1], true)).await.unwrap_err();
    assert!(changed.message().contains("was changed since"), "{changed:?}");
    for bad in [
        ReleaseWanted { version: "x y".to_owned(), ..release("1") },
        ReleaseWanted { index: vec![1; 31], ..release("1") },
    ] {
        let set = ReleaseSetRequest { release: Some(bad), why: String::new() };
        assert_eq!(one.release_set(set).await.unwrap_err().code(), Code::InvalidArgument);
    }
    // Assigned or rolled out it is the same release, and nobody else's word: who assigns bundles does not assign it.
    let author = Staff::invited(&world, "author", vec![whole(Role::PolicyAuthor)]).await;
    let mut author = author.client(&world).await;
    let assign = |bundle: &str| BundleAssignRequest {
        bundle: bundle.to_owned(),
        targets: vec!["territory".to_owned()],
        word: BundleWord::Absent.into(),
        ..BundleAssignRequest::default()
    };
    let plan = || RolloutPlanRequest {
        wish: Some(RolloutWish {
            bundle: "cartable-agent".to_owned(),
            version: "0.4".to_owned(),
            index: vec![1; 32],
            scope: vec!["territory".to_owned()],
            ..RolloutWish::default()
        }),
        ..RolloutPlanRequest::default()
    };
    assert_eq!(author.bundle_assign(assign("cartable-agent")).await.unwrap_err().code(), Code::PermissionDenied);
    assert!(author.bundle_assign(assign("eau")).await.unwrap().into_inner().proposal.is_some());
    assert_eq!(author.rollout_plan(plan()).await.unwrap_err().code(), Code::PermissionDenied);
    let rollout = one.rollout_plan(plan()).await.unwrap().into_inner().rollout.unwrap();
    assert!(rollout.second);
    let start = RolloutActRequest { rollout: rollout.id, deed: RolloutDeed::Approve.into(), ..Default::default() };
    assert_eq!(author.rollout_act(start).await.unwrap_err().code(), Code::PermissionDenied);
    let proposed = one.bundle_assign(assign("cartable-agent")).await.unwrap().into_inner().proposal.unwrap();
    assert_eq!(author.proposal_decide(decide(&proposed.id, true)).await.unwrap_err().code(), Code::NotFound);
    other.proposal_decide(decide(&proposed.id, true)).await.unwrap();
}

/// A class decides what devices hold, so many of them are put into one as a bundle is assigned: by two, within their schools.
#[tokio::test]
async fn many_devices_come_into_a_class_by_two_people_of_that_school() {
    let world = World::new().await;
    let devices = enrolled(&world, A, 11).await;
    let first = Staff::first(&world);
    let mut admin = first.client(&world).await;
    let tech = Staff::invited(&world, "tech", vec![schools(Role::Technician, &[A])]).await;
    let other = Staff::invited(&world, "other", vec![schools(Role::Technician, &[B])]).await;
    let desk = Staff::invited(&world, "desk", vec![schools(Role::LoanDesk, &[A])]).await;
    let put = |class: &str, devices: &[String]| ClassPutRequest {
        class: class.to_owned(),
        devices: devices.to_vec(),
        why: "September".to_owned(),
        ..ClassPutRequest::default()
    };
    let class = format!("{A}/CM2 A");
    let few = tech.client(&world).await.class_put(put(&class, &devices[..2])).await.unwrap().into_inner();
    assert_eq!((few.devices, few.proposal), (2, None));
    let refused = desk.client(&world).await.class_put(put(&class, &devices)).await.unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied);
    let refused = other.client(&world).await.class_put(put(&class, &devices[..1])).await.unwrap_err();
    assert_eq!(refused.code(), Code::NotFound);
    let waits = tech.client(&world).await.class_put(put(&format!("{A}/CM2 B"), &devices)).await.unwrap().into_inner();
    let proposal = waits.proposal.unwrap();
    assert_eq!((waits.devices, proposal.verb.as_str()), (11, "class_put"));
    assert!(proposal.detail.starts_with(&format!("{A}/CM2 B --device ")), "{}", proposal.detail);
    let shown = other.client(&world).await.proposal_decide(decide(&proposal.id, true)).await.unwrap_err();
    assert_eq!(shown.code(), Code::NotFound);
    admin.proposal_decide(decide(&proposal.id, true)).await.unwrap();
    let list = admin.class_list(ClassListRequest { school: A.to_owned() }).await.unwrap().into_inner().classes;
    let counts: Vec<(&str, u32)> = list.iter().map(|class| (class.class.as_str(), class.devices)).collect();
    assert_eq!(counts, [(&*format!("{A}/CM2 B"), 11)]);

    // What was put elsewhere since is not taken back by who agrees to something older.
    let again =
        tech.client(&world).await.class_put(put(&class, &devices)).await.unwrap().into_inner().proposal.unwrap();
    tech.client(&world).await.class_put(put("", &devices[..1])).await.unwrap();
    let changed = admin.proposal_decide(decide(&again.id, true)).await.unwrap_err();
    assert!(changed.message().contains("was changed since"), "{changed:?}");

    // A rollout that was planned for a class of nobody does not start alone when many have come into it in small steps.
    let small = format!("{A}/CE1");
    let wish = RolloutWish {
        bundle: "cartable-agent".to_owned(),
        version: "0.4".to_owned(),
        index: vec![1; 32],
        scope: vec![format!("class:{small}")],
        ..RolloutWish::default()
    };
    let planned = admin.rollout_plan(RolloutPlanRequest { wish: Some(wish), ..Default::default() }).await;
    let planned = planned.unwrap().into_inner().rollout.unwrap();
    assert!(!planned.second);
    for some in [&devices[..6], &devices[6..]] {
        assert_eq!(admin.class_put(put(&small, some)).await.unwrap().into_inner().proposal, None);
    }
    let start = RolloutActRequest { rollout: planned.id, deed: RolloutDeed::Start.into(), ..Default::default() };
    let refused = admin.rollout_act(start).await.unwrap_err();
    assert!(refused.message().contains("a second person has to approve"), "{refused:?}");
    // Loan desks propose classes of their loans, and see and decide what they propose.
    desk.client(&world).await.proposal_list(ProposalListRequest::default()).await.unwrap();
    let shown = ClassShowRequest { class: small };
    assert_eq!(admin.class_show(shown.clone()).await.unwrap().into_inner().members.len(), 11);
    let author = Staff::invited(&world, "author", vec![schools(Role::PolicyAuthor, &[A])]).await;
    let refused = author.client(&world).await.class_show(shown).await.unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied, "loans are not theirs to read");
}

/// One after the other they are as many as all at once.
#[tokio::test]
async fn revocations_in_small_portions_are_one_act() {
    let world = World::new().await;
    let devices = enrolled(&world, A, 12).await;
    let tech = Staff::invited(&world, "tech", vec![schools(Role::Technician, &[A])]).await;
    let mut by = tech.client(&world).await;
    let one = |device: &String| DeviceDecideRequest {
        device: device.clone(),
        state: JoinState::Revoked.into(),
        why: "broken".to_owned(),
        lost: false,
    };
    for device in &devices[..10] {
        assert!(by.device_decide(one(device)).await.unwrap().into_inner().proposal.is_none());
    }
    let waits = by.device_decide(one(&devices[10])).await.unwrap().into_inner();
    assert_eq!((waits.proposal.is_some(), waits.device.unwrap().state()), (true, JoinState::Active));
    // What protects is not held up.
    let quarantine = DeviceDecideRequest { state: JoinState::Quarantined.into(), ..one(&devices[11]) };
    assert!(by.device_decide(quarantine).await.unwrap().into_inner().proposal.is_none());
    world.clock.forward(Duration::from_secs(3_600));
    assert!(by.device_decide(one(&devices[10])).await.unwrap().into_inner().proposal.is_none());
    for (state, lost) in [(JoinState::Revoked, true), (JoinState::Active, true), (JoinState::Unspecified, false)] {
        let odd = DeviceDecideManyRequest { lost, state: state.into(), devices: devices[..1].to_vec(), ..revoke("") };
        assert_eq!(by.device_decide_many(odd).await.unwrap_err().code(), Code::InvalidArgument);
    }
}
