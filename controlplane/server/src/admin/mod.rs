//! `Admin`: what people ask, one file a noun.

mod audit;
mod cadence;
mod device;
mod server;
mod token;

use crate::caller::operator_of;
use crate::shared::Shared;
use std::sync::Arc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status};
use wire::v1::admin_server::{Admin, AdminServer};
use wire::v1::{
    AuditListRequest, AuditListResponse, AuditVerifyRequest, AuditVerifyResponse, CadenceSetRequest,
    CadenceSetResponse, CadenceShowRequest, CadenceShowResponse, DeviceDecideRequest, DeviceDecideResponse,
    DeviceListRequest, DeviceListResponse, DeviceShowRequest, DeviceShowResponse, DeviceSummary, DeviceWatchRequest,
    ServerStatusRequest, ServerStatusResponse, TokenCreateRequest, TokenCreateResponse, TokenListRequest,
    TokenListResponse, TokenRevokeRequest, TokenRevokeResponse,
};

/// The largest message staff send, in bytes.
const REQUEST_BYTES_MAX: usize = 256 * 1024;
/// The largest page staff get, in bytes.
const PAGE_BYTES_MAX: usize = 4 * 1024 * 1024;

/// The admin service.
pub(crate) struct AdminService {
    shared: Arc<Shared>,
}

impl AdminService {
    /// The service, with its message limits.
    pub(crate) fn server(shared: Arc<Shared>) -> AdminServer<Self> {
        AdminServer::new(Self { shared })
            .max_decoding_message_size(REQUEST_BYTES_MAX)
            .max_encoding_message_size(PAGE_BYTES_MAX)
    }

    /// Who calls, and what is asked; refused to all but staff.
    fn asked<T>(&self, request: Request<T>) -> Result<(String, T), Status> {
        let operator = operator_of(&self.shared, &request)?;
        Ok((operator, request.into_inner()))
    }
}

#[tonic::async_trait]
impl Admin for AdminService {
    type DeviceWatchStream = ReceiverStream<Result<DeviceSummary, Status>>;

    async fn device_list(&self, request: Request<DeviceListRequest>) -> Result<Response<DeviceListResponse>, Status> {
        let (_, asked) = self.asked(request)?;
        device::list(&self.shared, asked).await.map(Response::new)
    }

    async fn device_show(&self, request: Request<DeviceShowRequest>) -> Result<Response<DeviceShowResponse>, Status> {
        let (_, asked) = self.asked(request)?;
        device::show(&self.shared, &asked.device).await.map(Response::new)
    }

    async fn device_decide(
        &self,
        request: Request<DeviceDecideRequest>,
    ) -> Result<Response<DeviceDecideResponse>, Status> {
        let (operator, asked) = self.asked(request)?;
        device::decide(&self.shared, &operator, asked).await.map(Response::new)
    }

    async fn device_watch(
        &self,
        request: Request<DeviceWatchRequest>,
    ) -> Result<Response<Self::DeviceWatchStream>, Status> {
        let (_, asked) = self.asked(request)?;
        device::watch(Arc::clone(&self.shared), asked).await.map(Response::new)
    }

    async fn token_create(
        &self,
        request: Request<TokenCreateRequest>,
    ) -> Result<Response<TokenCreateResponse>, Status> {
        let (operator, asked) = self.asked(request)?;
        token::create(&self.shared, &operator, asked).await.map(Response::new)
    }

    async fn token_list(&self, request: Request<TokenListRequest>) -> Result<Response<TokenListResponse>, Status> {
        let (_, asked) = self.asked(request)?;
        token::list(&self.shared, asked).await.map(Response::new)
    }

    async fn token_revoke(
        &self,
        request: Request<TokenRevokeRequest>,
    ) -> Result<Response<TokenRevokeResponse>, Status> {
        let (operator, asked) = self.asked(request)?;
        token::revoke(&self.shared, &operator, asked).await.map(Response::new)
    }

    async fn cadence_show(
        &self,
        request: Request<CadenceShowRequest>,
    ) -> Result<Response<CadenceShowResponse>, Status> {
        self.asked(request)?;
        cadence::show(&self.shared).await.map(Response::new)
    }

    async fn cadence_set(&self, request: Request<CadenceSetRequest>) -> Result<Response<CadenceSetResponse>, Status> {
        let (operator, asked) = self.asked(request)?;
        cadence::set(&self.shared, &operator, asked).await.map(Response::new)
    }

    async fn server_status(
        &self,
        request: Request<ServerStatusRequest>,
    ) -> Result<Response<ServerStatusResponse>, Status> {
        self.asked(request)?;
        server::status(&self.shared).await.map(Response::new)
    }

    async fn audit_list(&self, request: Request<AuditListRequest>) -> Result<Response<AuditListResponse>, Status> {
        let (_, asked) = self.asked(request)?;
        audit::list(&self.shared, asked).await.map(Response::new)
    }

    async fn audit_verify(
        &self,
        request: Request<AuditVerifyRequest>,
    ) -> Result<Response<AuditVerifyResponse>, Status> {
        let (_, asked) = self.asked(request)?;
        audit::verify(&self.shared, asked).await.map(Response::new)
    }
}
