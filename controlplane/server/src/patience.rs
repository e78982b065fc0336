//! How long the server waits for a call to be said to its end.

use http::Request;
use hyper::body::{Body as Frames, Frame, SizeHint};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::Sleep;
use tonic::Status;
use tonic::codegen::{Bytes, StdError as BoxError};

/// A call whose message has not come whole by then is given up: 64 KiB pass even where 26 kbit/s do.
const MESSAGE_MAX: Duration = Duration::from_secs(20);
/// Calls of ours send one message; what staff's tools ask by reflection is a conversation.
const OURS: &str = "/cartable.";

/// Bounds how long a call's message may take.
pub(crate) fn patient<B>(request: Request<B>) -> Request<Patient<B>> {
    let ours = request.uri().path().starts_with(OURS);
    request.map(|body| Patient { body, ours, end: None })
}

/// A body that must come to its end in time.
pub(crate) struct Patient<B> {
    body: B,
    ours: bool,
    /// Begun with the first wait: most messages come with their headers and need none.
    end: Option<Pin<Box<Sleep>>>,
}

impl<B: Frames<Data = Bytes, Error: Into<BoxError>> + Unpin> Frames for Patient<B> {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(cx) {
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        if !self.ours {
            return Poll::Pending;
        }
        let end = self.end.get_or_insert_with(|| Box::pin(tokio::time::sleep(MESSAGE_MAX)));
        match end.as_mut().poll(cx) {
            Poll::Ready(()) => {
                Poll::Ready(Some(Err(Status::deadline_exceeded("the message did not come in time").into())))
            }
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
