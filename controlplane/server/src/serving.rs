//! Connections that are served: HTTP/2 alone, and a device's calls by the shortest way, for each is held with all that its way is made of.

use crate::admin::AdminService;
use crate::connection::Connection;
use crate::device::{CHECK_IN, DeviceService, check_in};
use crate::enrolment::EnrolmentService;
use crate::error::Result;
use crate::health::HealthService;
use crate::invitation::InvitationService;
use crate::patience::patient;
use crate::recovery::RecoveryService;
use crate::shared::Shared;
use crate::{otlp, reflection};
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http2::Builder;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use std::convert::Infallible;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tonic::body::Body;
use tonic::codegen::Service as _;
use tonic::service::Routes;
use tracing::Instrument;
use tracing::instrument::Instrumented;

/// Streams at a time on one connection (security.md).
const STREAMS_MAX: u32 = 4;
/// Bytes in flight on a stream and on a connection before the other end must wait.
const WINDOW_BYTES: u32 = 64 * 1024;
/// Bytes of headers of one call.
const HEADER_BYTES_MAX: u32 = 8 * 1024;
/// Resets after which a connection is closed: of streams not yet accepted (rapid reset, CVE-2023-44487), and of streams that the server
/// resets because of what it is sent (CVE-2025-8671).
const RESETS_MAX: usize = 16;
const KEEPALIVE: Duration = Duration::from_secs(240);
const KEEPALIVE_MAX: Duration = Duration::from_secs(20);

/// How a call ends.
pub(crate) type Answering = Pin<Box<dyn Future<Output = std::result::Result<Response<Body>, Infallible>> + Send>>;

/// Whoever can be called.
pub(crate) struct Services {
    shared: Arc<Shared>,
    others: Routes,
}

impl Services {
    /// All there are.
    ///
    /// # Errors
    /// [`crate::error::Error`] when what is told of them cannot be read, or there is no chance to draw.
    pub(crate) fn new(shared: &Arc<Shared>) -> Result<Self> {
        let others = Routes::new(EnrolmentService::server(Arc::clone(shared)))
            .add_service(RecoveryService::server(Arc::clone(shared))?)
            .add_service(InvitationService::server(Arc::clone(shared)))
            .add_service(AdminService::server(Arc::clone(shared)))
            .add_service(HealthService::server(Arc::clone(shared)))
            .add_service(reflection::server(Arc::clone(shared))?);
        let device = DeviceService::server(Arc::clone(shared));
        Ok(Self { shared: Arc::clone(shared), others: others.add_service(device).prepare() })
    }

    fn call(&self, request: Request<Incoming>) -> Instrumented<Answering> {
        let span = otlp::call_span(request.uri().path());
        let check = request.uri().path() == CHECK_IN;
        let request = patient(request);
        let answering = span.in_scope(|| -> Answering {
            if check { check_in(&self.shared, request) } else { Box::pin(self.others.clone().call(request)) }
        });
        answering.instrument(span)
    }
}

/// Serves what comes out of the channel until told to stop; then ends calls under way, and is done when the last connection is closed.
pub(crate) async fn serve(services: Services, mut ready: mpsc::Receiver<Connection>, stop: impl Future<Output = ()>) {
    let services = Arc::new(services);
    let (closing, closed) = watch::channel(());
    let mut stop = pin!(stop);
    loop {
        let connection = tokio::select! {
            () = &mut stop => break,
            connection = ready.recv() => connection,
        };
        let Some(connection) = connection else { break };
        let (services, peer) = (Arc::clone(&services), connection.peer());
        let called = service_fn(move |mut request: Request<Incoming>| {
            peer.called();
            request.extensions_mut().insert(peer.clone());
            services.call(request)
        });
        tokio::spawn(converse(connection, called, closed.clone()));
    }
    drop((ready, closed));
    let _ = closing.send(());
    closing.closed().await;
}

/// Serves one connection. What is served is in a box of its own, for a future keeps what it was begun with beside what it became.
fn converse<S>(connection: Connection, called: S, mut closed: watch::Receiver<()>) -> impl Future<Output = ()> + Send
where
    S: Service<Request<Incoming>, Response = Response<Body>, Error = Infallible, Future = Instrumented<Answering>>
        + Send
        + 'static,
{
    let mut conversing = Box::pin(
        Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .max_concurrent_streams(STREAMS_MAX)
            .initial_stream_window_size(WINDOW_BYTES)
            .initial_connection_window_size(WINDOW_BYTES)
            .max_header_list_size(HEADER_BYTES_MAX)
            .max_pending_accept_reset_streams(RESETS_MAX)
            .max_local_error_reset_streams(RESETS_MAX)
            .keep_alive_interval(KEEPALIVE)
            .keep_alive_timeout(KEEPALIVE_MAX)
            .serve_connection(TokioIo::new(connection), called),
    );
    async move {
        let served = tokio::select! {
            served = &mut conversing => served,
            _ = closed.changed() => {
                conversing.as_mut().graceful_shutdown();
                conversing.await
            }
        };
        if let Err(error) = served {
            tracing::debug!(%error, "a connection broke");
        }
    }
}
