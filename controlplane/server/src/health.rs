//! `grpc.health.v1`: whether the server serves, for whatever watches it; open to all, since it says nothing else.

use crate::shared::Shared;
use std::pin::Pin;
use std::sync::Arc;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::server::NamedService;
use tonic::{Request, Response, Status};
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_server::{Health, HealthServer};
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};
use wire::v1::admin_server::AdminServer;
use wire::v1::device_server::DeviceServer;
use wire::v1::enrolment_server::EnrolmentServer;

/// The largest question, in bytes: a service's name.
const REQUEST_BYTES_MAX: usize = 1024;

/// The health service; it knows nothing but whether the server stops.
pub(crate) struct HealthService {
    shared: Arc<Shared>,
}

impl HealthService {
    /// The service, with its message limit.
    pub(crate) fn server(shared: Arc<Shared>) -> HealthServer<Self> {
        HealthServer::new(Self { shared }).max_decoding_message_size(REQUEST_BYTES_MAX)
    }
}

#[tonic::async_trait]
impl Health for HealthService {
    type WatchStream = Pin<Box<ReceiverStream<Result<HealthCheckResponse, Status>>>>;

    async fn check(&self, request: Request<HealthCheckRequest>) -> Result<Response<HealthCheckResponse>, Status> {
        if !known(&request.get_ref().service) {
            return Err(Status::not_found("this server has no such service"));
        }
        Ok(Response::new(health(*self.shared.stop.borrow())))
    }

    async fn watch(&self, request: Request<HealthCheckRequest>) -> Result<Response<Self::WatchStream>, Status> {
        let mut stop = self.shared.stop.clone();
        let known = known(&request.get_ref().service);
        // Two answers are all there can be, so sending never waits.
        let (answers, stream) = mpsc::channel(2);
        tokio::spawn(async move {
            let first = if known { health(*stop.borrow_and_update()) } else { answer(ServingStatus::ServiceUnknown) };
            let _ = answers.send(Ok(first)).await;
            let stopped = async { stop.wait_for(|stopped| *stopped).await.is_ok() };
            tokio::select! {
                // The stream then ends: a watcher must not keep the server from stopping.
                true = stopped => {
                    let _ = answers.send(Ok(if known { health(true) } else { first })).await;
                }
                () = answers.closed() => {}
            }
        });
        Ok(Response::new(Box::pin(ReceiverStream::new(stream))))
    }
}

/// Empty stands for the whole server.
fn known(service: &str) -> bool {
    [
        "",
        <DeviceServer<()> as NamedService>::NAME,
        <EnrolmentServer<()> as NamedService>::NAME,
        <AdminServer<()> as NamedService>::NAME,
    ]
    .contains(&service)
}

fn health(stopping: bool) -> HealthCheckResponse {
    answer(if stopping { ServingStatus::NotServing } else { ServingStatus::Serving })
}

fn answer(status: ServingStatus) -> HealthCheckResponse {
    HealthCheckResponse { status: status.into() }
}
