//! `Invitation`: how somebody becomes an operator.

use crate::admin::grant;
use crate::caller::binding_of;
use crate::shared::Shared;
use crate::status::invalid;
use controlplane_core::Error;
use controlplane_core::audit::Author;
use controlplane_core::invitation::{REFUSED, invitation_accept};
use identity::csr::REQUEST_BYTES_MAX;
use model::token::Acceptance;
use std::sync::Arc;
use tonic::{Request, Response, Status};
use wire::v1::invitation_server::{Invitation, InvitationServer};
use wire::v1::{InvitationAcceptRequest, InvitationAcceptResponse};

/// The largest message, in bytes.
const REQUEST_MAX: usize = 16 * 1024;

/// The invitation service.
pub(crate) struct InvitationService {
    shared: Arc<Shared>,
}

impl InvitationService {
    /// The service, with its message limit.
    pub(crate) fn server(shared: Arc<Shared>) -> InvitationServer<Self> {
        InvitationServer::new(Self { shared }).max_decoding_message_size(REQUEST_MAX)
    }
}

#[tonic::async_trait]
impl Invitation for InvitationService {
    async fn accept(
        &self,
        request: Request<InvitationAcceptRequest>,
    ) -> Result<Response<InvitationAcceptResponse>, Status> {
        let shared = self.shared.as_ref();
        let binding = binding_of(&request)?;
        let said = request.into_inner();
        let now = shared.clock.now();
        if said.csr.len() > REQUEST_BYTES_MAX {
            return Err(invalid("the certificate request is too large"));
        }
        let refuse = shared.refuse(Author::Rule("invitation".to_owned()), "invitation_accept", "");
        let began = shared.clock.ticks();
        let Ok(id) = said.invitation_id.parse() else {
            shared.refusal_wait(began).await;
            return Err(refuse(Error::Denied(REFUSED.to_owned())));
        };
        let ca = shared.ca();
        let acceptance = Acceptance { csr: &said.csr, channel_binding: binding.as_bytes() };
        let (store, territory) = (&shared.store, shared.territory());
        let accepted = invitation_accept(store, territory, ca.as_ref(), id, &acceptance, &said.proof, now).await;
        let (operator, chain) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                shared.refusal_wait(began).await;
                return Err(refuse(error));
            }
        };
        tracing::info!("an invitation was accepted");
        Ok(Response::new(InvitationAcceptResponse {
            chain,
            name: operator.name,
            grants: operator.grants.iter().map(grant).collect(),
            territory: territory.to_string(),
            server: shared.config.url.clone(),
        }))
    }
}
