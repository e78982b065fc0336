//! The table of roles against the service's own description, and against a running server: each call by each role.

use super::staff::{Staff, schools, whole};
use controlplane_core::role::{Breadth, CALLS, Role};
use prost::Message;
use prost_types::FileDescriptorSet;
use std::collections::BTreeSet;
use std::time::Duration;
use tests::world::World;
use tonic::client::Grpc;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::transport::Channel;
use tonic::{Code, Request, Status};
use wire::codec::SmallCodec;

/// The calls of the admin service, and whether each answers with a stream.
fn calls() -> Vec<(String, bool)> {
    let set = FileDescriptorSet::decode(wire::DESCRIPTORS).unwrap();
    let services = set.file.iter().flat_map(|file| &file.service);
    let admin = services.filter(|service| service.name() == "Admin").flat_map(|service| &service.method);
    admin.map(|method| (method.name().to_owned(), method.server_streaming())).collect()
}

/// Makes a call with an empty message, which every message reads as itself.
async fn made(channel: &Channel, call: &str, streams: bool) -> Result<(), Status> {
    let mut grpc = Grpc::new(channel.clone());
    grpc.ready().await.map_err(|e| Status::unknown(e.to_string()))?;
    let path: PathAndQuery = format!("/cartable.v1.Admin/{call}").parse().unwrap();
    let codec: SmallCodec<(), ()> = SmallCodec::default();
    if streams {
        grpc.server_streaming(Request::new(()), path, codec).await.map(|_| ())
    } else {
        grpc.unary(Request::new(()), path, codec).await.map(|_| ())
    }
}

