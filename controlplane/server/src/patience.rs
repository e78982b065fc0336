//! How long the server waits for a call to be said to its end.

use crate::caller::Peer;
use http::Request;
use hyper::body::{Body as Frames, Frame, SizeHint};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::Sleep;
use tonic::Status;
use tonic::body::Body;
use tonic::codegen::Bytes;

/// A call whose message has not come whole by then is given up: 64 KiB pass even where 26 kbit/s do.
const MESSAGE_MAX: Duration = Duration::from_secs(20);
/// Calls of ours send one message; what staff's tools ask by reflection is a conversation.
const OURS: &str = "/cartable.";

/// Notes that a connection has been used, and bounds how long its message may take.
pub(crate) fn patient(request: Request<Body>) -> Request<Body> {
    if let Some(peer) = request.extensions().get::<Peer>() {
        peer.called();
    }
    if !request.uri().path().starts_with(OURS) {
        return request;
    }
    request.map(|body| Body::new(Patient { body, end: None }))
}

/// A body that must come to its end in time.
struct Patient {
    body: Body,
    /// Begun with the first wait: most messages come with their headers and need none.
    end: Option<Pin<Box<Sleep>>>,
}

impl Frames for Patient {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        if polled.is_ready() {
            return polled;
        }
        let end = self.end.get_or_insert_with(|| Box::pin(tokio::time::sleep(MESSAGE_MAX)));
        match end.as_mut().poll(cx) {
            Poll::Ready(()) => Poll::Ready(Some(Err(Status::deadline_exceeded("the message did not come in time")))),
            Poll::Pending => Poll::Pending,
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
