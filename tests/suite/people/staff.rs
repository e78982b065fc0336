//! An operator made in a test: invited, accepted, connected, as the command line does it.

use controlplane_core::role::Role;
use identity::csr::{key_make, request_make};
use identity::tls;
use model::digest::Digest;
use model::token::{Acceptance, Token};
use tests::caller::connect;
use tests::world::World;
use tonic::Status;
use tonic::transport::Channel;
use wire::v1::admin_client::AdminClient;
use wire::v1::invitation_client::InvitationClient;
use wire::v1::{Grant, InvitationAcceptRequest, InvitationAcceptResponse, OperatorInviteRequest};

/// Somebody with a key and a certificate.
pub(crate) struct Staff {
    pub(crate) key_pem: String,
    pub(crate) chain: Vec<Vec<u8>>,
}

impl Staff {
    /// The first operator, whose files `init` made.
    pub(crate) fn first(world: &World) -> Self {
        let read = |file: &str| std::fs::read_to_string(world.data().join("operator").join(file)).unwrap();
        let chain = identity::issue::chain_of_pem(&read("operator.pem")).unwrap();
        Self { key_pem: read("operator.key"), chain }
    }

    /// Somebody invited by the first operator.
    pub(crate) async fn invited(world: &World, name: &str, grants: Vec<Grant>) -> Self {
        let invitation = invite(&Self::first(world), world, name, grants).await.unwrap();
        let key_pem = key_make().unwrap();
        let answer = accept(world, &invitation, &key_pem).await.unwrap();
        Self { key_pem, chain: answer.chain }
    }

    pub(crate) async fn channel(&self, world: &World) -> Result<Channel, String> {
        let config = tls::client(self.chain.last().unwrap(), self.chain.clone(), &self.key_pem, world.callers_time());
        connect(world.port, config.unwrap()).await
    }

    pub(crate) async fn client(&self, world: &World) -> AdminClient<Channel> {
        AdminClient::new(self.channel(world).await.unwrap())
    }
}

/// Asks for an invitation.
pub(crate) async fn invite(by: &Staff, world: &World, name: &str, grants: Vec<Grant>) -> Result<Token, Status> {
    let asked = OperatorInviteRequest { name: name.to_owned(), grants, why: "a test".to_owned(), ..Default::default() };
    let answer = by.client(world).await.operator_invite(asked).await?.into_inner();
    Ok(answer.secret.parse().unwrap())
}

/// Accepts an invitation for a key.
pub(crate) async fn accept(
    world: &World,
    invitation: &Token,
    key_pem: &str,
) -> Result<InvitationAcceptResponse, Status> {
    let csr = request_make(key_pem).unwrap();
    let binding = Digest::of(&world.leaf());
    let acceptance = Acceptance { csr: &csr, channel_binding: binding.as_bytes() };
    let proof = invitation.key().acceptance(&acceptance);
    let request = InvitationAcceptRequest { invitation_id: invitation.id.to_string(), csr: csr.clone(), proof };
    said(world, request).await
}

/// Says this to the invitation service, as a stranger.
pub(crate) async fn said(world: &World, request: InvitationAcceptRequest) -> Result<InvitationAcceptResponse, Status> {
    let config = tls::enrolling(world.pin(), world.callers_time()).unwrap();
    let mut client = InvitationClient::new(connect(world.port, config).await.unwrap());
    client.accept(request).await.map(tonic::Response::into_inner)
}

/// A role over the whole territory.
pub(crate) fn whole(role: Role) -> Grant {
    Grant { role: wire_role(role).into(), owner: String::new(), schools: Vec::new() }
}

/// A role over some schools.
pub(crate) fn schools(role: Role, uais: &[&str]) -> Grant {
    Grant { schools: uais.iter().map(|uai| (*uai).to_owned()).collect(), ..whole(role) }
}

/// A role over an owner's equipment.
pub(crate) fn owner(role: Role, slug: &str) -> Grant {
    Grant { owner: slug.to_owned(), ..whole(role) }
}

fn wire_role(role: Role) -> wire::v1::Role {
    match role {
        Role::Admin => wire::v1::Role::Admin,
        Role::Technician => wire::v1::Role::Technician,
        Role::LoanDesk => wire::v1::Role::LoanDesk,
        Role::PolicyAuthor => wire::v1::Role::PolicyAuthor,
        Role::Publisher => wire::v1::Role::Publisher,
        Role::Auditor => wire::v1::Role::Auditor,
        Role::Evaluator => wire::v1::Role::Evaluator,
    }
}
