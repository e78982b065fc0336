//! `grpc.reflection.v1`: what may be called, for staff with a tool such as grpcurl; refused to everybody else.

use crate::caller::operator_of;
use crate::error::Result;
use crate::shared::Shared;
use std::sync::Arc;
use tonic::Request;
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic_reflection::server::Builder;
use tonic_reflection::server::v1::{ServerReflection, ServerReflectionServer};

/// The largest question, in bytes: a name.
const REQUEST_BYTES_MAX: usize = 4 * 1024;

/// The service, behind its check of who calls.
///
/// # Errors
/// [`crate::error::Error::Reflection`] when the descriptions built into the program cannot be read.
pub(crate) fn server(
    shared: Arc<Shared>,
) -> Result<InterceptedService<ServerReflectionServer<impl ServerReflection>, impl Interceptor + Clone>> {
    let service = Builder::configure()
        .register_encoded_file_descriptor_set(wire::DESCRIPTORS)
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
        .build_v1()?
        .max_decoding_message_size(REQUEST_BYTES_MAX);
    let staff_only = move |request: Request<()>| operator_of(&shared, &request).map(|_| request);
    Ok(InterceptedService::new(service, staff_only))
}
