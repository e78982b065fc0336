//! What loosens is never one person's word.

use super::super::people::staff::{Staff, schools, whole};
use super::super::people::week::enrolled;
use super::example;
use controlplane_core::policy::{Layer, policy_get};
use controlplane_core::role::Role;
use tests::world::World;
use tonic::Code;
use wire::v1::{
    LessonStartRequest, PolicyApplyRequest, PolicyApplyResponse, PolicyHistoryRequest, PolicyShowRequest,
    ProposalDecideRequest,
};

const A: &str = "0951099D";
const B: &str = "0750654D";

async fn apply(by: &Staff, world: &World, asked: PolicyApplyRequest) -> Result<PolicyApplyResponse, tonic::Status> {
    Ok(by.client(world).await.policy_apply(asked).await?.into_inner())
}

fn put(layer: &str, text: &str) -> PolicyApplyRequest {
    PolicyApplyRequest {
        layer: layer.to_owned(),
        text: text.to_owned(),
        why: "a test".to_owned(),
        ..Default::default()
    }
}

async fn version(world: &World, layer: &str) -> u32 {
    let layer: Layer = layer.parse().unwrap();
    policy_get(world.store.as_ref(), &world.territory, &layer).await.unwrap().map_or(0, |row| row.value.version)
}

#[tokio::test]
async fn what_tightens_holds_at_once_and_what_loosens_when_a_second_person_agrees() {
    let world = World::new().await;
    enrolled(&world, A, 12).await;
    let author = Staff::invited(&world, "author", vec![whole(Role::PolicyAuthor)]).await;
    let second = Staff::invited(&world, "second", vec![whole(Role::PolicyAuthor)]).await;
    let here = Staff::invited(&world, "here", vec![schools(Role::PolicyAuthor, &[A])]).await;
    let elsewhere = Staff::invited(&world, "elsewhere", vec![schools(Role::PolicyAuthor, &[B])]).await;
    let tech = Staff::invited(&world, "tech", vec![schools(Role::Technician, &[A])]).await;
    let national = std::fs::read_to_string(example("national")).unwrap();
    // On more devices than the limit, and at once: it protects.
    let done = apply(&author, &world, put("national", &national)).await.unwrap();
    assert_eq!((done.version, done.devices, done.proposal), (1, 12, None));
    let tighter = national.replace("\"gambling\"]", "\"gambling\", \"chat\"]");
    assert_eq!(apply(&author, &world, put("national", &tighter)).await.unwrap().version, 2);

    let back = PolicyApplyRequest { version: 1, ..put("national", "") };
    let waits = apply(&author, &world, back).await.unwrap();
    let proposal = waits.proposal.unwrap();
    assert!(
        waits.changes.iter().any(|change| change.item == "chat" && change.effect == "loosens"),
        "{:?}",
        waits.changes
    );
    assert_eq!((version(&world, "national").await, proposal.verb.as_str()), (2, "policy_rollback"));
    let decide = |id: &str| ProposalDecideRequest { id: id.to_owned(), agree: true, why: "seen".to_owned() };
    let own = author.client(&world).await.proposal_decide(decide(&proposal.id)).await.unwrap_err();
    assert_eq!(own.code(), Code::PermissionDenied);
    let narrow = here.client(&world).await.proposal_decide(decide(&proposal.id)).await.unwrap_err();
    assert_eq!(narrow.code(), Code::NotFound, "the nation is not a school's");
    second.client(&world).await.proposal_decide(decide(&proposal.id)).await.unwrap();
    assert_eq!(version(&world, "national").await, 3);
    let asked = PolicyHistoryRequest { layer: "national".to_owned(), version: 3 };
    let held = author.client(&world).await.policy_history(asked).await.unwrap().into_inner().versions.remove(0);
    assert_eq!((held.text, held.of, held.second.as_str()), (national, 1, "second"), "a new version with the old text");

    // Within its scope a school's author speaks for the school, and for nobody else.
    let layer = format!("school:{A}");
    assert_eq!(apply(&here, &world, put(&layer, "[both]\nblock = [\"press\"]")).await.unwrap().version, 1);
    for (by, layer) in [(&here, "national"), (&elsewhere, layer.as_str()), (&here, "school:0750654D")] {
        let refused = apply(by, &world, put(layer, "name = \"x\"")).await.unwrap_err();
        assert_eq!(refused.code(), Code::NotFound, "{layer}");
    }
    let refused = apply(&tech, &world, put(&layer, "name = \"x\"")).await.unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied);
    // An act that was changed under the second person's eyes is not done.
    let loose = apply(&here, &world, put(&layer, "name = \"nothing\"")).await.unwrap().proposal.unwrap();
    apply(&author, &world, put(&layer, "[both]\nblock = [\"press\", \"chat\"]")).await.unwrap();
    let stale = second.client(&world).await.proposal_decide(decide(&loose.id)).await.unwrap_err();
    assert_eq!(stale.code(), Code::InvalidArgument, "{stale:?}");

    // A layer above is read by all; who helps a class opens a lesson for it, in the own school alone.
    let above = PolicyShowRequest { layer: "national".to_owned(), ..Default::default() };
    assert!(!tech.client(&world).await.policy_show(above).await.unwrap().into_inner().layers[0].text.is_empty());
    let shown = elsewhere.client(&world).await.policy_show(PolicyShowRequest::default()).await.unwrap().into_inner();
    assert_eq!(shown.layers.len(), 1, "a school's is not another school's");
    let one = PolicyShowRequest { layer: layer.clone(), ..Default::default() };
    let together = PolicyShowRequest { composed: true, school: A.to_owned(), ..Default::default() };
    for (asked, many) in [(one, 1), (together, 0)] {
        let shown = here.client(&world).await.policy_show(asked.clone()).await.unwrap().into_inner();
        assert_eq!(shown.layers.len(), many);
        let refused = elsewhere.client(&world).await.policy_show(asked).await.unwrap_err();
        assert_eq!(refused.code(), Code::NotFound, "nor is what it says there to be read elsewhere");
    }
    let lesson = |school: &str| LessonStartRequest {
        scope: format!("school:{school}"),
        minutes: 50,
        only_open: true,
        ..Default::default()
    };
    tech.client(&world).await.lesson_start(lesson(A)).await.unwrap();
    assert_eq!(tech.client(&world).await.lesson_start(lesson(B)).await.unwrap_err().code(), Code::NotFound);
}
