//! Invitations: once, for one key, within what the one who invites has.

use super::staff::{Staff, accept, invite, owner, said, schools, whole};
use controlplane_core::role::Role;
use identity::csr::{key_make, request_make};
use model::digest::Digest;
use model::token::{Acceptance, Token};
use std::time::Duration;
use tests::world::World;
use tonic::Code;
use wire::v1::{
    InvitationAcceptRequest, OperatorInviteRequest, OperatorListRequest, OperatorRenewRequest, OperatorRevokeRequest,
    OperatorSelfRequest, OperatorState,
};

const HOUR: Duration = Duration::from_secs(3_600);

#[tokio::test]
async fn an_invitation_is_for_one_key_and_an_answer_that_was_lost_costs_nothing() {
    let world = World::new().await;
    let first = Staff::first(&world);
    let invitation = invite(&first, &world, "paul", vec![whole(Role::Technician)]).await.unwrap();
    let key_pem = key_make().unwrap();
    accept(&world, &invitation, &key_pem).await.unwrap();
    let again = accept(&world, &invitation, &key_pem).await.unwrap();
    let other = accept(&world, &invitation, &key_make().unwrap()).await.unwrap_err();
    assert_eq!(
        (other.code(), other.message().starts_with("this invitation is not valid")),
        (Code::PermissionDenied, true)
    );
    let paul = Staff { key_pem, chain: again.chain };
    let answer = paul.client(&world).await.operator_self(OperatorSelfRequest {}).await.unwrap().into_inner();
    assert!(answer.calls.contains(&"DeviceDecide".to_owned()) && !answer.calls.contains(&"OperatorInvite".to_owned()));
    // Somebody whose access has ended does not come back by the same invitation.
    let revoke = OperatorRevokeRequest { name: "paul".to_owned(), why: String::new() };
    first.client(&world).await.operator_revoke(revoke).await.unwrap();
    assert!(accept(&world, &invitation, &paul.key_pem).await.is_err());
    assert!(paul.client(&world).await.operator_self(OperatorSelfRequest {}).await.is_err());
}

#[tokio::test]
async fn wrong_late_withdrawn_and_guessed_ones_are_all_answered_alike() {
    let mut world = World::new().await;
    let first = Staff::first(&world);
    let refused = async |invitation: &Token| {
        let status = accept(&world, invitation, &key_make().unwrap()).await.unwrap_err();
        (status.code(), status.message().to_owned())
    };
    let late = invite(&first, &world, "late", vec![whole(Role::Auditor)]).await.unwrap();
    world.clock.forward(73 * HOUR);
    let said_late = refused(&late).await;
    let withdrawn = invite(&first, &world, "withdrawn", vec![whole(Role::Auditor)]).await.unwrap();
    let revoke = OperatorRevokeRequest { name: withdrawn.id.to_string(), why: String::new() };
    first.client(&world).await.operator_revoke(revoke).await.unwrap();
    let said_withdrawn = refused(&withdrawn).await;
    let unknown = Token::new(&[9; 31], world.pin());
    let said_unknown = refused(&unknown).await;
    assert_eq!((&said_late, &said_late), (&said_withdrawn, &said_unknown));

    // A proof over another connection, another request, or with another secret; the tenth locks it.
    let locked = invite(&first, &world, "locked", vec![whole(Role::Auditor)]).await.unwrap();
    let csr = request_make(&key_make().unwrap()).unwrap();
    let binding = Digest::of(&world.leaf());
    let bound = Acceptance { csr: &csr, channel_binding: binding.as_bytes() };
    let proofs = [
        locked.key().acceptance(&Acceptance { channel_binding: &[0; 32], ..bound }),
        locked.key().acceptance(&Acceptance { csr: b"another", ..bound }),
        unknown.key().acceptance(&bound),
        Vec::new(),
    ];
    for proof in proofs.iter().cycle().take(10) {
        let request =
            InvitationAcceptRequest { invitation_id: locked.id.to_string(), csr: csr.clone(), proof: proof.clone() };
        assert_eq!(said(&world, request).await.unwrap_err().message(), said_late.1);
    }
    assert_eq!(refused(&locked).await, said_late);
    // What is no request, or too large for one.
    let open = invite(&first, &world, "open", vec![whole(Role::Auditor)]).await.unwrap();
    for (csr, code) in [(vec![1, 2, 3], Code::InvalidArgument), (vec![0; 5_000], Code::InvalidArgument)] {
        let acceptance = Acceptance { csr: &csr, channel_binding: binding.as_bytes() };
        let proof = open.key().acceptance(&acceptance);
        let request = InvitationAcceptRequest { invitation_id: open.id.to_string(), csr: csr.clone(), proof };
        assert_eq!(said(&world, request).await.unwrap_err().code(), code);
    }
    accept(&world, &open, &key_make().unwrap()).await.unwrap();
    assert!(world.audit().await.contains("\"invitation_proof\""));
}

