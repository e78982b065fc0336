//! One message and one answer, with nothing kept of the call in between: tonic's own way keeps 1.9 KiB for each call that is held.

use http::header::CONTENT_TYPE;
use http::{Request as Called, Response};
use hyper::body::Body as Frames;
use prost::Message;
use tonic::body::Body;
use tonic::codec::{Codec, EncodeBody, SingleMessageCompressionOverride, Streaming};
use tonic::codegen::{Bytes, StdError};
use tonic::metadata::{GRPC_CONTENT_TYPE, MetadataMap};
use tonic::{Request, Status};
use wire::codec::SmallCodec;

/// The message of a call.
///
/// # Errors
/// When it is none, is larger than `bytes_max`, or does not come to its end.
pub(crate) async fn message<T, B>(called: Called<B>, bytes_max: usize) -> Result<Request<T>, Status>
where
    T: Message + Default + Send + 'static,
    B: Frames<Data = Bytes, Error: Into<StdError>> + Send + 'static,
{
    let (parts, body) = called.into_parts();
    let decoder = SmallCodec::<(), T>::default().decoder();
    let mut stream = Streaming::new_request(decoder, body, None, Some(bytes_max));
    let message = stream.message().await?.ok_or_else(|| Status::internal("the call has no message"))?;
    // A call may fail after its message.
    stream.trailers().await?;
    Ok(Request::from_parts(MetadataMap::from_headers(parts.headers), parts.extensions, message))
}

/// What a call is answered with.
pub(crate) fn answer<T: Message + 'static>(answered: Result<T, Status>) -> Response<Body> {
    match answered {
        Err(status) => status.into_http(),
        Ok(message) => {
            let encoder = SmallCodec::<T, ()>::default().encoder();
            let (once, whole) = (tokio_stream::once(Ok(message)), SingleMessageCompressionOverride::default());
            let mut response = Response::new(Body::new(EncodeBody::new_server(encoder, once, None, whole, None)));
            response.headers_mut().insert(CONTENT_TYPE, GRPC_CONTENT_TYPE);
            response
        }
    }
}