#[test]
fn each_call_there_is_has_a_row_and_each_row_a_call() {
    let calls: BTreeSet<String> = calls().into_iter().map(|(name, _)| name).collect();
    let rows: BTreeSet<String> = CALLS.iter().map(|row| row.call.to_owned()).collect();
    let lacking: Vec<_> = calls.difference(&rows).collect();
    assert!(lacking.is_empty(), "no row in controlplane/core/src/role.rs says who may call {lacking:?}");
    let idle: Vec<_> = rows.difference(&calls).collect();
    assert!(idle.is_empty(), "rows for calls there are not: {idle:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_call_by_every_role_is_answered_as_the_table_says() {
    let mut world = World::new().await;
    let mut refused = 0;
    for role in Role::ALL {
        for (breadth, grant) in [("whole", whole(role)), ("part", schools(role, &["0951099D"]))] {
            let name = format!("{}-{breadth}", role.name().replace('_', "-"));
            let staff = Staff::invited(&world, &name, vec![grant]).await;
            for (call, streams) in calls() {
                // Four streams at a time on one connection, and a watch stays open.
                let channel = staff.channel(&world).await.unwrap();
                let row = CALLS.iter().find(|row| row.call == call).unwrap();
                let may = row.roles.contains(&role) && (row.breadth == Breadth::Scoped || breadth == "whole");
                let answer = made(&channel, &call, streams).await;
                let by_role = |status: &Status| {
                    status.code() == Code::PermissionDenied && status.message().starts_with("your role does not allow")
                };
                let denied = answer.as_ref().is_err_and(by_role);
                assert_eq!(denied, !may, "{call} by {name}: {answer:?}");
                refused += u64::from(denied);
            }
            // Refusals of a minute that are too many to be told apart are summed.
            world.pass(Duration::from_secs(61)).await;
        }
    }
    assert!(refused > 50, "{refused}");
    // Each of them stands in the audit, in its author's name; the last of them may be written a little later.
    let mut audit = world.audit().await;
    for _ in 0..600 {
        if summed(&audit) == refused {
            break;
        }
        world.pass(Duration::from_secs(61)).await;
        audit = world.audit().await;
    }
    assert!(audit.contains("\"operator\":\"evaluator-whole\"}") && audit.contains("\"DeviceDecide\""), "{audit}");
    assert_eq!(summed(&audit), refused, "refusals in the audit");
}

/// How many refusals an audit tells of.
fn summed(audit: &str) -> u64 {
    let refusals = audit.lines().filter(|line| {
        line.contains("\"refused\":true")
            && (CALLS.iter().any(|row| line.contains(&format!("\"verb\":\"{}\"", row.call)))
                // What was too much to be told apart where the writing came late.
                || line.contains("\"verb\":\"other\""))
    });
    let times =
        |line: &str| line.split("\"times\":").nth(1).map(|n| n.split(['}', ',']).next().unwrap().parse().unwrap());
    refusals.map(|line| times(line).unwrap_or(1)).sum()
}

#[tokio::test]
async fn a_foreign_expired_or_revoked_certificate_opens_nothing() {
    use super::staff::invite;
    use identity::caller::Caller;
    use identity::issue::Authority;
    use wire::v1::{OperatorRevokeRequest, OperatorSelfRequest};
    let world = World::new().await;
    let asked = async |staff: &Staff| {
        let mut client = staff.client(&world).await;
        client.operator_self(OperatorSelfRequest {}).await.map(tonic::Response::into_inner)
    };
    // Of this very authority, for a name or a territory that nobody invited.
    let read = |file: &str| std::fs::read_to_string(world.data().join("ca").join(file)).unwrap();
    let chain = identity::issue::chain_of_pem(&read("intermediate.pem")).unwrap();
    let authority = Authority::new(&read("intermediate.key"), chain).unwrap();
    let forged = |territory: &str, name: &str| {
        let caller = Caller::Operator { territory: territory.parse().unwrap(), name: name.to_owned() };
        let issued = authority.operator_issue(&caller, tests::world::START, [7; 16]).unwrap();
        Staff { key_pem: issued.key_pem, chain: issued.chain }
    };
    let of = async |staff: &Staff| asked(staff).await.unwrap_err();
    let foreign = of(&forged("jura", "admin")).await;
    assert_eq!(foreign.code(), Code::PermissionDenied, "{foreign:?}");
    assert!(foreign.message().contains("of this territory"), "{foreign:?}");
    let unknown = of(&forged("doubs", "nobody")).await;
    assert!(unknown.message().contains("not known here"), "{unknown:?}");
    let stolen_name = of(&forged("doubs", "admin")).await;
    assert!(stolen_name.message().contains("was replaced"), "{stolen_name:?}");

    let paul = Staff::invited(&world, "paul", vec![whole(Role::Technician)]).await;
    assert_eq!(asked(&paul).await.unwrap().operator.unwrap().name, "paul");
    let mut first = Staff::first(&world).client(&world).await;
    let revoke = |name: &str| OperatorRevokeRequest { name: name.to_owned(), why: "left".to_owned() };
    first.operator_revoke(revoke("paul")).await.unwrap();
    let revoked = of(&paul).await;
    assert!(revoked.message().contains("has ended"), "{revoked:?}");
    // The last one who answers for the whole territory stays.
    let last = first.operator_revoke(revoke("admin")).await.unwrap_err();
    assert_eq!(last.code(), Code::InvalidArgument, "{last:?}");
    // Back again, by another invitation; a plain one is refused for a name that is known.
    let taken = invite(&Staff::first(&world), &world, "paul", vec![whole(Role::Technician)]).await.unwrap_err();
    assert_eq!(taken.code(), Code::AlreadyExists, "{taken:?}");

    // A connection that outlives the certificate: TLS has looked at the dates long ago.
    let marie = Staff::invited(&world, "marie", vec![whole(Role::Auditor)]).await;
    let mut client = marie.client(&world).await;
    client.operator_self(OperatorSelfRequest {}).await.unwrap();
    world.clock.forward(Duration::from_secs(366 * 86_400));
    let expired = client.operator_self(OperatorSelfRequest {}).await.unwrap_err();
    assert_eq!((expired.code(), expired.message().contains("expired")), (Code::Unauthenticated, true), "{expired:?}");
    // In TLS 1.3 the caller believes in its connection until the server has judged its certificate (RFC 8446, 4.4.2.4).
    if let Ok(channel) = marie.channel(&world).await {
        let mut client = wire::v1::admin_client::AdminClient::new(channel);
        let refused = client.operator_self(OperatorSelfRequest {}).await.unwrap_err();
        assert!(matches!(refused.code(), Code::Unavailable | Code::Unknown | Code::Cancelled), "{refused:?}");
    }
}