#[tokio::test]
async fn nobody_grants_more_than_they_have_and_roles_that_must_not_meet_do_not() {
    let world = World::new().await;
    let first = Staff::first(&world);
    let commune = Staff::invited(&world, "commune", vec![owner(Role::Admin, "commune-a")]).await;
    let (a, b) = ("0951099D", "0750654D");
    let ecole = Staff::invited(&world, "ecole", vec![schools(Role::Admin, &[a, b])]).await;
    let asked = async |by: &Staff, grants| invite(by, &world, "new", grants).await.map(|_| ()).map_err(|s| s.code());
    assert_eq!(asked(&commune, vec![whole(Role::Technician)]).await, Err(Code::PermissionDenied));
    assert_eq!(asked(&commune, vec![owner(Role::Technician, "commune-b")]).await, Err(Code::PermissionDenied));
    assert_eq!(asked(&commune, vec![schools(Role::Technician, &[a])]).await, Err(Code::PermissionDenied));
    assert_eq!(asked(&ecole, vec![schools(Role::Technician, &[a, "0752524L"])]).await, Err(Code::PermissionDenied));
    assert_eq!(asked(&commune, vec![owner(Role::Technician, "commune-a")]).await, Ok(()));
    assert_eq!(asked(&ecole, vec![schools(Role::Technician, &[b])]).await, Ok(()));
    for grants in [
        Vec::new(),
        vec![whole(Role::Auditor), whole(Role::Technician)],
        vec![whole(Role::LoanDesk), schools(Role::Technician, &[a])],
        vec![wire::v1::Grant { owner: "commune-a".to_owned(), ..schools(Role::Technician, &[a]) }],
        vec![schools(Role::Technician, &["0699990Z"])],
        vec![owner(Role::Technician, "Commune A")],
        vec![wire::v1::Grant::default()],
        vec![whole(Role::Evaluator); 20],
    ] {
        assert_eq!(asked(&first, grants.clone()).await, Err(Code::InvalidArgument), "{grants:?}");
    }
    for name in ["", "Jeanne", "a/b", &"x".repeat(65)] {
        let refused = invite(&first, &world, name, vec![whole(Role::Auditor)]).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument, "{name}");
    }
    // Each sees the people within their own scope.
    let names = async |by: &Staff| {
        let list = by.client(&world).await.operator_list(OperatorListRequest { all: true }).await.unwrap();
        let operators = list.into_inner().operators.into_iter();
        operators.filter(|o| o.state() == OperatorState::Active).map(|o| o.name).collect::<Vec<_>>()
    };
    assert_eq!(names(&commune).await, ["commune"]);
    assert_eq!(names(&ecole).await, ["ecole"]);
    assert_eq!(names(&first).await, ["admin", "commune", "ecole"]);
    let revoke = |name: &str| OperatorRevokeRequest { name: name.to_owned(), why: String::new() };
    let foreign = commune.client(&world).await.operator_revoke(revoke("ecole")).await.unwrap_err();
    assert_eq!(foreign.code(), Code::NotFound);
    let upwards = commune.client(&world).await.operator_revoke(revoke("admin")).await.unwrap_err();
    assert_eq!(upwards.code(), Code::NotFound);
    // Nor does an invitation take over somebody beyond one's scope.
    let takeover = OperatorInviteRequest {
        name: "admin".to_owned(),
        grants: vec![owner(Role::Admin, "commune-a")],
        again: true,
        ..Default::default()
    };
    assert_eq!(
        commune.client(&world).await.operator_invite(takeover.clone()).await.unwrap_err().code(),
        Code::NotFound
    );
    // The last admin is not made something else.
    let demoted = first.client(&world).await.operator_invite(takeover).await.unwrap().into_inner();
    let refused = accept(&world, &demoted.secret.parse().unwrap(), &key_make().unwrap()).await.unwrap_err();
    assert!(refused.message().contains("last admin"), "{refused:?}");
}

#[tokio::test]
async fn a_certificate_is_renewed_by_its_holder_and_the_old_one_ends_with_its_first_use() {
    let mut world = World::new().await;
    let old = Staff::invited(&world, "paul", vec![whole(Role::Technician)]).await;
    let key_pem = key_make().unwrap();
    let csr = request_make(&key_pem).unwrap();
    let answer = old.client(&world).await.operator_renew(OperatorRenewRequest { csr }).await.unwrap().into_inner();
    let new = Staff { key_pem, chain: answer.chain };
    let asked = async |staff: &Staff| staff.client(&world).await.operator_self(OperatorSelfRequest {}).await;
    // A power cut before it is used strands nobody.
    asked(&old).await.unwrap();
    asked(&new).await.unwrap();
    assert!(asked(&old).await.unwrap_err().message().contains("was replaced"));
    asked(&new).await.unwrap();
    let audit = world.audit().await;
    assert!(audit.contains("operator_certificate_renew") && audit.contains("operator_certificate_switch"), "{audit}");
}

/// An invitation says what somebody was to be at that moment; what they have become since is not taken back by it.
#[tokio::test]
async fn an_old_invitation_takes_nobody_back_to_what_they_were() {
    let world = World::new().await;
    let first = Staff::first(&world);
    let mut admin = first.client(&world).await;
    let again = async |by: &Staff, name: &str, grants: Vec<wire::v1::Grant>| {
        let asked = OperatorInviteRequest { name: name.to_owned(), grants, again: true, ..Default::default() };
        let answer = by.client(&world).await.operator_invite(asked).await.unwrap().into_inner();
        answer.secret.parse::<Token>().unwrap()
    };
    let k1 = key_make().unwrap();
    let old = invite(&first, &world, "paul", vec![whole(Role::Admin)]).await.unwrap();
    accept(&world, &old, &k1).await.unwrap();
    let newer = again(&first, "paul", vec![whole(Role::Evaluator)]).await;
    accept(&world, &newer, &key_make().unwrap()).await.unwrap();
    // The laptop with the old key, and the old invitation's text on it.
    assert_eq!(accept(&world, &old, &k1).await.unwrap_err().code(), Code::PermissionDenied);

    // Promoted, or put an end to, after the invitation was made.
    let school = Staff::invited(&world, "school", vec![schools(Role::Admin, &["0951099D"])]).await;
    Staff::invited(&world, "marie", vec![schools(Role::Technician, &["0951099D"])]).await;
    let takeover = again(&school, "marie", vec![schools(Role::Technician, &["0951099D"])]).await;
    let promotion = again(&first, "marie", vec![whole(Role::Technician)]).await;
    accept(&world, &promotion, &key_make().unwrap()).await.unwrap();
    assert_eq!(accept(&world, &takeover, &key_make().unwrap()).await.unwrap_err().code(), Code::PermissionDenied);
    let comeback = again(&first, "marie", vec![whole(Role::Technician)]).await;
    let revoke = |name: &str| OperatorRevokeRequest { name: name.to_owned(), why: String::new() };
    admin.operator_revoke(revoke("marie")).await.unwrap();
    assert_eq!(accept(&world, &comeback, &key_make().unwrap()).await.unwrap_err().code(), Code::PermissionDenied);

    // The one who invited has lost what they hand on.
    let orphan = invite(&school, &world, "jean", vec![schools(Role::Technician, &["0951099D"])]).await.unwrap();
    admin.operator_revoke(revoke("school")).await.unwrap();
    assert_eq!(accept(&world, &orphan, &key_make().unwrap()).await.unwrap_err().code(), Code::PermissionDenied);
    // What was accepted is ended by ending the access.
    let used = admin.operator_revoke(revoke(&newer.id.to_string())).await.unwrap_err();
    assert!(used.message().contains("was accepted; end the access of operator paul"), "{used:?}");
}
